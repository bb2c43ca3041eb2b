"""Sparse Jacobians: their pattern by dependencies, their values from as many passes as there are colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batching.pattern import Pattern, inputs
from ..engine import recording
from ..engine.tensor import Tensor
from .gradients import Argnums, Run
from .vectorizing import passes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from ..support.types import AnyArray, Args, Function, Settings

__all__ = ["sparsity"]


def sparsity(f: Callable[..., Any], argnums: int = 0) -> Callable[..., csr_array]:
    """Which element of f's result depends on which of the argument's: a function that gives SciPy's array of booleans.

    f : a function of arrays with one array as its result
    argnums : the argument

    The answer has the shape (elements of the result, elements of the argument). It holds for all values of the
    argument that take the same branches; where an operation is not looked into, it says more than the truth, never
    less.

    >>> sparsity(lambda x: x[1:] - x[:-1])(np.zeros(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    """

    def pattern(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        x = given[argnums]
        given[argnums] = inputs(np.asarray(x._data if isinstance(x, Tensor) else x, dtype=float))
        y = f(*given, **kwargs)
        found = y._data if isinstance(y, Tensor) else y
        if type(found) is not Pattern:
            if isinstance(found, (tuple, list, dict)):
                raise TypeError("sparsity: the function gives a tree; one array has a pattern.")
            from scipy.sparse import csr_array

            return csr_array((np.size(found), given[argnums].size), dtype=bool)
        found.depends.sort_indices()
        return found.depends

    return pattern


def colours(pattern: csr_array) -> Any:
    """A number for every column, such that two with one number share no row (greedy, in order)."""
    by_column = pattern.tocsc()
    columns, rows = by_column.indptr.tolist(), by_column.indices.tolist()
    taken: list[set[int]] = [set() for _ in range(pattern.shape[0])]
    colour = np.zeros(pattern.shape[1], int)
    for j in range(pattern.shape[1]):
        mine = [taken[i] for i in rows[columns[j] : columns[j + 1]]]
        used = set().union(*mine)
        c = 0
        while c in used:
            c += 1
        colour[j] = c
        for s in mine:
            s.add(c)
    return colour


def sparse_jacobian(f: Function, argnums: Argnums, args: Args, kwargs: Settings, chunk_size: int | None) -> csr_array:
    """∂f/∂x as SciPy's array: columns of one colour pushed together, or rows pulled together, whichever are fewer."""
    from scipy.sparse import coo_array

    if isinstance(argnums, tuple):
        raise ValueError(f"jacobian: sparse=True takes one argument at a time, not argnums={argnums!r}.")
    pattern = sparsity(f, argnums)(*args, **kwargs)
    run = Run(f, args, kwargs, argnums)
    if len(run.inputs) != 1 or len(run.outs) != 1:
        raise ValueError("jacobian: sparse=True takes one array and gives one; trees have dense blocks.")
    (x,), (y,) = run.inputs, run.outs
    rows, columns = pattern.tocoo().coords
    forward, backward = colours(pattern), colours(pattern.T.tocsr())
    ahead = forward.max(initial=-1) <= backward.max(initial=-1)
    colour, along, shape = (forward, columns, x.shape) if ahead else (backward, rows, y.shape)
    count = int(colour.max(initial=-1)) + 1
    seeds = np.zeros((count, colour.size), x.dtype)
    seeds[colour, np.arange(colour.size)] = 1

    def walk(seed: AnyArray) -> list[Any]:
        found = run.push([seed]) if ahead else run.pull([seed])[0]
        return [np.reshape(found._data if isinstance(found, Tensor) else found, (-1,))]

    with recording.no_grad():
        at_once = chunk_size or max(1, (1 << 22) // max(1, x.size, y.size))
        compressed = passes(walk, np.reshape(seeds, (count, *shape)), at_once)[0] if count else seeds
    values = compressed[colour[along], rows if ahead else columns]
    return coo_array((values, (rows, columns)), shape=pattern.shape).tocsr()
