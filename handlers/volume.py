"""A Unity Catalog volume, a place for files, and who may read and write them.

A volume has no properties, and a tag is put on by a second call, before which nobody could tell the volume
of an interrupted run from somebody else's. So the owner mark is the last line of the comment, which comes
with the creation and with every list: ``lakeport-request: dev/growth/churn``.

Sources: the volumes, grants and files APIs of Databricks. With a managed volume its files go; so one that
holds any is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, Unpack, get_args

from msgspec import Meta, Struct

from gitops import grants
from gitops.clients import databricks, translate
from gitops.edited import Edited, Effect
from gitops.kind import Ask, Desired, Held, Kind, Marked, Rule, Spec
from gitops.ownership import require_ours, require_ours_to_retire, require_still_ours
from gitops.plan import Change, Further, Stage, Verb
from gitops.vocabulary import Part
from handlers._comments import with_mark, without_mark
from handlers._unity import (
    WHERE,
    CatalogName,
    Grantee,
    SnakeName,
    all_schemas,
    catalog_allowed,
    commented,
    default_catalog,
    drop,
    make,
    one_entry_per_principal,
)
from handlers._unity_grants import (
    access_of,
    differences,
    given_of,
    granted,
    granting,
    held,
    regrant,
    staying,
    wanted_of,
)
from handlers._unity_people import missing, require_known

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.catalog import VolumeInfo

    from gitops.policy import Policy

# --- the fields ---------------------------------------------------------------------------------------------

Privilege = Literal["READ_VOLUME", "WRITE_VOLUME"]


class VolumeGrant(Part):
    """What one group may do with the files."""

    principal: Grantee
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


class VolumeSpec(Spec, tag="volume"):
    """A Unity Catalog volume."""

    catalog: Annotated[
        CatalogName,
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
        Edited(changed=commented),
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
    derived = {
        "catalog": default_catalog(origin, policy),
        "schema": named["schema"],
        "name": named["volume"] or name.replace("-", "_"),
        **policy.defaults_for("volume", origin),
    }
    return {key: value for key, value in derived.items() if key not in values and value is not None}


# --- read ---------------------------------------------------------------------------------------------------


class VolumeState(Struct, frozen=True, kw_only=True):
    """What stands, only what we manage.

    ``comment`` is without the mark, ``keepers`` are who made it and who owns it. ``held`` are the privileges
    granted directly on the volume, by principal.
    ``missing`` are wanted principals that the account does not have. ``content`` names something that is in
    it, only looked up to retire it. ``stands`` is false when there is no volume, but something is missing.
    """

    stands: bool = True
    mark: str = ""
    comment: str = ""
    keepers: tuple[str, ...] = ()
    held: Mapping[str, frozenset[str]] = {}
    missing: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    url: str = ""


def read(desired: Desired[VolumeSpec], client: WorkspaceClient) -> VolumeState | None:
    """The volume with its grants, and whether those who are to get some are known."""
    from databricks.sdk.errors import NotFound

    with translate(WHERE):
        try:
            found = client.volumes.read(full_name(desired.spec))
        except NotFound:
            found = None
        return _state(desired, found, client, _unknown([desired], client))


def read_all(many: Sequence[Desired[VolumeSpec]], client: WorkspaceClient) -> Sequence[VolumeState | None]:
    """The same for many: one list for each schema, which is as far as the API lists."""
    from databricks.sdk.errors import NotFound

    if len(many) == 1 and not many[0].settled:
        return [read(many[0], client)]
    listed: dict[str, VolumeInfo] = {}
    with translate(WHERE):
        for catalog, schema in sorted({(one.spec.catalog.lower(), one.spec.schema.lower()) for one in many}):
            try:
                for found in client.volumes.list(catalog, schema):
                    listed[(found.full_name or f"{catalog}.{schema}.{found.name}").lower()] = found
            except NotFound:  # there is no such schema, so there is nothing in it
                continue
        unknown = _unknown(many, client)
        return [_state(one, listed.get(full_name(one.spec)), client, unknown) for one in many]


def _unknown(many: Sequence[Desired[VolumeSpec]], client: WorkspaceClient) -> frozenset[str]:
    """The principals of all of them, in lower case, that the account does not have."""
    return missing(client, {who for one in many if _needs(one) for who in wanted_of(one)})


def _needs(desired: Desired[VolumeSpec]) -> bool:
    return desired.origin.lifecycle == "active" and not desired.settled


def _state(
    desired: Desired[VolumeSpec], found: VolumeInfo | None, client: WorkspaceClient, unknown: frozenset[str]
) -> VolumeState | None:
    name, wanted = full_name(desired.spec), wanted_of(desired)
    lacking = tuple(one for one in wanted if one.casefold() in unknown) if _needs(desired) else ()
    if found is None:
        return VolumeState(stands=False, missing=lacking) if lacking else None
    comment, mark = without_mark(found.comment)
    return VolumeState(
        mark=mark,
        comment=comment,
        keepers=tuple(filter(None, (found.created_by, found.owner))),
        held=wanted if desired.settled else _held(client, name),
        missing=lacking,
        content=() if desired.origin.lifecycle == "active" else tuple(_content(client, name)),
        url=_page_of(client, name),
    )


def _held(client: WorkspaceClient, name: str) -> dict[str, frozenset[str]]:
    """What is granted directly on the volume, but for who may manage it, which no file says."""
    return {who: names - {grants.MANAGE} for who, names in held(client, "volume", name).items()}


def _page_of(client: WorkspaceClient, name: str) -> str:
    return f"{client.config.host}/explore/data/volumes/{name.replace('.', '/')}"


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
    with translate(WHERE):
        for catalog, schema in all_schemas(client):
            for found in client.volumes.list(catalog, schema.name or ""):
                if request := without_mark(found.comment)[1]:
                    name = f"{catalog}.{schema.name}.{found.name}".lower()
                    called, url = f"the volume {name}", _page_of(client, name)
                    yield Marked(kind="volume", identity=name, request=request, called=called, url=url)


# --- plan ---------------------------------------------------------------------------------------------------


def plan(desired: Desired[VolumeSpec], state: VolumeState | None) -> Sequence[Change]:
    """Create it, or correct mark and comment; then all grants at once."""
    spec, origin, name = desired.spec, desired.origin, full_name(desired.spec)
    if state is not None:
        require_known(state.missing)
    if state is None or not state.stands:
        comment = spec.comment or origin.purpose
        after = {"comment": comment, "mark": origin.request}
        create = _change(desired, "volume", Verb.CREATE, after=after, summary=f"Create the volume {name}")
        return [create, *_grants(desired, VolumeState(), wanted=wanted_of(desired), gave={})]
    require_ours(desired, f"the volume {name}", state.mark)
    changes = []
    comment = spec.comment or state.comment
    if not state.mark or comment != state.comment:
        what = f"Change the comment of {name}" if state.mark else f"Adopt the volume {name}"
        before = {"comment": state.comment, "mark": state.mark}
        after = {"comment": comment, "mark": origin.request}
        changes.append(_change(desired, "comment", Verb.UPDATE, before=before, after=after, summary=what))
    return [*changes, *_grants(desired, state, wanted=wanted_of(desired), gave=given_of(desired))]


def _grants(
    desired: Desired[VolumeSpec],
    state: VolumeState,
    *,
    wanted: grants.Grants,
    gave: grants.Grants,
    stage: Stage = Stage.NOW,
) -> Iterator[Change]:
    """At most one change. Who is wanted holds exactly that; who was, and is no more, loses what we gave."""
    found = grants.difference(wanted, state.held, "named", gave=gave)
    parent = f"USE_CATALOG on {desired.spec.catalog.lower()} and USE_SCHEMA on {_parent(desired.spec)}"
    details = (f"Who is to use them needs {parent}, too.",) if any(one.add for one in found) else ()
    place = _place(desired.spec)
    yield from granting(place, found, state.held, kind="volume", stage=stage, details=details)


def retire(desired: Desired[VolumeSpec], state: VolumeState) -> Sequence[Change]:
    """Take what the request granted, then drop the volume, if nothing is in it by then.

    What it holds now keeps nobody from being locked out of it; the drop itself looks again.
    """
    if not state.stands:
        return ()
    name = full_name(desired.spec)
    require_ours_to_retire(desired, f"the volume {name}", state.mark)
    dropped = _change(
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
    gave = grants.union([wanted_of(desired), given_of(desired)])
    return (*_grants(desired, state, wanted={}, gave=gave, stage=Stage.REVOKE), dropped)


def _change(
    desired: Desired[VolumeSpec],
    action: str,
    verb: Verb,
    *,
    after: Mapping[str, Any],
    summary: str,
    **further: Unpack[Further],
) -> Change:
    name, place = full_name(desired.spec), _place(desired.spec)
    return Change(
        kind="volume",
        identity=name,
        action=action,
        verb=verb,
        after={**place, **after},
        summary=summary,
        **further,
    )


def _place(spec: VolumeSpec) -> dict[str, str]:
    return {"volume": full_name(spec), "schema": _parent(spec), "name": spec.name}


# --- apply --------------------------------------------------------------------------------------------------


def apply(change: Change, client: WorkspaceClient) -> None:
    """One change; a volume that an interrupted run made is found and kept."""
    after, name = change.after, change.after["volume"]
    with translate(WHERE):
        if change.action == "grants":
            found, going = differences(after["changes"]), change.verb is Verb.REMOVE
            regrant(client, "volume", name, found, going=going)
        elif change.verb is Verb.CREATE:
            _make(after, client)
        elif change.verb is Verb.REMOVE:
            _drop(after, client)
        else:
            if mark := without_mark(client.volumes.read(name).comment)[1]:
                require_still_ours(f"the volume {name}", mark, after["mark"])
            client.volumes.update(name, comment=with_mark(after["comment"], after["mark"]))


def _make(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    from databricks.sdk.service.catalog import VolumeType

    catalog, _, schema = after["schema"].partition(".")
    comment = with_mark(after["comment"], after["mark"])
    create = partial(
        client.volumes.create, catalog, schema, after["name"], VolumeType.MANAGED, comment=comment
    )
    make(f"the volume {after['volume']}", require_ours=partial(_require_ours, after, client), create=create)


def _drop(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    name = after["volume"]
    drop(
        f"the volume {name}",
        require_ours=partial(_require_ours, after, client),
        content=_content(client, name),
        delete=partial(client.volumes.delete, name),
    )


def _require_ours(after: Mapping[str, Any], client: WorkspaceClient) -> None:
    mark = without_mark(client.volumes.read(after["volume"]).comment)[1]
    require_still_ours(f"the volume {after['volume']}", mark, after["mark"])


def outputs(desired: Desired[VolumeSpec], state: VolumeState) -> Mapping[str, str]:
    """``path`` in code, and ``url`` of its page."""
    path = f"/Volumes/{full_name(desired.spec).replace('.', '/')}"
    return {"path": path, "url": state.url} if state.stands else {}


def access(spec: VolumeSpec) -> Iterator[Held]:
    """Who is given what on the files."""
    return access_of(spec, full_name(spec))


def stays(desired: Desired[VolumeSpec], state: VolumeState) -> Iterator[Held]:
    """Who else holds what on the volume, and keeps it."""
    return staying(desired, state.held, full_name(desired.spec), "named", spared=state.keepers)


def adopt(desired: Desired[VolumeSpec], state: VolumeState) -> Mapping[str, Any]:
    """The comment, and what the groups of the file hold; others the file never spoke of."""
    found: dict[str, Any] = {}
    if desired.spec.comment and desired.spec.comment != state.comment:
        found["comment"] = state.comment
    held = grants.folded(state.held)
    wanted = granted(desired.spec)
    stands = {who: held.get(who.casefold(), frozenset()) & {*get_args(Privilege)} for who in wanted}
    if stands != wanted:
        found["grants"] = [
            {"principal": who, "privileges": sorted(names)} for who, names in stands.items() if names
        ]
    return found


# --- rules --------------------------------------------------------------------------------------------------


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
        check=catalog_allowed,
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
        check=one_entry_per_principal,
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
    stays=stays,
    apply=apply,
    outputs=outputs,
    derive=derive,
    marked=marked,
    rules=RULES,
    system=WHERE,
    member_levels=get_args(Privilege),
)
