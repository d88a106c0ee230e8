"""All that is known of one request: who asked, who approved, what each run did, and what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gitops import earlier, request
from gitops.errors import ConfigurationError, LakeportError
from gitops.lease import by_request
from gitops.status import Row, read_receipts

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.drawing import Clients
    from gitops.kind import Registry
    from gitops.plan import Plan
    from gitops.policy import Policy
    from gitops.receipt import Receipt
    from gitops.request import Loaded


@dataclass(frozen=True, kw_only=True)
class Merge:
    """The commit of this branch that brought the file as it is: ``at`` is ISO 8601 with its zone."""

    commit: str
    at: str
    author: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of the file: ``key`` is ``kind/identity``, ``called`` how it is spoken of."""

    key: str
    called: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """One request from its file to what stands.

    ``loaded`` is ``None`` where the file is not valid, and ``problem`` says why. ``receipts`` are those of
    the request, oldest first. ``looked`` says that the live systems were asked: then there is a ``plan``, or
    ``unseen`` says why there is none, with the exit code of that.
    """

    row: Row
    loaded: Loaded | None = None
    problem: str = ""
    resources: tuple[Resource, ...] = ()
    merge: Merge | None = None
    receipts: tuple[Receipt, ...] = ()
    looked: bool = False
    plan: Plan | None = None
    unseen: str = ""
    exit_code: int = 0

    @property
    def last(self) -> Receipt | None:
        """The newest receipt that is not only of a beginning."""
        ended = [one for one in self.receipts if one.status != "started"]
        return ended[-1] if ended else None

    def as_json(self) -> dict[str, Any]:
        """The fields of its row, and ``asked``, ``resources``, ``merged``, ``receipts``, ``live``."""
        live = {
            "plan": self.plan.as_json() if self.plan else None,
            "error": self.unseen,
            "outputs": {key: dict(found) for key, found in self.plan.outputs.items()} if self.plan else {},
        }
        return {
            **self.row.as_json(),
            "asked": self.loaded.document.data["metadata"] if self.loaded else None,
            "problem": self.problem,
            "resources": [vars(one) for one in self.resources],
            "merged": vars(self.merge) if self.merge else None,
            "receipts": [one.as_json() for one in self.receipts],
            "live": live if self.looked else None,
        }


def accounts(checkout: Checkout, rows: Sequence[Row], registry: Registry) -> list[Account]:
    """What Git knows of each request."""
    chains = by_request(read_receipts(checkout.receipts()))
    return [_account(checkout, row, chains.get(row.request, ()), registry) for row in rows]


def _account(checkout: Checkout, row: Row, chain: Sequence[Receipt], registry: Registry) -> Account:
    found = Account(row=row, receipts=tuple(chain))
    try:
        loaded = request.load_request(checkout.read(row.path), row.path, registry)
    except LakeportError as error:
        return replace(found, problem=error.what)
    named = [(registry[spec.kind], spec) for spec in loaded.request.resources]
    return replace(
        found,
        loaded=loaded,
        merge=_merge(checkout, row.path),
        resources=tuple(
            Resource(key=f"{kind.name}/{kind.identity(spec)}", called=kind.called(spec))
            for kind, spec in named
        ),
    )


def _merge(checkout: Checkout, path: str) -> Merge | None:
    """``None`` also where the history was not fetched: then nobody can tell."""
    try:
        commit = checkout.merge_commit(path)
    except ConfigurationError:
        return None
    if commit is None:
        return None
    out = checkout.git("show", "--no-patch", "--format=%cI%x00%an%x00%s", commit)
    at, author, subject = out.decode("utf-8", "replace").rstrip("\n").split("\0", 2)
    return Merge(commit=commit, at=at, author=author, subject=subject)


def look(
    account: Account, checkout: Checkout, registry: Registry, policy: Policy, clients: Clients
) -> Account:
    """The same with what stands now, and with what the next apply would do; it needs credentials.

    Drift that the file says to leave is left, as by an apply, and noted.
    """
    from gitops.drawing import draw
    from gitops.drifted import without_ignored

    if account.loaded is None:
        return account
    before = earlier.of_checkout([account.loaded], checkout, registry)[account.loaded.id]
    try:
        plan = draw(account.loaded, registry=registry, policy=policy, clients=clients, earlier=before)
    except LakeportError as error:
        return replace(account, looked=True, unseen=error.what, exit_code=error.exit_code)
    plan = without_ignored(plan, account.loaded, before, registry, policy)
    return replace(account, looked=True, plan=plan)
