"""Receipts that were changed, left out, moved, or cut off: each is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import handlers
from gitops import cli
from gitops.audit.chain import problems
from gitops.audit.record import Record
from gitops.checkout import Checkout
from tests.gitops.audit.test_audit import CHURN, ID, PATH
from tests.support.gitrepo import GitRepo
from tests.support.record import RecordMaker

REGISTRY = handlers.registry()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    maker = RecordMaker()
    for number in range(4):
        maker.receipt(maker.merge(PATH, CHURN + b"# %d\n" % number), ID, pull=number + 1)
    return maker.write(tmp_path_factory.mktemp("record") / "clone").root


@pytest.fixture
def clone(written: Path, tmp_path: Path) -> GitRepo:
    shutil.copytree(written, tmp_path / "clone")
    return GitRepo(tmp_path / "clone")


def found(clone: GitRepo) -> list[str]:
    return [one.message for one in problems(Record(Checkout(clone.root), REGISTRY))]


def on_receipts(clone: GitRepo, change: Callable[[Path], object], *, amend: bool = False) -> None:
    """Change the files of the branch, in a commit of its own or in place of the newest."""
    clone.git("switch", "--quiet", "receipts")
    change(clone.root / "receipts/00000")
    clone.git("add", "--all")
    clone.git("commit", "--quiet", *(["--amend", "--no-edit"] if amend else ["-m", "Tidy"]))
    clone.git("switch", "--quiet", "main")


def test_as_they_were_written(clone: GitRepo) -> None:
    assert found(clone) == []
    assert found(clone) == []


def test_one_that_was_changed(clone: GitRepo) -> None:
    def change(folder: Path) -> None:
        file = folder / "00000002.json"
        file.write_text(file.read_text().replace("nadia-k", "mallory"))

    on_receipts(clone, change)
    said = found(clone)
    assert any("Receipt 2 was changed after it was written" in one for one in said)
    assert any("Receipt 2 was written over or removed by commit" in one for one in said)


def test_one_that_was_left_out(clone: GitRepo) -> None:
    on_receipts(clone, lambda folder: (folder / "00000003.json").unlink())
    said = found(clone)
    assert "Receipt 3 is missing." in said
    assert any("Receipt 4 does not follow" in one for one in said)


def test_one_that_cannot_be_read(clone: GitRepo) -> None:
    on_receipts(clone, lambda folder: (folder / "00000001.json").write_text("{}"))
    assert any("Receipt 1 cannot be read" in one for one in found(clone))


def test_the_field_that_is_odd_is_named(clone: GitRepo) -> None:
    def add(folder: Path) -> None:
        path = folder / "00000001.json"
        path.write_text(path.read_text().replace("{", '{"signed_by\\u001b[31m": "x",', 1))

    on_receipts(clone, add)
    (said,) = [one for one in found(clone) if "Receipt 1 cannot be read" in one]
    assert "unknown field `signed_by\ufffd[31m`" in said


def test_two_that_changed_places(clone: GitRepo) -> None:
    def swap(folder: Path) -> None:
        one, two = (folder / f"0000000{number}.json" for number in (2, 3))
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)

    on_receipts(clone, swap)
    assert any("holds receipt 3" in one for one in found(clone))


def test_an_end_that_was_cut_off(clone: GitRepo) -> None:
    """Nothing in the branch shows it; that it was longer once does."""
    assert found(clone) == []
    clone.git("branch", "--force", "receipts", "receipts~1")
    (said,) = found(clone)
    assert said.startswith("The branch was rewritten")
    assert found(clone) == [said], "it is said again, and not taken for the new truth"


def test_the_command(
    clone: GitRepo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(clone.root)
    assert cli.main(REGISTRY, ["receipts", "verify"]) == 0
    assert "4 receipt(s)" in capsys.readouterr().out
    on_receipts(clone, lambda folder: (folder / "00000003.json").unlink())
    assert cli.main(REGISTRY, ["receipts", "verify", "--json"]) == 1
    assert "Receipt 3 is missing." in capsys.readouterr().out
    clone.git("branch", "-D", "receipts")
    assert cli.main(REGISTRY, ["receipts", "verify"]) == 3
