"""Comments on pull requests: those of others as values, and the one of ours that is kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops.pullrequest import listed

if TYPE_CHECKING:
    from github.Issue import Issue


class Said(Struct, frozen=True, kw_only=True):
    """A comment somebody wrote in the conversation of pull request ``number``.

    ``login`` is empty where the account is gone. ``person``: it is somebody's own account, and no app wrote
    it. ``edited``: it does not stand as it was written. ``at`` is when it was written (ISO 8601, UTC),
    ``url`` its page.
    """

    id: int
    number: int
    login: str
    body: str
    person: bool
    edited: bool
    at: str = ""
    url: str = ""


def said(comment: Any) -> Said:
    """What GitHub says of a comment, as a plain value."""
    user = comment.user
    app = listed(comment).get("performed_via_github_app")
    return Said(
        id=comment.id,
        number=int(comment.issue_url.rpartition("/")[2]),
        login=user.login if user else "",
        body=comment.body or "",
        person=user is not None and user.type == "User" and app is None,
        edited=comment.updated_at != comment.created_at,
        at=comment.created_at.isoformat(),
        url=comment.html_url or "",
    )


def find(issue: Issue, marker: str, *, me: Callable[[], str]) -> str:
    """The text of the comment of ours that begins with the marker; empty when there is none."""
    comments: Iterable[Any] = issue.get_comments()
    for comment in comments:
        if (comment.body or "").startswith(marker) and comment.user and comment.user.login == me():
            return str(comment.body)
    return ""


def upsert(issue: Issue, marker: str, body: str, *, me: Callable[[], str]) -> None:
    """Keep one comment of ours that begins with the marker, and give it this body.

    ``marker`` is an HTML comment, or a word that becomes one (``plan`` → ``<!-- lakeport:plan -->``); ``me``
    is our own login. Nothing is written when the comment has this body. Other people's comments are never
    touched. Raises what PyGithub raises.
    """
    mark = marker if marker.startswith("<!--") else f"<!-- lakeport:{marker} -->"
    text = body if body.startswith(mark) else f"{mark}\n{body}"
    comments: Iterable[Any] = issue.get_comments()
    ours = [
        comment
        for comment in comments
        if (comment.body or "").startswith(mark) and comment.user and comment.user.login == me()
    ]
    if not ours:
        issue.create_comment(text)
        return
    if (ours[0].body or "").replace("\r\n", "\n") != text:
        ours[0].edit(text)
    for second in ours[1:]:  # a POST that was sent again
        second.delete()
