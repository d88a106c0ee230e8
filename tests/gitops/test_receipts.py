"""The chain of receipts: appended once, in order, whatever happens; and every change to it is found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gitops.errors import RemoteDenied, RemoteError, RemoteUnavailable, Waits
from gitops.receipt import LONGEST, MOST_BYTES, Approval, BrokeGlass, number_in, path_of, seal, with_verdict
from gitops.receipts import Receipt, ReceiptDraft, Receipts, Step, parse_receipt, verify
from gitops.verdict import BrokeGlass as BrokeGlassVerdict
from gitops.verdict import CountedApproval, Outcome, Verdict
from tests.fakes.github_rest import FULL_NAME, GitHubRest

REPO = f"/repos/{FULL_NAME}"
REF = "refs/heads/receipts"
STEP = Step(
    key="repo/churn/repo",
    digest="sha256:" + "1" * 64,
    verb="create",
    summary="Create the repository churn.",
    outcome="done",
    started_at="2026-11-21T06:00:00+00:00",
    seconds=1.25,
)


def draft(request: str = "dev/growth/churn", **more: Any) -> ReceiptDraft:
    known: dict[str, Any] = {
        "request": request,
        "path": f"requests/{request}.yaml",
        "file_digest": "sha256:" + "a" * 64,
        "commit": "c" * 40,
        "pull": 7,
        "requester": {"slack": "U024BE7LH", "github": None},
        "approvers": ("nadia-k",),
        "plan_digest": "sha256:" + "b" * 64,
        "run_url": "https://github.test/acme/lakeport/actions/runs/1",
        "tool_version": "0.1.0",
        "status": "applied",
        "steps": (STEP, replace(STEP, key="repo/churn/access", outcome="failed", error="no")),
        "outputs": {"repo/churn": {"url": "https://github.test/acme/churn"}},
        "run_id": "1",
    }
    return ReceiptDraft(**known | more)


@pytest.fixture
def github() -> GitHubRest:
    return GitHubRest()


@pytest.fixture
def receipts(github: GitHubRest) -> Iterator[Receipts]:
    with github.serve() as client:
        yield opened(client)


def opened(client: Any, **more: Any) -> Receipts:
    return Receipts(
        client,
        FULL_NAME,
        now=lambda: datetime(2026, 11, 21, 6, 0, tzinfo=UTC),
        sleep=lambda seconds: None,
        **more,
    )


def test_without_a_branch_there_is_none(receipts: Receipts) -> None:
    assert receipts.read_all() == ()


def test_the_first_starts_a_branch_of_its_own(github: GitHubRest, receipts: Receipts) -> None:
    first = receipts.append(draft())
    assert (first.number, first.previous, first.at) == (1, "", "2026-11-21T06:00:00+00:00")
    assert github.writes == [f"POST {REPO}/git/trees", f"POST {REPO}/git/commits", f"POST {REPO}/git/refs"]
    head = github.refs[REF]
    assert github.commits[head]["parents"] == []
    assert list(github.files(head)) == ["receipts/00000/00000001.json"], "nothing of the code"
    assert "Lakeport-Request: dev/growth/churn" in github.commits[head]["message"]


def test_each_carries_the_digest_of_the_one_before(github: GitHubRest, receipts: Receipts) -> None:
    written = [receipts.append(draft(name)) for name in ("dev/a/one", "dev/a/two", "dev/a/three")]
    assert [one.number for one in written] == [1, 2, 3]
    assert [one.previous for one in written] == ["", written[0].digest, written[1].digest]
    with github.serve() as client:
        assert opened(client).read_all() == tuple(written)
    assert verify(written) == []


def test_a_run_and_attempt_has_one_receipt_for_a_request(github: GitHubRest, receipts: Receipts) -> None:
    first = receipts.append(draft())
    github.calls.clear()
    assert receipts.append(draft()) == first
    assert github.writes == []
    assert receipts.append(draft(attempt=2)).number == 2
    assert receipts.append(draft(run_id="2")).number == 3
    assert receipts.append(draft("dev/a/other")).number == 4


def test_a_run_says_that_it_starts_and_then_how_it_ended(github: GitHubRest, receipts: Receipts) -> None:
    """What was just written is not looked at again: the end takes three calls."""
    begun = receipts.append(draft(status="started"))
    assert receipts.append(draft(status="started")) == begun
    github.calls.clear()
    ended = receipts.append(draft())
    assert github.calls == github.writes
    assert len(github.writes) == 3
    assert [one.status for one in receipts.read_all()] == ["started", "applied"]
    assert receipts.append(draft()) == ended


def test_what_is_not_allowed_is_not_written(github: GitHubRest, receipts: Receipts) -> None:
    receipts.append(draft("dev/a/one"))
    seen: list[list[str]] = []

    def allow(chain: Sequence[Receipt]) -> None:
        seen.append([one.request for one in chain])
        raise Waits("Another run is at it.")

    github.calls.clear()
    with pytest.raises(Waits):
        receipts.append(draft("dev/a/two", status="started"), allow=allow)
    assert (seen, github.writes) == ([["dev/a/one"]], [])


@pytest.mark.parametrize("present", [0, 1])
def test_who_comes_second_sees_who_came_first(github: GitHubRest, receipts: Receipts, present: int) -> None:
    """Both looked, and nobody was there; then one of them wrote. Nothing of that is on the first look."""
    for number in range(present):
        receipts.append(draft(f"dev/a/before-{number}"))
    seen: list[list[str]] = []

    def allow(chain: Sequence[Receipt]) -> None:
        seen.append([one.run_id for one in chain if one.request == "dev/a/ours"])
        if seen[-1]:
            raise Waits("Another run is at it.")

    def somebody_else() -> tuple[int, Any]:
        with github.serve() as client:
            opened(client).append(draft("dev/a/ours", run_id="2", status="started"))
        return 422, {"message": "Update is not a fast forward"}

    github.instead(r"(PATCH|POST) .*/git/refs.*", somebody_else)
    with pytest.raises(Waits):
        receipts.append(draft("dev/a/ours", status="started"), allow=allow)
    assert seen == [[], ["2"]]
    assert [one.run_id for one in receipts.read_all()][present:] == ["2"]


@pytest.mark.parametrize(
    ("answer", "over"),
    [((200, {"status": "completed"}), True), ((200, {"status": "in_progress"}), False), ((404, {}), False)],
)
def test_whether_a_run_is_over(github: GitHubRest, receipts: Receipts, answer: Any, over: bool) -> None:
    github.instead(r"GET .*/actions/runs/17", answer)
    assert receipts.run_is_over("17") is over


@pytest.mark.parametrize("run", ["", "local-1234", "../../x", "1 7"])
def test_a_run_by_hand_is_not_asked_about(github: GitHubRest, receipts: Receipts, run: str) -> None:
    assert not receipts.run_is_over(run)
    assert github.calls == []


def test_receipts_of_before_are_still_the_ones_that_were_written() -> None:
    """What came later says nothing where it was not there: the digest is that of the older fields."""
    data = json.loads(chain("dev/a/one")[0].encode())
    assert not {"lease_until", "hold", "due"} & data.keys()
    assert all("attempts" not in step for step in data["steps"])
    assert verify([parse_receipt(json.dumps(data).encode())]) == []
    later = json.loads(chain("dev/a/one", lease_until="x", hold="y", due="z")[0].encode())
    assert [later["lease_until"], later["hold"], later["due"]] == ["x", "y", "z"]


def test_runs_without_an_id_are_different_runs(receipts: Receipts) -> None:
    by_hand = draft(run_id="", run_url="")
    assert [receipts.append(by_hand).number for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("present", [0, 1])
def test_another_run_that_appends_at_the_same_moment_comes_before(
    github: GitHubRest, receipts: Receipts, present: int
) -> None:
    for number in range(present):
        receipts.append(draft(f"dev/a/before-{number}"))

    def somebody_else() -> tuple[int, Any]:
        with github.serve() as client:
            opened(client).append(draft("dev/a/theirs"))
        return 422, {"message": "Update is not a fast forward"}

    github.instead(r"(PATCH|POST) .*/git/refs.*", somebody_else)
    ours = receipts.append(draft("dev/a/ours"))
    chain = receipts.read_all()
    assert [one.request for one in chain[present:]] == ["dev/a/theirs", "dev/a/ours"]
    assert ours == chain[-1]
    assert verify(chain) == []


@pytest.mark.parametrize("present", [0, 1])
@pytest.mark.parametrize(
    "call", [r"POST .*/git/trees", r"POST .*/git/commits", r"(POST|PATCH) .*/git/refs.*"]
)
@pytest.mark.parametrize("by_hand", [False, True])
def test_an_answer_that_got_lost_does_not_write_twice(
    github: GitHubRest, receipts: Receipts, present: int, call: str, by_hand: bool
) -> None:
    for number in range(present):
        receipts.append(draft(f"dev/a/before-{number}"))
    for _ in range(4):  # until PyGithub gives up, too
        github.after(call, (502, {"message": "Bad gateway"}))
    ours = receipts.append(draft(run_id="", run_url="") if by_hand else draft())
    chain = receipts.read_all()
    assert chain[-1] == ours
    assert len(chain) == present + 1
    assert verify(chain) == []


def test_a_branch_that_never_holds_still_is_said(github: GitHubRest, receipts: Receipts) -> None:
    receipts.append(draft())
    for _ in range(20):
        github.instead(r"PATCH .*", (422, {"message": "Update is not a fast forward"}))
    with pytest.raises(RemoteUnavailable, match="could not be written"):
        receipts.append(draft(attempt=2))


def test_what_may_not_be_written_is_said_at_once(github: GitHubRest, receipts: Receipts) -> None:
    github.instead(r"POST .*/git/trees", (403, {"message": "Resource not accessible by integration"}))
    with pytest.raises(RemoteDenied):
        receipts.append(draft())
    assert len(github.writes) == 1


def test_what_was_read_is_not_read_again(github: GitHubRest, receipts: Receipts) -> None:
    for number in range(5):
        receipts.append(draft(f"dev/a/one-{number}"))
    receipts.read_all()
    github.calls.clear()
    receipts.read_all()
    assert [call for call in github.calls if "/git/blobs/" in call] == []


def test_contents_at_hand_are_not_asked_of_github(github: GitHubRest, receipts: Receipts) -> None:
    for number in range(3):
        receipts.append(draft(f"dev/a/one-{number}"))
    missing = next(iter(github.files(github.refs[REF]).values()))

    def some(shas: Sequence[str]) -> Mapping[str, bytes]:
        return {sha: github.blobs[sha] for sha in shas if github.blobs[sha] != missing}

    expected = receipts.read_all()
    with github.serve() as client:
        github.calls.clear()
        assert opened(client, blobs=some).read_all() == expected
    assert len([call for call in github.calls if "/git/blobs/" in call]) == 1


def test_a_damaged_receipt_is_named(github: GitHubRest, receipts: Receipts) -> None:
    receipts.append(draft())
    github.push("receipts", "receipts/00000/00000002.json", b"{}")
    with pytest.raises(RemoteError, match=r"receipts/00000/00000002\.json: A receipt cannot be read"):
        receipts.read_all()


def test_other_files_on_the_branch_are_none_of_its_business(github: GitHubRest, receipts: Receipts) -> None:
    receipts.append(draft())
    github.push("receipts", "README.md", b"hello")
    assert len(receipts.read_all()) == 1
    receipts.append(draft(attempt=2))
    assert "README.md" in github.files(github.refs[REF])


def test_a_list_that_is_cut_short_is_not_taken_for_the_chain(github: GitHubRest, receipts: Receipts) -> None:
    receipts.append(draft())
    github.truncated = "all"
    with pytest.raises(RemoteError, match="longer than GitHub lists"):
        receipts.read_all()


def test_a_branch_that_is_too_long_for_one_list_is_listed_by_folders(
    github: GitHubRest, receipts: Receipts
) -> None:
    for attempt in range(1, 4):
        receipts.append(draft(attempt=attempt))
    github.truncated = "recursive"
    assert [one.attempt for one in receipts.read_all()] == [1, 2, 3]
    assert receipts.append(draft(attempt=4)).number == 4


@pytest.mark.parametrize(
    ("number", "path"),
    [
        (1, "receipts/00000/00000001.json"),
        (999, "receipts/00000/00000999.json"),
        (1000, "receipts/00001/00001000.json"),
        (12_345_678, "receipts/12345/12345678.json"),
    ],
)
def test_a_thousand_lie_in_a_folder(number: int, path: str) -> None:
    assert path_of(number) == path
    assert number_in(path) == number
    assert number_in("receipts/00000001.json") == 1
    assert number_in("receipts/1.json") is None


def test_a_text_that_cannot_be_written_is_written_as_well_as_it_can(receipts: Receipts) -> None:
    bad = "half a \ud83d"
    written = receipts.append(
        draft(error=bad, steps=(replace(STEP, error=bad),), outputs={"repo/x": {"url": bad}})
    )
    assert written.error == "half a ?"
    assert verify(receipts.read_all()) == []


DATA = Path(__file__).parents[1] / "data/receipts"


def test_what_earlier_versions_wrote_is_read_and_encoded_byte_for_byte() -> None:
    """Of before a receipt said what was found, who approved when, and which requests were sent."""
    raws = [path.read_bytes() for path in sorted(DATA.iterdir())]
    read = [parse_receipt(raw) for raw in raws]
    assert len(read) == 3
    assert verify(read) == []
    assert [one.encode() for one in read] == raws


def test_what_says_nothing_is_left_out_and_what_says_something_is_there() -> None:
    full = seal(
        draft(
            steps=(
                replace(
                    STEP,
                    before={"tags": ["red"]},
                    wanted={"tags": ["blue"]},
                    after={"tags": ["black"]},
                    read_back="differs",
                    differs="It does not stand as wanted.",
                    request_ids=("C3A0:2F5B", "C3A0:2F5C"),
                ),
            ),
            approvals=(
                Approval(login="nadia-k", at="2026-11-20T09:00:00Z", commit="c" * 40, rules=("team",)),
            ),
            broke_glass=(BrokeGlass(login="liwei", at="2026-11-20T09:00:00Z", reason="It burns."),),
            passes_alone=("small-edits",),
            gate="open",
            policy_digest="sha256:" + "d" * 64,
            model="gpt-5-mini; prompt sha256:" + "e" * 64,
            made_by="bot",
        ),
        number=1,
        at="2026-11-21T06:00:00+00:00",
        previous="",
    )
    assert parse_receipt(full.encode()) == full
    assert verify([full]) == []
    said = json.loads(full.encode())
    assert said["approvals"][0]["rules"] == ["team"]
    plain = json.loads(CHAIN[0].encode())
    later = {"approvals", "broke_glass", "passes_alone", "gate", "policy_digest", "model", "made_by"}
    assert later <= said.keys()
    assert not later & plain.keys()
    of_step = {"before", "wanted", "after", "read_back", "differs", "request_ids"}
    assert of_step <= said["steps"][0].keys()
    assert not of_step & plain["steps"][0].keys()


def test_a_receipt_of_many_steps_keeps_the_steps_and_leaves_out_their_values(receipts: Receipts) -> None:
    value = {f"name-{number}": "x" * 90 for number in range(35)}
    ids = tuple(f"C3A0:{number}" for number in range(50))
    step = replace(STEP, before=value, wanted=value, read_back="as_wanted", error="e" * 2000, request_ids=ids)
    many = tuple(replace(step, key=f"repo/churn-{number}/repo") for number in range(200))
    written = receipts.append(draft(steps=many))
    assert len(written.steps) == 200
    assert {(one.before, one.wanted, one.read_back) for one in written.steps} == {(None, None, "as_wanted")}
    assert {(len(one.error or ""), one.request_ids) for one in written.steps} == {(200, ids[:5])}
    assert len(written.encode()) < MOST_BYTES
    assert verify(receipts.read_all()) == []


def test_a_verdict_says_who_approved_what_when_and_who_broke_the_glass() -> None:
    reason = "prod is down, the token is " + "ghp_" + "a1B2" * 9 + " " + "x" * 5000
    verdict = Verdict(
        outcome=Outcome.BROKEN_GLASS,
        sentences=("…",),
        counted=("nadia-k",),
        approvals=(
            CountedApproval(login="nadia-k", at="2026-11-20T09:00:00Z", commit="c" * 40, rules=("t",)),
        ),
        broke_glass=(BrokeGlassVerdict(login="liwei", reason=reason, at="2026-11-20T09:01:00Z"),),
        passes_alone=("p",),
        model="gpt-5-mini; prompt sha256:0123456789ab",
    )
    found = with_verdict(draft(approvers=()), verdict)
    assert (found.gate, found.approvers, found.passes_alone) == ("broken_glass", ("nadia-k",), ("p",))
    assert found.model == "gpt-5-mini; prompt sha256:0123456789ab"
    assert found.approvals == (
        Approval(login="nadia-k", at="2026-11-20T09:00:00Z", commit="c" * 40, rules=("t",)),
    )
    (broke,) = found.broke_glass
    assert "ghp_" not in broke.reason
    assert len(broke.reason) == 1_000


# --- reading one


def chain(*names: str, **more: Any) -> list[Receipt]:
    done: list[Receipt] = []
    for number, name in enumerate(names, 1):
        before = done[-1].digest if done else ""
        at = "2026-11-21T06:00:00+00:00"
        done.append(seal(draft(name, **more), number=number, at=at, previous=before))
    return done


CHAIN = chain("dev/a/one", "dev/a/two", "dev/a/three", "dev/a/four")


def test_what_was_encoded_is_read_again() -> None:
    for receipt in CHAIN:
        assert parse_receipt(receipt.encode()) == receipt
        assert receipt.encode().endswith(b"}\n")


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"number": True},
        {"approvers": [1]},
        {"approvers": None},
        {"steps": [{"key": "a"}]},
        {"steps": [1]},
        {"outputs": []},
        {"requester": "U1"},
        {"extra": 1},
        {"digest": None},
        {"pull": "7"},
        {"approvals": [{"login": "nadia-k"}]},
        {"approvals": [{"login": "nadia-k", "at": "", "commit": "", "rules": "team"}]},
        {"broke_glass": "liwei"},
        {"outputs": {"repo/churn": {"url": 1}}},
        {"steps": [{"key": "", "digest": "", "verb": "", "summary": "", "outcome": "", "request_ids": [1]}]},
    ],
)
def test_what_is_no_receipt_is_refused(change: dict[str, Any]) -> None:
    data = json.loads(CHAIN[0].encode()) | change
    with pytest.raises(RemoteError, match="cannot be read"):
        parse_receipt(json.dumps(data).encode())


def test_the_odd_field_is_named() -> None:
    data = json.loads(CHAIN[0].encode()) | {"sig\u202ened": 1}
    with pytest.raises(RemoteError) as caught:
        parse_receipt(json.dumps(data).encode())
    assert "unknown field `sig\ufffdned`" in (caught.value.why or "")


def test_what_is_far_too_long_is_not_read() -> None:
    with pytest.raises(RemoteError, match="cannot be read"):
        parse_receipt(b" " * LONGEST + CHAIN[0].encode())


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"steps": []}'])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteError):
        parse_receipt(raw, "receipts/00000001.json")


# --- verifying a chain


def test_a_sound_chain_has_no_problems() -> None:
    assert verify([]) == []
    assert verify(CHAIN) == []


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))
    else:
        yield path


LEAVES = sorted(leaves(json.loads(CHAIN[1].encode())), key=str)


@given(st.integers(0, 3), st.sampled_from(LEAVES), st.sampled_from(["", "x", 99, None]))
def test_any_value_that_was_changed_is_found(index: int, path: tuple[Any, ...], value: Any) -> None:
    data = json.loads(CHAIN[index].encode())
    place = data
    for key in path[:-1]:
        place = place[key]
    if place[path[-1]] == value:
        return
    place[path[-1]] = value
    try:
        changed = parse_receipt(json.dumps(data).encode())
    except RemoteError:
        return
    assert verify([*CHAIN[:index], changed, *CHAIN[index + 1 :]])


@given(st.integers(0, 3))
def test_one_that_was_left_out_is_found_unless_it_is_the_last(index: int) -> None:
    rest = [*CHAIN[:index], *CHAIN[index + 1 :]]
    assert bool(verify(rest)) is (index < 3)


@given(st.permutations(CHAIN))
def test_another_order_is_found(order: list[Receipt]) -> None:
    assert bool(verify(order)) is (order != CHAIN)


def test_one_that_was_written_anew_breaks_the_next() -> None:
    forged = replace(CHAIN[1], approvers=("mallory",))
    forged = replace(forged, digest=forged.computed_digest())
    problems = verify([CHAIN[0], forged, *CHAIN[2:]])
    assert problems == [
        "Receipt 3 does not follow the one before it: that one was changed, added or left out."
    ]
