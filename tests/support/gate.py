"""Facts for the gate: one request of Li Wei in dev, and reviews of it."""

from __future__ import annotations

from typing import Any

from gitops.approval import ApprovalRule
from gitops.gate_facts import Facts, Review

HEAD = "a" * 40
OLD = "b" * 40
PATH = "requests/dev/growth/churn.yaml"
TEAM = ApprovalRule("environment-dev", 1, frozenset({"nadia-k", "omar-f"}), "The environment dev")
PLATFORM = ApprovalRule("cost", 1, frozenset({"petra-v", "sam-o"}), "A monthly cost above 2,500 EUR")


def approval(login: str, commit: str = HEAD, state: str = "APPROVED") -> Review:
    return Review(login=login, state=state, commit_sha=commit, submitted_at="2026-11-21T06:00:00+00:00")


def facts(*reviews: Review, **more: Any) -> Facts:
    given = {
        "requester_github": "liwei",
        "author": "lakeport[bot]",
        "head_sha": HEAD,
        "rules": (TEAM,),
        "reviews": reviews,
        "writers": frozenset({"nadia-k", "omar-f", "petra-v", "sam-o", "liwei"}),
        "files_touched": (PATH,),
        "bot_logins": frozenset({"lakeport[bot]"}),
        "commit_authors": frozenset({"lakeport[bot]"}),
    }
    return Facts(**given | more)
