"""Slack: the Bolt app whose listeners hand everything to the desk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App, BoltContext, BoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot import views
from bot.envelope import conversation_id
from bot.front import Front
from bot.slackclient import SlackClient
from bot.talk import Talk

SHORTCUT = "make_request"
"""The callback id of the shortcut on a message."""
HOME = "home:"
"""How the action ids of App Home begin."""


def build(slack: SlackClient, front: Front) -> Callable[[dict[str, Any], str], None]:
    """Make the Bolt app, once, and return what dispatches a stored payload under its key.

    Listeners run in the calling thread, so that they are part of its workflow, and their errors come out.
    """

    def authorize() -> AuthorizeResult:
        me = slack.identity()
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot, bot_token=None
        )

    app = App(
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        attaching_function_token_enabled=False,
    )

    @app.error
    def out(error: Exception) -> None:
        raise error

    register(app, front)

    def dispatch(payload: dict[str, Any], key: str) -> None:
        front.talk.steps.run("identity", lambda: vars(slack.identity()))
        app.dispatch(BoltRequest(body=payload, context={"lakeport_key": key}, mode="socket_mode"))

    return dispatch


def register(app: App, front: Front) -> None:
    """Hang the listeners on the app: each takes what it needs from the payload and hands it to the desk.

    Slack was answered long ago; ``ack`` only tells Bolt that the payload found its listener.
    """
    desk = front.talk

    @app.event({"type": "message", "subtype": "message_changed"})
    def edited(event: dict[str, Any], context: BoltContext) -> None:
        message = event.get("message") or {}
        thread = str(message.get("thread_ts") or message.get("ts") or "")
        desk.edited(context["lakeport_key"], channel=str(event["channel"]), thread_ts=thread)

    # A listener for "message" takes every subtype, so the one for edits stands before it.
    @app.event("app_mention")
    @app.event("message")
    def spoken(event: dict[str, Any], context: BoltContext) -> None:
        user, text = str(event.get("user", "")), str(event.get("text", ""))
        if not user or event.get("bot_id"):
            return
        mention = f"<@{context.bot_user_id}>"
        desk.heard(
            context["lakeport_key"],
            user=user,
            channel=str(event["channel"]),
            ts=str(event["ts"]),
            thread_ts=str(event.get("thread_ts", "")),
            text=text.replace(mention, " ").strip(),
            mentioned=mention in text or event.get("type") == "app_mention",
        )

    @app.event("app_home_opened")
    def home(event: dict[str, Any]) -> None:
        front.overview.at_home(str(event["user"]))

    @app.event("assistant_thread_started")
    def assistant(event: dict[str, Any], context: BoltContext) -> None:
        thread = event["assistant_thread"]
        front.openings.assistant_started(
            context["lakeport_key"], channel=str(thread["channel_id"]), thread_ts=str(thread["thread_ts"])
        )

    @app.message_shortcut(SHORTCUT)
    def pointed(body: dict[str, Any], context: BoltContext, ack: Ack) -> None:
        ack()
        message = body.get("message") or {}
        text = str(message.get("text", "")).replace(f"<@{context.bot_user_id}>", " ").strip()
        front.openings.from_message(
            context["lakeport_key"],
            user=str(body["user"]["id"]),
            channel=str(body["channel"]["id"]),
            ts=str(message["ts"]),
            thread_ts=str(message.get("thread_ts", "")),
            author="" if message.get("bot_id") else str(message.get("user", "")),
            text=text,
        )

    @app.command(re.compile(r"^/lakeport"))
    def command(body: dict[str, Any], context: BoltContext, ack: Ack) -> None:
        ack()
        front.commands.commanded(
            context["lakeport_key"],
            user=str(body["user_id"]),
            channel=str(body["channel_id"]),
            # In commands alone, Slack writes <@U024BE7LH|liwei>.
            text=re.sub(r"<([@#][A-Z0-9]{2,25})\|[^<>]*>", r"<\1>", str(body.get("text", ""))),
        )

    @app.action(re.compile(".*"))
    def pressed(body: dict[str, Any], action: dict[str, Any], context: BoltContext, ack: Ack) -> None:
        ack()
        container, user = body.get("container") or {}, str(body["user"]["id"])
        name = str(action.get("action_id", ""))
        if name.startswith(HOME):
            front.home_pressed(context["lakeport_key"], name, str(action.get("value", "")), user=user)
            return
        thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
        found = conversation_id(str(container.get("channel_id", "")), str(thread or ""))
        if name == views.EDIT:
            desk.wants_form(found, user=user, trigger_id=str(body.get("trigger_id", "")))
            return
        event = views.event_of(action, user, str(action.get("action_ts", "")))
        if event is not None:
            channel = str(container.get("channel_id", ""))
            front.pressed(context["lakeport_key"], found, event, user=user, channel=channel)

    @app.view(views.FORM)
    def filled(body: dict[str, Any], context: BoltContext, ack: Ack) -> None:
        ack()
        found, state = form_of(body)
        desk.filled(context["lakeport_key"], found, user=str(body["user"]["id"]), state=state)


def form_of(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The conversation that a form belongs to, and what was filled in; both empty when it is not ours."""
    view = body.get("view")
    view = view if isinstance(view, dict) else {}
    try:
        conversation = json.loads(str(view.get("private_metadata", "")))["conversation"]
        values = view["state"]["values"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", {}
    return str(conversation), values if isinstance(values, dict) else {}


def inline(desk: Talk) -> Callable[[Mapping[str, Any]], dict[str, Any] | None]:
    """What answers a sent form while Slack waits: its errors, or nothing when it can be taken."""

    def answer(body: Mapping[str, Any]) -> dict[str, Any] | None:
        conversation, state = form_of(body)
        errors = desk.form_errors(conversation, state) if conversation else {}
        return {"response_action": "errors", "errors": dict(errors)} if errors else None

    return answer
