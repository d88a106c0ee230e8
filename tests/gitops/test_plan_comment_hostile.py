"""Whatever somebody typed into whichever field, the plan's comment has the same structure, and fits.

A comment is drawn with a text wherever one can be, and parsed as GitHub parses it: the same elements in the
same order as with a harmless text, no mention, no reference, no link, nothing hidden, nothing left open.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from gitops.approval import ApprovalRule
from gitops.cost import Money
from gitops.finding import Finding, Place, Severity
from gitops.markup import LIMIT
from gitops.noted import Origin, note, read
from gitops.plan import Change, OnFailure, Plan, Reason, Refusal, Verb
from gitops.render_plan import plan_comment
from gitops.report import Entry, Report
from gitops.trail import after, past, tail
from tests.gitops.test_naughty_strings import DANGEROUS, STRINGS, amendment_of, prose, structure

FILE = f"sha256:{'a' * 64}"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def plan_of(text: str) -> Plan:
    """A plan in which a text stands in every part that may hold one."""
    settings_ = Change(
        kind="schema",
        identity=text,
        action="settings",
        verb=Verb.UPDATE,
        before={"comment": "x", text: text},
        after={"comment": text},
        summary=text,
        details=(text,),
        removes=(text,),
        on_failure=OnFailure.HOLD,
    )
    grants = Change(
        kind="schema",
        identity=text,
        action="grants",
        verb=Verb.CREATE,
        before={"grants": {text: []}},
        after={"grants": {text: [text]}, "changes": [{"principal": text, "add": [text], "remove": [text]}]},
        summary=text,
        details=(text,),
    )
    refusal = Refusal(kind="repo", identity=text, reason=Reason.NOT_OURS, message=text, fix=text)
    return Plan(
        request=text,
        file_digest=FILE,
        changes=(settings_, grants),
        refusals=(refusal,),
        notes=(text,),
        drifted={settings_.key: ("comment", f"{text}")},
        stays=(text,),
    )


def comment(text: str) -> str:
    place = Place(text, 1, 1, 1, 5, text)
    entry = Entry(
        request=text,
        path=text,
        file_digest=FILE,
        plan=plan_of(text),
        findings=(Finding(text, Severity.ERROR, text, place, text, text),),
        cost=Money(Decimal(1), Decimal(2), "EUR", (text,)),
        rules=(ApprovalRule("a", 1, frozenset({text}), text),),
        amendment=amendment_of(text),
        principals={text: text},
    )
    refused = Entry(request=text, path=text, file_digest=FILE, error=text, error_code=4)
    origins = [Origin(text, source, text, text) for source in ("inferred", "default", "looked_up")]
    plans = [past(f"{number:040x}", NOON, text, FILE) for number in range(2)]
    end = tail(after(tail(after("", plans[0])), plans[1]))
    noted = read(note(FILE, origins))
    return plan_comment(Report(entries=(entry, refused)), noted, limit=LIMIT - len(end)) + end


@cache
def usual() -> list[str]:
    return structure(comment("text"))


def harmless(text: str) -> None:
    page = comment(text)
    assert structure(page) == usual(), page
    said = prose(page)
    assert not re.search(r"(?<![\w/])@[A-Za-z0-9]", said)
    assert not re.search(r"(?<!\w)#\d", said)
    assert not re.search(r"(?i)https?://|\bwww\.\w|\bgh-\d", said)
    assert not DANGEROUS.search(page.replace("\u200b", ""))
    assert len(re.findall("<!--", page)) == len(re.findall("-->", page)) == 2, (
        "the mark, and the hidden plans"
    )
    assert page.count("<details>") == page.count("</details>")
    assert len(page) <= LIMIT


STRUCTURAL = (
    "</details>",
    "</summary></details><h1>All is well</h1>",
    "<details><summary>",
    "-->",
    "--!> <b>",
    "<!-- lakeport:plan -->",
    "<!-- lakeport:plans [] -->",
    "<!--",
    "| x | y |\n|---|---|",
    "\n\n## Approved\n\n",
    "\n- [x] approved",
    "@acme/owners",
    "cc @nadia-k, fixes #1",
    "[approve](https://evil.example)",
    "![](https://evil.example/x.png)",
    "https://evil.example www.evil.example",
    "```\nx\n```",
    "~~~",
    "`",
    "<code>",
    "<sub>",
    "<br><br>",
    "&lt;script&gt;",
    "a\\",
    "\\|",
    "*a* __b__ ~~c~~ $d$",
    "> quoted",
    "1. one",
    "- one",
    "=====",
    "-----",
    "[^1]: note",
    "[x]: https://evil.example",
    "\u202eevil\u2066",
    "\u200b@acme",
    "a\u2028b",
    "{{ x }} ${{ secrets.X }}",
    ":shipit: H~2~O ==x==",
)


def test_no_list_of_hostile_words_breaks_it() -> None:
    for text in (*STRUCTURAL, *STRINGS[::25]):
        if text.strip():
            harmless(text)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(STRUCTURAL) | st.text(max_size=12), min_size=1, max_size=4)
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)
@example("</details> | `<!--` @acme #1\n| x |")
def test_nothing_that_somebody_typed_breaks_it(text: str) -> None:
    harmless(text)


def test_it_fits_with_the_longest_words_everywhere() -> None:
    for text in ("<" * 5_000, "@" * 5_000, "\N{PILE OF POO}" * 5_000, "|\n" * 5_000):
        page = comment(text)
        assert len(page) <= LIMIT
        assert page.count("<details>") == page.count("</details>")


def _for(after: dict[str, Any], number: int) -> dict[str, Any]:
    """The same for another principal."""
    return after | {"changes": [one | {"principal": f"p{number}"} for one in after.get("changes", ())]}


def many(count: int, requests: int = 1) -> str:
    """The comment on plans that change and take a great deal."""
    base = plan_of("<&@|>" * 20)
    changes = tuple(
        structs.replace(change, identity=f"ml_dev.t{number}", after=_for(change.after, number))
        for number in range(count)
        for change in base.changes
    )
    entry = Entry(
        request="r",
        path="p",
        file_digest=FILE,
        plan=structs.replace(base, changes=changes),
        rules=(ApprovalRule("a", 1, frozenset({"nadia-k"}), "The environment dev"),),
        cost=Money(Decimal(1), Decimal(2), "EUR", ("An hour: 1 USD.",)),
    )
    return plan_comment(Report(entries=(entry,) * requests), read(""))


def test_of_ten_thousand_changes_what_counts_is_there_and_the_rest_is_counted() -> None:
    page = many(5_000)
    assert len(page) <= LIMIT
    assert "1 of <code>nadia-k</code>: The environment dev" in page
    for what in ("removals", "principals who gain or lose access", "changes"):
        found = re.search(rf"\*And ([\d,]+) more {what}\.\*", page)
        assert found, what
        assert int(found[1].replace(",", "")) > 1_000
    assert re.search(r"\*\*Left out, because the page would be too long: .*\.\*\*", page)
    assert page.count("<details>") == page.count("</details>")


def test_of_many_requests_each_has_its_summary() -> None:
    page = many(20, requests=100)
    assert page.count("### <code>r</code>") == 100
    assert page.count("refused: 1 thing") == 100
    assert len(page) <= LIMIT
