"""What the desk does by the clock: looking around, reminding, and forgetting what was done long ago."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS

from bot import desk as desk_module
from bot.assembly import Watch, rhythm
from bot.desk import Desk
from bot.envelope import Envelope
from bot.reminders import Rhythm
from bot.settings import Settings
from gitops.errors import ConfigurationError
from tests.fakes.recent import FakeRecent
from tests.support.desk_rig import PACE, prepared

Handled = list[tuple[str, dict[str, Any]]]


def handling(seen: Handled, wanted: int = 1) -> tuple[Callable[[dict[str, Any], str], None], threading.Event]:
    done = threading.Event()

    def handle(payload: dict[str, Any], key: str) -> None:
        seen.append((key, payload))
        if len(seen) >= wanted:
            done.set()

    return handle, done


def test_the_clock_strikes_and_says_when_it_was_due(tmp_path: Path) -> None:
    seen: Handled = []
    handle, done = handling(seen, 2)
    desk = Desk(prepared(tmp_path), {"look": handle}, pace=PACE, schedules={"look": "* * * * * *"})
    desk.start()
    try:
        assert done.wait(30)
    finally:
        desk.stop()
    keys = [key for key, _ in seen]
    assert len(set(keys)) == len(keys)
    for key, payload in seen:
        assert key == f"look:{payload['at']}"
        assert abs(datetime.now(UTC) - datetime.fromisoformat(payload["at"])) < timedelta(minutes=5)


def test_what_is_not_scheduled_any_more_is_forgotten(tmp_path: Path) -> None:
    first = Desk(prepared(tmp_path), {}, pace=PACE, schedules={"look": "0 0 1 1 *", "remind": "0 0 1 1 *"})
    first.start()
    first.stop()
    second = Desk(prepared_again(tmp_path), {}, pace=PACE, schedules={"look": "0 0 2 1 *"})
    second.start()
    try:
        known = {one["schedule_name"]: one["schedule"] for one in DBOS.list_schedules()}
    finally:
        second.stop()
    assert known == {"look": "0 0 2 1 *", "prune": desk_module.EVERY_NIGHT}


def prepared_again(folder: Path) -> Any:
    return desk_module.Store(f"sqlite:///{folder}/bot.db")


def test_what_was_worked_on_long_ago_is_forgotten_and_what_waits_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Handled = []
    handle, done = handling(seen, 5)
    hold, pruned = threading.Event(), threading.Event()

    def slow(_payload: dict[str, Any], _key: str) -> None:
        hold.wait(30)

    def broken(_payload: dict[str, Any], _key: str) -> None:
        raise ZeroDivisionError

    def after(_payload: dict[str, Any], _key: str) -> None:
        pruned.set()

    monkeypatch.setattr(desk_module, "KEEP", -timedelta(days=1))
    monkeypatch.setattr(desk_module, "FORGET", 2)
    sources = {"slack": handle, "slow": slow, "broken": broken, "after": after}
    desk = Desk(prepared(tmp_path), sources, pace=PACE)
    desk.start()
    try:
        desk.accept(Envelope("slow", "waits", "P1", {}))
        desk.accept(Envelope("broken", "breaks", "P2", {}))
        for number in range(5):
            desk.accept(Envelope("slack", f"done-{number}", "P2", {}))
        assert done.wait(30)
        desk.accept(Envelope("prune", "first-prune", "P3", {"at": ""}))
        desk.accept(Envelope("after", "then-after", "P3", {}))
        assert pruned.wait(30)
        left = {one.workflow_id for one in DBOS.list_workflows(load_input=False)}
    finally:
        hold.set()
        desk.stop()
    assert {"waits", "first-prune"} <= left
    assert not {key for key in left if key.startswith(("done", "breaks"))} - {seen[-1][0]}


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_the_settings_say_how_often_and_in_which_zone() -> None:
    given = settings(timezone="Europe/Berlin", remind_after_hours=2, reminders=5)
    found = rhythm(given)
    assert (found.first, found.most, found.zone.key) == (timedelta(hours=2), 5, "Europe/Berlin")
    watch = Watch(FakeRecent(), "acme/lakeport", 3, found)
    assert watch.schedules() == {"patrol": "*/3 * * * *", "remind": "*/10 * * * *"}


def test_both_can_be_turned_off() -> None:
    assert Watch(FakeRecent(), "acme/lakeport", 0, Rhythm()).schedules() == {}
    silent = rhythm(settings(remind_after_hours=0))
    assert set(Watch(FakeRecent(), "acme/lakeport", 3, silent).schedules()) == {"patrol"}


def test_a_zone_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.settings import load

    monkeypatch.setenv("LAKEPORT_TIMEZONE", "Europe/Atlantis")
    with pytest.raises(ConfigurationError, match="LAKEPORT_TIMEZONE"):
        load()
