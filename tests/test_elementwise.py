"""Elementwise functions at zeros, ties, infinities and jumps, beside numbers of other kinds, in complex numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from rounding import assert_same_but_for_rounding

inf, nan = np.inf, np.nan


def slopes(f: Callable[..., Any], *args: Any) -> list[Any]:
    """∂ Σ f / ∂ each argument, in both modes, without any warning."""
    arrays = [np.asarray(a, float) for a in args]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, pullback = ag.vjp(f, *arrays)
        reverse = pullback(np.ones_like(value))
        for i, found in enumerate(reverse):
            ones = [np.ones_like(a) if i == j else np.zeros_like(a) for j, a in enumerate(arrays)]
            assert_same_but_for_rounding(ag.jvp(f, arrays, ones)[1], found)
    return [g.tolist() for g in reverse]


def derivative(f: Callable[..., Any], order: int) -> Callable[..., Any]:
    for _ in range(order):
        f = ag.grad(f)
    return f


# Zero ----------------------------------------------------------------------------------------------------------------


def test_the_corner_of_a_cone_has_slope_zero() -> None:
    """√(x² + y²) and the angle of (x, y) at the origin, as |x| at 0."""
    assert slopes(np.hypot, [0.0, 3.0], [0.0, 4.0]) == [[0.0, 0.6], [0.0, 0.8]]
    assert slopes(np.arctan2, [0.0, 0.0], [0.0, 2.0]) == [[0.0, 0.5], [0.0, 0.0]]
    assert slopes(np.fabs, [-2.0, 0.0, 2.0]) == [[-1.0, 0.0, 1.0]]


def test_large_triangles_do_not_overflow() -> None:
    """∂θ/∂y = x/r², of which r² = ∞ in floating point."""
    y, x = slopes(np.arctan2, [1e200], [1e200])
    np.testing.assert_allclose([y, x], [[5e-201], [-5e-201]], rtol=1e-14)


def test_copysign_is_the_absolute_value_with_another_sign() -> None:
    assert slopes(np.copysign, [-2.0, -2.0, 3.0, 0.0], [1.0, -1.0, -0.0, 1.0]) == [[-1.0, 1.0, -1.0, 0.0], [0.0] * 4]


def test_heaviside_passes_its_second_argument_at_zero_only() -> None:
    assert slopes(np.heaviside, [-1.0, 0.0, 1.0], [0.5, 0.5, 0.5]) == [[0.0] * 3, [0.0, 1.0, 0.0]]


def test_sinc_and_its_derivatives_at_zero_and_around_it() -> None:
    """sinc⁽ⁿ⁾(0) = πⁿ cos(nπ/2) / (n + 1)."""
    for n in range(6):
        at_zero = np.pi**n * (1, 0, -1, 0)[n % 4] / (n + 1)
        for x in (0.0, 1e-9):
            np.testing.assert_allclose(derivative(np.sinc, n)(np.array(x)), at_zero, rtol=1e-12, atol=1e-6)
    series = -(np.pi**2) / 3 * 1e-5 + np.pi**4 / 30 * 1e-15
    np.testing.assert_allclose(ag.grad(np.sinc)(np.array(1e-5)), series, rtol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("x", [0.31, 0.33, 0.9, 1.7, 6.25])
def test_sinc_satisfies_its_differential_relation(n: int, x: float) -> None:
    """(πx · sinc x)⁽ⁿ⁾ = sin⁽ⁿ⁾, wherever the two ways to compute it take over from one another."""
    f = [float(derivative(np.sinc, k)(np.array(x))) for k in (n - 1, n)]
    right = np.pi ** (n - 1) * np.sin(np.pi * x + n * np.pi / 2)
    np.testing.assert_allclose(x * f[1] + n * f[0], right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("x", [0.0, 1e-8, 0.7, -3.0, 20.0, 700.0])
def test_i0_satisfies_bessels_equation(x: float) -> None:
    """x I₀″ + I₀′ = x I₀, to relative accuracy."""
    i0, first, second = (float(derivative(np.i0, n)(np.array(x))) for n in range(3))
    np.testing.assert_allclose(x * second + first, x * i0, rtol=1e-12)
    assert first == pytest.approx(x / 2, rel=1e-12) or abs(x) > 1e-3
    assert second == pytest.approx(0.5) or x != 0


# Ties, infinities and NaN --------------------------------------------------------------------------------------------


def test_a_tie_is_shared() -> None:
    for f in (np.fmax, np.fmin, np.maximum, np.minimum, np.logaddexp, np.logaddexp2):
        assert slopes(f, [1.0], [1.0]) == [[0.5], [0.5]]


def test_fmax_and_fmin_prefer_numbers_to_nan() -> None:
    assert slopes(np.fmax, [nan, 2.0, -inf], [1.0, nan, 0.0]) == [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    assert slopes(np.fmin, [nan, 2.0, inf], [1.0, nan, 0.0]) == [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]


def test_clip_shares_at_its_bounds_and_follows_the_bound_beyond() -> None:
    x, low, high = slopes(np.clip, [-1.0, 0.0, 0.5, 1.0, 2.0], [0.0] * 5, [1.0] * 5)
    assert (x, low, high) == ([0.0, 0.5, 1.0, 0.5, 0.0], [1.0, 0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5, 1.0])
    assert slopes(lambda x: np.clip(x, None, 1), [0.0, 3.0]) == slopes(lambda x: ag.clip(x, max=1), [0.0, 3.0])
    assert slopes(lambda x: x.clip(-1, 1), [-2.0, 0.0]) == [[0.0, 1.0]]
    assert slopes(ag.clip, [5.0]) == [[1.0]]
    with pytest.raises(ValueError, match="clip: a bound was given twice"):
        np.clip(ag.Tensor(np.ones(2)), 0, 1, max=2)


def test_log_probabilities_of_minus_infinity() -> None:
    """log(e⁻∞ + eʸ) = y; two impossible events share the slope, and nothing is NaN."""
    for f in (np.logaddexp, np.logaddexp2):
        assert slopes(f, [-inf, -inf, inf], [2.0, -inf, 2.0]) == [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]


def test_nan_to_num_passes_numbers_only() -> None:
    assert slopes(lambda x: np.nan_to_num(x, nan=3.0, posinf=5.0) ** 2, [nan, inf, 2.0]) == [[0.0, 0.0, 4.0]]
    z = np.array([complex(nan, 1), complex(2, inf), 1 + 1j])
    g = ag.grad(lambda z: np.real(np.nan_to_num(z, posinf=0.0) * (1 - 2j)).sum())(z)
    assert g.tolist() == [2j, 1, 1 + 2j]
    with pytest.raises(TypeError, match="copy=False"):
        np.nan_to_num(ag.Tensor(np.ones(2)), copy=False)


# Rounding and remainders ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.rint, np.floor, np.ceil, np.trunc, ag.fix, np.round, np.around, lambda x: x // 1])
def test_a_rounded_tensor_is_recorded_and_has_derivative_zero(f: Any) -> None:
    x = ag.Tensor(np.array([0.5, 1.0, -1.7]), requires_grad=True)
    y = f(x)
    assert y.requires_grad
    (y * x).sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_fix_is_trunc_by_another_name() -> None:
    """Also through NumPy's own, which is deprecated there, for as long as it lasts: without a warning."""
    x = ag.Tensor(np.array([0.5, 1.0, -1.7]), requires_grad=True)
    assert ag.fix(x).tolist() == getattr(np, "fix", ag.fix)(x).tolist() == [0.0, 1.0, -1.0]
    assert ag.fix(x.numpy()).tolist() == [0.0, 1.0, -1.0]


def test_remainders_of_every_sign() -> None:
    """x % y = x − ⌊x/y⌋ y has y's sign, fmod(x, y) = x − trunc(x/y) y has x's."""
    x, y = [7.5, -7.5, 7.5, -7.5], [2.0, 2.0, -2.0, -2.0]
    assert slopes(np.remainder, x, y) == slopes(lambda x, y: x % y, x, y) == [[1.0] * 4, [-3.0, 4.0, 4.0, -3.0]]
    assert slopes(np.fmod, x, y) == [[1.0] * 4, [-3.0, 3.0, 3.0, -3.0]]
    assert slopes(lambda x, y: np.divmod(x, y)[1], x, y) == slopes(np.remainder, x, y)
    assert slopes(lambda x: 7.5 % x, [2.0]) == [[-3.0]]


def test_a_quotient_that_rounds_up_to_an_integer() -> None:
    """0.7 // 0.1 = 6 although 0.7/0.1 rounds to 7; the slope −q goes with the remainder that was returned."""
    for f in (np.remainder, np.fmod):
        value = f(0.7, 0.1)
        assert slopes(f, [0.7], [0.1])[1][0] == -round((0.7 - value) / 0.1)


def test_quotient_and_remainder_as_numpy_has_them() -> None:
    x, y = np.array([7.5, -7.5, 0.0, -0.0, inf, 3.0, nan]), np.array([2.0, 2.0, -3.0, 5.0, 2.0, -inf, 1.0])
    with np.errstate(all="ignore"):
        expected, found = np.divmod(x, y), np.divmod(ag.Tensor(x), ag.Tensor(y))
        parts = np.modf(x), np.modf(ag.Tensor(x))
        halves = np.frexp(x), np.frexp(ag.Tensor(x))
    for pair in (zip(expected, found, strict=True), zip(*parts, strict=True), zip(*halves, strict=True)):
        for right, y in pair:
            np.testing.assert_array_equal(np.asarray(y), right, strict=True)
            np.testing.assert_array_equal(np.signbit(y), np.signbit(right))


def test_the_parts_of_a_floating_point_number() -> None:
    """x = m 2ⁿ, and its fraction; n is a plain array of integers."""
    mantissa, exponent = np.frexp(ag.Tensor(np.array([3.0, -0.1, 0.0]), requires_grad=True))
    assert type(exponent) is np.ndarray and mantissa.requires_grad
    assert slopes(lambda x: np.frexp(x)[0], [3.0, -0.1, 0.0]) == [[0.25, 8.0, 1.0]]
    assert slopes(lambda x: np.ldexp(x, 3), [1.5]) == slopes(lambda x: np.ldexp(x, np.array([3])), [1.5]) == [[8.0]]
    assert slopes(lambda x: np.modf(x)[0] * np.modf(x)[1], [2.25]) == [[2.0]]
    with pytest.raises(TypeError, match="ldexp"):
        np.ldexp(1.5, ag.Tensor(np.ones(1), requires_grad=True))


# Powers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.power, np.float_power, np.pow])
def test_powers_of_zero_and_of_negative_numbers(f: Any) -> None:
    assert slopes(f, [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]) == [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert slopes(lambda x: f(x, 3), [-2.0]) == [[12.0]]
    assert slopes(lambda x: f(x, np.array([2, 1])), [-2.0, -2.0]) == [[-4.0, 1.0]]
    assert slopes(lambda y: f(2, y), [3.0]) == [[pytest.approx(8 * np.log(2))]]


def test_a_real_base_with_a_complex_exponent() -> None:
    """d/dy (−2)ʸ = (−2)ʸ log(−2), and log(−2) is complex."""
    y = np.array(0.3 + 0.4j)
    found = ag.jvp(lambda y: np.power(-2.0, y), (y,), (np.array(1 + 0j),))[1]
    np.testing.assert_allclose(found, (-2 + 0j) ** y * np.log(-2 + 0j), rtol=1e-14)


def test_float_power_computes_in_double_precision_and_answers_in_single() -> None:
    x = ag.Tensor(np.array([2.0], np.float32), requires_grad=True)
    y = np.float_power(x, 3)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, x.grad.tolist()) == (np.float64, np.float32, [12.0])


# Operands and keywords -----------------------------------------------------------------------------------------------

OF_TWO = [
    *(np.float_power, np.fmod, np.remainder, np.hypot, np.logaddexp, np.logaddexp2, np.arctan2, np.copysign, np.fmax),
    *(np.fmin, np.heaviside, np.floor_divide),
]


@pytest.mark.parametrize("f", OF_TWO)
@pytest.mark.parametrize("other", [2, 2.5, True, np.float32(2.5), np.int64(3), np.array([2, 3]), [2.0, 3.0]])
def test_whatever_stands_beside_a_tensor(f: Any, other: Any) -> None:
    x = np.array([1.75, 2.75])
    for call in (lambda x: f(x, other), lambda x: f(other, x)):
        y = call(ag.Tensor(x, requires_grad=True))
        assert_same_but_for_rounding(y.numpy(), call(x))
        numeric = (call(x + 1e-6) - call(x - 1e-6)) / 2e-6
        np.testing.assert_allclose(slopes(call, x)[0], numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f", OF_TWO[1:])
def test_numbers_do_not_widen_single_precision(f: Any) -> None:
    x = ag.Tensor(np.array([1.5, 2.5], np.float32), requires_grad=True)
    for y in (f(x, 2), f(2.0, x)):
        y.sum().backward()
        assert y.dtype == x.grad.dtype == np.float32


def test_dtype_converts_the_operands() -> None:
    x = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    for call in (lambda x: np.exp(x, dtype=np.float32), lambda x: np.add(x, [1, 2], dtype=np.float32)):
        y = call(x)
        assert_same_but_for_rounding(y.numpy(), call(x.numpy()))
        y.sum().backward()
        assert x.grad.dtype == np.float64
    with pytest.raises(TypeError, match=r"np.exp: where=.*Fix: np.where"):
        np.exp(x, where=np.array([True, False]))
    with pytest.raises(TypeError, match=r"np.exp: casting="):
        np.exp(x, casting="unsafe")


def test_newer_names_are_the_same_functions() -> None:
    for new, old in (
        ("acos", "arccos"),
        ("atan2", "arctan2"),
        ("pow", "power"),
        ("abs", "absolute"),
        ("mod", "remainder"),
    ):
        assert getattr(ag, new) is getattr(ag, old)


# Complex numbers -----------------------------------------------------------------------------------------------------


def test_the_sign_of_a_complex_number_is_its_direction() -> None:
    """z/|z| does not change along the radius, and turns with 1/|z| along the circle; 0 has no direction."""
    z = np.array([3 + 4j])
    assert abs(ag.jvp(np.sign, (z,), (z,))[1]).max() < 1e-15
    np.testing.assert_allclose(ag.jvp(np.sign, (z,), (1j * z,))[1], 1j * z / 5, rtol=1e-14)
    for f in (np.sign, np.angle, np.absolute):
        assert ag.jvp(f, (np.zeros(1, complex),), (np.ones(1, complex),))[1].tolist() == [0]
        assert ag.grad(lambda z, f=f: np.real(f(z)).sum())(np.zeros(1, complex)).tolist() == [0]


def test_angles_of_real_numbers_are_steps() -> None:
    assert slopes(lambda x: np.angle(x, deg=True), [-2.0, 3.0]) == [[0.0, 0.0]]
    assert np.angle(ag.Tensor(np.array([-2.0], np.float32)), deg=True).tolist() == [180.0]


@pytest.mark.parametrize("z", [2 + 0.1j, 2 - 0.1j, -2 + 0.1j, 0.1 + 2j, -0.1 - 2j])
def test_inverse_functions_beside_their_branch_cuts(z: complex) -> None:
    """(f⁻¹)′ = 1 / f′(f⁻¹), on the branch that NumPy takes."""
    at = np.array(z)
    for inverse, slope in (
        (np.arcsin, np.cos), (np.arccos, lambda w: -np.sin(w)), (np.arctan, lambda w: 1 / np.cos(w) ** 2),
        (np.arcsinh, np.cosh), (np.arccosh, np.sinh), (np.arctanh, lambda w: 1 / np.cosh(w) ** 2),
        (np.sqrt, lambda w: 2 * w), (np.log, np.exp), (np.log1p, np.exp), (np.expm1, lambda w: 1 / (1 + w)),
        (np.log2, lambda w: np.log(2) * 2**w), (np.log10, lambda w: np.log(10) * 10**w),
    ):  # fmt: skip
        found = ag.jvp(inverse, (at,), (np.array(1 + 0j),))[1]
        np.testing.assert_allclose(found, 1 / slope(inverse(at)), rtol=1e-13)


def test_logistic_functions_of_complex_numbers() -> None:
    z = np.array([0.3 + 1.2j])
    np.testing.assert_allclose(ag.sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-15)
    found = ag.jvp(ag.softplus, (z,), (np.ones(1, complex),))[1]
    np.testing.assert_allclose(found, ag.sigmoid(z), rtol=1e-14)


def test_real_if_close_decides_by_the_numbers() -> None:
    near, far = (ag.Tensor(np.array([1 + i * 1j]), requires_grad=True) for i in (1e-16, 1.0))
    assert np.real_if_close(near).dtype == np.float64 and np.real_if_close(near).requires_grad
    assert np.real_if_close(far) is far
