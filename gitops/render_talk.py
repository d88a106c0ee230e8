"""What the bot says on a pull request for the people in Slack, as markdown: passed on, and reminders."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitops.gate import Missing
from gitops.markup import clip, escape
from gitops.render import link

LONGEST = 3000
NAMED = 10
"""So many people are mentioned at most; each of them gets a mail."""

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")


def passed_on(text: str, *, name: str, permalink: str) -> str:
    """Something the requester said in Slack, quoted: it reads the same and does nothing."""
    lines = clip(text.strip(), LONGEST).splitlines()
    quoted = "\n".join(f"> {escape(line, LONGEST)}".rstrip() for line in lines)
    return f"**{escape(name, 100)}** in Slack ({link(permalink)}):\n\n{quoted}\n"


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
