"""The failure plan: what becomes of a change that was done, when one that needs it fails in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.errors import LakeportError
from gitops.looking import standing
from gitops.outputs import resource_key
from gitops.plan import STAGES, Change, OnFailure, RefusedChange, Verb
from gitops.running import sentence

if TYPE_CHECKING:
    from gitops.kind import Desired
    from gitops.running import Running


class Undoing:
    """Takes away again what this run made and the plan says is to be undone, and says what is on hold.

    ``undone`` and ``stays`` map keys of changes to why, in a sentence; ``hold`` is why nothing goes on by
    itself, empty where it does.
    """

    def __init__(self, run: Running, wanted: Sequence[Desired[Any]]) -> None:
        self._run = run
        self._wanted = {resource_key(one, run.registry): one for one in wanted}
        self._needing = _needing(run.plan.needs)
        self.undone: dict[str, str] = {}
        self.stays: dict[str, str] = {}

    @property
    def hold(self) -> str:
        """Why nothing goes on by itself: what is done and to be held, and what failed that needs it."""
        for change in self._run.plan.changes:
            if change.on_failure is OnFailure.HOLD and self._run.done(change.key):
                failed = self._failed(change.key)
                if failed:
                    return f"{change.key} is done and is to be held, since {failed} failed."
        return ""

    def go(self) -> None:
        """Take away what is to be undone, what was made last first."""
        for change in reversed(self._run.plan.changes):
            made = change.verb is Verb.CREATE and self._run.done(change.key)
            failed = self._failed(change.key) if made and change.on_failure is OnFailure.UNDO else ""
            if failed:
                self._take_away(change, failed)

    def _failed(self, key: str) -> str:
        """The first change that needs this one, however indirectly, and failed; empty when none did."""
        return next(
            (
                one.key
                for one in self._run.plan.changes
                if one.key in self._needing.get(key, ()) and self._run.failed(one.key)
            ),
            "",
        )

    def _take_away(self, change: Change, failed: str) -> None:
        resource = _resource(change)
        ours = [one for one in self._run.plan.changes if _resource(one) == resource]
        needing = {_resource(one) for one in self._run.plan.changes if self._touched(one, change)}
        try:
            above = [key for key in sorted(needing - {resource}) if self._stands(key)]
            if above:
                self.stays[change.key] = f"It stays although {failed} failed: {above[0]} stands on it."
                return
            sent = self._retire(resource)
        except (LakeportError, RefusedChange) as error:
            self.stays[change.key] = f"It could not be taken away again: {sentence(error)}"
            return
        for one in ours:
            if self._run.done(one.key):
                self.undone[one.key] = f"It was taken away again, since {failed} failed."
                self._run.sent.setdefault(one.key, []).extend(sent)
                self._run.journal.event(one.key, "undone", request=self._run.plan.request)

    def _touched(self, one: Change, change: Change) -> bool:
        """Whether it needs the change, and this run did something for it that it did not undo."""
        needs = one.key in self._needing.get(change.key, ())
        return needs and one.key in self._run.begun and one.key not in self.undone

    def _stands(self, resource: str) -> bool:
        return resource in standing([self._wanted[resource]], self._run.registry, self._run.clients)

    def _retire(self, resource: str) -> list[str]:
        """Look at what stands now, and take it away as its kind does; gives the ids of what was sent."""
        wanted = self._wanted[resource]
        kind = self._run.registry[wanted.spec.kind]
        state = kind.read(wanted, self._run.clients.of(kind))
        changes = [] if state is None else kind.retire(wanted, state)
        for change in sorted(changes, key=lambda one: STAGES.index(one.stage)):
            self._run.carry(change)
        return [one for change in changes for one in self._run.sent.get(change.key, ())]


def _resource(change: Change) -> str:
    return f"{change.kind}/{change.identity}"


def _needing(needs: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """For each change all that need it, however indirectly."""
    found: dict[str, set[str]] = {}
    for key in needs:
        above, seen = list(needs[key]), set()
        while above:
            one = above.pop()
            if one not in seen:
                seen.add(one)
                found.setdefault(one, set()).add(key)
                above += needs.get(one, ())
    return found
