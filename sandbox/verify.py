"""Reads back from the live systems, over plain HTTP, what an onboarding was meant to make.

On purpose it shares no code with the handlers: what made a thing must not be what says that it stands.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx


@dataclass(frozen=True)
class Row:
    """One thing that was asked for: what was wanted, what the live system says, whether they agree."""

    what: str
    wanted: str
    found: str
    ok: bool


class Verifier:
    """Looks at GitHub and Databricks as an outsider with read access would."""

    def __init__(
        self, *, github_url: str, github_token: str, databricks_url: str, databricks_token: str
    ) -> None:
        self._github = httpx.Client(base_url=github_url, headers={"Authorization": f"Bearer {github_token}"})
        self._databricks = httpx.Client(
            base_url=databricks_url, headers={"Authorization": f"Bearer {databricks_token}"}
        )

    def close(self) -> None:
        """Close both connections."""
        self._github.close()
        self._databricks.close()

    def github(self, path: str) -> Any:
        """The JSON of one GET, ``None`` for 404."""
        return _json(self._github.get(path))

    def databricks(self, path: str, **query: str) -> Any:
        """The JSON of one GET, ``None`` for 404."""
        return _json(self._databricks.get(path, params=query))

    def file(self, repository: str, path: str, ref: str) -> bytes | None:
        """The content of a file in a repository, ``None`` where it is absent."""
        answer = self.github(f"/repos/{repository}/contents/{path}?ref={ref}")
        return base64.b64decode(answer["content"]) if answer else None

    def check(self, what: str, wanted: str, look: Callable[[], str]) -> Row:
        """One row; whatever goes wrong while looking is a row that does not agree."""
        try:
            found = look()
        except (httpx.HTTPError, KeyError, IndexError, TypeError, ValueError) as error:
            found = f"could not be read ({type(error).__name__})"
        return Row(what, wanted, found, found == wanted)

    def onboarding(self, request: dict[str, Any], request_id: str) -> list[Row]:
        """A row for each thing that the request file asks for, of the kinds that have a reader here."""
        rows: list[Row] = []
        for resource in request["resources"]:
            if reader := _READERS.get(resource["kind"]):
                rows += reader(self, resource, request_id)
        return rows


def _json(answer: httpx.Response) -> Any:
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    return answer.json()


def _repo(live: Verifier, wanted: dict[str, Any], request_id: str) -> list[Row]:
    full_name = f"acme/{wanted['name']}"

    def repository() -> str:
        found = live.github(f"/repos/{full_name}")
        return f"{found['visibility']}, of {found['custom_properties']['lakeport-request']}"

    def teams() -> str:
        return ", ".join(
            f"{team['slug']} {team['permission']}" for team in live.github(f"/repos/{full_name}/teams")
        )

    access = ", ".join(f"{entry['team']} {entry['permission']}" for entry in wanted.get("access", ()))
    return [
        live.check(f"repository {full_name}", f"{wanted['visibility']}, of {request_id}", repository),
        live.check("  access of teams", access, teams),
    ]


def _scaffold(live: Verifier, wanted: dict[str, Any], request_id: str) -> list[Row]:
    full_name = f"acme/{wanted['repo']}"

    def marker() -> str:
        found = json.loads(live.file(full_name, ".lakeport/scaffold.json", "main") or b"{}")
        return f"{found['template']}, of {found['request']}"

    def history() -> str:
        files = live.github(f"/repos/{full_name}/git/trees/main?recursive=1")["tree"]
        commits = live.github(f"/repos/{full_name}/commits")
        some = sum(entry["type"] == "blob" for entry in files) > 5
        return f"{'files' if some else 'no files'} in {len(commits)} commits"

    return [
        live.check(f"scaffold in {full_name}", f"{wanted['template']}, of {request_id}", marker),
        live.check("  its files", "files in 2 commits", history),
    ]


def _schema(live: Verifier, wanted: dict[str, Any], request_id: str) -> list[Row]:
    full_name = f"{wanted['catalog']}.{wanted['name']}"
    rows = [
        live.check(
            f"schema {full_name}",
            f"of {request_id}",
            lambda: (
                "of "
                + live.databricks(f"/api/2.1/unity-catalog/schemas/{full_name}")["properties"][
                    "lakeport.request"
                ]
            ),
        )
    ]
    for grant in wanted.get("grants", ()):
        who = str(grant["principal"])
        held = partial(_privileges, live, "schema", full_name, who)
        rows.append(live.check(f"  grants of {who}", ", ".join(sorted(grant["privileges"])), held))
        above = partial(_privileges, live, "catalog", wanted["catalog"], who)
        rows.append(live.check(f"  {who} on catalog {wanted['catalog']}", "USE_CATALOG", above))
    return rows


def _privileges(live: Verifier, securable: str, name: str, principal: str) -> str:
    found = live.databricks(f"/api/2.1/unity-catalog/permissions/{securable}/{name}")
    held: Sequence[str] = next(
        (entry["privileges"] for entry in found["privilege_assignments"] if entry["principal"] == principal),
        (),
    )
    return ", ".join(sorted(held))


def _compute(live: Verifier, wanted: dict[str, Any], request_id: str) -> list[Row]:
    name = wanted["name"]

    def cluster() -> dict[str, Any]:
        found = [
            one
            for one in live.databricks("/api/2.1/clusters/list")["clusters"]
            if one["cluster_name"] == name
        ]
        if len(found) != 1:
            raise ValueError(f"{len(found)} clusters")
        return dict(found[0])

    def shape() -> str:
        one = cluster()
        scale = one["autoscale"]
        return _shape(scale["min_workers"], scale["max_workers"], one["autotermination_minutes"])

    def libraries() -> str:
        status = live.databricks("/api/2.0/libraries/cluster-status", cluster_id=cluster()["cluster_id"])
        return ", ".join(entry["library"]["pypi"]["package"] for entry in status["library_statuses"])

    def permissions() -> str:
        found = live.databricks(f"/api/2.0/permissions/clusters/{cluster()['cluster_id']}")
        return ", ".join(
            f"{entry['group_name']} {level['permission_level']}"
            for entry in found["access_control_list"]
            if entry.get("group_name") not in {None, "admins"}
            for level in entry["all_permissions"]
        )

    def tags() -> str:
        held = cluster()["custom_tags"]
        return f"of {held['lakeport-request']}, {held['cost-center']}"

    rows = [
        live.check(
            f"cluster {name}",
            _shape(wanted["min_workers"], wanted["max_workers"], wanted["auto_stop_minutes"]),
            shape,
        ),
        live.check("  its tags", f"of {request_id}, CC-1042", tags),
    ]
    if wanted.get("libraries"):
        rows.append(live.check("  its libraries", ", ".join(wanted["libraries"]), libraries))
    if wanted.get("access"):
        access = ", ".join(f"{entry['principal']} {entry['level']}" for entry in wanted["access"])
        rows.append(live.check("  its permissions", access, permissions))
    return rows


def _shape(least: int, most: int, minutes: int) -> str:
    return f"{least}-{most} workers, stops after {minutes} min"


_READERS: dict[str, Callable[[Verifier, dict[str, Any], str], list[Row]]] = {
    "repo": _repo,
    "scaffold": _scaffold,
    "schema": _schema,
    "compute": _compute,
}
