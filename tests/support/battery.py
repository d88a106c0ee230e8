"""One case of the fault battery: a world, a run in which something goes wrong, what must hold afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gitops.receipts import parse_receipt, verify
from tests.support.census import census, differences
from tests.support.stage import Edit, Kept, Stage
from tests.support.wire import Heard

NAME = "churn-case"
REQUEST = f"dev/growth/{NAME}"
SPOKEN = ("/comments", "/comments/{number}", "/git/trees", "/git/commits", "/git/blobs")
"""Ends of endpoints whose contents may differ from run to run: what is said, and Git objects."""

ALL = os.environ.get("LAKEPORT_FAULTS") == "all"
"""Whether every case is played, not a sample."""
SEED = os.environ.get("LAKEPORT_FAULTS_SEED", "2026")
RECORD = "/repos/acme/lakeport/"
ROADS = ("onboarding", "change", "retirement")
EXPECTED_CODES = (0, -9, 2, 3, 4, 5, 6, 7)
"""Of a run in which something goes wrong: done, killed, or one of our errors; never a defect of ours."""

TELLING = frozenset({f"PATCH {RECORD}issues/comments/{{number}}", f"POST {RECORD}issues/{{number}}/comments"})
"""How the result of an apply is said on its pull request."""

UNDOES = (
    "POST /api/2.1/clusters/delete ",
    "POST /api/2.1/clusters/permanent-delete ",
    "PUT /api/2.0/permissions/clusters/{id} ",
)
"""What a plan says to do where a cluster stands that nobody may use: part of what was approved."""

Run = tuple[int, list[Heard]]


@dataclass(frozen=True)
class Road:
    """Something that is merged and waits for its apply, and how that goes when nothing goes wrong.

    ``stands`` is the census at the end, ``writes`` what was written (:func:`written`), ``keys`` the steps.
    """

    kept: Kept
    calls: tuple[Heard, ...]
    writes: frozenset[str]
    keys: frozenset[str]
    stands: dict[str, Any]
    receipts: int

    @property
    def endpoints(self) -> list[tuple[str, str]]:
        """System and endpoint of each call in use, once, in the order of the first."""
        return list(dict.fromkeys((heard.call.system, heard.call.endpoint) for heard in self.calls))

    @property
    def number_of_writes(self) -> int:
        """How many writes there are."""
        return sum(heard.call.is_write for heard in self.calls)


def travel(town: Stage) -> Road:
    """Apply what waits, undisturbed, until there is nothing left to do."""
    kept = town.keep()
    before = len(town.receipts(REQUEST))
    code, calls = town.apply()
    assert code == 0, town.log
    steps = {step["key"] for one in town.receipts(REQUEST)[before:] for step in done_of(one)}
    code, again = town.apply()
    assert (code, writes_of(again)) == (0, []), town.log
    return Road(kept, tuple(calls), frozenset(written(calls)), frozenset(steps), census(town), before)


def play(town: Stage, road: Road, disturbed: Callable[[], Run]) -> list[str]:
    """Go back, run ``disturbed``, then undisturbed until all is well; what does not hold, in sentences."""
    town.back_to(road.kept)
    try:
        first_code, first = disturbed()
    finally:
        town.calm()
    said = (town.home / "lakeport.log").read_text()
    problems = [f"{word!r} in the log" for word in ("Traceback", "unexpected error") if word in said]
    if first_code not in EXPECTED_CODES:
        problems.append(f"the first run ended with {first_code}: {said[-1500:]}")
    code, second = town.apply()
    if code:
        problems.append(f"the undisturbed run ended with {code}: {town.log[-1500:]}")
    # What the first run could not say of itself the second says for it.
    owed = TELLING if "The result could not be posted" in said else frozenset()
    late = [one for one in writes_of(second) if one not in owed]
    if not first_code and late:
        problems.append(f"the first run succeeded, and the second wrote {late}")
    code, third = town.apply()
    if code or writes_of(third):
        problems.append(f"the last run ended with {code} and wrote {writes_of(third)}")
    problems += differences(road.stands, census(town))
    beyond = {*written(first), *written(second)} - road.writes
    undone = any(step["outcome"] == "undone" for one in town.receipts(REQUEST) for step in one["steps"])
    problems += [
        f"beyond the plan: {one}"
        for one in sorted(beyond)
        if not (_tidies_up(one) or (undone and one.startswith(UNDOES)))
    ]
    return problems + untrue(town, road) + leaks(town)


def untrue(town: Stage, road: Road) -> list[str]:
    """Where the receipts do not tell what happened."""
    everything = town.all_receipts()
    problems = verify([parse_receipt(json.dumps(one).encode()) for one in everything])
    receipts = [one for one in everything if one["request"] == REQUEST][road.receipts :]
    statuses = [one["status"] for one in receipts]
    if statuses.count("applied") != 1 or statuses[-1] != "applied":
        problems.append(f"the receipts say {statuses}")
    done = [step["key"] for one in receipts for step in done_of(one)]
    twice = {key for key in done if done.count(key) > 1}
    problems += [f"done twice, by the receipts: {key}" for key in sorted(twice)]
    return problems + [f"done without being planned: {key}" for key in sorted(set(done) - road.keys)]


def leaks(town: Stage) -> list[str]:
    """Where a credential can be read."""
    secrets = [town.databricks.token, *town.tokens.values()]
    comments = [one.body for one in town.github.state.data.repositories["acme/lakeport"].comments.values()]
    surfaces = {
        "the log": (town.home / "lakeport.log").read_text(),
        "a receipt": json.dumps(town.all_receipts()),
        "a comment": "\n".join(comments),
    }
    return [
        f"a credential in {name}" for name, text in surfaces.items() if any(one in text for one in secrets)
    ]


def done_of(receipt: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """The steps of a receipt that did something."""
    return [step for step in receipt["steps"] if step["outcome"] == "done"]


def writes_of(calls: Iterable[Heard]) -> list[str]:
    """The endpoints of the writes."""
    return [heard.call.endpoint for heard in calls if heard.call.is_write]


def written(calls: Iterable[Heard]) -> list[str]:
    """The writes with what was sent, where that does not differ from run to run."""
    found = []
    for heard in calls:
        call = heard.call
        if call.is_write:
            spoken = call.endpoint.endswith(SPOKEN) or "/git/refs/" in call.endpoint
            found.append(call.endpoint if spoken else f"{call.endpoint} {_sent(call.body)}")
    return found


def _sent(body: bytes) -> str:
    data = json.loads(body or b"{}")
    return json.dumps({key: one for key, one in data.items() if key != "cluster_id"}, sort_keys=True)


def _tidies_up(write: str) -> bool:
    """A POST that was sent again leaves a second comment, which the next look takes away."""
    return "/issues/" in write and "/comments" in write


def change(text: str) -> str:
    """Grants added, the size changed, the library and the topic taken away."""
    for old, new in (
        ("[USE_SCHEMA, SELECT, MODIFY, CREATE_TABLE]", "[USE_SCHEMA, SELECT, MODIFY, CREATE_TABLE, EXECUTE]"),
        ("size: small", "size: xs"),
        ("libraries: [lightgbm==4.5.0]", "libraries: []"),
        ("topics: [churn]", "topics: []"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def retire(text: str) -> str:
    """All of it is to go."""
    return text.replace("lifecycle: active", "lifecycle: retiring")


class Roads:
    """The three roads of the battery, each made when it is first asked for."""

    def __init__(self, town: Stage) -> None:
        self.town = town
        self._made: dict[str, Road] = {}

    @cached_property
    def start(self) -> Kept:
        """One request is applied, that made what all share: the branch of receipts, access to the catalog."""
        self.town.ready("churn-first")
        code, _ = self.town.apply()
        assert code == 0, self.town.log
        return self.town.keep()

    def __getitem__(self, name: str) -> Road:
        """``onboarding``, ``change`` or ``retirement``."""
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _onboarding(self) -> Road:
        self.town.back_to(self.start)
        self.town.ready(NAME)
        return travel(self.town)

    def _change(self) -> Road:
        return self._after_onboarding(change)

    def _retirement(self) -> Road:
        return self._after_onboarding(retire)

    def _after_onboarding(self, edit: Edit) -> Road:
        self.town.back_to(self["onboarding"].kept)
        code, _ = self.town.apply()
        assert code == 0, self.town.log
        self.town.ready(NAME, edit)
        return travel(self.town)
