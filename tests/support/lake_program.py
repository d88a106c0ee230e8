"""``minilake`` with two calls more: what it remembers can be taken out, and put back."""

from __future__ import annotations

from typing import Any

from minilake import admin, cli


@admin.router.get("/memory")
async def memory() -> dict[str, Any]:
    """Everything it remembers, by service."""
    return {name: service["get_state"]() for name, service in admin._state_functions.items()}


@admin.router.post("/memory")
async def remember(kept: dict[str, Any]) -> dict[str, Any]:
    """Remember this instead."""
    for name, state in kept.items():
        admin._state_functions[name]["restore_state"](state)
    return {}


if __name__ == "__main__":
    raise SystemExit(cli.main())
