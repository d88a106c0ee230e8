"""Schema and compute against `minilake`, bare: real HTTP, the real SDK.

What it lacks is played in test_rehearsal.py: libraries, tags of SQL warehouses, groups of the account,
registered models, without which no schema is known to be empty.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers import compute, schema
from tests.fakes.compute import Case as ComputeCase
from tests.fakes.compute import JobCase
from tests.fakes.schema import Case as SchemaCase
from tests.handlers.support import carry_out, desired, plan

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("minilake")
    (home / "extensions").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "PATH": os.defpath,
        "HOME": str(home),
        "MINILAKE_DATA_DIR": str(home / "data"),
        "MINILAKE_NOTEBOOK": "0",
        "MINILAKE_MCP": "0",
        "MINILAKE_CLUSTER_START_DELAY": "0.2",
        "MINILAKE_DUCKDB_EXTENSION_DIR": str(home / "extensions"),
        "MINILAKE_SPARK_PREWARM": "0",
    }
    command = [str(Path(sys.executable).with_name("minilake")), "--port", str(port), "--host", "127.0.0.1"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=home, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}", process, home / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/_minilake/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def client(host: str) -> Any:
    made = schema.KIND.connect({"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "anything"})
    for name in ("growth", "risk"):
        if not list(made.groups.list(filter=f'displayName eq "{name}"')):
            made.groups.create(display_name=name)
    if not any(catalog.name == "ml_dev" for catalog in made.catalogs.list()):
        made.catalogs.create("ml_dev")
    return made


def test_a_schema_comes_and_changes(client: Any) -> None:
    wanted = desired(schema.KIND, SchemaCase.spec)
    assert schema.KIND.read(wanted, client) is None
    changes = plan(schema.KIND, wanted, client)
    assert [change.action for change in changes] == [
        "schema",
        "grants",
        "use-catalog:growth",
        "use-catalog:risk",
    ]
    carry_out(schema.KIND, changes, client)
    assert plan(schema.KIND, wanted, client) == () or plan(schema.KIND, wanted, client) == []
    less = desired(
        schema.KIND,
        SchemaCase.spec
        | {"comment": "Other.", "grants": [{"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT"]}]},
    )
    changes = plan(schema.KIND, less, client)
    assert [change.action for change in changes] == ["settings", "grants"]
    assert changes[1].removes == ("growth loses MODIFY",)
    carry_out(schema.KIND, changes, client)
    assert not plan(schema.KIND, less, client)


@pytest.mark.parametrize("case", [ComputeCase, JobCase], ids=["cluster", "job"])
def test_compute_comes_changes_and_goes(client: Any, case: type[ComputeCase]) -> None:
    spec = case.spec | {"libraries": []}
    wanted = desired(compute.KIND, spec)
    changes = plan(compute.KIND, wanted, client)
    for change in changes:
        carry_out(compute.KIND, [change, change], client)
    assert not plan(compute.KIND, wanted, client)
    larger = desired(compute.KIND, spec | {"max_workers": 8, "size": "medium"})
    changes = plan(compute.KIND, larger, client)
    assert [change.action for change in changes] == ["settings"]
    carry_out(compute.KIND, changes, client)
    assert not plan(compute.KIND, larger, client)
    retiring = desired(compute.KIND, spec, lifecycle="retiring")
    carry_out(compute.KIND, compute.KIND.retire(retiring, compute.KIND.read(retiring, client)), client)
    assert compute.KIND.read(retiring, client) is None
