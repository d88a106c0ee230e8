"""What the policy has to say about a schema, and what stands against an edit of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops.finding import Severity
from gitops.kind import Complaint, Desired, EditRule, Rule
from handlers._schema_fields import SchemaSpec, full_name
from handlers._unity import catalog_allowed, one_entry_per_principal

if TYPE_CHECKING:
    from gitops.policy import Policy


def _catalog_allowed(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    if not desired.spec.guest_of:  # else whose schema it is answers for where it lives
        yield from catalog_allowed(desired, policy)


def _grants_are_usable(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    del policy
    for index, grant in enumerate(desired.spec.grants):
        if not {"USE_SCHEMA", "ALL_PRIVILEGES"} & set(grant.privileges):
            yield Complaint(
                path=f"grants[{index}].privileges",
                message=f"Without USE_SCHEMA, {grant.principal} cannot use what it is granted.",
                hint="Add USE_SCHEMA.",
            )


def _location_allowed(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    location, rules = desired.spec.storage_root, policy.schemas
    if location and rules and not rules.allows_storage(location):
        roots = rules.storage_roots or ()
        yield Complaint(
            path="storage_root",
            message=f"The policy does not allow files in {location}.",
            hint=f"Choose a folder below {' or '.join(roots)}." if roots else "Leave it out.",
        )


def _guest_only_grants(desired: Desired[SchemaSpec], policy: Policy) -> Iterator[Complaint]:
    """Who adds grants to the schema of another request says nothing of the schema itself."""
    del policy
    spec, origin = desired.spec, desired.origin
    if not spec.guest_of:
        return
    if spec.guest_of == origin.request:
        yield Complaint(
            path="belongs_to", message="It names this very request.", hint="Leave `belongs_to` out."
        )
    elif spec.guest_of.partition("/")[0] != origin.environment:
        yield Complaint(
            path="belongs_to",
            message=f"The request {spec.guest_of} is not in {origin.environment}.",
            hint="Ask for access in a request of the environment in which the schema is.",
        )
    for name in ("comment", "storage_root", "shared_with"):
        if getattr(spec, name):
            yield Complaint(
                path=name,
                message=f"The {name} of the schema is for {spec.guest_of} to say, whose it is.",
                hint="Leave it out here.",
            )
    if spec.grants_mode == "authoritative":
        yield Complaint(
            path="grants_mode",
            message=f"Only {spec.guest_of}, whose schema it is, can take privileges from everybody else.",
            hint="Write `named` or `additive`.",
        )


RULES = (
    Rule(
        id="schema-catalog",
        title="The catalog is not one of the team's",
        why="A catalog says whose data it is and in which environment it lives: a schema in another one is "
        "read and paid for by the wrong people, and test data ends up beside real data.",
        fix="Choose a catalog that the policy gives the team in this environment, or leave the line to be "
        "filled in: the policy knows the team's usual one.",
        wrong="""\
resources:
- kind: schema
  catalog: ml_prod
  name: churn_prediction
""",
        right="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
""",
        check=_catalog_allowed,
        exceptable=True,
    ),
    Rule(
        id="schema-grants-twice",
        title="A group has two entries of grants",
        why="Privileges are granted to a group as one set; which of two sets is meant, nobody can tell. "
        "Groups are not told apart by upper and lower case.",
        fix="Write all privileges of the group into one entry.",
        wrong="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}
  - {principal: Growth, privileges: [USE_SCHEMA, MODIFY]}
""",
        right="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT, MODIFY]}
""",
        check=one_entry_per_principal,
    ),
    Rule(
        id="schema-use",
        title="A grant that cannot be used",
        why="In Unity Catalog a privilege on what is in a schema does nothing for a group that may not use "
        "the schema. People find out when their first query fails.",
        fix="Add `USE_SCHEMA` to the privileges.",
        wrong="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [SELECT]}
""",
        right="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}
""",
        check=_grants_are_usable,
    ),
    Rule(
        id="schema-location",
        title="Files in a place that the policy does not allow",
        why="A managed location decides who owns the files and who pays for them, and can never be changed. "
        "The platform team says in which storage they may live.",
        fix="Choose a folder below one of the `storage_roots` of the policy, or leave `storage_root` out: "
        "then the files live with those of the catalog.",
        wrong="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  storage_root: abfss://private@elsewhere.dfs.core.windows.net/churn
""",
        right="""\
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  storage_root: abfss://data@acmedatalake.dfs.core.windows.net/churn
""",
        check=_location_allowed,
        exceptable=True,
    ),
    Rule(
        id="schema-guest",
        title="More than grants on the schema of another request",
        why="A schema belongs to one request, and its team answers for it. Others may add grants in their "
        "own files, where that request is `shared_with` their team; the rest would be fought over.",
        fix="Beside `belongs_to` write only the catalog, the name and the grants, `named` or `additive`.",
        wrong="""\
resources:
- kind: schema
  catalog: analytics_dev
  name: stock
  belongs_to: dev/supply/stock-forecast
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}
  grants_mode: authoritative
""",
        right="""\
resources:
- kind: schema
  catalog: analytics_dev
  name: stock
  belongs_to: dev/supply/stock-forecast
  grants:
  - {principal: growth, privileges: [USE_SCHEMA, SELECT]}
""",
        check=_guest_only_grants,
    ),
)


def _takes_from_others(before: Desired[SchemaSpec], after: Desired[SchemaSpec]) -> Iterator[Complaint]:
    mode, name = after.spec.grants_mode, full_name(after.spec)
    if mode == before.spec.grants_mode or mode == "additive":
        return
    if mode == "authoritative":
        who = f"Everybody whom the file does not name loses every privilege on {name}"
    elif before.spec.grants_mode == "additive":
        who = f"The groups of the file lose what it does not say of {name}"
    else:
        return
    yield Complaint(
        path="grants_mode",
        message=f"{who}; who that is stands in the plan.",
        hint="Look under what is taken away; whoever is to keep a privilege gets an entry under grants.",
    )


EDITS = (
    EditRule(
        id="schema-grants-mode",
        severity=Severity.WARNING,
        title="A word in the file takes privileges away",
        why="With another grants mode, privileges that the file never named disappear at the next apply.",
        fix="Give everybody who is to keep a privilege an entry under grants, and read in the plan who loses "
        "one. It is a warning: to take them away may be what is meant.",
        wrong="""\
# requests/dev/growth/churn-prediction.yaml, merged
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants_mode: named
# requests/dev/growth/churn-prediction.yaml
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants_mode: authoritative
""",
        right="""\
# requests/dev/growth/churn-prediction.yaml, merged
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants_mode: named
# requests/dev/growth/churn-prediction.yaml
resources:
- kind: schema
  catalog: ml_dev
  name: churn_prediction
  grants_mode: additive
""",
        check=_takes_from_others,
    ),
)
