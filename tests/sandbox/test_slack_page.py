"""The page in the browser: shows what one person sees, lets only itself act, and never shows text as
markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.project import PROJECT
from sandbox.slack.markup import markdown, mrkdwn, plain
from sandbox.slack.people import SHORTCUTS
from sandbox.slack.rehearsal import Slack
from tests.support.slack_bots import RecordingBot, peopled

TAGS = re.compile(r"<(?!/?(?:strong|em|s|q|code|pre)>|/?a[ >]|/?span[ >])")


def name(identifier: str) -> str:
    return {"U1": "Li <Wei>"}.get(identifier, identifier)


@given(st.text(alphabet=st.sampled_from("<>&;\"'`*_~:@#!|/ \nltgampscriptxhttp="), max_size=60))
def test_no_text_becomes_markup(words: str) -> None:
    for shown in (mrkdwn(words, name), plain(words), markdown(words)):
        assert not TAGS.search(str(shown)), shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("*b* _i_ ~s~ `a*b*c`", "<strong>b</strong> <em>i</em> <s>s</s> <code>a*b*c</code>"),
        ("&lt;script&gt; a &amp; b", "&lt;script&gt; a &amp; b"),
        ("<@U1>", '<span class="mention">@Li &lt;Wei&gt;</span>'),
        (
            "<https://a.b/c_d_e?x=1&amp;y=2|the *page*>",
            '<a href="https://a.b/c_d_e?x=1&amp;y=2" target="_blank" rel="noopener noreferrer">'
            "the *page*</a>",
        ),
        ("<javascript:alert(1)|x>", "x"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("```\na *b*\n```", "<pre>a *b*</pre>"),
        (":tada: :no_such:", "🎉 :no_such:"),
        ("&gt; quoted", "<q>quoted</q>"),
    ],
)
def test_markup(said: str, shown: str) -> None:
    assert str(mrkdwn(said, name)) == shown


@pytest.fixture
def slack(loopback: None) -> Iterator[Slack]:
    with Slack() as found:
        yield peopled(found)


@pytest.fixture
def bot(slack: Slack) -> Iterator[RecordingBot]:
    found = RecordingBot()
    found.serving.start()
    slack.connect(found.serving.url)
    yield found
    found.serving.stop()


def test_what_is_said_on_the_page_reaches_the_bot(slack: Slack, bot: RecordingBot) -> None:
    channel = slack.channel_of("data-platform").id
    form = {"as": "liwei", "channel": channel, "text": "@lakeport <b>hi</b>"}
    done = httpx.post(f"{slack.url}/act/say", data=form, headers={"Accept": "application/json"}).json()
    assert done["ok"]
    assert bot.wait_for(1, "app_mention")[0].event["text"] == "<@U0LAKEPORT> &lt;b&gt;hi&lt;/b&gt;"
    page = httpx.get(f"{slack.url}/", params={"as": "liwei", "channel": channel, "thread": done["thread"]})
    assert "&lt;b&gt;hi&lt;/b&gt;" in page.text
    assert "<b>hi</b>" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    slash = form | {"text": "/lakeport status"}
    assert httpx.post(f"{slack.url}/act/say", data=slash).status_code == 303
    assert bot.interactions[-1].payload["text"] == "status"


def test_a_form_is_filled_in_on_the_page(slack: Slack, bot: RecordingBot) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    slack.command("liwei", "data-platform", "/lakeport")
    label = {"type": "plain_text", "text": "Resources <all>"}
    options = [{"text": {"type": "plain_text", "text": one}, "value": one} for one in ("repo", "schema")]
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": [
            {
                "type": "input",
                "block_id": "r",
                "label": label,
                "element": {"type": "checkboxes", "action_id": "v", "options": options},
            }
        ],
    }
    opened = client.views_open(trigger_id=bot.interactions[-1].payload["trigger_id"], view=view)["view"]["id"]
    httpx.get(f"{slack.url}/", params={"as": "liwei"})
    theirs = httpx.get(f"{slack.url}/seen", params={"as": "nadia-k", "version": ""}).json()
    assert theirs["parts"]["form"].strip() == ""
    seen = httpx.get(f"{slack.url}/seen", params={"as": "liwei", "version": ""}).json()
    assert "Resources &lt;all&gt;" in seen["parts"]["form"]
    assert (
        httpx.get(f"{slack.url}/seen", params={"as": "liwei", "version": seen["version"]}).status_code == 204
    )
    act = f"{slack.url}/act/submit"
    fields: dict[str, str | list[str]] = {"as": "liwei", "view": opened, "field:many:r": [""]}
    refused = httpx.post(act, data=fields, headers={"Accept": "application/json"}).json()
    assert refused == {"ok": False, "errors": {"r": "Please complete this required field."}}
    fields["field:many:r"] = ["", "repo", "schema"]
    assert httpx.post(act, data=fields, headers={"Accept": "application/json"}).json() == {"ok": True}
    chosen = bot.interactions[-1].payload["view"]["state"]["values"]["r"]["v"]["selected_options"]
    assert [one["value"] for one in chosen] == ["repo", "schema"]


def test_another_page_cannot_act(slack: Slack) -> None:
    form = {"as": "liwei", "channel": slack.channel_of("data-platform").id, "text": "hi"}
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert httpx.post(f"{slack.url}/act/say", data=form, headers=headers).status_code == 403
    assert httpx.get(f"{slack.url}/", headers={"Host": "evil.example"}).status_code == 403
    assert slack.messages("data-platform") == []


def test_a_direct_conversation_is_seen_by_its_person_only(slack: Slack) -> None:
    slack.direct_message("liwei", "between us")
    channel = slack.direct("liwei").id
    texts = {
        who: httpx.get(f"{slack.url}/", params={"as": who, "channel": channel}).text
        for who in ("liwei", "nadia-k")
    }
    assert ("between us" in texts["liwei"], "between us" in texts["nadia-k"]) == (True, False)


def test_an_empty_workspace_has_a_page(loopback: None) -> None:
    with Slack() as empty:
        assert "Nobody has joined" in httpx.get(empty.url).text


def test_opening_home_asks_the_bot_and_shows_what_it_publishes(slack: Slack, bot: RecordingBot) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    done = httpx.post(
        f"{slack.url}/act/home", data={"as": "liwei"}, headers={"Accept": "application/json"}
    ).json()
    assert done == {"ok": True}
    event = bot.wait_for(1, "app_home_opened")[0].event
    assert (event["user"], event["tab"]) == ("U024BE7LH", "home")
    button = {"type": "button", "action_id": "again", "text": {"type": "plain_text", "text": "Again"}}
    blocks = [{"type": "actions", "block_id": "a", "elements": [button]}]
    client.views_publish(user_id="U024BE7LH", view={"type": "home", "blocks": blocks})
    home = httpx.get(f"{slack.url}/", params={"as": "liwei", "home": "1"}).text
    assert 'data-press="again"' in home
    assert "Again" not in httpx.get(f"{slack.url}/", params={"as": "nadia-k", "home": "1"}).text


def test_tables_tasks_and_rich_text_are_drawn_and_stay_text(slack: Slack, bot: RecordingBot) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    evil = "<b>&</b>"

    def rich(*elements: dict[str, object]) -> dict[str, object]:
        return {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": list(elements)}],
        }

    bold = {"type": "text", "text": evil, "style": {"bold": True, "italic": True}}
    bad = {"type": "link", "url": "javascript:alert(1)", "text": "a link"}
    pre = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": f"a: {evil}"}]}
    items = [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]
    several = {"type": "rich_text_list", "style": "ordered", "elements": items}
    task = {"task_id": "t1", "title": f"Create {evil}", "status": "in_progress", "details": rich(bold)}
    blocks = [
        {"type": "table", "rows": [[{"type": "raw_text", "text": "What"}], [rich(bold, bad)]]},
        {"type": "plan", "title": "The apply", "tasks": [task]},
        {"type": "task_card", "task_id": "t2", "title": "Done", "status": "complete"},
        {"type": "rich_text", "elements": [pre, several]},
    ]
    client.chat_postMessage(channel=slack.channel_of("data-platform").id, text="x", blocks=blocks)
    page = httpx.get(slack.url).text
    for part in (
        "<th ",
        "<strong><em>&lt;b&gt;&amp;&lt;/b&gt;</em></strong>",
        'class="task in_progress"',
        "(in progress)",
        'class="task complete"',
        "<ol ",
        "a: &lt;b&gt;",
    ):
        assert part in page, part
    assert "javascript:" not in page
    assert evil not in page


@pytest.mark.parametrize(
    "block",
    [
        {"type": "table", "rows": []},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]},
        {"type": "table", "rows": [[{"type": "mrkdwn", "text": "x"}]]},
        {"type": "plan", "title": ""},
        {"type": "plan", "title": "x", "tasks": [{"task_id": "1", "title": "x"}] * 51},
        {"type": "task_card", "task_id": "1", "title": "x", "status": "done"},
        {"type": "task_card", "title": "x", "status": "complete"},
        {"type": "task_card", "task_id": "1", "title": "x", "details": {"type": "mrkdwn", "text": "x"}},
    ],
)
def test_the_limits_of_tables_and_tasks(slack: Slack, block: dict[str, object]) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        client.chat_postMessage(channel=slack.channel_of("data-platform").id, text="x", blocks=[block])


def test_the_shortcuts_are_those_of_the_manifest() -> None:
    manifest = (PROJECT / "docs/slack-app.yaml").read_text("utf-8")
    for callback, label in SHORTCUTS.items():
        assert f"callback_id: {callback}\n" in manifest
        assert f"name: {label}\n" in manifest


def test_a_shortcut_on_a_message_tells_the_bot_which(slack: Slack, bot: RecordingBot) -> None:
    channel = slack.channel_of("data-platform").id
    said = slack.say("nadia-k", "data-platform", "We need a place for churn prediction")
    page = httpx.get(slack.url, params={"as": "liwei", "channel": channel}).text
    assert "Make a request of this" in page
    form = {"as": "liwei", "channel": channel, "ts": said.ts, "callback_id": "make_request"}
    done = httpx.post(f"{slack.url}/act/shortcut", data=form, headers={"Accept": "application/json"}).json()
    assert done == {"ok": True, "thread": said.ts}
    told = bot.interactions[-1].payload
    assert (told["type"], told["callback_id"], told["user"]["id"]) == (
        "message_action",
        "make_request",
        "U024BE7LH",
    )
    assert (told["message"]["text"], told["message_ts"], told["channel"]["id"]) == (
        said.text,
        said.ts,
        channel,
    )
    assert told["trigger_id"]
