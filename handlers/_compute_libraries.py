"""The libraries of compute: what is installed, installing it, and following that to its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gitops.errors import RemoteError
from gitops.patience import until
from gitops.remote import plain
from handlers import _compute_shape as shape
from handlers._compute_settings import main_of
from handlers._compute_workspace import WHERE, Found, clusters, details_of, patiently

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

UNDER_WAY = ("PENDING", "RESOLVING", "INSTALLING", "RESTORED")
"""States of a library that is neither installed nor failed."""

INSTALL_SECONDS = 900.0
"""How long libraries may take to install, with a start before it."""

NOT_HELD = ("FAILED", "UNINSTALL_ON_RESTART")
"""States of a library that is not there, or will not be there after the next restart."""


def statuses(cluster: str, client: WorkspaceClient) -> list[dict[str, Any]]:
    """Each library of a cluster: ``{"library": …, "status": "INSTALLED" | …, "messages": […]}``."""
    return [one.as_dict() for one in client.libraries.cluster_status(cluster)]


def packages(entries: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The Python packages among libraries as Databricks describes them."""
    return frozenset(entry["pypi"]["package"] for entry in entries if "pypi" in entry)


def change_libraries(found: Found, after: Mapping[str, Any], client: WorkspaceClient) -> None:
    install = [shape.library(one) for one in after["install"]]
    uninstall = [shape.library(one) for one in after["uninstall"]]
    if found.type != "cluster":
        details = details_of(found, client)
        task = dict(main_of((details.get("settings") or {}).get("tasks"), "task_key"))
        kept = [one for one in task.get("libraries") or () if one not in uninstall and one not in install]
        new = {"tasks": [{**task, "libraries": [*kept, *install]}]}
        body = {"job_id": int(found.id), "new_settings": new}
        client.api_client.do("POST", "/api/2.2/jobs/update", body=body)
        return
    if install:
        patiently(
            client, "POST", "/api/2.0/libraries/install", {"cluster_id": found.id, "libraries": install}
        )
    if uninstall:
        _uninstall(found, uninstall, client)
    if install and found.runs:  # on one that does not run they are installed when it starts
        _follow(found, frozenset(after["install"]), client)


def _uninstall(found: Found, libraries: Iterable[Mapping[str, Any]], client: WorkspaceClient) -> None:
    body = {"cluster_id": found.id, "libraries": list(libraries)}
    client.api_client.do("POST", "/api/2.0/libraries/uninstall", body=body)


def _follow(found: Found, names: frozenset[str], client: WorkspaceClient) -> None:
    """Wait until each library is installed or has failed; what failed is taken out again, and said."""
    ended = until(
        lambda: ended_libraries(found.id, names, client),
        what=f"The end of installing libraries on {found.name}",
        where=WHERE,
        seconds=INSTALL_SECONDS,
    )
    failed = [one for one in ended if one["status"] == "FAILED"]
    if not failed:
        return
    _uninstall(found, [one["library"] for one in failed], client)
    raise RemoteError(
        f"On {found.name} these libraries could not be installed: {failures(failed)}",
        why="They were taken out again, so that they are not tried at every start.",
        fix="Correct their names or versions in the file, or take them out.",
        where=WHERE,
    )


def ended_libraries(
    cluster: str, names: frozenset[str], client: WorkspaceClient, *, all_of_them: bool = True
) -> list[dict[str, Any]] | None:
    """The state of each of these packages once none of them is under way; ``None`` before.

    ``all_of_them``: one that is not listed yet is under way. A cluster that stopped meanwhile installs
    nothing until it starts, so nothing is under way on it.
    """
    state = next((one.raw.get("state") for one in clusters(client) if one.id == cluster), "TERMINATED")
    found = [
        one for one in statuses(cluster, client) if (one["library"].get("pypi") or {}).get("package") in names
    ]
    if state in ("TERMINATED", "TERMINATING", "ERROR"):
        return found
    under_way = (all_of_them and len(found) < len(names)) or any(
        one.get("status") in UNDER_WAY for one in found
    )
    return None if under_way else found


def failures(failed: Iterable[Mapping[str, Any]]) -> str:
    """``lightgbm==9: no matching distribution; …``, of libraries as Databricks describes their state."""
    said = {one["library"]["pypi"]["package"]: " ".join(one.get("messages") or ()) for one in failed}
    return "; ".join(f"{name}: {plain(words) or 'no reason given'}" for name, words in said.items())
