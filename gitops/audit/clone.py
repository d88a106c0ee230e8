"""What a clone must have, so that what is read from it is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops.audit import index
from gitops.errors import ConfigurationError

if TYPE_CHECKING:
    from gitops.checkout import Checkout

FETCH_RECEIPTS = "git fetch origin receipts:refs/remotes/origin/receipts"


def require_history(checkout: Checkout) -> None:
    """Refuse a clone without its history: who did what when is in there.

    Raises:
        ConfigurationError: the clone is shallow.
    """
    if (index.folder(checkout).parent / "shallow").exists():
        raise ConfigurationError(
            "This clone has not the whole history.",
            why="It was made with --depth, so that commits are missing and the answer would be wrong.",
            fix="Run `git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'`.",
        )


def require_contents(checkout: Checkout, commits: Sequence[str]) -> None:
    """Refuse a clone that leaves out contents: Git would ask a server for each, and this is told offline.

    Raises:
        ConfigurationError: something of these commits is not here.
    """
    packs = index.folder(checkout).parent / "objects/pack"
    if not any(packs.glob("*.promisor")):
        return
    done = checkout.run("rev-list", "--objects", "--missing=print", "--quiet", *commits)
    if done.returncode or done.stdout.strip():
        raise ConfigurationError(
            "This clone has not all contents.",
            why="It was made with --filter, so that files are missing and answers would need the network.",
            fix="Run `git fetch --refetch --no-filter origin`, or clone it again without --filter.",
        )
