"""Random programs of NumPy calls, with a bound of rounding errors that is carried along (running error analysis).

A program runs on plain arrays and on recording ones alike. Every value has a second array: how far another evaluation,
whose operations are each within ``PLACES`` units of the last place, can be from it.

``python tests/random_programs.py 10000`` holds as many programs beside NumPy; the suite holds a few.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_core.programs.tracing.recorded import Recorded, plain
from autograd_core.programs.tracing.tape import Tape, root

PLACES = 8
Array = NDArray[Any]

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.nan, np.inf, -np.inf, 1e-30, -3e4, 30.0]


@dataclass
class Value:
    """An array as the program has it, the plain one beside it, and the bound of their distance (0: none)."""

    array: Any
    plain: Array
    bound: Array
    origin: int = -1  # of a view: the number of the value that owns the memory

    @property
    def exact(self) -> bool:
        return not self.bound.any()


def rounding(y: Array, places: float = PLACES) -> Array:
    """Some units of the last place of each number; 0 of exact kinds."""
    if y.dtype.kind != "f":
        return np.zeros(y.shape)
    finite = np.where(np.isfinite(y), np.abs(y), 0).astype(float)
    return places * (np.finfo(y.dtype).eps * finite + float(np.finfo(y.dtype).smallest_subnormal))


def _slope(derivative: Callable[[Array], Array]) -> Callable[..., Array]:
    return lambda y, x, ex: np.abs(derivative(x.astype(float))) * ex


SMOOTH: dict[str, Callable[..., Array]] = {
    "exp": lambda y, x, ex: np.abs(y) * np.expm1(np.minimum(ex, 700)),
    "log": lambda y, x, ex: ex / np.maximum(np.abs(x) - ex, 0),
    "tanh": lambda y, x, ex: ex,
    "sin": lambda y, x, ex: ex,
    "cos": lambda y, x, ex: ex,
    "sqrt": lambda y, x, ex: np.where(ex > 0, ex / np.sqrt(np.maximum(np.abs(x) - ex, 0)), 0),
    "square": lambda y, x, ex: 2 * np.abs(x) * ex + ex * ex,
    "log1p": lambda y, x, ex: ex / np.maximum(np.abs(1 + x) - ex, 0),
    "expm1": lambda y, x, ex: (1 + np.abs(y)) * np.expm1(np.minimum(ex, 700)),
    "negative": lambda y, x, ex: ex,
    "absolute": lambda y, x, ex: ex,
    "reciprocal": lambda y, x, ex: ex / np.square(np.maximum(np.abs(x) - ex, 0)),
}
STEPS = ("floor", "ceil", "rint", "trunc", "sign", "isnan", "isfinite", "isinf", "logical_not")
BINARY: dict[str, Callable[..., Array]] = {
    "add": lambda y, a, b, ea, eb: ea + eb,
    "subtract": lambda y, a, b, ea, eb: ea + eb,
    "multiply": lambda y, a, b, ea, eb: np.abs(a) * eb + np.abs(b) * ea + ea * eb,
    "divide": lambda y, a, b, ea, eb: (ea + np.abs(y) * eb) / np.maximum(np.abs(b) - eb, 0),
    "maximum": lambda y, a, b, ea, eb: np.maximum(ea, eb),
    "minimum": lambda y, a, b, ea, eb: np.maximum(ea, eb),
    "fmax": lambda y, a, b, ea, eb: np.maximum(ea, eb),
    "fmin": lambda y, a, b, ea, eb: np.maximum(ea, eb),
}
COMPARING = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and", "logical_or")
EXACT = ("negative", "absolute", "maximum", "minimum", "fmax", "fmin")
DTYPES = ("f4", "f8", "f4", "f8", "i8", "i4", "u1", "?")
SHAPES = ((3, 5), (5,), (3, 1), (), (2, 3, 5), (3, 21), (21,), (1, 5), (2, 3, 1))


@dataclass
class Program:
    """A program as it is made: ``draw(n)`` chooses one of n, ``wrap`` makes the program's arrays of plain ones."""

    draw: Callable[[int], int]
    wrap: Callable[[Array], Any]
    values: list[Value] = field(default_factory=list)
    inputs: list[Array] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def choose(self, of: Any) -> Any:
        return list(of)[self.draw(len(list(of)))]

    def begin(self, rng: np.random.Generator) -> None:
        for _ in range(2 + self.draw(2)):
            dtype, shape = np.dtype(self.choose(DTYPES)), self.choose(SHAPES)
            data = np.array(numbers(rng, dtype, shape))
            self.inputs.append(data)
            self.add(self.wrap(data), data.copy(), np.zeros(data.shape), f"input {dtype}{shape}")

    def add(self, array: Any, plain: Any, bound: Any, line: str, origin: int = -1) -> None:
        plain = np.asarray(plain) if origin < 0 else plain
        with np.errstate(all="ignore"):
            bound = np.array(np.broadcast_to(np.nan_to_num(bound, nan=np.inf, posinf=np.inf), plain.shape), float)
        self.values.append(Value(array, plain, bound, origin))
        self.lines.append(f"v{len(self.values) - 1} = {line}")

    def pick(self, fits: Callable[[Value], bool] = lambda v: True) -> Value | None:
        """A value that fits; the last ones twice as often."""
        found = [v for v in [*self.values, *self.values[-3:]] if fits(v)]
        return self.choose(found) if found else None

    def name(self, v: Value) -> str:
        return f"v{next(i for i, w in enumerate(self.values) if w is v)}"

    def step(self) -> None:
        action = self.choose(
            ("unary", "binary", "binary", "number", "reduce", "view", "place", "place", "compare", "other")
        )
        with np.errstate(all="ignore"):
            getattr(self, f"_{action}")()

    # one method for each kind of call ------------------------------------------------------------------------------

    def _unary(self) -> None:
        name = self.choose([*SMOOTH, *STEPS])
        fits = (
            (lambda v: v.exact and v.plain.dtype.kind == "f")
            if name in STEPS
            else (lambda v: v.plain.dtype.kind == "f")
        )
        x = self.pick(fits)
        if x is None:
            return
        y = getattr(np, name)(x.plain)
        bound = SMOOTH[name](y, x.plain, x.bound) if name in SMOOTH else 0
        if name in SMOOTH and name not in EXACT:
            bound = bound + rounding(np.asarray(y))
        self.add(getattr(np, name)(x.array), y, bound, f"{name}({self.name(x)})")

    def _binary(self, other: Any = None) -> None:
        name = self.choose(BINARY)
        a, b = self.pick(), self.pick()
        assert a is not None and b is not None
        if "?" in (a.plain.dtype.char, b.plain.dtype.char) and name == "subtract":
            return
        try:
            y = np.asarray(getattr(np, name)(a.plain, b.plain))
        except ValueError:  # shapes that do not fit
            return
        bound = BINARY[name](y, a.plain, b.plain, a.bound, b.bound)
        bound = bound if name in EXACT else bound + rounding(y)
        if y.dtype.kind != "f":
            bound = 0
        self.add(getattr(np, name)(a.array, b.array), y, bound, f"{name}({self.name(a)}, {self.name(b)})")

    def _number(self) -> None:
        name, number = self.choose(BINARY), self.choose((2, 0.5, -3, 1, 1.0, 0, 0.0, True))
        a = self.pick(lambda v: v.plain.dtype.kind in "fi")
        if a is None or (number is True and name == "subtract") or (name == "divide" and not number):
            return
        pair = (a, number) if self.draw(2) else (number, a)
        plain = [v.plain if isinstance(v, Value) else v for v in pair]
        bounds = [v.bound if isinstance(v, Value) else 0.0 for v in pair]
        y = np.asarray(getattr(np, name)(*plain))
        bound = BINARY[name](y, *map(np.asarray, plain), *bounds)
        bound = 0 if y.dtype.kind != "f" else bound if name in EXACT else bound + rounding(y)
        text = ", ".join(self.name(v) if isinstance(v, Value) else repr(v) for v in pair)
        given = [v.array if isinstance(v, Value) else v for v in pair]
        self.add(getattr(np, name)(*given), y, bound, f"{name}({text})")

    def _reduce(self) -> None:
        name = self.choose(("sum", "max", "min", "prod", "any", "all"))
        a = self.pick(lambda v: v.plain.ndim > 0 and (name not in ("any", "all") or v.exact))
        if a is None:
            return
        axis = self.choose((None, *range(a.plain.ndim)))
        keepdims = bool(self.draw(2))
        given = {"axis": axis, "keepdims": keepdims}
        y = np.asarray(getattr(np, name)(a.plain, **given))
        if name == "sum":
            size = np.nan_to_num(np.abs(a.plain.astype(float)), posinf=0)
            bound = np.sum(a.bound, **given) + rounding(
                np.asarray(np.sum(size, **given), y.dtype), a.plain.size + PLACES
            )
        elif name == "prod":
            if a.plain.dtype.kind == "f" and not a.exact:
                return
            size = np.nan_to_num(np.abs(a.plain.astype(float)), posinf=0)
            bound = rounding(np.asarray(np.prod(np.maximum(size, 1), **given), y.dtype), a.plain.size + PLACES)
        else:
            bound = np.max(a.bound, **given)
        bound = 0 if y.dtype.kind != "f" else bound
        self.add(getattr(np, name)(a.array, **given), y, bound, f"{name}({self.name(a)}, {given})")

    def _view(self) -> None:
        a = self.pick(lambda v: v.plain.ndim > 0)
        if a is None:
            return
        how = self.draw(4)
        view: Callable[[Any], Any]
        if how == 0:
            view, text = (lambda x: x.T), ".T"
        elif how == 1:
            view, text = (lambda x: x[..., ::2]), "[..., ::2]"
        elif how == 2:
            view, text = (lambda x: x[..., ::-1]), "[..., ::-1]"
        else:
            view, text = (lambda x: x[1:]), "[1:]"
        owner = next(i for i, w in enumerate(self.values) if w is a)
        plain, bound = view(a.plain), view(a.bound)
        if plain.size == 0:
            return
        self.values.append(Value(view(a.array), plain, bound, owner))
        self.lines.append(f"v{len(self.values) - 1} = {self.name(a)}{text}")

    def _place(self) -> None:
        """In place: the values that share the memory see it."""
        a, b = self.pick(lambda v: v.plain.flags.writeable), self.pick()
        if a is None or b is None:
            return
        name = self.choose(("add", "multiply", "maximum", "copy"))
        try:
            fits = np.broadcast_shapes(a.plain.shape, b.plain.shape) == a.plain.shape
        except ValueError:
            return
        kind = np.result_type(a.plain, b.plain)
        if not fits or not np.can_cast(kind, a.plain.dtype, "same_kind") or a.plain.ndim == 0:
            return
        if name == "copy":
            bound, y = b.bound, b.plain
            a.array[...] = b.array
        else:
            y = np.asarray(getattr(np, name)(a.plain, b.plain))
            bound = BINARY[name](y, a.plain, b.plain, a.bound, b.bound)
            bound = bound if name in EXACT else bound + rounding(np.asarray(y, a.plain.dtype))
            getattr(np, name)(a.array, b.array, out=a.array)
        bound = 0 if a.plain.dtype.kind != "f" else bound
        a.plain[...] = np.asarray(y).astype(a.plain.dtype)
        with np.errstate(all="ignore"):
            a.bound[...] = np.nan_to_num(
                bound + (rounding(a.plain, 1) if name != "copy" else 0), nan=np.inf, posinf=np.inf
            )
        self.lines.append(f"{self.name(a)} {name}= {self.name(b)}")

    def _compare(self) -> None:
        name = self.choose(COMPARING)
        a, b = self.pick(lambda v: v.exact), self.pick(lambda v: v.exact)
        if a is None or b is None:
            return
        try:
            y = getattr(np, name)(a.plain, b.plain)
        except ValueError:
            return
        self.add(getattr(np, name)(a.array, b.array), y, 0, f"{name}({self.name(a)}, {self.name(b)})")

    def _other(self) -> None:
        how = self.draw(5)
        a = self.pick(lambda v: v.plain.ndim > 0)
        if a is None:
            return
        text = self.name(a)
        if how == 0:
            mask = self.pick(lambda v: v.plain.dtype == bool and v.plain.shape == a.plain.shape)
            if mask is None or a.plain.dtype.kind != "f":
                return
            of = lambda x, m: np.where(m, x, x * 0)
            self.add(of(a.array, mask.array), of(a.plain, mask.plain), a.bound + rounding(a.plain), f"where({text})")
        elif how == 1 and a.plain.dtype.kind == "f":
            self.add(np.clip(a.array, -1, 2), np.clip(a.plain, -1, 2), a.bound, f"clip({text})")
        elif how == 2:
            index = np.array([1, 0, -1, 1, 0][: 2 + self.draw(3)]) if len(a.plain) > 1 else np.array([0, -1])
            self.add(a.array[index], a.plain[index], a.bound[index], f"{text}[{index}]")
        elif how == 3:
            joined = lambda x: np.concatenate([x, x], axis=-1)
            self.add(joined(a.array), joined(a.plain), joined(a.bound), f"concatenate([{text}, {text}], -1)")
        else:
            kind = np.dtype(self.choose(("f8", "f4")))
            bound = np.where(np.isfinite(a.plain.astype(kind)), a.bound, np.where(a.bound > 0, np.inf, 0))
            cast = a.plain.astype(kind)
            extra = 0 if a.exact else rounding(cast, 1)
            self.add(a.array.astype(kind), cast, bound + extra, f"{text}.astype({kind})")


def numbers(rng: np.random.Generator, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    """Numbers of a dtype, special ones among the floats."""
    if dtype.kind == "f":
        data = (rng.standard_normal(shape) * 2).astype(dtype)
        odd = rng.random(shape) < 0.1
        with np.errstate(all="ignore"):
            return np.where(odd, rng.choice(SPECIAL, shape), data).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    return rng.integers(0 if dtype.kind == "u" else -9, 9, shape).astype(dtype)


def identical(found: Array, value: Value) -> bool:
    """Whether another evaluation gives the same numbers."""
    y = value.plain
    return found.dtype == y.dtype and np.array_equal(found, y, equal_nan=y.dtype.kind == "f")


def agrees(found: Array, value: Value) -> bool:
    """Whether another evaluation is within the bound; where the bound is infinite, anything is."""
    y = value.plain
    if found.dtype != y.dtype or found.shape != y.shape:
        return False
    if y.dtype.kind != "f":
        return bool(np.array_equal(found, y))
    with np.errstate(all="ignore"):
        same = (found == y) | (np.isnan(found) & np.isnan(y))
        near = np.abs(found.astype(float) - y.astype(float)) <= value.bound
        free = ~np.isfinite(value.bound) | (value.bound > np.finfo(y.dtype).max / 4)
        edge = ~np.isfinite(y) & (np.abs(np.where(np.isfinite(found), found, 0)) > np.finfo(y.dtype).max / 2)
    return bool(np.all(same | near | free | edge))


def difference(draw: Callable[[int], int]) -> str:
    """A program drawn by ``draw(n)``, one of n, as a replay and as machine code beside NumPy: what differs, or "".

    Results that nobody sees may go; the others are right: to the bit in the replay, within their bounds otherwise.
    """
    from autograd_core.programs.llvm.machine import Machine

    tape, holders = Tape(), []

    def wrap(array: Array) -> Any:
        holders.append(array.copy())
        tape.own(holders[-1], f"input {len(holders)}")
        return Recorded(holders[-1], tape)

    program = Program(draw, wrap)
    program.begin(np.random.default_rng(draw(1000)))
    for _ in range(draw(12) + 1):
        program.step()
    tape.close()
    last = len(program.values) - 1
    shown = [(v, np.asarray(plain(v.array))) for i, v in enumerate(program.values) if i == last or draw(4) == 0]
    machine = Machine(tape, [r for _, r in shown], lambda name: False)
    replay = [(call, *args) for call, args in tape.plan()]
    for name, plan in (("replay", replay), ("machine code", machine.plan)):
        for entry in tape.entries:
            for array in entry.writes:
                if id(root(array)) not in tape.owners:
                    root(array)[...] = 77
        for mine, given in zip(holders, program.inputs, strict=True):
            mine[...] = given
        with np.errstate(all="ignore"):
            for call, *args in plan:
                call(*args)
        for value, found in shown:
            if not (identical if name == "replay" else agrees)(found, value):
                return "\n".join([name, *program.lines, str(found), str(value.plain)])
    return ""


def main(count: int) -> int:
    """Hold so many programs, each of its own seed, beside NumPy; the exit status."""
    failed = 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        if found := difference(lambda n, rng=rng: int(rng.integers(n))):
            failed += 1
            print(f"program {seed}: {found}\n", flush=True)
    print(f"{count} programs, {failed} differ")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
