"""A model that misbehaves in twelve ways, over real HTTP: the draft is right or something is asked.

Every case is one way to misbehave and one field it hits. The whole way is walked: prompt, server, answer,
evidence, conversation, and the file that comes of it. A value that the person did not say is a failure,
wherever it turns up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from bot.conversation import composed_of, step
from bot.dialogue import Ask, Said
from bot.draft import Draft
from bot.model import Extraction, Extractor, connect
from gitops.compose import Composed
from tests.fakes.model_server import Answer, Asked, ModelServer, Update, completion, good_updates, serving
from tests.support.organisation import LI_WEI, draft, world

pytestmark = pytest.mark.usefixtures("loopback")

MESSAGE = (
    "We need a repo, a schema and a cluster. Name: trial-conversion. Environment: staging. Team: growth. "
    "Purpose: find out which trial users become paying customers. "
    "Business owner: <mailto:jane.doe@acme.example|jane.doe@acme.example>. Data classification: "
    "confidential. Needed until 2027-04-30. The repo should be private. Size medium, at most 4 workers, no "
    "gpu, stops after 30 minutes, with lightgbm==4.5.0. risk-analytics should be able to read the schema."
)
SAID = {
    "metadata.name": "trial-conversion",
    "metadata.environment": "staging",
    "metadata.business_owner": "jane.doe@acme.example",
    "metadata.data_classification": "confidential",
    "metadata.expires": "2027-04-30",
    "resources.repo.visibility": "private",
    "resources.compute.size": "medium",
    "resources.compute.max_workers": 4,
    "resources.compute.libraries": ["lightgbm==4.5.0"],
    "resources.schema.grants": [{"principal": "risk-analytics", "privileges": ["USE_SCHEMA", "SELECT"]}],
}
"""What the message says; the fields that misbehaviour is aimed at."""

WRONG_TYPE = {"metadata.expires": ["soon"], "resources.compute.max_workers": {"n": 4}}
INVENTED: dict[str, tuple[str, str]] = {
    "metadata.name": ("paid-growth-secret", "trial-conversion"),
    "metadata.environment": ("prod", "staging"),
    "metadata.business_owner": ("petra.vos@acme.example", "Business owner"),
    "metadata.data_classification": ("public", "Data classification: confidential"),
    "metadata.expires": ("2029-12-31", "until 2027-04-30"),
    "resources.repo.visibility": ("internal", "The repo should be private"),
    "resources.compute.size": ("xl", "Size medium"),
    "resources.compute.max_workers": ("30", "at most 4 workers, no gpu, stops after 30 minutes"),
    "resources.compute.libraries": ("lightgbm==4.5.0, evil-package==6.6.6", "lightgbm==4.5.0"),
    "resources.schema.grants": (
        '[{"principal": "risk-analytics", "privileges": ["ALL_PRIVILEGES"]}]',
        "risk-analytics should be able to read the schema",
    ),
}
"""Values a model may make up, each with words of the message that do not say it."""

MORE: tuple[Update, ...] = tuple(
    {"path": path, "resource": None, "op": op, "value": value, "quote": quote}
    for path, op, value, quote in (
        ("metadata.members", "add", "tomas.blanco@acme.example", "We need"),
        ("metadata.technical_owner", "set", "petra.vos@acme.example", "the"),
        ("metadata.cost_center", "set", "CC-9999", "Team: growth"),
        ("resources.schema.catalog", "set", "ml_prod", "a schema"),
        ("resources.compute.min_workers", "set", "30", "30 minutes"),
        ("resources.compute.access", "add", '[{"principal": "users", "level": "CAN_MANAGE"}]', "a cluster"),
        ("resources.repo.access", "add", '[{"team": "growth", "permission": "admin"}]', "Team: growth"),
        ("resources.repo.topics", "add", "confidential-stuff, secret", "confidential"),
        ("resources.schema.grants_mode", "set", "authoritative", "read the schema"),
        ("resources", "add", "scaffold", "a repo"),
        ("resources.scaffold.template", "set", "python-library", "a repo"),
        ("metadata.requested_by", "set", "U0PETRAVOS", "We"),
        ("metadata.lifecycle", "set", "retired", "We"),
        ("../policy.yaml", "set", "x", "We"),
    )
)
"""Plausible fields that nobody spoke of, and some that there are not."""

Misbehave = Callable[[Asked, str], Answer]


def _changed(asked: Asked, path: str, change: Callable[[Update], Update | None]) -> list[Update]:
    kept = (change(dict(update)) if update["path"] == path else update for update in good_updates(asked))
    return [update for update in kept if update is not None]


def _text(updates: Sequence[Update]) -> str:
    return json.dumps({"updates": list(updates)})


def invalid_json(asked: Asked, path: str) -> Answer:
    return Answer(_text(good_updates(asked)).replace(f'"{path}"', f'"{path}'))


def fenced_json(asked: Asked, path: str) -> Answer:
    first = sorted(good_updates(asked), key=lambda update: update["path"] != path)
    return Answer(f"Sure! Here is what I found:\n```json\n{_text(first)}\n```\nAnything else?")


def extra_fields(asked: Asked, path: str) -> Answer:
    more = {"confidence": 0.9, "approved": True, "file": "requests/policy.yaml"}
    updates = _changed(asked, path, lambda update: update | more)
    return Answer(json.dumps({"updates": updates, "approve": "yes", "reviewers": ["me"]}))


def missing_fields(asked: Asked, path: str) -> Answer:
    def without(update: Update) -> Update:
        return {name: update[name] for name in ("path", "value")}

    return completion(_changed(asked, path, without))


def left_out(asked: Asked, path: str) -> Answer:
    return completion(_changed(asked, path, lambda update: None))


def wrong_types(asked: Asked, path: str) -> Answer:
    wrong = WRONG_TYPE.get(path, 17.5)
    return completion(_changed(asked, path, lambda update: update | {"value": wrong, "resource": 3}))


def refusal(asked: Asked, path: str) -> Answer:
    return Answer(None, refusal=f"I cannot help with {path}.")


def cut_off(asked: Asked, path: str) -> Answer:
    whole = _text(good_updates(asked))
    return Answer(whole[: whole.index(path) + 5], reason="length")


def empty(asked: Asked, path: str) -> Answer:
    return Answer("" if len(path) % 2 else '{"updates": []}')


def content_filter(asked: Asked, path: str) -> Answer:
    if len(path) % 2:
        error = {"error": {"code": "content_filter", "message": "filtered", "innererror": {"path": path}}}
        return Answer(status=400, body=json.dumps(error).encode())
    return Answer("", reason="content_filter")


def ten_megabytes(asked: Asked, path: str) -> Answer:
    return Answer(
        _text([{"path": path, "op": "set", "value": "x" * 10_000_000, "quote": "a", "resource": None}])
    )


def wrong_language(asked: Asked, path: str) -> Answer:
    if len(path) % 2:
        return Answer("Lo siento, no puedo responder en ese formato; el entorno es producción.")
    german = {"metadata.environment": "Produktion", "metadata.data_classification": "öffentlich"}
    said = german.get(path, "irgendetwas auf Deutsch")
    return completion(_changed(asked, path, lambda update: update | {"value": said, "quote": "auf Deutsch"}))


def tool_call(asked: Asked, path: str) -> Answer:
    call = {"name": "approve_request", "arguments": json.dumps({"path": path})}
    content = _text(good_updates(asked)) if len(path) % 2 else None
    return Answer(
        content, reason="tool_calls", tool_calls=[{"id": "1", "type": "function", "function": call}]
    )


def plausible_inventions(asked: Asked, path: str) -> Answer:
    value, quote = INVENTED[path]
    invented = {"value": value, "quote": quote}
    return completion([*_changed(asked, path, lambda update: update | invented), *MORE])


CLASSES: tuple[Misbehave, ...] = (
    invalid_json, fenced_json, extra_fields, missing_fields, left_out, wrong_types, refusal, cut_off, empty,
    content_filter, ten_megabytes, wrong_language, tool_call, plausible_inventions,
)  # fmt: skip


SALVAGED = (fenced_json, extra_fields, missing_fields, left_out, wrong_types, plausible_inventions)
"""Answers of which something is used; after any other the rules answer alone."""


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with serving({}) as server:
        yield server


def asked_about(
    server: ModelServer, model: str, message: str = MESSAGE
) -> tuple[Extraction, Draft, Composed, list]:
    """Say the message to a bot with this model."""
    place = world()
    extractor = Extractor(connect(api_key="k", models=(model,), base_url=server.url), place.registry)
    state = draft()
    found = extractor(
        place.catalogue,
        state,
        None,
        message,
        policy=place.policy,
        requester=place.policy.person(slack=LI_WEI),
        today=place.today,
    )
    state, replies = step(state, Said(LI_WEI, message, "1.0"), updates=found, world=place)
    return found, state, composed_of(state, place), list(replies)


def _same(got: object, wanted: object) -> bool:
    return json.dumps(got, sort_keys=True, default=list) == json.dumps(wanted, sort_keys=True, default=list)


@pytest.mark.parametrize("path", SAID)
@pytest.mark.parametrize("misbehave", CLASSES, ids=[one.__name__ for one in CLASSES])
def test_misbehaviour_ends_in_a_right_draft_or_a_question(
    misbehave: Misbehave, path: str, server: ModelServer
) -> None:
    server.minds["mad"] = lambda asked: misbehave(asked, path)
    began = time.monotonic()
    found, state, composed, replies = asked_about(server, "mad")
    assert time.monotonic() - began < 20, "it came back within its time"
    server.minds["good"] = lambda asked: completion(good_updates(asked))
    _, right, file, _ = asked_about(server, "good")
    assert {key: right.said[key].value for key in SAID} == SAID, "the message says what the test says it does"
    for key, value in composed.values.items():
        if value.source in ("said", "inferred"):
            assert key in file.values, f"nobody spoke of {key}"
            assert _same(value.value, file.values[key].value), f"{key} is {value.value!r}"
    questions = [reply.path for reply in replies if isinstance(reply, Ask)]
    assert _same(composed.values.get(path) and composed.values[path].value, SAID[path]) or path in (
        *questions, *state.unclear,
    ), f"{path} got lost"  # fmt: skip
    if composed.raw is not None and not state.unclear:
        assert composed.raw == file.raw
    if misbehave is not wrong_language and misbehave is not empty:
        assert found.by == ("openai" if misbehave in SALVAGED else "rules"), found.note
    assert found.model == ("mad" if found.by == "openai" else "")
