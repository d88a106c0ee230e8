"""What rulesets of the rehearsal GitHub forbid: pushes past a pull request, rewriting, deleting.

Of those who may bypass a ruleset only apps are known here. A rule that the rehearsal has no means to judge
(code owners, a linear history) forbids nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.github.answers import ApiError
from sandbox.github.data import Repository
from sandbox.github.git import ZERO

VIOLATION = "Repository rule violations found"


def in_force(found: Repository, ref: str, app: int | None = None) -> dict[str, dict[str, Any]]:
    """The rules that hold for a ref and an app, by type, with parameters; of several of a type, the last."""
    return {
        rule["type"]: rule.get("parameters") or {}
        for ruleset in found.rulesets.values()
        if ruleset["enforcement"] == "active" and _fits(found, ruleset, ref) and not _bypasses(ruleset, app)
        for rule in ruleset["rules"]
    }


def _fits(found: Repository, ruleset: dict[str, Any], ref: str) -> bool:
    names = (ruleset["conditions"] or {}).get("ref_name") or {}
    meant = {"~ALL": ref, "~DEFAULT_BRANCH": f"refs/heads/{found.default_branch}"}
    included, excluded = (
        {meant.get(name, name) for name in names.get(part) or ()} for part in ("include", "exclude")
    )
    return ref in included - excluded


def _bypasses(ruleset: dict[str, Any], app: int | None) -> bool:
    return app is not None and any(
        one.get("actor_type") == "Integration" and one.get("actor_id") == app
        for one in ruleset["bypass_actors"] or ()
    )


def require_allowed(
    rules: dict[str, dict[str, Any]], before: str, after: str, *, forward: bool, merging: bool
) -> None:
    """Refuse a move of a ref that a rule forbids; ``forward``: no commit is lost, ``merging``: by a merge."""
    words = ""
    if after == ZERO and "deletion" in rules:
        words = "Cannot delete this branch"
    elif after != ZERO and not forward and "non_fast_forward" in rules:
        words = "Cannot force-push to this branch"
    elif not merging and ZERO not in (before, after) and "pull_request" in rules:
        words = "Changes must be made through a pull request."
    if words:
        raise ApiError(422, f"{VIOLATION}\n\n{words}")


def required_checks(found: Repository, ref: str) -> Iterator[tuple[str, int | None]]:
    """The checks that a merge into a ref needs, with the app that has to write them, ``None`` for any."""
    yield from ((name, None) for name in found.required_checks)
    rule = in_force(found, ref).get("required_status_checks") or {}
    for one in rule.get("required_status_checks") or ():
        yield one["context"], one.get("integration_id")
