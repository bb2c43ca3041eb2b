"""The one source of randomness: a NumPy Generator that can be seeded, passed around and saved.

A forked process (``multiprocessing`` with "fork") goes on with a generator spawned from its parent's, so that workers
draw other numbers than their parent and than each other; the k-th fork after ``manual_seed(s)`` always draws the same.
Generators of the program's own are copied by a fork as they are: spawn them.
"""

from __future__ import annotations

import os
from _thread import _local
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import class_name

if TYPE_CHECKING:
    from .types import AnyArray, Function


__all__ = ["manual_seed", "default_generator"]

_generator: np.random.Generator | None = None  # made when first used: importing numpy.random takes 13 ms
_of_block: ContextVar[np.random.Generator | None] = ContextVar("generator of the block", default=None)


def manual_seed(seed: int) -> np.random.Generator:
    """Make the default generator anew from ``seed`` and return it: what follows is reproducible.

    >>> a = manual_seed(0).random()
    >>> a == manual_seed(0).random()
    True
    """
    global _generator
    made = np.random.default_rng(seed)
    if _of_block.get() is None:
        _generator = made
    else:
        _of_block.set(made)
    return made


def default_generator() -> np.random.Generator:
    """The generator used wherever no ``generator=`` is given; seeded by the system until ``manual_seed`` is called.

    A forked process gets one of its own, spawned from its parent's.
    """
    global _generator
    own = _of_block.get()
    if own is not None:
        return own
    if _generator is None:
        _generator = np.random.default_rng()
    return _generator


@contextmanager
def use_generator(generator: np.random.Generator) -> Iterator[np.random.Generator]:
    """A block in which ``generator`` is the default one: for this thread (or task) alone, so that two threads with
    blocks of their own draw the same numbers as one after the other. ``manual_seed`` in the block ends with it.

    >>> with use_generator(np.random.default_rng(3)):
    ...     a = default_generator().random()
    >>> a == np.random.default_rng(3).random()
    True
    """
    token = _of_block.set(generator)
    try:
        yield generator
    finally:
        _of_block.reset(token)


def draw(function: Function, *args: object, generator: np.random.Generator) -> AnyArray:
    """``function(*args, generator)``, whose result is one random draw, however often it calls the generator.

    A generator that is not NumPy's own (one that notes its draws, or draws on another device) may have a method
    ``draw(function, *args)``, which is called instead.

    >>> draw(lambda n, generator: generator.permutation(n).max(), 3, generator=np.random.default_rng(0))
    np.int64(2)
    """
    own = getattr(generator, "draw", None)
    return function(*args, generator) if own is None else own(function, *args)


def generator_of_block() -> Callable[[], object]:
    """A function that makes the generator of the present block (or none) the default one again, for ``restoring``."""
    return partial(_of_block.set, _of_block.get())


def check_state(what: str, generator: np.random.Generator, state: Any) -> None:
    """ValueError where ``state`` cannot become ``generator.bit_generator.state``."""
    own = generator.bit_generator
    try:
        scratch = type(own)()
        scratch.state = state
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError) as error:
        raise ValueError(f"{what}: this is not a state of {class_name(own)}: {class_name(error)}: {error}") from error


class _Fork(_local):
    """What the thread that forks hands to the child: its generators there, outside of blocks and in the present one."""

    spawned: tuple[np.random.Generator | None, np.random.Generator | None] = None, None


_fork = _Fork()


def _before_fork() -> None:
    _fork.spawned = _spawned(_generator), _spawned(_of_block.get())


def _after_fork_in_child() -> None:
    global _generator
    _generator, own = _fork.spawned
    if own is not None:
        _of_block.set(own)


def _spawned(generator: np.random.Generator | None) -> np.random.Generator | None:
    if generator is None:
        return None
    try:
        return generator.spawn(1)[0]
    except TypeError:  # a bit generator of somebody else's, without a seed sequence
        return np.random.default_rng()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
