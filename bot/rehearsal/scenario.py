"""Scenarios: files that say who talks how, and what the request file must say in the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from gitops import explain, yamlfile
from gitops.errors import InvalidRequest, UsageError
from gitops.finding import Finding
from gitops.yamlfile import Document
from gitops.yamltext import decode, too_large

POLICY_NAME = "policy.yaml"
"""A file of this name in a folder of scenarios is the policy they are played by."""

_SUFFIXES = (".yaml", ".yml")
_OF_CHARACTERS = ("yaml-character", "yaml-value-character")
"""Findings that do not count here: what people paste into Slack has tabs and invisible characters in it."""

Count = Annotated[int, Meta(ge=0)]


class BrokenScenario(InvalidRequest):
    """A scenario file cannot be played; the findings say where and why."""

    exit_code = 2
    code = "broken_scenario"


class Interjection(Struct, frozen=True):
    """What the person says on their own account, after the ``after``-th answer."""

    after: Count
    says: str


class Scenario(Struct, frozen=True, kw_only=True):
    """One person who wants something, and what the request file must say in the end.

    ``facts`` are their words when asked for a field, by its path. ``expect`` is the file: paths such as
    ``metadata.team`` and ``resources.schema[raw].grants``. ``must_ask`` are paths that no hint answers,
    ``must_refuse`` words that a finding must have, ``max_questions`` what may be asked at most.
    """

    id: str
    about: str = ""
    requester: str
    today: date
    opening: str
    facts: dict[str, Any] = {}
    interjections: tuple[Interjection, ...] = ()
    expect: dict[str, Any]
    expect_absent: tuple[str, ...] = ()
    must_ask: tuple[str, ...] = ()
    must_refuse: tuple[Any, ...] = ()
    max_questions: Count


@dataclass(frozen=True, slots=True)
class Found:
    """A scenario and the file it stands in."""

    scenario: Scenario
    file: Path

    @property
    def policy(self) -> Path | None:
        """The policy beside it, where there is one."""
        beside = self.file.parent / POLICY_NAME
        return beside if beside.is_file() else None


def load(paths: Iterable[Path]) -> tuple[Found, ...]:
    """The scenarios of files and folders, those of a folder by name; each file once.

    Raises:
        UsageError: a path does not exist or cannot be read, or there is no scenario in any of them.
        BrokenScenario: files cannot be played, with everything that is wrong in all of them.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    found: list[Found] = []
    findings: list[Finding] = []
    sources: dict[str, bytes] = {}
    for file in files:
        raw = _bytes(file)
        try:
            found.append(Found(read(raw, str(file)), file))
        except InvalidRequest as invalid:
            findings += invalid.findings
            sources[str(file)] = raw
    if findings:
        raise BrokenScenario(findings, sources)
    if not found:
        raise UsageError("There is no scenario in there.", fix="Name scenario files, or a folder of them.")
    return tuple(found)


def read(raw: bytes, file: str) -> Scenario:
    """One scenario.

    Raises:
        InvalidRequest: it cannot be read, or lacks something.
    """
    document, findings = yamlfile.survey(raw, file)
    findings = tuple(finding for finding in findings if finding.rule not in _OF_CHARACTERS)
    if document is None or findings:
        raise InvalidRequest(findings or _unreadable(raw, file))
    said = {key: value for key, value in document.data.items() if value is not None}
    return explain.validate(Scenario, Document(file, said, raw))


def _unreadable(raw: bytes, file: str) -> list[Finding]:
    """What is wrong with a file that is no text at all, or too long."""
    return decode(raw, file)[1] or [too_large(file, len(raw))]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(
            file for file in path.iterdir() if file.suffix in _SUFFIXES and file.name != POLICY_NAME
        )
    else:
        yield path


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", fix="Look at the spelling of the path."
        ) from error
