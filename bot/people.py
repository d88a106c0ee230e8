"""Who is meant: people named in a text, by mention, address or name, looked up in the policy's directory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.text import level, plain
from gitops.policy import Person, Policy

EMAIL = re.compile(r"[A-Za-z0-9][\w.+'-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z0-9-]+")
MENTION = re.compile(r"<@([UW][A-Z0-9]{2,24})>")
_ADDRESS = re.compile(r"<(https?://[^<>|\s]+)(?:\|[^<>\n]*)?>")
_SELF = re.compile(r"\b(?:I|I'm|i'm|Im|im|I am|i am|me|Me|ME|myself|yours truly|ich|Ich|mich|mir)\b")


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
        for match in re.finditer(
            rf"(?<![\w@.-]){re.escape(name)}(?!\w|@|\.\w|'s (?!the |our |my |an? ))", flat
        ):
            if (
                _is_login(name, policy)
                or " " in name
                or (
                    (any_case or text[match.start()].isupper())
                    and not _of_another(match, text, policy, email)
                )
            ):
                take(match.start(), match.end(), email)
            elif text[match.start()].isupper():
                start, end = _whole_name(match, text)
                take(start, end, None)
    for match in _SELF.finditer(text):
        take(match.start(), match.end(), requester.email if requester else None, myself=True)
    return tuple(sorted(found, key=lambda meant: meant.start))


def spoken(text: str, policy: Policy) -> str:
    """Slack text for readers elsewhere: no markup, addresses written out, and names for mentions."""

    def name(found: re.Match[str]) -> str:
        person = policy.person(slack=found[1])
        return person.name if person else "somebody"

    return MENTION.sub(name, plain(_ADDRESS.sub(r" \1 ", text)))


_BEFORE = re.compile(r"([^\W\d_][\w'-]+) $")
_AFTER = re.compile(r" ([^\W\d_][\w'-]+)")
_NO_SURNAME = re.compile(
    r"(?:is|as|and|or|the|business|technical|owner|data|team|from|for|to|please|will|has|can|should|owns|i"
    r"|we|she|he|who|it"
    r"|in|on|at|of|not|isn't|by|with|dr|mr|ms|mrs|prof|herr|frau|ask|hi|hey|hello|dear|thanks|access|und"
    r"|oder|ist)s?",
    re.I,
)


def _is_login(name: str, policy: Policy) -> bool:
    return policy.person(github=name) is not None


def _of_another(match: re.Match[str], text: str, policy: Policy, email: str) -> bool:
    """Whether a first or last name stands in the full name of somebody else: the Jane of "Jane Miller".

    The other part counts when it is written with a capital, and is not almost the person's own ("Jnae Doe").
    """
    person = policy.person(email=email)
    words = level(person.name).split() if person else []
    if len(words) < 2 or not text[match.start()].isupper():
        return False
    first = level(match[0]) == words[0]
    beside = _AFTER.match(text[match.end() :]) if first else _BEFORE.search(text[: match.start()])
    if beside is None or not beside[1][0].isupper() or _NO_SURNAME.fullmatch(beside[1]):
        return False
    if (
        not first
        and not text[: match.start()].removesuffix(f"{beside[1]} ").rstrip(" *_`\"'(")
        and len(text.split()) > 3
    ):
        return False  # the capital may only begin the sentence
    return fuzz.ratio(level(beside[1]), words[-1] if first else words[0]) < 75


def _whole_name(match: re.Match[str], text: str) -> tuple[int, int]:
    before, after = _BEFORE.search(text[: match.start()]), _AFTER.match(text[match.end() :])
    start = before.start() if before and before[1][0].isupper() else match.start()
    return start, match.end() + (after.end() if after and after[1][0].isupper() else 0)


def _names(policy: Policy) -> list[tuple[str, str]]:
    """Full names, first and last names that one person alone has, logins; longest first, levelled."""
    parts: dict[str, set[str]] = {}
    full: dict[str, str] = {}
    logins: dict[str, str] = {}
    for person in policy.people:
        words = level(person.name).split()
        full[" ".join(words)] = person.email
        if person.github and not person.github.isdigit():
            logins[level(person.github)] = person.email
        for word in {words[0], words[-1]}:
            if len(word) > 1:
                parts.setdefault(word, set()).add(person.email)
    single = {word: next(iter(emails)) for word, emails in parts.items() if len(emails) == 1}
    return sorted((logins | single | full).items(), key=lambda pair: -len(pair[0]))
