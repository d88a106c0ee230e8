"""`lakeport comment`: does what a comment on a pull request orders, and answers it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import answer

if TYPE_CHECKING:
    import argparse

    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.proposing import Proposed
    from gitops.request import Loaded
    from gitops.unlocking import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which comment."""
    from gitops.arguments import whole_number

    parser.add_argument(
        "--id", required=True, type=whole_number(1), metavar="N", help="Id of the comment on GitHub."
    )
    shared.add_json(parser)
    parser.epilog = """\
Reads the comment from GitHub. Its first line is the order: /lakeport plan,
apply, apply --resume, unlock, approve-again or help. The answer is a comment
below it; what is answered is not done again. The workflow of comments calls
this. Exit code 0 also when the order is refused, which the answer says."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Answer it."""
    from gitops import answering
    from gitops.clients import repository_github
    from gitops.receipts import Receipts

    checkout = shared.checkout_here()
    rules = shared.read_policy(checkout, "HEAD")
    name = shared.full_name()
    found = answering.answer(
        answering.Desk(
            pulls=shared.repository(),
            rules=rules,
            registry=registry,
            checkout=checkout,
            ledger=lambda: Receipts(repository_github(os.environ), name, blobs=checkout.blobs),
            propose=partial(_propose, registry=registry, rules=rules),
            run=_run,
            clock=lambda: datetime.now(UTC),
        ),
        options.id,
    )
    sentences = found.sentences if found else ("This comment orders nothing, or is answered already.",)
    data = {"answered": found is not None, "done": found is not None and found.done}
    answer(options.json, "\n".join(sentences), data | {"sentences": list(sentences)})
    return 0


def _propose(loaded: Loaded, *, registry: Registry, rules: Policy) -> Proposed:
    """The pull request for a fresh approval, by the app: for our own GitHub would begin no checks."""
    from gitops import adoption, proposing, render_lifecycle
    from gitops.checking import today
    from gitops.clients import organisation_github
    from gitops.pulls import open_repository

    composed = proposing.next_version(
        loaded, adoption.revert(loaded), registry=registry, policy=rules, today=today()
    )
    pulls = open_repository(organisation_github(os.environ), shared.full_name())
    why = render_lifecycle.approved_anew(loaded.id)
    app = rules.review.app
    return proposing.propose(pulls, loaded, composed, verb="Approve again", why=why, app=app)


def _run(by: str) -> Run:
    from gitops.unlocking import Run

    run_id, attempt, url = shared.this_run()
    return Run(by=by, run_id=run_id, attempt=attempt, run_url=url, tool_version=shared.version())
