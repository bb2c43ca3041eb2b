"""trace: run a function once and keep every row of its computation, with names, values and expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import class_name, describe
from ..engine.node import WatchedNode
from ..engine.tensor import Tensor, make_tensor
from ..transforms.gradients import evaluate, variable
from ..watching import observer
from .graph import Graph
from .naming import argument_names, known_things
from .reading import Reader, recorded

if TYPE_CHECKING:
    from ..support.types import Wrt


def trace(f: Any, *args: object, wrt: Wrt = None, names: Any = None, result: str = "L") -> Graph:
    """Run ``f(*args)`` and return its Graph; or look at a tensor that is already computed: ``trace(loss)``.

    Numbers become float64; floating arrays and tensors are inputs; integer arrays and everything else stay as given.

    wrt : the variables: name, position or tensor, or a tuple of them; default: all inputs and parameters. What
        depends on none of them is a constant and gets no row.
    names : names of tensors, as a dict or a model; f's own variables are known without it
    result : the name of the last row

    Raises TypeError where f returns no tensor, RuntimeError where nothing was recorded or the graph was released,
    ValueError for an unknown variable, or one that the result does not depend on.

    >>> graph = trace(lambda x, w: np.exp(-x * w), 3.0, 1.0, wrt="w")
    >>> [f"{row.name} = {row.expression}" for row in graph.rows]
    ['ξ1 = −x·w', 'L = exp ξ1']
    """
    if not isinstance(result, str):
        raise TypeError(f"trace: result: a name, not {class_name(result)}.")
    if isinstance(f, Tensor):
        if args:
            raise TypeError("trace: arguments are for functions; a computed tensor is traced alone, trace(loss).")
        return Reader(_own_rows(f), [], {}, known_things(None, names), result).graph(wrt)
    if not callable(f):
        raise TypeError(f"trace: needs a function, or a tensor that was computed, not {describe(f)}.")
    inputs = dict(zip(argument_names(f, len(args)), map(_input, args), strict=True))
    steps: list[tuple[Any, ...]] = []
    variables = [x._node for x in inputs.values() if isinstance(x, Tensor) and x._node is not None]
    with observer.observe(lambda *step: steps.append((*step, observer.origin()))):
        out = evaluate(f, [*inputs.values()], {}, variables)
    if not isinstance(out, Tensor):
        fix = "return one tensor, computed from the arguments with NumPy's functions or ag's."
        if hasattr(out, "dtype") and not any(isinstance(value, Tensor) for value in inputs.values()):
            fix = "give a floating argument; arrays of integers are constants."
        raise TypeError(f"trace: the function returned {describe(out)}, not a tensor. Fix: {fix}")
    return Reader(out, steps, inputs, known_things(f, names), result).graph(wrt)


def _input(value: Any) -> Any:
    """Floating data as a leaf of its own, numbers as float64; anything else as it is."""
    if isinstance(value, Tensor):
        value = value._data
        return variable(value) if value.dtype.kind in "fc" else Tensor(value)
    if isinstance(value, (int, float, complex)) and not isinstance(value, bool):
        value = np.asarray(value, np.result_type(type(value), np.float64))
    elif isinstance(value, (list, tuple)):
        try:
            array = np.asarray(value)
        except ValueError:  # ragged, or a list that contains itself
            return value
        value = array if array.dtype.kind in "iufc" else value
    floating = hasattr(value, "dtype") and getattr(value.dtype, "kind", "") in "fc"
    return variable(value) if floating else value


def _own_rows(tensor: Tensor) -> Tensor:
    """The tensor with a copy of its rows (not of arrays), which a backward pass of its owner does not release."""
    copies: dict[Any, Any] = {None: None}
    for node in recorded(tensor):
        if node.op is None:
            copies[node] = node
        else:
            parents = tuple(copies[p] for p in node.parents)  # type: ignore[union-attr]
            copies[node] = copy = WatchedNode(node.op, parents, node.saved, node.params, node.shape)
            copy.origin = getattr(node, "origin", None)
    return make_tensor(tensor._data, copies[tensor._node])
