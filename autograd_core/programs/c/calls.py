"""Calls that are no loops over points (sorting, scans, scattered sums, sums of products) as functions of C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..form import Program, Ref
from ..moving import NotOurs, indexed
from ..tracing.tape import Entry
from .expressions import TYPES, Expressions
from .loops import WHOLE, Place

if TYPE_CHECKING:
    from ...support.types import Array, Axis, DType, DTypeLike


_INT = np.dtype(np.int64)


class Unknown(Exception):
    """There is no C for this call."""


class Call:
    """One call as the body of a function that returns 0, or 1 where an index is out of range.

    Raises Unknown where there is no C for it.
    """

    def __init__(self, entry: Entry, program: Program, place: Place, expressions: Expressions) -> None:
        self.program, self.place, self.expressions = program, place, expressions
        self.lines: list[str] = []
        self.indent = 1
        function, args, kwargs, outs = entry.taken_apart()
        if len(outs) > 1:
            raise Unknown
        out = outs[0] if outs else None
        if any(isinstance(a, np.ndarray) and a.dtype.char not in TYPES for a in (*args, out)):
            raise Unknown
        self.entry = entry
        try:
            rule = _scattered if function in _OF_AT else _RULES[function]
            rule(self, out, *args, **kwargs)
        except (KeyError, TypeError, NotOurs):
            raise Unknown from None

    # Text ------------------------------------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        """One line at the present depth."""
        self.lines.append("    " * self.indent + line)

    def loops(self, shape: Sequence[int], letter: str = "i") -> list[str]:
        """Begin loops over a shape; gives their indices."""
        names = [f"{letter}{k}" for k in range(len(shape))]
        for name, n in zip(names, shape, strict=True):
            self.say(f"for ({self.expressions.counter} {name} = 0; {name} < {n}; {name}++) {{")
            self.indent += 1
        return names

    def end(self, count: int) -> None:
        """End loops."""
        for _ in range(count):
            self.indent -= 1
            self.say("}")

    def at(self, array: Any, indices: Sequence[str]) -> str:
        """An element of an array, a ref, or a number itself."""
        if not isinstance(array, (np.ndarray, Ref)):
            return self.expressions.number(array, np.asarray(array).dtype)
        known = len(self.program.memories)
        ref = array if isinstance(array, Ref) else self.program.ref(array)
        if len(self.program.memories) > known:  # a copy, which no call fills
            raise Unknown
        name, first = self.place(ref.memory, ref.offset // ref.dtype.itemsize, 0, WHOLE)
        parts = [str(first)] if first else []
        for i, n, s in zip(indices, ref.shape, ref.strides, strict=True):
            if s and n != 1:
                step = s // ref.dtype.itemsize
                parts.append(i if step == 1 else f"{i} * {step}")
        return f"{name}[{' + '.join(parts) or '0'}]"

    def as_type(self, array: Any, indices: Sequence[str], dtype: DType) -> str:
        """The same, in a dtype."""
        source = array.dtype if isinstance(array, (np.ndarray, Ref)) else np.asarray(array).dtype
        return self.expressions.converted(self.at(array, indices), source, dtype)

    def before(self, a: str, b: str, dtype: DType) -> str:
        """Whether a stands before b in order; what is not a number stands last."""
        return f"({a} < {b} || (isnan({b}) && !isnan({a})))" if dtype.kind == "f" else f"{a} < {b}"


def _axis(axis: Any, array: Array) -> int:
    if not isinstance(axis, (int, np.integer)) or not -array.ndim <= axis < array.ndim:
        raise Unknown
    return int(axis) % array.ndim


def _scattered(c: Call, out: Any, array: Any, index: Any, values: Any = 1) -> None:
    """ufunc.at: one element after another, however often an index comes."""
    part, indices = indexed(c.program, array, index)
    op = str(c.entry.name).partition(".")[0]
    i = c.loops(part.shape)
    moved = []
    for k, one in enumerate(indices):
        c.say(f"{c.expressions.constant(_INT)} j{k} = {c.as_type(one.ref, i, _INT)};")
        c.say(f"if (j{k} < -{one.length} || j{k} >= {one.length}) return 1;")
        moved.append(f"(j{k} < 0 ? j{k} + {one.length} : j{k}) * {one.stride // array.itemsize}")
    element = f"{c.at(part, i)[:-1]} + {' + '.join(moved)}]"
    value = np.broadcast_to(values, part.shape) if isinstance(values, np.ndarray) else values
    given = (
        c.as_type(value, i, array.dtype)
        if isinstance(values, np.ndarray)
        else c.expressions.number(values, array.dtype)
    )
    c.say(f"{element} = {c.expressions.of(op, [element, given], (array.dtype,) * 3)};")
    c.end(len(i))


def _scan(sign: str) -> Callable[..., None]:
    def scan(c: Call, out: Array, a: Array, axis: int | None = None, dtype: DTypeLike = None) -> None:
        if axis is None:
            if a.ndim != 1:
                raise Unknown
            axis = 0
        axis = _axis(axis, a)
        outer = [n for k, n in enumerate(a.shape) if k != axis]
        i = c.loops(outer)
        c.say(f"{c.expressions.variable(out.dtype)} total = {'0' if sign == '+' else '1'};")
        (j,) = c.loops([a.shape[axis]], "j")
        at = [*i[:axis], j, *i[axis:]]
        c.say(f"total {sign}= {c.as_type(a, at, out.dtype)};")
        c.say(f"{c.at(out, at)} = total;")
        c.end(len(i) + 1)

    return scan


def _place_of_extreme(largest: bool) -> Callable[..., None]:
    def place(c: Call, out: Array, a: Array, axis: int | None = None, keepdims: bool = False) -> None:
        if keepdims or 0 in a.shape:
            raise Unknown
        axes = list(range(a.ndim)) if axis is None else [_axis(axis, a)]
        outer = [n for k, n in enumerate(a.shape) if k not in axes]
        i = c.loops(outer)
        first = iter(i)
        start = c.at(a, ["0" if k in axes else next(first) for k in range(a.ndim)])
        c.say(f"{c.expressions.variable(a.dtype)} best = {start};")
        c.say(f"{c.expressions.variable(_INT)} place = 0, here = 0;")
        inner = c.loops([a.shape[k] for k in axes], "j")
        indices, outside = iter(inner), iter(i)
        element = c.at(a, [next(indices if k in axes else outside) for k in range(a.ndim)])
        c.say(f"{c.expressions.constant(a.dtype)} x = {element};")
        better = "x > best" if largest else "x < best"
        c.say(f"if ({better}{' || (isnan(x) && !isnan(best))' if a.dtype.kind == 'f' else ''}) best = x, place = here;")
        c.say("here++;")
        c.end(len(inner))
        c.say(f"{c.at(out, i)} = place;")
        c.end(len(i))

    return place


def _sum_of_products(c: Call, out: Array, form: str, *arrays: Any, optimize: Any = None) -> None:
    if not isinstance(form, str) or "." in form or not all(isinstance(a, np.ndarray) for a in arrays):
        raise Unknown
    left, arrow, result = form.replace(" ", "").partition("->")
    if not arrow:
        result = "".join(sorted(x for x in set(left) - {","} if left.count(x) == 1))
    terms = left.split(",")
    sizes = {x: n for term, a in zip(terms, arrays, strict=True) for x, n in zip(term, a.shape, strict=True) if n != 1}
    sizes = {x: sizes.get(x, 1) for x in left if x != ","}
    summed = [x for x in sizes if x not in result]
    index = dict(zip(result, c.loops([sizes[x] for x in result]), strict=True))
    c.say(f"{c.expressions.variable(out.dtype)} total = 0;")
    index |= dict(zip(summed, c.loops([sizes[x] for x in summed], "j"), strict=True))
    factors = [c.as_type(a, [index[x] for x in term], out.dtype) for term, a in zip(terms, arrays, strict=True)]
    c.say(f"total += {' * '.join(factors)};")
    c.end(len(summed))
    c.say(f"{c.at(out, [index[x] for x in result])} = total;")
    c.end(len(result))


def _moment(name: str) -> Callable[..., None]:
    def moment(c: Call, out: Array, a: Array, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> None:
        axes = (
            list(range(a.ndim))
            if axis is None
            else [_axis(k, a) for k in (axis if isinstance(axis, tuple) else [axis])]
        )
        count = int(np.prod([a.shape[k] for k in axes]))
        target = out if keepdims else np.expand_dims(out, tuple(axes))
        if out.dtype.kind != "f" or not count:
            raise Unknown
        i = c.loops([n for k, n in enumerate(a.shape) if k not in axes])
        outside = iter(i)
        places = ["0" if k in axes else next(outside) for k in range(a.ndim)]

        def total(variable: str, term: str) -> None:
            c.say(f"{c.expressions.variable(out.dtype)} {variable} = 0;")
            inner = iter(c.loops([a.shape[k] for k in axes], "j"))
            at = [next(inner) if k in axes else place for k, place in enumerate(places)]
            c.say(term.replace("X", c.as_type(a, at, out.dtype)))
            c.end(len(axes))

        total("mean", "mean += X;")
        c.say(f"mean /= {count};")
        value = "mean"
        if name != "mean":
            total("square", "square += (X - mean) * (X - mean);")
            value = f"square / {c.expressions.number(count - ddof, out.dtype)}"
        value = c.expressions.of("sqrt", [value], (out.dtype,) * 2) if name == "std" else value
        c.say(f"{c.at(target, places)} = {value};")
        c.end(len(i))

    return moment


def _sort(places: bool) -> Callable[..., None]:
    def sort(c: Call, out: Array, a: Array, axis: int = -1, kind: Any = None, stable: Any = None) -> None:
        axis = _axis(axis, a)
        i = c.loops([n for k, n in enumerate(a.shape) if k != axis])

        def at(array: Any, j: str) -> str:
            return c.at(array, [*i[:axis], j, *i[axis:]])

        (j,) = c.loops([a.shape[axis]], "j")
        c.say(f"{c.expressions.constant(a.dtype)} x = {at(a, j)};")
        c.say(f"{c.expressions.counter} k = {j};")
        if places:
            # the element at the place that stands before
            other = at(a, c.expressions.converted(at(out, "(k - 1)"), out.dtype, np.dtype(np.int32)))
            c.say(f"while (k > 0 && {c.before('x', other, a.dtype)}) {{ {at(out, 'k')} = {at(out, '(k - 1)')}; k--; }}")
            c.say(f"{at(out, 'k')} = {j};")
        else:
            other = at(out, "(k - 1)")
            c.say(f"while (k > 0 && {c.before('x', other, a.dtype)}) {{ {at(out, 'k')} = {other}; k--; }}")
            c.say(f"{at(out, 'k')} = x;")
        c.end(len(i) + 1)

    return sort


def _pad(c: Call, out: Array, a: Array, pad_width: Any, mode: Any = "constant", constant_values: float = 0) -> None:
    if np.ndim(constant_values) or isinstance(pad_width, dict) or 0 in a.shape:
        raise Unknown
    widths = np.broadcast_to(np.asarray(pad_width), (a.ndim, 2)).tolist()
    if mode in ("reflect", "symmetric", "edge", "wrap"):
        for k, n in enumerate(a.shape):
            places = ", ".join(map(str, np.pad(np.arange(n), widths[k], mode=mode)))
            c.say(c.expressions.table(f"from{k}", places, out.shape[k]))
        i = c.loops(out.shape)
        c.say(f"{c.at(out, i)} = {c.at(a, [f'from{k}[{x}]' if a.shape[k] != 1 else x for k, x in enumerate(i)])};")
        c.end(len(i))
        return
    if mode != "constant":
        raise Unknown
    i = c.loops(out.shape)
    c.say(f"{c.at(out, i)} = {c.expressions.number(constant_values, out.dtype)};")
    c.end(len(i))
    i = c.loops(a.shape)
    inside = out[tuple(slice(low, low + n) for (low, _), n in zip(widths, a.shape, strict=True))]
    c.say(f"{c.at(inside, i)} = {c.at(a, i)};")
    c.end(len(i))


def _along(c: Call, out: Array, a: Array, indices: Array, axis: int = -1) -> None:
    """np.take_along_axis."""
    axis = _axis(axis, a)
    i = c.loops(out.shape)
    at = np.broadcast_to(indices, out.shape)
    c.say(f"{c.expressions.constant(_INT)} j = {c.as_type(at, i, _INT)};")
    c.say(f"if (j < -{a.shape[axis]} || j >= {a.shape[axis]}) return 1;")
    spread = np.broadcast_to(a, [*out.shape[:axis], a.shape[axis], *out.shape[axis + 1 :]])
    place = f"(j < 0 ? j + {a.shape[axis]} : j)"
    c.say(f"{c.at(out, i)} = {c.at(spread, [*i[:axis], place, *i[axis + 1 :]])};")
    c.end(len(i))


def _outer(c: Call, out: Array, a: Array, b: Array) -> None:
    if a.ndim != 1 or b.ndim != 1:
        raise Unknown
    _sum_of_products(c, out, "i,j->ij", a, b)


def _triangle(sign: str) -> Callable[..., None]:
    def triangle(c: Call, out: Array, a: Array, k: int = 0) -> None:
        if a.ndim < 2 or not isinstance(k, (int, np.integer)):
            raise Unknown
        i = c.loops(out.shape)
        c.say(f"{c.at(out, i)} = {i[-1]} - {i[-2]} {sign} {k} ? {c.at(a, i)} : 0;")
        c.end(len(i))

    return triangle


def _repeat(c: Call, out: Array, a: Array, repeats: int, axis: int | None = None) -> None:
    if not isinstance(repeats, (int, np.integer)):
        raise Unknown
    if axis is None:
        a, axis = a.reshape(-1), 0
    axis = _axis(axis, a)
    i = c.loops(out.shape)
    c.say(f"{c.at(out, i)} = {c.at(a, [*i[:axis], c.expressions.quotient(i[axis], repeats), *i[axis + 1 :]])};")
    c.end(len(i))


def _roll(c: Call, out: Array, a: Array, shift: int, axis: int | None = None) -> None:
    axis = _axis(axis, a) if axis is not None else _axis(0 if a.ndim == 1 else None, a)
    if not isinstance(shift, (int, np.integer)) or not a.size:
        raise Unknown
    n = a.shape[axis]
    i = c.loops(out.shape)
    c.say(f"{c.at(out, i)} = {c.at(a, [*i[:axis], f'(({i[axis]} + {-shift % n}) % {n})', *i[axis + 1 :]])};")
    c.end(len(i))


def _tile(c: Call, out: Array, a: Array, reps: Any) -> None:
    whole = a.reshape((1,) * (out.ndim - a.ndim) + a.shape)
    i = c.loops(out.shape)
    c.say(f"{c.at(out, i)} = {c.at(whole, [f'({x} % {n})' for x, n in zip(i, whole.shape, strict=True)])};")
    c.end(len(i))


def _difference(c: Call, out: Array, a: Array, n: int = 1, axis: int = -1) -> None:
    axis = _axis(axis, a)
    if n != 1 or a.dtype.kind == "b":
        raise Unknown
    i = c.loops(out.shape)
    c.say(f"{c.at(out, i)} = {c.at(a, [*i[:axis], f'({i[axis]} + 1)', *i[axis + 1 :]])} - {c.at(a, i)};")
    c.end(len(i))


def _tensordot(c: Call, out: Array, a: Array, b: Array, axes: Any = 2) -> None:
    if isinstance(axes, (int, np.integer)):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    first, second = ([_axis(k, x) for k in np.atleast_1d(part).tolist()] for x, part in zip((a, b), axes, strict=True))
    letters = [chr(97 + k) for k in range(a.ndim + b.ndim)]
    left, right = letters[: a.ndim], letters[a.ndim :]
    for j, k in zip(first, second, strict=True):
        right[k] = left[j]
    kept = [x for k, x in enumerate(left) if k not in first] + [x for k, x in enumerate(right) if k not in second]
    _sum_of_products(c, out, f"{''.join(left)},{''.join(right)}->{''.join(kept)}", a, b)


def _trace(c: Call, out: Array, a: Array, offset: int = 0) -> None:
    if offset or a.ndim != 2:
        raise Unknown
    _sum_of_products(c, out, "ii->", a)


_OF_AT = {f"{op}.at" for op in ("add", "subtract", "multiply", "maximum", "minimum")}
_RULES: dict[Any, Callable[..., None]] = {
    np.cumsum: _scan("+"),
    np.cumprod: _scan("*"),
    "add.accumulate": _scan("+"),
    "multiply.accumulate": _scan("*"),
    np.argmax: _place_of_extreme(True),
    np.argmin: _place_of_extreme(False),
    np.einsum: _sum_of_products,
    np.mean: _moment("mean"),
    np.var: _moment("var"),
    np.std: _moment("std"),
    np.sort: _sort(False),
    np.argsort: _sort(True),
    np.pad: _pad,
    np.take_along_axis: _along,
    np.outer: _outer,
    np.tril: _triangle("<="),
    np.triu: _triangle(">="),
    np.repeat: _repeat,
    np.roll: _roll,
    np.tile: _tile,
    np.diff: _difference,
    np.tensordot: _tensordot,
    np.trace: _trace,
}
