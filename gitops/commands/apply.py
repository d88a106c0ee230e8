"""`lakeport apply`: carries out what is merged and approved, each request with a receipt."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.terminal import as_text, landed_as_json, note, say, show_landed

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from gitops.journal import Journal
    from gitops.kind import Registry
    from gitops.live import Live
    from gitops.plan import Plan
    from gitops.pulls import Pull
    from gitops.site import Landed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which requests, and where the steps are noted."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="REQUEST",
        help="Only the request of this id or name, or several with commas; may be said several times.",
    )
    parser.add_argument("--resume", action="store_true", help="Also what is on hold.")
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="Add every step to this file, as it happens."
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport apply
  lakeport apply --only churn-prediction --resume

Every request that is not applied yet, each with a receipt whatever happens. The
workflow of the main branch calls this, and every hour for what a run left. What
was tried three times, or is to be held when something fails, is on hold until
--resume. The exit code is the worst of all requests: 5 when one is refused, 6
when one is applied in part or not at all; 7 when nothing is wrong, but one is
on hold or being applied by another run."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Land everything, and show what became of it."""
    from gitops.journal import Journal
    from gitops.landing import worst

    _stop_on_sigterm()
    notes = Journal(options.journal, tell=lambda key, what: note(f"{what:<8} {key}"))
    # The workflow says "" for all of them, and several at once with commas.
    only = [name for given in options.only for name in given.split(",") if name]
    tell = (lambda one: None) if options.json else show_landed
    landed = _apply_all(registry, notes, tell, only=only, resume=options.resume)
    if notes.broken:
        note(notes.broken)
    if options.json:
        say(as_text({"requests": [landed_as_json(one) for one in landed]}))
    elif not landed:
        say(f"{'It' if only else 'Everything that is merged'} is applied.\n")
    return worst(landed)


def _apply_all(
    registry: Registry,
    journal: Journal,
    tell: Callable[[Landed], None],
    *,
    only: Sequence[str],
    resume: bool,
) -> list[Landed]:
    """Land everything that is merged and not applied; ``tell`` hears of each request when it is done."""
    from gitops import gating, landing
    from gitops.checkout import POLICY
    from gitops.clients import repository_github
    from gitops.drawing import Clients
    from gitops.live import Live
    from gitops.plan import digest
    from gitops.pulls import open_repository
    from gitops.receipts import Receipts
    from gitops.render import result_marker

    checkout = shared.checkout_here()
    rules = landing.policy_of(checkout)
    name = shared.full_name()
    github = repository_github(os.environ)
    repo = open_repository(github, name)
    run, number, url = shared.this_run()

    def follow(pull: Pull, plan: Plan) -> Live:
        marker = result_marker(plan.request)
        known = os.environ.get("GITHUB_RUN_ID", "")
        return Live(plan, journal, partial(repo.upsert_comment, pull.number, marker), run=f"{known}-{number}")

    site = landing.Site(
        checkout=checkout,
        registry=registry,
        policy=rules,
        pulls=repo,
        ledger=Receipts(github, name, blobs=checkout.blobs),
        clients=Clients(os.environ),
        judge=lambda pull: gating.judge_pull(repo, pull, registry=registry, rules=rules),
        journal=journal,
        follow=follow,
        run_url=url,
        run_id=run,
        attempt=number,
        tool_version=shared.version(),
        policy_digest=digest(checkout.read_at("HEAD", POLICY)),
    )
    return landing.apply_pending(site, only=only, resume=resume, tell=tell)


def _stop_on_sigterm() -> None:
    """A cancelled workflow sends SIGTERM after SIGINT; both end in a receipt."""
    import signal

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
