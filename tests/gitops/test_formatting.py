"""The canonical form of a request file: a fixed point that keeps the request and every comment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import handlers
from gitops import formatting
from gitops.errors import InvalidRequest, LakeportError
from gitops.formatting import formatted
from gitops.request import dump_request, load_request
from gitops.yamlcarry import carry
from gitops.yamlcomments import find
from gitops.yamlfile import load
from tests.support import valid
from tests.support.language import text
from tests.support.strewn import strewn, written

REGISTRY = handlers.registry()
PATH = "requests/dev/growth/churn-prediction.yaml"
HEADER = "# yaml-language-server: $schema=../../schema.json\n"
REPO = "- {topics: [b, a], visibility: internal, adopt: true, name: growth-churn, kind: repo}"


def test_the_order_of_the_format() -> None:
    raw = text(lifecycle="None", purpose="'Say.'", resources=REPO).replace("  team: growth\n", "").encode()
    raw = raw.replace(
        b"resources:", b"  requested_by: {github: liwei, slack: U1A}\n  team: growth\nresources:", 1
    )
    raw = raw.replace(b"  requested_by: {slack: U024BE7LH, github: liwei}\n", b"", 1)
    assert formatted(raw, PATH, REGISTRY).decode() == (
        f"{HEADER}apiVersion: lakeport/v1\nkind: Onboarding\nmetadata:\n"
        "  name: churn-prediction\n  team: growth\n  environment: dev\n  purpose: Say.\n"
        "  business_owner: jane.doe@acme.example\n  cost_center: CC-1042\n  data_classification: internal\n"
        "  expires: 2027-04-30\n  requested_by: {slack: U1A, github: liwei}\n"
        "resources:\n- kind: repo\n  name: growth-churn\n  visibility: internal\n"
        "  topics: [b, a]\n  adopt: true\n"
    )


def test_fields_inside_a_list_are_in_order_too() -> None:
    grants = "- {kind: schema, catalog: ml_dev, name: x, grants: [{privileges: [SELECT], principal: growth}]}"
    raw = formatted(text(resources=grants).encode(), PATH, REGISTRY)
    assert b"  - {principal: growth, privileges: [SELECT]}\n" in raw or b"[{principal: growth, " in raw


def test_the_header_is_written_once_and_is_no_comment() -> None:
    raw = text(resources=REPO).encode()
    for begin in (
        "",
        HEADER,
        "# mine\n" + HEADER,
        "# yaml-language-server: $schema=elsewhere.json\n\n",
        HEADER * 2,
    ):
        result = formatted(begin.encode() + raw, PATH, REGISTRY).decode()
        assert result.startswith(HEADER + ("# mine\n" if "mine" in begin else "") + "apiVersion")
        assert result.count("yaml-language-server") == 1


@pytest.mark.parametrize(
    "changes", [{"team": "Growth"}, {"name": "other"}, {"nonsense": "1"}, {"purpose": "&a b"}]
)
def test_a_file_with_errors_is_not_formatted(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        formatted(text(resources=REPO, **changes).encode(), PATH, REGISTRY)


def test_a_result_that_would_be_another_request_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = dump_request(load(text(resources=REPO, purpose="Another one.").encode(), PATH).data)
    monkeypatch.setattr(formatting, "canonical", lambda data, comments, registry: other)
    with pytest.raises(LakeportError, match="would not be the same request"):
        formatted(text(resources=REPO).encode(), PATH, REGISTRY)


def test_an_edit_keeps_the_comments_of_the_file_before() -> None:
    before = load(text(purpose="Say.  # why", resources=f"# code\n{REPO}  # ours\n").encode(), PATH)
    after = before.data | {
        "metadata": before.data["metadata"] | {"purpose": "Say more.", "cost_center": None}
    }
    after["resources"] = [{"kind": "compute", "name": "x"}, *before.data["resources"]]
    raw = dump_request(after, comments=carry(find(before), before.data, after)).decode()
    assert "  purpose: Say more.  # why\n" in raw
    assert "  name: x\n# code\n# ours\n- kind: repo\n" in raw


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)
@given(st.data(), valid.requests(REGISTRY, most_resources=2))
def test_the_laws(choose: st.DataObject, data: dict[str, Any]) -> None:
    path = valid.path(data)
    content, comments = choose.draw(strewn(choose.draw(written(data))))
    try:
        before = load_request(content.encode(), path, REGISTRY)
    except InvalidRequest:
        assume(False)  # two resources may be the same one, and a "comment" may stand in the middle of a text
    assume(before.document.data == data)
    once = formatted(content.encode(), path, REGISTRY)
    assert load_request(once, path, REGISTRY).request == before.request
    assert formatted(once, path, REGISTRY) == once
    assert once.startswith(HEADER.encode())
    kept = [item.text for item in find(load(once, path))][1:]
    assert sorted(kept) == sorted(comments)
    bare = formatted(dump_request(data), path, REGISTRY)
    assert formatted(bare, path, REGISTRY) == bare
    assert b"#" in bare.removeprefix(HEADER.encode()) or find(load(bare, path))[1:] == ()
