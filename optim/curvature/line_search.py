"""Line searches to Wolfe's conditions: how far to go along a direction of descent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from autograd_core.support.types import Array

Evaluate: TypeAlias = "Callable[[Array], tuple[float, Array]]"
"""x ↦ (f(x), ∇f(x)), all flat."""

ARMIJO, CURVATURE = 1e-4, 0.9
SMALLEST_STEP = 1e-9  # fixed as in PyTorch


class Point(NamedTuple):
    """A trial of the line search: the step length, f, ∇f, and the slope ∇fᵀd there."""

    t: float
    f: float
    g: Array
    slope: float


def strong_wolfe(evaluate: Evaluate, x: Array, d: Array, t: float, start: Point, most: float) -> tuple[Point, int]:
    """A step along d with f ≤ f₀ + c₁t·slope₀ and |slope| ≤ c₂|slope₀|, and how many evaluations it took.

    After the first trial and ``most`` others the lowest point that was found is returned.

    Nocedal & Wright 2006, algorithms 3.5 (bracket) and 3.6 (zoom), with the trial points of minFunc: minima of cubics,
    kept away from the ends of the bracket. A value that is not finite counts as infinitely high.
    """

    def trial(t: float) -> Point:
        f, g = evaluate(x + t * d)
        f = f if math.isfinite(f) else math.inf
        return Point(t, f, g, float(g @ d))

    def too_high(point: Point, than: float) -> bool:
        return point.f > start.f + ARMIJO * point.t * start.slope or point.f >= than

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    before, point, trials = start, trial(t), 1
    while trials <= most:
        if too_high(point, before.f if trials > 2 else math.inf):
            break
        if flat(point):
            return point, trials
        if point.slope >= 0:
            break
        bounds = point.t + 0.01 * (point.t - before.t), point.t * 10
        before, point = point, trial(_cubic_minimum(before, point, bounds))
        trials += 1
    else:
        before = start

    low, high = (before, point) if before.f <= point.f else (point, before)
    crowded = False
    while trials <= most:
        near, far = min(low.t, high.t), max(low.t, high.t)
        if (far - near) * float(np.abs(d).max()) < SMALLEST_STEP:
            break
        t = _cubic_minimum(low, high, (near, far))
        edge = 0.1 * (far - near)
        if min(far - t, t - near) < edge:
            if crowded or t >= far or t <= near:
                t = far - edge if abs(t - far) < abs(t - near) else near + edge
                crowded = False
            else:
                crowded = True
        else:
            crowded = False
        point = trial(t)
        trials += 1
        if too_high(point, low.f):
            high = point
            if high.f < low.f:
                low, high = high, low
        else:
            if flat(point):
                return point, trials
            if point.slope * (high.t - low.t) >= 0:
                high = low
            low = point
    return low, trials


def weak_wolfe(evaluate: Evaluate, x: Array, d: Array, t: float, start: Point, most: float) -> tuple[Point, int]:
    """A step along d with f ≤ f₀ + c₁t·slope₀ and slope ≥ c₂·slope₀, and how many evaluations it took.

    Doubling and bisection (Lewis & Overton 2013, algorithm 2.6), which finds such a step where f has kinks, too; the
    strong conditions can lead into a kink and stay there. After the first trial and ``most`` others, 19 at the most,
    the longest step that was low enough is returned.
    """
    low, high, best, trials = 0.0, math.inf, start, 0
    while trials <= min(most, 19):
        f, g = evaluate(x + t * d)
        point = Point(t, f, g, float(g @ d))
        trials += 1
        if not (math.isfinite(f) and f <= start.f + ARMIJO * t * start.slope and np.isfinite(g).all()):
            high = t
        elif point.slope < CURVATURE * start.slope:
            low, best = t, point
        else:
            return point, trials
        t = 2 * low if high == math.inf else (low + high) / 2
    return best, trials


LINE_SEARCHES = {"strong_wolfe": strong_wolfe, "weak_wolfe": weak_wolfe}


def _cubic_minimum(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic with the values and slopes of two points is lowest (Nocedal & Wright, equation 3.59)."""
    lowest, highest = bounds
    if a.t > b.t:
        a, b = b, a
    if not math.isfinite(b.f - a.f) or not math.isfinite(b.slope - a.slope) or a.t == b.t:
        return (lowest + highest) / 2
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if square < 0:
        return (lowest + highest) / 2
    d2 = math.sqrt(square)
    if b.slope - a.slope + 2 * d2 == 0:
        return (lowest + highest) / 2
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, lowest), highest)
