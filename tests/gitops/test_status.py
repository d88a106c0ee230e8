"""Where requests stand, by their files and the receipts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gitops import status
from gitops.checkout import POLICY, Checkout
from gitops.errors import RemoteError
from gitops.lease import LEASE
from tests.support import toy
from tests.support.gitrepo import GitRepo
from tests.support.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(GitRepo.make(tmp_path / "repo", {POLICY: toy.POLICY, "README.md": b"Requests.\n"}))


def state(town: Town, *, later: timedelta = timedelta(), **last: Any) -> str:
    """Where the one request stands, with these receipts; ``last`` changes the newest one."""
    receipts = town.ledger.receipts
    if last:
        receipts = [*receipts[:-1], replace(receipts[-1], **last)]
    entries = ""
    for one in receipts:
        blob = town.repo.git("hash-object", "-w", "--stdin", stdin=one.encode())
        entries += f"100644 blob {blob}\t{one.number:08d}.json\n"
    inner = town.repo.git("mktree", stdin=entries.encode())
    tree = town.repo.git("mktree", stdin=f"040000 tree {inner}\treceipts\n".encode())
    commit = town.repo.git("commit-tree", tree, "-m", "Receipts")
    town.repo.git("update-ref", "refs/heads/receipts", commit)
    (row,) = status.rows(Checkout(town.repo.root), moment=town.time + later)
    assert row.state in status.STATES
    return row.state


def test_it_is_applied_and_then_changed(town: Town) -> None:
    town.request("churn", "base b")
    assert status.rows(Checkout(town.repo.root))[0].state == "waiting"
    town.apply()
    assert state(town) == "applied"
    town.request("churn", "base b red")
    assert state(town) == "changed"


def test_it_is_being_applied_until_the_run_breaks_off(town: Town) -> None:
    town.request("churn", "base b")
    town.apply()
    del town.ledger.receipts[1:]
    assert state(town) == "started"
    assert state(town, later=LEASE) == "interrupted"
    town.request("churn", "base b red")
    assert state(town) == "started"
    assert state(town, later=LEASE) == "waiting"


def test_it_failed_and_then_it_is_on_hold(town: Town) -> None:
    town.request("churn", "base b")

    def closed(key: str) -> None:
        raise RemoteError("The shop is closed.")

    town.world.before_apply = closed
    town.apply()
    assert state(town) == "failed"
    assert state(town, status="partial") == "partial"
    assert state(town, hold="It waits for a person.") == "held"
    town.apply()
    town.apply()
    assert state(town) == "held"


def test_what_holds_data_is_dropped_on_a_day(town: Town) -> None:
    town.request("churn", "base b")
    town.apply()
    assert state(town, status="waiting", due="2026-12-21") == "due"
    assert state(town, status="of tomorrow") == "failed"
