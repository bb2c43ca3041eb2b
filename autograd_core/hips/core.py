"""Values and pullbacks of functions of one argument, a tree of arrays, by HIPS autograd's conventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import Tensor
from ..transforms import gradients, trees

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, Tree


_FLOATS = "fc"


def mapped(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """``function`` of every array of a tree.

    function : of an array, a number or a box
    tree : nested tuples, lists and dicts
    """
    if type(tree) is np.ndarray or type(tree) is Tensor:
        return function(tree)
    leaves, rebuild = trees.flatten(tree, "argument")
    return rebuild([function(leaf) for leaf in leaves])


def _floating(x: ArrayLike) -> AnyArray:
    """An array to differentiate by, of float64 where it is of whole numbers or of Python's."""
    if isinstance(x, Tensor):
        return x
    x = np.asarray(x)
    return x if x.dtype.kind in _FLOATS else x.astype(np.float64)


def _scalar(x: AnyArray) -> AnyArray:
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


def _conjugate(x: AnyArray) -> AnyArray:
    if isinstance(x, (Tensor, np.ndarray, np.generic)):
        return np.conj(x) if x.dtype.kind == "c" else x
    return np.conj(x) if isinstance(x, complex) else x


def make_vjp(fun: Callable[[Any], Any], x: Tree) -> tuple[Callable[[Any], Any], Any]:
    """The pullback v ↦ vᵀ ∂f/∂x (no conjugate is taken of complex numbers), and ``fun(x)``.

    fun : a function of one argument
    x : an array, or nested tuples, lists and dicts of them
    """
    y, pullback = gradients.vjp(fun, mapped(_floating, x))

    def vjp(v: Tree) -> Tree:
        (u,) = pullback(mapped(lambda leaf: _conjugate(_floating(leaf)), v))
        return mapped(lambda leaf: _scalar(_conjugate(leaf)), u)

    return vjp, mapped(_scalar, y)


def make_jvp(fun: Callable[[Any], Any], x: Tree) -> Callable[[Any], tuple[Any, Any]]:
    """The function v ↦ (f(x), ∂f/∂x v).

    fun, x : those of ``make_vjp``
    """

    def jvp(v: Tree) -> tuple[Any, Any]:
        y, t = gradients.jvp(fun, (mapped(_floating, x),), (mapped(_floating, v),))
        return mapped(_scalar, y), mapped(_scalar, t)

    return jvp
