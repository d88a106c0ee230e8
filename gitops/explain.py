"""Plain data as a model, or every reason why not: each a sentence for a person, at its place in the file."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gitops.errors import InvalidRequest
from gitops.yamltext import MAX_FINDINGS

if TYPE_CHECKING:
    from gitops.finding import Finding
    from gitops.yamlfile import Document

M = TypeVar("M", bound=msgspec.Struct)


def validate(model: type[M], document: Document, *, rule: str = "schema") -> M:
    """The document as a model.

    ``msgspec.convert`` stops at the first thing that is wrong; then :mod:`gitops.diagnosis` says all of them.

    Raises:
        InvalidRequest: with one finding for each thing that is wrong; rule ids start with ``rule``.
    """
    try:
        return msgspec.convert(document.data, model)
    except msgspec.ValidationError as error:
        raise InvalidRequest(_findings(model, document, rule, str(error))) from None


def _findings(model: type[msgspec.Struct], document: Document, rule: str, first: str) -> list[Finding]:
    from gitops.diagnosis import Problem, problems  # nothing a valid file has need of
    from gitops.finding import Finding, Severity

    found = list(islice(problems(document.data, model), MAX_FINDINGS)) or [Problem((), first)]
    findings = [
        Finding(
            f"{rule}{problem.suffix}",
            Severity.ERROR,
            problem.message,
            document.key_place(problem.path) if problem.at_key else document.place(problem.path),
            problem.hint.strip(),
        )
        for problem in found
    ]
    return sorted(findings, key=lambda finding: finding.sort_key)
