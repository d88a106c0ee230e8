"""`lakeport drift`: what stands differently from what was applied, by owner, and what becomes of it."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import ConfigurationError, UsageError
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    from gitops.drift import Drift
    from gitops.kind import Registry

_ACTIONS = {
    "adopt": "Open a pull request that changes the file to what stands.",
    "revert": "Open a pull request whose plan brings back what the file says.",
    "ignore": "Open a pull request that leaves drift as it is until a day, for a reason.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose, and where the report goes; or what becomes of the drift of one request."""
    parser.add_argument("--team", default="", metavar="TEAM", help="Only the requests of this team.")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="Write the report as Markdown to this file, too."
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="Keep how much drifted on the branch of receipts; once a day.",
    )
    shared.add_json(parser)
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", title="Commands")
    for name, line in _ACTIONS.items():
        action = commands.add_parser(name, help=line, description=line)
        action.add_argument("request", metavar="REQUEST", help="Id or name of the request.")
        if name == "adopt":
            action.add_argument(
                "--resource", default="", metavar="KEY", help="Only this one, such as compute/growth-churn."
            )
        if name == "ignore":
            action.add_argument(
                "--resource",
                action="append",
                default=[],
                metavar="KEY",
                help="This one or this part of it, as the report names it; all that drifted when left out.",
            )
            action.add_argument(
                "--until", required=True, type=_day, metavar="DATE", help="Its last day, as year-month-day."
            )
            action.add_argument("--reason", required=True, metavar="TEXT", help="One sentence, for the file.")
        shared.add_json(action)
    parser.epilog = """\
Examples:
  lakeport drift
  lakeport drift --team growth --json
  lakeport drift --record
  lakeport drift adopt dev/growth/churn-prediction

Without a command, plans everything that was applied, read-only, and changes
nothing. Needs the branch of receipts. Exit code 1 with drift, 3 or 4 when a
system cannot be asked. --record needs GITHUB_TOKEN for the requests; a look
that could not see everything is not kept. A command opens a pull request;
nothing is done until that is approved and merged."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes a date such as 2027-03-01, not {text}.") from None


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Look, and say what drifted; or open the pull request that decides about it."""
    if options.action is not None:
        from gitops.commands import _drift_choices

        return _drift_choices.run(options, registry)
    from gitops import drift, render_drift
    from gitops.drawing import Clients

    if options.record and options.team:
        raise UsageError("A look at one team is not kept: the numbers would be of that team alone.")
    checkout = shared.checkout_here()
    policy = shared.read_policy(checkout)
    if sys.stderr.isatty() and not options.json:
        note("Looking at the live systems …")
    found = drift.look(
        checkout,
        registry=registry,
        policy=policy,
        clients=Clients(os.environ),
        team=options.team,
    )
    if options.markdown is not None:
        shared.write(options.markdown, render_drift.markdown(found))
    if options.json:
        say(as_text(found.as_json()))
    else:
        from gitops.render import open_console

        render_drift.print_drift(open_console(sys.stdout), found)
    if options.record and found.unseen_code < ConfigurationError.exit_code:  # else the exit code tells
        _record(found)
    return found.exit_code


def _record(found: Drift) -> None:
    """Keep how much drifted, where this day has no look yet."""
    from gitops import drift_record
    from gitops.clients import repository_github

    day = drift_record.day_of(found, datetime.now(UTC))
    kept = drift_record.append(repository_github(os.environ), shared.full_name(), day)
    note(f"The look of {day.day} {'is kept' if kept else 'was kept before, and stands'}.")
