"""The same as another request: what a message names, and what is copied of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue import Like, Note, World
from bot.draft import Draft, FieldUpdate, Patch
from bot.requests import meant
from gitops.draft import Value

NAME = "metadata.name"
COPIED = (
    "I copied from {name} what it has and how it is set up. What it is for, who answers for it, how the data "
    "is classified and until when you need it I ask anew."
)

_SAME = re.compile(
    r"\b(?:the )?(?:(?P<sure>same (?:thing |setup |set-up |project |request |stuff )?as"
    r"|(?:a )?(?:copy|clone) of)"
    r"|(?:just |exactly )?like)"
    r" (?:the |our |my |what we have for |for )?[`\"'“*]?(?P<name>[A-Za-z][A-Za-z0-9_/-]{1,119})",
    re.I,
)
_FOR = re.compile(
    r"\bbut (?:called|named|for|as)(?: the| our)? [`\"'“*]?(?P<name>[A-Za-z][A-Za-z0-9_-]{2,39})\b", re.I
)
_NO_NAME = frozenset(
    {
        "above", "always", "an", "and", "any", "before", "ever", "everybody", "everyone", "he", "here", "in",
        "it", "last", "me", "now", "other", "others", "said", "she", "that", "them", "there", "these", "they",
        "this", "those", "to", "usual", "we", "what", "you", "your", "yesterday",
    }
)  # fmt: skip


def same_as(text: str, ids: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """What "same as …" in a message names: the word, and the requests it can mean; ``None`` for no such.

    "like …" is said of many things, so that it only counts with the name of a request.
    """
    for found in _SAME.finditer(text):
        word = found["name"]
        if word.casefold() in _NO_NAME:
            continue
        which = meant(word, ids)
        if which or found["sure"]:
            return word, which
    return None


def speaks_of_another(text: str) -> bool:
    """Whether a message may say "same as …"; only then the list of requests is needed."""
    return bool(_SAME.search(text))


def but_for(text: str) -> tuple[str, str] | None:
    """The name after "but for …", with the words that say it."""
    found = _FOR.search(text)
    return (found["name"].casefold().replace("_", "-"), found[0]) if found else None


# --- in the draft ---------------------------------------------------------------------------------------


def besides(updates: Sequence[FieldUpdate], like: Like, text: str, world: World) -> Sequence[FieldUpdate]:
    """The updates with the name of the new request, where "same as …" goes on with "but for …" and a name."""
    named = but_for(text) if like.found else None
    if named is None or any(update.path == NAME for update in updates):
        return updates
    name, quote = named
    words = {*world.policy.teams, *world.policy.environments, *_field_words(world)}
    return updates if name in words else [*updates, FieldUpdate(NAME, "set", name, quote)]


def _field_words(world: World) -> set[str]:
    """Words that are values of something else, and so no names."""
    return {word for field in world.catalogue.values() for word in (*field.choices, *field.ask.words)}


def copied(draft: Draft, like: Like | None, ts: str, turn: int) -> tuple[Draft, tuple[Note, ...]]:
    """What another request of theirs says, where this one says nothing yet; marked as looked up there."""
    if like is None or draft.merged is not None:
        return draft, ()
    if not like.found:
        return draft, (Note(f"I find no request of yours called {like.word}, so I ask for what I need."),)
    if len(like.found) > 1:
        names = " or ".join(like.found[:4])
        return draft, (Note(f"Which one do you mean, {names}? Say “same as” and its full name."),)
    name = like.found[0]
    patches = [
        Patch(path, None, Value(value, "looked_up", f"copied from {name}"), "", ts, turn)
        for path, value in like.values.items()
        if path not in draft.said
    ]
    return draft.changed(patches), (Note(COPIED.format(name=name)),)
