"""What a turn of the conversation asks for, and how it is carried out: each effect once, however often tried.

An order is JSON, so that it is saved with the draft it follows from: ``do`` is say, card, settle, submit,
answer, relay, steps or withdraw.
A message carries the order's key in its metadata; when we died while sending it, it is looked up first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot import dialogue, echo, views
from bot.envelope import thread_marker
from bot.known import KnownPolicy
from bot.people import spoken
from bot.ports import Repository, Slack, Steps
from bot.store import Conversation, Orders, Sending, Store
from bot.values import said_as
from bot.views.steps import steps_message
from gitops import amendment, confirmation, cost, render, render_talk
from gitops.amendment import Amendment
from gitops.approval import ApprovalRule, approvals
from gitops.errors import LakeportError, Refused
from gitops.kind import Registry
from gitops.noted import UNSAID, Origin
from gitops.plan import digest
from gitops.policy import Policy
from gitops.redact import redact
from gitops.request import Loaded, desired, load_request
from gitops.submission import Submission

Order = dict[str, Any]
OVER = 10**6
"""The number of the last look at how far an apply is; see :func:`steps`."""


def of_replies(replies: Iterable[dialogue.Reply]) -> Orders:
    """The orders that replies become; everything shown is rendered here."""
    return [_order(reply) for reply in replies]


def note(text: str) -> Order:
    """The order to say something, as it stands."""
    return _order(dialogue.Note(text))


def steps(named: Sequence[Sequence[str]], run: str, number: int, done: int, total: int) -> Order:
    """The order to show how far the apply is; ``number`` grows, and is :data:`OVER` for the last time."""
    pairs = [(state, words) for state, words in named]
    shown = steps_message(pairs, done=done, total=total, over=number == OVER)
    blocks = [dict(block) for block in shown.blocks]
    return {"do": "steps", "text": shown.text, "blocks": blocks, "run": run, "number": number}


def sorry(error: LakeportError) -> Order:
    """The order that tells of a failure, in its own words."""
    return note(in_words(error))


def in_words(error: LakeportError) -> str:
    """What happened, why, and what to do, in one paragraph."""
    return " ".join(part for part in (error.what, error.why, error.fix) if part)


def _order(reply: dialogue.Reply) -> Order:
    if isinstance(reply, dialogue.Submit):
        submit = {"raw": reply.raw.decode(), "path": reply.path, "digest": reply.digest}
        return {"do": "submit", **submit, "merged": reply.merged, "origins": _origins(reply)}
    if isinstance(reply, dialogue.Withdraw):
        return {"do": "withdraw", "pull": reply.pull_number}
    message = views.message(reply)
    if isinstance(reply, dialogue.Relay):
        told = {"text": message.text, "blocks": [dict(block) for block in message.blocks]}
        return told | {"do": "relay", "pull": reply.pull_number, "said": reply.text, "ts": reply.ts}
    order = {"do": "say", "text": message.text, "blocks": [dict(block) for block in message.blocks]}
    if isinstance(reply, dialogue.Card):
        return order | {"do": "card", "round": reply.draft.round}
    if isinstance(reply, dialogue.Settled):
        return order | {"do": "settle", "asks": reply.path}
    if isinstance(reply, dialogue.Echo):
        return order | {"asks": echo.ASKS}
    if isinstance(reply, dialogue.Answer):
        about = {"sha": reply.revision.sha, "digest": reply.revision.digest, "login": reply.revision.login}
        answer = {"do": "answer", "asks": echo.ASKS, "pull": reply.pull_number, "wanted": reply.wanted}
        answer["then"] = reply.then
        return order | answer | about
    return order | {"asks": reply.path} if isinstance(reply, dialogue.Ask) else order


def _origins(reply: dialogue.Submit) -> list[list[str]]:
    """Where each value of the file comes from; words of the person only where they did not say it."""
    return [
        [
            path,
            value.source,
            said_as(value.value)[:200],
            redact(value.quote)[:200] if value.source in UNSAID else "",
        ]
        for path, value in reply.values.items()
        if value.value not in (None, "", [], (), {}) and not path.startswith("metadata.requested_by")
    ]


def _asked(order: Order, to: Conversation) -> str:
    """The key of the newest message that asks for a field."""
    return f"question:{to.id}:{order['asks']}"


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
            case "settle":
                self.steps.run("settle", lambda: self._settle(order, to))
            case "submit":
                return self._outcome("submit", lambda: self._submit(order, to))
            case "steps":
                self.steps.run("steps", lambda: self._steps(order, to))
            case "relay":
                failed = self._outcome("relay", lambda: self._relay(order, to))
                said = (
                    note(f"{failed.reason} {failed.fix}".strip())
                    if isinstance(failed, dialogue.Failed)
                    else order
                )
                self.steps.run("say", lambda: self._say(said, to, key))
            case "answer":
                self._answered(order, to, key)
            case "withdraw" if order["pull"] is not None:
                return self._outcome("withdraw", lambda: self._withdraw(order))
        return None

    def _answered(self, order: Order, to: Conversation, key: str) -> None:
        """Pass an answer on; what asked for it stays answerable where that does not work."""
        failed = self._outcome("answer", lambda: self._answer(order, to))
        told = order["then"]
        if isinstance(failed, dialogue.Failed):
            told = f"{failed.reason} {failed.fix}".strip()
        else:
            self.steps.run("settle", lambda: self._settle(order, to))
        if told:
            self.steps.run("say", lambda: self._say(note(told), to, key))

    def _say(self, order: Order, to: Conversation, key: str) -> str | None:
        known = self.store.begin(key, "message")
        return known.ref if known.done else self._send(known, order, to, key)

    def _card(self, order: Order, to: Conversation) -> str | None:
        # A change in a thread that has a card already gets one of its own, below what was said before.
        again = order.get("round") or 0
        key = f"card:{to.id}:{again}" if again else f"card:{to.id}"
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
        if "asks" in order:
            asked = _asked(order, to)
            self.store.begin(asked, "question")
            self.store.finish(asked, ts)
        return ts

    def _settle(self, order: Order, to: Conversation) -> None:
        """Take from a question what it could be answered with; a press on it would count for nothing."""
        known = self.store.begin(_asked(order, to), "question")
        if known.done and known.ref:
            self.slack.update(to.channel, known.ref, order["text"], order["blocks"])

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
        if "moved" in result:
            return dialogue.Moved(result["moved"])
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
        moved = self._in_the_way(loaded, order.get("merged"), to)
        if moved is not None:
            return {"moved": moved}
        document = loaded.document.data
        change = self._change(loaded, order.get("merged"), policy)
        asked_by = to.requester if change else loaded.request.metadata.requested_by.slack
        person = policy.person(slack=asked_by)
        permalink = self.slack.permalink(to.channel, to.thread_ts)
        body = render.pull_body(
            document,
            cost=cost.estimate(desired(loaded, policy), self.registry, policy.monthly_cost.currency),
            approvals=change[1] if change else approvals(loaded, policy, self.registry),
            amendment=change[0] if change else None,
            requester=person.name if person else asked_by,
            permalink=permalink,
            origins=[Origin(*origin) for origin in order.get("origins", ())],
            file_digest=loaded.file_digest,
        )
        pull = self.repository.submit(
            Submission(
                request_id=loaded.id,
                path=loaded.path,
                raw=raw,
                title=render.pull_title(document, change=change is not None),
                body=f"{body}\n\n{thread_marker(to.channel, to.thread_ts)}\n",
                message=render.commit_message(
                    document,
                    request=loaded.id,
                    permalink=permalink,
                    changed_by=to.requester if change else "",
                    confirmed=confirmation.trailers(order["digest"], to.requester),
                    readers=to.draft.get("readers", ()),
                ),
                confirmed_by=to.requester,
                app=policy.review.app,
            )
        )
        return {"number": pull.number, "url": pull.url}

    def _in_the_way(self, loaded: Loaded, merged: str | None, to: Conversation) -> str | None:
        """The merged file where it is another than the one that was changed.

        Raises:
            Refused: another thread has an open pull request for it, or it stands already and was not read.
        """
        pull = self.repository.open_pull(loaded.id)
        here = thread_marker(to.channel, to.thread_ts)
        if pull is not None and pull.number != to.pull_number and here not in pull.body:
            raise Refused(
                f"{loaded.id} has an open pull request already, {pull.url}.",
                why="There is one at a time.",
                fix="Say in its thread what should be different, or wait until it is merged or closed.",
            )
        stands = self.repository.read_file(loaded.path, self.repository.default_branch)
        if stands == loaded.document.raw:
            return None
        if merged is None and stands is not None:
            raise Refused(
                f"There is a request {loaded.id} already, and it is merged.",
                fix=f"Say `/lakeport change {loaded.id}` to change it, or choose another name.",
            )
        if merged is not None and stands is None:
            raise Refused(
                f"{loaded.id} does not stand on the default branch any more.",
                fix="Ask for it in a new request.",
            )
        return None if stands is None or stands.decode() == merged else stands.decode()

    def _change(
        self, loaded: Loaded, merged: str | None, policy: Policy
    ) -> tuple[Amendment, tuple[ApprovalRule, ...]] | None:
        """What becomes different about a merged request, and who has to agree to it."""
        if merged is None:
            return None
        before = load_request(merged.encode(), loaded.path, self.registry)
        return (
            amendment.compare(before, loaded, self.registry, policy),
            amendment.approvals_of_change(before, loaded, policy, self.registry),
        )

    def _steps(self, order: Order, to: Conversation) -> None:
        """Show how far the apply is, in one message; what is older than what it shows is dropped."""
        key, number = f"steps:{to.id}:{order['run']}", int(order["number"])
        if number == OVER and not self.store.sent(key):
            return
        known = self.store.begin(key, "steps")
        if known.done and known.ref:
            ts, _, shown = known.ref.partition(" ")
            if int(shown) >= number:
                return
            self.slack.update(to.channel, ts, order["text"], order["blocks"])
        else:
            found = self.slack.find(to.channel, to.thread_ts, key) if known.again else None
            metadata = {"key": key, "conversation": to.id}
            ts = found or self.slack.post(to.channel, to.thread_ts, order["text"], order["blocks"], metadata)
        self.store.finish(key, f"{ts} {number}")

    def _relay(self, order: Order, to: Conversation) -> Mapping[str, Any]:
        """Put what was said on the pull request, under a mark of its own: it stands there once."""
        mark = hashlib.sha256(f"{to.channel}/{order['ts']}".encode()).hexdigest()[:16]
        policy = self.policy.get()
        person = policy.person(slack=to.requester)
        said = render_talk.passed_on(
            redact(spoken(order["said"], policy)),
            name=person.name if person else to.requester,
            permalink=self.slack.permalink(to.channel, order["ts"]),
        )
        self.repository.upsert_comment(order["pull"], f"said-{mark}", said)
        return {}

    def _answer(self, order: Order, to: Conversation) -> Mapping[str, Any]:
        """Say on the commit whether its file is what the requester wants, and tell the reviewers.

        Raises:
            Refused: another commit came meanwhile; it is asked about by itself.
        """
        pull = self.repository.pull(order["pull"])
        if pull.state != "open" or pull.head_sha != order["sha"]:
            raise Refused(
                "The pull request is not at that version any more, so your answer was not passed on.",
                fix="If it was changed again, I ask you about that here.",
            )
        policy, wanted = self.policy.get(), bool(order["wanted"])
        app, by = policy.review.app, to.requester
        self.repository.confirm(pull, order["digest"], by, app=app, wanted=wanted)
        person = policy.person(slack=by)
        said = render_talk.confirmed(
            wanted=wanted,
            name=person.name if person else by,
            login=order["login"],
            sha=order["sha"],
            permalink=self.slack.permalink(to.channel, to.thread_ts),
        )
        answer = "confirmed" if wanted else "not-wanted"
        self.repository.upsert_comment(order["pull"], f"{answer}-{order['sha']}", said)
        return {}

    def _withdraw(self, order: Order) -> Mapping[str, Any]:
        self.repository.close(order["pull"], "Withdrawn in Slack by the person who asked.")
        return {}
