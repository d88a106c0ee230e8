"""Comments on their way to another version of a file: with what they stand at, or away with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops.yamlcomments import Comment
    from gitops.yamltext import Path


def carry(
    comments: Sequence[Comment],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    renamed: Mapping[Path, Path] | None = None,
) -> tuple[Comment, ...]:
    """The comments of one version of a file where they belong in another one.

    A comment goes with its field or entry; one of something that was removed goes away with it. ``renamed``
    says which fields have another path now. What was empty and is left out now said nothing that could be
    removed: its comments go to the end of what it stood in.
    """
    partners: dict[Path, dict[int, int]] = {}
    found = []
    for comment in comments:
        path = _moved(comment.path, before, after, renamed or {}, partners)
        if path is not None:
            found.append(replace(comment, path=path))
    return settle(found, after)


def _moved(
    path: Path,
    before: Any,
    after: Any,
    renamed: Mapping[Path, Path],
    partners: dict[Path, dict[int, int]],
) -> Path | None:
    """Where what stood at a path stands now; ``None``: nowhere. ``partners`` are those of lists so far."""
    here: Path = ()
    for depth, part in enumerate(path, 1):
        inside, before = before, before[part]
        if path[:depth] in renamed:
            here = renamed[path[:depth]]
        elif isinstance(inside, list):
            if path[: depth - 1] not in partners:
                entries = _at(after, here)
                partners[path[: depth - 1]] = (
                    _partners(inside, entries) if isinstance(entries, list | tuple) else {}
                )
            partner = partners[path[: depth - 1]].get(int(part))
            if partner is None:
                return None
            here = (*here, partner)
        else:
            here = (*here, part)
        if _at(after, here) is _ABSENT:
            return (*here, *path[depth:]) if before in (None, [], {}) else None
    return here


def settle(comments: Sequence[Comment], data: Mapping[str, Any]) -> tuple[Comment, ...]:
    """The comments, those of what is not in the data at the end of the nearest list or mapping that is."""
    return tuple(_settled(comment, data) for comment in comments)


def _settled(comment: Comment, data: Any) -> Comment:
    value = _at(data, comment.path)
    if value is not _ABSENT and (comment.where != "end" or _has_parts(value)):
        return comment
    path = comment.path
    while path and not _has_parts(_at(data, path)):
        path = path[:-1]
    return replace(comment, path=path, where="end")


_ABSENT = object()


def _at(data: Any, path: Path) -> Any:
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part, _ABSENT)
        elif isinstance(data, list | tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return _ABSENT
    return data


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and bool(value)


def _partners(before: Sequence[Any], after: Sequence[Any]) -> dict[int, int]:
    """Which entry of a list became which: the equal one, or that of the same name with most in common."""
    partners: dict[int, int] = {}
    free: dict[str, list[int]] = {}
    for index, entry in enumerate(after):
        free.setdefault(json.dumps(entry, sort_keys=True), []).append(index)
    for index, entry in enumerate(before):
        if same := free.get(json.dumps(entry, sort_keys=True)):
            partners[index] = same.pop(0)
    taken = set(partners.values())
    changed = [
        (-_in_common(entry, other), old, new)
        for old, entry in enumerate(before)
        if old not in partners
        for new, other in enumerate(after)
        if new not in taken and _name(entry) == _name(other)
    ]
    for _, old, new in sorted(changed):
        if old not in partners and new not in taken:
            partners[old] = new
            taken.add(new)
    return partners


def _name(entry: Any) -> Any:
    """What an entry is called: its first value (``principal: growth``), a text up to its version."""
    if isinstance(entry, Mapping):
        return _name(next(iter(entry.values()), None))
    if isinstance(entry, str):
        return re.split(r"[=<>~!@ ]", entry, maxsplit=1)[0].casefold()
    return json.dumps(entry, sort_keys=True)


def _in_common(entry: Any, other: Any) -> int:
    if not isinstance(entry, Mapping) or not isinstance(other, Mapping):
        return 0
    return sum(key in other and other[key] == value for key, value in entry.items())
