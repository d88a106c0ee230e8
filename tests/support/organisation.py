"""The sample organisation as the bot sees it: the real kinds, the real policy, a fixed day."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import handlers
from bot.dialogue import World
from bot.draft import Draft
from gitops.policy import Policy, load_policy

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 23)
LI_WEI, JANE = "U024BE7LH", "U0JANEDOE"


@cache
def policy() -> Policy:
    """``requests/policy.yaml`` of this repository."""
    return load_policy((ROOT / "requests" / "policy.yaml").read_bytes())


def world(today: date = TODAY) -> World:
    """Everything a conversation may know."""
    return World(handlers.registry(), policy(), today)


def draft(requester: str = LI_WEI) -> Draft:
    """A conversation that nothing was said in yet."""
    return Draft(id="c1", requester_slack=requester, channel="C1", thread_ts="1.0")
