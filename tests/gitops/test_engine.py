from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gitops.engine import Clients, Journal, Outcome, carry_out, draw, sentence
from gitops.errors import ConfigurationError, NotApproved, Refused, RemoteError, RemoteUnavailable, StalePlan
from gitops.leaves import leaves
from gitops.plan import Approved, Change, Plan, Reason, RefusedChange, Verb
from gitops.request import desired
from gitops.request_ids import note
from tests.support import toy

ALL = ("top t red", "base b blue", "side s")


@pytest.fixture
def world() -> toy.World:
    return toy.World()


def drawn(world: toy.World, *resources: str, lifecycle: str = "active", listing: bool = False) -> Plan:
    return draw(
        toy.loaded(world, *resources, lifecycle=lifecycle),
        registry=toy.registry(world, listing=listing),
        policy=toy.policy(),
        clients=Clients({}),
    )


def carried(world: toy.World, plan: Plan, *resources: str, journal: Journal | None = None) -> Outcome:
    return carry_out(
        plan,
        Approved.of(plan),
        registry=toy.registry(world),
        clients=Clients({}),
        journal=journal or Journal(),
        wanted=desired(toy.loaded(world, *(resources or ALL)), toy.policy()),
    )


def ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def outcomes(outcome: Outcome) -> dict[str, str]:
    return {step.key: str(step.outcome) for step in outcome.steps}


# --- draw


def test_order_follows_the_kinds_not_the_file(world: toy.World) -> None:
    plan = drawn(world, *ALL)
    assert [change.key for change in plan.changes] == [
        "base/b/make",
        "base/b/paint",
        "side/s/make",
        "top/t/make",
        "top/t/paint",
    ]
    assert plan.needs == {
        "base/b/make": (),
        "base/b/paint": ("base/b/make",),
        "side/s/make": ("base/b/paint",),
        "top/t/make": ("base/b/paint", "side/s/make"),
        "top/t/paint": ("top/t/make",),
    }


def test_a_resource_that_stands_passes_on_what_it_waits_for(world: toy.World) -> None:
    world.things["side/s"] = {"mark": "dev/growth/churn", "tags": []}
    plan = drawn(world, "top t", "base b", "side s")
    assert plan.needs["top/t/make"] == ("base/b/make",)


def test_retiring_goes_backwards(world: toy.World) -> None:
    for key in ("base/b", "side/s", "top/t"):
        world.things[key] = {"mark": "dev/growth/churn", "tags": []}
    plan = drawn(world, *ALL, lifecycle="retiring")
    assert [change.key for change in plan.changes] == ["top/t/drop", "side/s/drop", "base/b/drop"]
    assert plan.needs["base/b/drop"] == ("side/s/drop", "top/t/drop")


def test_what_still_stands_is_not_retired(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": []}
    plan = drawn(world, *ALL, lifecycle="retired")
    assert plan.changes == ()
    (refusal,) = plan.refusals
    assert (refusal.kind, refusal.identity, refusal.reason) == ("base", "b", Reason.STANDS)
    assert "Leave it `lifecycle: retiring`" in refusal.fix


def test_what_was_retired_too_early_is_asked_for_again_and_retired(world: toy.World) -> None:
    """The way that the refusal names: the same id, so that the mark is its own."""
    carried(world, drawn(world, *ALL))
    assert len(drawn(world, *ALL, lifecycle="retired").refusals) == len(ALL)
    again = drawn(world, *ALL)
    assert (again.changes, again.refusals) == ((), ())
    carried(world, drawn(world, *ALL, lifecycle="retiring"))
    gone = drawn(world, *ALL, lifecycle="retired")
    assert (gone.changes, gone.refusals, gone.notes) == ((), (), ())


@pytest.mark.parametrize(
    ("reason", "refused"), [(Reason.NOT_OURS, False), (Reason.IMMUTABLE, True), (None, False)]
)
def test_what_retiring_would_leave_alone_may_stand(
    world: toy.World, reason: Reason | None, refused: bool
) -> None:
    world.things["base/b"] = {"mark": "dev/risk/other", "tags": []}

    def retire(wanted: object, state: object) -> tuple[Change, ...]:
        if reason is None:
            return ()
        raise RefusedChange(reason, "The base b has its reasons.")

    registry = dict(toy.registry(world))
    registry["base"] = structs.replace(registry["base"], retire=retire)
    one = toy.loaded(world, "base b", lifecycle="retired")
    plan = draw(one, registry=registry, policy=toy.policy(), clients=Clients({}))
    assert [refusal.reason for refusal in plan.refusals] == [Reason.STANDS] * refused
    assert plan.notes == ("The base b has its reasons.",) * (reason is Reason.NOT_OURS)


def test_all_refusals_at_once(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/risk/other", "tags": []}
    world.denied.add("side/s")
    plan = drawn(world, *ALL)
    assert {(refusal.identity, refusal.reason) for refusal in plan.refusals} == {
        ("b", Reason.NOT_OURS),
        ("s", Reason.DENIED),
    }
    assert plan.refusals[1].fix == "Ask the shopkeeper."


def test_one_client_for_each_kind_and_lists_where_a_kind_can(world: toy.World) -> None:
    drawn(world, "base a", "base b", "base c", "side s", listing=True)
    assert sorted(world.connected) == ["base", "side"]
    assert sorted(world.calls) == ["list 3", "read side/s"]


def test_a_system_that_does_not_answer_stops_the_plan(world: toy.World) -> None:
    registry = dict(toy.registry(world))

    def broken(env: object) -> None:
        raise ConfigurationError("TOY_TOKEN is not set.")

    registry["side"] = structs.replace(registry["side"], connect=broken)
    with pytest.raises(ConfigurationError):
        draw(toy.loaded(world, *ALL), registry=registry, policy=toy.policy(), clients=Clients({}))


def test_outputs_of_what_stands(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": ["x"]}
    assert drawn(world, "base b x", "side s").outputs == {
        "base/b": {"url": "https://toys.example/b", "tags": "x"}
    }


def test_too_much_taken_away_is_refused(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": list("abcdef")}
    refusal = drawn(world, "base b a").refusals[0]
    assert refusal.reason is Reason.TOO_MUCH
    assert "5 of 6" in refusal.message
    assert drawn(world, "base b a b c d e").refusals == ()


def test_the_same_world_gives_the_same_plan(world: toy.World) -> None:
    assert drawn(world, *ALL).digest == drawn(world, *ALL).digest


# --- carry out


def test_everything_in_order_and_read_back(world: toy.World, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    outcome = carried(world, drawn(world, *ALL), journal=journal)
    assert outcome.ok
    assert set(outcomes(outcome).values()) == {"done"}
    assert outcome.outputs["top/t"] == {"url": "https://toys.example/t", "tags": "red"}
    order = world.applied
    assert order.index("base/b/paint") < order.index("side/s/make") < order.index("top/t/make")
    lines = [json.loads(line) for line in (tmp_path / "deep" / "journal.jsonl").read_text().splitlines()]
    assert len(lines) == 10
    assert {line["event"] for line in lines} == {"started", "done"}
    assert drawn(world, *ALL).changes == ()


def test_nothing_to_do_is_said_of_every_resource(world: toy.World) -> None:
    carried(world, drawn(world, *ALL))
    outcome = carried(world, drawn(world, *ALL))
    assert outcomes(outcome) == {"base/b": "already", "side/s": "already", "top/t": "already"}
    assert outcome.ok


def test_a_failure_stops_only_what_needs_it(world: toy.World) -> None:
    def fail(key: str) -> None:
        if key == "side/s/make":
            raise RemoteError("The shop is closed.", fix="Come back.")

    world.before_apply = fail
    outcome = carried(world, drawn(world, "base b", "side s", "top t", "side free"))
    assert not outcome.ok
    assert outcomes(outcome) == {
        "base/b/make": "done",
        "side/s/make": "failed",
        "side/free/make": "done",
        "top/t/make": "not_run",
    }
    errors = {step.key: step.error for step in outcome.steps if step.error}
    assert errors == {
        "side/s/make": "The shop is closed. Come back.",
        "top/t/make": "It needs side/s/make, which was not done.",
    }


def test_the_next_run_takes_up_the_rest_under_the_same_approval(world: toy.World) -> None:
    def fail(key: str) -> None:
        if key == "top/t/make":
            raise RemoteError("Gone fishing.")

    plan = drawn(world, *ALL)
    world.before_apply = fail
    carried(world, plan)
    world.before_apply = lambda key: None
    rest = drawn(world, *ALL)
    assert [change.key for change in rest.changes] == ["top/t/make", "top/t/paint"]
    again = carry_out(
        rest, Approved.of(plan), registry=toy.registry(world), clients=Clients({}), journal=Journal()
    )
    assert again.ok


def test_a_defect_becomes_a_plain_sentence_without_its_text(world: toy.World) -> None:
    def fail(key: str) -> None:
        raise KeyError("ghp_secret")

    world.before_apply = fail
    outcome = carried(world, drawn(world, "base b"))
    assert outcome.steps[0].error == "An unexpected error (KeyError); LAKEPORT_DEBUG=1 shows where."


def test_independent_changes_run_side_by_side(world: toy.World) -> None:
    barrier = threading.Barrier(3, timeout=10)  # breaks unless three are under way at the same time

    def meet(key: str) -> None:
        if key.startswith("side/"):
            barrier.wait()

    world.before_apply = meet
    assert carried(world, drawn(world, "base b", "side x", "side y", "side z")).ok


@pytest.mark.parametrize("error", [NotApproved, StalePlan])
def test_nothing_is_done_unless_all_of_it_was_approved(world: toy.World, error: type[Exception]) -> None:
    plan = drawn(world, *ALL)
    fewer = Approved(
        request=plan.request,
        file_digest=plan.file_digest,
        plan_digest=plan.digest,
        changes=frozenset(change.digest for change in plan.changes[1:]),
    )
    approved = None if error is NotApproved else fewer
    with pytest.raises(error):
        carry_out(plan, approved, registry=toy.registry(world), clients=Clients({}), journal=Journal())
    assert world.applied == []


def test_a_plan_with_refusals_is_not_carried_out(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/risk/other", "tags": []}
    with pytest.raises(Refused, match="belongs to somebody else"):
        carried(world, drawn(world, *ALL))
    assert world.applied == []


def test_ctrl_c_waits_for_what_is_under_way_and_tells_the_truth(world: toy.World) -> None:
    def press(key: str) -> None:
        if key == "base/b/make":
            ctrl_c()

    world.after_apply = press
    outcome = carried(world, drawn(world, "base b", "side s"))
    assert isinstance(outcome.interrupted, KeyboardInterrupt)
    assert outcomes(outcome) == {"base/b/make": "done", "side/s/make": "not_run"}
    assert outcome.steps[1].error == "The run was interrupted before."
    assert not outcome.ok


def test_ctrl_c_twice_does_not_wait(world: toy.World) -> None:
    release = threading.Event()

    def press(key: str) -> None:
        for _ in range(2):
            ctrl_c()
            threading.Event().wait(0.2)
        release.wait(10)

    world.before_apply = press
    outcome = carried(world, drawn(world, "base b"))
    release.set()
    assert outcomes(outcome) == {"base/b/make": "failed"}
    assert "may have been done" in (outcome.steps[0].error or "")


def test_a_full_disk_does_not_fail_a_step(world: toy.World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal.jsonl")
    assert carried(world, drawn(world, "base b"), journal=journal).ok
    assert "could not be written" in journal.broken


def test_the_journal_is_told(world: toy.World) -> None:
    told: list[tuple[str, str]] = []
    carried(world, drawn(world, "base b"), journal=Journal(tell=lambda key, what: told.append((key, what))))
    assert told == [("base/b/make", "started"), ("base/b/make", "done")]


def test_outputs_that_cannot_be_read_back_do_not_fail_the_run(world: toy.World) -> None:
    plan = drawn(world, "base b")
    registry = dict(toy.registry(world))

    def broken(wanted: object, client: object) -> None:
        raise RemoteUnavailable("Gone.")

    registry["base"] = structs.replace(registry["base"], read=broken)
    outcome = carry_out(
        plan,
        Approved.of(plan),
        registry=registry,
        clients=Clients({}),
        journal=Journal(),
        wanted=desired(toy.loaded(world, "base b"), toy.policy()),
    )
    assert outcome.ok
    assert outcome.outputs == {}


# --- what a step says of itself


def test_a_step_says_what_was_found_what_was_wanted_and_that_it_stands(world: toy.World) -> None:
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": ["red"]}
    outcome = carried(world, drawn(world, "base b blue"), "base b blue")
    (step,) = outcome.steps
    assert (step.before, step.wanted, step.after) == (["red"], ["blue"], None)
    assert (step.read_back, step.differs) == ("as_wanted", "")


def test_what_does_not_stand_as_wanted_afterwards_is_said_and_stays_done(world: toy.World) -> None:
    """Somebody paints it over between the step and the look at the end."""
    world.after_apply = lambda key: world.things["base/b"].update(tags=["black"])
    outcome = carried(world, drawn(world, "base b blue"), "base b blue")
    make, paint = outcome.steps
    assert (make.read_back, make.outcome) == ("as_wanted", "done")
    assert (paint.read_back, paint.after, paint.outcome) == ("differs", ["black"], "done")
    assert paint.differs == "It does not stand as wanted: Paint b."
    assert outcome.ok


def test_what_is_another_s_by_the_end_of_the_run_is_said(world: toy.World) -> None:
    world.after_apply = lambda key: world.things["base/b"].update(mark="dev/risk/other")
    (step,) = carried(world, drawn(world, "base b"), "base b").steps
    assert (step.read_back, step.differs) == ("differs", "b belongs to somebody else.")


def test_what_cannot_be_looked_at_again_is_said_and_the_rest_is_known(world: toy.World) -> None:
    plan = drawn(world, "base b", "side s")
    world.denied.add("side/s")
    base, side = carried(world, plan, "base b", "side s").steps
    assert (base.read_back, side.read_back) == ("as_wanted", "unseen")
    assert side.differs == "The toy shop says no."


def test_what_was_taken_away_reads_back_as_gone(world: toy.World) -> None:
    carried(world, drawn(world, *ALL))
    plan = drawn(world, *ALL, lifecycle="retiring")
    outcome = carry_out(
        plan,
        Approved.of(plan),
        registry=toy.registry(world),
        clients=Clients({}),
        journal=Journal(),
        wanted=desired(toy.loaded(world, *ALL, lifecycle="retiring"), toy.policy()),
    )
    assert {step.read_back for step in outcome.steps} == {"as_wanted"}


def test_reading_back_is_one_look_at_each_resource(world: toy.World) -> None:
    plan = drawn(world, *ALL)
    world.calls.clear()
    carried(world, plan)
    assert sorted(call for call in world.calls if call.startswith("read")) == [
        "read base/b",
        "read side/s",
        "read top/t",
    ]


def test_a_step_that_did_not_run_says_what_it_would_have_done(world: toy.World) -> None:
    def broken(key: str) -> None:
        if key == "base/b/make":
            raise RemoteError("No.")

    world.before_apply = broken
    make, paint = carried(world, drawn(world, "base b blue"), "base b blue").steps
    assert (make.outcome, make.read_back) == ("failed", "differs")
    assert (paint.outcome, paint.wanted, paint.read_back) == ("not_run", ["blue"], "")


def test_the_ids_of_what_a_step_sent_are_its_own(world: toy.World) -> None:
    world.before_apply = lambda key: note("POST", key.replace("/", "-"))
    outcome = carried(world, drawn(world, *ALL))
    assert {step.key: step.request_ids for step in outcome.steps} == {
        step.key: (step.key.replace("/", "-"),) for step in outcome.steps
    }


def test_the_journal_has_the_ids_as_well_for_a_run_that_dies(world: toy.World, tmp_path: Path) -> None:
    world.before_apply = lambda key: note("POST", "C3A0:2F5B")
    carried(world, drawn(world, "base b"), "base b", journal=Journal(tmp_path / "journal.jsonl"))
    started, done = map(json.loads, (tmp_path / "journal.jsonl").read_text().splitlines())
    assert "requests" not in started
    assert done["requests"] == "C3A0:2F5B"


def test_no_secret_of_a_value_reaches_a_step(world: toy.World) -> None:
    secret = "dapi" + "0123456789abcdef" * 2
    world.things["base/b"] = {"mark": "dev/growth/churn", "tags": [secret]}
    outcome = carried(world, drawn(world, "base b blue"), "base b blue")
    assert secret not in str(structs.asdict(outcome.steps[0]))
    assert outcome.steps[0].before == ["[removed]"]


def test_what_failed_and_stands_nevertheless_is_said(world: toy.World) -> None:
    """The answer got lost on its way: the next run has nothing to do."""

    def lost(key: str) -> None:
        raise RemoteError("No answer.")

    world.after_apply = lost
    (step,) = carried(world, drawn(world, "base b"), "base b").steps
    assert (step.outcome, step.read_back) == ("failed", "as_wanted")


def test_a_long_error_is_cut(world: toy.World) -> None:
    def broken(key: str) -> None:
        raise RemoteError("x" * 100_000)

    world.before_apply = broken
    (step,) = carried(world, drawn(world, "base b"), "base b").steps
    assert len(step.error or "") == 2_000


def test_sentence_of_our_own_errors_is_complete() -> None:
    assert sentence(RemoteError("What.", why="Why.", fix="Fix.")) == "What. Why. Fix."


def test_clients_show_no_secret() -> None:
    assert "ghp" not in repr(Clients({"TOKEN": "ghp_secret"}))


# --- laws

KEYS = st.integers(0, 7).map(str)


@given(st.dictionaries(KEYS, st.sets(KEYS), max_size=8), st.sets(KEYS))
def test_whatever_fails_exactly_its_dependants_are_not_run(
    graph: dict[str, set[str]], failing: set[str]
) -> None:
    world = toy.World()
    names = sorted(graph)
    changes = tuple(
        Change(kind="base", identity=name, action="make", verb=Verb.CREATE, after={"mark": "m", "tags": []})
        for name in names
    )
    needs = {
        f"base/{name}/make": tuple(
            f"base/{other}/make" for other in sorted(graph[name]) if other in graph and other < name
        )
        for name in names
    }
    plan = Plan(request="dev/growth/churn", file_digest="sha256:0", changes=changes, needs=needs)

    def fail(key: str) -> None:
        if key.split("/")[1] in failing:
            raise RemoteError("No.")

    world.before_apply = fail
    outcome = carry_out(
        plan,
        Approved.of(plan),
        registry=toy.registry(world),
        clients=Clients({}),
        journal=Journal(),
        limits={"": 2},
    )
    expected: dict[str, str] = {}
    for name in names:
        key = f"base/{name}/make"
        if any(expected.get(need, "done") != "done" for need in needs[key]):
            expected[key] = "not_run"
        else:
            expected[key] = "failed" if name in failing else "done"
    assert outcomes(outcome) == expected
    place = {key: index for index, key in enumerate(world.applied)}
    for key in place:
        assert all(place[need] < place[key] for need in needs[key] if need in expected)


def test_leaves_tell_members_apart_by_value() -> None:
    value = {"a": {"b": 1, "none": None}, "tags": ["x", "y"], "rows": [{"k": "v"}]}
    assert leaves(value) == {"a.b": 1, "tags[x]": "x", "tags[y]": "y", "rows[0].k": "v"}
