"""The section of ``.github/CODEOWNERS`` that follows from the policy, and what is wrong with that file.

GitHub asks for the approval of a code owner on the whole branch or not at all. So what decides about requests
(code, workflows, the policy) has an owner, and request files have none: who approves which depends on more
than the path, and is judged by the gate. Of all lines that fit a path the last one counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops.errors import UsageError
from gitops.vocabulary import ENVIRONMENTS

if TYPE_CHECKING:
    from gitops.policyfile import Policy

FILE = ".github/CODEOWNERS"
_BEGIN, _END = "# BEGIN lakeport codeowners --team ", "# END lakeport codeowners"
_SECTION = re.compile(
    rf"^{re.escape(_BEGIN)}(\S*)[^\n]*\n(?:[^\n]*\n)*?{re.escape(_END)}[ \t]*(?:\n|\Z)", re.MULTILINE
)
_SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_ELSEWHERE = re.compile(r"/(?!requests(?:[/\s]|$))[A-Za-z0-9._-]+(?:[/\s]|$)")
"""A line that is anchored at the top, begins with a plain name and cannot fit a request file."""


class Problem(Struct, frozen=True, kw_only=True):
    """Something wrong with the file: a sentence, and the line it is about where there is one.

    ``open``: what decides about requests could be changed without anybody's approval.
    """

    open: bool
    what: str
    line: int | None = None


def team_of(text: str) -> str:
    """The team of the policy that the section names as the owner; empty where there is no whole section."""
    found = _SECTION.search(text)
    return found[1] if found else ""


def section(policy: Policy, team: str) -> str:
    """The section for this policy, with ``team`` as the owner of everything but request files.

    Raises:
        UsageError: the policy has no such team, or its name on GitHub is no name of a team.
    """
    if team not in policy.teams:
        raise UsageError(
            f"The policy has no team {team}."
            if team
            else f"Nobody said which team owns what {FILE} protects.",
            fix=f"Say --team with one of {', '.join(sorted(policy.teams))}.",
        )
    name = policy.teams[team].github_team
    if not _SLUG.fullmatch(name):
        raise UsageError(
            f"The team {team} is not a team of GitHub by its name {name!r}.",
            fix="Write its slug as github_team into the policy.",
        )
    owner = f"@{policy.organisation}/{name}"
    folders = [f"/requests/{environment}/" for environment in sorted(ENVIRONMENTS)]
    lines = (
        f"{_BEGIN}{team}",
        "# Written from requests/policy.yaml by `lakeport codeowners`; what stands in here is written over.",
        "# Code, workflows and the policy decide about requests: nobody changes them alone.",
        f"* {owner}",
        f"/.github/ {owner}",
        f"/requests/policy.yaml {owner}",
        "# Request files have no owner: the policy says who approves which, and lakeport/gate judges it.",
        *folders,
        _END,
    )
    return "\n".join(lines) + "\n"


def written(text: str, new: str) -> str:
    """The file with this section in the place of the one it has, or at its top; all else stays as it is.

    Raises:
        UsageError: its marks are not one pair.
    """
    if text.count(_BEGIN) != text.count(_END) or text.count(_BEGIN) > 1:
        raise UsageError(
            f"The marks of our section in {FILE} are not one pair.",
            fix="Take them out of the file, with what is between them, and run the command again.",
        )
    if _BEGIN in text:
        return _SECTION.sub(lambda _: new, text, count=1)
    return f"{new}\n{text}" if text.strip() else new


def problems(text: str, policy: Policy) -> tuple[Problem, ...]:
    """What is wrong with the file as it protects the requests of this policy; empty when nothing is."""
    found = _SECTION.search(text)
    if found is None:
        what = f"{FILE} has no section of ours, so that nothing says who owns code, workflows and policy."
        return (Problem(open=True, what=what),)
    wrong = []
    try:
        if written(text, section(policy, found[1])) != text:
            wrong.append(
                Problem(open=True, what=f"The section of ours in {FILE} is not what the policy says.")
            )
    except UsageError as error:
        wrong.append(Problem(open=True, what=error.what))
    first = text.count("\n", 0, found.end()) + 1
    for number, line in enumerate(text[found.end() :].splitlines(), first):
        wrong += _takes_back(line, number)
    return tuple(wrong)


def _takes_back(line: str, number: int) -> list[Problem]:
    """What a line below the section changes of what that says."""
    rule = line.partition("#")[0].strip()
    if not rule:
        return []
    pattern, *rest = rule.split()
    owners = [word for word in rest if "@" in word]
    if not owners and not re.match(r"/requests/[a-z]+/", pattern):
        what = f"Line {number} of {FILE} takes the owner away from {pattern!r}."
        return [Problem(open=True, what=what, line=number)]
    if owners and not _ELSEWHERE.match(pattern):
        what = (
            f"Line {number} of {FILE} may give request files an owner: GitHub asks for them besides the gate."
        )
        return [Problem(open=False, what=what, line=number)]
    return []
