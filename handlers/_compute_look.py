"""What compute stands in a workspace: the lists, and of each thing the details that we compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitops.clients import translate
from gitops.kind import Desired, Marked
from handlers import _compute_policy as policies
from handlers._compute_fields import NOUN, ComputeSpec, identity, members_get, was_given
from handlers._compute_libraries import NOT_HELD, packages, statuses
from handlers._compute_people import GROUP, USER, among, levels_of, missing_groups, missing_users
from handlers._compute_settings import main_of, settings_of
from handlers._compute_state import ComputeState
from handlers._compute_workspace import LISTS, PAGES, Found, in_order, jobs, whole_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


class Workspace:
    """What is listed of a workspace for some resources, each list once and only when it is needed."""

    def __init__(self, client: WorkspaceClient, wanted: Sequence[Desired[ComputeSpec]]) -> None:
        self.client = client
        self._many = len(wanted) > 1
        self._wanted = wanted
        self._by_mark: dict[str, dict[tuple[str, str], list[Found]]] = {}
        self._by_name: dict[str, dict[str, list[Found]]] = {}

    def of(self, kind: str, request: str, resource: str) -> list[Found]:
        """Those of a type that carry the mark of a resource."""
        self._list(kind)
        return self._by_mark[kind].get((request, resource), [])

    def named(self, kind: str, resource: str) -> list[Found]:
        """Those of a type with that name."""
        self._list(kind)
        return self._by_name[kind].get(resource, [])

    def _list(self, kind: str) -> None:
        if kind in self._by_name:
            return
        found = jobs(self.client, whole=self._many) if kind == "job" else LISTS[kind](self.client)
        marks, names = self._by_mark.setdefault(kind, {}), self._by_name.setdefault(kind, {})
        for one in found:
            marks.setdefault(one.mark, []).append(one)
            names.setdefault(one.name.lower(), []).append(one)

    @cached_property
    def policies(self) -> Sequence[policies.ClusterPolicy]:
        """All cluster policies."""
        return [policies.parse(one.as_dict()) for one in self.client.cluster_policies.list()]

    @cached_property
    def pools(self) -> Sequence[Mapping[str, Any]]:
        """All instance pools."""
        return [one.as_dict() for one in self.client.instance_pools.list()]

    @cached_property
    def no_groups(self) -> frozenset[str]:
        """The groups that resources name and the workspace does not have."""
        named = {entry.principal for one in self._unsettled for entry in one.spec.access}
        return missing_groups(self.client, named)

    @cached_property
    def no_users(self) -> frozenset[str]:
        """The members that resources name and the workspace does not have."""
        return missing_users(self.client, {name for one in self._unsettled for name in members_get(one)})

    @property
    def _unsettled(self) -> Iterator[Desired[ComputeSpec]]:
        return (one for one in self._wanted if one.origin.lifecycle == "active" and not one.settled)

    def violations(self, kind: str, policy: str) -> Mapping[str, Mapping[str, str]]:
        """Clusters or jobs by id that are not as their policy says by now, and in what."""
        if (kind, policy) not in self._violations:
            api = (
                self.client.policy_compliance_for_clusters
                if kind == "cluster"
                else self.client.policy_compliance_for_jobs
            )
            listed = [one.as_dict() for one in api.list_compliance(policy)]
            self._violations[kind, policy] = {
                str(one["cluster_id" if kind == "cluster" else "job_id"]): one.get("violations") or {}
                for one in listed
                if not one.get("is_compliant")
            }
        return self._violations[kind, policy]

    @cached_property
    def _violations(self) -> dict[tuple[str, str], Mapping[str, Mapping[str, str]]]:
        return {}


def read(desired: Desired[ComputeSpec], client: WorkspaceClient) -> ComputeState | None:
    """One of them; see :func:`read_all`."""
    return read_all([desired], client)[0]


def read_all(
    wanted: Sequence[Desired[ComputeSpec]], client: WorkspaceClient
) -> Sequence[ComputeState | None]:
    """A list of each type that is needed, for all of them, and then the details of each.

    Lists are all that is asked for those that are ``settled``: who may do what, and which libraries are
    installed, takes a call for each, and is then taken for as it should be.
    """
    with translate("Databricks"):
        workspace = Workspace(client, wanted)
        return [_state(desired, workspace) for desired in wanted]


def _state(desired: Desired[ComputeSpec], workspace: Workspace) -> ComputeState | None:
    spec, origin = desired.spec, desired.origin
    active = origin.lifecycle == "active"
    around, missing = _around(desired, workspace)
    ours = _ours(desired, workspace)
    candidates = in_order(ours or workspace.named(spec.type, identity(spec)), identity(spec))
    if not candidates:
        nothing = ComputeState(stands=False, missing=missing, **around)
        return None if nothing == ComputeState(stands=False) else nothing
    found = candidates[0]
    mine = bool(ours) or (spec.adopt and active)
    found = whole_of(found, workspace.client)
    held = _access(found, desired, workspace.client) if mine else {}
    return ComputeState(
        type=found.type,
        id=found.id,
        mark=found.mark[0],
        settings=settings_of(found.type, found.raw),
        libraries=_libraries(found, desired, workspace) if mine and active else frozenset(),
        access=held.get(GROUP, {}),
        users=held.get(USER, {}),
        missing=missing,
        twins=len(candidates),
        url=f"{workspace.client.config.host}/{PAGES[found.type]}/{found.id}",
        runs=found.runs,
        violations=_violations(found, desired, workspace) if mine and active else {},
        **around,
    )


def _ours(desired: Desired[ComputeSpec], workspace: Workspace) -> list[Found]:
    """Those with our mark: of the type that is asked for, else of another."""
    kinds = (desired.spec.type, *(kind for kind in LISTS if kind != desired.spec.type))
    marked = (workspace.of(kind, desired.origin.request, identity(desired.spec)) for kind in kinds)
    return next((found for found in marked if found), [])


def _around(
    desired: Desired[ComputeSpec], workspace: Workspace
) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """The cluster policy and the pools it is made with, and what is named and missing."""
    active, rules = desired.origin.lifecycle == "active", desired.origin.compute
    found: dict[str, Any] = {}
    missing: list[tuple[str, str]] = []
    if asked := policies.asked(desired):
        field, value = asked
        policy = next((one for one in workspace.policies if getattr(one, field) == value), None)
        found["policy"] = policy
        if policy is None and not policies.is_made(desired):
            missing.append(("cluster policy", value))
    if not active:
        return found, ()
    if rules is not None and rules.instance_pools and desired.spec.type != "sql_warehouse":
        found["pools"], unknown = _pools(rules.instance_pools, workspace.pools)
        missing += [("instance pool", name) for name in unknown]
    if not desired.settled:
        groups = sorted({entry.principal for entry in desired.spec.access})
        missing += [("group", name) for name in groups if name in workspace.no_groups]
        missing += [("user", name) for name in members_get(desired) if name in workspace.no_users]
    return found, tuple(missing)


def _pools(names: Iterable[str], pools: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], Sequence[str]]:
    """The ids of the pools of these names or ids, by the machine in them; and the names of none."""
    found: dict[str, str] = {}
    unknown: list[str] = []
    for name in names:
        pool = next(
            (one for one in pools if name in (one["instance_pool_id"], one["instance_pool_name"])), None
        )
        if pool is None:
            unknown.append(name)
        else:
            found.setdefault(str(pool.get("node_type_id")), str(pool["instance_pool_id"]))
    return found, unknown


def _libraries(found: Found, desired: Desired[ComputeSpec], workspace: Workspace) -> frozenset[str] | None:
    """Installed or about to be; of a job those of our task, ``None`` where its team took that out."""
    if found.type == "job":
        task = main_of((found.raw.get("settings") or {}).get("tasks"), "task_key")
        return packages(task.get("libraries") or []) if task else None
    named = desired.spec.libraries or any(spec.libraries for spec in desired.earlier)
    if found.type != "cluster" or not named:
        return frozenset()
    if desired.settled:
        return frozenset(desired.spec.libraries)
    status = statuses(found.id, workspace.client)
    return packages(one["library"] for one in status if one.get("status") not in NOT_HELD) | _by_policy(
        found, desired, workspace
    )


def _by_policy(found: Found, desired: Desired[ComputeSpec], workspace: Workspace) -> frozenset[str]:
    """What the cluster's policy installs need not be installed once more."""
    if not policies.asked(desired):
        return frozenset()
    held = (one.libraries for one in workspace.policies if one.id == found.raw.get("policy_id"))
    return next(held, frozenset())


def _access(
    found: Found, desired: Desired[ComputeSpec], client: WorkspaceClient
) -> dict[str, dict[str, str]]:
    """What those hold directly whom the request names, or named."""
    groups = {entry.principal: str(entry.level) for entry in desired.spec.access}
    users = members_get(desired)
    if desired.settled:
        return {GROUP: groups, USER: users}
    gone, former = was_given(desired)
    names = {GROUP: [*groups, *gone], USER: [*users, *former]}
    if not any(names.values()):
        return {}
    held = levels_of(found.type, found.id, client)
    return {sort: among(held, sort, each) for sort, each in names.items()}


def _violations(found: Found, desired: Desired[ComputeSpec], workspace: Workspace) -> Mapping[str, str]:
    """What is not as the policy says by now: an edit of a policy does not reach what runs under it.

    Of a policy of ours we compare the values themselves.
    """
    asked = policies.asked(desired)
    if asked is None or desired.settled or policies.is_made(desired):
        return {}
    field, value = asked
    policy = next((one for one in workspace.policies if getattr(one, field) == value), None)
    if policy is None or settings_of(found.type, found.raw).get("policy") != policy.id:
        return {}
    return workspace.violations(found.type, policy.id).get(found.id, {})


def marked(client: WorkspaceClient) -> Iterator[Marked]:
    """Everything that carries our mark: clusters, SQL warehouses, jobs, and cluster policies of ours."""
    with translate("Databricks"):
        for kind, look in LISTS.items():
            for found in look(client):
                request, resource = found.mark
                if request:
                    url = f"{client.config.host}/{PAGES[kind]}/{found.id}"
                    called = f"the {NOUN[kind]} {found.name}"
                    yield Marked(kind="compute", identity=resource, request=request, called=called, url=url)
        for one in client.cluster_policies.list():
            name = one.name or ""
            request, _, resource = name.removeprefix(policies.MADE).partition(" ")
            if name.startswith(policies.MADE) and resource:
                yield Marked(
                    kind="compute",
                    identity=resource,
                    request=request,
                    called=f"the cluster policy {name}",
                    url=f"{client.config.host}/compute/policies/{one.policy_id}",
                )
