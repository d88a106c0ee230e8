"""`lakeport status`: where requests stand, from Git alone; and all that is known of one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, say

if TYPE_CHECKING:
    import argparse

    from gitops.account import Account
    from gitops.checkout import Checkout
    from gitops.kind import Registry
    from gitops.status import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which request; all of them when left out."""
    parser.add_argument(
        "request", nargs="?", metavar="REQUEST", help="Id or name of one request; all of them when left out."
    )
    parser.add_argument(
        "--live", action="store_true", help="Look at what stands now, too; it needs the credentials to read."
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport status
  lakeport status dev/growth/churn-prediction
  lakeport status churn-prediction --live

Exit code 3 or 4 with --live, when a system cannot be asked."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Show one line for each request; of one that is named, all that is known."""
    from gitops import status
    from gitops.errors import UsageError

    if options.live and options.request is None:
        raise UsageError("--live looks at one request.", fix="Name it: lakeport status NAME --live.")
    checkout = shared.checkout_here()
    rows = status.rows(checkout, options.request)
    if options.request is not None:
        return _one(checkout, rows, registry, options)
    if options.json:
        say(as_text({"requests": [row.as_json() for row in rows]}))
    else:
        from gitops.render import open_console
        from gitops.render_status import print_status

        print_status(open_console(sys.stdout), rows)
    return 0


def _one(checkout: Checkout, rows: list[Row], registry: Registry, options: argparse.Namespace) -> int:
    from gitops import account

    found = account.accounts(checkout, rows, registry)
    if options.live:
        found = _looked(found, checkout, registry)
    if options.json:
        say(as_text({"requests": [one.as_json() for one in found]}))
    else:
        from gitops.render import open_console
        from gitops.render_status import print_account

        console = open_console(sys.stdout)
        for index, one in enumerate(found):
            if index:
                console.print()
            print_account(console, one)
    return max(one.exit_code for one in found)


def _looked(found: list[Account], checkout: Checkout, registry: Registry) -> list[Account]:
    from gitops import account
    from gitops.drawing import Clients

    policy, clients = shared.read_policy(checkout), Clients(os.environ)
    return [account.look(one, checkout, registry, policy, clients) for one in found]
