from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gitops.checkout import POLICY, Changes, Checkout, is_request_file
from gitops.errors import ConfigurationError, InvalidRequest, UsageError
from gitops.receipt import Receipt
from gitops.status import rows
from tests.support import toy
from tests.support.gitrepo import GitRepo

CHURN, SALES, OLD = toy.path("churn"), toy.path("sales"), toy.path("old")


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    files = {POLICY: toy.POLICY, CHURN: toy.raw(), OLD: toy.raw(name="old"), "requests/README.md": b"x"}
    return GitRepo.make(tmp_path / "repo", files)


@pytest.fixture
def checkout(repo: GitRepo) -> Checkout:
    return Checkout(repo.root)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (CHURN, True),
        ("requests/dev/growth/churn.yml", True),
        ("requests/dev/growth/churn.txt", True),
        ("requests/loose.yaml", True),
        (POLICY, False),
        ("requests/schema.json", False),
        ("requests/README.md", False),
        ("docs/dev/growth/churn.yaml", False),
        ("requests", False),
    ],
)
def test_what_is_meant_as_a_request_file(path: str, expected: bool) -> None:
    assert is_request_file(path) is expected


def test_all_files(checkout: Checkout) -> None:
    assert checkout.all_files() == (CHURN, OLD)


def test_changed_added_deleted_and_renamed(repo: GitRepo, checkout: Checkout) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Change", {CHURN: toy.raw("base two"), SALES: toy.raw(name="old")}, delete=(OLD,))
    repo.git("switch", "--quiet", "main")
    repo.commit("Main moves on", {toy.path("elsewhere"): toy.raw(name="elsewhere")})
    repo.git("switch", "--quiet", "work")
    base = repo.git("merge-base", "main", "work")
    assert checkout.changes_since("main") == Changes(base, (CHURN, SALES), (OLD,))
    assert checkout.merge_base("main") == base
    assert checkout.read_at("main", CHURN) == toy.raw()


@pytest.mark.parametrize(
    "revision", ["nowhere", "--help", "-n1", "main..HEAD", "", "main\n", "HEAD:README.md"]
)
def test_a_revision_is_a_commit_or_an_error(checkout: Checkout, revision: str) -> None:
    with pytest.raises(UsageError):
        checkout.read_at(revision, CHURN)


def test_reading_many_files_at_once(checkout: Checkout) -> None:
    odd = "requests/dev/growth/no such file.yaml"
    found = checkout.read_tree("HEAD", [CHURN, odd, "requests/dev", OLD, "a\nb"])
    assert found == {CHURN: toy.raw(), OLD: toy.raw(name="old")}


def test_blobs_at_hand(repo: GitRepo, checkout: Checkout) -> None:
    known = repo.git("rev-parse", f"HEAD:{CHURN}")
    assert checkout.blobs([known, "0" * 40]) == {known: toy.raw()}
    assert checkout.blobs([]) == {}


def test_merge_commit_is_the_first_parent_s(repo: GitRepo, checkout: Checkout) -> None:
    head, merge = repo.merge("work", {SALES: toy.raw(name="sales")})
    repo.commit("Something else", {"docs/x.md": b"x"})
    assert head != merge
    assert checkout.merge_commit(SALES) == merge
    assert checkout.merge_commit("requests/dev/growth/*.yaml") is None


def test_links_are_never_followed(repo: GitRepo, checkout: Checkout) -> None:
    (repo.root / SALES).symlink_to("/etc/passwd")
    assert SALES in checkout.all_files()
    with pytest.raises(InvalidRequest):
        checkout.read(SALES)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "Link")
    assert SALES not in checkout.tree("HEAD", "requests/")


def test_named_paths(repo: GitRepo, checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.root)
    assert checkout.named([Path(CHURN)]) == (CHURN,)
    assert checkout.named([repo.root / OLD, Path(OLD)]) == (OLD,)
    assert checkout.named([Path("requests/dev")]) == (CHURN, OLD)
    monkeypatch.chdir(repo.root / "requests")
    assert checkout.named([Path("dev/growth/churn.yaml")]) == (CHURN,)


@pytest.mark.parametrize(
    "path", ["README.md", "/etc/passwd", "requests/../README.md", "requests/dev/nothing.yaml"]
)
def test_paths_that_are_no_request_files(
    repo: GitRepo, checkout: Checkout, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.root)
    with pytest.raises(UsageError):
        checkout.named([Path(path)])


def test_outside_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="requests"):
        Checkout.here(tmp_path)
    (tmp_path / "requests").mkdir()
    with pytest.raises(ConfigurationError, match="not a git repository"):
        Checkout.here(tmp_path).tree("HEAD", "requests/")


def refusal(folder: Path) -> UsageError:
    with pytest.raises(UsageError, match="no folder requests/ here") as caught:
        Checkout.here(folder)
    return caught.value


def test_why_there_are_no_requests_here(repo: GitRepo, tmp_path: Path) -> None:
    assert refusal(tmp_path).why == "This is no Git repository."
    below = repo.root / "requests/dev"
    assert refusal(below).fix == "Run: cd ../../"
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "bare"))
    assert "is bare" in refusal(tmp_path / "bare").why
    repo.git("clone", "--quiet", "--no-checkout", str(repo.root), str(tmp_path / "empty"))
    empty = GitRepo(tmp_path / "empty")
    said = refusal(empty.root)
    assert "not checked out" in said.why
    for command in said.fix.removeprefix("Run: git ").split(" && git "):
        empty.git(*command.split())
    assert Checkout.here(empty.root).all_files()
    other = GitRepo.make(tmp_path / "other", {"README.md": b"x"})
    assert "has none either" in refusal(other.root).why


# --- status


def stored(number: int, **fields: Any) -> dict[str, bytes]:
    given: dict[str, Any] = {
        "request": "dev/growth/churn",
        "path": CHURN,
        "file_digest": "",
        "commit": "",
        "pull": None,
        "requester": {},
        "approvers": (),
        "plan_digest": None,
        "run_url": "",
        "tool_version": "",
        "status": "applied",
        "at": "2026-11-21T06:00:00+00:00",
        "previous": "",
    }
    return {f"receipts/{number:08d}.json": Receipt(number=number, **given | fields).encode()}


def test_status_without_receipts(checkout: Checkout) -> None:
    assert {row.request: row.state for row in rows(checkout)} == {
        "dev/growth/churn": "waiting",
        "dev/growth/old": "waiting",
    }


def test_status_is_that_of_the_latest_receipt_for_this_file(repo: GitRepo, checkout: Checkout) -> None:
    from gitops.plan import digest

    own = digest(toy.raw())
    repo.orphan(
        "receipts",
        stored(1, file_digest="sha256:old")
        | stored(2, file_digest=own)
        | stored(
            3, request="dev/growth/old", status="failed", file_digest=digest(toy.raw(name="old")), error="No."
        )
        | {"receipts/00000004.json": b"not json", "receipts/00000005.json": b"[]"},
    )
    found = {row.request: row for row in rows(checkout)}
    assert found["dev/growth/churn"].state == "applied"
    assert found["dev/growth/churn"].receipt == 2
    assert (found["dev/growth/old"].state, found["dev/growth/old"].error) == ("failed", "No.")
    repo.write({CHURN: toy.raw("base changed"), OLD: toy.raw("base changed", name="old")})
    assert {row.request: row.state for row in rows(checkout)} == {
        "dev/growth/churn": "changed",
        "dev/growth/old": "waiting",
    }


def test_status_of_one_request(repo: GitRepo, checkout: Checkout) -> None:
    repo.write({"requests/dev/growth/Bad.yaml": b""})
    assert [row.request for row in rows(checkout, "churn")] == ["dev/growth/churn"]
    assert [row.request for row in rows(checkout, "dev/growth/churn")] == ["dev/growth/churn"]
    assert [row.state for row in rows(checkout, "requests/dev/growth/Bad.yaml")] == ["misplaced"]
    with pytest.raises(UsageError):
        rows(checkout, "nobody")


# --- other branches, and the working tree


def test_what_requests_are_merged_into(repo: GitRepo, checkout: Checkout) -> None:
    assert checkout.trunk() == "refs/heads/main"
    repo.git("update-ref", "refs/remotes/origin/main", "main")
    assert checkout.trunk() == "refs/remotes/origin/main"
    repo.git("update-ref", "refs/remotes/origin/master", "main")
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/master")
    assert checkout.trunk() == "refs/remotes/origin/HEAD"


def test_without_a_default_branch(repo: GitRepo, checkout: Checkout) -> None:
    repo.git("branch", "--move", "trunk")
    with pytest.raises(UsageError, match="neither origin/main nor main"):
        checkout.trunk()


def test_what_differs_in_the_working_tree(repo: GitRepo, checkout: Checkout) -> None:
    head = repo.git("rev-parse", "HEAD")
    assert checkout.differing(head) == ((), ())
    repo.commit("Edit", {CHURN: toy.raw("base two")})
    odd = "requests/dev/growth/o\u00e9d name.yaml"
    repo.write({SALES: toy.raw(name="sales"), odd: b"x", "requests/README.md": b"y", "other.yaml": b"z"})
    (repo.root / OLD).unlink()
    assert checkout.differing(head) == ((CHURN, odd, SALES), (OLD,))
    repo.write({".gitignore": b"sales.yaml\n"})
    assert checkout.differing(head) == ((CHURN, odd), (OLD,))


def _propose(repo: GitRepo, branch: str, files: dict[str, bytes]) -> None:
    repo.git("switch", "--quiet", "-c", branch, "main")
    repo.commit(f"Propose {branch}", files)
    repo.git("switch", "--quiet", "main")


def test_what_open_requests_propose(repo: GitRepo, checkout: Checkout) -> None:
    base = repo.git("rev-parse", "main")
    _propose(repo, "request/dev/growth/churn", {CHURN: toy.raw("base two"), OLD: b"not its file"})
    _propose(repo, "request/dev/growth/sales", {SALES: toy.raw(name="sales")})
    _propose(repo, "request/dev/growth/old", {"README.md": b"its own file is as on main"})
    _propose(repo, "request/dev/growth/nothing", {"requests/dev/growth/else.yaml": b"x"})
    _propose(repo, "request/odd", {SALES: b"x"})
    _propose(repo, "request/dev/growth/caf\u00e9", {"requests/dev/growth/caf\u00e9.yaml": b"x"})
    _propose(repo, "request/dev/growth/huge", {"requests/dev/growth/huge.yaml": b"#" * 300_000})
    _propose(repo, "work", {SALES: b"x"})
    found = {proposal.request: proposal for proposal in checkout.open_requests(base)}
    assert set(found) == {"dev/growth/churn", "dev/growth/sales"}
    assert found["dev/growth/churn"].raw == toy.raw("base two")
    sales = found["dev/growth/sales"]
    assert (sales.branch, sales.path) == ("request/dev/growth/sales", SALES)


def test_of_a_branch_here_and_there_that_of_origin_counts(repo: GitRepo, checkout: Checkout) -> None:
    base = repo.git("rev-parse", "main")
    _propose(repo, "request/dev/growth/sales", {SALES: b"pushed"})
    repo.git("update-ref", "refs/remotes/origin/request/dev/growth/sales", "request/dev/growth/sales")
    repo.git("branch", "--quiet", "--delete", "--force", "request/dev/growth/sales")
    _propose(repo, "request/dev/growth/sales", {SALES: b"not pushed"})
    assert [proposal.raw for proposal in checkout.open_requests(base)] == [b"pushed"]


def test_a_merged_branch_is_no_open_request(repo: GitRepo, checkout: Checkout) -> None:
    repo.merge("request/dev/growth/sales", {SALES: toy.raw(name="sales")})
    repo.commit("Edited later", {SALES: toy.raw("base two", name="sales")})
    assert checkout.open_requests(repo.git("rev-parse", "main")) == ()


def test_open_requests_take_three_calls_of_git(
    repo: GitRepo, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        name = f"request/dev/growth/r{number}"
        _propose(repo, name, {f"requests/dev/growth/r{number}.yaml": b"x"})
    base, calls = repo.git("rev-parse", "main"), []
    run = Checkout.run
    monkeypatch.setattr(
        Checkout, "run", lambda self, *words, **more: calls.append(words[0]) or run(self, *words, **more)
    )
    assert len(checkout.open_requests(base)) == 3
    assert calls == ["for-each-ref", "cat-file", "cat-file"]


def test_what_changed_takes_two_calls_of_git(
    repo: GitRepo, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    repo.commit("Change", {CHURN: toy.raw("base two")})
    calls = []
    run = Checkout.run
    monkeypatch.setattr(
        Checkout, "run", lambda self, *words, **more: calls.append(words[0]) or run(self, *words, **more)
    )
    assert checkout.changes_since("main").files == (CHURN,)
    assert calls == ["merge-base", "diff"]


@pytest.mark.parametrize("revision", ["nope", "--all", "", "main...HEAD", "main\nmain", f"HEAD:{CHURN}"])
def test_what_is_no_commit_has_no_merge_base(checkout: Checkout, revision: str) -> None:
    with pytest.raises(UsageError, match="is not a commit of this repository"):
        checkout.merge_base(revision)


def test_branches_that_have_nothing_in_common(repo: GitRepo, checkout: Checkout) -> None:
    repo.git("switch", "--quiet", "--orphan", "alone")
    repo.commit("Alone", {CHURN: toy.raw()})
    with pytest.raises(UsageError, match="no commit in common"):
        checkout.changes_since("main")


def test_a_name_that_is_no_text_is_read_all_the_same(repo: GitRepo, checkout: Checkout) -> None:
    odd = os.fsdecode(b"requests/dev/growth/caf\xe9.yaml")
    repo.commit("Odd", {odd: b"x"})
    assert checkout.read_tree("HEAD", [odd, CHURN]) == {odd: b"x", CHURN: toy.raw()}
    assert checkout.differing(repo.git("rev-parse", "HEAD~1")) == ((odd,), ())
