"""What a check has to say about a place in a file: rule, severity, sentence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is: only an ``error`` stops a request."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file; lines and columns count from 1, ``0`` means the file as a whole.

    ``path`` is the field, such as ``metadata.team`` or ``resources[2].grants[0].principal``.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found; ``message`` is a sentence, ``hint`` says what to do about it."""

    rule: str
    severity: Severity
    message: str
    place: Place
    hint: str = ""

    @property
    def sort_key(self) -> tuple[Place, str, str]:
        """Stable order: by place, then rule, then sentence."""
        return (self.place, self.rule, self.message)

    def as_json(self) -> dict[str, Any]:
        """Keys ``rule, severity, message, hint, file, line, column, end_line, end_column, path``."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "end_line": self.place.end_line,
            "end_column": self.place.end_column,
            "path": self.place.path,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of :meth:`as_json`."""
        place = Place(
            file=data["file"],
            line=data["line"],
            column=data["column"],
            end_line=data["end_line"],
            end_column=data["end_column"],
            path=data["path"],
        )
        return cls(data["rule"], Severity(data["severity"]), data["message"], place, data.get("hint", ""))
