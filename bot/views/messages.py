"""What is shown in Slack, as plain Block Kit; pure. The card is :mod:`bot.views.card`, the form
:mod:`bot.views.form`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.dialogue import (
    Agreed,
    Answer,
    Answered,
    Applied,
    Ask,
    Card,
    Changed,
    CheckDone,
    Closed,
    Confirmed,
    Declined,
    Echo,
    Event,
    Failed,
    Merged,
    Note,
    Relay,
    Reply,
    Reviewed,
    Settled,
    Status,
    Submit,
    Submitted,
    Undo,
    Withdraw,
    Withdrawn,
)
from bot.views import echo
from bot.views.blocks import (
    FALLBACK,
    OPTIONS,
    Block,
    Message,
    button,
    clip,
    code,
    context,
    escaped,
    fitting,
    link,
    marked,
    option,
    plain,
    section,
)
from bot.views.card import CONFIRM, EDIT, UNDO, WITHDRAW, card
from bot.views.form import FORM, Form, form, read_form
from gitops.plan import JSON

__all__ = [
    "ANSWER", "CONFIRM", "EDIT", "FORM", "UNDO", "WITHDRAW", "Form", "Message", "card", "event_of",
    "form", "message", "read_form",
]  # fmt: skip

ANSWER = "answer"
"""Prefix of the action ids of everything that answers a question; its block's id is ``ask:`` and the field
path.
"""

PASSED_ON = "Passed on to the reviewers."
MAX_BUTTONS, MAX_OUTPUTS = 6, 20


def message(reply: Reply) -> Message:
    """A reply as a message; :class:`Submit` and :class:`Withdraw` are work, and say so."""
    match reply:
        case Card():
            return card(reply)
        case Ask():
            return _ask(reply)
        case Settled():
            return _text(reply.question)
        case Echo():
            return echo.echo(reply)
        case Answer():
            return echo.answered(reply.shown)
        case Changed():
            return _text("\n".join(reply.lines))
        case Note():
            return _text(reply.text)
        case Status():
            return _status(reply.event)
        case Submit():
            return _text(f"Submitting {reply.path}.")
        case Withdraw():
            return _text("Withdrawing.")
        case Relay():
            return _text(PASSED_ON)


def _text(text: str) -> Message:
    """Literal text; the fallback is escaped, since Slack reads it as ``mrkdwn``."""
    return Message(_fallback(text), (section(text),))


def _fallback(text: str) -> str:
    return clip(escaped(text), FALLBACK) or "…"


def _ask(reply: Ask) -> Message:
    why = f"Still open. {reply.why}".strip() if reply.again else reply.why
    blocks = [section(reply.question), *([context(why)] if why else [])]
    elements = _answers(reply)
    if elements and elements[0]["type"] == "button":
        told = [
            f"• {_label(choice)}: {reply.meanings[choice]}"
            for choice in reply.choices
            if choice in reply.meanings
        ]
        blocks += [context("\n".join(told))] if told else []
    if len(reply.choices) > OPTIONS:
        blocks.append(context(f"There are {len(reply.choices) - OPTIONS} more; write the one you mean."))
    if reply.later:
        elements.append(button(f"{ANSWER}:later", reply.later, _answer(reply.path, None)))
    if elements:
        blocks.append({"type": "actions", "block_id": f"ask:{reply.path}"[:255], "elements": elements})
    choices = f" Choose from {', '.join(map(_label, reply.choices))}." if reply.choices else ""
    return Message(_fallback(f"{reply.question} {why}{choices}".strip()), tuple(blocks))


def _answers(reply: Ask) -> list[Block]:
    """Buttons for a few values, a menu for more, a calendar for a day, a person for a person."""
    if reply.type == "choices" and reply.choices:
        return [_menu("multi_static_select", "Choose one or more", _options(reply))]
    if reply.type == "date":
        return [_menu("datepicker", "Choose a day")]
    if reply.type == "person":
        return [_menu("users_select", "Choose a person")]
    if reply.type == "people":
        return [_menu("multi_users_select", "Choose people")]
    if 0 < len(reply.choices) <= MAX_BUTTONS:
        return [
            button(f"{ANSWER}:{index}", _label(choice), _answer(reply.path, choice))
            for index, choice in enumerate(reply.choices)
        ]
    return [_menu("static_select", "Choose one", _options(reply))] if reply.choices else []


def _menu(kind: str, placeholder: str, options: Sequence[Block] = ()) -> Block:
    made: Block = {"type": kind, "action_id": ANSWER, "placeholder": plain(placeholder, 150)}
    return made | ({"options": [*options]} if options else {})


def _options(reply: Ask) -> list[Block]:
    return [
        option(choice, _label(choice), reply.meanings.get(choice, "")) for choice in reply.choices[:OPTIONS]
    ]


def _answer(path: str, value: str | None) -> str:
    return json.dumps({"path": path, "value": value})


def _label(choice: str) -> str:
    return choice.replace("_", " ")


def event_of(action: Mapping[str, Any], user: str, ts: str = "") -> Event | None:
    """The event of a pressed button or a chosen value (one of a payload's ``actions``); ``None`` when it is
    none.

    The button that opens the form is none either: it needs an answer in place.
    """
    name, value = str(action.get("action_id", "")), action.get("value")
    if name == CONFIRM:
        return Confirmed(user, str(value))
    if name == UNDO:
        return Undo(user, ts, int(str(value)) if str(value).isdecimal() and len(str(value)) < 9 else None)
    if name == WITHDRAW:
        return Withdrawn(user)
    if name in (echo.AGREE, echo.DECLINE):
        return (Agreed if name == echo.AGREE else Declined)(user, str(value))
    if name.split(":")[0] != ANSWER:
        return None
    if action.get("type") == "button":
        return _pressed(str(value), user, ts)
    path = str(action.get("block_id", "")).removeprefix("ask:")
    chosen = _chosen(action)
    return None if chosen is None else Answered(path, chosen, user, ts)


def _pressed(value: str, user: str, ts: str) -> Event | None:
    try:
        data = json.loads(value)
        return Answered(str(data["path"]), data["value"], user, ts)
    except (ValueError, KeyError, TypeError):
        return None


def _chosen(action: Mapping[str, Any]) -> JSON:
    match action.get("type"):
        case "multi_static_select":
            return [str(entry["value"]) for entry in action.get("selected_options") or ()] or None
        case "static_select":
            return (action.get("selected_option") or {}).get("value")
        case "datepicker":
            return action.get("selected_date")
        case "users_select":
            return f"<@{action['selected_user']}>" if action.get("selected_user") else None
        case "multi_users_select":
            return [f"<@{user}>" for user in action.get("selected_users") or ()] or None
        case _:
            return None


# --- what became of it ------------------------------------------------------------------------------


def _status(event: Event) -> Message:
    match event:
        case Submitted():
            return _linked(
                f"Submitted as pull request #{event.pull_number}. I tell you here what becomes of it.",
                event.url,
                "Open it",
            )
        case CheckDone(ok=True):
            return _linked(f"The check is through. {event.summary}".strip(), event.url, "See the plan")
        case CheckDone():
            return _linked(f"The check found problems. {event.summary}".strip(), event.url, "See them")
        case Reviewed():
            verbs = {"approved": "approved it", "changes_requested": "asks for changes"}
            return _linked(
                f"{event.login} {verbs.get(event.state, 'commented')}. {event.body}".strip(),
                event.url,
                "Open it",
            )
        case Merged():
            return _text("Merged. It is being carried out now.")
        case Closed():
            return _text("The pull request was closed without being merged, so nothing changes.")
        case Applied():
            return _applied(event)
        case Failed():
            return _failed(event)
        case _:
            return _text("Something happened that I cannot put into words.")


def _linked(text: str, url: str, label: str) -> Message:
    blocks = [section(text)]
    if url:
        blocks.append(marked(link(url, label)))
    return Message(_fallback(text), tuple(blocks))


def _done(event: Applied) -> str:
    """What is true now, in a sentence or two."""
    if event.due:
        return (
            "Done. Everything was taken away but what holds data: "
            f"that is dropped on {event.due} if it is empty by then, without another approval."
        )
    return {
        "retiring": "Done. Everything was taken away.",
        "retired": "Done. The request is closed.",
    }.get(event.lifecycle, "Done. Everything stands.")


def _applied(event: Applied) -> Message:
    text = _done(event)
    blocks = [section(text)]
    if event.outputs and event.lifecycle != "active":
        blocks.append(context("Still there, to be read:" if event.due else "Kept:"))
    for name, outputs in list(event.outputs.items())[:MAX_OUTPUTS]:
        kind, _, identity = name.partition("/")
        label = f"{kind} {identity}".strip()
        url = outputs.get("url", "")
        rest = ", ".join(f"{key} {code(value, 120)}" for key, value in outputs.items() if key != "url")
        shown = f"{link(url, clip(label, 150))}" if url else code(label)
        blocks.append(marked(f"{shown} {rest}".strip()))
    if event.receipt:
        blocks.append(context(f"Receipt {event.receipt}"))
    return Message(_fallback(text), fitting(blocks))


def _failed(event: Failed) -> Message:
    blocks = [section(f"This did not work. {event.reason}")]
    blocks += [context(step) for step in event.steps[:15]]
    if event.fix:
        blocks.append(section(f"What to do: {event.fix}"))
    last = [marked(link(event.url, "See the run"))] if event.url else []
    return Message(_fallback(f"This did not work. {event.reason}"), fitting(blocks, last))
