"""What a later edit of a field means for what stands, said beside its type for reviewers and for rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from gitops.plan import JSON
    from gitops.yamlfile import Path


class Effect(StrEnum):
    """What the next plan makes of an edit: a closed set."""

    MADE = "made"
    IN_PLACE = "in_place"
    RESTARTS = "restarts"
    NEXT_RUN = "next_run"
    TAKEN = "taken"
    LEFT = "left"
    RECORDED = "recorded"
    SAME = "same"
    REFUSED = "refused"


WORDS = {
    Effect.MADE: "made new",
    Effect.IN_PLACE: "changed in place",
    Effect.RESTARTS: "changed in place; restarts if it runs",
    Effect.NEXT_RUN: "from its next run on",
    Effect.TAKEN: "taken away",
    Effect.LEFT: "stays: nothing is taken away",
    Effect.RECORDED: "only recorded",
    Effect.SAME: "no difference",
    Effect.REFUSED: "refused",
}

Meaning = Effect | Callable[[Any], Effect]
"""An effect, or a function that says it for the spec (or the metadata) as proposed."""


class Edited(Struct, frozen=True, kw_only=True):
    """What it means to edit a field of a merged request: ``Annotated[int, Ask(…), Edited(…)]``.

    ``changed`` is what becomes of a new value, or of an entry that is added to a list; ``gone`` of a value or
    an entry that leaves the file (where left out: the same). An ``immutable`` field never changes.

    ``same`` gives what tells an entry of a list from the others (the group of a grant); without it an entry
    is its own value. ``added`` and ``dropped`` say an added and a taken entry in words, as patterns of
    ``str.format``: they know the fields of the entry (``{principal} may {privileges}``), and for a list
    within an entry ``{values}``.

    ``note`` is a clause beside the effect; ``instead`` says how to take away what an edit leaves standing.
    """

    changed: Meaning = Effect.IN_PLACE
    gone: Meaning | None = None
    immutable: bool = False
    same: Callable[[Any], str] | None = None
    added: str = ""
    dropped: str = ""
    note: str = ""
    instead: str = ""


GIVEN, CHANGED, GONE = "+", "~", "-"
"""Signs of an edit: a value is new, another, or gone."""


class Edit(Struct, frozen=True, kw_only=True):
    """One thing a person changed. ``sign`` is one of ``+ ~ -``.

    ``thing`` is what it belongs to in words ("the cluster growth-churn-dev"), ``resource`` its key
    (``compute/growth-churn-dev``); both are empty for what stands under ``metadata``. ``label`` and ``value``
    say the edit ("max workers", "4 → 8"); without a label the value is a clause of its own. ``field`` is the
    field of the metadata or of the resource, empty for a resource as a whole.

    ``paths`` are the places in the data that it covers, with all that stands below them; entries of lists go
    by what they are: ``resources[schema/ml_dev.churn].grants[growth].privileges[SELECT]``. ``at`` is the
    place in the proposed file. ``details`` are lines on what is new as a whole. ``rule`` is the rule that
    refuses it, ``instead`` says how to take away what the edit leaves standing. ``before`` and ``after`` are
    what the files say.
    """

    sign: str
    value: str
    effect: Effect
    paths: tuple[str, ...]
    at: Path = ()
    field: str = ""
    thing: str = ""
    resource: str = ""
    label: str = ""
    note: str = ""
    instead: str = ""
    details: tuple[str, ...] = ()
    rule: str = ""
    risky: bool = False
    before: JSON = None
    after: JSON = None

    @property
    def words(self) -> str:
        """The edit where it is clear what it belongs to: ``max workers: 4 → 8``."""
        return f"{self.label}: {self.value}" if self.label else self.value

    @property
    def sentence(self) -> str:
        """The edit by itself: ``max workers of the cluster growth-churn-dev: 4 → 8``."""
        if not self.thing or self.thing in self.value:
            return self.words
        if not self.label:
            return f"{self.value} on {self.thing}"
        return f"{self.label} of {self.thing}: {self.value}"

    @property
    def means(self) -> str:
        """What becomes of it: ``changed in place; restarts if it runs``."""
        return f"{WORDS[self.effect]}; {self.note}" if self.note else WORDS[self.effect]

    def as_json(self) -> dict[str, JSON]:
        """All fields, and ``words``, ``sentence`` and ``means``."""
        found: dict[str, JSON] = {name: getattr(self, name) for name in _TEXTS}
        return {
            **found,
            "sign": self.sign,
            "effect": str(self.effect),
            "risky": self.risky,
            "paths": list(self.paths),
            "at": list(self.at),
            "details": list(self.details),
            "before": self.before,
            "after": self.after,
            "words": self.words,
            "sentence": self.sentence,
            "means": self.means,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JSON]) -> Edit:
        """The inverse of :meth:`as_json`; the sentences are made anew."""
        return cls(
            **{name: str(data[name]) for name in _TEXTS},
            sign=str(data["sign"]),
            effect=Effect(data["effect"]),
            risky=bool(data["risky"]),
            paths=tuple(map(str, data["paths"])),
            at=tuple(data["at"]),
            details=tuple(map(str, data["details"])),
            before=data["before"],
            after=data["after"],
        )


_TEXTS = ("field", "thing", "resource", "label", "value", "note", "instead", "rule")
