"""The templates as files: which there are, their versions and variables, and what rendering one gives."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from gitops.errors import LakeportError
from gitops.markup import visible
from gitops.plan import digest
from handlers._scaffold_paths import clash, fault, is_run_by_github

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent / "templates"
"""Beside this module where Lakeport is installed, at the top of a checkout otherwise."""

RENDERER = Path(__file__).with_name("_scaffold_render.py")
SECONDS = 60
"""How long rendering may take."""

MAX_FILES = 500
MAX_BYTES = 1_000_000

_NAMES_IN_PATHS = re.compile(r"\{\{ ?cookiecutter\.(?:project|package) ?\}\}")
_SAFE_NAME = re.compile(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*")
_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){0,2}")


class File(Struct, frozen=True):
    """One rendered file: its path with ``/``, its text, and whether it can be executed."""

    path: str
    text: str
    executable: bool = False


@cache
def templates() -> Mapping[str, Path]:
    """The folders of ``templates/`` by name: a name is looked up here, never made into a path."""
    return {
        folder.name: folder
        for folder in sorted(TEMPLATES.iterdir())
        if (folder / "cookiecutter.json").is_file() and not folder.is_symlink()
    }


@cache
def variables(template: str) -> Mapping[str, Any]:
    """What ``cookiecutter.json`` of a template says: settings (``_…``) and own variables with defaults.

    The default of a variable is a text, or a list of choices of which the first is the default.
    """
    return settings_of(templates()[template])


def settings_of(folder: Path) -> Mapping[str, Any]:
    """The same of the template in a folder."""
    import json

    found: Mapping[str, Any] = json.loads((folder / "cookiecutter.json").read_text("utf-8"))
    return found


def version_of(template: str) -> str:
    """The version that ``cookiecutter.json`` says in ``_version``; 0 where it says none.

    Raises:
        LakeportError: it is no version.
    """
    found = variables(template).get("_version", "0")
    if not isinstance(found, str) or not _VERSION.fullmatch(found):
        raise _faulty(template, "has no version that can be read", "Write `_version` as in 1.4 or 1.4.2.")
    return found


@cache
def digest_of(template: str) -> str:
    """Digest over the paths, the modes and the bytes of a template's files."""
    root = templates()[template]
    return digest_of_files(
        (path.relative_to(root).as_posix(), os.access(path, os.X_OK), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and not _compiled(path)
    )


def digest_of_files(files: Iterable[tuple[str, bool, bytes]]) -> str:
    """The same over files that are somewhere else: path, whether it can be executed, content."""
    ordered = sorted(files, key=lambda file: PurePosixPath(file[0]).parts)
    return digest([[path, executable, digest(raw)] for path, executable, raw in ordered])


def _compiled(path: Path) -> bool:
    """Whether Python made it: pip compiles what it installs, the modules of templates too."""
    return "__pycache__" in path.parts or path.suffix in (".pyc", ".pyo")


def package_name(name: str) -> str:
    """``churn-prediction`` → ``churn_prediction``: a package's name that is no keyword and hides nothing."""
    import keyword

    found = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not found or found[0].isdigit():
        found = f"project_{found}".rstrip("_")
    taken = keyword.iskeyword(found) or keyword.issoftkeyword(found) or found in sys.stdlib_module_names
    return f"{found}_project" if taken or found in ("tests", "src", "pytest") else found


def plain(text: str) -> str:
    """One line in which every character shows; what hides or turns text becomes ``�``."""
    return " ".join(visible(text).split())


def quoted(text: str) -> str:
    """A text between double quotes that reads the same in Python, TOML, YAML and JSON."""
    return '"' + plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def markdown(text: str) -> str:
    """A text that Markdown shows as it is: every sign that could mean something is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", plain(text))


def spelled(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Each value as ``text``, and in a spelling for code (``quoted``) and for Markdown (``markdown``)."""
    return {
        "text": {name: plain(value) for name, value in values.items()},
        "quoted": {name: quoted(value) for name, value in values.items()},
        "markdown": {name: markdown(value) for name, value in values.items()},
    }


def render(template: str, context: Mapping[str, Any]) -> tuple[File, ...]:
    """The files that a template gives, sorted by path.

    ``context`` is ``{"project", "package", "values"}``: the first two become names of folders and are checked
    here, the third are the values by name.

    Raises:
        LakeportError: the template is broken, or something landed outside of its folder.
    """
    return render_folder(templates()[template], template, context)


def render_folder(folder: Path, template: str, context: Mapping[str, Any]) -> tuple[File, ...]:
    """The same for a template that lies in any folder; ``template`` is what it is called in an error."""
    for name in (context["project"], context["package"]):
        if not _SAFE_NAME.fullmatch(name):
            raise LakeportError(f"{plain(str(name))[:60]} cannot be the name of a folder.", where=template)
    _check(folder, template)
    import json  # a check has no need of them
    import shutil
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="lakeport-") as scratch:
        target, source = (Path(scratch).resolve() / name for name in ("out", "template"))
        target.mkdir()
        shutil.copytree(folder, source, ignore=_compiled_among)
        settings = {key: value for key, value in settings_of(folder).items() if key.startswith("_")}
        names = {"project": context["project"], "package": context["package"]}
        order = {
            "template": str(source),
            "target": str(target),
            "context": {**settings, **names, **spelled(context["values"])},
        }
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(RENDERER)],
                input=json.dumps(order),
                capture_output=True,
                text=True,
                cwd=scratch,
                env={"PATH": os.defpath, "HOME": scratch, "LANG": "C.UTF-8"},
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _faulty(template, f"was not rendered within {SECONDS} seconds") from None
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [""]
            raise _faulty(template, "could not be rendered", why=plain(last[0])[:300])
        return _collected(folder, template, target, str(context["project"]))


def _faulty(template: str, what: str, fix: str = "", *, why: str = "") -> LakeportError:
    return LakeportError(
        f"The template {template} {what}.",
        why=why,
        fix=fix or "This is a fault of the template, not of the request.",
        where=f"templates/{template}",
    )


def _compiled_among(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if _compiled(Path(name))]


def _check(root: Path, template: str) -> None:
    """No links, and no values in paths but the two that are checked: nothing can then land anywhere else."""
    for path in root.rglob("*"):
        rest = _NAMES_IN_PATHS.sub("", path.relative_to(root).as_posix())
        if path.is_symlink() or re.search(r"[{}\\]|\.\.", rest):
            raise _faulty(template, "has a path that could lead out of its folder")


def _collected(source: Path, template: str, target: Path, project: str) -> tuple[File, ...]:
    """What was rendered, read back; anything but plain text files within the one folder is refused."""
    if [entry.name for entry in target.iterdir()] != [project]:
        raise _faulty(template, "did not make one folder")
    root = target / project
    files: list[File] = []
    size = 0
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root).as_posix()
        if path.is_symlink() or not path.resolve().is_relative_to(root):
            raise _faulty(template, "leaves its folder")
        if wrong := fault(relative):
            raise _faulty(template, f"makes a file that cannot be: the path {plain(relative)[:100]} {wrong}")
        if path.is_dir():
            continue
        size += path.stat().st_size if path.is_file() else MAX_BYTES + 1
        if len(files) >= MAX_FILES or size > MAX_BYTES:
            raise _faulty(template, "has too much in it")
        files.append(File(relative, _text(path, template, relative), os.access(path, os.X_OK)))
    if two := clash(file.path for file in files):
        raise _faulty(template, f"makes two files that some computers take for one: {' and '.join(two)}")
    _require_copied(source, template, files)
    return tuple(files)


def _text(path: Path, template: str, relative: str) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise _faulty(template, f"makes a file that is no text: {relative}") from None


def _require_copied(source: Path, template: str, files: Iterable[File]) -> None:
    """What GitHub runs stands in the template just as it is written: no value can have got into it."""
    tops = [entry for entry in source.iterdir() if _NAMES_IN_PATHS.fullmatch(entry.name)]
    for file in files:
        if not is_run_by_github(file.path):
            continue
        originals = [top / file.path for top in tops if (top / file.path).is_file()]
        if not any(original.read_bytes() == file.text.encode() for original in originals):
            raise _faulty(
                template,
                f"puts values into {file.path}, which GitHub runs",
                "Name it in `_copy_without_render`, and give it a path without variables.",
            )
