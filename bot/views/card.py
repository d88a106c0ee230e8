"""The card of a thread: the draft at all times, with what is said against it, what it costs, and the exact
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.asking import blocked
from bot.dialogue import Card
from bot.draft import Draft, Stage
from bot.values import said_as
from bot.views.amended import amended
from bot.views.blocks import (
    TOTAL,
    Block,
    Message,
    button,
    clip,
    code,
    context,
    escaped,
    fitting,
    header,
    link,
    marked,
    preformatted,
    section,
    size,
)
from gitops.approval import ApprovalRule
from gitops.compose import Composed
from gitops.cost import Money
from gitops.draft import Source, Value
from gitops.finding import Finding, Severity
from gitops.request import path_of

CONFIRM, EDIT, UNDO, WITHDRAW = "confirm", "edit", "undo", "withdraw"

STATES = {
    Stage.COLLECTING: "I am still collecting what is needed.",
    Stage.REVIEWING: "Ready for you to confirm.",
    Stage.SUBMITTED: "Submitted; under review.",
    Stage.MERGED: "Approved and merged; being carried out.",
    Stage.APPLIED: "Done.",
    Stage.FAILED: "Something did not work; see the thread.",
    Stage.WITHDRAWN: "Withdrawn.",
}
BLOCKED = "Complete, but the policy does not allow it as it is."
NOT_SAID: Mapping[Source, str] = {
    "inferred": "my reading, please check",
    "looked_up": "looked up",
    "default": "default",
    "merged": "as it is merged",
}
"""What stands before values that the person did not say, in the order in which they are shown."""
LEGEND: Mapping[Source, str] = {
    "inferred": "my reading: concluded from your words",
    "looked_up": "looked up: from the directory",
    "default": "default: from the policy and the naming rules",
    "merged": "as it is merged: nobody spoke of it, so it stays",
}
MARKS = {
    Severity.ERROR: "⛔ Not allowed:",
    Severity.WARNING: "⚠️ Please check:",
    Severity.INFO: "\u2139\ufe0f Good to know:",
}
_HIDDEN = re.compile(r"metadata\.(?:requested_by\.|lifecycle)|^resources$")
_PARAGRAPH, _FINDINGS, _FILE_LEAST, _RULES = 2600, 10, 200, 8
_VALUE, _LINE, _MISSING = 300, 900, 6


def card(reply: Card) -> Message:
    """The card as a message; whatever is too long is shortened, the buttons and the findings stay."""
    draft, composed = reply.draft, reply.composed
    name = _said(composed, "metadata.name") or "New request"
    stopped = draft.state is Stage.REVIEWING and blocked(composed)
    state = BLOCKED if stopped else STATES[draft.state]
    against, advice = _findings(composed.findings)
    told = [*amended(composed.amendment)] or _changed(draft)
    top: list[Block] = [header(name), context(" ".join([state, *_missing(reply)])), *against, *told]
    middle = [*map(marked, _values(composed)), *_legend(composed)]
    bottom = [*advice, *_cost(composed.cost), *_approvals(composed.approvals)]
    buttons = _buttons(reply)
    room = TOTAL - size([*top, *bottom, *buttons])
    shown = list(fitting(middle, limit=max(600, room - 1500)))
    if len(shown) < len(middle):
        shown.append(context("There is more; the form and the file show it."))
    file = _file(reply, TOTAL - size([*top, *shown, *bottom, *buttons]) - 500)
    blocks = fitting([*top, *shown, *bottom, *file], last=buttons)
    return Message(_fallback(name, state, reply), blocks)


def _fallback(name: str, state: str, reply: Card) -> str:
    """What a notification and a screen reader say: state, what is missing or not allowed, cost."""
    errors = sum(finding.severity is Severity.ERROR for finding in reply.composed.findings)
    against = [f"{errors} thing{'s are' if errors > 1 else ' is'} not allowed."] if errors else []
    parts = [f"{name}: {state}", *_missing(reply), *against, *_amount(reply.composed.cost)]
    return clip(escaped(" ".join(parts)), 600)


def _missing(reply: Card) -> list[str]:
    """``Still needed: purpose, end date.``"""
    if reply.draft.state is not Stage.COLLECTING:
        return []
    paths = list(dict.fromkeys((*reply.composed.missing, *reply.draft.unclear)))
    if not paths:
        return []
    names = [_label(*_split(path)) for path in paths[:_MISSING]]
    more = f" and {len(paths) - _MISSING} more" if len(paths) > _MISSING else ""
    return [f"Still needed: {', '.join(names)}{more}."]


def _label(group: str, name: str) -> str:
    """``catalog (schema raw)``."""
    label = re.sub(r"[^A-Za-z0-9 ]", " ", name).strip()
    return f"{label} ({group})" if group else label


def _changed(draft: Draft) -> list[Block]:
    """What the last turn changed that had been said differently before."""
    last = [patch for patch in draft.log if patch.turn == draft.turn and patch.before is not None]
    if draft.state not in (Stage.COLLECTING, Stage.REVIEWING):
        return []
    lines = [
        f"{_label(*_split(patch.path))} {_short(patch.before)} → {_short(patch.after)}"
        for patch in last
        if patch.path != "resources" and patch.before != patch.after
    ]
    return [context(clip(f"Changed last: {'; '.join(lines)}", 600))] if lines else []


def _short(value: Value | None) -> str:
    return clip(" ".join(said_as(value.value).split()), 80) if value is not None else "not said"


def _said(composed: Composed, path: str) -> str:
    value = composed.values.get(path)
    return said_as(value.value) if value and value.value else ""


# --- values -----------------------------------------------------------------------------------------


def _values(composed: Composed) -> Iterator[str]:
    """Paragraphs of ``mrkdwn``: the envelope, then each resource.

    What was said has a line each; the rest is gathered by where it comes from, so that the marks stand once.
    """
    groups: dict[str, list[tuple[str, Value]]] = {}
    for path, value in composed.values.items():
        if not _HIDDEN.match(path) and value.value not in (None, "", [], (), {}):
            group, name = _split(path)
            groups.setdefault(group, []).append((name, value))
    for group, entries in groups.items():
        lines = [f"*{escaped(group.replace('_', ' '))}*"] if group else []
        lines += [_entry(f"{name}:", value) for name, value in entries if value.source == "said"]
        for source, mark in NOT_SAID.items():
            found = [_entry(name, value) for name, value in entries if value.source == source]
            lines += [f"_{mark}_ · {line}" for line in _joined(found)]
        yield from _paragraphs(lines)


def _joined(entries: Sequence[str]) -> Iterator[str]:
    """Entries side by side, in lines that are not too long."""
    line = ""
    for entry in entries:
        if line and len(line) + len(entry) > _LINE:
            yield line
            line = ""
        line = f"{line} · {entry}" if line else entry
    if line:
        yield line


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    paragraph = ""
    for line in lines:
        if paragraph and len(paragraph) + len(line) > _PARAGRAPH:
            yield paragraph
            paragraph = ""
        paragraph = f"{paragraph}\n{line}" if paragraph else line
    if paragraph:
        yield paragraph


def _split(path: str) -> tuple[str, str]:
    if path.startswith("metadata."):
        return "", path.removeprefix("metadata.")
    found = re.fullmatch(r"resources\.([a-z_]+)(?:\[([A-Za-z0-9_-]+)\])?\.(.+)", path)
    return (" ".join(filter(None, (found[1], found[2]))), found[3]) if found else ("", path)


def _entry(name: str, value: Value) -> str:
    return f"{re.sub(r'[^A-Za-z0-9: ]', ' ', name)} {code(said_as(value.value), _VALUE)}"


def _legend(composed: Composed) -> list[Block]:
    """The marks explained, those that are there."""
    there = {value.source for path, value in composed.values.items() if not _HIDDEN.match(path)}
    words = [LEGEND[source] for source in NOT_SAID if source in there]
    return [context(f"{'; '.join(words).capitalize()}. Say another value to change it.")] if words else []


# --- what is said to it -----------------------------------------------------------------------------


def _findings(findings: Sequence[Finding]) -> tuple[list[Block], list[Block]]:
    """What stands in the way, for the top, and the rest; each says in words how bad it is."""
    ordered = sorted(findings, key=lambda finding: list(MARKS).index(finding.severity))
    shown = ordered[:_FINDINGS]
    told = [section(clip(f"{MARKS[finding.severity]} {finding.words}", 500)) for finding in shown]
    errors = sum(finding.severity is Severity.ERROR for finding in shown)
    more = [context(f"And {len(ordered) - _FINDINGS} more.")] if len(ordered) > _FINDINGS else []
    return told[:errors], [*told[errors:], *more]


def _amount(money: Money | None) -> list[str]:
    if money is None or (not money.low and not money.high):
        return []
    low, high = f"{money.low:,.0f}", f"{money.high:,.0f}"
    amount = low if low == high else f"{low} to {high}"
    return [f"About {amount} {money.currency} a month."]


def _cost(money: Money | None) -> list[Block]:
    told = _amount(money)
    brief = clip(" ".join(money.brief), 600) if money is not None and told else ""
    return [*map(section, told), *([context(brief)] if brief else [])]


def _approvals(rules: Sequence[ApprovalRule]) -> list[Block]:
    told = [f"• {_people(rule)} ({rule.why[:1].lower()}{rule.why[1:]})" for rule in rules[:_RULES]]
    return [context(clip("\n".join(["To be approved on GitHub by", *told]), 1200))] if told else []


def _people(rule: ApprovalRule) -> str:
    """``nadia-k``, or ``1 of irene-w, tomas-b``."""
    people = ", ".join(sorted(rule.approvers)[:8]) or "nobody there is, which the platform team has to solve"
    return people if len(rule.approvers) <= rule.count else f"{rule.count} of {people}"


# --- the file and the buttons -----------------------------------------------------------------------


def _file(reply: Card, room: int) -> list[Block]:
    """The exact bytes as far as they fit: what is confirmed is named by its digest, which is of all of
    them.
    """
    raw = reply.composed.raw
    # The file on the pull request may be of another's hand, with comments for example; it is shown there.
    other = reply.draft.state is Stage.SUBMITTED and reply.draft.confirmed_digest not in (None, reply.digest)
    if raw is None or other or room < _FILE_LEAST:
        return []
    text = raw.decode()
    lines, shown = text.splitlines(), text
    while lines and size([preformatted(shown)]) > room:
        lines = lines[: len(lines) * 3 // 4]
        shown = "\n".join(lines) + "\n… shortened; the pull request shows all of it"
    return [context(_named(reply.composed)), preformatted(shown)] if lines else []


def _named(composed: Composed) -> str:
    parts = [_said(composed, f"metadata.{key}") for key in ("environment", "team", "name")]
    path = clip(path_of(*parts), 300) if all(parts) else ""
    return f"The exact file, {path}:" if path else "The exact file:"


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
        if draft.undoable:
            elements.append(button(UNDO, "Undo", str(draft.undoable)))
        elements.append(button(WITHDRAW, "Withdraw", draft.id, "danger"))
    blocks: list[Block] = [{"type": "actions", "elements": elements}] if elements else []
    if draft.pull_url and draft.pull_number is not None:
        blocks.insert(0, marked(link(draft.pull_url, f"Pull request #{draft.pull_number}")))
    return blocks
