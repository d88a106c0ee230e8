"""What people write about compute: its fields, what follows from what they said, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from gitops import compute_cost, sizing
from gitops.edited import Edited, Effect
from gitops.kind import Ask, Desired, Spec
from gitops.vocabulary import SIZES, Part, Size, Workload, spelt

if TYPE_CHECKING:
    from gitops.cost import Money
    from gitops.policy import Policy

Level = Literal[
    "CAN_ATTACH_TO",
    "CAN_RESTART",
    "CAN_USE",
    "CAN_MONITOR",
    "CAN_VIEW",
    "CAN_MANAGE_RUN",
    "CAN_MANAGE",
]
LEVELS: Mapping[str, tuple[str, ...]] = {
    "cluster": ("CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"),
    "sql_warehouse": ("CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE"),
    "job": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE"),
}
"""Permission levels by type, lowest first (Databricks permissions API)."""

OWNER = "IS_OWNER"
"""What exactly one holds of a SQL warehouse or a job; it allows everything, and no file can give it."""

TEAM_LEVEL: Mapping[str, Level] = {
    "cluster": "CAN_RESTART",
    "sql_warehouse": "CAN_USE",
    "job": "CAN_MANAGE_RUN",
}
"""What the own team gets where nobody says: using it, not changing it."""

NOUN = {"cluster": "cluster", "sql_warehouse": "SQL warehouse", "job": "job"}

Library = Annotated[
    str,
    spelt(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._,-]+\])?"
        r"(?:(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+(?:,(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+)*)?",
        max_length=200,
    ),
]
"""A requirement from the Python package index: name, extras, versions; no address, no path, no option."""


def _running(spec: ComputeSpec) -> Effect:
    """What becomes of a setting that is changed while it runs (as the plan says it)."""
    return {"cluster": Effect.RESTARTS, "job": Effect.NEXT_RUN}.get(spec.type, Effect.IN_PLACE)


def _machines(spec: ComputeSpec) -> Effect:
    """The same, for what chooses the machines: a SQL warehouse has none of its own."""
    return Effect.RECORDED if spec.type == "sql_warehouse" else _running(spec)


def _idle(spec: ComputeSpec) -> Effect:
    """The same, for when it stops: a job stops by itself."""
    return Effect.RECORDED if spec.type == "job" else _running(spec)


def _installed(spec: ComputeSpec) -> Effect:
    return Effect.NEXT_RUN if spec.type == "job" else Effect.IN_PLACE


class ComputeAccess(Part):
    """What one group may do with it."""

    principal: Annotated[
        Annotated[
            str,
            spelt(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?", max_length=255),
        ],
        Ask(label="Group", help="A Databricks group, such as `growth`.", risky=True, infer=False),
        Edited(immutable=True),
    ]
    level: Annotated[
        Level,
        Ask(
            label="Level",
            help="What it may do, such as `CAN_RESTART` on a cluster, `CAN_USE` on a SQL warehouse and "
            "`CAN_MANAGE_RUN` on a job.",
            risky=True,
            infer=False,
            words={
                "attach": "CAN_ATTACH_TO",
                "restart": "CAN_RESTART",
                "use": "CAN_USE",
                "manage": "CAN_MANAGE",
                "run": "CAN_MANAGE_RUN",
            },
            meanings={
                "CAN_ATTACH_TO": "run notebooks on a cluster that runs",
                "CAN_RESTART": "run notebooks on it, and start, stop and restart it",
                "CAN_VIEW": "see it, not use it",
                "CAN_MONITOR": "see it and everybody's queries",
                "CAN_USE": "send queries to it and start it",
                "CAN_MANAGE_RUN": "start and stop its runs",
                "CAN_MANAGE": "everything, also change it and say who may use it",
            },
        ),
    ]


class ComputeSpec(Spec, tag="compute"):
    """A cluster, a SQL warehouse or a job with its own cluster."""

    name: Annotated[
        Annotated[str, spelt(r"[a-z](?:-?[a-z0-9])*", min_length=3, max_length=100)],
        Ask(
            label="Compute",
            help="Its name, lower-case words with hyphens, such as `growth-churn-dev`.",
            aliases=("compute name", "cluster name", "warehouse name", "job name"),
        ),
        Edited(immutable=True),
    ]
    type: Annotated[
        Literal["cluster", "sql_warehouse", "job"],
        Ask(
            label="Type",
            help="`cluster` to work on interactively, `sql_warehouse` for queries and dashboards, `job` for "
            "what runs on a schedule.",
            words={
                "notebook": "cluster",
                "interactive": "cluster",
                "all-purpose": "cluster",
                "warehouse": "sql_warehouse",
                "sql": "sql_warehouse",
                "endpoint": "sql_warehouse",
                "dashboard": "sql_warehouse",
                "batch": "job",
                "nightly": "job",
                "workflow": "job",
            },
            meanings={
                "cluster": "to work on interactively, from notebooks",
                "sql_warehouse": "for queries and dashboards",
                "job": "what runs on a schedule, on a cluster of its own that ends with it",
            },
            question="What kind of compute is it?",
            why="It decides how it is used and what it costs.",
        ),
        Edited(immutable=True),
    ]
    workload: Annotated[
        Workload,
        Ask(
            label="Workload",
            help="`etl` to move and shape data, `ml` to train and score models, `analytics` to look at data.",
            aliases=("use", "kind of work"),
            words={
                "machine learning": "ml",
                "training": "ml",
                "data science": "ml",
                "pipeline": "etl",
                "ingestion": "etl",
                "reporting": "analytics",
                "bi": "analytics",
            },
            meanings={
                "etl": "to move and shape data",
                "ml": "to train and score models",
                "analytics": "to look at data",
            },
            question="What is the compute for?",
            why="The machines are chosen for it.",
        ),
        Edited(changed=_machines),
    ]
    size: Annotated[
        Size,
        Ask(
            label="Size",
            help="Of one machine: `xs`, `small`, `medium`, `large` or `xl`.",
            aliases=("t-shirt size", "machine size", "how big"),
            words={
                "tiny": "xs",
                "extra small": "xs",
                "s": "small",
                "m": "medium",
                "mid": "medium",
                "l": "large",
                "big": "large",
                "extra large": "xl",
                "huge": "xl",
            },
            question="How big shall each machine be?",
            why="It decides most of the cost.",
        ),
        Edited(changed=_running),
    ]
    gpu: Annotated[
        bool,
        Ask(label="GPU", help="Whether it has graphics processors, `true` or `false`."),
        Edited(changed=_machines),
    ] = False
    min_workers: Annotated[
        Annotated[int, Meta(ge=1, le=100)],
        Ask(
            label="Min workers",
            help="How many it keeps while it runs, such as `1`; of a SQL warehouse: clusters.",
            aliases=("min workers", "minimum workers", "at least"),
        ),
        Edited(changed=_running),
    ] = 1
    max_workers: Annotated[
        Annotated[int, Meta(ge=1, le=100)],
        Ask(
            label="Max workers",
            help="How many it may grow to, such as `4`; of a SQL warehouse: clusters.",
            aliases=("max workers", "maximum workers", "up to", "at most"),
        ),
        Edited(changed=_running),
    ] = 1
    auto_stop_minutes: Annotated[
        Annotated[int, Meta(ge=10, le=10_000)],
        Ask(
            label="Stops after",
            help="Minutes without use until it stops, such as `30`; at least 10. A job stops by itself.",
            aliases=("auto stop", "auto termination", "autotermination", "idle", "sleep after"),
        ),
        Edited(changed=_idle),
    ] = 30
    libraries: Annotated[
        Annotated[tuple[Library, ...], Meta(max_length=50)],
        Ask(
            label="Libraries",
            help="Python packages with versions, such as `[lightgbm==4.5.0]`.",
            aliases=("packages", "libs", "python libraries", "dependencies"),
        ),
        Edited(changed=_installed, gone=Effect.TAKEN, same=distribution),
    ] = ()
    access: Annotated[
        Annotated[tuple[ComputeAccess, ...], Meta(max_length=50)],
        Ask(
            label="Compute access",
            help="Groups and what they may do, such as `[{principal: growth, level: CAN_RESTART}]`.",
            risky=True,
            infer=False,
            aliases=("cluster access", "permissions", "who can use it"),
        ),
        Edited(
            gone=Effect.TAKEN,
            same=itemgetter("principal"),
            added="{principal} gets {level}",
            dropped="{principal} loses {level}",
        ),
    ] = ()


def identity(spec: ComputeSpec) -> str:
    """The name: whatever its type, there is one of it."""
    return spec.name.lower()


def distribution(requirement: str) -> str:
    """The name in a requirement, in the one spelling all its spellings share (PEP 503)."""
    name = re.split(r"[\[=<>~!]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def members_get(desired: Desired[ComputeSpec]) -> dict[str, str]:
    """E-mail → level: the highest of those that the policy gives members and this type knows."""
    origin, known = desired.origin, LEVELS[desired.spec.type]
    given = [level for level in known if level in origin.member_access.get("compute", ())]
    return dict.fromkeys(origin.members, given[-1]) if given else {}


def was_given(desired: Desired[ComputeSpec]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups and the members that earlier versions of the request gave access to, and it does no more."""
    wanted = {entry.principal.casefold() for entry in desired.spec.access}
    groups = [entry.principal for spec in desired.earlier for entry in spec.access]
    gone = {name.casefold(): name for name in groups if name.casefold() not in wanted}
    members = {email.casefold() for email in desired.origin.members}
    former = (email for email in desired.origin.former_members if email.casefold() not in members)
    return tuple(gone.values()), tuple(former)


def derive(values: Mapping[str, Any], origin: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """The name by the naming rule, the policy's defaults that fit the type, and use by the own team."""
    name = policy.default_name(
        "compute",
        team=str(origin["team"]),
        name=str(origin["name"]),
        environment=str(origin["environment"]),
    )
    derived: dict[str, Any] = {"name": name, **policy.defaults_for("compute", origin)}
    keys = ("team", "environment", "data_classification")
    if policy.effective(*(str(origin.get(key, "")) for key in keys)).max_size.value == SIZES[0]:
        derived.setdefault("size", SIZES[0])  # there is no other
    kind = str(values.get("type") or derived.get("type") or "")
    if kind == "sql_warehouse":  # its workers are whole clusters: one, unless somebody says more
        derived = {key: value for key, value in derived.items() if key not in ("min_workers", "max_workers")}
        derived.setdefault("workload", "analytics")
    if kind == "job":
        derived.pop("auto_stop_minutes", None)
    least, most = values.get("min_workers"), values.get("max_workers")
    if isinstance(least, int) and isinstance(derived.get("max_workers"), int):
        derived["max_workers"] = max(least, derived["max_workers"])
    if isinstance(most, int) and isinstance(derived.get("min_workers"), int):
        derived["min_workers"] = min(most, derived["min_workers"])
    team = policy.teams.get(str(origin["team"]))
    if team is not None and kind in TEAM_LEVEL:
        derived["access"] = [{"principal": team.databricks_group, "level": TEAM_LEVEL[kind]}]
    return {key: value for key, value in derived.items() if key not in values and value is not None}


def made_of(desired: Desired[ComputeSpec]) -> str:
    """The machine of a worker, or the SQL warehouse as Databricks calls its size."""
    spec = desired.spec
    decided = sizing.decide(
        desired.origin.prices,
        environment=desired.origin.environment,
        kind=spec.type,
        workload=spec.workload,
        size=spec.size,
        gpu=spec.gpu,
        min_workers=spec.min_workers,
        max_workers=max(spec.min_workers, spec.max_workers),
    )
    made = decided.made_of
    return f"workers {made.worker}" if isinstance(made, sizing.Machines) else f"SQL warehouse {made.name}"


def estimate(desired: Desired[ComputeSpec]) -> Money:
    """What it costs a month, in the currency of the price lists."""
    spec, origin = desired.spec, desired.origin
    return compute_cost.monthly(
        origin.prices,
        environment=origin.environment,
        kind=spec.type,
        workload=spec.workload,
        size=spec.size,
        gpu=spec.gpu,
        min_workers=spec.min_workers,
        max_workers=spec.max_workers,
        auto_stop_minutes=spec.auto_stop_minutes,
    )
