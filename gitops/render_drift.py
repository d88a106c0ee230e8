"""How drift reads: in the terminal, and as Markdown for the summary of a scheduled run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.markup import Page, clip, code, escape, visible
from gitops.render_plan import SIGNS, differences

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.drift import Drift, Drifted
    from gitops.plan import Change

CHOICES = (
    "To keep it as it is now, change the file in a pull request. To bring it back, undo it where it was "
    "done, or take it into the next change of the request: its plan shows it, and its approval covers it."
)
_VALUE = 80


def headline(drift: Drift) -> str:
    """One sentence on all of it."""
    things = sum(len(one.changes) + len(one.refusals) for one in drift.drifted)
    many = len(drift.drifted)
    found = (
        f"{things} drifted in {many} of {drift.looked} applied requests"
        if many
        else (f"{drift.looked} applied request{'' if drift.looked == 1 else 's'} looked at, nothing drifted")
    )
    rest = [f"{len(drift.waiting)} not applied as the file says"] if drift.waiting else []
    rest += [f"{len(drift.unseen)} could not be looked at"] if drift.unseen else []
    return "; ".join([found, *rest]) + "."


def print_drift(console: Console, drift: Drift) -> None:
    """By team and owner: each thing, what it is and what the file says."""
    from rich.text import Text

    for (team, owner), requests in drift.by_owner.items():
        console.print(Text(f"{visible(team)}, {visible(owner)}", style="bold"))
        for one in requests:
            console.print(Text(f"  {visible(one.path)}"))
            for line in _lines(one):
                console.print(Text(f"    {line}"), soft_wrap=True)
        console.print()
    for name, why in drift.unseen.items():
        console.print(Text(f"{visible(name)} could not be looked at. {visible(why)}"), soft_wrap=True)
    console.print(Text(headline(drift)))
    if drift.drifted:
        console.print(Text(CHOICES))


def markdown(drift: Drift) -> str:
    """The same for GitHub: the summary of a run, or an issue."""
    page = Page("## Drift")
    page.add(escape(headline(drift)))
    for (team, owner), requests in drift.by_owner.items():
        page.add(f"### {escape(team)}, {code(owner)}", what="owners")
        for one in requests:
            page.rows(code(one.path), (f"- {escape(line)}" for line in _lines(one)), what="things")
    unseen = (f"- {code(name)}: {escape(why)}" for name, why in drift.unseen.items())
    page.rows("### Not looked at", unseen, what="requests")
    if drift.drifted:
        page.add(CHOICES)
    return str(page)


def _lines(one: Drifted) -> Iterator[str]:
    for change in one.changes:
        yield f"{SIGNS[change.verb]} {visible(change.key)}: {'; '.join(_said(change))}"
    for refusal in one.refusals:
        yield f"! {visible(f'{refusal.kind}/{refusal.identity}')}: {visible(refusal.message)}"


def _said(change: Change) -> Iterator[str]:
    """What is other than the file says, value by value; for what is gone or new as a whole, that alone."""
    if change.before is None or change.after is None:
        yield visible(change.summary)
        return
    found = list(differences(change.before, change.after))
    for path, stands, wanted in found[:6]:
        yield f"{visible(path)} {_apart(stands, wanted)}"
    if len(found) > 6:
        yield f"and {len(found) - 6} more"
    if not found:
        yield visible(change.summary)


def _apart(stands: object, wanted: object) -> str:
    """What is so and what should be, after the name of the value (an entry of a list is named by itself)."""
    if wanted is None:
        return "stands, and the file does not say it"
    if stands is None:
        return "is missing"
    return f"is {_shown(stands)}, the file says {_shown(wanted)}"


def _shown(value: object) -> str:
    return clip(visible(str(value)), _VALUE)
