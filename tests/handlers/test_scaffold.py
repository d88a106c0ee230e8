"""The scaffold kind, beyond the laws; rendering is tested in test_scaffold_files.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops.errors import StalePlan
from gitops.plan import Change, Reason, RefusedChange
from handlers import _scaffold_plan, scaffold
from handlers._scaffold_fields import derive
from handlers._scaffold_files import digest_of
from handlers._scaffold_marker import parse
from handlers._scaffold_paths import MARKER
from tests.fakes.scaffold import Case, sha_of
from tests.handlers.support import carry_out, desired, plan
from tests.handlers.support import policy as policy_of
from tests.support.templates import forget, template

KIND = scaffold.KIND
FOREIGN_NOTES = [
    "not json",
    "[]",
    "{}",
    "\xff",
    "[" * 100_000,
    '{"request": "dev/risk/x", "template": "databricks-pipeline"}',
    '{"request": ["dev/growth/churn"], "template": "databricks-pipeline"}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "files": {"../x": "1"}}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "files": ["x"]}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "files": {"x": "HEAD:x"}}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "version": "1.0\\u0000"}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "version": "1.0\\n"}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "digest": "--all"}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline", "context": 1}',
    '{"request": "dev/growth/churn", "template": "databricks-pipeline"}' + " " * 600_000,
    ("120000", '{"request": "dev/growth/churn", "template": "databricks-pipeline"}'),
]


@pytest.fixture
def case() -> Iterator[Case]:
    yield Case()
    forget()


def wanted(**spec: Any) -> Any:
    return desired(KIND, Case.spec | spec)


def refusal(case: Case, **spec: Any) -> RefusedChange:
    with pytest.raises(RefusedChange) as refused:
        plan(KIND, wanted(**spec), case.client)
    return refused.value


def test_it_is_one_commit_in_three_writes(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.writes == ["tree", "commit", "ref"]
    files = case.repo.texts()
    assert {"pyproject.toml", "README.md", "src/churn/main.py", ".github/workflows/ci.yml"} <= set(files)


def test_sixty_files_are_three_writes(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = {f"src/{number}/a.txt": f"{number}" for number in range(60)}
    template(tmp_path / "templates", "databricks-pipeline", many, monkeypatch)
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert case.world.writes == ["tree", "commit", "ref"]
    assert case.repo.texts().items() >= many.items()


def test_the_note_says_which_template_what_with_and_which_files(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(inputs={"python": "3.12"}), case.client), case.client)
    files = case.repo.files()
    marker = parse(files[MARKER][1])
    assert (marker.request, marker.template, marker.version) == (
        "dev/growth/churn",
        "databricks-pipeline",
        "1.0.0",
    )
    assert marker.digest == digest_of("databricks-pipeline")
    assert marker.context.values["python"] == "3.12"
    assert (marker.context.project, marker.context.package) == ("growth-churn", "churn")
    assert marker.files == {
        path: sha_of("blob", raw)
        for path, (_, raw) in files.items()
        if path not in (MARKER, ".github/CODEOWNERS")
    }


def test_the_plan_says_the_version_and_the_digest(case: Case) -> None:
    (change,) = plan(KIND, wanted(), case.client)
    assert change.summary.endswith("from the template databricks-pipeline 1.0.0")
    assert (change.after["version"], change.after["digest"]) == ("1.0.0", digest_of("databricks-pipeline"))
    assert change.details == (
        "The team growth owns the files in CODEOWNERS, if it may write and nothing else is said there.",
    )


def test_a_newer_template_changes_nothing_that_stands(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    monkeypatch.setattr(_scaffold_plan, "digest_of", lambda template: "sha256:newer")
    assert not plan(KIND, wanted(), case.client)


def test_what_people_do_to_the_files_is_no_drift(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    case.repo.push({"README.md": "ours", "pyproject.toml": None, "new.py": "x"})
    assert not plan(KIND, wanted(), case.client)


def test_a_template_changed_after_approval_is_refused(case: Case) -> None:
    (change,) = plan(KIND, wanted(), case.client)
    stale = Change.from_json(change.as_json() | {"after": change.after | {"digest": "sha256:other"}})
    with pytest.raises(StalePlan, match="not the one of the approved plan"):
        KIND.apply(stale, case.client)
    assert case.world.writes == []


IN_THE_WAY = [
    {"main.py": "x"},
    {"README.md": "# growth-churn\n\nHow we do it here.\n"},
    {"README.md": ("120000", "/etc/passwd")},
    {"readme.md": "# growth-churn\n"},
    {".lakeport": "a file"},
    {".lakeport": ("120000", "elsewhere")},
    {".lakeport/scaffold.json/x": "a folder"},
    {".Lakeport/scaffold.json": "{}"},
    {"sub": ("160000", "")},
]


@pytest.mark.parametrize("files", IN_THE_WAY)
def test_files_are_never_overwritten(case: Case, files: dict[str, Any]) -> None:
    case.repo.push({"README.md": "# growth-churn\n"} | files)
    assert refusal(case).reason is Reason.NOT_OURS
    assert refusal(case, adopt=True).reason is Reason.NOT_OURS


@pytest.mark.parametrize("files", IN_THE_WAY)
def test_files_that_came_after_the_plan_are_not_overwritten(case: Case, files: dict[str, Any]) -> None:
    changes = plan(KIND, wanted(), case.client)
    case.repo.push(files)
    with pytest.raises(StalePlan, match="not empty any more"):
        carry_out(KIND, changes, case.client)
    assert case.world.writes == []


def test_files_that_come_while_it_writes_are_not_overwritten(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = plan(KIND, wanted(), case.client)
    wrote = case.world.wrote

    def meanwhile(what: str) -> None:
        wrote(what)
        if what == "commit":
            case.repo.push({"main.py": "x"})

    monkeypatch.setattr(case.world, "wrote", meanwhile)
    with pytest.raises(StalePlan, match="at the same time"):
        carry_out(KIND, changes, case.client)
    assert set(case.repo.texts()) == {"README.md", "main.py"}


@pytest.mark.parametrize("text", ["# growth-churn", "# growth-churn\nPredict.\n", "# growth-churn\r\n"])
def test_the_readme_that_github_wrote_makes_room(case: Case, text: str) -> None:
    case.repo.description = "Predict."
    case.repo.push({"README.md": text})
    assert len(plan(KIND, wanted(), case.client)) == 1


# --- who owns the files


def owners(case: Case, **origin: str) -> dict[str, str]:
    carry_out(KIND, plan(KIND, desired(KIND, Case.spec, **origin), case.client), case.client)
    return {path: text for path, text in case.repo.texts().items() if "CODEOWNERS" in path}


def test_the_team_owns_the_files_where_the_template_does_not_say(case: Case) -> None:
    assert owners(case) == {".github/CODEOWNERS": "* @acme/growth\n"}


def test_without_a_team_on_github_nobody_is_named(case: Case) -> None:
    assert owners(case, github_team="") == {}


@pytest.mark.parametrize("team", ["readers", "strangers"])
def test_a_team_that_may_not_write_is_not_named(case: Case, team: str) -> None:
    """GitHub would ignore it without a word."""
    assert owners(case, github_team=team) == {}


@pytest.mark.parametrize("path", [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"])
def test_owners_that_are_named_already_stay(case: Case, path: str) -> None:
    case.repo.push({path: "* @acme/other\n"})
    assert owners(case) == {path: "* @acme/other\n"}


def test_owners_that_the_template_names_are_taken(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"CODEOWNERS": "* @{{cookiecutter.text.organisation}}/data\n"}
    template(tmp_path / "templates", "databricks-pipeline", mine, monkeypatch)
    assert owners(case) == {"CODEOWNERS": "* @acme/data\n"}


@pytest.mark.parametrize("path", ["CODEOWNERS", ".github/CODEOWNERS"])
def test_owners_that_the_template_names_do_not_replace_those_that_are_there(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    template(tmp_path / "templates", "databricks-pipeline", {"CODEOWNERS": "* @acme/data\n"}, monkeypatch)
    case.repo.push({path: "* @acme/other\n"})
    assert owners(case) == {path: "* @acme/other\n"}
    assert parse(case.repo.files()[MARKER][1]).files == {}, "what was not written is not recorded"


# --- what is not ours


def test_another_template_is_refused(case: Case) -> None:
    carry_out(KIND, plan(KIND, wanted(), case.client), case.client)
    assert refusal(case, template="python-library").reason is Reason.IMMUTABLE


@pytest.mark.parametrize("marker", FOREIGN_NOTES)
def test_a_note_that_is_not_ours(case: Case, marker: Any) -> None:
    case.repo.push({MARKER: marker})
    assert refusal(case).reason is Reason.NOT_OURS
    with pytest.raises(StalePlan):
        carry_out(KIND, KIND.plan(wanted(), None), case.client)
    assert case.world.writes == []


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
