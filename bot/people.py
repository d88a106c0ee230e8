"""Who is meant: people named in a text, by mention, address or name, looked up in the policy's directory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.text import level
from gitops.policy import Person, Policy

EMAIL = re.compile(r"[A-Za-z0-9][\w.+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z0-9-]+")
MENTION = re.compile(r"<@([UW][A-Z0-9]{2,24})>")
_SELF = re.compile(r"\b(?:I|I'm|i'm|Im|im|I am|i am|me|Me|myself|yours truly|ich|Ich|mich|mir)\b")


@dataclass(frozen=True, slots=True)
class Meant:
    """A person named at ``start`` to ``end`` of a text; ``email`` is ``None`` for one the directory does
    not know.

    ``myself`` marks "I" and "me".
    """

    start: int
    end: int
    text: str
    email: str | None
    myself: bool = False


def people_in(
    text: str, policy: Policy, requester: Person | None, *, any_case: bool = False
) -> tuple[Meant, ...]:
    """Everybody named in a text, in order. First and last names count when one person alone has them.

    ``any_case`` reads names in small letters too, for answers to "who?".
    """
    found: list[Meant] = []
    taken: list[tuple[int, int]] = []

    def take(start: int, end: int, email: str | None, myself: bool = False) -> None:
        if all(end <= begin or start >= stop for begin, stop in taken):
            taken.append((start, end))
            found.append(Meant(start, end, text[start:end], email, myself))

    for match in MENTION.finditer(text):
        person = policy.person(slack=match[1])
        take(match.start(), match.end(), person.email if person else None)
    for match in EMAIL.finditer(text):
        address = match[0].rstrip(".'")
        known = policy.person(email=address)
        take(match.start(), match.start() + len(address), known.email if known else address)
    flat = level(text)
    for name, email in _names(policy):
        for match in re.finditer(rf"(?<![\w@.-]){re.escape(name)}(?!\w|@|\.\w)", flat):
            if any_case or " " in name or text[match.start()].isupper():
                take(match.start(), match.end(), email)
    for match in _SELF.finditer(text):
        take(match.start(), match.end(), requester.email if requester else None, myself=True)
    return tuple(sorted(found, key=lambda meant: meant.start))


def _names(policy: Policy) -> list[tuple[str, str]]:
    """Full names, then first and last names that belong to one person, longest first, levelled."""
    parts: dict[str, set[str]] = {}
    full: dict[str, str] = {}
    for person in policy.people:
        words = level(person.name).split()
        full[" ".join(words)] = person.email
        for word in {words[0], words[-1]}:
            if len(word) > 1:
                parts.setdefault(word, set()).add(person.email)
    single = {word: next(iter(emails)) for word, emails in parts.items() if len(emails) == 1}
    return sorted((single | full).items(), key=lambda pair: -len(pair[0]))
