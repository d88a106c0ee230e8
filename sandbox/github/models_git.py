"""How commits and the files they change look as JSON in the rehearsal GitHub."""

from __future__ import annotations

from dataclasses import asdict

from sandbox.github.data import Repository
from sandbox.github.git import EMPTY_TREE, Bare, Commit, FileChange, Signature
from sandbox.github.models import Json, account, node
from sandbox.github.state import GitHubState


def verification(found: Repository, it: Commit) -> Json:
    """The *verification* of a commit: GitHub signs what it makes itself, nobody signs anything else here."""
    signed = it.sha in found.signed
    return {
        "verified": signed,
        "reason": "valid" if signed else "unsigned",
        "signature": "-----BEGIN PGP SIGNATURE-----" if signed else None,
        "payload": f"tree {it.tree}" if signed else None,
        "verified_at": it.committer.date if signed else None,
    }


def git_commit(state: GitHubState, found: Repository, commit: Commit) -> Json:
    """A commit as the Git data API shows it."""
    url = f"{state.url}/repos/{found.full_name}"
    page = f"{state.url}/{found.full_name}/commit"
    return {
        "sha": commit.sha,
        "node_id": node("Commit", commit.sha),
        "url": f"{url}/git/commits/{commit.sha}",
        "html_url": f"{page}/{commit.sha}",
        "author": asdict(commit.author),
        "committer": asdict(commit.committer),
        "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
        "message": commit.message,
        "parents": [
            {"sha": sha, "url": f"{url}/git/commits/{sha}", "html_url": f"{page}/{sha}"}
            for sha in commit.parents
        ],
        "verification": verification(found, commit),
    }


def _person(state: GitHubState, who: Signature) -> Json | None:
    found = state.account_of_email(who.email)
    return account(state, found.login) if found else None


def commit(state: GitHubState, found: Repository, it: Commit, git: Bare | None = None) -> Json:
    """A commit as everybody else shows it; with ``git`` also its files and their sums."""
    url = f"{state.url}/repos/{found.full_name}"
    page = f"{state.url}/{found.full_name}/commit"
    body: Json = {
        "sha": it.sha,
        "node_id": node("Commit", it.sha),
        "commit": {
            "author": asdict(it.author),
            "committer": asdict(it.committer),
            "message": it.message,
            "tree": {"sha": it.tree, "url": f"{url}/git/trees/{it.tree}"},
            "url": f"{url}/git/commits/{it.sha}",
            "comment_count": 0,
            "verification": verification(found, it),
        },
        "url": f"{url}/commits/{it.sha}",
        "html_url": f"{page}/{it.sha}",
        "comments_url": f"{url}/commits/{it.sha}/comments",
        "author": _person(state, it.author),
        "committer": _person(state, it.committer),
        "parents": [
            {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{page}/{sha}"} for sha in it.parents
        ],
    }
    if git is not None:
        files = git.changes(it.parents[0] if it.parents else EMPTY_TREE, it.sha)
        added, removed = sum(f.additions for f in files), sum(f.deletions for f in files)
        body["stats"] = {"additions": added, "deletions": removed, "total": added + removed}
        body["files"] = [file_change(state, found, it.sha, file) for file in files]
    return body


def file_change(state: GitHubState, found: Repository, sha: str, file: FileChange) -> Json:
    """A *diff entry*."""
    page = f"{state.url}/{found.full_name}"
    body: Json = {
        "sha": file.sha,
        "filename": file.path,
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": f"{page}/blob/{sha}/{file.path}",
        "raw_url": f"{page}/raw/{sha}/{file.path}",
        "contents_url": f"{state.url}/repos/{found.full_name}/contents/{file.path}?ref={sha}",
    }
    if file.patch:
        body["patch"] = file.patch
    if file.previous:
        body["previous_filename"] = file.previous
    return body
