"""Who may work on a request: one run at a time, by the receipts alone.

A run that is about to change something writes that it ``started``, and until when; its last receipt ends
that. Of a run that died the time goes by, or GitHub says that it is over, or its next attempt takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from gitops.errors import Waits
from gitops.patience import STEP_SECONDS
from gitops.receipt import Receipt, ReceiptDraft

LEASE = timedelta(minutes=60)
"""How long a run may work on one request: as long as a job of the workflow may last at most."""

WORKING = LEASE.total_seconds() - STEP_SECONDS
"""Seconds after which it begins no other step, so that the last one ends before the lease does."""

TRIES = 3
"""So often the same file is tried; then a person has to say that it is to be tried again."""


def by_request(chain: Iterable[Receipt]) -> dict[str, list[Receipt]]:
    """The receipts of each request, oldest first as they are given."""
    found: dict[str, list[Receipt]] = {}
    for one in chain:
        found.setdefault(one.request, []).append(one)
    return found


def holder(chain: Sequence[Receipt], request: str) -> Receipt | None:
    """The newest receipt of a run that started on the request, if no later one of that run ended it."""
    ended: set[tuple[str, int, str]] = set()
    for one in reversed(chain):
        if one.request != request:
            continue
        if one.status == "started":
            return None if one.run in ended else one
        ended.add(one.run)
    return None


def require_free(
    chain: Sequence[Receipt],
    draft: ReceiptDraft,
    *,
    seen: int,
    moment: datetime,
    is_over: Callable[[str], bool],
) -> None:
    """Raise unless this run may start on the request of the draft.

    ``seen`` is the number of the newest receipt that its plan was drawn by: what another run did since then
    is not in that plan. ``is_over`` asks GitHub whether a run has ended.

    Raises:
        Waits: another run is at work, or was meanwhile.
    """
    require_untouched(chain, draft.request, draft.run_id, draft.attempt, moment=moment, is_over=is_over)
    later = [one for one in chain if one.request == draft.request and one.number > seen]
    if later:
        raise Waits(
            f"Another run ({_run(later[-1])}) worked on {draft.request} while this one looked at it.",
            fix="Nothing was done here; the next run looks again.",
        )


def require_untouched(
    chain: Sequence[Receipt],
    request: str,
    run_id: str,
    attempt: int,
    *,
    moment: datetime,
    is_over: Callable[[str], bool],
) -> None:
    """Raise when another run is at work on the request.

    Raises:
        Waits: its lease is not over, and nobody says that it is.
    """
    found = holder(chain, request)
    if found is None or not live(found, moment):
        return
    ours = found.run_id == run_id
    if (ours and found.attempt <= attempt) or (not ours and is_over(found.run_id)):
        return
    raise Waits(
        f"{request} is being applied by {_run(found)} since {found.at}.",
        why="Two runs at once could do things twice.",
        fix="Nothing was done here. Should that run have died, the next one after "
        f"{found.lease_until} takes over.",
    )


def live(started: Receipt, moment: datetime) -> bool:
    """Whether the lease of a receipt that says ``started`` still lasts."""
    try:
        return datetime.fromisoformat(started.lease_until) > moment
    except (ValueError, TypeError):  # whatever it is, it is no time that we wrote
        return False


def until(moment: datetime) -> str:
    """When the lease of a run that starts now is over: UTC, ISO 8601."""
    return (moment.astimezone(UTC) + LEASE).isoformat(timespec="seconds")


def why_held(ours: Sequence[Receipt], file_digest: str) -> str:
    """Why nothing goes on with this file by itself, as a sentence; empty when it does.

    ``ours`` are the receipts of its request.
    """
    if not ours or ours[-1].file_digest != file_digest:
        return ""
    return ours[-1].hold or too_often(tries(ours, file_digest))


def tries(ours: Sequence[Receipt], file_digest: str) -> int:
    """How many runs in a row tried this file without applying it, also those that died."""
    runs: set[tuple[str, int, str]] = set()
    for one in reversed(ours):
        if one.status in ("applied", "waiting") or one.file_digest != file_digest:
            break
        runs.add(one.run)
    return len(runs)


def too_often(count: int) -> str:
    """The sentence when a file was tried so often that nobody tries it by itself any more."""
    return f"It was tried {count} times as it is, and not applied." if count >= TRIES else ""


def _run(receipt: Receipt) -> str:
    return f"run {receipt.run_id} (attempt {receipt.attempt})" if receipt.run_id else receipt.run_url
