"""What a request had before: its versions that were applied or tried, so that what we gave can be taken away.

The receipts say which versions those are, and Git has kept them; nothing else has to remember anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gitops import request
from gitops.errors import LakeportError

if TYPE_CHECKING:
    from gitops.checkout import Checkout
    from gitops.kind import Registry
    from gitops.receipts import Receipt
    from gitops.request import Loaded

Earlier = Mapping[str, tuple["Loaded", ...]]
"""By request, oldest first."""

UNTOUCHED = ("refused",)
"""How an attempt ended that cannot have given anything to anybody."""


class Attempt(Struct, frozen=True, kw_only=True):
    """What a receipt says of the version it is about."""

    request: str
    path: str
    status: str
    commit: str
    file_digest: str


def earlier(
    requests: Iterable[Loaded],
    attempts: Iterable[Attempt],
    read: Callable[[str, str], bytes],
    registry: Registry,
) -> Earlier:
    """The version of each request that was applied last, and those that were tried since, but for itself.

    ``attempts`` are oldest first; ``read`` gives the file at a commit. A version that is gone from Git, or
    not valid by the rules of today, is passed over: then less is taken away, and nothing that was not ours.
    """
    wanted = {one.id: one for one in requests}
    versions: dict[str, dict[str, Attempt]] = {name: {} for name in wanted}
    for attempt in attempts:
        if attempt.request not in wanted or attempt.status in UNTOUCHED:
            continue
        if attempt.status == "applied":
            versions[attempt.request].clear()
        versions[attempt.request][attempt.file_digest] = attempt
    return {
        name: tuple(
            found
            for file_digest, attempt in tried.items()
            if file_digest != wanted[name].file_digest and (found := _loaded(attempt, read, registry))
        )
        for name, tried in versions.items()
    }


def settled(requests: Iterable[Loaded], checkout: Checkout) -> frozenset[str]:
    """The requests whose latest attempt applied the very bytes of their file."""
    latest = {attempt.request: attempt for attempt in _attempts(checkout.receipts())}
    return frozenset(
        one.id
        for one in requests
        if (last := latest.get(one.id)) and last.status == "applied" and last.file_digest == one.file_digest
    )


def _loaded(attempt: Attempt, read: Callable[[str, str], bytes], registry: Registry) -> Loaded | None:
    if not re.fullmatch(r"[0-9a-f]{40,64}", attempt.commit):
        return None
    try:
        found = request.load_request(read(attempt.commit, attempt.path), attempt.path, registry)
    except LakeportError:
        return None
    return found if found.file_digest == attempt.file_digest else None


def of_checkout(requests: Iterable[Loaded], checkout: Checkout, registry: Registry) -> Earlier:
    """The same by the branch of receipts as the checkout has it; without one nothing was ever applied."""
    return earlier(requests, _attempts(checkout.receipts()), checkout.read_at, registry)


def of_receipts(
    requests: Iterable[Loaded], receipts: Iterable[Receipt], checkout: Checkout, registry: Registry
) -> Earlier:
    """The same by receipts that were read."""
    attempts = [msgspec.convert(receipt, Attempt, from_attributes=True) for receipt in receipts]
    return earlier(requests, attempts, checkout.read_at, registry)


def _attempts(files: Mapping[str, bytes]) -> Iterator[Attempt]:
    """What the files of the branch say, in order; one that is no receipt is passed over (the audit tells)."""
    for name in sorted(files):
        try:
            yield msgspec.json.decode(files[name], type=Attempt)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
