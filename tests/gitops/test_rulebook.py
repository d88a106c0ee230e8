from __future__ import annotations

import re
from pathlib import Path

import pytest

import handlers
from gitops.finding import Severity
from gitops.markup import visible
from gitops.rulebook import OWN, Entry, example_request, own_entries, rule_book
from gitops.rulebook import rule_ids as ids_alone
from tests.support import examples, rule_ids

BOOK = rule_book(handlers.registry())

BESIDES = {
    "path-clash": {"path"},  # of two names that differ by case, one is not lower-case
    "exception-approver": {"cost-center"},  # what the exception would except
}
NOT_FROM_A_FILE = {"resource-kind": "only a conversation can ask for it: tests/gitops/test_compose.py"}
PUT_TOGETHER = {
    "schema-missing",
    "schema-unknown",
    "schema-kind",
    "policy-schema-missing",
    "policy-schema-unknown",
}
"""Ids that :mod:`gitops.explain` makes of a prefix and the sort of problem."""


@pytest.mark.parametrize(
    "entry", [entry for entry in BOOK.values() if entry.id not in NOT_FROM_A_FILE], ids=lambda entry: entry.id
)
class TestExamples:
    def test_what_is_wrong_breaks_this_rule_alone(self, entry: Entry, tmp_path: Path) -> None:
        found = examples.findings(entry.wrong, tmp_path)
        assert {finding.rule for finding in found} == {entry.id} | BESIDES.get(entry.id, set()), found
        assert {finding.severity for finding in found if finding.rule == entry.id} == {entry.severity}

    def test_what_is_right_breaks_none(self, entry: Entry, tmp_path: Path) -> None:
        found = examples.findings(entry.right, tmp_path)
        assert [finding for finding in found if not finding.excepted] == []


def test_every_id_in_the_sources_is_in_the_book_and_the_other_way_round() -> None:
    of_kinds = {rule.id for kind in handlers.registry().values() for rule in (*kind.rules, *kind.edits)}
    assert rule_ids.in_sources() | PUT_TOGETHER | of_kinds == set(BOOK)
    assert not of_kinds & (rule_ids.in_sources() | PUT_TOGETHER)


@pytest.mark.parametrize("entry", BOOK.values(), ids=lambda entry: entry.id)
def test_an_entry_is_written_for_a_person(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.id)
    assert entry.title[0].isupper()
    assert not entry.title.endswith(".")
    assert len(f"{entry.id}{entry.title}") < 76
    for text in (entry.why, entry.fix):
        assert text.strip().endswith(".")
        assert len(text) > 20
        assert visible(text.strip()) == text.strip()
        assert text.count("`") % 2 == 0
    assert entry.wrong != entry.right
    assert max(len(line) for line in (entry.wrong + entry.right).splitlines()) <= 110


def test_the_example_request_breaks_no_rule(tmp_path: Path) -> None:
    assert examples.findings(example_request(), tmp_path) == []


def test_rules_of_an_organisation_come_from_its_policy(tmp_path: Path) -> None:
    policy = """\
# requests/policy.yaml
rules:
- id: acme-purpose
  check: size(metadata.purpose) > 20
  when: metadata.environment == "prod"
  message: Say more about the purpose.
  hint: Two sentences will do.
  severity: warning
"""
    [entry] = own_entries(examples.policy_of(policy))
    assert (entry.id, entry.chapter, entry.severity) == ("acme-purpose", OWN, Severity.WARNING)
    assert (entry.title, entry.fix) == ("Say more about the purpose", "Two sentences will do.")
    assert 'size(metadata.purpose) > 20` wherever `metadata.environment == "prod"' in entry.why
    assert rule_book(handlers.registry(), [entry])["acme-purpose"] is entry


def test_the_ids_alone_are_those_of_the_book() -> None:
    assert ids_alone(handlers.registry()) == set(BOOK)
