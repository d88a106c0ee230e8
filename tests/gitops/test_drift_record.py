"""What a look for drift leaves on the branch of receipts: once a day, appended, and read back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from gitops import cli
from gitops.drift import Drift, Drifted
from gitops.drift_record import Day, Drifting, append, day_of, path_of, read
from gitops.drifted import Ignored
from gitops.errors import ConfigurationError, RemoteUnavailable, UsageError
from gitops.plan import Change, Reason, Refusal, Verb
from gitops.receipts import Receipts, verify
from tests.fakes.github_rest import API, FULL_NAME, GitHubRest
from tests.gitops.test_receipts import draft

POLICY = (Path(__file__).parents[2] / "requests/policy.yaml").read_bytes()
NOW = datetime(2026, 11, 21, 5, 17, tzinfo=UTC)
REF = "refs/heads/receipts"
DAY = Day(
    at="2026-11-21T05:17:00+00:00",
    looked=3,
    unseen=0,
    drifting=(
        Drifting(request="dev/a/one", team="a", owner="o@acme.example", kind="schema", open=2, ignored=1),
    ),
)


def change(kind: str, identity: str) -> Change:
    return Change(action="x", kind=kind, identity=identity, verb=Verb.UPDATE, summary="s")


def found(**more: Any) -> Drift:
    one = Drifted(
        request="dev/a/one",
        path="requests/dev/a/one.yaml",
        team="a",
        owner="o@acme.example",
        changes=(change("schema", "ml.x"), change("schema", "ml.y"), change("compute", "c")),
        refusals=(Refusal(kind="repo", identity="r", reason=Reason.NOT_OURS, message="somebody else's"),),
        ignored=(Ignored(key="schema/ml.z/grants", words="w", until=date(2026, 12, 1), reason="r"),),
    )
    known: dict[str, Any] = {"looked": 4, "drifted": (one,), "waiting": (), "unseen": {}}
    return Drift(**known | more)


@pytest.fixture
def github() -> GitHubRest:
    return GitHubRest()


@pytest.fixture
def hub(github: GitHubRest) -> Iterator[Any]:
    with github.serve() as client:
        yield client


def put(hub: Any, day: Day = DAY) -> bool:
    return append(hub, FULL_NAME, day, sleep=lambda seconds: None)


def receipts(hub: Any) -> Receipts:
    return Receipts(hub, FULL_NAME, now=lambda: NOW, sleep=lambda seconds: None)


def test_numbers_by_request_and_kind_are_kept_and_no_values() -> None:
    day = day_of(found(), NOW)
    assert (day.day, day.looked, day.unseen, day.open, day.ignored) == ("2026-11-21", 4, 0, 4, 1)
    assert [(one.kind, one.open, one.ignored) for one in day.drifting] == [
        ("compute", 1, 0),
        ("repo", 1, 0),
        ("schema", 2, 1),
    ]
    assert b"ml.x" not in day.encode()


def test_what_was_not_wholly_seen_is_not_kept() -> None:
    with pytest.raises(ConfigurationError, match="not everything could be seen"):
        day_of(found(unseen={"dev/a/two": "GitHub did not answer."}, unseen_code=4), NOW)
    assert day_of(found(unseen={"requests/dev/a/two.yaml": "invalid"}, unseen_code=1), NOW).unseen == 1


def test_it_is_appended_and_the_chain_goes_on(github: GitHubRest, hub: Any) -> None:
    first = receipts(hub).append(draft("dev/a/one"))
    before = github.refs[REF]
    assert put(hub)
    head = github.refs[REF]
    assert github.commits[head]["parents"] == [before]
    assert github.files(head).keys() - github.files(before).keys() == {"drift/2026-11-21.json"}
    second = receipts(hub).append(draft("dev/a/two"))
    assert verify([first, second]) == []
    assert path_of("2026-11-21") in github.files(github.refs[REF])


def test_the_first_look_of_a_day_stands(github: GitHubRest, hub: Any) -> None:
    receipts(hub).append(draft())
    assert put(hub)
    head = github.refs[REF]
    other = Day(at="2026-11-21T09:00:00+00:00", looked=9, unseen=0)
    assert not put(hub, other)
    assert github.refs[REF] == head


def test_a_branch_that_moves_meanwhile_is_looked_at_again(github: GitHubRest, hub: Any) -> None:
    receipts(hub).append(draft())

    def moved() -> tuple[int, Any]:
        github.push("receipts", "receipts/00000/00000002.json", b"{}")
        return 422, {"message": "Update is not a fast forward"}

    github.instead("PATCH .*", moved)
    assert put(hub)
    assert {"drift/2026-11-21.json", "receipts/00000/00000002.json"} <= github.files(github.refs[REF]).keys()


def test_an_answer_that_got_lost_writes_nothing_twice(github: GitHubRest, hub: Any) -> None:
    receipts(hub).append(draft())
    before = len(github.commits)
    github.after("PATCH .*", (502, {"message": "Bad gateway"}))
    put(hub)
    assert len(github.commits) == before + 1
    assert "drift/2026-11-21.json" in github.files(github.refs[REF])


def test_a_branch_that_never_holds_still_is_told(github: GitHubRest, hub: Any) -> None:
    receipts(hub).append(draft())
    for _ in range(6):
        github.instead("PATCH .*", (422, {"message": "Update is not a fast forward"}))
    with pytest.raises(RemoteUnavailable, match="could not be written down"):
        put(hub)


def test_where_nothing_was_applied_there_is_no_branch_for_it(hub: Any) -> None:
    with pytest.raises(UsageError, match="nothing was applied"):
        put(hub)


def test_it_is_read_back_and_what_is_no_look_is_named() -> None:
    later = Day(at="2026-11-24T05:17:00+00:00", looked=3, unseen=1)
    files = {
        path_of("2026-11-24"): later.encode(),
        path_of("2026-11-21"): DAY.encode(),
        path_of("2026-11-20"): DAY.encode(),  # copied to another day
        path_of("2026-11-19"): b"\xff{",
        "receipts/00000/00000001.json": b"{}",
        "drift/../x.json": b"{}",
    }
    days, broken = read(files)
    assert days == (DAY, later)
    assert broken == ("drift/2026-11-19.json", "drift/2026-11-20.json")


def test_the_command_keeps_a_whole_look_and_of_everything_alone(
    github: GitHubRest, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    receipts(hub).append(draft())
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests/policy.yaml").write_bytes(POLICY)
    monkeypatch.chdir(tmp_path)
    for name, value in (("GITHUB_TOKEN", "t"), ("GITHUB_API_URL", API), ("GITHUB_REPOSITORY", FULL_NAME)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("gitops.drift.look", lambda checkout, **more: looked)

    looked = found(unseen={"dev/a/two": "GitHub did not answer."}, unseen_code=4)
    head = github.refs[REF]
    assert cli.main({}, ["drift", "--record"]) == 4
    assert github.refs[REF] == head, "what was not wholly seen is not kept"
    looked = found()
    assert cli.main({}, ["drift", "--record"]) == 1
    assert "is kept." in capsys.readouterr().err
    (path,) = github.files(github.refs[REF]).keys() - github.files(head).keys()
    assert path.startswith("drift/")
    assert cli.main({}, ["drift", "--record"]) == 1
    assert "was kept before, and stands." in capsys.readouterr().err
    assert cli.main({}, ["drift", "--record", "--team", "growth"]) == 2
