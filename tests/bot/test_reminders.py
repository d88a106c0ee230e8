"""Reminders: in working hours, ever rarer, a few at most, and to those who can help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reminders import Rhythm, due, worked
from gitops.errors import RemoteUnavailable
from gitops.gate import Missing, Outcome, Verdict
from gitops.render_talk import reminder
from tests.support.desk_rig import Rig
from tests.support.github_events import HEAD, check_run, merged, now, pull, submitted

BERLIN, UTC_ZONE, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
FOUR = Rhythm()


def at(text: str, zone: ZoneInfo = UTC_ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# --- when ---


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-11-16T09:00", "2026-11-16T13:00", 4),  # a Monday
        ("2026-11-16T07:00", "2026-11-16T09:30", 0.5),
        ("2026-11-16T16:00", "2026-11-17T10:00", 2),
        ("2026-11-20T16:00", "2026-11-23T10:00", 2),  # over a weekend
        ("2026-11-21T10:00", "2026-11-22T16:00", 0),  # all of it a weekend
        ("2026-11-16T09:00", "2026-11-23T09:00", 40),  # a week
        ("2026-11-16T13:00", "2026-11-16T12:00", 0),
    ],
)
@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, KOLKATA, NEW_YORK])
def test_only_working_hours_count(since: str, until: str, hours: float, zone: ZoneInfo) -> None:
    found = worked(at(since, zone).astimezone(UTC), at(until, zone).astimezone(UTC), zone)
    assert found == timedelta(hours=hours)


@pytest.mark.parametrize("change", ["2026-03-27T16:00", "2026-10-23T16:00"])
def test_a_change_of_the_clocks_at_the_weekend_adds_nothing(change: str) -> None:
    friday = at(change, BERLIN)
    monday = friday + timedelta(days=3)  # the same time on the wall, 71 or 73 hours later
    assert (monday.astimezone(UTC) - friday.astimezone(UTC)) != timedelta(hours=72)
    assert worked(friday, monday, BERLIN) == timedelta(hours=8)


def test_the_days_are_those_of_the_zone() -> None:
    friday_evening_there = datetime(2026, 11, 20, 23, tzinfo=UTC)  # Saturday in Kolkata
    assert worked(friday_evening_there, friday_evening_there + timedelta(days=2), KOLKATA) == timedelta()


def test_reminders_come_ever_later_and_then_no_more() -> None:
    monday = at("2026-11-16T09:00")
    assert not due(monday, 0, at("2026-11-16T12:59"), FOUR)
    assert due(monday, 0, at("2026-11-16T13:00"), FOUR)
    assert not due(monday, 1, at("2026-11-16T16:59"), FOUR)
    assert due(monday, 1, at("2026-11-17T09:00"), FOUR)
    assert not due(monday, 2, at("2026-11-17T16:59"), FOUR)
    assert due(monday, 2, at("2026-11-18T09:00"), FOUR)
    assert not due(monday, 3, at("2027-11-16T10:00"), FOUR)


@pytest.mark.parametrize("moment", ["2026-11-17T03:00", "2026-11-17T17:00", "2026-11-21T11:00"])
def test_nobody_is_reminded_outside_of_working_hours(moment: str) -> None:
    assert not due(at("2026-11-02T09:00"), 0, at(moment), FOUR)


def test_reminders_can_be_turned_off() -> None:
    assert not due(at("2026-11-16T09:00"), 0, at("2026-11-20T12:00"), Rhythm(first=timedelta()))
    assert not due(at("2026-11-16T09:00"), 0, at("2026-11-20T12:00"), Rhythm(most=0))


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from([UTC_ZONE, BERLIN, KOLKATA, NEW_YORK, ZoneInfo("Pacific/Apia")])


@given(MOMENTS, MOMENTS, MOMENTS, ZONES)
def test_working_time_adds_up(one: datetime, two: datetime, three: datetime, zone: ZoneInfo) -> None:
    begin, middle, end = sorted((one, two, three))
    assert worked(begin, middle, zone) + worked(middle, end, zone) == worked(begin, end, zone)
    assert timedelta() <= worked(begin, end, zone) <= end - begin


# --- what is done ---


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


MISSING = Missing(rule="environment-dev", why="The environment dev", count=1, who=("nadia-k", "sam-o"))
SENTENCE = "I reminded nadia-k and sam-o on the pull request."


def waiting(rig: Rig) -> None:
    """Under review, planned, and nobody has approved, since Monday at nine."""
    submitted(rig)
    rig.recent.open = [pull(created_at=now())]
    rig.recent.runs[HEAD] = [check_run()]
    rig.github.verdict = Verdict(outcome=Outcome.MISSING_APPROVALS, sentences=(), missing=(MISSING,))
    look(rig, "2026-11-16T09:00")


def look(rig: Rig, moment: str) -> None:
    rig.now = at(moment)
    rig.tick("remind")


def reminded(rig: Rig) -> int:
    return sum("I reminded" in text for text in rig.texts())


def test_approvers_are_reminded_three_times_and_no_more(rig: Rig) -> None:
    waiting(rig)
    assert rig.github.comments == {}
    for day in range(16, 31):
        for hour in range(24):
            look(rig, f"2026-11-{day}T{hour:02}:05") if 8 < hour < 18 and hour % 2 else None
    assert reminded(rig) == 3
    bodies = list(rig.github.comments.values())
    assert len(bodies) == 3
    assert all(body.startswith("@nadia-k @sam-o this request waits") for body in bodies)
    assert [f"Reminder {number} of 3" in body for number, body in enumerate(bodies, 1)] == [True] * 3


def test_a_reminder_that_was_cut_short_is_given_once(rig: Rig) -> None:
    waiting(rig)
    rig.github.fail["upsert_comment"] = [RemoteUnavailable("GitHub did not answer.")] * 2
    look(rig, "2026-11-16T14:00")
    look(rig, "2026-11-16T14:10")
    rig.restart()
    look(rig, "2026-11-16T14:20")
    assert (reminded(rig), len(rig.github.comments)) == (1, 1)
    assert SENTENCE in rig.texts()[-1]


def test_a_new_commit_is_waited_for_anew(rig: Rig) -> None:
    waiting(rig)
    look(rig, "2026-11-16T14:00")
    new = "e" * 40
    rig.recent.open = [pull(created_at=now(), head=pull()["head"] | {"sha": new})]
    rig.recent.runs[new] = [check_run()]
    look(rig, "2026-11-17T09:30")
    look(rig, "2026-11-17T13:00")
    assert reminded(rig) == 1
    look(rig, "2026-11-17T13:40")
    assert reminded(rig) == 2
    assert "Reminder 1 of 3" in list(rig.github.comments.values())[-1]


@pytest.mark.parametrize("outcome", [Outcome.OPEN, Outcome.CHANGES_REQUESTED, Outcome.INVALID])
def test_nobody_is_reminded_of_what_does_not_wait_for_them(rig: Rig, outcome: Outcome) -> None:
    waiting(rig)
    rig.github.verdict = Verdict(outcome=outcome, sentences=(), missing=(MISSING,))
    look(rig, "2026-11-16T14:00")
    assert (reminded(rig), rig.github.comments) == (0, {})


def test_without_a_plan_there_is_nothing_to_approve(rig: Rig) -> None:
    waiting(rig)
    rig.recent.runs[HEAD] = [check_run("failure")]
    look(rig, "2026-11-16T14:00")
    assert rig.github.comments == {}


def test_after_the_merge_nobody_is_reminded(rig: Rig) -> None:
    waiting(rig)
    rig.hook("pull_request", merged())
    rig.recent.calls.clear()
    look(rig, "2026-11-16T14:00")
    assert (rig.github.comments, rig.recent.calls) == ({}, [])


def test_while_github_is_away_it_is_tried_at_the_next_look(rig: Rig) -> None:
    waiting(rig)
    rig.github.fail["judged"] = [RemoteUnavailable("GitHub did not answer.")] * 3
    look(rig, "2026-11-16T14:00")
    assert reminded(rig) == 0
    look(rig, "2026-11-16T14:10")
    assert reminded(rig) == 1
    assert not rig.failures()


def test_only_real_logins_are_mentioned_and_words_do_nothing() -> None:
    who = ("nadia-k", "everyone @acme/all", "-x", "a" * 60)
    body = reminder([Missing(rule="r", why="A cost @team <b>", count=2, who=who)], number=1, most=3)
    assert body.startswith("@nadia-k this request waits for approval.")
    assert body.count("@") == 1
    assert "<b>" not in body
