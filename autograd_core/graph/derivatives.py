"""The derivative columns: local derivatives as formula and number, and the two ways to multiply them up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.arithmetic import expanded
from ..engine.forms import Elementwise, Reduction
from ..engine.forward import push
from ..engine.reverse import pull
from ..expressions.notation import write
from ..expressions.symbol import Symbol, at_most
from ..watching.observer import Pulled, observe
from .graph import Graph, Row

if TYPE_CHECKING:
    from ..engine.node import Node
    from ..support.types import Array, ArrayLike

LONGEST = 40
"""Parts of a formula; of a longer one the innermost are left out where it is written."""
_DERIVABLE = 150  # applications; a rule that makes more (a loop over time) is named instead


class Local(NamedTuple):
    """∂row/∂parent.

    formula : the derivative; where the operation is given by its adjoint, what that makes of the cotangent ``g``
    value   : the derivative, None where it is a matrix that nobody has written out
    """

    parent: Row
    formula: Any
    is_map: bool
    value: Any

    @property
    def text(self) -> str:
        """The derivative as text, or the map of a cotangent."""
        formula = write(self.formula, LONGEST)
        return f"{COTANGENT.head} ↦ {formula}" if self.is_map else formula

    def equation(self, row: Row) -> str:
        """``∂ξ4/∂ξ3 = −1/ξ3²``, of a map ``∂ξ2/∂ξ1: g ↦ xᵀ @ g``."""
        return f"∂{write(row.symbol)}/∂{write(self.parent.symbol)}{':' if self.is_map else ' ='} {self.text}"


COTANGENT = Symbol("g")
"""What an adjoint is a map of."""


def local_derivatives(row: Row) -> list[Local]:
    """One for each variable that the row is computed from; a variable that is used twice has the sum of both.

    >>> from autograd_core.graph import trace
    >>> row = trace(lambda x, y: x / y, 1.0, 2.0).rows[0]
    >>> [(d.parent.name, d.text, float(d.value)) for d in local_derivatives(row)]
    [('x', '1/y', 0.5), ('y', '−x/y²', -0.25)]
    """
    found: dict[Row, Local] = {}
    for i, parent in enumerate(row.parents):
        formula, is_map = _formula(row, i) if parent is not None else (None, False)
        if parent is None or formula is None:
            continue
        value = _value(row, i, parent)
        if parent in found:
            formula = found[parent].formula + formula
            value = value if is_map else found[parent].value + value
        found[parent] = Local(parent, formula, is_map, value)
    return list(found.values())


def _formula(row: Row, i: int) -> tuple[Any, bool]:
    """The rule, run on symbols."""
    op = row.op
    kept = (*row.arguments, row.symbol)
    if op.rules[0 if op.variadic else i] is None:
        return None, True
    try:
        with at_most(_DERIVABLE):
            if isinstance(op, Reduction):
                return op.local[i]((*row.arguments, _expanded(row)), row.params), False
            if isinstance(op, Elementwise):
                return op.local[i](kept, row.params), False
            g = Symbol(COTANGENT.head, row.shape, row.dtype or np.float64)
            if op.variadic:
                return op.local[0](kept, {**row.params, "index": i}, g), True
            return op.local[i](kept, row.params, g), True
    except Exception:  # a rule may do what symbols cannot; the numbers are right all the same
        return Symbol(f"∂{op.name}/∂{op.argument_names(len(row.parents))[i]}"), False


def _expanded(row: Row) -> Symbol:
    """The result of a reduction as its rule is given it: with the reduced axes kept."""
    ones = expanded(np.empty(row.shape or ()), row.params["axis"], row.params["keepdims"])
    return Symbol(row.symbol.head, ones.shape, row.dtype or np.float64)


def _value(row: Row, i: int, parent: Row) -> Any:
    """The rule, run on what the row kept."""
    op, node = row.op, row.node
    with np.errstate(all="ignore"):  # a pole is shown, not warned of
        if isinstance(op, Elementwise):
            return op.local[i](node.saved, node.params)
        if isinstance(op, Reduction):
            return op.weights(node, node.saved)
        if math.prod(node.shape) != 1:
            return None
        one = np.ones(node.shape, row.dtype or np.float64)
        return pull([node], {node: one}, wanted=[parent.node]).get(parent.node)


def cotangents(graph: Graph) -> dict[Row, Array]:
    """d output/d row for every row and variable that the output depends on; of an array, of the sum of its elements."""
    output, rows = graph.output, _by_node(graph)
    found: dict[Row, Array] = {}

    def keep(pulled: Pulled) -> None:
        if pulled.node in rows:  # not the rows that a checkpoint computes anew
            found[rows[pulled.node]] = pulled.cotangent

    seed = np.ones(output.shape or (), output.dtype or np.float64)
    order = [row.node for row in reversed(graph.rows)]
    with observe(backward=keep), np.errstate(all="ignore"):
        rest = pull(order, {output.node: seed}, wanted=rows)
    return found | {rows[node]: c for node, c in rest.items()}


def tangents(graph: Graph, variable: Row, direction: ArrayLike) -> dict[Row, Array]:
    """d row/d variable along ``direction`` for every row that depends on the variable."""
    rows = _by_node(graph)
    order = [row.node for row in reversed(graph.rows)]
    with np.errstate(all="ignore"):
        pushed = push(order, {variable.node: direction})
    return {rows[node]: t for node, t in pushed.items()}


def _by_node(graph: Graph) -> dict[Node, Row]:
    return {row.node: row for row in (*graph.rows, *graph.variables)}
