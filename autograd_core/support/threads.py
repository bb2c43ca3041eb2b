"""Large elementwise work on several cores: one setting, ``set_num_threads``, which is 1 at the start.

A thread takes block after block of an array until none is left, so that one which the system does not let run costs
nothing. Work inside a block never begins threads of its own, and no block calls BLAS, which has its own.
"""

from __future__ import annotations

import contextvars
import os
from _queue import SimpleQueue
from _thread import _local, allocate_lock
from collections.abc import Callable
from typing import Any

__all__ = ["get_num_threads", "set_num_threads"]

_count = 1
_waiting: SimpleQueue[_Work] | None = None
_started = 0
_changed: list[Callable[[bool], None]] = []


def set_num_threads(num: int) -> None:
    """Let elementwise functions of large arrays, from 1 MB, run on ``num`` cores; at the start it is 1.

    num : at most as many as this process may use

    It pays where a core is free: on two, GELU takes 0.7 of the time of 1 MB and 0.54 of 16 MB, forward and backward of
    16 MB 0.6. Functions that wait for memory (sums, products) stay in one thread, and so does what a recorded step
    replays. Matrix products are BLAS's, whose own threads this does not change. Where several processes share a machine
    (MPI, joblib, pytest-xdist) each wants 1.

    Raises ValueError for other numbers.

    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    """
    global _count
    if isinstance(num, bool) or not isinstance(num, int) or not 1 <= num <= available():
        raise ValueError(f"set_num_threads: num={num!r} must be between 1 and {available()}, this process's cores.")
    _count = num
    for tell in _changed:
        tell(num > 1)


def get_num_threads() -> int:
    """How many cores elementwise functions of large arrays run on."""
    return _count


def available() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def when_changed(tell: Callable[[bool], None]) -> None:
    """Call ``tell(whether there are several)`` whenever that is set."""
    _changed.append(tell)


def several() -> bool:
    """Whether work that is begun here may be shared by several threads."""
    return _count > 1 and not _inside.on


def each(work: Callable[[int], object], count: int, here: bool = False) -> None:
    """``work(0)``, …, ``work(count - 1)``, in any order, by this thread and others; an exception is raised.

    here : by this thread alone

    >>> found = [0] * 3
    >>> each(lambda k: found.__setitem__(k, k), 3)
    >>> found
    [0, 1, 2]
    """
    if here or count < 2 or not several():
        for k in range(count):
            work(k)
        return
    shared = _Work(work, count)
    queue = _threads()
    for _ in range(min(_count, count) - 1):
        queue.put(shared)
    shared.run()
    for _ in range(count):
        shared.done.get()
    if shared.error is not None:
        raise shared.error


class _Inside(_local):
    on = False


_inside = _Inside()


class _Work:
    """Blocks of which every thread takes the next one, until there are none."""

    def __init__(self, work: Callable[[int], object], count: int) -> None:
        self.work, self.count, self.next = work, count, 0
        self.lock = allocate_lock()
        self.context = contextvars.copy_context()  # np.errstate is of the thread that asks
        self.done: SimpleQueue[None] = SimpleQueue()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Take blocks until there are none."""
        _inside.on = True
        try:
            while True:
                with self.lock:
                    k = self.next
                    self.next += 1
                if k >= self.count:
                    return
                try:
                    if self.error is None:
                        self.work(k)
                except BaseException as error:
                    self.error = error
                finally:
                    self.done.put(None)
        finally:
            _inside.on = False


def _threads() -> SimpleQueue[_Work]:
    """Where threads wait for work, of which there are as many as are needed."""
    import threading  # costs an import that does not ask for it

    global _waiting, _started
    if _waiting is None:
        _waiting = SimpleQueue()
    while _started < _count - 1:
        _started += 1
        threading.Thread(target=_serve, args=(_waiting,), name="autograd_core blocks", daemon=True).start()
    return _waiting


def _serve(waiting: SimpleQueue[Any]) -> None:
    while True:
        shared = waiting.get()
        shared.context.copy().run(shared.run)
        del shared


def _in_child() -> None:
    global _waiting, _started
    _waiting, _started = None, 0  # a forked process has none of its parent's threads


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
