"""`lakeport scaffold update`: propose a newer template to the repositories that were filled from it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import LakeportError, UsageError
from gitops.markup import visible
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.checkout import Checkout
    from gitops.kind import Desired, Registry
    from handlers._scaffold_fields import ScaffoldSpec
    from handlers._scaffold_update import Update


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which requests, and whether it only looks."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="Commands")
    about = "Propose a newer template to the repositories that were filled from it."
    update = commands.add_parser("update", help=about, description=about)
    update.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="The request, by its id or its name."
    )
    update.add_argument("--all", action="store_true", help="Every request that was applied.")
    update.add_argument(
        "--dry-run", action="store_true", help="Say what would be proposed, and write nothing."
    )
    shared.add_json(update)
    parser.epilog = """\
Examples:
  lakeport scaffold update dev/growth/churn-prediction --dry-run
  lakeport scaffold update --all

Opens one pull request for each repository, with what changed in the template
merged into what people made of it; or brings the one that is open up to date.
Needs the branch of receipts and the whole history of this checkout. Exit code
0 when every repository could be brought up to date, otherwise that of what
failed; one that fails does not stop the others."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Look at every repository, propose what is new, and say what became of each."""
    from handlers._scaffold_look import full_name, notes
    from handlers._scaffold_update import Site, update

    if bool(options.name) == options.all:
        raise UsageError(
            "Which requests is not clear.",
            fix="Name one, as in `lakeport scaffold update churn-prediction`, or say --all.",
        )
    checkout = shared.checkout_here()
    wanted = list(_wanted(checkout, options.name, registry))
    done: list[Update] = []
    if wanted:
        client = registry["scaffold"].connect(os.environ)
        found = notes((full_name(one) for one in wanted), client)
        site = Site(client=client, history=checkout, dry_run=options.dry_run)
        for number, one in enumerate(wanted, 1):
            note(f"{number} of {len(wanted)}: {full_name(one)} …")
            done.append(update(one, found.get(full_name(one)), site))
    if options.json:
        say(
            as_text(
                {"ok": not any(one.exit_code for one in done), "scaffolds": [_as_json(one) for one in done]}
            )
        )
    else:
        say(
            "".join(f"{visible(line)}\n" for one in done for line in _lines(one))
            or "No scaffold was applied.\n"
        )
    return max((one.exit_code for one in done), default=0)


def _wanted(checkout: Checkout, name: str, registry: Registry) -> Iterator[Desired[ScaffoldSpec]]:
    """The scaffolds of the requests that were applied and are active."""
    from gitops import request, status
    from handlers._scaffold_fields import ScaffoldSpec

    policy = shared.read_policy(checkout)
    for row in status.rows(checkout, name or None):
        if row.state not in ("applied", "changed"):
            if name:
                raise UsageError(
                    f"{row.request} is not applied yet.", fix="`lakeport status` says what it waits for."
                )
            continue
        try:
            loaded = request.load_request(checkout.read(row.path), row.path, registry)
        except LakeportError:
            if name:
                raise
            note(f"{row.path} is not valid any more: passed over. `lakeport check` says why.")
            continue
        for one in request.desired(loaded, policy):
            if isinstance(one.spec, ScaffoldSpec) and one.origin.lifecycle == "active":
                yield one


_SAID = {
    "current": "up to date",
    "opened": "pull request opened",
    "updated": "pull request brought up to date",
    "unchanged": "pull request is open",
    "planned": "a pull request would be opened, or brought up to date",
    "people": "somebody works on the branch: left to them",
    "declined": "the pull request was closed: not opened again for this version",
    "absent": "there is no repository that was filled and can be written to",
    "failed": "failed",
}


def _lines(one: Update) -> Iterator[str]:
    versions = f"{one.before or '0'} → {one.after}" if one.after and one.after != one.before else one.before
    head = f"{one.repository}: {one.template} {versions}".rstrip()
    yield f"{head}: {one.error or _SAID[one.outcome]}" + (f", {one.pull}" if one.pull else "")
    for path in one.conflicts:
        yield f"  conflict: {path}"
    for path, why in one.left.items():
        yield f"  left: {path} {why}"


def _as_json(one: Update) -> dict[str, object]:
    from msgspec import to_builtins

    found: dict[str, object] = to_builtins(one)
    return found
