"""Drift: what stands differently from what was applied, though nobody changed the file; and whose it is.

Everything that was applied is planned again, and nothing is done. What a plan would then change has drifted.
A file that was changed since, or never applied, is no drift: it waits, and `lakeport status` says for what.
What a file says to leave as it is (:mod:`gitops.drifted`) is told as that, until the day it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gitops import beside, checking, earlier, request, status
from gitops.drawing import draw_all
from gitops.drifted import Ignored, divided, key_of
from gitops.errors import InvalidRequest, LakeportError
from gitops.plan import Change, Plan, Reason, Refusal

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.drawing import Clients
    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.request import Loaded


class Drifted(Struct, frozen=True, kw_only=True):
    """One request whose things stand differently; ``owner`` is the e-mail of who looks after it.

    ``changes`` is what would bring them back. ``refusals`` are what keeps us from doing it, such as somebody
    else's thing under that name. ``ignored`` is what drifted too, and the file says to leave so for now.
    """

    request: str
    path: str
    team: str
    owner: str
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    @property
    def open(self) -> int:
        """How many things are neither as the file says nor ignored."""
        return len(self.changes) + len(self.refusals)

    @property
    def keys(self) -> tuple[str, ...]:
        """What these things are called: the keys of changes, and of resources that are refused."""
        resources = (key_of(one) for one in self.refusals if one.reason is not Reason.TOO_MUCH)
        return (*(change.key for change in self.changes), *resources)

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "request": self.request,
            "path": self.path,
            "team": self.team,
            "owner": self.owner,
            "changes": [change.as_json() for change in self.changes],
            "refusals": [refusal.as_json() for refusal in self.refusals],
            "ignored": [one.as_json() for one in self.ignored],
        }


class Drift(Struct, frozen=True, kw_only=True):
    """What a look at everything found.

    ``looked`` is how many applied requests were looked at, ``waiting`` are those that were not applied as the
    file says, ``unseen`` maps requests to why they could not be looked at.
    """

    looked: int
    drifted: tuple[Drifted, ...]
    waiting: tuple[str, ...]
    unseen: Mapping[str, str]
    unseen_code: int = 0

    @property
    def exit_code(self) -> int:
        """0 without drift or with what is ignored alone, 1 with drift, 3 or 4 when a system was not seen."""
        return self.unseen_code or (1 if any(one.open for one in self.drifted) else 0)

    @property
    def by_owner(self) -> dict[tuple[str, str], list[Drifted]]:
        """What drifted by team and owner, in that order."""
        found: dict[tuple[str, str], list[Drifted]] = {}
        for one in sorted(self.drifted, key=lambda one: (one.team, one.owner, one.request)):
            found.setdefault((one.team, one.owner), []).append(one)
        return found

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "looked": self.looked,
            "drifted": [one.as_json() for one in self.drifted],
            "waiting": list(self.waiting),
            "unseen": dict(self.unseen),
        }


def look(
    checkout: Checkout,
    *,
    registry: Registry,
    policy: Policy,
    clients: Clients,
    today: date | None = None,
    team: str = "",
    name: str | None = None,
) -> Drift:
    """Plan everything that was applied, read-only; with ``team``, what is hers; with ``name``, one request.

    ``today`` is the date in UTC where it is left out; it decides whether drift is still ignored.

    Raises:
        UsageError: there is no request of that name.
    """
    rows = [row for row in status.rows(checkout, name) if not team or row.request.split("/")[1:2] == [team]]
    applied = [row.path for row in rows if row.state == "applied"]
    requests, invalid = _load(checkout, applied, registry)
    before = earlier.of_checkout(requests, checkout, registry)
    plans = draw_all(
        requests,
        registry=registry,
        policy=policy,
        clients=clients,
        earlier=before,
        every=beside.neighbours(requests, checkout, registry),
    )
    failed = {
        one.id: plan for one, plan in zip(requests, plans, strict=True) if isinstance(plan, LakeportError)
    }
    return Drift(
        looked=len(requests) - len(failed),
        drifted=tuple(_drifted(requests, plans, policy, today or checking.today())),
        waiting=tuple(row.request for row in rows if row.state != "applied"),
        unseen=invalid | {name: " ".join(filter(None, (e.what, e.why, e.fix))) for name, e in failed.items()},
        unseen_code=max((error.exit_code for error in failed.values()), default=1 if invalid else 0),
    )


def _load(
    checkout: Checkout, paths: Iterable[str], registry: Registry
) -> tuple[list[Loaded], dict[str, str]]:
    """The requests at these paths; and those that are not valid by the rules of today, with a sentence."""
    found, invalid = [], {}
    for path in paths:
        try:
            found.append(request.load_request(checkout.read(path), path, registry))
        except InvalidRequest as error:
            invalid[path] = f"It is not valid any more: {error.findings[0].words}"
    return found, invalid


def _drifted(
    requests: Sequence[Loaded], plans: Sequence[Plan | LakeportError], policy: Policy, today: date
) -> Iterable[Drifted]:
    for one, plan in zip(requests, plans, strict=True):
        if isinstance(plan, LakeportError) or not (plan.changes or plan.refusals):
            continue
        origin = request.desired(one, policy)[0].origin
        changes, refusals, ignored = divided(plan, one.request.metadata.drift_ignored, today)
        yield Drifted(
            request=one.id,
            path=one.path,
            team=origin.team,
            owner=origin.technical_owner,
            changes=changes,
            refusals=refusals,
            ignored=ignored,
        )
