"""Which versions of a request there were before, by its receipts."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

import handlers
from gitops.earlier import Attempt, earlier
from gitops.errors import UsageError
from gitops.plan import digest
from gitops.request import Loaded, load_request

REGISTRY = handlers.registry()
CHURN_PATH = "requests/dev/growth/churn-prediction.yaml"
CHURN = (Path(__file__).parents[1] / "data" / CHURN_PATH).read_bytes()
COMMITS = {letter: letter * 40 for letter in "abcd"}


def version(topic: str) -> bytes:
    """The example, told apart by a topic."""
    return CHURN.replace(b"topics: [churn]", f"topics: [{topic}]".encode())


def attempt(raw: bytes, status: str, commit: str) -> Attempt:
    return Attempt(
        request="dev/growth/churn-prediction",
        path=CHURN_PATH,
        status=status,
        commit=COMMITS[commit],
        file_digest=digest(raw),
    )


def topics(attempts: list[tuple[str, str]], current: str = "now") -> list[str]:
    """The topics of the earlier versions, after attempts of ``(topic, status)``."""
    files = {COMMITS["abcd"[at]]: version(topic) for at, (topic, _) in enumerate(attempts)}

    def read(commit: str, path: str) -> bytes:
        assert path == CHURN_PATH
        return files[commit]

    told = [attempt(version(topic), status, "abcd"[at]) for at, (topic, status) in enumerate(attempts)]
    found = earlier([load_request(version(current), CHURN_PATH, REGISTRY)], told, read, REGISTRY)
    return [topic_of(one) for one in found["dev/growth/churn-prediction"]]


def topic_of(one: Loaded) -> str:
    (repo,) = [spec for spec in one.request.resources if spec.kind == "repo"]
    (topic,) = repo.topics
    return str(topic)


def test_what_was_applied_last_and_what_was_tried_since() -> None:
    assert topics([("one", "applied"), ("two", "applied"), ("three", "partial"), ("four", "failed")]) == [
        "two",
        "three",
        "four",
    ]


def test_what_was_refused_gave_nothing() -> None:
    assert topics([("one", "applied"), ("two", "refused")]) == ["one"]


def test_the_version_itself_is_not_earlier() -> None:
    assert topics([("one", "applied"), ("now", "partial")]) == ["one"]
    assert topics([("now", "applied")]) == []


def test_nothing_was_applied() -> None:
    assert topics([]) == []


def test_a_version_that_git_lost_or_that_was_changed_there_is_passed_over() -> None:
    now = load_request(version("now"), CHURN_PATH, REGISTRY)

    def gone(commit: str, path: str) -> bytes:
        raise UsageError(f"{path} does not exist at {commit}.")

    told = [attempt(version("one"), "applied", "a")]
    assert earlier([now], told, gone, REGISTRY)[now.id] == ()
    assert earlier([now], told, lambda commit, path: version("forged"), REGISTRY)[now.id] == ()
    hostile = [replace(told[0], commit="--output=x")]
    assert earlier([now], hostile, lambda commit, path: version("one"), REGISTRY)[now.id] == ()
