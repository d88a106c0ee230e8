"""Plans as values: what would change, in which order, under which digest, and what we refuse to do.

A plan is drawn twice: when a request is reviewed, and again when it is applied. The digest of a
:class:`Change` is the same both times as long as it would do the same thing to the same starting point,
so the changes still to do after a run that died half-way are a subset of the approved ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypedDict

from msgspec import Struct, field

from gitops.errors import NotApproved, StalePlan

JSON = Any
"""What ``json.dumps`` takes: dict with string keys, list, str, int, float, bool, None."""


def canonical(value: JSON) -> bytes:
    """The one JSON spelling of a value: sorted keys, no spaces, UTF-8."""
    import json  # a check digests nothing

    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: JSON | bytes) -> str:
    """``sha256:`` and 64 hex digits over the bytes, or over the canonical JSON of a value."""
    data = value if isinstance(value, bytes) else canonical(value)
    import hashlib  # the library behind it takes its time to load

    return "sha256:" + hashlib.sha256(data).hexdigest()


class Verb(StrEnum):
    """What happens to the thing: it comes to be, it changes, or it goes."""

    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


class Stage(StrEnum):
    """When a change happens while a request retires: each stage waits for the one before, over all kinds.

    What a request that is active asks for happens ``now``. ``drop`` waits for the hold of the policy besides.
    """

    NOW = "now"
    FREEZE = "freeze"  # nobody new gets in, and what costs money stops
    REVOKE = "revoke"  # who had access loses it
    REMOVE = "remove"  # what can be made again goes; a repository is archived
    DROP = "drop"  # what holds data goes, when nothing is in it


STAGES = tuple(Stage)
"""In the order in which they happen."""


class OnFailure(StrEnum):
    """What becomes of a change that was done, when one that needs it fails in the same run."""

    KEEP = "keep"  # it stays, and the next run takes up the rest
    UNDO = "undo"  # if this run made it, it is taken away again
    HOLD = "hold"  # it stays, and nothing goes on by itself: a person resumes


class Change(Struct, frozen=True, kw_only=True):
    """One effect on one resource: everything ``apply`` will ever be told.

    ``action`` names the step within the resource (``schema``, ``grants``, ``permissions``); with ``kind`` and
    ``identity`` it is unique in a plan. ``before`` and ``after`` are JSON values holding only what we manage;
    ``after`` also carries whatever ``apply`` needs (the owner mark, names, the environment). ``summary`` is
    one line for a reviewer, ``details`` are sentences on what was decided and why; neither is part of the
    digest. ``removes`` lists, in words, what is taken away from outside the file (a grant of somebody else, a
    library), so that it can never hide in a diff. ``stage`` and ``on_failure`` are part of what is approved.
    """

    kind: str
    identity: str
    action: str
    verb: Verb
    before: JSON = None
    after: JSON = None
    summary: str = ""
    details: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    stage: Stage = Stage.NOW
    on_failure: OnFailure = OnFailure.KEEP

    @property
    def key(self) -> str:
        """Unique within a plan and stable across plans: ``schema/ml_dev.churn/grants``."""
        return f"{self.kind}/{self.identity}/{self.action}"

    @property
    def digest(self) -> str:
        """Digest over kind, identity, action, verb, before, after; stage and failure where they are said."""
        said = [
            *([str(self.stage)] if self.stage is not Stage.NOW else []),
            *([str(self.on_failure)] if self.on_failure is not OnFailure.KEEP else []),
        ]
        return digest([self.kind, self.identity, self.action, str(self.verb), self.before, self.after, *said])

    def as_json(self) -> dict[str, JSON]:
        """All fields and the digest."""
        return {
            "kind": self.kind,
            "identity": self.identity,
            "action": self.action,
            "verb": str(self.verb),
            "before": self.before,
            "after": self.after,
            "summary": self.summary,
            "details": list(self.details),
            "removes": list(self.removes),
            "stage": str(self.stage),
            "on_failure": str(self.on_failure),
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Change:
        """The inverse of :meth:`as_json`; the digest is computed, never taken."""
        return cls(
            kind=data["kind"],
            identity=data["identity"],
            action=data["action"],
            verb=Verb(data["verb"]),
            before=data["before"],
            after=data["after"],
            summary=data.get("summary", ""),
            details=tuple(data.get("details", ())),
            removes=tuple(data.get("removes", ())),
            stage=Stage(data.get("stage", Stage.NOW)),
            on_failure=OnFailure(data.get("on_failure", OnFailure.KEEP)),
        )


class Further(TypedDict, total=False):
    """What a change may say besides: keyword arguments that a kind's own way to make one hands on."""

    before: JSON
    details: tuple[str, ...]
    removes: tuple[str, ...]
    stage: Stage
    on_failure: OnFailure


OUTPUT = "$output"


def output_of(key: str, name: str) -> dict[str, JSON]:
    """A value that is only known once another resource of the request stands: ``key`` is ``kind/identity``.

    It stands in ``after`` in place of the value, and is part of the digest as it is: what is approved is "the
    id of that pool", whichever it turns out to be. The engine puts the value in before ``apply`` sees it.
    """
    return {OUTPUT: [key, name]}


class Reason(StrEnum):
    """Why a plan refuses a resource: a closed set."""

    NOT_OURS = "not_ours"  # stands already, without our mark or with another request's
    IMMUTABLE = "immutable"  # the change would be a drop and create
    TOO_MUCH = "too_much_change"  # beyond the blast-radius limit
    STANDS = "still_stands"  # should be gone by now, and would be left to nobody
    MISSING = "missing"  # something it needs does not exist (a group, a catalog, a policy)
    DENIED = "denied"  # our credential may not even look at it


class Refusal(Struct, frozen=True, kw_only=True):
    """Something the request asks for that will not be done, and what the person can do about it."""

    kind: str
    identity: str
    reason: Reason
    message: str
    fix: str = ""

    def as_json(self) -> dict[str, JSON]:
        """All fields."""
        return {
            "kind": self.kind,
            "identity": self.identity,
            "reason": str(self.reason),
            "message": self.message,
            "fix": self.fix,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Refusal:
        """The inverse of :meth:`as_json`."""
        return cls(
            kind=data["kind"],
            identity=data["identity"],
            reason=Reason(data["reason"]),
            message=data["message"],
            fix=data.get("fix", ""),
        )


class RefusedChange(Exception):
    """Raised by a kind's ``plan`` or ``retire`` to refuse; the engine collects it, all of them at once."""

    def __init__(self, reason: Reason, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.fix = fix


class Plan(Struct, frozen=True, kw_only=True):
    """Everything one request would change, in an order that works.

    ``request`` is the request's id (``dev/growth/churn-prediction``); ``file_digest`` is the digest of the
    bytes of the request file. ``changes`` are in dependency order; ``needs`` maps a change's key to the keys
    that must be done before it. ``notes`` are sentences for the reviewer. ``outputs`` maps a resource's
    ``kind/identity`` to what it is now (links, ids), for those that stand. ``drifted`` maps a change's key to
    the paths of values that stand, that no version of the request gave, and that it writes over. ``stays``
    are sentences on who holds what by nobody's request and keeps it. The last four are not in the digest.
    """

    request: str
    file_digest: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    drifted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stays: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Digest over the request, its file and the digests of all changes."""
        return digest([self.request, self.file_digest, sorted(change.digest for change in self.changes)])

    def count(self, verb: Verb) -> int:
        """How many changes have this verb."""
        return sum(change.verb is verb for change in self.changes)

    def as_json(self) -> dict[str, JSON]:
        """All fields and the digest."""
        return {
            "request": self.request,
            "file_digest": self.file_digest,
            "digest": self.digest,
            "changes": [change.as_json() for change in self.changes],
            "refusals": [refusal.as_json() for refusal in self.refusals],
            "needs": {key: list(value) for key, value in self.needs.items()},
            "notes": list(self.notes),
            "outputs": {key: dict(value) for key, value in self.outputs.items()},
            "drifted": {key: list(value) for key, value in self.drifted.items()},
            "stays": list(self.stays),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Plan:
        """The inverse of :meth:`as_json`; digests are computed, never taken."""
        return cls(
            request=data["request"],
            file_digest=data["file_digest"],
            changes=tuple(Change.from_json(change) for change in data["changes"]),
            refusals=tuple(Refusal.from_json(refusal) for refusal in data["refusals"]),
            needs={key: tuple(value) for key, value in data["needs"].items()},
            notes=tuple(data["notes"]),
            outputs={key: dict(value) for key, value in data["outputs"].items()},
            drifted={key: tuple(map(str, value)) for key, value in data["drifted"].items()},
            stays=tuple(map(str, data["stays"])),
        )


class Approved(Struct, frozen=True, kw_only=True):
    """The set of changes that reviewers approved for one request: what the check run carries."""

    request: str
    file_digest: str
    plan_digest: str
    changes: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> Approved:
        """The approved set that a plan becomes when it is approved."""
        return cls(
            request=plan.request,
            file_digest=plan.file_digest,
            plan_digest=plan.digest,
            changes=frozenset(change.digest for change in plan.changes),
        )

    def as_json(self) -> dict[str, JSON]:
        """All fields; the changes sorted."""
        return {
            "request": self.request,
            "file_digest": self.file_digest,
            "plan_digest": self.plan_digest,
            "changes": sorted(self.changes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Approved:
        """The inverse of :meth:`as_json`; a missing key is a ``KeyError``, never an empty set."""
        return cls(
            request=str(data["request"]),
            file_digest=str(data["file_digest"]),
            plan_digest=str(data["plan_digest"]),
            changes=frozenset(map(str, data["changes"])),
        )


def require_approved(plan: Plan, approved: Approved | None) -> None:
    """Raise unless every change of the plan was approved, for this very file. Nothing to do needs nothing.

    Raises:
        NotApproved: there is no approved set (missing means refuse).
        StalePlan: the file is another, or a change is not among the approved ones.
    """
    if not plan.changes:
        return
    if approved is None:
        raise NotApproved(
            f"No approved plan was found for {plan.request}.",
            why="Only changes that reviewers saw in the plan of the pull request are carried out.",
            fix="Open a pull request that touches the file, have its plan approved, and merge it.",
        )
    if approved.request != plan.request or approved.file_digest != plan.file_digest:
        raise StalePlan(
            f"The approved plan of {approved.request} is for another version of the file.",
            why=f"Approved {approved.file_digest}, merged {plan.file_digest}.",
            fix="Open a pull request that touches the file and have its plan approved.",
        )
    extra = unapproved(plan.changes, approved)
    if extra:
        raise StalePlan(
            f"{len(extra)} change(s) of {plan.request} were not in the approved plan: "
            + "; ".join(change.summary or change.key for change in extra),
            why="The live systems changed since the plan was approved.",
            fix="Open a pull request that touches the file, look at the new plan, and have it approved.",
        )


def unapproved(changes: Iterable[Change], approved: Approved) -> tuple[Change, ...]:
    """The changes whose digest is not in the approved set."""
    return tuple(change for change in changes if change.digest not in approved.changes)
