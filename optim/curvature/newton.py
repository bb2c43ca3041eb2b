"""Newton's method on exact second derivatives: the whole Hessian, or conjugate gradients on its products."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from autograd_core.support.types import Array

    from .line_search import Evaluate

Multiply: TypeAlias = "Callable[[Array], Array]"


def newton_direction(hessian: Array, g: Array) -> Array:
    """The Newton direction −H⁻¹∇f; where H is not positive definite, −|H|⁻¹∇f, which goes down as well.

    |H| has the absolute eigenvalues of H (Nocedal & Wright 2006, section 3.4), those near zero raised.

    >>> newton_direction(np.diag([2.0, -1.0]), np.array([2.0, 2.0]))
    array([-1., -2.])
    """
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    sizes = np.abs(values)
    sizes = np.maximum(sizes, np.finfo(g.dtype).eps ** 0.5 * (float(sizes.max(initial=0)) or 1.0))
    return -(vectors @ ((vectors.T @ g) / sizes))


def newton_cg_direction(multiply: Multiply, g: Array) -> Array:
    """An approximate −H⁻¹∇f by conjugate gradients, from products with H only (Nocedal & Wright, algorithm 7.1).

    It ends where the residual is small beside the gradient, min(½, √‖g‖)·‖g‖, so that Newton's fast convergence is
    kept, and at a direction along which the curvature is not positive.

    >>> newton_cg_direction(lambda v: np.array([2.0, 1.0]) * v, np.array([1e-9, 2e-9]))
    array([-5.e-10, -2.e-09])
    """
    size = float(np.linalg.norm(g))
    enough = min(0.5, size**0.5) * size
    z, r, d = np.zeros_like(g), g.copy(), -g
    rr = float(r @ r)
    for _ in range(20 * g.size):
        hd = multiply(d)
        curvature = float(d @ hd)
        if not curvature > np.finfo(g.dtype).eps * float(d @ d):
            return -g if not z.any() else z
        step = rr / curvature
        z += step * d
        r += step * hd
        before, rr = rr, float(r @ r)
        if rr**0.5 <= enough:
            break
        d = -r + (rr / before) * d
    return z


def newton(
    evaluate: Evaluate,
    direction: Callable[[Array, Array], Array],
    x: Array,
    *,
    gtol: float,
    xtol: float,
    maxiter: int,
    each: Callable[[Array], None],
) -> tuple[Array, float, Array, str]:
    """Newton iterations from x: (x, f, ∇f, why they ended). ``direction(x, g)`` gives where to go.

    A step is halved until f has fallen by 10⁻⁴ of what its slope promises (Armijo's condition).
    """
    f, g = evaluate(x)
    for _ in range(maxiter):
        if np.abs(g).max(initial=0) <= gtol:
            return x, f, g, "gradient"
        d = direction(x, g)
        slope = float(g @ d)
        if not slope < 0:  # lost to rounding
            d, slope = -g, -float(g @ g)
        t = 1.0
        # Near the minimum f cannot fall by more than its own rounding; a full step must not be refused for that.
        slack = 4 * np.finfo(g.dtype).eps * abs(f)
        while True:
            new_f, new_g = evaluate(x + t * d)
            if new_f <= f + 1e-4 * t * slope + slack:
                break
            t /= 2
            if t < 1e-12:
                return x, f, g, "search"
        moved = t * float(np.abs(d).max())
        x, f, g = x + t * d, new_f, new_g
        each(x)
        if moved <= xtol * (1 + float(np.abs(x).max())):
            return x, f, g, "gradient" if np.abs(g).max() <= gtol else "change"
    return x, f, g, "gradient" if np.abs(g).max(initial=0) <= gtol else "iterations"
