"""What comes in besides talk: commands, App Home, a shortcut, assistant threads, stale buttons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.errors import RemoteUnavailable
from tests.bot.test_amending import FILE, NAME, form
from tests.fakes.repository import receipt
from tests.support import slack_events as slack
from tests.support.desk_rig import CHANNEL, COMPLETE, JANE, LI, ROOT, Rig

DIRECT = f"D{LI}"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def merged(rig: Rig, name: str = NAME, *changes: tuple[str, str]) -> None:
    """A request that stands on the default branch."""
    environment, team, last = name.split("/")
    text = FILE
    identity = (
        ("name: churn-prediction\n", f"name: {last}\n"),
        ("team: growth\n", f"team: {team}\n"),
        ("environment: dev", f"environment: {environment}"),
    )
    for old, new in (*identity, *changes):
        assert old in text, old
        text = text.replace(old, new, 1)
    rig.github.files[f"requests/{name}.yaml", "main"] = text.encode()


def home(rig: Rig) -> dict[str, Any]:
    stamp = f"17000009{len(rig.web.homes):02}.0001"
    body = slack.event(f"EvHome{stamp}", type="app_home_opened", user=LI, tab="home", event_ts=stamp)
    rig.slack(body)
    rig.slack(body)
    view = rig.web.homes[-1]["view"]
    assert len(view["blocks"]) <= 100
    return view


def home_buttons(rig: Rig) -> list[tuple[str, str]]:
    rows = [block for block in home(rig)["blocks"] if block["type"] == "actions"]
    return [(one["action_id"], one["value"]) for block in rows for one in block["elements"]]


# --- commands ---


def test_new_without_words_asks_what_is_needed(rig: Rig) -> None:
    for _ in range(2):
        rig.slack(slack.command("new"))
    (root,) = rig.roots()
    assert rig.draft(root=root["ts"]).asked == "resources"


def test_where_we_may_not_speak_the_thread_is_a_direct_one(rig: Rig) -> None:
    rig.web.fail["chat.postMessage"] = ["not_in_channel"]
    rig.slack(slack.command("new we need a repo for churn-prediction"))
    (root,) = rig.roots()
    assert root["channel"] == DIRECT
    assert rig.draft(DIRECT, root["ts"]).said["resources"].value == ["repo"]
    assert not rig.failures()


def test_a_list_has_what_is_under_way_and_what_stands(rig: Rig) -> None:
    merged(rig)
    merged(rig, "dev/growth/by-jane", (LI, JANE))
    merged(rig, "dev/risk/not-ours")
    rig.open(COMPLETE.replace("churn-prediction", "next-one"))
    rig.slack(slack.command("list"))
    said = rig.whispers()[-1]
    assert said.index("next-one") < said.index(NAME) < said.index("dev/growth/by-jane")
    assert "not-ours" not in said
    assert "Your team's" in said.split("by-jane")[1]


def test_a_list_comes_also_while_github_is_away(rig: Rig) -> None:
    rig.open()
    rig.github.fail["request_files"] = [RemoteUnavailable("GitHub did not answer.")] * 9
    rig.slack(slack.command("list"))
    assert "churn-prediction" in rig.whispers()[-1]


def test_the_status_of_one_says_what_it_has_and_what_became_of_it(rig: Rig) -> None:
    merged(rig)
    rig.github.receipts.append(receipt(4, 7, request=NAME))
    rig.slack(slack.command("status churn"))
    said = rig.whispers()[-1]
    for words in (
        NAME,
        "repo growth-churn-prediction",
        "jane.doe@acme.example",
        "receipt 4",
        "/lakeport change",
    ):
        assert words in said
    rig.slack(slack.command("status nowhere", trigger="t.10"))
    assert "no request called" in rig.whispers()[-1]


def test_a_name_cannot_break_out_of_an_answer(rig: Rig) -> None:
    rig.slack(slack.command("status `<!channel>`<https://evil.example|x>"))
    assert "<!channel>" not in rig.whispers()[-1]
    assert "<https://evil" not in rig.whispers()[-1]


# --- App Home ---


def test_the_home_of_somebody_new_says_how_to_begin(rig: Rig) -> None:
    assert home_buttons(rig) == [("home:new", "new")]
    assert "asked for nothing yet" in str(home(rig))


def test_a_request_is_begun_from_home_in_a_direct_message(rig: Rig) -> None:
    for _ in range(2):
        rig.slack(slack.home_pressed("home:new", "new"))
    (root,) = rig.roots()
    assert root["channel"] == DIRECT
    rig.say("we need a repo", channel=DIRECT, thread=root["ts"])
    assert rig.draft(DIRECT, root["ts"]).said["resources"].value == ["repo"]


@pytest.mark.parametrize(
    ("button", "title"), [("home:change", "wants to change"), ("home:retire", "give up")]
)
def test_what_stands_is_changed_and_retired_from_home(rig: Rig, button: str, title: str) -> None:
    merged(rig)
    assert (button, NAME) in home_buttons(rig)
    for _ in range(2):
        rig.slack(slack.home_pressed(button, NAME))
    (root,) = rig.roots()
    assert root["channel"] == DIRECT
    assert title in root["text"]
    assert rig.draft(DIRECT, root["ts"]).merged is not None


def test_what_is_under_way_is_withdrawn_from_home_once(rig: Rig) -> None:
    rig.open()
    (value,) = [value for name, value in home_buttons(rig) if name == "home:withdraw"]
    rig.slack(slack.home_pressed("home:withdraw", value, user=JANE, trigger="t.20"))
    assert rig.found().state == "reviewing", "it is not hers"
    for trigger in ("t.21", "t.22"):
        rig.slack(slack.home_pressed("home:withdraw", value, trigger=trigger))
    assert rig.found().state == "withdrawn"
    assert sum("Withdrawn" in text for text in rig.texts()) == 1
    assert "home:withdraw" not in dict(home_buttons(rig))


def test_buttons_of_a_home_that_is_old_do_no_harm(rig: Rig) -> None:
    rig.slack(slack.home_pressed("home:withdraw", "c0unknown"))
    rig.slack(slack.home_pressed("home:change", "dev/growth/gone", trigger="t.8"))
    rig.slack(slack.home_pressed("home:open", "x", trigger="t.10"))
    assert "does not stand" in rig.whispers()[-1]
    assert not rig.roots()
    assert not rig.failures()


def test_the_home_holds_a_hundred_requests(rig: Rig) -> None:
    for number in range(100):
        merged(rig, f"dev/growth/request-{'long-' * 5}{number}")
    view = home(rig)
    assert "There are more" in str(view["blocks"][-1])
    assert len(view["blocks"]) > 80


# --- the shortcut on a message ---


def test_ones_own_message_becomes_a_request(rig: Rig) -> None:
    body = slack.pointed(COMPLETE.removeprefix("<@U0LAKEPORT> "), ts=ROOT)
    rig.slack(body)
    rig.slack(body)
    assert rig.draft().state == "reviewing"
    assert len(rig.draft().heard) == 1
    rig.slack(slack.pointed("we need a schema", ts=ROOT, trigger="t.30"))
    assert "in this thread already" in rig.whispers()[-1]


def test_the_words_of_another_are_shown_and_not_taken(rig: Rig) -> None:
    text = "we need prod access for <@U0SAMORTIZ>, restricted, <https://evil.example|here> *now*"
    rig.slack(slack.pointed(text, author=JANE, ts=ROOT))
    draft = rig.draft()
    assert draft.requester_slack == LI
    assert (draft.said, draft.heard) == ({}, ())
    quoted = rig.web.in_thread(CHANNEL, ROOT)[0]
    assert "written by somebody else" in quoted["text"]
    assert "<https://evil.example" not in str(quoted["text"])
    assert "<@U0SAMORTIZ>" not in str(quoted["text"])
    rig.say("a repo, please")
    assert rig.draft().said["resources"].value == ["repo"]
    assert "metadata.data_classification" not in rig.draft().said


def test_a_message_of_an_app_is_nobodys_words(rig: Rig) -> None:
    body = slack.pointed("we need a repo in prod", author="", ts=ROOT)
    body["message"]["bot_id"] = "B0OTHER"
    rig.slack(body)
    assert rig.draft().said == {}


def test_where_we_are_not_a_member_the_shortcut_says_what_to_do(rig: Rig) -> None:
    rig.web.fail["conversations.replies"] = ["not_in_channel"]
    rig.slack(slack.pointed("we need a repo", ts=ROOT))
    assert rig.web.messages == []
    assert "Invite the app" in rig.whispers()[-1]
    assert rig.store.in_thread(CHANNEL, ROOT) is None
    assert not rig.failures()


# --- assistant threads ---


def test_an_assistant_thread_is_greeted_once_and_sees_us_think(rig: Rig) -> None:
    root = "1700000000.000900"
    for _ in range(2):
        rig.slack(slack.assistant_started("D024BE7LH", root))
    assert len(rig.web.in_thread("D024BE7LH", root)) == 1
    assert len(rig.web.prompts) == 1
    assert rig.web.statuses == []
    rig.say("we need a repo", channel="D024BE7LH", thread=root)
    assert [one["thread_ts"] for one in rig.web.statuses] == [root]
    assert rig.draft("D024BE7LH", root).said["resources"].value == ["repo"]


def test_a_status_that_cannot_be_shown_stops_nothing(rig: Rig) -> None:
    root = "1700000000.000900"
    rig.slack(slack.assistant_started("D024BE7LH", root))
    rig.web.fail["assistant.threads.setStatus"] = ["missing_scope"]
    rig.say("we need a repo", channel="D024BE7LH", thread=root)
    assert rig.draft("D024BE7LH", root).said["resources"].value == ["repo"]
    assert not rig.failures()


# --- "same as" ---


def test_the_same_as_another_copies_how_it_is_set_up(rig: Rig) -> None:
    merged(rig, NAME, ("visibility: internal", "visibility: private"), ("size: small", "size: medium"))
    rig.open("<@U0LAKEPORT> can we get the same as churn but for upsell? cheers")
    draft = rig.draft()
    assert draft.said["resources"].value == ["repo", "compute"]
    assert draft.said["resources.compute.size"].value == "medium"
    assert draft.said["resources.repo.visibility"].quote == f"copied from {NAME}"
    assert draft.said["resources.repo.visibility"].source == "looked_up"
    assert draft.said["metadata.name"].value == "upsell"
    for field in ("business_owner", "data_classification", "expires", "purpose", "environment", "members"):
        assert f"metadata.{field}" not in draft.said
    assert "resources.scaffold" in draft.said, "it was kept out there, so it is here"
    shown = str(rig.card()["blocks"])
    assert "growth-upsell" in shown, "names follow from the new request"
    assert any("copied from" in text for text in rig.texts())
    rig.say("undo")
    assert rig.draft().said == {}


def test_of_several_that_it_could_be_the_same_as_the_person_says_which(rig: Rig) -> None:
    merged(rig)
    merged(rig, "staging/growth/churn-prediction")
    rig.open("<@U0LAKEPORT> the same as churn but for upsell")
    assert any("Which one do you mean" in text for text in rig.texts())
    assert "resources" not in rig.draft().said
    rig.say(f"same as {NAME}")
    assert rig.draft().said["resources"].value == ["repo", "compute"]


@pytest.mark.parametrize("text", ["the same as nowhere but for upsell", "same as claims but for upsell"])
def test_what_is_none_of_theirs_is_said_to_be_none(rig: Rig, text: str) -> None:
    merged(rig)
    merged(rig, "dev/risk/claims")
    rig.open(f"<@U0LAKEPORT> {text}")
    assert any("I find no request of yours" in text for text in rig.texts())
    assert "resources" not in rig.draft().said


# --- double clicks, stale buttons, expired triggers ---


def test_a_form_that_comes_too_late_is_said_so(rig: Rig) -> None:
    rig.open()
    rig.web.fail["views.open"] = ["expired_trigger_id"]
    rig.press("edit")
    assert rig.web.views == []
    assert "Press the button again" in rig.whispers()[-1]
    assert rig.web.whispers[-1]["thread_ts"] == ROOT
    assert not rig.failures()


def test_somebody_elses_form_is_not_opened(rig: Rig) -> None:
    rig.open()
    rig.press("edit", user=JANE)
    assert rig.web.views == []
    assert "Only the person who asked" in rig.whispers()[-1]


def test_a_form_on_a_second_device_changes_only_what_was_filled_in(rig: Rig) -> None:
    rig.open()
    body = form(rig, ROOT, **{"metadata.purpose": "Know who leaves, in time."})
    rig.say("make the cluster medium")
    rig.slack(body)
    assert rig.draft().said["resources.compute.size"].value == "medium"
    assert rig.draft().said["metadata.purpose"].value == "Know who leaves, in time."


def test_pressing_undo_twice_on_one_card_takes_one_turn_back(rig: Rig) -> None:
    rig.open()
    rig.say("make the cluster medium")
    rig.say("until 31 March 2027")
    stale = rig.button("undo")
    rig.press("undo", value=stale)
    rig.press("undo", value=stale)
    assert rig.draft().said["resources.compute.size"].value == "medium"
    assert rig.draft().said["metadata.expires"].value == "2027-04-30"
    assert sum("from before your last change" in text for text in rig.texts()) == 1


def test_a_button_of_a_request_that_is_gone_says_so(rig: Rig) -> None:
    rig.press("confirm", value="sha256:0")
    assert "do not know this request any more" in rig.whispers()[-1]


def test_confirm_on_a_card_of_another_device_shows_the_new_one(rig: Rig) -> None:
    rig.open()
    stale = rig.button("confirm")
    rig.say("make the cluster medium")
    rig.press("confirm", value=stale)
    assert rig.github.submitted == []
    assert any("has changed since that card" in text for text in rig.texts())
    rig.press("confirm")
    assert len(rig.github.submitted) == 1
