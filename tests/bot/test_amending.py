"""A merged request is changed or retired in Slack: only what was said, once, and by those who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.envelope import thread_marker
from gitops.errors import RemoteUnavailable
from gitops.request import branch_of
from tests.fakes.repository import URL, receipt
from tests.support import slack_events as slack
from tests.support.desk_rig import CHANNEL, JANE, LI, ROOT, Rig

NAME = "dev/growth/churn-prediction"
PATH = f"requests/{NAME}.yaml"
SAM = "U0SAMORTIZ"
FILE = """\
# yaml-language-server: $schema=../../schema.json
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: churn-prediction
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month.
  business_owner: jane.doe@acme.example
  members: [li.wei@acme.example]
  cost_center: CC-1042
  data_classification: internal
  expires: 2027-03-01  # agreed with finance
  requested_by: {slack: U024BE7LH, github: liwei}
  lifecycle: active
resources:
# the only repository of the project
- kind: repo
  name: growth-churn-prediction
  visibility: internal
  access: [{team: growth, permission: maintain}]
- kind: compute
  name: growth-churn-prediction-dev
  type: cluster
  workload: ml
  size: small
  gpu: false
  min_workers: 1
  max_workers: 2
  auto_stop_minutes: 30
  access: [{principal: growth, level: CAN_RESTART}]
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.github.files[PATH, "main"] = FILE.encode()
    yield made
    made.stop()


def change(rig: Rig, text: str = "", *, user: str = LI, trigger: str = "t.9") -> str:
    """``/lakeport change``; returns the ts of the thread it opened."""
    rig.slack(slack.command(f"change churn-prediction {text}".strip(), user=user, trigger=trigger))
    assert rig.roots(), rig.whispers()
    return str(rig.roots()[-1]["ts"])


def lines(raw: bytes) -> set[str]:
    """The lines that differ from the merged file."""
    return set(raw.decode().splitlines()) ^ set(FILE.splitlines())


def test_a_change_edits_only_what_was_said(rig: Rig) -> None:
    root = change(rig, "make the cluster medium")
    assert rig.draft(root=root).state == "reviewing", rig.texts(root=root)
    shown = str(rig.card(root=root)["blocks"])
    assert "small → medium" in shown
    rig.press("confirm", root=root)
    (sent,) = rig.github.submitted
    assert sent["path"] == PATH
    assert lines(sent["raw"]) == {"  size: small", "  size: medium"}
    assert sent["title"] == "Change churn-prediction (growth, dev)"
    assert "What changed in the request" in sent["body"]
    assert "Li Wei" in sent["body"]
    assert "Lakeport-Changed-By: U024BE7LH" in sent["message"]
    assert rig.draft(root=root).state == "submitted"
    assert not rig.failures()


def test_a_change_that_is_delivered_again_opens_one_thread(rig: Rig) -> None:
    for _ in range(3):
        root = change(rig, "make the cluster medium")
    assert len(rig.roots()) == 1
    said = rig.texts(root=root)
    rig.restart()
    change(rig, "make the cluster medium")
    assert rig.texts(root=root) == said


def test_a_change_without_words_shows_what_stands_and_asks(rig: Rig) -> None:
    root = change(rig)
    assert any("as it is merged" in text for text in rig.texts(root=root))
    assert "confirm" not in rig.buttons(root=root), "nothing is different yet"
    rig.say("until 31 March 2027", thread=root)
    assert "confirm" in rig.buttons(root=root)
    rig.press("undo", root=root)
    assert "confirm" not in rig.buttons(root=root)
    rig.press("confirm", root=root, value="sha256:0")
    assert any("Nothing is different" in text for text in rig.texts(root=root))
    assert rig.github.submitted == []


def test_what_is_not_understood_is_said_so(rig: Rig) -> None:
    root = change(rig)
    rig.say("hmm, let me think", thread=root)
    assert any("found nothing in that to change" in text for text in rig.texts(root=root))


def test_comments_members_and_who_asked_stay(rig: Rig) -> None:
    root = change(rig, "until 31 March 2027", user=JANE)
    rig.press("confirm", root=root, user=JANE)
    (sent,) = rig.github.submitted
    assert lines(sent["raw"]) == {
        "  expires: 2027-03-01  # agreed with finance",
        "  expires: 2027-03-31  # agreed with finance",
    }
    assert b"slack: U024BE7LH" in sent["raw"]
    assert "Jane Doe" in sent["body"]


@pytest.mark.parametrize(
    "said", ["move it to prod", "call it churn-two instead", "Team: risk", "Environment: staging"]
)
def test_what_a_request_is_never_changes(rig: Rig, said: str) -> None:
    root = change(rig)
    rig.say(said, thread=root)
    assert rig.draft(root=root).said["metadata.environment"].value == "dev"
    assert "confirm" not in rig.buttons(root=root)


def test_an_immutable_field_is_refused_with_the_way_to_do_it(rig: Rig) -> None:
    root = change(rig)
    body = form(rig, root, **{"resources.repo.name": "growth-other"})
    rig.slack(body)
    told = " ".join(rig.texts(root=root))
    assert "new request under another name" in told
    assert "confirm" not in rig.buttons(root=root)


def form(rig: Rig, root: str, **values: str) -> dict[str, Any]:
    rig.press("edit", root=root)
    state = {path: {"value": {"type": "plain_text_input", "value": value}} for path, value in values.items()}
    view = rig.web.views[-1]["view"]
    return {
        "type": "view_submission", "team": {"id": slack.TEAM}, "user": {"id": LI},
        "view": view | {"id": "V1", "hash": "1700000500.abc", "state": {"values": state}},
    }  # fmt: skip


def test_the_form_of_a_change_holds_what_is_merged(rig: Rig) -> None:
    root = change(rig)
    rig.slack(form(rig, root, **{"metadata.members": ""}))
    rig.press("confirm", root=root)
    assert lines(rig.github.submitted[0]["raw"]) == {"  members: [li.wei@acme.example]"}


def test_a_resource_does_not_leave_by_the_way(rig: Rig) -> None:
    root = change(rig, "drop the cluster")
    told = " ".join(rig.texts(root=root))
    assert "no longer in the file" in told
    assert "confirm" not in rig.buttons(root=root)


def test_a_resource_can_be_added_and_nothing_else_comes_along(rig: Rig) -> None:
    root = change(rig, "we also need a schema")
    rig.press("confirm", root=root)
    (sent,) = rig.github.submitted
    assert b"- kind: schema\n  catalog: ml_dev\n  name: churn_prediction\n" in sent["raw"]
    assert b"scaffold" not in sent["raw"]
    assert not [line for line in lines(sent["raw"]) if line in FILE.splitlines()], "nothing went"


# --- who may ---


@pytest.mark.parametrize(("user", "may"), [(LI, True), (JANE, True), (SAM, False), ("U0NOBODY1", False)])
def test_only_who_has_to_do_with_it_may_change_it(rig: Rig, user: str, may: bool) -> None:
    rig.slack(slack.command("change churn-prediction make the cluster medium", user=user))
    assert bool(rig.roots()) is may
    if not may:
        assert "can change it" in rig.whispers()[-1]


def test_who_approves_it_cannot_be_who_asks_for_it(rig: Rig) -> None:
    nadia = next(one for one in rig_policy(rig).people if one.github == "nadia-k")
    rig.slack(slack.command("change churn-prediction make the cluster medium", user=nadia.slack))
    assert not rig.roots()
    assert "nobody approves what they asked for" in rig.whispers()[-1]


def rig_policy(rig: Rig) -> Any:
    from gitops.policy import load_policy

    assert rig.github.policy is not None
    return load_policy(rig.github.policy)


def test_a_request_nobody_knows_is_said_so(rig: Rig) -> None:
    rig.slack(slack.command("change chrn-predicton-two"))
    assert "There is no merged request" in rig.whispers()[-1]
    assert NAME in rig.whispers()[-1]


def test_a_full_name_is_found_before_the_list_has_it(rig: Rig) -> None:
    del rig.github.files[PATH, "main"]
    rig.slack(slack.command("list"))
    rig.github.files[PATH, "main"] = FILE.encode()
    rig.slack(slack.command(f"change {NAME} make the cluster medium", trigger="t.10"))
    assert len(rig.roots()) == 1
    rig.slack(slack.command("change dev/growth/../../policy now", trigger="t.11"))
    rig.slack(slack.command("change dev/growth/nowhere now", trigger="t.12"))
    assert len(rig.roots()) == 1
    assert "does not stand" in rig.whispers()[-1]


def test_of_several_the_person_says_which(rig: Rig) -> None:
    other = FILE.replace("environment: dev", "environment: staging").encode()
    rig.github.files["requests/staging/growth/churn-prediction.yaml", "main"] = other
    rig.slack(slack.command("change churn-prediction make the cluster medium"))
    assert "Which one" in rig.whispers()[-1]
    rig.slack(slack.command(f"change {NAME} make the cluster medium", trigger="t.10"))
    assert len(rig.roots()) == 1


# --- one pull request for a request ---


def test_an_open_pull_request_is_pointed_to(rig: Rig) -> None:
    root = change(rig, "make the cluster medium")
    rig.press("confirm", root=root)
    rig.slack(slack.command("change churn-prediction until 31 March 2027", user=JANE, trigger="t.10"))
    assert f"{URL}/pull/7" in rig.whispers()[-1]
    assert "its thread" in rig.whispers()[-1]
    assert len(rig.roots()) == 1


def test_two_changes_at_once_do_not_overwrite_each_other(rig: Rig) -> None:
    first = change(rig, "make the cluster medium")
    second = change(rig, "until 31 March 2027", user=JANE, trigger="t.10")
    rig.press("confirm", root=first)
    rig.press("confirm", root=second, user=JANE)
    assert len(rig.github.submitted) == 1
    assert any("open pull request already" in text for text in all_texts(rig, second))
    assert rig.draft(root=second).state == "reviewing"
    rig.github.merge(PATH)
    rig.press("confirm", root=second, user=JANE)
    assert any("Somebody else changed" in text for text in rig.texts(root=second))
    assert len(rig.github.submitted) == 1, "what was confirmed was another file"
    rig.press("confirm", root=second, user=JANE)
    raw = rig.github.submitted[1]["raw"]
    assert lines(raw) == {
        "  size: small", "  size: medium",
        "  expires: 2027-03-01  # agreed with finance", "  expires: 2027-03-31  # agreed with finance",
    }  # fmt: skip


def all_texts(rig: Rig, root: str) -> list[str]:
    return [str(one) for one in rig.web.in_thread(CHANNEL, root)]


def test_a_new_request_of_a_name_that_stands_overwrites_nothing(rig: Rig) -> None:
    rig.open()
    rig.press("confirm")
    assert rig.github.submitted == []
    assert any("/lakeport change" in str(one) for one in rig.web.in_thread(CHANNEL, ROOT))


def test_a_name_that_stands_is_said_to_be_taken_as_soon_as_it_is_known(rig: Rig) -> None:
    rig.open("<@U0LAKEPORT> we need a repo in dev for growth")
    assert not any("already" in text for text in rig.texts())
    for _ in range(2):
        rig.say("call it churn-prediction")
    assert sum(f"a request {NAME} already" in text for text in rig.texts()) == 1
    rig.say("call it churn-two")
    assert rig.draft().said["metadata.name"].value == "churn-two"


def test_a_submit_that_was_cut_off_is_taken_up(rig: Rig) -> None:
    root = change(rig, "make the cluster medium")
    rig.github.fail["submit"] = [RemoteUnavailable("GitHub did not answer.")]
    rig.press("confirm", root=root)
    assert rig.draft(root=root).pull_number == 7
    # As if the answer had been lost: the open pull request carries the mark of this very thread.
    pull = rig.github.pulls[branch_of(NAME)]
    assert thread_marker(CHANNEL, root) in pull.body


# --- in the thread of what is applied ---


def applied(rig: Rig) -> None:
    """A request that was made, merged and applied in the thread of ``ROOT``."""
    rig.github.files.clear()
    rig.open()
    rig.press("confirm")
    rig.github.merge(PATH)
    pull = {
        "number": 7, "html_url": "https://github.example/7", "merged": True, "body": "",
        "head": {"ref": branch_of(NAME), "sha": "a" * 40, "repo": {"full_name": "acme/lakeport"}},
        "merge_commit_sha": "b" * 40, "updated_at": "2026-11-21T00:00:00Z",
    }  # fmt: skip
    rig.hook("pull_request", {"action": "closed", "pull_request": pull})
    rig.github.receipts.append(receipt(1, 7))
    rig.hook("push", {"ref": "refs/heads/receipts", "after": "c" * 40})
    assert rig.found().state == "applied"


def test_saying_it_in_the_thread_of_what_stands_begins_a_change(rig: Rig) -> None:
    applied(rig)
    rig.say("please make the cluster medium")
    draft = rig.draft()
    assert (draft.round, draft.state) == (1, "reviewing")
    assert len(rig.cards()) == 2, "the card of what stands stays as it is"
    rig.press("confirm")
    assert rig.github.submitted[-1]["title"].startswith("Change churn-prediction")
    assert (rig.found().state, rig.found().pull_number) == ("submitted", 8)
    rig.github.merge(PATH)
    rig.github.receipts.append(receipt(2, 8))
    rig.hook("push", {"ref": "refs/heads/receipts", "after": "d" * 40})
    assert rig.found().state == "applied"
    rig.say("and make it small again")
    assert rig.draft().round == 2
    assert len(rig.cards()) == 3


@pytest.mark.parametrize("said", ["thank you!", "great, the small cluster works", "cool"])
def test_thanks_are_no_change(rig: Rig, said: str) -> None:
    applied(rig)
    rig.say(said)
    assert (rig.found().state, rig.draft().round) == ("applied", 0)
    assert len(rig.cards()) == 1


def test_a_change_that_is_withdrawn_leaves_what_stands(rig: Rig) -> None:
    applied(rig)
    rig.say("make the cluster medium")
    rig.press("withdraw")
    assert rig.found().state == "withdrawn"
    assert any("What is merged stays" in text for text in rig.texts())
    rig.say("make the cluster medium, after all")
    assert (rig.found().state, rig.draft().round) == ("reviewing", 2)


def test_somebody_else_of_the_team_is_told_how_to_change_it(rig: Rig) -> None:
    applied(rig)
    for _ in range(2):
        rig.say("make the cluster medium", user=JANE)
    assert sum("/lakeport change" in text for text in rig.texts()) == 1
    assert rig.draft().round == 0


# --- retire ---


def test_a_request_is_retired_and_nothing_else_of_it_changes(rig: Rig) -> None:
    for _ in range(2):
        rig.slack(slack.command("retire churn-prediction"))
    (root,) = (str(one["ts"]) for one in rig.roots())
    told = " ".join(rig.texts(root=root))
    assert "takes away everything" in told
    assert "the cluster growth-churn-prediction-dev" in told
    rig.press("confirm", root=root)
    (sent,) = rig.github.submitted
    assert lines(sent["raw"]) == {"  lifecycle: active", "  lifecycle: retiring"}
    assert sent["title"] == "Retire churn-prediction (growth, dev)"
    rig.github.merge(PATH)
    rig.slack(slack.command("retire churn-prediction", trigger="t.11"))
    assert "is retiring already" in rig.whispers()[-1]


def test_retiring_takes_other_edits_back(rig: Rig) -> None:
    root = change(rig, "make the cluster medium")
    rig.say("retire it", thread=root)
    rig.press("confirm", root=root)
    assert lines(rig.github.submitted[0]["raw"]) == {"  lifecycle: active", "  lifecycle: retiring"}


def test_retiring_can_be_taken_back_before_it_is_confirmed(rig: Rig) -> None:
    root = change(rig, "make the cluster medium")
    rig.say("retire everything", thread=root)
    rig.say("undo", thread=root)
    rig.press("confirm", root=root)
    assert lines(rig.github.submitted[0]["raw"]) == {"  size: small", "  size: medium"}


def test_what_expired_can_still_be_retired(rig: Rig) -> None:
    rig.github.files[PATH, "main"] = FILE.replace("2027-03-01", "2026-01-01").encode()
    rig.slack(slack.command("retire churn-prediction"))
    root = str(rig.roots()[0]["ts"])
    rig.press("confirm", root=root)
    assert b"lifecycle: retiring" in rig.github.submitted[0]["raw"]


def test_a_file_that_is_not_valid_is_said_so(rig: Rig) -> None:
    rig.github.files[PATH, "main"] = b"apiVersion: lakeport/v1\n"
    rig.slack(slack.command("change churn-prediction make the cluster medium"))
    assert not rig.roots()
    assert rig.whispers()
    assert not rig.failures()
