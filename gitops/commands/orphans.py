"""`lakeport orphans`: what is marked as ours and named by no request."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the report goes."""
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="Write the report as Markdown to this file, too."
    )
    shared.add_json(parser)
    parser.epilog = """\
Lists everything that carries the mark of a request, read-only, and changes
nothing. Exit code 1 when something belongs to no request, 3 or 4 when a system
cannot be asked."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Look, and say what belongs to nobody."""
    from gitops import orphans, render_lifecycle
    from gitops.drawing import Clients

    checkout = shared.checkout_here()
    if sys.stderr.isatty() and not options.json:
        note("Looking at the live systems …")
    found = orphans.look(checkout, registry=registry, clients=Clients(os.environ))
    if options.markdown is not None:
        shared.write(options.markdown, render_lifecycle.orphans_markdown(found))
    if options.json:
        say(as_text(found.as_json()))
    else:
        from gitops.render import open_console

        render_lifecycle.print_orphans(open_console(sys.stdout), found)
    return found.exit_code
