r"""Expressions and values as LaTeX: ``-\frac{1}{\xi_{3}^{2}}``."""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import printable
from ..ops.arithmetic import elementwise
from ..ops.places import indexing
from ..ops.shapes import shaping
from . import values
from .meaning import applies, meaning, said_of
from .notation import LONGEST_LIST, MATRIX_PRODUCT, POWER, PRODUCT, SUM, WHOLE, Text, settings_of, write
from .symbol import Symbol, fold, shortened


class Tex(Text):
    """A ``Text`` whose brackets grow with what they hold."""

    def at(self, level: int, first: bool = True) -> Text:
        return self if self.fits(level, first) else Tex(rf"\left({self.last or self.text}\right)")


def latex(expression: Any, longest: int | None = None) -> str:
    r"""A symbol, a number or any other constant in LaTeX's mathematics (``notation.write`` in another hand).

    >>> x, y = Symbol("x1"), Symbol("learning_rate")
    >>> print(latex(-(1 - y) / np.exp(x) ** 2))
    -\frac{1 - \text{learning\_rate}}{\exp\left(x_{1}\right)^{2}}
    """
    result = fold(expression if longest is None else shortened(expression, longest), _leaf, _application)
    return result.last or result.text


def name(text: str) -> str:
    r"""A variable's name: one letter with its index as such, anything else upright and escaped.

    >>> print(name("ξ12′"), name("w"), name("model.0.weight"))
    \xi_{12}' w \text{model.0.weight}
    """
    if derivative := re.fullmatch("∂(.+)/∂(.+)", text):  # of a rule that symbols cannot run
        above, below = (rf"\partial\,{name(part)}" for part in derivative.groups())
        return rf"\frac{{{above}}}{{{below}}}"
    if text == "…":
        return r"\ldots"
    simple = re.fullmatch(r"([A-Za-zα-ωΑ-Ω])_?(\d*)(′*)", text)
    if not simple or (simple[1] not in _GREEK and not simple[1].isascii()):
        return rf"\text{{{escaped(text)}}}"
    letter, index, primes = simple.groups()
    return _GREEK.get(letter, letter) + (f"_{{{index}}}" if index else "") + "'" * len(primes)


def escaped(text: str) -> str:
    r"""Text outside of mathematics, in which nothing is a command.

    >>> print(escaped("a_b <$5 & \\x>"))
    a\_b \textless{}\$5 \& \textbackslash{}x\textgreater{}
    """
    return "".join(_ESCAPES.get(c, c) for c in printable(text))


def value(array: Any) -> str:
    r"""``values.value``; a small matrix as one.

    >>> print(value(np.array([[1.0, -2e-9]])), value(np.arange(8.0)))
    \begin{bmatrix}1 & -2 \cdot 10^{-9}\end{bmatrix} (8,)\colon 0 \ldots 3.5 \ldots 7\;\lVert 11.8\rVert
    """
    if array is not None and np.ndim(array) in (1, 2) and 0 < math.prod(np.shape(array)) <= values.IN_FULL:
        rows = np.atleast_2d(array).tolist()
        inside = r" \\ ".join(" & ".join(_digits(values.number(x, 5)) for x in row) for row in rows)
        return rf"\begin{{bmatrix}}{inside}\end{{bmatrix}}"
    return _digits(values.value(array))


def _digits(text: str) -> str:
    """Numbers and the signs around them: 1.5e−12 as 1.5 · 10⁻¹²."""
    text = re.sub(r"[A-Za-z][A-Za-z ]*[A-Za-z]", lambda words: rf"\text{{{words[0]}}}", text)
    text = re.sub(r"e(−?\d+)", r" \\cdot 10^{\1}", text).replace(" ‖", r"\;\lVert ", 1)
    return re.sub(r"[−…×:‖–]", lambda sign: _SIGNS[sign[0]], text)


# Expressions ---------------------------------------------------------------------------------------------------------


def _leaf(x: Any) -> Text:
    if isinstance(x, Symbol):
        return Tex(name(x.head))
    if isinstance(x, (bool, int, float, complex, np.number, np.bool_)):
        text = values.number(x, 6)
        looser = PRODUCT if text.startswith("−") or "e" in text else WHOLE
        return Tex(_digits(text), SUM if " " in text else looser)
    return Tex(rf"\text{{{escaped(write(x))}}}")


def _application(symbol: Symbol, args: list[Any]) -> Text:
    write_it = _SPECIAL.get(meaning(symbol.function))
    result = write_it(symbol, args) if write_it else None
    return result or _call(symbol, args)


def _whole(arg: Text) -> str:
    return arg.last or arg.text


def _infix(sign: str, level: int, left: int, right: int) -> Callable[..., Text]:
    def write_it(symbol: Symbol, args: list[Text]) -> Text:
        x, y = args[0].at(left), args[1].at(right, first=False)
        return Tex(f"{x.text}{sign}{y.text}", level, f"{x.text}{sign}{_whole(y)}")

    return write_it


def _prefix(sign: str) -> Callable[..., Text]:
    def write_it(symbol: Symbol, args: list[Text]) -> Text:
        x = args[0].at(PRODUCT, first=False)
        return Tex(f"{sign}{x.text}", PRODUCT, f"{sign}{_whole(x)}")

    return write_it


def _around(left: str, right: str, level: int = WHOLE) -> Callable[..., Text]:
    return lambda symbol, args: Tex(f"{left}{_whole(args[0])}{right}", level)


def _power(symbol: Symbol, args: list[Text]) -> Text:
    exponent = args[1].last or args[1].text if len(args) > 1 else "2"
    return Tex(f"{args[0].at(WHOLE).text}^{{{exponent}}}", POWER)


def _fraction(symbol: Symbol, args: list[Text]) -> Text:
    """A minus sign stands before the fraction, not above its line."""
    above, below = map(_whole, args)
    sign = "-" if above.startswith("-") and args[0].level >= PRODUCT else ""
    return Tex(rf"{sign}\frac{{{above.removeprefix(sign)}}}{{{below}}}", PRODUCT)


def _relation(sign: str) -> Callable[..., Text]:
    return lambda symbol, args: Tex(
        rf"\left[{args[0].at(SUM).text} {sign} {args[1].at(SUM).text if len(args) > 1 else 0}\right]"
    )


def _transposed(symbol: Symbol, args: list[Text]) -> Text | None:
    return Tex(rf"{args[0].at(WHOLE).text}^{{\top}}", POWER) if write(symbol, 3).endswith("ᵀ") else None


def _broadcast(symbol: Symbol, args: list[Text]) -> Text | None:
    sizes, inner = symbol.settings.get("shape", symbol.args[-1]), symbol.args[0]
    if not isinstance(sizes, tuple) or not sizes:
        return None
    stretched = fold(inner.args[0], _leaf, _application) if applies(np.expand_dims, inner) else args[0]
    shape = r" \times ".join(map(str, sizes))
    return Tex(rf"{stretched.at(PRODUCT).text} \cdot 1_{{{shape}}}", PRODUCT)


def _item(symbol: Symbol, args: list[Text]) -> Text:
    index = write(symbol, 1).rpartition("[")[2]
    return Tex(rf"{args[0].at(WHOLE).text}\text{{[{escaped(index)}}}")


def _call(symbol: Symbol, args: list[Any]) -> Text:
    r"""``\exp x``, ``\operatorname{softmax}\left(x, \text{axis=1}\right)``."""
    function = _command(meaning(symbol.function)) or rf"\operatorname{{{escaped(symbol.head)}}}"
    settings = [rf"\text{{{escaped(text)}}}" for text in settings_of(symbol)]
    listed = ", ".join([*map(_listed, args), *settings])
    plain = len(args) == 1 and not settings and getattr(symbol.args[0], "function", symbol) is None
    return Tex(rf"{function}\left({listed}\right)", WHOLE, f"{function} {listed}" if plain else "")


def _command(function: Any) -> str | None:
    """The command of a function that LaTeX knows."""
    scipy = sys.modules.get("scipy.special")  # who uses its functions has loaded it
    return r"\Gamma" if function is getattr(scipy, "gamma", np.nan) else _FUNCTIONS.get(function)


def _listed(arg: Any) -> str:
    if not isinstance(arg, list):
        return _whole(arg)
    return ", ".join(map(_listed, arg if len(arg) <= LONGEST_LIST else [*arg[:3], Tex(r"\ldots"), arg[-1]]))


_FUNCTIONS: dict[Any, str] = said_of(
    {
        **{f: rf"\{f.__name__}" for f in (np.exp, np.log, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh)},
        **{f: rf"\{f.__name__}" for f in (np.arcsin, np.arccos, np.arctan)},
        np.maximum: r"\max",
        np.minimum: r"\min",
        np.max: r"\max",
        np.min: r"\min",
        np.sum: r"\sum",
    }
)
_SPECIAL: dict[Any, Callable[..., Text | None]] = said_of(
    {
        np.add: _infix(" + ", SUM, SUM, SUM),
        **dict.fromkeys((np.subtract, elementwise.gap), _infix(" - ", SUM, SUM, MATRIX_PRODUCT)),
        np.multiply: _infix(r" \cdot ", PRODUCT, PRODUCT, PRODUCT),
        np.matmul: _infix(r"\,", MATRIX_PRODUCT, POWER, POWER),
        np.divide: _fraction,
        np.reciprocal: _around(r"\frac{1}{", "}", PRODUCT),
        **dict.fromkeys((np.power, np.square), _power),
        np.negative: _prefix("-"),
        np.positive: _prefix("+"),
        np.sqrt: _around(r"\sqrt{", "}"),
        np.absolute: _around(r"\left\lvert ", r"\right\rvert "),
        np.equal: _relation("="),
        np.not_equal: _relation(r"\neq"),
        np.less: _relation("<"),
        np.less_equal: _relation(r"\leq"),
        **dict.fromkeys((np.greater, elementwise.step), _relation(">")),
        np.greater_equal: _relation(r"\geq"),
        **dict.fromkeys((np.swapaxes, np.transpose), _transposed),
        **dict.fromkeys((np.broadcast_to, shaping._broadcast_to), _broadcast),
        **dict.fromkeys((operator.getitem, indexing._getitem), _item),
    }
)

_ESCAPES = {
    **{c: rf"\{c}" for c in "_$&#%{}"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "′": r"$'$",
    "−": "$-$",
    "×": r"$\times$",
    "…": r"\ldots{}",
    "·": r"$\cdot$",
    "∂": r"$\partial$",
}
_SIGNS = {"−": "-", "…": r"\ldots", "×": r" \times ", ":": r"\colon", "‖": r"\rVert", "–": r"\text{--}"}
_SMALL = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon"
_LARGE = "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"  # the others look like Latin letters
_LETTERS = zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", f"{_SMALL} phi chi psi omega {_LARGE}".split(), strict=True)
_GREEK = {letter: rf"\{word}" for letter, word in _LETTERS}
_ESCAPES |= {letter: f"${command}$" for letter, command in _GREEK.items()}
