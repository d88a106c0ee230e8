from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import handlers
from gitops import cli
from gitops.checkout import POLICY
from gitops.commands.explain import PAGE
from gitops.policyfile import load_policy
from gitops.rulebook import rule_book

ROOT = Path(__file__).resolve().parents[3]
BOOK = rule_book(handlers.registry())
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command in an empty folder that is no checkout; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(handlers.registry(), ["explain", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def checkout(folder: Path, more: str = "") -> None:
    """Make the folder a checkout whose policy is the sample with something added."""
    policy = folder / POLICY
    policy.parent.mkdir()
    policy.write_text((ROOT / POLICY).read_text("utf-8") + more, "utf-8")


def test_a_rule_is_a_page_of_80_columns(explain: Run) -> None:
    for rule, entry in BOOK.items():
        code, out, err = explain(rule)
        assert (code, err) == (0, "")
        assert out.splitlines()[0] == f"{rule}  {entry.severity}"
        prose, _, examples = out.partition("\nWrong\n")
        assert max(len(line) for line in prose.splitlines()) <= 80
        words = re.sub(r"\s+", " ", prose)
        assert entry.why.strip() in words
        assert entry.fix.strip() in words
        assert all(f"  {line}" in examples for line in (entry.wrong + entry.right).splitlines())


def test_without_a_rule_all_are_listed_by_chapter(explain: Run) -> None:
    code, out, _ = explain()
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert listed == list(BOOK)
    assert max(len(line) for line in out.splitlines()) <= 80


def test_json(explain: Run) -> None:
    assert json.loads(explain("yaml-alias", "--json")[1])["rule"] == BOOK["yaml-alias"].as_json()
    assert [one["id"] for one in json.loads(explain("--json")[1])["rules"]] == list(BOOK)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("schema-unknwon", "There is no rule schema-unknwon. Did you mean schema-unknown?"),
        ("yaml", "There is no rule yaml. There are yaml-alias, yaml-anchor,"),
        ("asdf", "There is no rule asdf.\n"),
        ("\x1b[31m", "There is no rule �[31m.\n"),
    ],
)
def test_a_rule_that_is_none(explain: Run, word: str, said: str) -> None:
    code, out, err = explain(word)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert "`lakeport explain` lists all rules." in err


def test_the_rules_of_the_policy_are_found_in_a_checkout(explain: Run, tmp_path: Path) -> None:
    own = load_policy((ROOT / POLICY).read_bytes()).rules[0]
    assert explain(own.id)[0] == 2
    checkout(tmp_path)
    code, out, _ = explain(own.id)
    assert code == 0
    assert own.check in re.sub(r"\s+", " ", out)
    assert explain()[1].count("Rules of this organisation") == 1
    assert own.id not in explain("--markdown")[1]


def test_a_policy_with_findings_does_not_keep_from_explaining_them(explain: Run, tmp_path: Path) -> None:
    checkout(tmp_path, "nonsense: true\n")
    code, out, err = explain("policy-schema-unknown")
    assert code == 0
    assert out.startswith("policy-schema-unknown  error\n")
    assert "own rules are left out" in err


def test_the_page_in_the_repository_is_current() -> None:
    """`lakeport explain --markdown --out docs/rules.md` makes it."""
    from gitops.render_rules import book_markdown

    assert (ROOT / PAGE).read_text("utf-8") == book_markdown(BOOK)


def test_the_page_is_written_and_compared(explain: Run, tmp_path: Path) -> None:
    assert explain("--markdown", "--check")[0] == 1
    (tmp_path / PAGE).parent.mkdir()
    assert explain("--markdown", "--out", PAGE) == (0, "", "")
    assert explain("--markdown", "--check")[:2] == (0, "The page of the rules is current.\n")
    assert (tmp_path / PAGE).read_text("utf-8") == explain("--markdown")[1]
    with (tmp_path / PAGE).open("a") as page:
        page.write("x")
    code, _, err = explain("--markdown", "--check")
    assert code == 1
    assert "lakeport explain --markdown --out docs/rules.md" in err


def test_every_rule_has_an_anchor_and_every_link_leads_to_one(explain: Run) -> None:
    page = explain("--markdown")[1]
    headings = re.findall(r"(?m)^### (\S+)$", page)
    assert headings == list(BOOK)
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) == set(headings)


def test_check_and_out_want_the_page(explain: Run) -> None:
    assert explain("--check")[0] == 2
    assert explain("--out", "x.md")[0] == 2
    assert explain("yaml-alias", "--markdown")[0] == 2
