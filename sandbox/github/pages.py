"""Small pages for people behind every ``html_url``: files, commits, pull requests, checks, runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import nh3
from jinja2 import Environment, FileSystemLoader, Template
from markdown_it import MarkdownIt
from starlette.responses import HTMLResponse, Response

from sandbox.github.answers import ApiError
from sandbox.github.data import CheckRun, Pull, Repository
from sandbox.github.git import EMPTY_TREE, FileChange
from sandbox.github.review import people
from sandbox.github.state import GitHubState
from sandbox.project import HTML

HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)
LONGEST = 200_000
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "form-action 'self'"
}
TAGS = {
    *("a", "b", "blockquote", "br", "code", "del", "details", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("i", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "summary", "sup"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
"""The tags GitHub lets people write in Markdown, as far as they are in use."""


@dataclass(frozen=True)
class Row:
    """A line of a list."""

    text: str
    href: str = ""
    mark: str = ""
    note: str = ""


@dataclass(frozen=True)
class Part:
    """A titled list, or text as it is (``diff``: with additions and removals coloured)."""

    title: str
    rows: tuple[Row, ...] = ()
    text: str | None = None
    diff: bool = False


@dataclass(frozen=True)
class Talk:
    """Something somebody said; ``body`` is Markdown."""

    who: str
    what: str
    body: str | None
    anchor: str


@cache
def _template() -> Template:
    loader = FileSystemLoader(HTML)
    environment = Environment(loader=loader, autoescape=True)
    environment.filters["markdown"] = markdown
    return environment.get_template("github.html")


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def markdown(text: str | None) -> str:
    """Markdown as HTML, with the tags GitHub allows and no others; hidden markers are left out."""
    return nh3.clean(_markdown().render(HIDDEN.sub("", text or "")), tags=TAGS, attributes={"a": {"href"}})


def _show(repo: Repository, heading: str, parts: Iterable[Part], **more: Any) -> Response:
    title = f"{heading} · {repo.full_name}"
    body = _template().render(repo=repo, title=title, heading=heading, parts=[*parts], **more)
    return HTMLResponse(body, headers=SAFE)


def _found(state: GitHubState, owner: str, repo: str) -> Repository:
    found = state.repository(f"{owner}/{repo}")
    assert found is not None, "looked up before a page is drawn"
    return found


def _missing() -> Response:
    return ApiError(404, "Not Found").response()


# -- files --------------------------------------------------------------------------------------------


def home(state: GitHubState, owner: str, repo: str) -> Response:
    """Files of the default branch and every pull request."""
    found = _found(state, owner, repo)
    page = f"/{found.full_name}"
    pulls = tuple(
        Row(f"#{it.number} {it.title}", f"{page}/pull/{it.number}", _state(it), it.user)
        for it in reversed(found.pulls.values())
    )
    runs = tuple(
        Row(f"{it.name}: {it.title}", f"{page}/actions/runs/{it.id}", it.conclusion or it.status, it.event)
        for it in reversed([*found.runs.values()][-20:])
    )
    files = _files(state, found, found.default_branch, "")
    parts = [Part("Files", files), Part("Pull requests", pulls), Part("Workflow runs", runs)]
    return _show(found, found.description or found.name, parts)


def _files(state: GitHubState, found: Repository, ref: str, path: str) -> tuple[Row, ...]:
    git = state.git(found)
    sha = git.resolve(ref)
    entries = git.entries(git.commit(sha).tree, path) if sha else []
    rows = []
    for each in sorted(entries, key=lambda entry: (entry.type != "tree", entry.path)):
        kind = "tree" if each.type == "tree" else "blob"
        name = each.path.rpartition("/")[2] + ("/" if kind == "tree" else "")
        rows.append(Row(name, f"/{found.full_name}/{kind}/{ref}/{each.path}"))
    return tuple(rows)


def browse(state: GitHubState, owner: str, repo: str, place: str) -> Response:
    """A folder or file; ``place`` begins with a branch, which may hold slashes, or a commit."""
    found = _found(state, owner, repo)
    git, parts = state.git(found), place.strip("/").split("/")
    for cut in range(1, len(parts) + 1):
        ref, path = "/".join(parts[:cut]), "/".join(parts[cut:])
        sha = git.resolve(ref)
        entry = git.entry(git.commit(sha).tree, path) if sha and path else None
        if sha and (not path or (entry and entry.type == "tree")):
            return _show(found, path or ref, [Part("Files", _files(state, found, ref, path))])
        if entry and entry.type == "blob":
            return _show(found, path, [Part(f"At {ref}", text=_text(git.blob(entry.sha)))])
    return _missing()


def _text(raw: bytes) -> str:
    return "(binary)" if b"\0" in raw[:8000] else raw[:LONGEST].decode("utf-8", "replace")


def commit(state: GitHubState, owner: str, repo: str, sha: str) -> Response:
    """What a commit changed."""
    found = _found(state, owner, repo)
    git = state.git(found)
    resolved = git.resolve(sha)
    if resolved is None:
        return _missing()
    it = git.commit(resolved)
    changes = git.changes(it.parents[0] if it.parents else EMPTY_TREE, it.sha)
    parts = [Part("Message", text=it.message), *_diffs(changes), _checks(found, it.sha)]
    return _show(found, it.message.partition("\n")[0], parts, mark="", note="")


def _diffs(changes: Iterable[FileChange]) -> list[Part]:
    return [Part(f"{each.path} ({each.status})", text=each.patch[:LONGEST], diff=True) for each in changes]


# -- pull requests, checks, runs ----------------------------------------------------------------------


def _state(it: Pull) -> str:
    return "merged" if it.merged_at else it.state


def pull(state: GitHubState, owner: str, repo: str, number: str) -> Response:
    """Conversation, reviews, checks and changed files of a pull request."""
    found = _found(state, owner, repo)
    it = found.pulls.get(int(number)) if number.isdecimal() else None
    if it is None:
        return _missing()
    said = [(it.created_at, Talk(it.user, "opened this", it.body, f"pull-{it.number}"))]
    for comment in found.comments.values():
        if comment.number == it.number:
            anchor = f"issuecomment-{comment.id}"
            what = "edited" if comment.updated_at != comment.created_at else "said"
            said.append((comment.created_at, Talk(comment.user, what, comment.body, anchor)))
    for given in it.reviews:
        what = f"{given.state.lower().replace('_', ' ')} {given.commit_id[:7]}"
        anchor = f"pullrequestreview-{given.id}"
        said.append((given.submitted_at, Talk(given.user, what, given.body, anchor)))
    said.sort(key=lambda pair: pair[0])
    git = state.git(found)
    changes = git.changes(git.merge_base(it.base_sha, it.head_sha) or it.base_sha, it.head_sha)
    note = f"{it.user} wants to merge {it.head_ref} into {it.base_ref}"
    return _show(
        found,
        f"{it.title} #{it.number}",
        [_checks(found, it.head_sha), *_diffs(changes)],
        mark=_state(it),
        note=note,
        conversation=[talk for _, talk in said],
        people=people(state) if it.state == "open" else [],
        act=f"/{found.full_name}/pull/{it.number}/act",
    )


def _checks(found: Repository, sha: str) -> Part:
    newest = {(it.app, it.name): it for it in found.checks.values() if it.head_sha == sha}
    rows = tuple(
        Row(
            it.name,
            f"/{found.full_name}/runs/{it.id}",
            it.conclusion or it.status,
            it.output.get("title") or "",
        )
        for it in newest.values()
    )
    return Part("Checks", rows)


def check(state: GitHubState, owner: str, repo: str, number: str) -> Response:
    """What a check run has to say."""
    found = _found(state, owner, repo)
    it: CheckRun | None = found.checks.get(int(number)) if number.isdecimal() else None
    if it is None:
        return _missing()
    notes = tuple(
        Row(f"{note['path']}:{note['start_line']}", "", note["annotation_level"], note["message"])
        for note in it.output.get("annotations", [])
    )
    said = [
        Talk(it.app, name, it.output.get(name), name) for name in ("summary", "text") if it.output.get(name)
    ]
    heading, mark = it.output.get("title") or it.name, it.conclusion or it.status
    return _show(found, heading, [Part("Notes", notes)], mark=mark, note=it.name, conversation=said)


def run(state: GitHubState, owner: str, repo: str, number: str) -> Response:
    """Jobs and log of a workflow run."""
    found = _found(state, owner, repo)
    it = found.runs.get(int(number)) if number.isdecimal() else None
    if it is None:
        return _missing()
    jobs = tuple(Row(job.name, "", job.conclusion or job.status) for job in it.jobs)
    file = state.log_file(it.id)
    log = _text(file.read_bytes()) if file.exists() else ""
    note = f"{it.event} by {it.actor} on {it.head_branch} at {it.head_sha[:7]}"
    parts = [Part("Jobs", jobs), Part("Log", text=log)]
    return _show(found, f"{it.name}: {it.title}", parts, mark=it.conclusion or it.status, note=note)


@dataclass(frozen=True)
class Page:
    """A page and where it stands."""

    path: str
    render: Callable[..., Response]


PAGES = (
    Page("/{owner}/{repo}", home),
    Page("/{owner}/{repo}/tree/{place:path}", browse),
    Page("/{owner}/{repo}/blob/{place:path}", browse),
    Page("/{owner}/{repo}/commit/{sha}", commit),
    Page("/{owner}/{repo}/pull/{number}", pull),
    Page("/{owner}/{repo}/runs/{number}", check),
    Page("/{owner}/{repo}/actions/runs/{number}", run),
)
