"""The one most useful question: what is known of the file, what is missing of it, and what to ask next."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import Card, Note, Reply, World
from bot.draft import Draft, Stage
from bot.questions import question
from bot.values import field_of
from gitops.compose import Composed, compose
from gitops.finding import Severity
from gitops.plan import digest
from gitops.recompose import recompose
from gitops.request import load_request

Replies = tuple[Reply, ...]

READY = (
    "That is everything. Look at the card of this request, above: Confirm submits exactly the file it "
    "shows. To change something, just say it."
)


def composed_of(draft: Draft, world: World) -> Composed:
    """The file that follows from the draft, as far as it is known.

    A turn wants it several times; the world remembers the last ones.
    """
    for other, known in tuple(world.recent):
        if (other.said, other.requester_slack, other.merged) == (
            draft.said,
            draft.requester_slack,
            draft.merged,
        ):
            return known
    composed = _composed(draft, world)
    world.recent.append((draft, composed))
    return composed


def _composed(draft: Draft, world: World) -> Composed:
    if draft.merged is not None:
        merged = load_request(draft.merged.text.encode(), draft.merged.path, world.registry)
        return recompose(draft.said, merged, registry=world.registry, policy=world.policy, today=world.today)
    return compose(
        draft.said,
        registry=world.registry,
        policy=world.policy,
        requester=world.policy.person(slack=draft.requester_slack),
        requester_slack=draft.requester_slack,
        today=world.today,
        linked=world.login_of(draft.requester_slack),
    )


def reply_with(draft: Draft, first: Replies, world: World, *, show: bool) -> tuple[Draft, Replies]:
    """The replies so far, the card when something changed, and the one most useful question."""
    composed = composed_of(draft, world)
    path = next_question(draft, composed, world)
    complete = composed.raw is not None and not composed.missing and not draft.unclear
    became_ready = draft.state is Stage.COLLECTING and complete and not blocked(composed)
    if draft.state in (Stage.COLLECTING, Stage.REVIEWING):
        draft = replace(draft, state=Stage.REVIEWING if complete else Stage.COLLECTING)
    again = path is not None and path == draft.asked
    draft = replace(draft, asked=path)
    replies = [*first]
    if show or complete:
        replies.append(Card(draft, composed, digest(composed.raw) if composed.raw is not None else None))
    if path is not None:
        replies.append(question(path, composed, draft, world, again=again))
    elif became_ready:
        replies.append(Note(READY))
    return draft, tuple(replies)


def blocked(composed: Composed) -> bool:
    """Whether a finding keeps the file from being submitted."""
    return any(finding.severity is Severity.ERROR for finding in composed.findings)


def next_question(draft: Draft, composed: Composed, world: World) -> str | None:
    """The most useful missing field: in the order of asking, unclear ones among them, what nobody knew
    last.
    """
    missing = list(composed.missing)
    for path in draft.unclear:
        if path not in missing:
            missing.append(path)
    order = list(world.catalogue)

    def rank(path: str) -> tuple[bool, int]:
        field = field_of(path, world)
        return (path in draft.skipped, order.index(field.path) if field else len(order))

    return min(missing, key=rank) if missing else None
