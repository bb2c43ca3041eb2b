"""Closed forms: expressions put into each other, and made shorter by SymPy where it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .meaning import Expression
from .symbol import Symbol, apply, fold, variables

if TYPE_CHECKING:
    from types import ModuleType


_SIMPLIFIED = 60  # operations; SymPy takes seconds for more
_AGREES = 1e-6
_TRIALS = 3


def put_in(expression: Expression, known: Mapping[str, Expression]) -> Expression:
    """The expression with others in the place of its variables; a little simplified.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> put_in(1 / y, {"y": 1 + np.exp(-x)})
    1/(1 + exp(−x))
    """

    def leaf(x: Expression) -> Any:
        return known.get(x.head, x) if isinstance(x, Symbol) else x

    return fold(expression, leaf, lambda s, args: apply(s.function, args, s.settings))  # type: ignore[arg-type]


def shorter(expression: Expression) -> Expression:
    """The same function of its variables, shorter where SymPy is installed and finds that; all of them are real.

    >>> x = Symbol("x")
    >>> shorter(np.exp(-x) / (1 + np.exp(-x)) * (1 + np.exp(-x)) / np.exp(-x) + x)  # doctest: +SKIP
    x + 1
    """
    try:
        import sympy
    except ModuleNotFoundError:
        return expression
    if not isinstance(expression, Symbol) or _operations(expression) > _SIMPLIFIED:
        return expression
    names = {name: sympy.Symbol(f"x{i}", real=True) for i, name in enumerate(variables(expression))}
    symbols = {str(symbol): Symbol(name) for name, symbol in names.items()}
    try:
        form = expression.evaluate(names, _functions(sympy))
        found = min(sympy.simplify(form), sympy.factor(form), form, key=sympy.count_ops)
        back = sympy.lambdify(list(names.values()), found, modules="numpy", cse=False)
        short = back(*symbols.values())
    except Exception:  # what SymPy does not know stays as it is
        return expression
    better = _length(short) < _length(expression)
    return short if better and _agree(expression, short) else expression


def _functions(sympy: ModuleType) -> dict[str, Any]:
    """SymPy's functions by NumPy's names."""
    same = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
    return {
        **{name: getattr(sympy, name) for name in same},
        **{f"arc{name}": getattr(sympy, f"a{name}") for name in same[3:]},
        "negative": lambda x: -x,
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "gap": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "divide": lambda x, y: sympy.sympify(x) / y,
        "power": lambda x, y: sympy.sympify(x) ** y,
        "square": lambda x: x**2,
        "reciprocal": lambda x: 1 / x,
        "absolute": sympy.Abs,
        "log1p": lambda x: sympy.log(1 + x),
        "expm1": lambda x: sympy.exp(x) - 1,
    }


def _operations(expression: Expression) -> float:
    """How many there are on paper, where shared parts are written twice."""
    return fold(
        expression, lambda x: 0.0, lambda s, parts: 1 + sum(p if isinstance(p, float) else np.inf for p in parts)
    )


def _length(expression: Expression) -> float:
    return _operations(expression) if isinstance(expression, Symbol) else 0.0


def _agree(x: Symbol, y: Expression) -> bool:
    """Whether both have the same values at a few points."""
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for _ in range(_TRIALS):
            point = {name: rng.uniform(0.2, 1.5) for name in variables(x)}
            values = x.evaluate(point), y.evaluate(point) if isinstance(y, Symbol) else y
            if not np.allclose(*values, rtol=_AGREES, atol=0, equal_nan=True):
                return False
    return True
