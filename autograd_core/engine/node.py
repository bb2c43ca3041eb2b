"""Node: a row of the ξ-table, and what it keeps of values."""

from __future__ import annotations

from _thread import RLock
from collections.abc import Callable
from sys import getrefcount
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .primitive import Primitive
    from .tensor import Tensor

NOTHING, SPEC, VALUE, PRECISE = 0, 1, 2, 3

PLAIN: set[type] = {np.ndarray}
"""The array types that take the short ways; one that notes every call joins, so as to see the arithmetic of NumPy's."""


WEAK: set[type] = set()
"""Types of numbers beside Python's own that take an array's dtype, which their ``astype`` is given."""


LARGE = 1 << 18
"""Bytes of an array from which on it pays to ask whether it may be written over."""


def spare(g: Any, d: Any) -> Any:
    """``g`` as the place for its product (or sum) with ``d``, where nobody else holds it; else None.

    Asked by a function that ``reverse.pull`` calls and that is the last to read g. What a hook, an observer, another
    row or a view holds is referred to more often than by these three functions.
    """
    mine = getrefcount(g) <= _HELD and g.base is None and d.dtype is g.dtype and d.shape == g.shape
    return g if mine and g.flags.writeable else None


def _references(g: Any, depth: int) -> int:
    return _references(g, depth - 1) if depth else getrefcount(g)


_HELD = _references(np.empty(0), 2)  # versions of Python count differently


class Spec(NamedTuple):
    """Shape and dtype (None for a Python number) of an argument whose value is not needed."""

    shape: tuple[int, ...]
    dtype: Any

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


def keep(value: Any, level: int, result: Any) -> Any:
    """What a row keeps of a value: NOTHING, its SPEC, the VALUE itself, or the value as PRECISE as the result."""
    if level == SPEC:
        return Spec(value.shape, value.dtype) if hasattr(value, "dtype") else Spec(np.shape(value), None)
    return value if level == VALUE else as_precise(value, result.dtype) if level == PRECISE else None


def as_precise(value: Any, dtype: Any) -> Any:
    """``value`` in the precision of the result's ``dtype``: rules of integers would wrap, those of float32 round."""
    own = getattr(value, "dtype", dtype)
    if own is dtype or dtype.kind not in "fc":
        return value
    wanted = np.result_type(own, np.finfo(dtype).dtype)  # a complex operand of a real result stays complex
    return value if wanted == own else value.astype(wanted)


def somewhere(mask: Any) -> bool:
    """Whether a truth value holds anywhere in an array; one with a hidden axis answers for all of its examples."""
    ask = getattr(mask, "somewhere", None)
    return bool(np.any(mask).item()) if ask is None else ask()


class Node:
    """One row of the ξ-table: ``op`` applied to the rows ``parents``.

    parents : one node for each argument, None where the argument is a constant; None as a whole after release
    saved   : what the derivatives need: the arguments, then the result; None where nothing is kept
    params  : the settings of the call, such as ``axis``
    shape   : the shape of the row's value
    """

    __slots__ = ("op", "params", "parents", "saved", "shape")

    op: Primitive | None
    parents: tuple[Node | None, ...] | None
    saved: tuple[Any, ...] | None

    def __init__(self, op: Any, parents: Any, saved: Any, params: Any, shape: tuple[int, ...]) -> None:
        self.op = op
        self.parents = parents
        self.saved = saved
        self.params = params
        self.shape = shape


class Leaf(Node):
    """A row without parents: a variable that gradients are taken with respect to, and where they accumulate."""

    __slots__ = ("dtype", "grad", "hooks")

    hooks: dict[int, Any]  # there once a hook was registered

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        super().__init__(None, (), (), None, shape)
        self.dtype = dtype
        self.grad: Tensor | None = None


class Variable(Leaf):
    """The row of a transform's own argument; ``bound`` while the function that it is an argument of is running."""

    bound = True


class Alias(Node):
    """The same, of an argument that is itself being differentiated from outside: a row above that one."""

    bound = True


leaf_hooks: Callable[[dict[int, Any], Tensor], Tensor] | None = None
"""What the hooks of a leaf make of its gradient; None as long as no leaf has any."""

accumulating = RLock()
"""Held while gradients are added up: threads may share leaves, and a finalizer may call ``backward`` meanwhile."""


class WatchedNode(Node):
    """A row that was made under an observer, who may note where it came from (``observer.Origin``)."""

    __slots__ = ("__weakref__", "origin")

    origin: Any
