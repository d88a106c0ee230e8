"""JSON values taken apart into their single values, so that two of them can be compared place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The single values in a JSON value by their path, such as ``settings.topics[churn]``.

    Members of lists of scalars are told apart by their value, others by their position; ``None`` is no value.
    """
    if isinstance(value, Mapping):
        parts = [(f"{path}.{name}" if path else str(name), part) for name, part in value.items()]
    elif not isinstance(value, list | tuple):
        return {} if value is None else {path: value}
    elif all(isinstance(part, str | int | float | bool) for part in value):
        return {f"{path}[{part}]": part for part in value}
    else:
        parts = [(f"{path}[{index}]", part) for index, part in enumerate(value)]
    return {key: leaf for name, part in parts for key, leaf in leaves(part, name).items()}


def differences(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """``(path, before, after)`` for every single value that is not the same; ``None`` for absent."""
    old, new = leaves(before), leaves(after)
    for path in [*old, *(path for path in new if path not in old)]:
        if old.get(path) != new.get(path):
            yield path, old.get(path), new.get(path)
