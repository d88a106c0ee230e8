"""The tables of a pack on what was applied: a row for each run, for each approval, and for each step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record
    from gitops.plan import JSON
    from gitops.receipt import Receipt

    Runs = Iterable[tuple[Written, Receipt]]


class Applied(Struct, frozen=True, kw_only=True):
    """A run. ``gate`` is how the gate was judged; ``undated`` are approvers of whom the receipt does not say
    when they approved. ``doubts`` counts the steps that read back otherwise than their outcome says, or could
    not be; ``not_done`` those that failed, or were left or undone. ``sound`` is false where something is
    wrong with the receipt.
    """

    receipt: int
    request: str
    path: str
    status: str
    at: str
    pull: int | None
    commit: str
    file_digest: str
    slack: str
    github: str
    made_by: str
    gate: str
    approvers: tuple[str, ...]
    undated: tuple[str, ...]
    passes_alone: tuple[str, ...]
    steps: int
    done: int
    not_done: int
    doubts: int
    error: str
    run_url: str
    plan_digest: str
    policy_digest: str
    tool_version: str
    model: str
    digest: str
    previous: str
    sound: bool


class Approved(Struct, frozen=True, kw_only=True):
    """An approval that counted, for one rule of the policy; ``at`` and ``commit`` are empty where the receipt
    has only the name. ``asker``: the login is that of who asked for the request.
    """

    receipt: int
    request: str
    login: str
    at: str
    commit: str
    rule: str
    asker: bool
    sound: bool


class Stepped(Struct, frozen=True, kw_only=True):
    """A step of a run; what was found, wanted and found after is JSON, empty where there is none.

    ``doubt`` is where the look at the end did not find what the outcome says.
    """

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
    doubt: str
    error: str
    started_at: str
    request_ids: tuple[str, ...]
    sound: bool


def applied(record: Record, runs: Runs) -> list[Applied]:
    """A row for each run, in their order."""
    return [_applied(one, receipt, record.sound(one)) for one, receipt in runs]


def _applied(one: Written, receipt: Receipt, sound: bool) -> Applied:
    facts = asdict(one)
    same = {name: facts[name] for name in Applied.__struct_fields__ if name in facts}
    dated = {approval.login for approval in receipt.approvals}
    return Applied(
        **same
        | {
            "receipt": one.number,
            "gate": receipt.gate,
            "undated": tuple(login for login in one.approvers if login not in dated),
            "not_done": sum(step.outcome not in ("done", "already") for step in receipt.steps),
            "doubts": sum(bool(step.doubt) for step in receipt.steps),
            "policy_digest": receipt.policy_digest,
            "tool_version": receipt.tool_version,
            "model": receipt.model,
            "sound": sound,
        }
    )


def approved(record: Record, runs: Runs) -> list[Approved]:
    """A row for each approval and each rule that it was for, in the order of the receipts."""
    return [
        Approved(
            receipt=one.number,
            request=one.request,
            login=login,
            at=at,
            commit=commit,
            rule=rule,
            asker=bool(one.github) and login.casefold() == one.github.casefold(),
            sound=record.sound(one),
        )
        for one, receipt in runs
        for login, at, commit, rules in _approvals(receipt)
        for rule in rules or ("",)
    ]


def _approvals(receipt: Receipt) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
    dated = [(one.login, one.at, one.commit, one.rules) for one in receipt.approvals]
    named = {login for login, *_ in dated}
    return [*dated, *((login, "", "", ()) for login in receipt.approvers if login not in named)]


def stepped(record: Record, runs: Runs) -> list[Stepped]:
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
            doubt=step.doubt,
            error=step.error or "",
            started_at=step.started_at,
            request_ids=step.request_ids,
            sound=record.sound(one),
        )
        for one, receipt in runs
        for step in receipt.steps
    ]


def _json(value: JSON) -> str:
    return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
