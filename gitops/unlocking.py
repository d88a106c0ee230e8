"""Releasing what a dead run holds: two receipts of the run that releases it, so that the next one may start.

A run that said it started holds its request until its time is over, or GitHub says that it ended. That is
not known of a run by hand, so a person has to say it. What the dead run may still write stays its own.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops import lease
from gitops.errors import Refused
from gitops.receipt import ReceiptDraft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops.receipt import Receipt
    from gitops.site import Ledger


class Run(Struct, frozen=True, kw_only=True):
    """The run that releases, and ``by`` whom it is asked to (a GitHub login)."""

    by: str
    run_id: str
    attempt: int
    run_url: str
    tool_version: str


def unlock(ledger: Ledger, request: str, run: Run, *, moment: datetime) -> str:
    """Release what holds a request, and say in a sentence what that was; done again, it does nothing.

    Raises:
        Refused: GitHub does not say that the run is over, so it may be at work.
        RemoteError: the receipts could not be read or written.
    """
    held = lease.holder(ledger.read_all(), request)
    if held is None or not lease.live(held, moment) or ledger.run_is_over(held.run_id):
        return f"Nothing holds {request}: the next run takes it up."
    if held.run_id.isdecimal():
        raise Refused(
            f"{request} is held by run {held.run_id} (attempt {held.attempt}), and that is not over.",
            why="Two runs at once could do things twice.",
            fix="Cancel that run on GitHub first; it then writes what it did, and holds nothing any more.",
        )
    started = _draft(held, run, "started", lease_until=lease.until(moment))
    ledger.append(started, allow=partial(_require_same, held=held))
    words = f"{run.by} said that {held.run_id or 'the run'}, which started at {held.at}, is dead."
    ledger.append(_draft(held, run, "failed", error=words))
    return f"{request} is released. {words} What it did before is found by the next run."


def _require_same(chain: Sequence[Receipt], held: Receipt) -> None:
    now = lease.holder(chain, held.request)
    if now is None or now.number != held.number:
        raise Refused(f"{held.request} has moved on meanwhile.", fix="Look again.")


def _draft(held: Receipt, run: Run, status: str, *, lease_until: str = "", error: str = "") -> ReceiptDraft:
    return ReceiptDraft(
        request=held.request,
        path=held.path,
        file_digest=held.file_digest,
        commit=held.commit,
        pull=held.pull,
        requester=held.requester,
        approvers=(),
        plan_digest=None,
        run_url=run.run_url,
        run_id=run.run_id,
        attempt=run.attempt,
        tool_version=run.tool_version,
        status=status,
        lease_until=lease_until,
        error=error or None,
    )
