"""Reads workflow files and decides which of them an event starts; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitops.errors import InvalidRequest
from gitops.yamlfile import load

FOLDER = ".github/workflows"
DEFAULT_TYPES: dict[str, tuple[str, ...]] = {"pull_request": ("opened", "synchronize", "reopened")}
"""Activity types that count when a workflow names none; any other event: all of its types."""
RESTRICTED = {"contents": "read", "packages": "read"}
"""What the token of a workflow may do when the file does not say."""
LEVELS = ("none", "read", "write")
SKIP = re.compile(r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]")
SCOPES = ("actions", "checks", "contents", "deployments", "issues", "packages", "pull-requests", "statuses")
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)


class WorkflowError(Exception):
    """The file cannot be read as a workflow; the message says why."""


@dataclass(frozen=True)
class Concurrency:
    """``group`` may hold expressions; ``keep``: how many pending runs stand in line (GitHub: 1, or 100)."""

    group: str
    cancel: str = "false"
    keep: int = 1


@dataclass(frozen=True)
class Workflow:
    """What is needed of a workflow file to decide about it and to list its jobs (key → name).

    ``environments`` are the names of those whose secrets its jobs ask for. ``run_name`` may hold expressions.
    """

    path: str
    name: str
    triggers: Mapping[str, Mapping[str, Any]]
    jobs: Mapping[str, str]
    permissions: Mapping[str, str]
    environments: frozenset[str] = frozenset()
    concurrency: Concurrency | None = None
    run_name: str = ""


@dataclass(frozen=True)
class Facts:
    """What an event is about: ``branch`` is the pushed one or the base, ``files`` the changed ones."""

    event: str
    action: str = ""
    branch: str = ""
    tag: str = ""
    files: Sequence[str] = ()
    message: str = ""
    workflow: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


def parse(raw: bytes, path: str) -> Workflow:
    """Read one workflow file, as strictly as a request file: no anchors, no tags, no key twice."""
    try:
        data = load(raw, path).data
    except InvalidRequest as error:
        raise WorkflowError("; ".join(finding.message for finding in error.findings)) from None
    if not isinstance(data.get("jobs"), dict) or "on" not in data:
        raise WorkflowError("a workflow has the keys on and jobs")
    jobs = {key: job for key, job in data["jobs"].items() if isinstance(job, dict)}
    return Workflow(
        path=path,
        name=str(data.get("name") or path),
        triggers=_triggers(data["on"]),
        jobs={key: str(job.get("name") or key) for key, job in jobs.items()},
        permissions=_union(
            _permissions(job.get("permissions", data.get("permissions"))) for job in jobs.values()
        ),
        environments=frozenset(map(_environment, jobs.values())) - {""},
        concurrency=_concurrency(data.get("concurrency")),
        run_name=str(data.get("run-name") or ""),
    )


def for_act(raw: bytes, path: str) -> bytes:
    """The file as ``act`` can read it: it does not know ``queue``, which has done its work by then."""
    data = load(raw, path).data
    places = [data, *(job for job in data["jobs"].values() if isinstance(job, dict))]
    found = [place["concurrency"] for place in places if isinstance(place.get("concurrency"), dict)]
    if not any("queue" in each for each in found):
        return raw
    for each in found:
        each.pop("queue", None)
    return json.dumps(data).encode()  # JSON is YAML


def _environment(job: Mapping[str, Any]) -> str:
    given = job.get("environment", "")
    return str(given.get("name", "") if isinstance(given, dict) else given)


def _triggers(on: Any) -> dict[str, Mapping[str, Any]]:
    if isinstance(on, str):
        return {on: {}}
    if isinstance(on, list):
        return {str(name): {} for name in on}
    if isinstance(on, dict):
        return {str(name): spec if isinstance(spec, dict) else {} for name, spec in on.items()}
    raise WorkflowError("on is a name, a list or a mapping")


def _permissions(given: Any) -> dict[str, str]:
    """Scope (``pull_requests``) → level of one job."""
    if given is None:
        return dict(RESTRICTED)
    if isinstance(given, str):
        level = {"read-all": "read", "write-all": "write"}.get(given, "none")
        return {scope.replace("-", "_"): level for scope in SCOPES}
    return {str(scope).replace("-", "_"): str(level) for scope, level in given.items()}


def _union(all_of: Iterable[Mapping[str, str]]) -> dict[str, str]:
    union: dict[str, str] = {}
    for each in all_of:
        for scope, level in each.items():
            known = union.get(scope, "none")
            union[scope] = max(known, level if level in LEVELS else "none", key=LEVELS.index)
    return union


def _concurrency(given: Any) -> Concurrency | None:
    if isinstance(given, str):
        return Concurrency(given)
    if isinstance(given, dict) and given.get("group"):
        keep = 100 if given.get("queue") == "max" else 1
        return Concurrency(str(given["group"]), str(given.get("cancel-in-progress", "false")), keep)
    return None


# -- deciding -----------------------------------------------------------------------------------------


def starts(workflow: Workflow, facts: Facts) -> bool:
    """Whether an event starts a workflow."""
    spec = workflow.triggers.get(facts.event)
    if spec is None:
        return False
    if facts.event in ("push", "pull_request") and SKIP.search(facts.message):
        return False
    if facts.event == "workflow_run":
        named = _list(spec.get("workflows"))
        if named and facts.workflow not in named:
            return False
    types = _list(spec.get("types")) or DEFAULT_TYPES.get(facts.event, ())
    if types and facts.action and facts.action not in types:
        return False
    if facts.event not in ("push", "pull_request"):
        return True
    return _ref_matches(spec, facts) and _paths_match(spec, facts.files)


def _ref_matches(spec: Mapping[str, Any], facts: Facts) -> bool:
    """Naming only branches shuts tags out, and the other way round."""
    branches, tags = ("branches", "branches-ignore"), ("tags", "tags-ignore")
    mine, others = (tags, branches) if facts.tag else (branches, tags)
    if not any(name in spec for name in mine):
        return facts.event != "push" or not any(name in spec for name in others)
    value = facts.tag or facts.branch
    wanted, ignored = _list(spec.get(mine[0])), _list(spec.get(mine[1]))
    return (not wanted or selects(wanted, value)) and not (ignored and selects(ignored, value))


def _paths_match(spec: Mapping[str, Any], files: Sequence[str]) -> bool:
    wanted, ignored = _list(spec.get("paths")), _list(spec.get("paths-ignore"))
    if wanted:
        return any(selects(wanted, path) for path in files)
    return not ignored or not files or any(not selects(ignored, path) for path in files)


def _list(given: Any) -> tuple[str, ...]:
    if isinstance(given, list):
        return tuple(str(each) for each in given)
    return (str(given),) if given else ()


def selects(patterns: Sequence[str], value: str) -> bool:
    """Whether filter patterns take a value; the last that matches decides, ``!`` takes it out again."""
    taken = False
    for pattern in patterns:
        wanted = not pattern.startswith("!")
        if _regex(pattern if wanted else pattern[1:]).fullmatch(value):
            taken = wanted
    return taken


def _regex(pattern: str) -> re.Pattern[str]:
    """``*`` stays in one folder, ``**`` does not, ``?`` and ``+`` repeat the character before."""
    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif pattern[at] == "[" and "]" in pattern[at:]:
            end = pattern.index("]", at)
            out, at = out + pattern[at : end + 1], end + 1
        else:
            letter = pattern[at]
            out += {"*": "[^/]*", "?": "?", "+": "+"}.get(letter, re.escape(letter))
            at += 1
    return re.compile(out)


# -- expressions --------------------------------------------------------------------------------------


def evaluate(text: str, context: Mapping[str, Any]) -> str:
    """Text with its expressions filled in: names such as ``github.ref``, literals, ``||``; no functions."""
    return EXPRESSION.sub(lambda found: _value(found[1], context), text)


def _value(expression: str, context: Mapping[str, Any]) -> str:
    for part in expression.split("||"):
        name = part.strip()
        if name.startswith("'") and name.endswith("'"):
            value: Any = name[1:-1]
        else:
            value = context
            for step in name.split("."):
                value = value.get(step) if isinstance(value, Mapping) else None
        if value not in (None, "", False):
            return str(value)
    return ""
