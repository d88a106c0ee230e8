"""Which file the person who asked has confirmed: what our app says on commits, and whether the head has it.

Pure. A word is a commit status of the context :data:`CONTEXT`. GitHub says who made it, nobody can change or
delete it, and a status of anybody but our app is not read; what is typed into a commit message counts for
nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from gitops.plan import digest

CONTEXT = "lakeport/confirmed"
WANTED, UNWANTED = "success", "failure"
"""States of a status: this is the file that the person wants, or it is not."""
LAKEPORT = "lakeport"
"""Who confirmed what Lakeport wrote without anybody asking for it: the end of a request, a drift."""

_WORDS = re.compile(r"(sha256:[0-9a-f]{64}) (?:confirmed|not wanted) by ([UW][A-Z0-9]{2,24}|lakeport)")


class Word(Struct, frozen=True, kw_only=True):
    """One status of the context: who made it, its state, and what it says."""

    creator: str
    state: str
    description: str


class Pushed(Struct, frozen=True, kw_only=True):
    """A commit of a pull request: ``logins`` of who made it, ``words`` on it, the newest first."""

    sha: str
    logins: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()


class Confirmed(Struct, frozen=True, kw_only=True):
    """What was confirmed last and holds: the digest of the file, by whom (a Slack id, or :data:`LAKEPORT`).

    ``digest`` is empty where nothing was. ``commit`` is the one it was said on, ``since`` are the logins
    of who made the commits after it. ``unwanted`` are the digests that were turned down after it.
    """

    digest: str = ""
    by: str = ""
    commit: str = ""
    since: tuple[str, ...] = ()
    unwanted: frozenset[str] = frozenset()


def in_words(file_digest: str, by: str, *, wanted: bool = True) -> str:
    """The description of a status; GitHub takes 140 characters."""
    return f"{file_digest} {'confirmed' if wanted else 'not wanted'} by {by}"


def trailers(file_digest: str, by: str) -> tuple[str, str]:
    """What the message of our commit says of it, for people who read the history; anybody can type that."""
    return f"Lakeport-Confirmed: {file_digest}", f"Lakeport-Confirmed-By: {by}"


def last_word(commits: Iterable[Pushed], app: str) -> Confirmed:
    """What holds, given the commits of a pull request, the newest first; reads no further than it has to.

    ``app`` is the login of our app. Of a file that was confirmed and then turned down, or the other way
    round, the newer word holds. A file that is turned down leaves what was confirmed before it.
    """
    since: dict[str, None] = {}
    unwanted: dict[str, None] = {}
    for commit in commits:
        for word in commit.words:
            found = _WORDS.fullmatch(word.description)
            if word.creator.casefold() != app.casefold() or found is None:
                continue
            if word.state == UNWANTED:
                unwanted[found[1]] = None
            elif word.state == WANTED and found[1] not in unwanted:
                return Confirmed(
                    digest=found[1],
                    by=found[2],
                    commit=commit.sha,
                    since=tuple(since),
                    unwanted=frozenset(unwanted),
                )
        since |= dict.fromkeys(commit.logins)
    return Confirmed(since=tuple(since), unwanted=frozenset(unwanted))


def by_hand(author: str, app: str) -> bool:
    """Whether a person opened the pull request: with that they confirm what is in it, and it is theirs."""
    return not (author.casefold().endswith("[bot]") or author.casefold() == app.casefold())


def made_by(author: str, app: str) -> str:
    """How a request came: ``bot`` where our app opened its pull request, ``hand`` where anybody else did."""
    return "bot" if author.casefold() == app.casefold() else "hand"


def asked_for(author: str, made_by: Iterable[str], app: str) -> bool:
    """Whether the files have to be confirmed: our app made one of the commits, or no person opened it."""
    return not by_hand(author, app) or app.casefold() in {login.casefold() for login in made_by}


def unconfirmed(
    files: Mapping[str, bytes | None], confirmed: Confirmed, *, author: str, app: str, name: str
) -> tuple[str, ...]:
    """Why the files of a pull request are not what was confirmed: a sentence on each, none where they are.

    ``files`` are the request files by path as the head commit has them (``None``: it has none), ``author``
    opened the pull request, ``app`` is the login of our app, ``name`` is what the person is called who has
    to confirm. Only for what has to be confirmed, see :func:`asked_for`.
    """
    other = {path: raw for path, raw in files.items() if raw is None or digest(raw) != confirmed.digest}
    if not other:
        return ()
    if not confirmed.digest and not by_hand(author, app) and author.casefold() != app.casefold():
        return (f"{author} opened this, and the policy (review.app) names {app} as who speaks for people.",)
    return tuple(_sentence(path, raw, confirmed, name, len(files)) for path, raw in sorted(other.items()))


def _sentence(path: str, raw: bytes | None, confirmed: Confirmed, name: str, count: int) -> str:
    where = f" in {path}" if count > 1 else ""
    whose = f"the change{where} by {_listed(confirmed.since)}" if confirmed.since else f"what stands{where}"
    if confirmed.by == LAKEPORT:
        return f"Lakeport wrote this, and {whose} is not of it: put it back, or ask for it in Slack."
    if raw is not None and digest(raw) in confirmed.unwanted:
        return f"{name} said in Slack that {whose} is not what they want."
    return f"It waits for {name} to confirm {whose} in Slack."


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
