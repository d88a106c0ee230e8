"""`lakeport doctor`: whether the repository is set up so that no request passes without the gate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry

SIGNS = {"open": "✗", "weak": "!", "unseen": "?", "fine": "✓"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is looked at, and whether it is put right."""
    parser.add_argument(
        "--github",
        action="store_true",
        required=True,
        help="Look at the repository of the requests on GitHub.",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="Set the rulesets of the default branch and of the receipts, and the rights of workflows.",
    )
    parser.add_argument(
        "--may-bypass",
        action="append",
        default=[],
        metavar="ACTOR",
        help='Somebody who is meant to bypass the rules, as the report names them, such as "Team 77".',
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  GITHUB_REPOSITORY=acme/lakeport GITHUB_TOKEN=… lakeport doctor --github
  lakeport doctor --github --fix

Who may bypass the rules is only shown to those who administer the repository.
Exit code 1 when a request could pass without the gate."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Look, put right what was asked for, and say how it stands."""
    from gitops import doctor
    from gitops.clients import repository_github
    from gitops.doctor_look import Look
    from gitops.markup import visible
    from gitops.pulls import CHECK_APP

    del registry
    policy = shared.read_policy(shared.checkout_here())
    app = os.environ.get("LAKEPORT_CHECK_APP") or CHECK_APP
    look = Look(repository_github(os.environ), shared.full_name(), app)
    facts = look.facts(policy, options.may_bypass)
    if options.fix:
        for sentence in look.fix(facts):
            note(sentence)
        facts = look.facts(policy, options.may_bypass)
    found = doctor.judge(facts)
    if options.json:
        advice = [{"level": one.level, "what": one.what, "fix": one.fix} for one in found]
        say(as_text({"verdict": doctor.verdict(found), "advice": advice}))
    else:
        say(f"{doctor.verdict(found)}\n\n")
        for one in found:
            say(visible(f"{SIGNS[one.level]} {one.what}") + "\n" + (f"  {one.fix}\n" if one.fix else ""))
    return 1 if any(one.level is doctor.Level.OPEN for one in found) else 0
