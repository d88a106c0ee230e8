"""The ids of requests that write are noted for the step that sent them, and nothing else is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from gitops.request_ids import MOST, note, noted


def test_writes_are_noted_in_their_order_once() -> None:
    ids: list[str] = []
    note("POST", "BEFORE")
    with noted(ids):
        for verb, given in [("POST", "A1:B2"), ("GET", "READ"), ("delete", "c-3"), ("PATCH", "A1:B2")]:
            note(verb, given)
    note("POST", "AFTER")
    assert ids == ["A1:B2", "c-3"]


@pytest.mark.parametrize("given", [None, "", "a b", "<script>", "x" * 101, "a\nb", "::error::", "'; DROP"])
def test_what_has_not_the_form_of_an_id_is_not_noted(given: str | None) -> None:
    ids: list[str] = []
    with noted(ids):
        note("POST", given)
    assert ids == []


def test_not_more_than_a_step_can_have() -> None:
    ids: list[str] = []
    with noted(ids):
        for number in range(MOST + 10):
            note("POST", f"id-{number}")
    assert len(ids) == MOST


def test_steps_side_by_side_have_their_own() -> None:
    barrier = Barrier(4, timeout=10)

    def step(name: str) -> list[str]:
        ids: list[str] = []
        with noted(ids):
            barrier.wait()
            note("POST", name)
            barrier.wait()
        return ids

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(step, "abcd")) == [["a"], ["b"], ["c"], ["d"]]
