"""The shape of a kind of resource: its fields, and the functions that read, plan and apply it.

Read looks, plan thinks, apply touches: only ``read`` and ``apply`` get a client, ``plan`` and ``retire`` are
pure, and ``apply`` gets the approved :class:`~gitops.plan.Change` and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from msgspec import Struct

from gitops.edited import Edited, Effect
from gitops.finding import Severity
from gitops.plan import Change
from gitops.vocabulary import Part

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.policy import Policy
    from gitops.policy_compute import ComputeRules
    from gitops.policy_repositories import Repositories
    from gitops.policy_schemas import SchemaRules
    from gitops.prices import PriceBook


class Ask(Struct, frozen=True, kw_only=True):
    """What people need to know of a field, put beside its type: ``Annotated[str, Ask(label="Team", …)]``.

    ``help`` is one line with an example. ``risky`` fields (owner, grants, access, catalog, visibility,
    environment, classification) are only taken from the person's words, a named look-up, or an answer.
    ``default`` says whether the policy or a rule may fill it in, ``infer`` whether a model may conclude it.
    ``aliases`` are other words people use for the field; ``words`` are other words for its values
    (``{"postgres": "sql_warehouse"}``). ``meanings`` says what each of its values is, in a few words.
    ``question`` is what people are asked for it, ``why`` the reason they are asked.
    """

    label: str
    help: str
    risky: bool = False
    default: bool = True
    infer: bool = True
    aliases: tuple[str, ...] = ()
    words: Mapping[str, str] = {}
    meanings: Mapping[str, str] = {}
    question: str = ""
    why: str = ""

    def __hash__(self) -> int:
        """Types want what is noted on them hashable, which ``words`` and ``meanings`` are not."""
        return hash((self.label, self.help))


class Spec(Part, kw_only=True, tag_field="kind"):
    """What stands under one entry of ``resources``; every kind has its own subclass.

    A subclass says its kind as ``class RepoSpec(Spec, tag="repo")``.
    """

    adopt: Annotated[
        bool, Edited(changed=Effect.RECORDED, note="it only counts while the thing is not managed yet")
    ] = False

    @property
    def kind(self) -> str:
        """The kind, as in ``kind:`` of the file."""
        return str(self.__struct_config__.tag)

    @property
    def guest_of(self) -> str:
        """The request that owns it, where this one only adds to it; empty: it is this one's own."""
        return ""


class Origin(Struct, frozen=True, kw_only=True):
    """Where a resource comes from: what a kind may know of the request it stands in.

    ``request`` is the id, such as ``dev/growth/churn-prediction``; it is also the owner mark put on
    everything we make. ``group`` is the team's Databricks group, ``github_team`` its slug on GitHub. E-mails
    are as in the file. ``people`` maps e-mail to GitHub login for those whom the directory knows.
    ``price_book`` is what the organisation pays; ``None`` means what the lists of the cloud say.
    ``member_access`` is what the policy gives each of the ``members``, by kind: ``{"repo": ("push",)}``.
    ``former_members`` were members in earlier versions of the request that were applied or tried, and are no
    more. ``kinds`` are those of all resources of the request. ``repositories`` is what the organisation wants
    of every repository, ``compute`` under which cluster policy and in which pools compute is made,
    ``schemas`` who owns schemas and where their files may live.
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
    people: Mapping[str, str] = {}
    price_book: PriceBook | None = None
    member_access: Mapping[str, tuple[str, ...]] = {}
    former_members: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    repositories: Repositories | None = None
    compute: ComputeRules | None = None
    schemas: SchemaRules | None = None

    @property
    def prices(self) -> PriceBook:
        """What things cost here."""
        from gitops.prices import PriceBook  # who asks for a price has it already

        return self.price_book or PriceBook.of(self.cloud)


S = TypeVar("S", bound=Spec)
State = TypeVar("State")
Client = TypeVar("Client")


class Desired(Struct, Generic[S], frozen=True, kw_only=True):
    """A resource as the file wants it: its spec and the request it stands in.

    ``earlier`` is the same resource as earlier versions of the request had it, oldest first: the one that was
    applied last, and those that were tried since. What one of them named and the file names no more was
    given by us, and is ours to take away. What none of them named is somebody else's.

    ``settled``: this very file is applied, and only what lists tell is wanted, for a quick look at many. What
    takes a call for each thing (who holds which grants) may then be taken for as it should be.

    ``beside`` is what other active requests want of the same resource, where one of them owns it and the
    others add to it (:mod:`gitops.beside`).
    """

    spec: S
    origin: Origin
    earlier: tuple[S, ...] = ()
    settled: bool = False
    beside: tuple[Desired[S], ...] = ()


class Marked(Struct, frozen=True, kw_only=True):
    """Something that carries our owner mark, found in a list: whose it is need not be said by any file.

    ``request`` is what its mark says, ``called`` how it is spoken of ("the cluster growth-churn-dev").
    """

    kind: str
    identity: str
    request: str
    called: str
    url: str = ""


class Held(Struct, frozen=True, kw_only=True):
    """What a file gives somebody: ``levels`` on ``thing``, the name people know it by (``ml_dev.churn``).

    ``principal`` is a group, a team or an e-mail as the file has it.
    """

    principal: str
    levels: tuple[str, ...]
    thing: str


Tell = Callable[[str], None]
"""Hears a sentence on what is going on."""


class Complaint(Struct, frozen=True, kw_only=True):
    """What a kind's own rule has to say: ``path`` is relative to the resource (``grants[0].privileges``)."""

    path: str
    message: str
    hint: str = ""

    @property
    def parts(self) -> tuple[str | int, ...]:
        """The path as a document takes it: ``("grants", 0, "privileges")``."""
        return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", self.path))


class Documented(Struct, frozen=True, kw_only=True):
    """What the rule book says of a kind's own rule (:mod:`gitops.rulebook`): every kind documents its own.

    ``id`` is kebab-case and unique over all kinds. ``title`` names the mistake in a few words, ``why`` says
    why the rule exists and ``fix`` how to satisfy it, in sentences. ``wrong`` and ``right`` are pieces of a
    request file, of which a test sees that the first breaks this rule alone and the second none.
    """

    id: str
    title: str
    why: str
    fix: str
    wrong: str
    right: str
    severity: Severity = Severity.ERROR


class Rule(Documented, frozen=True, kw_only=True):
    """A check of one resource against the policy.

    ``exceptable``: it is a choice of the organisation, from which a request can be excepted, and no fact of
    the system that would refuse it all the same.
    """

    exceptable: bool = False
    check: Callable[[Desired[Any], Policy], Iterable[Complaint]]


class EditRule(Documented, frozen=True, kw_only=True):
    """A check of one resource against what is merged: ``check`` gets it as merged and as proposed."""

    check: Callable[[Desired[Any], Desired[Any]], Iterable[Complaint]]


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


class Kind(Struct, Generic[S, State, Client], frozen=True, kw_only=True):
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
    retire:   pure; the changes that take it away, each with its stage; after them ``read`` gives ``None``.
    apply:    carries out one change, idempotently: looks up before it makes, adopts what an earlier run
              made.
    outputs:  pure; links and ids of what stands: keys ``url``, ``id``, … for people.
    derive:   pure; values a person need not say, from what was said (``values`` are the resource's,
              ``origin`` the envelope's ``metadata`` with at least ``name``, ``team`` and ``environment``).
    estimate: the monthly cost; ``None`` where it costs nothing.
    made_of:  what stands behind its size, in a few words ("workers Standard_E8ds_v5 (8 vCPU, 64 GiB)").
    rules:    checks of its own against the policy.
    edits:    checks of its own of a merged resource that is edited (what fields mean in an edit stands beside
              them: :class:`~gitops.edited.Edited`).
    called:   how it is spoken of in a sentence ("the cluster growth-churn-dev").
    read_all: many at once where the system can list; ``None`` means one ``read`` each.
    marked:   everything in the system that carries our mark, whichever request it names.
    verify:   tries what stands as its users would (starts it, looks, stops it) and gives what is wrong, in
              sentences; ``tell`` hears how far it is.
    adopt:    pure; values by field with which the file would say what stands, for drift that its owner keeps.
    access:   pure; who is given what by a resource as the file has it, for the audit.
    stays:    pure; who holds what that no request gave and no change of the plan takes, for reviewers.
    system:   whose API it calls, as people call it ("GitHub"): kinds of one system share its limits.
    member_levels: what the policy may give a member of a request here (``pull``, ``push`` …).
    everyday: its name is a word of other talk, too ("a high volume of events"): by itself it only counts
              where it can be nothing else.
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
    made_of: Callable[[Desired[S]], str] = lambda desired: ""
    rules: tuple[Rule, ...] = ()
    edits: tuple[EditRule, ...] = ()
    called: Callable[[S], str] = lambda spec: f"the {spec.kind} {getattr(spec, 'name', '')}".rstrip()
    read_all: Callable[[Sequence[Desired[S]], Client], Sequence[State | None]] | None = None
    marked: Callable[[Client], Iterable[Marked]] | None = None
    verify: Callable[[Desired[S], Client, Tell], Iterable[str]] | None = None
    adopt: Callable[[Desired[S], State], Mapping[str, Any]] | None = None
    access: Callable[[S], Iterable[Held]] = lambda spec: ()
    stays: Callable[[Desired[S], State], Iterable[Held]] = lambda desired, state: ()
    system: str = ""
    member_levels: tuple[str, ...] = ()
    everyday: bool = False


AnyKind = Kind[Any, Any, Any]
Registry = Mapping[str, AnyKind]
"""Kinds by name, in alphabetical order."""
