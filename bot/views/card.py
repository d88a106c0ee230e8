"""The card of a thread: the draft at all times, with what is said against it, what it costs, and the exact
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.asking import blocked
from bot.dialogue import Card
from bot.draft import Stage
from bot.values import said_as
from bot.views.blocks import (
    TOTAL,
    Block,
    Message,
    button,
    clip,
    code,
    context,
    fitting,
    header,
    link,
    marked,
    preformatted,
    section,
    size,
)
from gitops.compose import Composed
from gitops.cost import Money
from gitops.draft import Value
from gitops.finding import Finding, Severity

CONFIRM, EDIT, UNDO, WITHDRAW = "confirm", "edit", "undo", "withdraw"

SOURCES = {
    "said": "",
    "looked_up": " _looked up_",
    "default": " _default_",
    "inferred": " _my reading, please check_",
}
STATES = {
    Stage.COLLECTING: "I am still collecting what is needed.",
    Stage.REVIEWING: "Ready for you to confirm.",
    Stage.SUBMITTED: "Submitted; under review.",
    Stage.MERGED: "Approved and merged; being set up.",
    Stage.APPLIED: "Done.",
    Stage.FAILED: "Something did not work; see the thread.",
    Stage.WITHDRAWN: "Withdrawn.",
}
BLOCKED = "Complete, but the policy does not allow it as it is; see ⛔ below."
_HIDDEN = re.compile(r"metadata\.(?:requested_by\.|lifecycle)|^resources$")
_PARAGRAPH, _FINDINGS, _FILE_LEAST = 2600, 10, 200


def card(reply: Card) -> Message:
    """The card as a message; whatever is too long is shortened, the buttons and the findings stay."""
    draft, composed = reply.draft, reply.composed
    name = _said(composed, "metadata.name") or "New request"
    stopped = draft.state is Stage.REVIEWING and blocked(composed)
    state = BLOCKED if stopped else STATES[draft.state]
    top: list[Block] = [header(name), context(state)]
    middle = [marked(text) for text in _values(composed)]
    bottom = [*_findings(composed.findings), *_cost(composed.cost), *_approvals(composed)]
    buttons = _buttons(reply)
    room = TOTAL - size([*top, *bottom, *buttons])
    shown = list(fitting(middle, limit=max(600, room - 1500)))
    if len(shown) < len(middle):
        shown.append(context("There is more; the form shows all of it."))
    file = _file(reply, TOTAL - size([*top, *shown, *bottom, *buttons]) - 300)
    blocks = fitting([*top, *shown, *bottom, *file], last=buttons)
    return Message(clip(f"{name}: {state}", 300), blocks)


def _said(composed: Composed, path: str) -> str:
    value = composed.values.get(path)
    return said_as(value.value) if value and value.value else ""


def _values(composed: Composed) -> Iterator[str]:
    """Paragraphs of ``mrkdwn``: the envelope, then each resource."""
    groups: dict[str, list[str]] = {}
    for path, value in composed.values.items():
        if _HIDDEN.match(path) or value.value in (None, "", [], (), {}):
            continue
        key, name = _split(path)
        groups.setdefault(key, []).append(_value_line(name, value))
    for key, lines in groups.items():
        title = f"*{key.replace('_', ' ')}*\n" if key else ""
        paragraph = title
        for line in lines:
            if len(paragraph) + len(line) > _PARAGRAPH:
                yield paragraph.rstrip()
                paragraph = ""
            paragraph += f"{line}\n"
        yield paragraph.rstrip()


def _split(path: str) -> tuple[str, str]:
    if path.startswith("metadata."):
        return "", path.removeprefix("metadata.")
    found = re.fullmatch(r"resources\.([a-z_]+)(?:\[([A-Za-z0-9_-]+)\])?\.(.+)", path)
    return (" ".join(filter(None, (found[1], found[2]))), found[3]) if found else ("", path)


def _value_line(name: str, value: Value) -> str:
    label = re.sub(r"[^A-Za-z0-9 ]", " ", name).strip()
    return f"{label}: {code(said_as(value.value))}{SOURCES[value.source]}"


def _findings(findings: Sequence[Finding]) -> Iterator[Block]:
    marks = {Severity.ERROR: "⛔", Severity.WARNING: "⚠️", Severity.INFO: "ℹ️"}  # noqa: RUF001 - an icon
    ordered = sorted(findings, key=lambda finding: list(marks).index(finding.severity))
    for finding in ordered[:_FINDINGS]:
        yield section(clip(f"{marks[finding.severity]} {finding.words}", 500))
    if len(ordered) > _FINDINGS:
        yield context(f"And {len(ordered) - _FINDINGS} more.")


def _cost(money: Money | None) -> list[Block]:
    if money is None or (not money.low and not money.high):
        return []
    low, high = f"{money.low:,.0f}", f"{money.high:,.0f}"
    amount = low if low == high else f"{low} to {high}"
    return [
        section(f"About {amount} {money.currency} a month."),
        *([context(clip(" ".join(money.lines), 900))] if money.lines else []),
    ]


def _approvals(composed: Composed) -> list[Block]:
    lines = []
    for rule in composed.approvals[:8]:
        people = ", ".join(sorted(rule.approvers)[:8]) or "nobody, which the policy has to solve"
        lines.append(f"{rule.count} of {people}: {rule.why}")
    return [context(clip("Approval needed from " + "; ".join(lines), 1200))] if lines else []


def _file(reply: Card, room: int) -> list[Block]:
    """The exact bytes as far as they fit: what is confirmed is named by its digest, which is of all of
    them.
    """
    raw = reply.composed.raw
    if raw is None or room < _FILE_LEAST:
        return []
    text = raw.decode()
    lines, shown = text.splitlines(), text
    while lines and size([preformatted(shown)]) > room:
        lines = lines[: len(lines) * 3 // 4]
        shown = "\n".join(lines) + "\n… shortened; the pull request shows all of it"
    return [preformatted(shown)] if lines else []


def _buttons(reply: Card) -> list[Block]:
    draft = reply.draft
    elements = []
    editable = draft.state in (Stage.COLLECTING, Stage.REVIEWING)
    if (
        editable
        and reply.digest
        and not blocked(reply.composed)
        and not draft.unclear
        and not reply.composed.missing
    ):
        elements.append(button(CONFIRM, "Confirm", reply.digest, "primary"))
    if editable or draft.state is Stage.SUBMITTED:
        elements.append(button(EDIT, "Edit as a form", draft.id))
        if draft.log:
            elements.append(button(UNDO, "Undo", draft.id))
        elements.append(button(WITHDRAW, "Withdraw", draft.id, "danger"))
    blocks: list[Block] = [{"type": "actions", "elements": elements}] if elements else []
    if draft.pull_url and draft.pull_number is not None:
        blocks.insert(0, marked(link(draft.pull_url, f"Pull request #{draft.pull_number}")))
    return blocks
