"""What a real Databricks workspace insists on and `minilake` lets pass: names, principals, privileges,
levels.
"""

from __future__ import annotations

import re
from typing import Any

LIST_LEVELS = {
    "clusters": ("CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"),
    "warehouses": ("CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE", "IS_OWNER"),
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"),
}
"""Permission levels of each kind of object, lowest first (Databricks permissions API)."""
OBJECT_TYPE = {"clusters": "cluster", "warehouses": "warehouses", "jobs": "job"}
"""``object_type`` in an answer about objects below that path."""

_IN_SCHEMA = {
    "APPLY_TAG",
    "CREATE_FUNCTION",
    "CREATE_MATERIALIZED_VIEW",
    "CREATE_MODEL",
    "CREATE_MODEL_VERSION",
    "CREATE_TABLE",
    "CREATE_VOLUME",
    "EXECUTE",
    "EXTERNAL_USE_SCHEMA",
    "MODIFY",
    "READ_VOLUME",
    "REFRESH",
    "SELECT",
    "USE_SCHEMA",
    "WRITE_VOLUME",
    "ALL_PRIVILEGES",
    "MANAGE",
}
PRIVILEGES = {
    "schema": frozenset(_IN_SCHEMA),
    "catalog": frozenset(_IN_SCHEMA | {"BROWSE", "CREATE_SCHEMA", "USE_CATALOG"}),
    "volume": frozenset({"APPLY_TAG", "READ_VOLUME", "WRITE_VOLUME", "ALL_PRIVILEGES", "MANAGE"}),
}
"""What can be granted on a catalog, a schema and a volume (Unity Catalog privileges, securable objects)."""
OLD_NAMES = {"USAGE": "USE_SCHEMA", "CREATE": "CREATE_TABLE"}

FORBIDDEN_IN_NAME = re.compile(r"[. /\x00-\x1f\x7f]")
MAX_NAME = 255
MAX_TAGS = 45
AUTOTERMINATION = range(10, 10_001)


class ApiError(Exception):
    """An answer of the Databricks API that is not success: status, ``error_code`` and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, str]:
        """What the API sends."""
        return {"error_code": self.code, "message": self.message}


def invalid(message: str) -> ApiError:
    """400 INVALID_PARAMETER_VALUE, the workspace's most common refusal."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


def object_name(name: Any, what: str) -> str:
    """The name as Unity Catalog stores it: lower case; 255 characters without ``. / space`` and control
    characters.
    """
    if not isinstance(name, str) or not name or len(name) > MAX_NAME or FORBIDDEN_IN_NAME.search(name):
        raise invalid(f"{what} name {name!r} is not a valid name")
    return name.lower()


def privilege(name: str, securable: str) -> str:
    """``USE SCHEMA`` and ``use_schema`` are ``USE_SCHEMA``; what cannot be granted there is refused."""
    plain = name.strip().upper().replace(" ", "_")
    plain = OLD_NAMES.get(plain, plain)
    known = PRIVILEGES.get(securable)
    if known is not None and plain not in known:
        raise invalid(f"Privilege {name} is not applicable to this entity [{securable.upper()}].")
    return plain


def cluster(spec: dict[str, Any]) -> None:
    """Refuse what cluster create and edit refuse."""
    minutes = spec.get("autotermination_minutes") or 0
    if minutes and minutes not in AUTOTERMINATION:
        raise invalid(
            f"The value for autotermination_minutes ({minutes}) must be between 10 and 10000 minutes."
        )
    tags = spec.get("custom_tags") or {}
    if len(tags) > MAX_TAGS:
        raise invalid(f"A cluster may have at most {MAX_TAGS} custom tags, got {len(tags)}.")
    scale = spec.get("autoscale")
    if scale and scale.get("min_workers", 0) > scale.get("max_workers", 0):
        raise invalid("min_workers must not be greater than max_workers.")
    if scale is None and spec.get("num_workers") is None:
        raise invalid("Exactly one of num_workers, autoscale must be set.")
    if not spec.get("spark_version"):
        raise invalid("Missing required field: spark_version")
    if not (spec.get("node_type_id") or spec.get("instance_pool_id") or spec.get("policy_id")):
        raise invalid("Missing required field: node_type_id")


def level(kind: str, name: Any) -> str:
    """The permission level, refused where objects of that kind do not know it."""
    levels = LIST_LEVELS.get(kind)
    if levels is not None and name not in levels:
        raise invalid(f"Permission type {name} is not defined for object type {OBJECT_TYPE[kind]}.")
    return str(name)


def highest(kind: str, one: str, other: str) -> str:
    """Of two levels for the same principal only the higher one reads back."""
    levels = LIST_LEVELS.get(kind, ())
    if one not in levels or other not in levels:
        return other
    return max(one, other, key=levels.index)
