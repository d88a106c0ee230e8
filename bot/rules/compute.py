"""Readers for what computes: size, workload, GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.draft import FieldUpdate
from bot.rules.context import Context, Word
from bot.rules.reading import live, settled
from bot.text import CORRECTION, NEGATED, Message, Sentence, clause_at

_THING = r"(?:one|compute|cluster|warehouse|sql|job|node|machine|it|size|instance|vm|worker|maschine)"


def read_size(message: Message, context: Context) -> list[FieldUpdate]:
    """A size right before what computes ("small ml cluster"), behind "size", or in a clause of its own."""
    updates: dict[str, FieldUpdate] = {}
    for path in context.fields_named("size"):
        for sentence in live(message):
            by_target: dict[str, list[Word]] = {}
            for word, at in _sizes(sentence, context, path):
                by_target.setdefault(context.target(path, sentence.start + at), []).append(word)
            for target, words in by_target.items():
                meant = settled(words, sentence.text)
                if meant:
                    updates[target] = FieldUpdate(target, "set", meant.value, meant.text)
                elif any(not word.negated for word in words):
                    updates[target] = FieldUpdate(
                        target, "set", None, sentence.text, "That names more than one size."
                    )
    return [*updates.values()]


def _sizes(sentence: Sentence, context: Context, path: str) -> Iterator[tuple[Word, int]]:
    """Words that name a size of what computes, with where the thing stands that they are said of."""
    for word in context.words_in(sentence.text, path):
        before, after = sentence.text[: word.start], sentence.text[word.end :]
        clause = _part_of(sentence.text, word)
        beside = re.match(
            rf"[\s-]*(?:(?:gpu|ml|etl|dev|sql|databricks|spark|analytics|prod|staging|shared|job|interactive"
            rf"|-)[\s-]*){{0,3}}{_THING}s?\b",
            after,
            re.I,
        )
        labelled = re.search(r"\b(?:size|größe)\b[^,;.]*$", before, re.I) or re.match(
            r"[\s-]+size", after, re.I
        )
        alone = re.fullmatch(
            r"\W*(?:(?:and|rather|only|just|a|an|the|it|its|size|then|instead|please|pls|is|would|be|should"
            r"|ok|okay|so"
            r"|fine|enough|one|let's|lets|i'd|say|go|with|for|take|make|keep|maybe|probably|to|from|back|do"
            r"|rather|this|that|by the way|btw|time|again|will|does|works|suffices)\W+)*",
            _cut(clause, word.text),
            re.I,
        )
        made = re.search(
            rf"\b(?:make|set|put|change|keep|take|want|need)\b[^.]*\b{_THING}\b[^.,]*$", before, re.I
        )
        if re.search(r"\b(?:scratch|forget|drop|not) (?:the |that )?$", before, re.I):
            continue
        corrected = bool(CORRECTION.search(sentence.text)) and len(sentence.text.split()) <= 7
        if beside or labelled or alone or made or corrected:
            yield word, word.end + beside.end() if beside else word.start


def _part_of(text: str, word: Word) -> str:
    """The clause of a word, from the last colon on, without what is ruled out: "large instead of small"."""
    clause = clause_at(text, word.start)
    part = next(part for part in clause.split(":")[::-1] if word.text in part)
    return re.sub(
        rf"\b(?:instead of|rather than|not)\b(?: an?| the)? (?!{re.escape(word.text)}\b)\w+",
        " ",
        part,
        flags=re.I,
    )


def _cut(clause: str, word: str) -> str:
    return clause.replace(word, "", 1).strip() + " "


def read_workload(message: Message, context: Context) -> list[FieldUpdate]:
    """A workload right before what computes, behind "workload", or in a clause of its own."""
    updates = []
    for path in context.fields_named("workload"):
        for sentence in live(message):
            for word in context.words_in(sentence.text, path):
                before, after = sentence.text[: word.start], sentence.text[word.end :]
                clause = clause_at(sentence.text, word.start)
                beside = re.match(
                    rf"[\s-]*(?:(?:gpu|sql|databricks|workload|small|medium|large"
                    rf"|xl)[\s-]*){{0,2}}{_THING}s?\b",
                    after,
                    re.I,
                )
                labelled = re.search(r"\bworkload\W*(?:is|of|type|=|:)?\W*$", before, re.I) or re.match(
                    r"\s+workload", after, re.I
                )
                alone = _cut(clause, word.text).strip(" .!") == ""
                purpose = (
                    context.alias_pattern.search(clause)
                    and re.search(r"\bfor (?:our |the |some |my )?$", before, re.I)
                    and re.match(
                        r"\s*(?:$|[.,;!)]|work\w*|jobs?|stuff|purposes|use\b|and\b|with\b|please|pls|in\b)",
                        after,
                        re.I,
                    )
                )
                if not word.negated and (beside or labelled or alone or purpose):
                    updates.append(
                        FieldUpdate(
                            context.target(path, sentence.start + word.start), "set", word.value, word.text
                        )
                    )
    return updates[-1:]


_GPU = re.compile(r"\bgpus?\b", re.I)


def read_gpu(message: Message, context: Context) -> list[FieldUpdate]:
    """With or without: "GPU cluster", "no gpu", "GPU: no"."""
    updates = []
    for path in context.fields_named("gpu"):
        for sentence in live(message):
            for match in _GPU.finditer(sentence.text):
                before, after = sentence.text[: match.start()], sentence.text[match.end() :]
                out = NEGATED.search(before) or re.match(
                    r"\s*(?::|=|is|are)?\s*(?:no\b|none|nein|not\b|false|isn't|aren't)", after, re.I
                )
                negation = NEGATED.search(before)
                quote = sentence.text[negation.start() if negation else match.start() : match.end()]
                updates.append(
                    FieldUpdate(
                        context.target(path, sentence.start + match.start()),
                        "set",
                        not out,
                        quote.strip(" ,."),
                    )
                )
    return updates[-1:]
