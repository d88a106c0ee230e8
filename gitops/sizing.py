"""What compute a request gets, decided from what it is for: machines, runtime, access mode, product, and why.

Pure: the same question has the same answer, and nothing is looked up but tables. The rules:

- A size is a machine of the kind of work's family; a larger size is never a smaller machine.
- In production the driver is one machine larger than the workers, where a larger one exists: when it fails,
  everything fails with it. The workers are the same in all environments, so that what worked in staging works
  in production.
- GPU machines follow the work: ml gets those for training, etl and analytics those for scoring.
- Machine learning and GPU need the ML runtime, and that needs the dedicated access mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from msgspec import Struct

from gitops.prices import Node, PriceBook, Warehouse
from gitops.vocabulary import SIZES

RUNTIME = "16.4.x-scala2.12"
"""Databricks Runtime 16.4 LTS. Only what is new gets it: an upgrade of what runs is its team's to choose."""

_ML_RUNTIME, _GPU_RUNTIME = "16.4.x-cpu-ml-scala2.12", "16.4.x-gpu-ml-scala2.12"

STANDARD, DEDICATED = "USER_ISOLATION", "SINGLE_USER"
"""The two access modes that know Unity Catalog, by their names in the clusters API."""

SHORTEST_STOP = 10
"""Minutes without use after which a cluster can stop at the earliest (clusters API)."""


class Product(StrEnum):
    """As what Databricks bills it; the value is the key in the price lists."""

    ALL_PURPOSE = "all_purpose"
    JOBS = "jobs"
    SQL_SERVERLESS = "sql_serverless"

    @property
    def sku(self) -> str:
        """Its name on the bill, without the region that some have at the end."""
        return _SKUS[self][0]

    @property
    def words(self) -> str:
        """``all-purpose compute``."""
        return _SKUS[self][1]


_SKUS = {
    Product.ALL_PURPOSE: ("PREMIUM_ALL_PURPOSE_COMPUTE", "all-purpose compute"),
    Product.JOBS: ("PREMIUM_JOBS_COMPUTE", "jobs compute"),
    Product.SQL_SERVERLESS: ("PREMIUM_SERVERLESS_SQL_COMPUTE", "serverless SQL compute"),
}


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked for; ``kind`` is cluster | job | sql_warehouse."""

    cloud: str
    environment: str
    kind: str
    workload: str
    size: str
    gpu: bool
    min_workers: int
    max_workers: int


class Machines(Struct, frozen=True, kw_only=True):
    """What a cluster or a job runs on; ``runtime`` is its whole name."""

    worker: Node
    driver: Node
    shared_by: tuple[str, ...]
    """The sizes that are this same worker machine, the asked one among them."""
    runtime: str
    access_mode: str


class Sizing(Struct, frozen=True, dict=True):
    """The decision: the machines of a cluster or a job, or the SQL warehouse."""

    asked: Asked
    product: Product
    made_of: Machines | Warehouse

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """What was decided and why, a sentence each."""
        if isinstance(self.made_of, Warehouse):
            return _reasons_of_warehouse(self.asked, self.made_of, self.product)
        return _reasons_of_machines(self.asked, self.made_of, self.product)

    @property
    def attributes(self) -> dict[str, Any]:
        """Runtime and access mode as fields of the clusters API; empty for a SQL warehouse.

        A cluster that is dedicated to a group has to be described in the newer form of the API: there the
        runtime is named without its flavour, and GPU support follows from the machine.
        """
        machines = self.made_of
        if isinstance(machines, Warehouse):
            return {}
        if machines.access_mode == DEDICATED and self.asked.kind == "cluster":
            return {
                "kind": "CLASSIC_PREVIEW",
                "spark_version": RUNTIME,
                "use_ml_runtime": True,
                "data_security_mode": "DATA_SECURITY_MODE_DEDICATED",
            }
        return {"spark_version": machines.runtime, "data_security_mode": machines.access_mode}

    def cluster_policy(self, *, auto_stop_minutes: int, tags: Mapping[str, str]) -> dict[str, Any]:
        """What a Databricks cluster policy must say to allow this and nothing larger.

        In the form of policy definitions: attribute → ``{"type": "fixed", "value": …}`` or a range; empty for
        a SQL warehouse, which has no cluster policy.
        """
        machines = self.made_of
        if isinstance(machines, Warehouse):
            return {}
        found: dict[str, Any] = {
            "node_type_id": _fixed(machines.worker.type),
            "driver_node_type_id": _fixed(machines.driver.type),
            **{name: _fixed(value) for name, value in self.attributes.items()},
            "autoscale.min_workers": {"type": "range", "minValue": 1, "maxValue": self.asked.min_workers},
            "autoscale.max_workers": {"type": "range", "minValue": 1, "maxValue": self.asked.max_workers},
        }
        if self.asked.kind == "cluster":
            found["autotermination_minutes"] = {
                "type": "range",
                "minValue": min(SHORTEST_STOP, auto_stop_minutes),
                "maxValue": auto_stop_minutes,
            }
        return found | {f"custom_tags.{name}": _fixed(value) for name, value in tags.items()}


def _fixed(value: str | bool) -> dict[str, Any]:
    return {"type": "fixed", "value": value}


@lru_cache(maxsize=8192)
def decide(
    book: PriceBook,
    *,
    environment: str,
    kind: str,
    workload: str = "etl",
    size: str,
    gpu: bool = False,
    min_workers: int = 1,
    max_workers: int = 1,
) -> Sizing:
    """What this compute is made of; the cloud is the book's.

    ``kind``: cluster | job | sql_warehouse; ``workload``: etl | ml | analytics; ``size``: xs | small |
    medium | large | xl; ``environment``: dev | staging | prod. Workers are as asked; of a SQL warehouse they
    are whole clusters.
    """
    asked = Asked(
        cloud=book.cloud,
        environment=environment,
        kind=kind,
        workload=workload,
        size=size,
        gpu=gpu,
        min_workers=min_workers,
        max_workers=max_workers,
    )
    if kind == "sql_warehouse":
        return Sizing(asked, Product.SQL_SERVERLESS, book.warehouse(size))
    product = Product.JOBS if kind == "job" else Product.ALL_PURPOSE
    return Sizing(asked, product, _machines(book, asked))


def _machines(book: PriceBook, asked: Asked) -> Machines:
    ladder = f"{asked.workload}_gpu" if asked.gpu else asked.workload
    worker = book.step(ladder, asked.size)
    driver = _larger(book, ladder, asked.size) if asked.environment == "prod" else worker
    ml = asked.gpu or asked.workload == "ml"
    return Machines(
        worker=book.node(worker),
        driver=book.node(driver),
        shared_by=tuple(size for size in SIZES if book.step(ladder, size) == worker),
        runtime=_GPU_RUNTIME if asked.gpu else _ML_RUNTIME if ml else RUNTIME,
        access_mode=DEDICATED if ml else STANDARD,
    )


def _larger(book: PriceBook, ladder: str, size: str) -> str:
    """The next machine above that of a size; the same where there is none."""
    steps = book.steps(ladder)
    machine = book.step(ladder, size)
    above = (book.step(ladder, step) for step in steps[steps.index(size) + 1 :])
    return next((other for other in above if other != machine), machine)


# --- in words -------------------------------------------------------------------------------------

_WORK = {"etl": "ETL", "ml": "machine learning", "analytics": "analytics"}


def _reasons_of_machines(asked: Asked, machines: Machines, product: Product) -> tuple[str, ...]:
    return (
        _why_worker(asked, machines),
        _why_driver(asked, machines),
        _why_many(asked, "worker", "load"),
        _why_runtime(asked, machines),
        _why_access(asked, machines),
        _why_product(asked, product),
    )


def _why_worker(asked: Asked, machines: Machines) -> str:
    worker, work = machines.worker, _WORK[asked.workload]
    if asked.gpu:
        use = "training" if asked.workload == "ml" else "scoring and moving data"
        why = f"{work} with GPU takes {worker.gpu}, for {use}"
    else:
        each = worker.memory_gib // worker.vcpus
        why = f"{work} takes {each} GiB of memory for each vCPU"
    alike = [size for size in machines.shared_by if size != asked.size]
    same = f"; {' and '.join(alike)} would be the same machine on {asked.cloud}" if alike else ""
    return f"Workers are {worker}: the size is {asked.size}, and {why}{same}."


def _why_driver(asked: Asked, machines: Machines) -> str:
    if machines.driver != machines.worker:
        why = "in production it is larger than the workers, since everything fails with it"
        return f"The driver is {machines.driver}: {why}."
    if asked.environment == "prod":
        return "The driver is the same machine as the workers: there is no larger one of its kind."
    return f"The driver is the same machine as the workers, since this is {asked.environment} and not prod."


def _why_many(asked: Asked, what: str, follows: str) -> str:
    least, most = asked.min_workers, asked.max_workers
    if least == most:
        return f"{most} {what}{'s' if most > 1 else ''}, as asked for."
    return f"{least} to {most} {what}s, as asked for: their number follows the {follows}."


def _why_runtime(asked: Asked, machines: Machines) -> str:
    if asked.gpu:
        why = "the only one with GPU drivers"
    elif asked.workload == "ml":
        why = "it has the libraries of machine learning"
    else:
        why = f"{_WORK[asked.workload]} needs no libraries of machine learning"
    return f"The runtime is {machines.runtime} (16.4 LTS): {why}."


def _why_access(asked: Asked, machines: Machines) -> str:
    if machines.access_mode == STANDARD:
        return "The access mode is standard: several people can use it, isolated from one another."
    cause = "GPU machines do" if asked.gpu else "the ML runtime does"
    who = "the account it runs as" if asked.kind == "job" else "the team's group"
    return f"The access mode is dedicated to {who}: {cause} not run in the standard one."


def _why_product(asked: Asked, product: Product) -> str:
    why = {
        "cluster": "people work on it interactively",
        "job": "it is there only while the job runs",
        "sql_warehouse": "Databricks runs the machines, and it starts in seconds",
    }[asked.kind]
    return f"It is billed as {product.words} ({product.sku}): {why}."


def _reasons_of_warehouse(asked: Asked, warehouse: Warehouse, product: Product) -> tuple[str, ...]:
    return (
        f"The SQL warehouse is {warehouse.name}: the size is {asked.size}, the same in all environments.",
        _why_many(asked, "cluster", "queries"),
        _why_product(asked, product),
    )
