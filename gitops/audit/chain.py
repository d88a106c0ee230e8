"""Whether the receipts are the ones that were written: their chain, their files, and the branch they are on.

The digests show what was changed or left out among those that are here, and the history of the branch who
wrote over what. Somebody who may write the whole branch anew leaves neither: only who saw it before can tell.
Each check keeps the commit it saw last, within ``.git``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from gitops.audit.claims import claims
from gitops.audit.clocks import contradicted, seconds
from gitops.audit.commits import Commit, Put, commits
from gitops.audit.facts import written
from gitops.audit.index import Kept
from gitops.audit.problem import Problem
from gitops.markup import clip, visible

if TYPE_CHECKING:
    from gitops.audit.facts import Written
    from gitops.audit.record import Record

__all__ = ["Problem", "concerning", "known", "problems", "warning"]

SEEN = "receipts-seen"
_MOST = 100
"""So many that are missing in a row are named."""
_CHANGES = 5
"""So many of the fields that somebody changed are named."""
_LONGEST = 60


class Rewritten(Struct, frozen=True, kw_only=True):
    """A file of the branch that did not stay as it came: first by ``came``, last changed by ``last``.

    ``original`` and ``now`` are the Git ids of its contents; ``now`` is empty where it was removed.
    """

    path: str
    came: Commit
    last: Commit
    original: str
    now: str


def problems(record: Record) -> list[Problem]:
    """Everything that is wrong with the receipts, from the first on; of one receipt the gravest alone."""
    made = commits(record)
    changed = _rewritten_files(made)
    found: dict[int, Problem] = {}
    rest = []
    for one in (
        *_rewritten(record),
        *_touched(record, changed),
        *_links(record, changed),
        *_strangers(record, made, changed),
        *_clocks(record),
        *claims(record),
    ):
        if one.receipt is None or not one.shakes:
            rest.append(one)
        else:
            found.setdefault(one.receipt, one)
    rest = [one for one in rest if one.commit or one.receipt not in found]
    return sorted((*rest, *found.values()), key=lambda one: one.receipt or 0)


def known(record: Record) -> list[Problem]:
    """The same, kept, so that every question can say so without looking for them again."""
    return record.index.made("problems", record.state, lambda: problems(record), Kept[list[Problem]])


def concerning(found: Sequence[Problem], request: str) -> list[Problem]:
    """Those that touch one request, or may: of some nobody knows which request they are about."""
    return [one for one in found if one.request in ("", request)]


def warning(found: Sequence[Problem]) -> str:
    """How many they are and what they touch, as the sentence that goes with an answer."""
    touched = dict.fromkeys(one.about or "the branch itself" for one in found)
    names = ", ".join(list(touched)[:_CHANGES])
    more = f" and {len(touched) - _CHANGES} more" if len(touched) > _CHANGES else ""
    return f"{len(found)} problem(s) with the receipts, so that this may not be true: {names}{more}"


def _rewritten_files(made: tuple[Commit, ...]) -> Mapping[str, Rewritten]:
    """By path, the receipts and looks that a later commit changed, removed or put back."""
    from gitops.drift_record import day_in
    from gitops.receipt import number_in

    puts: dict[str, list[tuple[Commit, Put]]] = {}
    for commit in made:
        for put in commit.puts:
            puts.setdefault(put.path, []).append((commit, put))
    return {
        path: Rewritten(
            path=path, came=those[0][0], last=those[-1][0], original=those[0][1].after, now=those[-1][1].after
        )
        for path, those in puts.items()
        if len(those) > 1 and (number_in(path) or day_in(path))
    }


def _touched(record: Record, changed: Mapping[str, Rewritten]) -> Iterator[Problem]:
    """Every commit of the branch only adds: one that changes or removes a receipt, or a look, is named."""
    from gitops.drift_record import day_in
    from gitops.receipt import number_in

    raws = record.checkout.blobs(
        [blob for one in changed.values() for blob in (one.original, one.now) if blob]
    )
    for path, one in changed.items():
        number = number_in(path)
        before, after = raws.get(one.original, b""), raws.get(one.now, b"")
        was = written(before)
        request, pull = (was.request, was.pull) if was else ("", None)
        what = f"Receipt {number}" if number else f"The look for drift of {day_in(path)}"
        difference = _difference(before, after) if number and was and one.now else ""
        if one.now == one.original:
            did = f"was written over, and stands as it was written since {one.last.told}"
        elif not one.now:
            did = f"is missing: it was removed by {one.last.told}"
        else:
            did = f"was changed after it was written, by {one.last.told}" + (
                f": {difference}" if difference else ""
            )
        yield Problem(
            message=f"{what} {did}. It was written by commit {one.came.sha[:12]}.",
            receipt=number,
            request=request,
            pull=pull,
            commit=one.last.sha,
            author=one.last.author,
            at=one.last.at,
            changed=difference,
            original=one.came.sha,
            shakes=one.now != one.original,
        )


def _difference(before: bytes, after: bytes) -> str:
    """What was changed in a receipt, field by field; or why it is none any more."""
    from gitops.errors import RemoteError
    from gitops.receipt import oddity, parse_receipt

    try:
        was, now = (_leaves(to_builtins(parse_receipt(raw))) for raw in (before, after))
    except RemoteError:
        return f"it cannot be read as a receipt. {oddity(after)}".rstrip(" .")
    changes = [
        f"{name}: {_shown(was.get(name))} → {_shown(now.get(name))}"
        for name in dict.fromkeys((*was, *now))
        if was.get(name) != now.get(name)
    ]
    more = len(changes) - _CHANGES
    return ", ".join((*changes[:_CHANGES], *([f"and {more} more"] if more > 0 else [])))


def _leaves(data: Any) -> dict[str, Any]:
    """Every value that holds no others, by where it is: ``approvals[1].login``."""
    found: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(f"{name}.{key}" if name else str(key), value[key]) for key in reversed(value)]
        elif isinstance(value, list | tuple) and value:
            waiting += [(f"{name}[{at}]", part) for at, part in reversed(list(enumerate(value)))]
        else:
            found[visible(clip(name, _LONGEST))] = value
    return found


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", (), [], {}) else visible(clip(str(value), _LONGEST))


def _strangers(
    record: Record, made: tuple[Commit, ...], changed: Mapping[str, Rewritten]
) -> Iterator[Problem]:
    """Commits that are not like those of the workflow, each once; what wrote over a file is named with it."""
    from gitops.receipt import number_in

    by_number = {one.number: one for one in record.receipts}
    for commit in made:
        again = [put.path in changed and changed[put.path].came.sha != commit.sha for put in commit.puts]
        if not commit.odd or (again and all(again)):
            continue
        numbers = [number for put in commit.puts if (number := number_in(put.path))]
        for number in numbers or (None,):
            one = by_number.get(number) if number else None
            what = f"Receipt {number}" if number else "A file of the branch"
            yield Problem(
                message=f"{what} was not written by the workflow, but by {commit.told}: {commit.odd}.",
                receipt=number,
                request=one.request if one else "",
                pull=one.pull if one else None,
                commit=commit.sha,
                author=commit.author,
                at=commit.at,
            )


def _links(record: Record, changed: Mapping[str, Rewritten]) -> Iterator[Problem]:
    """Each is whole, in its place, and names the one before; what Git shows of a change is not said again."""
    from gitops.receipt import number_in

    raws = record.checkout.blobs([one.original for one in changed.values()])
    digests = {
        number_in(path): was.digest
        for path, one in changed.items()
        if (was := written(raws.get(one.original, b"")))
    }
    before: str | None = ""  # the digest of the one before; None where it is not known
    last, expected = 0, 1
    for path, receipt in record.receipt_files:
        number = number_in(path) or 0
        for missing in range(expected, min(number, expected + _MOST)):
            before = digests.get(missing)
            if missing not in digests:
                yield Problem(message=f"Receipt {missing} is missing.", receipt=missing)
        expected = number + 1
        yield from _file(record, path, number, receipt)
        follows = receipt is None or before is None or receipt.previous == before
        if receipt is not None and path not in changed and not follows:
            yield _loose(number, last, receipt)
        before = digests.get(number, receipt.digest if receipt else None)
        last = number


def _loose(number: int, last: int, receipt: Written) -> Problem:
    """A receipt that follows another than the one before it: that is the one which is not as it was."""
    what = (
        f"Receipt {last} was changed or added after it was written"
        if last
        else "The first receipt is missing"
    )
    return Problem(
        message=f"{what}: receipt {number} does not follow it.",
        receipt=last or number,
        request="" if last else receipt.request,
        pull=None if last else receipt.pull,
    )


def _file(record: Record, path: str, number: int, receipt: Written | None) -> Iterator[Problem]:
    """What is wrong with the file of one receipt by itself."""
    from gitops.receipt import oddity

    if receipt is None:
        raw = record.checkout.read_tree(record.receipts_head, [path]).get(path, b"")
        message = f"Receipt {number} cannot be read: {path} is no receipt. {oddity(raw)}".rstrip()
        yield Problem(message=message, receipt=number)
        return
    about: dict[str, Any] = {"receipt": number, "request": receipt.request, "pull": receipt.pull}
    if receipt.number != number:
        yield Problem(message=f"{path} holds receipt {receipt.number}: it was moved or copied.", **about)
    if not receipt.sound:
        yield Problem(
            message=f"Receipt {number} was changed after it was written: its digest is another.",
            **about,
        )


def _clocks(record: Record) -> Iterator[Problem]:
    """None was written before the one before it."""
    receipts = record.receipts
    moments = [seconds(one.at) for one in receipts]
    for at in sorted({*contradicted(moments), *(at for at, moment in enumerate(moments) if not moment)}):
        one = receipts[at]
        yield Problem(
            message=f"Receipt {one.number} says it was written at {one.at}: by its place that cannot be.",
            receipt=one.number,
            request=one.request,
            pull=one.pull,
            shakes=False,
        )


def _rewritten(record: Record) -> Iterator[Problem]:
    """What was seen before is still in the branch; the newest is kept for the next time."""
    seen = record.kept(SEEN)
    head = record.receipts_head
    if seen and (not head or record.checkout.run("merge-base", "--is-ancestor", seen, head).returncode):
        yield Problem(
            message=f"The branch was rewritten: commit {seen[:12]}, seen by an earlier check, is not in it.",
            commit=seen,
        )
    elif head:
        record.keep(SEEN, head)
