"""What the workspace shows of GitHub: pull requests with their checks, reviews and files; runs with logs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.github.data import CheckRun, Comment, Pull, Repository, Run
from sandbox.github.git import FileChange
from sandbox.github.state import GitHubState

GATE, PLAN = "lakeport/gate", "lakeport/plan"
PLAN_MARK = "<!-- lakeport:plan"
PULLS, RUNS = 6, 8
"""How many are shown, the newest first."""
LOG_BYTES = 24_000
"""How much of the end of a log is shown."""
PATCH = 20_000
_ESCAPED = re.compile(r"\\(?=[^\w\s])")


@dataclass(frozen=True)
class Check:
    """A check run or the job of a workflow; ``state`` is its conclusion, or how far it is."""

    name: str
    state: str
    title: str
    url: str


@dataclass(frozen=True)
class Said:
    """A review or a comment; ``what`` is such as ``approved``, ``body`` Markdown."""

    who: str
    what: str
    body: str
    at: str
    key: str


@dataclass(frozen=True)
class PullSeen:
    """A pull request as a person sees it; ``plan`` is the comment with the plan, as Markdown.

    ``awaited`` are the logins the gate still waits for, among those that are known.
    """

    number: int
    title: str
    url: str
    state: str
    by: str
    body: str
    branch: str
    checks: tuple[Check, ...]
    said: tuple[Said, ...]
    files: tuple[FileChange, ...]
    plan: str
    awaited: tuple[str, ...]
    merge_sha: str

    def check(self, name: str) -> Check | None:
        """The check run of that name."""
        return next((each for each in self.checks if each.name == name), None)

    @property
    def passed(self) -> bool:
        """Whether it may be merged, as the gate says."""
        return self.state == "open" and all(
            each is not None and each.state == "success" for each in map(self.check, (PLAN, GATE))
        )


@dataclass(frozen=True)
class RunSeen:
    """A run of a workflow with the end of its log."""

    id: int
    name: str
    title: str
    state: str
    event: str
    sha: str
    jobs: tuple[Check, ...]
    log: str
    url: str

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "in_progress", "waiting")


@dataclass(frozen=True)
class HubSeen:
    """The repository of the requests: pull requests and runs, the newest first."""

    name: str
    url: str
    pulls: tuple[PullSeen, ...]
    runs: tuple[RunSeen, ...]
    made: tuple[tuple[str, str], ...]
    """Other repositories that stand: name and address."""


class Hub:
    """Looks at the state of the rehearsal GitHub. ``logins`` are those whose approval may be waited for."""

    def __init__(self, state: GitHubState, repository: str, logins: Iterable[str]) -> None:
        self._state = state
        self._repository = repository
        self._logins = tuple(logins)
        self._changes: dict[tuple[str, str], tuple[FileChange, ...]] = {}

    def version(self) -> str:
        """Another one whenever something happened here; a log that grows is something that happens."""
        with self._state.lock:
            found = self._state.repository(self._repository)
            runs = list(found.runs.values())[-RUNS:] if found else []
            facts = [(run.id, run.status, [job.status for job in run.jobs], self._size(run)) for run in runs]
            heads = [pull.head_sha for pull in found.pulls.values()] if found else []
            checks = [(it.id, it.status) for it in found.checks.values()] if found else []
            count = len(self._state.writes)
        return hashlib.sha256(repr((count, facts, heads, checks)).encode()).hexdigest()

    def look(self) -> HubSeen:
        """Everything that is shown."""
        with self._state.lock:
            found = self._state.repository(self._repository)
            if found is None:
                return HubSeen(self._repository, self._state.url, (), (), ())
            base = f"{self._state.url}/{found.full_name}"
            others = (it for it in self._state.data.repositories.values() if it is not found)
            return HubSeen(
                found.full_name,
                base,
                tuple(self._pull(found, it, base) for it in list(found.pulls.values())[: -PULLS - 1 : -1]),
                tuple(self._run(it, base) for it in list(found.runs.values())[: -RUNS - 1 : -1]),
                tuple((it.full_name, f"{self._state.url}/{it.full_name}") for it in others),
            )

    # ---- pull requests -------------------------------------------------------------------------------------

    def _pull(self, found: Repository, it: Pull, base: str) -> PullSeen:
        comments = [each for each in found.comments.values() if each.number == it.number]
        newest = {
            (each.app, each.name): each for each in found.checks.values() if each.head_sha == it.head_sha
        }
        gate = next((each for (_, name), each in newest.items() if name == GATE), None)
        checks = sorted((_check(each, base) for each in newest.values()), key=_ours_first)
        return PullSeen(
            it.number,
            it.title,
            f"{base}/pull/{it.number}",
            "merged" if it.merged_at else it.state,
            it.user,
            it.body or "",
            it.head_ref,
            tuple(checks),
            _said(it, comments),
            self._files(found, it),
            next((each.body for each in reversed(comments) if PLAN_MARK in each.body), ""),
            self._awaited(gate) if it.state == "open" else (),
            it.merge_sha or "",
        )

    def _awaited(self, gate: CheckRun | None) -> tuple[str, ...]:
        if gate is None or gate.conclusion == "success":
            return ()
        words = _ESCAPED.sub("", f"{gate.output.get('title') or ''} {gate.output.get('summary') or ''}")
        named = set(re.findall(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", words))
        return tuple(login for login in self._logins if login in named)

    def _files(self, found: Repository, it: Pull) -> tuple[FileChange, ...]:
        key = (it.base_sha, it.head_sha)
        if key not in self._changes:
            git = self._state.git(found)
            changes = git.changes(git.merge_base(*key) or it.base_sha, it.head_sha)
            self._changes[key] = tuple(changes)
        return self._changes[key]

    # ---- runs ----------------------------------------------------------------------------------------------

    def _size(self, run: Run) -> int:
        file = self._state.log_file(run.id)
        return file.stat().st_size if file.exists() else 0

    def _run(self, it: Run, base: str) -> RunSeen:
        jobs = tuple(Check(job.name, job.conclusion or job.status, "", "") for job in it.jobs)
        url = f"{base}/actions/runs/{it.id}"
        state = it.conclusion or it.status
        return RunSeen(it.id, it.name, it.title, state, it.event, it.head_sha, jobs, self._log(it), url)

    def _log(self, it: Run) -> str:
        file = self._state.log_file(it.id)
        if not file.exists():
            return ""
        with file.open("rb") as log:
            log.seek(max(0, self._size(it) - LOG_BYTES))
            raw = log.read(LOG_BYTES)
        text = raw.decode("utf-8", "replace")
        return text if len(raw) < LOG_BYTES else "…" + text.partition("\n")[2]


def _check(it: CheckRun, base: str) -> Check:
    state = it.conclusion or it.status
    return Check(it.name, state, str(it.output.get("title") or ""), f"{base}/runs/{it.id}")


def _ours_first(check: Check) -> tuple[bool, str]:
    return (check.name not in (PLAN, GATE), check.name)


def _said(it: Pull, comments: Iterable[Comment]) -> tuple[Said, ...]:
    """Reviews and people's comments, oldest first; what the workflows keep up to date stands elsewhere."""
    found = [
        Said(each.user, each.state.lower().replace("_", " "), each.body, each.submitted_at, f"r{each.id}")
        for each in it.reviews
    ]
    found += [
        Said(each.user, "commented", each.body, each.created_at, f"c{each.id}")
        for each in comments
        if "<!-- lakeport:" not in each.body
    ]
    return tuple(sorted(found, key=lambda each: each.at))
