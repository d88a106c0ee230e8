"""The workflows' contract: least rights, nothing of a user in a script, and commands that exist."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops import cli

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".github/workflows"
NAMES = ("apply", "check", "ci", "comment", "drift", "expire", "gate", "record")
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
PINS = {
    CHECKOUT: "v5.0.0",
    "actions/upload-pages-artifact@7b1f4a764d45c48632c6b24a0339c27f5614fb0b": "v4.0.0",
    "actions/deploy-pages@d6db90164ac5ed86f2b6aed7e0febac5b3c0c03e": "v4.0.5",
}

# Every right a job has, and no other; a new one is argued for here.
RIGHTS = {
    ("check", "plan"): {"contents": "read", "id-token": "write"},
    ("check", "report"): {
        "contents": "read",
        "checks": "write",
        "pull-requests": "write",
        "statuses": "read",
    },
    ("gate", "gate"): {"contents": "read", "checks": "write", "pull-requests": "write", "statuses": "read"},
    ("apply", "apply"): {
        "contents": "write",
        "actions": "read",
        "checks": "read",
        "pull-requests": "write",
        "statuses": "read",
        "id-token": "write",
    },
    ("ci", "ci"): {"contents": "read"},
    # A dead run is released in the receipts; plans and applies are started, and done elsewhere.
    ("comment", "comment"): {"contents": "write", "actions": "write", "pull-requests": "write"},
    ("drift", "drift"): {"contents": "write", "id-token": "write"},
    ("expire", "expire"): {"contents": "read", "pull-requests": "write"},
    ("record", "build"): {"contents": "read"},
    ("record", "deploy"): {"pages": "write", "id-token": "write"},
}
# The jobs that see a credential of the live systems, each in an environment of its own.
ENVIRONMENTS = {
    ("check", "plan"): "lakeport-plan",
    ("apply", "apply"): "lakeport-apply",
    ("drift", "drift"): "lakeport-plan",
    ("expire", "expire"): "lakeport-expire",
    ("comment", "comment"): "lakeport-expire",
}
PAGES = {("record", "deploy"): "github-pages"}
EVENTS = {
    "check": {"pull_request", "workflow_dispatch"},
    "comment": {"issue_comment"},
    "gate": {"pull_request", "pull_request_review", "issue_comment"},
    "apply": {"push", "schedule", "workflow_dispatch"},
    "ci": {"pull_request", "push"},
    "drift": {"schedule", "workflow_dispatch"},
    "expire": {"schedule", "workflow_dispatch"},
    "record": {"schedule", "workflow_dispatch"},
}
# What a workflow may put into an environment variable; of what a person writes only the base branch's name.
HARMLESS = re.compile(
    r"vars\.[A-Z_]+(?: \|\| '[a-z-]+')?|secrets\.[A-Z_]+|github\.token|needs\.plan\.outputs\.report"
    r"|vars\.DATABRICKS_AUTH_TYPE == 'pat' && secrets\.DATABRICKS_TOKEN \|\| ''"
    r"|steps\.[a-z]+\.outputs\.[a-z]+"
    r"|inputs\.(?:only|resume)"
    r"|github\.event\.pull_request\.(?:number|head\.sha|base\.ref)"
    r"|github\.event\.pull_request\.(?:number \|\| inputs\.pull|head\.sha \|\| inputs\.head)"
    r"|github\.event\.pull_request\.number \|\| github\.event\.issue\.number"
    r"|github\.event\.pull_request\.base\.ref \|\| github\.event\.repository\.default_branch"
    r"|github\.event\.comment\.id"
)
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)


def load(name: str) -> dict[str, Any]:
    # `on` is a boolean in YAML 1.1; the base loader reads every scalar as it is written.
    data = yaml.load((FOLDER / f"{name}.yml").read_text(), yaml.BaseLoader)
    assert isinstance(data, dict)
    return data


WORKFLOWS = {name: load(name) for name in NAMES}
JOBS = [(name, job) for name in NAMES for job in WORKFLOWS[name]["jobs"]]
STEPS = [
    pytest.param(step, id=f"{name}-{job}-{number}")
    for name, job in JOBS
    for number, step in enumerate(WORKFLOWS[name]["jobs"][job]["steps"])
]
SCRIPTS = [pytest.param(each.values[0], id=each.id) for each in STEPS if "run" in each.values[0]]


def test_there_are_these_and_no_others() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == [f"{name}.yml" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_no_right_at_the_top_and_a_bound_on_time(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert 1 <= int(job["timeout-minutes"]) <= 60
        assert job["runs-on"] == "ubuntu-latest"


def test_every_job_has_the_rights_it_needs_and_no_other() -> None:
    assert {(name, job): WORKFLOWS[name]["jobs"][job]["permissions"] for name, job in JOBS} == RIGHTS


@pytest.mark.parametrize("name", NAMES)
def test_events(name: str) -> None:
    assert set(WORKFLOWS[name]["on"]) == EVENTS[name]
    assert "pull_request_target" not in (FOLDER / f"{name}.yml").read_text()
    assert "workflow_run" not in (FOLDER / f"{name}.yml").read_text()


def test_only_pull_requests_into_main_are_judged() -> None:
    """With another base the code that judges would come from a branch that anyone may push to."""
    assert WORKFLOWS["check"]["on"]["pull_request"] == {"branches": ["main"]}
    assert WORKFLOWS["gate"]["on"]["pull_request"] == {"branches": ["main"]}
    assert "github.event.pull_request.base.ref == 'main'" in WORKFLOWS["gate"]["jobs"]["gate"]["if"]


def test_the_gate_is_asked_again_on_every_push_review_and_comment() -> None:
    gate = WORKFLOWS["gate"]
    assert gate["on"]["pull_request_review"]["types"] == ["submitted", "edited", "dismissed"]
    assert gate["on"]["issue_comment"]["types"] == ["created", "edited", "deleted"]
    assert "github.event.issue.pull_request" in gate["jobs"]["gate"]["if"], "an issue has comments, too"
    assert "comment" not in yaml.safe_dump(gate["jobs"]["gate"]["steps"])


@pytest.mark.parametrize("step", STEPS)
def test_actions_are_pinned_and_checkout_leaves_no_credential_behind(step: dict[str, Any]) -> None:
    if "uses" in step and step["uses"] != CHECKOUT:
        assert step["uses"] in PINS
        assert step.get("with", {}).keys() <= {"path"}
    elif "uses" in step:
        assert step["with"]["persist-credentials"] == "false"
        assert not {"ref", "repository", "token"} & step["with"].keys()
    else:
        assert "run" in step


@pytest.mark.parametrize("name", NAMES)
def test_the_pin_says_its_version(name: str) -> None:
    lines = [line for line in (FOLDER / f"{name}.yml").read_text().splitlines() if " uses:" in line]
    assert lines
    assert {line.partition("uses: ")[2] for line in lines} <= {f"{pin} # {tag}" for pin, tag in PINS.items()}


@pytest.mark.parametrize("step", SCRIPTS)
def test_no_expression_inside_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]


@pytest.mark.parametrize("step", STEPS)
def test_only_harmless_expressions_reach_a_step(step: dict[str, Any]) -> None:
    for key, value in step.get("env", {}).items():
        for expression in EXPRESSION.findall(value):
            assert HARMLESS.fullmatch(expression), f"{key}: {expression}"


@pytest.mark.parametrize("step", SCRIPTS)
def test_variables_in_scripts_are_quoted(step: dict[str, Any]) -> None:
    """An unquoted one would be split at its spaces; assignments and [[ ]] do not split."""
    for line in step["run"].splitlines():
        bare = re.sub(r"\[\[ .*? \]\]|(?:^|\s)#.*$|^\s*[A-Za-z_]+=[^\s(]*", "", line)
        bare = re.sub(r'"[^"]*"', "", bare)
        assert not re.search(r"\$[A-Za-z_{]", bare), line


def test_secrets_reach_single_steps_of_jobs_with_an_environment_only() -> None:
    for name, job in JOBS:
        text = yaml.safe_dump(WORKFLOWS[name]["jobs"][job])
        assert ("secrets." in text) == ((name, job) in ENVIRONMENTS)
        environment = (ENVIRONMENTS | PAGES).get((name, job))
        assert WORKFLOWS[name]["jobs"][job].get("environment") == environment
        assert "env" not in WORKFLOWS[name]["jobs"][job]
    assert not any("env" in workflow for workflow in WORKFLOWS.values())


def test_the_job_that_sees_live_systems_in_a_pull_request_cannot_write() -> None:
    rights = RIGHTS["check", "plan"]
    assert {key for key, value in rights.items() if value == "write"} == {"id-token"}
    assert not any(
        "GITHUB_TOKEN" in step.get("env", {}) for step in WORKFLOWS["check"]["jobs"]["plan"]["steps"]
    )


def test_applying_waits_its_turn_and_is_never_cut_off() -> None:
    assert WORKFLOWS["apply"]["concurrency"] == {"group": "apply", "cancel-in-progress": "false"}
    assert WORKFLOWS["gate"]["concurrency"]["cancel-in-progress"] == "false"


def test_what_somebody_comments_reaches_no_step_and_orders_only_as_a_person() -> None:
    text = (FOLDER / "comment.yml").read_text()
    job = WORKFLOWS["comment"]["jobs"]["comment"]
    assert "github.event.comment.user.type == 'User'" in job["if"]
    assert WORKFLOWS["comment"]["on"]["issue_comment"] == {"types": ["created"]}, "an edit orders nothing"
    assert text.count("comment.body") == job["if"].count("comment.body")


def test_the_record_is_published_where_somebody_chose_to_and_without_a_credential() -> None:
    """Pages may be open to the world."""
    jobs = WORKFLOWS["record"]["jobs"]
    assert jobs["build"]["if"] == "vars.LAKEPORT_PAGES == 'true'"
    assert jobs["deploy"]["needs"] == "build"
    assert [set(step.get("env", {})) for step in jobs["build"]["steps"]] == [set(), set(), {"PYTHON"}, set()]


def test_what_a_pull_request_brings_is_never_run() -> None:
    """Code comes from the base's work tree, and the current folder is no place to import from (-P)."""
    for name in ("check", "gate"):
        for job in WORKFLOWS[name]["jobs"].values():
            scripts = [step["run"] for step in job["steps"] if "run" in step]
            assert "git worktree add" in scripts[0]
            assert 'refs/remotes/origin/$BASE_REF"' in scripts[0]
            assert '"$folder/base/.github/install"' in scripts[0]
            assert all("PYTHONPATH=$FOLDER/base " in script for script in scripts[1:])
    for _, line in commands():
        assert ' "$PYTHON" -P -m gitops ' in line


def commands() -> list[tuple[str, str]]:
    """Every call of Lakeport in the workflows: the workflow's name and the whole line."""
    found = []
    for name, job in JOBS:
        for step in WORKFLOWS[name]["jobs"][job]["steps"]:
            script = step.get("run", "").replace("\\\n", " ")
            found += [(name, line.strip()) for line in script.splitlines() if "-m gitops" in line]
    return found


def test_every_part_of_the_road_is_there() -> None:
    called = sorted((name, shlex.split(line.split("-m gitops ")[1])[0]) for name, line in commands())
    assert called == [
        ("apply", "apply"),
        ("apply", "apply"),
        ("check", "gate"),
        ("check", "plan"),
        ("check", "report"),
        ("comment", "comment"),
        ("drift", "drift"),
        ("drift", "orphans"),
        ("expire", "expire"),
        ("gate", "gate"),
        ("record", "audit"),
    ]


@pytest.mark.parametrize(("name", "line"), commands())
def test_every_command_is_taken_as_it_is_called(name: str, line: str) -> None:
    command, *words = shlex.split(line.split("-m gitops ")[1].split(" || ")[0])
    values = [re.sub(r"\$\w+", "7", word) for word in words]  # what a variable holds, a number included
    options = cli.parser_of(command, cli.load(command)).parse(values)
    given = {word[2:].replace("-", "_") for word in words if word.startswith("--")}
    assert given <= {option for option, value in vars(options).items() if value}


def test_the_variables_that_sign_in_are_handed_on() -> None:
    """What gitops.clients reads, and nothing else, under the very name."""
    source = (ROOT / "gitops/clients.py").read_text() + (ROOT / "gitops/pulls.py").read_text()
    databricks = {"DATABRICKS_AUTH_TYPE", "DATABRICKS_CLIENT_ID", "DATABRICKS_TOKEN"}  # read by the SDK
    own = {"FOLDER", "PYTHON", "BASE_REF", "BASE_SHA", "HEAD_SHA", "PULL", "REPORT", "ONLY", "RESUME"}
    own |= {"COMMENT"}
    for step in SCRIPTS:
        for key in step.values[0].get("env", {}):
            assert key in databricks | own or f'"{key}"' in source, key


# --- what is installed


def run_install(checkout: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(cache),
        "RUNNER_TOOL_CACHE": str(cache),
        "LAKEPORT_PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",  # nothing is fetched
    }
    return subprocess.run(
        [str(checkout / ".github/install")], env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose lock asks for nothing."""
    made = tmp_path / "a checkout"
    (made / ".github").mkdir(parents=True)
    (made / "locks").mkdir()
    (made / ".github/install").write_bytes((ROOT / ".github/install").read_bytes())
    (made / ".github/install").chmod(0o755)
    (made / "locks/runtime.txt").write_text("")
    return made


def test_the_environment_is_made_once_for_a_lock_and_again_when_it_broke(
    tmp_path: Path, checkout: Path
) -> None:
    cache = tmp_path / "a cache"
    first = run_install(checkout, cache)
    assert first.returncode == 0, first.stderr
    python = Path(first.stdout.strip())
    digest = hashlib.sha256(b"").hexdigest()[:16]
    assert python == cache / "lakeport" / digest / "bin/python"
    marker = python.parent.parent / "marker"
    marker.touch()
    again = run_install(checkout, cache)
    assert again.stdout == first.stdout
    assert marker.exists(), "it was found, not made again"

    python.unlink()
    python.symlink_to("/nowhere/python")  # what is left when the runner's Python is replaced
    done = run_install(checkout, cache)
    assert (done.returncode, done.stdout) == (0, first.stdout), done.stderr
    assert subprocess.run([python, "-c", ""], check=True).returncode == 0
    assert not marker.exists()
    assert [path.name for path in (cache / "lakeport").iterdir()] == [digest], "nothing is left behind"


def test_an_environment_that_could_not_be_filled_is_not_there(tmp_path: Path, checkout: Path) -> None:
    (checkout / "locks/runtime.txt").write_text("a-package==1.0 --hash=sha256:" + "0" * 64 + "\n")
    done = run_install(checkout, tmp_path / "cache")
    assert done.returncode != 0
    assert done.stdout == ""
    assert list((tmp_path / "cache/lakeport").iterdir()) == []


def test_only_what_the_lock_has_by_hash_is_installed() -> None:
    lines = (ROOT / ".github/install").read_text().splitlines()
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) == 1
    assert '--require-hashes --no-deps -r "$lock"' in installs[0]


def test_code_and_policy_have_owners() -> None:
    lines = [
        line.split()
        for line in (ROOT / ".github/CODEOWNERS").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    owners = {path: names for path, *names in lines}
    for path in ("*", "/.github/", "/requests/policy.yaml"):
        assert owners[path]
        assert all(name.startswith("@") for name in owners[path])
