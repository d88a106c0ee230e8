"""A world in which many requests are applied, made without applying them: copies of one that was."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gitops.plan import digest
from gitops.receipts import Receipt, parse_receipt
from tests.support.stage import REPOSITORY, Stage

ONE = "churn-first"


def renamed(value: Any, name: str) -> Any:
    """What is said of the one that was applied, said of another."""
    text = json.dumps(value).replace(ONE, name).replace(ONE.replace("-", "_"), name.replace("-", "_"))
    return json.loads(text)


def multiply(town: Stage, count: int) -> None:
    """As many more requests, each with everything that the one has, in Git and in both servers."""
    names = [f"churn-{number:04}" for number in range(count)]
    _requests(town, names)
    _repositories(town, names)
    _workspace(town, names)


def _requests(town: Stage, names: list[str]) -> None:
    """Their files on the main branch, and a receipt of each on the branch of receipts."""
    bare = _bare(town, REPOSITORY)
    path = f"requests/dev/growth/{ONE}.yaml"
    raw = _git(bare, "show", f"main:{path}")
    files = {path.replace(ONE, name): renamed(raw, name) for name in names}
    chain = town.all_receipts()
    template = next(one for one in chain if one["request"].endswith(ONE) and one["status"] == "applied")
    last = parse_receipt(json.dumps(chain[-1]).encode())
    receipts = {}
    for name in names:
        text = files[path.replace(ONE, name)]
        fresh = parse_receipt(json.dumps(renamed(template, name)).encode())
        last = _next(replace(fresh, file_digest=digest(text.encode())), last)
        receipts[f"receipts/{last.number:08d}.json"] = last.encode().decode()
    _import(bare, [*_commit("main", files, "main"), *_commit("receipts", receipts, "receipts")])


def _next(receipt: Receipt, last: Receipt) -> Receipt:
    receipt = replace(receipt, number=last.number + 1, previous=last.digest)
    return replace(receipt, digest=receipt.computed_digest())


def _repositories(town: Stage, names: list[str]) -> None:
    """Repositories with the note of their scaffold; their objects lie with those of the one."""
    note = ".lakeport/scaffold.json"
    first = _bare(town, f"acme/growth-{ONE}")
    text = json.loads(_git(first, "show", f"main:{note}"))
    script = []
    for name in names:
        script += _commit(name, {note: json.dumps(renamed(text, name))}, "main")
    _import(first, script)
    data = town.github.state.data
    model = data.repositories[f"acme/growth-{ONE}"]
    for name in names:
        made = copy.deepcopy(model)
        made.id, made.name = town.github.state.new_id(), f"growth-{name}"
        made.properties = renamed(model.properties, name)
        data.repositories[made.full_name.lower()] = made
        for team in data.teams.values():
            if model.full_name in team.repositories:
                team.repositories[made.full_name] = team.repositories[model.full_name]
        bare = _bare(town, made.full_name)
        for folder in ("objects/info", "refs/heads"):
            (bare / folder).mkdir(parents=True)
        (bare / "objects/info/alternates").write_text(f"{first / 'objects'}\n")
        (bare / "HEAD").write_text("ref: refs/heads/main\n")
        (bare / "config").write_text((first / "config").read_text())
        (bare / "refs/heads/main").write_text((first / f"refs/heads/{name}").read_text())


def _workspace(town: Stage, names: list[str]) -> None:
    (extra, libraries, acls, tokens), lake = town.databricks.memory()
    clusters, schemas = lake["clusters"]["clusters"], lake["unity_catalog"]["schemas"]
    grants = lake["grants"]["grants"]
    (was,) = (key for key, one in clusters.items() if ONE in one["cluster_name"])
    schema = f"ml_dev.{ONE.replace('-', '_')}"
    for number, name in enumerate(names):
        key = f"c{number:07}"
        clusters[key] = renamed(clusters[was], name) | {"cluster_id": key}
        for held in (extra, acls):
            held["clusters", key] = copy.deepcopy(held["clusters", was])
        extra["clusters", key] = renamed(extra["clusters", was], name)
        libraries[key] = copy.deepcopy(libraries[was])
        full = schema.replace("churn_first", name.replace("-", "_"))
        schemas[full] = renamed(schemas[schema], name)
        grants[f"SCHEMA\t{full}"] = copy.deepcopy(grants[f"SCHEMA\t{schema}"])
    town.databricks.remember(((extra, libraries, acls, tokens), lake))


def _bare(town: Stage, full_name: str) -> Path:
    return town.github.state.home / "git" / f"{full_name}.git"


def _git(bare: Path, *arguments: str) -> str:
    order = ["git", "--git-dir", str(bare), *arguments]
    return subprocess.run(order, check=True, capture_output=True, text=True).stdout


def _commit(branch: str, files: Mapping[str, str], parent: str) -> Iterator[str]:
    """A commit for ``git fast-import``, on top of a branch that stands."""
    yield f"commit refs/heads/{branch}\ncommitter A <a@acme.example> 1790000000 +0000\n{_data('Many')}"
    yield f"from refs/heads/{parent}^0\n"
    for path, text in files.items():
        yield f"M 100644 inline {path}\n{_data(text)}"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _import(bare: Path, script: list[str]) -> None:
    order = ["git", "--git-dir", str(bare), "fast-import", "--quiet", "--force"]
    subprocess.run(order, input="".join(script).encode(), check=True, capture_output=True)
