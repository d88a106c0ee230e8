"""Trying a schema as its users would: who lacks what they need to use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops import grants
from gitops.clients import translate
from gitops.kind import Desired, Tell
from handlers._schema_fields import SchemaSpec, full_name
from handlers._schema_look import USE_CATALOG
from handlers._unity import WHERE
from handlers._unity_grants import effective, wanted_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def verify(desired: Desired[SchemaSpec], client: WorkspaceClient, tell: Tell) -> Iterator[str]:
    """What keeps those whom the file names from using the schema: by name, not by groups they are in."""
    from databricks.sdk.errors import NotFound

    name, catalog = full_name(desired.spec), desired.spec.catalog.lower()
    with translate(WHERE):
        tell(f"Looking at who can use {name}")
        try:
            here = grants.folded(effective(client, "schema", name))
            above = grants.folded(effective(client, "catalog", catalog))
        except NotFound:
            yield f"The schema {name} does not stand."
            return
        for principal, wanted in sorted(wanted_of(desired).items()):
            yield from _lacks(principal, wanted, here, name)
            yield from _lacks(principal, frozenset({USE_CATALOG}), above, f"the catalog {catalog}")


def _lacks(principal: str, wanted: frozenset[str], by_name: grants.Grants, where: str) -> Iterator[str]:
    everybody = by_name.get("account users", frozenset())
    has = by_name.get(principal.casefold(), frozenset()) | everybody
    implied = grants.COVERED | {USE_CATALOG} if grants.ALL in has else frozenset[str]()
    if has >= grants.COVERED:
        implied |= {grants.ALL}
    if lacking := wanted - has - implied:
        yield f"{principal} does not hold {', '.join(sorted(lacking))} on {where}."
