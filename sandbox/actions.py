"""Runs the workflows of the rehearsal GitHub with ``act`` on this machine: no container, no network.

An event is matched against the workflow files of its commit. Each run gets a fresh clone, a token of its own
with the permissions the file grants, and a folder that is gone afterwards. Runs of one concurrency group
follow one another as on GitHub: one runs, one waits, and a newer one takes the place of the one that waits.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.github.act import ActRun, Settings
from sandbox.github.data import CheckRun, Job, Repository, Run, Token, now
from sandbox.github.events import Actor, check_event, run_event
from sandbox.github.git import EMPTY_TREE, ZERO, Commit
from sandbox.github.state import Event, GitHubState
from sandbox.github.workflows import FOLDER, Facts, Workflow, WorkflowError, evaluate, parse, starts

APP = "github-actions"


@dataclass
class _Ticket:
    """A run that waits or runs, and all that is needed to run it."""

    repository: Repository
    run: Run
    event: Event
    permissions: dict[str, str]
    environments: frozenset[str] = frozenset()
    keep: int = 1
    process: ActRun | None = None
    cancelled: bool = False


@dataclass
class _Group:
    """One concurrency group: what runs and what waits, oldest first."""

    running: _Ticket
    pending: list[_Ticket] = field(default_factory=list)


class Actions:
    """The runner; hand it to :meth:`sandbox.github.GitHub.set_runner`."""

    def __init__(
        self,
        state: GitHubState,
        folder: Path,
        *,
        secrets: Mapping[str, str] | None = None,
        environments: Mapping[str, Mapping[str, str]] | None = None,
        variables: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        tool_cache: Path | None = None,
        parallel: int = 2,
        timeout_seconds: float = 600.0,
    ) -> None:
        """Everything it writes lies under ``folder``, but for what workflows put into ``tool_cache``.

        ``secrets``, ``variables`` and ``env`` are what the repository's settings hold; ``environments`` are
        secrets by environment, which a run gets when one of its jobs names it. ``parallel`` is how many runs
        go on at a time.
        """
        self._state = state
        self._settings = Settings(
            folder, secrets or {}, variables or {}, env or {}, tool_cache, timeout_seconds
        )
        self._environments = environments or {}
        self._slots = threading.Semaphore(parallel)
        self._groups: dict[str, _Group] = {}
        self._live: dict[int, _Ticket] = {}
        self._threads: list[threading.Thread] = []
        self._change = threading.Condition()
        self._stopping = False
        with state.lock:
            owner = next((each.login for each in state.data.organisations.values()), "github")
            state.add_app(APP, owner)
            self._settle_leftovers()

    def _settle_leftovers(self) -> None:
        """Runs that a former life of the sandbox did not finish will not finish now."""
        for repository in self._state.data.repositories.values():
            for run in repository.runs.values():
                if run.status != "completed":
                    run.status, run.conclusion = "completed", "cancelled"

    def __call__(self, event: Event) -> None:
        """Start what an event starts; what a workflow's own token did starts nothing, but for a dispatch."""
        quiet = event.quiet and event.name not in ("workflow_dispatch", "repository_dispatch")
        if quiet or self._stopping or not event.sha:
            return
        with self._state.lock:
            repository = self._state.repository(event.repository)
            if repository is None:
                return
            for workflow in self._workflows(repository, event):
                if isinstance(workflow, Workflow):
                    self._submit(repository, workflow, event)
                else:
                    self._record_invalid(repository, workflow, event)

    def settle(self, seconds: float = 120.0) -> bool:
        """Wait until nothing runs or waits; False when the time is over."""
        with self._change:
            return self._change.wait_for(lambda: not self._live, seconds)

    def stop(self) -> None:
        """Kill what runs, with everything it started; calling it again does nothing."""
        self._stopping = True
        with self._change:
            live = list(self._live.values())
        for ticket in live:
            self._cancel(ticket)
        for thread in self._threads:
            thread.join(15)

    # -- which ---------------------------------------------------------------------------------------

    def _workflows(self, repository: Repository, event: Event) -> list[Workflow | tuple[str, str]]:
        """The files an event starts; one that cannot be read comes as (path, why)."""
        git = self._state.git(repository)
        tree = git.commit(event.sha).tree
        entries = git.entries(tree, FOLDER) if git.entry(tree, FOLDER) else []
        facts: Facts | None = None
        chosen: list[Workflow | tuple[str, str]] = []
        for entry in entries:
            if not entry.path.endswith((".yml", ".yaml")) or (
                event.workflow and entry.path != event.workflow
            ):
                continue
            try:
                workflow = parse(git.blob(entry.sha), entry.path)
            except WorkflowError as error:
                if event.name == "push":
                    chosen.append((entry.path, str(error)))
                continue
            if event.name in workflow.triggers:
                facts = facts or self._facts(repository, event)
                if starts(workflow, facts):
                    chosen.append(workflow)
        return chosen

    def _facts(self, repository: Repository, event: Event) -> Facts:
        git, payload = self._state.git(repository), event.payload
        head: Commit = git.commit(event.head_sha if git.kind(event.head_sha) else event.sha)
        context = {
            "ref": event.ref,
            "ref_name": event.ref.split("/", 2)[-1],
            "sha": event.sha,
            "actor": event.actor,
            "repository": repository.full_name,
            "event_name": event.name,
            "event": payload,
        }
        facts = Facts(event.name, str(payload.get("action") or ""), message=head.message)
        if event.name == "push":
            before = str(payload["before"])
            first = head.parents[0] if head.parents else EMPTY_TREE
            files = git.paths(before if before != ZERO and git.kind(before) else first, event.sha)
            tag = event.ref.removeprefix("refs/tags/") if event.ref.startswith("refs/tags/") else ""
            facts = replace(facts, branch=event.head_branch, tag=tag, files=files)
        elif event.name == "pull_request":
            pull = payload["pull_request"]
            start = git.merge_base(pull["base"]["sha"], pull["head"]["sha"]) or pull["base"]["sha"]
            files = git.paths(start, pull["head"]["sha"])
            facts = replace(facts, branch=pull["base"]["ref"], files=files)
            context |= {"head_ref": pull["head"]["ref"], "base_ref": pull["base"]["ref"]}
        elif event.name == "workflow_run":
            facts = replace(facts, workflow=payload["workflow_run"]["name"])
        return replace(facts, context={"github": context, "inputs": payload.get("inputs") or {}})

    # -- when ----------------------------------------------------------------------------------------

    def _new_run(self, repository: Repository, path: str, name: str, event: Event) -> Run:
        state, payload = self._state, event.payload
        number = 1 + sum(run.path == path for run in repository.runs.values())
        title, pulls = name, []
        if pull := payload.get("pull_request"):
            title, pulls = str(pull["title"]), [int(pull["number"])]
        elif issue := payload.get("issue"):
            title = str(issue["title"])
        elif event.name == "push":
            title = state.git(repository).commit(event.sha).message.partition("\n")[0]
        sha = event.head_sha or event.sha
        where, who = (event.name, event.head_branch, sha), event.actor
        run = Run(state.new_id(), number, name, path, *where, who, title, pulls=pulls)
        repository.runs[run.id] = run
        return run

    def _record_invalid(self, repository: Repository, given: tuple[str, str], event: Event) -> None:
        """A file that cannot be read shows as a run that failed at once, as on GitHub."""
        path, why = given
        run = self._new_run(repository, path, path, event)
        run.status, run.conclusion = "completed", "failure"
        log = self._state.log_file(run.id)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"Invalid workflow file: {path}\n{why}\n", "utf-8")
        run_event(Actor(self._state, event.actor), repository, run, "completed")

    def _submit(self, repository: Repository, workflow: Workflow, event: Event) -> None:
        run = self._new_run(repository, workflow.path, workflow.name, event)
        if workflow.run_name:
            run.title = evaluate(workflow.run_name, self._facts(repository, event).context)
        for key, name in workflow.jobs.items():
            job = Job(self._state.new_id(), key, name)
            run.jobs.append(job)
            repository.checks[job.id] = CheckRun(job.id, name, run.head_sha, APP)
        ticket = _Ticket(repository, run, event, dict(workflow.permissions), workflow.environments)
        run_event(Actor(self._state, event.actor), repository, run, "requested")
        with self._change:
            self._live[run.id] = ticket
        if workflow.concurrency is None:
            self._start(ticket)
            return
        context = dict(self._facts(repository, event).context)
        context["github"] = {**context["github"], "workflow": workflow.name, "run_id": str(run.id)}
        run.group = f"{repository.full_name}:{evaluate(workflow.concurrency.group, context)}".lower()
        ticket.keep = workflow.concurrency.keep
        self._line_up(ticket, cancel=evaluate(workflow.concurrency.cancel, context).lower() == "true")

    def _line_up(self, ticket: _Ticket, *, cancel: bool) -> None:
        with self._change:
            group = self._groups.get(ticket.run.group)
            if group is None:
                self._groups[ticket.run.group] = _Group(ticket)
                dropped = []
            else:
                group.pending.append(ticket)
                dropped = [group.pending.pop(0) for _ in range(len(group.pending) - ticket.keep)]
        if group is None:
            self._start(ticket)
        for older in dropped:
            self._finish(older, {}, "cancelled")
        if group is not None and cancel:
            self._cancel(group.running)

    def _start(self, ticket: _Ticket) -> None:
        thread = threading.Thread(target=self._work, args=(ticket,), name=f"run-{ticket.run.id}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _cancel(self, ticket: _Ticket) -> None:
        ticket.cancelled = True
        if ticket.process is not None:
            ticket.process.kill()

    # -- how -----------------------------------------------------------------------------------------

    def _work(self, ticket: _Ticket) -> None:
        results: dict[str, str] = {}
        conclusion = "failure"
        try:
            with self._slots:
                if not ticket.cancelled:
                    token = self._begin(ticket)
                    ticket.process = ActRun(
                        self._settings_of(ticket), self._state, ticket.repository, ticket.run, ticket.event
                    )
                    results, code = ticket.process.run(token.value, lambda: ticket.cancelled)
                    conclusion = "success" if code == 0 else "failure"
        finally:
            self._finish(ticket, results, "cancelled" if ticket.cancelled else conclusion)
            self._next(ticket)

    def _settings_of(self, ticket: _Ticket) -> Settings:
        """The settings with the secrets of the environments that the run's jobs name."""
        secrets = dict(self._settings.secrets)
        for name in sorted(ticket.environments):
            secrets |= self._environments.get(name, {})
        return replace(self._settings, secrets=secrets)

    def _begin(self, ticket: _Ticket) -> Token:
        state, run = self._state, ticket.run
        with state.lock:
            run.status, run.updated_at = "in_progress", now()
            actor = Actor(state, f"{APP}[bot]", quiet=True)
            for job in run.jobs:
                check = ticket.repository.checks[job.id]
                job.status = check.status = "in_progress"
                job.started_at = check.started_at = now()
                check_event(actor, ticket.repository, check, "created")
            run_event(Actor(state, run.actor), ticket.repository, run, "in_progress")
            name, granted = ticket.repository.full_name, ticket.permissions
            return state.issue_token(
                f"{APP}[bot]", "ghs", app=APP, permissions=granted, repository=name, run_id=run.id
            )

    def _finish(self, ticket: _Ticket, results: Mapping[str, str], conclusion: str) -> None:
        """Write down how it went; a job that never came to its turn was skipped."""
        state, run = self._state, ticket.run
        with state.lock:
            for token in [t for t in state.data.tokens.values() if t.run_id == run.id]:
                del state.data.tokens[token.value]
            otherwise = "cancelled" if conclusion == "cancelled" else "skipped"
            actor = Actor(state, f"{APP}[bot]", quiet=True)
            for job in run.jobs:
                check = ticket.repository.checks[job.id]
                job.status = check.status = "completed"
                job.conclusion = check.conclusion = results.get(job.key, otherwise)
                job.completed_at = check.completed_at = now()
                check_event(actor, ticket.repository, check, "completed")
            run.status, run.conclusion, run.updated_at = "completed", conclusion, now()
            if not self._stopping:
                run_event(Actor(state, run.actor), ticket.repository, run, "completed")
            state.save()
        with self._change:
            self._live.pop(run.id, None)
            if not self._live:
                self._settings.tidy()
            self._change.notify_all()

    def _next(self, ticket: _Ticket) -> None:
        """The next of the group, if one waits."""
        with self._change:
            group = self._groups.get(ticket.run.group)
            if group is None or group.running is not ticket:
                return
            if not group.pending:
                del self._groups[ticket.run.group]
                return
            group.running = group.pending.pop(0)
            following = group.running
        self._start(following)
