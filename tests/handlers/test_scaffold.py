"""The scaffold kind, beyond the laws; rendering is tested in test_scaffold_files.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.errors import StalePlan
from gitops.plan import Change, Reason, RefusedChange
from handlers import scaffold
from handlers._scaffold_fields import derive
from tests.fakes.repo import Repo
from tests.fakes.scaffold import Case
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.support import policy as policy_of

KIND = scaffold.KIND


@pytest.fixture
def case() -> Case:
    return Case()


def wanted(**spec: Any) -> Any:
    return desired(KIND, Case.spec | spec)


def repo(case: Case) -> Repo:
    return case.world.repos["growth-churn"]


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(**spec), case.client)
    return refused.value


def test_it_is_one_commit_in_three_writes(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert [write.split()[0] for write in case.world.writes] == ["tree", "commit", "ref"]
    files = repo(case).commits[-1]
    assert len(repo(case).commits) == 2
    assert {"pyproject.toml", "README.md", "src/churn/main.py", ".github/workflows/ci.yml"} <= set(files)
    marker = json.loads(files[".lakeport/scaffold.json"])
    assert (marker["template"], marker["request"]) == ("databricks-pipeline", "dev/growth/churn")


def test_a_newer_template_changes_nothing_that_stands(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    monkeypatch.setattr(scaffold, "digest_of", lambda template: "sha256:newer")
    assert not plan(KIND, wanted(), case.client)


def test_a_template_changed_after_approval_is_refused(case: Case) -> None:
    (change,) = plan(KIND, wanted(), case.client)
    stale = Change.from_json(change.as_json() | {"after": change.after | {"template_digest": "sha256:other"}})
    with pytest.raises(StalePlan, match="not the one of the approved plan"):
        KIND.apply(stale, case.client)
    assert len(repo(case).commits) == 1


def test_files_are_never_overwritten(case: Case) -> None:
    repo(case).commits.append({"README.md": "", "main.py": "x"})
    assert refusal(case).reason is Reason.NOT_OURS
    assert refusal(case, adopt=True).reason is Reason.NOT_OURS


def test_files_that_came_after_the_plan_are_not_overwritten(case: Case) -> None:
    changes = plan(KIND, wanted(), case.client)
    repo(case).commits.append({"README.md": "", "main.py": "x"})
    with pytest.raises(StalePlan, match="not empty any more"):
        carry_out(KIND, changes, case.client)
    assert case.world.writes == []


def test_another_template_is_refused(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert refusal(case, template="python-library").reason is Reason.IMMUTABLE


@pytest.mark.parametrize(
    "marker", ["not json", "[]", "{}", '{"request": "dev/risk/x", "template": "databricks-pipeline"}']
)
def test_a_marker_that_is_not_ours(case: Case, marker: str) -> None:
    repo(case).commits.append({"README.md": "", ".lakeport/scaffold.json": marker})
    assert refusal(case).reason is Reason.NOT_OURS


def test_a_template_that_is_not_there(case: Case) -> None:
    assert refusal(case, template="nope").reason is Reason.MISSING


@pytest.mark.parametrize("template", ["../x", "/etc", "a/b", "", "Python", "a..b"])
def test_a_template_is_a_name(template: str) -> None:
    with pytest.raises(ValueError, match="template"):
        wanted(template=template)


def test_it_comes_after_its_repository() -> None:
    assert KIND.after == ("repo",)


def test_a_repository_that_does_not_stand_yet_is_filled_later(case: Case) -> None:
    case.world.repos.clear()
    assert KIND.read(wanted(), case.client) is None
    assert len(plan(KIND, wanted(), case.client)) == 1


def test_what_is_derived() -> None:
    origin = {"name": "churn", "team": "growth", "environment": "dev"}
    assert derive({}, origin, policy_of()) == {"repo": "growth-churn", "template": "databricks-pipeline"}
    with_repo = origin | {"resources": {"repo": {"name": "growth-other"}}}
    assert derive({"template": "x"}, with_repo, policy_of()) == {"repo": "growth-other"}


def complaints(**spec: Any) -> list[str]:
    return [
        f"{rule.id} {complaint.path}"
        for rule in KIND.rules
        for complaint in rule.check(wanted(**spec), policy_of())
    ]


def test_rules() -> None:
    assert complaints() == []
    assert complaints(inputs={"python": "3.12"}) == []
    assert complaints(template="nope") == ["scaffold-template template"]
    assert complaints(inputs={"python": "2.7"}) == ["scaffold-inputs inputs.python"]
    assert complaints(inputs={"purpose": "x"}) == ["scaffold-inputs inputs.purpose"]
