"""`lakeport schema`: the JSON schema of request files, for editors and other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitops.checkout import SCHEMA
from gitops.commands import shared
from gitops.errors import LakeportError
from gitops.terminal import answer, as_text, say

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Print it, write it, or compare it."""
    parser.add_argument("--check", action="store_true", help=f"Say whether {SCHEMA} is current.")
    shared.add_out(parser, "Write it to this file.")
    shared.add_json(parser)
    parser.epilog = f"""\
Examples:
  lakeport schema --check
  lakeport schema --out {SCHEMA}

Exit code 1 when --check finds another one."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Make the schema from the kinds, and put it where it was asked for."""
    from gitops.request import json_schema

    text = as_text(json_schema(registry))
    if options.check:
        _compare(text)
        answer(options.json, "The published schema is current.", {"current": True})
    elif options.out is not None:
        shared.write(options.out, text)
    else:
        say(text)
    return 0


def _compare(text: str) -> None:
    """Raise unless the published schema is this text."""
    try:
        current = Path(SCHEMA).read_text("utf-8")
    except OSError:
        current = ""
    if current != text:
        raise LakeportError(
            f"{SCHEMA} is not what the kinds say.", fix=f"Run `lakeport schema --out {SCHEMA}` and commit it."
        )
