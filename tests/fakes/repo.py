"""GitHub in memory, as far as repositories are made and kept; a call that it does not know fails."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

from github import GithubException

from gitops.policy_repositories import Inputs, Merge, Repositories, RepositoryWorkflow, Ruleset

PROPERTY = "lakeport-request"
ORGANISATION = "acme"
ROLES = {"pull": "read", "push": "write"}
OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
MERGE = (
    "allow_squash_merge",
    "allow_merge_commit",
    "allow_rebase_merge",
    "allow_auto_merge",
    "delete_branch_on_merge",
)
Json = Any


@dataclass
class Repo:
    """What GitHub keeps of one repository; ``commits`` are dictionaries of path → text, the newest last.

    ``people`` are direct collaborators, ``invitations`` those who have yet to accept (login → permission).
    """

    name: str
    visibility: str = "private"
    description: str = ""
    topics: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    archived: bool = False
    teams: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    invitations: dict[str, str] = field(default_factory=dict)
    merge: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MERGE, True))
    environments: dict[str, str] = field(default_factory=dict)
    rulesets: dict[int, dict[str, Any]] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    commits: list[dict[str, str]] = field(default_factory=list)
    hidden: int = 0
    """How many more calls do not find it: new repositories show after a while."""


@dataclass
class Run:
    """A run of a workflow; it is over after so many looks at it, and then ``does`` has happened."""

    id: int
    title: str
    does: Callable[[], str]
    looks: int = 1
    listed: bool = True
    conclusion: str | None = None
    updated: str = ""
    log: str = ""


class World:
    """One organisation, its teams, members and repositories; ``writes`` is the ledger of what was changed.

    ``break_after`` is how many writes take effect until the connection breaks: the effect is there, and
    the answer is lost. ``faults`` answer the next call that matches (method and path) with a status.
    """

    def __init__(self, *teams: str) -> None:
        self.teams = set(teams)
        self.members = {"liwei": "member", "janed": "member", "owner": "admin"}
        self.invited: set[str] = set()
        self.accounts = {"stranger"}
        self.repos: dict[str, Repo] = {}
        self.secrets: set[str] = set()
        self.writes: list[str] = []
        self.asked: list[str] = []
        self.break_after = -1
        self.faults: list[tuple[str, int, str]] = []
        self.properties = {PROPERTY}
        self.lists_properties = True
        self.hide_new = 1
        self.per_page = 100
        self.runs: list[Run] = []
        self.dispatched: list[Json] = []
        self.on_dispatch: Callable[[Json], Run] | None = None
        self.run_details = "given"
        self._last = 0

    @property
    def calls(self) -> int:
        return len(self.asked)

    def new_id(self) -> int:
        self._last += 1
        return self._last

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        self.break_after -= 1
        if self.break_after == 0:
            raise ConnectionError("the answer was lost")

    def snapshot(self) -> Any:
        return copy.deepcopy((self.repos, self.invited))

    def found(self, name: str) -> Repo:
        repo = self.repos.get(name.lower())
        if repo is not None and repo.hidden:
            repo.hidden -= 1
            repo = None
        if repo is None:
            raise problem(404)
        return repo


def problem(status: int, message: str = "Not Found", **more: Json) -> GithubException:
    return GithubException(status, {"message": message, **more}, {})


class FakeGithub:
    """A client of PyGithub as the kind uses it: its requester."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requester = FakeRequester(world)


class FakeRequester:
    """Answers method and path by the table of routes at the end of this module."""

    def __init__(self, world: World) -> None:
        self.world = world

    def requestJsonAndCheck(
        self, verb: str, url: str, parameters: Json = None, headers: None = None, body: Json = None
    ) -> tuple[dict[str, Any], Json]:
        path, query = unquote(url), dict(parameters or {})
        assert "?" not in url
        assert body is None or json.loads(json.dumps(body)) == body
        call = f"{verb} {path}"
        self.world.asked.append(call)
        for fault in self.world.faults:
            if re.fullmatch(fault[0], call):
                self.world.faults.remove(fault)
                raise problem(fault[1], fault[2])
        for pattern, handler in ROUTES:
            found = re.fullmatch(pattern, call)
            if found:
                answer = handler(self.world, *found.groups(), body=body, query=query)
                return self._page(copy.deepcopy(answer), query)
        raise AssertionError(f"GitHub has no such call here: {call}")

    def requestJson(self, verb: str, url: str) -> tuple[int, dict[str, Any], str]:
        """Texts come as they are."""
        number = re.fullmatch(r"/repos/acme/platform/actions/jobs/(\d+)/logs", url)
        assert verb == "GET"
        assert number, url
        run = next(run for run in self.world.runs if run.id == int(number[1]))
        return (200, {}, run.log) if run.log else (404, {}, "")

    def _page(self, answer: Json, query: dict[str, str]) -> tuple[dict[str, Any], Json]:
        """A list in pages, as they are asked for; ``key`` is where the entries of an object stand."""
        if "page" not in query:
            return {}, answer
        key = next((name for name in KEYS if isinstance(answer, dict) and name in answer), "")
        rows = answer[key] if key else answer
        assert query["per_page"] == "100"
        size, page = self.world.per_page, int(query["page"])
        some = rows[(page - 1) * size : page * size]
        headers = {"link": f'<x?page={page + 1}>; rel="next"'} if page * size < len(rows) else {}
        return headers, {**answer, key: some} if key else some


KEYS = ("environments", "secrets", "workflow_runs", "jobs", "repositories")


# --- repositories ----------------------------------------------------------------------------------------


def minimal(world: World, repo: Repo) -> Json:
    """As a list has it: merge settings are not part of it."""
    shown = {
        "name": repo.name,
        "full_name": f"acme/{repo.name}",
        "html_url": f"https://github.example/acme/{repo.name}",
        "default_branch": "main",
        "visibility": repo.visibility,
        "description": repo.description or None,
        "archived": repo.archived,
        "topics": list(repo.topics),
        "owner": {"login": ORGANISATION},
    }
    return shown | ({"custom_properties": dict(repo.properties)} if world.lists_properties else {})


def must_be_open(repo: Repo) -> None:
    if repo.archived:
        raise problem(403, "Repository was archived so is read-only.")


def get_repository(world: World, name: str, **_: Json) -> Json:
    repo = world.found(name)
    return minimal(world, repo) | {"custom_properties": dict(repo.properties)} | repo.merge


def require_defined(world: World, properties: Json) -> None:
    unknown = set(properties) - world.properties
    if unknown:
        raise problem(422, f"Property '{unknown.pop()}' is not defined for this organization.")


def create_repository(world: World, *, body: Json, **_: Json) -> Json:
    name = body["name"]
    if name.lower() in world.repos:
        raise problem(
            422,
            "Repository creation failed.",
            errors=[{"message": "name already exists on this account"}],
        )
    require_defined(world, body["custom_properties"])
    known = {"name", "description", "visibility", "auto_init", "custom_properties"}
    merge = {key: value for key, value in body.items() if key not in known}
    assert merge.keys() <= set(MERGE)
    world.repos[name.lower()] = Repo(
        name=name,
        visibility=body["visibility"],
        description=body["description"],
        properties=dict(body["custom_properties"]),
        merge=dict.fromkeys(MERGE, True) | merge,
        commits=[{"README.md": f"# {name}"}] if body["auto_init"] else [],
        hidden=world.hide_new,
    )
    world.wrote(f"create {name}")
    return {"name": name}


def edit_repository(world: World, name: str, *, body: Json, **_: Json) -> Json:
    repo = world.found(name)
    must_be_open(repo)
    for key, value in body.items():
        if key in MERGE:
            repo.merge[key] = value
        else:
            assert key in ("visibility", "description", "archived")
            setattr(repo, key, value)
    world.wrote(f"edit {body}")
    return {}


def list_repositories(world: World, **_: Json) -> Json:
    return [minimal(world, repo) for repo in world.repos.values() if not repo.hidden]


def list_values(world: World, **_: Json) -> Json:
    return [
        {
            "repository_full_name": f"acme/{repo.name}",
            "properties": [{"property_name": key, "value": value} for key, value in repo.properties.items()],
        }
        for repo in world.repos.values()
    ]


def set_values(world: World, name: str, *, body: Json, **_: Json) -> None:
    repo = world.found(name)
    values = {one["property_name"]: one["value"] for one in body["properties"]}
    require_defined(world, values)
    repo.properties.update(values)
    world.wrote(f"properties {values}")


def get_topics(world: World, name: str, **_: Json) -> Json:
    return {"names": world.found(name).topics}


def put_topics(world: World, name: str, *, body: Json, **_: Json) -> Json:
    repo = world.found(name)
    must_be_open(repo)
    repo.topics = list(body["names"])
    world.wrote(f"topics {repo.topics}")
    return body


def get_branch(world: World, name: str, **_: Json) -> Json:
    if not world.found(name).commits:
        raise problem(409, "Git Repository is empty.")
    return {"ref": "refs/heads/main"}


# --- who may what ----------------------------------------------------------------------------------------


def get_team(world: World, slug: str, **_: Json) -> Json:
    if slug not in world.teams:
        raise problem(404)
    return {"slug": slug}


def team_repositories(world: World, slug: str, **_: Json) -> Json:
    get_team(world, slug)
    return [
        minimal(world, repo) | {"role_name": ROLES.get(repo.teams[slug], repo.teams[slug])}
        for repo in world.repos.values()
        if slug in repo.teams
    ]


def repository_teams(world: World, name: str, **_: Json) -> Json:
    return [{"slug": slug, "permission": held} for slug, held in world.found(name).teams.items()]


def put_team(world: World, slug: str, name: str, *, body: Json, **_: Json) -> None:
    get_team(world, slug)
    repo = world.found(name)
    must_be_open(repo)
    repo.teams[slug] = body["permission"]
    world.wrote(f"team {slug} {body['permission']}")


def delete_team(world: World, slug: str, name: str, **_: Json) -> None:
    get_team(world, slug)
    repo = world.found(name)
    must_be_open(repo)
    if repo.teams.pop(slug, None) is None:
        raise problem(404)
    world.wrote(f"team {slug} loses")


def membership(world: World, login: str, **_: Json) -> Json:
    if login in world.invited:
        return {"state": "pending", "role": "member"}
    if login not in world.members:
        raise problem(404)
    return {"state": "active", "role": world.members[login]}


def put_membership(world: World, login: str, *, body: Json, **_: Json) -> Json:
    assert body == {"role": "member"}
    assert login not in world.members, "an invitation is only for those outside"
    world.invited.add(login)
    world.wrote(f"membership {login}")
    return membership(world, login)


def collaborators(world: World, name: str, *, query: Json, **_: Json) -> Json:
    assert query["affiliation"] == "direct"
    return [
        {"login": login.title(), "role_name": ROLES.get(held, held)}
        for login, held in world.found(name).people.items()
    ]


def put_collaborator(world: World, name: str, login: str, *, body: Json, **_: Json) -> Json:
    repo = world.found(name)
    must_be_open(repo)
    if login not in world.accounts and login not in world.members:
        raise problem(404)
    kept = repo.people if login in world.members else repo.invitations
    kept[login] = body["permission"]
    world.wrote(f"person {login} {body['permission']}")
    return None if kept is repo.people else {"id": 1}


def delete_collaborator(world: World, name: str, login: str, **_: Json) -> None:
    repo = world.found(name)
    must_be_open(repo)
    del repo.people[login]
    world.wrote(f"person {login} loses")


def invitations(world: World, name: str, **_: Json) -> Json:
    return [
        {
            "id": index + 1,
            "invitee": {"login": login},
            "permissions": ROLES.get(held.removesuffix("!"), held.removesuffix("!")),
            "expired": held.endswith("!"),
        }
        for index, (login, held) in enumerate(world.found(name).invitations.items())
    ]


def delete_invitation(world: World, name: str, number: str, **_: Json) -> None:
    repo = world.found(name)
    del repo.invitations[list(repo.invitations)[int(number) - 1]]
    world.wrote(f"invitation {number} taken back")


# --- what the policy wants ---------------------------------------------------------------------------------


def environments(world: World, name: str, **_: Json) -> Json:
    return {"environments": [{"name": one} for one in world.found(name).environments]}


def get_environment(world: World, name: str, environment: str, **_: Json) -> Json:
    if environment not in world.found(name).environments:
        raise problem(404)
    return {"name": environment}


def put_environment(world: World, name: str, environment: str, *, body: Json, **_: Json) -> Json:
    assert body is None
    world.found(name).environments[environment] = "open"  # protection that was there is gone
    world.wrote(f"environment {environment}")
    return {"name": environment}


def secrets(world: World, name: str, **_: Json) -> Json:
    return {"secrets": [{"name": one} for one in sorted(world.found(name).secrets)]}


def organisation_secrets(world: World, name: str, **_: Json) -> Json:
    world.found(name)
    return {"secrets": [{"name": one} for one in sorted(world.secrets)]}


def codeowners_errors(world: World, name: str, **_: Json) -> Json:
    files = world.found(name).commits[-1]
    text = next((files[path] for path in OWNERS if path in files), None)
    if text is None:
        raise problem(404)
    unknown = [slug for slug in re.findall(r"@acme/(\S+)", text) if slug not in world.found(name).teams]
    return {"errors": [{"line": 1, "kind": "Unknown owner"} for _ in unknown]}


def put_contents(world: World, name: str, path: str, *, body: Json, **_: Json) -> Json:
    repo = world.found(name)
    if path in repo.commits[-1]:
        raise problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    repo.commits.append(repo.commits[-1] | {path: base64.b64decode(body["content"]).decode()})
    world.wrote(f"file {path}")
    return {}


def rulesets(world: World, name: str, *, query: Json, **_: Json) -> Json:
    assert query["includes_parents"] == "false"
    return [
        {"id": number, "name": one["name"], "enforcement": one["enforcement"]}
        for number, one in world.found(name).rulesets.items()
    ]


def get_ruleset(world: World, name: str, number: str, **_: Json) -> Json:
    return {"id": int(number), **world.found(name).rulesets[int(number)]}


def post_ruleset(world: World, name: str, *, body: Json, **_: Json) -> Json:
    repo = world.found(name)
    if body["name"] in {one["name"] for one in repo.rulesets.values()}:
        raise problem(422, "Validation Failed", errors=["Name must be unique"])
    repo.rulesets[world.new_id()] = body
    world.wrote(f"ruleset {body['name']}")
    return body


def put_ruleset(world: World, name: str, number: str, *, body: Json, **_: Json) -> Json:
    world.found(name).rulesets[int(number)] = body
    world.wrote(f"ruleset {body['name']}")
    return body


# --- the organisation's workflow ---------------------------------------------------------------------------


def dispatch(world: World, *, body: Json, **_: Json) -> Json:
    assert body["ref"] == "main"
    if world.run_details == "refused" and "return_run_details" in body:
        raise problem(422, 'Invalid request.\n\n"return_run_details" is not a permitted key.')
    assert world.on_dispatch is not None
    world.dispatched.append(body["inputs"])
    run = world.on_dispatch(body["inputs"])
    world.runs.insert(0, run)
    world.wrote(f"dispatch {run.title}")
    given = world.run_details == "given" and body.get("return_run_details")
    return {"workflow_run_id": run.id, "run_url": "x", "html_url": "y"} if given else None


def shown(run: Run) -> Json:
    return {
        "id": run.id,
        "display_title": run.title,
        "status": "completed" if run.conclusion else "in_progress",
        "conclusion": run.conclusion,
        "updated_at": run.updated or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "html_url": f"https://github.example/acme/platform/actions/runs/{run.id}",
    }


def list_runs(world: World, *, query: Json, **_: Json) -> Json:
    assert query["event"] == "workflow_dispatch"
    assert re.fullmatch(r">=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", query["created"])
    return {"workflow_runs": [shown(run) for run in world.runs if run.listed]}


def get_run(world: World, number: str, **_: Json) -> Json:
    run = next(run for run in world.runs if run.id == int(number))
    run.looks -= 1
    if run.looks < 0 and run.conclusion is None:
        run.conclusion = run.does()
    run.listed = True
    return shown(run)


def jobs(world: World, number: str, **_: Json) -> Json:
    run = next(run for run in world.runs if run.id == int(number))
    return {
        "jobs": [
            {"id": 10_000, "name": "prepare", "conclusion": "success"},
            {"id": run.id, "name": "create", "conclusion": run.conclusion},
        ]
    }


def installation(world: World, *, query: Json, **_: Json) -> Json:
    assert query["per_page"] == "1"
    return {"repositories": [minimal(world, repo) for repo in world.repos.values()][:1]}


N, S = r"/repos/acme/([\w.-]+)", r"/orgs/acme/teams/([\w-]+)"
WORKFLOWS = r"/repos/acme/platform/actions"
ROUTES: tuple[tuple[str, Callable[..., Json]], ...] = (
    (rf"POST {WORKFLOWS}/workflows/repo-utility.yml/dispatches", dispatch),
    (rf"GET {WORKFLOWS}/workflows/repo-utility.yml/runs", list_runs),
    (rf"GET {WORKFLOWS}/runs/(\d+)", get_run),
    (rf"GET {WORKFLOWS}/runs/(\d+)/jobs", jobs),
    (r"GET /installation/repositories", installation),
    (r"GET /orgs/acme/repos", list_repositories),
    (r"POST /orgs/acme/repos", create_repository),
    (r"GET /orgs/acme/properties/values", list_values),
    (r"GET /orgs/acme/memberships/([\w-]+)", membership),
    (r"PUT /orgs/acme/memberships/([\w-]+)", put_membership),
    (rf"GET {S}", get_team),
    (rf"GET {S}/repos", team_repositories),
    (rf"PUT {S}{N}", put_team),
    (rf"DELETE {S}{N}", delete_team),
    (rf"GET {N}", get_repository),
    (rf"PATCH {N}", edit_repository),
    (rf"PATCH {N}/properties/values", set_values),
    (rf"GET {N}/topics", get_topics),
    (rf"PUT {N}/topics", put_topics),
    (rf"GET {N}/git/ref/heads/main", get_branch),
    (rf"GET {N}/teams", repository_teams),
    (rf"GET {N}/collaborators", collaborators),
    (rf"PUT {N}/collaborators/([\w-]+)", put_collaborator),
    (rf"DELETE {N}/collaborators/([\w-]+)", delete_collaborator),
    (rf"GET {N}/invitations", invitations),
    (rf"DELETE {N}/invitations/(\d+)", delete_invitation),
    (rf"GET {N}/environments", environments),
    (rf"GET {N}/environments/([^/]+)", get_environment),
    (rf"PUT {N}/environments/([^/]+)", put_environment),
    (rf"GET {N}/actions/secrets", secrets),
    (rf"GET {N}/actions/organization-secrets", organisation_secrets),
    (rf"GET {N}/codeowners/errors", codeowners_errors),
    (rf"PUT {N}/contents/(.+)", put_contents),
    (rf"GET {N}/rulesets", rulesets),
    (rf"POST {N}/rulesets", post_ruleset),
    (rf"GET {N}/rulesets/(\d+)", get_ruleset),
    (rf"PUT {N}/rulesets/(\d+)", put_ruleset),
)


# --- what the laws need --------------------------------------------------------------------------------


class Case:
    """A repository with topics and two teams."""

    spec: ClassVar[dict[str, Any]] = {
        "kind": "repo",
        "name": "growth-churn",
        "visibility": "internal",
        "access": [{"team": "growth", "permission": "maintain"}, {"team": "risk", "permission": "pull"}],
        "topics": ["churn"],
    }
    foreign_is_refused = True

    def __init__(self) -> None:
        self.world = World("growth", "risk")
        self.client = FakeGithub(self.world)

    def make_foreign(self) -> None:
        """One of that name that nobody marked."""
        self.world.repos["growth-churn"] = Repo(
            name="growth-churn", visibility="internal", topics=["old"], commits=[{"README.md": ""}]
        )

    def retired_with(self) -> None:
        """Nothing else has to go with it."""


class Governed(Case):
    """The same where the policy wants a good deal of every repository, and members get access."""

    origin: ClassVar[dict[str, Any]] = {
        "repositories": Repositories(
            ruleset=Ruleset(approvals=2, checks=("ci",), bypass_apps=(7,)),
            merge=Merge(merge_commit=False, delete_branch=False),
            environments=("prod", "dev"),
            properties={"team": "owning-team", "data_classification": "data"},
            codeowners=True,
        ),
        "members": ("li.wei@acme.example",),
        "member_access": {"repo": ("pull", "push")},
        "people": {"li.wei@acme.example": "LiWei"},
    }

    def __init__(self) -> None:
        super().__init__()
        self.world.properties |= {"owning-team", "data"}


WORKFLOW = RepositoryWorkflow(
    repository="acme/platform",
    file="repo-utility.yml",
    inputs=Inputs(name="repo_name", marker="correlation", visibility="who", topics="topics"),
)


class Dispatched(Case):
    """The same where the organisation's own workflow makes repositories, and knows nothing of our mark."""

    origin: ClassVar[dict[str, Any]] = {"repositories": Repositories(workflow=WORKFLOW)}

    def __init__(self) -> None:
        super().__init__()
        self.world.on_dispatch = self.run

    def run(self, inputs: Json) -> Run:
        return Run(
            id=self.world.new_id(),
            title=f"Make {inputs['repo_name']} ({inputs['correlation']})",
            does=lambda: self.make(inputs["repo_name"]),
        )

    def make(self, name: str) -> str:
        """What the workflow does: a repository with settings of its own; it fails where there is one."""
        if name.lower() in self.world.repos:
            return "failure"
        self.world.repos[name.lower()] = Repo(
            name=name,
            description="By the platform team",
            commits=[{"README.md": ""}],
            hidden=self.world.hide_new,
        )
        return "success"


CASES = {"repo": Case, "governed": Governed, "dispatched": Dispatched}
