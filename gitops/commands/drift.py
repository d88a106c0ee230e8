"""`lakeport drift`: what stands differently from what was applied, by owner, and what becomes of it."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
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
  lakeport drift adopt dev/growth/churn-prediction

Without a command, plans everything that was applied, read-only, and changes
nothing. Needs the branch of receipts. Exit code 1 with drift, 3 or 4 when a
system cannot be asked. A command opens a pull request; nothing is done until
that is approved and merged."""


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
    return found.exit_code
