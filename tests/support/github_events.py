"""Webhooks of GitHub about the pull request of :mod:`tests.support.desk_rig`, as it sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.envelope import thread_marker
from tests.support.desk_rig import CHANNEL, ROOT, Rig

BRANCH = "request/dev/growth/churn-prediction"
PATH = "requests/dev/growth/churn-prediction.yaml"
HEAD, MERGE = "a" * 40, "b" * 40
RECEIPTS = {"ref": "refs/heads/receipts", "after": "c" * 40}


def submitted(rig: Rig) -> None:
    """Li Wei's request is under review as pull request 7."""
    rig.open()
    rig.press("confirm")
    assert rig.draft().state == "submitted", rig.texts()


def now() -> str:
    """The moment, as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pull(**changes: Any) -> dict[str, Any]:
    """The pull request."""
    given = {
        "number": 7, "html_url": "https://github.example/7", "merged": False, "state": "open",
        "body": thread_marker(CHANNEL, ROOT),
        "head": {"ref": BRANCH, "sha": HEAD, "repo": {"full_name": "acme/lakeport"}},
        "merge_commit_sha": MERGE, "merged_at": None, "closed_at": None, "updated_at": now(),
    }  # fmt: skip
    return given | changes


def merged() -> dict[str, Any]:
    """Its merge."""
    done = pull(merged=True, state="closed", merged_at=now(), closed_at=now())
    return {"action": "closed", "pull_request": done, "sender": {"login": "nadia-k"}}


def pushed(sha: str, login: str = "nadia-k") -> dict[str, Any]:
    """Somebody pushed to its branch, as a webhook."""
    head = {"ref": BRANCH, "sha": sha, "repo": {"full_name": "acme/lakeport"}}
    return {"action": "synchronize", "pull_request": pull(head=head), "sender": person(login)}


def check_run(
    conclusion: str = "success", name: str = "lakeport/plan", title: str = "2 changes"
) -> dict[str, Any]:
    """A check run that ended."""
    return {
        "name": name, "status": "completed", "conclusion": conclusion, "head_sha": HEAD,
        "check_suite": {"head_branch": BRANCH}, "output": {"title": title}, "completed_at": now(),
        "html_url": "https://github.example/c", "pull_requests": [{"number": 7, "head": {"ref": BRANCH}}],
    }  # fmt: skip


def check(*args: Any, **named: Any) -> dict[str, Any]:
    """A check run that ended, as a webhook."""
    return {"action": "completed", "check_run": check_run(*args, **named)}


def person(login: str = "nadia-k", kind: str = "User") -> dict[str, str]:
    """An account."""
    return {"login": login, "type": kind}


def review_of(
    state: str = "approved", number: int = 1, body: str = "", login: str = "nadia-k"
) -> dict[str, Any]:
    """A review."""
    return {
        "id": number, "state": state, "body": body, "user": person(login), "commit_id": HEAD,
        "html_url": f"https://github.example/7#r{number}", "submitted_at": now(),
    }  # fmt: skip


def review(*args: Any, **named: Any) -> dict[str, Any]:
    """A review, as a webhook."""
    return {"action": "submitted", "review": review_of(*args, **named), "pull_request": pull()}


def comment_of(text: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A comment."""
    given = {
        "id": number, "user": person(), "body": text, "created_at": now(),
        "html_url": f"https://github.example/7#c{number}",
        "issue_url": "https://api.github.example/repos/acme/lakeport/issues/7",
    }  # fmt: skip
    return given | more


def comment(text: str, number: int = 1, action: str = "created", **more: Any) -> dict[str, Any]:
    """A comment in the conversation of the pull request, as a webhook."""
    issue = {"number": 7, "pull_request": {"url": "https://api.github.example/7"}}
    return {"action": action, "issue": issue, "comment": comment_of(text, number, **more)}


def line_comment_of(text: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A comment on line 14 of the file."""
    place = {
        "path": PATH, "line": 14, "original_line": 14, "side": "RIGHT",
        "diff_hunk": "@@ -0,0 +1,14 @@\n+resources:\n+- kind: compute\n+  size: small",
        "pull_request_url": "https://api.github.example/repos/acme/lakeport/pulls/7",
    }  # fmt: skip
    return comment_of(text, number) | place | more


def line_comment(text: str, number: int = 1, action: str = "created", **more: Any) -> dict[str, Any]:
    """A comment on line 14 of the file, as a webhook."""
    return {"action": action, "comment": line_comment_of(text, number, **more), "pull_request": pull()}
