"""Words that mean another thing of what stands: "extend it by three months", "another schema"; pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.draft import Draft, FieldUpdate
from bot.text import plain
from gitops.plan import JSON

EXPIRES = "metadata.expires"
_LONGER = re.compile(
    r"\b(?:extend|prolong|renew|push(?: it| that)? (?:out|back)|(?:for|by) another|longer|verlänger\w*)\b",
    re.I,
)
_UNTIL = re.compile(r"\b(?:until|till|til|to (?:the|\d)|bis)\b", re.I)
_SPAN = re.compile(r"\b(?:days?|weeks?|months?|quarters?|years?|tage?n?|wochen?|monate?n?|jahre?n?)\b", re.I)
_ANOTHER = r"\b(?:another|second|further|additional|extra|one more|noch ein\w*|weitere\w*)"
_FURTHER = re.compile(rf"{_ANOTHER}\b|\b(?:third|a new)\b", re.I)
_NAME = re.compile(r"resources\.([a-z_]+)\.name")


def adjusted(updates: Sequence[FieldUpdate], draft: Draft, text: str) -> Sequence[FieldUpdate]:
    """The updates as they are meant where a merged request is changed; elsewhere as they are."""
    return updates if draft.merged is None else _further(updates, draft, text)


def extended(draft: Draft, path: str, value: JSON, today: date) -> JSON:
    """The value that a person's last message means: what they extend by counts from the end that stands."""
    stands = draft.said.get(EXPIRES)
    if path != EXPIRES or draft.merged is None or stands is None or not draft.heard:
        return value
    text = plain(draft.heard[-1])
    if not _LONGER.search(text) or not _SPAN.search(text) or _UNTIL.search(text):
        return value
    end, read = _day(stands.value), _day(value)
    if end is None or read is None or read <= today:
        return value
    return _later(end, today, read).isoformat()


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _later(end: date, today: date, read: date) -> date:
    """``end`` moved by what lies between today and the day that was read: whole months where it is months."""
    months = (read.year - today.year) * 12 + read.month - today.month
    if months == 0 or read.day != min(today.day, calendar.monthrange(read.year, read.month)[1]):
        return end + (read - today)
    year, month = divmod(end.year * 12 + end.month - 1 + months, 12)
    return date(year, month + 1, min(end.day, calendar.monthrange(year, month + 1)[1]))


def _further(updates: Sequence[FieldUpdate], draft: Draft, text: str) -> Sequence[FieldUpdate]:
    """With "another schema called churn_raw" a further one is meant, and no other name for what stands."""
    listed = draft.said.get("resources")
    known = [str(key) for key in listed.value] if listed and listed.value else []
    found = list(updates)
    for kind in [key for key in known if "[" not in key]:
        label = _label_of_further(kind, updates, draft, text)
        key = f"{kind}[{label}]"
        if not label or key in known:
            continue
        start, quote = f"resources.{kind}.", ""
        moved = []
        for one in found:
            if one.path.startswith(start):
                one = replace(one, path=one.path.replace(start, f"resources.{key}.", 1))
                quote = quote or one.quote
            if one.path == "resources" and isinstance(one.value, list | tuple) and kind in one.value:
                quote = one.quote
                one = replace(one, value=[entry for entry in one.value if entry != kind])
            moved.append(one)
        found = [FieldUpdate("resources", "add", [key], quote), *(one for one in moved if one.value != [])]
    return found


def _label_of_further(kind: str, updates: Sequence[FieldUpdate], draft: Draft, text: str) -> str:
    """What tells a further resource of a kind from the one that stands; empty where none is meant."""
    named = next((one for one in updates if one.path == f"resources.{kind}.name" and one.op == "set"), None)
    stands = draft.said.get(f"resources.{kind}.name")
    if named is not None and isinstance(named.value, str) and _FURTHER.search(text):
        other = stands is None or named.value != stands.value
        return re.sub(r"[^a-z0-9_-]+", "-", named.value.casefold()).strip("-_")[:90] if other else ""
    for one in updates:
        asked = one.path == "resources" and one.op == "add" and one.value == [kind]
        if asked and named is None and _right_before(one.quote, text):
            return "2"
    return ""


def _right_before(noun: str, text: str) -> bool:
    """Whether "another" or its like stands before this noun, at most one word away."""
    near = rf"{_ANOTHER}(?:\W+\w+)?\W+{re.escape(noun)}\b"
    return bool(noun) and bool(re.search(near, text, re.I))
