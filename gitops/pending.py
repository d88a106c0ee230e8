"""What is merged and not applied as it is: derived from Git and the receipts alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitops import lease, request
from gitops.checkout import ROOT, Checkout, is_request_file
from gitops.errors import InvalidRequest, UsageError
from gitops.plan import digest
from gitops.receipt import Receipt


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A request file that is not applied as it is; ``request`` is empty when none can have this path.

    ``hold`` is a sentence: why it is not taken up by itself; empty where it is.
    """

    request: str
    path: str
    raw: bytes
    file_digest: str
    hold: str = ""


def pending(
    checkout: Checkout, receipts: Iterable[Receipt], *, only: Sequence[str] = (), today: str = ""
) -> tuple[Pending, ...]:
    """The request files of HEAD whose latest receipt is not ``applied`` for these very bytes.

    With ``only``, those of these ids, paths or names. What is ``waiting`` is pending from the day on which it
    is due; ``today`` is ISO 8601.

    Raises:
        UsageError: there is no request of such a name.
    """
    chains = lease.by_request(receipts)
    names = [name for name in checkout.tree("HEAD", f"{ROOT}/") if is_request_file(name)]
    found = []
    for name, raw in checkout.read_tree("HEAD", _chosen(names, only)).items():
        request_id, file_digest = _id(name), digest(raw)
        chain = chains.get(request_id, [])
        if not _settled(chain, file_digest, today):
            hold = lease.why_held(chain, file_digest)
            one = Pending(request=request_id, path=name, raw=raw, file_digest=file_digest, hold=hold)
            found.append(one)
    return tuple(found)


def _settled(chain: Sequence[Receipt], file_digest: str, today: str) -> bool:
    """Whether there is nothing to do for this file now, by the receipts of its request."""
    if not chain or chain[-1].file_digest != file_digest:
        return False
    return chain[-1].status == "applied" or (chain[-1].status == "waiting" and chain[-1].due > today)


def _chosen(names: Sequence[str], only: Sequence[str]) -> list[str]:
    if not only:
        return list(names)
    called = {name: {name, _id(name), _id(name).rpartition("/")[2]} - {""} for name in names}
    for one in only:
        if not any(one in calls for calls in called.values()):
            raise UsageError(
                f"There is no request {one} on this commit.", fix="Run `lakeport status` to see them all."
            )
    return [name for name in names if called[name] & set(only)]


def _id(path: str) -> str:
    try:
        return request.request_id(path)
    except InvalidRequest:
        return ""
