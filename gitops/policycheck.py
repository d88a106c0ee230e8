"""What a policy file refers to exists: teams, people, catalogs, placeholders of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.policyfile import Policy

Path = tuple[str | int, ...]
OWN_TEAM = "team"
"""In ``from:`` of approvals: the approvers of the team that asks."""

Broken = Iterator[tuple[Path, str, str]]
"""Path in the policy file, sentence, what to do."""


def broken_references(policy: Policy, registry: Registry | None) -> Broken:
    """Everything that is named in one place of the policy and missing in another."""
    yield from _broken_people(policy)
    yield from _broken_catalogs(policy)
    yield from _broken_groups(policy)
    if registry is not None:
        yield from _broken_kinds(policy, registry)
    for kind, naming in policy.naming.items():
        for key, text in (("default", naming.default), ("pattern", naming.pattern or "")):
            unknown = set(re.findall(r"\{([^}]*)\}", text)) - {"team", "name", "name_", "environment"}
            if unknown or "{" in re.sub(r"\{\w+\}", "", text):
                yield (
                    ("naming", kind, key),
                    f"The name {text!r} has a placeholder that does not exist.",
                    "Use {team}, {name}, {name_} and {environment}.",
                )
    if policy.monthly_cost.approvals_above > policy.monthly_cost.refuse_above:
        yield (
            ("monthly_cost", "approvals_above"),
            "The extra approval would only be asked for above the cost that is refused anyway.",
            "Set approvals_above to at most refuse_above.",
        )


def _broken_people(policy: Policy) -> Broken:
    if OWN_TEAM in policy.teams:
        yield (
            ("teams", OWN_TEAM),
            "A team cannot be called `team`.",
            "In `from:` that means the team that asks.",
        )
    seen: dict[tuple[str, str], int] = {}
    for index, person in enumerate(policy.people):
        if person.team not in policy.teams:
            yield (
                ("people", index, "team"),
                f"{person.name} is in the team {person.team}, which does not exist.",
                "Add the team under teams, or correct the name.",
            )
        for key in ("email", "slack", "github"):
            if seen.setdefault((key, getattr(person, key).casefold()), index) != index:
                yield (
                    ("people", index, key),
                    f"Two people have the same {key}.",
                    "One id belongs to one person; otherwise one could act as the other.",
                )
    for name, team in policy.teams.items():
        for index, login in enumerate(team.approvers):
            if policy.person(github=login) is None:
                yield (
                    ("teams", name, "approvers", index),
                    f"The approver {login} of {name} is not among the people.",
                    "Add the person under people, with the GitHub login.",
                )


def _broken_kinds(policy: Policy, registry: Registry) -> Broken:
    named: list[Path] = [("naming", kind) for kind in policy.naming]
    for kind, others in policy.defaults.together.items():
        named.append(("defaults", "with", kind))
        named += [("defaults", "with", kind, index) for index in range(len(others))]
    named += [("defaults", "fields", kind) for kind in policy.defaults.fields]
    for path in named:
        last = path[-1]
        kind = policy.defaults.together[str(path[-2])][last] if isinstance(last, int) else last
        if kind not in registry:
            yield path, f"There is no kind of resource called {kind}.", f"Kinds are {', '.join(registry)}."
    for kind, values in policy.defaults.fields.items():
        known = registry[kind].spec.model_fields if kind in registry else values
        for name in values:
            if name not in known:
                hint = f"Fields are {', '.join(known)}."
                yield ("defaults", "fields", kind, name), f"A {kind} has no field called {name}.", hint


def _broken_catalogs(policy: Policy) -> Broken:
    for team, defaults in policy.default_catalog.items():
        if team not in policy.teams:
            yield ("default_catalog", team), f"The team {team} does not exist.", "Add it under teams."
        for environment, catalog in defaults.items():
            if catalog not in policy.catalogs_for(team, environment):
                yield (
                    ("default_catalog", team, environment),
                    f"The catalog {catalog} is not one that {team} may use in {environment}.",
                    f"Add it under catalogs.{environment}, or choose one that is there.",
                )
    everywhere = {name for names in policy.catalogs.values() for name in names}
    for name, rules in policy.teams.items():
        for index, catalog in enumerate(rules.catalogs or ()):
            if catalog not in everywhere:
                yield (
                    ("teams", name, "catalogs", index),
                    f"The catalog {catalog} is in no environment.",
                    "Add it under catalogs.",
                )


def _broken_groups(policy: Policy) -> Broken:
    used: list[tuple[tuple[str | int, ...], tuple[str, ...]]] = [
        (("environments", key, "approvals", "from"), rules.approvals.groups)
        for key, rules in policy.environments.items()
    ]
    used += [
        (("classification", key, "approvals", "from"), data.approvals.groups)
        for key, data in policy.classification.items()
        if data.approvals
    ]
    used.append((("monthly_cost", "approvals", "from"), policy.monthly_cost.approvals.groups))
    used.append((("approval_fallback",), policy.approval_fallback))
    for path, groups in used:
        for index, group in enumerate(groups):
            if group != OWN_TEAM and group not in policy.teams:
                yield (
                    (*path, index),
                    f"Approvals are asked from {group}, which is no team.",
                    "Name a team of this file, or `team` for the team that asks.",
                )
