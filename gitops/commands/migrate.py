"""`lakeport migrate`: request files of an older version of the format, upgraded."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import InvalidRequest
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.checkout import Checkout
    from gitops.finding import Finding
    from gitops.kind import Registry
    from gitops.migration import Step
    from gitops.rewriting import Rewrite


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, and whether to write them."""
    shared.add_files(parser)
    parser.add_argument("--write", action="store_true", help="Write the files; without it, only show how.")
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport migrate
  lakeport migrate --write requests/dev/growth

Shows what would change in the files of an older version; comments stay. Files of
the version that is read are left alone. Exit code 1 when a file cannot be
upgraded, or has errors that are older than its upgrade."""


@dataclass
class _Result:
    """What came of the files that were asked for; ``sources`` are the bytes that findings are about."""

    asked: int
    rewrites: list[Rewrite] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Upgrade the files, or show how, and say what is still wrong with them."""
    from gitops import checking

    checkout = shared.checkout_here()
    chosen = checking.choose(
        checkout, options.paths, everything=options.all, changed_since=options.changed_since
    )
    result = _Result(len(chosen.files))
    for name in chosen.files:
        _migrate(name, checkout, registry, result)
    for rewrite in result.rewrites if options.write else ():
        rewrite.carry_out(checkout.root)
    if options.json:
        _tell_machines(result, written=options.write)
    else:
        _tell_people(result, written=options.write)
    return 1 if result.findings else 0


def _migrate(name: str, checkout: Checkout, registry: Registry, result: _Result) -> None:
    from gitops import yamlfile
    from gitops.migration import migrate
    from gitops.request import load_request
    from gitops.rewriting import Rewrite

    try:
        raw = result.sources[name] = checkout.read(name)
        migrated = migrate(yamlfile.load(raw, name), registry)
        if migrated is None:
            return
        result.rewrites.append(Rewrite(name, raw, migrated.raw))
        result.steps |= {step.source: step for step in migrated.steps}
        result.sources[name] = migrated.raw
        load_request(migrated.raw, name, registry)
    except InvalidRequest as invalid:
        result.findings += invalid.findings


def _tell_machines(result: _Result, *, written: bool) -> None:
    data = {
        "ok": not result.findings,
        "written": written,
        "changed": [rewrite.file for rewrite in result.rewrites],
        "diff": "".join(rewrite.diff() for rewrite in result.rewrites),
        "findings": [finding.as_json() for finding in result.findings],
    }
    say(as_text(data))


def _tell_people(result: _Result, *, written: bool) -> None:
    """The differences on standard output; what they are, and what to do next, on standard error."""
    from gitops.rewriting import show_diffs

    show_diffs(result.rewrites)
    if result.findings:
        from gitops.render import open_console
        from gitops.render_findings import print_findings

        print_findings(open_console(sys.stderr), result.findings, result.sources)
    for step in result.steps.values():
        note(f"{step.source} → {step.target}: {step.summary}.")
    count = len(result.rewrites)
    files = f"{count} file{'' if count == 1 else 's'}"
    if not count:
        note("No file of an older version." if result.asked else "There is no request file.")
    elif written:
        note(f"{files} upgraded.")
    else:
        note(f"{files} to upgrade. Nothing is written yet: `lakeport migrate --write` does.")
