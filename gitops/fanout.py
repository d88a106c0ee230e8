"""One function over the parts of a long list, a process for each core where that is worth it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from gitops.errors import LakeportError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")

WORTH_IT = 400
"""A shorter list is done before another process has started."""


def spread(work: Callable[[Sequence[T]], R], items: Sequence[T]) -> list[R]:
    """``work`` of each part of the list, in the list's order; what it returns must be picklable.

    Without ``fork`` (not on Linux), or with one core, there is one part.

    Raises:
        LakeportError: what ``work`` raises, also in another process.
    """
    processes = _cores() if len(items) >= WORTH_IT and sys.platform == "linux" else 1
    bounds = [len(items) * part // processes for part in range(processes + 1)]
    own, *others = [items[bounds[part] : bounds[part + 1]] for part in range(processes)]
    with _no_collection():
        if not others:
            return [work(own)]
        return _forked(work, own, others)


def _forked(work: Callable[[Sequence[T]], R], own: Sequence[T], others: Sequence[Sequence[T]]) -> list[R]:
    from multiprocessing import get_context

    fork = get_context("fork")  # the children see the work and its data without a copy
    waiting = []
    for part in others:
        receiver, sender = fork.Pipe(duplex=False)
        process = fork.Process(target=_child, args=(work, part, sender), daemon=True)
        process.start()
        sender.close()
        waiting.append((process, receiver))
    results = [work(own)]
    for process, receiver in waiting:
        try:
            result, error = receiver.recv()
        except EOFError:
            process.join()
            raise RuntimeError(f"a process of the check ended with {process.exitcode}") from None
        process.join()
        if error is not None:
            raise error
        results.append(result)
    return results


def _child(work: Callable[[Sequence[T]], R], part: Sequence[T], sender: Connection) -> None:
    try:
        answer: tuple[R | None, LakeportError | None] = (work(part), None)
    except LakeportError as error:
        answer = (None, error)
    sender.send(answer)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing that is made here goes in circles, and looking for circles costs a fifth of the time."""
    import gc

    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # what was made stays to the end, and is not looked through again and again
        if was:
            gc.enable()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
