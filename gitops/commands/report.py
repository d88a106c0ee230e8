"""`lakeport report`: posts a plan on its pull request, as a comment and a check run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import UsageError
from gitops.terminal import answer

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry

_LIMIT = 20 * 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The plan, the pull request, and the commit that was planned."""
    parser.add_argument(
        "--plan", required=True, type=Path, metavar="FILE", help="What `lakeport plan --out` wrote."
    )
    shared.add_pull(parser)
    parser.add_argument("--sha", required=True, metavar="SHA", help="The commit that was planned, in full.")
    shared.add_json(parser)
    parser.epilog = """\
One comment, kept up to date, and the check run that carries what may be
approved. The workflow of a pull request calls this."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Read the plan and post it."""
    from gitops import posting, report

    del registry  # what a plan says was drawn by `lakeport plan`
    found = report.loads(_read(options.plan), file=str(options.plan))
    conclusion = posting.post_report(
        shared.repository(), found, number=options.pull, sha=_commit_id(options.sha)
    )
    answer(options.json, f"{posting.plan_title(found)} ({conclusion})", {"conclusion": conclusion})
    return 0


def _commit_id(text: str) -> str:
    """The text, when it is a full commit id."""
    if len(text) != 40 or not set(text) <= set("0123456789abcdef"):
        raise UsageError("--sha takes a full commit id of 40 characters.")
    return text


def _read(path: Path) -> bytes:
    """The bytes of a report, within reason."""
    try:
        if path.stat().st_size > _LIMIT:
            raise UsageError(f"{path} is larger than any report.")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
