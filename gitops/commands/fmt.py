"""`lakeport fmt`: request files in canonical form, with their comments."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import InvalidRequest, UsageError
from gitops.finding import Finding
from gitops.rewriting import Rewrite
from gitops.terminal import answer, as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.checkout import Checkout
    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, and whether to write them."""
    shared.add_files(parser)
    parser.add_argument("--check", action="store_true", help="Write nothing; say which files would change.")
    parser.add_argument("--diff", action="store_true", help="Write nothing; show what would change.")
    parser.add_argument(
        "--stdin-filename",
        metavar="PATH",
        help="Format standard input, the text of this file, to standard output: for editors.",
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport fmt
  lakeport fmt --diff requests/dev/growth
  lakeport fmt --check --changed-since origin/main

Fields in the order of the format, two spaces per level, quotes where they are
needed; comments stay at what they stand at. A file with errors is left as it
is. Exit code 1 with errors, and when --check or --diff find something."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Format the files, and say which."""
    if options.stdin_filename is not None:
        return _standard_input(options, registry)
    from gitops import checking
    from gitops.fanout import spread

    checkout = shared.checkout_here()
    chosen = checking.choose(
        checkout, options.paths, everything=options.all, changed_since=options.changed_since
    )
    result = _Result(chosen.files)
    for part in spread(lambda names: _format(names, checkout, registry), chosen.files, _Result):
        result.sources |= part.sources
        result.rewrites += part.rewrites
        result.findings += part.findings
    keep = options.check or options.diff
    for rewrite in () if keep else result.changed:
        rewrite.carry_out(checkout.root)
    if options.json:
        _tell_machines(result, options)
    else:
        _tell_people(result, options)
    return 1 if result.findings or (keep and result.changed) else 0


@dataclass
class _Result:
    """What came of the files that were asked for."""

    files: Sequence[str]
    sources: dict[str, bytes] = field(default_factory=dict)
    rewrites: list[Rewrite] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def changed(self) -> list[Rewrite]:
        return [rewrite for rewrite in self.rewrites if rewrite.changes]


def _format(names: Sequence[str], checkout: Checkout, registry: Registry) -> _Result:
    """What the files would be; nothing is written."""
    from gitops.formatting import formatted

    result = _Result(names)
    for name in names:
        try:
            raw = result.sources[name] = checkout.read(name)
            result.rewrites.append(Rewrite(name, raw, formatted(raw, name, registry)))
        except InvalidRequest as invalid:
            result.findings += invalid.findings
    return result


def _tell_machines(result: _Result, options: argparse.Namespace) -> None:
    data = {
        "ok": not result.findings,
        "written": not (options.check or options.diff),
        "changed": [rewrite.file for rewrite in result.changed],
        "findings": [finding.as_json() for finding in result.findings],
    }
    patch = {"diff": "".join(rewrite.diff() for rewrite in result.changed)} if options.diff else {}
    say(as_text(data | patch))


def _tell_people(result: _Result, options: argparse.Namespace) -> None:
    """Which files changed or would, what is wrong with the others, and a line that sums it up.

    With --diff standard output has the patch and nothing else.
    """
    changed = result.changed
    if options.diff:
        from gitops.rewriting import show_diffs

        show_diffs(changed)
    if result.findings:
        from gitops.render import open_console
        from gitops.render_findings import print_findings

        print_findings(open_console(sys.stderr), result.findings, result.sources)
    verb = "would change" if options.check or options.diff else "formatted"
    wrong = len(result.files) - len(result.rewrites)
    if not options.diff:
        answer(False, "".join(f"{rewrite.file}: {verb}\n" for rewrite in changed), {})
    note(_summary(len(result.files) - len(changed) - wrong, len(changed), wrong, verb))


def _summary(same: int, changed: int, wrong: int, verb: str) -> str:
    parts = [f"{_files(changed)} {verb}"] if changed else []
    parts += [f"{_files(same)} as {'it' if same == 1 else 'they'} should be"] if same else []
    parts += [f"{_files(wrong)} with errors left as {'it is' if wrong == 1 else 'they are'}"] if wrong else []
    return (", ".join(parts) or "There is no request file") + "."


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _standard_input(options: argparse.Namespace, registry: Registry) -> int:
    """Format one text; with errors nothing is written, so that an editor keeps what it has."""
    if options.paths or options.all or options.changed_since or options.check or options.diff or options.json:
        raise UsageError(
            "--stdin-filename goes with nothing else.",
            fix="It formats standard input to standard output; the path says which request it is.",
        )
    from gitops.checkout import Checkout
    from gitops.formatting import formatted
    from gitops.yamltext import MAX_BYTES

    root, path = Checkout.here().root, Path(options.stdin_filename)
    name = (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        say(formatted(raw, name, registry).decode())
    except InvalidRequest as invalid:
        from gitops.render import open_console
        from gitops.render_findings import print_findings

        print_findings(open_console(sys.stderr), invalid.findings, {name: raw})
        return 1
    return 0
