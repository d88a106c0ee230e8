"""Readers for the end date, the cost centre and the purpose."""

from __future__ import annotations

import re

from bot.dates import Spoken, dates_in
from bot.draft import FieldUpdate
from bot.rules.context import Context
from bot.rules.values import end_in
from bot.text import CORRECTION, NEGATED, Message, clause_at, level

_UNTIL = re.compile(
    r"\b(?:until|untill|till|til|'til|bis|through|expir\w*|end(?:s|ing)?(?:[- ]date)?(?: (?:on|is))?"
    r"|enddatum|laufzeit|go away|be gone|"
    r"removed?|(?:give|hand)\w* (?:\w+ ){1,3}back|retire[sd]?|lifetime|duration|extend\w*|prolong\w*"
    r"|keep (?:it|this|that)|"
    r"needed (?:for|until)|need (?:it|this|them|that) (?:for|until)|only for|run it|delete[sd]?"
    r"|clean(?:ed)? up|läuft|live for|lasts|(?:has|have|needs?) to last)\b",
    re.I,
)
_NO_END = re.compile(
    r"\b(?:(?:no|remove the|drop the|delete the|without an?) (?:end|expiry|expiration)(?: date)?"
    r"|open[- ]?end(?:ed)?|never expires?|(?:this"
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
        said = dates_in(sentence.text, context.today)
        ends = tuple(one for one in said if _is_end(sentence.text, one, cue))
        changed = CORRECTION.search(sentence.text) or re.search(
            r"\b(?:will do|is (?:enough|fine))\b", sentence.text, re.I
        )
        if not ends and path in context.draft.said and changed:
            ends = tuple(one for one in said if one.day and not _SPAN.search(one.text))
        spoken = end_in(sentence.text, ends)
        if isinstance(spoken, str):
            updates.append(FieldUpdate(path, "set", None, sentence.text, spoken))
        elif spoken and (
            spoken.day is None or spoken.day > context.today or _CLOSE.search(sentence.text[: spoken.start])
        ):
            day = spoken.day.isoformat() if spoken.day else None
            updates.append(FieldUpdate(path, "set", day, spoken.text, spoken.why))
    return updates[-1:]


_SPAN = re.compile(
    r"(?:days?|weeks?|wks?|months?|mo?s?|mths?|years?|yrs?|quarters?|half|fortnights?|tage?n?|wochen?"
    r"|monate?n?|jahr\w*)$",
    re.I,
)
_BEFORE_SPAN = re.compile(
    r"\b(?:for(?: the next| about| another| around| at least| up to)?|für(?: die nächsten)?|in|after|lasts"
    r"|within|by|(?:lifetime|duration|laufzeit)\W*"
    r"|(?:until|till|til|bis)\b.{0,20})\s*$",
    re.I,
)
_ENDS = re.compile(
    r"\b(?:delete[sd]?|remove[sd]?|expir\w*|gone|go away|retire[sd]?|clean(?:ed)? up|gelöscht)\b", re.I
)
_CLOSE = re.compile(r"\b(?:until|till|til|bis|expir\w*(?: on)?|end date\W*(?:is)?)\s*$", re.I)


_OF_A_PERSON = re.compile(
    r"\b(?:(?<!go )(?<!goes )away|on leave|holidays?|vacation|ooo|out of (?:the )?office|travell?ing|busy"
    r"|sick|unavailable|urlaub)\b[^.;]*$",
    re.I,
)
"""How long somebody is not there is not how long something is needed."""


def _is_end(text: str, spoken: Spoken, cue: re.Match[str] | None) -> bool:
    """Whether a date says when things end: behind a cue, a span only behind "for", "until", "after"."""
    before = text[: spoken.start]
    if _OF_A_PERSON.search(before):
        return False
    for_so_long = _SPAN.search(spoken.text) and _FOR.search(before)
    if re.match(r"[^.;]{0,20}\b(?:end date|expiry)\b", text[spoken.end :], re.I) and not _SPAN.search(
        spoken.text
    ):
        return True
    if not for_so_long and (cue is None or spoken.start < cue.start()):
        return False
    if re.search(r"\b(?:idle|every|a|per|last|past|previous|first|two days a)\s+$", before, re.I):
        return False
    if re.search(r"\b(?:after|nach)\s+$", before, re.I) and not _ENDS.search(text):
        return False
    if for_so_long:
        return _lives(text, spoken.start)
    if spoken.day is None and not re.search(
        r"\b(?:until|untill|till|til|bis|for|expir\w*|needed|keep it)\b[^.;]{0,20}$",
        text[: spoken.start + 8],
        re.I,
    ):
        return False
    return not _SPAN.search(spoken.text) or bool(_BEFORE_SPAN.search(before))


_FOR = re.compile(
    r"\b(?:for|für)(?: (?:the|die))?(?: (?:next|about|another|around|at least|up to|only|just|nächsten"
    r"|some))?\s*$",
    re.I,
)
_OTHER_FOR = re.compile(
    r"\b(?:have|has|'ve|had) (?!to\b)\w+|\b(?:waited|took|lasted|takes?)\b"
    r"|\b(?:forecast|predict|plan|estimat|scor|model|calculat|demand|sales|history|budget|weather|simulat"
    r"|analy[sz]|compar"
    r"|look(?:ing)? at|show|train|project(?:ion|ed)|orders?|back|past|last)\w*\b",
    re.I,
)
"""What a span behind "for" may belong to other than the life of the request."""


def _lives(text: str, position: int) -> bool:
    return not _OTHER_FOR.search(clause_at(text, position))


_COST_CENTER = re.compile(
    r"\b(?:cost[- ]?cent(?:er|re)|kostenstelle|cc)\b[\s:=(]*(?:is|ist)?[\s:=(]*"
    r"(?P<code>[A-Za-z]{0,6}-?\d[\w-]*)",
    re.I,
)


def read_cost_center(message: Message, context: Context) -> list[FieldUpdate]:
    """The cost centre: behind its label, or a code that policy knows."""
    path = "metadata.cost_center"
    if path not in context.catalogue:
        return []
    for sentence in message.sentences:
        if sentence.question or sentence.background:
            continue
        known = [
            (team.cost_center, match[0])
            for team in context.policy.teams.values()
            for match in re.finditer(
                rf"(?<![\w-]){re.escape(team.cost_center)}(?![\w-])", sentence.text, re.I
            )
            if not NEGATED.search(sentence.text[: match.start()])
        ]
        if len({code for code, _ in known}) > 1:
            return [FieldUpdate(path, "set", None, sentence.text, "That names more than one cost center.")]
        if known:
            return [FieldUpdate(path, "set", *known[0])]
        match = _COST_CENTER.search(sentence.text)
        if match and not NEGATED.search(sentence.text[: match.start("code")]):
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


_PURPOSE_IS = re.compile(
    r"\b(?:(?:the|its|our) )?(?:purpose|goal|aim)(?: of (?:it|this|that))? (?:is|should be"
    r"|will be):? (?P<words>[^;!?\n]{8,})",
    re.I,
)


def read_purpose(message: Message, context: Context) -> list[FieldUpdate]:
    """What it is for, where a sentence says so: "it is for …", "we want to benchmark …", "a cluster for
    training …".
    """
    path = "metadata.purpose"
    for sentence in message.sentences:
        if (match := _PURPOSE_IS.search(sentence.text)) and not sentence.question:
            return [FieldUpdate(path, "set", match["words"].strip(" .,!"), match["words"].strip(" .,!"))]
    said = context.draft.said.get(path)
    if said and said.source == "said":
        return []
    for sentence in message.sentences:
        if sentence.question and not sentence.wanting:
            continue
        if match := _PURPOSE.search(sentence.text):
            words = next(value for value in match.groupdict().values() if value).strip(" .,!?")
            words = re.split(r",? (?:so please|please|name |directly in)\b", words)[0].strip(" .,!?")
            if len(words) >= 8 and not _names_something_else(words, context):
                return [FieldUpdate(path, "set", words, words)]
    return []


def _names_something_else(words: str, context: Context) -> bool:
    """``it's for the risk team``: for whom, where or how long is not what for."""
    bare = re.sub(
        r"^(?:the|our|my|a|an)\s+|\s+(?:team|group|people|department|environment|only|please|pls|folks)$",
        "",
        words,
        flags=re.I,
    )
    bare = re.sub(r"\s+(?:team|group|people)$", "", bare, flags=re.I)
    named = context.team_called(bare) is not None or level(bare) in context.words("metadata.environment")
    return named or any(len(spoken.text) + 12 > len(words) for spoken in dates_in(words, context.today))
