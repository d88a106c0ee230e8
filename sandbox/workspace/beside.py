"""Puts what GitHub and Databricks say beside the conversation, and lets people review and merge there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.datastructures import FormData

from gitops.policy import Policy
from sandbox.github.pages import markdown
from sandbox.github.state import GitHubState
from sandbox.slack.data import BOT_USER, Message, Person
from sandbox.slack.page import Act, one
from sandbox.slack.showing import Seen, Showing
from sandbox.workspace.guide import Facts, next_step
from sandbox.workspace.hub import Hub, HubSeen, PullSeen, RunSeen
from sandbox.workspace.lake import Lake

TEMPLATE, PARTS = "beside.html", ("next", "beside")
ACT_SECONDS = 30.0


class Workspace:
    """Everything beside the conversation; handed to :attr:`sandbox.slack.page.Page.beside`."""

    def __init__(self, state: GitHubState, repository: str, lake: Lake, policy: Policy) -> None:
        self._state = state
        self._repository = repository
        self._hub = Hub(state, repository, [person.github for person in policy.people])
        self._lake = lake
        self._teams = {person.github: person.team for person in policy.people}
        self._approvers = {login for team in policy.teams.values() for login in team.approvers}
        self.acts: Mapping[str, Act] = {"review": self._review}

    def version(self) -> str:
        """Another one whenever GitHub or Databricks have something else to show."""
        return f"{self._hub.version()} {self._lake.version()}"

    def parts(self, showing: Showing, seen: Seen) -> dict[str, str]:
        """The advice, and the panes."""
        hub = self._hub.look()
        pull = _pull_of(hub, seen.thread)
        context = {
            "viewer": seen.viewer,
            "names": {person.handle: person.name for person in seen.people},
            "address": seen.address,
            "thread_ts": seen.thread_ts,
            "channel": seen.channel,
            "step": next_step(self._facts(hub, pull, seen)),
            "hub": hub,
            "shown": pull.number if pull else max((each.number for each in hub.pulls), default=0),
            "lake": self._lake.look(),
            "described": markdown,
        }
        return showing.macros(TEMPLATE, PARTS, context)

    def about(self, person: Person) -> str:
        """A person's part in the organisation, in few words."""
        team = self._teams.get(person.handle, "")
        return f"{team}, approves" if person.handle in self._approvers else team

    def _facts(self, hub: HubSeen, pull: PullSeen | None, seen: Seen) -> Facts:
        viewer, thread = seen.viewer.handle, seen.thread
        by_bot = [message for message in thread if message.user == BOT_USER]
        last = [message for message in seen.messages if message.user == seen.viewer.id]
        return Facts(
            viewer=viewer,
            names={person.handle: person.name for person in seen.people},
            requester=_requester(seen) if thread else "",
            confirmable=any(_has_button(message, "confirm") for message in by_bot),
            asked=bool(thread) and _asks(thread[-1]),
            answered=bool(thread) and thread[-1].user == BOT_USER,
            unheard=bool(last)
            and not seen.channel.is_im
            and last[-1] is seen.messages[-1]
            and f"<@{BOT_USER}>" not in last[-1].text,
            at_home=seen.at_home,
            going_on=_going_on(seen),
            pull=pull,
            apply=_apply_of(hub, pull),
            waiting=tuple(each.number for each in hub.pulls if viewer in each.awaited),
        )

    def _review(self, who: str, form: FormData) -> dict[str, Any]:
        """Through the form of GitHub's own page, so that every rule of GitHub holds here as well."""
        number = one(form, "number")
        if not re.fullmatch(r"[0-9]{1,9}", number):
            return {"ok": False, "error": "There is no such pull request."}
        answer = httpx.post(
            f"{self._state.url}/{self._repository}/pull/{number}/act",
            data={"as": who, "do": one(form, "do"), "body": one(form, "body")},
            headers={"origin": self._state.url},
            timeout=ACT_SECONDS,
            trust_env=False,
        )
        done = answer.status_code == httpx.codes.SEE_OTHER
        return {} if done else {"ok": False, "error": answer.text.partition("\n")[0][:300]}


def _pull_of(hub: HubSeen, thread: list[Message]) -> PullSeen | None:
    """The pull request that the bot speaks of in a thread."""
    said = "".join(f"{message.text}{message.blocks}" for message in thread if message.user == BOT_USER)
    numbers = [int(found) for found in re.findall(rf"{re.escape(hub.url)}/pull/(\d+)", said)]
    return next((each for each in hub.pulls if numbers and each.number == numbers[-1]), None)


def _apply_of(hub: HubSeen, pull: PullSeen | None) -> RunSeen | None:
    """The run that the merge of a pull request started."""
    if pull is None or not pull.merge_sha:
        return None
    return next((run for run in hub.runs if run.sha == pull.merge_sha and run.event == "push"), None)


def _going_on(seen: Seen) -> str:
    """The newest thread of the viewer in this channel in which the bot was spoken to."""
    mine = [
        message.ts
        for message in seen.messages
        if message.user == seen.viewer.id and (seen.channel.is_im or f"<@{BOT_USER}>" in message.text)
    ]
    return mine[-1] if mine else ""


def _requester(seen: Seen) -> str:
    """Who spoke first in a thread; a thread that the bot opened is the viewer's."""
    by_id = {person.id: person.handle for person in seen.people}
    return next((by_id[m.user] for m in seen.thread if m.user in by_id), seen.viewer.handle)


def _has_button(message: Message, action: str) -> bool:
    elements = (element for block in message.blocks for element in block.get("elements", ()))
    return any(isinstance(each, dict) and each.get("action_id") == action for each in elements)


def _asks(message: Message) -> bool:
    payload = (message.metadata or {}).get("event_payload") or {}
    return message.user == BOT_USER and bool(payload.get("asks"))
