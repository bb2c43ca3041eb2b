"""Rounding errors: the rows of a graph, run again in higher precision, beside what they were."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.forward import push
from ..engine.node import Node, Spec
from ..engine.recording import enable_grad
from ..engine.reverse import pull
from ..engine.tensor import Tensor, bare, make_tensor
from ..expressions import values
from ..expressions.symbol import Symbol
from ..support.random import use_generator
from ..transforms.gradients import variable
from .cost import calls_back
from .derivatives import cotangents, local_derivatives, tangents
from .graph import Graph, Row

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array, ArrayLike, DTypeLike, Function

NOT_WIDER = "no wider type on this machine"
_UNLIKE = 1e3  # roundings; what differs by more when it is run again was not rounding
_OUTSTANDING = 1e3  # times the error of the whole array: then the worst element is named, too


class Error(NamedTuple):
    """The relative rounding error of a number or array, or why it is not known.

    relative : largest |computed − exact| over largest |exact|; None where it is not known
    worst    : the largest relative error of a single element
    why      : what stands in the place of the number
    """

    relative: float | None
    worst: float = 0.0
    why: str = ""

    @property
    def text(self) -> str:
        """``1.1e−16``, ``every digit`` from 1 on, or why there is none."""
        if self.relative is None:
            return self.why
        outstanding = self.worst > _OUTSTANDING * self.relative
        return _digits(self.relative) + f" (worst element: {_digits(self.worst)})" * outstanding


NO_ERROR = Error(None, why="")


def _digits(relative: float) -> str:
    return "every digit" if relative >= 1 else values.number(relative, 2)


class Rounding:
    """The rounding errors of a graph's values and derivatives, measured by its rows in a wider type.

    Inputs, parameters and constants are taken for exact. The rows run twice in the wider type, the second time with
    every inexact result off by one rounding: where both differ, the wider type has lost the digits, too.

    precision : the unit of the graph's own dtype
    values    : by row
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        dtypes = [row.dtype for row in graph.rows if row.dtype is not None and row.dtype.kind in "fc"]
        inexact = np.result_type(*dtypes, np.float16)
        own = np.finfo(inexact).dtype
        self.precision = float(np.finfo(own).eps) / 2
        wide: Any = np.dtype(np.longdouble if own.itemsize >= 8 else np.float64)
        self.runs: list[_Wide] = []
        if np.finfo(wide).eps < np.finfo(own).eps:
            with np.errstate(all="ignore"), _draws_kept(), enable_grad():
                self.runs = [_Wide(graph, wide, nudge) for nudge in (False, True)]
        self.values = {row: self._compared(row.value, partial(_Wide.value, row=row)) for row in graph.rows}

    def severity(self, relative: float | None) -> float:
        """How many of the digits of the dtype are wrong: 0 for one rounding, 1 for all; on a logarithmic scale."""
        if relative is None or relative <= self.precision:
            return 0.0
        return min(1.0, 1 - math.log(min(relative, 1.0)) / math.log(self.precision))

    def slopes(self, row: Row) -> dict[Row, Error]:
        """Of the local derivatives of a row that are numbers or arrays, by parent."""
        return {
            local.parent: self._compared(local.value, partial(_Wide.slope, row=row, parent=local.parent))
            for local in local_derivatives(row)
            if local.value is not None
        }

    def cotangents(self, known: Mapping[Row, Array]) -> dict[Row, Error]:
        """Of d output/d row."""
        return self._all(known, _Wide.cotangents)

    def tangents(self, known: Mapping[Row, Array], along: Row, direction: Array) -> dict[Row, Error]:
        """Of d row/d variable along a direction."""
        return self._all(known, partial(_Wide.tangents, along=along, direction=direction))

    def _all(self, known: Mapping[Row, Array], find: Callable[[_Wide], Mapping[Row, Array]]) -> dict[Row, Error]:
        try:
            with np.errstate(all="ignore"), _draws_kept():
                found = [find(run) for run in self.runs]
        except Exception as error:  # a rule may do what the wider type cannot
            return dict.fromkeys(known, Error(None, why=_said(error)))
        places = [run.rows for run in self.runs]
        return {
            row: self._error(value, [f.get(at[row], 0) for f, at in zip(found, places, strict=True)])
            for row, value in known.items()
        }

    def _compared(self, known: Any, find: Callable[[_Wide], Any]) -> Error:
        if known is None:
            return Error(None, why=values.UNKNOWN)
        try:
            with np.errstate(all="ignore"):
                return self._error(known, [find(run) for run in self.runs])
        except Exception as error:
            return Error(None, why=_said(error))

    def _error(self, known: ArrayLike, exact: list[Any]) -> Error:
        if not exact:
            return Error(None, why=NOT_WIDER)
        known, first, second = np.broadcast_arrays(*(np.asarray(bare(x)) + 0.0 for x in (known, *exact)))
        if not known.size:
            return Error(0.0)
        with np.errstate(all="ignore"):
            size = np.fmax(np.absolute(first), np.absolute(second))
            doubt = _apart(first, second)
            error = _apart(known, first)
            error = np.where(doubt > self.precision * size, np.fmax(error, doubt), error)
            relative = np.where(error == 0, 0, error / size)
            largest = np.max(size, initial=0, where=np.isfinite(size))
            whole = float(np.max(error) / largest) if largest else math.inf if np.any(error) else 0.0
        return Error(whole, float(np.max(relative)))


def _apart(x: Array, y: Array) -> Array:
    """|x − y|, where infinities and NaNs of the same kind are no way apart and others infinitely."""
    alike = (x == y) | (np.isnan(x) & np.isnan(y))
    apart = np.absolute(x - y)
    return np.where(alike, 0, np.where(np.isnan(apart), np.inf, apart))


class _Wide:
    """The rows of a graph in a wider type."""

    def __init__(self, graph: Graph, dtype: np.dtype[Any], nudge: bool) -> None:
        self.narrow, self.dtype, self.nudge = graph, dtype, nudge
        self.known: dict[str, Any] = {}  # values by name, as tensors
        self.why: dict[Row, str] = {}
        self.rows: dict[Row, Row] = {}
        varied = {parent for row in graph.rows for parent in row.parents if parent is not None}
        for source in graph.sources:
            value = None if source.value is None else self.wide(source.value)
            floating = value is not None and value.dtype.kind in "fc"
            self.known[source.name] = variable(value) if source in varied and floating else value
            self._keep(source)
        for row in graph.rows:
            self.known[row.name] = self._run(row)
            self._keep(row)
        variables = [self.rows[v] for v in graph.variables]
        self.graph = Graph(
            [self.rows[r] for r in graph.rows],
            [self.rows[s] for s in graph.sources],
            variables,
            self.rows[graph.output],
        )

    def wide(self, value: AnyArray) -> Any:
        """Floating data in the wider type, other data as they are."""
        value = np.asarray(bare(value))
        kinds = {"f": self.dtype, "c": np.result_type(self.dtype, np.complex64)}
        return value.astype(kinds.get(value.dtype.kind, value.dtype), copy=False)

    def value(self, row: Row) -> Any:
        """The exact value of a row; a RuntimeError says why there is none."""
        if row in self.why:
            raise RuntimeError(self.why[row])
        return self.rows[row].value

    def slope(self, row: Row, parent: Row) -> Any:
        """A local derivative of a row."""
        return {local.parent: local.value for local in local_derivatives(self.rows[row])}[self.rows[parent]]

    def cotangents(self) -> dict[Row, Array]:
        """d output/d row; where a rule cannot do it in the wider type, by that row as it was."""
        try:
            return cotangents(self.graph)
        except Exception:
            return self._pulled()

    def _pulled(self) -> dict[Row, Array]:
        output = self.graph.output
        found: dict[Row, Any] = {output: np.ones(output.shape or (), self.dtype)}
        for row in reversed(self.narrow.rows):
            wide = self.rows[row]
            if wide not in found:
                continue
            parents = {p.node: p for p in wide.parents if p is not None}
            try:
                parts = pull([wide.node], {wide.node: found[wide]})
            except Exception:
                back = pull([row.node], {row.node: found[wide].astype(row.dtype)})
                same = {p.node: self.rows[p].node for p in row.parents if p is not None}
                parts = {same[node]: self.wide(c) for node, c in back.items()}
            for node, c in parts.items():
                found[parents[node]] = found[parents[node]] + c if parents[node] in found else c
        return found

    def tangents(self, along: Row, direction: Array) -> dict[Row, Array]:
        """d row/d variable along a direction, likewise."""
        d = self.wide(direction)
        try:
            return tangents(self.graph, self.rows[along], d)
        except Exception:
            return self._pushed(along, d)

    def _pushed(self, along: Row, direction: Array) -> dict[Row, Array]:
        found: dict[Row, Any] = {self.rows[along]: direction}
        for row in self.narrow.rows:
            wide = self.rows[row]
            reached = [p for p in row.parents if p is not None and self.rows[p] in found]
            if not reached:
                continue
            try:
                t = push([wide.node], {self.rows[p].node: found[self.rows[p]] for p in reached}).get(wide.node)
            except Exception:
                narrow = {p.node: found[self.rows[p]].astype(p.dtype) for p in reached}
                t = push([row.node], narrow).get(row.node)
            if t is not None:
                found[wide] = self.wide(t)
        return found

    def _keep(self, row: Row) -> None:
        tensor = self.known[row.name]
        value = bare(tensor) if tensor is not None else None
        wide = Row(row.name, row.kind, value, row.shape, getattr(tensor, "_node", None))
        wide.op, wide.params, wide.arguments = row.op, row.params, row.arguments
        wide.parents = tuple(None if p is None else self.rows[p] for p in row.parents)
        wide.expression = row.expression
        self.rows[row] = wide

    def _run(self, row: Row) -> Tensor | None:
        """The row's result; where it cannot be had, the value that it had, and why."""
        try:
            self._check(row)
            result = _called(row, self.known, self.dtype)
            if result.dtype != self.wide(result).dtype:
                raise TypeError(f"{row.op.name} computes in {result.dtype}")
        except Exception as error:
            self.why[row] = _said(error)
            return self._as_it_was(row)
        if not self.nudge:
            return result
        data = bare(result)
        moved = _nudged(row.op.forward, [bare(self._argument(a)) for a in row.arguments], data)
        node = result._node
        if node is not None:
            node.saved = tuple(moved if kept is data else kept for kept in node.saved or ())
        return make_tensor(moved, node)

    def _argument(self, argument: ArrayLike) -> Any:
        return argument.evaluate(self.known) if isinstance(argument, Symbol) else argument

    def _check(self, row: Row) -> None:
        """RuntimeError where the row, run again as it was, gives something else."""
        if calls_back(row):
            raise RuntimeError("calls functions of the program")
        known = {r.name: r.value for r in row.inputs}
        if row.value is None or any(value is None for value in known.values()):
            raise RuntimeError("its values were not kept")
        again, value = np.asarray(bare(_called(row, known))), np.asarray(row.value)
        if again.shape != value.shape:
            raise RuntimeError("run again, it has another shape")
        if value.size and value.dtype.kind in "fc":
            unit = _UNLIKE * np.finfo(value.dtype).eps
            finite = np.isfinite(value)
            size = np.max(np.absolute(value), initial=0, where=finite)
            same = np.array_equal(np.isfinite(again), finite)
            if not same or np.max(np.absolute(again - value), initial=0, where=finite) > unit * size:
                raise RuntimeError("run again, it gives other numbers (random, or overwritten)")

    def _as_it_was(self, row: Row) -> Tensor | None:
        if row.value is None or row.node.saved is None:
            return None
        parents = tuple(None if p is None else self.rows[p].node for p in row.parents)
        saved = tuple(s if s is None or isinstance(s, Spec) else self.wide(s) for s in row.node.saved)
        return make_tensor(self.wide(row.value), Node(row.op, parents, saved, row.node.params, row.node.shape))


def _called(row: Row, known: Mapping[str, Any], dtype: np.dtype[Any] | None = None) -> Any:
    """The row's operation on what is known by the names of its arguments; conversions are to ``dtype``."""
    missing = [r.name for r in row.inputs if known[r.name] is None]
    if missing:
        raise RuntimeError(f"the value of {missing[0]} was not kept")
    args = [a.evaluate(known) if isinstance(a, Symbol) else a for a in row.arguments]
    if row.params is row.op.defaults:
        return row.op.function(*args)
    converts = dtype is not None and row.params.get("dtype") is not None
    changed = {"dtype": _as_wide(row.params["dtype"], dtype)} if converts else {}
    return row.op.function(*args, **(row.params | changed))


def _as_wide(given: Any, dtype: DTypeLike) -> Any:
    """A setting that says a dtype, in the wider type."""
    kind = np.dtype(given).kind
    return dtype if kind == "f" else np.result_type(dtype, np.complex64) if kind == "c" else given


def _nudged(function: Function, args: list[Any], out: AnyArray) -> Any:
    """The result off by one rounding, where it may not be exact."""
    if out.dtype.kind not in "fc" or not out.size:
        return out
    if function in (np.add, np.subtract):
        x, y = args if function is np.add else (args[0], np.negative(args[1]))
        part = out - x
        exact = ((x - (out - part)) + (y - part)) == 0  # Knuth, The Art of Computer Programming 2, 4.2.2
    else:  # what is one of its arguments, or minus one, was not computed
        given = [np.ravel(np.absolute(a)) for a in args if np.asarray(a).dtype.kind in "biufc"]
        exact = np.isin(np.absolute(out), np.concatenate(given)) if given else np.array(False)
    return np.where(exact, out, out * (1 + np.finfo(out.dtype).eps))


def _said(error: Exception) -> str:
    """Why, in a line that fits into a cell."""
    text = (str(error).splitlines() or [""])[0].strip() or type(error).__name__
    text = text.removeprefix("not replayed: ")
    return f"not replayed: {text if len(text) <= 72 else text[:71] + '…'}"


@contextlib.contextmanager
def _draws_kept() -> Iterator[None]:
    """A block whose random draws are not missed afterwards."""
    with use_generator(np.random.default_rng(0)):
        state = np.random.get_state()  # noqa: NPY002 (the program's, not ours)
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002
