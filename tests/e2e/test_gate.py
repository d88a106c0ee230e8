"""The gate over HTTP: the glass is broken, a small edit passes alone, a borrowed name gains nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gitops.breaking import command
from gitops.request import path_of
from tests.support.stage import Stage, stage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
WHY = "The nightly load stands still, and nobody else is awake."
REVIEW = """
review:
  break_glass: {people: [janed, liwei]}
  passes_alone:
  - {id: longer, changes: [expires], environments: [dev], classifications: [internal]}
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("gate")
    with stage(home) as made:
        policy = made.clone("main") / "requests/policy.yaml"
        wanted = home / "policy.yaml"
        wanted.write_text(policy.read_text() + REVIEW)
        known = made.rest("GET", "/contents/requests/policy.yaml").json()["sha"]
        body = {
            "message": "Say who may break the glass",
            "content": base64.b64encode(wanted.read_bytes()).decode(),
            "sha": known,
        }
        made.rest("PUT", "/contents/requests/policy.yaml", body).raise_for_status()
        yield made


def gate(town: Stage, number: int) -> dict[str, Any]:
    """What the workflow ``gate`` does; what it says."""
    log = town.home / f"gate-{town.attempt}.log"
    code = town.lakeport(["gate", "--pull", str(number), "--json"], town.clone("main"), log=str(log))
    said = log.read_text()
    found: dict[str, Any] = json.loads(said[said.index("{\n") :])
    assert code == (0 if found["passed"] else 5), said
    return found


def check(town: Stage, number: int) -> tuple[str, str]:
    """Conclusion and title of the check run on the head commit."""
    head = town.pull(number)["head"]["sha"]
    runs = town.rest("GET", f"/commits/{head}/check-runs?check_name=lakeport/gate").json()["check_runs"]
    return runs[0]["conclusion"], runs[0]["output"]["title"]


def comment_of(town: Stage, number: int) -> str:
    said = town.rest("GET", f"/issues/{number}/comments").json()
    (found,) = [one["body"] for one in said if one["body"].startswith("<!-- lakeport:gate -->")]
    return str(found)


def say(town: Stage, number: int, who: str, body: str) -> int:
    answer = town.rest("POST", f"/issues/{number}/comments", {"body": body}, town.tokens[who])
    return int(answer.raise_for_status().json()["id"])


def reasons(found: dict[str, Any]) -> dict[str, str]:
    return {one["login"]: one["reason"] for one in found["ignored"]}


def test_the_glass_is_broken_for_one_commit_by_who_may(town: Stage) -> None:
    number = town.propose("churn-prediction")
    head = town.pull(number)["head"]["sha"]
    assert gate(town, number)["outcome"] == "missing_approvals"
    assert check(town, number) == ("failure", "One approval is missing")
    assert command(head) in comment_of(town, number)

    say(town, number, "nadia-k", f"{command(head)} {WHY}")
    say(town, number, "liwei", f"{command(head)} {WHY}")
    short = say(town, number, "janed", f"{command(head[:7])} {WHY}")
    body = {"body": f"{command(head)} {WHY}"}
    town.rest("PATCH", f"/issues/comments/{short}", body, town.tokens["janed"]).raise_for_status()
    edited = town.github.state.data.repositories["acme/lakeport"].comments[short]
    edited.updated_at = "2999-01-01T00:00:00Z"  # the same second would be no edit
    closed = gate(town, number)
    assert not closed["passed"]
    assert reasons(closed) == {"nadia-k": "not_named", "liwei": "own_request", "janed": "edited"}

    say(town, number, "janed", f"{command(head)} {WHY}")
    opened = gate(town, number)
    assert (opened["outcome"], opened["passed"]) == ("broken_glass", True)
    assert [(one["login"], one["reason"]) for one in opened["broke_glass"]] == [("janed", WHY)]
    assert check(town, number)[0] == "success"
    assert check(town, number)[1].startswith("GLASS BROKEN")
    assert "janed broke the glass" in comment_of(town, number)

    town.propose("churn-prediction", lambda text: text.replace("next month", "this year"))
    assert town.pull(number)["head"]["sha"] != head
    assert reasons(gate(town, number))["janed"] == "other_commit"


def test_a_small_edit_of_what_is_merged_passes_alone(town: Stage) -> None:
    number = town.propose("fraud-check")
    town.approve(number, "nadia-k")
    opened = gate(town, number)
    assert opened["outcome"] == "open"
    assert [(one["login"], one["commit"]) for one in opened["approvals"]] == [
        ("nadia-k", town.pull(number)["head"]["sha"])
    ]
    assert all(one["at"] and one["rules"] for one in opened["approvals"])
    town.merge(number)
    longer = town.propose("fraud-check", lambda text: text.replace("2027-04-30", "2027-05-31"))
    assert longer != number
    passed = gate(town, longer)
    assert (passed["outcome"], passed["passes_alone"]) == ("passes_alone", ["longer"])
    assert check(town, longer) == ("success", "Passes without an approval, by the policy")


def test_a_commit_that_borrows_the_name_of_the_app_is_told_from_its_own(town: Stage) -> None:
    """Who wrote it would else approve it: nothing in the commit names them."""
    number = town.propose("lead-scoring")
    pull = town.pull(number)
    path = path_of("dev", "growth", "lead-scoring")
    there = town.rest("GET", f"/contents/{path}?ref={pull['head']['ref']}").json()
    state = town.github.state
    bot = state.account("lakeport[bot]")
    assert bot is not None
    who = {"name": "lakeport[bot]", "email": state.email(bot)}
    raw = base64.b64decode(there["content"]).replace(b"next month", b"this year")
    body = {
        "message": "Set up lead-scoring",
        "content": base64.b64encode(raw).decode(),
        "sha": there["sha"],
        "branch": pull["head"]["ref"],
        "author": who,
        "committer": who,
    }
    town.rest("PUT", f"/contents/{path}", body, town.tokens["nadia-k"]).raise_for_status()
    commits = town.rest("GET", f"/pulls/{number}/commits").json()
    assert [one["author"]["login"] for one in commits] == ["lakeport[bot]"] * 2
    town.approve(number, "nadia-k")
    closed = gate(town, number)
    assert not closed["passed"]
    assert {one["rule"] for one in closed["rules"] if one["lacks"]} == {"author-unknown"}
    assert any("without GitHub's signature" in sentence for sentence in closed["sentences"])
