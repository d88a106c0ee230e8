"""What stands and what was lately said on the pull requests of a repository, as GitHub writes it.

Lists of the whole repository, so that looking around takes few calls. A list that has not changed is asked
for by its ETag, and the answer 304 does not count against GitHub's limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gitops.remote import translate

Raw = Mapping[str, Any]
"""An object of GitHub's REST API; docs.github.com has its fields."""
Get = Callable[..., tuple[Mapping[str, Any], Any]]
"""PyGithub's ``Requester.requestJsonAndCheck``: headers (names in small letters) and the parsed body."""

SIZE, PAGES = 100, 10
KEPT = 2000
"""So many lists are remembered by their ETag; then all are forgotten and asked for anew."""
APPLY_WORKFLOW = "apply.yml"


class Recent:
    """The lists of one repository. Methods raise ``RemoteError`` and its kin; safe from any thread."""

    def __init__(self, get: Get, full_name: str) -> None:
        self._get = get
        self._at = f"/repos/{full_name}"
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[str, list[Raw]]] = {}

    def open_pulls(self) -> Sequence[Raw]:
        """Every open pull request, oldest first."""
        return self._list("/pulls", {"state": "open", "sort": "created", "direction": "asc"})

    def closed_pulls(self, since: datetime) -> Sequence[Raw]:
        """The closed pull requests on which anything happened since then, newest first."""
        query = {"state": "closed", "sort": "updated", "direction": "desc"}
        moment = stamp(since)
        found = self._list("/pulls", query, until=lambda one: str(one.get("updated_at", "")) < moment)
        return [one for one in found if str(one.get("updated_at", "")) >= moment]

    def comments(self, since: datetime) -> Sequence[Raw]:
        """The comments in conversations that were written or edited since then."""
        return self._list("/issues/comments", _lately(since))

    def line_comments(self, since: datetime) -> Sequence[Raw]:
        """The comments on lines that were written or edited since then."""
        return self._list("/pulls/comments", _lately(since))

    def reviews(self, number: int) -> Sequence[Raw]:
        """The reviews of a pull request, oldest first."""
        return self._list(f"/pulls/{number}/reviews", {})

    def checks(self, sha: str) -> Sequence[Raw]:
        """The newest check run of each name on a commit."""
        return self._list(f"/commits/{sha}/check-runs", {"filter": "latest"}, inside="check_runs")

    def applies(self, since: datetime) -> Sequence[Raw]:
        """The runs of the apply workflow that began since then and have ended, newest first."""
        query = {"status": "completed", "created": f">={stamp(since)}"}
        return self._list(f"/actions/workflows/{APPLY_WORKFLOW}/runs", query, inside="workflow_runs")

    @translate("GitHub")
    def _list(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        inside: str = "",
        until: Callable[[Raw], bool] = lambda one: False,
    ) -> list[Raw]:
        found: list[Raw] = []
        for page in range(1, PAGES + 1):
            items = self._page(path, {**query, "per_page": str(SIZE), "page": str(page)}, inside)
            found += items
            if len(items) < SIZE or until(items[-1]):
                break
        return found

    def _page(self, path: str, query: Mapping[str, str], inside: str) -> list[Raw]:
        memo = (path, tuple(sorted(query.items())))
        tag, before = self._known.get(memo, ("", []))
        conditions = {"If-None-Match": tag} if tag else {}
        headers, data = self._get("GET", self._at + path, parameters=dict(query), headers=conditions)
        if data is None and tag:
            return before
        listed = data.get(inside) if inside and isinstance(data, Mapping) else data
        items = [one for one in listed or () if isinstance(one, Mapping)]
        if headers.get("etag"):
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[memo] = (str(headers["etag"]), items)
        return items


def stamp(moment: datetime) -> str:
    """A moment as GitHub writes it; two of them compare as texts."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lately(since: datetime) -> Mapping[str, str]:
    return {"sort": "updated", "direction": "asc", "since": stamp(since)}
