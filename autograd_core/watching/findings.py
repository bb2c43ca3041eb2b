"""What the NaN watch found, in words: the operation, its inputs, the place in them, the line of the program, a fix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.errors import printable
from ..engine.forms import Elementwise
from ..engine.node import Leaf, Spec
from ..engine.tensor import Tensor, bare
from . import observer

if TYPE_CHECKING:
    from ..engine.node import Node
    from ..engine.primitive import Primitive
    from ..support.types import AnyArray, Array, ArrayLike, Fields, Settings


class Summary(NamedTuple):
    """One input of an operation; minimum, mean and maximum are those of its finite elements (NaN where none is).

    source : where the value comes from: "result of exp", "parameter 0.weight", "constant", …
    first  : index of the first element that is not finite, None where all are
    """

    name: str
    source: str
    shape: tuple[int, ...]
    dtype: Any
    min: float
    mean: float
    max: float
    nans: int
    infs: int
    first: tuple[int, ...] | None

    def __str__(self) -> str:
        size = math.prod(self.shape)
        source = f" ({self.source})" if self.source else ""
        text = f"{self.name}{source}: {'number' if self.dtype is None else self.dtype} {self.shape}"
        finite = size - self.nans - self.infs
        if size == 1 and finite:
            text += f" = {_number(self.min)}"
        elif finite:
            text += f", min {_number(self.min)}, mean {_number(self.mean)}, max {_number(self.max)}"
        counts = ", ".join(f"{n} {kind}" for n, kind in ((self.nans, "NaN"), (self.infs, "Inf")) if n)
        return f"{text}, {counts}{_at(self.first)}" if counts else text


class Finding:
    """One operation that made a NaN or an infinity, as it was seen; see ``AnomalyError`` for its fields.

    order   : findings are numbered as they come
    accused : False of an infinity that was given: it is not an anomaly by itself
    lines   : what else the report says
    """

    def __init__(
        self, order: int, phase: str, op: str, made: str, head: str, formula: str, inputs: Sequence[Summary]
    ) -> None:
        self.order, self.phase, self.op, self.made, self.head, self.formula = order, phase, op, made, head, formula
        self.inputs = tuple(inputs)
        self.accused = True
        self.origin: observer.Origin | None = None
        self.lines: list[str] = []
        self.fix = ""

    def report(self, *notes: str) -> str:
        """All that is known, a line each."""
        inputs = [f"  {summary}" for summary in self.inputs]
        place = [] if self.origin is None else [f"  in {self.origin.description}"]
        fix = [f"  Fix: {self.fix}"] if self.fix else []
        further = [f"  {line}" for line in (*self.lines, *notes)]
        return "\n".join([f"{self.head}: {self.formula}".rstrip(": "), *inputs, *place, *further, *fix])

    def error(self, *notes: str) -> Any:
        """The finding as an exception."""
        from .anomaly import AnomalyError

        return AnomalyError(self.report(*notes), self)


# Making findings -----------------------------------------------------------------------------------------------------


def forward(
    order: int,
    op: Primitive,
    args: Sequence[Any],
    params: Settings,
    data: Array,
    made: str,
    where: Array,
    behind: Sequence[Finding],
) -> Finding:
    """Of an operation that was executed; ``made`` is empty where an input held it already."""
    names = op.argument_names(len(args))
    origin = observer.origin()
    inputs = [_summary(name, a, origin.root) for name, a in zip(names, args, strict=True)]
    formula = _formula(op, names, params)
    if made:
        head = f"{op.name} made {_count(made, where)}, forward"
        found = Finding(order, "forward", op.name, made, head, formula, inputs)
        arrays = [bare(a) for a in args]
        found.lines += _outside(op, arrays, data, made)
        if isinstance(op, Elementwise):
            found.lines += _at_first(where, dict(zip(names, arrays, strict=True)))
        found.lines += [f"before it: {f.head}" for f in behind]
        found.fix = _FIXES.get((op.forward, "forward"), _FIXES.get(("", made), ""))
    else:
        guilty = next((s for s in inputs if s.nans), None) or next((s for s in inputs if s.infs), None)
        made = "NaN" if guilty and guilty.nans else "Inf"
        which = f"argument {guilty.name} of {op.name}" if guilty else f"a setting of {op.name}"
        source = f", {guilty.source}," if guilty and guilty.source else ""
        found = Finding(order, "input", op.name, made, f"{which}{source} was {made} already", formula, inputs)
        found.accused = made == "NaN"
        found.fix = (
            "look at what the step before did to it: learning rate, clipping of gradients."
            if guilty and guilty.source.startswith("parameter")
            else "clean the data before, e.g. np.nan_to_num(x), or leave such rows out."
        )
    found.origin = origin
    return found


def backward(order: int, row: observer.Pulled, i: int, c: AnyArray, place: tuple[int, ...] | None) -> Finding:
    """Of a row of a backward pass, whose local derivative by argument ``i`` made it."""
    op, names = row.node.op, row.node.op.argument_names(len(row.parents))
    g, kept = bare(row.cotangent), _kept(names, row.saved)
    inputs = [_summary("g", g, None, "the cotangent of its result"), *_summaries(kept, names, row.parents)]
    formula = _derivative(op, names, i, row.node.params)
    found = _of_row(order, "backward", row.node, c, formula, inputs)
    if place is not None:
        found.lines.append(_values_at(place, np.shape(g), {"g": g, **kept}))
    elif isinstance(op, Elementwise):
        found.lines.append(f"the sum of several finite contributions is larger than {c.dtype} can hold")
    return found


def forward_mode(order: int, node: Any, tangents: Sequence[AnyArray | None], t: AnyArray) -> Finding:
    """Of a row of a forward-mode pass."""
    names = node.op.argument_names(len(node.parents))
    given = {f"tangent of {n}": x for n, x in zip(names, tangents, strict=True) if x is not None}
    kept = _kept(names, node.saved)
    inputs = [_summary(n, x, None, "") for n, x in given.items()] + _summaries(kept, names, node.parents)
    i = next(i for i, x in enumerate(tangents) if x is not None)
    formula = _derivative(node.op, names, i, node.params)
    found = _of_row(order, "tangent", node, t, formula, inputs)
    if isinstance(node.op, Elementwise):
        found.lines += _at_first(np.logical_not(np.isfinite(t)), given | kept)
    return found


def _of_row(order: int, phase: str, node: Any, made: Any, formula: str, inputs: Sequence[Summary]) -> Finding:
    kind = "NaN" if np.isnan(made).any() else "Inf"
    where = np.isnan(made) if kind == "NaN" else np.isinf(made)
    found = Finding(
        order, phase, node.op.name, kind, f"{node.op.name} made {_count(kind, where)}, {phase}", formula, inputs
    )
    found.fix = _FIXES.get((node.op.forward, "backward"), _FIXES.get(("", kind), ""))
    found.origin = getattr(node, "origin", None)
    if found.origin is None:
        found.lines.append("its line is not known, for it was computed outside of the watch")
    return found


def _kept(names: Sequence[str], saved: Any) -> Fields:
    """What a row kept, by name."""
    values = dict(zip((*names, "result"), saved or (), strict=False))
    return {n: s for n, s in values.items() if s is not None and not isinstance(s, Spec)}


def _summaries(kept: dict[str, Any], names: Sequence[str], parents: Sequence[Node | None]) -> list[Summary]:
    sources = {n: _source_of_row(p) for n, p in zip(names, parents, strict=True)}
    return [_summary(n, s, None, sources.get(n, "")) for n, s in kept.items()]


def seed(order: int, row: observer.Pulled) -> Finding:
    """Of a backward pass that was begun with NaN."""
    inputs = [_summary("g", bare(row.cotangent), None, "the cotangent of its result")]
    head = f"the cotangent given to the backward pass, at {row.node.op.name}, was NaN already"
    found = Finding(order, "input", row.node.op.name, "NaN", head, "", inputs)
    found.origin = getattr(row.node, "origin", None)
    return found


def place_of(row: observer.Pulled, i: int, c: AnyArray, is_bad: Callable[[Any], Any]) -> tuple[int, ...] | None:
    """Where in its result an elementwise row turned a finite cotangent into the bad c; None where nobody can tell."""
    op, g = row.node.op, bare(row.cotangent)
    if not isinstance(op, Elementwise):
        return None
    with np.errstate(all="ignore"):
        d = op.local[i](row.saved, row.node.params)
        bad = is_bad(np.multiply(g, 0 if d is None else d)) & is_bad(c)  # g·d where np.where did not choose is left out
    return _first(np.broadcast_to(bad, np.shape(g))) if np.any(bad) else None


# Their parts ---------------------------------------------------------------------------------------------------------


def _summary(name: str, value: ArrayLike, root: Any, source: str | None = None) -> Summary:
    source = _source(value, root) if source is None else source
    data = bare(value)
    array = np.asarray(data)
    shape, dtype = array.shape, getattr(data, "dtype", None)
    if array.dtype.kind not in "fciub" or not array.size:
        return Summary(name, source, shape, dtype, math.nan, math.nan, math.nan, 0, 0, None)
    finite = np.isfinite(array)
    known = np.abs(array[finite]) if array.dtype.kind == "c" else array[finite]
    known = known.astype(float) if known.size else np.array([math.nan])
    least, mean, most = float(known.min()), float(known.mean()), float(known.max())
    first = None if finite.all() else _first(~finite)
    nans, infs = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    return Summary(name, source, shape, dtype, least, mean, most, nans, infs, first)


def _source(value: ArrayLike, root: Any) -> str:
    """Where a value comes from, in a few words."""
    if not isinstance(value, Tensor):
        return "constant"
    for kind in ("parameters", "buffers"):
        named = getattr(root, f"named_{kind}", None)
        for name, tensor in named() if named is not None else ():
            if tensor is value:
                return f"{kind[:-1]} {printable(name)}"
    return _source_of_row(value._node)


def _source_of_row(node: Any) -> str:
    if node is None:
        return "constant"
    return "leaf" if isinstance(node, Leaf) else f"result of {node.op.name}"


def _formula(op: Primitive, names: Sequence[str], params: Settings) -> str:
    from ..expressions.notation import write
    from ..expressions.symbol import Symbol, apply, of_primitive

    try:
        return write(apply(*of_primitive(op, [Symbol(n, None) for n in names], params), simplify=False), 40)
    except Exception:  # what cannot be written as mathematics
        return f"{op.name}({', '.join(names)})"


def _derivative(op: Primitive, names: Sequence[str], i: int, params: Settings) -> str:
    """``∂sqrt/∂x = 1/(2·result)``; of what is not an elementwise operation, nothing."""
    from ..expressions.notation import write
    from ..expressions.symbol import Symbol

    if not isinstance(op, Elementwise):
        return f"the cotangent of {names[i]}"
    try:
        return f"∂{op.name}/∂{names[i]} = {write(op.local[i]([*map(Symbol, names), Symbol('result')], params), 40)}"
    except Exception:
        return f"∂{op.name}/∂{names[i]}"


def _count(made: str, where: Array) -> str:
    size = np.size(where)
    return f"{int(np.sum(where))} {made}" + (f" in {size} elements" if size > 1 else "")


def _at_first(where: Array, arrays: dict[str, Any]) -> list[str]:
    return [_values_at(_first(where), np.shape(where), arrays)]


def _values_at(place: tuple[int, ...], shape: tuple[int, ...], arrays: dict[str, Any]) -> str:
    """``first at [0]: g = 1, x = 0``."""
    numbers = ", ".join(f"{n} = {_number(np.broadcast_to(a, shape)[place])}" for n, a in arrays.items())
    return f"first where {numbers}" if not place else f"first{_at(place)}, where {numbers}"


def _first(where: Array) -> tuple[int, ...]:
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(where)), np.shape(where)))


def _at(place: Sequence[int] | None) -> str:
    return f" at [{', '.join(map(str, place))}]" if place else ""


def _number(value: Any) -> str:
    from ..expressions.values import number

    return number(value, 4)


# What an operation is not defined for --------------------------------------------------------------------------------

_Case = tuple[str, Callable[..., Any]]
_LOG: tuple[_Case, ...] = (("negative argument", lambda x: x < 0), ("zero as argument", lambda x: x == 0))
_DIVIDE: tuple[_Case, ...] = (
    ("0/0", lambda x, y: (x == 0) & (y == 0)),
    ("division by zero", lambda x, y: (x != 0) & (y == 0)),
    ("∞/∞", lambda x, y: np.isinf(x) & np.isinf(y)),
)
_POWER: tuple[_Case, ...] = (
    ("negative base with fractional exponent", lambda x, y: (x < 0) & (y != np.round(y))),
    ("zero to a negative power", lambda x, y: (x == 0) & (y < 0)),
)
_UNIT: tuple[_Case, ...] = (("outside of [−1, 1]", lambda x: np.abs(x) > 1),)
_OUTSIDE: dict[Any, tuple[_Case, ...]] = {
    np.log: _LOG,
    np.log2: _LOG,
    np.log10: _LOG,
    np.log1p: (("below −1", lambda x: x < -1), ("−1 as argument", lambda x: x == -1)),
    np.sqrt: _LOG[:1],
    np.reciprocal: (("division by zero", lambda x: x == 0),),
    np.divide: _DIVIDE,
    np.floor_divide: _DIVIDE,
    np.remainder: _DIVIDE,
    np.fmod: _DIVIDE,
    np.power: _POWER,
    np.float_power: _POWER,
    np.arcsin: _UNIT,
    np.arccos: _UNIT,
    np.arctanh: (*_UNIT, ("±1 as argument", lambda x: np.abs(x) == 1)),
    np.arccosh: (("below 1", lambda x: x < 1),),
    np.subtract: (("∞ − ∞", lambda x, y: np.isinf(x) & (x == y)),),
    np.add: (("∞ − ∞", lambda x, y: np.isinf(x) & (x == -y)),),
    np.multiply: (("0·∞", lambda x, y: (x == 0) & np.isinf(y) | np.isinf(x) & (y == 0)),),
    "autograd_core.ops.special.common.logit": (
        ("outside of [0, 1]", lambda x: (x < 0) | (x > 1)),
        ("0 or 1 as argument", lambda x: (x == 0) | (x == 1)),
    ),
}
"""By ufunc or qualified name: what is wrong with its arguments, and where that is so."""


def _outside(op: Primitive, arrays: Sequence[Array], data: Array, made: str) -> list[str]:
    lines = []
    for words, is_so in _OUTSIDE.get(op.forward) or _OUTSIDE.get(op.qualified, ()):
        where = is_so(*arrays)
        count, size = int(np.sum(where)), np.size(where)
        if count:
            lines.append(f"{count} of {size}: {words}" if size > 1 else words)
    if not lines and made == "Inf" and np.dtype(data.dtype).kind == "f":
        lines.append(f"overflow: {data.dtype} ends at {_number(np.finfo(data.dtype).max)}")
    return lines


_FIXES: dict[tuple[Any, str], str] = {
    (np.log, "forward"): "keep the argument positive, np.log(np.maximum(x, eps)); or a loss of logits, log_softmax.",
    (np.divide, "forward"): "np.where(y != 0, x / y, 0), or divide by y + eps.",
    (np.sqrt, "forward"): "keep the argument positive: np.sqrt(np.maximum(x, 0)).",
    (np.sqrt, "backward"): "the slope at 0 is infinite: np.sqrt(x + eps), or np.where(x > 0, np.sqrt(x), 0).",
    (np.power, "backward"): "the slope at 0 is infinite: (x + eps) ** p, or np.where(x > 0, x**p, 0).",
    (np.exp, "forward"): "subtract the maximum first (np.logaddexp, ag.logsumexp, softmax), or scale the argument.",
    (np.log, "backward"): "the slope at 0 is infinite: np.log(x + eps).",
    ("", "Inf"): "scale what goes in, or compute in a wider dtype (float64).",
}
