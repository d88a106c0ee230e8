"""What would change in the lists of compute: its libraries, and who may use it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops.kind import Desired
from gitops.plan import Change, Verb
from handlers._compute_fields import OWNER, ComputeSpec, distribution, members_get
from handlers._compute_state import ComputeState, change_of

ACCESS, USERS = "access", "users"


def libraries(desired: Desired[ComputeSpec], live: frozenset[str]) -> Iterator[Change]:
    """Install what is missing; another version, and what the file had and has no more, goes."""
    wanted = set(desired.spec.libraries)
    install = sorted(wanted - live)
    dropped = {distribution(one) for spec in desired.earlier for one in spec.libraries}
    names = {distribution(one) for one in wanted}
    gone = {one for one in live - wanted if distribution(one) in dropped - names}
    versions = {one for one in live if distribution(one) in names} if install else set()
    uninstall = sorted(gone | (versions - wanted))
    if not install and not uninstall:
        return
    words = [f"install {', '.join(install)}"] if install else []
    if uninstall:
        when = "from its next run on" if desired.spec.type == "job" else "at its next restart"
        words.append(f"take out {', '.join(uninstall)} {when}")
    yield change_of(
        desired,
        "libraries",
        Verb.UPDATE,
        before={"libraries": sorted(versions | gone)},
        after={"libraries": sorted(wanted), "install": install, "uninstall": uninstall},
        summary=f"{desired.spec.name}: {'; '.join(words)}",
        removes=tuple(f"the library {one}" for one in uninstall),
    )


def access(desired: Desired[ComputeSpec], state: ComputeState) -> Iterator[Change]:
    wanted = {
        ACCESS: {entry.principal: str(entry.level) for entry in desired.spec.access},
        USERS: members_get(desired),
    }
    held: dict[str, Mapping[str, str]] = {ACCESS: state.access, USERS: state.users}
    changed = {
        sort: {who: level for who, level in sorted(each.items()) if held[sort].get(who) not in (level, OWNER)}
        for sort, each in wanted.items()
    }
    gone = {
        sort: {who: level for who, level in given_of(each).items() if who not in wanted[sort]}
        for sort, each in held.items()
    }
    if not any(changed.values()) and not any(gone.values()):
        return
    before = {
        sort: {who: held[sort].get(who) for who in [*each, *gone[sort]]} for sort, each in changed.items()
    }
    lets = [
        f"{who} {level}" + (f" instead of {held[sort][who]}" if who in held[sort] else "")
        for sort, each in changed.items()
        for who, level in each.items()
    ]
    loses = [f"{who} loses {level}" for each in gone.values() for who, level in each.items()]
    words = ([f"let {', '.join(lets)}"] if lets else []) + loses
    yield change_of(
        desired,
        "access",
        Verb.UPDATE,
        before=said(before),
        after=said(changed)
        | ({"gone": said({sort: sorted(each) for sort, each in gone.items()})} if loses else {}),
        summary=f"{desired.spec.name}: {'; '.join(words)}",
        removes=tuple(loses),
    )


def given_of(held: Mapping[str, str]) -> dict[str, str]:
    """Who holds what a file can have given, in the order of names."""
    return {who: level for who, level in sorted(held.items()) if level != OWNER}


def said(found: Mapping[str, Any]) -> dict[str, Any]:
    return {sort: each for sort, each in found.items() if each}
