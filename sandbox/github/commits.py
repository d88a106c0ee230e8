"""Operations on branches and commits of the rehearsal GitHub."""

from __future__ import annotations

from typing import Any

from sandbox.github.answers import Page, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.models_git import commit, file_change
from sandbox.github.models_pulls import pull
from sandbox.github.objects import a_commit

routes = Routes()


@routes("GET", "/repos/{owner}/{repo}/branches", "contents:read")
def branches(call: Call) -> Any:
    """Branches and where they stand."""
    url = f"{call.state.url}/repos/{call.repository.full_name}/commits"
    bodies = []
    for ref, sha in call.git.refs("refs/heads/").items():
        name = ref.removeprefix("refs/heads/")
        head = {"sha": sha, "url": f"{url}/{sha}"}
        bodies.append({"name": name, "commit": head, "protected": _protected(call, name)})
    return Page(bodies)


def _protected(call: Call, name: str) -> bool:
    return name == call.repository.default_branch and bool(call.repository.required_checks)


@routes("GET", "/repos/{owner}/{repo}/branches/{branch:path}", "contents:read")
def branch(call: Call) -> Any:
    """One branch, with its newest commit and the checks it requires."""
    name = call.parameters["branch"]
    sha = call.git.resolve(f"refs/heads/{name}")
    if sha is None:
        raise not_found()
    url = f"{call.state.url}/repos/{call.repository.full_name}/branches/{name}"
    protected = _protected(call, name)
    checks = call.repository.required_checks if protected else []
    level = "non_admins" if protected else "off"
    rule = {
        "enforcement_level": level,
        "contexts": checks,
        "checks": [{"context": c, "app_id": None} for c in checks],
    }
    return {
        "name": name,
        "commit": commit(call.state, call.repository, call.git.commit(sha)),
        "_links": {"self": url, "html": f"{call.state.url}/{call.repository.full_name}/tree/{name}"},
        "protected": protected,
        "protection": {"enabled": protected, "required_status_checks": rule},
        "protection_url": f"{url}/protection",
    }


@routes("GET", "/repos/{owner}/{repo}/commits", "contents:read")
def commits(call: Call) -> Any:
    """Commits of a branch, newest first, of one path when asked."""
    start = a_commit(call, call.query.get("sha") or call.repository.default_branch)
    found = call.git.log(start.sha, path=call.query.get("path", ""), limit=1000)
    return Page([commit(call.state, call.repository, each) for each in found])


@routes("GET", "/repos/{owner}/{repo}/commits/{ref:path}", "contents:read")
def some_commit(call: Call) -> Any:
    """One commit with the files it changed."""
    return commit(call.state, call.repository, a_commit(call, call.parameters["ref"]), call.git)


@routes("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "pull_requests:read")
def pulls_of_commit(call: Call) -> Any:
    """Pull requests a commit came in by, or that propose it while they are open."""
    found, sha = call.repository, a_commit(call, call.parameters["commit_sha"]).sha
    bodies = []
    for it in found.pulls.values():
        proposed = it.state == "open" or it.merged_at is not None
        base = call.git.merge_base(it.base_sha, it.head_sha)
        inside = proposed and any(each.sha == sha for each in call.git.log(f"{base}..{it.head_sha}"))
        if it.merge_sha == sha or inside:
            bodies.append(pull(call.state, found, it))
    return Page(bodies)


@routes("GET", "/repos/{owner}/{repo}/compare/{basehead:path}", "contents:read")
def compare(call: Call) -> Any:
    """What lies between two commits, written ``base...head``."""
    left, dots, right = call.parameters["basehead"].partition("...")
    found, git = call.repository, call.git
    ends = [git.resolve(name.rpartition(":")[2]) for name in (left, right)]
    if not dots or None in ends:
        raise not_found()
    base, head = (git.commit(str(sha)) for sha in ends)
    middle = git.merge_base(base.sha, head.sha)
    if middle is None:
        raise not_found()
    ahead = git.log(f"{base.sha}..{head.sha}", limit=1000)
    behind = git.log(f"{head.sha}..{base.sha}", limit=1000)
    word = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    page = f"{call.state.url}/{found.full_name}/compare/{left}...{right}"
    shown = [commit(call.state, found, each) for each in reversed(ahead)]
    return {
        "url": f"{call.state.url}/repos/{found.full_name}/compare/{left}...{right}",
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": commit(call.state, found, base),
        "merge_base_commit": commit(call.state, found, git.commit(middle)),
        "status": word,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": shown,
        "files": [file_change(call.state, found, head.sha, file) for file in git.changes(middle, head.sha)],
    }
