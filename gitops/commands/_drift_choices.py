"""`lakeport drift adopt`, `revert` and `ignore`: the pull request by which an owner decides about drift."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitops import adoption, checking, drift, proposing, render_drift, request, states, status
from gitops.commands import shared
from gitops.drawing import Clients
from gitops.errors import Refused, UsageError
from gitops.terminal import answer

if TYPE_CHECKING:
    import argparse
    from datetime import date

    from gitops.checkout import Checkout
    from gitops.kind import Registry
    from gitops.plan import JSON
    from gitops.policy import Policy
    from gitops.request import Loaded


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Open the pull request, or find the one that is open, and say what it leaves as it is."""
    checkout = shared.checkout_here()
    loaded = _applied(checkout, options.request, registry)
    case = _Case(loaded, checkout, registry, shared.read_policy(checkout), checking.today())
    adopted = case.adopt(options.resource) if options.action == "adopt" else None
    if adopted is not None:
        said = adopted.said
    elif options.action == "revert":
        said = adoption.revert(loaded)
    else:
        said = case.ignore(options.resource, until=options.until, reason=options.reason)
    composed = proposing.next_version(loaded, said, registry=registry, policy=case.policy, today=case.today)
    lines = case.left(adopted, composed.raw or b"") if adopted is not None else ()
    made = proposing.propose(
        shared.repository(),
        loaded,
        composed,
        verb=render_drift.VERBS[options.action],
        why=render_drift.reason(options.action, lines),
        app=case.policy.review.app,
    )
    text = f"{made.url} is {made.answer}: nothing is done until it is approved and merged."
    answer(options.json, "\n".join([text, *lines]), made.as_json() | {"left": list(lines)})
    return 0


def _applied(checkout: Checkout, name: str, registry: Registry) -> Loaded:
    """The request of this id or name, which was applied as its file says.

    Raises:
        UsageError: there is none, or several of that name.
        Refused: it waits to be applied, so nothing of it can have drifted.
    """
    rows = status.rows(checkout, name)
    if len(rows) > 1:
        ids = ", ".join(row.request for row in rows)
        raise UsageError(f"There are several requests {name}.", fix=f"Say which: {ids}.")
    if rows[0].state != "applied":
        raise Refused(
            f"{rows[0].request} is {states.STATES[rows[0].state]}.",
            why="Only what was applied as the file says can have drifted from it.",
            fix="Have it applied first, then look again.",
            where=rows[0].path,
        )
    return request.load_request(checkout.read(rows[0].path), rows[0].path, registry)


@dataclass(frozen=True)
class _Case:
    """A request, and all that is needed to say what becomes of its drift."""

    loaded: Loaded
    checkout: Checkout
    registry: Registry
    policy: Policy
    today: date

    def adopt(self, only: str) -> adoption.Adopted:
        return adoption.adopt(
            self.loaded,
            registry=self.registry,
            policy=self.policy,
            clients=Clients(os.environ),
            every=shared.requests_of(self.checkout, self.registry),
            only=only,
        )

    def left(self, adopted: adoption.Adopted, raw: bytes) -> tuple[str, ...]:
        """A line on each thing that the next version still does not say."""
        after = request.load_request(raw, self.loaded.path, self.registry)
        rest = adoption.left(adopted, after, registry=self.registry, policy=self.policy)
        return tuple(f"Not adopted, and brought back when it is merged: {one}" for one in rest)

    def ignore(self, resources: Sequence[str], *, until: date, reason: str) -> Mapping[str, JSON]:
        """The entries for these, or for all that drifted."""
        keys = tuple(resources) or self._drifted()
        if not keys:
            raise Refused(f"Nothing of {self.loaded.id} has drifted.", fix="Look again: lakeport drift.")
        return adoption.ignore(
            self.loaded, keys, until=until, reason=reason, registry=self.registry, today=self.today
        )

    def _drifted(self) -> tuple[str, ...]:
        found = drift.look(
            self.checkout,
            registry=self.registry,
            policy=self.policy,
            clients=Clients(os.environ),
            today=self.today,
            name=self.loaded.id,
        )
        return tuple(key for one in found.drifted for key in one.keys)
