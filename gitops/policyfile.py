"""The policy of an organisation as a value: what may be asked for, by whom, and who has to agree.

The file is ``requests/policy.yaml``; its comments tell a platform team what to change. What its layers say
together is :mod:`gitops.layers`; judging a request by it is :mod:`gitops.policy`; what may be wrong with the
file itself is :mod:`gitops.policycheck`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field
from msgspec.structs import replace

from gitops import explain, yamlfile
from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity
from gitops.layers import Approvals, Effective, FieldDefaults, Layer, Libraries, Limit, Text, merge
from gitops.ownprices import OwnPrices
from gitops.policy_compute import ComputeRules
from gitops.policy_repositories import Repositories
from gitops.policy_review import ReviewRules
from gitops.policy_schemas import SchemaRules
from gitops.retirement import Retirement
from gitops.vocabulary import (
    CLASSIFICATIONS,
    ENVIRONMENTS,
    Classification,
    Cloud,
    CostCenter,
    Email,
    Environment,
    GitHubLogin,
    Part,
    RuleId,
    SlackId,
    TeamName,
    spelt,
)

if TYPE_CHECKING:
    from gitops.kind import Origin, Registry
    from gitops.prices import PriceBook
    from gitops.yamlfile import Document

POLICY_FILE = "requests/policy.yaml"

Amount = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Expression = Annotated[str, Meta(min_length=1, max_length=1000)]


class Quota(Part):
    """What one team may have open at the same time; ``monthly_cost`` in the policy's currency."""

    open_requests: Annotated[int, Meta(ge=1)] = 20
    monthly_cost: Amount | None = None


class EnvironmentRules(Layer, kw_only=True):
    """What holds in one environment."""

    approvals: Approvals


class ClassificationRules(Layer, kw_only=True):
    """What holds besides, for data of one classification; ``catalogs`` are the only ones it may live in."""

    catalogs: tuple[Text, ...] | None = None


class Team(Layer, kw_only=True):
    """A team: its names elsewhere, who approves for it, and what it may have.

    ``catalogs`` narrows the catalogs of the environments down to these; left out, all of them are allowed.
    """

    github_team: Text
    databricks_group: Text
    cost_center: CostCenter
    approvers: Annotated[tuple[GitHubLogin, ...], Meta(min_length=1)]
    catalogs: tuple[Text, ...] | None = None
    quota: Quota = Quota()


class MonthlyCost(Part):
    """Limits of the estimated monthly cost (its upper bound), in ``currency``."""

    currency: Literal["EUR", "USD", "GBP", "CHF"]
    refuse_above: Amount
    approvals_above: Amount
    approvals: Approvals


class Naming(Part):
    """``default`` is the name of a resource when nobody says one; ``pattern`` what every name must look like.

    Both know ``{team}``, ``{name}``, ``{environment}`` and ``{name_}`` (the name in snake_case); ``*`` in a
    pattern stands for any characters.
    """

    default: Text
    pattern: Text | None = None


class Defaults(FieldDefaults, kw_only=True):
    """What is taken where nobody says anything; always shown to the person as a default.

    ``with`` lists kinds that come along with a kind.
    """

    environment: Environment | None = None
    together: Mapping[str, tuple[str, ...]] = field(name="with", default_factory=dict)


class BlastRadius(Part):
    """A plan that removes more than ``removed_percent`` of what stands is refused, from ``at_least`` on."""

    removed_percent: Annotated[int, Meta(ge=0, le=100)] = 30
    at_least: Annotated[int, Meta(ge=1)] = 10


class OwnRule(Part, kw_only=True):
    """A rule of the organisation's own in CEL: ``check`` must be true wherever ``when`` is.

    ``field`` is what a finding points at: ``metadata.purpose``, or ``resources[].max_workers`` of a rule that
    looks at each resource. How they are judged is :mod:`gitops.own_rules`.
    """

    id: RuleId
    check: Expression
    message: Annotated[str, Meta(min_length=1, max_length=500)]
    when: Expression | None = None
    hint: Annotated[str, Meta(max_length=500)] = ""
    severity: Literal["error", "warning", "info"] = "error"
    field: Text | None = None


class ExceptionRules(Part, kw_only=True):
    """Who may except a request from a rule, for how long at most, and from which rules nobody."""

    approvers: Annotated[tuple[TeamName, ...], Meta(min_length=1)]
    max_days: Annotated[int, Meta(ge=1, le=3660)] = 90
    never: tuple[RuleId, ...] = ()


class Person(Part):
    """One row of the directory: the explicit link between somebody's Slack id, GitHub login and e-mail.

    ``also`` are further GitHub accounts of the same human, who is one person to every rule.
    """

    name: Text
    email: Email
    slack: SlackId
    github: GitHubLogin
    team: TeamName
    also: tuple[GitHubLogin, ...] = ()

    @property
    def logins(self) -> tuple[str, ...]:
        """Every GitHub login of theirs, the one they go by first."""
        return (self.github, *self.also)


class Policy(Layer, kw_only=True, dict=True):
    """Everything in the policy file, and the questions that rules and kinds ask it.

    What :class:`~gitops.layers.Layer` has at the top of the file is the organisation's layer. Without
    ``exceptions`` there are none. ``members`` says what each member of a request gets, by kind; on a kind
    that is left out, nothing. Keys of ``approvals_for_change`` are what :mod:`gitops.approval` says.
    """

    organisation: Annotated[str, spelt(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*", max_length=39)]
    cloud: Cloud
    default_region: Text
    teams: Annotated[Mapping[TeamName, Team], Meta(min_length=1)]
    catalogs: Mapping[Environment, tuple[Text, ...]]
    default_catalog: Mapping[TeamName, Mapping[Environment, Text]] = {}
    naming: Mapping[str, Naming] = {}
    environments: Annotated[Mapping[Environment, EnvironmentRules], Meta(min_length=1)]
    classification: Mapping[Classification, ClassificationRules] = {}
    monthly_cost: MonthlyCost
    approvals_for_change: Mapping[Text, Approvals] = {}
    approval_fallback: tuple[TeamName, ...] = ()
    exceptions: ExceptionRules | None = None
    templates: tuple[Text, ...] = ()
    libraries: Libraries = Libraries()
    defaults: Defaults = Defaults()
    limits: BlastRadius = BlastRadius()
    rules: tuple[OwnRule, ...] = ()
    people: tuple[Person, ...] = ()
    members: Mapping[str, Annotated[tuple[Text, ...], Meta(min_length=1)]] = {}
    prices: OwnPrices | None = None
    retirement: Retirement = Retirement()
    repositories: Repositories | None = None
    compute: ComputeRules | None = None
    schemas: SchemaRules | None = None
    review: ReviewRules = ReviewRules()

    def person(self, *, slack: str = "", github: str = "", email: str = "") -> Person | None:
        """The person of the directory with this id; exactly one of the three is given, in any case.

        ``github`` is any login of theirs.
        """
        key = ("slack", slack) if slack else ("github", github) if github else ("email", email)
        return self._directory.get((key[0], key[1].casefold()))

    def effective(self, team: str, environment: str, classification: str) -> Effective:
        """What all layers together say to a request; what the policy does not know says nothing. Cached."""
        known = (
            team if team in self.teams_with_limits else "",
            environment if environment in ENVIRONMENTS else "",
            classification if classification in CLASSIFICATIONS else "",
        )
        found = self._effective.get(known)
        if found is None:
            found = self._effective[known] = merge(self, *known)
        return found

    def effective_for(self, origin: Origin) -> Effective:
        """The same for a resource, by where it comes from."""
        return self.effective(origin.team, origin.environment, origin.data_classification)

    def said(self, limit: Limit[Any]) -> str:
        """Which line sets a limit, to end a sentence with: `` (requests/policy.yaml:56)``."""
        document: Document | None = self.__dict__.get("document")
        if document is None or not limit.path:
            return ""
        place = document.place(limit.path)
        return f" ({place.file}:{place.line})"

    def catalogs_for(self, team: str, environment: str, classification: str = "") -> tuple[str, ...]:
        """The catalogs in which this team may have a schema in this environment, in the file's order."""
        return self.effective(team, environment, classification).catalogs.value

    def default_catalog_for(self, team: str, environment: str) -> str | None:
        """The catalog that is taken when nobody says one; ``None``: it has to be asked."""
        defaults = self.default_catalog.get(team, {})
        return next((name for key, name in defaults.items() if key == environment), None)

    def default_name(self, kind: str, *, team: str, name: str, environment: str) -> str | None:
        """What a resource of this kind is called when nobody says a name; ``None`` without such a rule."""
        rule = self.naming.get(kind)
        return _fill(rule.default, team, name, environment) if rule else None

    def name_pattern(self, kind: str, *, team: str, name: str, environment: str) -> str | None:
        """What every name of this kind must look like, ``*`` being anything; ``None``: no such rule."""
        rule = self.naming.get(kind)
        return _fill(rule.pattern, team, name, environment) if rule and rule.pattern else None

    def defaults_for(self, kind: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values by field that a kind's ``derive`` takes where nobody says one (``{"size": "small"}``).

        ``metadata`` says for whom: ``team``, ``environment`` and ``data_classification``, as far as known.
        """
        keys = ("team", "environment", "data_classification")
        return self.effective(*(str(metadata.get(key, "")) for key in keys)).defaults.get(kind, {})

    @cached_property
    def price_book(self) -> PriceBook:
        """What things cost here: the list prices of the cloud, and the organisation's own over them."""
        from gitops.prices import PriceBook

        return PriceBook.of(self.cloud, self.prices)

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What follows from the policy and a few words, remembered by whoever worked it out."""
        return {}

    @cached_property
    def _effective(self) -> dict[tuple[str, str, str], Effective]:
        return {}

    @property
    def document(self) -> Document:
        """The file that it was read from."""
        found: Document = self.__dict__["document"]
        return found

    @cached_property
    def teams_with_limits(self) -> frozenset[str]:
        """The teams that say something as a layer; hundreds of others share what the levels above say."""
        silent = Layer()
        names = (*Layer.__struct_fields__, "catalogs")
        return frozenset(
            name
            for name, team in self.teams.items()
            if any(getattr(team, field) != getattr(silent, field, None) for field in names)
        )

    @cached_property
    def _directory(self) -> dict[tuple[str, str], Person]:
        found = {("github", login.casefold()): person for person in self.people for login in person.also}
        return found | {
            (key, getattr(person, key).casefold()): person
            for person in self.people
            for key in ("slack", "github", "email")
        }


_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _fill(pattern: str, team: str, name: str, environment: str) -> str:
    values = {"team": team, "name": name, "name_": name.replace("-", "_"), "environment": environment}
    return _PLACEHOLDER.sub(lambda found: values[found[1]], pattern)


def examine(
    raw: bytes, file: str = POLICY_FILE, registry: Registry | None = None
) -> tuple[Policy | None, list[Finding]]:
    """Read a policy file and say everything that is wrong with it, each at its place in the file.

    Kinds and their fields are only checked by a registry. There is no policy when one of the findings is an
    error.
    """
    try:
        document = yamlfile.load(raw, file)
        policy = explain.validate(Policy, document, rule="policy-schema")
    except InvalidRequest as invalid:
        return None, [replace(found, hint=_hint(found)) for found in invalid.findings]
    policy.__dict__["document"] = document  # for what it says of its own lines; no field of the file
    findings = review(policy, registry)
    failed = any(finding.severity is Severity.ERROR for finding in findings)
    return None if failed else policy, findings


def review(policy: Policy, registry: Registry | None) -> list[Finding]:
    """Everything that is wrong with a policy that was read, each at its place in the policy file."""
    from gitops.policycheck import problems

    found = [problem.at(policy.document) for problem in problems(policy, policy.document, registry)]
    return sorted(found, key=lambda finding: finding.sort_key)


def _hint(found: Finding) -> str:
    """What to do about a policy that cannot be read, where that is not the same as for a request."""
    if found.rule in ("yaml-empty", "yaml-mapping"):
        return "Start with `organisation:`; docs/policy.md says what follows."
    return found.hint or "docs/policy.md says what may stand here."


def load_policy(raw: bytes, file: str = POLICY_FILE, registry: Registry | None = None) -> Policy:
    """Read a policy file that has nothing wrong with it but what is only a warning.

    Raises:
        InvalidRequest: with every finding, each at its place in the policy file.
    """
    policy, findings = examine(raw, file, registry)
    if policy is None:
        raise InvalidRequest(findings)
    return policy
