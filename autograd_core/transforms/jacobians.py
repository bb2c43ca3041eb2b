"""Whole derivatives: Jacobian and Hessian, and the Hessian's product with a vector."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..border.backward import filled
from ..engine.tensor import Tensor
from . import trees
from .gradients import Argnums, Run, grad, jvp

__all__ = ["jacobian", "hessian", "hvp"]


def jacobian(f: Callable[..., Any], argnums: Argnums = 0, mode: str | None = None) -> Callable[..., Any]:
    """∂f/∂x of shape (*out.shape, *x.shape), as a function of the same arguments.

    Where the result or the argument is a tree, so is the answer: for every leaf of the result a tree like the
    argument.

    f, argnums : those of ``grad``
    mode : "forward" takes one pass for each element of the arguments, "reverse" one for each element of the result;
        by default whatever is less

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f"jacobian: mode={mode!r}; it is 'forward', 'reverse' or None.")

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums)
        elements_in, elements_out = (sum(x.size for x in xs) for xs in (run.inputs, run.outs))
        forward = mode == "forward" or (mode is None and elements_in < elements_out)
        blocks = _columns(run) if forward else _rows(run)
        of_results = []
        for row in blocks:
            arguments = tuple(rebuild(row[start:stop]) for start, stop, rebuild in run.arguments)
            of_results.append(arguments if isinstance(argnums, tuple) else arguments[0])
        return run.rebuild(of_results)

    return jacobian_of_f


def _rows(run: Run) -> list[list[Any]]:
    """For each result and each input the block ∂out/∂in, from one pullback an element of the results."""
    blocks = []
    for k, y in enumerate(run.outs):
        pulled: list[list[Any]] = [[] for _ in run.inputs]
        for unit in _units(y):
            cotangents = [unit if j == k else filled(0, z.data, z.shape, z.dtype) for j, z in enumerate(run.outs)]
            for found, leaf in zip(pulled, _leaves(run.pull(cotangents)), strict=True):
                found.append(leaf)
        pairs = zip(pulled, run.inputs, strict=True)
        blocks.append([_stacked(found, (*y.shape, *x.shape), x) for found, x in pairs])
    return blocks


def _columns(run: Run) -> list[list[Any]]:
    """The same from one pushforward an element of the inputs."""
    blocks: list[list[Any]] = [[] for _ in run.outs]
    for i, x in enumerate(run.inputs):
        pushed: list[list[Any]] = [[] for _ in run.outs]
        for unit in _units(x):
            tangents = [unit if j == i else filled(0, z.data, z.shape, z.dtype) for j, z in enumerate(run.inputs)]
            for found, leaf in zip(pushed, _leaves(run.push(tangents)), strict=True):
                found.append(leaf)
        for block, found, y in zip(blocks, pushed, run.outs, strict=True):
            whole = _stacked(found, (*x.shape, *y.shape), y)
            block.append(np.transpose(whole, (*range(x.ndim, x.ndim + y.ndim), *range(x.ndim))))
    return blocks


def _units(like: Tensor) -> Iterator[Any]:
    """The unit arrays of the shape of ``like``, one for each of its elements."""
    for index in np.ndindex(*like.shape):
        unit = filled(0, like.data, like.shape, like.dtype)
        unit[index] = 1
        yield unit


def _stacked(parts: list[Any], shape: tuple[int, ...], like: Tensor) -> Any:
    return np.reshape(np.stack(parts), shape) if math.prod(shape) else filled(0, like.data, shape, like.dtype)


def _leaves(tree: Any) -> list[Any]:
    return trees.flatten(tree, "jacobian")[0]


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """∂²f/∂x² of a scalar function, of shape (*x.shape, *x.shape), by forward mode over reverse mode.

    f, argnums : those of ``grad``

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward")


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The product of the Hessian of a scalar f with a vector, without the Hessian: the gradient's change along it.

    primals, tangents : tuples of arguments and of as many vectors (then the answer is a tuple), or one of each

    >>> hvp(lambda x: (x**3).sum(), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    if not isinstance(primals, tuple):
        return jvp(grad(f), (primals,), (tangents,))[1]
    return jvp(grad(f, tuple(range(len(primals)))), primals, tangents)[1]
