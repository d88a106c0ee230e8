"""The YAML of requests: strict reading with places, canonical writing, and the laws between the two."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import InvalidRequest
from gitops.finding import Finding
from gitops.yamlfile import MAX_DEPTH, dump, load
from tests.support.valid import READABLE


def findings(raw: bytes | str) -> list[Finding]:
    with pytest.raises(InvalidRequest) as caught:
        load(raw.encode() if isinstance(raw, str) else raw, "f.yaml")
    return list(caught.value.findings)


def told(raw: bytes | str) -> list[tuple[str, int, int]]:
    return [(found.rule, found.place.line, found.place.column) for found in findings(raw)]


@pytest.mark.parametrize(
    "text",
    [
        "NO",
        "no",
        "yes",
        "on",
        "Off",
        "1.10",
        "1.0",
        "017",
        "12:30:45",
        "1e3",
        "0x10",
        "0o17",
        "1_000",
        "+1",
        "-0",
        ".5",
        ".inf",
        ".nan",
        "True",
        "FALSE",
        "Null",
        "NULL",
        "2027-04-30",
        "2027-04-30T10:00:00Z",
        "1234567890123456789",
        "-1234567890123456789",
        "0b1",
        "=",
        "190:20:30",
        "1.2.3",
        "-",
    ][:-1],
)
def test_plain_scalars_are_text_as_written(text: str) -> None:
    assert load(f"a: {text}\nb: [{text}]\n".encode(), "f").data == {"a": text, "b": [text]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("123456789012345678", 123456789012345678),
        ('"true"', "true"),
        ("'42'", "42"),
        ('""', ""),
        ("|\n  x\n  y", "x\ny\n"),
    ],
)
def test_converted_scalars(text: str, value: object) -> None:
    found = load(f"a: {text}\n".encode(), "f").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_an_integer_of_5000_digits_is_text() -> None:
    assert load(b"a: " + b"9" * 5000, "f").data == {"a": "9" * 5000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [("yaml-duplicate", 3, 1)]),
        ("a:\n  b: 1\n  b: 2\n", [("yaml-duplicate", 3, 3)]),
        ("a: &x 1\n", [("yaml-anchor", 1, 4)]),
        ("a: &x {b: 1}\n", [("yaml-anchor", 1, 4)]),
        ("a: &x 1\nb: *x\n", [("yaml-anchor", 1, 4), ("yaml-alias", 2, 4)]),
        ("a: &x\n- *x\n", [("yaml-anchor", 1, 4), ("yaml-alias", 2, 3)]),
        ("a: !!python/object/apply:os.system [x]\n", [("yaml-tag", 1, 4)]),
        ("a: !!str 1\n", [("yaml-tag", 1, 4)]),
        ("a: ! 1\n", [("yaml-tag", 1, 4)]),
        ("a: {<<: {b: 1}}\n", [("yaml-merge", 1, 5)]),
        ("a: 1\n---\nb: 2\n", [("yaml-documents", 2, 1)]),
        ("%YAML 1.1\n---\na: 1\n", [("yaml-directive", 1, 1)]),
        ("? [a]\n: 1\n", [("yaml-key", 1, 3)]),
        ('"": 1\n', [("yaml-key", 1, 1)]),
        ("- a\n", [("yaml-mapping", 1, 1)]),
        ("just text\n", [("yaml-mapping", 1, 1)]),
        ("", [("yaml-empty", 0, 0)]),
        ("# nothing\n", [("yaml-empty", 0, 0)]),
        ("a:\tb\n", [("yaml-character", 1, 3)]),
        ("a: b\r\n", [("yaml-character", 1, 5)]),
        ("a: b\u202ec\n", [("yaml-character", 1, 5)]),
        ("a: b\u200bc\n", [("yaml-character", 1, 5)]),
        ("a: b\u2028c\n", [("yaml-character", 1, 5)]),
        ("a: b\U000e0041c\n", [("yaml-character", 1, 5)]),
        ("\ufeffa: b\n", [("yaml-character", 1, 1)]),
        ("a: b\0c\n", [("yaml-character", 1, 5)]),
        ("a: b\x1bc\n", [("yaml-character", 1, 5)]),
        ('a: "b\\u202ec"\n', [("yaml-value-character", 1, 4)]),
        ('a: "b\\0c"\n', [("yaml-value-character", 1, 4)]),
        ("a: b: c\n", [("yaml-syntax", 1, 5)]),
        ("a: [1, 2\nb: 3\n", [("yaml-syntax", 2, 2)]),
        ("a: 'x\n", [("yaml-syntax", 2, 1)]),
        ("a: @x\n", [("yaml-syntax", 1, 4)]),
        ("a: *x\n", [("yaml-alias", 1, 4)]),
        ("# 2 * 3 & more!\na: 1  # a *b, - *c\nb: 2 * 3\nc: *x\n", [("yaml-alias", 4, 4)]),
        ("a: &x\n# the end *", [("yaml-anchor", 1, 4)]),
    ],
)
def test_what_is_refused(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert told(text) == expected
    assert all(finding.message.endswith(".") and finding.hint for finding in findings(text))


def test_bytes_that_are_not_utf8() -> None:
    assert told(b"a: b\nc: \xff\n") == [("yaml-encoding", 2, 4)]
    assert told("a: b".encode("utf-16")) == [("yaml-encoding", 1, 1)]


def test_a_duplicate_shows_where_the_first_one_is() -> None:
    (found,) = findings("a:\n  b: 1\n  b: 2\n")
    (first,) = found.related
    assert (first.place.line, first.place.column, first.message) == (2, 3, "First here.")


@pytest.mark.parametrize("tag", ["!!str", "!own", "!!python/object/apply:os.system"])
def test_a_tag_is_shown_as_written(tag: str) -> None:
    (found,) = findings(f"a: {tag} [x]\n")
    assert found.message == f"There is a tag, {tag}."


def test_all_findings_at_once() -> None:
    text = "a: 1\na: 2\nb: &x 1\nc: *x\nd: !t 1\ne:\t1\n"
    assert [rule for rule, *_ in told(text)] == [
        "yaml-duplicate",
        "yaml-anchor",
        "yaml-alias",
        "yaml-tag",
        "yaml-character",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 20_000,
        b"a: " + b"[" * 20_000,
        b"a: " + b"{a: " * 20_000,
        b"- " * 20_000,
        b"\n".join(b" " * depth + b"a:" for depth in range(400)),
        b"a: " + b"x" * 50_000_000,
        b"a: [" + b"1," * 100_000 + b"]\n- 1",
        b"? " * 20_000,
        b"a: &a [" + b"*a," * 50_000 + b"]",
        b"a: 1\n" * 40_000,
        "".join(map(chr, range(0x200B, 0x2070))).encode().rjust(200_000, b"\n"),
        b"\t" * 200_000,
    ],
)
def test_hostile_files_end_quickly(raw: bytes) -> None:
    load(b"warm: up", "f")
    begin = time.process_time()
    found = findings(raw)
    assert time.process_time() - begin < 0.2
    assert 0 < len(found) <= 101


def test_depth_up_to_the_bound() -> None:
    fits = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert load(fits.encode(), "f").data
    assert told("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)[0][0] == "yaml-depth"


def test_places_of_values_and_keys() -> None:
    document = load(b"a:\n  b: [1, xyz]\n  c:\n  - d: 1\n", "f.yaml")
    assert str(document.place(("a", "b", 1))) == "f.yaml:2:10"
    place = document.place(("a", "b", 1))
    assert (place.end_line, place.end_column, place.path) == (2, 13, "a.b[1]")
    assert str(document.key_place(("a", "b"))) == "f.yaml:2:3"
    assert str(document.key_place(("a", "c", 0))) == "f.yaml:4:5"
    assert str(document.place(("a", "c", 0, "missing"))) == "f.yaml:4:5"
    assert document.place(("a", "c", 0, "missing")).path == "a.c[0].missing"
    assert str(document.key_place(("a", "c", 0, "missing"))) == "f.yaml:4:5"
    assert str(document.key_place(("a", "zzz"))) == "f.yaml:1:1"


def test_columns_count_characters_not_bytes() -> None:
    assert told("a: {tomás: 1, tomás: 2}\n") == [("yaml-duplicate", 1, 15)]


def test_the_form_of_the_design() -> None:
    data = {
        "kind": "x",
        "metadata": {"members": ["a@b.example"], "by": {"slack": "U1"}, "n": 1, "none": None, "ok": True},
        "resources": [
            {"kind": "repo", "access": [{"team": "growth"}], "inputs": {}, "topics": []},
            {"kind": "schema", "comment": "", "grants": [{"principal": "p" * 30, "privileges": ["S" * 40]}]},
        ],
    }
    text = dump(data, header="hello").decode()
    assert text == (
        "# hello\n"
        "kind: x\n"
        "metadata:\n"
        "  members: [a@b.example]\n"
        "  by: {slack: U1}\n"
        "  n: 1\n"
        "  none: null\n"
        "  ok: true\n"
        "resources:\n"
        "- kind: repo\n"
        "  access: [{team: growth}]\n"
        "  inputs: {}\n"
        "  topics: []\n"
        "- kind: schema\n"
        '  comment: ""\n'
        "  grants:\n"
        f"  - {{principal: {'p' * 30}, privileges: [{'S' * 40}]}}\n"
    )


@pytest.mark.parametrize(
    "word", ["true", "false", "null", "~", "", "0", "17", "-3", "<<", "- a", "a: b", "a #b"]
)
def test_quotes_where_it_would_be_something_else(word: str) -> None:
    assert dump({"a": word}) == f'a: "{word}"\n'.encode()


@pytest.mark.parametrize(
    "word", ["NO", "1.10", "017", "2027-04-30", "a b", "a:b", "http://x/y#z", "True", "Tomás"]
)
def test_no_quotes_where_none_are_needed(word: str) -> None:
    assert dump({"a": word}) == f"a: {word}\n".encode()


@pytest.mark.parametrize("value", [1.5, object(), {1: 2}, 10**18, {"a": b"x"}])
def test_values_that_cannot_be_written(value: object) -> None:
    with pytest.raises(TypeError):
        dump({"a": value})


KEYS = st.text(READABLE, min_size=1, max_size=20)
TEXTS = st.text(READABLE | st.sampled_from(list("\n-?:,[]{}#&*!|>'\"%@` ~=<.")), max_size=60)
SCALARS = st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
DATA = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)


@given(DATA)
def test_what_is_written_is_read_back(data: dict[str, Any]) -> None:
    raw = dump(data)
    read = load(raw, "f").data
    assert read == data
    assert dump(read) == raw


@given(DATA)
def test_another_parser_reads_the_same_text(data: dict[str, Any]) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value if isinstance(value, str) else json.dumps(value)

    assert yaml.load(dump(data), yaml.BaseLoader) == plain(data)


@given(st.binary(max_size=200) | TEXTS.map(str.encode))
def test_anything_ends_in_data_or_findings(raw: bytes) -> None:
    try:
        document = load(raw, "f")
    except InvalidRequest as invalid:
        told = invalid.findings
    else:
        assert isinstance(document.data, dict)
        return
    assert told
