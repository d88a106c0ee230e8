"""The pull requests that Lakeport opens on a merged request: the next version of its file, and what for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from gitops import confirmation
from gitops.draft import Value
from gitops.errors import Refused
from gitops.finding import Severity
from gitops.markup import visible
from gitops.plan import digest
from gitops.recompose import recompose, said_of
from gitops.render import pull_body
from gitops.submission import Submission

if TYPE_CHECKING:
    from gitops.compose import Composed
    from gitops.kind import Registry
    from gitops.plan import JSON
    from gitops.policy import Policy
    from gitops.pulls import Pull
    from gitops.request import Loaded


class Pulls(Protocol):
    """What proposing needs of :class:`gitops.pulls.Repository`."""

    @property
    def default_branch(self) -> str:
        """The branch that requests are merged into."""

    def read_file(self, path: str, ref: str) -> bytes | None:
        """The bytes of a file at a branch or commit."""

    def last_pull(self, request_id: str) -> Pull | None:
        """The newest pull request of a request, in whatever state."""

    def submit(self, submission: Submission) -> Pull:
        """Bring these bytes into a pull request of the request's own branch."""


class Answer(StrEnum):
    """What became of a proposal: a closed set."""

    OPENED = "opened"
    OPEN = "open"  # it was opened before, with this very file
    DECLINED = "declined"  # it was opened before, and closed without a merge


class Proposed(Struct, frozen=True, kw_only=True):
    """The pull request of a proposal."""

    request: str
    answer: Answer
    number: int
    url: str

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "request": self.request,
            "answer": str(self.answer),
            "number": self.number,
            "url": self.url,
        }


def next_version(
    merged: Loaded, said: Mapping[str, JSON], *, registry: Registry, policy: Policy, today: date
) -> Composed:
    """The file with other values, by the paths of :func:`gitops.recompose.said_of`; comments stay.

    Raises:
        Refused: nothing would be different, or the check of its pull request would not let it pass.
    """
    values = {path: Value(value, "said") for path, value in said.items()}
    composed = recompose(
        said_of(merged, registry) | values, merged, registry=registry, policy=policy, today=today
    )
    wrong = [finding for finding in composed.findings if finding.severity is Severity.ERROR]
    missing = [f"{path} has to be said." for path in composed.missing]
    if wrong or missing:
        raise Refused(
            f"A pull request with this change of {merged.id} would not pass its check.",
            why=" ".join([*(visible(finding.words) for finding in wrong[:5]), *missing]),
            fix="Put that right in the file first.",
            where=merged.path,
        )
    if composed.raw is None or composed.raw == merged.document.raw:
        raise Refused(
            f"Nothing in the file of {merged.id} would change.",
            fix="Look at the file: it says this already.",
            where=merged.path,
        )
    return composed


def propose(
    pulls: Pulls,
    merged: Loaded,
    composed: Composed,
    *,
    verb: str,
    why: str,
    app: str,
    insist: bool = True,
) -> Proposed:
    """The pull request that brings the next version of a merged file; found again, never opened twice.

    ``verb`` begins its title ("Retire"), ``why`` is a paragraph of Markdown that begins its body. What a
    person closed is only opened again if we ``insist``. Where we sign in as ``app``, the commit has its word
    that Lakeport wrote the file.

    Raises:
        Refused: another change of the request is under review, or the file on GitHub is another by now.
    """
    assert composed.raw is not None
    assert composed.document is not None
    last = pulls.last_pull(merged.id)
    if last is not None and not last.merged:
        same = pulls.read_file(merged.path, last.head_sha) == composed.raw
        if last.state == "open" and not same:
            raise Refused(
                f"The pull request {last.number} changes {merged.id} already.",
                why="A request has one pull request at a time, so that reviewers see what they merge.",
                fix=f"Merge or close it first: {last.url}",
                where=merged.path,
            )
        if same and (last.state == "open" or not insist):
            answer = Answer.OPEN if last.state == "open" else Answer.DECLINED
            return Proposed(request=merged.id, answer=answer, number=last.number, url=last.url)
    if pulls.read_file(merged.path, pulls.default_branch) != merged.document.raw:
        raise Refused(
            f"{merged.path} is another file on GitHub than here.",
            why="What is proposed would undo what was merged since.",
            fix="Fetch and check out the newest main, then try again.",
            where=merged.path,
        )
    meta = merged.request.metadata
    title = visible(f"{verb} {meta.name} ({meta.team}, {meta.environment})")
    body = pull_body(
        composed.document,
        cost=composed.cost,
        approvals=composed.approvals,
        requester="Lakeport",
        amendment=composed.amendment,
        file_digest=digest(composed.raw),
    )
    said = confirmation.trailers(digest(composed.raw), confirmation.LAKEPORT)
    pull = pulls.submit(
        Submission(
            request_id=merged.id,
            path=merged.path,
            raw=composed.raw,
            title=title,
            body=f"{why}\n\n{body}",
            message="\n".join([title, "", f"Lakeport-Request: {merged.id}", *said, ""]),
            confirmed_by=confirmation.LAKEPORT,
            app=app,
        )
    )
    return Proposed(request=merged.id, answer=Answer.OPENED, number=pull.number, url=pull.url)
