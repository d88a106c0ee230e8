"""How the end of a request reads: warnings, the pull request that retires it, and what is left of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from gitops.markup import Page, code, escape, visible
from gitops.orphans import WORDS
from gitops.render import link

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.expiry import Outcome
    from gitops.orphans import Orphan, Orphans

EXPIRY_MARK = "<!-- lakeport:expiry "
"""How every comment about an end date begins; the conversation in Slack passes these on."""


# --- end dates ------------------------------------------------------------------------------------


def expiry_marker(request: str, expires: date, ahead: int) -> str:
    """The first line of a comment about an end date: another date, or another warning, is another one."""
    return f"{EXPIRY_MARK}{request} {expires.isoformat()} {ahead} -->"


def ending_soon(request: str, expires: date) -> str:
    """The warning. It says no number of days: it is read on other days than it was written on."""
    name = request.rpartition("/")[2]
    return (
        f"{name} is needed until {expires.isoformat()}, as its file says. If you need it for longer, say "
        f"`/lakeport change {name}` and give it a later end date. Otherwise a pull request is opened after "
        "that day that asks to take it away; nothing goes before that one is approved and merged."
    )


def has_ended(request: str, expires: date, url: str) -> str:
    """What is said when the pull request that retires it was opened."""
    name = request.rpartition("/")[2]
    return (
        f"{name} was needed until {expires.isoformat()}. This pull request asks to take it away: {url} . If "
        "you still need it, have that one closed, and give it a later end date with "
        f"`/lakeport change {name}`."
    )


def ended(request: str, expires: date) -> str:
    """How the body of that pull request begins, as Markdown."""
    return (
        f"The end date of {code(request)} has passed: it was needed until {expires.isoformat()}. This asks "
        "to retire it. Close this pull request if it is still needed, and have the request changed to a "
        "later end date; it is not opened again."
    )


def approved_anew(request: str) -> str:
    """How the body of a pull request begins that asks for a fresh approval of a merged file, as Markdown."""
    return (
        f"What was approved for {code(request)} could not be carried out: what stands is not what it was, "
        "the plan was too old, or approvals were missing. The file says the same as before, all that changes "
        "is `revision`. What is asked for is an approval of the plan below, drawn from what stands now."
    )


def print_expiry(console: Console, outcomes: Sequence[Outcome]) -> None:
    """A line on each request whose end is near or over."""
    from rich.text import Text

    for one in outcomes:
        line = f"{visible(one.request)}, needed until {one.expires}: {visible(one.words)} {one.url}".rstrip()
        style = "red" if one.exit_code else "yellow" if one.waits else ""
        console.print(Text(line, style), soft_wrap=True)
    if not outcomes:
        console.print("No request ends soon.")


# --- orphans --------------------------------------------------------------------------------------


def orphans_headline(found: Orphans) -> str:
    """One sentence on all of it."""
    many = len(found.orphans)
    things = f"{found.looked} marked thing{'' if found.looked == 1 else 's'} looked at"
    return f"{things}, {many or 'none'} of them {'belongs' if many == 1 else 'belong'} to no request."


def print_orphans(console: Console, found: Orphans) -> None:
    """By system: what it is, whose it was, and where to look at it."""
    from rich.text import Text

    system = ""
    for one in found.orphans:
        if one.system != system:
            system = one.system
            console.print(Text(visible(system), style="bold"))
        console.print(Text(f"  {_orphan(one)} {visible(one.url)}".rstrip()), soft_wrap=True)
    for line in _unseen(found):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(orphans_headline(found)))


def orphans_markdown(found: Orphans) -> str:
    """The same for GitHub: the summary of a run."""
    page = Page("## Orphans")
    page.add(escape(orphans_headline(found)))
    for system in dict.fromkeys(one.system for one in found.orphans):
        rows = (
            f"- {escape(_orphan(one))} {link(one.url) if one.url else ''}".rstrip()
            for one in found.orphans
            if one.system == system
        )
        page.rows(f"### {escape(system)}", rows, what="orphans")
    page.rows("### Not looked at", (f"- {escape(line)}" for line in _unseen(found)), what="kinds")
    return str(page)


def _orphan(one: Orphan) -> str:
    called = one.called or f"{one.kind} {one.identity}"
    return f"{visible(called)}, marked as {visible(one.request)}: {WORDS[one.why]}."


def _unseen(found: Orphans) -> Iterator[str]:
    for kind, why in found.unseen.items():
        yield f"{visible(kind)} could not be looked at. {visible(why)}"
    if found.skipped:
        yield f"Without a list of what is marked: {', '.join(found.skipped)}."
