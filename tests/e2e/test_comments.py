"""Orders in comments, against the rehearsal GitHub and workspace, each command a process of its own."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.comment_orders import CALL
from sandbox.actions import Actions
from sandbox.project import snapshot
from sandbox.world import LOCK
from tests.support.rehearsal_github import REPO, world
from tests.support.stage import PROJECT, Stage, stage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
NAME = "churn-prediction"
REQUEST = f"dev/growth/{NAME}"
SCHEMA = "ml_dev.churn_prediction"
PERMISSIONS = f"/api/2.1/unity-catalog/permissions/schema/{SCHEMA}"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("comments")) as made:
        for name in ("check", "apply"):
            made.publish(f".github/workflows/{name}.yml", PROJECT / f".github/workflows/{name}.yml")
        yield made


def schema_only(text: str) -> str:
    """A request for the schema alone."""
    head, _, rest = text.partition("resources:\n")
    schema = rest[rest.index("- kind: schema") : rest.index("- kind: compute")]
    return f"{head}resources:\n{schema}"


def wider(text: str) -> str:
    """The same with a privilege more."""
    return schema_only(text).replace("CREATE_TABLE]", "CREATE_TABLE, EXECUTE]")


def say(town: Stage, number: int, who: str, order: str) -> int:
    """Comment; the id."""
    body = {"body": f"{CALL} {order}"}
    answer = town.rest("POST", f"/issues/{number}/comments", body, town.tokens[who])
    return int(answer.raise_for_status().json()["id"])


def answer(town: Stage, comment: int) -> dict[str, Any]:
    """What the workflow ``comment`` does; what it says."""
    log = town.home / f"comment-{comment}-{town.attempt}.log"
    code = town.lakeport(
        ["comment", "--id", str(comment), "--json"], town.clone("main"), run="40", log=str(log)
    )
    said = log.read_text()
    assert code == 0, said
    found: dict[str, Any] = json.loads(said[said.index("{\n") :])  # what it logs stands before
    return found


def ordered(town: Stage, number: int, who: str, order: str) -> dict[str, Any]:
    return answer(town, say(town, number, who, order))


def answers(town: Stage, number: int) -> list[str]:
    said = town.rest("GET", f"/issues/{number}/comments").json()
    return [one["body"] for one in said if one["body"].startswith("<!-- lakeport:answer ")]


def test_a_stale_plan_is_approved_anew_by_a_comment(town: Stage) -> None:
    number = town.ready(NAME, schema_only)
    assert town.apply()[0] == 0, town.log
    number = town.ready(NAME, wider)
    taken = {"changes": [{"principal": "growth", "remove": ["SELECT"]}]}
    town.databricks_api("PATCH", PERMISSIONS, taken).raise_for_status()

    assert town.apply()[0] == 5, town.log
    refused = town.receipts(REQUEST)[-1]
    assert refused["status"] == "refused"
    assert "/lakeport approve-again" in refused["error"]
    shown = [one["body"] for one in town.rest("GET", f"/issues/{number}/comments").json()]
    assert any("Not applied" in body and "SELECT" in body for body in shown), "the comment shows what moved"

    assert not ordered(town, number, "janed", "unlock")["done"], "who approves nothing"
    said = say(town, number, "liwei", "approve-again")
    told = answer(town, said)
    assert told["done"], told
    again = town.rest("GET", "/pulls?state=open").json()
    assert [one["user"]["login"] for one in again] == ["lakeport[bot]"]
    fresh = again[0]["number"]
    files = town.rest("GET", f"/pulls/{fresh}/files").json()
    assert [one["filename"] for one in files] == [f"requests/{REQUEST}.yaml"]
    lines = [line for line in files[0]["patch"].splitlines() if line[:1] in "+-"]
    assert [line.strip("+- ") for line in lines] == ["revision: 2"]
    assert f"/pull/{fresh}" in answers(town, number)[-1]

    writes = len(town.github.state.writes)
    assert answer(town, said)["answered"] is False, "it is answered once, however often it is delivered"
    assert len(town.github.state.writes) == writes
    told = ordered(town, number, "nadia-k", "approve-again")
    assert f"{fresh} for {REQUEST} is open" in " ".join(told["sentences"]), "opened once"

    town.plan(fresh)
    town.approve(fresh, "nadia-k")
    town.merge(fresh)
    assert town.apply()[0] == 0, town.log
    assert town.receipts(REQUEST)[-1]["status"] == "applied"
    grants = town.databricks_api("GET", PERMISSIONS).json()["privilege_assignments"]
    assert {"SELECT", "EXECUTE"} <= {one for each in grants for one in each["privileges"]}
    told = ordered(town, number, "nadia-k", "apply")
    assert (told["done"], "applied as it is" in told["sentences"][0]) == (False, True)


def test_who_may_draws_a_plan_again_and_others_hear_why_not(town: Stage) -> None:
    number = town.propose("fraud-check", schema_only)
    outsider = town.github.add_user("mallory", "Mallory", "mallory@acme.example")
    town.tokens["mallory"] = outsider
    told = ordered(town, number, "mallory", "plan")
    assert not told["done"]
    assert "may write" in told["sentences"][0]
    told = ordered(town, number, "liwei", "paln")
    assert (told["done"], "Did you mean /lakeport plan?" in told["sentences"][0]) == (False, True)
    told = ordered(town, number, "liwei", "plan")
    assert told["done"], told
    assert "is drawn again" in told["sentences"][0]
    told = ordered(town, number, "mallory", "help")
    assert told["done"]
    assert any("approve-again" in sentence for sentence in told["sentences"])
    assert len(answers(town, number)) == 4

    body = {"body": f"{CALL} plan"}
    said = say(town, number, "liwei", "help")
    town.rest("PATCH", f"/issues/comments/{said}", body, town.tokens["liwei"])
    edited = town.github.state.data.repositories["acme/lakeport"].comments[said]
    edited.updated_at = "2030-01-01T00:00:00Z"  # its clock shows whole seconds
    assert not answer(town, said)["done"], "an order that was changed is nobody's"
    said = town.rest("POST", f"/issues/{number}/comments", body, town.tokens["lakeport"]).json()["id"]
    assert answer(town, said)["answered"] is False, "an app orders nothing"
    town.rest("DELETE", f"/issues/comments/{said}")
    assert answer(town, said)["answered"] is False, "what is gone orders nothing"


def test_what_a_dead_run_by_hand_holds_is_released(town: Stage) -> None:
    number = town.ready("demand-forecast", schema_only)
    request = "dev/growth/demand-forecast"
    town.lakeport(["apply"], town.clone("main"), run="local-gone", die_after=1)
    assert town.receipts(request)[-1]["status"] == "started"
    assert town.apply()[0] == 7, town.log
    told = ordered(town, number, "nadia-k", "unlock")
    assert told["done"], told
    assert "nadia-k said that" in told["sentences"][0]
    assert [one["status"] for one in town.receipts(request)] == ["started", "started", "failed"]
    assert "Nothing holds" in ordered(town, number, "nadia-k", "unlock")["sentences"][0]
    assert ordered(town, number, "nadia-k", "apply")["done"]
    assert town.apply()[0] == 0, town.log
    assert town.receipts(request)[-1]["status"] == "applied"


def test_the_workflow_answers_a_person_and_nobody_else(tmp_path: Path) -> None:
    """The very file, run by act; of the others only the gate hears of comments."""
    files = {path: raw for path, raw in snapshot(PROJECT).items() if path != ".github/workflows/gate.yml"}
    tools = tmp_path / "tools"
    (tools / "lakeport").mkdir(parents=True)
    digest = hashlib.sha256((PROJECT / LOCK).read_bytes()).hexdigest()[:16]
    (tools / "lakeport" / digest).symlink_to(sys.prefix, target_is_directory=True)
    with world(tmp_path, files) as acme:
        given = {"env": {"LAKEPORT_PYTHON": sys.executable}, "tool_cache": tools}
        variables = {"LAKEPORT_GITHUB_API_URL": acme.github.url}
        actions = Actions(acme.github.state, tmp_path / "actions", variables=variables, **given)
        acme.propose()
        acme.github.set_runner(actions)
        for who, body in (
            ("nadia-k", "/lakeport help"),
            ("lakeport", "/lakeport help"),
            ("nadia-k", "Well."),
        ):
            acme[who].ok("POST", f"{REPO}/issues/1/comments", {"body": body})
        assert actions.settle()
        found = acme["nadia-k"].ok("GET", f"{REPO}/actions/runs")["workflow_runs"]
        log = acme["nadia-k"]("GET", f"{REPO}/actions/runs/{found[-1]['id']}/logs").text
        assert [run["conclusion"] for run in found] == ["success"] * 3, log
        said = [one["body"] for one in acme["nadia-k"].ok("GET", f"{REPO}/issues/1/comments")]
        answers = [body for body in said if body.startswith("<!-- lakeport:answer ")]
        assert len(answers) == 1, log
        assert "approve-again" in answers[0]
