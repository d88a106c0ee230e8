"""Commits of others on the branch of a request: what is to be asked about them, as GitHub has it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import dialogue
from bot.draft import Draft, Stage
from bot.known import KnownPolicy
from bot.ports import Repository
from bot.store import Conversation
from bot.talk import Talk, draft_of
from gitops.confirmation import Confirmed
from gitops.plan import digest
from gitops.pullrequest import Pull

CONFIRMED_ALREADY = (
    "The file is the very one that was confirmed in Slack, so nothing has to be confirmed again.\n"
)


@dataclass(frozen=True)
class Revisions:
    """Looks at the head of a pull request when it has moved."""

    talk: Talk
    policy: KnownPolicy
    repository: Repository

    def confirmed(self, number: int) -> Confirmed:
        """What was confirmed last on a pull request."""
        return self.repository.confirmed(self.repository.pull(number), self._app())

    def event_of(self, found: Conversation, fact: Mapping[str, Any]) -> dialogue.Event | None:
        """What the conversation has to hear about this head; ``None`` where it is ours, or not the newest."""
        if found.pull_number != fact["pull"]:
            return None
        told = self.talk.steps.run("revision", lambda: self._looked(draft_of(found), fact))
        if told is None:
            return None
        kind = {"revised": dialogue.Revised, "restored": dialogue.Restored}[told.pop("event")]
        event: dialogue.Event = kind(**told)
        return event

    def _looked(self, draft: Draft, fact: Mapping[str, Any]) -> dict[str, Any] | None:
        """The fields of the event, as JSON, with its name; GitHub is told where only its word is missing."""
        pull = self.repository.pull(fact["pull"])
        path = draft.submitted_path
        ours = fact["login"].casefold() == self._app().casefold()
        if ours or path is None or pull.state != "open" or pull.head_sha != fact["sha"]:
            return None
        raw = self.repository.read_file(path, pull.head_sha)
        confirmed = self.repository.confirmed(pull, self._app())
        who = fact["login"] or next(iter(confirmed.since), "")
        named = "" if raw is None else digest(raw)
        if named and named in (draft.confirmed_digest, confirmed.digest):
            if named != confirmed.digest and draft.state is Stage.SUBMITTED:
                self._repeat(pull, named, draft)
            waits = draft.revision is not None or draft.state is not Stage.SUBMITTED
            if draft.confirmed_digest in (None, named):
                return {"event": "restored", "login": who, "digest": named} if waits else None
        before = self.repository.read_file(path, confirmed.commit) if confirmed.commit else None
        return {
            "event": "revised",
            "login": who,
            "sha": pull.head_sha,
            "text": _text(raw),
            "before": _text(before),
            "url": pull.url,
        }

    def _repeat(self, pull: Pull, named: str, draft: Draft) -> None:
        """The branch was made anew, by a rebase for example: the commits with our word are gone from it."""
        self.repository.confirm(pull, named, draft.requester_slack, app=self._app())
        self.repository.upsert_comment(pull.number, f"confirmed-{pull.head_sha}", CONFIRMED_ALREADY)

    def _app(self) -> str:
        return self.policy.get().review.app


def _text(raw: bytes | None) -> str | None:
    """The text of a file; empty, which is no request, where it is none that a database takes."""
    if raw is None:
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\x00" in text else text
