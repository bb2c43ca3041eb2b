"""Whole derivatives: Jacobian and Hessian, and the Hessian's product with a vector."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..border.backward import filled
from ..engine.tensor import Tensor
from . import trees
from .gradients import Argnums, Run, grad, jvp
from .vectorizing import check_chunk, passes

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array, Function, Tree

__all__ = ["jacobian", "hessian", "hvp"]


def jacobian(
    f: Function,
    argnums: Argnums = 0,
    mode: str | None = None,
    *,
    chunk_size: int | None = None,
    sparse: bool = False,
) -> Function:
    """∂f/∂x of shape (*out.shape, *x.shape), as a function of the same arguments.

    Where the result or the argument is a tree, so is the answer: for every leaf of the result a tree like the
    argument.

    f, argnums : those of ``grad``
    mode : "forward" takes one pass for each element of the arguments, "reverse" one for each element of the result;
        by default whatever is less
    chunk_size : how many passes are taken at once, in one walk of the recorded graph (see ``vmap``); by default as
        many as keep the largest row below 4 million numbers
    sparse : answer with SciPy's ``csr_array`` of shape (elements of the result, elements of the argument), from as
        many passes as there are columns (or rows) that overlap: a stencil's take a few, however many unknowns

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f"jacobian: mode={mode!r}; it is 'forward', 'reverse' or None.")

    check_chunk("jacobian", chunk_size)

    def jacobian_of_f(*args: object, **kwargs: object) -> Tree:
        if sparse:
            from .sparse import sparse_jacobian  # SciPy's is an extra

            return sparse_jacobian(f, argnums, args, kwargs, chunk_size)
        run = Run(f, args, kwargs, argnums)
        elements_in, elements_out = (sum(x.size for x in xs) for xs in (run.inputs, run.outs))
        forward = mode == "forward" or (mode is None and elements_in < elements_out)
        at_once = chunk_size or max(1, _ELEMENTS // max((1, *(math.prod(row.shape) for row in run.order))))
        blocks = _columns(run, at_once) if forward else _rows(run, at_once)
        of_results = []
        for row in blocks:
            arguments = tuple(rebuild(row[start:stop]) for start, stop, rebuild in run.arguments)
            of_results.append(arguments if isinstance(argnums, tuple) else arguments[0])
        return run.rebuild(of_results)

    return jacobian_of_f


_ELEMENTS, _FEW = 1 << 22, 8  # passes that are fewer cost less one by one


def _rows(run: Run, at_once: int) -> list[list[Array]]:
    """For each result and each input the block ∂out/∂in, from one pullback an element of the results."""
    blocks = []
    for k, y in enumerate(run.outs):

        def pulled(unit: Any, k: int = k) -> list[Any]:
            return _leaves(run.pull([unit if j == k else _zeros(z) for j, z in enumerate(run.outs)]))

        found = _passes(pulled, y, run.inputs, at_once)
        blocks.append([np.reshape(block, (*y.shape, *x.shape)) for block, x in zip(found, run.inputs, strict=True)])
    return blocks


def _columns(run: Run, at_once: int) -> list[list[Array]]:
    """The same from one pushforward an element of the inputs."""
    blocks: list[list[Array]] = [[] for _ in run.outs]
    for i, x in enumerate(run.inputs):

        def pushed(unit: AnyArray, i: int = i) -> list[Any]:
            return _leaves(run.push([unit if j == i else _zeros(z) for j, z in enumerate(run.inputs)]))

        for block, found, y in zip(blocks, _passes(pushed, x, run.outs, at_once), run.outs, strict=True):
            whole = np.reshape(found, (*x.shape, *y.shape))
            block.append(np.transpose(whole, (*range(x.ndim, x.ndim + y.ndim), *range(x.ndim))))
    return blocks


def _passes(walk: Callable[[Any], list[Any]], along: Tensor, to: list[Tensor], at_once: int) -> list[AnyArray]:
    """``walk`` of every unit array of the shape of ``along``: for each of ``to`` the results, one after the other."""
    if not along.size:
        return [filled(0, y.data, (0, *y.shape), y.dtype) for y in to]
    units = filled(0, along.data, (along.size, along.size), along.dtype)
    every = np.arange(along.size)
    units[every, every] = 1
    units = np.reshape(units, (along.size, *along.shape))
    if along.size < _FEW:
        return [np.stack(found) for found in zip(*map(walk, units), strict=True)]
    return passes(walk, units, at_once)


def _zeros(like: Tensor) -> AnyArray:
    return filled(0, like.data, like.shape, like.dtype)


def _leaves(tree: Tree) -> list[AnyArray]:
    return trees.flatten(tree, "jacobian")[0]


def hessian(f: Function, argnums: Argnums = 0, *, chunk_size: int | None = None) -> Function:
    """∂²f/∂x² of a scalar function, of shape (*x.shape, *x.shape), by forward mode over reverse mode.

    f, argnums : those of ``grad``
    chunk_size : that of ``jacobian``

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward", chunk_size=chunk_size)


def hvp(f: Function, primals: Tree, tangents: Tree) -> Tree:
    """The product of the Hessian of a scalar f with a vector, without the Hessian: the gradient's change along it.

    primals, tangents : tuples of arguments and of as many vectors (then the answer is a tuple), or one of each

    >>> hvp(lambda x: (x**3).sum(), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    if not isinstance(primals, tuple):
        return jvp(grad(f), (primals,), (tangents,))[1]
    return jvp(grad(f, tuple(range(len(primals)))), primals, tangents)[1]
