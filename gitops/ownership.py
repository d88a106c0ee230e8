"""Whose a thing is that stands: what a kind refuses to manage, take away or write over, by its owner mark.

A mark is the id of a request, such as ``dev/growth/churn-prediction``; it is empty where there is none.
"""

from __future__ import annotations

from typing import Any

from gitops.errors import StalePlan
from gitops.kind import Desired
from gitops.plan import Reason, RefusedChange


def require_ours(desired: Desired[Any], what: str, mark: str, *, of_that_name: int = 1) -> None:
    """Refuse what stands under a name and is not this request's: it is not touched unless it may be adopted.

    ``what`` names it ("the schema ml_dev.churn"), ``mark`` is the request it carries, empty for none;
    ``of_that_name`` is how many there are, where names are not unique.

    Raises:
        RefusedChange: another request's, or nobody's without ``adopt: true``.
    """
    head = _capital(what)
    if mark and mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"{head} belongs to the request {mark}.",
            "Choose another name, or retire the other request first.",
        )
    if mark or (desired.spec.adopt and of_that_name == 1):
        return
    several = f" {of_that_name} of that name exist." if of_that_name > 1 else ""
    raise RefusedChange(
        Reason.NOT_OURS,
        f"{head} exists, and Lakeport did not make it.{several}",
        "Choose another name, or write `adopt: true` if the only one is to be managed by this request.",
    )


def require_ours_to_retire(desired: Desired[Any], what: str, mark: str) -> None:
    """Refuse to take away what carries another mark than this request's, or none.

    Raises:
        RefusedChange: it does.
    """
    if mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"{_capital(what)} does not belong to this request and is left alone.",
            "Nothing needs to be done: set `lifecycle: retired` once the rest is gone.",
        )


def require_still_ours(what: str, mark: str, request: str) -> None:
    """Stop an ``apply`` whose thing is not, or no more, that of the request: the plan is older than the call.

    Raises:
        StalePlan: it carries another mark, or none.
    """
    if mark != request:
        raise StalePlan(
            f"{_capital(what)} exists and does not belong to {request}.",
            why="Somebody made it, or changed its owner mark, after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )


def _capital(what: str) -> str:
    return what[0].upper() + what[1:]
