"""What is decided for compute, and that every decision says why."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.prices import Node, PriceBook, Warehouse
from gitops.sizing import DEDICATED, STANDARD, Machines, Product, Sizing, decide
from gitops.vocabulary import ENVIRONMENTS, SIZES, Cloud, Workload

CLOUDS, WORKLOADS = get_args(Cloud), get_args(Workload)
every_cloud = pytest.mark.parametrize("cloud", CLOUDS)
every_workload = pytest.mark.parametrize("workload", WORKLOADS)
with_gpu = pytest.mark.parametrize("gpu", [False, True], ids=["cpu", "gpu"])
asked = st.fixed_dictionaries(
    {
        "environment": st.sampled_from(ENVIRONMENTS),
        "kind": st.sampled_from(["cluster", "job"]),
        "workload": st.sampled_from(WORKLOADS),
        "size": st.sampled_from(SIZES),
        "gpu": st.booleans(),
        "min_workers": st.integers(1, 5),
        "max_workers": st.integers(5, 100),
    }
)


def machines(cloud: str, **fields: Any) -> Machines:
    found = decide(PriceBook.of(cloud), **({"environment": "dev", "kind": "cluster"} | fields)).made_of
    assert isinstance(found, Machines)
    return found


def has(node: Node) -> tuple[int, int, int]:
    return node.vcpus, node.memory_gib, node.gpus * node.gpu_gib


def costs(node: Node) -> tuple[Any, Any]:
    return node.price.value, node.dbu.value


@every_cloud
@every_workload
@with_gpu
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_larger_size_is_never_a_smaller_machine_nor_cheaper(
    cloud: str, workload: str, gpu: bool, environment: str
) -> None:
    found = [
        machines(cloud, workload=workload, gpu=gpu, environment=environment, size=size) for size in SIZES
    ]
    for one, next_one in pairwise(found):
        for smaller, larger in ((one.worker, next_one.worker), (one.driver, next_one.driver)):
            assert all(a <= b for a, b in zip(has(smaller), has(larger), strict=True))
            assert all(a <= b for a, b in zip(costs(smaller), costs(larger), strict=True))
    if not gpu:
        assert len({one.worker.type for one in found}) == len(SIZES)


@every_cloud
@every_workload
@with_gpu
@pytest.mark.parametrize("size", SIZES)
def test_production_is_larger_and_never_smaller(cloud: str, workload: str, gpu: bool, size: str) -> None:
    dev, staging, prod = (
        machines(cloud, workload=workload, gpu=gpu, size=size, environment=place) for place in ENVIRONMENTS
    )
    assert dev == staging
    assert prod.worker == dev.worker == dev.driver
    assert all(a >= b for a, b in zip(has(prod.driver), has(dev.driver), strict=True))
    if not (gpu and size in ("large", "xl")):  # the largest GPU machine of a cloud has none above it
        assert has(prod.driver) > has(dev.driver)
    assert prod.driver.gpu == prod.worker.gpu


@every_cloud
@pytest.mark.parametrize("size", SIZES)
def test_gpu_machines_follow_the_work(cloud: str, size: str) -> None:
    ml, etl, analytics = (
        machines(cloud, workload=workload, gpu=True, size=size).worker
        for workload in ("ml", "etl", "analytics")
    )
    assert etl == analytics
    assert ml.gpus
    assert etl.gpus
    assert ml != etl
    assert all(a >= b for a, b in zip(has(ml), has(etl), strict=True) if cloud == "gcp")
    expected = {"azure": ("A100", "T4"), "aws": ("A10G", "T4"), "gcp": ("L4", "L4")}[cloud]
    assert (ml.gpu, etl.gpu) == expected


@every_cloud
def test_machine_learning_takes_more_memory(cloud: str) -> None:
    for size in SIZES:
        ml, etl = (machines(cloud, workload=workload, size=size).worker for workload in ("ml", "etl"))
        assert (ml.vcpus, ml.memory_gib) == (etl.vcpus, 2 * etl.memory_gib)


@given(st.sampled_from(CLOUDS), asked)
def test_the_access_mode_follows_the_runtime(cloud: str, fields: dict[str, Any]) -> None:
    found = decide(PriceBook.of(cloud), **fields)
    assert isinstance(found.made_of, Machines)
    ml = fields["gpu"] or fields["workload"] == "ml"
    assert found.made_of.access_mode == (DEDICATED if ml else STANDARD)
    assert ("-ml-" in found.made_of.runtime) == ml
    assert ("-gpu-" in found.made_of.runtime) == fields["gpu"]
    assert found.product is (Product.JOBS if fields["kind"] == "job" else Product.ALL_PURPOSE)


@given(st.sampled_from(CLOUDS), asked)
def test_every_decision_says_why(cloud: str, fields: dict[str, Any]) -> None:
    found = decide(PriceBook.of(cloud), **fields)
    assert isinstance(found.made_of, Machines)
    text = "\n".join(found.reasons)
    for decided in (found.made_of.worker.type, found.made_of.runtime, found.product.sku):
        assert decided in text
    assert found.made_of.driver.type in text
    assert f"{fields['max_workers']} worker" in text
    assert all(reason.endswith(".") and "\n" not in reason for reason in found.reasons)


def test_the_reasons_in_full() -> None:
    found = decide(
        PriceBook.of("azure"),
        environment="prod",
        kind="cluster",
        workload="ml",
        size="small",
        min_workers=1,
        max_workers=4,
    )
    assert found.reasons == (
        "Workers are Standard_E8ds_v5 (8 vCPU, 64 GiB): the size is small, and machine learning takes 8 GiB "
        "of memory for each vCPU.",
        "The driver is Standard_E16ds_v5 (16 vCPU, 128 GiB): in production it is larger than the workers, "
        "since everything fails with it.",
        "1 to 4 workers, as asked for: their number follows the load.",
        "The runtime is 16.4.x-cpu-ml-scala2.12 (16.4 LTS): it has the libraries of machine learning.",
        "The access mode is dedicated to the team's group: the ML runtime does not run in the standard one.",
        "It is billed as all-purpose compute (PREMIUM_ALL_PURPOSE_COMPUTE): people work on it interactively.",
    )


def test_a_machine_that_several_sizes_share_says_so() -> None:
    found = decide(
        PriceBook.of("azure"), environment="dev", kind="cluster", workload="ml", size="small", gpu=True
    )
    assert "xs and medium would be the same machine on azure" in found.reasons[0]


def test_a_sql_warehouse() -> None:
    found = decide(
        PriceBook.of("aws"), environment="prod", kind="sql_warehouse", size="medium", max_workers=3
    )
    assert isinstance(found.made_of, Warehouse)
    assert found.made_of.name == "Medium"
    assert found.product is Product.SQL_SERVERLESS
    assert found.cluster_policy(auto_stop_minutes=10, tags={"team": "growth"}) == {}
    assert found.attributes == {}
    assert found.reasons[1] == "1 to 3 clusters, as asked for: their number follows the queries."


def cluster_policy(found: Sizing) -> dict[str, Any]:
    return found.cluster_policy(auto_stop_minutes=30, tags={"team": "growth"})


def test_the_cluster_policy_allows_this_and_nothing_larger() -> None:
    fields: dict[str, Any] = {"environment": "prod", "workload": "etl", "size": "small", "max_workers": 4}
    book = PriceBook.of("azure")
    assert cluster_policy(decide(book, kind="cluster", **fields)) == {
        "node_type_id": {"type": "fixed", "value": "Standard_D8ds_v5"},
        "driver_node_type_id": {"type": "fixed", "value": "Standard_D16ds_v5"},
        "spark_version": {"type": "fixed", "value": "16.4.x-scala2.12"},
        "data_security_mode": {"type": "fixed", "value": "USER_ISOLATION"},
        "autoscale.min_workers": {"type": "range", "minValue": 1, "maxValue": 1},
        "autoscale.max_workers": {"type": "range", "minValue": 1, "maxValue": 4},
        "autotermination_minutes": {"type": "range", "minValue": 10, "maxValue": 30},
        "custom_tags.team": {"type": "fixed", "value": "growth"},
    }
    assert "autotermination_minutes" not in cluster_policy(decide(book, kind="job", **fields))


def test_a_cluster_of_a_group_is_described_in_the_newer_form() -> None:
    book = PriceBook.of("azure")
    fields: dict[str, Any] = {"environment": "dev", "workload": "ml", "size": "small"}
    assert decide(book, kind="cluster", **fields).attributes == {
        "kind": "CLASSIC_PREVIEW",
        "spark_version": "16.4.x-scala2.12",
        "use_ml_runtime": True,
        "data_security_mode": "DATA_SECURITY_MODE_DEDICATED",
    }
    assert decide(book, kind="job", **fields).attributes == {
        "spark_version": "16.4.x-cpu-ml-scala2.12",
        "data_security_mode": "SINGLE_USER",
    }


def test_an_organisations_machine_is_taken() -> None:
    own = {
        "source": "ours",
        "date": "2026-01-01",
        "added_nodes": {"Standard_D8as_v6": {"price": "0.2", "dbu": "1", "vcpus": 8, "memory_gib": 32}},
        "sizes": {"etl": {"small": "Standard_D8as_v6"}},
    }
    found = decide(PriceBook.of("azure", own), environment="prod", kind="job", workload="etl", size="small")
    assert isinstance(found.made_of, Machines)
    assert found.made_of.worker.type == "Standard_D8as_v6"
    assert found.made_of.driver.type == "Standard_D16ds_v5"
