"""Templates that are made for a test, as the only ones there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops.plan import digest
from handlers import _scaffold_files as files
from handlers import _scaffold_past as past

PROJECT = "{{cookiecutter.project}}"


def template(
    root: Path,
    name: str,
    made: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    version: str = "1.0.0",
    **settings: object,
) -> Path:
    """Write ``templates/<name>`` below a folder anew, and let it be found; ``made`` is within the project."""
    folder = root / name
    write(folder, {"cookiecutter.json": json.dumps({"_version": version, **settings})})
    write(folder / PROJECT, made)
    monkeypatch.setattr(files, "TEMPLATES", root)
    forget()
    return folder


def write(folder: Path, made: Mapping[str, str]) -> None:
    for path, text in made.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


_RENDERED: dict[str, tuple[files.File, ...]] = {}
_render_folder = files.render_folder


def render_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no process to render what was rendered before: the same files with the same values."""

    def render_folder(folder: Path, name: str, context: Mapping[str, Any]) -> tuple[files.File, ...]:
        texts = [
            [str(path.relative_to(folder)), path.read_text()] for path in folder.rglob("*") if path.is_file()
        ]
        key = digest([sorted(texts), dict(context)])
        if key not in _RENDERED:
            _RENDERED[key] = _render_folder(folder, name, context)
        return _RENDERED[key]

    monkeypatch.setattr(files, "render_folder", render_folder)
    monkeypatch.setattr(past, "render_folder", render_folder)


def forget() -> None:
    """What is remembered of the templates."""
    for cached in (files.templates, files.variables, files.digest_of):
        cached.cache_clear()
