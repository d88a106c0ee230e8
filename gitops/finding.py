"""What a check has to say about a place in a file: rule, severity, sentence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Severity(StrEnum):
    """How bad it is: only an ``error`` stops a request."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(Struct, frozen=True):
    """Where in a file; lines and columns count from 1, ``0`` means the file as a whole.

    Columns count characters (code points), and ``end_column`` is the one after the last. ``path`` is the
    field, such as ``metadata.team`` or ``resources[2].grants[0].principal``.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def as_json(self) -> dict[str, Any]:
        """Keys ``file, line, column, end_line, end_column, path``."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "path": self.path,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Place:
        """The inverse of :meth:`as_json`; other keys are left alone."""
        return cls(**{key: data[key] for key in ("file", "line", "column", "end_line", "end_column", "path")})


class Related(Struct, frozen=True):
    """Another place that belongs to a finding, and what is there: "first here"."""

    place: Place
    message: str


class Finding(Struct, frozen=True):
    """One thing a check found; ``message`` is a sentence, ``hint`` says what to do about it.

    ``excepted`` is the sentence of the recorded exception that covers it ("Excepted until 2027-03-01 by
    nadia-k: one load test."); such a finding has the severity info, and is shown all the same.
    """

    rule: str
    severity: Severity
    message: str
    place: Place
    hint: str = ""
    excepted: str = ""
    related: tuple[Related, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str, str]:
        """Stable order: by file, line, column, rule, sentence, field."""
        place = self.place
        return (place.file, place.line, place.column, self.rule, self.message, place.path)

    @property
    def words(self) -> str:
        """The sentence, and after it the exception that covers it, or else what to do."""
        return f"{self.message} {self.excepted or self.hint}".strip()

    def as_json(self) -> dict[str, Any]:
        """Keys ``rule, severity, message, hint, excepted, related`` and those of its place."""
        related = [{"message": other.message, **other.place.as_json()} for other in self.related]
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            **self.place.as_json(),
            "excepted": self.excepted,
            "related": related,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of :meth:`as_json`."""
        return cls(
            data["rule"],
            Severity(data["severity"]),
            data["message"],
            Place.from_json(data),
            data.get("hint", ""),
            data.get("excepted", ""),
            tuple(Related(Place.from_json(other), other["message"]) for other in data.get("related", ())),
        )
