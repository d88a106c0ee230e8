"""A Unity Catalog schema and who holds which privileges on it.

The owner mark is the schema property ``lakeport.request``. Grants are a difference for each principal, sent
in one call and read back until they show. ``USE_CATALOG`` on the catalog, without which nothing in the schema
can be used, is granted where a principal lacks it and never taken away: other schemas may need it. Who made
the schema stays its owner unless the policy names another, and keeps what it needs to go on with it.

Sources: the schemas, grants and SCIM APIs of Databricks. A schema keeps its name, its catalog and its managed
location for ever; names are stored in lower case; who makes a schema owns it.

What looks, plans and touches is imported by the function that needs it: a check of files needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.clients import databricks
from gitops.kind import Desired, Held, Kind
from handlers._schema_fields import MEMBER_LEVELS, SchemaSpec, derive, full_name
from handlers._schema_rules import EDITS, RULES
from handlers._unity import WHERE
from handlers._unity_grants import access_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from gitops.kind import Marked, Tell
    from gitops.plan import Change
    from handlers._schema_state import SchemaState


def read(desired: Desired[SchemaSpec], client: WorkspaceClient) -> SchemaState | None:
    """What stands; see :func:`handlers._schema_look.read`."""
    from handlers import _schema_look

    return _schema_look.read(desired, client)


def read_all(wanted: Sequence[Desired[SchemaSpec]], client: WorkspaceClient) -> Sequence[SchemaState | None]:
    """What stands of many; see :func:`handlers._schema_look.read_all`."""
    from handlers import _schema_look

    return _schema_look.read_all(wanted, client)


def marked(client: WorkspaceClient) -> Iterable[Marked]:
    """Every schema with our mark; see :func:`handlers._schema_look.marked`."""
    from handlers import _schema_look

    return _schema_look.marked(client)


def plan(desired: Desired[SchemaSpec], state: SchemaState | None) -> Sequence[Change]:
    """Create or correct, then grants; see :func:`handlers._schema_plan.plan`."""
    from handlers import _schema_plan

    return _schema_plan.plan(desired, state)


def retire(desired: Desired[SchemaSpec], state: SchemaState) -> Sequence[Change]:
    """Freeze, revoke, drop; see :func:`handlers._schema_retire.retire`."""
    from handlers import _schema_retire

    return _schema_retire.retire(desired, state)


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; see :func:`handlers._schema_apply.apply`."""
    from handlers import _schema_apply

    _schema_apply.apply(change, client)


def verify(desired: Desired[SchemaSpec], client: WorkspaceClient, tell: Tell) -> Iterable[str]:
    """Who cannot use it; see :func:`handlers._schema_verify.verify`."""
    from handlers import _schema_verify

    return _schema_verify.verify(desired, client, tell)


def adopt(desired: Desired[SchemaSpec], state: SchemaState) -> Mapping[str, Any]:
    """What the file would say for what stands; see :func:`handlers._schema_adopt.adopt`."""
    from handlers import _schema_adopt

    return _schema_adopt.adopt(desired, state)


def outputs(desired: Desired[SchemaSpec], state: SchemaState) -> Mapping[str, str]:
    """``name`` in queries, and ``url`` of its page."""
    return {"name": full_name(desired.spec), "url": state.url} if state.stands else {}


def access(spec: SchemaSpec) -> Iterator[Held]:
    """Who is given what on the schema."""
    return access_of(spec, full_name(spec))


def stays(desired: Desired[SchemaSpec], state: SchemaState) -> Iterator[Held]:
    """Who else holds what on the schema, and keeps it."""
    from handlers._schema_plan import stays

    return stays(desired, state)


KIND: Kind[SchemaSpec, SchemaState, WorkspaceClient] = Kind(
    name="schema",
    spec=SchemaSpec,
    summary="a Unity Catalog schema for tables",
    aliases=("database", "unity catalog schema", "uc schema", "namespace"),
    identity=full_name,
    called=lambda spec: f"the schema {full_name(spec)}",
    connect=databricks,
    read=read,
    read_all=read_all,
    plan=plan,
    retire=retire,
    adopt=adopt,
    apply=apply,
    outputs=outputs,
    derive=derive,
    rules=RULES,
    edits=EDITS,
    marked=marked,
    verify=verify,
    access=access,
    stays=stays,
    system=WHERE,
    member_levels=MEMBER_LEVELS,
)
