"""The space in which a value lies: its zero, its ones, its basis and inner product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..transforms import trees
from .tracer import getval

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, Tree


class VSpace:
    """The real vector space of the arrays in ``value``; of complex arrays real and imaginary part are coordinates.

    value : an array, or nested tuples, lists and dicts of them
    """

    def __init__(self, value: Any) -> None:
        leaves, self._rebuild = trees.flatten(value, "vspace: value")
        self._arrays = [np.empty_like(np.asarray(getval(leaf))) for leaf in leaves]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one array its shape."""
        return self._arrays[0].shape

    @property
    def dtype(self) -> Any:
        """Of one array its dtype."""
        return self._arrays[0].dtype

    @property
    def ndim(self) -> int:
        """Of one array the number of its axes."""
        return self._arrays[0].ndim

    @property
    def size(self) -> int:
        """The dimension: complex numbers count twice."""
        return sum(a.size * (2 if a.dtype.kind == "c" else 1) for a in self._arrays)

    @property
    def iscomplex(self) -> bool:
        """Whether any of the arrays is complex."""
        return any(a.dtype.kind == "c" for a in self._arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VSpace):
            return NotImplemented
        return [(a.shape, a.dtype) for a in self._arrays] == [(a.shape, a.dtype) for a in other._arrays]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "VSpace(" + ", ".join(f"{a.dtype} {a.shape}" for a in self._arrays) + ")"

    def zeros(self) -> Any:
        """The zero."""
        return self._rebuild([np.zeros_like(a)[()] for a in self._arrays])

    def ones(self) -> Any:
        """Ones everywhere."""
        return self._rebuild([np.ones_like(a)[()] for a in self._arrays])

    def randn(self) -> Tree:
        """A draw from the standard normal distribution, by ``np.random``."""
        return self._rebuild([_normal(a)[()] for a in self._arrays])

    def standard_basis(self) -> Iterator[Any]:
        """The unit vectors one by one."""
        for k, a in enumerate(self._arrays):
            for i in np.ndindex(a.shape):
                for unit in (1, 1j) if a.dtype.kind == "c" else (1,):
                    vectors = [np.zeros_like(b) for b in self._arrays]
                    vectors[k][i] = unit
                    yield self._rebuild([v[()] for v in vectors])

    def add(self, x: Any, y: Any) -> Any:
        """x + y.

        x, y : values of this space
        """
        return self._rebuild([a + b for a, b in zip(_leaves(x), _leaves(y), strict=True)])

    def scalar_mul(self, x: Tree, a: ArrayLike) -> Tree:
        """a x.

        x : a value of this space
        a : a number
        """
        return self._rebuild([leaf * a for leaf in _leaves(x)])

    def inner_prod(self, x: Tree, y: Tree) -> AnyArray:
        """Re Σ x̄ y.

        x, y : values of this space
        """
        return sum(np.real(np.sum(np.conj(a) * b)) for a, b in zip(_leaves(x), _leaves(y), strict=True))

    def covector(self, x: Tree) -> Tree:
        """The conjugate: a gradient as a direction.

        x : a value of this space
        """
        return self._rebuild([np.conj(a) for a in _leaves(x)])


def vspace(value: Tree) -> VSpace:
    """The space of ``value``.

    value : that of ``VSpace``
    """
    return VSpace(value)


def _leaves(x: Tree) -> list[Any]:
    return trees.flatten(x, "vspace: value")[0]


def _normal(a: AnyArray) -> AnyArray:
    drawn = np.asarray(np.random.randn(*a.shape))  # noqa: NPY002 (seeded as HIPS autograd's are)
    if a.dtype.kind == "c":
        drawn = drawn + 1j * np.random.randn(*a.shape)  # noqa: NPY002
    return drawn.astype(a.dtype)
