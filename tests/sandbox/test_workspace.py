"""What stands beside the conversation: GitHub as it is, done there what a person may do, all of it text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gitops.policy import load_policy
from sandbox.github.data import Run
from sandbox.project import PROJECT
from sandbox.slack.rehearsal import Slack
from sandbox.workspace.beside import Workspace
from sandbox.workspace.hub import LOG_BYTES, Hub
from sandbox.workspace.lake import Lake
from tests.support.rehearsal_github import REPO, World, world
from tests.support.slack_bots import peopled

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
POLICY = "requests/policy.yaml"


@pytest.fixture
def acme(loopback: None, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as found:
        yield found


@pytest.fixture
def slack(acme: World) -> Iterator[Slack]:
    policy = load_policy((PROJECT / POLICY).read_bytes(), POLICY)
    with Slack() as found:
        # Nobody answers at this port: what the page says of Databricks is that it does not answer.
        lake = Lake("http://127.0.0.1:9", "", lambda: 0)
        peopled(found).page.put_beside(Workspace(acme.github.state, "acme/lakeport", lake, policy))
        yield found
        lake.close()


def seen(slack: Slack, who: str = "liwei", version: str = "", thread: str = "") -> dict[str, Any]:
    channel = slack.channel_of("data-platform").id
    asked = {"as": who, "version": version, "channel": channel, "thread": thread}
    answer = httpx.get(f"{slack.url}/seen", params=asked)
    return dict(answer.json()) if answer.status_code == 200 else {}


def check(acme: World, sha: str, name: str, conclusion: str, summary: str = "") -> None:
    output = {"title": name.title(), "summary": summary}
    body = {"name": name, "head_sha": sha, "conclusion": conclusion, "output": output}
    acme["lakeport"].ok("POST", f"{REPO}/check-runs", body)


def test_who_is_waited_for_is_offered_the_approval_and_the_merge_follows(acme: World, slack: Slack) -> None:
    pull = acme.propose(text=f"purpose: {EVIL}\n")
    sha, number = pull["head"]["sha"], pull["number"]
    check(acme, sha, "lakeport/plan", "success")
    check(acme, sha, "lakeport/gate", "failure", r"The environment asks for one more, from nadia\-k.")
    said = f"<!-- lakeport:plan -->\n**Create** {EVIL}"
    acme["lakeport"].ok("POST", f"{REPO}/issues/{number}/comments", {"body": said})

    theirs, others = (seen(slack, who)["parts"]["beside"] for who in ("nadia-k", "liwei"))
    assert "<strong>Create</strong>" in theirs
    assert "The gate waits for Nadia Karim." in others
    assert "Review it as Li Wei all the same" in others
    assert "all the same" not in theirs
    assert "<script" not in theirs
    assert "<img" not in theirs

    act = f"{slack.url}/act/review"
    form = {"as": "nadia-k", "number": str(number), "do": "approve", "body": "Fine <b>with</b> me"}
    version = seen(slack)["version"]
    assert seen(slack, version=version) == {}, "nothing has changed"
    assert httpx.post(act, data=form, headers={"Accept": "application/json"}).json() == {"ok": True}
    assert [one["user"]["login"] for one in acme["liwei"].ok("GET", f"{REPO}/pulls/{number}/reviews")] == [
        "nadia-k"
    ]
    assert "Fine" in seen(slack, version=version)["parts"]["beside"]

    check(acme, sha, "lakeport/gate", "success")
    assert "Squash and merge" in seen(slack)["parts"]["beside"]
    assert httpx.post(act, data=form | {"do": "merge"}, headers={"Accept": "application/json"}).json()["ok"]
    assert acme["liwei"].ok("GET", f"{REPO}/pulls/{number}")["merged"]


def test_another_page_cannot_review(acme: World, slack: Slack) -> None:
    number = acme.propose()["number"]
    form = {"as": "nadia-k", "number": str(number), "do": "approve"}
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert httpx.post(f"{slack.url}/act/review", data=form, headers=headers).status_code == 403
    assert acme["liwei"].ok("GET", f"{REPO}/pulls/{number}/reviews") == []


@pytest.mark.parametrize("number", ["", "99", "../../../orgs/acme", "1/../2", "1?x=y"])
def test_a_review_goes_to_a_pull_request_that_is_there_or_nowhere(slack: Slack, number: str) -> None:
    form = {"as": "nadia-k", "number": number, "do": "approve"}
    done = httpx.post(f"{slack.url}/act/review", data=form, headers={"Accept": "application/json"}).json()
    assert done["ok"] is False
    assert done["error"]


def test_the_request_of_a_thread_gets_the_advice(acme: World, slack: Slack) -> None:
    root = slack.say("liwei", "data-platform", "We need a place")
    assert "Lakeport is reading this" in seen(slack, thread=root.ts)["parts"]["next"]
    pull = acme.propose()
    slack.say("nadia-k", "data-platform", f"see {pull['html_url']}", thread_ts=root.ts)
    assert "draws the plan" not in seen(slack, thread=root.ts)["parts"]["next"], "not the bot's word"


def test_a_log_that_grows_is_news_and_its_end_is_shown(acme: World, slack: Slack) -> None:
    hub = Hub(acme.github.state, "acme/lakeport", ["nadia-k"])
    state = acme.github.state
    found = state.repository("acme/lakeport")
    assert found is not None
    found.runs[5] = Run(5, 1, "check", "x.yml", "pull_request", "b", "0" * 40, "liwei", "Onboard")
    before = hub.version()
    log = state.log_file(5)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("first\n" + "x" * 99 + "\n" * LOG_BYTES + "the last line\n", "utf-8")
    assert hub.version() != before
    shown = hub.look().runs[0]
    assert shown.live
    assert "first" not in shown.log
    assert shown.log.endswith("the last line\n")


def test_databricks_that_does_not_answer_is_said(slack: Slack) -> None:
    assert "Databricks does not answer" in seen(slack)["parts"]["beside"]
