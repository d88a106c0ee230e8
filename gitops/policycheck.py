"""What may be wrong with a policy file: names that exist nowhere, limits that contradict each other.

Its shape is checked by its models (:mod:`gitops.policyfile`); here is what only the whole file shows. An
``error`` stops everything, since nobody can be judged by such a policy; a ``warning`` is a line that does not
do what it seems to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import policy_review
from gitops.finding import Finding, Place, Severity

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.layers import Approvals
    from gitops.policyfile import Policy
    from gitops.yamlfile import Document
    from gitops.yamltext import Path

OWN_TEAM = "team"
"""In ``from:`` of approvals: the approvers of the team that asks."""

PLACEHOLDERS = ("team", "name", "name_", "environment")


class Problem(Struct, frozen=True, kw_only=True):
    """Something that is wrong in the policy file: where, a sentence, and what to do.

    ``at_key``: it is the key that is wrong. ``inside`` is a line and a column (from 1) within the value.
    """

    path: Path
    message: str
    hint: str = ""
    rule: str = "policy-reference"
    severity: Severity = Severity.ERROR
    at_key: bool = False
    inside: tuple[int, int] | None = None

    def at(self, document: Document) -> Finding:
        """The same as a finding in the file."""
        place = document.key_place(self.path) if self.at_key else document.place(self.path)
        if self.inside is not None:
            place = _within(document, place, self.path, *self.inside)
        return Finding(self.rule, self.severity, self.message, place, self.hint)


Problems = Iterator[Problem]


def problems(policy: Policy, document: Document, registry: Registry | None) -> Problems:
    """Everything that is wrong with a policy whose shape is right; kinds and fields only by a registry."""
    own = policy.memo.get("problems")  # a check asks without a registry first, and then with one
    if own is None:
        own = policy.memo["problems"] = tuple(_whatever_the_kinds(policy, document))
    yield from own
    if registry is not None:
        yield from _kinds(policy, registry)
        yield from _changes(policy, registry)
        yield from _members(policy, registry)
        for inside, message, hint in policy_review.problems_with_kinds(policy, registry):
            yield Problem(path=("review", *inside), message=message, hint=hint)
    if policy.rules:
        from gitops import policyrules

        yield from policyrules.problems(policy, registry)
    if policy.exceptions is not None:
        from gitops import exceptions

        yield from exceptions.problems(policy, registry)


def _whatever_the_kinds(policy: Policy, document: Document) -> Problems:
    """What is wrong with it whichever kinds of resources there are."""
    from gitops import policylimits

    yield from _people(policy)
    yield from _catalogs(policy)
    yield from _groups(policy)
    yield from _names(policy)
    yield from policylimits.problems(policy, document)
    if policy.prices is not None:
        from gitops import ownprices
        from gitops.prices import PriceBook

        for path, message, hint in ownprices.problems(policy.prices, PriceBook.of(policy.cloud)):
            yield Problem(path=("prices", *path), message=message, hint=hint, rule="policy-prices")
    if policy.repositories is not None:
        from gitops import policy_repositories

        for place, message, hint in policy_repositories.problems(policy.repositories):
            yield Problem(path=("repositories", *place), message=message, hint=hint)
    if policy.compute is not None:
        from gitops import policy_compute

        for inside, message, hint in policy_compute.problems(policy.compute):
            yield Problem(path=("compute", *inside), message=message, hint=hint)
    for inside, message, hint in policy_review.problems(policy):
        yield Problem(path=("review", *inside), message=message, hint=hint)


def approvals_in(policy: Policy) -> Iterator[tuple[Path, Approvals]]:
    """Every place in the file that asks for approvals."""
    layers: list[tuple[Path, Any]] = [((), policy)]
    for section in ("environments", "classification", "teams"):
        layers += [((section, name), layer) for name, layer in getattr(policy, section).items()]
    for path, layer in layers:
        if layer.approvals is not None:
            yield (*path, "approvals"), layer.approvals
    yield ("monthly_cost", "approvals"), policy.monthly_cost.approvals
    for name, asked in policy.approvals_for_change.items():
        yield ("approvals_for_change", name), asked


def _members(policy: Policy, registry: Registry) -> Problems:
    """What members get, in words that the kinds know."""
    able = {name: kind.member_levels for name, kind in registry.items() if kind.member_levels}
    for name, given in policy.members.items():
        if name not in able:
            yield Problem(
                path=("members", name),
                message=f"Members cannot be given anything on {name}.",
                hint=guess(name, able, f"Kinds that know members are {', '.join(able) or 'none'}."),
                at_key=True,
            )
            continue
        for index, one in enumerate(given):
            if one not in able[name]:
                yield Problem(
                    path=("members", name, index),
                    message=f"Members of a {name} cannot be given {one}.",
                    hint=guess(one, able[name], f"They can be given {', '.join(able[name])}."),
                )


# --- what is named in one place and missing in another -------------------------------------------


def guess(word: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about a word that does not exist: the one it is a slip of, or what there is."""
    from gitops.suggest import did_you_mean

    return did_you_mean(word, known) or otherwise


def _unknown_team(path: Path, message: str, name: str, policy: Policy, otherwise: str) -> Problem:
    return Problem(path=path, message=message, hint=guess(name, policy.teams, otherwise))


def _people(policy: Policy) -> Problems:
    if OWN_TEAM in policy.teams:
        yield Problem(
            path=("teams", OWN_TEAM),
            message="A team cannot be called `team`.",
            hint="In `from:` that means the team that asks.",
            at_key=True,
        )
    seen: dict[tuple[str, str], int] = {}
    for index, person in enumerate(policy.people):
        if person.team not in policy.teams:
            yield _unknown_team(
                ("people", index, "team"),
                f"{person.name} is in the team {person.team}, which does not exist.",
                person.team,
                policy,
                "Add the team under teams, or correct the name.",
            )
        for key in ("email", "slack", "github"):
            if seen.setdefault((key, getattr(person, key).casefold()), index) != index:
                yield Problem(
                    path=("people", index, key),
                    message=f"Two people have the same {key}.",
                    hint="One id belongs to one person; otherwise one could act as the other.",
                )
        for number, login in enumerate(person.also):
            if policy.person(github=login) is not person or login.casefold() == person.github.casefold():
                yield Problem(
                    path=("people", index, "also", number),
                    message=f"The GitHub account {login} of {person.name} is listed twice.",
                    hint="One id belongs to one person; otherwise one could act as the other.",
                )
    logins = [person.github for person in policy.people]
    for name, team in policy.teams.items():
        for index, login in enumerate(team.approvers):
            if policy.person(github=login) is None:
                yield Problem(
                    path=("teams", name, "approvers", index),
                    message=f"The approver {login} of {name} is not among the people.",
                    hint=guess(login, logins, "Add the person under people, with the GitHub login."),
                )


def _catalogs(policy: Policy) -> Problems:
    for team, defaults in policy.default_catalog.items():
        if team not in policy.teams:
            yield _unknown_team(
                ("default_catalog", team),
                f"The team {team} does not exist.",
                team,
                policy,
                "Add it under teams.",
            )
        for environment, catalog in defaults.items():
            allowed = policy.catalogs_for(team, environment)
            if catalog not in allowed:
                otherwise = f"Add it under catalogs.{environment}, or choose one that is there."
                yield Problem(
                    path=("default_catalog", team, environment),
                    message=f"The catalog {catalog} is not one that {team} may use in {environment}.",
                    hint=guess(catalog, allowed, otherwise),
                )
    first: dict[str, str] = {}
    for environment, names in policy.catalogs.items():
        for index, name in enumerate(names):
            if first.setdefault(name.casefold(), environment) != environment:
                yield Problem(
                    path=("catalogs", environment, index),
                    message=f"The catalog {name} is also in {first[name.casefold()]}.",
                    hint="What is tried out in one environment would change the other: give each its own.",
                    rule="policy-shared-catalog",
                    severity=Severity.WARNING,
                )
    narrowed: list[tuple[Path, tuple[str, ...] | None]] = [
        *((("teams", name, "catalogs"), team.catalogs) for name, team in policy.teams.items()),
        *(
            (("classification", key, "catalogs"), data.catalogs)
            for key, data in policy.classification.items()
        ),
    ]
    for path, catalogs in narrowed:
        for index, catalog in enumerate(catalogs or ()):
            if catalog.casefold() not in first:
                yield Problem(
                    path=(*path, index),
                    message=f"The catalog {catalog} is in no environment.",
                    hint=guess(catalog, first, "Add it under catalogs."),
                )


def _groups(policy: Policy) -> Problems:
    used = [((*path, "from"), asked.groups) for path, asked in approvals_in(policy)]
    used.append((("approval_fallback",), policy.approval_fallback))
    if policy.exceptions is not None:
        used.append((("exceptions", "approvers"), policy.exceptions.approvers))
    for path, groups in used:
        own = path[-1] == "from"
        for index, group in enumerate(groups):
            if group not in policy.teams and not (own and group == OWN_TEAM):
                yield _unknown_team(
                    (*path, index),
                    f"Approvals are asked from {group}, which is no team.",
                    group,
                    policy,
                    "Name a team of this file" + (", or `team` for the team that asks." if own else "."),
                )


def _names(policy: Policy) -> Problems:
    for kind, naming in policy.naming.items():
        for key, text in (("default", naming.default), ("pattern", naming.pattern or "")):
            unknown = set(re.findall(r"\{([^}]*)\}", text)) - set(PLACEHOLDERS)
            if unknown or "{" in re.sub(r"\{\w+\}", "", text):
                yield Problem(
                    path=("naming", kind, key),
                    message=f"The name {text!r} has a placeholder that does not exist.",
                    hint="Use {team}, {name}, {name_} and {environment}.",
                )


def _kinds(policy: Policy, registry: Registry) -> Problems:
    """Kinds that are named exist, and defaults are values that their fields can have."""
    named: list[tuple[Path, str]] = [(("naming", kind), kind) for kind in policy.naming]
    for kind, others in policy.defaults.together.items():
        named.append((("defaults", "with", kind), kind))
        named += [(("defaults", "with", kind, index), other) for index, other in enumerate(others)]
    layers: list[tuple[Path, Any]] = [((), policy)]
    for section in ("environments", "classification", "teams"):
        layers += [((section, name), layer) for name, layer in getattr(policy, section).items()]
    for path, layer in layers:
        for kind, values in layer.defaults.fields.items():
            here = (*path, "defaults", "fields", kind)
            named.append((here, kind))
            if kind in registry:
                yield from _default_values(here, kind, values, registry)
    for path, kind in named:
        if kind not in registry:
            yield Problem(
                path=path,
                message=f"There is no kind of resource called {kind}.",
                hint=guess(kind, registry, f"Kinds are {', '.join(registry)}."),
                at_key=path[-1] == kind,
            )


def _default_values(path: Path, kind: str, values: Any, registry: Registry) -> Problems:
    from gitops.diagnosis import problem_of_value
    from gitops.model import fields_of

    spec = registry[kind].spec
    known = fields_of(spec)
    for name, value in values.items():
        if name not in known:
            yield Problem(
                path=(*path, name),
                message=f"A {kind} has no field called {name}.",
                hint=guess(name, known, f"Fields are {', '.join(known)}."),
                at_key=True,
            )
        elif (wrong := problem_of_value(value, spec, name)) is not None:
            yield Problem(
                path=(*path, *wrong.path),
                message=wrong.message,
                hint=wrong.hint.strip(),
                rule="policy-default",
            )


def _changes(policy: Policy, registry: Registry) -> Problems:
    from gitops.approval import changes

    known = changes(registry)
    for name in policy.approvals_for_change:
        if name not in known:
            yield Problem(
                path=("approvals_for_change", name),
                message=f"There is no change called {name}.",
                hint=guess(name, known, f"Write a field of a request, or one of {', '.join(known[:3])}."),
                at_key=True,
            )


# --- places within a value ------------------------------------------------------------------------


def _within(document: Document, place: Place, path: Path, line: int, column: int) -> Place:
    """A place within a text; the text's own place where its lines do not stand in the file as they are."""
    value: Any = document.data
    for part in path:
        value = value[part]
    wanted = str(value).split("\n")[line - 1] if isinstance(value, str) else ""
    lines = document.raw.decode("utf-8", "replace").split("\n")
    for number in range(place.line, max(place.end_line, place.line) + 1):
        text = lines[number - 1] if number <= len(lines) else ""
        start = text.find(wanted, place.column - 1 if number == place.line else 0) if wanted else -1
        if start >= 0:
            at = start + column
            return Place(place.file, number, at, number, at + 1, place.path)
    return place
