"""The branch of one request: made where it has to be, given one file in one commit, and proposed.

PyGithub sends a POST or PUT again after a reset or a 5xx, when the first may well have had its effect. So an
answer that something exists already is never a failure here: it is looked up and adopted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.errors import RemoteError

if TYPE_CHECKING:
    from github.ContentFile import ContentFile
    from github.PullRequest import PullRequest
    from github.Repository import Repository

TRIES = 4
"""How often something is tried that another run, or our own first try, may have done already."""


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who a commit is by; the committer is the account that signs in."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A file that is to come into a pull request of its request's own branch.

    ``title``, ``body`` and ``message`` are rendered already; nothing is escaped any more. ``confirmed_by`` is
    who confirmed these very bytes, and ``app`` our login (:mod:`gitops.confirmation`).
    """

    request_id: str
    path: str
    raw: bytes
    title: str
    body: str
    message: str
    author: Author | None = None
    confirmed_by: str = ""
    app: str = ""


def content(repo: Repository, path: str, ref: str) -> ContentFile | None:
    """The file at a branch or commit; ``None`` when there is none, or something that is no file."""
    from github import GithubException

    try:
        found = repo.get_contents(path, ref)
    except GithubException as error:
        if error.status != 404:
            raise
        return None
    if isinstance(found, list) or found.type != "file":
        return None
    if found.encoding != "base64":  # GitHub leaves out the content above 1 MB
        raise RemoteError(f"{path} is too large for a request file.", where="GitHub")
    return found


def blobs(repo: Repository, folder: str, ref: str) -> dict[str, str]:
    """The files below a folder of a branch: path → the id of what is in it; none where there is no folder."""
    top = next((entry for entry in repo.get_git_tree(ref).tree if entry.path == folder), None)
    if top is None or top.type != "tree":
        return {}
    below = repo.get_git_tree(top.sha, recursive=True).tree
    return {f"{folder}/{entry.path}": entry.sha for entry in below if entry.type == "blob"}


@dataclass(frozen=True)
class Branch:
    """A branch that belongs to one request; ``sleep`` waits for seconds. Raises what PyGithub raises."""

    repo: Repository
    name: str
    sleep: Callable[[float], None]

    def start(self, *, left_at: str | None) -> None:
        """Make the branch at the head of the default one.

        ``left_at`` is the head of its newest pull request when that is merged or closed: a branch that still
        stands there is made anew. Any other is the work of an interrupted submit, or of a person, and is
        taken as it is.
        """
        from github import GithubException

        head = self.head()
        if head is not None:
            if head != left_at:
                return
            self._drop()
        main = self.repo.get_git_ref(f"heads/{self.repo.default_branch}").object.sha
        try:
            self.repo.create_git_ref(f"refs/heads/{self.name}", main)
        except GithubException as error:
            if not _exists_already(error):
                raise

    def _drop(self) -> None:
        from github import GithubException

        try:
            ref = self.repo.get_git_ref(f"heads/{self.name}")
            _ = ref.object  # completes it: only then is its address the one that can be deleted
            ref.delete()
        except GithubException as error:
            if error.status not in (404, 422):  # 422: Reference does not exist
                raise

    def head(self) -> str | None:
        """The commit the branch is at; ``None`` when there is no branch."""
        from github import GithubException

        try:
            return self.repo.get_git_ref(f"heads/{self.name}").object.sha
        except GithubException as error:
            if error.status != 404:
                raise
            return None

    def write(self, path: str, raw: bytes, message: str, author: Author | None) -> str | None:
        """The commit that gives the branch these bytes at this path; ``None`` when it has them already."""
        from github import GithubException, InputGitAuthor

        more: dict[str, Any] = {"branch": self.name}
        if author is not None:
            more["author"] = InputGitAuthor(author.name, author.email)
        failure: GithubException | None = None
        for attempt in range(TRIES):
            present = content(self.repo, path, self.name)
            if present is not None and present.decoded_content == raw:
                return self.head() if failure else None
            try:
                if present is None:
                    done: Any = self.repo.create_file(path, message, raw, **more)
                else:
                    done = self.repo.update_file(path, message, raw, present.sha, **more)
                return str(done["commit"].sha)
            except GithubException as error:
                # 409, 422: the file is another by now, perhaps by our own first try; 404: too new a branch.
                if error.status not in (404, 409, 422):
                    raise
                failure = error
            self.pause(attempt)
        assert failure is not None
        raise failure

    def propose(self, title: str, body: str) -> PullRequest | None:
        """Open a pull request into the default branch; ``None`` when GitHub says there is one already."""
        from github import GithubException

        try:
            return self.repo.create_pull(self.repo.default_branch, self.name, title=title, body=body)
        except GithubException as error:
            if not _exists_already(error):
                raise
            return None

    def pause(self, attempt: int) -> None:
        """Wait before the next try: a quarter of a second, and twice as long each time."""
        self.sleep(0.25 * 2**attempt)


def _exists_already(error: Exception) -> bool:
    """GitHub says so in the message ("Reference already exists") or in one of its ``errors``."""
    return getattr(error, "status", 0) == 422 and "already exists" in str(getattr(error, "data", ""))
