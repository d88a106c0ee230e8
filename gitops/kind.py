"""The shape of a kind of resource: its fields, and the functions that read, plan and apply it.

Read looks, plan thinks, apply touches: only ``read`` and ``apply`` get a client, ``plan`` and ``retire`` are
pure, and ``apply`` gets the approved :class:`~gitops.plan.Change` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from gitops.finding import Severity
from gitops.plan import Change, Reason, RefusedChange

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What people need to know of a field, put beside its type: ``Annotated[str, Ask(label="Team", …)]``.

    ``help`` is one line with an example. ``risky`` fields (owner, grants, access, catalog, visibility,
    environment, classification) are only taken from the person's words, a named look-up, or an answer.
    ``default`` says whether the policy or a rule may fill it in, ``infer`` whether a model may conclude it.
    ``aliases`` are other words people use for the field; ``words`` are other words for its values
    (``{"postgres": "sql_warehouse"}``).
    """

    label: str
    help: str
    risky: bool = False
    default: bool = True
    infer: bool = True
    aliases: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict, hash=False)  # Annotated wants its parts hashable


class Spec(BaseModel):
    """What stands under one entry of ``resources``; every kind has its own subclass.

    A subclass sets ``kind: Literal["…"]``. Unknown fields are errors, values are immutable and typed
    strictly (validate with ``validate_json``: lists become tuples, ISO dates become dates, nothing else
    is converted).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    kind: str
    adopt: bool = False


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a resource comes from: what a kind may know of the request it stands in.

    ``request`` is the id, such as ``dev/growth/churn-prediction``; it is also the owner mark put on
    everything we make. ``group`` is the team's Databricks group, ``github_team`` its slug on GitHub. E-mails
    are as in the file. ``people`` maps e-mail to GitHub login for those whom the directory knows.
    """

    request: str
    name: str
    team: str
    environment: str
    organisation: str
    cloud: str
    region: str
    group: str
    github_team: str
    purpose: str
    business_owner: str
    technical_owner: str
    data_classification: str
    cost_center: str
    lifecycle: str = "active"
    members: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)


S = TypeVar("S", bound=Spec)
State = TypeVar("State")
Client = TypeVar("Client")


@dataclass(frozen=True, kw_only=True)
class Desired(Generic[S]):
    """A resource as the file wants it: its spec and the request it stands in."""

    spec: S
    origin: Origin


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What a kind's own rule has to say: ``path`` is relative to the resource (``grants[0].privileges``)."""

    path: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A check of one resource against the policy; ``id`` is kebab-case and unique over all kinds."""

    id: str
    why: str
    check: Callable[[Desired[Any], Policy], Iterable[Complaint]]


def require_ours(desired: Desired[Any], what: str, mark: str, *, of_that_name: int = 1) -> None:
    """Refuse what stands under a name and is not this request's: it is not touched unless it may be adopted.

    ``what`` names it ("the schema ml_dev.churn"), ``mark`` is the request it carries, empty for none;
    ``of_that_name`` is how many there are, where names are not unique.

    Raises:
        RefusedChange: another request's, or nobody's without ``adopt: true``.
    """
    head = what[0].upper() + what[1:]
    if mark and mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"{head} belongs to the request {mark}.",
            "Choose another name, or retire the other request first.",
        )
    if mark or (desired.spec.adopt and of_that_name == 1):
        return
    several = f" {of_that_name} of that name exist." if of_that_name > 1 else ""
    raise RefusedChange(
        Reason.NOT_OURS,
        f"{head} exists, and Lakeport did not make it.{several}",
        "Choose another name, or write `adopt: true` if the only one is to be managed by this request.",
    )


def nothing_derived(
    values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy
) -> Mapping[str, Any]:
    """The ``derive`` of a kind whose fields all have to be said."""
    del values, origin, policy
    return {}


def no_outputs(desired: Desired[Any], state: Any) -> Mapping[str, str]:
    """The ``outputs`` of a kind that has nothing to show."""
    del desired, state
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[S, State, Client]):
    """A kind of resource. CONTRIBUTING.md walks through writing one.

    name:     as in ``kind:`` of the file; the module is ``handlers/<name>.py`` and holds ``KIND``.
    spec:     the fields, a :class:`Spec`.
    summary:  one line for people: what they get.
    aliases:  other words people say for it ("repository", "git repo").
    after:    kinds that must stand before this one within a request.
    identity: the name that is unique among all requests (``ml_dev.churn``), lower-cased where the system
              folds case.
    connect:  environment variables → client with least privilege; raises ``ConfigurationError`` when one is
              missing.
    read:     what stands now; ``None`` when absent. Looks, never touches.
    plan:     pure; the changes that lead from what stands to what is wanted, in the order they must happen;
              raises ``RefusedChange``. Applied and planned again it gives nothing.
    retire:   pure; the changes that take it away; after them ``read`` gives ``None``.
    apply:    carries out one change, idempotently: looks up before it makes, adopts what an earlier run
              made.
    outputs:  pure; links and ids of what stands: keys ``url``, ``id``, … for people.
    derive:   pure; values a person need not say, from what was said (``values`` are the resource's,
              ``origin`` the envelope's ``metadata`` with at least ``name``, ``team`` and ``environment``).
    estimate: the monthly cost; ``None`` where it costs nothing.
    rules:    checks of its own against the policy.
    read_all: many at once where the system can list; ``None`` means one ``read`` each.
    """

    name: str
    spec: type[S]
    summary: str
    identity: Callable[[S], str]
    connect: Callable[[Mapping[str, str]], Client]
    read: Callable[[Desired[S], Client], State | None]
    plan: Callable[[Desired[S], State | None], Sequence[Change]]
    retire: Callable[[Desired[S], State], Sequence[Change]]
    apply: Callable[[Change, Client], None]
    aliases: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    outputs: Callable[[Desired[S], State], Mapping[str, str]] = no_outputs
    derive: Callable[[Mapping[str, Any], Mapping[str, Any], Policy], Mapping[str, Any]] = nothing_derived
    estimate: Callable[[Desired[S]], Money | None] = lambda desired: None
    rules: tuple[Rule, ...] = ()
    read_all: Callable[[Sequence[Desired[S]], Client], Sequence[State | None]] | None = None


AnyKind = Kind[Any, Any, Any]
Registry = Mapping[str, AnyKind]
"""Kinds by name, in alphabetical order."""
