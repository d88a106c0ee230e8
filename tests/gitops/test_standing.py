"""What can only be said of requests together: claims, quotas, and that little is kept to say it."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import handlers
from gitops.finding import Finding, Place
from gitops.policy import monthly_cost
from gitops.policyfile import Policy
from gitops.request import load_request
from gitops.standing import Standing, claims_of, judge_together, standing_of
from gitops.yamltext import path_text
from tests.support.language import REGISTRY, changed_policy, loaded, policy

ACME = policy()
REAL = Path(__file__).resolve().parents[1] / "data/requests/dev/growth/churn-prediction.yaml"


def standing(name: str, *claims: tuple[str, str], team: str = "growth", cost: int = 0) -> Standing:
    return Standing(f"dev/{team}/{name}", f"requests/dev/{team}/{name}.yaml", team, claims, Decimal(cost))


def kept_of(**changes: str) -> Standing | None:
    one = loaded(**changes)
    return standing_of(one, REGISTRY, monthly_cost(one, ACME, REGISTRY))


def judged(*standings: Standing, by: Policy = ACME) -> list[Finding]:
    return judge_together(standings, by, lambda file, path: Place(file, 1, path=path_text(path)))


def test_a_resource_belongs_to_one_request() -> None:
    one, other = standing("one", ("repo", "a"), ("schema", "x.y")), standing("other", ("schema", "x.y"))
    found = judged(one, other, standing("third", ("repo", "x.y")))
    assert [(item.rule, item.place.file, item.place.path) for item in found] == [
        ("resource-claimed", one.path, "resources[1]"),
        ("resource-claimed", other.path, "resources[0]"),
    ]
    assert "also belongs to dev/growth/other" in found[0].message
    assert [(item.place.file, item.place.path) for one in found for item in one.related] == [
        (other.path, "resources[0]"),
        (one.path, "resources[1]"),
    ]


def test_a_team_has_no_more_requests_than_its_quota() -> None:
    small = changed_policy(
        (
            "cost_center: CC-1042\n    approvers: [nadia-k]",
            "cost_center: CC-1042\n    approvers: [nadia-k]\n"
            "    quota: {open_requests: 1, monthly_cost: 100}",
        ),
    )
    one, two = standing("one", cost=60), standing("two", cost=41)
    assert [(item.rule, item.place.file) for item in judged(one, two, by=small)] == [
        ("quota-requests", two.path),
        ("quota-cost", two.path),
    ]
    assert judged(one, standing("two", team="risk"), by=small) == []
    assert judged(one, two, standing("x", team="nobody-knows"), by=ACME) == []


def test_what_is_retired_has_nothing_any_more() -> None:
    assert kept_of(lifecycle="retired") is None
    kept = kept_of(lifecycle="retiring")
    assert kept is not None
    assert kept.claims == (("repo", "growth-churn-prediction"), ("compute", "growth-x"))
    assert kept.cost == 0


def test_it_can_be_handed_between_processes() -> None:
    kept = kept_of()
    assert kept is not None
    assert kept.cost > 0
    assert pickle.loads(pickle.dumps(kept)) == kept


def test_the_text_of_a_file_has_every_name_it_claims() -> None:
    """Rivals are looked for by their text: the longest part of each identity stands in it."""
    raw = REAL.read_bytes()
    request = load_request(raw, "requests/dev/growth/churn-prediction.yaml", handlers.registry())
    for _, identity in claims_of(request, handlers.registry()):
        assert max(identity.split("."), key=len) in raw.decode().lower()
