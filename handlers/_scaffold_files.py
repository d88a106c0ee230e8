"""The templates as files: which there are, their digest, their variables, and what rendering one gives."""

from __future__ import annotations

import json
import keyword
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gitops.errors import LakeportError
from gitops.markup import visible
from gitops.plan import digest

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent / "templates"
"""Beside this module where Lakeport is installed, at the top of a checkout otherwise."""

RENDERER = Path(__file__).with_name("_scaffold_render.py")
SECONDS = 60
"""How long rendering may take."""

MARKER = ".lakeport/scaffold.json"
MAX_FILES = 500
MAX_BYTES = 1_000_000

_NAMES_IN_PATHS = re.compile(r"\{\{ ?cookiecutter\.(?:project|package) ?\}\}")
_SAFE_NAME = re.compile(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*")


@dataclass(frozen=True)
class File:
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
    found: Mapping[str, Any] = json.loads((templates()[template] / "cookiecutter.json").read_text("utf-8"))
    return found


@cache
def digest_of(template: str) -> str:
    """Digest over the paths, the modes and the bytes of a template's files."""
    root = templates()[template]
    return digest(
        [
            [path.relative_to(root).as_posix(), os.access(path, os.X_OK), digest(path.read_bytes())]
            for path in sorted(root.rglob("*"))
            if path.is_file() and not _compiled(path)
        ]
    )


def _compiled(path: Path) -> bool:
    """Whether Python made it: pip compiles what it installs, the modules of templates too."""
    return "__pycache__" in path.parts or path.suffix in (".pyc", ".pyo")


def package_name(name: str) -> str:
    """``churn-prediction`` → ``churn_prediction``: a package's name that is no keyword and hides nothing."""
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


def render(template: str, context: Mapping[str, Any]) -> tuple[File, ...]:
    """The files that a template gives for these literal values, sorted by path.

    ``context["project"]`` and ``context["package"]`` become names of folders and are checked here.

    Raises:
        LakeportError: the template is broken, or something landed outside of its folder.
    """
    for name in (context["project"], context["package"]):
        if not _SAFE_NAME.fullmatch(name):
            raise LakeportError(f"{plain(str(name))[:60]} cannot be the name of a folder.", where=template)
    _check(template)
    import shutil  # a check has no need of them
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="lakeport-") as scratch:
        target, source = (Path(scratch).resolve() / name for name in ("out", "template"))
        target.mkdir()
        shutil.copytree(templates()[template], source, ignore=_compiled_among)
        settings = {key: value for key, value in variables(template).items() if key.startswith("_")}
        order = {
            "template": str(source),
            "target": str(target),
            "context": {**settings, **context},
        }
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
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [""]
            raise LakeportError(
                f"The template {template} could not be rendered.",
                why=plain(last[0])[:300],
                fix="This is a fault of the template, not of the request.",
                where=f"templates/{template}",
            )
        return _collected(template, target, str(context["project"]))


def _compiled_among(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if _compiled(Path(name))]


def _check(template: str) -> None:
    """No links, and no values in paths but the two that are checked: nothing can then land anywhere else."""
    root = templates()[template]
    for path in root.rglob("*"):
        rest = _NAMES_IN_PATHS.sub("", path.relative_to(root).as_posix())
        if path.is_symlink() or re.search(r"[{}\\]|\.\.", rest):
            raise LakeportError(
                f"The template {template} has a path that could lead out of its folder.",
                fix="This is a fault of the template, not of the request.",
                where=f"templates/{template}",
            )


def _collected(template: str, target: Path, project: str) -> tuple[File, ...]:
    """What was rendered, read back; anything but plain text files within the one folder is refused."""
    if [entry.name for entry in target.iterdir()] != [project]:
        raise LakeportError(
            f"The template {template} did not make one folder.", where=f"templates/{template}"
        )
    root = target / project
    files: list[File] = []
    size = 0
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.resolve().is_relative_to(root) or path.name == ".git":
            raise LakeportError(f"The template {template} leaves its folder.", where=f"templates/{template}")
        if path.is_dir():
            continue
        relative = path.relative_to(root).as_posix()
        size += path.stat().st_size
        if not path.is_file() or len(files) >= MAX_FILES or size > MAX_BYTES or relative == MARKER:
            raise LakeportError(f"The template {template} has too much in it.", where=f"templates/{template}")
        files.append(File(relative, path.read_text("utf-8"), os.access(path, os.X_OK)))
    return tuple(files)
