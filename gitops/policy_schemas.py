"""What the policy says of schemas beyond their catalogs: who owns them, and where their files may live."""

from __future__ import annotations

from typing import Literal

from gitops.layers import Text
from gitops.vocabulary import Part

OWN_TEAM = "team"
"""As ``owner``: the Databricks group of the team that asks."""


class SchemaRules(Part, kw_only=True):
    """The section ``schemas``.

    ``owner`` is the group that a schema is handed over to, or ``team``; without it, who made it stays its
    owner. An owner can grant anything to anybody, past every review. ``untouched`` are principals from whom
    an authoritative list of grants takes nothing: what Lakeport itself signs in as, administrators.
    ``use_catalog`` says whether ``USE_CATALOG`` is granted where it lacks, or only reported.
    ``storage_roots`` are the locations below which managed ones may be; without it, all.
    """

    owner: Text | None = None
    untouched: tuple[Text, ...] = ()
    use_catalog: Literal["granted", "reported"] = "granted"
    storage_roots: tuple[Text, ...] | None = None

    def owner_for(self, group: str) -> str:
        """The group that owns what a team with this Databricks group asks for; empty: whoever made it."""
        return group if self.owner == OWN_TEAM else self.owner or ""

    def allows_storage(self, location: str) -> bool:
        """Whether a managed location is one of those allowed, or below one."""
        if self.storage_roots is None:
            return True
        below = location.rstrip("/") + "/"
        return any(below.startswith(root.rstrip("/") + "/") for root in self.storage_roots)
