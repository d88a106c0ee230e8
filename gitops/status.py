"""Where every request stands, read from Git alone: the checkout's request files and the receipts branch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitops.checkout import Checkout
from gitops.errors import InvalidRequest, UsageError
from gitops.plan import digest
from gitops.request import request_id

STATES = {
    "applied": "applied as the file says",
    "changed": "applied, and the file was changed since",
    "partial": "partly applied; the next run takes up the rest",
    "failed": "not applied: it failed",
    "refused": "not applied: it was refused",
    "waiting": "not applied yet",
    "misplaced": "no request can be at this path",
}


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


def rows(checkout: Checkout, name: str | None = None) -> list[Row]:
    """All request files, or those whose id, or whose name within its team, is ``name``; sorted by path.

    Raises:
        UsageError: there is none of that name.
    """
    latest = _latest(checkout.receipts())
    found = [_row(checkout, path, latest) for path in checkout.all_files()]
    if name is None:
        return found
    wanted = [row for row in found if name in (row.request, row.path, row.request.rpartition("/")[2])]
    if not wanted:
        raise UsageError(f"There is no request {name}.", fix="Run `lakeport status` to see them all.")
    return wanted


def _row(checkout: Checkout, path: str, latest: Mapping[str, Mapping[str, Any]]) -> Row:
    try:
        identity = request_id(path)
        raw = checkout.read(path)
    except InvalidRequest:
        return Row(request=path, path=path, state="misplaced")
    receipt = latest.get(identity)
    if receipt is None:
        return Row(request=identity, path=path, state="waiting")
    state = str(receipt.get("status"))
    if receipt.get("file_digest") != digest(raw):
        state = "changed" if state == "applied" else "waiting"
    return Row(
        request=identity,
        path=path,
        state=state if state in STATES else "failed",
        receipt=int(receipt["number"]),
        at=str(receipt.get("at", "")),
        error=str(receipt.get("error") or ""),
    )


def _latest(files: Mapping[str, bytes]) -> dict[str, Mapping[str, Any]]:
    """The newest receipt of each request; a file that is no receipt is passed over (the audit reports it)."""
    latest: dict[str, Mapping[str, Any]] = {}
    for path in sorted(files):
        try:
            receipt = json.loads(files[path])
            latest[str(receipt["request"])] = receipt | {"number": int(receipt["number"])}
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return latest
