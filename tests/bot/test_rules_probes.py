"""What short messages of every family do to a draft: all that changes, and nothing besides."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot import rules
from bot.changes import apply_updates
from gitops.draft import Value
from tests.bot.rules_answers import ANSWERS, EDITS
from tests.bot.rules_probes import OPENINGS, PATHS, Probe
from tests.support.organisation import LI_WEI, draft, world

HELD = {
    "everything": {
        "resources": ["repo", "schema", "compute"],
        "metadata.name": "churn",
        "metadata.environment": "dev",
        "metadata.data_classification": "internal",
        "metadata.business_owner": "jane.doe@acme.example",
        "metadata.members": ["sam.okafor@acme.example"],
        "metadata.expires": "2027-03-31",
        "metadata.purpose": "find out who is about to cancel",
        "resources.compute.type": "cluster",
        "resources.compute.size": "small",
        "resources.compute.max_workers": 2,
        "resources.compute.libraries": ["pandas==2.2.0"],
        "resources.schema.grants": [{"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT"]}],
    },
    "compute": {"resources": ["compute"], "metadata.purpose": "x" * 9, "metadata.name": "churn"},
    "schema": {"resources": ["schema"], "metadata.purpose": "x" * 9, "metadata.name": "churn"},
    "repo": {"resources": ["repo"], "metadata.purpose": "x" * 9, "metadata.name": "churn"},
    "warehouse": {
        "resources": ["schema", "compute"],
        "resources.compute.type": "sql_warehouse",
        "metadata.purpose": "x" * 9,
        "metadata.name": "churn",
    },
    "nothing": {},
}
"""Drafts that a message meets, by name."""

SHORT = {path: name for name, path in PATHS.items()}


def effect(probe: Probe) -> dict[str, Any]:
    """What a message does: short name → new value; ``None`` for one taken away; ``?`` for what is unclear."""
    place = world()
    said = {path: Value(value, "said", "x") for path, value in HELD[probe.held].items()}
    asked = PATHS.get(probe.asked, probe.asked) or None
    before = replace(draft(), said=said, asked=asked).hear(probe.text)
    updates = rules.extract(
        place.catalogue, before, asked, probe.text,
        policy=place.policy, requester=place.policy.person(slack=LI_WEI), today=place.today,
    )  # fmt: skip
    outcome = apply_updates(before, updates, "1.0", place)
    after = outcome.draft
    changed = {
        SHORT.get(path, path): after.said[path].value if path in after.said else None
        for path in {*said, *after.said}
        if said.get(path) != after.said.get(path)
        and (path not in said or path not in after.said or said[path].value != after.said[path].value)
    }
    changed |= {f"?{SHORT.get(path, path)}": True for path in after.unclear}
    return {re.sub(r"^resources\.", "", name): value for name, value in changed.items()}


@pytest.mark.parametrize("probe", OPENINGS, ids=[probe.text[:50] for probe in OPENINGS])
def test_what_an_opening_says(probe: Probe) -> None:
    assert effect(probe) == probe.expected


@pytest.mark.parametrize("probe", ANSWERS, ids=[f"{probe.asked} {probe.text[:50]}" for probe in ANSWERS])
def test_what_an_answer_says(probe: Probe) -> None:
    assert effect(probe) == probe.expected


@pytest.mark.parametrize("probe", EDITS, ids=[probe.text[:50] for probe in EDITS])
def test_what_a_later_message_changes(probe: Probe) -> None:
    assert effect(probe) == probe.expected
