"""From what a person said to a complete request file; the bot and the command line share it.

What nobody said is looked up (the team, the cost center), derived by the kinds (names, catalogs) or a default
of the policy, and is marked so. The owner, the classification and the end date are never any of these: they
are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from msgspec.structs import replace

from gitops import policy as rules
from gitops.amendment import Amendment
from gitops.approval import ApprovalRule
from gitops.cost import Money
from gitops.draft import (
    METADATA,
    Draft,
    Value,
    complete_resources,
    fill_envelope,
    kind_of,
    made_up,
    nested,
    resource_keys,
    said_fields,
)
from gitops.envelope import API_VERSION, KIND, Metadata
from gitops.errors import InvalidRequest
from gitops.fields import FIRST, RESOURCES
from gitops.finding import Finding, Place, Severity
from gitops.formatting import ordered
from gitops.kind import Registry
from gitops.model import fields_of
from gitops.plan import JSON
from gitops.policyfile import Person, Policy
from gitops.request import dump_request, load_request, path_of

_REQUIRED = tuple(key for key, info in fields_of(Metadata).items() if info.required and key != "requested_by")


@dataclass(frozen=True)
class Composed:
    """What became of what was said.

    ``document`` and ``raw`` (its canonical bytes) are ``None`` while something is missing. ``values`` has
    every path of the file with its source. ``missing`` are the fields to ask for, the most useful first.
    ``findings``, ``cost`` and ``approvals`` are of the file as far as it is known; a finding's path is the
    field's as it is asked for, ``resources.repo.visibility``. ``amendment`` says what is different from the
    merged file, where there is one.
    """

    document: dict[str, Any] | None
    raw: bytes | None
    values: Mapping[str, Value]
    missing: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    cost: Money | None = None
    approvals: tuple[ApprovalRule, ...] = ()
    amendment: Amendment | None = None


def compose(
    said: Mapping[str, Value],
    *,
    registry: Registry,
    policy: Policy,
    requester: Person | None,
    requester_slack: str,
    today: date,
    linked: str | None = None,
) -> Composed:
    """The request file that follows from what was said.

    ``linked`` is the GitHub login that a requester who is not in the directory has proved to be theirs.
    Keys of ``said`` are the paths of :func:`gitops.fields.catalogue`. ``resources`` is the list of resource
    keys that are wanted (``["repo", "schema[raw]"]``); fields of a further resource of a kind are addressed
    as ``resources.schema[raw].grants``. ``resources.<key>`` or ``resources.<kind>`` with the value
    ``False`` keeps out what would come along by default.
    """
    draft = Draft()
    fill_envelope(draft, said, policy, requester, requester_slack, linked)
    keys = resource_keys(draft, said, registry, policy)
    known = {name: item.value for name, item in draft.metadata.items()}
    one, other = (
        complete_resources(_whole(known, policy, today, last=last), said, keys, registry, policy)
        for last in (False, True)
    )
    _fill_resources(draft, said, keys, one, other)
    missing = (*_missing(draft, keys, policy), *missing_fields(one, registry))
    made_up_here = {
        name: value
        for name, value in made_up(policy, today, last=False).items()
        if f"{METADATA}.{name}" in missing
    }
    metadata = nested({**known, **made_up_here})
    unfinished = {path.split(".")[1] for path in missing if path.startswith(f"{RESOURCES}.")}
    written = {key: fields for key, fields in one.items() if key not in unfinished}
    resources = [{"kind": kind_of(key)} | fields for key, fields in written.items()]
    file = {"apiVersion": API_VERSION, "kind": KIND, METADATA: metadata, RESOURCES: resources}
    document = ordered(file, registry)
    read = _read(document, registry, policy, today) if written else _Read()
    values = draft.values()
    if keys:
        source = said[RESOURCES]
        values = {RESOURCES: Value(list(keys), source.source, source.quote)} | values
    return Composed(
        document=None if missing else document,
        raw=None if missing else read.raw,
        values=values,
        missing=missing,
        findings=(*draft.findings, *placed(read.findings, tuple(written), missing)),
        cost=read.cost,
        approvals=read.approvals,
    )


def _whole(known: Mapping[str, JSON], policy: Policy, today: date, *, last: bool) -> dict[str, JSON]:
    """The envelope, with something made up where nothing is known, so that the rest of it can be judged."""
    needed = {key: value for key, value in made_up(policy, today, last=last).items() if key not in known}
    return nested({**known, **needed})


def _fill_resources(
    draft: Draft,
    said: Mapping[str, Value],
    keys: Sequence[str],
    one: Mapping[str, Mapping[str, JSON]],
    other: Mapping[str, Mapping[str, JSON]],
) -> None:
    """What was said, and what is derived the same whatever is still unknown."""
    for key in keys:
        spoken = said_fields(said, key, keys)
        draft.resources[key] = {
            name: spoken[name] if name in spoken else Value(value, "default")
            for name, value in one[key].items()
            if name in spoken or other[key].get(name) == value
        }


def _missing(draft: Draft, keys: Sequence[str], policy: Policy) -> Iterator[str]:
    """The paths of the envelope to ask for, in the order of asking."""
    known = (draft.metadata.get(name) for name in ("team", "environment", "data_classification"))
    holds = policy.effective(*(str(item.value) if item else "" for item in known))
    wanted = {*_REQUIRED, *holds.required}
    if not keys:
        yield RESOURCES
    for name in dict.fromkeys((*FIRST, *fields_of(Metadata))):
        follows = name == "cost_center" and "team" not in draft.metadata  # it is the team's
        if name in wanted and name not in draft.metadata and not follows:
            yield f"{METADATA}.{name}"


def missing_fields(resources: Mapping[str, Mapping[str, JSON]], registry: Registry) -> Iterator[str]:
    """The paths of required fields of resources that nobody said and nothing derives."""
    for key, fields in resources.items():
        for name, info in fields_of(registry[kind_of(key)].spec).items():
            if info.required and name not in fields:
                yield f"{RESOURCES}.{key}.{name}"


@dataclass(frozen=True)
class _Read:
    """What the check of a pull request would find in a document."""

    raw: bytes | None = None
    findings: tuple[Finding, ...] = ()
    cost: Money | None = None
    approvals: tuple[ApprovalRule, ...] = ()


def _read(document: Mapping[str, Any], registry: Registry, policy: Policy, today: date) -> _Read:
    """Write the document and read it again, the way a check of the pull request reads it."""
    metadata = document[METADATA]
    path = path_of(*(str(metadata[key]) for key in ("environment", "team", "name")))
    try:
        raw = dump_request(document)
    except TypeError as error:
        return _Read(
            findings=(Finding("schema", Severity.ERROR, str(error), Place(path), "Say it as text."),)
        )
    try:
        loaded = load_request(raw, path, registry)
    except InvalidRequest as invalid:
        return _Read(raw, invalid.findings)
    return _Read(
        raw,
        tuple(rules.judge(loaded, policy, registry, today=today)),
        rules.monthly_cost(loaded, policy, registry),
        rules.approvals(loaded, policy, registry),
    )


def placed(findings: Iterable[Finding], keys: Sequence[str], missing: Sequence[str]) -> Iterator[Finding]:
    """Findings with the paths people are asked by (``resources.repo.name``), without those of made-up values.

    While something is missing, there is no file yet, and so no line.
    """
    for finding in findings:
        place = finding.place
        if missing and place.path in missing:
            continue
        index = re.match(r"resources\[(\d+)\]", place.path)
        path = f"{RESOURCES}.{keys[int(index[1])]}{place.path[index.end() :]}" if index else place.path
        yield replace(finding, place=Place(place.file, path=path) if missing else replace(place, path=path))
