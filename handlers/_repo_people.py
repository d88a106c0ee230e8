"""The access of members of a request to its repository: what would change, pure."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.kind import Desired
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._repo_fields import RepoSpec
from handlers._repo_state import RepoState, change, people


def require_known(desired: Desired[RepoSpec], state: RepoState | None) -> None:
    """Refuse members whose login nobody knows, and who are not in the organisation and may not be invited."""
    origin = desired.origin
    _, _, unknown = people(desired)
    if unknown:
        raise RefusedChange(
            Reason.MISSING,
            f"Nobody knows the GitHub login of {', '.join(unknown)}.",
            "Have them added to `people` of the policy, or take them out of the members.",
        )
    outside = state.outside if state is not None else ()
    if outside and (origin.repositories is None or origin.repositories.invite is None):
        raise RefusedChange(
            Reason.MISSING,
            f"{', '.join(outside)} {'is' if len(outside) == 1 else 'are'} not in the organisation "
            f"{origin.organisation} on GitHub.",
            "Have an owner of the organisation invite them, or take them out of the members.",
        )


def corrections(desired: Desired[RepoSpec], state: RepoState | None) -> Iterator[Change]:
    """What members get, and what people lose who are members no more; nobody else is looked at."""
    wanted, former, _ = people(desired)
    held = state.people if state is not None else {}
    outside = state.outside if state is not None else ()
    owners = state.owners if state is not None else ()
    policy = desired.origin.repositories
    for login, level in sorted(wanted.items()):
        stands = held.get(login)
        if stands == level or login in owners:
            continue
        invite = policy.invite if policy is not None and login in outside else None
        yield change(
            desired,
            f"person:{login}",
            Verb.UPDATE if stands else Verb.CREATE,
            before={"permission": stands},
            after={"login": login, "permission": level, "invite": invite},
            summary=f"Let {login} {level}" + (f" instead of {stands}" if stands else ""),
            details=(f"{login} is not in the organisation and is invited to the {invite}.",)
            if invite
            else (),
        )
    for login in sorted(former & held.keys() - set(owners)):
        yield taken(desired, login, held[login])


def taken(desired: Desired[RepoSpec], login: str, held: str) -> Change:
    """The change that takes what somebody holds."""
    return change(
        desired,
        f"person:{login}",
        Verb.REMOVE,
        before={"permission": held},
        after={"login": login, "permission": None, "invite": None},
        summary=f"Take {held} from {login}",
        removes=(f"{login} loses {held}",),
    )
