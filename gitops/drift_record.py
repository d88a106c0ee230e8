"""What the daily look for drift found, kept for good: one small file for each day on the branch of receipts.

``drift/<day>.json`` holds numbers, by request and kind of resource, and none of the values. The branch only
grows: the first look of a day stands, and the chain of receipts is not touched.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gitops.clients import translate
from gitops.errors import ConfigurationError, RemoteUnavailable, UsageError
from gitops.receipt import BRANCH

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

    from gitops.drift import Drift
    from gitops.history import History

FOLDER = "drift"
_PATH = re.compile(rf"{FOLDER}/(\d{{4}}-\d{{2}}-\d{{2}})\.json")
_TRIES = 6
_MOVED = (409, 422)  # Conflict, Update is not a fast forward


class Drifting(Struct, frozen=True, kw_only=True):
    """How many things of one kind of one request stood differently: ``open`` ones, and those left so.

    ``owner`` is the e-mail of who looks after it.
    """

    request: str
    team: str
    owner: str
    kind: str
    open: int
    ignored: int


class Day(Struct, frozen=True, kw_only=True):
    """One look at everything. ``at`` is UTC, ISO 8601; ``looked`` and ``unseen`` count applied requests.

    ``unseen`` could not be looked at: they may have drifted or not.
    """

    at: str
    looked: int
    unseen: int
    drifting: tuple[Drifting, ...] = ()

    @property
    def day(self) -> str:
        """Year-month-day in UTC."""
        return self.at[:10]

    @property
    def open(self) -> int:
        """How many things were neither as their file says nor ignored."""
        return sum(one.open for one in self.drifting)

    @property
    def ignored(self) -> int:
        """How many things stood differently, and their file says to leave them so."""
        return sum(one.ignored for one in self.drifting)

    def encode(self) -> bytes:
        """The bytes of its file."""
        text = json.dumps(msgspec.to_builtins(self), sort_keys=True, indent=1, ensure_ascii=False)
        return (text + "\n").encode("utf-8", "replace")


def path_of(day: str) -> str:
    """Where the look of a day lies."""
    return f"{FOLDER}/{day}.json"


def day_in(path: str) -> str:
    """The day of the look at a path; empty for others."""
    found = _PATH.fullmatch(path)
    return found[1] if found else ""


def day_of(found: Drift, now: datetime) -> Day:
    """What is kept of a look.

    Raises:
        ConfigurationError: a system could not be asked, so that the numbers would say less than is true.
    """
    if found.unseen_code >= ConfigurationError.exit_code:
        raise ConfigurationError(
            "This look at the drift is not kept: not everything could be seen.",
            why=next(iter(found.unseen.values()), ""),
            fix="Run it again when the system answers; the first whole look of a day is kept.",
        )
    drifting = []
    for one in sorted(found.drifted, key=lambda one: one.request):
        seen = Counter([*(change.kind for change in one.changes), *(no.kind for no in one.refusals)])
        left = Counter(ignored.key.partition("/")[0] for ignored in one.ignored)
        drifting += [
            Drifting(
                request=one.request,
                team=one.team,
                owner=one.owner,
                kind=kind,
                open=seen[kind],
                ignored=left[kind],
            )
            for kind in sorted(seen | left)
        ]
    at = now.isoformat(timespec="seconds")
    return Day(at=at, looked=found.looked, unseen=len(found.unseen), drifting=tuple(drifting))


def read(files: Mapping[str, bytes]) -> tuple[tuple[Day, ...], tuple[str, ...]]:
    """The looks in files of the branch, by path, oldest first; and the paths of those that are none."""
    days, broken = [], []
    for path, raw in sorted(files.items()):
        named = day_in(path)
        if not named:
            continue
        try:
            day = msgspec.json.decode(raw, type=Day)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            broken.append(path)
            continue
        if day.day == named:
            days.append(day)
        else:
            broken.append(path)
    return tuple(days), tuple(broken)


def kept(checkout: History, commit: str) -> tuple[tuple[Day, ...], tuple[str, ...]]:
    """The same of a commit of the branch; nothing where it is empty."""
    if not commit:
        return (), ()
    return read(checkout.read_tree(commit, checkout.tree(commit, f"{FOLDER}/")))


def append(hub: Github, full_name: str, day: Day, *, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Write the look of a day onto the branch of receipts; ``False`` where that day has one.

    Raises:
        UsageError: there is no such branch: nothing was ever applied.
        RemoteUnavailable: GitHub did not answer, or the branch never held still.
    """
    failure: RemoteUnavailable | None = None
    for attempt in range(_TRIES):
        try:
            with translate("GitHub"):
                written = _try(hub, full_name, day)
            if written is not None:
                return written
        except RemoteUnavailable as error:
            failure = error
        sleep(0.2 * 2**attempt)
    raise failure or RemoteUnavailable(
        "What drifted could not be written down.",
        why=f"The branch {BRANCH} changed each time before it could be appended to.",
        fix="Run it again.",
        where="GitHub",
    )


def _try(hub: Github, full_name: str, day: Day) -> bool | None:
    """Append once; ``None`` when the branch has moved meanwhile."""
    from github import GithubException, InputGitTreeElement

    repo = hub.withLazy(True).get_repo(full_name)
    path = path_of(day.day)
    try:
        ref = repo.get_git_ref(f"heads/{BRANCH}")
        parent = repo.get_git_commit(ref.object.sha)
    except GithubException as error:
        if error.status != 404:
            raise
        raise UsageError(
            f"There is no branch {BRANCH}: nothing was applied yet, so nothing can have drifted."
        ) from None
    if _there(repo, path, parent.sha):
        return False
    element = InputGitTreeElement(path, "100644", "blob", content=day.encode().decode())
    tree = repo.create_git_tree([element], parent.tree)
    words = f"Drift of {day.day}: {day.open} open, {day.ignored} ignored"
    commit = repo.create_git_commit(words, tree, [parent])
    try:
        ref.edit(commit.sha, force=False)
    except GithubException as error:
        if error.status in _MOVED:
            return None
        raise
    return True


def _there(repo: Repository, path: str, commit: str) -> bool:
    from github import GithubException

    try:
        repo.get_contents(path, ref=commit)
    except GithubException as error:
        if error.status != 404:
            raise
        return False
    return True
