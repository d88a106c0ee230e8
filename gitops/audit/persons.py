"""Who is who in the record: names that the directory of the policy links are one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops.audit.facts import Version, Written
    from gitops.audit.ledger import Row
    from gitops.policyfile import Policy


class Directory:
    """The people of the policy of today; whom it does not know is somebody of their own under each name."""

    def __init__(self, policy: Policy | None) -> None:
        people = policy.people if policy else ()
        self._people = {one.email: one for one in people}
        self._keys = {
            name.casefold(): one.email for one in people for name in (one.email, one.github, one.slack)
        }

    def key(self, name: str) -> str:
        """What stands for this person: the e-mail where the directory has it, else the name itself."""
        return self._keys.get(name.casefold(), name)

    def name(self, key: str) -> str:
        """How somebody is called."""
        known = self._people.get(key)
        return known.name if known else key

    def facts(self, key: str) -> Mapping[str, str]:
        """What the directory says of somebody, in words."""
        known = self._people.get(key)
        if known is None:
            return {}
        return {
            "E-mail": known.email,
            "On GitHub": known.github,
            "In Slack": known.slack,
            "Team": known.team,
        }

    def roles(self, row: Row, version: Version, receipts: Sequence[Written]) -> Mapping[str, list[str]]:
        """Who has to do with a request, and what: key → roles. Approvers are those of all its receipts."""
        found: dict[str, list[str]] = {}
        asked = row.github or row.slack
        named = (
            ("asked for it", (asked,)),
            ("answers for it", (row.business_owner,)),
            ("looks after it", (version.technical_owner,)),
            ("member", version.members),
            ("approved it", (*row.approvers, *(who for one in receipts for who in one.approvers))),
        )
        for role, names in named:
            for key in dict.fromkeys(self.key(name) for name in names if name):
                found.setdefault(key, []).append(role)
        return found
