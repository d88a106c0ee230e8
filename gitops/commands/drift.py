"""`lakeport drift`: what stands differently from what was applied, by owner."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose, and where the report goes."""
    parser.add_argument("--team", default="", metavar="TEAM", help="Only the requests of this team.")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="Write the report as Markdown to this file, too."
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport drift
  lakeport drift --team growth --json

Plans everything that was applied, read-only, and changes nothing. Needs the
branch of receipts. Exit code 1 with drift, 3 or 4 when a system cannot be
asked."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Look, and say what drifted."""
    from gitops import drift, render_drift
    from gitops.drawing import Clients

    checkout = shared.checkout_here()
    policy = shared.read_policy(checkout)
    if sys.stderr.isatty() and not options.json:
        note("Looking at the live systems …")
    found = drift.look(
        checkout, registry=registry, policy=policy, clients=Clients(os.environ), team=options.team
    )
    if options.markdown is not None:
        shared.write(options.markdown, render_drift.markdown(found))
    if options.json:
        say(as_text(found.as_json()))
    else:
        from gitops.render import open_console

        render_drift.print_drift(open_console(sys.stdout), found)
    return found.exit_code
