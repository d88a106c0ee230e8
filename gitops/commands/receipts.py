"""`lakeport receipts`: whether the receipts are the ones that were written, and hold in the live systems."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.audit.record import Record
    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked of them."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="Commands")
    verify = commands.add_parser(
        "verify",
        help="Check that no receipt was changed, added or left out.",
        description="Check that no receipt was changed, added or left out.",
    )
    verify.add_argument(
        "--live", action="store_true", help="Look at the live systems too: what was applied must still stand."
    )
    shared.add_json(verify)
    parser.epilog = """\
Examples:
  lakeport receipts verify
  lakeport receipts verify --live

Needs the branch of receipts (git fetch origin receipts). Exit code 1 when
something is wrong, 3 or 4 when a live system cannot be asked."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Verify them, and say what is wrong."""
    from gitops.audit.chain import problems
    from gitops.audit.record import Record
    from gitops.errors import ConfigurationError

    record = Record(shared.checkout_here(), registry, fresh=True)  # what is verified rests on Git alone
    if not record.has_receipts:
        raise ConfigurationError(
            "The branch of receipts is not in this clone.",
            fix="Run `git fetch origin receipts:refs/remotes/origin/receipts`.",
        )
    record.require_history()
    found = problems(record)
    live, code = _live(record, registry) if options.live else ([], 0)
    if options.json:
        wrong = [{"message": one.message, "receipt": one.receipt, "commit": one.commit} for one in found]
        say(as_text({"receipts": len(record.receipt_files), "problems": wrong, "live": live}))
    else:
        for one in found:
            note(one.message)
        for sentence in live:
            note(sentence)
        count = len(record.receipt_files)
        if not found:
            say(f"{count} receipt(s), each as it was written and in its place.\n")
        if options.live and not live:
            say("Everything that was applied stands.\n")
    return max(1 if found or live else 0, code)


def _live(record: Record, registry: Registry) -> tuple[list[str], int]:
    """What does not stand as the receipts say, in sentences; and the exit code of the look."""
    from gitops import drift
    from gitops.drawing import Clients

    if sys.stderr.isatty():
        note("Looking at the live systems …")
    policy = shared.read_policy(record.checkout)
    seen = drift.look(record.checkout, registry=registry, policy=policy, clients=Clients(os.environ))
    said = [
        f"{one.request}: {change.summary or change.key}" for one in seen.drifted for change in one.changes
    ]
    said += [f"{name} could not be looked at: {why}" for name, why in seen.unseen.items()]
    return said, seen.exit_code
