"""Labelled values: ``Purpose: …`` in running text, and forms pasted line by line.

What stands behind a label is a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.draft import FieldUpdate
from bot.rules.answers import reader_of
from bot.rules.context import Context
from bot.text import NEGATED, Message, level

MORE_LABELS: Mapping[str, tuple[str, ...]] = {
    "metadata.name": ("title", "project", "project name", "project id", "name", "projekt", "projektname"),
    "metadata.purpose": ("what for", "use case", "goal", "zweck", "why", "about"),
    "metadata.business_owner": (
        "owner",
        "owner (business)",
        "business",
        "product owner",
        "data owner",
        "fachlich verantwortlich",
        "fachlicher owner",
    ),
    "metadata.technical_owner": (
        "owner (technical)",
        "technical",
        "tech owner",
        "technical contact",
        "tech lead",
        "technisch verantwortlich",
    ),
    "metadata.environment": ("env", "stage", "umgebung"),
    "metadata.data_classification": (
        "classification",
        "class",
        "data class",
        "data",
        "datenklassifizierung",
        "klassifizierung",
    ),
    "metadata.expires": (
        "end date",
        "expires",
        "expiry",
        "expiry date",
        "until",
        "needed until",
        "lifetime",
        "duration",
        "enddatum",
        "laufzeit",
    ),
    "metadata.cost_center": ("cost centre", "cost center", "kostenstelle"),
    "metadata.team": ("requesting team", "for team"),
    "metadata.members": ("members", "people", "access for", "mitglieder"),
}
MORE_NAMES: Mapping[str, tuple[str, ...]] = {
    "libraries": ("libs", "packages", "libraries", "bibliotheken", "python libraries"),
    "auto_stop_minutes": ("auto stop", "autostop", "auto termination", "idle timeout"),
    "max_workers": ("max workers", "maximum workers"),
    "min_workers": ("min workers", "minimum workers"),
    "gpu": ("gpu", "gpus"),
    "template": ("template", "project template"),
}
_LINES = frozenset({"list", "people", "choices", "grants", "access"})
_LONG = frozenset({"purpose", "comment"})
_EMPTY = re.compile(r"^\W*(?:n/?a|none|tbd|tbc|\?+|-+|keine?|unknown|later)?\W*$", re.I)


@dataclass(frozen=True, slots=True)
class _Labelled:
    path: str
    value: str
    start: int
    value_start: int
    end: int


def read_labels(message: Message, context: Context) -> tuple[list[FieldUpdate], Message]:
    """Updates from labelled values, and the message without them, so that nothing in a value sets another
    field.
    """
    updates: list[FieldUpdate] = []
    rest = message
    for found in _labelled(message, context):
        if not rest.text[found.start : found.value_start].strip():
            continue
        field = context.catalogue[found.path]
        if field.type == "people" and re.search(r"\bowner\b", found.value, re.I):
            continue  # people with their roles, to be read as a sentence
        target = context.target(found.path, found.start)
        if _EMPTY.match(found.value):
            rest = rest.without((found.start, found.end))
            continue
        reader = reader_of(field)
        reading = reader(found.value, found.path, context) if reader else None
        if reading is None and field.type not in ("choice", "date", "integer"):
            continue
        rest = rest.without((found.start, found.end))
        if reading is None:
            updates.append(FieldUpdate(target, "set", found.value.strip(" .*_`"), found.value.strip()))
        elif found.path == "metadata.expires" and reading.value == "":
            updates.append(FieldUpdate(target, "unset", None, reading.quote))
        elif isinstance(reading.value, list):
            updates.append(
                FieldUpdate(target, "add" if reading.value else "set", reading.value, reading.quote)
            )
        else:
            updates.append(FieldUpdate(target, "set", reading.value, reading.quote, reading.note))
    return updates, rest


def _words(context: Context) -> dict[str, str]:
    """Every label, levelled, with its path; the envelope's come first, then the first kind that has the
    field.
    """
    words: dict[str, str] = {}
    for path, field in context.catalogue.items():
        if path == "resources":
            continue
        own = (field.ask.label, field.name, *(field.ask.aliases if field.kind is None else ()))
        more = (*MORE_LABELS.get(path, ()), *(MORE_NAMES.get(field.name, ()) if field.kind else ()))
        for word in (*own, *more):
            words.setdefault(level(word.replace("_", " ").replace("-", " ")), path)
    return {word: path for word, path in words.items() if word not in context.aliases}


_DASHED = re.compile(r"^(?P<label>[ •◦▪*_-]*[^\W\d_][\w ()/]{1,30}?) (?P<dash>-)(?= |$)", re.M)


_ROW = re.compile(r"^[ \t]*\|(?P<cells>.+)\|[ \t]*$", re.M)


def _from_table(text: str) -> str:
    """A table of one header and one row as lines ``Header: value``."""
    rows = [[cell.strip() for cell in match["cells"].split("|")] for match in _ROW.finditer(text)]
    rows = [row for row in rows if any(cell.strip("-: ") for cell in row)]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return text
    lines = "\n".join(f"{head}: {value}" for head, value in zip(*rows, strict=True) if head and value)
    first, *_, last = _ROW.finditer(text)
    return f"{text[: first.start()]}{lines}{text[last.end() :]}"


def with_colons(text: str) -> str:
    """Lines ``Label - value`` of a form as ``Label : value``, and a table of one row likewise.

    One such line alone is a sentence.
    """
    text = _from_table(text)
    lines = list(_DASHED.finditer(text))
    if len(lines) < 3:
        return text
    for match in lines:
        text = text[: match.start("dash")] + ":" + text[match.end("dash") :]
    return text


def _labelled(message: Message, context: Context) -> Iterator[_Labelled]:
    words = _words(context)
    known = "|".join(
        re.escape(word).replace("\\ ", "[ _-]?") for word in sorted(words, key=len, reverse=True)
    )
    squeezed = {word.replace(" ", ""): path for word, path in words.items()}
    pattern = re.compile(
        rf"(?:^|(?<=[\n(,;])|(?<=\s)(?=[\w-]+=\S)|(?<=/ )|(?<=[.!?] )|(?<=\band )"
        rf"|(?<=, ))[ •◦▪*_-]*(?P<label>{known})"
        r"\s*(?:\([^)\n]{0,40}\))?[*_ ]*[:=][*_ ]*",
        re.I | re.M,
    )
    flat = level(message.text)
    labels = list(pattern.finditer(flat))
    lines = {
        message.text.count("\n", 0, match.start("label"))
        for match in labels
        if _starts_line(message.text, match)
    }
    for match in labels:
        if NEGATED.search(message.text[max(0, match.start("label") - 20) : match.start("label")]):
            continue
        path = squeezed[re.sub(r"[ _-]", "", match["label"])]
        kind = context.catalogue[path].type
        form = _starts_line(message.text, match) and len(lines) > 1
        end = _value_end(
            message.text,
            match.end(),
            "text" if path.rpartition(".")[2] in _LONG else "word" if kind == "text" else kind,
            form,
        )
        yield _Labelled(path, message.text[match.end() : end], match.start("label"), match.end(), end)


def _starts_line(text: str, match: re.Match[str]) -> bool:
    line = text[text.rfind("\n", 0, match.start("label")) + 1 : match.start("label")]
    return not line.strip(" •◦▪*_-")


def _value_end(text: str, start: int, kind: str, form: bool) -> int:
    """Where a value ends: at its closing quote, at the end of its line in a form, else of its sentence or
    clause.
    """
    line = text.find("\n", start)
    line = len(text) if line < 0 else line
    if text[start - 1] == "=" and (following := re.search(r"[\s,;]+[\w-]+=\S", text[start:line])):
        line = start + following.start()
    opening = re.match(r"\s*\"", text[start:])
    if kind == "text" and opening:
        closing = re.search(
            r'"(?=\s*(?:\n|$)|[.,;]?\s*\n|[.,]?$)', text[start + opening.end() :]
        ) or re.search(r'"', text[start + opening.end() :])
        return start + opening.end() + closing.end() if closing else len(text)
    if form and (kind == "text" or kind in _LINES or kind == "date"):
        return line
    stop = (
        r"[.!?](?=\s|$)|;| / " if kind in ("text", "date") or kind in _LINES else r"[.!?](?=\s|$)|[,;)]| / "
    )
    found = re.search(stop, text[start:line])
    return start + found.start() if found else line
