"""`lakeport policy`: what is wrong with the policy file, and what a change of it means for the requests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitops.checkout import POLICY
from gitops.commands import shared
from gitops.terminal import Format, as_text, say, show_findings

if TYPE_CHECKING:
    import argparse

    from gitops.checkout import Checkout
    from gitops.impact import Impact
    from gitops.kind import Registry

_IMPACT_FORMATS = ("terminal", "json", "github", "markdown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of the two, and how it is shown."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="Commands")
    check = commands.add_parser(
        "check",
        help="Find everything wrong in the policy file.",
        description="Find everything wrong in the policy file.",
    )
    check.add_argument(
        "--format",
        choices=list(Format),
        default=Format.TERMINAL,
        metavar="FORMAT",
        help="How findings are shown: terminal, json, github (annotations) or sarif.",
    )
    shared.add_json(check, "The same as --format json.")
    impact = commands.add_parser(
        "impact",
        help="Show which requests a policy change would refuse or change.",
        description="Show which requests a policy change would refuse or change.",
    )
    impact.add_argument(
        "--base",
        metavar="REV",
        help="Compare the policy with where the working tree left this commit; the default branch when left "
        "out.",
    )
    impact.add_argument(
        "--format",
        choices=_IMPACT_FORMATS,
        default="terminal",
        metavar="FORMAT",
        help="How it is shown: terminal, json, github (annotations) or markdown.",
    )
    shared.add_json(impact, "The same as --format json.")
    parser.epilog = """\
Examples:
  lakeport policy check
  lakeport policy impact --base origin/main

Exit code of `check`: 1 with errors in the policy. Of `impact`: 1 when a request
would newly be refused, or when one of the two policies cannot be used."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Check the policy, or say what a change of it means."""
    if options.command == "check":
        return _check(options, registry)
    return _impact(options, registry)


def _check(options: argparse.Namespace, registry: Registry) -> int:
    from gitops.checking import Checked
    from gitops.policyfile import examine

    checkout = shared.checkout_here()
    rules, findings = examine(checkout.read(POLICY), POLICY, registry)
    checked = Checked(files=(POLICY,), valid=frozenset(), findings=tuple(findings), checkout=checkout)
    if options.format == Format.SARIF and not options.json:
        say(shared.sarif(checked.findings, checked.sources, registry, rules))
    else:
        show_findings(checked, Format.JSON if options.json else Format(options.format))
    return 0 if checked.ok else 1


def _impact(options: argparse.Namespace, registry: Registry) -> int:
    from gitops import checking, impact

    checkout = shared.checkout_here()
    commit = checkout.merge_base(options.base or checkout.trunk())
    found = impact.of_change(checkout, commit, registry, checking.today())
    if options.json or options.format == "json":
        say(as_text(found.as_json()))
    elif options.format == "markdown":
        from gitops.render_impact import impact_page

        say(impact_page(found))
    else:
        _show(found, checkout, github=options.format == "github")
    return 0 if found.ok else 1


def _show(found: Impact, checkout: Checkout, *, github: bool) -> None:
    from gitops import render_findings, render_impact
    from gitops.checking import Checked
    from gitops.render import open_console

    console = open_console(sys.stdout)
    if github:
        refused = [finding for one in found.affected for finding in one.findings]
        say(render_findings.findings_github([*found.findings, *refused]))
    else:
        checked = Checked(files=(), valid=frozenset(), findings=found.findings, checkout=checkout)
        render_findings.print_findings(console, found.findings, checked.sources)
    render_impact.print_impact(console, found)
