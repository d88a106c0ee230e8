"""GitHub in memory, as far as repositories are made and filled; a call it does not know fails."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

from github import GithubException, InputGitTreeElement, UnknownObjectException

PROPERTY = "lakeport-request"


@dataclass
class Repo:
    """What GitHub keeps of one repository; ``commits`` are dictionaries of path → text, the newest last."""

    name: str
    visibility: str = "private"
    description: str = ""
    topics: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    archived: bool = False
    teams: dict[str, str] = field(default_factory=dict)
    commits: list[dict[str, str]] = field(default_factory=list)
    hidden: int = 0
    """How many more looks do not find it: new repositories show after a while."""


class World:
    """One organisation, its teams and repositories; ``writes`` is the ledger of what was changed.

    ``break_after`` is how many writes take effect until the connection breaks: the effect is there, and
    the answer is lost.
    """

    def __init__(self, *teams: str) -> None:
        self.teams = set(teams)
        self.repos: dict[str, Repo] = {}
        self.writes: list[str] = []
        self.calls = 0
        self.break_after = -1
        self.properties = {PROPERTY}
        self.hide_new = 1
        self.trees: dict[str, dict[str, str]] = {}
        self.pending: dict[str, dict[str, str]] = {}

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        self.break_after -= 1
        if self.break_after == 0:
            raise ConnectionError("the answer was lost")

    def snapshot(self) -> Any:
        return copy.deepcopy(self.repos)

    def found(self, full_name: str) -> Repo:
        repo = self.repos.get(full_name.split("/")[1].lower())
        if repo is not None and repo.hidden:
            repo.hidden -= 1
            repo = None
        if repo is None:
            raise UnknownObjectException(404, {"message": "Not Found"}, {})
        return repo


class FakeGithub:
    def __init__(self, world: World) -> None:
        self.world = world

    def get_repo(self, full_name: str) -> FakeRepository:
        self.world.calls += 1
        return FakeRepository(self.world, self.world.found(full_name))

    def get_organization(self, login: str) -> FakeOrganization:
        self.world.calls += 1
        assert login == "acme"
        return FakeOrganization(self.world)


class FakeOrganization:
    def __init__(self, world: World) -> None:
        self._world = world

    def get_team_by_slug(self, slug: str) -> FakeTeam:
        self._world.calls += 1
        if slug not in self._world.teams:
            raise UnknownObjectException(404, {"message": "Not Found"}, {})
        return FakeTeam(self._world, slug)

    def create_repo(
        self,
        name: str,
        *,
        description: str,
        visibility: str,
        auto_init: bool,
        custom_properties: dict[str, Any],
    ) -> None:
        if name.lower() in self._world.repos:
            errors = [{"message": "name already exists on this account"}]
            raise GithubException(422, {"message": "Repository creation failed.", "errors": errors}, {})
        unknown = set(custom_properties) - self._world.properties
        if unknown:
            message = f"Property '{unknown.pop()}' is not defined for this organization."
            raise GithubException(422, {"message": message}, {})
        self._world.repos[name.lower()] = Repo(
            name=name,
            visibility=visibility,
            description=description,
            properties=dict(custom_properties),
            commits=[{"README.md": f"# {name}"}] if auto_init else [],
            hidden=self._world.hide_new,
        )
        self._world.wrote(f"create {name}")


class FakeTeam:
    def __init__(self, world: World, slug: str, permission: str = "") -> None:
        self._world = world
        self.slug = slug
        self.permission = permission

    def update_team_repository(self, repo: FakeRepository, permission: str) -> bool:
        repo.kept.teams[self.slug] = permission
        self._world.wrote(f"team {self.slug} {permission}")
        return True


class FakeRepository:
    """A repository as one GET gave it: what changes later does not show here."""

    def __init__(self, world: World, repo: Repo) -> None:
        self._world = world
        self.kept = repo
        self.full_name = f"acme/{repo.name}"
        self.html_url = f"https://github.example/acme/{repo.name}"
        self.default_branch = "main"
        self.visibility = repo.visibility
        self.description = repo.description or None
        self.archived = repo.archived
        self.topics = list(repo.topics)
        self.custom_properties = dict(repo.properties)

    def get_teams(self) -> list[FakeTeam]:
        self._world.calls += 1
        return [FakeTeam(self._world, slug, permission) for slug, permission in self.kept.teams.items()]

    def get_topics(self) -> list[str]:
        return list(self.kept.topics)

    def replace_topics(self, topics: list[str]) -> None:
        self._must_be_open()
        self.kept.topics = list(topics)
        self._world.wrote(f"topics {topics}")

    def update_custom_properties(self, properties: dict[str, Any]) -> None:
        self.kept.properties.update(properties)
        self._world.wrote(f"properties {properties}")

    def edit(self, **values: Any) -> None:
        assert set(values) <= {"visibility", "description", "archived"}
        self._must_be_open()
        for name, value in values.items():
            setattr(self.kept, name, value)
        self._world.wrote(f"edit {values}")

    def _must_be_open(self) -> None:
        if self.kept.archived:
            raise GithubException(403, {"message": "Repository was archived so is read-only."}, {})

    # -- Git data --------------------------------------------------------------------------------------

    def _head(self) -> dict[str, str]:
        if not self.kept.commits:
            raise GithubException(409, {"message": "Git Repository is empty."}, {})
        return self.kept.commits[-1]

    def get_git_ref(self, ref: str) -> FakeRef:
        assert ref == "heads/main"
        self._head()
        return FakeRef(self._world, self.kept)

    def get_git_commit(self, sha: str) -> SimpleNamespace:
        assert sha == str(len(self.kept.commits))
        return SimpleNamespace(sha=sha, tree=SimpleNamespace(sha=_sha(self._head())))

    def get_git_tree(self, sha: str, recursive: bool) -> SimpleNamespace:
        self._world.calls += 1
        assert (sha, recursive) == ("main", True)
        return SimpleNamespace(tree=[SimpleNamespace(path=path, type="blob") for path in self._head()])

    def get_contents(self, path: str) -> SimpleNamespace:
        return SimpleNamespace(decoded_content=self._head()[path].encode())

    def create_git_tree(self, tree: list[InputGitTreeElement], base_tree: Any) -> SimpleNamespace:
        self._must_be_open()
        assert base_tree.sha == _sha(self._head())
        files = dict(self._head())
        for element in tree:
            entry = element._identity
            assert entry["mode"] in ("100644", "100755")
            assert entry["type"] == "blob"
            files[entry["path"]] = entry["content"]
        self._world.trees[_sha(files)] = files
        self._world.wrote("tree")
        return SimpleNamespace(sha=_sha(files))

    def create_git_commit(self, message: str, tree: Any, parents: list[Any]) -> SimpleNamespace:
        assert [parent.sha for parent in parents] == [str(len(self.kept.commits))]
        sha = str(len(self.kept.commits) + 1)
        self._world.pending[sha] = self._world.trees[tree.sha]
        self._world.wrote(f"commit {message.splitlines()[0]}")
        return SimpleNamespace(sha=sha)


class FakeRef:
    def __init__(self, world: World, repo: Repo) -> None:
        self._world = world
        self._repo = repo
        self.object = SimpleNamespace(sha=str(len(repo.commits)))

    def edit(self, sha: str) -> None:
        if sha != str(len(self._repo.commits) + 1):
            raise GithubException(422, {"message": "Update is not a fast forward"}, {})
        self._repo.commits.append(self._world.pending[sha])
        self._world.wrote("ref")


def _sha(files: dict[str, str]) -> str:
    return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()


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


CASES = {"repo": Case}
