"""The command ``lakeport``: hands the kinds of resources and further commands to the command line."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

from gitops import cli

if TYPE_CHECKING:
    from gitops.kind import AnyKind, Registry


FURTHER: Mapping[str, cli.Further] = {
    "converse": cli.Further(
        "Rehearse", "Play conversations with the bot and score them.", "bot.rehearsal.command"
    ),
    "scaffold": cli.Further(
        "Change the live systems", "Propose newer templates to repositories.", "handlers._scaffold_command"
    ),
}
"""Commands of the layers above, imported when they are called."""


class Kinds(Mapping[str, "AnyKind"]):
    """The registry, made when somebody looks into it: ``--help`` and ``status`` need no kind."""

    def __getitem__(self, name: str) -> AnyKind:
        return _kinds()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_names())

    def __len__(self) -> int:
        return len(_names())


def _names() -> Sequence[str]:
    from handlers import names

    return names()


def _kinds() -> Registry:
    from handlers import registry

    return registry()


def main() -> None:
    """Run the command and leave with its exit code."""
    gc.set_threshold(
        20_000
    )  # what is imported stays, and looking through it for circles is a twentieth of a check
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # an answer is never lost to a character
    raise SystemExit(cli.main(Kinds(), further=FURTHER))


if __name__ == "__main__":
    main()
