"""Scenario files: what can be played, and what is said of a file that cannot."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.rehearsal.scenario import BrokenScenario, Interjection, load, read
from gitops.errors import InvalidRequest, UsageError

GOOD = """\
id: one
requester: U024BE7LH
today: 2026-11-23
opening: a schema please
facts:
interjections: [{after: 1, says: "oh"}]
expect: {metadata.expires: 2027-04-30}
max_questions: 3
"""


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_what_is_left_out_or_empty_is_nothing() -> None:
    scenario = read(GOOD.encode(), "one.yaml")
    assert scenario.facts == {}
    assert scenario.must_ask == ()
    assert scenario.today == date(2026, 11, 23)
    assert scenario.interjections == (Interjection(1, "oh"),)


def test_pasted_text_may_hold_invisible_characters() -> None:
    scenario = read(GOOD.replace("a schema", "a\u200b\tschema").encode(), "one.yaml")
    assert scenario.opening == "a\u200b\tschema please"


def test_a_folder_is_read_by_name_without_its_policy(tmp_path: Path) -> None:
    folder(tmp_path, b=GOOD.replace("one", "b"), a=GOOD.replace("one", "a"), policy="organisation: acme\n")
    found = load([tmp_path, tmp_path / "a.yaml"])
    assert [one.scenario.id for one in found] == ["a", "b"]
    assert found[0].policy == tmp_path / "policy.yaml"


def test_without_a_policy_beside_it_there_is_none(tmp_path: Path) -> None:
    assert load([folder(tmp_path, a=GOOD)])[0].policy is None


def test_everything_wrong_in_all_files_is_told_with_its_place(tmp_path: Path) -> None:
    broken = GOOD.replace("opening", "openning").replace("max_questions: 3", "max_questions: many")
    folder(tmp_path, a=broken, b="id: b\nid: c\n", c=GOOD)
    with pytest.raises(BrokenScenario) as caught:
        load([tmp_path])
    told = {(Path(one.place.file).name, one.place.line, one.rule) for one in caught.value.findings}
    assert told == {
        ("a.yaml", 4, "schema-unknown"),
        ("a.yaml", 8, "schema"),
        ("b.yaml", 2, "yaml-duplicate"),
    }
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"id: [", b"x" * 300_000], ids=["no text", "no YAML", "too long"]
)
def test_a_file_that_is_no_scenario_at_all_is_told_as_well(raw: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(raw, "one.yaml")
    assert caught.value.findings


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml cannot be read"):
        load([tmp_path / "nowhere.yaml"])


def test_a_folder_without_scenarios_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scenario"):
        load([tmp_path])
