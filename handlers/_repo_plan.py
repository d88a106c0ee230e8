"""What would change for a repository to be as the request wants it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops.kind import Desired, require_ours
from gitops.markup import clip, visible
from gitops.plan import Change, Reason, RefusedChange, Verb
from handlers._repo_fields import RepoSpec, identity


@dataclass(frozen=True, kw_only=True)
class RepoState:
    """What stands, only what we manage.

    ``stands`` is false when there is no repository, but something to say: a wanted team is missing. ``teams``
    maps slugs that the file names to their permission; ``topics`` are those of the file that are set.
    ``renamed_to`` is where GitHub redirects the name.
    """

    stands: bool = True
    mark: str = ""
    visibility: str = ""
    description: str = ""
    topics: tuple[str, ...] = ()
    teams: Mapping[str, str]
    missing_teams: tuple[str, ...] = ()
    archived: bool = False
    renamed_to: str = ""
    url: str = ""


def plan(desired: Desired[RepoSpec], state: RepoState | None) -> Sequence[Change]:
    """Create or correct, then topics, then the access of each team; teams not in the file are left alone."""
    if state is not None:
        _refuse_where_wrong(desired, state)
    standing = state if state is not None and state.stands else None
    changes = [_create(desired)] if standing is None else list(_corrections(desired, standing))
    current = standing or RepoState(teams={})
    topics = sorted(set(desired.spec.topics))
    if set(topics) - set(current.topics):
        added = [topic for topic in topics if topic not in current.topics]
        changes.append(
            _change(
                desired,
                "topics",
                Verb.UPDATE,
                before={"topics": sorted(current.topics)},
                after={"topics": topics},
                summary=f"Add the topic{'s' if len(added) > 1 else ''} {', '.join(added)}",
            )
        )
    for entry in sorted(desired.spec.access, key=lambda entry: entry.team):
        held = current.teams.get(entry.team)
        if held != entry.permission:
            changes.append(
                _change(
                    desired,
                    f"access:{entry.team}",
                    Verb.UPDATE if held else Verb.CREATE,
                    before={"permission": held},
                    after={"team": entry.team, "permission": entry.permission},
                    summary=f"Let the team {entry.team} {entry.permission}"
                    + (f" instead of {held}" if held else ""),
                )
            )
    return changes


def _refuse_where_wrong(desired: Desired[RepoSpec], state: RepoState) -> None:
    name = desired.spec.name
    if state.missing_teams:
        raise RefusedChange(
            Reason.MISSING,
            f"The organisation has no team {', '.join(state.missing_teams)}.",
            "Write the team's slug as in its address on GitHub, or have the team made first.",
        )
    if not state.stands:
        return
    if state.renamed_to:
        raise RefusedChange(
            Reason.IMMUTABLE,
            f"The repository {name} is now called {state.renamed_to}.",
            "Rename it back on GitHub, or retire this request: its name in the file never changes.",
        )
    require_ours(desired, f"the repository {name}", state.mark)
    if state.archived:
        raise RefusedChange(
            Reason.IMMUTABLE,
            f"The repository {name} exists and is archived.",
            "Unarchive it on GitHub if its content is to be used again, or choose another name.",
        )


def _create(desired: Desired[RepoSpec]) -> Change:
    spec, origin = desired.spec, desired.origin
    return _change(
        desired,
        "repository",
        Verb.CREATE,
        before=None,
        after={
            "visibility": spec.visibility,
            "description": _description(origin.purpose),
            "mark": origin.request,
        },
        summary=f"Create the {spec.visibility} repository {origin.organisation}/{spec.name}",
    )


def _corrections(desired: Desired[RepoSpec], state: RepoState) -> Iterator[Change]:
    spec, origin = desired.spec, desired.origin
    if not state.mark:
        yield _change(
            desired,
            "mark",
            Verb.UPDATE,
            before={"mark": ""},
            after={"mark": origin.request},
            summary=f"Adopt the repository {origin.organisation}/{spec.name}",
        )
    live = {"visibility": state.visibility, "description": state.description}
    wanted = {"visibility": spec.visibility, "description": _description(origin.purpose)}
    changed = [key for key in wanted if live[key] != wanted[key]]
    if changed:
        words = {
            "visibility": f"make it {spec.visibility} instead of {state.visibility}",
            "description": "write the purpose into its description",
        }
        yield _change(
            desired,
            "settings",
            Verb.UPDATE,
            before={key: live[key] for key in changed},
            after={key: wanted[key] for key in changed},
            summary=f"{spec.name}: {' and '.join(words[key] for key in changed)}",
        )


def _description(purpose: str) -> str:
    """The purpose as GitHub takes it: at most 350 characters, no control characters."""
    return clip(" ".join(visible(purpose).split()), 350)


def _change(
    desired: Desired[RepoSpec],
    action: str,
    verb: Verb,
    *,
    before: Any,
    after: Mapping[str, Any],
    summary: str,
) -> Change:
    where = {"organisation": desired.origin.organisation, "name": desired.spec.name}
    return Change(
        kind="repo",
        identity=identity(desired.spec),
        action=action,
        verb=verb,
        before=before,
        after={**where, **after},
        summary=summary,
    )


def retire(desired: Desired[RepoSpec], state: RepoState) -> Sequence[Change]:
    """Archive: content and history stay, readable by those who could read it."""
    if not state.stands:
        return ()
    if state.mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The repository {desired.spec.name} does not belong to this request and is left alone.",
            "Nothing needs to be done: set `lifecycle: retired` once the rest is gone.",
        )
    return (
        _change(
            desired,
            "repository",
            Verb.REMOVE,
            before={"archived": False},
            after={"archived": True, "mark": desired.origin.request},
            summary=f"Archive the repository {desired.origin.organisation}/{desired.spec.name}",
        ),
    )
