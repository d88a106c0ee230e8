"""Who may work on a request, by the receipts alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import Waits
from gitops.lease import LEASE, TRIES, WORKING, holder, live, require_free, tries, until, why_held
from gitops.patience import STEP_SECONDS
from gitops.receipt import Receipt, ReceiptDraft, seal

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
REQUEST = "dev/growth/churn"


def draft(run: str = "9", attempt: int = 1, status: Any = "started", **more: Any) -> ReceiptDraft:
    known: dict[str, Any] = {
        "request": REQUEST,
        "path": f"requests/{REQUEST}.yaml",
        "file_digest": "sha256:a",
        "commit": "c" * 40,
        "pull": 7,
        "requester": {},
        "approvers": (),
        "plan_digest": None,
        "run_url": "",
        "tool_version": "0.1.0",
        "lease_until": until(NOW) if status == "started" else "",
    }
    return ReceiptDraft(**known | {"run_id": run, "attempt": attempt, "status": status} | more)


def chain(*entries: tuple[str, int, str], **more: Any) -> list[Receipt]:
    found = []
    for number, (run, attempt, status) in enumerate(entries, 1):
        one = draft(run, attempt, status, **more)
        found.append(seal(one, number=number, at="2026-11-21T06:00:00+00:00", previous=""))
    return found


def may(
    receipts: Sequence[Receipt],
    one: ReceiptDraft | None = None,
    *,
    seen: int = 99,
    later: timedelta = timedelta(),
    is_over: Callable[[str], bool] = lambda run: False,
) -> bool:
    try:
        require_free(receipts, one or draft(), seen=seen, moment=NOW + later, is_over=is_over)
    except Waits:
        return False
    return True


def test_nobody_is_at_it() -> None:
    assert may([])
    assert may(chain(("1", 1, "started"), ("1", 1, "applied")))
    assert may(chain(("1", 1, "started")), draft(request="dev/growth/other"))


def test_another_run_is_at_it_until_its_lease_is_over() -> None:
    receipts = chain(("1", 1, "started"))
    assert not may(receipts)
    assert not may(receipts, later=LEASE - timedelta(seconds=1))
    assert may(receipts, later=LEASE)


def test_a_run_that_is_over_holds_nothing() -> None:
    asked: list[str] = []

    def is_over(run: str) -> bool:
        asked.append(run)
        return run == "1"

    assert may(chain(("1", 1, "started")), is_over=is_over)
    assert not may(chain(("2", 1, "started")), is_over=is_over)
    assert asked == ["1", "2"]


@pytest.mark.parametrize(("attempt", "allowed"), [(1, False), (2, True), (3, True)])
def test_a_later_attempt_of_a_run_takes_over(attempt: int, allowed: bool) -> None:
    """GitHub starts an attempt when the one before it is over."""
    assert may(chain(("1", 2, "started")), draft("1", attempt)) is allowed


def test_what_another_run_did_since_is_not_in_the_plan() -> None:
    receipts = chain(("1", 1, "started"), ("1", 1, "partial"))
    assert may(receipts, seen=2)
    assert not may(receipts, seen=1)
    assert not may(receipts, seen=0)


def test_a_run_that_was_overtaken_ends_only_itself() -> None:
    receipts = chain(("1", 1, "started"), ("2", 1, "started"), ("1", 1, "partial"))
    found = holder(receipts, REQUEST)
    assert found is not None
    assert found.run_id == "2"
    assert holder(chain(("1", 1, "started"), ("2", 1, "started"), ("2", 1, "applied")), REQUEST) is None


@given(st.lists(st.tuples(st.sampled_from("123"), st.booleans()), max_size=12))
def test_at_most_one_holds_it_however_runs_come_and_go(events: list[tuple[str, bool]]) -> None:
    """Runs that start only when they may and end only what they started: one at a time."""
    receipts: list[Receipt] = []
    working: set[str] = set()
    for run, starts in events:
        if starts and run not in working and may(receipts, draft(run, len(receipts) + 1)):
            working.add(run)
            status = "started"
        elif not starts and run in working:
            working.discard(run)
            status = "partial"
        else:
            continue
        attempt = next((o.attempt for o in reversed(receipts) if o.run_id == run), 0)
        attempt = attempt if status == "partial" else len(receipts) + 1
        one = draft(run, attempt, status)
        number = len(receipts) + 1
        receipts.append(seal(one, number=number, at="", previous=""))
        assert len(working) <= 1


@pytest.mark.parametrize("said", ["", "soon", "2026-11-21T07:00:00", "9" * 400])
def test_what_is_no_time_holds_nothing(said: str) -> None:
    (one,) = chain(("1", 1, "started"), lease_until=said)
    assert not live(one, NOW)


def test_a_run_ends_before_its_lease_does() -> None:
    """The last step may begin when the working time is over, and has an end of its own."""
    assert timedelta(seconds=WORKING + STEP_SECONDS) <= LEASE


# --- on hold


def test_what_was_tried_too_often_is_on_hold() -> None:
    failed = [(str(number), 1, "failed") for number in range(TRIES)]
    assert why_held(chain(*failed[1:]), "sha256:a") == ""
    assert why_held(chain(*failed), "sha256:a") == "It was tried 3 times as it is, and not applied."
    assert why_held(chain(*failed), "sha256:other") == ""


def test_a_run_counts_once_and_one_that_died_too() -> None:
    assert tries(chain(("1", 1, "started"), ("1", 1, "failed"), ("2", 1, "started")), "sha256:a") == 2
    assert tries(chain(("1", 1, "failed"), ("2", 1, "applied"), ("3", 1, "failed")), "sha256:a") == 1


def test_another_file_begins_anew() -> None:
    older = chain(*[(str(number), 1, "failed") for number in range(5)], file_digest="sha256:old")
    assert tries([*older, *chain(("9", 1, "failed"))], "sha256:a") == 1


def test_what_is_to_be_held_is_on_hold_until_it_is_taken_up_again() -> None:
    (held,) = chain(("1", 1, "partial"), hold="It waits for a person.")
    assert why_held([held], "sha256:a") == "It waits for a person."
    assert why_held([held, *chain(("2", 1, "started"))], "sha256:a") == ""
