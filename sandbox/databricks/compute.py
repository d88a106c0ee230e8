"""Cluster policies as a workspace keeps them: they supply and refuse values, and clusters fall behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from sandbox.databricks.front import Front, body_of
from sandbox.databricks.rules import ApiError, invalid

POLICIES = "/api/2.0/policies"


def add_compute(router: APIRouter, front: Front) -> None:
    """Add the calls about clusters and jobs that have to know their policy."""
    clusters = "/api/2.1/clusters"

    @router.post(clusters + "/create")
    async def create(request: Request) -> Any:
        return await front.create_cluster(await _supplied(front, await body_of(request)))

    @router.post(clusters + "/update")
    async def update(request: Request) -> Any:
        spec = await body_of(request)
        identifier = str(spec.get("cluster_id", ""))
        await front.cluster(identifier)
        mask = [name.strip() for name in str(spec.get("update_mask", "")).split(",") if name.strip()]
        given = spec.get("cluster") or {}
        if not mask or given.keys() - set(mask):
            raise invalid("update_mask must name every field that is given")
        held = {**front.extra.get(("clusters", identifier), {}), **given}
        # Named and not given: taken away.
        kept = {name: value for name, value in held.items() if name not in mask or name in given}
        if "autoscale" in given:
            kept.pop("num_workers", None)
        await front.edit_cluster({**await _supplied(front, kept), "cluster_id": identifier})
        return {}

    @router.get(POLICIES + "/clusters/list-compliance")
    async def of_clusters(policy_id: str) -> Any:
        definition = await _definition(front, policy_id)
        found = await front.ask("GET", clusters + "/list")
        whole = [front.whole("clusters", one["cluster_id"], one) for one in found["clusters"]]
        return {
            "clusters": [
                {"cluster_id": one["cluster_id"], **_compliance(one, definition)}
                for one in whole
                if one.get("policy_id") == policy_id
            ]
        }

    @router.post(POLICIES + "/clusters/enforce-compliance")
    async def enforce(request: Request) -> Any:
        identifier = str((await body_of(request)).get("cluster_id", ""))
        found = await front.cluster(identifier)
        held = front.extra.get(("clusters", identifier), {})
        definition = await _definition(front, str(found.get("policy_id") or ""))
        late = _violations(found, definition)
        fixed = {name: definition[name]["value"] for name in late if definition[name]["type"] == "fixed"}
        await front.edit_cluster({**held, **fixed, "cluster_id": identifier})
        return {"has_changes": bool(fixed)}

    @router.get(POLICIES + "/jobs/list-compliance")
    async def of_jobs(policy_id: str) -> Any:
        definition = await _definition(front, policy_id)
        found = await front.ask("GET", "/api/2.2/jobs/list")
        return {
            "jobs": [
                {"job_id": job["job_id"], **_compliance(one["new_cluster"], definition)}
                for job in found["jobs"]
                for one in (job.get("settings") or {}).get("job_clusters") or ()
                if one["new_cluster"].get("policy_id") == policy_id
            ]
        }


async def _definition(front: Front, policy_id: str) -> dict[str, dict[str, Any]]:
    if not policy_id:
        return {}
    try:
        found = await front.ask("GET", POLICIES + "/clusters/get", query={"policy_id": policy_id})
    except ApiError as problem:
        raise invalid(problem.message) if problem.status == 404 else problem from None
    definition: dict[str, dict[str, Any]] = json.loads(found.get("definition") or "{}")
    return definition


async def _supplied(front: Front, spec: dict[str, Any]) -> dict[str, Any]:
    """The fields with what the policy fixes and what is in the pools; other values than fixed are refused."""
    definition = await _definition(front, str(spec.get("policy_id") or ""))
    given = _flat(spec)
    for name, rule in definition.items():
        if rule.get("type") == "fixed" and "." not in name:
            spec.setdefault(name, rule["value"])
        if wrong := _wrong(name, given, rule):
            raise invalid(f"Cluster validation error: Validation failed for {name}, {wrong}")
    for pool, node in (
        ("instance_pool_id", "node_type_id"),
        ("driver_instance_pool_id", "driver_node_type_id"),
    ):
        if spec.get(pool):
            query = {"instance_pool_id": spec[pool]}
            spec[node] = (await front.ask("GET", "/api/2.0/instance-pools/get", query=query))["node_type_id"]
    return spec


def _compliance(found: Mapping[str, Any], definition: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    late = _violations(found, definition)
    return {"is_compliant": not late, "violations": late}


def _violations(found: Mapping[str, Any], definition: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    given = _flat(found)
    wrong = {name: _wrong(name, given, rule) for name, rule in definition.items()}
    return {name: words for name, words in wrong.items() if words}


def _wrong(name: str, given: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """What is wrong with a value that is given; one that is left out is not."""
    if name not in given:
        return ""
    value = given[name]
    if rule.get("type") == "fixed" and value != rule["value"]:
        return f"the value must be {rule['value']} (is {value})"
    if rule.get("type") == "forbidden":
        return "the value must be absent"
    if rule.get("type") == "allowlist" and value not in rule["values"]:
        return f"the value must be one of {', '.join(map(str, rule['values']))} (is {value})"
    if rule.get("type") == "range" and not rule.get("minValue", value) <= value <= rule.get(
        "maxValue", value
    ):
        return f"the value must be in the range (is {value})"
    return ""


def _flat(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in spec.items():
        found |= (
            {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
        )
    return found
