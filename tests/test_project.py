"""What holds for the repository as a whole: no Python under requests/, clean locks, few escape hatches."""

from __future__ import annotations

import compileall
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import handlers

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "handlers", "gitops", "sandbox")

OF_A_KIND = "a module of handlers"
"""Kinds talk to the systems they are about; how many there are, and in how many modules, is theirs to say."""

# The counts only fall: take one away, lower the number.
ESCAPE_HATCHES = {r"# type: ignore": 0, r"# noqa": 4, r"pragma: no cover": 0}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_requests_holds_no_python() -> None:
    assert not list((ROOT / "requests").rglob("*.py")), "a package named requests would break PyGithub"


def test_import_requests_is_the_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import requests; print(requests.__file__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "site-packages" in done.stdout


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_locks_name_packages_versions_and_hashes_only(lock: str) -> None:
    text = (ROOT / "locks" / lock).read_text()
    for line in text.splitlines():
        assert re.fullmatch(
            r"[a-z0-9._\[\],-]+==[^ ]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line
        ), line


def test_runtime_lock_is_part_of_the_dev_lock() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==[^ ]+)", (ROOT / "locks" / name).read_text(), re.M))

    assert pins("runtime.txt") <= pins("dev.txt")


@pytest.mark.parametrize("hatch", ESCAPE_HATCHES)
def test_escape_hatches_are_counted(hatch: str) -> None:
    used = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(*PACKAGES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(hatch, line)
    ]
    assert len(used) == ESCAPE_HATCHES[hatch], used


def test_only_owners_import_a_third_party() -> None:
    """One owner for each third party; see the layout in CONTRIBUTING.md."""
    owners = {
        "slack_bolt": {"bot/listeners.py"},
        "slack_sdk": {"bot/slackclient.py", "bot/web.py"},
        "openai": {"bot/model/client.py"},
        "dbos": {"bot/desk.py"},
        "requests": {"bot/device.py"},
        "pydantic": {"bot/assembly.py", "bot/settings.py"},
        "github": {
            "gitops/clients.py",
            "gitops/github_wire.py",
            "gitops/pullrequest.py",
            "gitops/pulls.py",
            "gitops/submission.py",
            "gitops/checks.py",
            "gitops/comments.py",
            "gitops/statuses.py",
            "gitops/doctor_look.py",
            "gitops/drift_record.py",
            "gitops/audit/anchor.py",
            "gitops/receipts.py",
            OF_A_KIND,
        },
        "databricks": {"gitops/clients.py", OF_A_KIND},
        "yaml": {"gitops/yamlstrict.py"},
        "ryaml": {"gitops/yamlfile.py"},
        "cel": {"gitops/expressions.py"},
        "cookiecutter": {"handlers/_scaffold_render.py"},
        "jinja2": {"gitops/audit/website.py"},
        "pygal": {"gitops/audit/charts.py"},
    }
    found: dict[str, set[str]] = {name: set() for name in owners}
    for path in sources("bot", "handlers", "gitops"):
        for names in re.findall(r'^\s*(?:from|import) (\w+)|find_spec\("(\w+)', path.read_text(), re.M):
            for name in owners.keys() & {*names}:
                own = path.parent.name == "handlers" and OF_A_KIND in owners[name]
                found[name].add(OF_A_KIND if own else path.relative_to(ROOT).as_posix())
    assert found == owners


def test_kinds_never_import_each_other() -> None:
    """A module is of the kind that it is named after (`_repo_plan.py`); one named after none is shared."""
    kinds = handlers.registry()

    def kind_of(module: str) -> str:
        return next((kind for kind in kinds if module == kind or module.startswith(f"_{kind}_")), "")

    for path in (ROOT / "handlers").glob("*.py"):
        found = re.findall(r"^\s*(?:from|import) handlers\.(\w+)", path.read_text(), re.M)
        for names in re.findall(r"^\s*from handlers import \(?([\w\s,]+)", path.read_text(), re.M):
            found += re.findall(r"\w+", names)
        others = {kind_of(name) for name in found} - {kind_of(path.stem), ""}
        assert not others, f"{path.name} imports of {others}"


def test_a_wheel_has_all_that_an_installed_lakeport_needs(tmp_path: Path) -> None:
    """Templates, data and pages, hidden files too; nothing that Python made."""
    for name in (*PACKAGES, "templates", "pyproject.toml", "README.md", "LICENSE"):
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    compileall.compile_dir(tmp_path / "templates", quiet=2)
    assert list(tmp_path.rglob("*.pyc"))
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        f"handlers/{name}" if folder == "templates" else name
        for folder in (*PACKAGES, "templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        for name in [path.relative_to(ROOT).as_posix()]
    }
    assert packed == wanted
