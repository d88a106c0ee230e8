"""Check runs, and what they carry from review to apply: approved sets of changes, in a text read strictly.

The text is the ``output.text`` of the check run ``lakeport/plan``. Anything odd about it means refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from msgspec import Struct

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


class Planned(Struct, frozen=True, kw_only=True):
    """What a plan on a commit lets pass, for one request.

    ``drawn`` is when that plan was drawn and ``since`` when one with these very changes was first to be read
    there, both by GitHub's clock, in UTC. What it says of itself is not asked.
    """

    approved: Approved
    drawn: datetime
    since: datetime


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
        # Each plan is a run of its own: the time that GitHub gives it says when it was drawn.
        run = self.latest(sha, name) if name != PLAN_CHECK else None
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
        return max(self._ours(sha, name, "latest"), key=lambda run: run.id, default=None)

    def planned(self, sha: str, *, by: datetime) -> tuple[Planned, ...]:
        """What ``lakeport/plan`` on this commit let pass by this time, by request.

        The newest of the runs that were over by then counts, and only if it was a success that reads well: a
        plan that was drawn after the merge was before nobody who approved.
        """
        runs = sorted(self._ours(sha, PLAN_CHECK, "all"), key=lambda run: run.id, reverse=True)
        past = [run for run in runs if run.completed_at is None or run.completed_at <= by]
        return tuple(
            Planned(approved=approved, drawn=past[0].completed_at, since=_since(past, approved))
            for approved in (_sets(past[0]).values() if past else ())
        )

    def _ours(self, sha: str, name: str, which: str) -> list[Any]:
        runs: Iterable[Any] = self.repo.get_commit(sha).get_check_runs(check_name=name, filter=which)
        ours = [run for run in runs if run.app and run.app.slug == self.app]
        return [run for run in ours if run.name == name and run.head_sha == sha]


def _since(past: Iterable[Any], approved: Approved) -> datetime:
    """When the first of the runs ended that all say the same of a request; ``past`` is the newest first."""
    same = takewhile(lambda run: _sets(run).get(approved.request) == approved, past)
    first: datetime = min(run.completed_at for run in same)
    return first


def _sets(run: Any) -> dict[str, Approved]:
    """The sets in a finished, successful run, by request; empty if anything is missing or odd."""
    if run.status != "completed" or run.conclusion != "success" or run.completed_at is None:
        return {}
    return {one.request: one for one in decode_approved(run.output.text) or ()}
