"""The end date of requests: warnings ahead of it, and after it a pull request that asks to take all away.

Both are found again and never said or opened twice, so that a daily run may be missed or run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import MsgspecError, Struct, json

from gitops import proposing, render_lifecycle
from gitops.errors import LakeportError
from gitops.proposing import Answer

if TYPE_CHECKING:
    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.request import Loaded
    from gitops.retirement import Retirement

LIFECYCLE = "metadata.lifecycle"
ENDED = 0
"""In place of the days ahead, in the marker of what is said once the end date has passed."""


class Comments(Protocol):
    """What saying something needs of :class:`gitops.pulls.Repository`."""

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker."""


class Step(StrEnum):
    """What is due for a request: a closed set."""

    WARN = "warn"
    END = "end"


class Ending(Struct, frozen=True, kw_only=True):
    """A request whose end date is near or over; ``ahead`` is the policy's warning that is due, in days."""

    loaded: Loaded
    expires: date
    step: Step
    ahead: int = ENDED


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one of them: ``words`` is a sentence, ``number`` a pull request where there is one.

    ``waits``: a person has to act before this goes on. ``exit_code`` is that of the failure, 0 without.
    """

    request: str
    expires: date
    step: Step
    words: str
    number: int = 0
    url: str = ""
    waits: bool = False
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """All fields; the date as year-month-day."""
        return {
            "request": self.request,
            "expires": self.expires.isoformat(),
            "step": str(self.step),
            "words": self.words,
            "number": self.number,
            "url": self.url,
            "waits": self.waits,
            "exit_code": self.exit_code,
        }


def endings(requests: Iterable[Loaded], rules: Retirement, today: date) -> Iterator[Ending]:
    """The active requests for which something is due: of several warnings only the nearest one.

    The end date is the last day that a request is needed, so it is over on the day after.
    """
    for loaded in requests:
        metadata = loaded.request.metadata
        if metadata.expires is None or metadata.lifecycle != "active":
            continue
        left = (metadata.expires - today).days
        if left < 0:
            yield Ending(loaded=loaded, expires=metadata.expires, step=Step.END)
            continue
        ahead = min((days for days in rules.warn_days if left <= days), default=None)
        if ahead is not None:
            yield Ending(loaded=loaded, expires=metadata.expires, step=Step.WARN, ahead=ahead)


class _Receipt(Struct, frozen=True):
    request: str
    pull: int | None = None


def pulls_in(receipts: Mapping[str, bytes]) -> dict[str, int]:
    """The pull request by which each request was applied or tried last, by the files of the receipts.

    A file that is no receipt is passed over (the audit tells).
    """
    found: dict[str, int] = {}
    for name in sorted(receipts):
        try:
            one = json.decode(receipts[name], type=_Receipt)
        except (MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if one.pull is not None:
            found[one.request] = one.pull
    return found


def carry_out(
    endings: Iterable[Ending],
    known: Mapping[str, int],
    pulls: proposing.Pulls,
    comments: Comments,
    *,
    registry: Registry,
    policy: Policy,
    today: date,
) -> Iterator[Outcome]:
    """Warn of each end, or open the pull request that retires it; one that fails does not stop the next.

    ``known`` is the pull request by which each request was applied last; what is said on it reaches the
    person who asked. ``comments`` is the repository as whoever says our comments; GitHub begins no workflow
    for a pull request of that account, so ``pulls`` is signed in as another.
    """
    for one in endings:
        try:
            yield (
                _warn(one, known, pulls, comments)
                if one.step is Step.WARN
                else _end(one, known, pulls, comments, registry, policy, today)
            )
        except LakeportError as error:
            words = " ".join(filter(None, (error.what, error.why, error.fix)))
            yield _outcome(one, words, exit_code=error.exit_code)


def _warn(one: Ending, known: Mapping[str, int], pulls: proposing.Pulls, comments: Comments) -> Outcome:
    number = known.get(one.loaded.id)
    if number is None:
        last = pulls.last_pull(one.loaded.id)
        number = last.number if last is not None and last.merged else 0
    if not number:
        return _outcome(one, "No pull request is known to say it on.", waits=True)
    _say(one, number, comments, render_lifecycle.ending_soon(one.loaded.id, one.expires))
    return _outcome(one, f"The warning {one.ahead} days ahead was said.", number=number)


def _end(
    one: Ending,
    known: Mapping[str, int],
    pulls: proposing.Pulls,
    comments: Comments,
    registry: Registry,
    policy: Policy,
    today: date,
) -> Outcome:
    loaded = one.loaded
    composed = proposing.next_version(
        loaded, {LIFECYCLE: "retiring"}, registry=registry, policy=policy, today=today
    )
    made = proposing.propose(
        pulls,
        loaded,
        composed,
        verb="Retire",
        why=render_lifecycle.ended(loaded.id, one.expires),
        app=policy.review.app,
        insist=False,
    )
    if made.answer is Answer.DECLINED:
        words = "The pull request that retires it was closed: give it a later end date, or retire it by hand."
        return _outcome(one, words, number=made.number, url=made.url, waits=True)
    number = known.get(loaded.id)
    if number is not None:
        _say(one, number, comments, render_lifecycle.has_ended(loaded.id, one.expires, made.url))
    words = f"The pull request that retires it is {made.answer}."
    return _outcome(one, words, number=made.number, url=made.url)


def _say(one: Ending, number: int, comments: Comments, text: str) -> None:
    marker = render_lifecycle.expiry_marker(one.loaded.id, one.expires, one.ahead)
    comments.upsert_comment(number, marker, f"{marker}\n{text}")


def _outcome(
    one: Ending, words: str, *, number: int = 0, url: str = "", waits: bool = False, exit_code: int = 0
) -> Outcome:
    return Outcome(
        request=one.loaded.id,
        expires=one.expires,
        step=one.step,
        words=words,
        number=number,
        url=url,
        waits=waits,
        exit_code=exit_code,
    )
