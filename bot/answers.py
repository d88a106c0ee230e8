"""Questions that people ask in the middle, answered from the policy, the rules and the request itself.

No model has a say here: whatever is answered is looked up or worked out; what cannot be is said so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from bot.asides import Aside, Topic, asides
from bot.asking import blocked, composed_of
from bot.dialogue import World
from bot.draft import Draft, Stage
from bot.lookup import about_words, fields_named, verdicts
from bot.offers import cheaper
from bot.policywords import amount, approver_lines, holds, listed
from bot.questions import resource_name, why_asked
from bot.text import plain
from bot.values import field_of, said_as
from gitops.compose import Composed
from gitops.finding import Severity

MAX_ANSWERS, MAX_CHEAPER, MAX_MISSING = 3, 3, 8
UNKNOWN = (
    "I cannot answer that: I only know the policy, the prices and this request. The platform team can "
    "help; nothing here gets lost meanwhile."
)
ENDING = (
    "Nothing is deleted by itself on the end date. Taking things away is a request of its own, reviewed "
    "like any other, and a schema that has tables is never dropped. To keep it longer, ask for a later date."
)
CHANGE = (
    "Say what should be different, in your own words, or press Edit as a form on the card. Undo takes the "
    "last change back, Withdraw ends the request; nothing is made anywhere before Confirm, review and merge."
)
HELP = (
    "I am a program that turns what you need into a request file, and the file into a reviewed pull "
    "request. Tell me what you need; ask me what there is, what a word means, what it costs, who approves "
    "it, what is missing, why something is so, what happens next, or to see the file."
)


@dataclass(frozen=True)
class View:
    """What an answer may look at."""

    draft: Draft
    composed: Composed
    world: World


def answers(text: str, draft: Draft, world: World, *, only: bool = True) -> tuple[str, ...]:
    """Answers to the questions in a message (raw Slack text), in order; plain text, empty for none.

    ``only``: nothing else was read in the message, so that a question nobody can answer is told so.
    """
    found = asides(plain(text))
    if not found:
        return ()
    view = View(draft, composed_of(draft, world), world)
    said = [_answer(aside, view) for aside in found if only or aside.direct or aside.topic]
    told = tuple(dict.fromkeys(answer for answer in said if answer))[:MAX_ANSWERS]
    unknown = only and not told and any(aside.direct for aside in found)
    return (UNKNOWN,) if unknown else told


def _answer(aside: Aside, view: View) -> str:
    if aside.topic:
        return TOPICS[aside.topic](view, aside.text)
    return about_words(aside.text, view.draft, view.composed, view.world)


def _why_asked(view: View, text: str) -> str:
    path = next(iter(fields_named(text, view.composed, view.world)), view.draft.asked)
    field = field_of(path, view.world) if path else None
    if path is None or field is None:
        return "I am not asking for anything at the moment."
    why = why_asked(path, field, view.composed, view.draft, view.world)
    return f"{field.ask.label}: {why} {field.ask.help.replace('`', '')}".strip()


def _missing(view: View, text: str) -> str:
    paths = [
        *view.composed.missing,
        *(path for path in view.draft.unclear if path not in view.composed.missing),
    ]
    if not paths:
        errors = [one.words for one in view.composed.findings if one.severity is Severity.ERROR]
        if errors:
            return f"Nothing is missing, but this stands in the way: {' '.join(errors[:3])}"
        return "Nothing is missing."
    names = [label(path, view) for path in paths]
    more = f" and {len(names) - MAX_MISSING} more" if len(names) > MAX_MISSING else ""
    return f"Still missing: {listed(names[:MAX_MISSING])}{more}."


def label(path: str, view: View, *, alone: bool = False) -> str:
    """A field in a list: ``catalog of the schema raw``; ``alone``: without the only resource of a kind."""
    field = field_of(path, view.world)
    where = resource_name(path, view.composed)
    name = field.ask.label if field else path
    name = name[:1].lower() + name[1:] if not name[:2].isupper() else name
    return name if not where or (alone and " " not in where) else f"{name} of the {where}"


def _approval(view: View, text: str) -> str:
    lines = [f"• {line}" for line in approver_lines(view.composed.approvals, view.world)]
    if not lines:
        return _approval_later(view)
    unknown = "" if not view.composed.missing else " as far as I know it yet"
    return "\n".join([f"Who has to approve{unknown} (never you yourself):", *lines])


def _approval_later(view: View) -> str:
    """Before there is a file: what the policy demands where the request is going."""
    asked = holds(view.composed, view.world).approvals
    if not asked:
        return "That follows from team, environment, classification and cost; I can say it once I know them."
    from bot.policywords import approval_words

    lines = [f"• {one.why}: {approval_words(one.approvals)}." for one in asked]
    return "\n".join(["What the policy asks for, as far as I know the request:", *lines])


def _cost(view: View, text: str) -> str:
    money = view.composed.cost
    if money is None or not money.high:
        if view.composed.values.get("resources"):
            return "Nothing in it costs anything by itself."
        return "I can say that as soon as I know what you need."
    told = [" ".join([f"About {amount(money)} a month.", *money.brief])]
    return "\n".join([*told, *verdicts(text, view.draft, view.composed, view.world)])


def _cheaper(view: View, text: str) -> str:
    first = _cost(view, "")
    found = sorted(cheaper(view.draft, view.world), key=lambda one: one[2].high)
    lines = [
        f"• {label(path, view, alone=True)} {said_as(value)}: {amount(money)} a month"
        for path, value, money in islice(found, MAX_CHEAPER)
    ]
    return "\n".join([first, "What would make it cheaper:", *lines]) if lines else first


def _lifetime(view: View, text: str) -> str:
    limit = holds(view.composed, view.world).max_lifetime_days
    if limit.value is None:
        return "As long as you need it: the policy sets no limit here. An end date is still a good idea."
    latest = view.world.today + timedelta(days=limit.value)
    return (
        f"For {limit.who} at most {limit.value} days at a time: until {latest}. It can be extended later "
        f"by changing the date."
    )


def _file(view: View, text: str) -> str:
    raw = view.composed.raw
    if raw is None:
        return f"There is no whole file yet. {_missing(view, text)} The card shows what I have so far."
    return f"This is the file; the card shows it too.\n{raw.decode()}"


def _ends(view: View) -> bool:
    """Whether the file says that everything is taken away."""
    lifecycle = view.composed.values.get("metadata.lifecycle")
    return lifecycle is not None and lifecycle.value != "active"


def _next(view: View, text: str) -> str:
    draft = view.draft
    match draft.state:
        case Stage.COLLECTING:
            first = f"{_missing(view, text)} Then you confirm the file on the card"
        case Stage.REVIEWING if blocked(view.composed):
            first = "First what the card marks as not allowed has to change. Then you confirm the file"
        case Stage.REVIEWING:
            first = "Press Confirm on the card"
        case Stage.SUBMITTED:
            return (
                f"The pull request waits for its checks and its approval. "
                f"{_approval(view, text)}\nOnce it is merged, {_AFTER}"
            )
        case Stage.MERGED:
            return f"It is merged; now {_AFTER}"
        case Stage.APPLIED if _ends(view):
            return "Nothing more: what it had was taken away; the thread says what is still to go, and when."
        case Stage.APPLIED:
            return (
                "Nothing more: everything stands. To change it, say /lakeport change; to end it, "
                "/lakeport retire."
            )
        case Stage.FAILED:
            return (
                "The platform team looks at what failed; what was done stays, and the next run takes "
                "up the rest."
            )
        case _:
            return "Nothing: this request was withdrawn. Start a new one whenever you like."
    return f"{first}; I open a pull request, the approvers look at it, and once it is merged, {_AFTER}"


_AFTER = "everything is set up by itself. I tell you here at every turn."

TOPICS: Mapping[Topic, Callable[[View, str], str]] = {
    "why_asked": _why_asked,
    "missing": _missing,
    "next": _next,
    "file": _file,
    "approval": _approval,
    "cheaper": _cheaper,
    "cost": _cost,
    "lifetime": _lifetime,
    "ending": lambda view, text: ENDING,
    "change": lambda view, text: CHANGE,
    "help": lambda view, text: HELP,
}
