"""Which workflows an event starts, and what their tokens may do."""

from __future__ import annotations

import pytest

from sandbox.github.workflows import Facts, Workflow, WorkflowError, evaluate, parse, selects, starts

JOBS = "jobs:\n  a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}\n"


def workflow(on: str) -> Workflow:
    return parse(f"{on}\n{JOBS}".encode(), ".github/workflows/x.yml")


@pytest.mark.parametrize(
    ("on", "facts", "expected"),
    [
        ("on: push", Facts("push", branch="main"), True),
        ("on: [push, pull_request]", Facts("pull_request", "opened"), True),
        ("on: pull_request", Facts("pull_request", "closed"), False),
        ("on: pull_request", Facts("pull_request", "labeled"), False),
        ("on:\n  pull_request: {types: [closed]}", Facts("pull_request", "closed"), True),
        ("on: pull_request_review", Facts("pull_request_review", "dismissed"), True),
        ("on:\n  push: {branches: [main]}", Facts("push", branch="x"), False),
        ("on:\n  push: {branches: ['request/**']}", Facts("push", branch="request/dev/a/b"), True),
        ("on:\n  push: {branches: ['request/*']}", Facts("push", branch="request/dev/a/b"), False),
        ("on:\n  push: {branches-ignore: [receipts]}", Facts("push", branch="receipts"), False),
        ("on:\n  push: {branches: [main]}", Facts("push", tag="v1"), False),
        ("on:\n  push: {tags: ['v*']}", Facts("push", tag="v1"), True),
        ("on:\n  push: {paths: ['requests/**']}", Facts("push", files=["requests/dev/x.yaml"]), True),
        ("on:\n  push: {paths: ['requests/**']}", Facts("push", files=["docs/a.md"]), False),
        ("on:\n  push: {paths: ['**', '!docs/**']}", Facts("push", files=["docs/a.md"]), False),
        ("on:\n  push: {paths-ignore: ['docs/**']}", Facts("push", files=["docs/a.md"]), False),
        ("on:\n  push: {paths-ignore: ['docs/**']}", Facts("push", files=["docs/a.md", "b"]), True),
        ("on: push", Facts("push", message="Docs [skip ci]"), False),
        ("on: workflow_dispatch", Facts("workflow_dispatch"), True),
        (
            "on:\n  workflow_run: {workflows: [check], types: [completed]}",
            Facts("workflow_run", "completed"),
            False,
        ),
        (
            "on:\n  workflow_run: {workflows: [check], types: [completed]}",
            Facts("workflow_run", "completed", workflow="check"),
            True,
        ),
    ],
)
def test_what_starts(on: str, facts: Facts, expected: bool) -> None:
    assert starts(workflow(on), facts) is expected


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("*.md", "a.md", True),
        ("*.md", "d/a.md", False),
        ("**/a.md", "a.md", True),
        ("**/a.md", "x/y/a.md", True),
        ("**.md", "x/y/a.md", True),
        ("v[12].*", "v2.0", True),
        ("ab?c", "ac", True),
        ("requests/**", "requests", False),
        ("a.c", "abc", False),
    ],
)
def test_patterns(pattern: str, value: str, expected: bool) -> None:
    assert selects([pattern], value) is expected


def test_permissions_are_the_union_of_the_jobs() -> None:
    text = """
on: push
permissions: {}
jobs:
  plan: {permissions: {contents: read}, steps: []}
  report: {permissions: {checks: write, pull-requests: write, contents: none}, steps: []}
  none: {steps: []}
"""
    found = parse(text.encode(), "x.yml")
    assert found.permissions == {"contents": "read", "checks": "write", "pull_requests": "write"}
    assert workflow("on: push").permissions == {"contents": "read", "packages": "read"}


def test_groups_are_expressions() -> None:
    context = {"github": {"workflow": "apply", "event": {"number": 7}, "head_ref": None}}
    assert (
        evaluate("${{ github.workflow }}-${{ github.head_ref || github.event.number }}", context) == "apply-7"
    )
    assert evaluate("${{ github.none || 'x' }}", context) == "x"


@pytest.mark.parametrize("raw", [b"on: push", b"jobs: {}", b"on: push\njobs: [", b"a: &x 1\nb: *x", b"\xff"])
def test_a_file_that_is_no_workflow(raw: bytes) -> None:
    with pytest.raises(WorkflowError):
        parse(raw, "x.yml")
