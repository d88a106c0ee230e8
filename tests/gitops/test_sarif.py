from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

import handlers
from gitops.finding import Finding, Place, Related, Severity
from gitops.rulebook import OWN, Entry, rule_book
from gitops.sarif import findings_sarif

SCHEMA = Draft4Validator(
    json.loads((Path(__file__).parents[1] / "data" / "sarif" / "schema-2.1.0.json").read_text("utf-8"))
)
BOOK = rule_book(handlers.registry())
FILE = "requests/dev/growth/churn.yaml"
SOURCE = {FILE: b"metadata:\n  expiers: 2027-04-30\n  team: growth\n"}


def finding(**fields: Any) -> Finding:
    values = {
        "rule": "schema-unknown",
        "severity": Severity.ERROR,
        "message": "The field expiers does not exist here.",
        "place": Place(FILE, 2, 3, 2, 10, "metadata.expiers"),
        "hint": "Did you mean expires?",
    }
    return Finding(**(values | fields))


def run(
    *findings: Finding, sources: dict[str, bytes] | None = None, book: dict[str, Entry] | None = None
) -> Any:
    text = findings_sarif(
        findings, BOOK if book is None else book, SOURCE if sources is None else sources, "0.1.0"
    )
    document = json.loads(text)
    SCHEMA.validate(document)
    assert document["version"] == "2.1.0"
    return document["runs"][0]


def test_a_finding_with_its_rule_and_its_place() -> None:
    got = run(finding())
    driver = got["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("lakeport", "0.1.0")
    assert got["columnKind"] == "unicodeCodePoints"
    [rule] = driver["rules"]
    assert rule["id"] == "schema-unknown"
    assert rule["shortDescription"]["text"] == BOOK["schema-unknown"].title
    assert BOOK["schema-unknown"].wrong.strip() in rule["help"]["markdown"]
    [result] = got["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("schema-unknown", 0, "error")
    assert result["message"]["text"] == "The field expiers does not exist here. Did you mean expires?"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": FILE, "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 10}
    assert result["suppressions"] == []


def test_the_index_of_a_rule_leads_to_it() -> None:
    got = run(finding(), finding(rule="schema"), finding(rule="acme-own"), finding(rule="schema"))
    rules = got["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in got["results"]] == [
        "schema-unknown",
        "schema",
        "acme-own",
        "schema",
    ]


def test_a_finding_on_a_whole_file_has_no_region() -> None:
    [result] = run(finding(place=Place("requests/dev/a b/#1\udcff.yaml")))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "requests/dev/a%20b/%231%FF.yaml"
    assert "region" not in place


def test_an_excepted_finding_is_a_suppressed_note() -> None:
    text = "Excepted until 2027-03-01 by nadia-k: one load test."
    [result] = run(finding(severity=Severity.INFO, excepted=text))["results"]
    assert result["level"] == "note"
    assert result["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": text}]
    assert text in result["message"]["text"]


def test_related_places() -> None:
    other = Related(Place(FILE, 1, 1, 1, 9), "First here.")
    [result] = run(finding(related=(other,)))["results"]
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 1


def test_typed_text_is_no_link_and_hides_nothing() -> None:
    [result] = run(finding(message="[x](https://evil.example)\u202e is wrong."))["results"]
    assert "](" not in result["message"]["text"]
    assert "\u202e" not in result["message"]["text"]


def test_an_own_rule_is_escaped_in_markdown() -> None:
    own = Entry(
        id="acme-own",
        chapter=OWN,
        title="<img src=x>",
        severity=Severity.ERROR,
        why="@acme/owners",
        fix="[x](https://evil.example)",
    )
    [rule] = run(finding(rule="acme-own"), book={"acme-own": own})["tool"]["driver"]["rules"]
    text = rule["help"]["markdown"]
    assert not set("<>@[]") & set(text)


def prints(*findings: Finding, source: bytes) -> list[str]:
    got = run(*findings, sources={FILE: source})
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in got["results"]]


def test_a_fingerprint_stays_when_lines_above_move_and_tells_equal_lines_apart() -> None:
    one, below = finding(), finding(place=Place(FILE, 4, 3, 4, 10, "metadata.expiers"))
    before = prints(one, source=SOURCE[FILE])
    assert prints(below, source=b"# a comment\n# another\n" + SOURCE[FILE]) == before
    assert prints(one, source=SOURCE[FILE].replace(b"2027", b"2028")) != before
    assert prints(finding(rule="schema"), source=SOURCE[FILE]) != before
    twice = prints(one, one, source=SOURCE[FILE])
    assert twice[0] == before[0]
    assert twice[1] != before[0]


places = st.builds(
    Place,
    st.text(min_size=1, max_size=30),
    *(st.integers(0, 30) for _ in range(4)),
    st.text(max_size=20),
)
anything = st.builds(
    Finding,
    st.sampled_from(sorted(BOOK)) | st.text(min_size=1, max_size=20),
    st.sampled_from(Severity),
    st.text(max_size=80),
    places,
    st.text(max_size=40),
    st.text(max_size=40),
    st.lists(st.builds(Related, places, st.text(max_size=20)), max_size=2).map(tuple),
)


@given(st.lists(anything, max_size=4), st.binary(max_size=80))
def test_whatever_is_found_is_sarif(found: list[Finding], source: bytes) -> None:
    got = run(*found, sources={one.place.file: source for one in found})
    assert len(got["results"]) == len(found)
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in got["results"]]
    assert len(set(hashes)) == len(hashes)
