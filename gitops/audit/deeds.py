"""What a receipt says was done, in words: who opened the gate, and each step, what was found and wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops.leaves import differences

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record
    from gitops.receipt import Receipt, Step

LONGEST = 120
"""Characters of one value in a sentence; the whole of it stands in the receipt."""


class Deed(Struct, frozen=True, kw_only=True):
    """One step of a run. ``outcome`` is that of :class:`gitops.receipt.Step`, ``values`` what it changed,
    ``tags[red]: red → none``, and what was found where that did not last. ``doubt`` says that it reads back
    otherwise, or could not be looked at again; ``request_ids`` are the ids by which the system knows it.
    ``made``: nothing of it was there before.
    """

    what: str
    outcome: str
    values: tuple[str, ...] = ()
    error: str = ""
    doubt: str = ""
    read_back: str = ""
    request_ids: tuple[str, ...] = ()
    made: bool = False


def whole(record: Record, receipts: Sequence[Written]) -> dict[int, Receipt]:
    """These receipts as their files have them, by number; one call of Git. What is not there is left out."""
    from gitops.errors import RemoteError
    from gitops.receipt import FOLDER, parse_receipt, path_of

    if not receipts or not record.receipts_head:
        return {}
    paths = [path for one in receipts for path in (path_of(one.number), f"{FOLDER}/{one.number:08d}.json")]
    found: dict[int, Receipt] = {}
    for path, raw in record.checkout.read_tree(record.receipts_head, paths).items():
        try:
            receipt = parse_receipt(raw, path)
        except RemoteError:
            continue
        found[receipt.number] = receipt
    return {one.number: found[one.number] for one in receipts if _same(one, found.get(one.number))}


def _same(one: Written, receipt: Receipt | None) -> bool:
    return receipt is not None and (receipt.request, receipt.digest) == (one.request, one.digest)


def gate(receipt: Receipt) -> Iterator[str]:
    """Who let it pass, and by what."""
    for one in receipt.approvals:
        rules = f" for {', '.join(one.rules)}" if one.rules else ""
        yield f"Approved by {one.login} on {_moment(one.at)}, on commit {one.commit[:12]}{rules}."
    if receipt.approvers and not receipt.approvals:
        yield f"Approved by {', '.join(receipt.approvers)}."
    for broke in receipt.broke_glass:
        yield f"{broke.login} opened the gate in an emergency on {_moment(broke.at)}: {broke.reason}"
    if receipt.passes_alone:
        yield f"The policy let it pass without approvals: {', '.join(receipt.passes_alone)}."


def made_with(receipt: Receipt) -> str:
    """By which versions it was done."""
    parts = [f"Lakeport {receipt.tool_version}" if receipt.tool_version else ""]
    parts += [f"policy {receipt.policy_digest[:19]}" if receipt.policy_digest else ""]
    parts += [f"plan {receipt.plan_digest[:19]}" if receipt.plan_digest else ""]
    parts += [f"words read by {receipt.model}" if receipt.model else ""]
    said = ", ".join(part for part in parts if part)
    return f"By {said}." if said else ""


def deeds(receipt: Receipt) -> tuple[Deed, ...]:
    """Each step."""
    return tuple(_deed(step) for step in receipt.steps)


def _deed(step: Step) -> Deed:
    values = [
        f"{path}: {_short(before)} → {_short(after)}"
        for path, before, after in differences(step.before, step.wanted)
    ]
    if step.doubt and step.after is not None:
        values.append(f"found after: {_short(step.after)}")
    return Deed(
        what=step.summary or step.key,
        outcome=step.outcome,
        values=tuple(values),
        error=step.error or "",
        doubt=step.doubt,
        read_back=step.read_back,
        request_ids=step.request_ids,
        made=step.before is None and not step.doubt,
    )


def _short(value: Any) -> str:
    from gitops.markup import clip

    if value is None:
        return "none"
    return clip(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST)


def _moment(at: str) -> str:
    return at[:16].replace("T", " ")
