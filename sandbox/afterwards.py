"""What holds after an onboarding: applying again writes nothing, and what is changed by hand is told."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

import handlers
from gitops.audit.chain import problems
from gitops.audit.life import life
from gitops.audit.record import Record
from gitops.checkout import Checkout
from sandbox.verify import Row

if TYPE_CHECKING:
    from sandbox.onlooker import Onlooker
    from sandbox.world import World


class Afterwards:
    """Starts workflows by hand; ``settled`` waits until none runs.

    ``story`` is what ``lakeport audit show`` said of the request in the clone, once it was asked.
    """

    story = ""

    def __init__(self, world: World, hub: Onlooker, settled: Callable[[], None]) -> None:
        self._world = world
        self._hub = hub
        self._settled = settled

    def second_apply(self) -> Row:
        """Run the workflow again: nothing may be written, neither in GitHub nor in Databricks."""
        before = self._writes()
        run = self._started("apply.yml")
        written = self._writes() - before - 1  # the dispatch itself is the one write that is ours
        found = f"{written} writes, {run['conclusion']}"
        return Row("a second apply", "0 writes, success", found, found == "0 writes, success")

    def drift(self, request: Mapping[str, Any]) -> Row:
        """Take a privilege away behind everybody's back: the next look says so, and writes nothing.

        Nothing but how much drifted, onto the branch of receipts.
        """
        schema = next(one for one in request["resources"] if one["kind"] == "schema")
        grant = schema["grants"][0]
        name, who, what = f"{schema['catalog']}.{schema['name']}", grant["principal"], grant["privileges"][0]
        httpx.patch(
            f"{self._world.databricks.url}/api/2.1/unity-catalog/permissions/schema/{name}",
            headers={"Authorization": f"Bearer {self._world.databricks.token}"},
            json={"changes": [{"principal": who, "remove": [what]}]},
        ).raise_for_status()
        before = self._writes(recorded=False)
        run = self._started("drift.yml")
        written = self._writes(recorded=False) - before - 1
        log = self._world.github.state.log_file(run["id"]).read_text("utf-8", "replace")
        told = "told" if f"schema/{name}/grants" in log and f"[{what}] is missing" in log else "not told"
        found = f"{told}, {written} writes, {run['conclusion']}"
        wanted = "told, 0 writes, failure"
        return Row(
            f"{what} of {who} taken away by hand, and a look for drift", wanted, found, found == wanted
        )

    def audit(self, request: Mapping[str, Any]) -> Row:
        """Clone what is in Git, ask it about the request, and verify the receipts: no system is asked."""
        bare = self._world.github.state.home / "git" / f"{self._world.repository}.git"
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "clone", "--quiet", str(bare), folder], check=True, capture_output=True)
            record = Record(Checkout(Path(folder)), handlers.registry())
            file = record.named(request["metadata"]["name"])
            told = [event.what for event in life(record, file, handlers.registry())]
            receipt = record.receipts_of(file.request)[-1]
            wrong = problems(record)
            self.story = self._shown(Path(folder), file.request)
        by = f"asked by {file.version.github}, approved by {', '.join(receipt.approvers)}"
        found = f"{by}, {receipt.status}; {len(wrong)} problems with receipts"
        wanted = "asked by liwei, approved by nadia-k, applied; 0 problems with receipts"
        ok = found == wanted and told[0] == "The request was merged" and told[-1] == "It was applied"
        return Row("`lakeport audit` in a clone", wanted, found, ok)

    def _shown(self, clone: Path, request: str) -> str:
        """The very command, as an auditor types it in the clone."""
        code = {"PYTHONPATH": str(self._world.project), "NO_COLOR": "1"}
        command = [sys.executable, "-P", "-m", "gitops", "audit", "show", request]
        done = subprocess.run(
            command, cwd=clone, env=os.environ | code, capture_output=True, text=True, check=True
        )
        return done.stdout

    def _writes(self, *, recorded: bool = True) -> int:
        """So far, with or without commits of the record; signing in leaves nothing behind and is none."""
        record = f"/repos/{self._world.repository}/git/"
        github = [
            path
            for _, path in self._world.github.state.writes
            if not path.endswith("/access_tokens") and (recorded or not path.startswith(record))
        ]
        return len(self._world.databricks.writes) + len(github)

    def _started(self, workflow: str) -> Any:
        self._hub.send(
            "POST", f"/actions/workflows/{workflow}/dispatches", {"ref": "main"}
        ).raise_for_status()
        self._settled()
        return self._hub.get(f"/actions/workflows/{workflow}/runs?event=workflow_dispatch")["workflow_runs"][
            0
        ]
