"""What is said on a pull request to single people, as markdown: passed on, reminders, answers to orders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitops.gate import Missing
from gitops.markup import clip, code, escape
from gitops.render import link

if TYPE_CHECKING:
    from gitops.answering import Answer

LONGEST = 3000
NAMED = 10
"""So many people are mentioned at most; each of them gets a mail."""

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")


def passed_on(text: str, *, name: str, permalink: str) -> str:
    """Something the requester said in Slack, quoted: it reads the same and does nothing."""
    lines = clip(text.strip(), LONGEST).splitlines()
    quoted = "\n".join(f"> {escape(line, LONGEST)}".rstrip() for line in lines)
    return f"**{escape(name, 100)}** in Slack ({link(permalink)}):\n\n{quoted}\n"


def confirmed(*, wanted: bool, name: str, login: str, sha: str, permalink: str) -> str:
    """What the requester says in Slack to a change that somebody else made."""
    says = "confirmed in Slack that this is what they want" if wanted else "does not want this"
    after = "" if wanted else " Put back what was there, or agree with them on something else."
    change = f"the change by {code(login)} in {code(sha[:12])}"
    return f"**{escape(name, 100)}** {says}: {change} ({link(permalink)}).{after}\n"


def reminder(missing: Iterable[Missing], *, number: int, most: int) -> str:
    """A reminder that mentions everybody who could give an approval that is missing."""
    found = tuple(missing)
    mentions = " ".join(f"@{login}" for login in reminded(found))
    lines = [
        f"- {one.count} of {', '.join(map(escape, one.who[:NAMED])) or 'nobody'}: {escape(one.why)}"
        for one in found
    ]
    head = f"{mentions} this request waits for approval. (Reminder {number} of {most}.)".strip()
    return "\n".join([head, "", *lines]) + "\n"


def reminded(missing: Iterable[Missing]) -> tuple[str, ...]:
    """The logins that a reminder mentions, each once, in the order of the rules."""
    logins = dict.fromkeys(login for one in missing for login in one.who if _LOGIN.fullmatch(login))
    return tuple(logins)[:NAMED]


def answer_marker(comment: int) -> str:
    """The first line of the answer to the comment with this id."""
    return f"<!-- lakeport:answer {comment} -->"


def answered(login: str, order: str, answer: Answer) -> str:
    """The answer to somebody who ordered something, by the order's own words; it mentions nobody.

    ``order`` is empty where what they wrote is none: what somebody typed is not said again.
    """
    sign = "\N{WHITE HEAVY CHECK MARK}" if answer.done else "\N{NO ENTRY}"
    to = f"**{escape(login)}**" + (f", {code(order)}" if order else "")
    lines = [escape(sentence, 1000) for sentence in answer.sentences[:50]]
    return (
        "\n".join([f"{sign} {to}:", "", *(f"- {line}" for line in lines), *map(_listed, answer.links)]) + "\n"
    )


def _listed(url: str) -> str:
    return f"- {link(url)}"
