"""Doing what a comment orders, and answering it once: an order that is answered is not carried out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from gitops import approval, comment_orders, gate, render_talk, request
from gitops.comment_orders import CALL, Order, Speaker, Subject, Unclear
from gitops.errors import InvalidRequest, LakeportError, RemoteError, UsageError
from gitops.pending import Pending, pending
from gitops.unlocking import Run, unlock

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.comments import Said
    from gitops.kind import Registry
    from gitops.policy import Policy
    from gitops.proposing import Proposed
    from gitops.pulls import Pull
    from gitops.request import Loaded
    from gitops.site import Ledger

CHECK, APPLY = "check.yml", "apply.yml"
"""The workflows that carry out a plan and an apply: a dispatch of them takes numbers and ids, no text."""


class Pulls(Protocol):
    """What answering needs of :class:`gitops.pulls.Repository`."""

    @property
    def default_branch(self) -> str:
        """The branch that requests are merged into."""

    def said(self, comment: int) -> Said | None:
        """A comment by its id."""

    def pull(self, number: int) -> Pull:
        """The pull request."""

    def files(self, pull: Pull) -> tuple[str, ...]:
        """The paths that it touches."""

    def can_write(self, login: str) -> bool:
        """Whether this account may write to the repository."""

    def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> str:
        """Start a workflow; the address of its run."""

    def comment(self, number: int, marker: str) -> str:
        """Our comment with this marker; empty when there is none."""

    def upsert_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment with this marker."""


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an order: sentences for people, unescaped, and addresses to follow."""

    done: bool
    sentences: tuple[str, ...]
    links: tuple[str, ...] = ()


class Desk(Struct, frozen=True, kw_only=True):
    """Where orders are answered. ``checkout`` is at the newest commit of the default branch.

    ``ledger`` opens the receipts, ``propose`` opens the pull request that approves a merged file anew, signed
    in as an app, for which GitHub begins workflows. ``run`` is the run that answers, but for who orders.
    """

    pulls: Pulls
    rules: Policy
    registry: Registry
    checkout: Checkout
    ledger: Callable[[], Ledger]
    propose: Callable[[Loaded], Proposed]
    run: Callable[[str], Run]
    clock: Callable[[], datetime]


def answer(desk: Desk, comment: int) -> Answer | None:
    """Do what the comment with this id orders, and say so below it; ``None`` where there is nothing to do.

    A comment that is gone, or not a person's, orders nothing.

    Raises:
        RemoteError: GitHub did not do something. Nothing is answered, so that it can be tried again.
    """
    said = desk.pulls.said(comment)
    order = comment_orders.read(said.body) if said is not None and said.person else None
    if said is None or order is None:
        return None
    marker = render_talk.answer_marker(said.id)
    if desk.pulls.comment(said.number, marker):
        return None
    found = _answer(desk, said, order)
    body = render_talk.answered(said.login, "" if isinstance(order, Unclear) else f"{CALL} {order}", found)
    desk.pulls.upsert_comment(said.number, marker, f"{marker}\n{body}")
    return found


def _answer(desk: Desk, said: Said, order: Order | Unclear) -> Answer:
    if isinstance(order, Unclear):
        return _no(f"{order.sentence} {CALL} help says what there is.")
    if said.edited:
        return _no("That comment was changed after it was written, so nobody can tell whose order it is.")
    pull = desk.pulls.pull(said.number)
    subject = _subject(desk, pull)
    refusal = comment_orders.refusal(order, _speaker(desk, said.login, subject), subject)
    if refusal:
        return _no(refusal)
    try:
        return _CARRIED_OUT[order](_Case(desk, said, pull, subject))
    except RemoteError:
        raise
    except InvalidRequest:
        return _no("The merged file is not valid by the policy of today; `lakeport check` says why.")
    except LakeportError as error:
        return _no(*filter(None, (error.what, error.why, error.fix)))


def _no(*sentences: str) -> Answer:
    return Answer(done=False, sentences=sentences)


# --- the facts


def _subject(desk: Desk, pull: Pull) -> Subject:
    paths = gate.request_files(desk.pulls.files(pull))
    return Subject(
        open=pull.state == "open",
        merged=pull.merged,
        from_fork=pull.from_fork,
        into_main=pull.base_ref == desk.pulls.default_branch,
        requests=tuple(request.request_id(path) for path in paths),
    )


def _speaker(desk: Desk, login: str, subject: Subject) -> Speaker:
    """What the policy says of an account; a further account of somebody is that person."""
    person = desk.rules.person(github=login)
    name = (person.github if person else login).casefold()
    anywhere = {one.casefold() for team in desk.rules.teams.values() for one in team.approvers}
    return Speaker(
        login=login,
        writes=desk.pulls.can_write(login),
        known=person is not None or name in anywhere,
        approves=bool(subject.requests) and all(name in _approvers(desk, one) for one in subject.requests),
    )


def _approvers(desk: Desk, request_id: str) -> frozenset[str]:
    """Who approves a request, or stands in, in lower case: of its team, and of its rules where it is merged.

    The requester is not left out: what was approved by others may be carried out by anybody of these.
    """
    team = request_id.split("/")[1]
    names = [name for name in (team, *desk.rules.approval_fallback) if name in desk.rules.teams]
    found = {login for name in names for login in desk.rules.teams[name].approvers}
    try:
        loaded = _loaded(desk, request_id)
        rules = approval.approvals(loaded, desk.rules, desk.registry)
        found |= {login for rule in rules for login in rule.approvers}
    except (InvalidRequest, UsageError):
        pass  # not merged, or not by the rules of today: its team's it is
    return frozenset(login.casefold() for login in found)


def _loaded(desk: Desk, request_id: str) -> Loaded:
    path = request.path_of(*request_id.split("/"))
    return request.load_request(desk.checkout.read_at("HEAD", path), path, desk.registry)


# --- the orders


class _Case(Struct, frozen=True):
    """An order that may be carried out."""

    desk: Desk
    said: Said
    pull: Pull
    subject: Subject

    def pending(self) -> tuple[Pending, ...]:
        """Those of its requests that are merged and not applied as they are."""
        here = set(self.desk.checkout.tree("HEAD", f"{request.ROOT}/"))
        ids = [one for one in self.subject.requests if request.path_of(*one.split("/")) in here]
        if not ids:
            return ()
        today = self.desk.clock().date().isoformat()
        return pending(self.desk.checkout, self.desk.ledger().read_all(), only=ids, today=today)


_NOTHING = "What this pull request brought is applied as it is, or is no more in the files: nothing to do."


def _help(case: _Case) -> Answer:
    lines = [f"{CALL} {order}: {what}" for order, what in _HELP.items()]
    if case.desk.rules.review.break_glass is not None:
        lines.append(
            f"{CALL} {comment_orders.BREAK_GLASS} COMMIT REASON: let one commit pass in an emergency"
        )
    return Answer(done=True, sentences=("On the first line of a comment, in these words:", *lines))


def _plan(case: _Case) -> Answer:
    pull = case.pull
    url = case.desk.pulls.dispatch(CHECK, {"pull": str(pull.number), "head": pull.head_sha})
    words = f"The plan of commit {pull.head_sha[:12]} is drawn again."
    again = (
        "Should it come out different, approvals that were given before do not count for it: approve again."
    )
    return Answer(done=True, sentences=(words, again), links=(url,) if url else ())


def _apply(case: _Case, *, resume: bool = False) -> Answer:
    waiting = case.pending()
    ready = [one for one in waiting if resume or not one.hold]
    if not waiting:
        return _no(_NOTHING)
    if not ready:
        holds = [f"{one.request} is on hold. {one.hold}" for one in waiting]
        return _no(*holds, f"When the cause is gone: {CALL} {Order.RESUME}.")
    ids = [one.request for one in ready]
    url = case.desk.pulls.dispatch(APPLY, {"only": ",".join(ids), "resume": str(resume).lower()})
    return Answer(done=True, sentences=(f"A run carries out {', '.join(ids)}.",), links=(url,) if url else ())


def _resume(case: _Case) -> Answer:
    return _apply(case, resume=True)


def _unlock(case: _Case) -> Answer:
    desk = case.desk
    ledger, run = desk.ledger(), desk.run(case.said.login)
    sentences = [unlock(ledger, one, run, moment=desk.clock()) for one in case.subject.requests]
    return Answer(done=True, sentences=tuple(sentences))


def _approve_again(case: _Case) -> Answer:
    waiting = case.pending()
    if not waiting:
        return _no(_NOTHING)
    made = [case.desk.propose(_loaded(case.desk, one.request)) for one in waiting]
    words = "Its plan is drawn from what stands now. Nothing is done until that is approved and merged."
    opened = [f"The pull request {one.number} for {one.request} is {one.answer}." for one in made]
    return Answer(done=True, sentences=(*opened, words), links=tuple(one.url for one in made))


_HELP = {
    Order.PLAN: "draw the plan of this pull request again, on its newest commit",
    Order.APPROVE_AGAIN: "open a small pull request for what is merged, so that a fresh plan is approved",
    Order.APPLY: "carry out what this pull request brought, now that it is merged",
    Order.RESUME: "the same, also what is on hold",
    Order.UNLOCK: "release what a run holds that died",
    Order.HELP: "say this",
}
_CARRIED_OUT: Mapping[Order, Callable[[_Case], Answer]] = {
    Order.HELP: _help,
    Order.PLAN: _plan,
    Order.APPROVE_AGAIN: _approve_again,
    Order.APPLY: _apply,
    Order.RESUME: _resume,
    Order.UNLOCK: _unlock,
}
