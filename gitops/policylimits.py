"""Limits of a policy file that contradict each other, have no effect, or could never be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.finding import Severity
from gitops.layers import Effective, Layer, Level, combine, distribution_name
from gitops.policycheck import OWN_TEAM, Problem, Problems, approvals_in, guess
from gitops.vocabulary import SIZES

if TYPE_CHECKING:
    from gitops.policyfile import Policy
    from gitops.yamlfile import Document
    from gitops.yamltext import Path

_COLLECTIONS = (dict, list)


def problems(policy: Policy, document: Document) -> Problems:
    """Everything about limits and approvals that the file as a whole shows."""
    yield from _twice(document.data)
    yield from _cost(policy)
    yield from _approvals(policy)
    for level, above in _levels(policy):
        yield from _wider(level, above)
        yield from _contradictions(level, policy)


def _twice(data: Mapping[str, Any]) -> Problems:
    """Entries that a list of words has twice."""
    waiting: list[tuple[Path, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        seen: set[str] = set()
        for key, entry in entries:
            if isinstance(entry, _COLLECTIONS):
                waiting.append(((*path, key), entry))
            elif isinstance(value, list) and isinstance(entry, str):
                if entry.casefold() in seen:
                    yield Problem(
                        path=(*path, key),
                        message=f"{entry} is there twice.",
                        hint="Delete one of the two.",
                        rule="policy-twice",
                        severity=Severity.WARNING,
                    )
                seen.add(entry.casefold())


def _cost(policy: Policy) -> Problems:
    limit = policy.monthly_cost
    if limit.approvals_above > limit.refuse_above:
        yield Problem(
            path=("monthly_cost", "approvals_above"),
            message="The extra approval would only be asked for above the cost that is refused anyway.",
            hint="Set approvals_above to at most refuse_above.",
            rule="policy-contradiction",
        )


def _approvals(policy: Policy) -> Problems:
    """Approvals that there are too few people to give, even when everybody else asked."""
    from gitops.approval import most_approvers

    for path, asked in approvals_in(policy):
        groups = asked.groups
        if not all(group == OWN_TEAM or group in policy.teams for group in groups):
            continue  # said already
        for team in policy.teams if OWN_TEAM in groups else ("",):
            if team and len({*policy.teams[team].approvers}) >= asked.count:
                continue  # enough of its own; there are hundreds of teams
            have = most_approvers(asked, team, policy)
            if have < asked.count:
                whose = f" when {team} asks" if team else ""
                yield Problem(
                    path=(*path, "count") if asked.count > 1 else path,
                    message=f"{asked.count} people have to approve, and{whose} there are only {have}.",
                    hint="Name another group, add approvers to a team, or an approval_fallback.",
                    rule="policy-approvals",
                )
                break


# --- layers ---------------------------------------------------------------------------------------


def _levels(policy: Policy) -> Iterator[tuple[Level, Sequence[Effective]]]:
    """Each layer with what holds above it; above a team are all environments, one of which it will be in."""
    top = Level(policy.organisation, (), policy)
    organisation = [combine(policy, (top,), "")]
    environments = [policy.effective("", name, "") for name in policy.environments]
    yield top, ()
    for section, above in (
        ("environments", organisation),
        ("classification", organisation),
        ("teams", environments),
    ):
        layers: Mapping[str, Layer] = getattr(policy, section)
        for name, layer in layers.items():
            if section == "teams" and name not in policy.teams_with_limits:
                continue  # one of hundreds that say nothing of their own
            who = f"{name} data" if section == "classification" else name
            yield Level(who, (section, name), layer), above


def _wider(level: Level, above: Sequence[Effective]) -> Problems:
    """Limits that are wider than what holds above: nothing gets wider on the way down."""
    says, path = level.says, level.path
    if not above:
        return
    if says.max_size and all(_rank(says.max_size) > _rank(one.max_size.value) for one in above):
        most = max((one.max_size.value for one in above), key=_rank)
        yield _no_effect((*path, "max_size"), level, f"the size {says.max_size}", f"at most {most}")
    if says.gpu and not any(one.gpu.value for one in above):
        yield _no_effect((*path, "gpu"), level, "a GPU", "none")
    days = [one.max_lifetime_days.value for one in above]
    longest = max((day for day in days if day is not None), default=0)
    if says.max_lifetime_days and None not in days and says.max_lifetime_days > longest:
        allowed = f"{says.max_lifetime_days} days"
        yield _no_effect((*path, "max_lifetime_days"), level, allowed, f"at most {longest}")
    if says.visibility == "internal" and all(one.visibility.value == "private" for one in above):
        yield _no_effect((*path, "visibility"), level, "internal repositories", "only private ones")
    offered = [name for one in above for name in one.templates.value]
    for index, name in enumerate(says.templates or ()):
        if name not in offered:
            here = (*path, "templates", index)
            yield _no_effect(here, level, f"the template {name}", "not", guess(name, offered, ""))
    for index, pattern in enumerate(says.node_families or ()):
        if all(one.node_refused(pattern) for one in above):
            yield _no_effect((*path, "node_families", index), level, pattern, "not")
    for index, name in enumerate(says.libraries.allowed or ()):
        if all(one.library_refused(name) for one in above):
            yield _no_effect((*path, "libraries", "allowed", index), level, f"the library {name}", "not")


def _no_effect(path: Path, level: Level, what: str, only: str, guessed: str = "") -> Problem:
    above = "no environment does" if path[0] == "teams" else "the organisation does not"
    if only != "not":
        above = f"{'every environment' if path[0] == 'teams' else 'the organisation'} allows {only}"
    return Problem(
        path=path,
        message=f"{level.who} allows {what}, but {above}: it has no effect.",
        hint=guessed or "Limits only get narrower towards the team: leave it out, or widen what is above.",
        rule="policy-wider",
        severity=Severity.WARNING,
    )


def _rank(size: str) -> int:
    return SIZES.index(size)


def _contradictions(level: Level, policy: Policy) -> Problems:
    says, path = level.says, level.path
    denied = set(map(distribution_name, says.libraries.denied))
    for index, name in enumerate(says.libraries.allowed or ()):
        if distribution_name(name) in denied:
            yield Problem(
                path=(*path, "libraries", "allowed", index),
                message=f"The library {name} is allowed and denied.",
                hint="Denied wins: delete it from one of the two.",
                rule="policy-contradiction",
            )
    top = Level(policy.organisation, (), policy)
    holds = combine(policy, (top,) if says is policy else (top, level), "")
    for kind, values in says.defaults.fields.items():
        for name, value in values.items():
            if _beyond(holds, name, value):
                yield Problem(
                    path=(*path, "defaults", "fields", kind, name),
                    message=f"The default {name} of a {kind} is more than {level.who} allows.",
                    hint="Write a default within the limits, or raise the limit.",
                    rule="policy-contradiction",
                )


def _beyond(holds: Effective, name: str, value: Any) -> bool:
    """Whether the value of a field is not within what holds; of other fields, nothing is known here."""
    match name:
        case "size":
            return value in SIZES and _rank(value) > _rank(holds.max_size.value)
        case "gpu":
            return value is True and not holds.gpu.value
        case "visibility":
            return holds.visibility.value not in (None, value)
        case "template":
            return value not in holds.templates.value
        case _:
            return False
