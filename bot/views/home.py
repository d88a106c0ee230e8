"""App Home and the lists of ``/lakeport``: what somebody asked for and what their team has; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.views.blocks import Block, button, code, context, header, link, marked, plain, section

NEW, CHANGE, RETIRE, WITHDRAW, OPEN = (
    "home:new",
    "home:change",
    "home:retire",
    "home:withdraw",
    "home:open",
)
"""Action ids of the buttons on App Home; their values are the id of a request or of a conversation."""

HOME_BLOCKS, LISTED = 100, 25
"""How many blocks Slack takes on a Home tab, and how many rows a message shows."""
LEGEND = {True: "You asked for it.", False: "Your team's."}
HOW = (
    "Tell me what your team needs on Databricks, in your own words: write to me, mention me in a channel, or "
    "press New request. I ask for what is missing, show the file and its cost, and bring it to review. The "
    "thread tells you what becomes of it."
)
NOTHING = "You have asked for nothing yet. Say `/lakeport new` and what you need."


@dataclass(frozen=True)
class Item:
    """A row: ``name`` is an id (``dev/growth/churn``) or what there is of one, ``state`` a sentence or two.

    ``conversation`` is set where it can be withdrawn, ``changeable`` where it is merged and can be changed;
    ``thread`` and ``pull`` are addresses.
    """

    name: str
    state: str
    mine: bool
    thread: str = ""
    pull: str = ""
    pull_number: int | None = None
    conversation: str = ""
    changeable: bool = False


@dataclass(frozen=True)
class Detail:
    """A row with what a merged file and the newest receipt say."""

    item: Item
    resources: tuple[str, ...] = ()
    owner: str = ""
    expires: str = ""
    receipt: str = ""


def home(items: Sequence[Item]) -> dict[str, Any]:
    """The app's home tab: how to start, and every request with its buttons, as many as fit."""
    top: list[Block] = [
        header("Lakeport"),
        section(HOW),
        {"type": "actions", "elements": [button(NEW, "New request", "new", "primary")]},
        {"type": "divider"},
    ]
    if not items:
        return {"type": "home", "blocks": [*top, section("You have asked for nothing yet.")]}
    last = context("There are more; /lakeport list and /lakeport status NAME show them.")
    shown: list[Block] = []
    for item in items:
        row = list(_row(item))
        if len(top) + len(shown) + len(row) + 1 > HOME_BLOCKS:
            shown.append(last)
            break
        shown += row
    return {"type": "home", "blocks": [*top, *shown]}


def _row(item: Item) -> Iterator[Block]:
    yield marked(_line(item))
    elements = list(_buttons(item))
    if elements:
        yield {"type": "actions", "elements": elements}


def _buttons(item: Item) -> Iterator[Block]:
    if item.thread.startswith(("https://", "http://")):
        yield button(OPEN, "Open thread", item.name[:200]) | {"url": item.thread[:3000]}
    if item.changeable:
        yield button(CHANGE, "Change", item.name[:200])
        yield button(RETIRE, "Retire", item.name[:200], "danger")
    if item.conversation:
        sure = {
            "title": plain("Withdraw?", 100),
            "text": plain("The request ends here, and its pull request is closed.", 300),
            "confirm": plain("Withdraw", 30),
            "deny": plain("Keep it", 30),
        }
        yield button(WITHDRAW, "Withdraw", item.conversation, "danger") | {"confirm": sure}


def _line(item: Item) -> str:
    """A row in one line of ``mrkdwn``."""
    pull = f" {link(item.pull, f'#{item.pull_number}')}" if item.pull and item.pull_number is not None else ""
    whose = "" if item.mine else f" {LEGEND[False]}"
    return f"{code(item.name, 120)}: {item.state}{whose}{pull}"


def listing(items: Sequence[Item]) -> str:
    """All rows for a message that only one person sees, as ``mrkdwn``."""
    if not items:
        return NOTHING
    lines = [
        f"{_line(item)} {link(item.thread, 'thread')}" if item.thread else _line(item)
        for item in items[:LISTED]
    ]
    more = [f"… and {len(items) - LISTED} more."] if len(items) > LISTED else []
    return "\n".join([*lines, *more])


def detail(found: Detail) -> str:
    """One request for a message that only one person sees, as ``mrkdwn``."""
    item = found.item
    facts = {
        "has": ", ".join(found.resources[:20]),
        "owner": found.owner,
        "until": found.expires,
        "last run": found.receipt,
    }
    lines = [_line(item), *(f"{name}: {code(value)}" for name, value in facts.items() if value)]
    if item.thread:
        lines.append(link(item.thread, "Open its thread"))
    if item.changeable:
        lines.append(f"Say `/lakeport change {item.name}` or `/lakeport retire {item.name}`.")
    return "\n".join(lines)


def ambiguous(name: str, found: Sequence[str]) -> str:
    """What to say where a name is of no request, or of several."""
    if not found:
        return f"There is no request called {code(name)}. `/lakeport list` shows yours."
    return f"Which one do you mean? {', '.join(code(one, 120) for one in found[:10])}"
