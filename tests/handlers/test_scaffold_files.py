"""Rendering templates: every one passes its own tests, whatever people type; nothing leaves the folder."""

from __future__ import annotations

import ast
import compileall
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import yamlfile
from gitops.errors import LakeportError
from gitops.kind import Desired
from handlers import _scaffold_files as files
from handlers import scaffold
from tests.handlers.support import origin
from tests.support.templates import forget

HOSTILE = [
    "Predict churn.",
    '"; import os; os.system("touch /tmp/pwned"); "',
    "{{ cycler.__init__.__globals__.os.popen('touch pwned').read() }} {% raw %} {# x",
    "'''\"\"\" \\ \\n \\u0041 \\",
    "# heading <script>alert(1)</script> [a](javascript:x) @everyone `code` ${{ secrets.X }} | table",
    "a: b, - c, &anchor *alias !tag % @ ` > | \t\x1b[31m\u2028\u202e\x85\x7f\ufeff end",
    "émoji 😀 Ω \U0001d54a \U000e0041",
    "../../etc/passwd $(id) `id` ; rm -rf /",
]


RELEASED = {
    (
        "databricks-pipeline",
        "1.0.0",
    ): "sha256:0874d599d08dda69297e5a202a8f7e07dfcfb9a01dc1d2629fc6cc8d1846e7e5",
    ("python-library", "1.0.0"): "sha256:629baa807e9d9d0c114a9de221a6efcbbe5b92dd818884f9bb382528f8fde233",
}
"""What each version of our templates is; a line is added for a new version, and none is ever changed."""


def wanted(template: str, **changes: Any) -> Desired[Any]:
    spec = {"kind": "scaffold", "repo": "growth-churn", "template": template}
    inputs = changes.pop("inputs", {})
    return Desired(
        spec=msgspec.convert(spec | {"inputs": inputs}, scaffold.ScaffoldSpec),
        origin=origin(**changes),
    )


def rendered(template: str, **changes: Any) -> dict[str, str]:
    (change,) = scaffold.plan(wanted(template, **changes), None)
    return {file.path: file.text for file in files.render(template, change.after["context"])}


def written(folder: Path, found: dict[str, str]) -> None:
    for path, text in found.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def test_both_templates_are_there() -> None:
    assert list(files.templates()) == ["databricks-pipeline", "python-library"]


@pytest.mark.parametrize("template", files.templates())
def test_a_template_that_changes_has_another_version(template: str) -> None:
    """Repositories say which version they were filled from, and two contents cannot have one version."""
    version = files.version_of(template)
    assert RELEASED.get((template, version)) == files.digest_of(template), "raise `_version`, and add a line"


@pytest.mark.parametrize(
    ("said", "version"), [("1.4.2", "1.4.2"), ("1", "1"), ("0.1", "0.1"), ("10.20.30", "10.20.30")]
)
def test_a_version_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, version: str) -> None:
    mine = template_of(tmp_path, monkeypatch, {"cookiecutter.json": json.dumps({"_version": said})})
    assert files.version_of(mine) == version


def test_without_a_version_it_is_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.version_of(template_of(tmp_path, monkeypatch, {})) == "0"


@pytest.mark.parametrize(
    "said", ["", "v1", "1.", "1.2.3.4", "01", "1.x", "../x", "1 ", "1\n", "\u0661", "-1", 1, 1.0, None, ["1"]]
)
def test_what_is_no_version_is_a_fault_of_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: object
) -> None:
    mine = template_of(tmp_path, monkeypatch, {"cookiecutter.json": json.dumps({"_version": said})})
    with pytest.raises(LakeportError, match="no version that can be read"):
        files.version_of(mine)


@pytest.mark.parametrize("purpose", HOSTILE)
@pytest.mark.parametrize("template", files.templates())
def test_whatever_is_typed_stays_text(template: str, purpose: str) -> None:
    found = rendered(template, purpose=purpose, technical_owner="li.o'wei+x@acme.example")
    project = tomllib.loads(found["pyproject.toml"])["project"]
    assert project["description"] == files.plain(purpose)
    assert project["name"] == "churn"
    for path, text in found.items():
        if path.endswith(".py"):
            ast.parse(text)
        if path.endswith(".yml") and not path.startswith(".github"):
            assert yamlfile.load(text.encode(), path).data
    assert files.plain(purpose).replace("\\", "") in found["README.md"].replace("\\", "")


@pytest.mark.parametrize("name", ["churn", "class", "json", "a-b-c", "tests", "match"])
@pytest.mark.parametrize("template", files.templates())
def test_a_rendered_project_passes_its_own_tests(template: str, name: str, tmp_path: Path) -> None:
    written(tmp_path, rendered(template, name=name, purpose=HOSTILE[1]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_the_workflow_is_copied_as_it_is_and_pinned() -> None:
    text = rendered("databricks-pipeline")[".github/workflows/ci.yml"]
    uses = [line.split("uses:")[1].split()[0] for line in text.splitlines() if "uses:" in line]
    assert uses
    assert all(len(one.split("@")[1]) == 40 for one in uses)
    assert "${{" not in text


def test_the_bundle_keeps_its_own_variables() -> None:
    data = yamlfile.load(rendered("databricks-pipeline")["resources/pipeline.yml"].encode(), "x").data
    task = data["resources"]["jobs"]["pipeline"]["tasks"][0]["python_wheel_task"]
    assert task["parameters"] == ["--catalog", "${var.catalog}", "--schema", "${var.schema}"]


def test_an_input_of_the_template_is_used() -> None:
    project = tomllib.loads(rendered("python-library", inputs={"python": "3.12"})["pyproject.toml"])[
        "project"
    ]
    assert project["requires-python"] == ">=3.12"


def test_an_input_that_is_no_choice_is_refused() -> None:
    from gitops.plan import RefusedChange

    with pytest.raises(RefusedChange, match="no such python"):
        scaffold.plan(wanted("python-library", inputs={"python": '3"\nevil = "1'}), None)


@pytest.mark.parametrize("name", ["../../escape", "/abs", "{{7*7}}", "a/b", "..", "", "-x", "a\nb"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    (change,) = scaffold.plan(wanted("python-library"), None)
    for key in ("project", "package"):
        with pytest.raises(LakeportError, match="cannot be the name of a folder"):
            files.render("python-library", {**change.after["context"], key: name})


def template_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: dict[str, str]) -> str:
    """A template made for a test, as the only one there is."""
    root = tmp_path / "templates" / "mine"
    written(root, {"cookiecutter.json": "{}"} | made)
    monkeypatch.setattr(files, "TEMPLATES", tmp_path / "templates")
    forget()
    return "mine"


@pytest.fixture(autouse=True)
def _own_caches() -> Any:
    yield
    forget()


CONTEXT: dict[str, Any] = {"project": "p", "package": "q", "values": {"evil": "../../../../out"}}


def test_hooks_do_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = template_of(
        tmp_path,
        monkeypatch,
        {
            "{{cookiecutter.project}}/a.txt": "x",
            "hooks/post_gen_project.py": f"open({str(tmp_path / 'ran')!r}, 'w')",
        },
    )
    assert [file.path for file in files.render(mine, CONTEXT)] == ["a.txt"]
    assert not (tmp_path / "ran").exists()


def test_what_leaves_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = template_of(tmp_path, monkeypatch, {"{{cookiecutter.project}}/a.txt": "x"})
    (tmp_path / "templates/mine/{{cookiecutter.project}}/{{cookiecutter.text.evil}}").mkdir()
    with pytest.raises(LakeportError, match="lead out of its folder"):
        files.render(mine, CONTEXT)


def test_symbolic_links_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = template_of(
        tmp_path,
        monkeypatch,
        {
            "{{cookiecutter.project}}/a.txt": "x",
            "cookiecutter.json": '{"_copy_without_render": ["linked"]}',
        },
    )
    (tmp_path / "secret").write_text("token")
    (tmp_path / "templates/mine/{{cookiecutter.project}}/linked").symlink_to(tmp_path / "secret")
    with pytest.raises(LakeportError, match="lead out of its folder"):
        files.render(mine, CONTEXT)


def test_a_variable_nobody_gave_is_a_fault_of_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = template_of(tmp_path, monkeypatch, {"{{cookiecutter.project}}/a.txt": "{{ cookiecutter.nope }}"})
    with pytest.raises(LakeportError, match="could not be rendered") as raised:
        files.render(mine, CONTEXT)
    assert "fault of the template" in raised.value.fix


def test_the_renderer_sees_no_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nosy = "{{ cycler.__init__.__globals__.os.environ | list | sort | join(' ') }}"
    mine = template_of(tmp_path, monkeypatch, {"{{cookiecutter.project}}/a.txt": nosy})
    monkeypatch.setenv("LAKEPORT_GITHUB_TOKEN", "t0ken")
    (file,) = files.render(mine, CONTEXT)
    assert not {"LAKEPORT_GITHUB_TOKEN", "GITHUB_TOKEN"} & set(file.text.split())


def test_the_working_directory_stays(tmp_path: Path) -> None:
    before = Path.cwd()
    rendered("python-library")
    assert Path.cwd() == before


def test_a_changed_template_has_another_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = template_of(tmp_path, monkeypatch, {"{{cookiecutter.project}}/a.txt": "x"})
    first = files.digest_of(mine)
    (tmp_path / "templates/mine/{{cookiecutter.project}}/a.txt").write_text("y")
    files.digest_of.cache_clear()
    assert files.digest_of(mine) != first


def test_what_python_compiled_is_no_part_of_a_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When pip installs templates, it compiles the modules in them."""
    mine = template_of(tmp_path, monkeypatch, {"{{cookiecutter.project}}/src/a.py": "x = 1\n"})
    before = (files.digest_of(mine), files.render(mine, CONTEXT))
    assert compileall.compile_dir(tmp_path / "templates", quiet=2)
    assert compileall.compile_dir(tmp_path / "templates", quiet=2, legacy=True)
    assert len(list((tmp_path / "templates").rglob("*.pyc"))) == 2
    files.digest_of.cache_clear()
    assert (files.digest_of(mine), files.render(mine, CONTEXT)) == before


@given(st.text(max_size=80))
def test_a_quoted_text_reads_the_same_in_python_and_toml(text: str) -> None:
    quoted = files.quoted(text)
    assert ast.literal_eval(quoted) == files.plain(text)
    assert tomllib.loads(f"a = {quoted}")["a"] == files.plain(text)
    assert yamlfile.load(f"a: {quoted}\n".encode(), "x").data["a"] == files.plain(text)


@given(st.from_regex(r"[a-z](-?[a-z0-9]){1,20}", fullmatch=True))
def test_a_package_name_is_an_identifier(name: str) -> None:
    assert files.package_name(name).isidentifier()


def test_files_say_whether_they_can_be_executed() -> None:
    assert msgspec.structs.astuple(files.File("a", "b")) == ("a", "b", False)
