"""Reading a Graph out of the engine's nodes, helped by what was observed while they were made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.errors import describe
from ..engine.node import Leaf, Node, Spec
from ..engine.reverse import rows
from ..engine.tensor import Tensor, bare
from ..expressions.symbol import apply, fold, of_primitive, variables
from ..watching.observer import Origin
from .graph import Graph, Row

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, Settings, Wrt

_LONGEST_CONSTANT = 12  # parts; what is computed from constants in more steps gets a name of its own
_LONG = object()


def recorded(tensor: Tensor) -> list[Node]:
    """Every row behind a tensor, each after its parents; RuntimeError where there are none (any more)."""
    if tensor._node is None:
        raise RuntimeError(
            "trace: the result depends on no input or parameter that requires gradients, so nothing was recorded. "
            "Fix: give floating arguments, set requires_grad=True, and use no detach() or no_grad() on the way."
        )
    try:
        return rows([tensor._node])[::-1]
    except RuntimeError as error:
        raise RuntimeError(
            "trace: the graph was released by a backward pass. "
            "Fix: trace before backward(), or backward(retain_graph=True)."
        ) from error


class _Made(NamedTuple):
    """How a value came about."""

    op: Any
    args: tuple[Any, ...]
    params: Settings


class Reader:
    """Names and expressions for the rows behind ``root``.

    steps  : (op, args, params, result, origin) of every operation observed; none where the tensor was there before
    inputs : the traced function's arguments by name
    known  : tensors and modules that have a name
    """

    def __init__(
        self,
        root: Tensor,
        steps: Sequence[Any],
        inputs: dict[str, Any],
        known: Iterable[tuple[str, Any]],
        result: str,
    ) -> None:
        behind = recorded(root)
        known = list(known)
        self.alive = root, steps, inputs, known  # much is known by id() here, so nothing may be freed
        self.root: Node = behind[-1]
        self.inputs = inputs
        self.given = {_key(v) for v in inputs.values()}
        self.result = result
        self.nodes = _as_executed([node for node in behind if node.op is not None], steps)
        used = dict.fromkeys(p for node in self.nodes for p in node.parents or () if p is not None and p.op is None)
        self.leaves = list(used) or behind
        self.made: dict[Any, _Made] = {}
        self.values: dict[Any, Any] = {self.root: root._data}
        self.origins: dict[Any, Origin] = {}
        self.names: dict[Any, str] = {}
        self.symbols: dict[Any, Any] = {}
        self.constants = 0
        self.sources: dict[Node, Row] = {}
        self._read_nodes()
        self._read_steps(steps)
        self._read_names(known)

    # What is known of each value -----------------------------------------------------------------------------------

    def _read_nodes(self) -> None:
        for node in self.nodes:
            parents, saved = node.parents or (), node.saved or ()
            args = tuple(p or _constant(s) for p, s in zip(parents, saved, strict=False))
            self.made[node] = _Made(node.op, args, node.params)
            for owner, kept in zip((*parents, node), saved, strict=True):
                if owner is not None and kept is not None and not isinstance(kept, Spec):
                    self.values[owner] = kept

    def _read_steps(self, steps: Sequence[Any]) -> None:
        for op, args, params, made, origin in steps:
            self.made[_key(made)] = _Made(op, args, params)
            self.origins[_key(made)] = origin
            for t in (*args, made):
                if isinstance(t, Tensor):
                    self.values[_key(t)] = t._data

    def _read_names(self, known: Iterable[tuple[str, Any]]) -> None:
        taken: set[str] = set()
        self.modules: dict[int, str] = {}
        for name, value in (*self.inputs.items(), *known):
            if hasattr(value, "named_parameters"):
                self.modules.setdefault(id(value), name)
            elif hasattr(value, "dtype") and _key(value) not in self.names:
                self.names[_key(value)] = _unique(name, taken)
                self.values[_key(value)] = bare(value)
        unnamed = [leaf for leaf in self.leaves if leaf not in self.names]
        for i, leaf in enumerate(unnamed):
            self.names[leaf] = _unique(f"p{i + 1}", taken)
        self.result = _unique(self.result, taken)
        self.taken = taken

    # The graph -----------------------------------------------------------------------------------------------------

    def graph(self, wrt: Wrt) -> Graph:
        """The rows that lead from the variables ``wrt`` to the result; ValueError where there are none."""
        chosen = self._chosen(wrt)
        if not chosen:
            raise ValueError(f"trace: wrt= names no variable; there is {self._describe_variables()}.")
        wanted = set(chosen)
        for node in self.nodes:
            if any(p in wanted for p in node.parents or ()):
                wanted.add(node)
        if self.root not in wanted:
            names = ", ".join(self.names[leaf] for leaf in chosen)
            raise ValueError(
                f"trace: the result does not depend on {names}; it depends on {self._describe_variables()}."
            )
        mine = {node: self._row(node, i + 1) for i, node in enumerate(n for n in self.nodes if n in wanted)}
        everything: dict[Any, Row] = {leaf: self._source(leaf) for leaf in chosen} | mine
        for node, row in mine.items():
            _, args, row.params = self.made[node]
            row.arguments = tuple(map(self._expression, args))
            row.expression = apply(*of_primitive(row.op, row.arguments, row.params), simplify=False)
            row.parents = tuple(everything.get(p) for p in node.parents or ())
        by_name = {row.name: row for row in (*self.sources.values(), *mine.values())}
        for row in mine.values():
            row.inputs = tuple(by_name[name] for name in variables(row.expression))
        places = [*map(_key, self.inputs.values()), *self.leaves]
        sources = [self.sources[key] for key in dict.fromkeys((*places, *self.sources)) if key in self.sources]
        return Graph(list(mine.values()), sources, [everything[leaf] for leaf in chosen], everything[self.root])

    def _row(self, node: Node, i: int) -> Row:
        last = node is self.root
        name = self.result if last else _unique(f"ξ{i}", self.taken)
        row = Row(name, "output" if last else "op", self.values.get(node), node.shape, node)
        row.op = node.op
        origin = self.origins.get(node) or getattr(node, "origin", None)
        row.origin = origin and origin._replace(name=self.modules.get(id(origin.root), ""))
        self.symbols[node] = row.symbol
        return row

    def _chosen(self, wrt: Wrt) -> list[Node]:
        inputs = [v._node for v in self.inputs.values() if isinstance(v, Tensor) and v._node is not None]
        parameters = [leaf for leaf in self.leaves if leaf not in inputs]
        if wrt is None:
            return inputs + parameters
        by_name = {self.names[node]: node for node in inputs + parameters}
        return [self._variable(w, by_name) for w in (wrt if isinstance(wrt, (tuple, list)) else (wrt,))]

    def _variable(self, w: Any, by_name: dict[str, Any]) -> Any:
        if isinstance(w, Tensor) and w._node in by_name.values():
            return w._node
        if isinstance(w, int) and -len(self.inputs) <= w < len(self.inputs):
            w = list(self.inputs)[w]
        if isinstance(w, str) and w in by_name:
            return by_name[w]
        shown = repr(w) if isinstance(w, str) else describe(w)
        if isinstance(w, str) and w in self.inputs:
            raise ValueError(f"trace: wrt={shown} is a constant here: only floating numbers and arrays can be varied.")
        raise ValueError(f"trace: wrt={shown} is not a variable; there is {self._describe_variables()}.")

    def _describe_variables(self) -> str:
        return ", ".join(self.names[leaf] for leaf in self.leaves)

    # Expressions of constants --------------------------------------------------------------------------------------

    def _expression(self, handle: Any) -> Any:
        """The name of a row or source, a number, or a short expression of constants."""
        waiting = [handle]
        while waiting:
            x = waiting[-1]
            key = _key(x)
            made = self.made.get(key)
            if key in self.symbols:
                waiting.pop()
            elif key in self.names or made is None:
                self.symbols[key] = self._name_or_number(x)
            elif missing := [a for a in made.args if _key(a) not in self.symbols]:
                waiting += missing
            else:
                self.symbols[key] = self._formula(made)
        key = _key(handle)
        if self.symbols[key] is _LONG:
            self.symbols[key] = self._name_or_number(handle)
        return self.symbols[key]

    def _formula(self, made: _Made) -> Any:
        args = [self.symbols[_key(a)] for a in made.args]
        if any(a is _LONG for a in args):
            return _LONG
        formula = apply(*of_primitive(made.op, args, made.params), simplify=False)
        return formula if variables(formula) and _length(formula) <= _LONGEST_CONSTANT else _LONG

    def _name_or_number(self, x: ArrayLike) -> Any:
        value = self.values.get(_key(x)) if isinstance(x, (Tensor, Node)) else x
        if _key(x) in self.names or value is None or isinstance(value, Spec) or np.ndim(value):
            return self._source(x).symbol
        return value.item() if hasattr(value, "item") else value

    def _source(self, x: Any) -> Row:
        key = _key(x)
        if key not in self.sources:
            if key not in self.names:
                self.constants += 1
                self.names[key] = _unique(f"c{self.constants}", self.taken)
            value = self.values.get(key) if isinstance(x, (Tensor, Node)) else None if isinstance(x, Spec) else x
            shape = x.shape if isinstance(x, (Node, Spec, Tensor)) else np.shape(x)
            kind = "input" if key in self.given else "parameter" if isinstance(key, Leaf) else "constant"
            self.sources[key] = Row(self.names[key], kind, value, shape, key if isinstance(key, Node) else None)
            self.symbols[key] = self.sources[key].symbol
        return self.sources[key]


def _as_executed(nodes: list[Node], steps: Sequence[Any]) -> list[Node]:
    """The rows in the order in which they were computed, as far as that was seen."""
    ours = set(nodes)
    executed = [step[3]._node for step in steps if step[3]._node in ours]
    return executed if len(executed) == len(nodes) else nodes


def _key(x: object) -> Any:
    """What a value is known by: its node where it has one."""
    node = x if isinstance(x, Node) else getattr(x, "_node", None)
    return id(x) if node is None else node


def _constant(saved: ArrayLike | None) -> Any:
    """What a row kept of a constant argument; a Spec of its own where that is nothing."""
    return Spec(None, None) if saved is None else saved  # type: ignore[arg-type]


def _unique(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "′"
    taken.add(name)
    return name


def _length(expression: AnyArray) -> int:
    return fold(expression, lambda x: 1, lambda symbol, parts: 1 + sum(_count(p) for p in parts))


def _count(part: Any) -> int:
    return sum(map(_count, part)) if isinstance(part, list) else part
