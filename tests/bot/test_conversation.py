"""The turns of a conversation: what is asked, what is refused, what Confirm binds to, and what cannot
change any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import composed_of, step
from bot.dialogue import (
    Answered,
    Applied,
    Ask,
    Card,
    Changed,
    CheckDone,
    Closed,
    Confirmed,
    Event,
    Failed,
    Filled,
    Merged,
    Note,
    Reply,
    Reviewed,
    Said,
    Status,
    Submit,
    Submitted,
    Undo,
    Withdraw,
    Withdrawn,
)
from bot.draft import Draft, FieldUpdate, Patch, Stage
from gitops.draft import Value
from gitops.plan import digest
from tests.support.organisation import JANE, LI_WEI, draft, world

WORLD = world()
WORDS = (
    "schema trial-conversion in dev for growth: find out who pays; jane.doe@acme.example owns it; internal; "
    "until 2027-04-30; 2 workers; small"
)


def updates(**more: object) -> list[FieldUpdate]:
    """All that a schema needs, each with its words."""
    found = [
        FieldUpdate("resources", "add", ["schema"], "schema"),
        FieldUpdate("metadata.name", "set", "trial-conversion", "trial-conversion"),
        FieldUpdate("metadata.purpose", "set", "find out who pays", "find out who pays"),
        FieldUpdate("metadata.business_owner", "set", "jane.doe@acme.example", "jane.doe@acme.example"),
        FieldUpdate("metadata.data_classification", "set", "internal", "internal"),
        FieldUpdate("metadata.expires", "set", "2027-04-30", "until 2027-04-30"),
    ]
    return [update for update in found if update.path not in more.get("without", ())]  # type: ignore[operator]


def say(
    state: Draft, text: str, read: Sequence[FieldUpdate] = (), user: str = LI_WEI
) -> tuple[Draft, list[Reply]]:
    moved, replies = step(state, Said(user, text, "2.0"), updates=read, world=WORLD)
    return moved, list(replies)


def go(state: Draft, event: Event) -> tuple[Draft, list[Reply]]:
    moved, replies = step(state, event, world=WORLD)
    return moved, list(replies)


def of(kind: type, replies: Sequence[Reply]) -> list:
    return [reply for reply in replies if isinstance(reply, kind)]


def complete() -> Draft:
    return say(draft(), WORDS, updates())[0]


def confirmed() -> Draft:
    state = complete()
    return go(state, Confirmed(LI_WEI, the_digest(state)))[0]


def submitted() -> Draft:
    return go(confirmed(), Submitted(12, "https://github.example/acme/lakeport/pull/12"))[0]


def the_digest(state: Draft) -> str:
    raw = composed_of(state, WORLD).raw
    assert raw is not None
    return digest(raw)


# --- collecting -------------------------------------------------------------------------------------


def test_the_first_question_is_what_is_needed() -> None:
    state, replies = say(draft(), "hello there")
    asked = of(Ask, replies)
    assert [ask.path for ask in asked] == ["resources"] == [state.asked]
    assert "schema" in asked[0].choices
    assert asked[0].why


def test_several_fields_are_taken_at_once_and_one_question_is_asked() -> None:
    state, replies = say(draft(), WORDS, updates(without=("metadata.data_classification",)))
    assert [ask.path for ask in of(Ask, replies)] == ["metadata.data_classification"]
    assert of(Ask, replies)[0].choices == ("public", "internal", "confidential", "restricted")
    assert state.state is Stage.COLLECTING
    assert "name: trial-conversion" in of(Changed, replies)[0].lines


def test_a_complete_draft_is_for_review() -> None:
    state, replies = say(draft(), WORDS, updates())
    assert state.state is Stage.REVIEWING
    assert not of(Ask, replies)
    assert of(Card, replies)[0].digest == the_digest(state)


def test_a_correction_says_what_changed_in_one_line() -> None:
    state, _ = say(draft(), WORDS, [FieldUpdate("resources", "add", ["compute"], "workers")])
    state, _ = say(state, WORDS, [FieldUpdate("resources.compute.max_workers", "set", 2, "2 workers")])
    _, replies = say(
        state, "no, 4 workers", [FieldUpdate("resources.compute.max_workers", "set", 4, "4 workers")]
    )
    (line,) = of(Changed, replies)[0].lines
    assert line.endswith("workers 2 → 4")


def test_a_risky_value_that_nobody_said_is_asked_not_taken() -> None:
    guess = FieldUpdate("metadata.data_classification", "set", "public", "the data is public")
    state, replies = say(draft(), "a schema", [FieldUpdate("resources", "add", ["schema"], "schema"), guess])
    assert "metadata.data_classification" not in state.said
    assert "metadata.data_classification" in state.unclear
    assert of(Ask, replies)


def test_a_plain_value_that_nobody_said_is_marked_inferred() -> None:
    state, _ = say(
        draft(), "a nightly thing", [FieldUpdate("resources.compute.workload", "set", "etl", "loads data")]
    )
    assert state.said["resources.compute.workload"] == Value("etl", "inferred", "loads data")


def test_a_conclusion_never_replaces_what_was_said() -> None:
    state, _ = say(draft(), "ml please", [FieldUpdate("resources.compute.workload", "set", "ml", "ml")])
    state, _ = say(state, "hm", [FieldUpdate("resources.compute.workload", "set", "etl", "loads data")])
    assert state.said["resources.compute.workload"].value == "ml"


@pytest.mark.parametrize(
    ("update", "word"),
    [
        (FieldUpdate("metadata.environment", "set", "moon", "moon"), "moon"),
        (FieldUpdate("resources.compute.max_workers", "set", 100_000, "100000"), "100000"),
        (FieldUpdate("metadata.expires", "set", "soon", "soon"), "soon"),
        (FieldUpdate("metadata.business_owner", "set", "<@U0NOBODY9>", "<@U0NOBODY9>"), "U0NOBODY9"),
        (FieldUpdate("metadata.name", "set", "../../etc", "../../etc"), "../../etc"),
        (FieldUpdate("resources", "set", ["spaceship"], "spaceship"), "spaceship"),
    ],
)
def test_an_invalid_value_is_refused_with_the_word_and_the_reason(update: FieldUpdate, word: str) -> None:
    state, replies = say(draft(), f"take {update.quote}", [update])
    assert update.path not in state.said
    assert any(word in note.text for note in of(Note, replies))


def test_an_unknown_field_is_refused() -> None:
    state, replies = say(draft(), "x", [FieldUpdate("metadata.approver", "set", "me", "x")])
    assert state.said == {}
    assert any("metadata.approver" in note.text for note in of(Note, replies))


def test_two_environments_are_asked_about_though_there_is_a_default() -> None:
    unclear = FieldUpdate("metadata.environment", "set", None, "dev", "I read prod and staging.")
    state, replies = say(draft(), WORDS, [*updates(), unclear])
    assert [(ask.path, ask.why) for ask in of(Ask, replies)] == [
        ("metadata.environment", "I read prod and staging.")
    ]
    state, replies = go(state, Answered("metadata.environment", "staging", LI_WEI))
    assert state.unclear == {}
    assert not of(Ask, replies)


def test_what_the_person_does_not_know_is_asked_last_again() -> None:
    state, _ = say(draft(), WORDS, updates(without=("metadata.data_classification", "metadata.expires")))
    assert state.asked == "metadata.data_classification"
    state, replies = say(state, "no idea, whatever you usually do")
    assert state.asked == "metadata.expires"
    assert "metadata.data_classification" not in state.said
    assert of(Note, replies)
    state, replies = say(
        state, "until 2027-04-30", [FieldUpdate("metadata.expires", "set", "2027-04-30", "2027-04-30")]
    )
    assert state.asked == "metadata.data_classification"


def test_a_question_of_the_person_is_answered_and_the_own_one_stands() -> None:
    state, _ = say(draft(), "a schema", [FieldUpdate("resources", "add", ["schema"], "schema")])
    asked = state.asked
    state, replies = say(state, "which environments do you have?")
    assert all(f"• {name}: " in of(Note, replies)[0].text for name in ("dev", "staging", "prod"))
    assert state.asked == asked
    assert of(Ask, replies)[0].again


def test_small_talk_repeats_the_question_marked_as_such() -> None:
    state, _ = say(draft(), "hello")
    _, replies = say(state, "sorry, was on the phone")
    assert [ask.again for ask in of(Ask, replies)] == [True]


def test_a_resource_taken_back_takes_its_fields_along() -> None:
    read = [
        FieldUpdate("resources", "add", ["schema", "compute"], "schema"),
        FieldUpdate("resources.compute.size", "set", "small", "small"),
    ]
    state, _ = say(draft(), WORDS, read)
    state, _ = say(state, "drop the cluster", [FieldUpdate("resources", "remove", ["compute"], "cluster")])
    assert state.said["resources"].value == ["schema"]
    assert "resources.compute.size" not in state.said


def test_what_would_come_along_can_be_kept_out() -> None:
    state, _ = say(draft(), "a repo", [FieldUpdate("resources", "add", ["repo"], "repo")])
    assert "scaffold" in composed_of(state, WORLD).values["resources"].value
    state, _ = say(state, "no template", [FieldUpdate("resources", "remove", ["scaffold"], "template")])
    assert "scaffold" not in composed_of(state, WORLD).values["resources"].value


def test_entries_of_a_list_are_merged_by_whom_they_are_for() -> None:
    grant = {"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT"]}
    more = {"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT", "MODIFY"]}
    path = "resources.schema.grants"
    state, _ = say(draft(), "growth reads", [FieldUpdate(path, "add", [grant], "growth reads")])
    state, _ = say(state, "growth writes", [FieldUpdate(path, "add", [more], "growth writes")])
    assert state.said[path].value == [more]


# --- who may ----------------------------------------------------------------------------------------


def test_only_the_requesters_messages_count_and_others_hear_it_once() -> None:
    state, replies = say(draft(), WORDS, updates(), user=JANE)
    assert state.said == {}
    assert len(of(Note, replies)) == 1
    state, replies = say(state, WORDS, updates(), user=JANE)
    assert replies == []
    assert state.heard == ()


@pytest.mark.parametrize(
    "event",
    [
        Confirmed(JANE, "x"),
        Withdrawn(JANE),
        Answered("metadata.environment", "prod", JANE),
        Undo(JANE),
        Filled(JANE, {}),
    ],
)
def test_nobody_else_presses_buttons(event: Event) -> None:
    before = complete()
    after, replies = go(before, event)
    assert replace(after, strangers=()) == before
    assert of(Note, replies)


# --- confirming -------------------------------------------------------------------------------------


def test_confirm_hands_over_the_very_bytes() -> None:
    state = complete()
    raw = composed_of(state, WORLD).raw
    moved, replies = go(state, Confirmed(LI_WEI, the_digest(state)))
    (submit,) = of(Submit, replies)
    assert (submit.raw, submit.digest) == (raw, the_digest(state))
    assert submit.path == "requests/dev/growth/trial-conversion.yaml"
    assert moved.confirmed_digest == submit.digest


def test_a_second_press_submits_nothing_again() -> None:
    state = confirmed()
    assert of(Submit, go(state, Confirmed(LI_WEI, the_digest(state)))[1]) == []


def test_a_stale_digest_shows_the_new_card() -> None:
    state = complete()
    old = the_digest(state)
    state, _ = say(
        state, "until 2027-03-31", [FieldUpdate("metadata.expires", "set", "2027-03-31", "2027-03-31")]
    )
    moved, replies = go(state, Confirmed(LI_WEI, old))
    assert of(Submit, replies) == []
    assert of(Card, replies)[0].digest == the_digest(state) != old
    assert moved.confirmed_digest is None


def test_nothing_is_confirmed_while_something_is_missing() -> None:
    state, _ = say(draft(), WORDS, updates(without=("metadata.expires",)))
    _, replies = go(state, Confirmed(LI_WEI, "sha256:x"))
    assert of(Submit, replies) == []
    assert of(Ask, replies)


def test_a_finding_of_severity_error_blocks() -> None:
    late = FieldUpdate("metadata.expires", "set", "2029-04-30", "until 2029-04-30")
    state, _ = say(draft(), f"{WORDS} until 2029-04-30", [*updates(without=("metadata.expires",)), late])
    composed = composed_of(state, WORLD)
    assert composed.values["metadata.expires"].value == "2029-04-30"
    _, replies = go(state, Confirmed(LI_WEI, the_digest(state)))
    assert of(Submit, replies) == []
    assert of(Card, replies)


def test_the_word_yes_is_no_confirmation() -> None:
    moved, replies = say(complete(), "looks good")
    assert of(Submit, replies) == []
    assert moved.confirmed_digest is None


def test_an_edit_after_submitting_needs_a_new_confirm_for_the_same_request() -> None:
    state = submitted()
    change = FieldUpdate("metadata.expires", "set", "2027-03-31", "2027-03-31")
    state, replies = say(state, "until 2027-03-31", [change])
    assert state.state is Stage.REVIEWING
    assert state.confirmed_digest is None
    assert of(Submit, replies) == []
    state, replies = go(state, Confirmed(LI_WEI, the_digest(state)))
    assert [submit.path for submit in of(Submit, replies)] == ["requests/dev/growth/trial-conversion.yaml"]


def test_name_team_and_environment_stay_once_submitted() -> None:
    before = submitted()
    after, replies = go(before, Answered("metadata.environment", "prod", LI_WEI))
    assert after.said == before.said
    assert "cannot change" in of(Note, replies)[0].text


# --- following --------------------------------------------------------------------------------------


def test_the_way_of_a_request() -> None:
    state = submitted()
    assert (state.state, state.pull_number) == (Stage.SUBMITTED, 12)
    for event, stage in (
        (CheckDone(True), Stage.SUBMITTED),
        (Reviewed("nadia-k", "approved"), Stage.SUBMITTED),
        (Merged("abc"), Stage.MERGED),
        (Applied({"schema/ml_dev.x": {"url": "https://x.example"}}), Stage.APPLIED),
    ):
        state, replies = go(state, event)
        assert state.state is stage
        assert of(Status, replies)


def test_a_failed_apply_and_a_failed_submit_are_two_things() -> None:
    merged = go(submitted(), Merged())[0]
    assert go(merged, Failed("a step failed"))[0].state is Stage.FAILED
    state, _ = go(confirmed(), Failed("GitHub did not answer"))
    assert (state.state, state.confirmed_digest) == (Stage.REVIEWING, None)
    assert of(Submit, go(state, Confirmed(LI_WEI, the_digest(state)))[1])


def test_an_edit_while_submitting_is_still_to_be_confirmed() -> None:
    change = FieldUpdate("metadata.expires", "set", "2027-03-31", "2027-03-31")
    edited, _ = say(confirmed(), "until 2027-03-31", [change])
    state, _ = go(edited, Submitted(12, "https://github.example/acme/lakeport/pull/12"))
    assert (state.state, state.pull_number) == (Stage.REVIEWING, 12)
    assert of(Submit, go(state, Confirmed(LI_WEI, the_digest(state)))[1])


def test_old_news_does_not_turn_the_clock_back() -> None:
    state = go(go(submitted(), Merged())[0], Applied())[0]
    for event in (Merged(), Closed()):
        assert go(state, event) == (state, [])
    assert go(state, Submitted(12, "x"))[0].state is Stage.APPLIED


def test_withdrawing_closes_the_pull_request_and_ends_it() -> None:
    state, replies = go(submitted(), Withdrawn(LI_WEI))
    assert state.state is Stage.WITHDRAWN
    assert of(Withdraw, replies)[0].pull_number == 12
    assert say(state, WORDS, updates())[0].said == state.said
    assert go(state, Closed())[1] == []


def test_a_merged_request_is_not_edited() -> None:
    merged = go(submitted(), Merged())[0]
    after, replies = say(
        merged, "2 workers", [FieldUpdate("metadata.expires", "set", "2027-03-31", "2 workers")]
    )
    assert after.said == merged.said
    assert of(Note, replies)


# --- undo and JSON ----------------------------------------------------------------------------------


def test_undo_takes_a_whole_turn_back_and_then_the_one_before() -> None:
    first, _ = say(draft(), WORDS, [FieldUpdate("resources", "add", ["schema"], "schema")])
    second, _ = say(first, WORDS, updates(without=("resources",)))
    back, replies = go(second, Undo(LI_WEI))
    assert back.said == first.said
    assert of(Changed, replies)
    assert go(back, Undo(LI_WEI))[0].said == {}
    assert of(Note, go(go(back, Undo(LI_WEI))[0], Undo(LI_WEI))[1])


def test_undo_can_be_said() -> None:
    assert say(complete(), "undo")[0].said == {}


PATHS = st.sampled_from(["metadata.name", "metadata.team", "resources", "resources.schema.grants"])
VALUES = st.one_of(
    st.none(),
    st.builds(
        Value,
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.text(max_size=20),
            st.lists(st.text(max_size=5), max_size=3),
        ),
        st.sampled_from(["said", "inferred"]),
        st.text(max_size=20),
    ),
)


@given(st.lists(st.tuples(PATHS, VALUES), max_size=12), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_undo_is_the_inverse_of_any_turn(changes: list[tuple[str, Value | None]], size: int) -> None:
    state, history = draft(), []
    for turn, start in enumerate(range(0, len(changes), size), start=1):
        before = state
        for path, value in changes[start : start + size]:
            state = state.changed([Patch(path, state.said.get(path), value, "q", "1.0", turn)])
        if state.log != before.log:
            history.append(before)
    while history:
        state = state.undone() or state
        assert state.said == history.pop().said
    assert state.undone() is None


@given(st.lists(st.tuples(PATHS, VALUES), max_size=8), st.text(max_size=50), st.sampled_from(list(Stage)))
@settings(max_examples=100, deadline=None)
def test_a_draft_survives_json(changes: list[tuple[str, Value | None]], text: str, stage: Stage) -> None:
    state = replace(
        draft().hear(text),
        state=stage,
        unclear={"metadata.team": text},
        skipped=("metadata.name",),
        asked="resources",
    )
    for turn, (path, value) in enumerate(changes, start=1):
        state = state.changed([Patch(path, state.said.get(path), value, text, "1.0", turn)])
    assert Draft.from_json(state.to_json()) == state


# --- nothing goes unanswered


def test_a_complete_draft_says_where_to_confirm() -> None:
    _, replies = say(draft(), WORDS, updates())
    assert any("Confirm submits exactly" in note.text for note in of(Note, replies))


def test_a_change_that_policy_refuses_is_said_at_once() -> None:
    read = [FieldUpdate("metadata.expires", "set", "2029-01-01", "2029-01-01")]
    moved, replies = say(complete(), "make it 2029-01-01", read)
    assert any("lifetime" in note.text for note in of(Note, replies))
    cheaper = [FieldUpdate("metadata.cost_center", "set", "CC-9", "CC-9")]
    _, again = say(moved, "and cost center CC-9", cheaper)
    assert not any("lifetime" in note.text for note in of(Note, again))


def test_saying_what_holds_already_is_answered() -> None:
    same = [FieldUpdate("metadata.data_classification", "set", "internal", "internal")]
    _, replies = say(complete(), "data is internal", same)
    assert any("already" in note.text for note in of(Note, replies))


def test_words_without_a_change_are_answered() -> None:
    _, replies = say(complete(), "the weather is nice")
    assert any("nothing in that to change" in note.text for note in of(Note, replies))


def test_the_requester_is_told_that_their_own_approval_does_not_count() -> None:
    _, replies = go(complete(), Reviewed("liwei", "approved"))
    assert [note.text for note in of(Note, replies)] == [
        "You approved your own request; that does not count. Somebody else has to approve it."
    ]
    _, replies = go(complete(), Reviewed("nadia-k", "approved"))
    assert of(Status, replies)
