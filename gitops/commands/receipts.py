"""`lakeport receipts`: whether the receipts are the ones that were written, and hold in the live systems."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from gitops.audit.problem import Problem
from gitops.commands import shared
from gitops.receipt import number_in
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
        "--live",
        action="store_true",
        help="Ask GitHub who wrote them, and look at the live systems: what was applied must still stand.",
    )
    verify.add_argument(
        "--expect",
        type=_commit,
        metavar="SHA",
        help="The commit that was noted at an earlier check.",
    )
    shared.add_json(verify)
    parser.epilog = """\
Examples:
  lakeport receipts verify
  lakeport receipts verify --expect 4b825dc642cb6eb9a060e54bf8d69288fbee4904
  lakeport receipts verify --live

Needs the branch of receipts (git fetch origin receipts). Exit code 1 when
something is wrong, 3 or 4 when a live system cannot be asked. Note the commit
that it prints outside of the repository: a branch that was written anew as a
whole shows only to who compares it with --expect or --live."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Verify them, and say what is wrong."""
    from gitops.audit import anchor
    from gitops.audit.chain import problems
    from gitops.audit.clone import FETCH_RECEIPTS
    from gitops.audit.record import Record
    from gitops.errors import ConfigurationError

    record = Record(shared.checkout_here(), registry, fresh=True)  # what is verified rests on Git alone
    record.require_history()  # first: what completes it brings the receipts, too
    if not record.has_receipts:
        raise ConfigurationError(
            "The branch of receipts is not in this clone.", fix=f"Run `{FETCH_RECEIPTS}`."
        )
    found = problems(record)
    moved = anchor.moved_on(record, options.expect) if options.expect else ""
    if moved:
        found.insert(0, Problem(message=moved, commit=options.expect))
    live, code = _live(record, registry) if options.live else ([], 0)
    _say(options, record, found, live)
    return max(1 if found or live else 0, code)


def _say(options: argparse.Namespace, record: Record, found: Sequence[Problem], live: Sequence[str]) -> None:
    """What is wrong, how many are not concerned, and the commit to note."""
    count = len(record.receipt_files)
    if options.json:
        wrong = [asdict(one) for one in found]
        data = {"head": record.receipts_head, "receipts": count, "problems": wrong, "live": live}
        say(as_text(data))
        return
    for one in found:
        note(one.message + (f" ({one.subject})" if one.subject else ""))
    for sentence in live:
        note(sentence)
    concerned = {one.receipt for one in found if one.receipt is not None}
    others = sum(number_in(path) not in concerned for path, _ in record.receipt_files)
    if not found:
        say(f"{count} receipt(s), each as it was written and in its place.\n")
    else:
        say(f"{others} of {count} receipt(s) are sound.\n")
    if options.live and not live:
        say("GitHub has the same, written by an app and signed. Everything that was applied stands.\n")
    say(f"Head {record.receipts_head}, {count} receipt(s): note it, and compare with --expect next time.\n")


def _commit(text: str) -> str:
    import argparse
    import re

    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a whole commit, as an earlier check printed it")
    return text


def _live(record: Record, registry: Registry) -> tuple[list[str], int]:
    """What does not stand as the receipts say, in sentences; and the exit code of the look."""
    from gitops import drift
    from gitops.audit import anchor
    from gitops.clients import repository_github
    from gitops.drawing import Clients

    if sys.stderr.isatty():
        note("Looking at the live systems …")
    name, hub = shared.full_name(), repository_github(os.environ)
    against = anchor.asked(record, hub.withLazy(True).get_repo(name))
    policy = shared.read_policy(record.checkout)
    seen = drift.look(record.checkout, registry=registry, policy=policy, clients=Clients(os.environ))
    said = against + [
        f"{one.request}: {change.summary or change.key}" for one in seen.drifted for change in one.changes
    ]
    said += [f"{name} could not be looked at: {why}" for name, why in seen.unseen.items()]
    return said, seen.exit_code
