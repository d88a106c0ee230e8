"""Slack: the Bolt app whose listeners hand everything to the desk, and the Web API behind its effects."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltContext, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot import views
from bot.envelope import conversation_id
from bot.ports import Blocks, Identity
from bot.settings import Settings
from bot.talk import Talk
from gitops.errors import RemoteDenied, RemoteError, RemoteUnavailable

EVENT_TYPE = "lakeport"
TIMEOUT_SECONDS = 15
PAGE, PAGES = 200, 5

_LATER = {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_DENIED = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "missing_scope",
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "no_permission",
}

log = structlog.get_logger(__name__)


class SlackClient:
    """:class:`bot.ports.Slack` over the Web API; made once, safe from any thread."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._identity: Identity | None = None
        self._lock = threading.Lock()

    def identity(self) -> Identity:
        """Who we are; asked once, then remembered."""
        with self._lock:
            if self._identity is None:
                answer = self._call("auth.test")
                self._identity = Identity(
                    str(answer.get("team_id", "")),
                    str(answer.get("user_id", "")),
                    str(answer.get("bot_id", "")),
                )
            return self._identity

    def post(
        self, channel: str, thread_ts: str | None, text: str, blocks: Blocks, metadata: Mapping[str, Any]
    ) -> str:
        """Post a message, with no previews of links in it, and return its ts."""
        answer = self._call(
            "chat.postMessage",
            channel=channel,
            thread_ts=thread_ts,
            text=text,
            blocks=list(blocks) or None,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": dict(metadata)},
        )
        return str(answer["ts"])

    def find(self, channel: str, thread_ts: str | None, key: str) -> str | None:
        """The ts of our message whose metadata has this ``key``, among the newest thousand."""
        method = "conversations.replies" if thread_ts else "conversations.history"
        cursor = ""
        for _ in range(PAGES):
            answer = self._call(
                method,
                channel=channel,
                ts=thread_ts,
                include_all_metadata=True,
                limit=PAGE,
                cursor=cursor or None,
            )
            for message in answer.get("messages") or ():
                metadata = message.get("metadata") or {}
                if (
                    metadata.get("event_type") == EVENT_TYPE
                    and metadata.get("event_payload", {}).get("key") == key
                ):
                    return str(message["ts"])
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return None

    def update(self, channel: str, ts: str, text: str, blocks: Blocks) -> None:
        """Show something else in a message of ours."""
        self._call("chat.update", channel=channel, ts=ts, text=text, blocks=list(blocks))

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Tell one person where they are, or in a direct message where we may not speak."""
        try:
            self._call("chat.postEphemeral", channel=channel, user=user, text=text)
        except RemoteDenied:
            self._call("chat.postMessage", channel=user, text=text, unfurl_links=False)

    def open_form(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal."""
        self._call("views.open", trigger_id=trigger_id, view=dict(view))

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Show the app's home to one person."""
        self._call("views.publish", user_id=user, view=dict(view))

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""
        return str(self._call("chat.getPermalink", channel=channel, message_ts=ts)["permalink"])

    def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = (
                self._client.api_call(method, json=given)
                if _as_json(method)
                else self._client.api_call(method, params=given)
            )
        except SlackApiError as error:
            raise _translated(method, error) from None
        except (SlackClientError, OSError, http.client.HTTPException, ValueError) as error:
            raise RemoteUnavailable(
                f"Slack did not answer {method}.", why=type(error).__name__, where="Slack"
            ) from None
        data = answer.data
        return data if isinstance(data, dict) else {}


def _as_json(method: str) -> bool:
    # The reading methods take their arguments as a form only (docs.slack.dev, Web API, evaluating arguments).
    return method not in ("conversations.replies", "conversations.history", "chat.getPermalink", "auth.test")


def _translated(method: str, error: SlackApiError) -> RemoteError:
    response = error.response
    status = getattr(response, "status_code", 0) or 0
    code = str(response.get("error", "")) if hasattr(response, "get") else ""
    code = code if re.fullmatch(r"[a-z_]{1,60}", code) else "unknown_error"
    what = f"Slack answered {code} to {method}."
    if status == 429 or status >= 500 or code in _LATER:
        return RemoteUnavailable(what, where="Slack")
    if code in _DENIED:
        fix = "Invite the app to the channel, or ask its owner to check the token and its scopes."
        return RemoteDenied(what, fix=fix, where="Slack")
    return RemoteError(what, where="Slack")


def connect(settings: Settings) -> SlackClient:
    """The client for these settings.

    slack_sdk's own handler for broken connections repeats a POST that may have been carried out; only a rate
    limit is waited for here, and the rest is tried again by the desk, which looks first.
    """
    client = WebClient(
        token=settings.slack_token(),
        base_url=settings.slack_api_url,
        timeout=TIMEOUT_SECONDS,
        retry_handlers=[],
    )
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    return SlackClient(client)


# --- Bolt -------------------------------------------------------------------------------------------


def build(slack: SlackClient, talk: Talk) -> Callable[[dict[str, Any], str], None]:
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

    register(app, talk)

    def dispatch(payload: dict[str, Any], key: str) -> None:
        talk.steps.run("identity", lambda: vars(slack.identity()))
        app.dispatch(BoltRequest(body=payload, context={"lakeport_key": key}, mode="socket_mode"))

    return dispatch


def register(app: App, desk: Talk) -> None:
    """Hang the listeners on the app: each takes what it needs from the payload and hands it to the desk.

    Slack was answered long ago; ``ack`` only tells Bolt that the payload found its listener.
    """

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
        desk.at_home(str(event["user"]))

    @app.command(re.compile(r"^/lakeport"))
    def command(body: dict[str, Any], context: BoltContext, ack: Ack) -> None:
        ack()
        desk.commanded(
            context["lakeport_key"],
            user=str(body["user_id"]),
            channel=str(body["channel_id"]),
            text=str(body.get("text", "")),
        )

    @app.action(re.compile(".*"))
    def pressed(body: dict[str, Any], action: dict[str, Any], context: BoltContext, ack: Ack) -> None:
        ack()
        container, user = body.get("container") or {}, str(body["user"]["id"])
        thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
        found = conversation_id(str(container.get("channel_id", "")), str(thread or ""))
        if action.get("action_id") == views.EDIT:
            desk.wants_form(found, user=user, trigger_id=str(body.get("trigger_id", "")))
            return
        event = views.event_of(action, user, str(action.get("action_ts", "")))
        if event is not None:
            desk.happened(context["lakeport_key"], found, event)

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
