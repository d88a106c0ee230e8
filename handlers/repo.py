"""A GitHub repository in the organisation: visibility, topics, and what teams may do in it.

The owner mark is the custom property ``lakeport-request``. A repository is never deleted: retiring archives
it. An archived repository of ours is absent for a request that retires, and stands for one that asks for it
again: that one is refused, since unarchiving brings old content and access back, which people must decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from gitops.clients import organisation_github, translate
from gitops.errors import ConfigurationError, StalePlan
from gitops.kind import Desired, Held, Kind
from gitops.patience import until
from gitops.plan import Change, Verb
from handlers._repo_fields import RULES, RepoSpec, derive, identity
from handlers._repo_plan import RepoState, plan, retire

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository


MARK = "lakeport-request"
"""The custom property that names the request; an owner of the organisation defines it once, as text."""


T = TypeVar("T")


def _known(look: Callable[[], T]) -> T | None:
    """What ``look`` gives; ``None`` where GitHub says: no such thing, or (409) nothing in it yet."""
    from github import GithubException

    try:
        return look()
    except GithubException as error:
        if error.status in (404, 409):
            return None
        raise


def read(desired: Desired[RepoSpec], client: Github) -> RepoState | None:
    """Three calls for a repository that stands, and one for each wanted team that holds nothing in it yet.

    An archived repository of ours is absent for a request that is retiring or retired.
    """
    spec, origin = desired.spec, desired.origin
    full_name = f"{origin.organisation}/{spec.name}"
    with translate("GitHub"):
        found = _known(partial(client.get_repo, full_name))
        if found is None:
            missing = _missing_teams(client, desired, ()) if origin.lifecycle == "active" else ()
            return RepoState(stands=False, teams={}, missing_teams=missing) if missing else None
        mark = _mark(found)
        if found.archived and mark == origin.request and origin.lifecycle != "active":
            return None
        wanted = {entry.team for entry in spec.access}
        teams = {team.slug: _permission(team.permission) for team in found.get_teams() if team.slug in wanted}
        return RepoState(
            mark=mark,
            visibility=found.visibility,
            description=found.description or "",
            topics=tuple(topic for topic in spec.topics if topic in (found.topics or [])),
            teams=teams,
            missing_teams=_missing_teams(client, desired, teams),
            archived=found.archived,
            renamed_to="" if found.full_name.casefold() == full_name.casefold() else found.full_name,
            url=found.html_url,
        )


def _permission(name: str) -> str:
    """The permission as the file spells it; GitHub says ``read`` and ``write`` in places."""
    return {"read": "pull", "write": "push"}.get(name, name)


def _missing_teams(client: Github, desired: Desired[RepoSpec], there: Iterable[str]) -> tuple[str, ...]:
    unseen = sorted({entry.team for entry in desired.spec.access} - set(there))
    if not unseen:
        return ()
    organisation = client.get_organization(desired.origin.organisation)
    return tuple(slug for slug in unseen if _known(partial(organisation.get_team_by_slug, slug)) is None)


def apply(change: Change, client: Github) -> None:
    """One change; a repository that an interrupted run made is found and kept."""
    after = change.after
    full_name = f"{after['organisation']}/{after['name']}"
    with translate("GitHub"):
        if change.action == "repository" and change.verb is Verb.CREATE:
            _make(after, full_name, client)
            return
        found = client.get_repo(full_name)
        if change.action == "repository":
            _require_ours(found, after["mark"])
            if not found.archived:
                found.edit(archived=True)
        elif change.action == "mark":
            with _property_defined():
                found.update_custom_properties({MARK: after["mark"]})
        elif change.action == "settings":
            found.edit(**{key: after[key] for key in ("visibility", "description") if key in after})
        elif change.action == "topics":
            found.replace_topics(sorted({*found.get_topics(), *after["topics"]}))
        else:
            team = client.get_organization(after["organisation"]).get_team_by_slug(after["team"])
            team.update_team_repository(found, after["permission"])


def _make(after: Mapping[str, Any], full_name: str, client: Github) -> None:
    """Create unless it stands; then wait until its first commit can be read, as the scaffold needs it."""
    from github import GithubException

    there = _known(partial(client.get_repo, full_name))
    if there is not None:
        _require_ours(there, after["mark"])
    else:
        try:
            with _property_defined():
                client.get_organization(after["organisation"]).create_repo(
                    after["name"],
                    description=after["description"],
                    visibility=after["visibility"],
                    auto_init=True,
                    custom_properties={MARK: after["mark"]},
                )
        except GithubException as error:
            # A repeated POST after a lost answer: what it made the first time is ours.
            if error.status != 422 or "already exists" not in str(error.data):
                raise
    until(
        lambda: _readable(client, full_name, after["mark"]),
        what=f"The repository {full_name}",
        where="GitHub",
    )


def _readable(client: Github, full_name: str, mark: str) -> Repository | None:
    """A new repository once it shows, with its mark and its first commit."""
    found = _known(partial(client.get_repo, full_name))
    if found is None or not _mark(found):
        return None
    _require_ours(found, mark)
    return found if _known(lambda: found.get_git_ref(f"heads/{found.default_branch}")) else None


def _mark(found: Repository) -> str:
    return str((found.custom_properties or {}).get(MARK) or "")


def _require_ours(found: Repository, mark: str) -> None:
    if _mark(found) != mark:
        raise StalePlan(
            f"The repository {found.full_name} exists and does not belong to {mark}.",
            why="Somebody made it, or changed its owner mark, after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )


@contextmanager
def _property_defined() -> Iterator[None]:
    """GitHub's 422 for a custom property that the organisation has not defined, as what to do about it."""
    from github import GithubException

    try:
        yield
    except GithubException as error:
        if error.status == 422 and "propert" in str(error.data).lower():
            raise ConfigurationError(
                f"The organisation does not define the custom property {MARK}.",
                why="Every repository carries it as the mark of the request that owns it.",
                fix=f"An owner of the organisation adds {MARK} under Settings, Custom properties, as text.",
                where="GitHub",
            ) from None
        raise


def outputs(desired: Desired[RepoSpec], state: RepoState) -> Mapping[str, str]:
    """``url``: its page on GitHub."""
    del desired
    return {"url": state.url} if state.stands else {}


def access(spec: RepoSpec) -> Iterator[Held]:
    """What the file gives whom."""
    for one in spec.access:
        yield Held(principal=one.team, levels=(one.permission,), thing=spec.name)


KIND: Kind[RepoSpec, RepoState, Github] = Kind(
    name="repo",
    spec=RepoSpec,
    summary="a GitHub repository",
    aliases=("repository", "git repo", "github repo", "code repository", "git repository"),
    identity=identity,
    called=lambda spec: f"the repository {spec.name}",
    access=access,
    connect=organisation_github,
    read=read,
    plan=plan,
    retire=retire,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
)
