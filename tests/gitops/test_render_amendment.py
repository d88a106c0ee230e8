from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from rich.console import Console

from gitops.amendment import Amendment, approvals_of_change, compare
from gitops.approval import ApprovalRule
from gitops.edited import Edit, Effect
from gitops.markup import Page
from gitops.plan import Plan
from gitops.render_amendment import FORMATTING, cost_line, due_to, print_amendment, print_edits, section
from gitops.render_plan import plan_comment
from gitops.render_plan_terminal import print_plan
from gitops.report import Entry, Report
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
            "    - topics: churn  (taken away)\n"
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
    found = structs.replace(
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
    assert "#### What changed in the request\n\n| Edit | What | Where | What becomes of it |" in text
    assert (
        "| ~ | size: small → large | the cluster growth-churn-dev | changed in place; restarts if it runs |"
        in text
    )
    assert "| - | growth may no longer SELECT, MODIFY |" in text
    assert "| **taken away** |" in text
    assert re.search(r"\n\nCost: €\d.* before, €\d.* after\n$", text)


def entry(new: dict[str, Any], old: dict[str, Any] | None = None) -> Entry:
    """What a plan of the edit is, if nothing has to be done for it."""
    was, becomes = loaded(old), loaded(new)
    return Entry(
        request=becomes.id,
        path=becomes.path,
        file_digest=becomes.file_digest,
        plan=Plan(request=becomes.id, file_digest=becomes.file_digest),
        rules=approvals_of_change(was, becomes, versions.policy(), versions.registry()),
        amendment=amendment(new, old),
    )


def test_the_comment_says_which_approvals_the_edit_has_to_do_with() -> None:
    text = plan_comment(Report(entries=(entry(EDITED),)))
    assert text.index("#### Who must approve") < text.index("#### What changed in the request")
    assert "<code>sam-o</code>: A monthly cost above 2,500 EUR (because of this edit)\n" in text
    assert "<code>nadia-k</code>: The environment dev\n" in text
    text = plan_comment(Report(entries=(entry(data(), data(data_classification="restricted")),)))
    assert ": Data classified as restricted (because of what is merged)\n" in text
    assert due_to(entry(EDITED).rules[0], None) == ""


def test_what_comes_after_the_edits_fits_whatever_the_edits_are() -> None:
    lines = tuple(f"+ {'<' * 200}" for _ in range(400))
    some = Edit(sign="~", value="@" * 600, effect=Effect.IN_PLACE, paths=("x",), details=lines)
    taken = structs.replace(some, value="The last grant of risk", effect=Effect.TAKEN, details=())
    risky = structs.replace(some, value="All may read it", risky=True, details=())
    edited = structs.replace(amendment(EDITED), edits=(*[some] * 300, risky, taken))
    found = replace(entry(EDITED), amendment=edited)
    text = plan_comment(Report(entries=(found,)))
    changed = text[text.index("#### What changed") : text.index("<sub>Only")]
    assert len(changed) < 20_000
    assert changed.index("All may read it") < changed.index("**taken away**")
    left = re.search(r"and (\d+) more, see `lakeport diff`", changed)
    assert left
    assert int(left[1]) + changed.count("\n| ~ |") == 302
    assert "Left out" not in text


def test_a_new_resource_is_shown_in_part() -> None:
    lines = tuple(f"+ line {number}" for number in range(20))
    new = Edit(sign="+", value="It is new", effect=Effect.MADE, paths=("x",), details=lines)
    text = on_github(structs.replace(amendment(EDITED), edits=(new,)))
    assert "line 11<br>and 8 more |" in text


def in_plan(found: Entry, width: int = 80) -> str:
    file = io.StringIO()
    print_plan(Console(file=file, width=width, force_terminal=True, color_system=None), found)
    return file.getvalue()


def test_within_the_plan_each_edit_is_a_sentence() -> None:
    text = in_plan(entry(EDITED))
    begin, end = text.index("  changed in the request:\n"), text.index("    Cost: ")
    assert text[begin:end] == (
        "  changed in the request:\n"
        "    ~ data classification: internal → confidential  (only recorded; limits and\n"
        "      approvals follow)\n"
        "    - topics of the repository growth-churn-prediction: churn  (taken away)\n"
        "    - growth may no longer SELECT, MODIFY on the schema\n"
        "      ml_dev.churn_prediction  (taken away)\n"
        "    ~ size of the cluster growth-churn-dev: small → large  (changed in place;\n"
        "      restarts if it runs)\n"
        "    ~ max workers of the cluster growth-churn-dev: 4 → 20  (changed in place;\n"
        "      restarts if it runs)\n"
    )
    assert "  approve: 1 of petra-v, sam-o: A monthly cost above 2,500 EUR (because of this edit)" in text
    assert "must approve too" not in text


def test_a_plan_that_could_not_be_drawn_shows_the_edit_too() -> None:
    text = in_plan(replace(entry(EDITED), plan=None).without_plan("GitHub did not answer.", 4))
    assert "GitHub did not answer.\n  changed in the request:\n" in text


def test_within_the_plan_only_the_writing() -> None:
    text = in_plan(entry(data(lambda one: one["resources"].reverse())))
    assert FORMATTING in " ".join(text.split())
    assert "changed in the request" not in in_plan(entry(data()))


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
        request="dev/growth/churn", path=f"{HOSTILE}.yaml", edits=(edit, structs.replace(edit, label=""))
    )
    page = on_github(found)
    assert "<img" not in page
    assert "@team" not in page
    assert "](https" not in page
    assert len(page.splitlines()) == 8  # two titles, two rows of a head, two edits, and empty lines between
    terminal = in_terminal(found)
    file = io.StringIO()
    print_edits(Console(file=file, width=80, force_terminal=True, color_system=None), found)
    for text in (terminal, file.getvalue()):
        assert "\x1b[31m" not in text
        assert "\u202e" not in text
