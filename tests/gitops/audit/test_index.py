"""What is kept for the next question: it answers without reading a file, and says when reading takes long."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import handlers
from gitops.audit import index, ledger, merges
from gitops.audit.record import Record
from gitops.checkout import Checkout
from tests.gitops.audit.test_audit import CHURN, ID, PATH
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()
ASK = """\
import sys
from gitops import cli
from gitops.__main__ import Kinds
code = cli.main(Kinds(), ["audit", *sys.argv[1:]])
heavy = ("handlers.", "rich", "ryaml", "yaml", "databricks", "github", "jinja2", "gitops.amendment")
print([name for name in sys.modules if name.startswith(heavy)], file=sys.stderr)
raise SystemExit(code)
"""


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    maker = RecordMaker()
    maker.receipt(maker.merge(PATH, CHURN), ID)
    maker.merge("requests/dev/growth/other.yaml", CHURN)
    return maker.write(tmp_path / "clone")


@pytest.mark.parametrize("question", [["show", ID], ["show", ID, "--json"], ["list", "--json"]])
def test_the_second_time_no_file_is_read_and_no_kind_imported(repo: GitRepo, question: list[str]) -> None:
    answers = []
    for _ in range(2):
        command = [sys.executable, "-c", ASK, *question]
        answers.append(subprocess.run(command, cwd=repo.root, capture_output=True, text=True, check=True))
    assert answers[0].stdout == answers[1].stdout
    assert ID in answers[1].stdout
    assert answers[1].stderr == "[]\n"


def test_of_one_request_no_other_is_read(repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that is kept, one part of one file is opened."""
    asked = Record(Checkout(repo.root), REGISTRY)
    ledger.row_of(asked, asked.named("churn-prediction"))

    def everything(_: object, name: object, *rest: object) -> object:
        if name != "problems":  # what is wrong with receipts is kept apart, and nearly always nothing
            raise AssertionError("all of them were asked for")
        return take(_, name, *rest)

    take: Any = index.Index.take
    monkeypatch.setattr(index.Index, "take", everything)
    monkeypatch.setattr(index.Shelf, "take", everything)
    record = Record(Checkout(repo.root), REGISTRY)
    file = record.named("churn-prediction")
    assert [one.number for one in record.receipts_of(file.request)] == [1]
    assert len(list(merges.merges(record, file.path))) == 1
    assert ledger.row_of(record, file).state == "applied"


def test_a_folder_that_cannot_be_written_takes_nothing_from_an_answer(repo: GitRepo) -> None:
    (repo.root / ".git/lakeport").write_text("in the way")
    for _ in range(2):
        record = Record(Checkout(repo.root), REGISTRY)
        assert record.named(ID).request == ID
        assert len(list(ledger.rows(record))) == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("file", "count", "said"), [(Terminal, 1, True), (Terminal, 0, False), (io.StringIO, 1, False)]
)
def test_who_waits_at_a_terminal_is_told_why(
    monkeypatch: pytest.MonkeyPatch, file: type[io.StringIO], count: int, said: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", file())
    index.waiting(index.LONG + count, "receipts")
    assert ("Reading 2,001 receipts for the first time" in sys.stderr.getvalue()) is said
