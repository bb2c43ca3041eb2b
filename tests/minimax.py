"""Minimax polynomials by the exchange of Remez, and which of them ``autograd_core/programs/llvm`` evaluates.

``python tests/minimax.py NAME`` prints the coefficients of a row, lowest power first, and the error reached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Fit:
    """whole(x) ≈ start(x) + factor(x)·P(variable(x)) on ``interval``, least in the largest error relative to ``scale``.

    degrees : of P, one polynomial for each type of number
    scale : None for the whole itself
    """

    whole: Function
    start: Function
    factor: Function
    variable: Function
    interval: tuple[float, float]
    degrees: dict[str, int]
    scale: Function | None = None

    def error(self, coefficients: list[float] | list[mpf], x: mpf) -> mpf:
        """The relative error at x, with the polynomial evaluated exactly."""
        value = mp.polyval(list(map(mpf, reversed(coefficients))), self.variable(x))
        return (self.start(x) + self.factor(x) * value - self.whole(x)) / (self.scale or self.whole)(x)

    def largest_error(self, coefficients: list[float] | list[mpf], points: int = 400) -> float:
        """The largest relative error on a grid that is dense towards the ends."""
        with mp.workdps(60):
            return float(max(abs(self.error(coefficients, x)) for x in nodes(self.interval, points)))


def nodes(interval: tuple[float, float], count: int) -> list[mpf]:
    """Chebyshev's points, which a polynomial's error likes best; none at x = 0, where factors may vanish."""
    low, high = map(mpf, interval)
    points = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * k / (count - 1)) for k in range(count)]
    return [x if abs(x) > mpf("1e-6") else mpf("1e-6") for x in points]


def remez(fit: Fit, degree: int, rounds: int = 12, density: int = 30) -> list[mpf]:
    """Coefficients, lowest first, whose relative error swings degree + 2 times by the same amount."""
    with mp.workdps(60):
        count = degree + 2
        grid = nodes(fit.interval, density * count)
        variable = [fit.variable(x) for x in grid]
        weight = [abs(fit.factor(x) / (fit.scale or fit.whole)(x)) for x in grid]
        wanted = [(fit.whole(x) - fit.start(x)) / fit.factor(x) for x in grid]
        at = [round(k * (len(grid) - 1) / (count - 1)) for k in range(count)]
        for _ in range(rounds):
            rows = [[variable[i] ** k for k in range(degree + 1)] + [(-1) ** j / weight[i]] for j, i in enumerate(at)]
            solved = mp.lu_solve(mp.matrix(rows), mp.matrix([wanted[i] for i in at]))
            coefficients = list(solved)[:-1]
            errors = [
                w * (mp.polyval(coefficients[::-1], u) - g) for w, u, g in zip(weight, variable, wanted, strict=True)
            ]
            peaks: list[int] = []
            for i, e in enumerate(errors):  # the largest of every stretch of one sign
                if peaks and (errors[peaks[-1]] > 0) == (e > 0):
                    peaks[-1] = max(peaks[-1], i, key=lambda j: abs(errors[j]))
                else:
                    peaks.append(i)
            while len(peaks) > count:
                peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
            if len(peaks) < count or peaks == at:
                break
            at = peaks
    return coefficients


def one(x: mpf) -> mpf:
    return mpf(1)


def same(x: mpf) -> mpf:
    return x


def square(x: mpf) -> mpf:
    return x * x


def zero(x: mpf) -> mpf:
    return mpf(0)


_LN2, _PI = float(np.log(2)), float(np.pi)

FITS = {
    # exp(r) − 1 = r + r²·P(r)
    "EXPM1": Fit(mp.expm1, same, square, same, (-_LN2 / 2, _LN2 / 2), {"float": 4, "double": 10}),
    # 2^r − 1 = r·P(r)
    "EXP2M1": Fit(lambda r: mp.expm1(r * mp.ln(2)), zero, same, same, (-0.5, 0.5), {"float": 5, "double": 11}),
    # log(1 + f) = f − f²/2 + f³·P(f)
    "LOG": Fit(mp.log1p, lambda f: f - f * f / 2, lambda f: f**3, same, (-1 / 3, 1 / 3), {"float": 7}),
    # log((1 + s)/(1 − s)) = 2s + s³·P(s²)
    "ATANH": Fit(lambda s: 2 * mp.atanh(s), lambda s: 2 * s, lambda s: s**3, square, (0.0, 0.2), {"double": 7}),
    # log((1 + s)/(1 − s)) = 2s + ⅔s³ + s⁵·P(s²)
    "ATANH5": Fit(
        lambda s: 2 * mp.atanh(s),
        lambda s: 2 * s + 2 * s**3 / 3,
        lambda s: s**5,
        square,
        (0.0, 0.2),
        {"double": 7},
    ),
    # sin r = r + r³·P(r²)
    "SIN": Fit(mp.sin, same, lambda r: r**3, square, (0.0, _PI / 4), {"float": 2, "double": 5}),
    # cos r = 1 − r²/2 + r⁴·P(r²)
    "COS": Fit(mp.cos, lambda r: 1 - r * r / 2, lambda r: r**4, square, (0.0, _PI / 4), {"float": 2, "double": 5}),
    # arctan t = t + t³·P(t²)
    "ARCTAN": Fit(mp.atan, same, lambda t: t**3, square, (0.0, 2**0.5 - 1), {"float": 4, "double": 10}),
    # arcsin x = x + x³·P(x²)
    "ARCSIN": Fit(mp.asin, same, lambda x: x**3, square, (0.0, 0.5), {"float": 4, "double": 11}),
    # erf x = x + x·P(x²)
    "ERF": Fit(mp.erf, same, same, square, (0.0, 1.0), {"float": 6, "double": 12}),
    # 1 − erf x = exp(−P(x − 2)): an error of P counts as it changes erf
    "ERFC": Fit(
        lambda x: -mp.erfc(x) * mp.log(mp.erfc(x)),
        zero,
        mp.erfc,
        lambda x: x - 2,
        (1.0, 6.0),
        {"float": 6, "double": 17},
        scale=mp.erf,
    ),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FITS:
        fit = FITS[name]
        for kind, degree in fit.degrees.items():
            found = remez(fit, degree)
            rounded = [float(np.float32(c) if kind == "float" else np.float64(c)) for c in found]
            error = fit.largest_error(found), fit.largest_error(rounded)
            print(f"{name} {kind}: degree {degree}, error 2^{np.log2(error[0]):.1f}, rounded 2^{np.log2(error[1]):.1f}")
            print("   ", ", ".join(repr(c) if kind == "double" else f"{c:.9g}" for c in rounded))
