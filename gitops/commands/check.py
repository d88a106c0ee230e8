"""`lakeport check`: everything wrong in request files, in a form for people or for a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import Format, say, show_findings

if TYPE_CHECKING:
    import argparse

    from gitops.checking import Checked
    from gitops.kind import Registry
    from gitops.policyfile import Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Files, what to judge them by, and how findings are shown."""
    shared.add_files(parser)
    shared.add_policy_from(parser)
    parser.add_argument(
        "--format",
        choices=list(Format),
        default=Format.TERMINAL,
        metavar="FORMAT",
        help="How findings are shown: terminal, json, github (annotations) or sarif.",
    )
    shared.add_json(parser, "The same as --format json.")
    parser.epilog = """\
Examples:
  lakeport check requests/dev/growth/churn-prediction.yaml
  lakeport check --changed-since origin/main --format github

Without files it checks all of them, and the policy. Looks at no other system.
Exit code 1 with errors."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Check, and show what was found."""
    checked, rules = shared.check_files(registry, options)
    if not options.paths and options.changed_since is None and options.policy_from is None:
        checked = _with_policy(checked, rules, registry)
    if options.format == Format.SARIF and not options.json:
        say(shared.sarif(checked.findings, checked.sources, registry, rules))
    else:
        show_findings(checked, Format.JSON if options.json else Format(options.format))
    return 0 if checked.ok else 1


def _with_policy(checked: Checked, rules: Policy, registry: Registry) -> Checked:
    """The same with what is wrong with the policy file: it is one of all files."""
    from msgspec.structs import replace

    from gitops.policyfile import review

    findings = [*checked.findings, *review(rules, registry)]
    findings.sort(key=lambda finding: finding.sort_key)
    return replace(checked, findings=tuple(findings))
