"""The kinds that there are."""

from __future__ import annotations

import handlers


def test_a_kind_is_called_like_its_module() -> None:
    """So that their names are known without importing one."""
    assert handlers.names() == tuple(handlers.registry())
