"""The merged requests: which there are on the default branch, what one says, and which somebody means."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping

import structlog

from bot.draft import Merged
from bot.ports import Repository
from gitops.errors import InvalidRequest, LakeportError
from gitops.kind import Registry
from gitops.request import Loaded, load_request, path_of, request_id
from gitops.suggest import nearest

REFRESH_SECONDS = 30.0
KEPT = 2000
"""How many files are kept at most; the id of their content says when one is another."""

log = structlog.get_logger(__name__)


class Requests:
    """What stands on the default branch, at most half a minute old; a single file is always read anew."""

    def __init__(
        self, repository: Repository, registry: Registry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._repository = repository
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._blobs: Mapping[str, str] = {}
        self._read_at = float("-inf")
        self._known: dict[tuple[str, str], Loaded | None] = {}

    def stale(self) -> None:
        """The default branch moved: look again before the next answer."""
        self._read_at = float("-inf")

    def ids(self) -> tuple[str, ...]:
        """The ids of all requests, sorted. When they cannot be listed again, the last list holds.

        Raises:
            LakeportError: they were never listed, and cannot be now.
        """
        return tuple(sorted(filter(None, map(_id_of, self._listed()))))

    def merged(self, name: str) -> Merged | None:
        """The file of the request of this id as it stands now; ``None`` when there is none."""
        path = path_of(*name.split("/", 2))
        raw = self._repository.read_file(path, self._repository.default_branch)
        return None if raw is None else Merged(path, raw.decode())

    def loaded(self, name: str) -> Loaded | None:
        """A request, possibly half a minute old; ``None`` when there is none, or its file is not valid."""
        path = path_of(*name.split("/", 2))
        blob = self._listed().get(path)
        if blob is None:
            return None
        if (path, blob) not in self._known:
            raw = self._repository.read_file(path, self._repository.default_branch)
            found = None if raw is None else self._load(raw, path)
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[path, blob] = found
        return self._known[path, blob]

    def _load(self, raw: bytes, path: str) -> Loaded | None:
        try:
            return load_request(raw, path, self._registry)
        except InvalidRequest as invalid:
            log.warning("merged_request_invalid", path=path, findings=len(invalid.findings))
            return None

    def _listed(self) -> Mapping[str, str]:
        with self._lock:
            if self._clock() - self._read_at < REFRESH_SECONDS:
                return self._blobs
            try:
                self._blobs = self._repository.request_files()
            except LakeportError as error:
                if self._read_at == float("-inf") and not self._blobs:
                    raise
                log.warning("requests_not_listed", code=error.code, what=error.what)
            self._read_at = self._clock()
            return self._blobs


def _id_of(path: str) -> str | None:
    try:
        return request_id(path)
    except InvalidRequest:
        return None


# --- which one is meant -----------------------------------------------------------------------------


def meant(word: str, ids: Iterable[str]) -> tuple[str, ...]:
    """The requests that a person can mean: by id, by name, by the words of a name, or by a slip of one.

    ``churn-prediction`` and ``dev/growth/churn-prediction`` are exact, ``churn`` is a word of it.
    """
    known = list(ids)
    flat = re.sub(r"[\s_]+", "-", word.strip().strip("`\"'“”*").casefold()).strip("-./").removesuffix(".yaml")
    if not flat:
        return ()
    name = {one: one.rpartition("/")[2] for one in known}
    exact = [one for one in known if flat in (one, name[one], f"requests/{one}")]
    if exact:
        return tuple(exact)
    wanted = set(flat.split("-"))
    within = [one for one in known if wanted <= set(name[one].split("-"))]
    within = within or [one for one in known if one.endswith(f"/{flat}") or name[one].startswith(f"{flat}-")]
    if within:
        return tuple(within)
    close = nearest(flat, name.values()) or nearest(flat, known)
    return tuple(one for one in known if close in (one, name[one])) if close else ()
