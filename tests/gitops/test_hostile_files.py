"""Hostile files as `lakeport check` meets them: links, pipes, sizes, names that cannot be shown."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import handlers
from gitops import cli
from gitops.checkout import POLICY, Checkout, clashes
from gitops.errors import UsageError
from gitops.yamltext import MAX_BYTES
from tests.support.gitrepo import GitRepo
from tests.support.hostile import PATH, ROOT, SAMPLE, VALID

Check = Callable[..., tuple[int, str]]
CPU_SECONDS = 1.0


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    made = GitRepo.make(
        tmp_path / "repo", {POLICY: (ROOT / POLICY).read_bytes(), PATH: VALID.encode(), "README.md": b"x\n"}
    )
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("COLUMNS", "80")
    return made


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Exit code and all that was said by a check, which never is that of a defect."""

    def run(*arguments: str) -> tuple[int, str]:
        code = cli.main(handlers.registry(), ["check", *arguments])
        said = capsys.readouterr()
        assert code in (0, 1, 2), said.err
        assert "Traceback" not in said.out + said.err
        text = said.out + said.err
        # The one that keeps `::error` from being a command may be there, in front of it and nowhere else.
        bare = re.sub("\u200b(?=::|%3A%3A)", "", text)
        assert not set(bare) & set(map(chr, [*range(9), *range(11, 32), 0x7F, 0x202E, 0x200B]))
        return code, text

    return run


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(path.parent)  # its address has at most 108 bytes
    try:
        server.bind(path.name)
    finally:
        os.chdir(here)
        server.close()


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _chain(path: Path) -> None:
    (path.parent / "a.yaml").symlink_to("/etc/passwd")
    path.symlink_to("a.yaml")


STRANGERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link to a file outside": (_link("/etc/passwd"), "path-link"),
    "a link to a file beside it": (_link("churn-prediction.yaml"), "path-link"),
    "a link up": (_link("../../../README.md"), "path-link"),
    "a link to a folder": (_link("/etc"), "path-link"),
    "a link to the folder it is in": (_link("."), "path-link"),
    "a link to itself": (_link("x.yaml"), "path-link"),
    "a link to nothing": (_link("nothing"), "path-link"),
    "a link to what never ends": (_link("/dev/zero"), "path-link"),
    "a link to what never begins": (_link("/dev/stdin"), "path-link"),
    "a link to what this process has open": (_link("/proc/self/environ"), "path-link"),
    "a chain of links": (_chain, "path-link"),
    "a named pipe": (_pipe, "path-file"),
    "a socket": (_socket, "path-file"),
}


@pytest.mark.enable_socket
@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.timeout(20)
def test_what_is_no_file_is_a_finding_and_never_opened(name: str, repo: GitRepo, check: Check) -> None:
    make, rule = STRANGERS[name]
    path = "requests/dev/growth/x.yaml"
    make(repo.root / path)
    for arguments in ((), ("--all",), (path,), ("requests/dev",)):
        code, said = check(*arguments)
        assert code == 1
        assert rule in said
        assert path in said
    assert "root:" not in said


@pytest.mark.parametrize("folder", ["requests/dev/hidden", "requests/prod", "requests/dev/growth/deep"])
def test_a_folder_behind_a_link_is_not_looked_into_and_not_passed_over(
    folder: str, repo: GitRepo, check: Check
) -> None:
    elsewhere = repo.root.parent / "elsewhere/growth"
    elsewhere.mkdir(parents=True)
    (elsewhere / "secret.yaml").write_text("password: hunter2\n")
    (repo.root / folder).symlink_to(elsewhere.parent)
    for arguments in ((), (folder,)):
        code, said = check(*arguments)
        assert (code, "path-link" in said, "hunter2" in said) == (1, True, False)
    assert check(f"{folder}/growth/secret.yaml")[0] == 2


def test_a_link_that_a_branch_adds_is_found(repo: GitRepo, check: Check) -> None:
    repo.git("switch", "--quiet", "-c", "work")
    (repo.root / "requests/staging").symlink_to("/etc")
    repo.commit("Link", {})
    code, said = check("--changed-since", "main")
    assert (code, "path-link" in said, "requests/staging" in said) == (1, True, True)


def test_links_that_go_round_are_no_path(repo: GitRepo, check: Check) -> None:
    (repo.root / "requests/a").symlink_to("b")
    (repo.root / "requests/b").symlink_to("a")
    assert check("requests/a/growth/x.yaml")[0] == 2


def test_the_folder_of_all_requests_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "requests").symlink_to("/etc")
    with pytest.raises(UsageError, match="requests"):
        Checkout.here(tmp_path)


@pytest.mark.timeout(20)
def test_a_file_of_gigabytes_is_not_read(repo: GitRepo, check: Check) -> None:
    path = "requests/dev/growth/x.yaml"
    with (repo.root / path).open("wb") as file:
        file.truncate(100 * 2**30)  # nearly all of it is a hole
    begin = time.process_time()
    code, said = check(path)
    assert (code, "yaml-size" in said, "107,374,182,400 bytes" in said) == (1, True, True)
    assert time.process_time() - begin < CPU_SECONDS


def test_a_file_as_large_as_may_be_is_read(repo: GitRepo) -> None:
    (repo.root / PATH).write_bytes(b"#" * MAX_BYTES)
    assert len(Checkout(repo.root).read(PATH)) == MAX_BYTES


@pytest.mark.parametrize(
    "path", ["requests/" + "a" * 5_000, "requests/" + "a/" * 3_000, "requests/\0", "", "."]
)
def test_paths_on_the_command_line_that_are_none(path: str, repo: GitRepo, check: Check) -> None:
    assert check(path)[0] == 2


def test_names_that_differ_by_case_are_found_on_both(repo: GitRepo, check: Check) -> None:
    other = "requests/dev/growth/Churn-Prediction.yaml"
    repo.write({other: VALID.encode()})
    found = list(clashes(Checkout(repo.root).all_files()))
    assert [(finding.rule, finding.place.file) for finding in found] == [
        ("path-clash", other),
        ("path-clash", PATH),
    ]
    code, said = check()
    assert (code, said.count("path-clash")) == (1, 2)


def test_names_that_differ_in_how_an_accent_is_made_clash() -> None:
    names = [
        "requests/dev/growth/caf\u00e9.yaml",
        "requests/dev/growth/cafe\u0301.yaml",
        "requests/dev/growth/cafe.yaml",
    ]
    assert [finding.place.file for finding in clashes(names)] == names[:2]
    assert list(clashes(names[1:])) == []


@pytest.mark.parametrize("option", [(), ("--json",), ("--format", "github"), ("--format", "sarif")])
def test_file_names_that_cannot_be_shown(option: tuple[str, ...], repo: GitRepo, check: Check) -> None:
    """Each is a finding; none of them writes a line of its own."""
    names = [
        b"\xff.yaml",
        b"a\n::error::x.yaml",
        b"\x1b[2J.yaml",
        "\u202ex.yaml".encode(),
        b"%0A.yaml",
        b"[red]x.yaml",
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(repo.root) + b"/requests/dev/growth/" + name)).write_text(VALID)
    code, said = check(*option)
    assert code == 1
    assert not any(line.startswith("::error::x") for line in said.splitlines())
    if "--json" in option:
        files = {finding["file"] for finding in json.loads(said)["findings"] if finding["rule"] == "path"}
        assert len(files) == len(names)
    elif "sarif" in option:
        results = json.loads(said)["runs"][0]["results"]
        assert [found["ruleId"] for found in results].count("path") == len(names)
    else:
        shown = 2 if "github" in option else 1  # as an annotation, and in the log
        assert said.count("A request cannot be at this path.") == len(names) * shown


@pytest.mark.parametrize(
    "option", [(), ("--json",), ("--format", "github")], ids=["terminal", "json", "github"]
)
@pytest.mark.timeout(120)
def test_the_command_says_what_is_wrong_and_ends(
    option: tuple[str, ...], repo: GitRepo, check: Check
) -> None:
    for name, (raw, rule) in SAMPLE.items():
        if option and len(raw) > 2_000:
            continue  # what is large is so in a terminal as well
        repo.write({PATH: raw})
        code, said = check(PATH, *option)
        assert code == 1, name
        assert rule in said, name
        assert PATH in said, name
        assert len(said) < 200_000, name


def test_one_hostile_file_hides_no_other(repo: GitRepo, check: Check) -> None:
    """Every file is judged; what is wrong with one keeps no other from being read."""
    files = {
        f"requests/dev/growth/hostile-{number}.yaml": raw
        for number, (raw, _) in enumerate(SAMPLE.values())
        if len(raw) < 10_000
    }
    repo.write(files)
    code, said = check("--json")
    found = {finding["file"] for finding in json.loads(said)["findings"] if finding["severity"] == "error"}
    assert (code, found >= files.keys()) == (1, True)
    assert PATH not in found


@pytest.mark.parametrize("name", [name for name in SAMPLE if len(SAMPLE[name][0]) < 300_000])
def test_a_hostile_policy_is_refused_in_the_same_way(name: str, repo: GitRepo, check: Check) -> None:
    repo.write({POLICY: SAMPLE[name][0]})
    code, said = check()
    assert code == 1
    assert "policy.yaml" in said
