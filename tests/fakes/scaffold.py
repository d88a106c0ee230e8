"""GitHub in memory, as far as repositories are filled and kept up to date; a call it does not know fails."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

from github import GithubException, InputGitTreeElement, UnknownObjectException

from sandbox.github import graphql

PROPERTY = "lakeport-request"
Content = str | bytes | tuple[str, str | bytes]
Files = dict[str, tuple[str, bytes]]
"""Path → mode and content."""


def sha_of(kind: str, value: Any) -> str:
    raw = value if isinstance(value, bytes) else repr(value).encode()
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(raw)) + raw).hexdigest()


def kept(content: Content) -> tuple[str, bytes]:
    mode, raw = content if isinstance(content, tuple) else ("100644", content)
    return mode, raw.encode() if isinstance(raw, str) else raw


@dataclass
class Commit:
    files: Files
    parents: tuple[str, ...]
    message: str


@dataclass
class Pull:
    number: int
    branch: str
    title: str
    body: str
    state: str = "open"


@dataclass
class Repo:
    """What GitHub keeps of one repository; ``branches`` are the ids of commits by name.

    ``writers`` are teams that may write; the team ``readers`` may not.
    """

    name: str
    description: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    archived: bool = False
    writers: tuple[str, ...] = ("growth",)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: list[Pull] = field(default_factory=list)

    def push(
        self, changes: Mapping[str, Content | None], branch: str = "main", message: str = "by hand"
    ) -> None:
        """Commit as people do: path → content, or None to delete it."""
        head = self.branches.get(branch) or self.branches.get("main")
        files = dict(self.commits[head].files) if head else {}
        for path, content in changes.items():
            if content is None:
                del files[path]
            else:
                files[path] = kept(content)
        self.branches[branch] = self.add(Commit(files, (head,) if head else (), message))

    def add(self, commit: Commit) -> str:
        sha = sha_of("commit", (sorted(commit.files.items()), commit.parents, commit.message))
        self.commits[sha] = commit
        return sha

    def files(self, branch: str = "main") -> Files:
        return self.commits[self.branches[branch]].files

    def texts(self, branch: str = "main") -> dict[str, str]:
        return {path: raw.decode("utf-8", "replace") for path, (_, raw) in self.files(branch).items()}


class World:
    """The repositories of one organisation; ``writes`` is the ledger of what was changed.

    ``break_after`` is how many writes take effect until the connection breaks: the effect is there, and
    the answer is lost.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.teams: set[str] = set()
        self.writes: list[str] = []
        self.calls = 0
        self.questions = 0
        self.break_after = -1

    def add(self, name: str, files: Mapping[str, Content] | None = None, **more: Any) -> Repo:
        repo = self.repos[name.lower()] = Repo(name=name, **more)
        if files:
            repo.push(files, message="Initial commit")
        return repo

    def wrote(self, what: str) -> None:
        self.writes.append(what)
        self.break_after -= 1
        if self.break_after == 0:
            raise ConnectionError("the answer was lost")

    def snapshot(self) -> Any:
        """What can be seen: commits and trees that no branch has are nothing."""
        return {
            name: (
                repo.archived,
                dict(repo.properties),
                {branch: repo.commits[sha] for branch, sha in repo.branches.items()},
                copy.deepcopy(repo.pulls),
            )
            for name, repo in self.repos.items()
        }


class FakeGithub:
    def __init__(self, world: World) -> None:
        self.world = world
        self.requester = SimpleNamespace(graphql_query=self._graphql_query)

    def get_repo(self, full_name: str) -> FakeRepository:
        self.world.calls += 1
        owner, _, name = full_name.partition("/")
        repo = self.world.repos.get(name.lower()) if owner == "acme" else None
        if repo is None:
            raise UnknownObjectException(404, {"message": "Not Found"}, {})
        return FakeRepository(self.world, repo)

    def _graphql_query(self, query: str, variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """As PyGithub does it: an answer with errors is raised."""
        self.world.calls += 1
        self.world.questions += 1
        answer = graphql.execute(query, variables, self._look)
        if "errors" in answer:
            status = 404 if len(answer["errors"]) == 1 else 400
            kind = UnknownObjectException if status == 404 else GithubException
            raise kind(status, answer, {})
        return {}, answer

    def _look(self, owner: str, name: str) -> Mapping[str, Any] | None:
        repo = self.world.repos.get(name.lower()) if owner == "acme" else None
        if repo is None:
            return None
        return {
            "url": f"https://github.example/acme/{repo.name}",
            "isArchived": repo.archived,
            "object": lambda info, expression: _folder(repo, expression),
        }


def _folder(repo: Repo, expression: str) -> Any:
    """``HEAD:folder`` of a repository, for GraphQL."""
    revision, _, folder = expression.partition(":")
    assert revision == "HEAD"
    if "main" not in repo.branches:
        return None
    files = repo.files()
    if folder in files:
        return graphql.blob("", files[folder][1])
    below = {
        path.removeprefix(f"{folder}/"): file for path, file in files.items() if path.startswith(f"{folder}/")
    }
    if not below:
        return None
    entries = {}
    for path, (mode, raw) in below.items():
        name, _, rest = path.partition("/")
        if rest:
            entries[name] = graphql.entry(name, "040000", "tree", "", lambda info: graphql.tree("", []))
        else:
            entries[name] = graphql.entry(
                name, mode, "blob", sha_of("blob", raw), lambda info, raw=raw: graphql.blob("", raw)
            )
    return graphql.tree("", list(entries.values()))


class FakeRepository:
    """A repository as one GET gave it: what changes later does not show here."""

    def __init__(self, world: World, repo: Repo) -> None:
        self._world = world
        self.repo = repo
        self.name = repo.name
        self.full_name = f"acme/{repo.name}"
        self.html_url = f"https://github.example/acme/{repo.name}"
        self.default_branch = "main"
        self.description = repo.description or None
        self.archived = repo.archived
        self.custom_properties = dict(repo.properties)

    # --- looking

    def get_teams(self) -> list[SimpleNamespace]:
        self._world.calls += 1
        held = dict.fromkeys(self.repo.writers, True) | {"readers": False}
        return [
            SimpleNamespace(slug=slug, permissions=SimpleNamespace(push=push)) for slug, push in held.items()
        ]

    def get_contents(self, path: str) -> Any:
        self._world.calls += 1
        files = self.repo.files() if "main" in self.repo.branches else {}
        if path in files:
            return SimpleNamespace(name=path, type="file", sha="")
        below: dict[str, SimpleNamespace] = {}
        for full, (mode, raw) in files.items():
            if full.startswith(f"{path}/"):
                name, _, rest = full.removeprefix(f"{path}/").partition("/")
                kind = "dir" if rest else "symlink" if mode == "120000" else "file"
                below[name] = SimpleNamespace(name=name, type=kind, sha=sha_of("blob", raw))
        if not below:
            raise UnknownObjectException(404, {"message": "Not Found"}, {})
        return list(below.values())

    def get_git_blob(self, sha: str) -> SimpleNamespace:
        self._world.calls += 1
        for commit in self.repo.commits.values():
            for _, raw in commit.files.values():
                if sha_of("blob", raw) == sha:
                    return SimpleNamespace(content=base64.encodebytes(raw).decode(), encoding="base64")
        raise UnknownObjectException(404, {"message": "Not Found"}, {})

    def get_git_tree(self, sha: str, recursive: bool) -> SimpleNamespace:
        self._world.calls += 1
        assert recursive
        if not self.repo.branches:
            raise GithubException(409, {"message": "Git Repository is empty."}, {})
        trees = {
            sha_of("tree", sorted(each.files.items())): each.files for each in self.repo.commits.values()
        }
        files = self.repo.files(sha) if sha in self.repo.branches else trees[sha]
        entries = [
            SimpleNamespace(path=path, mode=mode, type="blob", sha=sha_of("blob", raw))
            for path, (mode, raw) in files.items()
        ]
        return SimpleNamespace(tree=entries, raw_data={"truncated": False})

    def get_git_ref(self, ref: str) -> FakeRef:
        self._world.calls += 1
        branch = ref.removeprefix("heads/")
        if branch not in self.repo.branches:
            raise UnknownObjectException(404, {"message": "Not Found"}, {})
        return FakeRef(self._world, self.repo, branch)

    def get_git_commit(self, sha: str) -> SimpleNamespace:
        self._world.calls += 1
        return self._commit(sha)

    def _commit(self, sha: str) -> SimpleNamespace:
        found = self.repo.commits[sha]
        tree = SimpleNamespace(sha=sha_of("tree", sorted(found.files.items())), files=found.files)
        return SimpleNamespace(sha=sha, tree=tree, message=found.message)

    def get_pulls(self, *, state: str, base: str, head: str = "") -> list[FakePull]:
        self._world.calls += 1
        assert base == "main"
        return [
            FakePull(self._world, pull, self)
            for pull in reversed(self.repo.pulls)
            if state in ("all", pull.state) and head in ("", f"acme:{pull.branch}")
        ]

    # --- touching

    def _must_be_open(self) -> None:
        if self.repo.archived:
            raise GithubException(403, {"message": "Repository was archived so is read-only."}, {})

    def create_git_tree(self, tree: list[InputGitTreeElement], base_tree: Any) -> SimpleNamespace:
        self._must_be_open()
        files = dict(base_tree.files)
        for element in tree:
            given = element._identity
            assert given["mode"] in ("100644", "100755")
            assert given["type"] == "blob"
            if given.get("sha", "") is None:
                del files[given["path"]]
            else:
                files[given["path"]] = (given["mode"], given["content"].encode())
        self._world.wrote("tree")
        return SimpleNamespace(sha=sha_of("tree", sorted(files.items())), files=files)

    def create_git_commit(self, message: str, tree: Any, parents: list[Any]) -> SimpleNamespace:
        self._must_be_open()
        sha = self.repo.add(Commit(tree.files, tuple(parent.sha for parent in parents), message))
        self._world.wrote("commit")
        return self._commit(sha)

    def create_git_ref(self, ref: str, sha: str) -> FakeRef:
        self._must_be_open()
        branch = ref.removeprefix("refs/heads/")
        if branch in self.repo.branches:
            raise GithubException(422, {"message": "Reference already exists"}, {})
        self.repo.branches[branch] = sha
        self._world.wrote(f"branch {branch}")
        return FakeRef(self._world, self.repo, branch)

    def create_pull(self, base: str, head: str, *, title: str, body: str) -> FakePull:
        self._must_be_open()
        assert base == "main"
        assert head in self.repo.branches
        if any(pull.branch == head and pull.state == "open" for pull in self.repo.pulls):
            errors = [{"message": f"A pull request already exists for acme:{head}."}]
            raise GithubException(422, {"message": "Validation Failed", "errors": errors}, {})
        pull = Pull(len(self.repo.pulls) + 1, head, title, body)
        self.repo.pulls.append(pull)
        self._world.wrote(f"pull {head}")
        return FakePull(self._world, pull, self)


class FakePull:
    def __init__(self, world: World, pull: Pull, repository: FakeRepository) -> None:
        self._world = world
        self._pull = pull
        self.number, self.title, self.body, self.state = pull.number, pull.title, pull.body, pull.state
        self.html_url = f"{repository.html_url}/pull/{pull.number}"
        sha = repository.repo.branches.get(pull.branch, "")
        home = SimpleNamespace(full_name=repository.full_name)
        self.head = SimpleNamespace(ref=pull.branch, sha=sha, repo=home)

    def edit(self, **values: Any) -> None:
        assert set(values) <= {"title", "body", "state"}
        for name, value in values.items():
            setattr(self._pull, name, value)
        self._world.wrote(f"edit pull {sorted(values)}")


class FakeRef:
    def __init__(self, world: World, repo: Repo, branch: str) -> None:
        self._world = world
        self._repo = repo
        self._branch = branch
        self.object = SimpleNamespace(sha=repo.branches[branch])

    def edit(self, sha: str) -> None:
        if self._repo.branches[self._branch] not in self._repo.commits[sha].parents:
            raise GithubException(422, {"message": "Update is not a fast forward"}, {})
        self._repo.branches[self._branch] = sha
        self._world.wrote("ref")


class Case:
    """A new repository of the request: a README and nothing else."""

    spec: ClassVar[dict[str, Any]] = {
        "kind": "scaffold",
        "repo": "growth-churn",
        "template": "databricks-pipeline",
    }
    foreign_is_refused = True

    def __init__(self) -> None:
        self.world = World()
        self.client = FakeGithub(self.world)
        self.repo = self.world.add(
            "growth-churn", {"README.md": "# growth-churn\n"}, properties={PROPERTY: "dev/growth/churn"}
        )

    def make_foreign(self) -> None:
        """The repository is nobody's."""
        self.repo.properties.clear()

    def retired_with(self) -> None:
        """The files go with their repository, which its own kind archives."""
        self.repo.archived = True


CASES = {"scaffold": Case}
