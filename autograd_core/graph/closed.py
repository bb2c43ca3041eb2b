"""The symbolic columns: every variable and derivative as a formula of the inputs, without any ξ."""

from __future__ import annotations

from typing import Any

from ..expressions.algebra import put_in, shorter
from ..expressions.symbol import Symbol, at_most
from .derivatives import COTANGENT, Local, local_derivatives
from .graph import Graph, Row

_LONGEST = 20_000  # applications in all; a graph of more has no closed forms


class Closed:
    """What the rows are as functions of the inputs.

    values : by row, None where the formula would be too long
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values: dict[Row, Any] = {}
        known: dict[str, Any] = {}
        try:
            with at_most(_LONGEST):
                for row in graph.rows:
                    self.values[row] = known[row.name] = put_in(row.expression, known)
        except OverflowError:
            pass
        self.known = known

    def slope(self, local: Local) -> Any:
        """A local derivative as a function of the inputs; None where that would be too long."""
        try:
            with at_most(_LONGEST):
                return put_in(local.formula, self.known)
        except OverflowError:
            return None

    def gradients(self) -> dict[Row, Any]:
        """d output/d variable in closed form, shortened by SymPy where it is installed.

        Left out are variables behind a row whose derivative has no formula, or sums over what was broadcast.
        """
        rows = self.graph.rows
        if self.graph.output.shape != () or len(self.values) < len(rows):
            return {}
        found: dict[Row, Any] = {self.graph.output: 1}
        try:
            with at_most(_LONGEST):
                for row in reversed(rows):
                    if row in found:
                        self._pull(row, found)
        except OverflowError:
            return {}
        return {v: shorter(found[v]) for v in self.graph.variables if found.get(v) is not None}

    def _pull(self, row: Row, found: dict[Row, Any]) -> None:
        """Pass the formula of d output/d row on to the row's parents."""
        for local in local_derivatives(row):
            g, parent = found[row], local.parent
            if g is None or not _is_formula(row, local):
                term = None
            elif local.is_map:
                term = put_in(local.formula, {**self.known, COTANGENT.head: g})
            else:
                term = g * put_in(local.formula, self.known)
            known = parent in found
            found[parent] = (
                None if term is None or (known and found[parent] is None) else (found[parent] + term if known else term)
            )


def _is_formula(row: Row, local: Local) -> bool:
    named = isinstance(local.formula, Symbol) and local.formula.head.startswith("∂")
    return not named and (local.is_map or row.shape == local.parent.shape)
