"""News from GitHub: what happened to a pull request, told to the conversation it came from.

Deliveries come late, twice, in any order, or not at all. Each fact has a key of its own, whatever delivery
brought it, so hearing it again changes nothing; the final word comes from the receipts, not from an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import structlog

from bot import dialogue, orders
from bot.alarm import Alarm
from bot.draft import Draft, Merged, Stage
from bot.envelope import conversation_id
from bot.facts import PLAN_CHECK, REQUEST_BRANCH, name_of
from bot.known import KnownPolicy
from bot.orders import OVER
from bot.ports import Receipts, Repository
from bot.revisions import Revisions
from bot.store import Conversation, Store
from bot.talk import Talk
from gitops.confirmation import LAKEPORT
from gitops.errors import InvalidRequest, LakeportError
from gitops.receipts import Receipt
from gitops.recompose import said_of
from gitops.request import load_request, path_of

Fact = Mapping[str, Any]

WAITING = (Stage.SUBMITTED, Stage.MERGED, Stage.FAILED)
"""States in which a receipt is news."""
DONE = ("applied", "waiting")
"""What a receipt says where everything was done that could be done by then."""
_OPEN = (Stage.COLLECTING, Stage.REVIEWING, Stage.SUBMITTED)
NEWS = {
    "opened": (*_OPEN, Stage.FAILED),  # what was refused is approved anew by another one
    "revised": _OPEN,
    "checked": _OPEN,
    "reviewed": _OPEN,
    "commented": (*_OPEN, Stage.MERGED, Stage.FAILED, Stage.APPLIED),
    "closed": _OPEN,
    "merged": (*_OPEN, Stage.WITHDRAWN),
}
"""In which states a fact is news; elsewhere it comes late, and what came after it was told already."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Progress:
    """Turns facts of :mod:`bot.envelope` into events of the conversations they are about."""

    talk: Talk
    store: Store
    policy: KnownPolicy
    repository: Repository
    receipts: Receipts

    @cached_property
    def alarm(self) -> Alarm:
        """What tells of a broken glass."""
        return Alarm(self.talk, self.policy, self.repository)

    @cached_property
    def revisions(self) -> Revisions:
        """What looks at commits of others."""
        return Revisions(self.talk, self.policy, self.repository)

    def happened(self, fact: Fact, key: str) -> None:
        """Work on one fact; ``key`` is the delivery's and only used to look conversations up again."""
        match fact["fact"]:
            case "pushed":
                self.policy.stale()
                self.talk.lookups.requests.stale()
            case "receipts":
                self._receipts()
            case "apply_started" | "apply_ended":
                self._apply(fact)
            case "progress":
                self._steps(fact)
            case _:
                self.alarm.heard(fact)
                found = self._conversation(fact, key)
                if found is not None:
                    self._tell(found, fact)

    def _tell(self, found: Conversation, fact: Fact) -> None:
        if found.state not in NEWS[fact["fact"]]:
            log.info("no_news", fact=fact["fact"], conversation=found.id, state=found.state)
            return
        if fact["fact"] == "opened" and found.pull_number != fact["pull"]:
            self._event(found, name_of(fact), dialogue.Submitted(fact["pull"], fact["url"]))
            return
        if fact["fact"] in ("opened", "revised"):
            # Opened as well: somebody may have pushed while nobody knew of the conversation.
            fact = {**fact, "fact": "revised"}
            event = self.revisions.event_of(found, fact)
        else:
            event = _event_of(fact)
        if event is not None:
            self._event(found, name_of(fact), event)

    def _apply(self, fact: Fact) -> None:
        """A run of the apply workflow; what it did is in the receipts, only a run without one is told."""
        if fact["fact"] == "apply_started":
            return
        self._receipts()
        if fact["conclusion"] not in ("failure", "timed_out", "startup_failure"):
            return
        pull = self.talk.steps.run("pull", lambda: _number(self.repository.pull_for_commit(fact["sha"])))
        found = self.store.of_pull(pull, None) if pull is not None else None
        if found is not None and found.state in (Stage.SUBMITTED, Stage.MERGED):
            failed = dialogue.Failed(
                reason="The run that applies the request ended without a receipt.",
                fix="The platform team can see why in the run, and start it again.",
                url=fact["url"],
            )
            self._event(found, f"run:{fact['run']}", failed)

    def _steps(self, fact: Fact) -> None:
        """How far the apply is: the one message about it is updated."""
        found = self.store.of_pull(fact["pull"], None)
        if found is not None and found.state in WAITING:
            shown = orders.steps(fact["steps"], fact["run"], fact["number"], fact["done"], fact["total"])
            self.talk.clerk.carry_out(shown, found, "")

    def _receipts(self) -> None:
        """Tell every conversation that waits for one about the newest receipt of its pull request."""
        waiting = [found for found in self.store.waiting(WAITING) if found.pull_number is not None]
        if not waiting:
            return
        news = self.talk.steps.run("receipts", lambda: self._newest({found.pull_number for found in waiting}))
        for found in waiting:
            told = news.get(str(found.pull_number))
            if told is not None:
                self.talk.clerk.carry_out(_last_steps(told), found, "")
                self._event(found, f"receipt:{told['number']}", _outcome(told))

    def _newest(self, pulls: set[int | None]) -> dict[str, Any]:
        """By the number of the pull request, as text: its newest receipt."""
        ended = [one for one in self.receipts.read_all() if one.status != "started"]
        newest = {str(one.pull): one for one in ended if one.pull in pulls}
        return {pull: _plain(one) | {"lifecycle": self._lifecycle(one)} for pull, one in newest.items()}

    def _lifecycle(self, receipt: Receipt) -> str:
        """What the file said when it was carried out; of a request that is retired, nothing stands."""
        if receipt.status not in DONE:
            return ""
        raw = self.repository.read_file(receipt.path, receipt.commit)
        if raw is None:
            return ""
        try:
            loaded = load_request(raw, receipt.path, self.talk.registry)
        except InvalidRequest:  # it was valid for the version that applied it
            return ""
        return str(loaded.request.metadata.lifecycle)

    def _event(self, found: Conversation, name: str, event: dialogue.Event) -> None:
        """Tell it once. Whether it was told is a step: work that died half-way through goes on with it."""
        key = f"{found.id}:{name}"
        if not self.talk.steps.run("told", lambda: self.store.ordered(key) is not None):
            self.talk.happened(key, found.id, event)

    def _conversation(self, fact: Fact, key: str) -> Conversation | None:
        """The conversation a fact is about; made again from the pull request when the database lost it."""
        found = self.store.of_pull(fact["pull"], fact["branch"])
        if found is None and fact["fact"] == "opened":
            last = self.store.of_pull(None, fact["branch"])
            found = last if last is not None and last.state == Stage.FAILED else None
        if found is not None and fact["fact"] != "opened" and found.pull_number not in (None, fact["pull"]):
            return found if fact["pull"] is None else None  # another pull request of the same branch
        if found is not None or not fact.get("thread") or fact["pull"] is None:
            return found
        try:
            self.talk.steps.run("rebuild", lambda: self._rebuilt(fact, key))
        except LakeportError as error:
            log.warning("not_rebuilt", pull=fact["pull"], code=error.code)
        return self.store.of_pull(fact["pull"], None)

    def _rebuilt(self, fact: Fact, key: str) -> bool:
        """A draft in the state "submitted", with what the file on the pull request says about who asked."""
        channel, thread_ts = fact["thread"]
        conversation_key = conversation_id(channel, thread_ts)
        if self.store.get(conversation_key) is not None:
            return False  # the thread went on to something else
        path = path_of(*fact["branch"].removeprefix(REQUEST_BRANCH).split("/", 2))
        # What was confirmed, and by whom: the file may name somebody else since a reviewer changed it.
        confirmed = self.revisions.confirmed(fact["pull"])
        raw = self.repository.read_file(path, confirmed.commit or fact["sha"])
        if raw is None:
            return False
        loaded = load_request(raw, path, self.talk.registry)
        stands = self.repository.read_file(path, self.repository.default_branch)
        said = said_of(loaded, self.talk.registry)
        known = confirmed.by not in ("", LAKEPORT)
        draft = Draft(
            id=conversation_key,
            requester_slack=confirmed.by if known else loaded.request.metadata.requested_by.slack,
            channel=channel,
            thread_ts=thread_ts,
            state=Stage.SUBMITTED,
            said=said if stands else {name: replace(value, source="said") for name, value in said.items()},
            merged=Merged(path, stands.decode()) if stands is not None else None,
            confirmed_digest=loaded.file_digest,
            submitted_path=path,
            pull_number=fact["pull"],
            pull_url=fact["url"],
        )
        self.talk.keep(draft, f"{key}/rebuilt")
        return True


def _event_of(fact: Fact) -> dialogue.Event | None:
    """What a fact is to a conversation, ``None`` when it is no news."""
    match fact["fact"]:
        case "merged":
            return dialogue.Merged(fact["sha"])
        case "closed":
            return dialogue.Closed(fact["login"])
        case "reviewed":
            return dialogue.Reviewed(fact["login"], fact["state"], fact["text"], fact["url"])
        case "commented":
            place = f"On {fact['line']}: " if fact["line"] else ""
            return dialogue.Reviewed(fact["login"], "commented", place + fact["text"], fact["url"])
        case _:
            return _checked(fact)


def _checked(fact: Fact) -> dialogue.Event | None:
    ok = fact["conclusion"] == "success"
    if fact["name"] != PLAN_CHECK and not ok:
        return None  # the gate is closed until somebody approves: that is no news
    return dialogue.CheckDone(ok, fact["title"] or fact["summary"], fact["url"])


def _plain(receipt: Receipt) -> dict[str, Any]:
    """What is told of a receipt, as JSON."""
    return {
        "number": receipt.number,
        "pull": receipt.pull,
        "status": str(receipt.status),
        "outputs": {key: dict(value) for key, value in receipt.outputs.items()},
        "error": receipt.error or "",
        "run": receipt.run_url,
        "hold": receipt.hold,
        "due": receipt.due,
        "of_run": f"{receipt.run_id}-{receipt.attempt}",
        "what": [[step.outcome, step.summary or step.key] for step in receipt.steps],
        "steps": [f"{step.summary or step.key}: {step.outcome}" for step in receipt.steps],
    }


def _last_steps(news: Mapping[str, Any]) -> orders.Order:
    """What became of the steps in the end, where somebody was shown how far they are."""
    steps = [(outcome, words) for outcome, words in news["what"] if outcome != "already"]
    done = sum(outcome == "done" for outcome, _ in steps)
    return orders.steps(steps, news["of_run"], OVER, done, len(steps))


def _outcome(news: Mapping[str, Any]) -> dialogue.Event:
    if news["status"] in DONE:  # what was noted by an older version lacks the last two
        return dialogue.Applied(
            news["outputs"],
            receipt=str(news["number"]),
            lifecycle=news.get("lifecycle") or "active",
            due=news.get("due", ""),
        )
    reason = {
        "partial": "Some steps were carried out and some were not.",
        "refused": "It was not carried out.",
    }.get(news["status"], "It could not be carried out.")
    hold = news.get("hold", "")  # what was noted by an older version lacks it
    fix = "The platform team can look at the run; starting it again finishes what is left."
    if hold:
        fix = "It is on hold: an approver resumes it with the comment /lakeport apply --resume on GitHub."
    elif news["status"] == "refused":
        fix = ""  # why it was refused says it
    return dialogue.Failed(
        reason=" ".join(part for part in (reason, news["error"], hold) if part),
        fix=fix,
        steps=tuple(news["steps"]),
        url=news["run"],
    )


def _number(pull: Any) -> int | None:
    return None if pull is None else int(pull.number)
