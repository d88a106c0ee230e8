"""Who held what: which receipt shows it, and what the steps of a run that did not do all of it say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import handlers
from gitops.audit import reach
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.receipt import Step
from tests.gitops.audit.test_audit import CHURN, ID, PATH, version
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
SCHEMA = "ml_dev.churn_prediction"
REPO = "growth-churn-prediction"
COMPUTE = "growth-churn-prediction-dev"
DAY = date(2026, 3, 1)


def step(key: str, outcome: str = "done", *, verb: str = "update", read_back: str = "as_wanted") -> Step:
    differs = "It stands otherwise." if read_back == "differs" else ""
    return Step(
        key=key, digest="", verb=verb, summary="", outcome=outcome, read_back=read_back, differs=differs
    )


DONE = (
    step(f"repo/{REPO}/repository", verb="create"),
    step(f"repo/{REPO}/access:growth", verb="create"),
    step(f"schema/{SCHEMA}/schema", verb="create"),
    step(f"schema/{SCHEMA}/grants", verb="create"),
    step(f"compute/{COMPUTE}/cluster", verb="create"),
    step(f"compute/{COMPUTE}/access"),
)


def but(key: str, outcome: str, read_back: str = "") -> tuple[Step, ...]:
    """All of it done, but for one step."""
    return tuple(
        step(one.key, outcome, verb=one.verb, read_back=read_back) if one.key == key else one for one in DONE
    )


def held(maker: RecordMaker, folder: Path) -> dict[str, reach.Reach]:
    record = Record(Checkout(maker.write(folder / "clone").root), REGISTRY)
    return {one.kind: one for one in reach.reach(record, DAY)}


def told(found: dict[str, reach.Reach]) -> dict[str, tuple[str, int, bool]]:
    return {kind: (one.standing, one.receipt, one.sure) for kind, one in found.items()}


def test_the_receipt_that_shows_it_done_is_cited_not_the_one_that_it_began(tmp_path: Path) -> None:
    maker = RecordMaker()
    merge = maker.merge(PATH, CHURN)
    maker.receipt(merge, ID, "started", steps=())
    applied = maker.receipt(merge, ID, steps=DONE)
    found = held(maker, tmp_path)
    assert set(found) == {"repo", "schema", "compute"}
    assert {one.receipt for one in found.values()} == {2}
    assert {one.since for one in found.values()} == {applied.at}
    assert all(one.sure for one in found.values())


@pytest.mark.parametrize("outcome", ["failed", "not_run", "undone"])
@pytest.mark.parametrize("key", [f"compute/{COMPUTE}/access", f"compute/{COMPUTE}/cluster"])
def test_of_a_run_in_part_each_grant_goes_by_its_own_step(tmp_path: Path, key: str, outcome: str) -> None:
    maker = RecordMaker()
    merge = maker.merge(PATH, CHURN)
    maker.receipt(merge, ID, "started", steps=())
    maker.receipt(merge, ID, "partial", steps=but(key, outcome))
    assert told(held(maker, tmp_path)) == {
        "repo": ("held", 2, True),
        "schema": ("held", 2, True),
        "compute": ("failed", 2, False),
    }


def test_what_another_was_to_get_does_not_count(tmp_path: Path) -> None:
    maker = RecordMaker()
    other = (*DONE, step(f"repo/{REPO}/access:risk", "failed"), step(f"repo/{REPO}/topics", "failed"))
    maker.receipt(maker.merge(PATH, CHURN), ID, "partial", steps=other)
    assert all(one.sure for one in held(maker, tmp_path).values())


def test_a_step_that_reads_back_otherwise_is_not_sure(tmp_path: Path) -> None:
    maker = RecordMaker()
    steps = but(f"schema/{SCHEMA}/grants", "done", read_back="differs")
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=steps)
    assert told(held(maker, tmp_path))["schema"] == ("found otherwise", 1, False)


def test_steps_that_do_not_say_of_what_make_all_of_it_unsure(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, "partial", steps=(step("old/style", "failed"),))
    assert {one.standing for one in held(maker, tmp_path).values()} == {"failed"}


def test_what_stood_before_goes_on_when_a_later_run_fails_and_is_sure_again_after(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=DONE)
    later = maker.merge(PATH, version(purpose="Another one."))
    maker.receipt(later, ID, "started", steps=())
    maker.receipt(later, ID, "partial", steps=(step(f"schema/{SCHEMA}/grants", "failed"),))
    found = told(held(maker, tmp_path))
    assert found["schema"] == ("shaken", 1, False)
    assert found["repo"] == ("held", 1, True)
    maker.receipt(later, ID, steps=(step(f"schema/{SCHEMA}/grants"),))
    assert told(held(maker, tmp_path / "again"))["schema"] == ("held", 1, True)


def test_a_run_that_failed_at_once_changes_nothing(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=DONE)
    gone = maker.merge(PATH, version(lifecycle="retired"))
    maker.receipt(gone, ID, "started", steps=())
    maker.receipt(gone, ID, "failed", steps=())
    assert {one.standing for one in held(maker, tmp_path).values()} == {"held"}


def test_what_was_not_taken_away_is_a_line(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=DONE)
    fewer = CHURN.replace(b"MODIFY, ", b"")
    assert fewer != CHURN
    failed = (step(f"schema/{SCHEMA}/grants", "failed"),)
    maker.receipt(maker.merge(PATH, fewer), ID, "partial", steps=failed)
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    found = {one.standing: one for one in reach.reach(record, DAY, thing=SCHEMA)}
    assert set(found) == {"failed", "not taken away"}
    assert "MODIFY" in found["not taken away"].levels
    assert found["not taken away"].receipt == 1
    assert not found["not taken away"].sure


def test_a_run_that_began_says_nothing_of_what_stood(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=DONE)
    maker.receipt(maker.merge(PATH, CHURN.replace(b"MODIFY, ", b"")), ID, "started", steps=())
    record = Record(Checkout(maker.write(tmp_path / "clone").root), REGISTRY)
    found = list(reach.reach(record, DAY))
    assert {one.standing for one in found if one.thing == SCHEMA} == {"under way"}
    assert {one.standing for one in found if one.thing != SCHEMA} == {"held"}


def test_while_it_is_retired_nothing_is_sure(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=DONE)
    maker.receipt(maker.merge(PATH, version(lifecycle="retiring")), ID, "waiting", steps=())
    assert {(one.standing, one.receipt) for one in held(maker, tmp_path).values()} == {("ending", 1)}


def test_a_receipt_that_was_changed_proves_nothing(tmp_path: Path) -> None:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID, steps=DONE)
    repo = maker.write(tmp_path / "clone")
    repo.git("switch", "--quiet", "receipts")
    file = repo.root / "receipts/00000/00000001.json"
    file.write_text(file.read_text().replace("nadia-k", "mallory"))
    repo.git("commit", "--quiet", "--all", "-m", "Fix typo")
    repo.git("switch", "--quiet", "main")
    found = list(reach.reach(Record(Checkout(repo.root), REGISTRY), DAY))
    assert found
    assert not any(one.sure or one.sound for one in found)
