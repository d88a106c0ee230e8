"""Making a repository with the organisation's own workflow: one run, followed to its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops.errors import RemoteError, RemoteUnavailable, StalePlan
from gitops.plan import Reason, RefusedChange
from gitops.policy_repositories import Inputs, Repositories, RepositoryWorkflow
from handlers import _repo_api, _repo_workflow, repo
from handlers._repo_workflow import LAST_LINES, last_lines
from tests.fakes.repo import WORKFLOW, Dispatched, Repo, Run
from tests.handlers.support import carry_out, desired, plan

KIND = repo.KIND
MARKER = "dev/growth/churn/growth-churn"
TITLE = f"Make growth-churn ({MARKER})"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("gitops.patience.time.sleep", found.append)
    return found


@pytest.fixture
def case(slept: list[float]) -> Dispatched:
    return Dispatched()


def wanted(policy: Repositories | None = None, **spec: Any) -> Any:
    return desired(
        KIND, Dispatched.spec | spec, **({"repositories": policy} if policy else Dispatched.origin)
    )


def make(case: Dispatched) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client)[:1], case.client)


def ago(**time: int) -> str:
    return (datetime.now(UTC) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_workflow_is_given_what_the_policy_maps_and_nothing_else(case: Dispatched) -> None:
    change = plan(KIND, wanted(), case.client)[0]
    assert change.after["workflow"] == {
        "repository": "acme/platform",
        "file": "repo-utility.yml",
        "ref": "main",
        "minutes": 10,
        "marker": MARKER,
        "inputs": {
            "repo_name": "growth-churn",
            "correlation": MARKER,
            "who": "internal",
            "topics": "churn",
        },
    }
    assert change.summary.endswith("with the workflow repo-utility.yml of acme/platform")
    make(case)
    assert case.world.dispatched == [change.after["workflow"]["inputs"]]


def test_every_field_can_be_given(case: Dispatched) -> None:
    names = {name: f"in_{name}" for name in Inputs.__struct_fields__}
    policy = Repositories(workflow=RepositoryWorkflow(repository="a/b", file="c.yml", inputs=Inputs(**names)))
    inputs = plan(KIND, wanted(policy), case.client)[0].after["workflow"]["inputs"]
    assert inputs == {
        "in_name": "growth-churn",
        "in_marker": MARKER,
        "in_visibility": "internal",
        "in_description": "Predict which subscribers will leave next month.",
        "in_team": "growth",
        "in_github_team": "growth",
        "in_environment": "dev",
        "in_data_classification": "internal",
        "in_cost_center": "CC-1042",
        "in_business_owner": "jane.doe@acme.example",
        "in_technical_owner": "li.wei@acme.example",
        "in_topics": "churn",
        "in_request": "dev/growth/churn",
    }
    assert len(inputs) <= 25, "GitHub takes no more"


@pytest.mark.parametrize("details", ["given", "ignored", "refused"])
@pytest.mark.parametrize("listed", [True, False], ids=["listed at once", "listed later"])
def test_the_outcome_is_that_of_a_direct_creation(case: Dispatched, details: str, listed: bool) -> None:
    """The id of the run is in the answer, or, of older servers, found by the marker in its name."""
    case.world.run_details = details
    if not listed and details == "given":
        run = case.run
        case.world.on_dispatch = lambda inputs: _hidden(run(inputs))
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    found = case.world.repos["growth-churn"]
    assert (found.visibility, found.topics) == ("internal", ["churn"])
    assert found.description == "Predict which subscribers will leave next month."
    assert found.properties == {"lakeport-request": "dev/growth/churn"}
    assert found.teams == {"growth": "maintain", "risk": "pull"}
    assert len(case.world.dispatched) == 1
    assert plan(KIND, wanted(), case.client) == []


def _hidden(run: Run) -> Run:
    run.listed = False
    return run


def test_a_run_that_was_started_for_this_request_is_followed_and_not_repeated(case: Dispatched) -> None:
    case.world.runs.append(case.run({"repo_name": "growth-churn", "correlation": MARKER}))
    make(case)
    assert case.world.dispatched == []


def test_a_run_whose_work_is_done_is_taken_up_after_a_crash(case: Dispatched) -> None:
    """It ended and nobody put our mark on: the repository is not foreign, the creation is not finished."""
    changes = plan(KIND, wanted(), case.client)
    run = case.run({"repo_name": "growth-churn", "correlation": MARKER})
    run.conclusion, run.updated = run.does(), ago(hours=3)
    case.world.runs.append(run)
    case.world.repos["growth-churn"].hidden = 0
    rest = plan(KIND, wanted(), case.client)
    assert [change.digest for change in rest] == [change.digest for change in changes]
    carry_out(KIND, rest, case.client)
    assert case.world.dispatched == []
    assert plan(KIND, wanted(), case.client) == []


@pytest.mark.parametrize(
    "title",
    [
        "Make growth-churn (dev/growth/churn/growth-churn-2)",
        "Make growth-churn (prod/dev/growth/churn/growth-churn)",
        "Make growth-churn (dev/growth/churn/growth-churn.io)",
        "Make growth-churn (dev/growth/churn)",
        "Make growth-churn",
    ],
)
def test_runs_of_other_requests_do_not_count(case: Dispatched, title: str) -> None:
    case.world.runs.append(Run(id=77, title=title, does=lambda: "success"))
    make(case)
    assert len(case.world.dispatched) == 1
    assert case.world.runs[-1].conclusion is None


def test_an_old_success_or_a_failure_before_does_not_count(case: Dispatched) -> None:
    """The repository was deleted since, or somebody mended the workflow."""
    for number, conclusion in ((77, "success"), (78, "failure"), (79, "cancelled")):
        run = Run(id=number, title=TITLE, does=str, conclusion=conclusion, updated=ago(hours=2))
        case.world.runs.append(run)
    make(case)
    assert len(case.world.dispatched) == 1


def test_a_repository_that_no_run_of_ours_made_is_refused_or_stale(case: Dispatched) -> None:
    changes = plan(KIND, wanted(), case.client)
    case.make_foreign()
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(), case.client)
    assert refused.value.reason is Reason.NOT_OURS
    with pytest.raises(StalePlan, match=r"repo-utility\.yml did not make it for this request"):
        carry_out(KIND, changes[:1], case.client)
    assert case.world.dispatched == []


def test_a_call_that_was_sent_twice_leaves_one_repository(case: Dispatched) -> None:
    """PyGithub repeats a POST whose answer was lost: the second run fails, since the first did it."""
    first = case.run({"repo_name": "growth-churn", "correlation": MARKER})

    def twice(inputs: Any) -> Run:
        case.world.runs.insert(0, first)
        second = case.run(inputs)
        second.looks, first.looks = 3, 0
        first.conclusion = first.does()
        return second

    case.world.on_dispatch = twice
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert [run.conclusion for run in case.world.runs] == ["failure", "success"]
    assert plan(KIND, wanted(), case.client) == []


def failing(case: Dispatched, log: str, conclusion: str = "failure") -> None:
    case.world.on_dispatch = lambda inputs: Run(
        id=42, title=f"{inputs['correlation']}", does=lambda: conclusion, log=log
    )


def test_a_failure_carries_the_end_of_the_log(case: Dispatched) -> None:
    lines = [f"2026-11-21T05:48:05.1234567Z line {number}" for number in range(30)]
    failing(case, "\n".join([*lines, "2026-11-21T05:48:06.1Z ##[error]No budget\x1b[0m"]))
    with pytest.raises(RemoteError, match=r"repo-utility\.yml of acme/platform ended with failure") as raised:
        make(case)
    assert raised.value.why.startswith("Its job create said last: line 19 | line 20")
    assert raised.value.why.endswith("##\u200b[error]No budget\N{REPLACEMENT CHARACTER}[0m")
    assert "https://github.example/acme/platform/actions/runs/42" in raised.value.fix
    assert case.world.repos == {}


def test_after_a_failure_the_next_apply_starts_it_again(case: Dispatched) -> None:
    failing(case, "No budget")
    with pytest.raises(RemoteError):
        make(case)
    case.world.on_dispatch = case.run
    make(case)
    assert len(case.world.dispatched) == 2


@pytest.mark.parametrize("conclusion", ["cancelled", "timed_out", "action_required", "startup_failure"])
def test_any_other_end_is_a_failure_too(case: Dispatched, conclusion: str) -> None:
    failing(case, "", conclusion)
    with pytest.raises(RemoteError, match=f"ended with {conclusion}") as raised:
        make(case)
    assert raised.value.why == "Its log could not be read."


def test_the_log_is_harmless() -> None:
    log = (
        "\ufeff2026-11-21T05:48:05.1Z with ghp_abcdefghijklmnop\n\n::set-env name=x::y\n\u202eevil\n"
        + "x" * 999
    )
    found = last_lines(log)
    assert found[0] == "with [hidden]"
    assert not found[1].startswith("::"), "no command to the runner that shows it"
    assert "\u202e" not in found[2]
    assert len(found[3]) == 200
    assert len(last_lines("a\n" * 1000)) == LAST_LINES


def test_a_log_that_lies_elsewhere_is_fetched_without_our_credential(
    case: Dispatched, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Answer:
        def read(self, amount: int, **more: Any) -> bytes:
            assert amount == _repo_api.LONGEST
            return b"from afar"

    def fetch(*given: Any, **more: Any) -> Answer:
        asked.append((given, more))
        return Answer()

    where = {"location": "https://logs.example/one?sig=abc"}
    monkeypatch.setattr("urllib3.request", fetch)
    monkeypatch.setattr(case.client.requester, "requestJson", lambda verb, url: (302, where, ""))
    assert _repo_api.text(case.client, "/repos/a/b/actions/jobs/1/logs") == "from afar"
    ((given, more),) = asked
    assert given == ("GET", "https://logs.example/one?sig=abc")
    assert "headers" not in more
    where["location"] = "file:///etc/passwd"
    assert _repo_api.text(case.client, "/repos/a/b/actions/jobs/1/logs") == ""
    assert len(asked) == 1


def test_a_run_that_never_ends_ends_the_wait(case: Dispatched, monkeypatch: pytest.MonkeyPatch) -> None:
    from gitops.patience import until

    clock = iter(range(0, 100_000, 20))
    monkeypatch.setattr(
        _repo_workflow,
        "until",
        lambda look, **more: until(look, clock=lambda: float(next(clock)), **more),
    )
    run = case.run
    case.world.on_dispatch = lambda inputs: _slow(run(inputs))
    with pytest.raises(RemoteUnavailable, match=r"The end of run 1 of repo-utility\.yml in acme/platform"):
        make(case)
    case.world.runs[0].looks = 0
    monkeypatch.undo()
    monkeypatch.setattr("gitops.patience.time.sleep", lambda seconds: None)
    make(case)
    assert len(case.world.dispatched) == 1, "the next apply takes up the run"


def _slow(run: Run) -> Run:
    run.looks = 10_000
    return run


def test_a_corrected_repository_is_not_made_again(case: Dispatched) -> None:
    make(case)
    case.world.repos["growth-churn"].visibility = "private"
    changes = plan(KIND, wanted(), case.client)
    assert changes[0].action == "settings"
    assert WORKFLOW.file not in changes[0].summary


def test_one_that_stands_can_be_adopted_as_ever(case: Dispatched) -> None:
    case.world.repos["growth-churn"] = Repo("growth-churn", commits=[{}])
    changes = plan(KIND, wanted(adopt=True), case.client)
    assert changes[0].action == "mark"
    carry_out(KIND, changes, case.client)
    assert case.world.dispatched == []
