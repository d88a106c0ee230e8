"""`lakeport plan`: what would change in the live systems, without changing anything."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import note, say, show_plans

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Files, what to judge them by, and where the plan goes."""
    shared.add_files(parser)
    shared.add_policy_from(parser)
    shared.add_out(parser, "Write the plan to this file, too.")
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport plan requests/dev/growth/churn-prediction.yaml
  lakeport plan --changed-since origin/main --out plan.json

Exit code 1 with errors in files, 5 when something is refused, 3 or 4 when a
system cannot be asked."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Check the files, draw their plans, and show both."""
    from gitops import checking, report
    from gitops.drawing import Clients

    checked, rules = shared.check_files(registry, options)
    if sys.stderr.isatty() and not options.json:
        note("Looking at the live systems …")  # they may take their time to answer, or not to
    drawn = checking.plan(checked, registry=registry, rules=rules, clients=Clients(os.environ))
    if options.changed_since is not None:
        from gitops import impact

        changed = impact.of_branch(checked.checkout, options.changed_since, registry, checking.today())
        drawn = drawn.with_impact(changed)
    if options.out is not None:
        shared.write(options.out, report.dumps(drawn))
    if options.json:
        say(report.dumps(drawn))
    else:
        show_plans(checked, drawn)
    return drawn.exit_code
