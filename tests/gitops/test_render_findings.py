from __future__ import annotations

import io
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from gitops.finding import Finding, Place, Related, Severity
from gitops.render import open_console
from gitops.render_findings import (
    ANNOTATIONS,
    findings_github,
    findings_summary,
    github_limit,
    print_findings,
)

FILE = "requests/dev/growth/churn.yaml"
SOURCE = b"metadata:\n  team: grwoth\n  name: churn\n"


def finding(**fields: Any) -> Finding:
    values = {
        "rule": "team-known",
        "severity": Severity.ERROR,
        "message": "The policy knows no team grwoth.",
        "place": Place(FILE, 2, 9, 2, 15, "metadata.team"),
        "hint": "Did you mean growth?",
    }
    return Finding(**(values | fields))


def shown(*findings: Finding, source: bytes | None = SOURCE, width: int = 80, tty: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=tty, markup=False, highlight=False, emoji=False)
    sources = {} if source is None else {one.place.file: source for one in findings}
    print_findings(console, findings, sources)
    return out.getvalue()


def excerpt(line: str, column: int, *, end: int = 0, width: int = 80) -> tuple[str, str]:
    """The line and the marks as they are shown, without the gutter."""
    place = Place(FILE, 1, column, 1, end)
    rows = shown(finding(place=place), source=line.encode(), width=width).splitlines()
    return rows[3].removeprefix("1 | "), rows[4].removeprefix("  | ")


def under(text: str, marks: str) -> str:
    """What stands above the marks, by cells."""
    start, end = marks.index("^"), marks.rindex("^") + 1
    cells = "".join(char + "\0" * (cell_len(char) - 1) for char in text if cell_len(char))
    return cells[start:end].replace("\0", "")


# --- in a terminal


def test_what_where_the_line_and_what_to_do() -> None:
    assert shown(finding()) == (
        "error[team-known]: The policy knows no team grwoth.\n"
        f" --> {FILE}:2:9\n"
        "  |\n"
        "2 |   team: grwoth\n"
        "  |         ^^^^^^\n"
        "  = help: Did you mean growth?\n"
        "\n"
        "`lakeport explain team-known` says more about a rule.\n"
    )


def test_a_finding_on_a_whole_file_or_without_its_bytes_has_no_excerpt() -> None:
    whole = shown(finding(place=Place(FILE)))
    assert f" --> {FILE}\n  = help" in whole
    assert "|" not in whole + shown(finding(), source=None) + shown(finding(place=Place(FILE, 99, 1)))


def test_the_gutter_is_as_wide_as_the_number() -> None:
    rows = shown(finding(place=Place(FILE, 120, 1, 120, 2)), source=b"\n" * 119 + b"x: 1\n").splitlines()
    assert rows[1:6] == [
        f"   --> {FILE}:120:1",
        "    |",
        "120 | x: 1",
        "    | ^",
        "    = help: Did you mean growth?",
    ]


def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    rows = shown(finding(place=Place(FILE, 2, 3, 3, 14))).splitlines()
    assert rows[4] == "  |   ^^^^^^^^^^^^"


def test_an_exception_takes_the_place_of_the_help() -> None:
    text = shown(finding(severity=Severity.INFO, excepted="Excepted until 2027-03-01 by nadia-k: load test."))
    assert text.startswith("info[team-known]: ")
    assert "  = note: Excepted until 2027-03-01 by nadia-k: load test.\n" in text
    assert "help" not in text


def test_related_places_are_links() -> None:
    text = shown(finding(related=(Related(Place(FILE, 1, 1), "First here."),)))
    assert f"  = see: {FILE}:1:1: First here.\n" in text


@pytest.mark.parametrize(
    ("line", "column", "end", "what"),
    [
        ("team: grwoth", 7, 13, "grwoth"),
        ("数据: 成长 x", 5, 7, "成长"),
        ("e\u0301a\u0308: bad", 7, 10, "bad"),
        ("\ta: bad", 5, 8, "bad"),
        ("\x00\x1b[31m: bad", 9, 12, "bad"),
        ("a\u202eb: bad", 6, 9, "bad"),
        ("👩‍🔬: bad", 6, 9, "bad"),
        ("x" * 500 + "BAD" + "y" * 500, 501, 504, "BAD"),
        ("数" * 500 + "BAD" + "据" * 500, 501, 504, "BAD"),
        ("BAD" + "y" * 500, 1, 4, "BAD"),
        ("x" * 500 + "BAD", 501, 504, "BAD"),
        ("a: 1", 99, 99, ""),
    ],
)
@pytest.mark.parametrize("width", [80, 120, 40])
def test_marks_stand_under_what_they_mean(line: str, column: int, end: int, what: str, width: int) -> None:
    text, marks = excerpt(line, column, end=end, width=width)
    assert under(text, marks) == what
    assert marks.count("^") == max(cell_len(what), 1)
    assert cell_len(text) + len("1 | ") <= width
    assert len(marks) + len("1 | ") <= width + 1


def test_what_cannot_be_seen_is_shown() -> None:
    text, _ = excerpt("\ta\x00b\x1bc\x7fd\u202ee\rf", 1)
    assert text == "⇥a␀b␛c␡d�e"


def test_carriage_returns_end_lines() -> None:
    found = finding(place=Place(FILE, 2, 9, 2, 15))
    for source in (b"metadata:\r\n  team: grwoth\r\n", b"metadata:\r  team: grwoth\r"):
        assert "2 |   team: grwoth\n" in shown(found, source=source)


def test_long_words_of_help_are_wrapped_on_a_terminal_only() -> None:
    found = finding(hint="word " * 60)
    assert max(len(row) for row in shown(found).splitlines()) > 200
    rows = re.sub(r"\x1b\[[0-9;]*m", "", shown(found, tty=True)).splitlines()
    assert max(len(row) for row in rows) <= 80
    assert rows[6].startswith(" " * len("  = help: ") + "word")


def test_colour_only_on_a_terminal_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in shown(finding())
    assert "\x1b[1;31merror" in shown(finding(), tty=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown(finding(), tty=True))
    assert not open_console(io.StringIO()).is_terminal


def test_many_findings_are_all_shown_in_the_given_order() -> None:
    many = [finding(place=Place(f"requests/{n // 10}.yaml", n % 10 + 1, 1)) for n in range(300)]
    heads = [row for row in shown(*many).splitlines() if row.lstrip().startswith("-->")]
    assert [row.split()[1] for row in heads] == [str(one.place) for one in many]


def test_nothing_in_a_file_is_a_command_to_the_runner() -> None:
    """The runner of GitHub Actions takes `##[set-output …]` for a command wherever it stands in a line."""
    evil = "##[set-output name=report]x"
    text = shown(finding(message=evil, hint=evil, place=Place(FILE, 1, 1)), source=f"# {evil}".encode())
    assert "##[" not in text


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
    st.tuples(*(st.integers(0, 200) for _ in range(4))),
    st.text(max_size=60),
    st.sampled_from((20, 80, 120)),
    st.booleans(),
)
def test_whatever_stands_in_a_file_only_shows(
    source: bytes, span: tuple[int, int, int, int], text: str, width: int, tty: bool
) -> None:
    found = finding(message=text, hint=text, rule=text, place=Place(f"r/{text}", *span))
    out = shown(found, source=source, width=width, tty=tty)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out) if tty else out
    assert not [char for char in plain if (char < " " and char != "\n") or char in "\x7f\x9b\u202e\u2066"]
    assert "##[" not in plain
    assert not [row for row in plain.splitlines() if row.lstrip().startswith("::") and not tty]


@pytest.mark.parametrize("char", ["x", "数", "\u0301", "\u200b", "\t"])
def test_a_huge_line_costs_little(char: str) -> None:
    line = char * 250_000
    start = time.perf_counter()
    shown(*(finding(place=Place(FILE, 1, at)) for at in (1, 125_000, 250_000)), source=line.encode())
    assert time.perf_counter() - start < 1.0


# --- in words


def test_the_summary_counts_sorts_and_files() -> None:
    warning = finding(severity=Severity.WARNING)
    other = finding(place=Place("requests/dev/growth/other.yaml"))
    excepted = finding(severity=Severity.INFO, excepted="Excepted until 2027-03-01 by nadia-k.")
    assert findings_summary([], 3) == "3 files checked, nothing found"
    assert findings_summary([finding(), finding(), warning], 1) == "2 errors and 1 warning in 1 file"
    assert findings_summary([finding(), other], 40) == "2 errors in 2 of 40 files"
    assert (
        findings_summary([finding(), warning, excepted], 2)
        == "1 error, 1 warning and 1 exception in 1 of 2 files"
    )
    assert findings_summary([finding()], 0) == "1 error"


# --- on GitHub


def test_annotations_are_escaped() -> None:
    place = Place("a,b:c%.yaml", 2, 7, 2, 9)
    text = findings_github([finding(message="50% a\nb: c, d.", place=place)])
    assert text == (
        "::error file=a%2Cb%3Ac%25.yaml,line=2,endLine=2,col=7,endColumn=9,title=team-known"
        "::50%25 a b: c, d.%0ADid you mean growth?%0ARule team-known: lakeport explain team-known\n"
    )


def test_columns_only_within_one_line() -> None:
    text = findings_github([finding(place=Place(FILE, 2, 7, 5, 9))])
    assert f"file={FILE},line=2,endLine=5,title=" in text
    assert f"file={FILE},title=" in findings_github([finding(place=Place(FILE))])


def test_an_exception_is_a_notice() -> None:
    text = findings_github(
        [finding(severity=Severity.INFO, excepted="Excepted until 2027-03-01 by nadia-k.")]
    )
    assert text.startswith("::notice ")
    assert "%0AExcepted until 2027-03-01 by nadia-k.%0A" in text


def test_the_limit_of_github_is_said() -> None:
    errors = [finding()] * (ANNOTATIONS + 13)
    warnings = [finding(severity=Severity.WARNING)] * ANNOTATIONS
    assert github_limit([*errors[:ANNOTATIONS], *warnings]) == ""
    assert github_limit([*errors, *warnings]) == (
        "GitHub shows 10 of 23 errors as annotations; all of them are in this log."
    )


@given(st.text(), st.text(min_size=1))
def test_an_annotation_is_one_line_and_one_command(message: str, file: str) -> None:
    text = findings_github([replace(finding(message=message), place=Place(file, 1, 1, 1, 2))])
    assert text.startswith("::error file=")
    assert text.count("\n") == 1
    assert text.splitlines() == [text[:-1]]
    assert text.split("::")[1].count("=") - file.count("=") == 6
