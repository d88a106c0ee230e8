"""The rehearsal Slack towards the bot: Web API by Slack's own client, events signed and retried, forms,
Socket Mode.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from slack_bolt import App
from slack_bolt.adapter.fastapi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sandbox.serving import Serving
from sandbox.slack.rehearsal import Message, Slack, SlackError, UnacknowledgedError
from tests.support.slack_bots import Received, RecordingBot, peopled

pytestmark = pytest.mark.usefixtures("loopback")

BUTTONS = [
    {"type": "section", "block_id": "about", "text": {"type": "mrkdwn", "text": "*A card*"}},
    {
        "type": "actions",
        "block_id": "act",
        "elements": [
            {
                "type": "button",
                "action_id": "go",
                "value": "one",
                "text": {"type": "plain_text", "text": "One"},
            },
            {
                "type": "static_select",
                "action_id": "size",
                "options": [{"text": {"type": "plain_text", "text": "Small"}, "value": "small"}],
            },
        ],
    },
]


def form(**more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "text", "min_length": 3}
    return {
        "type": "modal",
        "callback_id": "edit",
        "title": {"type": "plain_text", "text": "Edit"},
        "submit": {"type": "plain_text", "text": "Save"},
        "private_metadata": "draft-1",
        "blocks": [
            {
                "type": "input",
                "block_id": "name",
                "label": {"type": "plain_text", "text": "Name"},
                "element": element,
            },
            {
                "type": "input",
                "block_id": "until",
                "optional": True,
                "label": {"type": "plain_text", "text": "Until"},
                "element": {"type": "datepicker", "action_id": "date", "initial_date": "2027-01-31"},
            },
        ],
        **more,
    }


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack(ack_seconds=0.3, retry_delays=(0.01, 0.05, 0.1)) as found:
        yield peopled(found)


@pytest.fixture
def bot(slack: Slack) -> Iterator[RecordingBot]:
    found = RecordingBot()
    found.serving.start()
    slack.connect(found.serving.url)
    yield found
    found.serving.stop()


@pytest.fixture
def client(slack: Slack) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url)


def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as raised:
        call()
    return str(raised.value.response["error"])


# ---- Web API -------------------------------------------------------------------------------------


def test_the_token_decides(slack: Slack, client: WebClient) -> None:
    who = client.auth_test()
    assert (who["user_id"], who["bot_id"]) == (slack.bot, "B0LAKEPORT")
    assert (
        error_of(lambda: WebClient(token="xoxb-other", base_url=slack.api_url).auth_test()) == "invalid_auth"
    )
    assert httpx.post(f"{slack.api_url}auth.test").json() == {"ok": False, "error": "not_authed"}
    with_app_token = WebClient(token=slack.app_token, base_url=slack.api_url)
    assert error_of(with_app_token.auth_test) == "not_allowed_token_type"


def test_form_and_json_bodies_are_the_same(slack: Slack) -> None:
    args = {"channel": slack.channel_of("data-platform").id, "text": "hello"}
    for body in ({"json": args}, {"data": {**args, "token": slack.bot_token}}):
        answer = httpx.post(
            f"{slack.api_url}chat.postMessage",
            headers={"Authorization": f"Bearer {slack.bot_token}"} if "json" in body else {},
            **body,  # type: ignore[arg-type]
        )
        assert answer.json()["message"]["text"] == "hello"
    assert all("token" not in given for _, given in slack.calls)


def test_an_unknown_method_is_refused_and_noted(slack: Slack, client: WebClient) -> None:
    assert error_of(lambda: client.api_call("admin.teams.create")) == "unknown_method"
    assert slack.unknown_calls == ["admin.teams.create"]


def test_a_thread_with_metadata_reads_back(slack: Slack, client: WebClient) -> None:
    channel = slack.channel_of("data-platform").id
    root = client.chat_postMessage(channel=channel, text="root")["ts"]
    asked = {"event_type": "lakeport.question", "event_payload": {"path": "metadata.team"}}
    reply = client.chat_postMessage(channel=channel, text="Which team?", thread_ts=root, metadata=asked)
    client.reactions_add(channel=channel, timestamp=root, name="eyes")
    read = client.conversations_replies(channel=channel, ts=root, include_all_metadata=True)["messages"]
    assert [one["ts"] for one in read] == [root, reply["ts"]]
    assert (read[0]["reply_count"], read[0]["reactions"][0]["name"]) == (1, "eyes")
    assert read[1]["metadata"] == asked
    plain = client.conversations_replies(channel=channel, ts=root)["messages"]
    assert "metadata" not in plain[1]
    assert [one["ts"] for one in client.conversations_history(channel=channel)["messages"]] == [root]
    link = client.chat_getPermalink(channel=channel, message_ts=reply["ts"])["permalink"]
    assert httpx.get(link).status_code == 303


def test_pages_follow_the_cursor(slack: Slack, client: WebClient) -> None:
    channel = slack.channel_of("data-platform").id
    root = client.chat_postMessage(channel=channel, text="0")["ts"]
    for number in range(1, 5):
        client.chat_postMessage(channel=channel, text=str(number), thread_ts=root)
    pages = client.conversations_replies(channel=channel, ts=root, limit=2)
    assert [[m["text"] for m in page["messages"]] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]


def test_what_cannot_be_posted_says_why(slack: Slack, client: WebClient) -> None:
    here, elsewhere = slack.channel_of("data-platform").id, slack.channel_of("random").id
    assert error_of(lambda: client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    assert error_of(lambda: client.chat_postMessage(channel=elsewhere, text="x")) == "not_in_channel"
    assert error_of(lambda: client.api_call("chat.postMessage", json={"channel": here})) == "no_text"
    assert error_of(lambda: client.chat_update(channel=here, ts="1.0", text="x")) == "message_not_found"
    theirs = slack.say("liwei", "data-platform", "mine")
    assert error_of(lambda: client.chat_update(channel=here, ts=theirs.ts, text="x")) == "cant_update_message"


def test_people_are_found(client: WebClient) -> None:
    found = client.users_lookupByEmail(email="LI.WEI@acme.example")["user"]
    assert client.users_info(user=found["id"])["user"]["name"] == "liwei"
    assert error_of(lambda: client.users_lookupByEmail(email="x@y.z")) == "users_not_found"
    direct = client.conversations_open(users=[found["id"]])["channel"]["id"]
    assert client.conversations_info(channel=direct)["channel"]["user"] == found["id"]
    assert client.chat_postMessage(channel=found["id"], text="hi")["channel"] == direct


def test_only_one_person_sees_an_ephemeral_message(slack: Slack, client: WebClient) -> None:
    channel = slack.channel_of("data-platform").id
    root = client.chat_postMessage(channel=channel, text="root")["ts"]
    client.chat_postEphemeral(channel=channel, user="U024BE7LH", text="psst", thread_ts=root)
    assert [m.text for m in slack.thread("data-platform", root)] == ["root"]
    assert [m.text for m in slack.thread("data-platform", root, seen_by="liwei")] == ["root", "psst"]
    assert len(client.conversations_replies(channel=channel, ts=root)["messages"]) == 1


def test_a_fault_can_be_ordered(slack: Slack, client: WebClient) -> None:
    slack.fail_next("auth.test", "ratelimited", retry_after=7)
    with pytest.raises(SlackApiError) as raised:
        client.auth_test()
    assert (raised.value.response.status_code, raised.value.response.headers["retry-after"]) == (429, "7")
    assert client.auth_test()["ok"]


# ---- events --------------------------------------------------------------------------------------


def test_a_mention_arrives_twice_and_signed(slack: Slack, bot: RecordingBot) -> None:
    said = slack.say(
        "liwei", "data-platform", "@lakeport a schema & more, tell @nadia-k or li.wei@acme.example"
    )
    mention, message = bot.wait_for(1, "app_mention")[0], bot.wait_for(1, "message")[0]
    verifier = SignatureVerifier(slack.signing_secret)
    assert all(verifier.is_valid_request(one.body, one.headers) for one in (mention, message))
    assert not SignatureVerifier("other").is_valid_request(message.body, message.headers)
    assert said.text == (
        "<@U0LAKEPORT> a schema &amp; more, tell <@U0NADIAKA> or "
        "<mailto:li.wei@acme.example|li.wei@acme.example>"
    )
    assert mention.payload["event_id"] != message.payload["event_id"]
    assert mention.event["client_msg_id"] == message.event["client_msg_id"] == said.client_msg_id
    assert (message.event["channel_type"], message.event["ts"]) == ("channel", said.ts)
    assert "x-slack-retry-num" not in message.headers


def test_no_event_from_a_channel_without_the_bot(slack: Slack, bot: RecordingBot) -> None:
    slack.say("liwei", "random", "@lakeport hello?")
    slack.direct_message("liwei", "@lakeport hello")
    (only,) = bot.wait_for(1)
    assert (only.event["type"], only.event["channel_type"]) == ("message", "im")
    slack.wait_for(lambda: [one.outcome for one in slack.attempts] == ["ok"])


def test_edits_deletions_and_own_messages_are_told(
    slack: Slack, bot: RecordingBot, client: WebClient
) -> None:
    said = slack.say("liwei", "data-platform", "one")
    slack.edit("liwei", "data-platform", said.ts, "two")
    slack.delete("liwei", "data-platform", said.ts)
    posted = client.chat_postMessage(channel=said.channel, text="mine")
    client.chat_update(channel=said.channel, ts=posted["ts"], text="ours")
    events = [one.event for one in bot.wait_for(5, "message")]
    kinds = sorted(str(one.get("subtype") or one.get("bot_id") or "said") for one in events)
    assert kinds == ["B0LAKEPORT", "message_changed", "message_changed", "message_deleted", "said"]


@pytest.mark.parametrize(
    ("status", "headers", "deliveries", "reason"),
    [
        (500, {}, 4, "http_error"),
        (404, {"X-Slack-No-Retry": "1"}, 1, "no_retry"),
        (302, {"Location": "/x"}, 4, "http_error"),
    ],
)
def test_a_refused_event_is_sent_again(
    slack: Slack, bot: RecordingBot, status: int, headers: dict[str, str], deliveries: int, reason: str
) -> None:
    bot.answer = lambda received: Response(status_code=status, headers=headers)
    slack.direct_message("liwei", "hello")
    came = bot.wait_for(deliveries)
    time.sleep(0.2)
    assert len(bot.events()) == deliveries
    assert [one.headers.get("x-slack-retry-num") for one in came] == [None, "1", "2", "3"][:deliveries]
    assert {one.headers.get("x-slack-retry-reason") for one in came[1:]} <= {reason}
    assert len({one.payload["event_id"] for one in came}) == 1
    assert {one.outcome for one in slack.attempts} == {reason}


def test_a_slow_bot_gets_it_again_while_it_still_works(slack: Slack, bot: RecordingBot) -> None:
    first = threading.Event()

    def slow_once(received: Received) -> None:
        if not first.is_set():
            first.set()
            time.sleep(0.5)

    bot.answer = slow_once
    slack.direct_message("liwei", "hello")
    again = bot.wait_for(2)[1]
    assert again.headers["x-slack-retry-reason"] == "http_timeout"
    slack.wait_for(lambda: len(slack.attempts) == 2)
    assert [one.outcome for one in slack.attempts] == ["http_timeout", "ok"]


def test_a_bot_that_is_gone_is_a_failed_connection(slack: Slack, bot: RecordingBot) -> None:
    bot.serving.stop()
    slack.direct_message("liwei", "hello")
    slack.wait_for(lambda: len(slack.attempts) == 4)
    assert {one.outcome for one in slack.attempts} == {"connection_failed"}


def test_connecting_needs_the_challenge(slack: Slack) -> None:
    deaf = Serving(FastAPI(), name="deaf")
    deaf.start()
    try:
        with pytest.raises(RuntimeError, match="challenge"):
            slack.connect(deaf.url)
    finally:
        deaf.stop()


# ---- interactions --------------------------------------------------------------------------------


def card(slack: Slack, client: WebClient) -> Message:
    channel = slack.channel_of("data-platform").id
    posted = client.chat_postMessage(channel=channel, text="card", blocks=BUTTONS)
    return slack.state.message(channel, posted["ts"])


def test_a_pressed_button_tells_all_that_slack_tells(
    slack: Slack, bot: RecordingBot, client: WebClient
) -> None:
    message = card(slack, client)
    slack.choose("liwei", "data-platform", message.ts, "size", "small")
    slack.press("liwei", "data-platform", message.ts, "go")
    chosen, pressed = (one.payload for one in bot.received if one.path == "/slack/interactivity")
    assert chosen["actions"][0]["selected_option"]["value"] == "small"
    action = pressed["actions"][0]
    assert (pressed["type"], action["action_id"], action["value"], action["block_id"]) == (
        "block_actions",
        "go",
        "one",
        "act",
    )
    assert pressed["container"]["message_ts"] == message.ts
    assert pressed["state"]["values"]["act"]["size"]["selected_option"]["value"] == "small"
    assert pressed["user"]["id"] == "U024BE7LH"
    with pytest.raises(SlackError, match="only go, size"):
        slack.press("liwei", "data-platform", message.ts, "stop")


def test_nobody_waits_longer_than_the_time_to_acknowledge(
    slack: Slack, bot: RecordingBot, client: WebClient
) -> None:
    message = card(slack, client)
    bot.answer = lambda received: time.sleep(0.6)
    with pytest.raises(UnacknowledgedError, match="http_timeout"):
        slack.press("liwei", "data-platform", message.ts, "go")
    assert sum(one.path == "/slack/interactivity" for one in bot.received) == 1, (
        "interactions are not retried"
    )


def test_a_response_address_works_five_times(slack: Slack, bot: RecordingBot, client: WebClient) -> None:
    message = card(slack, client)
    slack.press("liwei", "data-platform", message.ts, "go")
    address = bot.interactions[-1].payload["response_url"]
    assert httpx.post(address, json={"replace_original": True, "text": "done"}).json() == {"ok": True}
    assert (message.text, message.blocks) == ("done", [])
    codes = [
        httpx.post(address, json={"text": "more", "replace_original": False}).status_code for _ in range(5)
    ]
    assert codes == [200, 200, 200, 200, 404]
    assert {m.only_for for m in slack.channel_of("data-platform").messages} == {None, "U024BE7LH"}


def test_a_command_is_answered_to_the_one_who_typed_it(slack: Slack, bot: RecordingBot) -> None:
    bot.answer = lambda received: {"text": "only you", "response_type": "ephemeral"}
    answer = slack.command("liwei", "data-platform", "/lakeport", "status <all> & more")
    assert answer is not None
    assert (answer.text, answer.only_for) == ("only you", "U024BE7LH")
    sent = bot.interactions[0]
    assert (sent.path, sent.payload["command"], sent.payload["text"]) == (
        "/slack/commands",
        "/lakeport",
        "status <all> & more",
    )
    bot.answer = lambda received: None
    assert slack.command("liwei", "data-platform", "/lakeport") is None


def opened(slack: Slack, bot: RecordingBot, client: WebClient, view: dict[str, Any]) -> str:
    slack.command("liwei", "data-platform", "/lakeport")
    return str(
        client.views_open(trigger_id=bot.interactions[-1].payload["trigger_id"], view=view)["view"]["id"]
    )


def test_a_form_is_filled_in_refused_and_taken(slack: Slack, bot: RecordingBot, client: WebClient) -> None:
    view = opened(slack, bot, client, form())
    before = len(bot.received)
    assert slack.submit_view("liwei", view, {}).errors == {"name": "Please complete this required field."}
    assert slack.submit_view("liwei", view, {"name": "ab"}).errors == {
        "name": "Please enter at least 3 characters."
    }
    assert len(bot.received) == before, "Slack's client refuses that by itself"
    bot.answer = lambda received: {"response_action": "errors", "errors": {"name": "taken"}}
    assert slack.submit_view("liwei", view, {"name": "churn"}).errors == {"name": "taken"}
    bot.answer = lambda received: None
    assert slack.submit_view("liwei", view, {"name": "churn"}).accepted
    sent = bot.interactions[-1].payload
    assert sent["type"] == "view_submission"
    assert sent["view"]["state"]["values"] == {
        "name": {"text": {"type": "plain_text_input", "value": "churn"}},
        "until": {"date": {"type": "datepicker", "selected_date": "2027-01-31"}},
    }
    assert (sent["view"]["private_metadata"], slack.open_view("liwei")) == ("draft-1", None)


def test_errors_for_blocks_that_are_no_inputs_are_no_answer(
    slack: Slack, bot: RecordingBot, client: WebClient
) -> None:
    view = opened(slack, bot, client, form())
    bot.answer = lambda received: {"response_action": "errors", "errors": {"nowhere": "x"}}
    with pytest.raises(UnacknowledgedError):
        slack.submit_view("liwei", view, {"name": "churn"})


def test_forms_stack_up_to_three_and_clear(slack: Slack, bot: RecordingBot, client: WebClient) -> None:
    view = opened(slack, bot, client, form())
    for depth in range(2):
        bot.answer = lambda received: {"response_action": "push", "view": form()}
        top = slack.submit_view("liwei", view, {"name": "churn"}).view
        assert top is not None
        assert (top.root, len(slack.state.stacks["U024BE7LH"])) == (
            slack.state.stacks["U024BE7LH"][0],
            depth + 2,
        )
        view = top.id
    with pytest.raises(SlackError, match="push_limit_reached"):
        slack.submit_view("liwei", view, {"name": "churn"})
    bot.answer = lambda received: {"response_action": "clear"}
    slack.submit_view("liwei", view, {"name": "churn"})
    assert slack.open_view("liwei") is None


def test_a_trigger_works_once_for_three_seconds(
    slack: Slack, bot: RecordingBot, client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(slack, bot, client, form())
    used = bot.interactions[-1].payload["trigger_id"]
    assert error_of(lambda: client.views_open(trigger_id=used, view=form())) == "exchanged_trigger_id"
    assert error_of(lambda: client.views_open(trigger_id="1.2.3", view=form())) == "invalid_trigger_id"
    monkeypatch.setattr("sandbox.slack.state.TRIGGER_SECONDS", -1.0)
    fresh = slack.state.new_trigger("U024BE7LH")
    assert error_of(lambda: client.views_open(trigger_id=fresh, view=form())) == "expired_trigger_id"


def test_an_update_from_an_old_view_is_refused(slack: Slack, bot: RecordingBot, client: WebClient) -> None:
    view = opened(slack, bot, client, form(external_id="the-form"))
    old = slack.state.view(view).hash
    assert client.views_update(external_id="the-form", hash=old, view=form())["view"]["id"] == view
    assert error_of(lambda: client.views_update(view_id=view, hash=old, view=form())) == "hash_conflict"


def test_a_closed_form_is_told_when_it_asks_for_that(
    slack: Slack, bot: RecordingBot, client: WebClient
) -> None:
    view = opened(slack, bot, client, form(notify_on_close=True))
    slack.close_view("liwei", view)
    assert bot.interactions[-1].payload["type"] == "view_closed"
    assert slack.open_view("liwei") is None


def test_bolt_itself_gets_along(slack: Slack, client: WebClient) -> None:
    app = App(client=client, signing_secret=slack.signing_secret)

    @app.event("app_mention")
    def mentioned(event: dict[str, Any], say: Any) -> None:
        say(text="card", blocks=BUTTONS, thread_ts=event["ts"])

    @app.action("go")
    def go(ack: Any, respond: Any) -> None:
        ack()
        respond(text="went", replace_original=False)

    web, handler = FastAPI(), SlackRequestHandler(app)

    @web.post("/slack/{kind}")
    async def take(request: Request, kind: str) -> Any:
        return await handler.handle(request)

    serving = Serving(web, name="bolt")
    serving.start()
    try:
        slack.connect(serving.url)
        said = slack.say("liwei", "data-platform", "@lakeport hi")
        reply = slack.wait_for(
            lambda: next((m for m in slack.thread("data-platform", said.ts) if m.by_bot), None)
        )
        slack.press("liwei", "data-platform", reply.ts, "go")
        slack.wait_for(
            lambda: "went" in [m.text for m in slack.thread("data-platform", said.ts, seen_by="liwei")]
        )
    finally:
        serving.stop()


# ---- Socket Mode ---------------------------------------------------------------------------------


def test_socket_mode_with_slacks_own_client(slack: Slack) -> None:
    received: list[SocketModeRequest] = []

    def take(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        received.append(request)
        payload = {"text": "over the socket"} if request.type == "slash_commands" else None
        if request.type != "events_api" or request.retry_attempt:
            client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=payload)
            )

    web = WebClient(token=slack.bot_token, base_url=slack.api_url)
    socket = SocketModeClient(app_token=slack.app_token, web_client=web)
    socket.socket_mode_request_listeners.append(take)
    socket.connect()
    try:
        slack.wait_for(lambda: slack.delivery.connected)
        answer = slack.command("liwei", "data-platform", "/lakeport", "hi")
        assert answer is not None
        assert answer.text == "over the socket"
        slack.direct_message("liwei", "hello")
        slack.wait_for(lambda: [one.outcome for one in slack.attempts] == ["ok", "http_timeout", "ok"])
        assert [(one.type, one.retry_attempt) for one in received][1:] == [
            ("events_api", 0),
            ("events_api", 1),
        ]
        assert received[2].retry_reason == "http_timeout"
    finally:
        socket.close()


def test_a_socket_needs_a_fresh_ticket(slack: Slack) -> None:
    web = WebClient(token=slack.app_token, base_url=slack.api_url)
    address = web.apps_connections_open(app_token=slack.app_token)["url"]
    assert address.startswith("ws://127.0.0.1:")
    with connect(address) as socket:
        assert '"hello"' in str(socket.recv())
    with pytest.raises(InvalidStatus), connect(address):
        pass


def test_an_assistant_thread_has_a_status_until_we_speak_and_prompts(slack: Slack, client: WebClient) -> None:
    channel = slack.state.direct("U024BE7LH").id
    root = str(client.chat_postMessage(channel=channel, text="Hello")["ts"])
    prompts = [{"title": "A new project", "message": "We need a repository."}]
    client.assistant_threads_setSuggestedPrompts(channel_id=channel, thread_ts=root, prompts=prompts)
    client.assistant_threads_setStatus(channel_id=channel, thread_ts=root, status="is reading …")
    assert slack.state.statuses[channel, root] == "is reading …"
    client.chat_postMessage(channel=channel, thread_ts=root, text="Read.")
    assert (channel, root) not in slack.state.statuses
    for wrong in ([], prompts * 5, [{"title": "no message"}]):
        told = error_of(
            lambda wrong=wrong: client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, thread_ts=root, prompts=wrong
            )
        )
        assert told == "invalid_arguments"
