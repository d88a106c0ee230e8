"""Where every request stands, read from Git alone: the checkout's request files and the receipts branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gitops import lease
from gitops.checkout import Checkout
from gitops.errors import InvalidRequest, RemoteError, UsageError
from gitops.plan import digest
from gitops.receipt import Receipt, parse_receipt
from gitops.request import request_id
from gitops.states import STATES


@dataclass(frozen=True, kw_only=True)
class Row:
    """One request file; ``state`` is a key of :data:`STATES`, the rest is from its latest receipt."""

    request: str
    path: str
    state: str
    receipt: int | None = None
    at: str = ""
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return dict(vars(self))


def rows(checkout: Checkout, name: str | None = None, *, moment: datetime | None = None) -> list[Row]:
    """All request files, or those whose id, or whose name within its team, is ``name``; sorted by path.

    ``moment`` is the time, with its zone; now when it is left out.

    Raises:
        UsageError: there is none of that name.
    """
    chains = lease.by_request(read_receipts(checkout.receipts()))
    at = moment or datetime.now(UTC)
    found = [_row(checkout, path, chains, at) for path in checkout.all_files()]
    if name is None:
        return found
    wanted = [row for row in found if name in (row.request, row.path, row.request.rpartition("/")[2])]
    if not wanted:
        raise UsageError(f"There is no request {name}.", fix="Run `lakeport status` to see them all.")
    return wanted


def _row(checkout: Checkout, path: str, chains: Mapping[str, Sequence[Receipt]], moment: datetime) -> Row:
    try:
        identity = request_id(path)
        raw = checkout.read(path)
    except InvalidRequest:
        return Row(request=path, path=path, state="misplaced")
    chain = chains.get(identity)
    if not chain:
        return Row(request=identity, path=path, state="waiting")
    last = chain[-1]
    return Row(
        request=identity,
        path=path,
        state=_state(chain, digest(raw), moment),
        receipt=last.number,
        at=last.at,
        error=last.error or lease.why_held(chain, digest(raw)),
    )


def _state(chain: Sequence[Receipt], file_digest: str, moment: datetime) -> str:
    """A key of :data:`STATES`, by the receipts of a request; there is at least one."""
    last = chain[-1]
    held = lease.holder(chain, last.request)
    if held is not None and lease.live(held, moment):
        return "started"
    if last.file_digest != file_digest:
        return "changed" if last.status in ("applied", "waiting") else "waiting"
    if lease.why_held(chain, file_digest):
        return "held"
    renamed = {"started": "interrupted", "waiting": "due"}
    state = renamed.get(str(last.status), str(last.status))
    return state if state in STATES else "failed"


def read_receipts(files: Mapping[str, bytes]) -> Iterator[Receipt]:
    """The receipts in order; a file that is no receipt is passed over (the audit reports it)."""
    for path in sorted(files):
        try:
            yield parse_receipt(files[path], path)
        except RemoteError:
            continue
