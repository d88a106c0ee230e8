"""Looking at repositories: one by one, or many by the lists of their organisation. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitops.kind import Desired, Marked
from gitops.policy_repositories import MARK
from handlers import _repo_api as api
from handlers import _repo_settings, _repo_workflow
from handlers._repo_fields import LEVELS, RepoSpec
from handlers._repo_state import RepoState, marker, people, teams, topics

if TYPE_CHECKING:
    from handlers._repo_api import Client

MANY = 10
"""From so many repositories on, the lists of an organisation cost less than asking for each."""

Row = Mapping[str, Any]
"""A repository as GitHub's API gives it."""


def read(desired: Desired[RepoSpec], client: Client) -> RepoState | None:
    """Two calls for a repository that stands; more for teams that hold nothing, members, and the policy.

    An archived repository of ours is absent for a request that is retiring or retired.
    """
    return _Look(client, desired.origin.organisation).state(desired)


def read_all(wanted: Sequence[Desired[RepoSpec]], client: Client) -> list[RepoState | None]:
    """The same for many: by lists where they are many, or where a quick look is all that is wanted."""
    looks: dict[str, _Look] = {}
    found = []
    for desired in wanted:
        organisation = desired.origin.organisation
        if organisation not in looks:
            of_it = [one for one in wanted if one.origin.organisation == organisation]
            looks[organisation] = _Look(client, organisation, by_lists=len(of_it) >= MANY)
        found.append(looks[organisation].state(desired))
    return found


def marked(client: Client) -> Iterator[Marked]:
    """Every repository that carries our mark and is not archived, of the organisations that let us in."""
    for organisation in _organisations(client):
        for row in api.listed(client, api.path("orgs", organisation, "repos")):
            if mark_of(row) and not row.get("archived"):
                yield Marked(
                    kind="repo",
                    identity=str(row["name"]).lower(),
                    request=mark_of(row),
                    called=f"the repository {row['name']}",
                    url=str(row.get("html_url", "")),
                )


def _organisations(client: Client) -> list[str]:
    """The account that an app is installed on; of a person, the organisations they are in."""
    first = api.absent(
        lambda: api.ask(client, "GET", "/installation/repositories", per_page="1"), 401, 403, 404
    )
    if first is not None:
        return [str(row["owner"]["login"]) for row in first["repositories"]]
    return [str(row["login"]) for row in api.listed(client, "/user/orgs")]


def mark_of(row: Row) -> str:
    """The request that a repository belongs to; empty for nobody's."""
    return str((row.get("custom_properties") or {}).get(MARK) or "")


def level_of(row: Row) -> str:
    """What a team or a person holds, as the file spells it; GitHub says ``read`` and ``write`` in places."""
    said = row.get("role_name") or row.get("permission") or row.get("permissions")
    if isinstance(said, Mapping):
        said = next((name for name in reversed(LEVELS) if said.get(name)), "")
    return {"read": "pull", "write": "push"}.get(str(said), str(said))


class _Look:
    """One look at an organisation: what is listed is listed once, and only when something needs it."""

    def __init__(self, client: Client, organisation: str, *, by_lists: bool = False) -> None:
        self._client = client
        self._organisation = organisation
        self._by_lists = by_lists
        self._team_rows: dict[str, dict[str, str] | None] = {}

    def state(self, desired: Desired[RepoSpec]) -> RepoState | None:
        origin = desired.origin
        row = self._row(desired)
        if row is None:
            return self._not_standing(desired)
        mark = mark_of(row)
        if not mark and self._half_made(desired):
            return self._not_standing(desired)
        if row["archived"] and mark == origin.request and origin.lifecycle != "active":
            return None
        full_name = f"{origin.organisation}/{desired.spec.name}"
        named = frozenset().union(*topics(desired))
        held, missing = self._teams(desired, row)
        persons, outside, owners = self._people(desired, row)
        settings, secrets = self._settings(desired, row)
        return RepoState(
            mark=mark,
            visibility=row["visibility"],
            description=row["description"] or "",
            topics=tuple(sorted(named & set(row.get("topics") or ()))),
            teams=held,
            missing_teams=missing,
            people=persons,
            outside=outside,
            owners=owners,
            settings=settings,
            missing_secrets=secrets,
            archived=row["archived"],
            renamed_to="" if row["full_name"].casefold() == full_name.casefold() else row["full_name"],
            url=row["html_url"],
        )

    def _not_standing(self, desired: Desired[RepoSpec]) -> RepoState | None:
        if desired.origin.lifecycle != "active":
            return None
        missing = self._missing_teams(teams(desired)[0])
        outside, owners = self._who(desired, {})
        if not (missing or outside or owners):
            return None
        return RepoState(stands=False, missing_teams=missing, outside=outside, owners=owners)

    def _half_made(self, desired: Desired[RepoSpec]) -> bool:
        """The organisation's workflow made it for this request, and nobody has put the mark on yet."""
        policy = desired.origin.repositories
        if policy is None or policy.workflow is None or desired.spec.adopt:
            return False
        return _repo_workflow.made(self._client, policy.workflow, marker(desired))

    # -- the repository itself -----------------------------------------------------------------------------

    @cached_property
    def _listed(self) -> dict[str, Row]:
        rows = api.listed(self._client, api.path("orgs", self._organisation, "repos"))
        if all("custom_properties" in row for row in rows):
            return {row["full_name"].lower(): row for row in rows}
        values = api.listed(self._client, api.path("orgs", self._organisation, "properties", "values"))
        by_name = {
            value["repository_full_name"].lower(): {
                one["property_name"]: one["value"] for one in value["properties"]
            }
            for value in values
        }
        return {
            name: row | {"custom_properties": by_name.get(name, {})}
            for row in rows
            for name in [row["full_name"].lower()]
        }

    def _row(self, desired: Desired[RepoSpec]) -> Row | None:
        """As the list has it; what a list lacks (new, renamed, merge settings) is asked for by itself."""
        origin, name = desired.origin, desired.spec.name
        merge = "merge" in _repo_settings.wanted(desired) and not desired.settled
        if self._by_lists and not merge:
            row = self._listed.get(f"{origin.organisation}/{name}".lower())
            if row is not None:
                return row
        found: Row | None = api.look(self._client, api.path("repos", origin.organisation, name))
        return found

    def _of(self, row: Row, *parts: str) -> str:
        return api.path("repos", *row["full_name"].split("/"), *parts)

    # -- who may what --------------------------------------------------------------------------------------

    def _teams(self, desired: Desired[RepoSpec], row: Row) -> tuple[dict[str, str], tuple[str, ...]]:
        wanted, before = teams(desired)
        if desired.settled:
            return wanted, ()
        named = wanted.keys() | before
        if self._by_lists:
            key = row["full_name"].lower()
            rows = {slug: self._team_repositories(slug) for slug in sorted(named)}
            held = {slug: there[key] for slug, there in rows.items() if there is not None and key in there}
        else:
            there = {one["slug"]: level_of(one) for one in api.listed(self._client, self._of(row, "teams"))}
            held = {slug: there[slug] for slug in sorted(named) if slug in there}
        return held, self._missing_teams(wanted.keys() - held.keys())

    def _missing_teams(self, slugs: Iterable[str]) -> tuple[str, ...]:
        return tuple(slug for slug in sorted(slugs) if not self._team_stands(slug))

    def _team_stands(self, slug: str) -> bool:
        if self._by_lists:
            return self._team_repositories(slug) is not None
        return api.look(self._client, api.path("orgs", self._organisation, "teams", slug)) is not None

    def _team_repositories(self, slug: str) -> dict[str, str] | None:
        """What a team holds, by full name in lower case; ``None`` for a team that is not there."""
        if slug not in self._team_rows:
            where = api.path("orgs", self._organisation, "teams", slug, "repos")
            rows = api.absent(lambda: api.listed(self._client, where))
            self._team_rows[slug] = (
                None if rows is None else {one["full_name"].lower(): level_of(one) for one in rows}
            )
        return self._team_rows[slug]

    def _people(
        self, desired: Desired[RepoSpec], row: Row
    ) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
        wanted, former, _ = people(desired)
        logins = wanted.keys() | former
        if desired.settled or not logins:
            return (dict(wanted) if desired.settled else {}), (), ()
        held = holders(self._client, str(row["full_name"]))
        found = {login: held[login][0] for login in sorted(logins) if login in held}
        return found, *self._who(desired, found)

    def _who(
        self, desired: Desired[RepoSpec], held: Mapping[str, str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Of the members who do not hold what they should: who is outside the organisation, who owns it."""
        wanted, former, _ = people(desired)
        differ = [login for login, level in sorted(wanted.items()) if held.get(login) != level]
        differ += sorted(former & held.keys())
        roles = {login: self._role(login) for login in differ}
        outside = tuple(login for login in differ if login in wanted and not (roles[login] or login in held))
        return outside, tuple(login for login in differ if roles[login] == "admin")

    def _role(self, login: str) -> str:
        """``admin`` | ``member``; empty for who is not in the organisation, or has yet to accept."""
        found = api.look(self._client, api.path("orgs", self._organisation, "memberships", login))
        return str(found["role"]) if found is not None and found["state"] == "active" else ""

    # -- what the policy wants -----------------------------------------------------------------------------

    def _settings(self, desired: Desired[RepoSpec], row: Row) -> tuple[dict[str, Any], tuple[str, ...]]:
        asked = _repo_settings.wanted(desired)
        if not asked and _repo_settings.missing_secrets(desired, set()) == ():
            return {}, ()
        found: dict[str, Any] = dict(asked)
        if "properties" in asked:
            live = row.get("custom_properties") or {}
            found["properties"] = {name: live.get(name) for name in asked["properties"]}
        if desired.settled:
            return found, ()
        if "merge" in asked:  # hidden from who may not change them: then they are taken to be as they should
            found["merge"] = {name: row.get(name, value) for name, value in asked["merge"].items()}
        if "environments" in asked:
            rows = api.listed(self._client, self._of(row, "environments"), "environments")
            found["environments"] = sorted({one["name"] for one in rows} & set(asked["environments"]))
        if "codeowners" in asked:
            found["codeowners"] = api.look(self._client, self._of(row, "codeowners", "errors")) is not None
        if "ruleset" in asked:
            given = ruleset(self._client, str(row["full_name"]))
            found["ruleset"] = given and _repo_settings.ruleset_of(given, asked["ruleset"]["bypass_apps"])
        return found, self._missing_secrets(desired, row)

    def _missing_secrets(self, desired: Desired[RepoSpec], row: Row) -> tuple[str, ...]:
        if not _repo_settings.missing_secrets(desired, set()):
            return ()
        there = {
            str(one["name"])
            for kind in ("secrets", "organization-secrets")
            for one in api.listed(self._client, self._of(row, "actions", kind), "secrets")
        }
        return _repo_settings.missing_secrets(desired, there)


def holders(client: Client, full_name: str) -> dict[str, tuple[str, int]]:
    """What people hold themselves, by login in lower case, and the id of the invitation where one is open."""
    where = ("repos", *full_name.split("/"))
    rows = api.listed(client, api.path(*where, "collaborators"), affiliation="direct")
    found = {one["login"].lower(): (level_of(one), 0) for one in rows}
    for one in api.listed(client, api.path(*where, "invitations")):
        invitee = one.get("invitee")
        if invitee and not one.get("expired"):
            level = level_of({"permission": one["permissions"]})
            found.setdefault(invitee["login"].lower(), (level, int(one["id"])))
    return found


def ruleset(client: Client, full_name: str) -> dict[str, Any] | None:
    """Our ruleset of a repository with its rules, which the list does not give."""
    where = ("repos", *full_name.split("/"), "rulesets")
    rows = api.listed(client, api.path(*where), includes_parents="false")
    ours = next((row for row in rows if row["name"] == _repo_settings.RULESET), None)
    return None if ours is None else api.look(client, api.path(*where, ours["id"]))
