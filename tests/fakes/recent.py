"""The lists of the requests repository in memory; see :class:`gitops.recent.Recent`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gitops.recent import Raw


class FakeRecent:
    """What stands on GitHub; ``calls`` is the ledger, ``fail``: the errors of a method's next calls."""

    def __init__(self) -> None:
        self.open: list[dict[str, Any]] = []
        self.closed: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.said_on_lines: list[dict[str, Any]] = []
        self.given: dict[int, list[dict[str, Any]]] = {}
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.applied: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.fail: dict[str, list[Exception]] = {}

    def _called(self, method: str) -> None:
        self.calls.append(method)
        planned = self.fail.get(method)
        if planned:
            raise planned.pop(0)

    def open_pulls(self) -> Sequence[Raw]:
        self._called("open_pulls")
        return self.open

    def closed_pulls(self, since: datetime) -> Sequence[Raw]:
        self._called("closed_pulls")
        return self.closed

    def comments(self, since: datetime) -> Sequence[Raw]:
        self._called("comments")
        return self.said

    def line_comments(self, since: datetime) -> Sequence[Raw]:
        self._called("line_comments")
        return self.said_on_lines

    def reviews(self, number: int) -> Sequence[Raw]:
        self._called("reviews")
        return self.given.get(number, [])

    def checks(self, sha: str) -> Sequence[Raw]:
        self._called("checks")
        return self.runs.get(sha, [])

    def applies(self, since: datetime) -> Sequence[Raw]:
        self._called("applies")
        return self.applied
