"""The database: one schema, saves that neither get lost nor happen twice, effects that are remembered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.store import Conflict, Conversation, Store
from bot.tables import METADATA

ORDERS = [{"do": "say", "text": "Hello"}]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/deep %1/bot.db")
    made.upgrade()
    yield made
    made.close()


def conversation(**changes: object) -> Conversation:
    row = Conversation(
        id="c1", requester="U1", channel="C1", thread_ts="1.1", state="collecting", draft={"said": {}}
    )
    return replace(row, **changes)


def test_migrations_make_what_the_code_describes(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "lakeport_schema"})
        assert compare_metadata(context, METADATA) == []


def test_upgrading_again_changes_nothing(store: Store) -> None:
    store.save(conversation(), "k", ORDERS)
    store.upgrade()
    assert store.get("c1") is not None


def test_a_sqlite_file_is_durable_and_checks_references(store: Store) -> None:
    with store.engine.connect() as connection:
        read = {
            name: connection.execute(sa.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert read == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


def test_what_is_saved_is_found_in_every_way(store: Store) -> None:
    row = conversation(state="submitted", pull_number=7, branch="request/dev/growth/churn")
    assert store.save(row, "k", ORDERS) == ORDERS
    saved = replace(row, version=1)
    assert store.get("c1") == store.in_thread("C1", "1.1") == saved
    assert store.of_pull(7, None) == store.of_pull(None, "request/dev/growth/churn") == saved
    assert store.open_with("U1", "C1") == saved
    assert store.all_of("U1") == store.waiting(["submitted"]) == (saved,)
    assert store.ordered("k") == ORDERS
    assert store.get("c2") is store.in_thread("C1", "2") is store.of_pull(None, None) is None


def test_a_pull_request_is_not_that_of_an_earlier_one_on_its_branch(store: Store) -> None:
    """A request that is changed has one pull request after the other, all of one branch."""
    branch = "request/dev/growth/churn"
    store.save(conversation(state="submitted", pull_number=8, branch=branch), "k", [])
    assert store.of_pull(7, branch) is None
    beginning = replace(conversation(state="reviewing", branch=branch), id="c2", thread_ts="2.2")
    store.save(beginning, "l", [])
    found = store.of_pull(9, branch)
    assert found is not None
    assert found.id == "c2"


def test_only_who_read_the_newest_may_write(store: Store) -> None:
    store.save(conversation(), "a", [])
    first = second = store.get("c1")
    assert first is not None
    store.save(replace(first, state="reviewing"), "b", [])
    with pytest.raises(Conflict):
        store.save(replace(second, state="withdrawn"), "c", [])
    found = store.get("c1")
    assert found is not None
    assert (found.state, found.version) == ("reviewing", 2)


def test_starting_one_conversation_twice_is_a_conflict(store: Store) -> None:
    store.save(conversation(), "a", [])
    with pytest.raises(Conflict):
        store.save(conversation(), "b", [])


def test_the_same_turn_again_gives_what_it_ordered(store: Store) -> None:
    store.save(conversation(), "k", ORDERS)
    assert store.save(conversation(), "k", [{"do": "say", "text": "other"}]) == ORDERS
    found = store.get("c1")
    assert found is not None
    assert found.version == 1


def test_the_same_turn_at_the_same_time_happens_once(store: Store) -> None:
    results: list[object] = []

    def save(number: int) -> None:
        try:
            results.append(store.save(conversation(), "k", [{"number": number}]))
        except Conflict:
            results.append(None)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({str(result) for result in results}) == 1
    assert store.ordered("k") == results[0]


def test_a_message_is_sent_once(store: Store) -> None:
    first = store.begin("m", "message")
    assert (first.done, first.again) == (False, False)
    died = store.begin("m", "message")
    assert (died.done, died.again) == (False, True)
    store.finish("m", "9.9")
    after = store.begin("m", "message")
    assert (after.done, after.ref) == (True, "9.9")
    assert store.sent("m")


def test_old_turns_of_what_is_over_and_messages_are_forgotten_but_not_cards(store: Store) -> None:
    store.save(conversation(state="applied"), "k", ORDERS)
    store.save(conversation(id="c2", thread_ts="2.2"), "still under way", ORDERS)
    for key, kind in (("m", "message"), ("card:c1", "card")):
        store.begin(key, kind)
        store.finish(key, "1.1")
    store.prune(datetime.now(UTC) + timedelta(seconds=1))
    assert store.ordered("k") is None
    assert store.ordered("still under way") == ORDERS
    assert not store.sent("m")
    assert store.sent("card:c1")
    assert store.get("c1") is not None


def test_an_empty_database_is_not_ready(tmp_path: Path) -> None:
    made = Store(f"sqlite:///{tmp_path}/bot.db")
    assert not made.ready()
    made.upgrade()
    assert made.ready()
    made.close()
