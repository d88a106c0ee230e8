"""A reviewer changes the file on the pull request: the requester is told in words, and confirms it or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import conversation, dialogue
from bot.draft import Draft, Stage
from bot.views import Message, message
from gitops.confirmation import UNWANTED, WANTED, in_words
from gitops.draft import Value
from gitops.errors import RemoteDenied, RemoteUnavailable
from gitops.plan import digest
from gitops.yamlfile import load
from sandbox.slack.blocks import check_message
from tests.support import organisation
from tests.support.desk_rig import JANE, LI, Rig, prepared
from tests.support.github_events import HEAD, PATH, merged, now, pull, pushed, submitted

QUESTION = "Is that what you want?"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.stop()


def raw(rig: Rig) -> bytes:
    """The file that Li Wei confirmed."""
    return bytes(rig.github.submitted[0]["raw"])


def larger(rig: Rig, size: str = "medium") -> bytes:
    """The same file with another size of the cluster."""
    assert b"size: small" in raw(rig)
    return raw(rig).replace(b"size: small", f"size: {size}".encode())


def revise(rig: Rig, file: bytes | None, login: str = "nadia-k") -> str:
    """A person commits this to the branch, and GitHub tells."""
    sha = rig.github.push(7, PATH, file, login).head_sha
    rig.hook("pull_request", pushed(sha, login))
    return sha


def questions(rig: Rig) -> list[dict[str, Any]]:
    return [one for one in rig.web.messages if QUESTION in one["text"]]


def asked_before(rig: Rig) -> list[dict[str, Any]]:
    """The messages that asked, whatever became of them."""
    return [one for one in rig.web.messages if one["metadata"]["event_payload"].get("asks") == "revision"]


def buttons(message: dict[str, Any]) -> dict[str, str]:
    found = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
    return {one["action_id"]: one["value"] for one in found}


def words(rig: Rig, sha: str) -> list[tuple[str, str]]:
    """What our app says on a commit, the newest first."""
    (commit,) = (one for one in rig.github.history[7] if one.sha == sha)
    return [(word.state, word.description) for word in commit.words]


def answer(rig: Rig, action: str, message: dict[str, Any] | None = None, user: str = LI) -> None:
    shown = message or questions(rig)[-1]
    rig.press(action, value=buttons(shown)[action], user=user)


# --- submitting


def test_the_commit_says_what_was_confirmed_and_by_whom(rig: Rig) -> None:
    submitted(rig)
    (given,) = rig.github.submitted
    assert f"Lakeport-Confirmed: {digest(given['raw'])}\nLakeport-Confirmed-By: {LI}\n" in given["message"]
    assert words(rig, HEAD) == [(WANTED, in_words(digest(given["raw"]), LI))]


def test_our_own_commit_is_nothing_to_ask_about(rig: Rig) -> None:
    submitted(rig)
    rig.hook("pull_request", pushed(HEAD, "lakeport[bot]"))
    rig.recent.open.append(pull())
    rig.tick("patrol")
    assert questions(rig) == []
    assert rig.draft().revision is None
    assert not rig.failures()


# --- being asked


def test_a_reviewers_change_is_said_in_words_and_asked_about_once(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    rig.hook("pull_request", pushed(sha))
    rig.recent.open.append(pushed(sha)["pull_request"] | {"created_at": now()})
    rig.tick("patrol")
    (message,) = questions(rig)
    shown = str(message["blocks"][0]["text"]["text"])
    assert shown.startswith("nadia-k changed the file on the pull request:\n")
    assert "~ size of the cluster growth-churn-prediction-dev: small → medium" in shown, shown
    assert buttons(message) == {"agree": digest(larger(rig)), "decline": digest(larger(rig))}
    assert rig.draft().state == "submitted"
    check_message(message["text"], message["blocks"])
    assert not rig.failures()


def test_a_lost_webhook_is_made_up_for(rig: Rig) -> None:
    submitted(rig)
    sha = rig.github.push(7, PATH, larger(rig), "nadia-k").head_sha
    rig.recent.open.append(pushed(sha)["pull_request"] | {"created_at": now()})
    rig.tick("patrol")
    rig.tick("patrol")
    rig.hook("pull_request", pushed(sha))
    assert len(questions(rig)) == 1
    assert questions(rig)[0]["text"].startswith("nadia-k changed")


def test_one_newline_more_is_another_file(rig: Rig) -> None:
    submitted(rig)
    revise(rig, raw(rig) + b"\n")
    (message,) = questions(rig)
    assert "Only how it is written differs; it means the same as before." in message["text"]


def test_what_is_written_into_the_file_can_do_nothing_in_slack(rig: Rig) -> None:
    submitted(rig)
    evil = "'<!channel> <@U0JANEDOE> *x* `y` " + "z" * 200 + "'"
    revise(rig, raw(rig).replace(b"Predict which subscribers will leave next month", evil.encode()))
    (message,) = questions(rig)
    assert "<!channel>" not in message["text"]
    assert {block["text"]["type"] for block in message["blocks"] if "z" * 40 in str(block)} == {"plain_text"}
    check_message(message["text"], message["blocks"])


def test_what_is_no_request_is_not_to_be_confirmed(rig: Rig) -> None:
    submitted(rig)
    for file in (b"kind: [", b"\xff\xfe", b"kind: a\x00"):
        revise(rig, file)
        assert "what it says now is no valid request" in rig.texts()[-1]
    revise(rig, None)
    assert "nadia-k deleted the file on the pull request" in rig.texts()[-1]
    assert questions(rig) == []
    revise(rig, larger(rig))
    assert len(questions(rig)) == 1


def test_an_old_delivery_asks_about_nothing(rig: Rig) -> None:
    submitted(rig)
    first = rig.github.push(7, PATH, larger(rig), "nadia-k").head_sha
    revise(rig, larger(rig, "large"), "omar-f")
    rig.hook("pull_request", pushed(first))
    (message,) = questions(rig)
    assert "small → large" in message["text"]


# --- that is right


def test_the_requester_confirms_and_github_is_told(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    message = questions(rig)[-1]
    answer(rig, "agree")
    assert words(rig, sha) == [(WANTED, in_words(digest(larger(rig)), LI))]
    (said,) = (text for (_, mark), text in rig.github.comments.items() if mark == f"confirmed-{sha}")
    assert said.startswith(
        "**Li Wei** confirmed in Slack that this is what they want: the change by <code>nadia-k</code> in "
        f"<code>{sha[:12]}</code>"
    )
    assert buttons(message) == {}
    assert "You confirmed this" in message["text"]
    assert "small → medium" in str(message["blocks"]), "what was confirmed stays to be read"
    draft = rig.draft()
    assert (draft.state, draft.confirmed_digest) == ("submitted", digest(larger(rig)))
    assert "size: medium" in str(rig.card()["blocks"])


def test_what_was_confirmed_is_what_a_later_edit_builds_on(rig: Rig) -> None:
    submitted(rig)
    revise(rig, larger(rig))
    answer(rig, "agree")
    rig.say("purpose: Something else entirely.")
    rig.press("confirm")
    newest = rig.github.submitted[-1]["raw"]
    assert b"size: medium" in newest
    assert b"Something else entirely" in newest
    assert words(rig, rig.github.pull(7).head_sha) == [(WANTED, in_words(digest(newest), LI))]


def test_it_can_be_taken_back_like_any_other_change(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    asked = dict(questions(rig)[-1])
    for _ in range(3):
        answer(rig, "agree", asked)
    assert len(words(rig, sha)) == len(rig.github.comments) == 1, "pressed again it is said once"
    rig.press("undo")
    assert rig.draft().state == "reviewing"
    rig.press("confirm")
    assert rig.github.submitted[-1]["raw"] == raw(rig)


def test_it_is_said_when_github_did_not_answer_at_first(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    for method in ("pull", "upsert_comment"):
        rig.github.fail[method] = [RemoteUnavailable("GitHub did not answer.")]
    answer(rig, "agree")
    assert len(words(rig, sha)) == 1
    assert len(rig.github.comments) == 1
    assert rig.github.fail == {"pull": [], "upsert_comment": []}


def test_where_github_refuses_the_person_is_told_and_can_press_again(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    rig.github.fail["confirm"] = [RemoteDenied("GitHub says: Resource not accessible by integration.")]
    answer(rig, "agree")
    assert rig.texts()[-1].startswith("GitHub says: Resource not accessible")
    assert words(rig, sha) == []
    answer(rig, "agree")
    assert len(words(rig, sha)) == 1
    assert "You confirmed this" in asked_before(rig)[-1]["text"]


def test_nobody_but_the_requester_answers(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    answer(rig, "agree", user=JANE)
    answer(rig, "decline", user=JANE)
    assert words(rig, sha) == []
    assert rig.github.comments == {}
    assert rig.texts()[-1].startswith("Only the person who asked can change this request or confirm it.")
    assert rig.draft().confirmed_digest == digest(raw(rig))
    for value in ("", "sha256:" + "0" * 64, digest(raw(rig)), "x" * 1000):
        rig.press("agree", value=value)
    assert words(rig, sha) == [], "the value of a button is nothing to trust"


@pytest.mark.parametrize("action", ["agree", "decline"])
def test_an_answer_to_what_was_changed_again_is_not_passed_on(rig: Rig, action: str) -> None:
    submitted(rig)
    first = revise(rig, larger(rig))
    asked = dict(questions(rig)[-1])
    second = rig.github.push(7, PATH, larger(rig, "large"), "nadia-k").head_sha
    answer(rig, action, asked)
    assert "not at that version any more" in rig.texts()[-1]
    rig.hook("pull_request", pushed(second))
    answer(rig, action, asked)
    assert "another version of the file" in rig.texts()[-1]
    assert words(rig, first) == words(rig, second) == []
    assert rig.github.comments == {}


# --- not what I want


def test_what_the_person_does_not_want_is_told_and_their_own_can_be_put_back(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    answer(rig, "decline")
    assert words(rig, sha) == [(UNWANTED, in_words(digest(larger(rig)), LI, wanted=False))]
    (said,) = rig.github.comments.values()
    assert said.startswith("**Li Wei** does not want this: the change by <code>nadia-k</code>")
    assert rig.draft().state == "reviewing"
    assert rig.button("confirm") == digest(raw(rig))
    rig.say("Because it costs us twice as much and we never fill the small one.")
    assert any("we never fill the small one" in said for said in rig.github.comments.values())
    rig.press("confirm")
    head = rig.github.pull(7).head_sha
    assert rig.github.files[PATH, head] == raw(rig)
    assert rig.draft().state == "submitted"
    assert questions(rig) == []


def test_a_reviewer_who_puts_it_back_is_thanked_by_nothing_to_do(rig: Rig) -> None:
    submitted(rig)
    revise(rig, larger(rig))
    answer(rig, "decline")
    revise(rig, raw(rig))
    assert rig.texts()[-1] == ("nadia-k put back what you had confirmed, so there is nothing for you to do.")
    assert (rig.draft().state, rig.draft().confirmed_digest) == ("submitted", digest(raw(rig)))


# --- again and again


def test_a_later_push_asks_anew_and_the_older_question_goes(rig: Rig) -> None:
    submitted(rig)
    revise(rig, larger(rig))
    first = questions(rig)[-1]
    second = revise(rig, larger(rig, "large"))
    assert buttons(first) == {}
    assert "changed again" in first["text"]
    (message,) = questions(rig)
    assert "small → large" in message["text"], "against what was confirmed, not against what was asked"
    answer(rig, "agree")
    assert len(words(rig, second)) == 1


def test_putting_the_confirmed_bytes_back_needs_nothing(rig: Rig) -> None:
    submitted(rig)
    revise(rig, larger(rig))
    sha = revise(rig, raw(rig))
    assert questions(rig) == []
    assert rig.texts()[-1].startswith("nadia-k put back what you had confirmed")
    assert words(rig, sha) == [], "an earlier commit has the word, and it holds"
    assert rig.draft().revision is None


def test_a_branch_made_anew_gets_our_word_again(rig: Rig) -> None:
    submitted(rig)
    rig.github.history[7].clear()
    sha = revise(rig, raw(rig))
    assert words(rig, sha) == [(WANTED, in_words(digest(raw(rig)), LI))]
    assert questions(rig) == []
    assert len(rig.github.comments) == 1, "so that the gate is judged again"


def test_what_the_requester_is_changing_meanwhile_stays(rig: Rig) -> None:
    submitted(rig)
    rig.say("purpose: Something else entirely.")
    revise(rig, larger(rig))
    answer(rig, "agree")
    assert rig.draft().state == "reviewing"
    rig.press("confirm")
    newest = rig.github.submitted[-1]["raw"]
    assert b"size: medium" in newest
    assert b"Something else entirely" in newest


def test_their_own_next_version_takes_the_place_of_what_waits(rig: Rig) -> None:
    submitted(rig)
    revise(rig, larger(rig))
    asked = questions(rig)[-1]
    rig.say("purpose: Something else entirely.")
    rig.press("confirm")
    assert buttons(asked) == {}
    assert "Your own version took the place of this." in asked["text"]
    assert b"size: small" in rig.github.submitted[-1]["raw"]


def test_after_the_merge_there_is_nothing_to_confirm(rig: Rig) -> None:
    submitted(rig)
    sha = revise(rig, larger(rig))
    rig.hook("pull_request", merged())
    answer(rig, "agree")
    assert words(rig, sha) == []


# --- the database is lost


def forget(rig: Rig) -> None:
    rig.stop()
    for file in rig.folder.glob("bot.db*"):
        file.unlink()
    prepared(rig.folder).close()
    rig.start()


def test_without_the_database_it_is_asked_again_of_whom_github_names(rig: Rig) -> None:
    submitted(rig)
    revise(rig, larger(rig))
    forget(rig)
    sha = rig.github.pull(7).head_sha
    rig.recent.open.append(pushed(sha)["pull_request"] | {"created_at": now()})
    rig.tick("patrol")
    answer(rig, "agree")
    assert words(rig, sha) == [(WANTED, in_words(digest(larger(rig)), LI))]
    assert rig.draft().confirmed_digest == digest(larger(rig))


def test_who_writes_their_own_name_into_the_file_does_not_become_the_requester(rig: Rig) -> None:
    submitted(rig)
    mine = larger(rig).replace(b"slack: U024BE7LH, github: liwei", b"slack: U0NADIAKA, github: nadia-k")
    assert mine != larger(rig)
    sha = revise(rig, mine)
    forget(rig)
    rig.recent.open.append(pushed(sha)["pull_request"] | {"created_at": now()})
    rig.tick("patrol")
    assert rig.draft().requester_slack == LI
    answer(rig, "agree", user="U0NADIAKA")
    assert words(rig, sha) == []
    assert "slack: U024BE7LH → U0NADIAKA" in questions(rig)[-1]["text"]


# --- without Slack and GitHub

FILE = """\
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: churn-prediction
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month
  business_owner: jane.doe@acme.example
  cost_center: CC-1042
  data_classification: internal
  expires: 2027-04-30
  requested_by: {slack: U024BE7LH, github: liwei}
  lifecycle: active
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}
- kind: schema
  catalog: ml_dev
  name: churn_raw
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}
"""


def asked(after: str, said: dict[str, Value], state: Stage = Stage.SUBMITTED) -> tuple[Draft, Message]:
    """The draft of :data:`FILE`, asked about another version of it, and the message that asks."""
    draft = replace(
        organisation.draft(), said=said, state=state, submitted_path=PATH, pull_number=7,
        confirmed_digest=digest(FILE.encode()),
    )  # fmt: skip
    event = dialogue.Revised("nadia-k", "d" * 40, after, FILE, "https://github.example/7")
    moved, replies = conversation.step(draft, event, world=organisation.world())
    (echoed,) = (reply for reply in replies if isinstance(reply, dialogue.Echo))
    return Draft.from_json(moved.to_json()), message(echoed)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"resources": Value(["schema[main]", "schema[raw]"], "said"), "metadata.name": Value("x", "said")},
    ],
)
def test_a_draft_whose_resources_go_by_other_names_says_what_the_file_says(said: dict[str, Value]) -> None:
    after = FILE.replace("name: churn_raw", "name: churn_raw\n  comment: As it comes")
    draft, _ = asked(after, said)
    assert draft.revision is not None
    agreed = dialogue.Agreed(organisation.LI_WEI, draft.revision.digest)
    taken, replies = conversation.step(draft, agreed, world=organisation.world())
    assert taken.said["resources.schema[churn_raw].comment"].value == "As it comes"
    assert not [path for path in taken.said if "[raw]" in path or "[main]" in path]
    (card,) = (reply for reply in replies if isinstance(reply, dialogue.Card))
    assert card.composed.raw is not None
    assert load(card.composed.raw, PATH).data == load(after.encode(), PATH).data
    assert (taken.state, taken.confirmed_digest) == (Stage.SUBMITTED, digest(after.encode()))


def test_a_card_never_shows_another_file_than_the_one_on_the_pull_request() -> None:
    after = f"# by hand\n{FILE}"
    draft, _ = asked(after, {})
    assert draft.revision is not None
    agreed = dialogue.Agreed(organisation.LI_WEI, draft.revision.digest)
    _, replies = conversation.step(draft, agreed, world=organisation.world())
    (card,) = (reply for reply in replies if isinstance(reply, dialogue.Card))
    assert card.composed.raw is not None
    assert b"by hand" not in card.composed.raw
    assert "The exact file" not in str(message(card).blocks)


def test_many_changes_are_cut_and_say_so() -> None:
    grants = "".join(
        f"  - {{principal: {name * 30}, privileges: [USE_SCHEMA]}}\n" for name in "abcdefghijklmnopqrst"
    )
    draft, shown = asked(FILE + grants, {})
    assert "and 5 more; the pull request shows all of them" in shown.text
    check_message(shown.text, [*shown.blocks])
    assert draft.revision is not None
    declined = dialogue.Declined(organisation.LI_WEI, draft.revision.digest)
    _, replies = conversation.step(draft, declined, world=organisation.world())
    (told,) = (reply for reply in replies if isinstance(reply, dialogue.Answer))
    check_message(message(told).text, [*message(told).blocks])
    assert "that this is not what you want" in message(told).text
