from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gitops import render
from gitops.amendment import Amendment
from gitops.cost import Money
from gitops.edited import Edit, Effect
from gitops.finding import Finding, Place, Severity
from gitops.leaves import differences
from gitops.markup import LIMIT, Each, Page, clip, code, escape, visible
from gitops.plan import Change, OnFailure, Plan, Reason, Refusal, Stage, Verb
from gitops.plan_words import cost_of, counts, money, removals, summary
from gitops.policy import ApprovalRule
from gitops.receipts import Receipt, Step
from gitops.render_plan import plan_comment
from gitops.render_plan_terminal import print_plan
from gitops.report import Entry, Report

NASTY = (
    "<img src=x> @acme/owners #12 `tick` | pipe\n## head [x](https://evil.example) "
    "www.evil.example *b* $x$ GH-7"
)


def change(number: int = 0, **fields: object) -> Change:
    values: dict[str, object] = {
        "kind": "schema",
        "identity": f"ml_dev.churn{number}",
        "action": "schema",
        "verb": Verb.CREATE,
        "after": {"comment": "x"},
        "summary": f"Create the schema ml_dev.churn{number}",
    }
    return Change(**(values | fields))  # type: ignore[arg-type]


def entry(*changes: Change, **fields: object) -> Entry:
    plan = Plan(request="dev/growth/churn", file_digest="sha256:0", changes=changes)
    money = Money(Decimal(312), Decimal(312), "EUR", ("a cluster: 3 hours",))
    rules = (ApprovalRule("environment-dev", 1, frozenset({"nadia-k"}), "The environment dev"),)
    made = Entry(
        request="dev/growth/churn",
        path="requests/dev/growth/churn.yaml",
        file_digest="sha256:0",
        plan=plan,
        cost=money,
        rules=rules,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def finding(
    message: str = "Too large.", *, line: int = 2, column: int = 7, file: str = "f.yaml", end: int = 0
) -> Finding:
    place = Place(file, line, column, line if end else 0, end, "resources[0].size")
    return Finding("size-limit", Severity.ERROR, message, place, "Take a smaller one.")


def receipt(**fields: object) -> Receipt:
    made = Receipt(
        number=7,
        request="dev/growth/churn",
        path="requests/dev/growth/churn.yaml",
        file_digest="sha256:0",
        commit="a" * 40,
        pull=12,
        requester={"slack": "U1", "github": "liwei"},
        approvers=("nadia-k",),
        plan_digest="sha256:1",
        run_url="https://github.example/acme/requests/actions/runs/1",
        tool_version="0.1.0",
        status="partial",
        steps=(
            Step(
                key="repo/r/repo", digest="d", verb="create", summary="Make r", outcome="done", seconds=1.24
            ),
            Step(key="schema/s/schema", digest="d", verb="create", summary="", outcome="failed", error=NASTY),
        ),
        outputs={"repo/r": {"url": "https://github.example/acme/r", "id": "<script>"}},
        error=None,
        at="2026-11-21T06:00:00+00:00",
        previous="",
    )
    return structs.replace(made, **fields)  # type: ignore[arg-type]


def test_a_step_that_reads_back_otherwise_is_marked_where_the_result_is_told() -> None:
    about = {"key": "k/x/a", "digest": "d", "verb": "create", "summary": ""}
    steps = (
        Step(**about, outcome="done", read_back="differs", differs=NASTY),
        Step(**about, outcome="failed", error="No.", read_back="differs", differs="As one would think."),
        Step(**about, outcome="failed", error="Lost.", read_back="as_wanted"),
    )
    rows = [line for line in render.result_comment(receipt(steps=steps)).splitlines() if "k/x/a" in line]
    assert escape(NASTY, 1000) in rows[0]
    assert "one would think" not in rows[1]
    assert "It stands as wanted nevertheless." in rows[2]


# --- markup


@pytest.mark.parametrize("make", [escape, code])
def test_typed_text_does_nothing_on_github(make: object) -> None:
    text = make(NASTY, 1000)  # type: ignore[operator]
    inner = text.removeprefix("<code>").removesuffix("</code>")
    bare = re.sub(r"&#\d+;", "", inner)
    assert not set(bare) & set("<>&`|*_[]#@$\n")
    assert "://" not in text
    assert "www." not in text


def test_mentions_references_and_links_are_broken_in_the_finished_text() -> None:
    assert escape("@acme") == "&#64;&#8203;acme"
    assert escape("fixes #1") == "fixes &#35;&#8203;1"
    assert escape("https://x.example") == "https&#58;&#8203;//x.example"
    assert escape("GH-12") == "GH&#8203;-12"
    assert escape("1. one") == "1&#46; one"
    assert escape("- one") == "&#45; one"


def test_hidden_and_turning_characters_show() -> None:
    assert visible("a\u202eb\u200bc\x1b[31m\x00") == "a�b�c�[31m�"
    assert visible("a\r\nb\tc\u2028d") == "a  b c d"
    assert visible("Grüße 数据 ok") == "Grüße 数据 ok"


@pytest.mark.parametrize(
    "evil",
    [
        "a ##[set-output name=report]x",
        "##\u200b[debug]",
        "##\x00[debug]",
        "::error::x",
        " \t::stop-commands::x",
        "words\n::add-mask::x",
        "\u200b::error::x",
    ],
)
def test_no_line_of_a_log_is_a_command_to_the_runner(evil: str) -> None:
    shown = visible(evil)
    assert "##[" not in shown
    assert not any(word.startswith("::") for word in shown.split())
    assert visible(shown) == shown


def test_what_is_no_command_stays_as_it_is() -> None:
    for text in ("std::vector", "arn:aws:iam::1:role/x", "# [x]", "##", "a : b"):
        assert visible(text) == text


@given(st.text(alphabet=st.sampled_from("#[:\u200b\t\u202e a"), max_size=12) | st.text(max_size=40))
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert "##[" not in shown
    assert not shown.lstrip().startswith("::")


def test_code_of_nothing_is_nothing() -> None:
    assert code("  ") == ""


def test_clip() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("abcd", 4) == "abcd"


@given(st.text(max_size=200), st.integers(0, 50))
def test_escape_leaves_no_structure(text: str, limit: int) -> None:
    safe = escape(text, limit)
    assert not set(re.sub(r"&#\d+;", "", safe)) & set("<>&`|*_[]{}#@$\\~\n\r")
    assert safe[:1] not in set("-+=")


@given(st.lists(st.text(max_size=400), max_size=40), st.integers(700, 5000))
def test_a_page_is_never_longer_than_its_limit_and_counts_what_it_leaves_out(
    rows: list[str], limit: int
) -> None:
    page = Page("head", limit=limit)
    page.rows("| a |", (visible(row) for row in rows), what="rows")
    page.add("the end")
    text = str(page)
    assert len(text) <= limit
    assert ("Left out" in text) == page.full


def row_of(number: int, length: int, row: int) -> str:
    return f"<{number}.{row}>{'x' * length}"


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(1, 300), st.integers(50, 2000)),
        max_size=8,
    ),
    st.integers(700, 6000),
)
def test_what_matters_most_is_taken_first_and_stands_where_it_belongs(
    sections: list[tuple[int, int, int, int]], limit: int
) -> None:
    page = Page("head", limit=limit)
    for number, (rank, count, length, room) in enumerate(sections):
        rows = Each(range(count), partial(row_of, number, length))
        if number % 2:
            page.fold(f"S{number}", "H", rows, what=f"w{number}", rank=rank, room=room)
        else:
            page.rows(f"S{number}", rows, what=f"w{number}", rank=rank, room=room)
    text = str(page)
    assert len(text) <= limit
    assert text.count("<details>") == text.count("</details>")
    shown = [(int(n), int(row)) for n, row in re.findall(r"<(\d+)\.(\d+)>", text)]
    assert shown == sorted(shown)
    stopped = None
    for number in sorted(range(len(sections)), key=lambda number: sections[number][0]):
        _, count, length, room = sections[number]
        kept = sum(n == number for n, _ in shown)
        assert [row for n, row in shown if n == number] == list(range(kept)), "from the first on"
        assert kept == 0 or stopped is None, "nothing after the first that did not fit"
        if kept < count:
            assert f"{count - kept} w{number}" in text
            if (length + 5) * (kept + 1) + 60 < room:
                stopped = number


# --- plans


def test_plan_comment_says_what_a_reviewer_needs() -> None:
    plan = entry(
        change(),
        change(
            1, verb=Verb.UPDATE, before={"a": 1, "b": 2}, after={"a": 1, "b": 3}, removes=("SELECT of risk",)
        ),
        change(2, verb=Verb.REMOVE, before={"a": 1}, after=None, summary="Drop the empty schema"),
    )
    text = plan_comment(Report(entries=(plan,)))
    assert text.startswith("<!-- lakeport:plan -->\n")
    assert "**create 1, change 1, remove 2, about €312/month**" in text
    taken = text[text.index("Taken away") : text.index("#### Changes")]
    assert "SELECT of risk" in taken
    assert "Drop the empty schema" in taken
    assert "<code>b&#58; 2 → 3</code>" in text
    assert "a&#58; 1</code> | " not in text.split("churn1")[1].split("\n")[0]
    assert "1 of <code>nadia-k</code>: The environment dev" in text
    assert "<details><summary>Cost: about €312/month</summary>" in text


def gone(number: int, stage: Stage, **fields: object) -> Change:
    return change(number, verb=Verb.REMOVE, stage=stage, before={"a": 1}, after=None, **fields)


def test_a_retirement_is_one_table_by_stage_and_the_hold_stands_below_it() -> None:
    changes = (
        gone(0, Stage.FREEZE, summary="Stop the cluster"),
        gone(1, Stage.REVOKE, summary="growth: take away SELECT", removes=("growth loses SELECT",)),
        gone(2, Stage.DROP, summary="Drop the schema"),
    )
    plan = Plan(request="dev/growth/churn", file_digest="sha256:0", changes=changes, notes=("It waits.",))
    text = plan_comment(Report(entries=(entry(plan=plan),)))
    assert "**create 0, change 0, remove 3, " in text
    assert text.index("#### Who must approve") < text.index("#### Taken away")
    shown = text.split("#### Taken away, in this order")[1].split("<details>")[0]
    assert [
        line.rpartition(" | ")[0].replace("\N{NO-BREAK SPACE}", " ")
        for line in shown.splitlines()
        if line.startswith("| ")
    ] == [
        "| Stage | What",
        "| 1 freeze | Stop the cluster",
        "| 2 revoke | growth: take away SELECT",
        "| 4 drop | Drop the schema",
    ]
    assert shown.rstrip().endswith("#### Notes\n- It waits.")
    assert "#### Changes" not in text
    assert shown.count("Stop the cluster") == 1
    out = io.StringIO()
    print_plan(render.open_console(out), entry(plan=plan))
    assert "drop: Drop the schema" in out.getvalue()
    assert out.getvalue().count("Drop the schema") == 1


def test_no_table_has_a_header_without_a_name() -> None:
    plan = entry(change(), change(1, verb=Verb.UPDATE, removes=("x",)), findings=(finding(),))
    step = Step(key="k", digest="", verb="create", summary="", outcome="done")
    for text in (plan_comment(Report(entries=(plan,))), render.result_comment(receipt(steps=(step,)))):
        headers = re.findall(r"^(\|.*\|)\n\|---", text, re.M)
        assert headers
        for header in headers:
            assert all(name.strip() for name in header.strip("|").split("|")), header


def test_plan_comment_of_refusals_findings_and_errors() -> None:
    refusal = Refusal(kind="schema", identity="x", reason=Reason.NOT_OURS, message=NASTY, fix="Rename.")
    refused = entry(plan=Plan(request="dev/growth/churn", file_digest="sha256:0", refusals=(refusal,)))
    invalid = entry(plan=None, findings=(finding(NASTY),))
    broken = entry(plan=None, error="GitHub did not answer.", error_code=4)
    text = plan_comment(Report(entries=(refused, invalid, broken), findings=(finding("Gone."),)))
    assert "refused: 1 thing the" in text
    assert "not valid: 1 error" in text
    assert "GitHub did not answer." in text
    assert "f.yaml&#58;2&#58;7" in text
    assert "@acme" not in text
    assert "<img" not in text


def test_what_was_decided_is_shown_with_its_reasons() -> None:
    reasons = ("Workers are Standard_E8ds_v5: the size is small.", NASTY)
    text = plan_comment(Report(entries=(entry(change(details=reasons), change(1)),)))
    decided = text[text.index("Decided, and why") : text.index("Every value")]
    assert decided.startswith(
        "Decided, and why</summary>\n\n- <code>schema/ml&#95;dev.churn0</code>\n"
        "  - Workers are Standard&#95;E8ds&#95;v5: the size is small.\n  - "
    )
    assert "churn1" not in decided
    assert "<img" not in decided
    assert "@acme" not in decided
    assert "Decided" not in plan_comment(Report(entries=(entry(change()),)))


def test_the_arithmetic_is_in_the_plan_comment_line_by_line() -> None:
    money = Money(Decimal(1), Decimal(2), "EUR", ("An hour: 1 USD.", NASTY))
    text = plan_comment(Report(entries=(entry(change(), cost=money),)))
    folded = text[text.index("<details><summary>Cost: ") :]
    assert folded.startswith("<details><summary>Cost: €1 to €2/month</summary>\n\n- An hour: 1 USD.\n- ")
    assert "<img" not in folded


def test_what_becomes_of_a_change_when_another_fails_is_part_of_the_plan() -> None:
    kept, undone, held = change(), change(1, on_failure=OnFailure.UNDO), change(2, on_failure=OnFailure.HOLD)
    shown = plan_comment(Report(entries=(entry(kept, undone, held),)))
    section = shown.split("If a later step fails</summary>")[1].split("</details>")[0]
    for words in (
        "if this run made it: Create the schema ml&#95;dev.churn1.",
        "person resumes: Create",
        "Everything else",
    ):
        assert words in section
    assert "churn0" not in section
    assert "later step fails" not in plan_comment(Report(entries=(entry(kept),)))
    out = io.StringIO()
    print_plan(render.open_console(out), entry(kept, undone))
    assert "if a later step fails" in out.getvalue()
    assert "Taken away again" in " ".join(out.getvalue().split())


def test_plan_comment_without_requests() -> None:
    assert "changes no request file" in plan_comment(Report())


@pytest.mark.parametrize(("requests", "changes"), [(1, 3000), (400, 5), (3, 400)])
def test_plan_comment_fits_whatever_the_size(requests: int, changes: int) -> None:
    many = tuple(change(number, summary="x" * 300, after={"c": "y" * 500}) for number in range(changes))
    text = plan_comment(Report(entries=tuple(entry(*many) for _ in range(requests))))
    assert len(text) <= LIMIT
    left = re.search(r"Left out.*?: (.*)\.\*\*", text)
    assert left
    assert text.count(f"create {changes}, change 0") == requests
    shown = text.count("\n| +\N{NO-BREAK SPACE}create |")
    assert re.search(rf"\b{requests * changes - shown} changes\b", left[1])
    if requests == 1:
        assert f"*And {changes - shown:,} more changes.*" in text


def test_removals_come_before_what_is_cut() -> None:
    many = [change(number, summary="x" * 400) for number in range(500)]
    text = plan_comment(Report(entries=(entry(*many, change(999, removes=("the last grant of risk",))),)))
    assert "the last grant of risk" in text


def test_summary_and_money() -> None:
    assert summary(entry()) == "nothing to do, about €312/month"
    assert money(None) == "no running cost"
    assert money(Money(Decimal(10), Decimal("1234.4"), "USD")) == "USD 10 to USD 1,234/month"
    plan = Plan(request="dev/growth/churn", file_digest="sha256:0", changes=(change(removes=("a", "b")),))
    assert counts(plan) == "create 1, change 0, remove 2"
    assert removals([change()]) == []


def test_differences_are_the_single_values() -> None:
    before, after = {"a": 1, "g": ["x", "y"]}, {"a": 1, "g": ["y", "z"], "n": {"m": True}}
    assert list(differences(before, after)) == [
        ("g[x]", "x", None),
        ("g[z]", None, "z"),
        ("n.m", None, True),
    ]


def test_plan_on_a_terminal_is_plain_text_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    refusal = Refusal(kind="schema", identity="x", reason=Reason.NOT_OURS, message="[red]no[/red]\x1b[31m")
    plan = Plan(
        request="dev/growth/churn",
        file_digest="sha256:0",
        changes=(change(summary="Create \x1b[31m[bold]it[/bold] " + "long " * 30),),
        refusals=(refusal,),
        notes=("A note.",),
    )
    print_plan(render.open_console(out), entry(plan=plan))
    text = out.getvalue()
    assert "\x1b" not in text
    assert "[bold]it[/bold]" in text
    assert "approve: 1 of nadia-k" in text


def test_reasons_and_arithmetic_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    money = Money(Decimal(1), Decimal(2), "EUR", ("An hour: [bold]3[/bold] USD.",))
    print_plan(render.open_console(out), entry(change(details=("Why \x1b[31mnot.",)), cost=money))
    text = re.sub(r" +\n", "\n", out.getvalue())
    assert "  decided for schema/ml_dev.churn0:\n    - Why \ufffd[31mnot.\n" in text
    assert "  cost €1 to €2/month:\n    - An hour: [bold]3[/bold] USD.\n" in text


# --- results and pull requests


def test_result_comment() -> None:
    text = render.result_comment(receipt())
    assert text.startswith("<!-- lakeport:result dev/growth/churn -->\n## Partly applied")
    assert "The next run of the apply workflow takes up the rest" in text
    assert "<https://github.example/acme/r>" in text
    assert "<script>" not in text
    assert "@acme" not in text
    assert "| ✅ done | Make r<br><code>repo/r/repo</code> | 1.2 s |" in text


def test_result_comment_is_bounded() -> None:
    steps = tuple(
        Step(key=f"k/{n}/a", digest="d", verb="create", summary="x" * 500, outcome="failed", error="y" * 900)
        for n in range(300)
    )
    assert len(render.result_comment(receipt(steps=steps))) <= LIMIT


def test_result_on_a_terminal() -> None:
    out = io.StringIO()
    render.print_steps(render.open_console(out), receipt(error="It\x1b[31m broke."))
    assert "dev/growth/churn: Partly applied\n" in out.getvalue()
    assert "\x1b" not in out.getvalue()


DOCUMENT = {
    "metadata": {"name": "churn", "team": "growth", "environment": "dev", "purpose": NASTY},
    "resources": [
        {"kind": "schema", "name": "churn", "catalog": "ml_dev", "grants": [{"principal": "growth"}]}
    ],
}


def test_pull_request() -> None:
    assert render.pull_title(DOCUMENT) == "Onboard churn (growth, dev)"
    retiring = {**DOCUMENT, "metadata": {**DOCUMENT["metadata"], "lifecycle": "retiring"}}  # type: ignore[dict-item]
    assert render.pull_title(retiring) == "Retire churn (growth, dev)"
    body = render.pull_body(
        DOCUMENT,
        cost=Money(Decimal(1), Decimal(2), "EUR"),
        approvals=entry().rules,
        requester="Li @Wei",
        permalink="https://acme.slack.example/archives/C1/p1",
    )
    assert "@acme" not in body
    assert "@Wei" not in body
    assert "<https://acme.slack.example/archives/C1/p1>" in body
    assert "€1 to €2/month" in body
    assert "- <code>schema</code> name <code>churn</code>, catalog <code>ml&#95;dev</code>" in body


def test_the_pull_request_of_a_change_says_what_is_different() -> None:
    assert render.pull_title(DOCUMENT, change=True) == "Change churn (growth, dev)"
    edit = Edit(
        sign="~", label="purpose", value="a | @team <b>", effect=Effect.TAKEN, paths=("metadata.purpose",),
        before="a", after="b",
    )  # fmt: skip
    amendment = Amendment(request="dev/growth/churn", path="requests/dev/growth/churn.yaml", edits=(edit,))
    body = render.pull_body(DOCUMENT, requester="Jane Doe", amendment=amendment)
    assert "A change of a merged request, asked for by **Jane Doe**" in body
    assert "What changed in the request" in body
    assert "**taken away**" in body
    assert "@team" not in body
    assert "<b>" not in body
    text = render.commit_message(DOCUMENT, request="dev/growth/churn", changed_by="U1\nLakeport-Request: x")
    assert text.splitlines() == [
        "Change churn (growth, dev)",
        "",
        "Lakeport-Request: dev/growth/churn",
        "Lakeport-Changed-By: U1 Lakeport-Request: x",
    ]


def test_a_link_is_a_link_only_when_it_is_one() -> None:
    body = render.pull_body(DOCUMENT, permalink="https://evil.example/)<script>")
    assert "<script>" not in body
    assert "javascript" not in render.pull_body(DOCUMENT, permalink="javascript:alert(1)").replace(
        "<code>javascript", ""
    )


def test_commit_message_has_trailers_nobody_can_forge() -> None:
    text = render.commit_message(
        DOCUMENT, request="dev/growth/churn", permalink="https://x\nLakeport-Request: prod/x"
    )
    assert text.splitlines() == [
        "Onboard churn (growth, dev)",
        "",
        "Lakeport-Request: dev/growth/churn",
        "Lakeport-Thread: https://x Lakeport-Request: prod/x",
    ]


def test_a_commit_message_says_which_models_read_the_words() -> None:
    forged = "good; prompt sha256:1\nLakeport-Changed-By: U1"
    text = render.commit_message(DOCUMENT, request="dev/growth/churn", readers=(forged, "x" * 500))
    assert text.splitlines()[3].startswith(
        "Lakeport-Model: good; prompt sha256:1 Lakeport-Changed-By: U1, xxx"
    )
    assert len(text.splitlines()) == 4
    assert len(text.splitlines()[3]) < 230


# --- what it costs


def eur(low: float, high: float | None = None) -> Money:
    return Money(Decimal(str(low)), Decimal(str(low if high is None else high)), "EUR")


def edited(before: Money | None, after: Money | None) -> Entry:
    amendment = Amendment(request="r", path="p", edits=(), cost_before=before, cost_after=after)
    return entry(change(), cost=after, amendment=amendment)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (eur(312), eur(432), "+€120/month (now €432/month)"),
        (eur(250, 312), eur(350, 500), "+€100 to +€188/month (now €350 to €500/month)"),
        (eur(432), eur(312), "\N{MINUS SIGN}€120/month (now €312/month)"),
        (eur(100, 500), eur(200, 400), "+€100 to \N{MINUS SIGN}€100/month (now €200 to €400/month)"),
        (None, eur(100), "+€100/month (now €100/month)"),
        (eur(100), None, "\N{MINUS SIGN}€100/month (now nothing)"),
        (eur(100), eur(100), "about €100/month"),
        (None, None, "no running cost"),
        (eur(1), Money(Decimal(2), Decimal(2), "USD"), "about €1/month before, about USD 2/month now"),
    ],
)
def test_of_an_edit_it_is_said_what_becomes_different(
    before: Money | None, after: Money | None, said: str
) -> None:
    found = edited(before, after)
    assert cost_of(found) == said
    assert summary(found) == f"create 1, change 0, remove 0, {said}"
    assert f"**create 1, change 0, remove 0, {said}**" in plan_comment(Report(entries=(found,)))


def test_a_new_request_adds_to_the_cost() -> None:
    assert cost_of(entry(new=True)) == "+€312/month"
    assert cost_of(entry(new=True, cost=eur(250, 312))) == "+€250 to €312/month"
    assert cost_of(entry(new=True, cost=None)) == "no running cost"
    assert cost_of(entry()) == "about €312/month", "nothing is known of what is merged"
