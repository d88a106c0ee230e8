"""Workflows of the rehearsal GitHub run for real, with act, in host mode."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.actions import Actions
from sandbox.github.data import Run
from tests.support.rehearsal_github import REPO, World, put_file, world

pytestmark = pytest.mark.usefixtures("loopback")
API = """curl -s -o /dev/null -w '%{http_code} ' -H "Authorization: Bearer $TOKEN" """
CHECK = (
    """
name: check
on:
  pull_request: {paths: ["requests/**"]}
permissions: {}
jobs:
  plan:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    outputs: {words: "${{ steps.plan.outputs.words }}"}
    steps:
    - uses: actions/checkout@0123456789012345678901234567890123456789
      with: {fetch-depth: 0}
    - id: plan
      env: {SECRET: "${{ secrets.KEY }}", VARIABLE: "${{ vars.REGION }}"}
      run: |
        git worktree add -q "$RUNNER_TEMP/base" "origin/$GITHUB_BASE_REF"
        test ! -e "$RUNNER_TEMP/base/requests/churn.yaml"
        test -e requests/churn.yaml
        test "$(cat "$RUNNER_TOOL_CACHE/marker")" = here
        echo "words=$(wc -w < requests/churn.yaml) $VARIABLE $GITHUB_REPOSITORY" >> "$GITHUB_OUTPUT"
        echo "secret is $SECRET"
  report:
    needs: plan
    runs-on: ubuntu-latest
    permissions: {checks: write, pull-requests: write}
    env: {TOKEN: "${{ github.token }}", WORDS: "${{ needs.plan.outputs.words }}"}
    steps:
    - env: {SHA: "${{ github.event.pull_request.head.sha }}"}
      run: |
        echo "words $WORDS"
        at="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY"
        """
    + API
    + """ "$at/check-runs" \\
          -d "{\\"name\\":\\"lakeport/plan\\",\\"head_sha\\":\\"$SHA\\",\\"conclusion\\":\\"success\\"}"
        """
    + API
    + """ "$at/issues/1/comments" -d '{"body":"The plan"}'
        """
    + API
    + """ "$at/git/blobs" -d '{"content":"x"}'
        echo
"""
)
SLOW = """
name: slow
on: {push: {branches: [main]}}
concurrency: {group: "slow-${{ github.ref }}"}
jobs:
  wait:
    runs-on: ubuntu-latest
    steps: [{run: "sleep 60"}]
"""


@contextmanager
def running(home: Path, workflows: dict[str, str], **more: Any) -> Iterator[tuple[World, Actions]]:
    files = {f".github/workflows/{name}.yml": text for name, text in workflows.items()}
    with world(home, files) as acme:
        actions = Actions(acme.github.state, home / "actions", **more)
        acme.github.set_runner(actions)
        yield acme, actions


def runs(acme: World) -> list[Run]:
    found = acme.github.state.repository("acme/lakeport")
    assert found is not None
    return list(found.runs.values())


def log(acme: World, run: Run) -> str:
    return acme["liwei"]("GET", f"{REPO}/actions/runs/{run.id}/logs").text


def until(look: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_pull_request_is_checked(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "marker").write_text("here")
    given = {"secrets": {"KEY": "k3y-of-gold"}, "variables": {"REGION": "we$t"}, "tool_cache": tools}
    with running(tmp_path, {"check": CHECK}, **given) as (acme, actions):
        pull = acme.propose()
        assert actions.settle()
        [run] = runs(acme)
        said = log(acme, run)
        assert run.conclusion == "success", said
        assert "words 2 we$t acme/lakeport" in said
        assert "k3y-of-gold" not in said
        assert "secret is ***" in said
        assert "201 201 403" in said
        checks = acme["liwei"].ok("GET", f"{REPO}/commits/{pull['head']['sha']}/check-runs")["check_runs"]
        assert {(each["name"], each["conclusion"], each["app"]["slug"]) for each in checks} == {
            ("plan", "success", "github-actions"),
            ("report", "success", "github-actions"),
            ("lakeport/plan", "success", "github-actions"),
        }
        [comment] = acme["liwei"].ok("GET", f"{REPO}/issues/1/comments")
        assert comment["user"]["login"] == "github-actions[bot]"
        assert (run.head_sha, run.head_branch, run.pulls) == (pull["head"]["sha"], pull["head"]["ref"], [1])
        assert not [t for t in acme.github.state.data.tokens.values() if t.run_id], (
            "its token dies with the run"
        )
    left = {path.name for path in (tmp_path / "actions").rglob("*")}
    assert left <= {"cache", "act", "tool_cache", "home", "runs", ".config"}, left


def test_what_a_workflow_does_starts_no_other(tmp_path: Path) -> None:
    write = """
name: write
on: [push, workflow_dispatch]
permissions: {contents: write}
jobs:
  a:
    runs-on: ubuntu-latest
    env: {TOKEN: "${{ github.token }}"}
    steps:
    - run: >-
        curl -sf -X PUT -H "Authorization: Bearer $TOKEN"
        "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/contents/n$GITHUB_RUN_ID.md"
        -d '{"message": "m", "content": "eA=="}' > /dev/null
"""
    with running(tmp_path, {"write": write}) as (acme, actions):
        put_file(acme["lakeport"], "a.md", "a", "main")
        assert actions.settle()
        [run] = runs(acme)
        assert run.conclusion == "success", log(acme, run)
        author = acme["liwei"].ok("GET", f"{REPO}/commits/main")["author"]
        assert author["login"] == "github-actions[bot]"
        path = f"{REPO}/actions/workflows/write.yml/dispatches"
        assert acme["lakeport"]("POST", path, {"ref": "main"}).status_code == 204
        assert actions.settle()
        assert [each.event for each in runs(acme)] == ["push", "workflow_dispatch"]


LISTENS = (
    """
name: listens
on:
  issue_comment: {types: [created, edited, deleted]}
permissions: {actions: write, pull-requests: write}
concurrency: {group: "listens-${{ github.event.pull_request.number || github.event.issue.number }}"}
jobs:
  a:
    if: github.event.issue.pull_request && startsWith(github.event.comment.body, '/lakeport')
    runs-on: ubuntu-latest
    env: {TOKEN: "${{ github.token }}"}
    steps:
    - env:
        ABOUT: >-
          ${{ github.event.action }} ${{ github.event.comment.id }} ${{ github.event.issue.number }}
          ${{ github.ref }}
      run: |
        echo "about $ABOUT"
        at="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY"
        """
    + API
    + """ "$at/issues/1/comments" -d '{"body":"/lakeport from a workflow"}'
        """
    + API
    + """ "$at/actions/workflows/asked.yml/dispatches" -d '{"ref":"main","inputs":{"pull":"1"}}'
        echo
"""
)
ASKED = """
name: asked
on: {workflow_dispatch: {inputs: {pull: {type: string}}}}
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{env: {PULL: "${{ inputs.pull }}"}, run: 'echo "pull $PULL"'}]
"""


def test_a_comment_is_told_to_the_workflows_of_main_and_what_they_say_is_not(tmp_path: Path) -> None:
    with running(tmp_path, {"listens": LISTENS, "asked": ASKED}) as (acme, actions):
        acme.propose()
        said = acme["nadia-k"].ok("POST", f"{REPO}/issues/1/comments", {"body": "/lakeport plan"})
        assert actions.settle()
        found = {run.event: run for run in runs(acme)}
        assert sorted(run.event for run in runs(acme)) == ["issue_comment", "workflow_dispatch"]
        heard = found["issue_comment"]
        assert f"about created {said['id']} 1 refs/heads/main" in log(acme, heard)
        assert "201 204" in log(acme, heard), log(acme, heard)
        assert (heard.actor, heard.title, heard.head_branch) == ("nadia-k", "Onboard churn", "main")
        assert "pull 1" in log(acme, found["workflow_dispatch"])
        here = f"{REPO}/issues/comments/{said['id']}"
        acme["nadia-k"].ok("PATCH", here, {"body": "Never mind."})
        acme["nadia-k"].ok("DELETE", here)
        assert actions.settle()
        later = [run for run in runs(acme) if run.event == "issue_comment"][1:]
        assert [(run.conclusion, [job.conclusion for job in run.jobs]) for run in later] == [
            ("success", ["skipped"]),
            ("success", ["skipped"]),
        ]


def test_a_dispatch_takes_the_inputs_of_the_workflow_and_no_others(tmp_path: Path) -> None:
    path = f"{REPO}/actions/workflows/asked.yml/dispatches"
    with running(tmp_path, {"asked": ASKED}) as (acme, actions):
        odd = acme["lakeport"]("POST", path, {"ref": "main", "inputs": {"issue": "1"}})
        assert (odd.status_code, odd.json()["message"]) == (422, 'Unexpected inputs provided: ["issue"]')
        assert actions.settle()
        assert runs(acme) == []


def test_a_job_that_fails_fails_the_run_and_what_needs_it_is_skipped(tmp_path: Path) -> None:
    text = """
name: ci
on: push
jobs:
  test: {runs-on: ubuntu-latest, steps: [{run: "exit 3"}]}
  deploy: {needs: test, runs-on: ubuntu-latest, steps: [{run: "true"}]}
"""
    with running(tmp_path, {"ci": text, "broken": "on: push\njobs: [\n"}) as (acme, actions):
        (tmp_path / "x").write_text("")
        put_file(acme["liwei"], "a.md", "a", "main")
        assert actions.settle()
        found = {run.path.rpartition("/")[2]: run for run in runs(acme)}
        assert {name: run.conclusion for name, run in found.items()} == {
            "ci.yml": "failure",
            "broken.yml": "failure",
        }
        assert {job.name: job.conclusion for job in found["ci.yml"].jobs} == {
            "test": "failure",
            "deploy": "skipped",
        }
        assert "Invalid workflow file" in log(acme, found["broken.yml"])


def test_a_group_keeps_one_running_and_the_newest_waiting(tmp_path: Path) -> None:
    with running(tmp_path, {"slow": SLOW}) as (acme, _):
        for name in "abc":
            put_file(acme["liwei"], f"{name}.md", name, "main")
        until(lambda: runs(acme)[0].status == "in_progress")
        assert [(run.status, run.conclusion) for run in runs(acme)] == [
            ("in_progress", None),
            ("completed", "cancelled"),
            ("queued", None),
        ]


def test_queue_max_loses_nothing(tmp_path: Path) -> None:
    text = SLOW.replace('ref }}"}', 'ref }}", queue: max}').replace("sleep 60", "sleep 0.05")
    with running(tmp_path, {"slow": text}) as (acme, actions):
        for name in "abcd":
            put_file(acme["liwei"], f"{name}.md", name, "main")
        assert actions.settle()
        assert [run.conclusion for run in runs(acme)] == ["success"] * 4


def test_cancel_in_progress_makes_way(tmp_path: Path) -> None:
    text = SLOW.replace('ref }}"}', 'ref }}", cancel-in-progress: true}')
    with running(tmp_path, {"slow": text}) as (acme, _):
        put_file(acme["liwei"], "a.md", "a", "main")
        until(lambda: runs(acme)[0].status == "in_progress")
        time.sleep(0.3)
        put_file(acme["liwei"], "b.md", "b", "main")
        until(lambda: runs(acme)[0].conclusion == "cancelled")
        until(lambda: runs(acme)[1].status == "in_progress")


def test_stopping_kills_everything_that_was_started(tmp_path: Path) -> None:
    with running(tmp_path, {"slow": SLOW.replace("sleep 60", "sleep 61.5")}) as (acme, actions):
        put_file(acme["liwei"], "a.md", "a", "main")
        until(_sleeper)
        begin = time.monotonic()
        actions.stop()
        assert time.monotonic() - begin < 5
        until(lambda: not _sleeper(), 3)
        assert runs(acme)[0].conclusion == "cancelled"


def _sleeper() -> list[int]:
    return [p.pid for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[-1:] == ["61.5"]]


def test_files_of_a_pull_request_cannot_change_how_act_is_called(tmp_path: Path) -> None:
    job = "{runs-on: ubuntu-latest, steps: [{run: 'echo v=${{ vars.V }}'}]}"
    text = f"name: p\non: pull_request\njobs:\n  a: {job}\n"
    with running(tmp_path, {"p": text}, variables={"V": "mine"}) as (acme, actions):
        sha = acme["liwei"].ok("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
        acme["liwei"].ok("POST", f"{REPO}/git/refs", {"ref": "refs/heads/x", "sha": sha})
        put_file(acme["liwei"], ".actrc", "--dryrun\n", "x")
        put_file(acme["liwei"], ".vars", "V=theirs\n", "x")
        put_file(acme["liwei"], ".env", "V=theirs\n", "x")
        acme["liwei"].ok("POST", f"{REPO}/pulls", {"title": "T", "head": "x", "base": "main"})
        assert actions.settle()
        [run] = runs(acme)
        assert "v=mine" in log(acme, run)
        assert "DRYRUN" not in log(acme, run)
