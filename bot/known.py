"""The policy that holds now: read from the default branch of the requests repository, no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from bot.ports import Repository
from gitops.errors import ConfigurationError, LakeportError
from gitops.policy import Policy, load_policy
from gitops.policyfile import POLICY_FILE

REFRESH_SECONDS = 60.0

log = structlog.get_logger(__name__)


class KnownPolicy:
    """The newest policy that could be read, at most a minute old while GitHub answers."""

    def __init__(self, repository: Repository, clock: Callable[[], float] = time.monotonic) -> None:
        self._repository = repository
        self._clock = clock
        self._lock = threading.Lock()
        self._policy: Policy | None = None
        self._raw: bytes | None = None
        self._read_at = float("-inf")

    def stale(self) -> None:
        """The default branch moved: look again before the next answer."""
        self._read_at = float("-inf")

    def last(self) -> Policy | None:
        """The policy as it was last read, without asking anybody; ``None`` when it never was."""
        return self._policy

    def get(self) -> Policy:
        """The policy.

        When it cannot be read again the last one holds, so that a talk goes on while GitHub is away; what is
        merged is judged again by the workflows.

        Raises:
            LakeportError: it was never read, and cannot be now.
        """
        with self._lock:
            if self._policy is not None and self._clock() - self._read_at < REFRESH_SECONDS:
                return self._policy
            try:
                self._policy = self._fresh()
            except LakeportError as error:
                if self._policy is None:
                    raise
                log.warning("policy_not_read", code=error.code, what=error.what)
            self._read_at = self._clock()
            return self._policy

    def _fresh(self) -> Policy:
        raw = self._repository.read_file(POLICY_FILE, self._repository.default_branch)
        if raw is None:
            raise ConfigurationError(
                f"There is no {POLICY_FILE} on the default branch of the requests repository.",
                fix="Commit one; the repository of Lakeport has an example.",
                where="GitHub",
            )
        if self._policy is not None and raw == self._raw:
            return self._policy
        policy = load_policy(raw)
        self._raw = raw
        return policy
