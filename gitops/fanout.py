"""One function over the parts of a long list, a process for each core where that is worth it."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

from gitops.errors import LakeportError

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
    sys.stdout.flush()  # what is not written yet would be written by every process
    children = [_start(work, part) for part in others]  # they see the work and its data without a copy
    results = [work(own)]
    for process, receiver in children:
        with receiver:
            answer = receiver.read()
        ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if ended:
            raise RuntimeError(f"a process of the check ended with {ended}")
        result, error = pickle.loads(answer)  # noqa: S301  # of our own process, over its own pipe
        if error is not None:
            raise error
        results.append(result)
    return results


def _start(work: Callable[[Sequence[T]], R], part: Sequence[T]) -> tuple[int, BinaryIO]:
    """A process that works on a part, and where to read the answer.

    Two calls of the system: ``multiprocessing`` does the same, and takes 20 ms to be imported.
    """
    receiver, sender = os.pipe()
    process = os.fork()
    if process:
        os.close(sender)
        return process, os.fdopen(receiver, "rb")
    ended = 1
    try:
        os.close(receiver)
        with os.fdopen(sender, "wb") as pipe:
            pickle.dump(_answer(work, part), pipe, pickle.HIGHEST_PROTOCOL)
        ended = 0
    finally:  # whatever happened, an interrupt too: this process must not go on as if it were the caller
        if ended:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(ended)


def _answer(work: Callable[[Sequence[T]], R], part: Sequence[T]) -> tuple[R | None, LakeportError | None]:
    try:
        return work(part), None
    except LakeportError as error:
        return None, error


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
