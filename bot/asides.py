"""Which questions a message asks the bot, and what each is about; pure reading, no answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from bot.text import Message

MAX_CHARS, LONGEST, MOST = 6000, 600, 6
"""How far a message and a sentence are read for questions, and how many are taken; more is noise."""

Topic = Literal[
    "why_asked",
    "missing",
    "next",
    "file",
    "approval",
    "cheaper",
    "cost",
    "lifetime",
    "ending",
    "change",
    "help",
    "",
]


@dataclass(frozen=True, slots=True)
class Aside:
    """A question in a message: its ``text``, folded; ``topic`` is empty where only its words can tell."""

    text: str
    topic: Topic
    direct: bool
    """Whether it surely asks for information: it opens with a question word, or with "explain", "show me"."""


_LEAD = (
    r"(?:(?:and|but|so|ok|okay|btw|by the way|quick question|one question|question|hm+|wait|sorry|hey|hi"
    r"|hello|please|pls|also|oh|well|then|just|now|first|before that|just curious|out of curiosity|und"
    r"|aber|also|ach|moment|kurze frage|frage|lakeport|<@\w+>)[\s,:!.-]+)*"
)
_WORDS = (
    r"(?:what|whats|what's|which|who|whom|whose|who's|how|how's|why|when|where|welche\w*|was|wer|wie"
    r"|warum|wieso|weshalb|wozu|wann|wo)\b"
)
_TELL = (
    r"(?:explain|show (?:me|us)|tell (?:me|us)|remind (?:me|us)|give me (?:the )?(?:list|options|choices)"
    r"|list|(?:can|could|would|will) you (?:please )?(?:explain|show|tell|list|remind)|(?:can|could"
    r"|may) (?:i|we) (?:please )?(?:see|have a look|look at)|i(?:'d| would) like to (?:know|see)|i wonder"
    r"|(?:do|can) you know|any idea|zeig\w*|erklär\w*|sag mir)\b"
)
_YES_NO = (
    r"(?:is|are|was|were|does|do|did|can|could|may|must|should|will|would|shall|has|have|any|gibt es|kann"
    r"|können|darf|dürfen|muss|müssen|soll|sollen|ist|sind|hat|haben)\b"
)
_DIRECT = re.compile(rf"{_LEAD}(?:{_WORDS}|{_TELL})", re.I)
_OPENED = re.compile(rf"{_LEAD}(?:{_WORDS}|{_TELL}|{_YES_NO})", re.I)
_TOLD = re.compile(rf"{_LEAD}{_TELL}", re.I)
_CUT = re.compile(
    r"[,;:()]+\s*|\s[-\u2013\u2014]+\s|\s+(?:and|but|und|aber|also|or)\s+(?=(?:also |then |please )?"
    rf"(?:{_WORDS}|{_TELL}))",
    re.I,
)
_RELATIVE = re.compile(r"(?:which|who|whom|whose|where|when|was|wo|wie|wann)\b", re.I)

_IT = (
    r"(?:it|this|that|them|these|all (?:of )?(?:this|that)|the (?:request|project|thing|whole thing)"
    r"|everything|das|es)"
)
TOPICS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    ("why_asked", re.compile(
        r"\bwhy (?:do|are|did|would|must|should) (?:you|i|we) (?:ask|asking|need|want|have to|care|tell"
        r"|say|answer|know)|\bwhy (?:is|does) (?:that|this|it) (?:needed|necessary|required|important"
        r"|relevant|matter)|\bwhy does (?:that|this|it) matter|\bwhy (?:that|this) question"
        r"|\bwhat do you need (?:that|this|it) for|\bwhat(?:'s| is) (?:that|this) (?:for|good for)\b"
        r"|\bwhy ask\b|^why\W*\?|\b(?:warum|wieso|weshalb|wozu) (?:fragst|willst|brauchst|musst|wollt"
        r"|müssen|muss)", re.I)),
    ("missing", re.compile(
        r"\bmissing\b|\bwhat(?:'s| is)? (?:else )?(?:is )?(?:still )?(?:left|open|needed|required"
        r"|outstanding|incomplete)\b|\bwhat (?:else )?(?:do|would|did) (?:you|i|we) (?:still |have to "
        r"|need to )?(?:need|want|have|require|tell|say)|\bwhat else\b|\banything else\b|\bhow (?:many"
        r"|much) (?:more )?(?:questions?|left|to go|longer)|\bhow many (?:more )?(?:things|fields)"
        r"|\b(?:are|were) we (?:done|finished|ready|complete)|\bis (?:it|that|this"
        r"|everything) (?:complete|all|done|ready|finished)\b|\bdo you have everything|\bwas fehlt\b"
        r"|\bfehlt noch\b", re.I)),
    ("cheaper", re.compile(
        r"\bwhy\b.*\b(?:expensive|costly|much|dear|pricey|cost)|\bcheap(?:er|est)?\b|\b(?:reduce|lower"
        r"|save|bring down|cut)\b"
        r".*\b(?:cost|price|money|bill)|\bcost(?:s)? less\b|\b(?:warum|wieso) .*\bteuer|\bbilliger"
        r"|\bgünstiger", re.I)),
    ("cost", re.compile(
        r"\bhow much\b(?! of| memory| ram| space| time| storage)|\bcosts?\b(?! cent)|\bprice|\bpricing\b"
        r"|\bexpensive\b|\b(?:monthly|the) bill\b|\bpay for\b|\bkostet\b|\bkosten\b|\bwie teuer\b"
        r"|\bpreis", re.I)),
    ("approval", re.compile(
        r"\bapprov\w*|\bsign(?:s|ed)? ?(?:it |this |that )?off\b|\bwho (?:will |must |can |has to "
        r"|needs to |gets to |is going to )?"
        r"(?:review|decide|agree|merge|accept|look at it|check)s?\b|\breviewers?\b|\bgenehmig\w*"
        r"|\bfreigeb\w*|\bfreigabe|\bzustimm\w*", re.I)),
    ("ending", re.compile(
        r"\bwhat happens\b.*\b(?:expire|end date|end of|after (?:the|that) (?:date|day|end)|when it ends"
        r"|runs out)|\b(?:deleted|removed|taken away|gone|lost)\b.*\b(?:when|after|at the end|expire)"
        r"|\b(?:when|after|once) (?:it|this|that) (?:expires|ends|runs out)", re.I)),
    ("lifetime", re.compile(
        r"\bhow long (?:can|may|could|am|are|is|do|will|at most|at maximum)\b.*\b(?:keep|have|last|use"
        r"|live|run|stay|exist|hold|"
        r"allowed|it|this|that)\b(?!.*\b(?:take|takes|need to be|until|approv))|\b(?:max\w*|longest"
        r"|latest)\b.*\b(?:lifetime|duration|period|date|day|time|end)\b|\buntil when (?:can|may|could)"
        r"|\blifetime\b|\b(?:extend|prolong|renew)\b|\bwie lange (?:kann|darf|können|dürfen)", re.I)),
    ("file", re.compile(
        r"\b(?:show|see|display|print|look at|view|have|what(?:'s| is| does| will)|where(?:'s| is)"
        r"|preview)\b[^?]*"
        r"\b(?:file|yaml|yml|document|draft|the request)\b(?!.*\b(?:cost|expire))|\bwie sieht die datei"
        r"|\bdatei\b.*\bzeig|\bzeig\w*\b.*\b(?:datei|yaml)", re.I)),
    ("next", re.compile(
        rf"\bwhat (?:happens|comes|is|will happen|do (?:i|we) do|should (?:i|we) do"
        rf"|do you do)\b[^?]*\b(?:next|now|then|after\w*)\b|\bwhat(?:'s| is| are)? (?:the )?next\b"
        rf"|\bnext steps?\b|\bwhat then\b|\band then\W*$|\bhow does (?:this|it|that|the process) work"
        rf"|\bhow long (?:does|will|until|till|before)\b|\bwhen (?:will|is|can|do|does) (?:{_IT}|i|we)\b"
        rf"|\bwhat happens (?:if|when|once) (?:i|we) (?:press |click |hit )?confirm"
        rf"|\bwhat does (?:the )?confirm\w* do|\bwie geht(?:'s| es)? (?:jetzt |dann |danach )?weiter"
        rf"|\bwas passiert (?:jetzt|dann|danach|als nächstes)", re.I)),
    ("change", re.compile(
        r"\bhow (?:do|can|could|would|should) (?:i|we) (?:change|edit|undo|fix|correct|remove|cancel"
        r"|withdraw|stop|revert|abort|"
        r"delete|take (?:it|that) back|go back|start over|add|answer|confirm|submit|send)|\bcan (?:i"
        r"|we) (?:still |later )?(?:change|edit|undo|fix|correct|cancel|withdraw|revert|go back"
        r"|start over)\b|\bwie (?:kann|ändere|kann ich) .*(?:ändern|zurück|abbrechen)"
        r"|\bkann ich (?:das )?(?:noch )?(?:ändern|abbrechen)", re.I)),
    ("help", re.compile(
        r"\bwhat can (?:you|i|we) (?:do|ask|say)\b|\bwho are you\b|\bwhat are you\b|\bare you (?:a "
        r"|an )?(?:bot|human|person|robot|ai|real)|\bwhat (?:is|do you mean by) lakeport|\bhow (?:do"
        r"|can) (?:i|we) use (?:you|this|it)\b|\bwas kannst du", re.I)),
)  # fmt: skip
"""What a question can be about beside fields and their values; the first that matches."""


def asides(text: str) -> tuple[Aside, ...]:
    """The questions in a message (as :func:`bot.text.plain` gives it), in order; the first few of many."""
    found = (
        aside
        for sentence in Message(text[:MAX_CHARS]).sentences
        for aside in _of_sentence(sentence.text[:LONGEST])
    )
    asked = (aside for aside in found if not _MANNERS.search(aside.text) and not _REQUEST.match(aside.text))
    return tuple(islice(asked, MOST))


def _of_sentence(sentence: str) -> Iterator[Aside]:
    """A question may stand behind a comma: "make it large, how much is that?"."""
    asking = sentence.rstrip(" )\"'*_!").endswith("?")
    parts = [part.strip() for part in _CUT.split(sentence) if part and part.strip()]
    opened = [at for at, part in enumerate(parts) if _opens(part, asking, first=at == 0)]
    for index, at in enumerate(opened):
        end = opened[index + 1] if index + 1 < len(opened) else len(parts)
        unit = ", ".join(parts[at:end])
        yield Aside(unit, topic_of(unit), bool(_DIRECT.match(unit)))
    if asking and not opened and parts:
        topic = topic_of(parts[-1])
        if topic:
            yield Aside(parts[-1], topic, direct=False)


def _opens(part: str, asking: bool, *, first: bool) -> bool:
    """Whether a question begins here; without a question mark only where nothing else can be meant."""
    if _TOLD.match(part):
        return True
    if asking:
        return bool(_OPENED.match(part))
    if not _DIRECT.match(part):
        return False
    return (bool(topic_of(part)) and (first or not _RELATIVE.match(part))) or bool(_ASKED.match(part))


_MANNERS = re.compile(
    r"\bhow(?:'s| is| are)? (?:you|it going|things)\b|\bwie geht'?s\W*$|\bwhat'?s up\b", re.I
)
_REQUEST = re.compile(
    rf"{_LEAD}(?:can|could|would|will) you (?:please |pls |also |just )*(?:set|create|make|get|give|add|spin"
    r"|provision|build|order|put|open|start|prepare|arrange|change|take|help)\b(?! me the (?:list|options))",
    re.I,
)
_ASKED = re.compile(
    rf"{_LEAD}(?:what|which|who|how|why|welche\w*|was)(?:'s)? (?:[\w-]+ ){{0,3}}(?:are there|is there"
    rf"|do you have|can i|can we|may i|may we|are allowed|is allowed|does .* mean|do .* mean"
    rf"|is the difference|gibt es|bedeutet)\b",
    re.I,
)


def topic_of(text: str) -> Topic:
    """What a question is about; empty where its words name nothing of :data:`TOPICS`."""
    return next((topic for topic, pattern in TOPICS if pattern.search(text)), "")
