"""GitHub and Databricks of the sandbox, a requests repository, and everybody needed to get a request applied.

No Slack, no bot and no runner: a test proposes, plans, approves, merges and applies by itself, so it can stop
anything at any point.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gitops.policy import load_policy
from gitops.request import path_of
from sandbox.databricks.rehearsal import Databricks
from sandbox.github.rehearsal import GitHub
from sandbox.verify import Row, Verifier
from sandbox.world import PROJECT

REPOSITORY = "acme/lakeport"
EXAMPLE = PROJECT / "tests/data/requests/dev/growth/churn-prediction.yaml"


@dataclass
class Wire:
    """Counts the writes of both servers and kills a process at a chosen one."""

    at: int = 0
    pid: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)

    def write(self, item: tuple[str, str]) -> None:
        """A server was asked to write; the death of the one who asked does not undo it."""
        self.seen.append(item)
        if self.at and len(self.seen) == self.at and self.pid:
            os.kill(self.pid, signal.SIGKILL)


class Watched(list[tuple[str, str]]):
    """A server's list of writes that tells the wire of each."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def append(self, item: tuple[str, str]) -> None:
        super().append(item)
        self._wire.write(item)


@dataclass
class Stage:
    """The two servers, the repository and its clone."""

    home: Path
    github: GitHub
    databricks: Databricks
    tokens: dict[str, str]
    wire: Wire
    forker: subprocess.Popen[str]

    # ---- a request on its way ------------------------------------------------------------------------------

    def propose(self, name: str) -> int:
        """A pull request of the bot with one request file; returns its number."""
        from github import Auth, Github

        from gitops.pulls import open_repository

        raw = EXAMPLE.read_bytes().replace(b"churn-prediction", name.encode())
        raw = raw.replace(b"churn_prediction", name.replace("-", "_").encode())
        hub = Github(
            base_url=self.github.url,
            auth=Auth.Token(self.tokens["lakeport"]),
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        pull = open_repository(hub, REPOSITORY).submit(
            request_id=f"dev/growth/{name}",
            path=path_of("dev", "growth", name),
            raw=raw,
            title=f"Set up {name}",
            body="Asked for in Slack.",
            message=f"Ask for {name}",
        )
        return pull.number

    def plan(self, number: int) -> None:
        """What the workflow ``check`` does: plan against the live systems, post the approved set."""
        head = self.pull(number)["head"]["sha"]
        folder = self.clone(head)
        assert self.lakeport(["plan", "--changed-since", "origin/main", "--out", "plan.json"], folder) == 0, (
            self.log
        )
        report = ["report", "--plan", "plan.json", "--pull", str(number), "--sha", head]
        assert self.lakeport(report, folder) == 0, self.log

    def approve(self, number: int, who: str) -> None:
        """A review of a person on the head commit."""
        head = self.pull(number)["head"]["sha"]
        body = {"event": "APPROVE", "commit_id": head, "body": ""}
        self.rest("POST", f"/pulls/{number}/reviews", body, self.tokens[who]).raise_for_status()

    def merge(self, number: int) -> None:
        """Merge by squashing."""
        answer = self.rest(
            "PUT", f"/pulls/{number}/merge", {"merge_method": "squash"}, self.tokens["nadia-k"]
        )
        answer.raise_for_status()

    def ready(self, name: str) -> int:
        """Propose, plan, approve and merge: what is left is the apply."""
        number = self.propose(name)
        self.plan(number)
        self.approve(number, "nadia-k")
        self.merge(number)
        return number

    def apply(self, *, kill_at: int = 0) -> tuple[int, list[tuple[str, str]]]:
        """Apply in a process of its own, killed at its ``kill_at``-th write; its exit code and its writes."""
        self.wire.seen.clear()
        self.wire.at = kill_at
        code = self.lakeport(["apply"], self.clone("main"))
        self.wire.at = 0
        return code, list(self.wire.seen)

    # ---- looking -------------------------------------------------------------------------------------------

    @property
    def log(self) -> str:
        """What the last commands said."""
        return (self.home / "lakeport.log").read_text()[-4000:]

    def pull(self, number: int) -> Any:
        """A pull request, as GitHub tells it."""
        return self.rest("GET", f"/pulls/{number}").json()

    def rest(self, method: str, path: str, body: Any = None, token: str = "") -> httpx.Response:
        """One call on the requests repository."""
        return httpx.request(
            method,
            f"{self.github.url}/repos/{REPOSITORY}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token or self.tokens['admin']}"},
            trust_env=False,
        )

    def rows(self, name: str) -> list[Row]:
        """Everything the request asks for, read back."""
        from gitops import yamlfile

        live = Verifier(
            github_url=self.github.url,
            github_token=self.tokens["admin"],
            databricks_url=self.databricks.url,
            databricks_token=self.databricks.token,
        )
        try:
            path = path_of("dev", "growth", name)
            raw = live.file(REPOSITORY, path, "main") or b""
            return live.onboarding(yamlfile.load(raw, path).data, f"dev/growth/{name}")
        finally:
            live.close()

    def list_clusters(self) -> list[str]:
        """The names of all clusters."""
        answer = httpx.get(
            f"{self.databricks.url}/api/2.1/clusters/list",
            headers={"Authorization": f"Bearer {self.databricks.token}"},
            trust_env=False,
        )
        return [cluster["cluster_name"] for cluster in answer.json().get("clusters", [])]

    def list_repositories(self) -> list[str]:
        """The names of all repositories of the organisation."""
        return [name.partition("/")[2] for name in self.github.state.data.repositories]

    def receipts(self, request: str) -> list[dict[str, Any]]:
        """The receipts of a request, oldest first, as they stand on their branch."""
        bare = str(self.github.state.home / "git" / f"{REPOSITORY}.git")
        names = _git("--git-dir", bare, "ls-tree", "-r", "--name-only", "receipts").splitlines()
        all_ = [json.loads(_git("--git-dir", bare, "show", f"receipts:{name}")) for name in sorted(names)]
        return [one for one in all_ if one["request"] == request]

    def clone(self, ref: str) -> Path:
        """A fresh clone at a branch or commit, as a runner has it."""
        folder = self.home / "clones" / str(len(list((self.home / "clones").glob("*"))))
        bare = self.github.state.home / "git" / f"{REPOSITORY}.git"
        _git("clone", "--quiet", str(bare), str(folder))
        _git("-C", str(folder), "checkout", "--quiet", ref)
        return folder

    # ---- running -------------------------------------------------------------------------------------------

    def lakeport(self, arguments: list[str], cwd: Path) -> int:
        """The command in a process of its own; its exit code, negative when it was killed."""
        order = {
            "args": arguments,
            "cwd": str(cwd),
            "log": str(self.home / "lakeport.log"),
            "env": {
                "GITHUB_TOKEN": self.tokens["actions"],
                "GITHUB_API_URL": self.github.url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "LAKEPORT_GITHUB_TOKEN": self.tokens["lakeport"],
                "DATABRICKS_HOST": self.databricks.url,
                "DATABRICKS_AUTH_TYPE": "pat",
                "DATABRICKS_TOKEN": self.databricks.token,
                "NO_COLOR": "1",
            },
        }
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        self.forker.stdin.write(json.dumps(order) + "\n")
        self.forker.stdin.flush()
        self.wire.pid = json.loads(self.forker.stdout.readline())["pid"]
        code: int = json.loads(self.forker.stdout.readline())["code"]
        self.wire.pid = 0
        return code


@contextmanager
def stage(home: Path) -> Iterator[Stage]:
    """Start it, and stop it however the test ends."""
    policy = load_policy((PROJECT / "requests/policy.yaml").read_bytes())
    wire = Wire()
    (home / "clones").mkdir(parents=True)
    github, databricks = GitHub(home / "github"), Databricks(home / "databricks")
    forker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.apply_forker"],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        databricks.start()
        github.start()
        databricks.seed(
            catalogs=[name for names in policy.catalogs.values() for name in names],
            groups=[team.databricks_group for team in policy.teams.values()],
        )
        tokens = _people(github)
        files = {"requests/policy.yaml": (PROJECT / "requests/policy.yaml").read_bytes()}
        github.create_repository("acme", "lakeport", files)
        github.grant("acme", "lakeport", "push", team="growth")
        github.state.writes = Watched(wire)
        databricks._front.writes = Watched(wire)  # the front is there once it has started
        yield Stage(home, github, databricks, tokens, wire, forker)
    finally:
        forker.kill()
        forker.communicate()  # waits, and closes its pipes
        github.stop()
        databricks.stop()


def _people(github: GitHub) -> dict[str, str]:
    github.add_organisation("acme", "Acme")
    tokens = {"admin": github.add_user("acme-admin", "Admin", "admin@acme.example", role="admin")}
    for login in ("liwei", "janed", "nadia-k"):
        tokens[login] = github.add_user(login, login, f"{login}@acme.example")
    github.add_team("acme", "growth", ["liwei", "janed", "nadia-k"])
    github.define_custom_property("acme", "lakeport-request")
    tokens["lakeport"] = github.add_app("lakeport")
    tokens["actions"] = github.add_app("github-actions")
    return tokens


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout
