"""Both versions of what changed since a commit: read from Git, compared, and what stands against the edit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from gitops import amendcheck, claims, request
from gitops.errors import InvalidRequest
from gitops.finding import Finding
from gitops.request import Loaded

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.kind import Registry
    from gitops.policy import Policy


class Pair(Struct, frozen=True, kw_only=True):
    """A request file as merged and as proposed.

    ``before`` is ``None`` where nothing is merged, ``after`` where the proposed file is not valid, for the
    reasons ``problems``. ``comparable`` is false where what is merged is not valid by the rules of today:
    then there is nothing to hold an edit against.
    """

    path: str
    before: Loaded | None = None
    after: Loaded | None = None
    problems: tuple[Finding, ...] = ()
    comparable: bool = True


def pairs(checkout: Checkout, base: str, names: Sequence[str], registry: Registry) -> Iterator[Pair]:
    """These files of the working tree beside what they are in a commit."""
    merged = checkout.read_tree(base, names)
    for name in names:
        try:
            after = request.load_request(checkout.read(name), name, registry)
        except InvalidRequest as invalid:
            yield Pair(path=name, problems=invalid.findings)
            continue
        before, comparable = None, True
        if name in merged:
            try:
                before = request.load_request(merged[name], name, registry)
            except InvalidRequest:
                comparable = False
        yield Pair(path=name, before=before, after=after, comparable=comparable)


def findings(
    checkout: Checkout, base: str, edits: Sequence[Pair], registry: Registry, rules: Policy
) -> Iterator[Finding]:
    """What stands against these edits since a commit, and what other open requests ask for too.

    Says nothing on files that are no requests: their own findings do.
    """
    proposed = []
    for pair in edits:
        if pair.after is not None:
            proposed.append(pair.after)
            if pair.comparable:
                yield from amendcheck.findings(pair.before, pair.after, registry, rules)
    if proposed:
        own = frozenset(pair.path for pair in edits)
        yield from claims.claimed_open(proposed, _open(checkout, base, own, registry), registry)


def _open(
    checkout: Checkout, base: str, names: Collection[str], registry: Registry
) -> Iterator[tuple[str, Loaded]]:
    """Branch and request of what is open beside these files, as far as it can be read."""
    for proposal in checkout.open_requests(base):
        if proposal.path not in names:
            try:
                loaded = request.load_request(proposal.raw, proposal.path, registry)
            except InvalidRequest:
                continue
            yield proposal.branch, loaded


def deleted(checkout: Checkout, base: str, names: Iterable[str], registry: Registry) -> Iterator[Finding]:
    """What stands against deleting these files, which are in a commit; read with one call.

    Nothing against one that never was a request that could have been carried out.
    """
    for name, raw in checkout.read_tree(base, list(names)).items():
        try:
            before = request.load_request(raw, name, registry)
        except InvalidRequest:
            continue
        yield from amendcheck.deleted(before)
