"""Readers for what computes: size, workload, GPU, workers, idle time, libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.libraries import libraries_in
from bot.text import CORRECTION, NEGATED, NUMBER, Message, Sentence, clauses, number

_THING = r"(?:one|compute|cluster|warehouse|sql|job|node|machine|it|size|instance|vm|worker|maschine)"


def live(message: Message) -> Iterator[Sentence]:
    """The sentences that ask for something: no questions, no tales of the past, nothing about what exists."""
    for sentence in message.sentences:
        if not sentence.question and not sentence.background:
            yield sentence


def read_size(message: Message, context: Context) -> list[FieldUpdate]:
    """A size right before what computes ("small ml cluster"), behind "size", or in a clause of its own."""
    return [update for path in context.fields_named("size") for update in _sized(message, context, path)][
        -1:
    ] or []


def _sized(message: Message, context: Context, path: str) -> Iterator[FieldUpdate]:
    for sentence in live(message):
        for word in context.words_in(sentence.text, path):
            before, after = sentence.text[: word.start], sentence.text[word.end :]
            clause = [part for at, part in clauses(sentence.text) if at <= word.start][-1]
            beside = re.match(
                rf"[\s-]*(?:(?:gpu|ml|etl|dev|sql|databricks|spark|analytics|prod|staging"
                rf"|-)[\s-]*){{0,3}}{_THING}s?\b",
                after,
                re.I,
            )
            labelled = re.search(r"\b(?:size|größe)\W*(?:\w+\s+){0,2}$", before, re.I)
            alone = re.fullmatch(
                r"\W*(?:(?:and|rather|only|just|a|the|it|size|then|instead|please|pls|is|would|be|should"
                r"|fine|ok|okay|enough)\W+)*",
                _cut(clause, word.text),
            )
            made = re.search(
                rf"\b(?:make|set|put|change|keep|take|want|need)\b[^.]*\b{_THING}\b[^.,]*$", before, re.I
            )
            if word.negated or re.search(r"\b(?:scratch|forget|drop|not) (?:the |that )?$", before, re.I):
                continue
            corrected = bool(CORRECTION.search(sentence.text)) and len(sentence.text.split()) <= 7
            if beside or labelled or alone or made or corrected:
                yield FieldUpdate(
                    context.target(path, sentence.start + word.start), "set", word.value, word.text
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
                clause = [part for at, part in clauses(sentence.text) if at <= word.start][-1]
                beside = re.match(
                    rf"[\s-]*(?:(?:gpu|sql|databricks|workload|small|medium|large"
                    rf"|xl)[\s-]*){{0,2}}{_THING}s?\b",
                    after,
                    re.I,
                )
                labelled = re.search(r"\bworkload\W*(?:is|of|type|=|:)?\W*$", before, re.I) or re.match(
                    r"\s+workload", after, re.I
                )
                alone = _cut(clause, word.text).strip() == "" and len(sentence.text.split()) > 1
                if not word.negated and (beside or labelled or alone):
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
                    r"\s*(?::|=|is)?\s*(?:no\b|none|nein|not (?:needed|required)|false|isn't)", after, re.I
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


_WORKERS = r"(?:workers?|nodes?|machines|executors?|worker[- ]nodes?)"
_UNITS = r"(?:workers?|nodes?|machines|executors?|worker[- ]nodes?|clusters)"
"""A SQL warehouse grows by clusters; only where a bound is named."""
_RANGE = re.compile(
    rf"(?:\b(?:between|zwischen)\s+)?(?P<low>{NUMBER})\s*(?:-|to|and|bis|und"
    rf"|\.\.)\s*(?P<high>{NUMBER})\s+{_WORKERS}\b"
    rf"|\b{_WORKERS}\W+(?:from |between |von |zwischen )?(?P<low2>{NUMBER})\s*(?:-|to|and|bis|und"
    rf"|\.\.)\s*(?P<high2>{NUMBER})",
    re.I,
)
_AT_MOST = re.compile(
    rf"\b(?:max(?:imum|imal)?\.?(?: of)?|at most|up to|no more than|not more than|höchstens|bis zu"
    rf"|limit(?:ed)? (?:it )?(?:to|at)|cap(?:ped)? (?:it )?at)"
    rf"\s+(?P<a>{NUMBER})(?:\s+{_UNITS}\b|(?=\s*(?:$|[.,;!)]|please|pls)))"
    rf"|(?P<b>{NUMBER})\s+{_UNITS}\s+(?:at most|max(?:imum)?|tops|or (?:less|fewer))"
    rf"|\b(?:max(?:imum)?[ _]?{_WORKERS}|{_WORKERS} max(?:imum)?)\W*(?:is|to|=|:)?\W*(?P<c>{NUMBER})"
    rf"|\b(?:max(?:imum)?\.?|at most|up to)\s+(?P<d>{NUMBER})\s+{_WORKERS}",
    re.I,
)
_AT_LEAST = re.compile(
    rf"\b(?:min(?:imum|imal|destens)?\.?(?: of)?|at least|no (?:less|fewer) than"
    rf"|mindestens)\s+(?P<a>{NUMBER})"
    rf"(?=\s+{_WORKERS}|\s+(?:and|und|but)?\s*(?:at most|max|up to|höchstens))"
    rf"|\bmin(?:imum)?[ _]?{_WORKERS}\W*(?:is|to|=|:)?\W*(?P<b>{NUMBER})"
    rf"|(?P<c>{NUMBER})\s+{_WORKERS}\s+(?:at least|min(?:imum)?|or more)",
    re.I,
)
_EXACT = re.compile(rf"\b(?P<a>{NUMBER})\s+{_WORKERS}\b", re.I)


def read_workers(message: Message, context: Context) -> list[FieldUpdate]:
    """How many workers: a range, a bound, or a plain number, which is the most there may be."""
    updates = []
    for path in context.fields_named("max_workers"):
        low_path = path.replace("max_workers", "min_workers")
        for sentence in live(message):
            low, high = _range_of(sentence.text)
            for bound, where in ((low, low_path), (high, path)):
                if bound and where in context.catalogue and (value := number(bound[0])) is not None:
                    target = context.target(where, sentence.start + bound[1])
                    updates.append(FieldUpdate(target, "set", value, sentence.text[bound[1] : bound[2]]))
    return updates


Found = tuple[str, int, int]


def _range_of(text: str) -> tuple[Found | None, Found | None]:
    """(least, most): the number and the span of the phrase it stands in."""
    if match := _RANGE.search(text):
        got = match.groupdict()
        span = match.span()
        return (got["low"] or got["low2"], *span), (got["high"] or got["high2"], *span)
    low = _bound(_AT_LEAST, text)
    high = _bound(_AT_MOST, text)
    if high is None and low is None:
        high = _bound(_EXACT, text)
    return low, high


def _bound(pattern: re.Pattern[str], text: str) -> Found | None:
    match = pattern.search(text)
    if match is None:
        return None
    return (next(value for value in match.groupdict().values() if value), *match.span())


_STOP = re.compile(
    r"\b(?:auto[- ]?(?:stop|terminat\w*|off|shut\w*)|stop\w*|idle|switch\w* (?:itself |it |themselves )?off"
    r"|switch off|shut\w*(?: it| itself)?(?: down| off)?|"
    r"turn\w* (?:itself |it )?off|go(?:es)? to sleep|sleep|terminat\w*|suspend\w*|pause[sd]?|doing nothing"
    r"|inactiv\w*|abschalt\w*|ausschalt\w*|"
    r"leerlauf|anhalten|beenden)\b",
    re.I,
)
_DURATION = re.compile(
    rf"(?P<half>half an?|eine halbe|einer halben)\s+(?:hour|h|stunde)\b|(?P<quarter>quarter of an"
    rf"|a quarter of an|viertel)\s*(?:hour|stunde)\b"
    rf"|(?P<n>an?\b|{NUMBER})\s*-?(?P<unit>minutes?|mins?\b|min\.|minuten|hours?|hrs?\b|stunden?)"
    rf"|(?P<short>\d{{1,4}})(?P<sunit>m|min|mins|h)\b",
    re.I,
)


def read_auto_stop(message: Message, context: Context) -> list[FieldUpdate]:
    """After how many idle minutes it stops: "after ten minutes", "an hour of doing nothing", "auto stop:
    45".
    """
    updates = []
    for path in context.fields_named("auto_stop_minutes"):
        for sentence in live(message):
            cue = _STOP.search(sentence.text)
            if cue is None:
                continue
            match = _DURATION.search(sentence.text)
            minutes = _minutes(match) if match else None
            quote = match[0] if match else ""
            bare = re.match(
                rf"\W*(?:after|:|=|is|at)\W*(?P<n>{NUMBER})\s*(?:$|[.,;)])", sentence.text[cue.end() :], re.I
            )
            if minutes is None and bare:
                minutes, quote = number(bare["n"]), bare["n"]
            if minutes is not None:
                target = context.target(path, sentence.start + cue.start())
                updates.append(FieldUpdate(target, "set", minutes, quote))
    return updates[-1:]


def _minutes(match: re.Match[str]) -> int | None:
    got = match.groupdict()
    if got["half"]:
        return 30
    if got["quarter"]:
        return 15
    if got["short"]:
        return int(got["short"]) * (60 if got["sunit"].lower() == "h" else 1)
    count = 1 if got["n"].lower() in ("a", "an") else number(got["n"])
    return None if count is None else count * (60 if got["unit"].lower()[0] in "hs" else 1)


_LIBRARY_CUE = re.compile(
    r"\b(?:libs?|librar(?:y|ies)|packages?|install\w*|pip|dependenc\w+|bibliothek\w*|paket\w*|on (?:it|top)"
    r"|with)\b",
    re.I,
)
_ADD_OR_DROP = re.compile(
    r"\b(?:(?P<drop>drop|remove|without|no longer|take out|uninstall|forget|skip)|add|install|use|put|with"
    r"|need|want)\b",
    re.I,
)


def read_libraries(message: Message, context: Context) -> list[FieldUpdate]:
    """Libraries, pinned as said; "drop pickle5" takes one away."""
    updates = []
    for path in context.fields_named("libraries"):
        for sentence in live(message):
            cue = bool(_LIBRARY_CUE.search(sentence.text))
            marked = sentence.text.replace("`", " ")
            taken_out = re.search(
                r"\b(?:drop|remove|without|no longer|take out|uninstall|forget|skip)\b", sentence.text, re.I
            )
            for spec, quote, negated in libraries_in(marked, cue=cue):
                before = sentence.text[: max(0, marked.find(quote))]
                verbs = list(_ADD_OR_DROP.finditer(before))
                dropped = negated or bool(verbs and verbs[-1]["drop"])
                updates.append(
                    FieldUpdate(
                        context.target(path, sentence.start), "remove" if dropped else "add", [spec], quote
                    )
                )
            if taken_out:
                updates += _dropped(sentence, path, context)
    return updates


def _dropped(sentence: Sentence, path: str, context: Context) -> Iterator[FieldUpdate]:
    """Libraries of the draft named by their bare name in a sentence that drops something."""
    for said_path, said in context.draft.said.items():
        if said_path.endswith(".libraries") and isinstance(said.value, list):
            for spec in said.value:
                name = re.split(r"[=<>~\[]", str(spec))[0]
                found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w=-])", sentence.text, re.I)
                verbs = list(_ADD_OR_DROP.finditer(sentence.text[: found.start()])) if found else []
                if verbs and verbs[-1]["drop"]:
                    yield FieldUpdate(said_path, "remove", [spec], name)
