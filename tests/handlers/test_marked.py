"""What is listed by its mark, over every kind: all that a request made, under its own name, and no more."""

from __future__ import annotations

import pytest

from tests.handlers.test_laws import CASES, REGISTRY, Stage

LISTING = [case for case in CASES if REGISTRY[case[0]].marked is not None]
every_kind_that_lists = pytest.mark.parametrize(
    ("name", "case_name"), LISTING, ids=["-".join(case) for case in LISTING]
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)


def marked(stage: Stage) -> set[tuple[str, str, str]]:
    assert stage.kind.marked is not None
    return {(one.kind, one.identity, one.request) for one in stage.kind.marked(stage.client)}


@every_kind_that_lists
def test_what_a_request_made_is_listed_as_its_file_names_it(name: str, case_name: str) -> None:
    """By another name it would be taken for an orphan."""
    stage = Stage(name, case_name)
    assert marked(stage) == set()
    stage.apply(stage.plan())
    wanted = stage.wanted()
    assert marked(stage) == {(name, stage.kind.identity(wanted.spec), wanted.origin.request)}


@every_kind_that_lists
def test_what_somebody_else_made_is_not_listed(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.case.make_foreign()
    assert marked(stage) == set()


@every_kind_that_lists
def test_what_was_taken_away_is_no_orphan(name: str, case_name: str) -> None:
    stage = Stage(name, case_name)
    stage.apply(stage.plan())
    wanted = stage.wanted("retiring")
    for _ in range(3):  # a kind may need to look again after a stage
        state = stage.read("retiring")
        stage.apply(list(stage.kind.retire(wanted, state)) if state is not None else [])
    assert marked(stage) == set()
