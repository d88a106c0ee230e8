"""What a turn of the conversation asks for, and how it is carried out: each effect once, however often tried.

An order is JSON, so that it is saved with the draft it follows from: ``do`` is say, card, submit or withdraw.
A message carries the order's key in its metadata; when we died while sending it, it is looked up first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot import dialogue, views
from bot.envelope import thread_marker
from bot.known import KnownPolicy
from bot.ports import Repository, Slack, Steps
from bot.store import Conversation, Orders, Sending, Store
from gitops import cost, render
from gitops.approval import approvals
from gitops.errors import LakeportError, Refused
from gitops.kind import Registry
from gitops.plan import digest
from gitops.request import desired, load_request

Order = dict[str, Any]


def of_replies(replies: Iterable[dialogue.Reply]) -> Orders:
    """The orders that replies become; everything shown is rendered here."""
    return [_order(reply) for reply in replies]


def note(text: str) -> Order:
    """The order to say something, as it stands."""
    return _order(dialogue.Note(text))


def sorry(error: LakeportError) -> Order:
    """The order that tells of a failure, in its own words."""
    return note(" ".join(part for part in (error.what, error.why, error.fix) if part))


def _order(reply: dialogue.Reply) -> Order:
    if isinstance(reply, dialogue.Submit):
        return {"do": "submit", "raw": reply.raw.decode(), "path": reply.path, "digest": reply.digest}
    if isinstance(reply, dialogue.Withdraw):
        return {"do": "withdraw", "pull": reply.pull_number}
    message = views.message(reply)
    order = {"do": "say", "text": message.text, "blocks": [dict(block) for block in message.blocks]}
    if isinstance(reply, dialogue.Card):
        return order | {"do": "card"}
    return order | {"asks": reply.path} if isinstance(reply, dialogue.Ask) else order


@dataclass(frozen=True)
class Clerk:
    """Carries orders out, in Slack and on GitHub."""

    slack: Slack
    repository: Repository
    store: Store
    policy: KnownPolicy
    registry: Registry
    steps: Steps

    def carry_out(self, order: Order, to: Conversation, key: str) -> dialogue.Event | None:
        """Do it; returns what happens next in the conversation, if anything does."""
        match order["do"]:
            case "say":
                self.steps.run("say", lambda: self._say(order, to, key))
            case "card":
                self.steps.run("card", lambda: self._card(order, to))
            case "submit":
                return self._outcome("submit", lambda: self._submit(order, to))
            case "withdraw" if order["pull"] is not None:
                return self._outcome("withdraw", lambda: self._withdraw(order))
        return None

    def _say(self, order: Order, to: Conversation, key: str) -> str | None:
        known = self.store.begin(key, "message")
        return known.ref if known.done else self._send(known, order, to, key)

    def _card(self, order: Order, to: Conversation) -> str | None:
        key = f"card:{to.id}"
        known = self.store.begin(key, "card")
        if known.done and known.ref:
            self.slack.update(to.channel, known.ref, order["text"], order["blocks"])
            return known.ref
        return self._send(known, order, to, key)

    def _send(self, known: Sending, order: Order, to: Conversation, key: str) -> str:
        metadata = {"key": key, "conversation": to.id}
        if "asks" in order:
            metadata["asks"] = order["asks"]
        ts = self.slack.find(to.channel, to.thread_ts, key) if known.again else None
        if ts is None:
            ts = self.slack.post(to.channel, to.thread_ts, order["text"], order["blocks"], metadata)
        self.store.finish(key, ts)
        return ts

    def _outcome(self, name: str, do: Callable[[], Mapping[str, Any]]) -> dialogue.Event | None:
        def told() -> Mapping[str, Any]:
            try:
                return do()
            except LakeportError as error:
                if error.code == "remote_unavailable":
                    raise
                return {"failed": error.what, "fix": " ".join(filter(None, (error.why, error.fix)))}

        try:
            result = self.steps.run(name, told)
        except LakeportError as error:
            result = {"failed": error.what, "fix": error.fix or "Try again in a few minutes."}
        if "failed" in result:
            return dialogue.Failed(reason=result["failed"], fix=result["fix"])
        return dialogue.Submitted(result["number"], result["url"]) if "number" in result else None

    def _submit(self, order: Order, to: Conversation) -> Mapping[str, Any]:
        raw = order["raw"].encode()
        if digest(raw) != order["digest"]:
            raise Refused(
                "The file is not the one that was confirmed, so it was not submitted.",
                fix="Look at the card and confirm again.",
            )
        policy = self.policy.get()
        loaded = load_request(raw, order["path"], self.registry)
        document = loaded.document.data
        asked_by = loaded.request.metadata.requested_by.slack
        person = policy.person(slack=asked_by)
        permalink = self.slack.permalink(to.channel, to.thread_ts)
        body = render.pull_body(
            document,
            cost=cost.estimate(desired(loaded, policy), self.registry, policy.monthly_cost.currency),
            approvals=approvals(loaded, policy, self.registry),
            requester=person.name if person else asked_by,
            permalink=permalink,
        )
        pull = self.repository.submit(
            request_id=loaded.id,
            path=loaded.path,
            raw=raw,
            title=render.pull_title(document),
            body=f"{body}\n\n{thread_marker(to.channel, to.thread_ts)}\n",
            message=render.commit_message(document, request=loaded.id, permalink=permalink),
        )
        return {"number": pull.number, "url": pull.url}

    def _withdraw(self, order: Order) -> Mapping[str, Any]:
        self.repository.close(order["pull"], "Withdrawn in Slack by the person who asked.")
        return {}
