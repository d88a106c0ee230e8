"""A merged request of the sample organisation and edits of it, to test what becomes of an edit."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import handlers
from gitops import yamlfile
from gitops.kind import Registry
from gitops.policy import Policy, load_policy
from gitops.request import Loaded, load_request, path_of

PATH = path_of("dev", "growth", "churn-prediction")

DATA: dict[str, Any] = {
    "apiVersion": "lakeport/v1",
    "kind": "Onboarding",
    "metadata": {
        "name": "churn-prediction",
        "team": "growth",
        "environment": "dev",
        "purpose": "Predict which subscribers will leave next month.",
        "business_owner": "jane.doe@acme.example",
        "technical_owner": "li.wei@acme.example",
        "members": ["li.wei@acme.example"],
        "data_classification": "internal",
        "expires": "2027-04-30",
        "requested_by": {"slack": "U024BE7LH", "github": "liwei"},
        "lifecycle": "active",
    },
    "resources": [
        {
            "kind": "repo",
            "name": "growth-churn-prediction",
            "visibility": "internal",
            "access": [{"team": "growth", "permission": "maintain"}, {"team": "risk", "permission": "pull"}],
            "topics": ["churn", "ml"],
        },
        {
            "kind": "scaffold",
            "repo": "growth-churn-prediction",
            "template": "databricks-pipeline",
        },
        {
            "kind": "schema",
            "catalog": "ml_dev",
            "name": "churn_prediction",
            "grants": [
                {"principal": "growth", "privileges": ["USE_SCHEMA", "SELECT", "MODIFY"]},
                {"principal": "risk-analytics", "privileges": ["USE_SCHEMA", "SELECT"]},
            ],
        },
        {
            "kind": "compute",
            "name": "growth-churn-dev",
            "type": "cluster",
            "workload": "ml",
            "size": "small",
            "max_workers": 4,
            "libraries": ["lightgbm==4.5.0", "pandas==2.2.0"],
            "access": [{"principal": "growth", "level": "CAN_RESTART"}],
        },
    ],
}
"""A request with one resource of each kind, in this order: repo, scaffold, schema, compute."""

POLICY_FILE = Path(__file__).resolve().parents[2] / "requests" / "policy.yaml"

REPO, SCAFFOLD, SCHEMA, COMPUTE = range(4)


@cache
def registry() -> Registry:
    return handlers.registry()


@cache
def policy() -> Policy:
    """The sample organisation's."""
    return load_policy(POLICY_FILE.read_bytes())


def data(*edits: Callable[[dict[str, Any]], Any], **metadata: Any) -> dict[str, Any]:
    """The request's data with other metadata (``None`` takes a field out), then changed by functions."""
    found = copy.deepcopy(DATA)
    for key, value in metadata.items():
        if value is None:
            found["metadata"].pop(key)
        else:
            found["metadata"][key] = value
    for edit in edits:
        edit(found)
    return found


def resource(index: int, **fields: Any) -> Callable[[dict[str, Any]], None]:
    """An edit of one resource; ``None`` takes a field out."""

    def edit(found: dict[str, Any]) -> None:
        for key, value in fields.items():
            if value is None:
                found["resources"][index].pop(key)
            else:
                found["resources"][index][key] = value

    return edit


def without(*indexes: int) -> Callable[[dict[str, Any]], None]:
    """An edit that takes resources out."""

    def edit(found: dict[str, Any]) -> None:
        found["resources"] = [one for index, one in enumerate(found["resources"]) if index not in indexes]

    return edit


def loaded(found: dict[str, Any] | None = None) -> Loaded:
    """The data as a request file that was read."""
    found = found or DATA
    metadata = found["metadata"]
    path = path_of(metadata["environment"], metadata["team"], metadata["name"])
    return load_request(yamlfile.dump(found), path, registry())
