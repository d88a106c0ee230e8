"""What people write about a schema: its fields, and what follows from what they said."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from msgspec import Meta

from gitops.edited import Edited, Effect
from gitops.kind import Ask, Spec
from gitops.vocabulary import ENVIRONMENTS, Part, TeamName, spelt
from handlers._unity import CatalogName, Grantee, SnakeName, commented, default_catalog

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

MEMBER_LEVELS = get_args(Privilege)
"""What the policy may give each member of a request, as with a group: on the schema itself."""

Location = Annotated[
    str,
    spelt(
        r"(?:abfss|gs|r2|s3|wasbs)://[A-Za-z0-9][A-Za-z0-9@._-]*(?:/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*/?",
        max_length=1024,
    ),
]
"""A folder of cloud storage; no spaces, no wildcards, and no way up."""

RequestId = Annotated[
    str, spelt(rf"(?:{'|'.join(ENVIRONMENTS)})/[a-z](?:-?[a-z0-9])*/[a-z](?:-?[a-z0-9])*", max_length=100)
]


def _revoked(spec: SchemaSpec) -> Effect:
    """What becomes of a privilege that leaves an entry."""
    return Effect.LEFT if spec.grants_mode == "additive" else Effect.TAKEN


def _left_out(spec: SchemaSpec) -> Effect:
    """What becomes of a group that leaves the file: what it was given is taken away, unless it only adds."""
    return Effect.LEFT if spec.grants_mode == "additive" else Effect.TAKEN


def _grants_mode(spec: SchemaSpec) -> Effect:
    return Effect.RECORDED if spec.grants_mode == "additive" else Effect.TAKEN


class Grant(Part):
    """The privileges of one group on the schema."""

    principal: Grantee
    privileges: Annotated[
        Annotated[tuple[Privilege, ...], Meta(min_length=1)],
        Ask(
            label="Privileges",
            help="What it may do, such as `[USE_SCHEMA, SELECT]`.",
            risky=True,
            infer=False,
            meanings={
                "USE_SCHEMA": "look into the schema; without it no other privilege counts",
                "SELECT": "read its tables and views",
                "MODIFY": "write, change and delete rows",
                "CREATE_TABLE": "make tables and views",
                "CREATE_FUNCTION": "make functions",
                "CREATE_VOLUME": "make volumes, places for files",
                "CREATE_MODEL": "register models",
                "CREATE_MATERIALIZED_VIEW": "make materialized views",
                "EXECUTE": "call functions and load models",
                "READ_VOLUME": "read files in volumes",
                "WRITE_VOLUME": "write files in volumes",
                "REFRESH": "refresh materialized views and streaming tables",
                "APPLY_TAG": "put tags on what is in it",
                "ALL_PRIVILEGES": "all of these, and those that Databricks adds later",
            },
        ),
        Edited(
            gone=_revoked,
            added="{principal} may {values}",
            dropped="{principal} may no longer {values}",
            instead="Write `grants_mode: named`: then the groups in the file hold what it says, and no more.",
        ),
    ]


class SchemaSpec(Spec, tag="schema"):
    """A Unity Catalog schema."""

    catalog: Annotated[
        CatalogName,
        Ask(
            label="Catalog",
            help="The catalog it lives in, such as `ml_dev`.",
            risky=True,
            infer=False,
            aliases=("unity catalog", "uc catalog"),
            question="Which catalog shall it live in?",
            why="It cannot be moved to another one later.",
        ),
        Edited(immutable=True),
    ]
    name: Annotated[
        SnakeName,
        Ask(
            label="Schema",
            help="Its name, lower-case words with underscores, such as `churn_prediction`.",
            aliases=("schema name", "database"),
        ),
        Edited(immutable=True),
    ]
    comment: Annotated[
        Annotated[str, Meta(max_length=1024)],
        Ask(
            label="Comment",
            help="What people see beside the schema, such as `Features and scores`; else the purpose.",
            aliases=("schema comment", "schema description"),
        ),
        Edited(changed=commented),
    ] = ""
    grants: Annotated[
        Annotated[tuple[Grant, ...], Meta(max_length=50)],
        Ask(
            label="Grants",
            help="Which groups may do what, such as "
            "`[{principal: growth, privileges: [USE_SCHEMA, SELECT]}]`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("privileges", "schema access", "data access", "permissions"),
            question="Which groups may do what in it?",
            why="Nobody gets at the data who is not named here; I never guess that.",
        ),
        Edited(
            gone=_left_out,
            same=itemgetter("principal"),
            added="{principal} may {privileges}",
            dropped="{principal} may no longer {privileges}",
            instead="Write `grants_mode: named`: then a group that leaves the file loses what it was given.",
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
            meanings={
                "additive": "only adds privileges, takes none away",
                "named": "the groups in the file hold exactly what it says; others are left alone",
                "authoritative": "the groups in the file hold exactly that, everybody else loses theirs",
            },
        ),
        Edited(changed=_grants_mode),
    ] = "named"
    storage_root: Annotated[
        Location | None,
        Ask(
            label="Managed location",
            help="Where its files live, such as `abfss://data@acme.dfs.core.windows.net/churn`; "
            "else where the catalog's do.",
            risky=True,
            default=False,
            infer=False,
        ),
        Edited(immutable=True),
    ] = None
    shared_with: Annotated[
        Annotated[tuple[TeamName, ...], Meta(max_length=20)],
        Ask(
            label="Shared with",
            help="Teams whose requests may grant privileges on it as well, such as `[risk]`.",
            risky=True,
            default=False,
            infer=False,
        ),
        Edited(note="what their requests have granted stays, unless the grants are authoritative"),
    ] = ()
    belongs_to: Annotated[
        RequestId | None,
        Ask(
            label="Belongs to",
            help="The request whose schema it is, such as `dev/growth/churn-prediction`, where this one only "
            "adds grants to it.",
            risky=True,
            default=False,
            infer=False,
        ),
        Edited(immutable=True),
    ] = None

    @property
    def guest_of(self) -> str:
        """The request that owns the schema, where this one only adds grants."""
        return self.belongs_to or ""


def full_name(spec: SchemaSpec) -> str:
    """``catalog.schema`` as Unity Catalog stores it: in lower case."""
    return f"{spec.catalog}.{spec.name}".lower()


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The name by the naming rule, and the team's catalog for the environment; never who may read."""
    team, environment = str(origin["team"]), str(origin["environment"])
    name = policy.default_name("schema", team=team, name=str(origin["name"]), environment=environment)
    derived = {
        "catalog": default_catalog(origin, policy),
        "name": name,
        **policy.defaults_for("schema", origin),
    }
    return {key: value for key, value in derived.items() if key not in values and value is not None}
