"""What an auditor asks of one version of a request file, and of one receipt: read once, kept small.

An old version has to be readable whatever the rules of today say of it, so nothing here checks a file; what
cannot be read says so, and is never left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.receipt import Step

FORMAT = 4
"""Counts up when the facts change, so that what was kept before is not taken for them."""


class Given(Struct, frozen=True, array_like=True, gc=False):
    """What a version gives somebody: ``levels`` on ``thing``, a resource of ``kind``."""

    kind: str
    thing: str
    principal: str
    levels: tuple[str, ...]


class Exempt(Struct, frozen=True, array_like=True, gc=False):
    """An exception from a rule as the file records it; ``until`` is its last day, ISO 8601."""

    rule: str
    reason: str
    approver: str
    until: str
    field: str = ""


class Version(Struct, frozen=True, array_like=True, gc=False):
    """One version of a request file. Dates are ISO 8601; what the file leaves out is empty.

    ``digest`` is over its bytes. ``resources`` are (kind, identity). ``unreadable`` says why not all of it,
    or nothing else, is known.
    """

    digest: str
    lifecycle: str = ""
    purpose: str = ""
    classification: str = ""
    business_owner: str = ""
    technical_owner: str = ""
    cost_center: str = ""
    expires: str = ""
    slack: str = ""
    github: str = ""
    members: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    given: tuple[Given, ...] = ()
    exceptions: tuple[Exempt, ...] = ()
    unreadable: str = ""


class Left(Struct, frozen=True, array_like=True, gc=False):
    """A step after which something does not stand as wanted: its key, its verb, and what became of it.

    ``outcome`` is that of :class:`gitops.receipt.Step`, or ``differs`` where it was done and reads back
    otherwise.
    """

    key: str
    verb: str
    outcome: str


class Opened(Struct, frozen=True, array_like=True, gc=False):
    """Who opened the gate in an emergency, when (UTC, ISO 8601), why, and where they said so."""

    login: str
    at: str
    reason: str
    url: str


class Written(Struct, frozen=True, array_like=True, gc=False):
    """One receipt. ``sound``: its digest is that of its contents. ``at`` is UTC, ISO 8601.

    ``done`` and ``steps`` count what was done, and all that was meant; ``left`` are the steps that were not,
    or did not last. ``broke_glass`` and ``passes_alone`` are how it passed the gate without approvals.
    ``odd`` is what in it cannot be true together, as the end of a sentence.
    """

    number: int
    request: str
    path: str
    file_digest: str
    commit: str
    pull: int | None
    slack: str
    github: str
    approvers: tuple[str, ...]
    plan_digest: str
    run_url: str
    status: str
    at: str
    digest: str
    previous: str
    done: int
    steps: int
    error: str
    sound: bool
    made_by: str = ""
    left: tuple[Left, ...] = ()
    broke_glass: tuple[Opened, ...] = ()
    passes_alone: tuple[str, ...] = ()
    odd: str = ""

    @property
    def ended(self) -> bool:
        """Whether it tells how a run ended; the one before the first change says only that it began."""
        return self.status != "started"


def version_of(raw: bytes, registry: Registry) -> Version:
    """What these bytes of a request file say."""
    from gitops import yamlfile
    from gitops.plan import digest

    document, findings = yamlfile.survey(raw, "")
    if document is None:
        return Version(digest=digest(raw), unreadable=findings[0].message)
    data = document.data
    metadata = _mapping(data.get("metadata"))
    asked = _mapping(metadata.get("requested_by"))
    entries = [_mapping(one) for one in _list(data.get("resources"))]
    return Version(
        digest=digest(raw),
        lifecycle=_text(metadata.get("lifecycle")) or "active",
        purpose=_text(metadata.get("purpose")),
        classification=_text(metadata.get("data_classification")),
        business_owner=_text(metadata.get("business_owner")),
        technical_owner=_text(metadata.get("technical_owner")),
        cost_center=_text(metadata.get("cost_center")),
        expires=_text(metadata.get("expires")),
        slack=_text(asked.get("slack")),
        github=_text(asked.get("github")),
        members=tuple(_text(one) for one in _list(metadata.get("members"))),
        resources=tuple(_identity(entry, registry) for entry in entries),
        given=tuple(given for entry in entries for given in _given(entry, registry)),
        exceptions=tuple(_exempt(_mapping(one)) for one in _list(metadata.get("exceptions"))),
        unreadable=findings[0].message if findings else "",
    )


def _identity(entry: Mapping[str, Any], registry: Registry) -> tuple[str, str]:
    kind = registry.get(_text(entry.get("kind")))
    try:
        spec = msgspec.convert(entry, kind.spec) if kind else None
    except msgspec.ValidationError:
        spec = None
    if kind is None or spec is None:
        return _text(entry.get("kind")), _text(entry.get("name"))
    return kind.name, kind.identity(spec)


def _given(entry: Mapping[str, Any], registry: Registry) -> Iterator[Given]:
    kind = registry.get(_text(entry.get("kind")))
    if kind is None:
        return
    try:
        held = list(kind.access(msgspec.convert(entry, kind.spec)))
    except msgspec.ValidationError:
        return
    for one in held:
        yield Given(kind.name, one.thing, one.principal, one.levels)


def _exempt(entry: Mapping[str, Any]) -> Exempt:
    keys = ("rule", "reason", "approver", "until", "field")
    return Exempt(*(_text(entry.get(key)) for key in keys))


def written(raw: bytes) -> Written | None:
    """What these bytes of a receipt say; ``None`` when they are none."""
    from gitops.audit.claims import odd
    from gitops.errors import RemoteError
    from gitops.receipt import parse_receipt

    try:
        receipt = parse_receipt(raw)
    except RemoteError:
        return None
    return Written(
        number=receipt.number,
        request=receipt.request,
        path=receipt.path,
        file_digest=receipt.file_digest,
        commit=receipt.commit,
        pull=receipt.pull,
        slack=str(receipt.requester.get("slack") or ""),
        github=str(receipt.requester.get("github") or ""),
        approvers=receipt.approvers,
        plan_digest=receipt.plan_digest or "",
        run_url=receipt.run_url,
        status=str(receipt.status),
        at=receipt.at,
        digest=receipt.digest,
        previous=receipt.previous,
        done=sum(step.outcome == "done" for step in receipt.steps),
        steps=len(receipt.steps),
        error=receipt.error or "",
        sound=receipt.digest == receipt.computed_digest(),
        made_by=receipt.made_by,
        left=tuple(_left(receipt.steps)),
        broke_glass=tuple(Opened(one.login, one.at, one.reason, one.url) for one in receipt.broke_glass),
        passes_alone=receipt.passes_alone,
        odd=odd(receipt),
    )


def _left(steps: Sequence[Step]) -> Iterator[Left]:
    for step in steps:
        if step.outcome not in ("done", "already"):
            yield Left(step.key, step.verb, str(step.outcome))
        elif step.read_back == "differs":
            yield Left(step.key, step.verb, "differs")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A scalar as text; what is none is nothing."""
    return "" if value is None or isinstance(value, dict | list) else str(value)
