"""Grants on a securable of Unity Catalog: what a request wants, what stands, the change, and sending it.

Source: the grants API of Databricks. It takes differences by principal, all of a securable in one call; what
was just made or granted may not be known to it for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops import grants
from gitops.kind import Desired, Held
from gitops.patience import until
from gitops.plan import Change, Stage, Verb
from handlers._unity import WHERE

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

# --- what a request wants -----------------------------------------------------------------------------------


def granted(spec: Any) -> dict[str, frozenset[str]]:
    """What the file grants, by principal."""
    return grants.union([{entry.principal: frozenset[str](entry.privileges)} for entry in spec.grants])


def wanted_of(desired: Desired[Any]) -> dict[str, frozenset[str]]:
    """Who shall hold what by this request: the groups of the file, and what the policy gives members."""
    return grants.union([granted(desired.spec), _given_to(desired, desired.origin.members)])


def given_of(desired: Desired[Any]) -> dict[str, frozenset[str]]:
    """What earlier versions of the request gave, to whom; of members, by what the policy says today."""
    former = _given_to(desired, desired.origin.former_members)
    return grants.union([former, *map(granted, desired.earlier)])


def _given_to(desired: Desired[Any], members: Iterable[str]) -> dict[str, frozenset[str]]:
    levels = frozenset(desired.origin.member_access.get(desired.spec.kind, ()))
    return {email: levels for email in members if levels}


def access_of(spec: Any, thing: str) -> Iterator[Held]:
    """The same for the audit: ``thing`` is the full name of what it is granted on."""
    for grant in spec.grants:
        yield Held(principal=grant.principal, levels=grant.privileges, thing=thing)


def staying(
    desired: Desired[Any],
    live: grants.Grants,
    thing: str,
    mode: grants.Mode,
    *,
    spared: Iterable[str] = (),
    others: grants.Grants | None = None,
) -> Iterator[Held]:
    """Who holds what that no version of the request gave, and that a plan of this mode leaves alone.

    ``spared`` are not spoken of: whoever made the thing, and those whom the policy lets in. ``others`` is
    what other requests give.
    """
    ours = grants.folded(grants.union([wanted_of(desired), given_of(desired), others or {}]))
    named = {who.casefold() for who in wanted_of(desired)} if mode == "named" else set()
    passed = named | {who.casefold() for who in spared}
    for who, names in sorted(grants.union([live]).items()) if mode != "authoritative" else ():
        given = ours.get(who.casefold(), frozenset())
        left = names - given - (grants.COVERED if grants.ALL in given else frozenset())
        if left and who.casefold() not in passed:
            yield Held(principal=who, levels=tuple(sorted(left)), thing=thing)


# --- what stands --------------------------------------------------------------------------------------------


def held(client: WorkspaceClient, securable: str, name: str) -> dict[str, frozenset[str]]:
    """What is granted directly on a securable, by principal."""
    return _assigned(lambda token: client.grants.get(securable, name, max_results=0, page_token=token))


def effective(client: WorkspaceClient, securable: str, name: str) -> dict[str, frozenset[str]]:
    """What holds on a securable, by principal: granted on it, or on what it is in."""
    return _assigned(
        lambda token: client.grants.get_effective(securable, name, max_results=0, page_token=token)
    )


def _assigned(page_of: Callable[[str | None], Any]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    token: str | None = None
    while True:
        page = page_of(token)
        for entry in page.privilege_assignments or ():
            names = (getattr(one, "privilege", one) for one in entry.privileges or ())
            privileges = grants.privileges(name.value for name in names if name)
            found[entry.principal or ""] = found.get(entry.principal or "", frozenset()) | privileges
        token = page.next_page_token
        if not token:  # a page may be empty and still have a next one
            return found


# --- the change ---------------------------------------------------------------------------------------------


def granting(
    place: Mapping[str, str],
    found: Sequence[grants.Difference],
    live: grants.Grants,
    *,
    kind: str,
    action: str = "grants",
    stage: Stage = Stage.NOW,
    details: Iterable[str] = (),
) -> Iterator[Change]:
    """The change that carries out differences; none where there are none. Of a later stage, it removes.

    ``place`` is what ``after`` says of where; the full name is under the name of the kind. ``live`` is what
    is held now.
    """
    if not found:
        return
    name, by_name = place[kind], grants.folded(live)
    before = {one.principal: by_name.get(one.principal.casefold(), frozenset[str]()) for one in found}
    after = grants.applied(before, found)
    verb = Verb.UPDATE if any(before.values()) else Verb.CREATE
    yield Change(
        kind=kind,
        identity=name,
        action=action,
        verb=verb if stage is Stage.NOW else Verb.REMOVE,
        before={"grants": {who: sorted(privileges) for who, privileges in before.items()}},
        after={
            **place,
            "grants": {who: sorted(after.get(who, ())) for who in before},
            "changes": [
                {"principal": one.principal, "add": list(one.add), "remove": list(one.remove)}
                for one in found
            ],
        },
        summary=f"{name}: " + "; ".join(f"{one.principal}: {_said(one)}" for one in found),
        details=tuple(details),
        removes=tuple(f"{one.principal} loses {privilege}" for one in found for privilege in one.remove),
        stage=stage,
    )


def _said(one: grants.Difference) -> str:
    parts = (("grant", one.add), ("take away", one.remove))
    return " and ".join(f"{word} {', '.join(names)}" for word, names in parts if names)


def differences(changes: Iterable[Mapping[str, Any]]) -> list[grants.Difference]:
    """What ``after`` of such a change says under ``changes``."""
    return [grants.Difference(one["principal"], tuple(one["add"]), tuple(one["remove"])) for one in changes]


# --- sending it ---------------------------------------------------------------------------------------------


def regrant(
    client: WorkspaceClient, securable: str, name: str, found: list[grants.Difference], *, going: bool
) -> None:
    """Send all differences, and wait until they read back; of what goes, nothing has to be there."""
    from databricks.sdk.errors import NotFound

    if not going:
        _send_and_wait(client, securable, name, found)
        return
    try:
        still = grants.folded(held(client, securable, name))
        found = [one for one in found if one.add or still.get(one.principal.casefold())]
        if found:
            _send_and_wait(client, securable, name, found)
    except NotFound:
        return


def _send_and_wait(
    client: WorkspaceClient, securable: str, name: str, found: Sequence[grants.Difference]
) -> None:
    def look() -> bool | None:
        return True if grants.shown(found, held(client, securable, name)) else None

    send(client, securable, name, found)
    until(look, what=f"The grants on {name}", where=WHERE)


def send(client: WorkspaceClient, securable: str, name: str, found: Iterable[grants.Difference]) -> None:
    """All differences in one call; what was just made, securable or principal, may be unknown for a while."""
    from databricks.sdk.errors import NotFound, ResourceConflict
    from databricks.sdk.service.catalog import PermissionsChange, Privilege

    body = [
        PermissionsChange(
            principal=one.principal,
            add=[Privilege(name) for name in one.add],
            remove=[Privilege(name) for name in one.remove],
        )
        for one in found
    ]

    def attempt() -> bool | None:
        try:
            client.grants.update(securable, name, changes=body)
        except (NotFound, ResourceConflict):
            return None
        return True

    who = ", ".join(sorted(one.principal or "" for one in body))
    until(attempt, what=f"The {securable} {name}, or one of {who},", where=WHERE)
