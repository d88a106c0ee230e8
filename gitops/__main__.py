"""The command ``lakeport``: hands the kinds of resources to the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import handlers
from gitops import cli

if TYPE_CHECKING:
    from gitops.kind import AnyKind


class Kinds(Mapping[str, "AnyKind"]):
    """The registry, made when somebody looks into it: ``--help`` and ``status`` need no kind."""

    def __getitem__(self, name: str) -> AnyKind:
        return handlers.registry()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(handlers.registry())

    def __len__(self) -> int:
        return len(handlers.registry())


def main() -> None:
    """Run the command and leave with its exit code."""
    raise SystemExit(cli.main(Kinds()))


if __name__ == "__main__":
    main()
