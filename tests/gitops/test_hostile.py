"""Hostile request files: each ends soon, in findings at their places, never in a traceback."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache

import pytest

import handlers
from gitops.errors import InvalidRequest
from gitops.finding import Finding, Severity
from gitops.request import Loaded, load_request
from tests.support.hostile import ENCODINGS, LARGE, LINE, PATH, STRUCTURES, TAGS, VALID, replaced, with_line

CPU_SECONDS = 1.0
"""Ten times what one hostile file may take; the time itself is measured by ``make bench``."""


@cache
def warm() -> None:
    load(VALID)


def load(raw: str | bytes, path: str = PATH) -> Loaded:
    return load_request(raw.encode() if isinstance(raw, str) else raw, path, handlers.registry())


def refused(raw: str | bytes, path: str = PATH) -> list[Finding]:
    """The findings of a file, which are well formed and came soon."""
    warm()
    begin = time.process_time()
    with pytest.raises(InvalidRequest) as caught:
        load(raw, path)
    assert time.process_time() - begin < CPU_SECONDS
    found = list(caught.value.findings)
    assert 0 < len(found) <= 150
    for finding in found:
        assert finding.severity is Severity.ERROR
        assert finding.message.endswith(".")
        assert finding.hint
        assert finding.place.file == path
        assert len(finding.message) < 400
        assert len(finding.hint) < 600
    return found


def rules(found: Sequence[Finding]) -> set[str]:
    return {finding.rule for finding in found}


def told(raw: str | bytes) -> list[tuple[str, int]]:
    return [(finding.rule, finding.place.line) for finding in refused(raw)]


# --- structure


@pytest.mark.parametrize("value", TAGS)
def test_tags_are_refused_and_nothing_is_made(value: str) -> None:
    found = refused(with_line(f"  cost_center: {value}"))
    assert rules(found) <= {"yaml-tag", "yaml-syntax"}
    assert {finding.place.line for finding in found} == {LINE}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure_that_is_refused(name: str) -> None:
    raw, rule, line = STRUCTURES[name]
    assert (rule, line) in told(raw)


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.timeout(20)
def test_what_is_large_or_deep_is_refused_soon(name: str) -> None:
    raw, rule = LARGE[name]
    assert rule in rules(refused(raw))


@pytest.mark.parametrize("name", ENCODINGS)
def test_characters_that_are_refused(name: str) -> None:
    raw, rule, line = ENCODINGS[name]
    assert (rule, line) in told(raw)


# --- scalars

WORDS = [
    *("no", "No", "NO", "n", "N", "yes", "y", "Y", "on", "On", "off", "OFF", "True", "TRUE", "False", "Null"),
    *("NULL", "nil", "None", "undefined", "NaN", ".nan", ".inf", "-.Inf", "Infinity"),
    *("017", "0o17", "0x1F", "0b1", "00", "-0", "+1", "1_000", "1,000", "1e3", "1E+02", "1.0", "1.", ".5"),
    *("12:30:45", "190:20:30", "1:2", "2027-04-30", "2027-04-30T10:00:00Z", "2027-04-30 10:00:00"),
    *("1.10", "3.9", "4.5.0", "0.1.0-rc1", "=", "9" * 19, "-" + "9" * 30),
]


@pytest.mark.parametrize("word", WORDS)
def test_text_stays_as_it_was_written(word: str) -> None:
    """No country becomes false, no version a number, no duration a number of seconds."""
    found = load(replaced("name: churn_prediction", f"name: churn_prediction\n  comment: {word}"))
    assert found.request.resources[2].comment == word
    assert found.document.data["resources"][2]["comment"] == word


@pytest.mark.parametrize("word", ["true", "false", "null", "~", "0", "17", "-3", "9" * 18, "[a]", "{a: b}"])
def test_what_is_no_text_is_refused_as_text(word: str) -> None:
    (found,) = refused(replaced("name: churn_prediction", f"name: churn_prediction\n  comment: {word}"))
    assert (found.rule, found.place.line, found.place.path) == ("schema", 26, "resources[2].comment")


@pytest.mark.parametrize(
    "word",
    [
        *(
            "04",
            "0o4",
            "0x4",
            "4.0",
            "4e0",
            "+4",
            "1_0",
            "four",
            '"4"',
            "'4'",
            "0:04",
            "~",
            "[4]",
        ),
        "true",
    ],
)
def test_what_is_no_whole_number_is_refused_as_one(word: str) -> None:
    found = refused(replaced("max_workers: 4", f"max_workers: {word}"))
    assert {finding.place.line for finding in found} <= {36, 37}


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "n", "True", "FALSE", "1", "0", '"true"', "~", "''", "[true]"]
)
def test_what_is_no_boolean_is_refused_as_one(word: str) -> None:
    (found,) = refused(replaced("gpu: false", f"gpu: {word}"))
    assert (found.rule, found.place.path) == ("schema", "resources[3].gpu")


@pytest.mark.parametrize(
    "word",
    [
        *("2027-02-30", "2027-02-29", "0000-00-00", "0000-01-01", "2027-13-01", "2027-00-10", "2027-1-2"),
        *(
            "2027-2-3",
            "27-04-30",
            "20270430",
            "2027/04/30",
            "30.04.2027",
            "04/30/2027",
            "2027-04-30T00:00:00",
        ),
        *("2027-04-30 00:00:00", "2027-04-30Z", "2027-W17-5", "2027-120", "+2027-04-30", "-2027-04-30"),
        *("12027-04-30", "99999-01-01", "tomorrow", "20", "true", "[2027-04-30]", '"2027-04-30 "', "''"),
        *(
            "\uff12\uff10\uff12\uff17-04-30",
            "2027\u201004\u201030",
            "2027-04-3O",
            "\u0662\u0660\u0662\u0667-\u0660\u0664-\u0663\u0660",
        ),
    ],
)
def test_what_is_no_date_is_refused_as_one(word: str) -> None:
    (found,) = refused(replaced("expires: 2027-04-30", f"expires: {word}"))
    assert (found.rule, found.place.line, found.place.path) == ("schema", 11, "metadata.expires")


@pytest.mark.parametrize("word", ["0001-01-01", "9999-12-31", '"2028-02-29"'])
def test_days_at_the_ends_of_time_are_days(word: str) -> None:
    assert str(
        load(replaced("expires: 2027-04-30", f"expires: {word}")).request.metadata.expires
    ) == word.strip('"')


# --- names

LOOKALIKES = {
    "Cyrillic": "\u0441hurn",
    "Greek": "ch\u03c5rn",
    "fullwidth": "\uff43hurn",
    "mathematical": "\U0001d41churn",
    "small capitals": "\u1d04hurn",
    "accent in one": "ch\u00fcrn",
    "accent apart": "chu\u0308rn",
    "a ligature": "\ufb01nance",
    "a superscript": "churn\u00b2",
    "other digits": "churn\u0663",
    "a dotless i": "r\u0131sk",
    "a Turkish I": "R\u0130SK",
    "a long s": "ri\u017fk",
    "a Kelvin sign": "\u212a-means",
    "a non-breaking blank": "churn\u00a0x",
    "an ideographic blank": "churn\u3000x",
    "a variation selector": "churn\ufe0f",
    "a combining joiner": "chu\u034frn",
    "an emoji": "churn\U0001f525",
    "backwards": "\u202enruhc",
    "no width": "chu\u200brn",
}
ESCAPES = {
    "dots": "..",
    "dot": ".",
    "up": "../../etc/passwd",
    "up, Windows": "..\\..\\etc",
    "absolute": "/etc/passwd",
    "drive": "C:\\x",
    "share": "\\\\host\\x",
    "below": "a/b",
    "encoded": "%2e%2e%2f",
    "home": "~root",
    "hidden": ".hidden",
    "blank": "a b",
    "line": "a\\nb",
    "option": "--help",
    "shell": "a;id",
    "substitution": "$(id)",
    "backticks": "`id`",
    "template": "{{ 7*7 }}",
    "SQL": "a'; DROP TABLE x; --",
    "wildcard": "a*",
    "two dots": "a..b",
}
HARMLESS = {
    ("resources[3].libraries[0]", "two dots"),  # a..b is one way to write a-b
    ("resources[2].catalog", "option"),  # a catalog of that name would be on the policy's list
}
NAMES = {
    "metadata.name": ("  name: churn-prediction\n", "  name: {}\n"),
    "metadata.team": ("  team: growth\n", "  team: {}\n"),
    "resources[0].name": ("- kind: repo\n  name: growth-churn-prediction", "- kind: repo\n  name: {}"),
    "resources[0].access[0].team": ("{team: growth, permission", "{team: {}, permission"),
    "resources[0].topics[0]": ("topics: [churn]", "topics: [{}]"),
    "resources[1].repo": ("repo: growth-churn-prediction", "repo: {}"),
    "resources[1].template": ("template: databricks-pipeline", "template: {}"),
    "resources[2].catalog": ("catalog: ml_dev", "catalog: {}"),
    "resources[2].name": ("name: churn_prediction", "name: {}"),
    "resources[3].name": ("name: growth-churn-prediction-dev", "name: {}"),
    "resources[3].libraries[0]": ("libraries: [lightgbm==4.5.0]", "libraries: [{}]"),
    "metadata.requested_by.github": ("github: liwei", "github: {}"),
    "metadata.requested_by.slack": ("slack: U024BE7LH", "slack: {}"),
    "metadata.business_owner": ("business_owner: jane.doe@acme.example", "business_owner: {}"),
}


def named(field: str, value: str) -> str:
    before, after = NAMES[field]
    return replaced(before, after.replace("{}", f'"{value}"', 1))


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize("kind", LOOKALIKES)
def test_names_that_look_like_others_are_refused(field: str, kind: str) -> None:
    found = refused(named(field, LOOKALIKES[kind]))
    assert rules(found) <= {"schema", "path-metadata", "yaml-character", "yaml-value-character"}
    assert any(finding.place.path == field or finding.rule == "yaml-character" for finding in found)


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize("kind", ESCAPES)
def test_names_that_lead_elsewhere_are_refused(field: str, kind: str) -> None:
    raw = named(field, ESCAPES[kind].replace("\\", "\\\\").replace("\\\\n", "\\n"))
    if (field, kind) in HARMLESS:
        load(raw)
        return
    found = refused(raw)
    assert field in {finding.place.path for finding in found}


LIMITS: dict[str, tuple[str, int, Callable[[int], str]]] = {
    "metadata.name": ("schema", 40, lambda n: "a" * n),
    "metadata.team": ("schema", 40, lambda n: "a" * n),
    "resources[0].name": ("schema", 100, lambda n: "a" * n),
    "resources[0].access[0].team": ("schema", 100, lambda n: "a" * n),
    "resources[0].topics[0]": ("schema", 50, lambda n: "a" * n),
    "resources[1].repo": ("schema", 100, lambda n: "a" * n),
    "resources[1].template": ("schema", 60, lambda n: "a" * n),
    "resources[2].catalog": ("schema", 255, lambda n: "a" * n),
    "resources[2].name": ("schema", 255, lambda n: "a" * n),
    "resources[3].name": ("schema", 100, lambda n: "a" * n),
    "metadata.requested_by.github": ("schema", 39, lambda n: "a" * n),
    "metadata.requested_by.slack": ("schema", 25, lambda n: "U" * n),
    "metadata.business_owner": ("schema", 254, lambda n: "a" * (n - 10) + "@x.example"),
}


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("length", ["the longest", "one more", 255, 256, 70_000])
def test_names_have_an_end(field: str, length: str | int) -> None:
    rule, longest, make = LIMITS[field]
    count = {"the longest": longest, "one more": longest + 1}.get(str(length)) or int(length)
    raw = named(field, make(count))
    if count > longest:
        found = [finding for finding in refused(raw) if finding.rule == rule]
        assert [finding.place.path for finding in found] == [field]
        return
    if field in ("metadata.name", "metadata.team"):  # of another name than its path, and nothing else
        assert rules(refused(raw)) == {"path-metadata"}
    else:
        load(raw)


@pytest.mark.parametrize(
    "name", ["a.git", "a.GIT", "a.wiki", ".github", ".", "..", "-a", "a-", "a--b", "a.", "_a"]
)
def test_names_that_github_has_a_meaning_for(name: str) -> None:
    found = refused(named("resources[0].name", name))
    assert [(finding.rule, finding.place.path) for finding in found] == [("schema", "resources[0].name")]


@pytest.mark.parametrize(
    "name", ["a.b", "a b", "a/b", "Churn", "1churn", "churn-x", "_churn", "a\\u0001", "`a`", 'a\\"b']
)
def test_names_that_unity_catalog_does_not_take(name: str) -> None:
    assert "resources[2].name" in {
        finding.place.path for finding in refused(named("resources[2].name", name))
    }


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("repo", "name: Growth-X, visibility: internal", "name: growth-x, visibility: internal"),
        ("schema", "catalog: ML_DEV, name: x", "catalog: ml_dev, name: x"),
        ("scaffold", "repo: Growth-X, template: python-library", "repo: growth-x, template: python-library"),
    ],
)
def test_names_that_differ_by_case_are_one(kind: str, one: str, other: str) -> None:
    both = f"resources:\n- {{kind: {kind}, {one}}}\n- {{kind: {kind}, {other}}}\n"
    (found,) = refused(VALID[: VALID.index("resources:\n")] + both)
    assert (found.rule, found.place.line) == ("resource-twice", 16)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "jane",
            "@acme.example",
            "jane@",
            "jane@acme",
            "jane@@acme.example",
            "jane@acme..example",
            "a@b@c.example",
        ),
        *(
            ".jane@acme.example",
            "jane.@acme.example",
            "ja..ne@acme.example",
            "jane@-acme.example",
            "jane@acme.e",
        ),
        *("jane@[127.0.0.1]", "jane@127.0.0.1", "Jane <jane@acme.example>", "jane@acme.example,x@y.example"),
        *(
            "jane@acme.example ",
            " jane@acme.example",
            "jane@acme.example\\n",
            "mailto:jane@acme.example",
            "j ane@a.example",
        ),
        *(
            "jane@\u0430cme.example",
            "j\u00e4ne@acme.example",
            "jane@xn--.example",
            "jane@acme.example.",
            "\\u0000@acme.example",
        ),
    ],
)
def test_addresses_that_are_none(address: str) -> None:
    found = refused(named("metadata.business_owner", address))
    assert {finding.place.path for finding in found} == {"metadata.business_owner"}


@pytest.mark.parametrize(
    "name", ["U", "u024be7lh", "@liwei", "U024-BE7", "B024BE7LH", "C024BE7LH", "<@U024BE7LH>", "U024BE7LH|x"]
)
def test_ids_that_slack_does_not_give(name: str) -> None:
    (found,) = refused(named("metadata.requested_by.slack", name))
    assert (found.rule, found.place.path) == ("schema", "metadata.requested_by.slack")


PATHS = [
    "requests/dev/growth/../../../etc/passwd",
    "requests/dev/growth/..",
    "requests/../requests/dev/growth/churn.yaml",
    "/requests/dev/growth/churn.yaml",
    "/etc/passwd",
    "requests\\dev\\growth\\churn.yaml",
    "requests/dev/growth\\churn.yaml",
    "requests//dev/growth/churn.yaml",
    "requests/dev/growth/churn.yaml/",
    "requests/dev/growth/churn.yaml\n",
    "requests/dev/growth/churn.yaml\0",
    "requests/dev/growth/churn.YAML",
    "requests/dev/growth/churn.yaml.yaml",
    "requests/dev/growth/Churn.yaml",
    "requests/dev/growth/\u0441hurn.yaml",
    "requests/dev/growth/chu\u0308rn.yaml",
    "requests/dev/growth/ch\u00fcrn.yaml",
    "requests/dev/growth/chu\u200brn.yaml",
    "requests/dev/growth/\u202enruhc.yaml",
    "requests/dev/growth/churn .yaml",
    "requests/dev/growth/.yaml",
    "requests/dev/growth/-churn.yaml",
    "requests/dev/growth/--help.yaml",
    "requests/dev/growth/$(id).yaml",
    "requests/dev/growth/::error::.yaml",
    "requests/dev/growth/\x1b[2J.yaml",
    "requests/dev/growth/\udcff.yaml",
    "requests/DEV/growth/churn.yaml",
    "requests/dev/growth/" + "a" * 300 + ".yaml",
    "Requests/dev/growth/churn.yaml",
]


@pytest.mark.parametrize("path", PATHS, ids=ascii)
def test_paths_that_are_none(path: str) -> None:
    assert rules(refused(VALID, path)) & {"path", "path-metadata"}
