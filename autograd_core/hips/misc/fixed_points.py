"""Fixed points, differentiated at the solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core import make_vjp
from ..extend import defvjp, primitive
from ..vspaces import vspace

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Function, Tree


@primitive
def fixed_point(f: Function, a: Tree, x0: ArrayLike, distance: Callable[[Any, Any], Any], tol: float) -> AnyArray:
    """x = f(a)(x), iterated from x0 until ``distance(x, previous x)`` is at most ``tol``; differentiable by a.

    f : of a, gives the function to iterate
    a, x0 : what f depends on, and the start
    distance, tol : when to stop
    """
    step = f(a)
    x, previous = step(x0), x0
    while distance(x, previous) > tol:
        x, previous = step(x), x
    return x


def _pulled(ans: AnyArray, f: Function, a: AnyArray, x0: Any, distance: Function, tol: float) -> Callable[[Any], Any]:
    """w = g + (∂f/∂x)ᵀ w is a fixed point, too; the answer is (∂f/∂a)ᵀ w."""

    def adjoint(by: Any) -> Callable[[Any], Any]:
        a, x, g = by
        by_x, _ = make_vjp(f(a), x)
        return lambda w: by_x(w) + g

    def vjp(g: AnyArray) -> AnyArray:
        by_a, _ = make_vjp(lambda a: f(a)(ans), a)
        return by_a(fixed_point(adjoint, (a, ans, g), vspace(ans).zeros(), distance, tol))

    return vjp


defvjp(fixed_point, None, _pulled, None)
