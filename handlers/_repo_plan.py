"""What would change for a repository to be as the request wants it: pure, over what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from gitops.kind import Desired
from gitops.markup import clip, visible
from gitops.ownership import require_ours, require_ours_to_retire
from gitops.plan import Change, Reason, RefusedChange, Stage, Verb
from handlers import _repo_people, _repo_settings
from handlers._repo_fields import LEVELS, RepoSpec
from handlers._repo_state import RepoState, change, marker, people, teams, topics


def plan(desired: Desired[RepoSpec], state: RepoState | None) -> Sequence[Change]:
    """Create or correct, then topics, the access of teams and people, and last what the policy wants."""
    _repo_people.require_known(desired, state)
    if state is not None:
        _refuse_where_wrong(desired, state)
    standing = state if state is not None and state.stands else None
    changes = [_create(desired)] if standing is None else list(_corrections(desired, standing))
    changes += _topics(desired, standing)
    changes += _teams(desired, standing)
    changes += _repo_people.corrections(desired, state)
    changes += _repo_settings.corrections(desired, standing)
    if standing is not None and standing.missing_secrets and changes:
        note = _repo_settings.secrets_note(desired, standing.missing_secrets)
        changes[0] = replace(changes[0], details=(*changes[0].details, *note))
    return changes


def _topics(desired: Desired[RepoSpec], state: RepoState | None) -> Iterator[Change]:
    wanted, before = topics(desired)
    held = frozenset(state.topics) if state is not None else frozenset()
    added, gone = sorted(wanted - held), sorted(before & held)
    if not added and not gone:
        return
    words = [
        f"{verb} the topic{'s' if len(some) > 1 else ''} {', '.join(some)}"
        for verb, some in (("add", added), ("take away", gone))
        if some
    ]
    said = " and ".join(words)
    yield change(
        desired,
        "topics",
        Verb.UPDATE,
        before={"topics": sorted(held)},
        after={"topics": sorted(wanted)} | ({"without": gone} if gone else {}),
        summary=said[0].upper() + said[1:],
        removes=tuple(f"the topic {topic}" for topic in gone),
    )


def _teams(desired: Desired[RepoSpec], state: RepoState | None) -> Iterator[Change]:
    wanted, before = teams(desired)
    current = state.teams if state is not None else {}
    for team, permission in sorted(wanted.items()):
        held = current.get(team)
        if held != permission:
            yield change(
                desired,
                f"access:{team}",
                Verb.UPDATE if held else Verb.CREATE,
                before={"permission": held},
                after={"team": team, "permission": permission},
                summary=f"Let the team {team} {permission}" + (f" instead of {held}" if held else ""),
            )
    for team in sorted(before & current.keys()):
        yield _team_loses(desired, team, current[team])


def _team_loses(desired: Desired[RepoSpec], team: str, held: str, left: str | None = None) -> Change:
    return change(
        desired,
        f"access:{team}",
        Verb.REMOVE,
        before={"permission": held},
        after={"team": team, "permission": left},
        summary=f"Take {held} from the team {team}" + (f", which may still {left}" if left else ""),
        removes=(f"the team {team} loses {held}",),
    )


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
    spec, origin, policy = desired.spec, desired.origin, desired.origin.repositories
    asked = _repo_settings.wanted(desired)
    after: dict[str, Any] = {
        "visibility": spec.visibility,
        "description": _description(origin.purpose),
        "mark": origin.request,
        **{section: asked[section] for section in ("merge", "properties") if section in asked},
    }
    summary = f"Create the {spec.visibility} repository {origin.organisation}/{spec.name}"
    if policy is not None and policy.workflow is not None:
        workflow = policy.workflow
        inputs = _inputs(desired)
        after["workflow"] = {
            "repository": workflow.repository,
            "file": workflow.file,
            "ref": workflow.ref,
            "minutes": workflow.timeout_minutes,
            "marker": inputs["marker"],
            "inputs": {given: inputs[known] for known, given in sorted(workflow.inputs.given.items())},
        }
        summary += f" with the workflow {workflow.file} of {workflow.repository}"
    note = _repo_settings.secrets_note(desired, _repo_settings.missing_secrets(desired, set()))
    return change(desired, "repository", Verb.CREATE, before=None, after=after, summary=summary, details=note)


def _inputs(desired: Desired[RepoSpec]) -> dict[str, str]:
    """What a workflow may be given, by our name for it; all of it was checked with the file."""
    spec, origin = desired.spec, desired.origin
    return {
        "name": spec.name,
        "marker": marker(desired),
        "visibility": spec.visibility,
        "description": _description(origin.purpose),
        "team": origin.team,
        "github_team": origin.github_team,
        "environment": origin.environment,
        "data_classification": origin.data_classification,
        "cost_center": origin.cost_center,
        "business_owner": origin.business_owner,
        "technical_owner": origin.technical_owner,
        "topics": ",".join(sorted(set(spec.topics))),
        "request": origin.request,
    }


def _corrections(desired: Desired[RepoSpec], state: RepoState) -> Iterator[Change]:
    spec, origin = desired.spec, desired.origin
    if not state.mark:
        yield change(
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
        yield change(
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


def adopt(desired: Desired[RepoSpec], state: RepoState) -> Mapping[str, Any]:
    """What the file would say for what stands to be as wanted: of what it names, never of more."""
    spec = desired.spec
    known = [entry.team for entry in spec.access if state.teams.get(entry.team) in LEVELS]
    found: dict[str, Any] = {
        "access": [{"team": team, "permission": state.teams[team]} for team in known],
        "topics": [topic for topic in spec.topics if topic in state.topics],
    }
    if state.visibility in ("private", "internal"):  # the file knows no public ones
        found["visibility"] = state.visibility
    return found


def retire(desired: Desired[RepoSpec], state: RepoState) -> Sequence[Change]:
    """Take the access that was given, then archive: content and history stay.

    The team of the request may still read it, or nobody but owners could look up what was done. The access
    goes first, since an archived repository takes no change of it.
    """
    if not state.stands:
        return ()
    require_ours_to_retire(desired, f"the repository {desired.spec.name}", state.mark)
    return (
        *(replace(one, stage=Stage.REVOKE) for one in _revoked(desired, state)),
        change(
            desired,
            "repository",
            Verb.REMOVE,
            before={"archived": False},
            after={"archived": True, "mark": desired.origin.request},
            summary=f"Archive the repository {desired.origin.organisation}/{desired.spec.name}",
            stage=Stage.REMOVE,
        ),
    )


def _revoked(desired: Desired[RepoSpec], state: RepoState) -> Iterator[Change]:
    wanted, before = teams(desired)
    for team in sorted((wanted.keys() | before) & state.teams.keys()):
        left = "pull" if team == desired.origin.github_team else None
        if state.teams[team] != left:
            yield _team_loses(desired, team, state.teams[team], left)
    members, former, _ = people(desired)
    for login in sorted((members.keys() | former) & state.people.keys() - set(state.owners)):
        yield _repo_people.taken(desired, login, state.people[login])
