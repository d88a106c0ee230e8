"""The policy of an organisation as a value: what may be asked for, by whom, and who has to agree.

The file is ``requests/policy.yaml``; its comments tell a platform team what to change. Judging a request by
it is :mod:`gitops.policy`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from gitops import explain, yamlfile
from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity
from gitops.policycheck import broken_references
from gitops.vocabulary import (
    SIZES,
    Classification,
    Cloud,
    CostCenter,
    Email,
    Environment,
    GitHubLogin,
    OptionalField,
    Part,
    Size,
    SlackId,
    TeamName,
)

if TYPE_CHECKING:
    from gitops.kind import Registry

POLICY_FILE = "requests/policy.yaml"

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Amount = Annotated[Decimal, Field(ge=0, le=Decimal(1_000_000_000))]


class Approvals(Part):
    """``count`` different people, at least one from each group of ``from`` (a team's name, or ``team``)."""

    count: int = Field(default=1, ge=1, le=9)
    groups: tuple[str, ...] = Field(alias="from", min_length=1)


class Quota(Part):
    """What one team may have open at the same time; ``monthly_cost`` in the policy's currency."""

    open_requests: int = Field(default=20, ge=1)
    monthly_cost: Amount | None = None


class Team(Part):
    """A team: its names elsewhere, who approves for it, and what it may have.

    ``catalogs`` narrows the catalogs of the environments down to these; left out, all of them are allowed.
    """

    github_team: Text
    databricks_group: Text
    cost_center: CostCenter
    approvers: tuple[GitHubLogin, ...] = Field(min_length=1)
    catalogs: tuple[Text, ...] | None = None
    quota: Quota = Quota()


class EnvironmentRules(Part):
    """What holds in one environment; ``required`` are fields of ``metadata``."""

    max_size: Size
    gpu: bool
    max_lifetime_days: int | None = Field(default=None, ge=1)
    required: tuple[OptionalField, ...] = ()
    approvals: Approvals


class ClassificationRules(Part):
    """What holds besides, for data of one classification; ``visibility`` must be this one."""

    max_size: Size | None = None
    gpu: bool = True
    visibility: Literal["private", "internal"] | None = None
    approvals: Approvals | None = None


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


class Libraries(Part):
    """Python libraries nobody may install, by name."""

    denied: tuple[Text, ...] = ()


class Defaults(Part):
    """What is taken where nobody says anything; always shown to the person as a default.

    ``with`` lists kinds that come along with a kind; ``fields`` holds values by kind and field.
    """

    environment: Environment | None = None
    together: Mapping[str, tuple[str, ...]] = Field(default={}, alias="with")
    fields: Mapping[str, Mapping[str, JsonValue]] = {}


class BlastRadius(Part):
    """A plan that removes more than ``removed_percent`` of what stands is refused, from ``at_least`` on."""

    removed_percent: int = Field(default=30, ge=0, le=100)
    at_least: int = Field(default=10, ge=1)


class Person(Part):
    """One row of the directory: the explicit link between somebody's Slack id, GitHub login and e-mail."""

    name: Text
    email: Email
    slack: SlackId
    github: GitHubLogin
    team: TeamName


@dataclass(frozen=True)
class Bounds:
    """What an environment and a classification allow together; ``visibility`` ``None`` means any."""

    max_size: Size
    gpu: bool
    visibility: str | None


class Policy(Part):
    """Everything in the policy file, and the questions that rules and kinds ask it."""

    organisation: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](?:-?[A-Za-z0-9])*$", max_length=39)]
    cloud: Cloud
    default_region: Text
    teams: Mapping[TeamName, Team] = Field(min_length=1)
    catalogs: Mapping[Environment, tuple[Text, ...]]
    default_catalog: Mapping[TeamName, Mapping[Environment, Text]] = {}
    naming: Mapping[str, Naming] = {}
    environments: Mapping[Environment, EnvironmentRules] = Field(min_length=1)
    classification: Mapping[Classification, ClassificationRules] = {}
    monthly_cost: MonthlyCost
    approval_fallback: tuple[TeamName, ...] = ()
    templates: tuple[Text, ...] = ()
    libraries: Libraries = Libraries()
    defaults: Defaults = Defaults()
    limits: BlastRadius = BlastRadius()
    people: tuple[Person, ...] = ()

    def person(self, *, slack: str = "", github: str = "", email: str = "") -> Person | None:
        """The person of the directory with this id; exactly one of the three is given, in any case."""
        key = ("slack", slack) if slack else ("github", github) if github else ("email", email)
        return self._directory.get((key[0], key[1].casefold()))

    def catalogs_for(self, team: str, environment: str) -> tuple[str, ...]:
        """The catalogs in which this team may have a schema in this environment, in the file's order."""
        everyone = next((names for key, names in self.catalogs.items() if key == environment), ())
        own = self.teams[team].catalogs if team in self.teams else None
        return everyone if own is None else tuple(name for name in everyone if name in own)

    def default_catalog_for(self, team: str, environment: str) -> str | None:
        """The catalog that is taken when nobody says one; ``None``: it has to be asked."""
        defaults = self.default_catalog.get(team, {})
        return next((name for key, name in defaults.items() if key == environment), None)

    def limits_of(self, environment: str, classification: str) -> Bounds:
        """Largest size, whether a GPU, and which visibility: the stricter of environment and classification.

        An environment the policy does not know allows the least.
        """
        place = next((rules for key, rules in self.environments.items() if key == environment), None)
        data = next((rules for key, rules in self.classification.items() if key == classification), None)
        sizes: list[Size] = [place.max_size if place else "xs"]
        if data and data.max_size:
            sizes.append(data.max_size)
        return Bounds(
            max_size=min(sizes, key=SIZES.index),
            gpu=bool(place and place.gpu) and (data is None or data.gpu),
            visibility=data.visibility if data else None,
        )

    def default_name(self, kind: str, *, team: str, name: str, environment: str) -> str | None:
        """What a resource of this kind is called when nobody says a name; ``None`` without such a rule."""
        rule = self.naming.get(kind)
        return _fill(rule.default, team, name, environment) if rule else None

    def name_pattern(self, kind: str, *, team: str, name: str, environment: str) -> str | None:
        """What every name of this kind must look like, ``*`` being anything; ``None``: no such rule."""
        rule = self.naming.get(kind)
        return _fill(rule.pattern, team, name, environment) if rule and rule.pattern else None

    def defaults_for(self, kind: str) -> Mapping[str, JsonValue]:
        """Values by field that a kind's ``derive`` takes where nobody says one (``{"size": "small"}``)."""
        return self.defaults.fields.get(kind, {})

    def library_denied(self, name: str) -> bool:
        """Whether a Python library of this name may not be installed, in any spelling of the name."""
        return distribution_name(name) in self.denied_libraries

    @cached_property
    def denied_libraries(self) -> frozenset[str]:
        """The denied libraries, their names normalised by :func:`distribution_name`."""
        return frozenset(distribution_name(name) for name in self.libraries.denied)

    @cached_property
    def _directory(self) -> dict[tuple[str, str], Person]:
        return {
            (key, getattr(person, key).casefold()): person
            for person in self.people
            for key in ("slack", "github", "email")
        }


def distribution_name(name: str) -> str:
    """A Python distribution's name in the one spelling all its spellings share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _fill(pattern: str, team: str, name: str, environment: str) -> str:
    values = {"team": team, "name": name, "name_": name.replace("-", "_"), "environment": environment}
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], pattern)


def load_policy(raw: bytes, file: str = POLICY_FILE, registry: Registry | None = None) -> Policy:
    """Read a policy file and check that what it refers to exists; kinds and their fields only by a registry.

    Raises:
        InvalidRequest: with every finding, each at its place in the policy file.
    """
    document = yamlfile.load(raw, file)
    policy = explain.validate(Policy, document, rule="policy-schema")
    findings = [
        Finding("policy-reference", Severity.ERROR, message, document.place(path), hint)
        for path, message, hint in broken_references(policy, registry)
    ]
    if findings:
        raise InvalidRequest(sorted(findings, key=lambda finding: finding.sort_key))
    return policy
