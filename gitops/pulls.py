"""Everything about pull requests of the requests repository: submitting, reviews, comments and check runs.

The branch of a request and what is committed to it is :mod:`gitops.submission`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitops.checks import GATE_CHECK, PLAN_CHECK, CheckRuns, Planned, decode_approved, encode_approved
from gitops.clients import translate
from gitops.comments import Said, find, said, upsert
from gitops.confirmation import LAKEPORT, Confirmed, by_hand, last_word
from gitops.errors import Refused, RemoteError
from gitops.gate_facts import DELETED, Review, standing
from gitops.plan import digest
from gitops.pullrequest import Authors, FileChange, Pull, listed, view
from gitops.request import ROOT, branch_of
from gitops.statuses import Statuses
from gitops.submission import TRIES, Author, Branch, Submission, blobs, content

if TYPE_CHECKING:
    from datetime import datetime

    from github import Github

__all__ = [
    "GATE_CHECK",
    "PLAN_CHECK",
    "Author",
    "FileChange",
    "Pull",
    "Repository",
    "Review",
    "decode_approved",
    "encode_approved",
    "open_repository",
]

CHECK_APP = "github-actions"
"""Slug of the app that writes check runs, unless ``LAKEPORT_CHECK_APP`` names another."""


def open_repository(
    gh: Github,
    full_name: str,
    *,
    check_app: str | None = None,
    login: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Repository:
    """The repository ``owner/name``; nothing is asked until a method is called.

    ``check_app`` is the slug of the app whose check runs are trusted (default: ``LAKEPORT_CHECK_APP``, else
    ``github-actions``); ``login`` is who we are, looked up when needed.
    """
    app = check_app or os.environ.get("LAKEPORT_CHECK_APP") or CHECK_APP
    return Repository(gh, full_name, check_app=app, login=login, sleep=sleep)


class Repository:
    """The requests repository on GitHub. Every method raises ``RemoteError`` and its kin."""

    def __init__(
        self, gh: Github, full_name: str, *, check_app: str, login: str | None, sleep: Callable[[float], None]
    ) -> None:
        self._gh = gh
        self._repo = gh.withLazy(True).get_repo(full_name)
        self._owner = full_name.partition("/")[0]
        self._check_app = check_app
        self._me = login
        self._sleep = sleep
        self.full_name = full_name

    def __repr__(self) -> str:
        return f"Repository({self.full_name!r})"

    # --- files

    @property
    def default_branch(self) -> str:
        """The branch that requests are merged into."""
        with translate("GitHub"):
            return self._repo.default_branch

    @translate("GitHub")
    def read_file(self, path: str, ref: str) -> bytes | None:
        """The bytes of a file at a branch or commit; ``None`` when there is no such file."""
        found = content(self._repo, path, ref)
        return found.decoded_content if found else None

    @translate("GitHub")
    def request_files(self) -> dict[str, str]:
        """What stands below ``requests/`` on the default branch: path → the id of what is in it."""
        return blobs(self._repo, ROOT, self._repo.default_branch)

    # --- submitting

    @translate("GitHub")
    def submit(self, submission: Submission) -> Pull:
        """Bring these bytes into a pull request of the request's own branch, and return it.

        Idempotent: an open pull request is found again, gets a commit only when the bytes differ, and a
        merged one that brought the same bytes is returned as it is. The commit is given a word on who
        confirmed it before it is proposed.

        Raises:
            Refused: the default branch has this very file, and no pull request of ours brought it.
        """
        found = self._newest_pull(branch_of(submission.request_id))
        path, raw = submission.path, submission.raw
        branch = Branch(self._repo, branch_of(submission.request_id), self._sleep)
        if found is not None and found.state == "open":
            commit = branch.write(path, raw, submission.message, submission.author)
            sha = commit or found.head_sha
            self._confirm_own(replace(found, head_sha=sha), sha, submission)
            if commit is None:
                return found
            self._repo.get_pull(found.number).edit(title=submission.title, body=submission.body)
            return replace(found, head_sha=commit, title=submission.title)
        main = content(self._repo, path, self._repo.default_branch)
        if main is not None and main.decoded_content == raw:
            if found is not None and found.merged:
                return found
            raise Refused(
                f"{path} has this very content already.",
                why="There is nothing to review or to merge.",
                fix="Change something in the request, or look at what stands.",
            )
        branch.start(left_at=found.head_sha if found else None)
        written = branch.write(path, raw, submission.message, submission.author) or branch.head()
        self._confirm_own(found, written, submission)
        made = branch.propose(submission.title, submission.body)
        return view(self.full_name, made) if made else self._opened(branch)

    def _confirm_own(self, pull: Pull | None, sha: str | None, submission: Submission) -> None:
        """Say of the commit that we have just made that its file is what was confirmed.

        ``pull`` is the newest pull request of the branch, in whatever state.
        """
        by, app, file_digest = submission.confirmed_by, submission.app, digest(submission.raw)
        # Who opens a pull request with a token of their own confirms it by that.
        if not sha or not by or (by == LAKEPORT and by_hand(self._login(), app)):
            return
        if pull is not None and not pull.merged:
            self._take_back(pull, file_digest, by, app)
        Statuses(self._repo).put(sha, file_digest, by, app=app, wanted=True)

    @translate("GitHub")
    def open_pull(self, request_id: str) -> Pull | None:
        """The open pull request of a request; there is at most one."""
        return self._newest_pull(branch_of(request_id), state="open")

    @translate("GitHub")
    def last_pull(self, request_id: str) -> Pull | None:
        """The newest pull request of a request, in whatever state; the open one where there is one."""
        return self._newest_pull(branch_of(request_id))

    def _opened(self, branch: Branch) -> Pull:
        """The open pull request of which GitHub says that it exists; it may be listed a moment later."""
        for attempt in range(TRIES):
            found = self._newest_pull(branch.name, state="open")
            if found is not None:
                return found
            branch.pause(attempt)
        raise RemoteError(
            f"GitHub says that {branch.name} has a pull request, and does not list it.",
            fix="Try again in a minute.",
            where="GitHub",
        )

    # --- pull requests

    @translate("GitHub")
    def pull(self, number: int) -> Pull:
        """The pull request with this number."""
        return view(self.full_name, self._repo.get_pull(number))

    @translate("GitHub")
    def pull_for_commit(self, sha: str) -> Pull | None:
        """The pull request that was merged into the default branch as this commit.

        The commit may be the merge commit (merged, squashed or rebased) or the head that was merged.
        """
        main = self._repo.default_branch
        merged = [
            pull
            for pull in (view(self.full_name, one) for one in self._repo.get_commit(sha).get_pulls())
            if pull.merged and pull.base_ref == main and sha in (pull.merge_sha, pull.head_sha)
        ]
        return max(merged, key=lambda pull: (pull.merge_sha == sha, pull.number), default=None)

    def _newest_pull(self, branch: str, state: str = "all") -> Pull | None:
        pulls = self._repo.get_pulls(
            state=state, head=f"{self._owner}:{branch}", sort="created", direction="desc"
        )
        found = [view(self.full_name, pull) for pull in pulls]
        # At most one can be open; it is the one that counts, whatever was opened and closed later.
        own = [pull for pull in found if pull.head_ref == branch and not pull.from_fork]
        return max(own, key=lambda pull: (pull.state == "open", pull.number), default=None)

    @translate("GitHub")
    def changes(self, pull: Pull) -> tuple[FileChange, ...]:
        """The files that the pull request changes, sorted by path; GitHub names at most 3,000."""
        return tuple(
            sorted(
                (
                    FileChange(path=file.filename, status=file.status, previous=file.previous_filename or "")
                    for file in self._repo.get_pull(pull.number).get_files()
                ),
                key=lambda change: change.path,
            )
        )

    def files(self, pull: Pull) -> tuple[str, ...]:
        """The paths that the pull request touches, sorted; for a renamed file the old one and the new one."""
        changes = self.changes(pull)
        return tuple(sorted({path for change in changes for path in (change.path, change.previous) if path}))

    @translate("GitHub")
    def commit_authors(self, pull: Pull) -> Authors:
        """Who made its commits, and what their messages say.

        GitHub names at most 250 commits. One made through the API has the signed-in account as its
        committer and may name another author. Anybody may write the name and the address of an app into a
        commit of their own: by it is only what GitHub has signed for it.
        """
        logins: set[str] = set()
        messages: list[str] = []
        unknown = unsigned = False
        commits: Iterable[Any] = self._repo.get_pull(pull.number).get_commits()
        for commit in commits:
            messages.append(commit.commit.message)
            known = {who.login for who in (commit.author, commit.committer) if who is not None}
            known.discard("web-flow")  # GitHub's own name for "made in the browser"
            logins |= known
            unknown = unknown or not known
            signed = (listed(commit)["commit"].get("verification") or {}).get("verified") is True
            unsigned = unsigned or (not signed and any(login.endswith("[bot]") for login in known))
        return Authors(frozenset(logins), unknown, tuple(messages), unsigned)

    @translate("GitHub")
    def reviews(self, pull: Pull) -> tuple[Review, ...]:
        """The review of each person that stands; see :func:`gitops.gate.standing`."""
        given: Iterable[Any] = self._repo.get_pull(pull.number).get_reviews()
        return standing(
            Review(
                login=review.user.login if review.user else DELETED,
                state=review.state,
                commit_sha=review.commit_id or "",
                submitted_at=review.submitted_at.isoformat() if review.submitted_at else "",
                number=review.id,
            )
            for review in given
            if review.state != "PENDING"
        )

    @translate("GitHub")
    def can_write(self, login: str) -> bool:
        """Whether this account may write to the repository."""
        from github import GithubException

        try:
            return self._repo.get_collaborator_permission(login) in ("admin", "write")
        except GithubException as error:
            if error.status != 404:
                raise
            return False

    @translate("GitHub")
    def close(self, number: int, reason: str = "") -> None:
        """Close a pull request without merging it, saying why; one that is closed already stays as it is."""
        pull = self._repo.get_pull(number)
        if pull.state != "open":
            return
        if reason:
            self.upsert_comment(number, "closed", reason)
        pull.edit(state="closed")

    # --- what was confirmed

    @translate("GitHub")
    def confirmed(self, pull: Pull, app: str) -> Confirmed:
        """What the person who asked has confirmed last on this pull request, as our ``app`` said it.

        One call for the commits, and one for each commit down to the one that it was said on.
        """
        return last_word(Statuses(self._repo).pushed(pull), app)

    @translate("GitHub")
    def confirm(self, pull: Pull, file_digest: str, by: str, *, app: str, wanted: bool = True) -> None:
        """Say on its head that the file is what the person wants, or is not; once, whoever ``by`` is.

        Raises:
            RemoteDenied: our app may not write commit statuses.
        """
        if wanted:
            self._take_back(pull, file_digest, by, app)
        Statuses(self._repo).put(pull.head_sha, file_digest, by, app=app, wanted=wanted)

    def _take_back(self, pull: Pull, file_digest: str, by: str, app: str) -> None:
        """What was confirmed before is so no more: somebody could set the branch back to it.

        Before the new word, so that whoever died in between finds what is to be taken back.
        """
        before = self.confirmed(pull, app)
        if before.digest and before.digest != file_digest:
            Statuses(self._repo).put(before.commit, before.digest, by, app=app, wanted=False)

    # --- what is said on a pull request

    @translate("GitHub")
    def comment(self, number: int, marker: str) -> str:
        """The comment of ours with this marker; empty when there is none."""
        return find(self._repo.get_issue(number), marker, me=self._login)

    @translate("GitHub")
    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Keep one comment of ours up to date, see :func:`gitops.comments.upsert`."""
        upsert(self._repo.get_issue(number), marker, body, me=self._login)

    def _login(self) -> str:
        """Our own login. The token of an app may not ask; the app's account is its slug and ``[bot]``."""
        from github import GithubException

        if self._me is None:
            try:
                self._me = self._gh.get_user().login
            except GithubException as error:
                if error.status not in (401, 403, 404):
                    raise
                self._me = f"{self._check_app}[bot]"
        return self._me

    @translate("GitHub")
    def put_check(
        self,
        sha: str,
        name: str,
        conclusion: str,
        title: str,
        summary: str,
        text: str = "",
        annotations: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Say under this name on this commit how a check ended: ``success``, ``failure`` or ``neutral``.

        ``annotations`` are GitHub's: ``path, start_line, end_line, annotation_level, message`` and so on. An
        earlier run of ours is updated; not if there are annotations, which GitHub only ever adds to.
        """
        CheckRuns(self._repo, self._check_app).put(
            sha, name, conclusion, {"title": title, "summary": summary, "text": text}, annotations
        )

    @translate("GitHub")
    def planned(self, sha: str, request: str, *, by: datetime) -> Planned | None:
        """What the plans on this commit let pass for a request by this time; ``None`` means refuse.

        Only a successful check run ``lakeport/plan`` of the app we trust counts, with a text that reads well.
        """
        found = CheckRuns(self._repo, self._check_app).planned(sha, by=by)
        return next((one for one in found if one.approved.request == request), None)

    # --- orders in comments

    @translate("GitHub")
    def said(self, comment: int) -> Said | None:
        """A comment by its id; ``None`` where it was deleted."""
        from github import GithubException

        try:
            # Any number will do: the address of a comment names no pull request.
            return said(self._repo.get_issue(0).get_comment(comment))
        except GithubException as error:
            if error.status != 404:
                raise
            return None

    @translate("GitHub")
    def conversation(self, pull: Pull) -> tuple[Said, ...]:
        """The comments of its conversation, oldest first."""
        comments: Iterable[Any] = self._repo.get_issue(pull.number).get_comments()
        return tuple(said(comment) for comment in comments)

    @translate("GitHub")
    def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> str:
        """Start a workflow of the default branch by its file's name; its run's address, if GitHub says it."""
        wanted = self._repo.get_workflow(workflow)
        run: Any = wanted.create_dispatch(
            self._repo.default_branch, dict(inputs), throw=True, return_run_details=True
        )
        return "" if run is True else str(run.html_url)  # GitHub Enterprise may not say which run it is
