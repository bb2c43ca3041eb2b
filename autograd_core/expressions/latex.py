r"""Expressions and values as LaTeX: ``-\frac{1}{\xi_{3}^{2}}``."""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import printable
from ..ops.places import indexing
from . import values
from .meaning import Expression, meaning, said_of
from .notation import BOTH, NAMES, POWER, PRODUCT, SUM, WHOLE, Text, write
from .symbol import Symbol, shortened

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function


class Tex(Text):
    """A ``Text`` in LaTeX, whose brackets grow with what they hold."""

    @classmethod
    def sign(cls, pair: tuple[str, str]) -> str:
        return pair[1]

    @classmethod
    def leaf(cls, x: Expression) -> Text:
        if isinstance(x, Symbol):
            return Tex(name(x.head))
        if isinstance(x, (bool, int, float, complex, np.number, np.bool_)):
            text = values.number(x, 6)
            looser = PRODUCT if text.startswith("−") or "e" in text else WHOLE
            return Tex(digits(text), SUM if " " in text else looser)
        return Tex(cls.word(write(x)))

    @classmethod
    def writer(cls, function: Function) -> Callable[..., Text | None] | None:
        return BOTH.get(function) or _SPECIAL.get(function)

    @classmethod
    def function(cls, symbol: Symbol) -> str:
        function = meaning(symbol.function)
        scipy = sys.modules.get("scipy.special")  # who uses its functions has loaded it
        if function is getattr(scipy, "gamma", np.nan):
            return r"\Gamma"
        return NAMES[function][1] if function in NAMES else rf"\operatorname{{{escaped(symbol.head)}}}"

    @classmethod
    def word(cls, text: str) -> str:
        return rf"\text{{{escaped(text)}}}"

    def at(self, level: int, first: bool = True) -> Text:
        return self if self.fits(level, first) else Tex(rf"\left({self.alone}\right)")


def latex(expression: Expression, longest: int | None = None) -> str:
    r"""A symbol, a number or any other constant in LaTeX's mathematics (``notation.write`` in another hand).

    >>> x, y = Symbol("x1"), Symbol("learning_rate")
    >>> print(latex(-(1 - y) / np.exp(x) ** 2))
    -\frac{1 - \text{learning\_rate}}{\exp\left(x_{1}\right)^{2}}
    """
    return Tex.of(expression if longest is None else shortened(expression, longest)).alone


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


def value(array: AnyArray) -> str:
    r"""``values.value``; a small matrix as one.

    >>> print(value(np.array([[1.0, -2e-9]])), value(np.arange(8.0)))
    \begin{bmatrix}1 & -2 \cdot 10^{-9}\end{bmatrix} (8,)\colon 0 \ldots 3.5 \ldots 7\;\lVert 11.8\rVert
    """
    if array is not None and np.ndim(array) in (1, 2) and 0 < math.prod(np.shape(array)) <= values.IN_FULL:
        rows = np.atleast_2d(array).tolist()
        inside = r" \\ ".join(" & ".join(digits(values.number(x, 5)) for x in row) for row in rows)
        return rf"\begin{{bmatrix}}{inside}\end{{bmatrix}}"
    return digits(values.value(array))


def digits(text: str) -> str:
    """Numbers and the signs around them: 1.5e−12 as 1.5 · 10⁻¹²."""
    text = re.sub(r"[A-Za-z][A-Za-z ]*[A-Za-z]", lambda words: rf"\text{{{words[0]}}}", text)
    text = re.sub(r"e(−?\d+)", r" \\cdot 10^{\1}", text).replace(" ‖", r"\;\lVert ", 1)
    return re.sub(r"[−…×:‖–]", lambda sign: _SIGNS[sign[0]], text)


# Expressions ---------------------------------------------------------------------------------------------------------


def _around(left: str, right: str, level: int = WHOLE) -> Callable[..., Text]:
    return lambda symbol, args: Tex(f"{left}{args[0].alone}{right}", level)


def _power(symbol: Symbol, args: list[Text]) -> Text:
    exponent = args[1].alone if len(args) > 1 else "2"
    return Tex(f"{args[0].at(WHOLE).text}^{{{exponent}}}", POWER)


def _fraction(symbol: Symbol, args: list[Text]) -> Text:
    """A minus sign stands before the fraction, not above its line."""
    above, below = args[0].alone, args[1].alone
    sign = "-" if above.startswith("-") and args[0].level >= PRODUCT else ""
    return Tex(rf"{sign}\frac{{{above.removeprefix(sign)}}}{{{below}}}", PRODUCT)


def _item(symbol: Symbol, args: list[Text]) -> Text:
    index = write(symbol, 1).rpartition("[")[2]
    return Tex(rf"{args[0].at(WHOLE).text}\text{{[{escaped(index)}}}")


_SPECIAL: dict[Any, Callable[..., Text | None]] = said_of(
    {
        np.divide: _fraction,
        np.reciprocal: _around(r"\frac{1}{", "}", PRODUCT),
        **dict.fromkeys((np.power, np.square), _power),
        np.sqrt: _around(r"\sqrt{", "}"),
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
