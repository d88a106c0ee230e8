"""How pull requests, reviews, comments and labels look as JSON."""

from __future__ import annotations

from sandbox.github.data import Comment, Pull, Repository, Review
from sandbox.github.models import Json, account, app, node, repository
from sandbox.github.state import GitHubState


def links_of(state: GitHubState, found: Repository) -> tuple[str, str]:
    """Where a repository stands in the API, and its page for people."""
    return f"{state.url}/repos/{found.full_name}", f"{state.url}/{found.full_name}"


def association(state: GitHubState, found: Repository, login: str) -> str:
    """How an author relates to the repository."""
    if state.role(found.owner, login):
        return "MEMBER"
    return "COLLABORATOR" if login.lower() in found.collaborators else "NONE"


def label(state: GitHubState, found: Repository, name: str) -> Json:
    """A label of a repository."""
    url, _ = links_of(state, found)
    about = found.labels.get(name, {})
    return {
        "id": about.get("id", 0),
        "node_id": node("Label", about.get("id", 0)),
        "url": f"{url}/labels/{name}",
        "name": name,
        "color": about.get("color", "ededed"),
        "description": about.get("description"),
        "default": False,
    }


def _end(state: GitHubState, found: Repository, ref: str, sha: str) -> Json:
    """The head or base of a pull request."""
    return {
        "label": f"{found.owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": account(state, found.owner),
        "repo": repository(state, found),
    }


def pull(state: GitHubState, found: Repository, it: Pull, *, test_merge: str | None = None) -> Json:
    """A pull request as lists show it; ``test_merge`` is the trial merge commit of an open one."""
    url, page = links_of(state, found)
    here, issue = f"{url}/pulls/{it.number}", f"{url}/issues/{it.number}"
    statuses = f"{url}/statuses/{it.head_sha}"
    links = {
        "self": here,
        "html": f"{page}/pull/{it.number}",
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{here}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{here}/commits",
        "statuses": statuses,
    }
    return {
        "id": it.id,
        "node_id": node("PullRequest", it.id),
        "number": it.number,
        "url": here,
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        "issue_url": issue,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": statuses,
        "state": it.state,
        "locked": False,
        "active_lock_reason": None,
        "title": it.title,
        "body": it.body,
        "user": account(state, it.user),
        "labels": [label(state, found, name) for name in it.labels],
        "milestone": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [account(state, login) for login in it.requested],
        "requested_teams": [],
        "created_at": it.created_at,
        "updated_at": it.updated_at,
        "closed_at": it.closed_at,
        "merged_at": it.merged_at,
        "merge_commit_sha": it.merge_sha or test_merge,
        "draft": it.draft,
        "head": _end(state, found, it.head_ref, it.head_sha),
        "base": _end(state, found, it.base_ref, it.base_sha),
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": association(state, found, it.user),
        "auto_merge": None,
    }


def full_pull(
    state: GitHubState, found: Repository, it: Pull, *, test_merge: str | None, blocked: bool
) -> Json:
    """A pull request looked at by itself, with the sums over its commits and whether it can be merged."""
    git = state.git(found)
    start = git.merge_base(it.base_sha, it.head_sha) or it.base_sha
    files = git.changes(start, it.head_sha)
    opened = it.state == "open"
    mergeable = (test_merge is not None) if opened else None
    settled = "unknown" if not opened else "dirty" if not mergeable else "blocked" if blocked else "clean"
    return pull(state, found, it, test_merge=test_merge) | {
        "merged": it.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": settled,
        "merged_by": account(state, it.merged_by) if it.merged_by else None,
        "comments": sum(comment.number == it.number for comment in found.comments.values()),
        "review_comments": sum(comment.number == it.number for comment in found.line_comments.values()),
        "maintainer_can_modify": False,
        "commits": len(git.log(f"{start}..{it.head_sha}")),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def short_pull(state: GitHubState, found: Repository, it: Pull) -> Json:
    """A pull request as checks and workflow runs name it."""
    url, _ = links_of(state, found)
    repo = {"id": found.id, "url": url, "name": found.name}
    return {
        "id": it.id,
        "number": it.number,
        "url": f"{url}/pulls/{it.number}",
        "head": {"ref": it.head_ref, "sha": it.head_sha, "repo": repo},
        "base": {"ref": it.base_ref, "sha": it.base_sha, "repo": repo},
    }


def issue(state: GitHubState, found: Repository, it: Pull) -> Json:
    """A pull request as the issue it also is."""
    url, page = links_of(state, found)
    here = f"{url}/issues/{it.number}"
    html = f"{page}/pull/{it.number}"
    return {
        "id": it.id,
        "node_id": node("PullRequest", it.id),
        "number": it.number,
        "url": here,
        "repository_url": url,
        "labels_url": f"{here}/labels{{/name}}",
        "comments_url": f"{here}/comments",
        "events_url": f"{here}/events",
        "html_url": html,
        "title": it.title,
        "body": it.body,
        "state": it.state,
        "locked": False,
        "user": account(state, it.user),
        "labels": [label(state, found, name) for name in it.labels],
        "milestone": None,
        "assignee": None,
        "assignees": [],
        "comments": sum(comment.number == it.number for comment in found.comments.values()),
        "created_at": it.created_at,
        "updated_at": it.updated_at,
        "closed_at": it.closed_at,
        "author_association": association(state, found, it.user),
        "pull_request": {
            "url": f"{url}/pulls/{it.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": it.merged_at,
        },
    }


def review(state: GitHubState, found: Repository, it: Pull, given: Review) -> Json:
    """A review of a pull request."""
    url, page = links_of(state, found)
    html = f"{page}/pull/{it.number}#pullrequestreview-{given.id}"
    here = f"{url}/pulls/{it.number}"
    return {
        "id": given.id,
        "node_id": node("PullRequestReview", given.id),
        "user": account(state, given.user),
        "body": given.body,
        "state": given.state,
        "html_url": html,
        "pull_request_url": here,
        "_links": {"html": {"href": html}, "pull_request": {"href": here}},
        "submitted_at": given.submitted_at,
        "commit_id": given.commit_id,
        "author_association": association(state, found, given.user),
    }


def comment(state: GitHubState, found: Repository, it: Comment) -> Json:
    """A comment in the conversation of a pull request."""
    url, page = links_of(state, found)
    made_by = state.data.apps.get(it.app)
    return {
        "id": it.id,
        "node_id": node("IssueComment", it.id),
        "url": f"{url}/issues/comments/{it.id}",
        "html_url": f"{page}/pull/{it.number}#issuecomment-{it.id}",
        "issue_url": f"{url}/issues/{it.number}",
        "user": account(state, it.user),
        "body": it.body,
        "created_at": it.created_at,
        "updated_at": it.updated_at,
        "author_association": association(state, found, it.user),
        "performed_via_github_app": app(state, made_by) if made_by else None,
    }
