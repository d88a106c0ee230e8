"""Operations on files of the rehearsal GitHub: read one or a folder, write or take out one in a commit."""

from __future__ import annotations

import base64
from typing import Any

from starlette.responses import Response

from sandbox.github.answers import Answer, ApiError, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.git import ZERO, Entry
from sandbox.github.models import Json
from sandbox.github.models_git import git_commit
from sandbox.github.objects import decoded, move

routes = Routes()


def _file(call: Call, entry: Entry, ref: str) -> Json:
    """A file or folder as a listing shows it; a file looked at by itself also has its content."""
    found, path = call.repository, entry.path
    url = f"{call.state.url}/repos/{found.full_name}"
    page = f"{call.state.url}/{found.full_name}"
    kind = {"tree": "dir", "commit": "submodule"}.get(
        entry.type, "symlink" if entry.mode == "120000" else "file"
    )
    here, html = (
        f"{url}/contents/{path}?ref={ref}",
        f"{page}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{path}",
    )
    git_url = f"{url}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "type": kind,
        "url": here,
        "html_url": html,
        "git_url": git_url,
        "download_url": None if kind == "dir" else f"{page}/raw/{ref}/{path}",
        "_links": {"self": here, "git": git_url, "html": html},
    }


@routes("GET", "/repos/{owner}/{repo}/contents/{path:path}", "contents:read")
def get_contents(call: Call) -> Any:
    """A file with its content, or what a folder holds."""
    path = call.parameters.get("path", "").strip("/")
    ref = call.query.get("ref") or call.repository.default_branch
    sha = call.git.resolve(ref.removeprefix("refs/heads/"))
    if sha is None:
        empty = not call.git.refs()
        raise ApiError(404, "This repository is empty." if empty else f"No commit found for the ref {ref}")
    tree = call.git.commit(sha).tree
    entry = call.git.entry(tree, path) if path else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.type == "tree":
        return [_file(call, each, ref) for each in call.git.entries(tree, path)]
    raw = call.git.blob(entry.sha)
    if "raw" in call.accept:
        return Response(raw, media_type="application/vnd.github.raw")
    return _file(call, entry, ref) | {"content": base64.encodebytes(raw).decode(), "encoding": "base64"}


def _write_file(call: Call, content: bytes | None) -> tuple[str, str]:
    """Commit one file put in or (None) taken out; returns path and the new commit."""
    found, path = call.repository, call.parameters["path"]
    message = call.text("message", required=True, resource="Commit")
    branch = call.text("branch") or found.default_branch
    ref = f"refs/heads/{branch}"
    before = call.git.resolve(ref)
    if before is None and (call.git.refs() or content is None):
        raise ApiError(404, f"Branch {branch} not found")
    if path.startswith("/") or {"", ".", "..", ".git"} & {*path.split("/")}:
        raise ApiError(422, "path contains a malformed path component")
    base = call.git.commit(before).tree if before else None
    entry = call.git.entry(base, path) if base else None
    given = call.text("sha")
    if entry is None and content is None:
        raise not_found()
    if entry is not None and not given:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given and (entry is None or entry.sha != given):
        raise ApiError(409, f"{path} does not match {given}")
    blob = None if content is None else call.git.add_blob(content)
    tree = call.git.add_tree(base, [(path, entry.mode if entry else "100644", blob)])
    author = call.signature(call.body.get("author"))
    committer = call.signature(call.body["committer"]) if call.body.get("committer") else author
    after = call.git.add_commit(tree, [before] if before else [], message, author, committer)
    call.sign(after)
    move(call, ref, before or ZERO, after)
    return path, after


@routes("PUT", "/repos/{owner}/{repo}/contents/{path:path}", "contents:write")
def put_contents(call: Call) -> Any:
    """Write one file in a commit of its own: 201 when it is new, 200 when it was there."""
    path, sha = _write_file(call, decoded(call.body, "base64"))
    made = call.git.commit(sha)
    entry = call.git.entry(made.tree, path)
    body = {
        "content": entry and _file(call, entry, sha),
        "commit": git_commit(call.state, call.repository, made),
    }
    return Answer(body, 200 if call.body.get("sha") else 201)


@routes("DELETE", "/repos/{owner}/{repo}/contents/{path:path}", "contents:write")
def delete_contents(call: Call) -> Any:
    """Take one file away in a commit of its own."""
    _, sha = _write_file(call, None)
    return {"content": None, "commit": git_commit(call.state, call.repository, call.git.commit(sha))}
