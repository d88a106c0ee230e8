"""Which requests there are, which one somebody means, and what "same as …" says."""

from __future__ import annotations

import pytest

from bot.likeness import but_for, same_as, speaks_of_another
from bot.requests import Requests, meant
from gitops.errors import RemoteUnavailable
from handlers import registry
from tests.bot.test_amending import FILE, NAME, PATH
from tests.fakes.repository import FakeRepository

IDS = (
    "dev/growth/churn-prediction",
    "dev/growth/trial-conversion",
    "dev/risk/claims",
    "prod/growth/churn-prediction",
    "prod/risk/claims-history",
)


@pytest.mark.parametrize(
    ("word", "which"),
    [
        ("trial-conversion", [1]),
        ("dev/growth/churn-prediction", [0]),
        ("requests/dev/growth/churn-prediction.yaml", [0]),
        ("`trial-conversion`", [1]),
        ("Trial Conversion", [1]),
        ("trial_conversion", [1]),
        ("trial", [1]),
        ("conversion", [1]),
        ("churn-prediction", [0, 3]),
        ("churn", [0, 3]),
        ("claims", [2]),
        ("history", [4]),
        ("trial-convresion", [1]),
        ("upsell", []),
        ("", []),
        ("x" * 5000, []),
    ],
)
def test_a_request_is_known_by_its_id_its_name_or_a_part_of_it(word: str, which: list[int]) -> None:
    assert meant(word, IDS) == tuple(IDS[index] for index in which)


@pytest.mark.parametrize(
    ("text", "word", "count"),
    [
        ("can we get the same as churn but for upsell? cheers", "churn", 2),
        ("Same as trial-conversion but for upsell", "trial-conversion", 1),
        ("we want a copy of dev/risk/claims please", "dev/risk/claims", 1),
        ("the same setup as for trial-conversion", "trial-conversion", 1),
        ("just like trial-conversion, but for upsell", "trial-conversion", 1),
        ("same thing as nowhere", "nowhere", 0),
    ],
)
def test_same_as_names_a_request(text: str, word: str, count: int) -> None:
    found = same_as(text, IDS)
    assert found is not None
    assert (found[0], len(found[1])) == (word, count)


@pytest.mark.parametrize(
    "text",
    [
        "same as before", "the same as usual please", "I like it", "we would like a cluster",
        "something like a warehouse", "same as last time", "make it the same as the other one",
    ],
)  # fmt: skip
def test_what_names_no_request_is_not_looked_up(text: str) -> None:
    assert same_as(text, IDS) is None


def test_the_list_is_only_read_where_a_message_may_need_it() -> None:
    assert not speaks_of_another("we need a repo and a small cluster in dev")
    assert speaks_of_another("same as churn but for upsell")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("same as churn but for upsell", "upsell"),
        ("same as churn, but called Next_Best_Offer.", "next-best-offer"),
        ("same as churn but for the upsell team", "upsell"),
        ("same as churn", None),
        ("same as churn but for 12", None),
    ],
)
def test_the_name_comes_after_but_for(text: str, name: str | None) -> None:
    found = but_for(text)
    assert (found[0] if found else None) == name
    assert found is None or found[1] in text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_list_is_kept_for_a_moment_and_read_again_when_the_branch_moves() -> None:
    github, clock = FakeRepository(), Clock()
    requests = Requests(github, registry(), clock)
    assert requests.ids() == ()
    github.files[PATH, "main"] = FILE.encode()
    github.files["requests/policy.yaml", "main"] = b"x"
    assert requests.ids() == ()
    requests.stale()
    assert requests.ids() == (NAME,)
    github.fail["request_files"] = [RemoteUnavailable("GitHub did not answer.")]
    clock.now = 100.0
    assert requests.ids() == (NAME,), "the last list holds while GitHub is away"


def test_a_list_that_was_never_read_is_an_error() -> None:
    github = FakeRepository()
    github.fail["request_files"] = [RemoteUnavailable("GitHub did not answer.")]
    with pytest.raises(RemoteUnavailable):
        Requests(github, registry()).ids()


def test_a_file_is_read_once_for_each_content_of_it() -> None:
    github, clock = FakeRepository(), Clock()
    github.files[PATH, "main"] = FILE.encode()
    requests = Requests(github, registry(), clock)
    for _ in range(3):
        loaded = requests.loaded(NAME)
        assert loaded is not None
        assert loaded.request.resources[1].size == "small"  # type: ignore[attr-defined]
    assert len(github.reads) == 1
    github.files[PATH, "main"] = FILE.replace("size: small", "size: medium").encode()
    requests.stale()
    loaded = requests.loaded(NAME)
    assert loaded is not None
    assert loaded.request.resources[1].size == "medium"  # type: ignore[attr-defined]


def test_a_file_that_is_not_valid_is_passed_over() -> None:
    github = FakeRepository()
    github.files[PATH, "main"] = b"nothing: here\n"
    assert Requests(github, registry()).loaded(NAME) is None
    assert Requests(github, registry()).loaded("dev/growth/other") is None
