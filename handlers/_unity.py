"""What the kinds of Unity Catalog have in common: names, fields, rules, and how things are made and dropped.

Sources: the object identifiers of Unity Catalog (kept in lower case), and its catalogs and schemas APIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from gitops.edited import Edited, Effect
from gitops.errors import Refused
from gitops.kind import Ask, Complaint, Desired
from gitops.patience import until
from gitops.suggest import did_you_mean
from gitops.vocabulary import spelt

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import SchemaInfo

    from gitops.policy import Policy

WHERE = "Databricks"

# --- in the file ------------------------------------------------------------------------------------------

CatalogName = Annotated[str, spelt(r"[A-Za-z0-9_-]+", max_length=255)]
SnakeName = Annotated[str, spelt(r"[a-z][a-z0-9_]*", max_length=255)]

Principal = Annotated[
    str,
    spelt(r"[^\s\x00-\x1f\x7f`\x22\\](?:[^\x00-\x1f\x7f`\x22\\]*[^\s\x00-\x1f\x7f`\x22\\])?", max_length=255),
]
"""The name of an account-level group, or the e-mail of somebody in the account."""

Grantee = Annotated[
    Principal,
    Ask(
        label="Group",
        help="An account-level Databricks group, such as `growth`.",
        risky=True,
        infer=False,
    ),
    Edited(immutable=True),
]
"""The field of a grant that says whom it is for."""


def commented(spec: Any) -> Effect:
    """What an edit of the comment does: an empty one leaves the one that stands."""
    return Effect.IN_PLACE if spec.comment else Effect.LEFT


def default_catalog(origin: Mapping[str, Any], policy: Policy) -> str | None:
    """The team's catalog for the environment; else the only one that the policy allows."""
    team, environment = str(origin["team"]), str(origin["environment"])
    allowed = policy.catalogs_for(team, environment, str(origin.get("data_classification", "")))
    only = allowed[0] if len(allowed) == 1 else None
    return policy.default_catalog_for(team, environment) or only


# --- rules ------------------------------------------------------------------------------------------------


def catalog_allowed(desired: Desired[Any], policy: Policy) -> Iterator[Complaint]:
    """The catalog is one that the policy gives the team in this environment."""
    origin = desired.origin
    limit = policy.effective_for(origin).catalogs
    if desired.spec.catalog.lower() not in {name.lower() for name in limit.value}:
        choices = f"Choose {' or '.join(limit.value)}." if limit.value else "The policy names none for them."
        yield Complaint(
            path="catalog",
            message=f"{origin.team} has no catalog {desired.spec.catalog} in {origin.environment}"
            f"{policy.said(limit)}.",
            hint=did_you_mean(desired.spec.catalog, limit.value) or choices,
        )


def one_entry_per_principal(desired: Desired[Any], policy: Policy) -> Iterator[Complaint]:
    """No group has two entries of grants, whatever the case it is written in."""
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


# --- what stands ------------------------------------------------------------------------------------------


def all_schemas(client: WorkspaceClient) -> Iterator[tuple[str, SchemaInfo]]:
    """Every schema with the name of its catalog; Databricks' own catalogs hold none of ours."""
    from databricks.sdk.service.catalog import CatalogType

    for catalog in client.catalogs.list():
        if catalog.catalog_type is not CatalogType.SYSTEM_CATALOG:
            for schema in client.schemas.list(catalog.name or ""):
                yield catalog.name or "", schema


def make(what: str, *, require_ours: Callable[[], object], create: Callable[[], object]) -> None:
    """Create unless it stands, then wait until it shows.

    ``require_ours`` looks at it: it raises ``NotFound`` while there is none, and ``StalePlan`` where it is
    somebody else's.
    """
    from databricks.sdk.errors import NotFound
    from databricks.sdk.errors.base import DatabricksError

    def look() -> bool | None:
        try:
            require_ours()
        except NotFound:
            return None
        return True

    if look():
        return
    try:
        create()
    except DatabricksError as error:
        # The SDK repeats the call after a lost answer: what it made the first time is ours.
        if not str(error.error_code or "").endswith("ALREADY_EXISTS"):
            raise
    until(look, what=what[0].upper() + what[1:], where=WHERE)


def drop(
    what: str,
    *,
    require_ours: Callable[[], object],
    content: Iterable[str],
    delete: Callable[[], object],
) -> None:
    """Delete what is ours and has nothing in it; what is gone already is gone.

    ``content`` names what is in it, looked up when it is asked for.

    Raises:
        Refused: it holds something.
    """
    from databricks.sdk.errors import NotFound

    try:
        require_ours()
        for thing in content:
            raise Refused(
                f"{what[0].upper() + what[1:]} is not empty: it holds {thing}.",
                fix="Move or delete what is in it first; Lakeport never deletes data.",
            )
        delete()
    except NotFound:
        return
