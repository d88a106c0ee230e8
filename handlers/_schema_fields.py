"""What people write about a schema: its fields, what follows from what they said, and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gitops.kind import Ask, Complaint, Desired, Rule, Spec
from gitops.vocabulary import Part

if TYPE_CHECKING:
    from gitops.policy import Policy

Privilege = Literal[
    "USE_SCHEMA",
    "SELECT",
    "MODIFY",
    "CREATE_TABLE",
    "CREATE_FUNCTION",
    "CREATE_VOLUME",
    "CREATE_MODEL",
    "CREATE_MATERIALIZED_VIEW",
    "EXECUTE",
    "READ_VOLUME",
    "WRITE_VOLUME",
    "REFRESH",
    "APPLY_TAG",
    "ALL_PRIVILEGES",
]
"""What a request may ask for on a schema. ``MANAGE`` is not in it: who holds it grants past every review."""

Principal = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^\s\x00-\x1f\x7f`\"\\](?:[^\x00-\x1f\x7f`\"\\]*[^\s\x00-\x1f\x7f`\"\\])?$", max_length=255
    ),
]
"""The name of an account-level group."""


class Grant(Part):
    """The privileges of one group on the schema."""

    principal: Annotated[
        Principal,
        Ask(
            label="Group",
            help="An account-level Databricks group, such as `growth`.",
            risky=True,
            infer=False,
        ),
    ]
    privileges: Annotated[
        Annotated[tuple[Privilege, ...], Field(min_length=1)],
        Ask(
            label="Privileges",
            help="What it may do, such as `[USE_SCHEMA, SELECT]`.",
            risky=True,
            infer=False,
        ),
    ]


class SchemaSpec(Spec):
    """A Unity Catalog schema."""

    kind: Literal["schema"]
    catalog: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=255)],
        Ask(
            label="Catalog",
            help="The catalog it lives in, such as `ml_dev`.",
            risky=True,
            infer=False,
            aliases=("unity catalog", "uc catalog"),
        ),
    ]
    name: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=255)],
        Ask(
            label="Schema",
            help="Its name, lower-case words with underscores, such as `churn_prediction`.",
            aliases=("schema name", "database"),
        ),
    ]
    comment: Annotated[
        Annotated[str, StringConstraints(max_length=1024)],
        Ask(
            label="Comment",
            help="What people see beside the schema, such as `Features and scores`; else the purpose.",
            aliases=("schema comment", "schema description"),
        ),
    ] = ""
    grants: Annotated[
        Annotated[tuple[Grant, ...], Field(max_length=50)],
        Ask(
            label="Grants",
            help="Which groups may do what, such as "
            "`[{principal: growth, privileges: [USE_SCHEMA, SELECT]}]`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("privileges", "schema access", "data access", "permissions"),
        ),
    ] = ()
    grants_mode: Annotated[
        Literal["additive", "named", "authoritative"],
        Ask(
            label="Grants mode",
            help="`additive` only adds; `named` makes the groups above hold exactly this; `authoritative` "
            "takes privileges from everybody else.",
            risky=True,
            infer=False,
            words={"only these": "authoritative", "exactly": "named", "add": "additive"},
        ),
    ] = "named"


def full_name(spec: SchemaSpec) -> str:
    """``catalog.schema`` as Unity Catalog stores it: in lower case."""
    return f"{spec.catalog}.{spec.name}".lower()


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The name by the naming rule, and the team's catalog for the environment; never who may read."""
    team, environment = str(origin["team"]), str(origin["environment"])
    name = policy.default_name("schema", team=team, name=str(origin["name"]), environment=environment)
    derived = {
        "catalog": policy.default_catalog_for(team, environment),
        "name": name,
        **policy.defaults_for("schema"),
    }
    return {key: value for key, value in derived.items() if key not in values and value is not None}


def _catalog_allowed(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    origin = desired.origin
    allowed = policy.catalogs_for(origin.team, origin.environment)
    if desired.spec.catalog.lower() not in {name.lower() for name in allowed}:
        yield Complaint(
            path="catalog",
            message=f"{origin.team} has no catalog {desired.spec.catalog} in {origin.environment}.",
            hint=f"Choose {' or '.join(allowed)}." if allowed else "The policy names none for them.",
        )


def _one_entry_per_principal(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    seen: set[str] = set()
    for index, grant in enumerate(desired.spec.grants):
        if grant.principal.casefold() in seen:
            yield Complaint(
                path=f"grants[{index}].principal",
                message=f"The group {grant.principal} is there twice.",
                hint="Write all its privileges into one entry.",
            )
        seen.add(grant.principal.casefold())


def _grants_are_usable(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    for index, grant in enumerate(desired.spec.grants):
        if not {"USE_SCHEMA", "ALL_PRIVILEGES"} & set(grant.privileges):
            yield Complaint(
                path=f"grants[{index}].privileges",
                message=f"Without USE_SCHEMA, {grant.principal} cannot use what it is granted.",
                hint="Add USE_SCHEMA.",
            )


RULES = (
    Rule(id="schema-catalog", why="Each team has its catalogs in each environment.", check=_catalog_allowed),
    Rule(id="schema-grants-twice", why="Which entry holds would be chance.", check=_one_entry_per_principal),
    Rule(id="schema-use", why="A privilege in a schema needs USE_SCHEMA on it.", check=_grants_are_usable),
)
