"""The record as a site of plain files: it needs no server, and nothing but itself.

The same clone gives the same bytes. What people wrote is escaped by the templates, and never names a file
unless it was made harmless first (:func:`slug`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import drift_record
from gitops import policy as policies
from gitops.audit import chain, drifts, figures, ledger, merges
from gitops.audit.ledger import CAME, WORDS, Row
from gitops.audit.life import lives
from gitops.audit.persons import Directory
from gitops.errors import InvalidRequest, UsageError
from gitops.request import load_request

if TYPE_CHECKING:
    from gitops.audit.facts import Given
    from gitops.audit.record import File, Record
    from gitops.cost import Money
    from gitops.kind import Registry
    from gitops.policyfile import Policy

PAGES = Path(__file__).with_name("pages")
ASSETS = ("record.css", "record.js")
FILTERS = ("team", "environment", "state", "classification", "lifecycle", "made_by")
Held = Mapping[str, list[tuple[Row, "Given"]]]


class Link(Struct, frozen=True):
    """A page by its address from the top of the site, and how it is called."""

    href: str
    name: str


@lru_cache(maxsize=100_000)
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
        self._files = {file.path: file for file in record.every}
        self._directory = Directory(policy)
        self._env = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals |= {
            "words": WORDS,
            "came": CAME,
            "main": record.main,
            "ledger": record.receipts_head,
            "page_of": self._page_of,
            "person_page": self._person_page,
            "organisation": policy.organisation if policy else "",
        }

    def build(self) -> Iterator[tuple[str, bytes]]:
        """The files of the site: address and content."""
        for name in ASSETS:
            yield name, (PAGES / name).read_bytes()
        yield "index.html", self._render("index.html", "", **self._overview())
        looks, _ = self._drift
        if looks:
            values = {"latest": looks[-1], "lines": drifts.lines(self._record, looks)}
            known = {row.request for row in self._rows}
            yield "drift.html", self._render("drift.html", "", known=known, **values)
        yield from self._requests()
        yield from self._groups("teams", "Team", self._teams, self._about_team)
        yield from self._people_pages()
        yield from self._groups("catalogs", "Catalog", self._catalogs, self._about_catalog)

    def _render(self, template: str, top: str, **values: Any) -> bytes:
        return self._env.get_template(template).render(top=top, **values).encode("utf-8", "replace")

    def _page_of(self, sort: str, name: str) -> str:
        return f"{sort}/{slug(name)}.html"

    def _person_page(self, name: str) -> str:
        return self._page_of("people", self._directory.key(name))

    # --- the first page

    def _overview(self) -> dict[str, Any]:
        looks, broken = self._drift
        people = {self._directory.name(key): self._page_of("people", key) for key in self._people}
        return {
            "rows": self._rows,
            "states": Counter(row.state for row in self._rows),
            "problems": [one.message for one in chain.problems(self._record)]
            + [f"{path} holds no look for drift of that day." for path in broken],
            "charts": [
                *figures.requests(self._record),
                *figures.lead_times(self._record, self._merges),
                *figures.costs(self._rows, self._costs),
                *figures.approvals(self._record),
                *figures.drift(looks),
            ],
            "choices": {
                field: sorted({value for row in self._rows if (value := getattr(row, field, ""))})
                for field in FILTERS
            },
            "groups": {
                "Teams": [Link(self._page_of("teams", name), name) for name in self._teams],
                "Catalogs": [Link(self._page_of("catalogs", name), name) for name in self._catalogs],
                "People": [Link(people[name], name) for name in sorted(people, key=str.casefold)],
            },
            "runs": len(self._record.receipts),
        }

    # --- what all pages draw from

    @cached_property
    def _merges(self) -> list[merges.Merge]:
        return list(merges.merges(self._record))[::-1]

    @cached_property
    def _raws(self) -> Mapping[str, bytes]:
        return self._record.checkout.blobs([file.blob for file in self._files.values() if file.blob])

    @cached_property
    def _drift(self) -> tuple[tuple[drift_record.Day, ...], tuple[str, ...]]:
        return drift_record.kept(self._record.checkout, self._record.receipts_head)

    @cached_property
    def _costs(self) -> Mapping[str, Money]:
        """What each active request costs by the policy of today; none where it is not valid any more."""
        found: dict[str, Money] = {}
        for file in self._files.values() if self._policy else ():
            if file.version.lifecycle != "active" or not file.blob:
                continue
            try:
                loaded = load_request(self._raws[file.blob], file.path, self._registry)
            except InvalidRequest:
                continue
            money = policies.monthly_cost(loaded, self._policy, self._registry) if self._policy else None
            if money:
                found[file.path] = money
        return found

    def _by(self, of: Callable[[Row], Iterable[str]]) -> Mapping[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows:
            for name in dict.fromkeys(of(row)):
                if name:
                    found[name].append(row)
        return dict(sorted(found.items()))

    @cached_property
    def _teams(self) -> Mapping[str, list[Row]]:
        return self._by(lambda row: [row.team])

    @cached_property
    def _roles(self) -> Mapping[str, Mapping[str, list[str]]]:
        """What each person has to do with each request: path → person → roles."""
        receipts = self._record.by_request
        return {
            row.path: self._directory.roles(row, self._files[row.path].version, receipts.get(row.request, ()))
            for row in self._rows
        }

    @cached_property
    def _people(self) -> Mapping[str, list[Row]]:
        return self._by(lambda row: self._roles[row.path])

    @cached_property
    def _catalogs(self) -> Mapping[str, list[Row]]:
        return self._by(
            lambda row: [
                name.partition(".")[0]
                for _, name in self._files[row.path].version.resources
                if name.count(".") >= 1
            ]
        )

    # --- pages

    def _requests(self) -> Iterator[tuple[str, bytes]]:
        rows = {row.path: row for row in self._rows}
        events = lives(self._record, self._registry, self._merges)
        receipts = self._full_receipts()
        for file in self._files.values():
            row = rows[file.path]
            raw = self._raws.get(file.blob, b"")
            yield (
                self._page_of("requests", row.request),
                self._render(
                    "request.html",
                    "../",
                    row=row,
                    version=file.version,
                    tree=_tree(raw),
                    source=raw.decode("utf-8", "replace"),
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

    def _groups(
        self,
        sort: str,
        called: str,
        groups: Mapping[str, list[Row]],
        about: Callable[[str, list[Row]], Mapping[str, Any]],
    ) -> Iterator[tuple[str, bytes]]:
        for name, rows in groups.items():
            values = {"facts": {}, "roles": {}, "approved": (), "held": (), **about(name, rows)}
            page = self._render("group.html", "../", name=name, called=called, rows=rows, **values)
            yield self._page_of(sort, name), page

    def _about_team(self, name: str, rows: list[Row]) -> Mapping[str, Any]:
        facts: dict[str, str] = {}
        team = self._policy.teams.get(name) if self._policy else None
        if team:
            facts = {
                "On GitHub": team.github_team,
                "In Databricks": team.databricks_group,
                "Cost centre": team.cost_center,
                "Approvers by the policy of today": ", ".join(team.approvers),
            }
        costs = [self._costs[row.path] for row in rows if row.path in self._costs]
        if costs:
            low, high = (f"{sum(getattr(one, end) for one in costs):,.0f}" for end in ("low", "high"))
            facts["Cost"] = f"{low} to {high} {costs[0].currency} a month, estimated"
        return {"facts": facts, "held": _of(rows, self._held)}

    def _about_catalog(self, name: str, rows: list[Row]) -> Mapping[str, Any]:
        inside = f"{name.casefold()}."
        return {"held": [one for one in _of(rows, self._held) if one[1].thing.casefold().startswith(inside)]}

    def _people_pages(self) -> Iterator[tuple[str, bytes]]:
        held: dict[str, list[tuple[Row, Given]]] = defaultdict(list)
        for pairs in self._held.values():
            for row, given in pairs:
                held[self._directory.key(given.principal)].append((row, given))
        approved: dict[str, list[tuple[Row, int, str, str]]] = defaultdict(list)
        for row in self._rows:
            for one in self._record.by_request.get(row.request, ()):
                for who in one.approvers if one.ended else ():
                    approved[self._directory.key(who)].append((row, one.number, one.at, one.status))
        for key, rows in self._people.items():
            values = {
                "name": self._directory.name(key),
                "facts": self._directory.facts(key),
                "roles": {row.path: ", ".join(self._roles[row.path][key]) for row in rows},
                "approved": sorted(approved[key], key=lambda one: -one[1]),
                "held": held[key],
            }
            page = self._render("group.html", "../", called="Person", rows=rows, **values)
            yield self._page_of("people", key), page

    @cached_property
    def _held(self) -> Held:
        """What each active request gives to whom, by path."""
        rows = {row.path: row for row in self._rows}

        def active(file: File) -> bool:
            return file.version.lifecycle == "active" and bool(file.blob)

        return {
            file.path: [(rows[file.path], given) for given in file.version.given]
            for file in self._files.values()
            if active(file)
        }


def _of(rows: Iterable[Row], held: Held) -> list[tuple[Row, Given]]:
    return [one for row in rows for one in held.get(row.path, ())]


def _tree(raw: bytes) -> Sequence[Mapping[str, Any]]:
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
