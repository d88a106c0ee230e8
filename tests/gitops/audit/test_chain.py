"""Receipts that were changed, left out, moved, or cut off: each is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import handlers
from gitops import cli
from gitops.audit.chain import problems
from gitops.audit.record import Record
from gitops.checkout import Checkout
from gitops.receipt import Approval, Step, parse_receipt
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
    return [one.message for one in problems(record(clone))]


def record(clone: GitRepo) -> Record:
    return Record(Checkout(clone.root), REGISTRY)


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
    (one,) = problems(record(clone))
    assert one.message.startswith("Receipt 2 was changed after it was written, by commit ")
    assert (one.receipt, one.request, one.pull) == (2, ID, 2)
    assert one.changed == "approvers[0]: nadia-k → mallory"
    assert one.original == clone.git("rev-parse", "receipts~3")
    assert (one.commit, one.author) == (clone.git("rev-parse", "receipts"), "Test <test@acme.example>")
    assert one.message.count(one.changed) == 1
    assert [record(clone).sound(number) for number in (1, 2, 3, 4)] == [True, False, True, True]


def test_a_digest_that_was_computed_again_hides_nothing(clone: GitRepo) -> None:
    """The one after it still follows what was written."""

    def change(folder: Path) -> None:
        file = folder / "00000002.json"
        forged = replace(parse_receipt(file.read_bytes()), approvers=("mallory",))
        file.write_bytes(replace(forged, digest=forged.computed_digest()).encode())

    on_receipts(clone, change)
    (one,) = problems(record(clone))
    assert one.changed.startswith("approvers[0]: nadia-k → mallory, digest: ")
    assert record(clone).unsound == {2}


def test_one_that_was_changed_and_put_back_is_named_and_sound(clone: GitRepo) -> None:
    file = clone.root / "receipts/00000/00000002.json"
    on_receipts(clone, lambda _: file.write_text(file.read_text().replace("nadia-k", "mallory")))
    on_receipts(clone, lambda _: file.write_text(file.read_text().replace("mallory", "nadia-k")))
    (said,) = found(clone)
    assert "Receipt 2 was written over, and stands as it was written since commit" in said
    assert record(clone).unsound == frozenset()


def test_a_branch_that_was_written_anew_from_one_receipt_on(written: Path, tmp_path: Path) -> None:
    """Its commits are like the workflow's; the receipt after the changed one gives it away."""
    shutil.copytree(written, tmp_path / "clone")
    clone = GitRepo(tmp_path / "clone")

    def change(folder: Path) -> None:
        file = folder / "00000004.json"
        forged = replace(parse_receipt(file.read_bytes()), previous="sha256:" + "0" * 64)
        file.write_bytes(replace(forged, digest=forged.computed_digest()).encode())

    on_receipts(clone, change, amend=True)
    assert found(clone) == [
        "Receipt 3 was changed or added after it was written: receipt 4 does not follow it."
    ]


def add_fifth(folder: Path) -> None:
    last = parse_receipt((folder / "00000004.json").read_bytes())
    forged = replace(last, number=5, previous=last.digest, approvers=("petra-v",))
    forged = replace(forged, digest=forged.computed_digest())
    (folder / "00000005.json").write_bytes(forged.encode())


def test_one_that_a_stranger_added_in_the_right_way(clone: GitRepo) -> None:
    """Digest and place are right: that it was no app that wrote it is what shows."""
    on_receipts(clone, add_fifth)
    (one,) = problems(record(clone))
    assert "Receipt 5 was not written by the workflow, but by commit" in one.message
    assert "of Test <test@acme.example>" in one.message
    assert "its author is no app" in one.message
    assert record(clone).unsound == {5}


@pytest.mark.parametrize(
    ("others", "message", "why"),
    [
        ((), "Receipt 5: x", ""),
        (("notes.md",), "Receipt 5: x", "it is not one new file"),
        ((), "Receipt 6: x", "its message is not that of its file"),
    ],
)
def test_a_commit_that_is_not_like_the_workflows(
    clone: GitRepo, others: tuple[str, ...], message: str, why: str
) -> None:
    clone.git("switch", "--quiet", "receipts")
    add_fifth(clone.root / "receipts/00000")
    for name in others:
        (clone.root / name).touch()
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--author=some[bot] <b@acme.example>", "-m", message)
    clone.git("switch", "--quiet", "main")
    said = found(clone)
    assert [why in one for one in said] == ([True] if why else [])


def test_a_receipt_that_contradicts_its_file_or_itself(tmp_path: Path) -> None:
    maker = RecordMaker()
    merge = maker.merge(PATH, CHURN)
    step = Step(key="x", digest="", verb="create", summary="", outcome="done")
    late = Approval(login="nadia-k", at="2027-01-01T00:00:00+00:00", commit="")
    other = Approval(login="mallory", at="2026-01-01T00:00:00+00:00", commit="")
    maker.receipt(merge, ID, requester={"slack": "U1", "github": "mallory"})
    maker.receipt(merge, ID, "refused", steps=(step,))
    maker.receipt(merge, ID, "partial", steps=())
    maker.receipt(merge, ID, steps=(replace(step, outcome="failed"),))
    maker.receipt(merge, ID, approvals=(late,))
    maker.receipt(merge, ID, approvals=(other,))
    maker.receipt(merge, ID, requester={"slack": None, "github": None})
    said = found(maker.write(tmp_path / "clone"))
    assert [one.split(" ", 2)[1] for one in said] == ["1", "2", "3", "4", "5", "6"]
    assert "says that U1, mallory asked for it, where it was U024BE7LH, liwei" in said[0]
    assert "is of status refused, and has steps that were done" in said[1]
    assert "is of status partial, and has no step that was done" in said[2]
    assert "is of status applied, and has steps that were not done" in said[3]
    assert "has an approval of 2027-01-01T00:00:00+00:00, after it was written" in said[4]
    assert "has approvals of others than its approvers" in said[5]


def test_one_that_was_left_out(clone: GitRepo) -> None:
    on_receipts(clone, lambda folder: (folder / "00000003.json").unlink())
    said = found(clone)
    (one,) = said
    assert one.startswith("Receipt 3 is missing: it was removed by commit")


def test_one_that_cannot_be_read(clone: GitRepo) -> None:
    on_receipts(clone, lambda folder: (folder / "00000001.json").write_text("{}"))
    assert any("it cannot be read as a receipt" in one for one in found(clone))


def test_the_field_that_is_odd_is_named(clone: GitRepo) -> None:
    def add(folder: Path) -> None:
        path = folder / "00000001.json"
        path.write_text(path.read_text().replace("{", '{"signed_by\\u001b[31m": "x",', 1))

    on_receipts(clone, add)
    (said,) = [one for one in found(clone) if "cannot be read" in one]
    assert "unknown field `signed_by\ufffd[31m`" in said


def test_two_that_changed_places(clone: GitRepo) -> None:
    def swap(folder: Path) -> None:
        one, two = (folder / f"0000000{number}.json" for number in (2, 3))
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)

    on_receipts(clone, swap)
    assert [one.split(" by ")[0] for one in found(clone)] == [
        "Receipt 2 was changed after it was written,",
        "Receipt 3 was changed after it was written,",
    ]


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
    said = capsys.readouterr().out
    head = clone.git("rev-parse", "receipts")
    assert "4 receipt(s), each as it was written" in said
    assert f"Head {head}, 4 receipt(s): note it" in said
    assert cli.main(REGISTRY, ["receipts", "verify", "--expect", clone.git("rev-parse", "receipts~1")]) == 0
    assert cli.main(REGISTRY, ["receipts", "verify", "--expect", "1" * 40]) == 1
    assert "Commit 111111111111 is not in the branch" in capsys.readouterr().err
    assert cli.main(REGISTRY, ["receipts", "verify", "--expect", "--all"]) == 2
    on_receipts(clone, lambda folder: (folder / "00000003.json").unlink())
    assert cli.main(REGISTRY, ["receipts", "verify", "--json"]) == 1
    assert "Receipt 3 is missing: it was removed" in capsys.readouterr().out
    clone.git("branch", "-D", "receipts")
    assert cli.main(REGISTRY, ["receipts", "verify"]) == 3
