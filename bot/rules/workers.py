"""Readers for how many workers there may be, and after how long without work they stop."""

from __future__ import annotations

import re

from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.durations import durations_in
from bot.rules.reading import live
from bot.text import NUMBER, Message, number

_WORKERS = r"(?:workers?|nodes?|machines|executors?|worker[- ]nodes?)"
_UNITS = r"(?:workers?|nodes?|machines|executors?|worker[- ]nodes?|clusters)"
"""A SQL warehouse grows by clusters; only where a bound is named."""
_RANGE = re.compile(
    rf"(?:\b(?:between|zwischen)\s+)?(?P<low>{NUMBER})\s*(?:-|up to|to|and|bis|und"
    rf"|\.\.)\s*(?P<high>{NUMBER})\s+{_WORKERS}\b"
    rf"|\b{_WORKERS}\W+(?:from |between |von |zwischen )?(?P<low2>{NUMBER})\s*(?:-|to|and|bis|und"
    rf"|\.\.)\s*(?P<high2>{NUMBER})",
    re.I,
)
_AT_MOST = re.compile(
    rf"\b(?:max(?:imum|imal)?\.?(?: of)?|at most|up to|no more than|not more than|never more than|höchstens"
    rf"|bis zu"
    rf"|limit(?:ed)? (?:it )?(?:to|at)|cap(?:ped)? (?:it )?at)"
    rf"\s+(?P<a>{NUMBER})(?:\s+{_UNITS}\b|(?=\s*(?:$|[.,;!)]|(?:please|pls|of|then|though|and|but|or|in"
    rf"|now|actually|instead)\b)))"
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
_EXACT = re.compile(
    rf"\b(?P<a>{NUMBER}|single|one)\s+{_WORKERS}\b|^\W*{_WORKERS}\s*[:=]\s*(?P<b>{NUMBER})"
    rf"|[,;]\s*{_WORKERS}\s*[:=]\s*(?P<c>{NUMBER})",
    re.I,
)
_BARE_MOST = re.compile(
    rf"(?P<a>{NUMBER})\s+(?:at most|max(?:imum)?|tops)\b|\b(?:max(?:imum)?\.?|at most|up to|no more than"
    rf"|not more than)\s+(?P<b>{NUMBER})",
    re.I,
)


def read_workers(message: Message, context: Context) -> list[FieldUpdate]:
    """How many workers: a range, a bound, or a plain number, which is the most there may be."""
    updates = []
    for path in context.fields_named("max_workers"):
        low_path = path.replace("max_workers", "min_workers")
        for sentence in live(message):
            if re.search(r"\bmachines\b", sentence.text, re.I) and not context.wants(
                context.catalogue[path].kind or ""
            ):
                continue
            low, high = _range_of(sentence.text, asked=context.asked in (low_path, path))
            for bound, where in ((low, low_path), (high, path)):
                if bound and where in context.catalogue and (value := number(bound[0])) is not None:
                    target = context.target(where, sentence.start + bound[1])
                    updates.append(FieldUpdate(target, "set", value, sentence.text[bound[1] : bound[2]]))
    return updates


Found = tuple[str, int, int]


def _range_of(text: str, *, asked: bool) -> tuple[Found | None, Found | None]:
    """(least, most): the number and the span of the phrase it stands in.

    ``asked``: the question was how many, so the numbers need no word for workers beside them.
    """
    if match := _FIXED.search(text):
        count = match["n"] or match["n2"]
        return (count, *match.span()), (count, *match.span())
    text = _RULED_OUT.sub(lambda match: " " * len(match[0]), text)
    if (match := _CHANGE.search(text)) and re.search(rf"\b{_WORKERS}\b", text, re.I):
        span = match.span()
        return (match["to"], *span) if re.search(r"\bmin", text, re.I) else None, (
            None if re.search(r"\bmin", text, re.I) else (match["to"], *span)
        )
    if match := _RANGE.search(text) or _SCALE.search(text) or (_BARE_RANGE.search(text) if asked else None):
        got = match.groupdict()
        span = match.span()
        return (got["low"] or got["low2"], *span), (got["high"] or got["high2"], *span)
    named = asked or bool(re.search(rf"\b{_WORKERS}\b", text, re.I))
    low = _bound(_AT_LEAST, text) or (_bound(_BARE_LEAST, text) if named else None)
    high = _bound(_AT_MOST, text) or (_bound(_BARE_MOST, text) if asked or (named and low) else None)
    if high is None and low is None:
        high = _bound(_EXACT, text) or (_bound(_RATHER, text) if named else None)
    return low, high


_FIXED = re.compile(
    rf"\b(?:exactly|always|constantly|a fixed|fixed|genau|immer) (?P<n>{NUMBER})\s+{_WORKERS}\b"
    rf"|\b(?P<n2>{NUMBER})(?=\s+{_WORKERS},? always\b)",
    re.I,
)
_RULED_OUT = re.compile(rf"\b(?:instead of|rather than|not)\s+(?:the )?{NUMBER}(?!\s*(?:to|-|or)\s*\d)", re.I)
_CHANGE = re.compile(
    rf"\b(?:change|increase|decrease|raise|reduce|lower|bump|scale|go|move|set"
    rf"|cut)\b[^.;]*?\bfrom {NUMBER} to (?P<to>{NUMBER})",
    re.I,
)
_SCALE = re.compile(
    rf"\b(?:auto)?-?scal\w+\s+(?:up\s+)?(?:from |between )?(?P<low>{NUMBER})\s*(?:to|and"
    rf"|-)\s*(?P<high>{NUMBER})(?P<low2>)(?P<high2>)",
    re.I,
)
_BARE_RANGE = re.compile(
    rf"(?:\b(?:between|zwischen)\s+)?(?P<low>{NUMBER})\s*(?:\b(?:to|and|bis|und)\b|(?<=\d)-|(?<=\s)-"
    rf"|\.\.)\s*(?P<high>{NUMBER})(?P<low2>)(?P<high2>)(?!\s*\w+ly\b)",
    re.I,
)
_RATHER = re.compile(
    rf"\b(?:have|take|use|want|make (?:it|that|them)|rather|be)\s+(?P<a>{NUMBER})(?=\s*(?:$|[.,;!)]|please"
    rf"|pls|instead|then))",
    re.I,
)
_BARE_LEAST = re.compile(
    rf"\b(?:min(?:imum|imal|destens)?\.?(?: of)?|at least|no (?:less"
    rf"|fewer) than)\s+(?P<a>{NUMBER})(?=\s*(?:$|[.,;!)]|(?:and|und|but)\b))",
    re.I,
)


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
            spans = durations_in(sentence.text)
            minutes, quote = (spans[-1].minutes, spans[-1].text) if spans else (None, "")
            bare = re.match(
                rf"\W*(?:after|:|=|is|at|of|to)?\W*(?P<n>{NUMBER})\s*(?:$|[.,;)])",
                sentence.text[cue.end() :],
                re.I,
            )
            if minutes is None and bare:
                minutes, quote = number(bare["n"]), bare["n"]
            if minutes is not None:
                target = context.target(path, sentence.start + cue.start())
                updates.append(FieldUpdate(target, "set", minutes, quote))
    return updates[-1:]
