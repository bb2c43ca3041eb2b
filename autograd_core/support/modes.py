"""What a function changes for a while is put back when it ends, at whatever instant it is broken off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..engine.recording import thread

T = TypeVar("T")


def restoring(body: Callable[[], T], *undo: Callable[[], object]) -> T:
    """What ``body()`` returns; every ``undo`` has then run, and recording, observers and NumPy's treatment of
    floating-point errors (``np.errstate``) are what they were before it.

    That holds also where a KeyboardInterrupt came, at whatever instant: an ``undo`` (which must do no harm when it is
    run twice) that was broken off is run again. A ``with`` statement cannot promise that, for the interrupt may be
    raised at the very beginning of an ``__exit__``.
    """
    recording, observers, errors = len(thread.recording), len(thread.observers), np.geterr()

    def put_back() -> None:
        del thread.recording[recording:], thread.observers[observers:]
        thread.settle()
        np.seterr(**errors)
        for step in undo:
            step()

    try:
        try:
            return body()
        finally:
            put_back()
    except BaseException:
        put_back()
        raise


def locked(lock: Any, body: Callable[[], T]) -> T:
    """What ``body()`` returns, run while this thread has ``lock``, an RLock, which an interrupt does not leave held.

    ``with lock`` would: from Python 3.14 on, the interrupt may come after the lock was taken and before its block.
    """
    try:
        lock.acquire()
        result = body()
        lock.release()
        return result
    except BaseException:
        if lock._is_owned():
            lock.release()
        raise


def modes_of(model: Any) -> Callable[[], None]:
    """A function that gives every module of ``model`` the mode back (training or not) that it has now."""
    modes = [(module, module.training) for module in model.modules()]

    def put_back() -> None:
        for module, mode in modes:
            module.training = mode

    return put_back
