"""Expressions as Unicode mathematics: ``−1/ξ3²``, ``g @ Wᵀ``, ``[x > 0]`` (1 where it holds, 0 elsewhere).

What reads alike in LaTeX is told here for both hands, with a pair of signs: see ``BOTH``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.errors import class_name, printable
from ..ops.arithmetic import elementwise
from ..ops.places import indexing
from ..ops.shapes import repeating, shaping
from . import values
from .meaning import Expression, applies, meaning, method, said_of
from .symbol import Symbol, fold, shortened

if TYPE_CHECKING:
    from ..support.types import Function


# How tightly an expression holds together; an operand that is looser than its place asks for is put in brackets.
SUM, MATRIX_PRODUCT, PRODUCT, POWER, WHOLE = range(5)


class Text(NamedTuple):
    """A printed expression: ``text`` where something may follow it, ``last`` where nothing does (``exp x``)."""

    text: str
    level: int = WHOLE
    last: str = ""

    @property
    def alone(self) -> str:
        """The expression where nothing follows it."""
        return self.last or self.text

    @classmethod
    def sign(cls, pair: tuple[str, str]) -> str:
        """Of a pair of signs that of this hand: the first in Unicode, the second in LaTeX."""
        return pair[0]

    @classmethod
    def of(cls, expression: Expression) -> Text:
        """A whole expression in this hand."""
        return fold(expression, cls.leaf, cls.application)

    @classmethod
    def leaf(cls, x: Expression) -> Text:
        """A variable or a constant."""
        if isinstance(x, Symbol):
            return Text(printable(x.head))
        if isinstance(x, (bool, int, float, complex, np.number, np.bool_)):
            text = values.number(x, 6)
            return Text(text, PRODUCT if text.startswith("−") else SUM if " " in text else WHOLE)
        return Text(_constant(x))

    @classmethod
    def application(cls, symbol: Symbol, args: list[Any]) -> Text:
        """A function applied to arguments that are written already (lists of them among these)."""
        write_it = cls.writer(meaning(symbol.function))
        return (write_it(symbol, args) if write_it else None) or cls.call(symbol, args)

    @classmethod
    def writer(cls, function: Function) -> Callable[..., Text | None] | None:
        """What writes the applications of a function that is not written as a call."""
        return BOTH.get(function) or _SPECIAL.get(function)

    @classmethod
    def call(cls, symbol: Symbol, args: list[Any], name: str = "") -> Text:
        """``name(x, y, axis=0)``; ``name x`` where nothing follows a single plain argument."""
        name = name or cls.function(symbol)
        settings = [cls.word(text) for text in settings_of(symbol)]
        listed = [cls.listed(arg) for arg in args]
        text = f"{name}{cls.sign(_ROUND[0])}{', '.join(listed + settings)}{cls.sign(_ROUND[1])}"
        plain = len(args) == 1 and not settings and getattr(symbol.args[0], "function", name) is None
        return cls(text, WHOLE, f"{name} {listed[0]}" if plain else "")

    @classmethod
    def function(cls, symbol: Symbol) -> str:
        """What the applied function is called."""
        pair = NAMES.get(meaning(symbol.function))
        return cls.sign(pair) if pair else printable(symbol.head)

    @classmethod
    def word(cls, text: str) -> str:
        """Text that is no mathematics."""
        return text

    @classmethod
    def listed(cls, arg: Text | list[Any]) -> str:
        """An argument, or a list of them; of a long list the first three and the last."""
        if isinstance(arg, Text):
            return arg.alone
        shown = arg if len(arg) <= LONGEST_LIST else [*arg[:3], cls(cls.sign(("…", r"\ldots"))), arg[-1]]
        return ", ".join(map(cls.listed, shown))

    def at(self, level: int, first: bool = True) -> Text:
        """This expression as an operand in a place that asks for ``level``; a minus sign may only stand first."""
        return self if self.fits(level, first) else Text(f"({self.alone})")

    def fits(self, level: int, first: bool) -> bool:
        """Whether it can stand there without parentheses."""
        return self.level >= level and (first or not self.text.startswith(("−", "-")))


def write(expression: Expression, longest: int | None = None) -> str:
    """A symbol, a number or any other constant as text, of more than ``longest`` parts with … for the innermost.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> write(-(1 - y) / x / x), write(np.log(x + 1) * np.exp(y))
    ('−(1 − y)/x²', 'log(x + 1)·exp y')
    """
    return Text.of(expression if longest is None else shortened(expression, longest)).alone


# Operators -----------------------------------------------------------------------------------------------------------


def _infix(signs: tuple[str, str], level: int, left: int, right: int) -> Callable[..., Text]:
    def write_it(symbol: Symbol, args: list[Text]) -> Text:
        x, y = args[0].at(left), args[1].at(right, first=False)
        begin = x.text + x.sign(signs)
        return type(x)(begin + y.text, level, begin + y.alone)

    return write_it


def _prefix(signs: tuple[str, str]) -> Callable[..., Text]:
    def write_it(symbol: Symbol, args: list[Text]) -> Text:
        x = args[0].at(PRODUCT, first=False)
        return type(x)(x.sign(signs) + x.text, PRODUCT, x.sign(signs) + x.alone)

    return write_it


def _truth(signs: tuple[str, str]) -> Callable[..., Text]:
    def write_it(symbol: Symbol, args: list[Text]) -> Text:
        x, y = args[0].at(SUM), args[1].at(SUM).text if len(args) > 1 else "0"
        return type(x)(f"{x.sign(_SQUARE[0])}{x.text} {x.sign(signs)} {y}{x.sign(_SQUARE[1])}")

    return write_it


def _power(symbol: Symbol, args: list[Text]) -> Text:
    base, exponent = args[0].at(WHOLE), symbol.args[1]
    if isinstance(exponent, (int, float, np.number)) and exponent == int(exponent):
        return Text(base.text + values.number(int(exponent)).translate(_SUPERSCRIPT), POWER)
    return Text(f"{base.text}^{args[1].at(WHOLE).text}", POWER)


def _square(symbol: Symbol, args: list[Text]) -> Text:
    return Text(f"{args[0].at(WHOLE).text}²", POWER)


def _reciprocal(symbol: Symbol, args: list[Text]) -> Text:
    return Text(f"1/{args[0].at(POWER, first=False).text}", PRODUCT)


def _root(symbol: Symbol, args: list[Text]) -> Text:
    return Text(f"√{args[0].at(WHOLE, first=False).text}", POWER)


def _modulus(symbol: Symbol, args: list[Text]) -> Text:
    x = args[0]
    return type(x)(f"{x.sign(_UPRIGHT[0])}{x.alone}{x.sign(_UPRIGHT[1])}")


# Arrays --------------------------------------------------------------------------------------------------------------


def _transposed(symbol: Symbol, args: list[Text]) -> Text | None:
    axes = [a for a in (*symbol.args[1:], *symbol.settings.values()) if a is not None]
    matrix = len(getattr(symbol.args[0], "_shape", None) or ()) == 2
    reversed_ = applies(np.transpose, symbol) and not axes
    swapped = applies(np.swapaxes, symbol) and (set(axes) == {-1, -2} or (matrix and set(axes) == {0, 1}))
    x = args[0].at(WHOLE)
    return type(x)(x.text + x.sign(("ᵀ", r"^{\top}")), POWER) if swapped or reversed_ else None


def _broadcast(symbol: Symbol, args: list[Text]) -> Text | None:
    """Multiplication with an array of ones, ``g·1₂ₓ₃``; which axes were new, its shape says."""
    sizes, inner = symbol.settings.get("shape", symbol.args[-1]), symbol.args[0]
    if not isinstance(sizes, tuple) or not sizes:
        return None
    x = (args[0].of(inner.args[0]) if applies(np.expand_dims, inner) else args[0]).at(PRODUCT)
    shape = r" \times ".join(map(str, sizes))
    return type(x)(x.text + x.sign((f"·{_ones(sizes)}", rf" \cdot 1_{{{shape}}}")), PRODUCT)


def _ones(sizes: tuple[int, ...]) -> str:
    return "1" + "ₓ".join(str(n).translate(_SUBSCRIPT) for n in sizes)


def _index(symbol: Symbol) -> str:
    index = symbol.settings.get("index", symbol.args[-1])
    return f"[{', '.join(map(_constant, index if isinstance(index, tuple) else (index,)))}]"


def _item(symbol: Symbol, args: list[Text]) -> Text:
    return Text(args[0].at(WHOLE).text + _index(symbol))


def _scatter(symbol: Symbol, args: list[Text]) -> Text:
    return Text(f"scatter({args[0].alone}, {_index(symbol)})")


def _sum(symbol: Symbol, args: list[Text]) -> Text | None:
    return Text.call(symbol, args, "Σ") if len(args) == 1 and not settings_of(symbol) else None


def _convert(symbol: Symbol, args: list[Text]) -> Text:
    return Text(f"{np.dtype(symbol.settings.get('dtype', symbol.args[-1])).name}({args[0].alone})")


def settings_of(symbol: Symbol) -> list[str]:
    """The settings that change numbers, not only the shape or dtype of the result, and are not as usual: ``axis=0``."""
    usual = getattr(getattr(symbol.function, "primitive", None), "defaults", {})
    said = {
        k: v
        for k, v in symbol.settings.items()
        if k not in _UNSAID and not k.startswith("_") and v is not usual.get(k, _NEVER)
    }
    return [k if v is True else f"{k}={_constant(v)}" for k, v in said.items() if v is not None and v is not False]


def _constant(x: Expression) -> str:
    """A setting or an index: short, arrays by their shape only."""
    if x is None or x is Ellipsis or isinstance(x, str):
        return "…" if x is Ellipsis else "new" if x is None else printable(x)
    if isinstance(x, type):
        return printable(x.__name__)
    if isinstance(x, slice):
        ends = ["" if e is None else _constant(e) for e in (x.start, x.stop, x.step)]
        return ":".join(ends[:2] if not ends[2] else ends)
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    if isinstance(x, (list, tuple)):
        return f"({', '.join(map(_constant, x))}{',' if len(x) == 1 else ''})" if len(x) <= LONGEST_LIST else "(…)"
    if isinstance(x, (int, float, complex, np.number)):
        return values.number(x, 6)
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        if isinstance(x, np.ndarray) and x.size and np.all(x == 1) and x.dtype.kind == "f":
            return _ones(x.shape)
        few = math.prod(x.shape) <= values.IN_FULL and isinstance(x, np.ndarray)
        return values.nested(x.tolist(), 6) if few else f"{np.dtype(x.dtype).name} {values.shape(x.shape)}"
    return printable(getattr(x, "__name__", class_name(x)))


LONGEST_LIST = 8
_UNSAID = {"dtype", "keepdims"}
_NEVER = object()
_SUPERSCRIPT = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

# In Unicode, and in LaTeX, whose brackets grow with what they hold.
_ROUND = ("(", r"\left("), (")", r"\right)")
_SQUARE = ("[", r"\left["), ("]", r"\right]")
_UPRIGHT = ("|", r"\left\lvert "), ("|", r"\right\rvert ")

_COMMANDS = (np.exp, np.log, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arcsin, np.arccos, np.arctan)
NAMES: dict[Any, tuple[str, str]] = said_of(
    {
        **{f: (f.__name__, rf"\{f.__name__}") for f in _COMMANDS},
        **dict.fromkeys((np.maximum, np.max), ("max", r"\max")),
        **dict.fromkeys((np.minimum, np.min), ("min", r"\min")),
        np.sum: ("sum", r"\sum"),
    }
)
"""What functions are called that are not called by their own names in both hands."""

BOTH: dict[Any, Callable[..., Text | None]] = said_of(
    {
        np.add: _infix((" + ", " + "), SUM, SUM, SUM),
        np.subtract: _infix((" − ", " - "), SUM, SUM, MATRIX_PRODUCT),
        elementwise.gap: _infix((" − ", " - "), SUM, SUM, MATRIX_PRODUCT),
        np.multiply: _infix(("·", r" \cdot "), PRODUCT, PRODUCT, PRODUCT),
        np.matmul: _infix((" @ ", r"\,"), MATRIX_PRODUCT, POWER, POWER),
        np.negative: _prefix(("−", "-")),
        np.positive: _prefix(("+", "+")),
        np.equal: _truth(("=", "=")),
        np.not_equal: _truth(("≠", r"\neq")),
        np.less: _truth(("<", "<")),
        np.less_equal: _truth(("≤", r"\leq")),
        np.greater: _truth((">", ">")),
        np.greater_equal: _truth(("≥", r"\geq")),
        elementwise.step: _truth((">", ">")),
        np.swapaxes: _transposed,
        np.transpose: _transposed,
        np.broadcast_to: _broadcast,
        repeating._broadcast_to: _broadcast,
        np.absolute: _modulus,
    }
)
"""By what a function means: how its applications are written in either hand."""

_SPECIAL: dict[Any, Callable[..., Text | None]] = said_of(
    {
        np.divide: _infix(("/", "/"), PRODUCT, PRODUCT, POWER),
        np.power: _power,
        np.square: _square,
        np.reciprocal: _reciprocal,
        np.sqrt: _root,
        operator.getitem: _item,
        indexing._getitem: _item,
        indexing._scatter: _scatter,
        method("astype"): _convert,
        shaping._astype: _convert,
        np.sum: _sum,
    }
)
