"""One module per kind of resource; :data:`registry` finds them."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops.kind import Kind, Registry


@cache
def registry() -> Registry:
    """Every kind by name: each module of this package that holds a ``KIND``, in alphabetical order.

    A module whose name starts with ``_`` is a part of a kind and no kind itself. Importing a kind imports no
    SDK; its ``connect`` does.
    """
    kinds: dict[str, Kind[Any, Any, Any]] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        if module.startswith("_"):
            continue
        kind: Kind[Any, Any, Any] = import_module(f"{__name__}.{module}").KIND
        kinds[kind.name] = kind
    return kinds
