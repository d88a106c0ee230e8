"""The rulesets that `lakeport doctor --github --fix` sets, as GitHub's REST API takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops.doctor import RECEIPTS, REQUIRED_CHECKS

RULESET = "lakeport"
"""The name of the ruleset of the default branch."""


def ruleset(branch: str, check_app: int, bypass: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The ruleset that keeps ``branch``; ``bypass`` are the actors that may pass it by."""
    checks = [{"context": name, "integration_id": check_app} for name in REQUIRED_CHECKS]
    pulls = {
        "required_approving_review_count": 0,  # the gate counts; for GitHub the author is the bot
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": True,  # request files have no owner: it holds for what judges them
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    required = {"strict_required_status_checks_policy": False, "required_status_checks": checks}
    return _ruleset(
        RULESET,
        branch,
        [
            *_ONLY_GROWS,
            {"type": "pull_request", "parameters": pulls},
            {"type": "required_status_checks", "parameters": required},
        ],
        bypass,
    )


def ruleset_of_receipts() -> dict[str, Any]:
    """The ruleset by which the branch of receipts only grows."""
    return _ruleset(f"{RULESET}-receipts", RECEIPTS, _ONLY_GROWS, ())


_ONLY_GROWS = [{"type": "deletion"}, {"type": "non_fast_forward"}]


def _ruleset(
    name: str, branch: str, rules: Sequence[Mapping[str, Any]], bypass: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": list(bypass),
        "conditions": {"ref_name": {"include": [f"refs/heads/{branch}"], "exclude": []}},
        "rules": list(rules),
    }
