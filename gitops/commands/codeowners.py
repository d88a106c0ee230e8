"""`lakeport codeowners`: the section of `.github/CODEOWNERS` that follows from the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import LakeportError, UsageError
from gitops.terminal import answer

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Write it, or compare it; and who owns what is protected."""
    parser.add_argument("--check", action="store_true", help="Say whether it is current; write nothing.")
    parser.add_argument(
        "--team",
        default="",
        metavar="TEAM",
        help="The team of the policy that owns code and policy; left out, the one that the section names.",
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport codeowners --team ml-platform
  lakeport codeowners --check

What stands outside of the section is left as it is. Exit code 1 when --check
finds the file to be another, or a line that takes back what the section says."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Make the section from the policy, and put it where it belongs."""
    from gitops import codeowners

    del registry
    checkout = shared.checkout_here()
    policy = shared.read_policy(checkout)
    path = checkout.root / codeowners.FILE
    try:
        text = path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{codeowners.FILE} cannot be read as text.") from error
    if options.check:
        wrong = codeowners.problems(text, policy)
        if wrong:
            raise LakeportError(
                " ".join(one.what for one in wrong),
                fix="Run `lakeport codeowners` and commit it; take away lines below the section yourself.",
            )
        answer(options.json, f"{codeowners.FILE} is what the policy says.", {"current": True})
        return 0
    new = codeowners.written(text, codeowners.section(policy, options.team or codeowners.team_of(text)))
    if new != text:
        path.parent.mkdir(exist_ok=True)
        shared.write(path, new)
    changed = "is written" if new != text else "was so already"
    answer(options.json, f"{codeowners.FILE} {changed}.", {"changed": new != text})
    return 0
