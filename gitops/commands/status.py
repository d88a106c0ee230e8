"""`lakeport status`: where requests stand, from Git alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, say

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which request; all of them when left out."""
    parser.add_argument(
        "request", nargs="?", metavar="REQUEST", help="Id or name of one request; all of them when left out."
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport status
  lakeport status dev/growth/churn-prediction"""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Show one line for each request."""
    from gitops import status

    del registry  # Git knows what was applied, whatever its kind
    rows = status.rows(shared.checkout_here(), options.request)
    if options.json:
        say(as_text({"requests": [row.as_json() for row in rows]}))
    else:
        from gitops.render import open_console, print_status

        print_status(open_console(sys.stdout), rows)
    return 0
