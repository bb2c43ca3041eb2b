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
        self.inputs = {source.name for source in graph.sources}
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

        Left out are variables behind a row whose derivative has no formula, or sums over what was broadcast, and all
        where numbers are complex.
        """
        rows = self.graph.rows
        complex_ = any(row.dtype is not None and row.dtype.kind == "c" for row in (*rows, *self.graph.sources))
        if self.graph.output.shape != () or len(self.values) < len(rows) or complex_:
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
            if g is None or not self._is_formula(row, local):
                term = None
            elif local.is_map:
                term = put_in(local.formula, {**self.known, COTANGENT.head: g})
            else:
                term = g * put_in(local.formula, self.known)
            known = parent in found
            found[parent] = (
                None if term is None or (known and found[parent] is None) else (found[parent] + term if known else term)
            )

    def _is_formula(self, row: Row, local: Local) -> bool:
        """Whether the derivative can be written: not one that is only named, nor a sum that broadcasting asks for."""
        if isinstance(local.formula, Symbol) and local.formula.head.startswith("∂"):
            return False
        if local.is_map:
            return COTANGENT.head not in self.inputs  # a variable of that name could not be told from it
        return row.shape == local.parent.shape
