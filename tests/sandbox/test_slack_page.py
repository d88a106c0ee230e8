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

from sandbox.slack.markup import markdown, mrkdwn, plain
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
    assert (
        httpx.get(f"{slack.url}/seen", params={"as": "nadia-k", "version": ""}).json()["form"].strip() == ""
    )
    seen = httpx.get(f"{slack.url}/seen", params={"as": "liwei", "version": ""}).json()
    assert "Resources &lt;all&gt;" in seen["form"]
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
