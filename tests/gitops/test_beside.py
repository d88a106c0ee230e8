"""Who else wants something of a resource, and that such a request claims nothing for itself."""

from __future__ import annotations

from typing import Any

import msgspec

from gitops.beside import with_beside
from gitops.claims import claimed_open
from gitops.kind import Desired
from gitops.request import load_request
from gitops.standing import claims_of, judge_together, standing_of
from handlers.schema import KIND
from tests.handlers.support import desired, policy

REGISTRY = {"schema": KIND}


def wanted(request: str, lifecycle: str = "active", **fields: Any) -> Desired[Any]:
    spec = {"kind": "schema", "catalog": "ml_dev", "name": "churn", **fields}
    return desired(KIND, spec, request=request, lifecycle=lifecycle)


def test_others_of_the_same_resource_are_beside_it_and_never_itself() -> None:
    one, other = wanted("dev/growth/churn"), wanted("dev/risk/report", catalog="ML_DEV")
    elsewhere, gone = wanted("dev/risk/b", name="b"), wanted("dev/risk/gone", lifecycle="retiring")
    as_merged = msgspec.structs.replace(one, settled=True)
    found = with_beside([one], [other, elsewhere, gone, as_merged], REGISTRY)
    assert found == [msgspec.structs.replace(one, beside=(other,))]


def test_the_order_of_others_is_no_difference() -> None:
    one, others = wanted("dev/a/aa"), [wanted(f"dev/b/b{number}") for number in range(3)]
    assert with_beside([one], others, REGISTRY) == with_beside([one], others[::-1], REGISTRY)


def loaded(name: str, more: str = "") -> Any:
    text = f"""\
apiVersion: lakeport/v1
kind: Onboarding
metadata:
  name: {name}
  team: growth
  environment: dev
  purpose: Predict which subscribers will leave next month.
  business_owner: jane.doe@acme.example
  data_classification: internal
  requested_by: {{slack: U024BE7LH, github: liwei}}
resources:
- kind: schema
  catalog: ml_dev
  name: churn
{more}"""
    return load_request(text.encode(), f"requests/dev/growth/{name}.yaml", REGISTRY)


def test_who_only_adds_grants_claims_nothing() -> None:
    owner, rival = loaded("churn"), loaded("rival")
    guests = [loaded(name, "  belongs_to: dev/growth/churn\n") for name in ("guest", "another")]

    def rules(*files: Any) -> set[str]:
        standings = [found for one in files if (found := standing_of(one, REGISTRY, None))]
        findings = judge_together(standings, policy(), lambda path, at: files[0].document.place(()))
        return {finding.rule for finding in findings}

    assert rules(owner, *guests) == set()
    assert rules(owner, rival) == {"resource-claimed"}
    assert len({claims_of(one, REGISTRY) for one in (owner, *guests)}) == 3
    assert not list(claimed_open([owner], [("request/dev/growth/guest", guests[0])], REGISTRY))
    assert not list(claimed_open([guests[0]], [("request/dev/growth/churn", owner)], REGISTRY))
    assert list(claimed_open([owner], [("request/dev/growth/rival", rival)], REGISTRY))
