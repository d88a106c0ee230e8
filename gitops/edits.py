"""Two versions of a value compared field by field: what a person changed, and what each of it means.

Pure, over what the files say and what the models note beside their fields (:mod:`gitops.edited`). Entries of
lists are told apart by what they are, not by where they stand, so an order is never an edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct
from msgspec.structs import replace

from gitops.edited import CHANGED, GIVEN, GONE, Edit, Edited, Effect
from gitops.leaves import leaves
from gitops.model import FieldInfo, bare, entry_type, fields_of, is_model, noted

if TYPE_CHECKING:
    from gitops.plan import JSON
    from gitops.yamlfile import Path


def edits_of(
    model: Any,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    was: Any,
    wanted: Any,
    path: str = "",
    at: Path = (),
    thing: str = "",
    resource: str = "",
) -> Iterator[Edit]:
    """The edits that lead from one mapping of a file to another, in the order of the model's fields.

    ``was`` and ``wanted`` are the same two as the model holds them; ``was`` is ``None`` where there was
    nothing. ``path`` and ``at`` are where the mapping stands, ``thing`` and ``resource`` what it is (see
    :class:`~gitops.edited.Edit`). What is only written in another way (an order, quotes, an empty list) gives
    nothing.
    """
    walk = _Walk(thing=thing, resource=resource, was=was, wanted=wanted)
    yield from walk.fields(model, old, new, _Spot(path=path, at=at, top=True))


def _keys(old: Mapping[str, Any], new: Mapping[str, Any], first: Sequence[str] = ()) -> list[str]:
    """The keys of both, once; in the model's order as far as it knows them."""
    both = dict.fromkeys((*old, *new))
    return [*(key for key in first if key in both), *(key for key in both if key not in first)]


# --- one place after the other --------------------------------------------------------------------


class _Note(Struct, frozen=True, kw_only=True):
    """What is known of a field: its type, whether a wrong value is risky, and what an edit means."""

    annotation: Any = None
    risky: bool = False
    edited: Edited = Edited()

    @classmethod
    def of(cls, info: FieldInfo | None) -> _Note:
        if info is None:
            return cls()
        edited = next((item for item in noted(info.annotation) if isinstance(item, Edited)), Edited())
        return cls(annotation=info.annotation, risky=info.ask is not None and info.ask.risky, edited=edited)


class _Spot(Struct, frozen=True, kw_only=True):
    """Where a walk is.

    ``top``: what comes next are fields of the model itself; below them, ``name`` is the name of that field.
    ``typed`` is what the model holds for it, defaults filled in, as merged and as proposed. ``entry`` is the
    entry of a list that the walk is in, ``of`` the name of that.
    """

    path: str
    at: Path
    name: str = ""
    label: str = ""
    of: str = ""
    entry: Mapping[str, Any] = {}
    top: bool = False
    typed: tuple[Any, Any] | None = None


class _Walk(Struct, frozen=True, kw_only=True):
    """A walk through a resource or the metadata: ``was`` is it as merged, ``wanted`` as proposed."""

    thing: str = ""
    resource: str = ""
    was: Any = None
    wanted: Any = None

    def fields(
        self, model: Any, old: Mapping[str, Any], new: Mapping[str, Any], spot: _Spot
    ) -> Iterator[Edit]:
        """The edits of the fields of a mapping; where the model does not know one, by its name alone."""
        if old == new:
            return  # looking at a model takes time, the first time
        known = fields_of(model) if is_model(model) else {}
        for key in _keys(old, new, tuple(known)):
            info = known.get(key)
            label = _lower(info.ask.label) if info and info.ask else key.replace("_", " ")
            typed = None
            if spot.top and hasattr(self.was, key):
                typed = getattr(self.was, key), getattr(self.wanted, key)
            here = replace(
                spot,
                path=f"{spot.path}.{key}" if spot.path else key,
                at=(*spot.at, key),
                name=key if spot.top else spot.name,
                label=f"{label} for {spot.of}" if spot.of else label,
                top=False,
                typed=typed,
            )
            yield from self.value(_Note.of(info), old.get(key), new.get(key), here)

    def value(self, note: _Note, old: Any, new: Any, spot: _Spot) -> Iterator[Edit]:
        """The edits of what stands at a place; ``None`` stands for nothing."""
        if leaves(old) == leaves(new):
            return
        some = [value for value in (old, new) if value is not None]
        if all(isinstance(value, list) for value in some):
            yield from self._entries(note, old or [], new or [], spot)
        elif all(isinstance(value, Mapping) for value in some):
            inner = bare(note.annotation)
            if is_model(inner):
                yield from self.fields(inner, old or {}, new or {}, spot)
                return
            below = replace(note, annotation=(get_args(inner) or (None,))[-1])
            was, wanted = old or {}, new or {}
            for key in _keys(was, wanted):
                here = replace(spot, path=f"{spot.path}.{key}", at=(*spot.at, key), typed=None)
                here = replace(here, label=f"{spot.label} {key}")
                yield from self.value(below, was.get(key), wanted.get(key), here)
        else:
            yield self._scalar(note, old, new, spot)

    def _scalar(self, note: _Note, old: Any, new: Any, spot: _Spot) -> Edit:
        typed, effect = spot.typed, self._effect(note, gone=new is None)
        was, becomes = old, new
        if (typed and typed[0] == typed[1]) or (note.edited.immutable and _same_name(old, new)):
            effect = Effect.SAME
        elif typed:
            was = _default(typed[0]) if old is None else old
            becomes = _default(typed[1]) if new is None else new
        sign = GIVEN if was is None else GONE if becomes is None else CHANGED
        value = " → ".join(_text(one) for one in (was, becomes) if one is not None)
        return self._edit(note, spot, (spot.path,), sign, (spot.label, value), effect, (old, new))

    def _entries(self, note: _Note, old: Sequence[Any], new: Sequence[Any], spot: _Spot) -> Iterator[Edit]:
        """Entries by what they are: those of single values together, others one by one."""
        olds, news = _by_identity(old, note.edited), _by_identity(new, note.edited)
        plain = not any(isinstance(value, Mapping | list) for value in (*old, *new))
        gone = [key for key in olds if key not in news]
        added = [key for key in news if key not in olds]
        for keys, have, sign in ((gone, olds, GONE), (added, news, GIVEN)):
            for some in [keys] if plain and keys else [[key] for key in keys]:
                yield self._listed(note, sign, [have[key][1] for key in some], some, spot)
        inner = entry_type(note.annotation)
        for key in (key for key in news if key in olds):
            (_, was), (index, wanted) = olds[key], news[key]
            here = replace(spot, path=f"{spot.path}[{key}]", at=(*spot.at, index), typed=None)
            if isinstance(was, Mapping) and isinstance(wanted, Mapping):
                name = note.edited.same(wanted) if note.edited.same else ""
                yield from self.fields(bare(inner), was, wanted, replace(here, of=name, entry=wanted))
            else:
                yield from self.value(replace(note, annotation=inner), was, wanted, here)

    def _listed(
        self, note: _Note, sign: str, values: Sequence[Any], keys: Sequence[str], spot: _Spot
    ) -> Edit:
        """Entries that are new in a list, or gone from it."""
        effect = self._effect(note, gone=sign == GONE)
        brief = "; ".join(_brief(value, note.edited) for value in values)
        if not isinstance(values[0], Mapping):
            brief = ", ".join(map(_text, values))
        pattern = note.edited.added if sign == GIVEN else note.edited.dropped
        label, value = spot.label, brief
        if sign == GONE and effect is Effect.LEFT:
            value = f"{brief}, no longer in the file"
        elif pattern:
            entry = values[0] if isinstance(values[0], Mapping) else spot.entry
            words = {key: _text(part) for key, part in entry.items()} | {"values": brief}
            label, value = "", pattern.format_map(words)
        was_is = (None, list(values)) if sign == GIVEN else (list(values), None)
        paths = tuple(f"{spot.path}[{key}]" for key in keys)
        return self._edit(note, spot, paths, sign, (label, value), effect, was_is)

    def _effect(self, note: _Note, *, gone: bool) -> Effect:
        if self.was is None:
            return Effect.RECORDED  # of a new request: what is made of it, its resources say
        if note.edited.immutable:
            return Effect.REFUSED
        meaning = note.edited.gone if gone and note.edited.gone is not None else note.edited.changed
        return meaning if isinstance(meaning, Effect) else meaning(self.wanted)

    def _edit(
        self,
        note: _Note,
        spot: _Spot,
        paths: tuple[str, ...],
        sign: str,
        words: tuple[str, str],
        effect: Effect,
        was_is: tuple[JSON, JSON],
    ) -> Edit:
        silent = effect in (Effect.SAME, Effect.REFUSED) or self.was is None
        return Edit(
            sign=sign,
            label=words[0],
            value=words[1],
            effect=effect,
            paths=paths,
            at=spot.at,
            field=spot.name,
            thing=self.thing,
            resource=self.resource,
            note="" if silent else note.edited.note,
            instead=note.edited.instead if effect is Effect.LEFT else "",
            rule="field-immutable" if effect is Effect.REFUSED and note.edited.immutable else "",
            risky=note.risky,
            before=was_is[0],
            after=was_is[1],
        )


def _by_identity(entries: Sequence[Any], edited: Edited) -> dict[str, tuple[int, Any]]:
    """Entries with their index by what tells them apart; a second one of the same is told by its number."""
    found: dict[str, tuple[int, Any]] = {}
    for index, value in enumerate(entries):
        name = key = edited.same(value).casefold() if edited.same else _text(value)
        number = 1
        while key in found and found[key][1] != value:
            number += 1
            key = f"{name}#{number}"
        found.setdefault(key, (index, value))
    return found


# --- words ----------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """A value as people write it; a list of single values without brackets."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(one, Mapping | list) for one in value):
        return ", ".join(map(_text, value))
    import json  # a check of one file has no need of it

    return json.dumps(value, ensure_ascii=False)


def _brief(value: Any, edited: Edited) -> str:
    """An entry with fields in few words: ``risk (USE_SCHEMA, SELECT)``."""
    if edited.same is None or not isinstance(value, Mapping):
        return _text(value)
    name = edited.same(value)
    rest = ", ".join(_text(part) for part in value.values() if part != name)
    return f"{name} ({rest})" if rest else name


def _same_name(old: Any, new: Any) -> bool:
    return isinstance(old, str) and isinstance(new, str) and old.casefold() == new.casefold()


def _default(value: Any) -> Any:
    """What a model holds where the file says nothing, as the file would say it; ``None`` for nothing."""
    return value if isinstance(value, bool | int | str) and value != "" else None


def _lower(label: str) -> str:
    """A label within a sentence: ``max workers``, but ``GPU``."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
