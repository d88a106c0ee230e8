"""How drift reads: in the terminal, and as Markdown for the summary of a scheduled run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gitops.drifted import key_of
from gitops.leaves import differences
from gitops.markup import Page, clip, code, escape, visible
from gitops.plan_words import SIGNS

if TYPE_CHECKING:
    from rich.console import Console

    from gitops.drift import Drift, Drifted
    from gitops.plan import Change

CHOICES = (
    "adopt: the file follows what stands. revert: what stands follows the file. ignore: it stays so until a "
    "day. Each opens a pull request; nothing is done until that is approved and merged."
)
VERBS = {"adopt": "Adopt the drift of", "revert": "Revert the drift of", "ignore": "Ignore drift of"}
"""How the title of a pull request begins."""

_WHY = {
    "adopt": "Somebody changed what stands. This brings the file in line with it.",
    "revert": "Somebody changed what stands, and nobody the file. The plan below brings it back to what the "
    "file says; approving it is what this pull request is for, and all that it changes is `revision`.",
    "ignore": "Somebody changed what stands. It is left so until the day in the file, for the reason there, "
    "and is reported as drift again after that.",
}
_VALUE = 80


def reason(action: str, lines: Iterable[str] = ()) -> str:
    """How the body of a pull request about drift begins; ``lines`` are further sentences, escaped here."""
    return "\n".join([_WHY[action], *(f"- {escape(line)}" for line in lines)])


def choices(one: Drifted) -> tuple[str, ...]:
    """The commands by which the owner decides, one for each choice."""
    which = f" --resource {shlex.quote(one.keys[0])}" if len(one.keys) == 1 else ""
    return (
        *((f"lakeport drift adopt {one.request}",) if one.changes else ()),
        *((f"lakeport drift revert {one.request}",) if one.changes else ()),
        f"lakeport drift ignore {one.request}{which} --until DATE --reason TEXT",
    )


def headline(drift: Drift) -> str:
    """One sentence on all of it."""
    things = sum(one.open for one in drift.drifted)
    many = sum(bool(one.open) for one in drift.drifted)
    ignored = sum(len(one.ignored) for one in drift.drifted)
    found = (
        f"{things} drifted in {many} of {drift.looked} applied requests"
        if many
        else (f"{drift.looked} applied request{'' if drift.looked == 1 else 's'} looked at, nothing drifted")
    )
    rest = [f"{ignored} ignored for now"] if ignored else []
    rest += [f"{len(drift.waiting)} not applied as the file says"] if drift.waiting else []
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
            for line in choices(one) if one.open else ():
                console.print(Text(f"      {visible(line)}", "dim"), soft_wrap=True)
        console.print()
    for name, why in drift.unseen.items():
        console.print(Text(f"{visible(name)} could not be looked at. {visible(why)}"), soft_wrap=True)
    console.print(Text(headline(drift)))
    if any(one.open for one in drift.drifted):
        console.print(Text(CHOICES))


def markdown(drift: Drift) -> str:
    """The same for GitHub: the summary of a run, or an issue."""
    page = Page("## Drift")
    page.add(escape(headline(drift)))
    for (team, owner), requests in drift.by_owner.items():
        page.add(f"### {escape(team)}, {code(owner)}", what="owners")
        for one in requests:
            page.rows(code(one.path), (f"- {escape(line)}" for line in _lines(one)), what="things")
            if one.open:
                page.add(f"To decide: {', '.join(code(line, 300) for line in choices(one))}")
    unseen = (f"- {code(name)}: {escape(why)}" for name, why in drift.unseen.items())
    page.rows("### Not looked at", unseen, what="requests")
    if any(one.open for one in drift.drifted):
        page.add(CHOICES)
    return str(page)


def _lines(one: Drifted) -> Iterator[str]:
    for change in one.changes:
        yield f"{SIGNS[change.verb]} {visible(change.key)}: {'; '.join(_said(change))}"
    for refusal in one.refusals:
        yield f"! {visible(key_of(refusal))}: {visible(refusal.message)}"
    for ignored in one.ignored:
        yield (
            f"ignored until {ignored.until}: {visible(ignored.key)}: {visible(ignored.words)} "
            f"({visible(ignored.reason)})"
        )


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
