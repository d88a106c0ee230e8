"""Check runs, and what they carry from review to apply: approved sets of changes, in a text read strictly.

The text is the ``output.text`` of the check run ``lakeport/plan``. Anything odd about it means refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitops.errors import Refused
from gitops.plan import JSON, Approved, digest

if TYPE_CHECKING:
    from github.CheckRun import CheckRun
    from github.Repository import Repository

PLAN_CHECK = "lakeport/plan"
GATE_CHECK = "lakeport/gate"
TEXT_LIMIT = 65_535
"""Characters that GitHub keeps of ``output.text`` and ``output.summary``."""
ANNOTATIONS = 50
"""Annotations that GitHub takes in one call."""

_FENCE = "```json lakeport-approved"
_BLOCK = re.compile(rf"^{_FENCE}\n(?P<json>[^\n]*)\n```$", re.MULTILINE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KEYS = {"request", "file_digest", "plan_digest", "changes"}


def encode_approved(approved: Iterable[Approved]) -> str:
    """The sets as text for a check run: one line for people, then one fenced line of JSON for a machine.

    Raises:
        Refused: the text would be longer than a check run holds.
    """
    sets = sorted((one.as_json() for one in approved), key=lambda one: str(one["request"]))
    data = json.dumps({"version": 1, "approved": sets}, separators=(",", ":"))
    count = sum(len(one["changes"]) for one in sets)
    text = f"Digests of what may be carried out after the merge: {count} changes.\n\n{_FENCE}\n{data}\n```"
    if len(text) > TEXT_LIMIT:
        raise Refused(
            f"The plan has {count} changes, more than can be approved at once.",
            why="A check run of GitHub holds 65,535 characters, some 900 changes.",
            fix="Split the request into several.",
        )
    return text


def decode_approved(text: str | None) -> tuple[Approved, ...] | None:
    """The inverse of :func:`encode_approved`; ``None`` for anything that it would not have written."""
    blocks = _BLOCK.findall(text or "")
    if len(blocks) != 1 or (text or "").count(_FENCE) != 1:
        return None
    try:
        data = json.loads(blocks[0])
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.keys() != {"version", "approved"} or data["version"] != 1:
        return None
    sets = data["approved"]
    if not isinstance(sets, list) or not all(_sound(one) for one in sets):
        return None
    found = tuple(Approved.from_json(one) for one in sets)
    return found if len({one.request for one in found}) == len(found) else None


def _sound(data: JSON) -> bool:
    """Whether it is one approved set whose plan digest follows from the rest."""
    if not isinstance(data, Mapping) or data.keys() != _KEYS or not isinstance(data["request"], str):
        return False
    changes = data["changes"]
    digests = [data["file_digest"], data["plan_digest"], *(changes if isinstance(changes, list) else [None])]
    if not all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in digests):
        return False
    return str(data["plan_digest"]) == digest([data["request"], data["file_digest"], sorted(changes)])


@dataclass(frozen=True)
class CheckRuns:
    """The check runs of one repository; ``app`` is the slug of the one app whose runs are trusted.

    Raises what PyGithub raises.
    """

    repo: Repository
    app: str

    def put(
        self,
        sha: str,
        name: str,
        conclusion: str,
        output: Mapping[str, str],
        annotations: Sequence[Mapping[str, Any]],
    ) -> None:
        """Create or update the run of this name on this commit; ``output`` has ``title, summary, text``."""
        if any(len(text) > TEXT_LIMIT for text in output.values()):
            raise Refused(f"What the check {name} has to say is longer than GitHub keeps.")
        words: dict[str, Any] = {key: text for key, text in output.items() if text}
        batches = [
            list(annotations[start : start + ANNOTATIONS])
            for start in range(0, len(annotations), ANNOTATIONS)
        ]
        first = words | ({"annotations": batches[0]} if batches else {})
        said: dict[str, Any] = {"status": "completed", "conclusion": conclusion}
        run = self.latest(sha, name)
        # GitHub only ever adds annotations to a run, and keeps a text that is not sent again: start afresh.
        if (
            run is None
            or batches
            or run.output.annotations_count
            or (run.output.text and "text" not in words)
        ):
            run = self.repo.create_check_run(name, sha, output=first, **said)
        else:
            run.edit(output=first, **said)
        for batch in batches[1:]:
            run.edit(output=words | {"annotations": batch}, **said)

    def latest(self, sha: str, name: str) -> CheckRun | None:
        """The newest run of this name on this very commit that the trusted app has written."""
        runs: Iterable[Any] = self.repo.get_commit(sha).get_check_runs(check_name=name)
        ours = [run for run in runs if run.app and run.app.slug == self.app]
        exact = [run for run in ours if run.name == name and run.head_sha == sha]
        return max(exact, key=lambda run: run.id, default=None)

    def approved(self, sha: str) -> tuple[Approved, ...]:
        """The sets in a successful ``lakeport/plan`` on this commit; empty if anything is missing or odd."""
        run = self.latest(sha, PLAN_CHECK)
        if run is None or run.status != "completed" or run.conclusion != "success":
            return ()
        return decode_approved(run.output.text) or ()
