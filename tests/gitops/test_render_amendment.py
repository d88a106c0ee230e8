from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from gitops.amendment import Amendment, compare
from gitops.approval import ApprovalRule
from gitops.edited import Edit, Effect
from gitops.markup import Page
from gitops.render_amendment import FORMATTING, cost_line, print_amendment, section
from tests.support import versions
from tests.support.versions import COMPUTE, REPO, SCHEMA, data, loaded, resource

GROWTH, RISK = versions.DATA["resources"][SCHEMA]["grants"]


def amendment(new: dict[str, Any], old: dict[str, Any] | None = None) -> Amendment:
    return compare(loaded(old), loaded(new), versions.registry(), versions.policy())


def in_terminal(found: Amendment, width: int = 80) -> str:
    file = io.StringIO()
    print_amendment(Console(file=file, width=width, force_terminal=True, color_system=None), found)
    return file.getvalue()


def on_github(found: Amendment) -> str:
    page = Page("## Plan")
    section(page, found)
    return str(page)


EDITED = data(
    resource(COMPUTE, size="large", max_workers=20, gpu=False),
    resource(SCHEMA, grants=[{**GROWTH, "privileges": ["USE_SCHEMA"]}, RISK]),
    resource(REPO, topics=["ml"]),
    data_classification="confidential",
)


def test_edits_stand_under_what_they_belong_to() -> None:
    text = in_terminal(amendment(EDITED))
    assert (
        text
        == (
            "requests/dev/growth/churn-prediction.yaml: 6 edits\n"
            "  the request itself\n"
            "    ~ data classification: internal → confidential  (only recorded; limits and\n"
            "      approvals follow)\n"
            "  the repository growth-churn-prediction\n"
            "    - topics: churn, no longer in the file  (stays: nothing is taken away)\n"
            "  the schema ml_dev.churn_prediction\n"
            "    - growth may no longer SELECT, MODIFY  (taken away)\n"
            "  the cluster growth-churn-dev\n"
            "    ~ size: small → large  (changed in place; restarts if it runs)\n"
            "    + GPU: false  (no difference)\n"
            "    ~ max workers: 4 → 20  (changed in place; restarts if it runs)\n"
        )
        + text[text.index("  Cost: ") :]
    )
    cost, *approvals = text[text.index("  Cost: ") :].splitlines()
    assert " before, " in cost
    assert any(
        "A monthly cost above 2,500 EUR: petra-v or sam-o must approve too" in one for one in approvals
    )
    assert all(one.startswith(("  approve: ", "    ")) for one in approvals)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = data(
        purpose="Words and words. " * 20 + "End.", members=[f"person-{n}@acme.example" for n in range(30)]
    )
    lines = in_terminal(amendment(long), width).splitlines()
    assert max(map(len, lines)) <= width


def test_long_texts_stand_beneath_each_other() -> None:
    text = in_terminal(amendment(data(purpose="Predict which subscribers will come back next month.")))
    assert "    ~ purpose  (changed in place; " in text
    assert "        - Predict which subscribers will leave next month.\n" in text
    assert "        + Predict which subscribers will come back next month.\n" in text


def test_in_a_file_no_line_is_broken() -> None:
    file = io.StringIO()
    print_amendment(Console(file=file, width=40), amendment(EDITED))
    assert "    ~ max workers: 4 → 20  (changed in place; restarts if it runs)\n" in file.getvalue()


def test_only_the_writing() -> None:
    found = amendment(data(lambda one: one["resources"].reverse()))
    assert FORMATTING in " ".join(in_terminal(found).split())
    assert FORMATTING in on_github(found)


def test_a_new_request_and_nothing() -> None:
    found = compare(None, loaded(), versions.registry(), versions.policy())
    assert in_terminal(found).startswith("requests/dev/growth/churn-prediction.yaml: a new request\n")
    assert cost_line(found).startswith("Cost: ")
    assert "must approve too" not in in_terminal(found)
    assert on_github(found) == "## Plan\n"
    same = amendment(data())
    assert "no edits" in in_terminal(same)
    assert on_github(same) == "## Plan\n"


def test_an_approval_that_is_left_behind() -> None:
    text = " ".join(in_terminal(amendment(data(), data(data_classification="restricted"))).split())
    assert (
        "Data classified as restricted, until now: irene-w or tomas-b must approve this one time more" in text
    )


def test_several_people_and_nobody() -> None:
    found = replace(
        amendment(data(resource(COMPUTE, gpu=False))),
        more=(
            ApprovalRule("a", 2, frozenset({"c", "a", "b"}), "One"),
            ApprovalRule("b", 1, frozenset(), "Two"),
            ApprovalRule("c", 1, frozenset({"x"}), "Three"),
        ),
    )
    text = in_terminal(found)
    assert "One: 2 of a, b or c must approve too" in text
    assert "Two: nobody the policy knows must approve too" in text
    assert "Three: x must approve too" in text


def test_on_the_pull_request() -> None:
    text = on_github(amendment(EDITED))
    assert "#### What changed in the request\n\n| | What | Where | What becomes of it |" in text
    assert (
        "| ~ | size: small → large | the cluster growth-churn-dev | changed in place; restarts if it runs |"
        in text
    )
    assert "| - | growth may no longer SELECT, MODIFY |" in text
    assert "| **taken away** |" in text
    assert "- A monthly cost above 2,500 EUR: petra-v or sam-o must approve too" in text


HOSTILE = "a | b <img src=x> @team #1 `code` [x](https://evil.example) \x1b[31m\u202e\nx"


def test_what_people_typed_does_nothing() -> None:
    edit = Edit(
        sign="~",
        label=HOSTILE,
        value=HOSTILE,
        effect=Effect.IN_PLACE,
        paths=("x",),
        thing=HOSTILE,
        details=(HOSTILE,),
        note=HOSTILE,
    )
    found = Amendment(
        request="dev/growth/churn", path=f"{HOSTILE}.yaml", edits=(edit, replace(edit, label=""))
    )
    page = on_github(found)
    assert "<img" not in page
    assert "@team" not in page
    assert "](https" not in page
    assert len(page.splitlines()) == 8  # two titles, two rows of a head, two edits, and empty lines between
    terminal = in_terminal(found)
    assert "\x1b[31m" not in terminal
    assert "\u202e" not in terminal
