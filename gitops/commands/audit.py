"""`lakeport audit`: what was asked, approved and done, from a clone, offline, with citations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gitops.commands import shared
from gitops.terminal import note, say

if TYPE_CHECKING:
    import argparse

    from msgspec import Struct

    from gitops.audit.record import Record
    from gitops.audit.render import Column
    from gitops.kind import Registry

    One = TypeVar("One", bound=Struct)

_FILTERS = {
    "team": "Only this team's.",
    "environment": "Only of dev, staging or prod.",
    "state": "Only in this state, such as applied, changed, waiting, failed or removed.",
    "lifecycle": "Only active, retiring or retired ones.",
    "classification": "Only data of this classification.",
    "owner": "Only of this owner, by e-mail.",
    "approver": "Only what this GitHub login approved.",
    "text": "Only where an id or an owner has this in it.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The questions, and what each wants to know."""
    commands = parser.add_subparsers(dest="command", metavar="QUESTION", required=True, title="Questions")

    def question(name: str, line: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=line, description=line)
        shared.add_json(one)
        if name != "show":
            one.add_argument("--csv", action="store_true", help="All fields of all rows as CSV.")
        return one

    listing = question("list", "Every request, where it stands, and what proves it.")
    for name, line in _FILTERS.items():
        listing.add_argument(f"--{name}", default="", metavar=name.upper(), help=line)
    listing.add_argument(
        "--by-hand", action="store_true", help="Only what came without the bot, by what its receipts say."
    )
    show = question("show", "The whole life of one request: who did what when.")
    show.add_argument("request", metavar="REQUEST", help="Id, path or name of a request.")
    access = question("access", "Who could reach what on a day, through what, and who approved it.")
    access.add_argument(
        "--on", type=_day, metavar="DAY", help="At the end of this day (UTC); today when left out."
    )
    access.add_argument(
        "--object", default="", metavar="NAME", help="Who reaches this, such as ml_prod.sales, or a catalog."
    )
    access.add_argument(
        "--principal", default="", metavar="NAME", help="What this group, team or person reaches."
    )
    changes = question("changes", "What came into the default branch between two days.")
    changes.add_argument("--from", dest="since", type=_day, metavar="DAY", help="From this day on.")
    changes.add_argument("--to", dest="until", type=_day, metavar="DAY", help="Up to and including this day.")
    question("unapplied", "What is merged and not applied as it is.")
    question("exceptions", "Recorded exceptions from rules, and which receipt shows their approval.")
    question("expired", "What should have ended and is still active.")
    question("drift", "How much stood differently from what was applied, day by day.")
    evidence = commands.add_parser(
        "evidence",
        help="A pack for a period: tables, the receipts, and a manifest with digests.",
        description="A pack for a period: tables, the receipts, and a manifest with digests.",
    )
    evidence.add_argument(
        "--from", dest="since", type=_day, metavar="DAY", required=True, help="Its first day."
    )
    evidence.add_argument("--to", dest="until", type=_day, metavar="DAY", required=True, help="Its last day.")
    evidence.add_argument("--out", type=Path, metavar="DIR", required=True, help="A folder; new, or empty.")
    site = commands.add_parser(
        "site",
        help="The record as a site of plain files.",
        description="The record as a site of plain files: open index.html, or publish the folder.",
    )
    site.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="A folder; new, or an older site."
    )
    parser.epilog = """\
Examples:
  lakeport audit list --team growth --csv
  lakeport audit show churn-prediction
  lakeport audit access --object ml_prod.sales --on 2026-03-01
  lakeport audit changes --from 2026-01-01 --to 2026-03-31
  lakeport audit evidence --from 2026-01-01 --to 2026-03-31 --out q1

Everything is read from this clone: the default branch, and the branch of
receipts (git fetch origin receipts). Days are year-month-day."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Answer the question."""
    from gitops.audit import chain
    from gitops.audit.record import Record
    from gitops.fanout import no_collection

    filed = options.command == "evidence"  # rests on Git alone
    record = Record(shared.checkout_here(), registry, fresh=filed)
    record.require_history()
    if not record.has_receipts:
        note("The branch of receipts is not in this clone, so nobody can say what was applied.")
        note("Run: git fetch origin receipts:refs/remotes/origin/receipts")
    with no_collection():  # what was read is kept to the end
        code = _ANSWERS[options.command](options, record, registry)
        wrong = chain.count(record) if record.has_receipts else 0
    if wrong:
        note(
            f"! {wrong} problem(s) with the receipts, so that this may not be true: lakeport receipts verify"
        )
    return code


def _list(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render
    from gitops.errors import UsageError

    del registry
    if options.state and options.state not in ledger.WORDS:
        raise UsageError(
            f"No request is ever {options.state}.", fix=f"Write one of {', '.join(ledger.WORDS)}."
        )
    came = ledger.HAND if options.by_hand else ""
    which = ledger.Filter(made_by=came, **{name: getattr(options, name) for name in _FILTERS})
    found = list(ledger.rows(record, which))
    return _show(options, found, render.ROWS, ledger.Row, "No request is like that.")


def _show_life(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, story
    from gitops.audit.life import life

    file = record.named(options.request)
    events = life(record, file, registry)
    row = ledger.row_of(record, file)
    if options.json:
        from gitops.audit import render

        say(render.as_json({"request": render.as_data([row])[0], "events": events}))
        return 0
    version = file.version
    head: Mapping[str, str] = {
        "Request": row.request,
        "State": ledger.WORDS[row.state],
        "Came": ledger.CAME.get(row.made_by, row.made_by),
        "Purpose": version.purpose,
        "Asked by": ", ".join(part for part in (version.github, version.slack) if part),
        "Business owner": version.business_owner,
        "Looked after by": version.technical_owner,
        "Members": ", ".join(version.members),
        "Data": version.classification,
        "Ends": version.expires,
        "Resources": ", ".join(f"{kind} {name}" for kind, name in version.resources),
    }
    say(story.story(head, events, story.Paper.of(sys.stdout)))
    return 0


def _access(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import reach, render
    from gitops.checking import today
    from gitops.errors import UsageError

    del registry
    if not options.object and not options.principal:
        raise UsageError(
            "Say of what or of whom: --object NAME or --principal NAME.",
            fix="For example: lakeport audit access --object ml_prod.sales",
        )
    day = options.on or today()
    found = list(reach.reach(record, day, thing=options.object, principal=options.principal))
    return _show(options, found, render.REACH, reach.Reach, f"By the record nobody had any on {day}.")


def _changes(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import merges, render

    del registry
    record.require_history()
    since, until = (one.isoformat() if one else "" for one in (options.since, options.until))
    found = merges.lines(merges.merges(record, since=since, until=until))
    return _show(options, found, render.MERGES, merges.Line, "Nothing came in between.")


def _unapplied(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render

    del registry
    found = list(ledger.unapplied(record))
    return _show(options, found, render.UNAPPLIED, ledger.Row, "Everything that is merged is applied.")


def _exceptions(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render
    from gitops.checking import today

    del registry
    found = list(ledger.exceptions(record, today()))
    return _show(options, found, render.EXCEPTIONS, ledger.Excepted, "There are no exceptions.")


def _expired(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render
    from gitops.checking import today

    del registry
    found = list(ledger.expired(record, today()))
    return _show(options, found, render.EXPIRED, ledger.Row, "Nothing is over its end.")


def _drift(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops import drift_record
    from gitops.audit import drifts, render

    del registry
    days, broken = drift_record.kept(record.checkout, record.receipts_head)
    for path in broken:
        note(f"{path} holds no look for drift of that day.")
    nothing = "No look for drift is on record: `lakeport drift --record` keeps one."
    code = _show(options, drifts.lines(record, days), render.DRIFT, drifts.Line, nothing)
    return 1 if broken else code


def _evidence(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    import hashlib

    from gitops.audit import evidence

    del registry
    files = evidence.pack(record, options.since, options.until)
    evidence.write(files, options.out)
    manifest = hashlib.sha256(files[evidence.MANIFEST]).hexdigest()
    say(f"{len(files)} files in {options.out}; sha256 of {evidence.MANIFEST}: {manifest}\n")
    return 0


def _site(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import website
    from gitops.errors import InvalidRequest

    try:
        policy = shared.read_policy(record.checkout)
    except InvalidRequest:
        policy = None
        note("The policy is not valid, so costs are left out: see `lakeport policy check`.")
    count = website.write(website.Website(record, registry, policy).build(), options.out)
    say(f"{count} files; open {options.out / 'index.html'}\n")
    return 0


def _show(
    options: argparse.Namespace,
    rows: Sequence[One],
    columns: Sequence[Column[One]],
    row: type[One],
    nothing: str,
) -> int:
    """The rows as JSON, as CSV, or as a table."""
    from gitops.audit import render

    if options.json:
        say(render.as_json({"rows": render.as_data(rows)}))
    elif options.csv:
        say(render.as_csv(rows, row.__struct_fields__))
    else:
        from gitops.console import open_console

        render.print_table(open_console(sys.stdout), rows, columns, nothing)
    return 0


def _day(text: str) -> date:
    import argparse

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-03-01") from None


_ANSWERS: Mapping[str, Callable[[Any, Record, Registry], int]] = {
    "list": _list,
    "show": _show_life,
    "access": _access,
    "changes": _changes,
    "unapplied": _unapplied,
    "exceptions": _exceptions,
    "expired": _expired,
    "drift": _drift,
    "evidence": _evidence,
    "site": _site,
}
