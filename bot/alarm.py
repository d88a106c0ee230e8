"""The alarm of a broken glass: who it was and why, once a commit, in the channel that the policy names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.known import KnownPolicy
from bot.ports import Repository
from bot.talk import Talk
from bot.views.blocks import escaped
from gitops.checks import GATE_CHECK
from gitops.errors import LakeportError
from gitops.render_gate import GLASS_BROKEN
from gitops.verdict import BrokeGlass

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Alarm:
    """Tells a Slack channel that a request passes in an emergency, whether or not it came from a thread."""

    talk: Talk
    policy: KnownPolicy
    repository: Repository

    def heard(self, fact: Mapping[str, Any]) -> None:
        """Sound it where the check run of the gate says that the glass is broken."""
        if (fact["fact"], fact.get("name"), fact.get("title")) != ("checked", GATE_CHECK, GLASS_BROKEN):
            return
        if fact["conclusion"] != "success":
            return
        try:
            self.talk.steps.run("alarm", lambda: self._sound(fact))
        except LakeportError as error:  # the comment and the receipt say it all the same
            log.error("alarm_not_told", sha=fact["sha"], code=error.code, what=error.what)

    def _sound(self, fact: Mapping[str, Any]) -> None:
        glass = self.policy.get().review.break_glass
        if glass is None or not glass.alert:
            return
        key = f"glass:{fact['sha']}"
        known = self.talk.store.begin(key, "alarm")
        if known.done:
            return
        there = self.talk.slack.find(glass.alert, None, key) if known.again else None
        ts = there or self.talk.slack.post(glass.alert, None, self._text(fact), [], {"key": key})
        self.talk.store.finish(key, ts)

    def _text(self, fact: Mapping[str, Any]) -> str:
        pull = fact["pull"]
        where = f" It is pull request #{pull}." if pull is not None else ""
        return "\n".join(
            [
                f"*The glass was broken:* a request passes without the approvals that are missing.{where}",
                *(f"> {escaped(one.login)}: {escaped(one.reason)}" for one in self._who(fact)),
                f"<{fact['url']}|What was missing>",
            ]
        )

    def _who(self, fact: Mapping[str, Any]) -> tuple[BrokeGlass, ...]:
        """Who broke it, by the judgement itself; nobody is named where that is not to be had any more."""
        if fact["pull"] is None:
            return ()
        try:
            verdict = self.repository.judged(fact["pull"], fact["sha"], self.talk.registry, self.policy.get())
        except LakeportError as error:  # better a short alarm than none
            log.warning("glass_not_judged", sha=fact["sha"], code=error.code, what=error.what)
            return ()
        return verdict.broke_glass if verdict else ()
