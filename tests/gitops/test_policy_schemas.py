"""What the policy says of schemas: whose they are, and where their files may be."""

from __future__ import annotations

import pytest

from gitops.policy_schemas import SchemaRules


@pytest.mark.parametrize(("owner", "group"), [(None, ""), ("team", "growth"), ("stewards", "stewards")])
def test_whose_a_schema_is(owner: str | None, group: str) -> None:
    assert SchemaRules(owner=owner).owner_for("growth") == group


@pytest.mark.parametrize(
    ("location", "allowed"),
    [
        ("s3://data/teams", True),
        ("s3://data/teams/", True),
        ("s3://data/teams/growth", True),
        ("s3://data/teams-of-others", False),
        ("s3://data", False),
        ("s3://database/teams", False),
    ],
)
def test_where_files_may_be(location: str, allowed: bool) -> None:
    assert SchemaRules(storage_roots=("s3://data/teams/",)).allows_storage(location) is allowed
    assert SchemaRules(storage_roots=()).allows_storage(location) is False
    assert SchemaRules().allows_storage(location) is True
