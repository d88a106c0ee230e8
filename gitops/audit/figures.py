"""The record in numbers: what the charts of the site show, each with the same as a table."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.audit import charts, merges
from gitops.audit.ledger import HAND

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.ledger import Row
    from gitops.audit.merges import Merge
    from gitops.audit.record import Record
    from gitops.cost import Money
    from gitops.drift_record import Day

_MONTHS = 12
_LOOKS = 120
_MOST = 10


class Chart(Struct, frozen=True, kw_only=True):
    """One chart and the same as a table: ``rows`` are texts under ``heads``. ``keys`` name several lines.

    ``more`` is the page that has all of it, from the top of the site.
    """

    title: str
    note: str
    svg: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    keys: tuple[str, ...] = ()
    more: str = ""


def requests(record: Record) -> Iterator[Chart]:
    """How many were first applied, or tried, by month."""
    months = Counter(month for those in record.by_request.values() if (month := _month(those[0].at)))
    if months:
        yield _by_month("Requests", "first applied, by month", months, 0, "{:g}".format)


def lead_times(record: Record, came: Sequence[Merge]) -> Iterator[Chart]:
    """Days from the first message, else from the first commit, to the first apply: the median of a month.

    When a conversation began stands in the commit of the bot. In one that was made by hand it is only words.
    """
    found: dict[str, list[float]] = defaultdict(list)
    first: dict[str, Merge] = {}
    for one in came:
        for change in one.changes:
            if not change.before:
                first.setdefault(change.path, one)
    told = 0
    for those in record.by_request.values():
        done = next((one for one in those if one.status == "applied"), None)
        began = first.get(done.path) if done else None
        if done is None or began is None:
            continue
        asked = _asked(began, done)
        days = merges.days_between(asked or began.authored, done.at)
        if days is not None and days >= 0 and _month(done.at):
            found[_month(done.at)].append(days)
            told += bool(asked)
    if found:
        count = sum(map(len, found.values()))
        note = f"to the first apply, median by month; {told} of {count} from the first message in Slack"
        if told < count:
            note += ", the others from the first commit"
        values = {month: median(days) for month, days in found.items()}
        yield _by_month("Lead time", note, values, None, time_of)


def _asked(began: Merge, done: Written) -> str:
    return "" if done.made_by == HAND else began.asked


def costs(rows: Sequence[Row], money: Mapping[str, Money]) -> Iterator[Chart]:
    """The estimated monthly cost of what is active, by team."""
    found: Counter[str] = Counter()
    for row in rows:
        if row.path in money:
            found[row.team] += int(money[row.path].high)
    currency = next((one.currency for one in money.values()), "")
    yield from _ranking(
        "Cost by team", f"estimated, {currency} a month at most", "Team", found, "{:,.0f}".format
    )


def approvals(record: Record) -> Iterator[Chart]:
    """How often somebody's approval let a run do something."""
    found = Counter(who for one in record.receipts if one.ended for who in one.approvers)
    yield from _ranking("Approvals", "by approver, in receipts", "Approver", found, "{:g}".format)


def drift(days: Sequence[Day]) -> Iterator[Chart]:
    """What stood differently than was applied, look by look."""
    if not days:
        return
    late = days[-_LOOKS:]
    yield Chart(
        title="Drift",
        note="things that stand differently from what was applied",
        keys=("open", "left so by the file"),
        more="drift.html",
        svg=charts.lines([{one.day: one.open for one in late}, {one.day: one.ignored for one in late}]),
        heads=("Day", "Open", "Left so", "Requests seen"),
        rows=[(one.day, str(one.open), str(one.ignored), str(one.looked)) for one in reversed(late)],
    )


def _by_month(
    title: str, note: str, values: Mapping[str, float], nothing: float | None, say: Callable[[float], str]
) -> Chart:
    months = _monthly(values, nothing)
    late = dict(list(months.items())[-_MONTHS:])
    rows = [(month, say(value)) for month, value in sorted(values.items())]
    return Chart(title=title, note=note, svg=charts.columns(late, say), heads=("Month", title), rows=rows)


def _ranking(
    title: str, note: str, head: str, found: Counter[str], say: Callable[[float], str]
) -> Iterator[Chart]:
    if found:
        ranks = sorted(found.items(), key=lambda one: (-one[1], one[0]))
        svg = charts.bars(dict(ranks[:_MOST]), say)
        rows = [(name, say(value)) for name, value in ranks]
        yield Chart(title=title, note=note, svg=svg, heads=(head, title), rows=rows)


def _month(at: str) -> str:
    """The month of a moment; empty where a clock was so wrong that there is none."""
    return at[:7] if re.match(r"[0-9]{4}-(?:0[1-9]|1[0-2])-", at) else ""


def _monthly(values: Mapping[str, float], nothing: float | None) -> dict[str, float | None]:
    """The values of each month from the first to the last, at least half a year; ``nothing`` elsewhere."""
    first, last = (12 * int(text[:4]) + int(text[5:7]) - 1 for text in (min(values), max(values)))
    months = [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(min(first, last - 5), last + 1)]
    return {month: values.get(month, nothing) for month in months}


def time_of(days: float) -> str:
    """A time as people say it, short: ``3.5 d``, ``2.4 h``, ``6 min``."""
    hours = days * 24
    if days >= 2:
        return f"{days:.0f} d" if days >= 10 else f"{days:.1f} d"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
