"""Derivatives checked against finite differences along random directions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .core import make_jvp, make_vjp
from .vspaces import vspace
from .wrap_util import unary_to_nary

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, Function, Tree


TOL, RTOL, EPS = 1e-6, 1e-6, 1e-6


def _close(a: AnyArray, b: AnyArray) -> bool:
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)


def _numerical(f: Callable[[Any], Any], x: ArrayLike, v: ArrayLike) -> Tree:
    """(f(x + ε v/2) − f(x − ε v/2)) / ε."""
    here = vspace(x)
    above, below = (f(here.add(x, here.scalar_mul(v, e))) for e in (EPS / 2, -EPS / 2))
    there = vspace(above)
    return there.scalar_mul(there.add(above, there.scalar_mul(below, -1.0)), 1.0 / EPS)


def check_vjp(f: Callable[[Any], Any], x: Any) -> None:
    """Raise AssertionError where the pullback does not agree with finite differences.

    f : a function of one argument
    x : where
    """
    vjp, y = make_vjp(f, x)
    here, there = vspace(x), vspace(y)
    v, u = here.randn(), there.randn()
    exact = here.inner_prod(v, here.covector(vjp(there.covector(u))))
    numeric = there.inner_prod(u, _numerical(f, x, v))
    name = getattr(f, "__name__", "f")
    assert _close(numeric, exact), f"Derivative (VJP) check of {name} failed at {x}: {exact}, numeric {numeric}"


def check_jvp(f: Callable[[Any], Any], x: ArrayLike) -> None:
    """Raise AssertionError where the pushforward does not agree with finite differences.

    f, x : those of ``check_vjp``
    """
    v = vspace(x).randn()
    check_equivalent(make_jvp(f, x)(v)[1], _numerical(f, x, v))


def check_equivalent(x: Tree, y: Tree) -> None:
    """Raise AssertionError where two values differ in shape, dtype or along a random direction.

    x, y : trees of arrays
    """
    space = vspace(x)
    assert space == vspace(y), f"VSpace mismatch: {space} and {vspace(y)}"
    v = space.randn()
    assert _close(space.inner_prod(x, v), space.inner_prod(y, v)), f"Value mismatch: {x} and {y}"


@unary_to_nary
def check_grads(f: Callable[[Any], Any], x: ArrayLike, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Check forward ("fwd") and reverse mode ("rev"), up to the given order."""
    assert all(m in ("fwd", "rev") for m in modes)
    if "fwd" in modes:
        check_jvp(f, x)
        if order > 1:
            v = vspace(x).randn()
            check_grads(lambda x, v: make_jvp(f, x)(v)[1], (0, 1), modes, order=order - 1)(x, v)
    if "rev" in modes:
        check_vjp(f, x)
        if order > 1:
            v = vspace(f(x)).randn()
            check_grads(lambda x, v: make_vjp(f, x)[0](v), (0, 1), modes, order=order - 1)(x, v)


def combo_check(fun: Function, *check: object, **settings: object) -> Callable[..., None]:
    """``check_grads`` on every combination of the given arguments.

    fun : the function
    check, settings : those of ``check_grads``
    """

    def on_all(*args: Any, **kwargs: Any) -> None:
        names = list(kwargs)
        for a in itertools.product(*args):
            for k in itertools.product(*kwargs.values()):
                check_grads(fun, *check, **settings)(*a, **dict(zip(names, k, strict=True)))

    return on_all
