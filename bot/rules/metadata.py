"""Readers for the end date, the cost centre and the purpose."""

from __future__ import annotations

import re

from bot.dates import dates_in, vague_in
from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.text import Message

_UNTIL = re.compile(
    r"\b(?:until|untill|till|til|'til|bis|through|expir\w*|end(?:s|ing)?(?:[- ]date)?(?: (?:on|is))?"
    r"|enddatum|laufzeit|go away|be gone|"
    r"removed?|retire[sd]?|lifetime|duration|for (?:the )?(?:next|about|around|another)"
    r"|für(?: die nächsten)?|keep (?:it|this|that)|"
    r"needed (?:for|until)|need (?:it|this|them|that) (?:for|until)|only for|run it|delete[sd]?"
    r"|clean(?:ed)? up|läuft|live for|lasts?|has to last)\b",
    re.I,
)
_SPAN_FOR = re.compile(
    r"\bfor (?:the next |about |another |around )?$|\bfür (?:die nächsten )?$|\bin $|\b(?:until|till|til"
    r"|bis)\b.{0,20}$",
    re.I,
)
_NO_END = re.compile(
    r"\b(?:no (?:end|expiry|expiration)(?: date)?|open[- ]?end(?:ed)?|never expires?|(?:this"
    r"|it) (?:one )?stays|unbefristet|"
    r"kein enddatum|stays? (?:forever|for good)|indefinitely)\b",
    re.I,
)


def read_expiry(message: Message, context: Context) -> list[FieldUpdate]:
    """The end date, where the words say that something ends: "until …", "expire on …", "for three months"."""
    path = "metadata.expires"
    if path not in context.catalogue:
        return []
    updates: list[FieldUpdate] = []
    for sentence in message.sentences:
        if sentence.background or sentence.question:
            continue
        if stays := _NO_END.search(sentence.text):
            updates.append(FieldUpdate(path, "unset", None, stays[0]))
            continue
        cue = _UNTIL.search(sentence.text)
        if cue is None:
            continue
        days = [spoken for spoken in dates_in(sentence.text, context.today) if spoken.start >= cue.start()]
        days = [spoken for spoken in days if not _is_idle_time(sentence.text, spoken.start)]
        ending = [
            s for s in days if re.search(r"expir\w*(?: on| by)?\s*$", sentence.text[: s.start], re.I)
        ] or days
        if ending and ending[0].day and (ending[0].day > context.today):
            if _unit_only(ending[0].text) and not _SPAN_FOR.search(sentence.text[: ending[0].start]):
                continue
            updates.append(FieldUpdate(path, "set", ending[0].day.isoformat(), ending[0].text))
        elif not days and (vague := vague_in(sentence.text[cue.start() : cue.end() + 14])):
            updates.append(FieldUpdate(path, "set", None, vague, f'"{vague}" names no day.'))
    return updates[-1:]


def _unit_only(text: str) -> bool:
    return bool(re.search(r"(?:days?|weeks?|months?|years?|tagen?|wochen?|monaten?|jahr\w*)$", text, re.I))


def _is_idle_time(text: str, position: int) -> bool:
    return bool(
        re.search(r"\b(?:after|nach|idle|every|a|per|two days a)\s+$", text[:position], re.I)
    ) and not re.search(r"\bafter\s+$", text[:position], re.I)


_COST_CENTER = re.compile(
    r"\b(?:cost[- ]?cent(?:er|re)|kostenstelle|cc)\b\W*(?:is|ist)?\W*(?P<code>[A-Za-z]{0,6}-?\d[\w-]*)", re.I
)


def read_cost_center(message: Message, context: Context) -> list[FieldUpdate]:
    """The cost centre: behind its label, or a code that policy knows."""
    path = "metadata.cost_center"
    if path not in context.catalogue:
        return []
    for team in context.policy.teams.values():
        if re.search(rf"(?<![\w-]){re.escape(team.cost_center)}(?![\w-])", message.text, re.I):
            return [FieldUpdate(path, "set", team.cost_center, team.cost_center)]
    if match := _COST_CENTER.search(message.text):
        return [FieldUpdate(path, "set", match["code"], match["code"])]
    return []


_PURPOSE = re.compile(
    r"^(?:and |so |well,? )?(?:it'?s|it is|this is|that'?s|they are|das ist|es ist)\s+(?:for|für"
    r"|so (?:that )?we can)\s+(?P<a>.{8,})$"
    r"|\bwe(?:'d| would)? (?:want|like|plan|need|are going|'re going) to (?P<b>(?!have\b|get\b|set up\b"
    r"|create\b|use\b|make\b)[^.:;!?]{8,})"
    r"|\b(?:cluster|job|warehouse|schema|repo|project) (?:for|to|that) (?P<c>(?:\w+ing\b|re-?\w+s\b"
    r"|fine[ -]tun\w+)[^.;!?]{8,})"
    r"|\bso that we can (?P<d>[^.;!?]{8,})|\bdamit wir (?P<e>[^.;!?]{8,})"
    r"|\b(?:a|the|new) project (?:about|on) (?P<f>[^.,;!?]{8,})|^what we(?:'d"
    r"| would) like to do(?: now)?:\s*(?P<g>[^.;!?]{8,})",
    re.I,
)


def read_purpose(message: Message, context: Context) -> list[FieldUpdate]:
    """What it is for, where a sentence says so: "it is for …", "we want to benchmark …", "a cluster for
    training …".
    """
    path = "metadata.purpose"
    said = context.draft.said.get(path)
    if said and said.source == "said":
        return []
    for sentence in message.sentences:
        if sentence.question and not sentence.wanting:
            continue
        if match := _PURPOSE.search(sentence.text):
            words = next(value for value in match.groupdict().values() if value).strip(" .,!?")
            words = re.split(r",? (?:so please|please|name |directly in)\b", words)[0].strip(" .,!?")
            if len(words) >= 8:
                return [FieldUpdate(path, "set", words, words)]
    return []
