"""The record as a site of plain files: it needs no server, and nothing but itself.

The same clone gives the same bytes. What people wrote is escaped by the templates, and never names a file
unless it was made harmless first (:func:`slug`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import policy as policies
from gitops.audit import chain, charts, ledger, merges
from gitops.audit.ledger import WORDS, Row
from gitops.audit.life import lives
from gitops.errors import InvalidRequest, UsageError
from gitops.request import load_request

if TYPE_CHECKING:
    from gitops.audit.facts import Given
    from gitops.audit.record import Record
    from gitops.cost import Money
    from gitops.kind import Registry
    from gitops.policyfile import Policy

PAGES = Path(__file__).with_name("pages")
ASSETS = ("record.css", "record.js")


class Chart(Struct, frozen=True, kw_only=True):
    """One chart and the same as a table: ``rows`` are label and value in words."""

    title: str
    note: str
    svg: str
    rows: Sequence[tuple[str, str]]


class Link(Struct, frozen=True):
    """A page by its address from the top of the site, and how it is called."""

    href: str
    name: str


def slug(text: str) -> str:
    """A name for a file: what is not plain is replaced, and told apart by a digest."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:60]
    if plain and plain == text:
        return plain
    return f"{plain or 'page'}-{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


class Website:
    """Every page of the record, made one after the other."""

    def __init__(self, record: Record, registry: Registry, policy: Policy | None) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        record.require_history()
        self._record = record
        self._registry = registry
        self._policy = policy
        self._rows = list(ledger.rows(record))
        self._given: dict[str, list[tuple[Row, Given]]] = defaultdict(list)
        self._env = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals |= {
            "words": WORDS,
            "main": record.main,
            "ledger": record.receipts_head,
            "page_of": self._page_of,
            "organisation": policy.organisation if policy else "",
        }

    def build(self) -> Iterator[tuple[str, bytes]]:
        """The files of the site: address and content."""
        for name in ASSETS:
            yield name, (PAGES / name).read_bytes()
        yield "index.html", self._render("index.html", "", **self._overview())
        yield from self._requests()
        yield from self._groups("teams", "Team", self._by(lambda row: [row.team]))
        yield from self._groups("people", "Person", self._people)
        yield from self._groups("catalogs", "Catalog", self._catalogs)

    def _render(self, template: str, top: str, **values: Any) -> bytes:
        return self._env.get_template(template).render(top=top, **values).encode("utf-8", "replace")

    def _page_of(self, sort: str, name: str) -> str:
        return f"{sort}/{slug(name)}.html"

    # --- the first page

    def _overview(self) -> dict[str, Any]:
        states = Counter(row.state for row in self._rows)
        fields = ("team", "environment", "state", "classification", "lifecycle")
        return {
            "rows": self._rows,
            "states": states,
            "problems": chain.problems(self._record),
            "charts": list(self._charts()),
            "choices": {
                field: sorted({value for row in self._rows if (value := getattr(row, field))})
                for field in fields
            },
            "groups": {
                "Teams": [Link(self._page_of("teams", name), name) for name in self._by(lambda r: [r.team])],
                "Catalogs": [Link(self._page_of("catalogs", name), name) for name in self._catalogs],
                "People": [Link(self._page_of("people", name), name) for name in self._people],
            },
            "runs": len(self._record.receipts),
        }

    def _charts(self) -> Iterator[Chart]:
        months = Counter(
            receipts[0].at[:7] for receipts in self._record.by_request.values() if receipts[0].at
        )
        if months:
            yield self._chart("Requests", "first applied, by month", _monthly(months, 0), charts.columns)
        lead = {month: median(days) for month, days in sorted(self._lead_times().items())}
        if lead:
            yield self._chart(
                "Lead time",
                "from the first message to the apply, median by month",
                _monthly(lead, None),
                charts.columns,
                _days,
            )
        cost = self._cost_by_team()
        if cost:
            currency = self._policy.monthly_cost.currency if self._policy else ""
            yield self._chart(
                "Cost by team", f"estimated, {currency} a month at most", cost, charts.bars, "{:,.0f}".format
            )
        approvals = Counter(who for one in self._record.receipts if one.ended for who in one.approvers)
        if approvals:
            yield self._chart(
                "Approvals", "by approver, in receipts", dict(approvals.most_common(10)), charts.bars
            )

    def _chart(
        self, title: str, note: str, values: Mapping[str, float | None], draw: Any, say: Any = "{:g}".format
    ) -> Chart:
        rows = [(label, say(value)) for label, value in values.items() if value is not None]
        return Chart(title=title, note=note, svg=draw(values, say), rows=rows)

    def _lead_times(self) -> Mapping[str, list[float]]:
        """Days from the first message (by the thread that the commit names) to the first apply, by month."""
        found: dict[str, list[float]] = defaultdict(list)
        first = {change.path: one for one in self._merges for change in one.changes if not change.before}
        for receipts in self._record.by_request.values():
            done = next((one for one in receipts if one.status == "applied"), None)
            began = first.get(done.path) if done else None
            if done and began:
                days = merges.days_between(began.asked or began.authored, done.at)
                if days is not None and days >= 0:
                    found[done.at[:7]].append(days)
        return found

    def _cost_by_team(self) -> Mapping[str, float]:
        found: Counter[str] = Counter()
        for row in self._rows:
            money = self._costs.get(row.path)
            if money:
                found[row.team] += int(money.high)
        return dict(found.most_common(12))

    # --- what all pages draw from

    @cached_property
    def _merges(self) -> list[merges.Merge]:
        return list(merges.merges(self._record))[::-1]

    @cached_property
    def _raws(self) -> Mapping[str, bytes]:
        return self._record.checkout.blobs([file.blob for file in self._record.files])

    @cached_property
    def _costs(self) -> Mapping[str, Money]:
        """What each active request costs by the policy of today; none where it is not valid any more."""
        found: dict[str, Money] = {}
        for file in self._record.files if self._policy else ():
            if file.version.lifecycle != "active":
                continue
            try:
                loaded = load_request(self._raws[file.blob], file.path, self._registry)
            except InvalidRequest:
                continue
            money = policies.monthly_cost(loaded, self._policy, self._registry) if self._policy else None
            if money:
                found[file.path] = money
        return found

    def _by(self, of: Any) -> Mapping[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows:
            for name in dict.fromkeys(of(row)):
                if name:
                    found[name].append(row)
        return dict(sorted(found.items()))

    @cached_property
    def _people(self) -> Mapping[str, list[Row]]:
        files = {file.path: file.version for file in self._record.files}
        return self._by(
            lambda row: [row.owner, row.business_owner, *files[row.path].members, *row.approvers, row.github]
        )

    @cached_property
    def _catalogs(self) -> Mapping[str, list[Row]]:
        files = {file.path: file.version for file in self._record.files}
        return self._by(
            lambda row: [
                name.partition(".")[0] for _, name in files[row.path].resources if name.count(".") >= 1
            ]
        )

    # --- pages

    def _requests(self) -> Iterator[tuple[str, bytes]]:
        rows = {row.path: row for row in self._rows}
        events = lives(self._record, self._registry, self._merges)
        receipts = self._full_receipts()
        for file in self._record.files:
            row = rows[file.path]
            yield (
                self._page_of("requests", row.request),
                self._render(
                    "request.html",
                    "../",
                    row=row,
                    version=file.version,
                    tree=_tree(self._raws.get(file.blob, b"")),
                    source=self._raws.get(file.blob, b"").decode("utf-8", "replace"),
                    events=events.get(file.path, ()),
                    receipts=receipts.get(file.request, ()),
                    cost=self._costs.get(file.path),
                ),
            )

    def _full_receipts(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """The receipts of each request with their steps, newest first."""
        readable = [path for path, one in self._record.receipt_files if one]
        raws = self._record.checkout.read_tree(self._record.receipts_head, readable) if readable else {}
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for path in sorted(raws, reverse=True):
            receipt = json.loads(raws[path])
            found[receipt["request"]].append(receipt)
        return found

    def _groups(self, sort: str, called: str, groups: Mapping[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
        given = self._held
        for name, rows in groups.items():
            held = given.get(name.casefold(), ()) if sort == "people" else _of(rows, self._held_by_path)
            if sort == "catalogs":
                held = [one for one in held if one[1].thing.casefold().startswith(f"{name.casefold()}.")]
            yield (
                self._page_of(sort, name),
                self._render("group.html", "../", name=name, called=called, rows=rows, held=held),
            )

    @cached_property
    def _held_by_path(self) -> Mapping[str, list[tuple[Row, Given]]]:
        rows = {row.path: row for row in self._rows}
        return {
            file.path: [(rows[file.path], given) for given in file.version.given]
            for file in self._record.files
            if file.version.lifecycle == "active"
        }

    @cached_property
    def _held(self) -> Mapping[str, list[tuple[Row, Given]]]:
        found: dict[str, list[tuple[Row, Given]]] = defaultdict(list)
        for pairs in self._held_by_path.values():
            for row, given in pairs:
                found[given.principal.casefold()].append((row, given))
        return found


def _of(rows: Iterable[Row], held: Mapping[str, list[tuple[Row, Given]]]) -> list[tuple[Row, Given]]:
    return [one for row in rows for one in held.get(row.path, ())]


def _monthly(values: Mapping[str, float], nothing: float | None) -> dict[str, float | None]:
    """The values of each month from the first to the last, at least half a year; ``nothing`` elsewhere."""
    first, last = (12 * int(text[:4]) + int(text[5:7]) - 1 for text in (min(values), max(values)))
    months = [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(min(first, last - 5), last + 1)]
    return {month: values.get(month, nothing) for month in months}


def _days(days: float) -> str:
    """A time as people say it: ``3.5 days``, ``2.4 h``, ``6 min``."""
    hours = days * 24
    return f"{days:.1f} days" if days >= 2 else f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def _tree(raw: bytes) -> list[Mapping[str, Any]]:
    """The resources as the file has them, for a tree that unfolds."""
    from gitops import yamlfile

    document, _ = yamlfile.survey(raw, "")
    entries = document.data.get("resources") if document else None
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def write(files: Iterable[tuple[str, bytes]], folder: Path) -> int:
    """Put the site into a folder, over an older one of ours; gives the number of files.

    Raises:
        UsageError: it holds something else, or cannot be written.
    """
    mark = folder / ".lakeport-site"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not mark.exists():
            raise UsageError(
                f"{folder} holds something that is no site of the record.",
                fix="Name a new folder with --out.",
            )
        mark.write_text("Made by `lakeport audit site`.\n")
        count = 0
        for name, raw in files:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(raw)
            count += 1
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.") from error
    return count
