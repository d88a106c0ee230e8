"""The one comment of ours on a pull request that is kept up to date instead of said again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from github.Issue import Issue


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
