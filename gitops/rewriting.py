"""A file with other bytes than it has: shown as a diff, or put in its place whole."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitops.errors import UsageError

_STYLES = {"---": "bold", "+++": "bold", "@@ ": "cyan", "-": "red", "+": "green"}


@dataclass(frozen=True)
class Rewrite:
    """A file, its bytes, and the bytes it is to have; ``file`` is its path in the checkout."""

    file: str
    before: bytes
    after: bytes

    @property
    def changes(self) -> bool:
        """Whether the bytes differ."""
        return self.before != self.after

    def diff(self) -> str:
        """The difference as a patch that ``git apply`` takes."""
        from difflib import unified_diff

        names = (f"a/{self.file}", f"b/{self.file}")
        return "".join(_ended(unified_diff(_lines(self.before), _lines(self.after), *names)))

    def carry_out(self, root: Path) -> None:
        """Put the new bytes in the file's place at once, with the mode it has: it is never half written.

        Raises:
            UsageError: it cannot be written.
        """
        from tempfile import NamedTemporaryFile

        path = root / self.file
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
            with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as fresh:
                try:
                    fresh.write(self.after)
                    fresh.flush()
                    os.fchmod(fresh.fileno(), mode)
                    os.fsync(fresh.fileno())
                    Path(fresh.name).replace(path)
                except BaseException:
                    Path(fresh.name).unlink()
                    raise
        except OSError as error:
            raise UsageError(f"{self.file} cannot be written: {error.strerror}.") from error


def show_diffs(rewrites: Sequence[Rewrite]) -> None:
    """The differences on standard output: in colours on a terminal, as a patch anywhere else."""
    from gitops.terminal import say

    if not sys.stdout.isatty():
        say("".join(rewrite.diff() for rewrite in rewrites))
        return
    from gitops.markup import visible
    from gitops.render import open_console

    console = open_console(sys.stdout)
    for rewrite in rewrites:
        for line in rewrite.diff().split("\n")[:-1]:
            style = next((style for start, style in _STYLES.items() if line.startswith(start)), None)
            console.print(visible(line), style=style, soft_wrap=True)


def _lines(raw: bytes) -> list[str]:
    text = raw.decode("utf-8", "replace")
    return [line for line in re.split(r"(?<=\n)", text) if line]  # lines of a file end in \n and nothing else


def _ended(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
