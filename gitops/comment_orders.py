"""What a comment on a pull request orders, and whether whoever wrote it may: pure, over facts from elsewhere.

    /lakeport help            what can be ordered                        everybody
    /lakeport plan            draw the plan again, on this commit        everybody known who may write
    /lakeport approve-again   a small pull request for a fresh approval  everybody known who may write
    /lakeport apply           carry out what is merged                   approvers
    /lakeport apply --resume  the same, also what is on hold             approvers
    /lakeport unlock          release what a dead run holds              approvers

Only the first line of a comment counts, from its first character, in exactly these words. Breaking the glass
is ordered in a comment, too; that one is the gate's (:mod:`gitops.breaking`).
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from gitops.suggest import nearest

CALL = "/lakeport"
BREAK_GLASS = "break-glass"
LONGEST = 100
"""Characters of a line that is still looked at."""


class Order(StrEnum):
    """What can be ordered, each as it is written after ``/lakeport``: a closed set."""

    HELP = "help"
    PLAN = "plan"
    APPROVE_AGAIN = "approve-again"
    APPLY = "apply"
    RESUME = "apply --resume"
    UNLOCK = "unlock"


class Unclear(Struct, frozen=True):
    """A comment that means to order something and does not say it in the words there are."""

    sentence: str


class Right(StrEnum):
    """What somebody needs to be for an order: a closed set, each with a sentence for those who are not."""

    ANYBODY = ""
    KNOWN = (
        "That is for people of the policy's directory, and for approvers, who may write to this repository."
    )
    APPROVER = "That is for those who approve this request, or stand in for them, by the policy."


NEEDS = MappingProxyType(
    {
        Order.HELP: Right.ANYBODY,
        Order.PLAN: Right.KNOWN,
        Order.APPROVE_AGAIN: Right.KNOWN,
        Order.APPLY: Right.APPROVER,
        Order.RESUME: Right.APPROVER,
        Order.UNLOCK: Right.APPROVER,
    }
)


class Speaker(Struct, frozen=True, kw_only=True):
    """Who ordered it: whether they may write to the repository, the policy knows them, and lets them approve.

    ``approves``: every request of this pull request, or whatever request lacks approvers.
    """

    login: str
    writes: bool
    known: bool
    approves: bool


class Subject(Struct, frozen=True, kw_only=True):
    """The pull request that it was ordered on; ``into_main``: its base is the default branch.

    ``requests`` are the ids of the request files that it touches.
    """

    open: bool
    merged: bool
    from_fork: bool
    into_main: bool
    requests: tuple[str, ...]


def read(body: str) -> Order | Unclear | None:
    """The order in a comment; ``None`` where it orders nothing. Whatever it says, nothing is raised.

    A line that is quoted, indented or behind a fence does not begin with the call, and orders nothing.
    """
    line = body.partition("\n")[0].rstrip(" \t\r")
    head, words = line[: len(CALL)], line[len(CALL) :]
    if head != CALL or (words and words[0] not in " \t"):
        return None
    said = " ".join(words.split())
    if said.split(" ")[0] == BREAK_GLASS:
        return None
    if not said:
        return Order.HELP
    if len(line) > LONGEST or not line.isascii():
        return Unclear("That line is no order: it is too long, or has letters that no order has.")
    if said in set(Order):
        return Order(said)
    meant = nearest(said, [*map(str, Order)])
    return Unclear(f"There is no such order.{f' Did you mean {CALL} {meant}?' if meant else ''}")


def refusal(order: Order, speaker: Speaker, subject: Subject) -> str:
    """Why an order is not carried out, in sentences; empty when it is."""
    right = NEEDS[order]
    known = speaker.writes and (speaker.known or speaker.approves)
    if (right is Right.KNOWN and not known) or (
        right is Right.APPROVER and not (speaker.writes and speaker.approves)
    ):
        return str(right)
    if order is Order.HELP:
        return ""
    if not subject.requests:
        return "This pull request touches no request file."
    if subject.from_fork or not subject.into_main:
        return "Requests come from a branch of this repository, into its default branch."
    if order is Order.PLAN:
        return _not_open(subject)
    return "" if subject.merged else "This pull request is not merged, so there is nothing to carry out yet."


def _not_open(subject: Subject) -> str:
    if subject.open:
        return ""
    if subject.merged:
        return (
            f"This pull request is merged: {CALL} {Order.APPROVE_AGAIN} asks for a fresh plan and approval."
        )
    return "This pull request is closed: open it again, or ask anew."
