"""Compare derivatives with finite differences: the test of every rule, and of your own functions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import printable
from ..engine.tensor import Tensor, bare
from .gradients import jvp, vjp

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array, ArrayLike, Function

__all__ = ["gradcheck", "GradcheckError"]

MODES = ("reverse", "forward")


class GradcheckError(AssertionError):
    """A derivative differs from its finite difference."""


def gradcheck(
    f: Function,
    *args: object,
    order: int = 1,
    modes: Sequence[str] = MODES,
    step: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    samples: int | None = None,
    name: str | None = None,
) -> float:
    """Check f's derivatives at ``args`` against central differences, in float64; return the largest error found.

    For a fixed random cotangent u the number ⟨u, f(x)⟩ is differentiated at every index of every argument:

        (⟨u, f(x + h eᵢ)⟩ − ⟨u, f(x − h eᵢ)⟩) / 2h,   h = step · max(1, |xᵢ|)

    A complex number is a pair of real ones: ⟨u, f⟩ is Re Σ ūf, and a complex argument also moves along i eᵢ.

    Parameters
    ----------
    f : function of arrays that returns a tensor of any shape
    args : floating or complex arrays, tensors or numbers (converted to float64 or complex128)
    order : 1, or 2 to check the gradient function in the same way as well
    modes : "reverse" (vjp), "forward" (jvp), or both
    step : h beside the size of a number
    rtol, atol : the error may be atol + rtol · |derivative|
    samples : check at most so many indices of each argument, evenly spread (default: all)
    name : what to call f in messages

    Raises
    ------
    GradcheckError
        naming f, the argument, the index, both numbers and the tolerance; or the operation and the array, where an
        array that the derivative needs was overwritten in the meantime
    TypeError
        for integer arguments

    Returns
    -------
    max |analytic − numeric| / max(1, |numeric|)

    >>> error = gradcheck(lambda x, y: x * np.exp(y), np.array([1.0, 2.0]), np.array(0.5), order=2)
    >>> error < 1e-8
    True
    """
    from ..watching import overwritten

    title: Any = printable(name or getattr(f, "__name__", None) or repr(f))
    points = [_in_double(a, i, title) for i, a in enumerate(args)]
    wrong = [m for m in modes if m not in MODES]
    if wrong or not points or order < 1:
        raise ValueError(f"gradcheck: modes={modes!r}, order={order}, {len(points)} arguments; see help(gradcheck).")
    try:
        with overwritten.watch():
            value, pullback = vjp(f, *points)
            u = _weights(0, value)
            pulled = [*map(_plain, pullback(u))]
    except overwritten.OverwrittenError as found:
        raise GradcheckError(f"gradcheck: {title}: {found}") from found

    def number(*at: object) -> float:
        with np.errstate(all="ignore"):
            return _paired(u, _plain(f(*map(Tensor, at))))

    worst = 0.0
    for i, point in enumerate(points):
        directions = (1.0, 1j) if point.dtype.kind == "c" else (1.0,)
        for index, direction in itertools.product(_indices(point.shape, samples), directions):
            h = step * max(1.0, abs(point[index]))
            ahead, behind = (number(*_moved(points, i, index, d * direction)) for d in (h, -h))
            numeric = (ahead - behind) / (2 * h)
            unit = np.zeros_like(point)
            unit[index] = direction
            for mode in modes:
                if mode == "reverse":
                    analytic = _paired(pulled[i][index], direction)
                else:
                    tangents = [unit if j == i else np.zeros_like(p) for j, p in enumerate(points)]
                    analytic = _paired(u, _plain(jvp(f, points, tangents)[1]))
                error = abs(analytic - numeric)
                tolerance = atol + rtol * abs(numeric)
                if not error <= tolerance:
                    slopes = (ahead - number(*points)) / h, (number(*points) - behind) / h
                    place = f"{index}, along i" if direction == 1j else f"{index}"
                    raise GradcheckError(_message(title, mode, i, place, analytic, numeric, tolerance, slopes))
                worst = max(worst, error / max(1.0, abs(numeric)))
    if order > 1:

        def gradient(*at: object) -> Any:
            return _flat_sum(vjp(f, *at)[1](u))

        options: dict[str, Any] = {"modes": modes, "step": step, "rtol": rtol, "atol": atol, "samples": samples}
        worst = max(worst, gradcheck(gradient, *points, order=order - 1, name=f"gradient of {title}", **options))
    return worst


def _flat_sum(gradients: Sequence[Tensor]) -> Tensor:
    """One number that depends on every gradient entry, each with a weight of its own."""
    total: Any = 0.0
    for k, g in enumerate(gradients):
        total = np.sum(np.real(np.conjugate(_weights(k + 1, g)) * g)) + total
    return total


def _weights(seed: int, value: AnyArray) -> Array:
    """Random numbers of the value's shape and kind."""
    rng, shape = np.random.default_rng(seed), np.shape(value)
    weights = rng.uniform(0.5, 1.5, shape)
    return weights + 1j * rng.uniform(0.5, 1.5, shape) if _plain(value).dtype.kind == "c" else weights


def _paired(u: AnyArray, f: ArrayLike) -> float:
    """⟨u, f⟩ of real numbers, or of complex ones as pairs of real ones."""
    return float(np.sum(np.real(np.conjugate(u) * f)))


def _message(
    title: str, mode: str, i: int, place: str, analytic: float, numeric: float, tolerance: float, slopes: Any
) -> str:
    left_right = f"{slopes[1]:.6g} on the left, {slopes[0]:.6g} on the right"
    kink = abs(slopes[0] - slopes[1]) > 10 * tolerance + 1e-2 * abs(numeric)
    return (
        f"gradcheck: {mode} mode of {title}, argument {i}, index {place}: derivative {analytic:.10g}, "
        f"finite difference {numeric:.10g}, |difference| {abs(analytic - numeric):.3g} > tolerance {tolerance:.3g}."
        + (f" The function has a kink or jump there (slopes {left_right}): check another point." if kink else "")
    )


def _in_double(value: Any, i: int, title: str) -> Array:
    array = _plain(value)
    if array.dtype.kind not in "fc" and not isinstance(value, (int, float)):
        raise TypeError(f"gradcheck: argument {i} of {title} is {array.dtype} {array.shape}; give floating numbers.")
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _plain(value: Any) -> Array:
    return np.asarray(bare(value))


def _indices(shape: tuple[int, ...], samples: int | None) -> list[tuple[int, ...]]:
    every = list(np.ndindex(*shape))
    if samples is None or len(every) <= samples:
        return every
    return [every[k] for k in np.linspace(0, len(every) - 1, samples).astype(int)]


def _moved(points: Sequence[Array], i: int, index: tuple[int, ...], h: complex) -> list[Any]:
    moved = list(points)
    moved[i] = points[i].copy()
    moved[i][index] += h
    return moved
