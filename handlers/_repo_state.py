"""What stands of a repository, and which parts of it a request has a say in: values, nothing is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Unpack

from gitops.kind import Desired
from gitops.plan import Change, Further, Verb
from handlers._repo_fields import LEVELS, RepoSpec, identity


@dataclass(frozen=True, kw_only=True)
class RepoState:
    """What stands, only what we manage.

    ``stands`` is false when there is no repository, but something to say: a wanted team is missing, somebody
    is not in the organisation. ``teams`` maps the slugs that the file or an earlier version names to their
    permission; ``topics`` are those of them that are set. ``people`` maps logins in lower case, of members
    and former members, to what they hold themselves; an invitation that is open counts. ``outside`` are
    members who hold nothing and are not in the organisation, ``owners`` those who own it. ``settings`` is
    what the policy manages (:mod:`handlers._repo_settings`). ``missing_secrets`` are names.
    ``renamed_to`` is where GitHub redirects the name.
    """

    stands: bool = True
    mark: str = ""
    visibility: str = ""
    description: str = ""
    topics: tuple[str, ...] = ()
    teams: Mapping[str, str] = field(default_factory=dict)
    missing_teams: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    outside: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    missing_secrets: tuple[str, ...] = ()
    archived: bool = False
    renamed_to: str = ""
    url: str = ""


def topics(desired: Desired[RepoSpec]) -> tuple[frozenset[str], frozenset[str]]:
    """The topics that the file names, and those that only earlier versions of it named."""
    wanted = frozenset(desired.spec.topics)
    return wanted, frozenset(topic for spec in desired.earlier for topic in spec.topics) - wanted


def teams(desired: Desired[RepoSpec]) -> tuple[dict[str, str], frozenset[str]]:
    """What each team is to have, by slug, and the teams that only earlier versions named."""
    wanted = {entry.team: str(entry.permission) for entry in desired.spec.access}
    before = frozenset(entry.team for spec in desired.earlier for entry in spec.access)
    return wanted, before - wanted.keys()


def people(desired: Desired[RepoSpec]) -> tuple[dict[str, str], frozenset[str], tuple[str, ...]]:
    """What each member is to have, by login in lower case; former members; members without a known login.

    The policy says what members get; where it gives nothing on a repository, nobody's access is looked at.
    """
    origin = desired.origin
    given = origin.member_access.get("repo", ())
    if not given:
        return {}, frozenset(), ()
    level = max(given, key=LEVELS.index)
    wanted = {origin.people[one].lower(): level for one in origin.members if one in origin.people}
    former = {origin.people[one].lower() for one in origin.former_members if one in origin.people}
    return (
        wanted,
        frozenset(former - wanted.keys()),
        tuple(o for o in origin.members if o not in origin.people),
    )


def marker(desired: Desired[RepoSpec]) -> str:
    """What tells the run of a workflow that makes this repository from all other runs."""
    return f"{desired.origin.request}/{desired.spec.name}"


def change(
    desired: Desired[RepoSpec],
    action: str,
    verb: Verb,
    *,
    after: Mapping[str, Any],
    summary: str,
    **further: Unpack[Further],
) -> Change:
    """A change of the repository; ``after`` also gets its name and its organisation."""
    where = {"organisation": desired.origin.organisation, "name": desired.spec.name}
    return Change(
        kind="repo",
        identity=identity(desired.spec),
        action=action,
        verb=verb,
        after={**where, **after},
        summary=summary,
        **further,
    )
