"""One module per kind of resource; :data:`registry` finds them."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops.kind import Kind, Registry


@cache
def names() -> tuple[str, ...]:
    """The names of all kinds in alphabetical order, without importing one: each is that of its module.

    A module whose name starts with ``_`` is a part of a kind and no kind itself.
    """
    return tuple(sorted(one.name for one in pkgutil.iter_modules(__path__) if not one.name.startswith("_")))


@cache
def registry() -> Registry:
    """Every kind by name: each module of this package that holds a ``KIND``.

    Importing a kind imports no SDK; its ``connect`` does.
    """
    kinds: dict[str, Kind[Any, Any, Any]] = {}
    for name in names():
        kind: Kind[Any, Any, Any] = import_module(f"{__name__}.{name}").KIND
        kinds[kind.name] = kind
    return kinds
