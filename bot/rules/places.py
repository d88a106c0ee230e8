"""Readers for the environment and for the classification of the data."""

from __future__ import annotations

import re

from bot.draft import FieldUpdate
from bot.moods import PAST
from bot.rules.context import Context, Word
from bot.rules.reading import settled
from bot.text import CORRECTION, Message, clause_at

_ELSEWHERE = re.compile(
    r"\b(?:done|already|finished|later|second|next(?! (?:week|month|quarter|year|day|sprint))|follows?"
    r"|afterwards|existing|runs? in|which runs"
    r"|lives? in|comes? from|"
    r"came from|copied|läuft)\b",
    re.I,
)
_OF_ENVIRONMENT = re.compile(r"\s+(?:env\w*|umgebung|workspace)\b", re.I)
_OF_THINGS = re.compile(
    r"^\s*(?:data|tables?|database|source|account|cluster we|team|manager|ready|version of|users?|server"
    r"|part (?:is|was))\b",
    re.I,
)


def read_environment(message: Message, context: Context) -> list[FieldUpdate]:
    """The environment; two in one message contradict each other and are asked about."""
    path, found, parts = "metadata.environment", [], []
    for sentence in message.sentences:
        if sentence.question or sentence.background:
            continue
        for word in context.words_in(sentence.text, path):
            before, after = sentence.text[: word.start], sentence.text[word.end :]
            clause = clause_at(sentence.text, word.start)
            long_form = len(word.text) > 7 or word.text.lower() in ("live", "stage", "sandbox")
            if (
                word.negated
                or _OF_THINGS.match(after)
                or (word.text.lower() == "live" and not _GOES.search(before))
            ):
                continue
            alone = clause.strip(" .!*_") == word.text or _OF_ENVIRONMENT.match(after)
            if (
                long_form
                and not alone
                and not re.search(
                    r"^\W*$|\b(?:in|on|to|for|go(?:es)?|into|der|die|in der)\s+(?:the )?$|[:=(]\s*\W*$",
                    before,
                    re.I,
                )
            ):
                continue
            found.append((word, bool(_ELSEWHERE.search(clause))))
            parts.append(sentence.text)
    here = [word for word, elsewhere in found if not elsewhere] or []
    named = {word.value for word, _ in found}
    if not here:
        return []
    values = {word.value for word in here}
    contradicting = len(values) > 1
    if contradicting:
        last = settled(here, parts[0]) if len(set(parts)) == 1 else None
        if last is None:
            return [
                FieldUpdate(
                    path,
                    "set",
                    None,
                    here[0].text,
                    f"I read {' and '.join(sorted(named))} in what you wrote.",
                )
            ]
        return [FieldUpdate(path, "set", last.value, last.text)]
    return [FieldUpdate(path, "set", here[0].value, here[0].text)]


_GOES = re.compile(r"\b(?:go(?:es|ing)?|in|environment|env)\b[\s:=]*$", re.I)
_ABOUT_DATA = re.compile(
    r"\b(?:data|daten|classif\w*|klassifi\w*|sensitivity|information|confidentiality|treat\w*|mark(?:ed)?"
    r"|consider(?:ed)?|handled?)\b",
    re.I,
)


_OF_DATA = re.compile(r"\s+(?:[\w-]+\s+){0,2}?(?:data|daten|information)\b", re.I)


def read_classification(message: Message, context: Context) -> list[FieldUpdate]:
    """The classification of the data: only where the words are about data, or stand alone."""
    path, found = "metadata.data_classification", []
    if path not in context.catalogue:
        return []
    for sentence in message.sentences:
        if sentence.question:
            continue
        for word in context.words_in(sentence.text, path):
            clause = clause_at(sentence.text, word.start)
            clause = next(part for part in clause.split(":")[::-1] if word.text in part)
            if PAST.search(clause):
                continue
            alone = re.fullmatch(
                r"\W*(?:(?:\w+ (?:says?|said|confirmed|thinks?|told (?:me|us))(?: that)?|it'?s|it is|so|and"
                r"|also|is|all|strictly|es ist)\s+)*\W*",
                clause.replace(word.text, "", 1),
            )
            near = _ABOUT_DATA.search(clause) and not context.alias_pattern.search(clause)
            of_data = _OF_DATA.match(sentence.text[word.end :])
            corrected = (
                path in context.draft.said
                and CORRECTION.search(sentence.text)
                and len(sentence.text.split()) <= 7
            )
            if (
                word.negated
                or not (alone or near or of_data or corrected)
                or _of_a_repo(sentence.text, word, context)
            ):
                continue
            found.append(word)
    values = {word.value for word in found}
    if len(values) > 1:
        last = settled(found, message.text)
        if last is None:
            return [FieldUpdate(path, "set", None, found[0].text, f"I read {' and '.join(sorted(values))}.")]
        return [FieldUpdate(path, "set", last.value, last.text)]
    return [FieldUpdate(path, "set", found[0].value, found[0].text)] if found else []


def _of_a_repo(text: str, word: Word, context: Context) -> bool:
    """``repo (internal is fine)``: right behind a kind and in brackets, the word is about that."""
    before = text[: word.start]
    return bool(re.search(r"\($", before) and context.alias_pattern.search(before[-24:]))
