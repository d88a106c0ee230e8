"""Operations on refs, blobs, trees and commits of the rehearsal GitHub: the Git data API."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.events import moved
from sandbox.github.git import ZERO, Commit, Entry, GitError
from sandbox.github.models import Json, node
from sandbox.github.models_git import git_commit
from sandbox.github.rules import in_force, require_allowed

routes = Routes()
MODES = ("100644", "100755", "040000", "120000")


def move(call: Call, ref: str, before: str, after: str, *, merging: bool = False) -> None:
    """Point ``ref`` somewhere else and tell it; 422 where somebody moved it, or a rule forbids it."""
    rules = in_force(call.repository, ref, call.app.id if call.app else None)
    forward = ZERO in (before, after) or call.git.is_ancestor(before, after)
    require_allowed(rules, before, after, forward=forward, merging=merging)
    try:
        if after == ZERO:
            call.git.delete_ref(ref)
        else:
            call.git.set_ref(ref, after, before)
    except GitError:
        raise ApiError(422, "Reference cannot be updated") from None
    moved(call.actor, call.repository, ref, before, after)


def a_commit(call: Call, name: str) -> Commit:
    """The commit behind a sha, branch or tag; GitHub's own 404, 409 and 422 when there is none."""
    sha = call.git.resolve(name)
    if sha is None:
        if not call.git.refs():
            raise ApiError(409, "Git Repository is empty.")
        raise ApiError(422, f"No commit found for SHA: {name}")
    return call.git.commit(sha)


# -- refs ---------------------------------------------------------------------------------------------


def _ref(call: Call, name: str, sha: str) -> Json:
    url = f"{call.state.url}/repos/{call.repository.full_name}/git"
    kind = call.git.kind(sha) or "commit"
    target = {"sha": sha, "type": kind, "url": f"{url}/{kind}s/{sha}"}
    return {"ref": name, "node_id": node("Ref", name), "url": f"{url}/{name}", "object": target}


@routes("GET", "/repos/{owner}/{repo}/git/ref/{ref:path}", "contents:read")
def get_ref(call: Call) -> Any:
    """One ref, named without ``refs/``."""
    refs = call.git.refs()
    if not refs:
        raise ApiError(409, "Git Repository is empty.")
    name = f"refs/{call.parameters['ref']}"
    if name not in refs:
        raise not_found()
    return _ref(call, name, refs[name])


@routes("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref:path}", "contents:read")
def matching_refs(call: Call) -> Any:
    """Every ref whose name begins so."""
    found = call.git.refs(f"refs/{call.parameters['ref']}")
    return Page([_ref(call, name, sha) for name, sha in found.items()])


@routes("POST", "/repos/{owner}/{repo}/git/refs", "contents:write")
def create_ref(call: Call) -> Any:
    """Make a branch or tag."""
    name = call.text("ref", required=True, resource="Reference")
    sha = call.text("sha", required=True, resource="Reference")
    if not call.git.refs():
        raise ApiError(409, "Git Repository is empty.")
    if not name.startswith(("refs/heads/", "refs/tags/")) or not call.git.valid_ref(name):
        raise ApiError(
            422, "Reference name must start with 'refs/' and contain at least one additional slash."
        )
    if name in call.git.refs():
        raise ApiError(422, "Reference already exists")
    if call.git.kind(sha) is None or len(sha) != len(ZERO):
        raise ApiError(422, "Object does not exist")
    move(call, name, ZERO, sha)
    return Answer(_ref(call, name, sha), 201)


@routes("PATCH", "/repos/{owner}/{repo}/git/refs/{ref:path}", "contents:write")
def update_ref(call: Call) -> Any:
    """Move a branch; only forward unless forced."""
    name, sha = f"refs/{call.parameters['ref']}", call.text("sha", required=True, resource="Reference")
    before = call.git.refs().get(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    if call.git.kind(sha) is None or len(sha) != len(ZERO):
        raise ApiError(422, "Object does not exist")
    if call.body.get("force") is not True and not call.git.is_ancestor(before, sha):
        raise ApiError(422, "Update is not a fast forward")
    if sha != before:
        move(call, name, before, sha)
    return _ref(call, name, sha)


@routes("DELETE", "/repos/{owner}/{repo}/git/refs/{ref:path}", "contents:write")
def delete_ref(call: Call) -> Any:
    """Take a branch or tag away."""
    name = f"refs/{call.parameters['ref']}"
    before = call.git.refs().get(name)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    move(call, name, before, ZERO)
    return Answer(None, 204)


# -- objects ------------------------------------------------------------------------------------------


def decoded(body: Json, encoding: str) -> bytes:
    """The bytes sent as ``content``; 422 when they are not Base64 though ``encoding`` says so."""
    content = body.get("content")
    if not isinstance(content, str):
        raise invalid("Blob", "content", "missing_field")
    if encoding != "base64":
        return content.encode()
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(422, "content is not valid Base64") from None


def _not_empty(call: Call) -> None:
    if not call.git.refs():
        raise ApiError(409, "Git Repository is empty.")


@routes("POST", "/repos/{owner}/{repo}/git/blobs", "contents:write")
def create_blob(call: Call) -> Any:
    """Store a file."""
    _not_empty(call)
    sha = call.git.add_blob(decoded(call.body, call.text("encoding") or "utf-8"))
    url = f"{call.state.url}/repos/{call.repository.full_name}/git/blobs/{sha}"
    return Answer({"url": url, "sha": sha}, 201)


@routes("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", "contents:read")
def get_blob(call: Call) -> Any:
    """The bytes of a file."""
    sha = call.parameters["file_sha"]
    if call.git.kind(sha) != "blob":
        raise not_found()
    raw = call.git.blob(sha)
    url = f"{call.state.url}/repos/{call.repository.full_name}/git/blobs/{sha}"
    about = {"sha": sha, "node_id": node("Blob", sha), "size": len(raw), "url": url}
    return about | {"content": base64.encodebytes(raw).decode(), "encoding": "base64"}


def _tree(call: Call, sha: str, entries: list[Entry]) -> Json:
    url = f"{call.state.url}/repos/{call.repository.full_name}/git"
    shown = []
    for each in entries:
        about = {"path": each.path, "mode": each.mode, "type": each.type, "sha": each.sha}
        size = {"size": each.size} if each.size is not None else {}
        shown.append({**about, **size, "url": f"{url}/{each.type}s/{each.sha}"})
    return {"sha": sha, "url": f"{url}/trees/{sha}", "tree": shown, "truncated": False}


@routes("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha:path}", "contents:read")
def get_tree(call: Call) -> Any:
    """What a tree, commit or branch holds; ``recursive`` with any value: below its folders too."""
    name = call.parameters["tree_sha"]
    if call.git.kind(name) == "tree":
        sha = name
    elif (resolved := call.git.resolve(name)) is not None:
        sha = call.git.commit(resolved).tree
    else:
        _not_empty(call)
        raise not_found()
    return _tree(call, sha, call.git.entries(sha, recursive="recursive" in call.query))


@routes("POST", "/repos/{owner}/{repo}/git/trees", "contents:write")
def create_tree(call: Call) -> Any:
    """Store a tree, from nothing or on top of ``base_tree``."""
    _not_empty(call)
    given, base = call.body.get("tree"), call.text("base_tree") or None
    if not isinstance(given, list):
        raise ApiError(422, "Invalid tree info")
    if base and call.git.kind(base) not in ("tree", "commit"):
        raise ApiError(422, "base_tree is not a valid tree oid")
    changes: list[tuple[str, str, str | None]] = []
    for each in given:
        path, mode, sha = str(each.get("path", "")), str(each.get("mode", "")), each.get("sha")
        if (
            mode not in MODES
            or not path
            or path.startswith("/")
            or {"", ".", "..", ".git"} & {*path.split("/")}
        ):
            raise ApiError(
                422, "tree.path contains a malformed path component" if mode in MODES else "Invalid tree info"
            )
        if sha is None and "content" in each:
            sha = call.git.add_blob(str(each["content"]).encode())
        elif sha is not None and call.git.kind(str(sha)) is None:
            raise ApiError(422, f"tree.sha {sha} is not a valid object")
        changes.append((path, mode, sha))
    sha = call.git.add_tree(base, changes)
    return Answer(_tree(call, sha, call.git.entries(sha)), 201)


@routes("POST", "/repos/{owner}/{repo}/git/commits", "contents:write")
def create_commit(call: Call) -> Any:
    """Store a commit; who wrote it is the caller unless said otherwise."""
    _not_empty(call)
    tree, parents = call.text("tree", required=True, resource="Commit"), call.body.get("parents") or []
    if call.git.kind(tree) != "tree":
        raise ApiError(422, "Tree SHA does not exist")
    if any(call.git.kind(str(sha)) != "commit" for sha in parents):
        raise ApiError(422, "Parent SHA does not exist or is not a commit object")
    author = call.signature(call.body.get("author"))
    committer = call.signature(call.body["committer"]) if call.body.get("committer") else author
    message = call.text("message", required=True, resource="Commit")
    sha = call.git.add_commit(tree, [str(parent) for parent in parents], message, author, committer)
    call.sign(sha)
    return Answer(git_commit(call.state, call.repository, call.git.commit(sha)), 201)


@routes("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", "contents:read")
def get_git_commit(call: Call) -> Any:
    """A commit."""
    sha = call.parameters["commit_sha"]
    if call.git.kind(sha) != "commit":
        raise not_found()
    return git_commit(call.state, call.repository, call.git.commit(sha))
