"""What a pull request with a newer template says, and how we know it again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from gitops.markup import Page, code, escape
from gitops.plan import digest
from handlers._scaffold_files import File
from handlers._scaffold_marker import Marker
from handlers._scaffold_merge import Merge

PREFIX = "lakeport/scaffold-"
"""How the names of our branches begin."""

_TRAILER = "Lakeport-Scaffold"


class Proposal(Struct, frozen=True, kw_only=True):
    """A newer template for one repository: ``before`` is its note as it stands, ``after`` as it would be.

    ``merge`` is what would be written besides the note.
    """

    before: Marker
    after: Marker
    merge: Merge

    @property
    def branch(self) -> str:
        """One for each version of a template."""
        return f"{PREFIX}{self.after.template}-{self.after.version}"

    @property
    def digest(self) -> str:
        """Over all that would be written: the same proposal has the same digest, whatever else was pushed."""
        return digest(
            [
                self.after.text(),
                [[path, *_kept(file)] for path, file in sorted(self.merge.writes.items())],
            ]
        )

    @property
    def message(self) -> str:
        """Of the commit; its last line is how we know it for ours."""
        head = f"Bring the template {self.after.template} to {self.after.version}"
        return f"{head}\n\nRequest: {self.after.request}\n{_TRAILER}: {self.digest}"

    @property
    def title(self) -> str:
        """Of the pull request."""
        count = len(self.merge.conflicts)
        more = f" ({count} conflict{'s' if count > 1 else ''} to resolve)" if count else ""
        return f"Template {self.after.template} {self.after.version}{more}"

    def body(self, replaces: Iterable[int] = ()) -> str:
        """Of the pull request; conflicts come first, since they must be seen."""
        before, after, merge = self.before, self.after, self.merge
        page = Page(f"{mark(self.digest)}\n## {self.title}")
        page.add(
            f"This repository was filled from the template {code(before.template)} "
            f"{code(before.version or '0')} for the request {code(after.request)}. The template is at "
            f"{code(after.version)} by now; this brings over what changed in it."
        )
        sections: Mapping[str, Iterable[str]] = {
            "Both sides changed these files in the same places. Resolve the marked lines before you merge": (
                _rows(merge.conflicts)
            ),
            "Merged with your changes": _rows(merge.merged),
            "Left as they are here": (
                f"- {code(path)}: it {escape(why)}" for path, why in merge.left.items()
            ),
            "Replaced, nobody had changed them here": _rows(merge.replaced),
            "New": _rows(merge.added),
            "Gone from the template, and not changed here": _rows(merge.deleted),
        }
        for head, rows in sections.items():
            page.rows(f"### {head}\n", rows, what="files")
        numbers = ", ".join(f"#{number}" for number in replaces)
        page.add(
            (f"This replaces {numbers}. " if numbers else "")
            + "You may push to the branch: Lakeport then leaves it to you. Closed without a merge, it is not "
            "opened again for this version."
        )
        return str(page)


def _kept(file: File | None) -> list[object]:
    return [] if file is None else [file.text, file.executable]


def _rows(paths: Iterable[str]) -> Iterable[str]:
    return (f"- {code(path, 300)}" for path in paths)


def mark(proposal: str) -> str:
    """What the text of a pull request begins with, so that it is written once for each proposal."""
    return f"<!-- lakeport:scaffold {proposal} -->"


def digest_in(message: str) -> str:
    """The digest in the message of a commit of ours; empty in one by anybody else."""
    found = re.search(rf"^{_TRAILER}: (sha256:[0-9a-f]{{64}})\Z", message.rstrip(), re.MULTILINE)
    return found[1] if found else ""
