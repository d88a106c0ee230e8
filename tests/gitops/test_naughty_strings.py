"""The big list of naughty strings in every field: kept to the last character, or refused with a reason.

And wherever they are shown (a terminal, the log of a workflow, a comment on GitHub, SARIF) they are text.
"""

from __future__ import annotations

import html
import io
import json
import re
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from msgspec import structs
from rich.console import Console

import handlers
from gitops import yamlfile
from gitops.amendment import Amendment
from gitops.compose import Value, compose
from gitops.cost import Money
from gitops.edited import Edit, Effect
from gitops.errors import InvalidRequest
from gitops.fields import RESOURCES, Field, catalogue
from gitops.finding import Finding, Place, Severity
from gitops.plan import Change, Plan, Reason, Refusal, Verb
from gitops.render import pull_body, pull_title
from gitops.render_findings import findings_github, print_findings
from gitops.render_plan import plan_comment
from gitops.render_plan_terminal import print_plan
from gitops.report import Entry, Report
from gitops.request import Loaded, dump_request, load_request
from gitops.rulebook import rule_book
from gitops.sarif import findings_sarif
from tests.handlers.test_laws import fake_of
from tests.support.hostile import PATH, VALID
from tests.support.organisation import TODAY, policy

ROOT = Path(__file__).resolve().parents[1]
STRINGS: list[str] = json.loads((ROOT / "data/naughty-strings/strings.json").read_text("utf-8"))
REGISTRY = handlers.registry()
FIELDS = {path: field for path, field in catalogue(REGISTRY).items() if path != RESOURCES}
BASE = yamlfile.load(VALID.encode(), PATH).data
ASKED = ("metadata.business_owner", "metadata.data_classification")
FREE = ("metadata.purpose", "resources.schema.comment", "resources.scaffold.inputs")
"""Fields that people write freely in; the others have a form, in which few of the strings are."""

DANGEROUS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
"""What a terminal obeys, or nobody sees; the line feeds are ours."""


def put(field: Field, text: str) -> dict[str, Any]:
    """The data of a valid request with a string in one field, as near to its type as may be."""
    data = deepcopy(BASE)
    section, _, rest = field.path.partition(".")
    if section == "metadata":
        data["metadata"][rest] = [text] if field.type in ("people", "list") else text
        return data
    kind, _, name = rest.partition(".")
    resource = next((entry for entry in data["resources"] if entry["kind"] == kind), None)
    if resource is None:  # a kind that the base has none of: one as its fake knows it
        resource = deepcopy(next(iter(fake_of(kind).CASES.values())).spec)
        data["resources"].append(resource)
    shapes = {
        "list": [text],
        "choices": [text],
        "mapping": {"python": text, "x" if text == "python" else text: "3.12"},
        "grants": [{"principal": text, "privileges": ["USE_SCHEMA", text]}],
        "access": [{"principal" if kind == "compute" else "team": text, "level": text, "permission": text}],
    }
    resource[name] = shapes.get(field.type, text)
    return data


def read(data: dict[str, Any]) -> Loaded | tuple[Finding, ...]:
    try:
        return load_request(dump_request(data), PATH, REGISTRY)
    except InvalidRequest as invalid:
        return invalid.findings


def test_the_list_is_all_there() -> None:
    assert len(STRINGS) == len(set(STRINGS)) >= 515


@pytest.mark.parametrize("path", FIELDS)
def test_a_naughty_string_is_kept_or_refused_with_a_reason(path: str) -> None:
    every = 1 if path in FREE else 7
    for text in STRINGS[list(FIELDS).index(path) % every :: every]:
        data = put(FIELDS[path], text)
        raw = dump_request(data)
        found = read(data)
        if isinstance(found, Loaded):
            assert dump_request(found.document.data) == raw, text
            assert yamlfile.load(yamlfile.dump(data), PATH).data == data, text
        else:
            assert found, text
            for finding in found:
                assert finding.message.endswith((".", "?", "!")), text
                assert finding.hint, (text, finding)
                assert len(finding.message) < 400


@pytest.mark.parametrize("path", FREE[:2])
def test_most_naughty_strings_are_fine_where_people_write_freely(path: str) -> None:
    kept = [text for text in STRINGS if isinstance(read(put(FIELDS[path], text)), Loaded)]
    assert len(kept) > 440


@pytest.mark.parametrize("way", [("resources", 2, "grants", 0), ("resources", 3, "access", 0)])
def test_the_name_of_a_group_is_kept_or_refused_with_a_reason(way: tuple[str | int, ...]) -> None:
    for text in STRINGS:
        data: Any = deepcopy(BASE)
        reduce(getitem, way, data)["principal"] = text
        found = read(data)
        if isinstance(found, Loaded):
            assert yamlfile.load(dump_request(found.document.data), PATH).data == data
        else:
            assert all(finding.hint for finding in found), text


def test_what_is_said_in_a_conversation_is_kept_or_refused_with_a_reason() -> None:
    complete = {
        "resources": ["schema"],
        "metadata.name": "churn-prediction",
        "metadata.expires": "2027-04-30",
    }
    complete |= {key: BASE["metadata"][key.partition(".")[2]] for key in ASKED}
    requester = policy().person(slack="U024BE7LH")
    kept = 0
    for text in STRINGS:
        said = complete | {"metadata.purpose": text, "resources.schema.comment": text}
        found = compose(
            {path: Value(value, "said", str(value)) for path, value in said.items()},
            registry=REGISTRY,
            policy=policy(),
            requester=requester,
            requester_slack="U024BE7LH",
            today=TODAY,
        )
        assert found.raw is not None
        if not any(finding.severity is Severity.ERROR for finding in found.findings):
            loaded = load_request(found.raw, PATH, REGISTRY)
            assert loaded.document.data == found.document
            assert loaded.request.metadata.purpose == text
            assert loaded.request.resources[0].comment == text
            kept += 1
        else:
            assert all(finding.hint for finding in found.findings), text
    assert kept > 440


# --- shown


def console(out: io.StringIO) -> Console:
    return Console(file=out, width=80, force_terminal=False, markup=False, highlight=False, emoji=False)


def in_plain_sight(text: str) -> list[Finding]:
    """A string in every part of a finding that may carry what somebody typed."""
    place = Place(f"requests/dev/growth/{text}.yaml", 1, 1, 1, 5, f"metadata.{text}")
    return [Finding("schema", severity, f"It is {text}.", place, f"Not {text}.") for severity in Severity]


def test_in_a_terminal_nothing_is_obeyed_and_nothing_hides() -> None:
    for text in STRINGS:
        out = io.StringIO()
        found = in_plain_sight(text)
        source = f"{text}\n".encode("utf-8", "surrogatepass")
        print_findings(console(out), found, {found[0].place.file: source})
        shown = Entry(request=text, path=text, file_digest="", error=text, plan=plan_of(text))
        print_plan(console(out), replace(shown, amendment=amendment_of(text)))
        assert not DANGEROUS.search(out.getvalue()), (text, DANGEROUS.findall(out.getvalue()))
        assert not any(line.startswith("::") for line in out.getvalue().splitlines()), text
        assert "##[" not in out.getvalue(), text


def test_in_the_log_of_a_workflow_each_finding_is_one_command() -> None:
    command = re.compile(r"::(error|warning|notice) [^:]*::.*")
    for text in STRINGS:
        lines = re.split(r"\r\n|\n|\r", findings_github(in_plain_sight(text)).removesuffix("\n"))
        assert len(lines) == len(Severity), text
        for line in lines:
            assert command.fullmatch(line), (text, line)
            parameters = line.partition(" ")[2].partition("::")[0].split(",")
            names = [part.partition("=")[0] for part in parameters]
            assert names == ["file", "line", "endLine", "col", "endColumn", "title"], (text, line)


def test_sarif_is_json_whatever_is_in_it() -> None:
    book = rule_book(REGISTRY)
    for text in STRINGS:
        found = in_plain_sight(text)
        run = json.loads(findings_sarif(found, book, {found[0].place.file: text.encode()}, "0"))["runs"][0]
        assert len(run["results"]) == len(Severity)
        for result in run["results"]:
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9%._~/-]+", uri), uri


def plan_of(text: str) -> Plan:
    change = Change(
        kind="schema",
        identity=f"ml_dev.{text}",
        action="schema",
        verb=Verb.UPDATE,
        before={"comment": "x", text: text},
        after={"comment": text, "grants": [{"principal": text}]},
        summary=f"Change {text}",
        removes=(text,),
    )
    refusal = Refusal(kind="repo", identity=text, reason=Reason.NOT_OURS, message=f"It is {text}.", fix=text)
    return Plan(request=text, file_digest=text, changes=(change,), refusals=(refusal,), notes=(text,))


def amendment_of(text: str) -> Amendment:
    edit = Edit(
        sign="~",
        label=text,
        value=f"{text} → {text}",
        effect=Effect.LEFT,
        paths=(text,),
        thing=text,
        note=text,
        details=(text, text),
    )
    return Amendment(request=text, path=text, edits=(edit, structs.replace(edit, label="", thing="")))


def comment(text: str) -> str:
    """A plan comment with a string wherever one can be."""
    entry = Entry(
        request=text,
        path=text,
        file_digest=text,
        plan=plan_of(text),
        findings=(in_plain_sight(text)[0],),
        cost=Money(Decimal(1), Decimal(2), "EUR", (text,)),
        amendment=amendment_of(text),
        error=text,
    )
    return plan_comment(Report(entries=(entry,)))


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def structure(page: str) -> list[str]:
    """The kinds of elements of a page, in their order; text, and how much of it there is, left out."""
    found = []
    for token in MARKDOWN.parse(page):
        found.append(token.type)
        for child in token.children or ():
            if child.type == "html_inline":
                found.append(re.sub(r"\s.*", ">", child.content))
            elif child.type not in ("text", "text_special"):
                found.append(child.type)
    return found


def prose(page: str) -> str:
    """What GitHub looks for mentions, references and links in: the text of a page, without what is code."""
    shown = re.sub(r"<code>.*?</code>", " ", MARKDOWN.render(page), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", shown))


def test_in_a_comment_on_github_a_string_is_text() -> None:
    """It adds no element, ends none, mentions nobody, refers and links to nothing."""
    usual = structure(comment("text"))
    for text in STRINGS:
        if not text.strip():
            continue
        page = comment(text)
        assert not DANGEROUS.search(page.replace("\u200b", "")), text
        assert structure(page) == usual, (text, page)
        said = prose(page)
        assert not re.search(r"(?<![\w/])@[A-Za-z0-9]", said), text
        assert not re.search(r"(?<!\w)#\d", said), text
        assert not re.search(r"(?i)https?://|\bwww\.\w|\bgh-\d", said), text


def test_a_pull_request_reads_the_same_with_any_purpose() -> None:
    def body(text: str) -> str:
        return pull_body(put(FIELDS["metadata.purpose"], text), requester=text, permalink="https://x.example")

    usual = structure(body("text"))
    for text in STRINGS:
        if text.strip():
            assert structure(body(text)) == usual, text
        title = pull_title(put(FIELDS["metadata.name"], text))
        assert "\n" not in title
        assert not DANGEROUS.search(title)
