"""Where a template may write: no path that leads out, means something else, or is two files somewhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from gitops.errors import LakeportError
from handlers import _scaffold_files as files
from handlers._scaffold_marker import Marker, parse
from handlers._scaffold_paths import clash, fault, folded, is_run_by_github

OUT = {
    "nothing": "",
    "parent": "../x",
    "grandparents": "../../../../etc/passwd",
    "parent in the middle": "a/../../x",
    "parent at the end": "a/..",
    "here": "./x",
    "here in the middle": "a/./x",
    "absolute": "/etc/passwd",
    "absolute of a network": "//server/share",
    "nothing between": "a//x",
    "a slash at the end": "a/",
    "a drive": "C:/Windows/x",
    "a drive, relative": "c:x",
    "backslashes": "..\\..\\x",
    "a backslash in a name": "a\\x",
    "a share of Windows": "\\\\server\\share",
    "a device path of Windows": "\\\\?\\C:\\x",
    "too long a name": "a" * 256,
    "too long a name in bytes": "é" * 128,
    "too long a path": "/".join(["abcdefgh"] * 120),
}
GIT = {
    "hook": ".git/hooks/pre-commit",
    "hook of a folder": "sub/.git/hooks/post-checkout",
    "config": ".git/config",
    "git as a file": ".git",
    "other case": ".GIT/config",
    "mixed case": "a/.gIt/config",
    "8.3 name": "GIT~1/config",
    "8.3 name, lower case": "git~1",
    "another 8.3 name": "a/GI7EBA~1/x",
    "a dot after it": ".git./config",
    "a space after it": ".git /config",
    "a stream of NTFS": ".git::$INDEX_ALLOCATION/config",
    "a character HFS+ passes over": ".g\u200cit/config",
    "a mark HFS+ passes over": ".git\ufeff/config",
    "a wide letter": ".\uff47it/config",
    "submodules": ".gitmodules",
    "submodules in another case": ".GitModules",
}
WINDOWS = {
    "con": "CON",
    "nul with an extension": "src/nul.txt",
    "aux, with two": "aux.tar.gz",
    "com1": "com1",
    "lpt9": "a/LPT9.log/x",
    "com with a superscript": "COM\u00b9",
    "conin": "CONIN$",
    "a space before the extension": "nul .txt",
    "colon": "a:b",
    "a stream": "file.txt:hidden",
    "question mark": "what?",
    "star": "*.py",
    "angle bracket": "a<b",
    "pipe": "a|b",
    "quote": 'a"b',
    "dot at the end": "a.",
    "dots at the end": "folder.../x",
    "space at the end": "a ",
    "space at the beginning": " a",
    "space at the end of a folder": "a /x",
}
UNSEEN = {
    "nul": "a\0b",
    "line feed": "a\nb",
    "carriage return": "a\rb",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "turned text": "a\u202egpj.exe",
    "no width": "a\u200bb",
    "line separator": "a\u2028b",
    "soft hyphen": "a\u00adb",
    "tag character": "a\U000e0041",
    "private character": "a\ue000b",
    "half a character": "a\ud800b",
}
SPELLED = {
    "decomposed": "cafe\u0301.txt",
    "decomposed Hangul": "\u1112\u1161\u11ab",
    "angstrom sign": "\u212b",
    "the note itself": ".lakeport/scaffold.json",
    "beside the note": ".lakeport/other",
    "the note in another case": ".Lakeport/scaffold.json",
    "the folder of the note as a file": ".lakeport",
    "workflows in another case": ".github/Workflows/ci.yml",
    "all in another case": ".GITHUB/WORKFLOWS/ci.yml",
    "actions in another case": ".github/ACTIONS/x/action.yml",
    "the folder in another case": ".GitHub/dependabot.yml",
    "a long s": ".github/workflow\u017f/ci.yml",
}
REFUSED = {
    f"{family}: {name}": path
    for family, paths in {
        "out": OUT,
        "git": GIT,
        "windows": WINDOWS,
        "unseen": UNSEEN,
        "spelled": SPELLED,
    }.items()
    for name, path in paths.items()
}
ALLOWED = [
    "README.md",
    "src/churn/__init__.py",
    ".gitignore",
    ".gitattributes",
    ".gitkeep",
    "a/.github/x",
    ".github/workflows/ci.yml",
    ".github/dependabot.yml",
    "..a",
    "a..b",
    "...a",
    "console",
    "com10",
    "nulls.txt",
    "a~b",
    "notes~",
    "caf\u00e9.txt",
    "\u65e5\u672c\u8a9e.md",
    "with space.txt",
    "a" * 255,
    "é" * 127,
]


def test_there_are_enough_of_them() -> None:
    assert len(set(REFUSED.values())) == len(REFUSED) >= 60


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED.keys())
def test_no_template_may_write_there(path: str) -> None:
    assert fault(path)


@pytest.mark.parametrize("path", ALLOWED)
def test_a_template_may_write_there(path: str) -> None:
    assert fault(path) == ""


# --- the same as files that were really made


def possible(path: str) -> bool:
    """Whether Linux can have a file of that path below a folder."""
    parts = path.split("/")
    try:
        short = all(0 < len(os.fsencode(part)) < 256 for part in parts)
    except UnicodeEncodeError:
        return False
    return short and not {".", ".."} & {*parts} and "\0" not in path


ON_LINUX = {name: path for name, path in REFUSED.items() if possible(path)}


def collected(tmp_path: Path, *paths: str) -> tuple[files.File, ...]:
    """What is taken of a rendering that made these files."""
    source, project = tmp_path / "template", tmp_path / "out/project"
    (source / "{{cookiecutter.project}}").mkdir(parents=True)
    for path in paths:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("x")
    return files._collected(source, "mine", tmp_path / "out", "project")


@pytest.mark.parametrize("path", ON_LINUX.values(), ids=ON_LINUX.keys())
def test_a_rendering_with_such_a_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(LakeportError, match="makes a file that cannot be") as refused:
        collected(tmp_path, path, "ok.txt")
    assert str(refused.value).isprintable() or "\n" in str(refused.value)


def test_enough_of_them_can_be_made() -> None:
    assert len(ON_LINUX) >= 50


CLASHES = [
    ("README.md", "readme.md"),
    ("README.md", "ReadMe.MD"),
    ("src/a.py", "SRC/a.py"),
    ("src/a.py", "Src/b.py"),
    ("stra\u00dfe", "STRASSE"),
    ("caf\u00e9", "CAF\u00c9"),
    ("\u03c3.txt", "\u03c2.txt"),
    ("fi.txt", "\ufb01.txt"),
    ("k.txt", "\u212a.txt"),
]


@pytest.mark.parametrize("paths", CLASHES)
def test_two_names_of_one_file_are_refused(tmp_path: Path, paths: tuple[str, str]) -> None:
    assert clash(paths) is not None
    assert clash(reversed(paths)) is not None
    with pytest.raises(LakeportError):
        collected(tmp_path, *paths)


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b", "a"), ("x", "x"), ("a/b/c", "a/b")])
def test_a_file_is_no_folder(paths: tuple[str, str]) -> None:
    assert clash(paths) is not None


@pytest.mark.parametrize("paths", [("a", "b"), ("a/b", "a/c"), ("a.b", "a/b"), ("a", "ab/c"), ()])
def test_what_does_not_clash(paths: tuple[str, ...]) -> None:
    assert clash(paths) is None


# --- links and devices


def linked(tmp_path: Path, link: str, to: str) -> None:
    project = tmp_path / "out/project"
    (tmp_path / "template").mkdir()
    (project / "real").mkdir(parents=True)
    (project / "real/a.txt").write_text("x")
    (tmp_path / "secret").write_text("token")
    (project / link).symlink_to(to)


LINKS = {
    "to a file outside": ("a", "../../secret"),
    "to a file outside, absolute": ("a", "/etc/passwd"),
    "to a file inside": ("a", "real/a.txt"),
    "to a folder inside": ("a", "real"),
    "to a folder outside": ("a", "../.."),
    "dangling": ("a", "nowhere"),
    "dangling outside": ("a", "/nowhere/at/all"),
    "to itself": ("a", "a"),
    "a chain": ("real/b", "../../../secret"),
    "to git": ("a", ".git/hooks"),
}


@pytest.mark.parametrize(("link", "to"), LINKS.values(), ids=LINKS.keys())
def test_a_link_is_refused_wherever_it_leads(tmp_path: Path, link: str, to: str) -> None:
    linked(tmp_path, link, to)
    with pytest.raises(LakeportError, match="leaves its folder"):
        files._collected(tmp_path / "template", "mine", tmp_path / "out", "project")


def test_a_chain_of_links_is_refused(tmp_path: Path) -> None:
    linked(tmp_path, "a", "b")
    (tmp_path / "out/project/b").symlink_to("c")
    (tmp_path / "out/project/c").symlink_to("../../secret")
    with pytest.raises(LakeportError, match="leaves its folder"):
        files._collected(tmp_path / "template", "mine", tmp_path / "out", "project")


@pytest.mark.parametrize(("link", "to"), LINKS.values(), ids=LINKS.keys())
def test_a_link_in_a_template_is_refused_before_it_is_rendered(tmp_path: Path, link: str, to: str) -> None:
    linked(tmp_path, link, to)
    with pytest.raises(LakeportError, match="could lead out"):
        files._check(tmp_path / "out", "mine")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    (tmp_path / "out/project").mkdir(parents=True)
    os.mkfifo(tmp_path / "out/project/pipe")
    assert stat.S_ISFIFO((tmp_path / "out/project/pipe").stat().st_mode)
    with pytest.raises(LakeportError, match="too much"):
        files._collected(tmp_path / "template", "mine", tmp_path / "out", "project")


@pytest.mark.parametrize("name", ["{{cookiecutter.text.x}}", "{% raw %}", "{{'..'}}", "a..b", "x\\y", "{"])
def test_values_in_paths_are_refused_but_for_two(tmp_path: Path, name: str) -> None:
    (tmp_path / "{{cookiecutter.project}}" / name).mkdir(parents=True)
    with pytest.raises(LakeportError, match="could lead out"):
        files._check(tmp_path, "mine")


def test_too_many_and_too_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    with pytest.raises(LakeportError, match="too much"):
        collected(tmp_path / "many", "a", "b", "c")
    monkeypatch.setattr(files, "MAX_BYTES", 1)
    with pytest.raises(LakeportError, match="too much"):
        collected(tmp_path / "large", "a", "b")


def test_a_file_that_is_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    (tmp_path / "out/project").mkdir(parents=True)
    (tmp_path / "out/project/a.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(LakeportError, match=r"is no text: a\.png"):
        files._collected(tmp_path / "template", "mine", tmp_path / "out", "project")


# --- what GitHub runs


WORKFLOW = ".github/workflows/ci.yml"


def with_workflow(tmp_path: Path, original: dict[str, str], made: str, path: str = WORKFLOW) -> Any:
    source, project = tmp_path / "template", tmp_path / "out/project"
    for name, text in original.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (project / path).parent.mkdir(parents=True)
    (project / path).write_text(made)
    return files._collected(source, "mine", tmp_path / "out", "project")


def test_a_workflow_is_taken_as_the_template_has_it(tmp_path: Path) -> None:
    (file,) = with_workflow(
        tmp_path, {f"{{{{cookiecutter.project}}}}/{WORKFLOW}": "on: push\n"}, "on: push\n"
    )
    assert file.path == WORKFLOW


@pytest.mark.parametrize(
    ("original", "path"),
    [
        ({f"{{{{cookiecutter.project}}}}/{WORKFLOW}": "run: {{ x }}\n"}, WORKFLOW),
        ({"{{cookiecutter.project}}/.github/workflows/{{cookiecutter.package}}.yml": "on: push\n"}, WORKFLOW),
        ({"elsewhere/.github/workflows/ci.yml": "on: push\n"}, WORKFLOW),
        ({}, WORKFLOW),
        ({}, ".github/actions/mine/action.yml"),
    ],
)
def test_no_value_gets_into_what_github_runs(tmp_path: Path, original: dict[str, str], path: str) -> None:
    (tmp_path / "template").mkdir()
    with pytest.raises(LakeportError, match="which GitHub runs"):
        with_workflow(tmp_path, original, "on: push\n", path)


@pytest.mark.parametrize(
    "path", [".github/workflows/x", ".github/actions/x/action.yml", ".GitHub/Workflows/x"]
)
def test_what_github_runs(path: str) -> None:
    assert is_run_by_github(path)
    assert not is_run_by_github(f"a/{path}")


# --- paths that come from GitHub

ID = "0123456789" * 4


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED.keys())
def test_a_note_with_such_a_path_is_nobodys(path: str) -> None:
    marker = Marker(request="dev/growth/churn", template="x", files={"README.md": ID, path: ID})
    raw = marker.text().encode("utf-8", "surrogatepass")
    assert parse(raw) == Marker()


def test_a_note_reads_as_it_was_written() -> None:
    marker = Marker(request="dev/growth/churn", template="x", files=dict.fromkeys(ALLOWED, ID))
    assert parse(marker.text().encode()) == marker


def test_folding_is_done_once_and_for_all() -> None:
    for path in [*REFUSED.values(), *ALLOWED]:
        if not any("\ud800" <= char <= "\udfff" for char in path):
            assert folded(folded(path)) == folded(path)
