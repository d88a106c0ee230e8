"""GitHub's REST as the people of a story use it: they look at a pull request, review it, merge it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from sandbox.world import World


class Onlooker:
    """Looks as an owner of the organisation, acts with the token of whoever acts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def pull(self, branch: str) -> Any:
        """The pull request of a branch, open or not; ``None`` while there is none."""
        found = self.get(f"/pulls?state=all&head={self._world.organisation}:{branch}")
        return found[0] if found else None

    def head(self, number: int) -> str:
        """The commit a pull request stands at."""
        return str(self.get(f"/pulls/{number}")["head"]["sha"])

    def check_run(self, sha: str, name: str) -> Any:
        """The check run of this name on a commit, once it is completed."""
        found = self.get(f"/commits/{sha}/check-runs?check_name={name}")["check_runs"]
        return found[0] if found and found[0]["status"] == "completed" else None

    def comment(self, number: int, marker: str) -> Any:
        """The comment that holds a marker."""
        return next((one for one in self.get(f"/issues/{number}/comments") if marker in one["body"]), None)

    def receipt(self) -> Any:
        """The newest receipt that tells an end; ``None`` while there is none."""
        listed = self.get("/git/trees/receipts?recursive=1", missing={"tree": []})["tree"]
        for path in sorted((one["path"] for one in listed if one["type"] == "blob"), reverse=True):
            found = self.get(f"/contents/{path}?ref=receipts")
            receipt = json.loads(base64.b64decode(found["content"]))
            if receipt["status"] != "started":
                return receipt
        return None

    def approve(self, who: str, number: int) -> None:
        """A review of the commit the pull request stands at."""
        body = {"event": "APPROVE", "commit_id": self.head(number), "body": "Looks right to me."}
        self.send("POST", f"/pulls/{number}/reviews", body, who).raise_for_status()

    def merge(self, who: str, number: int) -> httpx.Response:
        """Press the button; GitHub may well refuse."""
        return self.send("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"}, who)

    def get(self, path: str, missing: Any = None) -> Any:
        """The JSON of one look; ``missing`` for 404."""
        answer = self.send("GET", path)
        if answer.status_code == 404:
            return missing
        answer.raise_for_status()
        return answer.json()

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, who: str = ""
    ) -> httpx.Response:
        """One call on the requests repository, as a person or as the owner."""
        token = self._world.tokens[who] if who else self._world.admin_token
        return httpx.request(
            method,
            f"{self._world.github.url}/repos/{self._world.repository}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )
