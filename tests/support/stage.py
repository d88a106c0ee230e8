"""GitHub and Databricks of the sandbox, a requests repository, and everybody needed to get a request applied.

No Slack, no bot and no runner: a test proposes, plans, approves, merges and applies by itself, so it can stop
anything at any point.
"""

from __future__ import annotations

import base64
import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from gitops.policy import load_policy
from gitops.request import path_of
from sandbox.databricks.rehearsal import Databricks
from sandbox.github.rehearsal import GitHub
from sandbox.verify import Row, Verifier
from sandbox.world import PROJECT
from tests.support.wire import Heard, Proxy

REPOSITORY = "acme/lakeport"
EXAMPLE = PROJECT / "tests/data/requests/dev/growth/churn-prediction.yaml"
Edit = Callable[[str], str]
"""A request file → the one that is asked for."""


class Lake(Databricks):
    """A workspace whose memory can be taken out, and put back."""

    program = (sys.executable, str(PROJECT / "tests/support/lake_program.py"))

    def memory(self) -> Any:
        """Everything that it remembers."""
        front = self._front
        assert front is not None
        kept = (front.extra, front.libraries, front.acls, front.created_with)
        return copy.deepcopy(kept), self._ask.get(self._memory).json()

    def remember(self, memory: Any) -> None:
        """Remember this instead."""
        front = self._front
        assert front is not None
        own, lake = memory
        front.extra, front.libraries, front.acls, front.created_with = copy.deepcopy(own)
        self._ask.post(self._memory, json=lake).raise_for_status()

    def stop(self) -> None:
        """Stop it; calling it again does nothing."""
        self._ask.close()
        super().stop()

    @cached_property
    def _ask(self) -> httpx.Client:
        return httpx.Client(trust_env=False, limits=httpx.Limits(keepalive_expiry=1.0))

    @property
    def _memory(self) -> str:
        return f"{self._upstream}/_minilake/memory"


class Forker:
    """A process that becomes ``lakeport`` for each order, one at a time; ``pid`` is of the one under way."""

    def __init__(self, hurry: float) -> None:
        self.pid = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.apply_forker", str(hurry)],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: dict[str, Any]) -> int:
        """The exit code, negative when it was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self.pid = json.loads(self._process.stdout.readline())["pid"]
        code: int = json.loads(self._process.stdout.readline())["code"]
        self.pid = 0
        return code

    def kill(self) -> None:
        """Kill what is under way."""
        while not self.pid:  # it asked before we were told that it had started
            time.sleep(0.001)
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Start no more."""
        self._process.kill()
        self._process.communicate()  # waits, and closes its pipes


@dataclass(frozen=True)
class Kept:
    """The world as it was once: both servers' memory, and a copy of the repositories."""

    github: Any
    databricks: Any
    repositories: Path


@dataclass
class Stage:
    """The two servers, the repository and its clone."""

    home: Path
    github: GitHub
    databricks: Databricks
    tokens: dict[str, str]
    proxies: dict[str, Proxy]
    forkers: tuple[Forker, ...]
    attempt: int = 0
    _kept: int = 0

    # ---- a request on its way ------------------------------------------------------------------------------

    def propose(self, name: str, edit: Edit = str) -> int:
        """A pull request of the bot with one request file, the example as ``edit`` makes it; its number."""
        from github import Auth, Github

        from gitops.pulls import open_repository
        from gitops.submission import Submission

        text = EXAMPLE.read_text().replace("churn-prediction", name)
        text = edit(text.replace("churn_prediction", name.replace("-", "_")))
        hub = Github(
            base_url=self.github.url,
            auth=Auth.Token(self.tokens["lakeport"]),
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        pull = open_repository(hub, REPOSITORY).submit(
            Submission(
                request_id=f"dev/growth/{name}",
                path=path_of("dev", "growth", name),
                raw=text.encode(),
                title=f"Set up {name}",
                body="Asked for in Slack.",
                message=f"Ask for {name}",
                confirmed_by="U024BE7LH",
                app="lakeport[bot]",
            )
        )
        return pull.number

    def publish(self, path: str, file: Path) -> None:
        """Put a file on the default branch."""
        raw = base64.b64encode(file.read_bytes()).decode()
        self.rest("PUT", f"/contents/{path}", {"message": path, "content": raw}).raise_for_status()

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

    def ready(self, name: str, edit: Edit = str) -> int:
        """Propose, plan, approve and merge: what is left is the apply. The number of the pull request."""
        number = self.propose(name, edit)
        self.plan(number)
        self.approve(number, "nadia-k")
        self.merge(number)
        return number

    def apply(self, **more: Any) -> tuple[int, list[Heard]]:
        """Apply in a process of its own; its exit code and its calls. ``more`` is for the forker's order."""
        return self.run(["apply"], self.clone("main"), **more)

    def run(self, arguments: list[str], cwd: Path, **more: Any) -> tuple[int, list[Heard]]:
        """A command in a process of its own; its exit code and its calls, in the order they began."""
        for proxy in self.proxies.values():
            proxy.heard.clear()
        code = self.lakeport(arguments, cwd, **more)
        for proxy in self.proxies.values():
            proxy.wait_until_idle()
        heard = [one for proxy in self.proxies.values() for one in proxy.heard]
        return code, sorted(heard, key=lambda one: one.call.began)

    # ---- going back ----------------------------------------------------------------------------------------

    def keep(self) -> Kept:
        """The world as it is now."""
        self._kept += 1
        folder = self.home / f"kept-{self._kept}"
        shutil.copytree(self.github.state.home / "git", folder)
        return Kept(copy.deepcopy(self.github.state.data), self.databricks.memory(), folder)

    def back_to(self, kept: Kept) -> None:
        """Make the world again what it was."""
        git = self.github.state.home / "git"
        with self.github.state.lock:
            shutil.rmtree(git)
            shutil.copytree(kept.repositories, git)
            self.github.state.data = copy.deepcopy(kept.github)
        self.databricks.remember(kept.databricks)
        self.calm()
        shutil.rmtree(self.home / "clones")
        (self.home / "clones").mkdir()
        (self.home / "lakeport.log").write_text("")

    def calm(self) -> None:
        """No more rules, and both servers are up."""
        for proxy in self.proxies.values():
            proxy.rules.clear()
            proxy.listen()

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

    def databricks_api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One call on the workspace, not of ``lakeport``."""
        headers = {"Authorization": f"Bearer {self.databricks.token}"}
        return httpx.request(
            method, f"{self.databricks.url}{path}", json=body, headers=headers, trust_env=False
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
        found = self.databricks_api("GET", "/api/2.1/clusters/list").json().get("clusters", [])
        return [cluster["cluster_name"] for cluster in found]

    def list_repositories(self) -> list[str]:
        """The names of all repositories of the organisation."""
        return [name.partition("/")[2] for name in self.github.state.data.repositories]

    def receipts(self, request: str) -> list[dict[str, Any]]:
        """The receipts of a request, oldest first, as they stand on their branch."""
        return [one for one in self.all_receipts() if one["request"] == request]

    def all_receipts(self) -> list[dict[str, Any]]:
        """All receipts, oldest first."""
        bare = str(self.github.state.home / "git" / f"{REPOSITORY}.git")
        if not _git("--git-dir", bare, "for-each-ref", "refs/heads/receipts"):
            return []
        names = _git("--git-dir", bare, "ls-tree", "-r", "--name-only", "receipts").splitlines()
        return [json.loads(_git("--git-dir", bare, "show", f"receipts:{name}")) for name in sorted(names)]

    def clone(self, ref: str) -> Path:
        """A fresh clone at a branch or commit, as a runner has it."""
        folder = self.home / "clones" / str(len(list((self.home / "clones").glob("*"))))
        bare = self.github.state.home / "git" / f"{REPOSITORY}.git"
        _git("clone", "--quiet", str(bare), str(folder))
        _git("-C", str(folder), "checkout", "--quiet", ref)
        return folder

    # ---- running -------------------------------------------------------------------------------------------

    def lakeport(
        self, arguments: list[str], cwd: Path, *, forker: int = 0, run: str = "17", **more: Any
    ) -> int:
        """The command in a process of its own; its exit code, negative when it was killed.

        Each is the next attempt of one run of the workflow, or of another ``run``.
        """
        self.attempt += 1
        order = {
            "args": arguments,
            "cwd": str(cwd),
            "log": str(self.home / "lakeport.log"),
            "env": {
                "GITHUB_TOKEN": self.tokens["actions"],
                "GITHUB_API_URL": self.proxies["GitHub"].url,
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_RUN_ID": run,
                "GITHUB_RUN_ATTEMPT": str(self.attempt),
                "LAKEPORT_GITHUB_TOKEN": self.tokens["lakeport"],
                "DATABRICKS_HOST": self.proxies["Databricks"].url,
                "DATABRICKS_AUTH_TYPE": "pat",
                "DATABRICKS_TOKEN": self.databricks.token,
                "NO_COLOR": "1",
            },
        }
        return self.forkers[forker].run(order | more)


@contextmanager
def stage(home: Path, *, delay: float = 0.0, hurry: float = 100.0) -> Iterator[Stage]:
    """Start it, and stop it however the test ends.

    ``delay`` holds up each call of ``lakeport``, in seconds; its own pauses are ``hurry`` times shorter.
    """
    # Nothing is held back here until another day, and there may be many requests.
    raw = (PROJECT / "requests/policy.yaml").read_bytes().replace(b"hold_days: 30", b"hold_days: 0")
    raw = raw.replace(b"approvers: [nadia-k]", b"approvers: [nadia-k]\n    quota: {open_requests: 2000}", 1)
    policy = load_policy(raw)
    (home / "clones").mkdir(parents=True)
    github = GitHub(home / "github")
    databricks = Lake(home / "databricks", cluster_seconds=0.02, install_seconds=0.02)
    proxies: dict[str, Proxy] = {}
    forkers = (Forker(hurry), Forker(hurry))
    try:
        databricks.start()
        github.start()
        proxies = {
            "GitHub": Proxy("GitHub", github.url, delay=delay),
            "Databricks": Proxy("Databricks", databricks.url, delay=delay),
        }
        github.state.url = proxies["GitHub"].url  # the addresses in its answers
        for proxy in proxies.values():
            proxy.start()
        databricks.seed(
            catalogs=[name for names in policy.catalogs.values() for name in names],
            groups=[team.databricks_group for team in policy.teams.values()],
        )
        tokens = _people(github)
        files = {"requests/policy.yaml": raw}
        github.create_repository("acme", "lakeport", files)
        github.grant("acme", "lakeport", "push", team="growth")
        yield Stage(home, github, databricks, tokens, proxies, forkers)
    finally:
        for forker in forkers:
            forker.stop()
        for proxy in proxies.values():
            proxy.stop()
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
