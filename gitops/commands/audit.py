"""`lakeport audit`: what was asked, approved and done, from a clone, offline, with citations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from gitops.commands import shared
from gitops.terminal import note, say

if TYPE_CHECKING:
    import argparse

    from msgspec import Struct

    from gitops.audit.ledger import Row
    from gitops.audit.record import File, Record
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

_OF_FILES = ("list", "show", "changes", "expired", "site")
"""What the files and their commits answer, where the receipts are not in the clone."""
_OF_RECEIPTS = ("approver", "state", "by_hand", "self_approved", "origin_unknown", "unnamed")
"""What narrows an answer by what receipts say."""


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
    listing.add_argument(
        "--self-approved", action="store_true", help="Only what nobody approved but who asked for it."
    )
    listing.add_argument(
        "--origin-unknown", action="store_true", help="Only what may have: no receipt says how it came."
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
    _add_period(changes, "Only what came")
    changes.add_argument("--unnamed", action="store_true", help="Only commits that no receipt names.")
    question("unapplied", "What is merged and not applied as it is.")
    question("exceptions", "Recorded exceptions from rules, and which receipt shows their approval.")
    emergencies = question("emergencies", "What passed the gate without approvals: who opened it, and why.")
    _add_period(emergencies, "Only what was written")
    question("expired", "What should have ended and is still active.")
    drift = question("drift", "How much stood differently from what was applied, day by day.")
    _add_period(drift, "Only looks")
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
receipts (git fetch origin receipts). Days are year-month-day. Exit code 1
when something is wrong with receipts that the answer rests on."""


def _add_period(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--from", dest="since", type=_day, metavar="DAY", help=f"{what} on this day or later."
    )
    parser.add_argument(
        "--to", dest="until", type=_day, metavar="DAY", help=f"{what} on this day or earlier."
    )


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Answer the question."""
    from gitops.audit import chain
    from gitops.audit.record import Record
    from gitops.fanout import no_collection

    _require_period(options)
    filed = options.command == "evidence"  # rests on Git alone
    record = Record(shared.checkout_here(), registry, fresh=filed)
    record.require_history()
    if not record.has_receipts:
        _without_receipts(options)
    with no_collection():  # what was read is kept to the end
        code = _ANSWERS[options.command](options, record, registry)
        wrong = chain.known(record) if record.has_receipts else []
        if options.command == "show":
            wrong = chain.concerning(wrong, record.named(options.request).request)
    if wrong:
        note(f"! {chain.warning(wrong)}: lakeport receipts verify")
    shaken = options.command != "site" and any(one.shakes for one in wrong)  # the site says it on its pages
    return max(code, 1) if shaken else code


def _require_period(options: argparse.Namespace) -> None:
    """Refuse days of which no record can tell.

    Raises:
        UsageError: a period ends before it begins, or a day that is to be over is yet to come.
    """
    from gitops.errors import UsageError

    since, until = getattr(options, "since", None), getattr(options, "until", None)
    if since and until and until < since:
        raise UsageError(
            f"The period ends on {until}, before it begins on {since}.", fix="Write the earlier day first."
        )
    last = {"access": getattr(options, "on", None), "evidence": until}.get(options.command)
    if last is None:
        return
    from gitops.checking import today  # with it come all the rules of the policy

    if last > today():
        raise UsageError(
            f"{last} is yet to come: nobody knows how things will stand.",
            fix=f"Name a day up to today, {today()} in UTC.",
        )


def _without_receipts(options: argparse.Namespace) -> None:
    """Only what files and commits tell is answered without them, and says that it lacks the rest.

    Raises:
        ConfigurationError: the question rests on the receipts.
    """
    from gitops.audit.clone import FETCH_RECEIPTS
    from gitops.errors import ConfigurationError

    narrowed = [name for name in _OF_RECEIPTS if getattr(options, name, False)]
    if options.command not in _OF_FILES or narrowed:
        raise ConfigurationError(
            "The branch of receipts is not in this clone, so this cannot be answered.",
            why="Only the receipts say what was approved and applied.",
            fix=f"Run `{FETCH_RECEIPTS}`.",
        )
    note("The branch of receipts is not in this clone, so nobody can say what was applied.")
    note(f"Run: {FETCH_RECEIPTS}")


def _list(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render
    from gitops.errors import UsageError

    del registry
    if options.by_hand and options.origin_unknown:
        raise UsageError("Nothing can be both.", fix="Give --by-hand or --origin-unknown.")
    if options.state and options.state not in ledger.WORDS:
        raise UsageError(
            f"No request is ever {options.state}.", fix=f"Write one of {', '.join(ledger.WORDS)}."
        )
    filters = {name: getattr(options, name) for name in _FILTERS}
    chosen = list(ledger.rows(record, ledger.Filter(**filters)))
    if not chosen:
        from gitops.audit import names

        names.require_known(record, filters)
    came = "" if options.origin_unknown else ledger.HAND
    narrowed = options.by_hand or options.origin_unknown
    found = [row for row in chosen if row.made_by == came] if narrowed else chosen
    if options.self_approved:
        found = [row for row in found if ledger.self_approved(row)]
    unknown = sum(not row.made_by for row in chosen)
    if options.by_hand and unknown:
        note(f"Of {unknown} more no receipt says how they came: lakeport audit list --origin-unknown")
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
    say(story.story(_head(record, file, row), events, story.Paper.of(sys.stdout)))
    return 0


def _head(record: Record, file: File, row: Row) -> Mapping[str, str]:
    """What a request is now. When it was asked for, only the bot's own commits can say."""
    from gitops.audit import ledger

    version = file.version
    asked = [one for one in record.card(file.path).merges if one.thread and row.made_by != ledger.HAND]
    return {
        "Request": row.request,
        "State": ledger.WORDS[row.state],
        "Came": ledger.CAME.get(row.made_by, row.made_by),
        "Purpose": version.purpose,
        "Asked by": ", ".join(part for part in (version.github, version.slack) if part),
        "Asked": asked[-1].asked[:16].replace("T", " ") if asked else "",
        "Conversation": asked[-1].thread if asked else "",
        "Business owner": version.business_owner,
        "Looked after by": version.technical_owner,
        "Members": ", ".join(version.members),
        "Data": version.classification,
        "Ends": version.expires,
        "Resources": ", ".join(f"{kind} {name}" for kind, name in version.resources),
    }


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
    if not found:
        from gitops.audit import names

        names.require_named(record, options.object, options.principal)
    return _show(options, found, render.REACH, reach.Reach, f"By the record nobody had any on {day}.")


def _changes(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import merges, render

    del registry
    record.require_history()
    since, until = (one.isoformat() if one else "" for one in (options.since, options.until))
    found = merges.lines(record, merges.merges(record, since=since, until=until))
    if options.unnamed:
        found = [line for line in found if line.receipt is None]
    return _show(options, found, render.MERGES, merges.Line, "Nothing came in between.")


def _unapplied(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render

    del registry
    found = list(ledger.unapplied(record))
    return _show(options, found, render.UNAPPLIED, ledger.Row, "Everything that is merged is applied.")


def _exceptions(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import emergencies, ledger, render
    from gitops.checking import today

    del registry
    found = list(ledger.exceptions(record, today()))
    code = _show(options, found, render.EXCEPTIONS, ledger.Excepted, "No request records an exception.")
    passed = sum(1 for _ in emergencies.emergencies(record))
    if passed:
        note(f"The gate was passed without approvals {passed} time(s): lakeport audit emergencies")
    return code


def _emergencies(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import emergencies, render

    del registry
    since, until = (one.isoformat() if one else "" for one in (options.since, options.until))
    found = list(emergencies.emergencies(record, since=since, until=until))
    nothing = "By the receipts nothing passed the gate without approvals."
    return _show(options, found, render.EMERGENCIES, emergencies.Emergency, nothing)


def _expired(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops.audit import ledger, render
    from gitops.checking import today

    del registry
    found = list(ledger.expired(record, today()))
    return _show(options, found, render.EXPIRED, ledger.Row, "Nothing is over its end.")


def _drift(options: argparse.Namespace, record: Record, registry: Registry) -> int:
    from gitops import drift_record
    from gitops.audit import drifts, render
    from gitops.checking import today

    del registry
    days, broken = drift_record.kept(record.checkout, record.receipts_head)
    for path in broken:
        note(f"{path} holds no look for drift of that day.")
    nothing = "No look for drift is on record: `lakeport drift --record` keeps one."
    if not days:
        return _show(options, [], render.DRIFT, drifts.Line, nothing)
    since = options.since or date.fromisoformat(days[0].day)
    until = options.until or max(today() - timedelta(days=1), date.fromisoformat(days[-1].day))
    those = [one for one in drifts.lines(record, days) if str(since) <= one.day <= str(until)]
    missed = drifts.gaps([one.day for one in those], since, until)
    nothing = f"Nobody looked from {since} to {until}."
    code = _show(options, those, render.DRIFT, drifts.Line, nothing, {"missed": missed})
    for sentence in filter(None, (f"The last look of all was on {days[-1].day}.", missed.sentence)):
        if options.csv:
            note(sentence)
        elif not options.json:
            say(f"{sentence}\n")
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
    from gitops.checkout import POLICY
    from gitops.errors import InvalidRequest

    policy = None
    if not (record.checkout.root / POLICY).exists():
        note(f"There is no {POLICY} here: costs are left out, and people go by what the files call them.")
    else:
        try:
            policy = shared.read_policy(record.checkout)
        except InvalidRequest:
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
    also: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """The rows as JSON with what is ``also`` told there, as CSV, or as a table."""
    from gitops.audit import render

    if options.json:
        say(render.as_json({"rows": render.as_data(rows), **also}))
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
    "emergencies": _emergencies,
    "expired": _expired,
    "drift": _drift,
    "evidence": _evidence,
    "site": _site,
}
