from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitops.arguments import Parser, whole_number
from gitops.errors import UsageError


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Parser:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    made = Parser(prog="lakeport mend", description="Mend what is broken.")
    made.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="Files.")
    made.add_argument("--all", action="store_true", help="Every file.")
    made.add_argument("--changed-since", metavar="REV", help="What changed.")
    made.add_argument(
        "--format",
        choices=["terminal", "json", "github"],
        default="terminal",
        metavar="FORMAT",
        help="How what is mended is shown, as in docs/what-is-mended-and-how-it-is-shown.md.",
    )
    made.add_argument("--pull", type=whole_number(1), metavar="N")
    made.add_argument("--days", type=int)
    one = made.add_mutually_exclusive_group()
    one.add_argument("--quick", action="store_true")
    one.add_argument("--slow", action="store_true")
    return made


@pytest.fixture
def nested() -> Parser:
    made = Parser(prog="lakeport policy")
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    impact = commands.add_parser("impact", description="What a change would change.")
    impact.add_argument("--base", required=True)
    impact.add_argument("--json", action="store_true")
    return made


def what(parser: Parser, *arguments: str) -> str:
    with pytest.raises(UsageError) as caught:
        parser.parse(arguments)
    assert caught.value.fix.endswith("--help` shows what it takes.")
    return caught.value.what


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all", "--changed-since", "main", "a", "b"],
        ["a", "b", "--all", "--changed-since", "main"],
        ["a", "--all", "b", "--changed-since=main"],
        ["--changed-since", "main", "a", "--all", "b"],
    ],
)
def test_options_stand_before_between_and_after_files(parser: Parser, arguments: list[str]) -> None:
    options = parser.parse(arguments)
    assert options.paths == [Path("a"), Path("b")]
    assert (options.all, options.changed_since) == (True, "main")


def test_nothing_at_all(parser: Parser) -> None:
    options = parser.parse([])
    assert (options.paths, options.all, options.format) == ([], False, "terminal")


def test_after_two_dashes_everything_is_a_file(parser: Parser) -> None:
    options = parser.parse(["--all", "--", "--odd.yaml", "-b"])
    assert (options.all, options.paths) == (True, [Path("--odd.yaml"), Path("-b")])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "`lakeport mend` has no option --nonsense."),
        (["--fromat", "json"], "`lakeport mend` has no option --fromat. Did you mean --format?"),
        (["a", "--fromat=json"], "`lakeport mend` has no option --fromat. Did you mean --format?"),
        (["--changed", "main"], "`lakeport mend` has no option --changed. Did you mean --changed-since?"),
        (["-x"], "`lakeport mend` has no option -x."),
        (["--format", "xml"], "--format takes terminal, json or github, not xml."),
        (["--format", "jsno"], "--format takes terminal, json or github, not jsno. Did you mean json?"),
        (["--format"], "--format needs a value."),
        (["--format", "--all"], "--format needs a value."),
        (["--all=yes"], "--all takes no value."),
        (["--pull", "zero"], "--pull takes a whole number of at least 1, not zero."),
        (["--pull", "0"], "--pull takes a whole number of at least 1, not 0."),
        (["--pull", "-1"], "--pull takes a whole number of at least 1, not -1."),
        (["--pull", "1" * 5000], f"--pull takes a whole number of at least 1, not {'1' * 5000}."),
        (["--days", "two"], "--days: invalid int value: 'two'."),
        (["--quick", "--slow"], "--slow and --quick do not go together."),
    ],
)
def test_what_is_not_taken_is_refused_in_a_sentence(
    parser: Parser, arguments: list[str], sentence: str
) -> None:
    assert what(parser, *arguments) == sentence


@pytest.mark.parametrize("option", ["--al", "--forma", "--changed"])
def test_an_abbreviation_is_refused(parser: Parser, option: str) -> None:
    assert what(parser, option, "json").startswith(f"`lakeport mend` has no option {option}.")


def test_what_is_missing_and_what_is_too_much() -> None:
    parser = Parser(prog="lakeport gate")
    parser.add_argument("--pull", required=True)
    parser.add_argument("--sha", required=True)
    assert what(parser) == "`lakeport gate` needs --pull and --sha."
    assert what(parser, "--pull", "1", "--sha", "a", "2") == "`lakeport gate` does not take 2."
    parser.add_argument("request", metavar="REQUEST")
    assert what(parser, "--pull", "1", "--sha", "a") == "`lakeport gate` needs REQUEST."


def test_commands_of_a_command(nested: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    options = nested.parse(["impact", "--base", "main", "--json"])
    assert (options.command, options.base, options.json) == ("impact", "main", True)
    assert what(nested) == "`lakeport policy` needs COMMAND."
    assert what(nested, "impatc") == "There is no command policy impatc. Did you mean impact?"
    assert what(nested, "impact") == "`lakeport policy impact` needs --base."
    assert what(nested, "impact", "--base", "main", "--jsno").endswith("Did you mean --json?")
    with pytest.raises(SystemExit) as left:
        nested.parse(["impact", "--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: lakeport policy impact ")


def test_help(parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    parser.epilog = "Examples:\n  lakeport mend --all"
    for option in ("-h", "--help"):
        with pytest.raises(SystemExit) as left:
            parser.parse(["a", option])
        assert left.value.code == 0
        shown = capsys.readouterr().out
        assert shown.startswith("Usage: lakeport mend [-h] ")
        assert "\n\nMend what is broken.\n\nArguments:\n  PATH " in shown
        assert "\n\nOptions:\n  -h, --help " in shown
        assert shown.endswith("\n\nExamples:\n  lakeport mend --all\n")


@pytest.mark.parametrize(
    ("columns", "longest"),
    [("60", 60), ("80", 80), ("300", 100), ("0", 80), ("-1", 80), ("wide", 80), ("", 80), (None, 80)],
)
def test_help_fits_the_terminal(
    parser: Parser,
    columns: str | None,
    longest: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if columns is None:
        monkeypatch.delenv("COLUMNS")
    else:
        monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(os, "get_terminal_size", lambda: os.terminal_size((80, 24)), raising=False)
    parser.epilog = "Words and more " * 50
    with pytest.raises(SystemExit):
        parser.parse(["--help"])
    shown = capsys.readouterr().out.splitlines()
    assert longest - 10 <= max(map(len, shown)) <= longest


def test_a_name_is_not_broken_at_its_hyphens(parser: Parser) -> None:
    assert "docs/what-is-mended-and-how-it-is-shown.md" in parser.format_help()


def test_examples_stay_as_they_are_and_prose_is_wrapped(parser: Parser) -> None:
    example = f"  lakeport mend {'requests/dev/growth/churn-prediction.yaml ' * 3}\\\n      --all"
    parser.epilog = f"Examples:\n{example}\n\nOne sentence\nin two lines, and {'more ' * 20}to see."
    shown = parser.format_help()
    assert f"\n\nExamples:\n{example}\n\nOne sentence in two lines, and more" in shown
    assert max(map(len, shown.rpartition("One sentence")[2].splitlines())) < 80
