"""A Unity Catalog volume, a place for files, and who may read and write them.

A volume has no properties, and a tag is put on by a second call, before which nobody could tell the volume
of an interrupted run from somebody else's. So the owner mark is the last line of the comment, which comes
with the creation and with every list: ``lakeport-request: dev/growth/churn``.

Sources: the volumes, grants and files APIs of Databricks. With a managed volume its files go; so one that
holds any is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from msgspec import Meta

from gitops import grants
from gitops.clients import databricks, translate
from gitops.edited import Edited, Effect
from gitops.errors import Refused, StalePlan
from gitops.kind import Ask, Complaint, Desired, Held, Kind, Marked, Rule, Spec, require_ours
from gitops.patience import until
from gitops.plan import Change, Reason, RefusedChange, Stage, Verb
from gitops.suggest import did_you_mean
from gitops.vocabulary import Part, spelt
from handlers._comments import with_mark, without_mark

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import VolumeInfo

    from gitops.policy import Policy

# --- the fields ---------------------------------------------------------------------------------------------

Privilege = Literal["READ_VOLUME", "WRITE_VOLUME"]
UnityName = Annotated[str, spelt(r"[A-Za-z0-9_-]+", max_length=255)]
SnakeName = Annotated[str, spelt(r"[a-z][a-z0-9_]*", max_length=255)]
Principal = Annotated[
    str, spelt(r"[^\s\x00-\x1f\x7f`\x22\\](?:[^\x00-\x1f\x7f`\x22\\]*[^\s\x00-\x1f\x7f`\x22\\])?")
]


class VolumeGrant(Part):
    """What one group may do with the files."""

    principal: Annotated[
        Annotated[Principal, Meta(max_length=255)],
        Ask(
            label="Group",
            help="An account-level Databricks group, such as `growth`.",
            risky=True,
            infer=False,
        ),
        Edited(immutable=True),
    ]
    privileges: Annotated[
        Annotated[tuple[Privilege, ...], Meta(min_length=1)],
        Ask(
            label="Privileges",
            help="What it may do, such as `[READ_VOLUME]`.",
            risky=True,
            infer=False,
            meanings={"READ_VOLUME": "list and read files", "WRITE_VOLUME": "add, change and delete files"},
        ),
        Edited(
            gone=Effect.TAKEN, added="{principal} may {values}", dropped="{principal} may no longer {values}"
        ),
    ]


def _commented(spec: VolumeSpec) -> Effect:
    """An empty comment leaves the one that stands."""
    return Effect.IN_PLACE if spec.comment else Effect.LEFT


class VolumeSpec(Spec, tag="volume"):
    """A Unity Catalog volume."""

    catalog: Annotated[
        UnityName,
        Ask(
            label="Catalog",
            help="The catalog of its schema, such as `ml_dev`.",
            risky=True,
            infer=False,
            question="Which catalog shall the volume live in?",
            why="It cannot be moved to another one later.",
        ),
        Edited(immutable=True),
    ]
    schema: Annotated[
        SnakeName,
        Ask(label="In the schema", help="The schema it stands in, such as `churn_prediction`."),
        Edited(immutable=True),
    ]
    name: Annotated[
        SnakeName,
        Ask(
            label="Volume",
            help="Its name, lower-case words with underscores, such as `landing`.",
            aliases=("volume name",),
        ),
        Edited(immutable=True),
    ]
    comment: Annotated[
        Annotated[str, Meta(max_length=1024)],
        Ask(label="Comment", help="What people see beside it, such as `Raw files`; else the purpose."),
        Edited(changed=_commented),
    ] = ""
    grants: Annotated[
        Annotated[tuple[VolumeGrant, ...], Meta(max_length=50)],
        Ask(
            label="Grants",
            help="Which groups may read or write the files, such as "
            "`[{principal: growth, privileges: [READ_VOLUME, WRITE_VOLUME]}]`.",
            risky=True,
            default=False,
            infer=False,
            aliases=("volume access", "file access"),
            question="Which groups may read or write the files in it?",
            why="Nobody gets at the files who is not named here; I never guess that.",
        ),
        Edited(
            gone=Effect.TAKEN,
            same=itemgetter("principal"),
            added="{principal} may {privileges}",
            dropped="{principal} may no longer {privileges}",
        ),
    ] = ()


def full_name(spec: VolumeSpec) -> str:
    """``catalog.schema.volume`` as Unity Catalog stores it: in lower case."""
    return f"{_parent(spec)}.{spec.name}".lower()


def _parent(spec: VolumeSpec) -> str:
    return f"{spec.catalog}.{spec.schema}".lower()


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The name by the naming rule, else the request's; the schema and the catalog that the request's has."""
    team, environment, name = str(origin["team"]), str(origin["environment"]), str(origin["name"])
    named = {
        kind: policy.default_name(kind, team=team, name=name, environment=environment)
        for kind in ("schema", "volume")
    }
    allowed = policy.catalogs_for(team, environment, str(origin.get("data_classification", "")))
    derived = {
        "catalog": policy.default_catalog_for(team, environment)
        or (allowed[0] if len(allowed) == 1 else None),
        "schema": named["schema"],
        "name": named["volume"] or name.replace("-", "_"),
        **policy.defaults_for("volume", origin),
    }
    return {key: value for key, value in derived.items() if key not in values and value is not None}


# --- read ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class VolumeState:
    """What stands, only what we manage.

    ``comment`` is without the mark. ``held`` are the privileges granted directly on the volume, by principal.
    ``missing`` are wanted principals that the account does not have. ``content`` names something that is in
    it, only looked up to retire it. ``stands`` is false when there is no volume, but something is missing.
    """

    stands: bool = True
    mark: str = ""
    comment: str = ""
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    url: str = ""


def _wanted(desired: Desired[VolumeSpec]) -> dict[str, frozenset[str]]:
    """What each principal is to hold: groups as the file says, members as the policy says."""
    given = desired.origin.member_access.get("volume", ())
    members = {member: frozenset(given) for member in desired.origin.members if given}
    return grants.union([members, _granted(desired.spec)])


def _granted(spec: VolumeSpec) -> dict[str, frozenset[str]]:
    return {one.principal: frozenset[str](one.privileges) for one in spec.grants}


def read(desired: Desired[VolumeSpec], client: WorkspaceClient) -> VolumeState | None:
    """The volume with its grants, and whether those who are to get some are known."""
    from databricks.sdk.errors import NotFound

    with translate("Databricks"):
        try:
            found = client.volumes.read(full_name(desired.spec))
        except NotFound:
            found = None
        return _state(desired, found, client, {})


def read_all(many: Sequence[Desired[VolumeSpec]], client: WorkspaceClient) -> Sequence[VolumeState | None]:
    """The same for many: one list for each schema, which is as far as the API lists."""
    from databricks.sdk.errors import NotFound

    if len(many) == 1 and not many[0].settled:
        return [read(many[0], client)]
    listed: dict[str, VolumeInfo] = {}
    known: dict[str, bool] = {}
    with translate("Databricks"):
        for catalog, schema in sorted({(one.spec.catalog.lower(), one.spec.schema.lower()) for one in many}):
            try:
                for found in client.volumes.list(catalog, schema):
                    listed[(found.full_name or f"{catalog}.{schema}.{found.name}").lower()] = found
            except NotFound:  # there is no such schema, so there is nothing in it
                continue
        return [_state(one, listed.get(full_name(one.spec)), client, known) for one in many]


def _state(
    desired: Desired[VolumeSpec], found: VolumeInfo | None, client: WorkspaceClient, known: dict[str, bool]
) -> VolumeState | None:
    """``known`` keeps which principals the account has, from one volume to the next."""
    name, active = full_name(desired.spec), desired.origin.lifecycle == "active"
    wanted = _wanted(desired) if active and not desired.settled else {}
    for principal in wanted:
        if principal not in known:
            known[principal] = _in_account(client, principal)
    missing = tuple(one for one in wanted if not known[one])
    if found is None:
        return VolumeState(stands=False, missing=missing) if missing else None
    comment, mark = without_mark(found.comment)
    return VolumeState(
        mark=mark,
        comment=comment,
        held=_wanted(desired) if desired.settled else _held(client, name),
        missing=missing,
        content=() if active else tuple(_content(client, name)),
        url=f"{client.config.host}/explore/data/volumes/{name.replace('.', '/')}",
    )


def _in_account(client: WorkspaceClient, principal: str) -> bool:
    """Whether Unity Catalog can grant to it: a user, or a group that is not of one workspace alone."""
    if "@" in principal:
        return any(client.users.list(filter=f'userName eq "{principal}"', attributes="id,userName"))
    if principal.casefold() == "account users":  # everybody; in no directory listing
        return True
    groups = client.groups.list(filter=f'displayName eq "{principal}"', attributes="id,displayName,meta")
    return any(group.meta is None or group.meta.resource_type != "WorkspaceGroup" for group in groups)


def _held(client: WorkspaceClient, name: str) -> dict[str, frozenset[str]]:
    """What is granted directly on the volume, but for who may manage it, which no file says.

    A page may be empty and still have a next one.
    """
    held: dict[str, frozenset[str]] = {}
    token: str | None = None
    while True:
        page = client.grants.get("volume", name, max_results=0, page_token=token)
        for entry in page.privilege_assignments or ():
            found = grants.privileges(one.value for one in entry.privileges or ()) - {grants.MANAGE}
            held[entry.principal or ""] = held.get(entry.principal or "", frozenset()) | found
        token = page.next_page_token
        if not token:
            return held


def _content(client: WorkspaceClient, name: str) -> Iterator[str]:
    """The first thing in the volume, in words; what cannot be listed counts as something."""
    from databricks.sdk.errors import NotFound

    try:
        for found in islice(client.files.list_directory_contents(f"/Volumes/{name.replace('.', '/')}"), 1):
            yield f"the {'folder' if found.is_directory else 'file'} {found.name}"
    except NotFound:
        yield "files that cannot be listed"


def marked(client: WorkspaceClient) -> Iterable[Marked]:
    """Every volume with our mark: one list for each schema of the workspace's catalogs."""
    from databricks.sdk.service.catalog import CatalogType

    with translate("Databricks"):
        for catalog in client.catalogs.list():
            if catalog.catalog_type is CatalogType.SYSTEM_CATALOG:
                continue
            for schema in client.schemas.list(catalog.name or ""):
                for found in client.volumes.list(catalog.name or "", schema.name or ""):
                    request = without_mark(found.comment)[1]
                    if request:
                        name = f"{catalog.name}.{schema.name}.{found.name}".lower()
                        url = f"{client.config.host}/explore/data/volumes/{name.replace('.', '/')}"
                        yield Marked(
                            kind="volume",
                            identity=name,
                            request=request,
                            called=f"the volume {name}",
                            url=url,
                        )


# --- plan ---------------------------------------------------------------------------------------------------


def plan(desired: Desired[VolumeSpec], state: VolumeState | None) -> Sequence[Change]:
    """Create it, or correct mark and comment; then all grants at once."""
    spec, origin, name = desired.spec, desired.origin, full_name(desired.spec)
    if state is not None and state.missing:
        raise RefusedChange(
            Reason.MISSING,
            f"The account has no group or user {', '.join(state.missing)}.",
            "Check the spelling; a group of the workspace alone cannot be granted anything in Unity Catalog.",
        )
    if state is None or not state.stands:
        comment = spec.comment or origin.purpose
        after = {"comment": comment, "mark": origin.request}
        create = _change(desired, "volume", Verb.CREATE, after=after, summary=f"Create the volume {name}")
        return [create, *_grants(desired, VolumeState(), _wanted(desired), {})]
    require_ours(desired, f"the volume {name}", state.mark)
    changes = []
    comment = spec.comment or state.comment
    if not state.mark or comment != state.comment:
        what = f"Change the comment of {name}" if state.mark else f"Adopt the volume {name}"
        before = {"comment": state.comment, "mark": state.mark}
        after = {"comment": comment, "mark": origin.request}
        changes.append(_change(desired, "comment", Verb.UPDATE, before=before, after=after, summary=what))
    return [*changes, *_grants(desired, state, _wanted(desired), _gave(desired))]


def _gave(desired: Desired[VolumeSpec]) -> dict[str, frozenset[str]]:
    """What earlier versions of the request granted."""
    given = desired.origin.member_access.get("volume", ())
    members = {member: frozenset(given) for member in desired.origin.former_members if given}
    return grants.union([members, *map(_granted, desired.earlier)])


def _grants(
    desired: Desired[VolumeSpec],
    state: VolumeState,
    wanted: grants.Grants,
    gave: grants.Grants,
    stage: Stage = Stage.NOW,
) -> Iterator[Change]:
    """At most one change. Who is wanted holds exactly that; who was, and is no more, loses what we gave."""
    found = grants.difference(wanted, state.held, "named", gave=gave)
    if not found:
        return
    held = grants.folded(state.held)
    before = {one.principal: held.get(one.principal.casefold(), frozenset()) for one in found}
    said = [
        f"{one.principal}: "
        + " and ".join(
            f"{verb} {', '.join(names)}"
            for verb, names in (("grant", one.add), ("take away", one.remove))
            if names
        )
        for one in found
    ]
    standing = Verb.UPDATE if any(before.values()) else Verb.CREATE
    parent = f"USE_CATALOG on {desired.spec.catalog.lower()} and USE_SCHEMA on {_parent(desired.spec)}"
    yield _change(
        desired,
        "grants",
        standing if stage is Stage.NOW else Verb.REMOVE,
        before={"grants": {who: sorted(held) for who, held in before.items()}},
        after={
            "changes": [
                {"principal": one.principal, "add": list(one.add), "remove": list(one.remove)}
                for one in found
            ]
        },
        summary=f"{full_name(desired.spec)}: {'; '.join(said)}",
        details=(f"Who is to use them needs {parent}, too.",) if any(one.add for one in found) else (),
        removes=tuple(f"{one.principal} loses {name}" for one in found for name in one.remove),
        stage=stage,
    )


def retire(desired: Desired[VolumeSpec], state: VolumeState) -> Sequence[Change]:
    """Take what the request granted, then drop the volume, if nothing is in it by then.

    What it holds now keeps nobody from being locked out of it; the drop itself looks again.
    """
    if not state.stands:
        return ()
    name = full_name(desired.spec)
    if state.mark != desired.origin.request:
        raise RefusedChange(
            Reason.NOT_OURS,
            f"The volume {name} does not belong to this request and is left alone.",
            "Nothing needs to be done: set `lifecycle: retired` once the rest is gone.",
        )
    drop = _change(
        desired,
        "volume",
        Verb.REMOVE,
        before={"mark": state.mark},
        after={"mark": desired.origin.request},
        summary=f"Drop the volume {name}, if it is empty by then",
        details=tuple(
            f"It holds {thing} now. Lakeport never deletes data: what is still in it then has to be moved or "
            "deleted first."
            for thing in state.content
        ),
        stage=Stage.DROP,
    )
    gave = grants.union([_wanted(desired), _gave(desired)])
    return (*_grants(desired, state, {}, gave, Stage.REVOKE), drop)


def _change(
    desired: Desired[VolumeSpec], action: str, verb: Verb, *, after: Mapping[str, Any], **more: Any
) -> Change:
    name, spec = full_name(desired.spec), desired.spec
    place = {"volume": name, "schema": _parent(spec), "name": spec.name}
    return Change(kind="volume", identity=name, action=action, verb=verb, after={**place, **after}, **more)


# --- apply --------------------------------------------------------------------------------------------------


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; a volume that an interrupted run made is found and kept."""
    after, name = change.after, change.after["volume"]
    with translate("Databricks"):
        if change.action == "grants":
            _grant(after, client, may_be_gone=change.verb is Verb.REMOVE)
        elif change.verb is Verb.CREATE:
            _make(after, client)
        elif change.verb is Verb.REMOVE:
            _drop(after, client)
        else:
            _require_mark(after, client.volumes.read(name).comment, ("", after["mark"]))
            client.volumes.update(name, comment=with_mark(after["comment"], after["mark"]))


def _make(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    """Create unless it stands; then wait until it shows."""
    from databricks.sdk.errors import NotFound
    from databricks.sdk.errors.base import DatabricksError
    from databricks.sdk.service.catalog import VolumeType

    def look() -> bool | None:
        try:
            found = client.volumes.read(after["volume"])
        except NotFound:
            return None
        _require_mark(after, found.comment, (after["mark"],))
        return True

    if look():
        return
    catalog, _, schema = after["schema"].partition(".")
    comment = with_mark(after["comment"], after["mark"])
    try:
        client.volumes.create(catalog, schema, after["name"], VolumeType.MANAGED, comment=comment)
    except DatabricksError as error:
        # The SDK repeats the call after a lost answer: what it made the first time is ours.
        if not str(error.error_code or "").endswith("ALREADY_EXISTS"):
            raise
    until(look, what=f"The volume {after['volume']}", where="Databricks")


def _drop(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    from databricks.sdk.errors import NotFound

    name = after["volume"]
    try:
        _require_mark(after, client.volumes.read(name).comment, (after["mark"],))
    except NotFound:
        return
    for thing in _content(client, name):
        raise Refused(
            f"The volume {name} is not empty any more: it holds {thing}.",
            fix="Move or delete what is in it first; Lakeport never deletes data.",
        )
    client.volumes.delete(name)


def _require_mark(after: Mapping[str, Any], comment: str | None, marks: tuple[str, ...]) -> None:
    if without_mark(comment)[1] not in marks:
        raise StalePlan(
            f"The volume {after['volume']} exists and does not belong to {after['mark']}.",
            why="Somebody made it, or changed its owner mark, after the plan was approved.",
            fix="Look at the new plan of the pull request.",
        )


def _grant(after: Mapping[str, Any], client: WorkspaceClient, *, may_be_gone: bool) -> None:
    """All differences in one call, read back until they show; a new volume may be unknown for seconds."""
    from databricks.sdk.errors import NotFound
    from databricks.sdk.service.catalog import PermissionsChange
    from databricks.sdk.service.catalog import Privilege as Named

    name = after["volume"]
    body = [
        PermissionsChange(
            principal=one["principal"],
            add=[Named(privilege) for privilege in one["add"]],
            remove=[Named(privilege) for privilege in one["remove"]],
        )
        for one in after["changes"]
    ]

    def attempt() -> bool | None:
        try:
            client.grants.update("volume", name, changes=body)
        except NotFound as error:
            if str(error.error_code or "").startswith("PRINCIPAL"):
                raise
            return True if may_be_gone else None
        return True

    def shown() -> bool | None:
        try:
            held = _held(client, name)
        except NotFound:
            return True if may_be_gone else None
        return True if grants.shown(differences, held) else None

    differences = [
        grants.Difference(one["principal"], tuple(one["add"]), tuple(one["remove"]))
        for one in after["changes"]
    ]
    until(attempt, what=f"The volume {name}", where="Databricks")
    until(shown, what=f"The grants on {name}", where="Databricks")


def outputs(desired: Desired[VolumeSpec], state: VolumeState) -> Mapping[str, str]:
    """``path`` in code, and ``url`` of its page."""
    path = f"/Volumes/{full_name(desired.spec).replace('.', '/')}"
    return {"path": path, "url": state.url} if state.stands else {}


def access(spec: VolumeSpec) -> Iterator[Held]:
    """Who is given what on the files."""
    for grant in spec.grants:
        yield Held(principal=grant.principal, levels=grant.privileges, thing=full_name(spec))


def adopt(desired: Desired[VolumeSpec], state: VolumeState) -> Mapping[str, Any]:
    """The comment, and what the groups of the file hold; others the file never spoke of."""
    found: dict[str, Any] = {}
    if desired.spec.comment and desired.spec.comment != state.comment:
        found["comment"] = state.comment
    held = grants.folded(state.held)
    wanted = _granted(desired.spec)
    stands = {who: held.get(who.casefold(), frozenset()) & {*get_args(Privilege)} for who in wanted}
    if stands != wanted:
        found["grants"] = [
            {"principal": who, "privileges": sorted(names)} for who, names in stands.items() if names
        ]
    return found


# --- rules --------------------------------------------------------------------------------------------------


def _catalog_allowed(desired: Desired[VolumeSpec], policy: Policy) -> Iterator[Complaint]:
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


def _one_entry_per_principal(desired: Desired[VolumeSpec], policy: Policy) -> Iterator[Complaint]:
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


_EXAMPLE = """\
resources:
- kind: volume
  catalog: {catalog}
  schema: churn_prediction
  name: landing
"""

RULES = (
    Rule(
        id="volume-catalog",
        title="The catalog of a volume is not one of the team's",
        why="A catalog says whose data it is and in which environment it lives: files in another one are "
        "read and paid for by the wrong people.",
        fix="Choose a catalog that the policy gives the team in this environment.",
        wrong=_EXAMPLE.format(catalog="ml_prod"),
        right=_EXAMPLE.format(catalog="ml_dev"),
        check=_catalog_allowed,
        exceptable=True,
    ),
    Rule(
        id="volume-grants-twice",
        title="A group has two entries of grants on a volume",
        why="Privileges are granted to a group as one set; which of two sets is meant, nobody can tell.",
        fix="Write all privileges of the group into one entry.",
        wrong=_EXAMPLE.format(catalog="ml_dev")
        + "  grants:\n"
        + "  - {principal: growth, privileges: [READ_VOLUME]}\n"
        + "  - {principal: Growth, privileges: [WRITE_VOLUME]}\n",
        right=_EXAMPLE.format(catalog="ml_dev")
        + "  grants:\n"
        + "  - {principal: growth, privileges: [READ_VOLUME, WRITE_VOLUME]}\n",
        check=_one_entry_per_principal,
    ),
)

KIND: Kind[VolumeSpec, VolumeState, WorkspaceClient] = Kind(
    name="volume",
    spec=VolumeSpec,
    summary="a Unity Catalog volume for files",
    everyday=True,
    aliases=("uc volume", "unity catalog volume", "file store"),
    after=("schema",),
    identity=full_name,
    called=lambda spec: f"the volume {full_name(spec)}",
    connect=databricks,
    read=read,
    read_all=read_all,
    plan=plan,
    retire=retire,
    adopt=adopt,
    access=access,
    apply=apply,
    outputs=outputs,
    derive=derive,
    marked=marked,
    rules=RULES,
    system="Databricks",
    member_levels=get_args(Privilege),
)
