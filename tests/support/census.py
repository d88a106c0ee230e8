"""Everything that stands in both servers, in a form that is the same for two worlds that are the same.

Ids, times and states on the way are left out. A cluster goes by its name: two of a name are two entries.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from tests.support.stage import REPOSITORY, Stage

VOLATILE = re.compile(r"(.*_)?(id|at|time|token)|state|state_message|next_.*|(head|base|merge)_sha|seconds")


def census(town: Stage) -> dict[str, Any]:
    """What stands, by system."""
    return {"GitHub": _github(town), "Databricks": _databricks(town)}


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two of them differ, a line each; ``one`` is what should be."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line
            for key in sorted(one.keys() | other.keys())
            for line in differences(one.get(key), other.get(key), f"{at}/{key}")
        ]
    return [] if one == other else [f"{at}: should be {one}, is {other}"]


def _github(town: Stage) -> dict[str, Any]:
    with town.github.state.lock:
        data = town.github.state.data
        found: dict[str, Any] = {}
        for repository in data.repositories.values():
            about = {
                "visibility": repository.visibility,
                "description": repository.description,
                "archived": repository.archived,
                "topics": sorted(repository.topics),
                "properties": repository.properties,
                "people": repository.collaborators,
                "pulls": sorted((pull.head_ref, pull.state) for pull in repository.pulls.values()),
            }
            found[repository.full_name] = about | _git(town, repository.full_name)
        found[REPOSITORY]["comments"] = sorted(
            (one.number, one.user, one.body.partition("\n")[0], "lakeport:progress" in one.body)
            for one in data.repositories[REPOSITORY.lower()].comments.values()
        )
        teams = {key: dict(team.repositories) for key, team in data.teams.items()}
        return {"repositories": found, "teams": teams}


def _git(town: Stage, full_name: str) -> dict[str, Any]:
    """Its branches; of one that is not the record the contents and the number of commits."""
    bare = str(town.github.state.home / "git" / f"{full_name}.git")

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "--git-dir", bare, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    form = "%(refname:short) %(tree)"
    branches = dict(
        line.split() for line in git("for-each-ref", f"--format={form}", "refs/heads").splitlines()
    )
    branches.pop("receipts", None)  # holds the time of each run
    return {"branches": branches, "commits": git("rev-list", "--count", "main")}


def _databricks(town: Stage) -> dict[str, Any]:
    (extra, libraries, acls, _), lake = town.databricks.memory()
    names = {key: str(one["cluster_name"]) for key, one in lake["clusters"]["clusters"].items()}
    found: dict[str, Any] = {
        "libraries": _named(names, {key: sorted(held) for key, held in libraries.items()}),
        "permissions": _named(
            names, {key: sorted(map(str, held.items())) for (_, key), held in acls.items() if held}
        ),
        "settings": _named(names, {key: held for (_, key), held in extra.items()}),
        "grants": {key: held for key, held in lake["grants"]["grants"].items() if any(held.values())},
        "clusters": _counted(_plain(one) for one in lake["clusters"]["clusters"].values()),
        "jobs": _counted(_plain(one) for one in lake["jobs"]["jobs"].values()),
        "warehouses": _counted(_plain(one) for one in lake["sql_warehouses"]["warehouses"].values()),
        "policies": _counted(_plain(one) for one in lake["cluster_policies"]["policies"].values()),
        "catalog": _plain(lake["unity_catalog"]),
    }
    return found


def _named(names: dict[str, str], held: dict[str, Any]) -> dict[str, Any]:
    """By the name of the cluster; what is kept of one that is gone does not count."""
    found: dict[str, list[str]] = {}
    for key, value in held.items():
        if value and (key in names or "." in key):
            found.setdefault(names.get(key, key), []).append(json.dumps(_plain(value), sort_keys=True))
    return {name: sorted(values) for name, values in found.items()}


def _counted(things: Any) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in things)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if not VOLATILE.fullmatch(key)}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
