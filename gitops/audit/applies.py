"""The tables of a pack on what was applied: a row for each run, and one for each of its steps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from gitops.audit import deeds
from gitops.audit.facts import Written

if TYPE_CHECKING:
    from gitops.plan import JSON
    from gitops.receipt import Receipt


class Applied(Written, frozen=True, gc=False):
    """A run. ``gate`` is how the gate was judged, ``passed_by`` who or what let it pass, in sentences;
    ``doubts`` counts the steps that read back otherwise than their outcome says, or could not be.
    """

    gate: str = ""
    passed_by: tuple[str, ...] = ()
    doubts: int = 0
    policy_digest: str = ""
    tool_version: str = ""
    model: str = ""


class Stepped(Struct, frozen=True, kw_only=True):
    """A step of a run; what was found, wanted and found after is JSON, empty where there is none."""

    receipt: int
    request: str
    step: str
    summary: str
    outcome: str
    before: str
    wanted: str
    after: str
    read_back: str
    differs: str
    error: str
    started_at: str
    request_ids: tuple[str, ...]


def applied(runs: Iterable[tuple[Written, Receipt]]) -> list[Applied]:
    """A row for each run, in their order."""
    return [_applied(one, receipt) for one, receipt in runs]


def _applied(one: Written, receipt: Receipt) -> Applied:
    return Applied(
        **asdict(one),
        gate=receipt.gate,
        passed_by=tuple(deeds.gate(receipt)),
        doubts=sum(bool(step.doubt) for step in receipt.steps),
        policy_digest=receipt.policy_digest,
        tool_version=receipt.tool_version,
        model=receipt.model,
    )


def stepped(runs: Iterable[tuple[Written, Receipt]]) -> list[Stepped]:
    """A row for each step, in the order of the receipts."""
    return [
        Stepped(
            receipt=one.number,
            request=one.request,
            step=step.key,
            summary=step.summary,
            outcome=step.outcome,
            before=_json(step.before),
            wanted=_json(step.wanted),
            after=_json(step.after),
            read_back=step.read_back,
            differs=step.differs,
            error=step.error or "",
            started_at=step.started_at,
            request_ids=step.request_ids,
        )
        for one, receipt in runs
        for step in receipt.steps
    ]


def _json(value: JSON) -> str:
    return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
