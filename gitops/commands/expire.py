"""`lakeport expire`: warns of end dates that are near, and asks to retire what is over."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, say

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Only how it is shown."""
    shared.add_json(parser)
    parser.epilog = """\
Says a warning on the pull request of every request whose end date is near (the
policy says how many days ahead), and opens a pull request for every one whose
end date has passed. A daily workflow calls this; what was said or opened is
not said or opened again. Exit code 4 or 5 when something could not be done."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Do what is due today."""
    from gitops import expiry
    from gitops.checking import today
    from gitops.clients import organisation_github
    from gitops.pulls import open_repository

    checkout = shared.checkout_here()
    policy = shared.read_policy(checkout)
    day = today()
    near = list(expiry.endings(shared.requests_of(checkout, registry), policy.retirement, day))
    outcomes = (
        list(
            expiry.carry_out(
                near,
                expiry.pulls_in(checkout.receipts()),
                open_repository(organisation_github(os.environ), shared.full_name()),
                shared.repository(),
                registry=registry,
                policy=policy,
                today=day,
            )
        )
        if near
        else []
    )
    if options.json:
        say(as_text({"requests": [one.as_json() for one in outcomes]}))
    else:
        from gitops.render import open_console
        from gitops.render_lifecycle import print_expiry

        print_expiry(open_console(sys.stdout), outcomes)
    return max((one.exit_code for one in outcomes), default=0)
