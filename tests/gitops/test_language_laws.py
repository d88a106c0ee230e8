"""Laws of the language: what is written is read, two readers and a schema agree, a policy only narrows."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import handlers
from gitops import yamlfile, yamlstrict
from gitops.errors import InvalidRequest
from gitops.finding import Finding
from gitops.formatting import formatted
from gitops.request import Loaded, dump_request, json_schema, load_request
from tests.support import valid, yamltexts
from tests.support.hostile import VALID

SUITE = Path(__file__).resolve().parents[1] / "data" / "yaml-test-suite" / "cases.json"
REGISTRY = handlers.registry()
REQUESTS = valid.requests(REGISTRY)


def load(raw: bytes, path: str) -> Loaded | None:
    """The request, unless it has the same resource twice."""
    try:
        return load_request(raw, path, REGISTRY)
    except InvalidRequest as invalid:
        for finding in invalid.findings:
            assert finding.rule == "resource-twice", finding
        return None


# --- writing and reading


@given(REQUESTS)
@settings(max_examples=60, deadline=None)
def test_what_the_schema_takes_is_read_and_means_the_same_when_written(data: valid.Data) -> None:
    path = valid.path(data)
    plain, canonical = load(yamlfile.dump(data), path), load(dump_request(data), path)
    assume(plain and canonical)
    assert plain is not None
    assert canonical is not None
    assert plain.document.data == data
    assert plain.request == canonical.request


@given(REQUESTS)
@settings(max_examples=60, deadline=None)
def test_the_canonical_form_is_a_fixed_point(data: valid.Data) -> None:
    raw = dump_request(data)
    assert dump_request(yamlfile.load(raw, "f").data) == raw
    assume(load(raw, valid.path(data)))
    canonical = formatted(raw, valid.path(data), REGISTRY)
    assert formatted(canonical, valid.path(data), REGISTRY) == canonical


@given(REQUESTS, st.randoms())
@settings(max_examples=60, deadline=None)
def test_however_it_was_spelt_the_canonical_form_is_the_same(data: valid.Data, random: Random) -> None:
    """As JSON, which is YAML too, with its fields in any order, and a comment at the end."""
    path = valid.path(data)
    assume(load(yamlfile.dump(data), path))
    shuffled = {key: data[key] for key in random.sample(sorted(data), len(data))}
    shuffled["metadata"] = dict(random.sample(sorted(data["metadata"].items()), len(data["metadata"])))
    other = json.dumps(shuffled, ensure_ascii=False, indent=random.choice([None, 2, 7])).encode()
    expected = formatted(yamlfile.dump(data), path, REGISTRY)
    assert formatted(other, path, REGISTRY) == expected
    assert formatted(other + b"\n# why\n", path, REGISTRY) == expected + b"# why\n"


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        json_schema(REGISTRY), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path in the data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in items for found in places(value, (*path, key)))]


WORDS = ["dev", "growth", "2027-04-30", "a.git", "x" * 101, "x" * 256, [], {}, [""], {"a": 1}, [[]]]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**6),
    st.text(valid.READABLE, max_size=12),
    st.sampled_from(WORDS),
)


@given(REQUESTS, st.data())
@settings(max_examples=60, deadline=None)
def test_the_schema_and_the_reader_refuse_the_same(data: valid.Data, draw: st.DataObject) -> None:
    """Whatever one value is replaced by, or where a field is taken away or added."""
    path = valid.path(data)
    assume(load(yamlfile.dump(data), path))
    changed = deepcopy(data)
    *way, last = draw.draw(st.sampled_from([place for place in places(data) if place]))
    parent: Any = changed
    for step in way:
        parent = parent[step]
    change = draw.draw(st.sampled_from(["replace", "delete", "add"]))
    if change == "delete":
        del parent[last]
    elif change == "add" and isinstance(parent, dict):
        parent[draw.draw(st.sampled_from(["kind", "nme", "name", "team", "size", "adopt"]))] = draw.draw(
            ANYTHING
        )
    else:
        parent[last] = draw.draw(ANYTHING)
    try:
        load_request(yamlfile.dump(changed), path, REGISTRY)
    except InvalidRequest as invalid:
        refused = [found for found in invalid.findings if not _beyond_a_schema(found)]
    else:
        refused = []
    assert bool(refused) == (not validator().is_valid(changed)), refused


def _beyond_a_schema(found: Finding) -> bool:
    """What a JSON schema cannot say: what the path says, and what is there once."""
    return found.rule in ("resource-twice", "path-metadata")


def test_patterns_of_the_schema_are_regular_expressions_everywhere() -> None:
    """JavaScript refuses an escape that has no meaning, and ``ajv`` then refuses the whole schema."""
    patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(json_schema(REGISTRY)))
    for pattern in (json.loads(f'"{text}"') for text in patterns):
        assert not set(re.findall(r"\\(.)", pattern)) - set(r"^$\.*+?()[]{}|/dDsSwWbBnrtfvxu-"), pattern
    assert patterns


# --- two readers


def same(one: Any, other: Any) -> bool:
    """Equal to the last bit: types, and the order of keys."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def read_alike(text: str) -> bool:
    """Whether the fast reader took a text; then the strict one takes it too, with the same data."""
    raw = text.encode()
    data = yamlfile._fast(raw)
    if data is None:
        return False
    strict = yamlstrict.read(raw, "f")
    assert (strict.findings, strict.whole) == ((), True), text
    assert same(data, strict.data), text
    return True


@given(st.randoms(use_true_random=True))
@settings(max_examples=200, deadline=None)
def test_what_the_fast_reader_takes_the_strict_one_takes(random: Random) -> None:
    for _ in range(50):
        read_alike(yamltexts.text(random))


@pytest.mark.parametrize(
    "text",
    [
        '{x:"a\n\n  b"}\n',  # a key of two lines, the quotes being in the middle of it
        "a: {? b : c}\n",
        '{"q":+1}',  # nothing needs to stand between such a key and its value
        '{"q":-0}',
        '{"q":!!str 1}',
        '{"q":! 1}',
        '{"q":&x 1, "r":*x}',
        "{'q':!t 1}",
        'a: ["b":+1]',
        'a: "b # c\n" \nd: !x y\n',  # no comment, and so no end of the quotes
        "a: it's # no\nb: !x y # it's\n",
        "a: 0o17\n",
        "a: -0\n",
        "a: 100000000000000000\n",
        "a: [1e3, .inf, 0x10, True, Null]\n",
        "null: 1\n",
        "1: 1\n",
        '"": 1\n',
        "a: 1\na: 2\n",
        "- a\n",
        "",
    ],
)
def test_what_the_two_readers_could_take_differently(text: str) -> None:
    read_alike(text)


def test_the_fast_reader_takes_the_files_of_the_suite_alike() -> None:
    taken = [case["id"] for case in json.loads(SUITE.read_text("utf-8")) if read_alike(case["yaml"])]
    assert len(taken) >= 30


def test_an_ordinary_request_is_read_the_fast_way() -> None:
    """Otherwise checking would be slow, and nobody would notice."""
    assert read_alike(VALID)
