"""Who gains and who loses what by a plan, read off its changes: pure, and the same for every kind.

A change that gives or takes says so in ``before`` and ``after`` in one of these forms:

- ``after.changes``: ``[{principal, add, remove}]``, on the resource itself;
- ``permission`` in both, with ``after.team`` or ``after.login``;
- ``access`` and ``users``: levels by principal; in ``after.gone`` the principals that lose theirs;
- the action ``use-catalog:PRINCIPAL`` with ``after.catalog``, what has to be held above;
- ``owner`` in both, and ``visibility`` where a whole organisation gets in.

A test holds every kind to it: whoever the file of a new resource names is found here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from gitops.plan import Change
    from gitops.policyfile import Policy

EVERYBODY = "everybody in the organisation"
_OPEN = ("internal", "public")
_NAMES = 5


class Shift(Struct, frozen=True, kw_only=True):
    """What one principal gains and loses on one thing; ``key`` is of the change that does it.

    ``thing`` is the name people know it by. ``replaces``: there everybody has one level, and what is gained
    takes the place of what is lost. ``through`` is what is given in the same plan on what the thing
    is in (``USE_CATALOG on ml_dev``), without which it would be of no use.
    """

    principal: str
    kind: str
    thing: str
    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    key: str = ""
    through: tuple[str, ...] = ()
    replaces: bool = False


def shifts(changes: Iterable[Change]) -> list[Shift]:
    """Everybody who gains or loses something, by principal and thing; the forms are those above."""
    found = [shift for change in changes for shift in _of(change) if shift.gains or shift.loses]
    given = {(one.principal.casefold(), one.thing): one.gains for one in found if one.gains}

    def through(one: Shift) -> Iterator[str]:
        parts = one.thing.split(".")
        for end in range(1, len(parts) if one.gains else 0):
            above = ".".join(parts[:end])
            for level in given.get((one.principal.casefold(), above), ()):
                yield f"{level} on {above}"

    complete = (replace(one, through=tuple(through(one))) for one in found)
    return sorted(complete, key=lambda one: (one.principal.casefold(), one.thing, one.key))


def _of(change: Change) -> Iterator[Shift]:
    before = change.before if isinstance(change.before, Mapping) else {}
    after = change.after if isinstance(change.after, Mapping) else {}
    levels = [*_permitted(change, before, after), *_listed(change, before, after)]
    several = [*_granted(change, after), *_used(change, after), *_opened(change, before, after)]
    for index, (who, thing, gains, loses) in enumerate((*levels, *several)):
        yield Shift(
            principal=str(who),
            kind=change.kind,
            thing=thing,
            gains=tuple(map(str, gains)),
            loses=tuple(map(str, loses)),
            key=change.key,
            replaces=index < len(levels),
        )


_Found = tuple[Any, str, Iterable[Any], Iterable[Any]]


def _granted(change: Change, after: Mapping[str, Any]) -> Iterator[_Found]:
    for one in _entries(after.get("changes")):
        if "principal" in one:
            yield one["principal"], change.identity, _texts(one.get("add")), _texts(one.get("remove"))


def _permitted(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[_Found]:
    who = after.get("team") or after.get("login")
    if who and "permission" in after:
        yield who, change.identity, _single(after["permission"]), _single(before.get("permission"))


def _listed(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[_Found]:
    gone = _mapping(after.get("gone"))
    for sort in ("access", "users"):
        had, gets, goes = _mapping(before.get(sort)), _mapping(after.get(sort)), _texts(gone.get(sort))
        for who in [*gets, *(one for one in goes if one not in gets)]:
            yield who, change.identity, _single(gets.get(who)), _single(had.get(who))


def _used(change: Change, after: Mapping[str, Any]) -> Iterator[_Found]:
    use, _, who = change.action.partition(":")
    if use.startswith("use-") and who and who == after.get("principal"):
        parent = after.get(use.removeprefix("use-"))
        if isinstance(parent, str):
            yield who, parent, (use.replace("-", "_").upper(),), ()


def _opened(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[_Found]:
    if after.get("owner") and "owner" in before:
        yield after["owner"], change.identity, ("ownership",), ()
        if before["owner"]:
            yield before["owner"], change.identity, (), ("ownership",)
    if isinstance(after.get("visibility"), str):
        was, becomes = before.get("visibility") in _OPEN, after["visibility"] in _OPEN
        if was != becomes:
            read = ("read",)
            yield EVERYBODY, change.identity, read if becomes else (), () if becomes else read


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _single(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)


def principals(found: Iterable[Shift], policy: Policy, members: Iterable[str]) -> dict[str, str]:
    """Who is behind the names, in words, as far as the policy knows; ``members`` are e-mails of the request.

    Of a group that is a team's, the people of the directory who are in that team; who else is in the group
    itself, only Databricks and GitHub know.
    """
    of_request = {one.casefold() for one in members}
    words = {one.principal: _behind(one.principal, policy, of_request) for one in found}
    return {name: said for name, said in words.items() if said}


def _behind(name: str, policy: Policy, members: set[str]) -> str:
    folded = name.casefold()
    person = policy.person(email=name) if "@" in name else policy.person(github=name)
    if "@" in name or (person is not None and not _team(folded, policy)):
        member = folded in members or (person is not None and person.email.casefold() in members)
        parts = [
            *([person.name, f"of the team {person.team}"] if person else ["nobody the policy knows"]),
            *(["a member of this request"] if member else []),
        ]
        return ", ".join(parts)
    team = _team(folded, policy)
    if not team:
        return ""
    people = sorted(one.name for one in policy.people if one.team == team)
    more = f" and {len(people) - _NAMES} more" if len(people) > _NAMES else ""
    return f"the team {team}" + (f": {', '.join(people[:_NAMES])}{more}" if people else "")


def _team(folded: str, policy: Policy) -> str:
    """The team whose group this is, on Databricks or on GitHub."""
    for name, team in policy.teams.items():
        if folded in (team.databricks_group.casefold(), team.github_team.casefold()):
            return name
    return ""
