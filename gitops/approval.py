"""Who has to approve a request: a closed list of rules, each a group of people and how many of them.

Ids of rules: ``organisation``, ``environment-…``, ``classification-…`` and ``team-…`` are the ``approvals``
of the policy's layers; ``cost`` is asked for above a monthly cost, ``change-…`` by an edit of what is merged,
and ``exception-…`` by an exception that the request records. ``requester-unlinked`` asks for two people where
nobody knows the requester's GitHub login.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import cost
from gitops.cost import Money
from gitops.envelope import Metadata
from gitops.layers import Approvals, Asked
from gitops.model import fields_of
from gitops.policycheck import OWN_TEAM
from gitops.policyfile import Policy
from gitops.request import Loaded, desired

if TYPE_CHECKING:
    from gitops.kind import Registry

REMOVAL, ADDITION, RISKY = "removal", "addition", "risky"
"""Changes that are no field: something is taken away; a resource is new; a field is edited that is risky."""

UNLINKED = "requester-unlinked"
"""Id of the rule for a requester who may be anybody on GitHub: one of two people is not the one who asked."""

_CHANGE_WORDS = {
    REMOVAL: "Taking something away",
    ADDITION: "A further resource",
    RISKY: "An edit of who may, where or how visible",
}


class ApprovalRule(Struct, frozen=True):
    """At least ``count`` different people out of ``approvers`` (GitHub logins); ``why`` begins a sentence.

    The requester is never among the approvers. One person counts for every rule that names them.
    """

    id: str
    count: int
    approvers: frozenset[str]
    why: str

    def as_json(self) -> dict[str, Any]:
        """All fields; the approvers sorted."""
        return {
            "id": self.id,
            "count": self.count,
            "approvers": sorted(self.approvers),
            "why": self.why,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ApprovalRule:
        """The inverse of :meth:`as_json`."""
        people = frozenset(map(str, data["approvers"]))
        return cls(str(data["id"]), int(data["count"]), people, str(data["why"]))


def approvals(loaded: Loaded, policy: Policy, registry: Registry) -> tuple[ApprovalRule, ...]:
    """The rules that must all hold before a request is carried out: all but those for a change."""
    money = cost.estimate(desired(loaded, policy), registry, policy.monthly_cost.currency)
    return rules_of(loaded.request.metadata, policy, money)


def rules_of(metadata: Metadata, policy: Policy, money: Money | None) -> tuple[ApprovalRule, ...]:
    """The same, for a cost that is known already."""
    where = (metadata.team, metadata.environment, metadata.data_classification)
    dear = money is not None and money.high > policy.monthly_cost.approvals_above
    requester = logins_of_requester(metadata, policy)
    key = ("approvals", *where, dear, requester)
    found: tuple[ApprovalRule, ...] | None = policy.memo.get(key)
    if found is None:
        asked = [*policy.effective(*where).approvals, *([_for_cost(policy)] if dear else [])]
        found = tuple(rule for one in asked for rule in _rules(one, metadata.team, requester, policy))
        if not requester:
            found = (*found, _unlinked(found, metadata.team, policy))
        policy.memo[key] = found
    return (*found, *_exceptions(metadata, requester, policy)) if metadata.exceptions else found


def rules_for_changes(changed: Iterable[str], metadata: Metadata, policy: Policy) -> tuple[ApprovalRule, ...]:
    """The rules that an edit of a merged request needs besides.

    ``changed`` are the fields that are edited, as :func:`changes` calls them: ``grants`` for any grant of any
    resource, ``members`` and the like for the metadata, and :data:`REMOVAL`, :data:`ADDITION`, :data:`RISKY`.
    """
    names = set(changed)
    requester = logins_of_requester(metadata, policy)
    return tuple(
        rule
        for name, asked in policy.approvals_for_change.items()
        if name in names
        for rule in _rules(
            Asked(f"change-{name}", _why_changed(name), asked), metadata.team, requester, policy
        )
    )


def changes(registry: Registry) -> tuple[str, ...]:
    """What ``approvals_for_change`` can name: the three words, and the fields of requests."""
    fields = [*fields_of(Metadata), *(name for kind in registry.values() for name in fields_of(kind.spec))]
    return tuple(dict.fromkeys((REMOVAL, ADDITION, RISKY, *fields)))


def _why_changed(name: str) -> str:
    return _CHANGE_WORDS.get(name) or f"An edit of {name.replace('_', ' ')}"


def _for_cost(policy: Policy) -> Asked:
    limit = policy.monthly_cost
    return Asked("cost", f"A monthly cost above {limit.approvals_above:,} {limit.currency}", limit.approvals)


def _rules(asked: Asked, team: str, requester: frozenset[str], policy: Policy) -> Iterator[ApprovalRule]:
    """One rule for each group that must be represented, and one for the number of people in all."""
    groups = _groups(asked.approvals, team)
    if len(groups) == 1:
        count = asked.approvals.count
        people = people_for(groups, count, requester, policy)
        yield ApprovalRule(asked.id, count, people, asked.why)
        return
    for group in groups:
        people = people_for((group,), 1, requester, policy)
        yield ApprovalRule(f"{asked.id}-{group}", 1, people, f"{asked.why} (somebody for {group})")
    count = asked.approvals.count
    yield ApprovalRule(asked.id, count, people_for(groups, count, requester, policy), asked.why)


def _groups(asked: Approvals, team: str) -> tuple[str, ...]:
    """The teams that are asked, each once; ``team`` is the one that asks."""
    return tuple(dict.fromkeys(team if group == OWN_TEAM else group for group in asked.groups))


def most_approvers(asked: Approvals, team: str, policy: Policy) -> int:
    """How many people could approve at most, if the requester were none of them."""
    return len(people_for(_groups(asked, team), asked.count, frozenset(), policy))


def _exceptions(metadata: Metadata, requester: frozenset[str], policy: Policy) -> Iterator[ApprovalRule]:
    """For each exception, the very person it names: writing a name into a file is no approval.

    Where the policy no longer lets that person except anybody, it is any of those whom it does.
    """
    if policy.exceptions is None:
        return
    may = people_for(policy.exceptions.approvers, 1, requester, policy)
    for one in metadata.exceptions:
        named = frozenset(login for login in may if login.casefold() == one.approver.casefold())
        yield ApprovalRule(f"exception-{one.rule}", 1, named or may, f"The exception to {one.rule}")


def _unlinked(rules: Iterable[ApprovalRule], team: str, policy: Policy) -> ApprovalRule:
    """Two different people, of all who approve anything here, those of the team and those who stand in."""
    groups = [name for name in (team, *policy.approval_fallback) if name in policy.teams]
    people = {login for rule in rules for login in rule.approvers}
    people |= {login for name in groups for login in policy.teams[name].approvers}
    return ApprovalRule(UNLINKED, 2, frozenset(people), "A requester without a known GitHub account")


def logins_of_requester(metadata: Metadata, policy: Policy) -> frozenset[str]:
    """The requester's logins by the file and by the directory, in lower case.

    Leaving the login out of the file, or a second account, helps nobody to approve their own request.
    """
    by = metadata.requested_by
    known = (policy.person(slack=by.slack), policy.person(github=by.github) if by.github else None)
    logins = (by.github or "", *(login for person in known if person for login in person.logins))
    return frozenset(login.casefold() for login in logins if login)


def people_for(
    groups: tuple[str, ...], count: int, requester: frozenset[str], policy: Policy
) -> frozenset[str]:
    """The approvers of these teams without the requester; where too few are left, also those that stand in.

    A team that the policy does not know has no approvers, and nobody stands in for it.
    """
    found: set[str] = set()
    if not all(group in policy.teams for group in groups):
        return frozenset()
    for group in (*groups, *policy.approval_fallback):
        if group not in groups and len(found) >= count:
            break
        found |= {login for login in policy.teams[group].approvers if login.casefold() not in requester}
    return frozenset(found)
