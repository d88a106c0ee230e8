"""Something that is wrong with the receipts, and what it touches."""

from __future__ import annotations

from msgspec import Struct

from gitops.markup import visible


class Problem(Struct, frozen=True, kw_only=True):
    """Something wrong: a sentence, and the receipt it is about, with its request and pull request.

    ``commit`` did it, by ``author`` at ``at`` (as the commit says), ``changed`` is what became of what, and
    ``original`` the commit that has the receipt as it was written; each is empty where it is not known.
    ``shakes``: what the receipt says is no fact because of it. Without a receipt, all that rests on any is in
    doubt.
    """

    message: str
    receipt: int | None = None
    request: str = ""
    pull: int | None = None
    commit: str = ""
    author: str = ""
    at: str = ""
    changed: str = ""
    original: str = ""
    shakes: bool = True

    @property
    def subject(self) -> str:
        """The request and the pull request; empty where they are not known."""
        pull = f"pull request {self.pull}" if self.pull else ""
        return visible(", ".join(part for part in (self.request, pull) if part))

    @property
    def about(self) -> str:
        """The receipt with its subject; empty where it is about none."""
        if self.receipt is None:
            return ""
        return f"receipt {self.receipt} ({self.subject})" if self.subject else f"receipt {self.receipt}"
