"""Reductions, scans, statistics and sorting at fixed numbers: zeros, ties, empties, refused arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_core as ag

nan, inf = math.nan, math.inf


def gradient(f: Any, x: Any, dtype: Any = np.float64) -> list[Any]:
    """∂(Σ f)/∂x as a list; warnings are errors here."""
    leaf = ag.Tensor(np.array(x, dtype), requires_grad=True)
    f(leaf).sum().backward()
    assert leaf.grad is not None and leaf.grad.dtype == dtype
    return leaf.grad.tolist()


def hessian(f: Any, x: Any) -> list[Any]:
    return np.asarray(ag.hessian(f)(np.array(x, float))).tolist()


# Products ------------------------------------------------------------------------------------------------------------


def test_a_product_is_differentiated_exactly_where_factors_are_zero() -> None:
    """∂ Π/∂xᵢ is the product of the others: of one zero all but that vanish, of two all."""
    assert gradient(np.prod, [2.0, 3.0, 4.0]) == [12.0, 8.0, 6.0]
    assert gradient(np.prod, [2.0, 0.0, 4.0]) == [0.0, 8.0, 0.0]
    assert gradient(np.prod, [0.0, 0.0, 4.0]) == [0.0, 0.0, 0.0]
    assert gradient(lambda x: np.prod(x, axis=(0, 1)), [[0.0, 2.0], [3.0, 4.0]]) == [[24.0, 0.0], [0.0, 0.0]]
    assert gradient(lambda x: np.prod(x, initial=5.0, where=np.array([True, True, False])), [2.0, 0.0, 7.0]) == [
        0.0,
        10.0,
        0.0,
    ]


def test_second_derivatives_of_a_product_with_zeros() -> None:
    """∂²Π/∂xᵢ∂xⱼ is the product of the rest, 0 for i = j."""
    assert hessian(np.prod, [0.0, 3.0, 0.0]) == [[0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]
    assert hessian(np.prod, [2.0, 3.0, 0.0]) == [[0.0, 0.0, 3.0], [0.0, 0.0, 2.0], [3.0, 2.0, 0.0]]


def test_third_derivative_of_a_product_at_the_origin() -> None:
    along = lambda t: np.prod(t * np.ones(3))
    for _ in range(3):
        along = ag.grad(along)
    assert along(np.array(0.0)) == 6.0


def test_cumulative_products_with_zeros() -> None:
    """Σ (x₁ + x₁x₂ + x₁x₂x₃)."""
    assert gradient(np.cumprod, [2.0, 0.0, 4.0]) == [1.0, 2.0 + 8.0, 0.0]
    assert gradient(np.cumprod, [0.0, 0.0]) == [1.0, 0.0]
    found = hessian(lambda x: np.cumprod(x).sum(), [0.0, 0.0, 5.0])
    assert found == [[0.0, 6.0, 0.0], [6.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_a_long_cumulative_product_agrees_with_its_logarithm() -> None:
    """∂ log Π/∂xᵢ = 1/xᵢ, for lengths around the powers of two."""
    for n in (1, 2, 3, 4, 5, 31, 32, 33, 100):
        x = 1 + np.random.default_rng(n).uniform(-0.1, 0.1, n)
        np.testing.assert_allclose(ag.grad(lambda x: np.log(np.cumprod(x)[-1]))(x), 1 / x, rtol=1e-12)


# Extremes, where and initial -----------------------------------------------------------------------------------------


def test_the_start_of_an_extreme_shares_its_derivative() -> None:
    """max(x, initial): nothing below it, a half at it."""
    assert gradient(lambda x: np.max(x, initial=5.0), [1.0, 2.0]) == [0.0, 0.0]
    assert gradient(lambda x: np.max(x, initial=2.0), [1.0, 2.0]) == [0.0, 0.5]
    assert gradient(lambda x: np.min(x, initial=0.0, where=np.array([False, True])), [-1.0, 2.0]) == [0.0, 0.0]
    assert gradient(lambda x: np.max(x, initial=-inf, where=np.array([True, False])), [1.0, 2.0]) == [1.0, 0.0]


def test_a_tensor_of_truth_values_masks() -> None:
    x = ag.Tensor(np.array([1.0, 2.0, 4.0]), requires_grad=True)
    np.mean(x, where=ag.Tensor(np.array([True, False, True]))).backward()
    assert x.grad is not None and x.grad.tolist() == [0.5, 0.0, 0.5]


def test_what_is_masked_may_be_nan() -> None:
    some = np.array([True, False, True])
    for f in (np.sum, np.mean, np.prod, np.var, np.std):
        assert np.isfinite(gradient(lambda x, f=f: f(x, where=some), [1.0, nan, 2.0])).all()


def test_nan_has_no_share() -> None:
    x = [1.0, nan, 3.0]
    assert gradient(np.nansum, x) == [1.0, 0.0, 1.0]
    assert gradient(np.nanmean, x) == [0.5, 0.0, 0.5]
    assert gradient(np.nanprod, x) == [3.0, 0.0, 1.0]
    assert gradient(np.nanmax, x) == [0.0, 0.0, 1.0]
    assert gradient(np.nanvar, x) == [-1.0, 0.0, 1.0]
    assert gradient(np.nanstd, x) == [-0.5, 0.0, 0.5]
    assert gradient(np.nanmedian, x) == [0.5, 0.0, 0.5]
    assert gradient(np.nancumsum, x) == [3.0, 0.0, 1.0]


def test_empty_arrays() -> None:
    """Sums of nothing are 0 and products 1, and nothing depends on them."""
    x = ag.Tensor(np.zeros((0, 2)), requires_grad=True)
    for f, value in ((np.sum, [0.0, 0.0]), (np.prod, [1.0, 1.0])):
        y = f(x, axis=0)
        assert y.tolist() == value
        y.sum().backward()
        assert x.grad is not None and x.grad.shape == (0, 2)
    for f in (np.cumsum, np.cumprod, np.sort, np.diff):
        y = f(x, axis=0)
        y.sum().backward()
        assert y.shape == (0, 2)
    with pytest.raises(ValueError, match="max: zero-size array"):
        np.max(x)


# Spread --------------------------------------------------------------------------------------------------------------


def test_the_deviation_of_equal_numbers_has_derivative_zero() -> None:
    for f in (np.std, np.nanstd):
        assert gradient(f, [2.0, 2.0, 2.0]) == [0.0, 0.0, 0.0]
        assert gradient(f, [2.0]) == [0.0]
    assert gradient(lambda x: np.std(x, mean=np.array([2.0])), [2.0, 2.0]) == [0.0, 0.0]


def test_a_mean_that_is_given_is_an_argument_of_its_own() -> None:
    """∂/∂m Σ (x − m)²/n = −2 (x̄ − m)."""
    x = np.array([1.0, 2.0, 6.0])
    assert ag.grad(lambda m: np.var(x, mean=m))(np.array([1.0])).tolist() == pytest.approx([-4.0])
    assert ag.grad(lambda m: ag.nanvar(np.array([1.0, nan, 3.0]), mean=m))(np.array([1.0])).tolist() == [-2.0]


def test_the_variance_of_complex_numbers_is_that_of_both_parts() -> None:
    z = np.array([1 + 2j, 3 - 1j, -2j])
    _, pullback = ag.vjp(np.var, z)
    both = ag.grad(lambda a: np.var(a))(z.real) + 1j * ag.grad(lambda b: np.var(b))(z.imag)
    np.testing.assert_allclose(pullback(np.array(1.0))[0], both, rtol=1e-14)


def test_the_gradient_of_a_correlation_is_orthogonal_to_shifts_and_scales() -> None:
    """It does not change under x ↦ a x + b."""
    x, y = np.random.default_rng(0).normal(size=(2, 5))
    g = ag.grad(lambda x: np.corrcoef(x, y)[0, 1])(x)
    np.testing.assert_allclose([g.sum(), g @ x], 0, atol=1e-15)
    assert ag.grad(lambda x: np.corrcoef(x))(x) == pytest.approx(np.zeros(5), abs=1e-15)


def test_weights_that_sum_to_zero_have_no_mean() -> None:
    with pytest.raises(ZeroDivisionError, match="average: weights sum to zero"):
        np.average(ag.Tensor([1.0, 2.0]), weights=[1.0, -1.0])


def test_too_few_observations_warn_as_numpy_does() -> None:
    with pytest.warns(RuntimeWarning, match="Degrees of freedom <= 0"), np.errstate(all="ignore"):
        assert np.isnan(np.cov(ag.Tensor([1.0])).item())


# Order ---------------------------------------------------------------------------------------------------------------


def test_sorting_carries_cotangents_back_to_their_places() -> None:
    weights = np.array([1.0, 10.0, 100.0, 1000.0])
    assert gradient(lambda x: np.sort(x) * weights, [3.0, 1.0, 2.0, 1.0]) == [1000.0, 1.0, 100.0, 10.0]
    x = np.random.default_rng(0).normal(size=40)
    for kth in (0, 7, -1, (3, 30)):
        y, pullback = ag.vjp(lambda x, kth=kth: np.partition(x, kth), x)
        np.testing.assert_array_equal(y, np.partition(x, kth))
        np.testing.assert_array_equal(x[np.argsort(pullback(np.arange(40.0))[0])], y)


def test_the_median_of_an_even_count_is_shared_by_the_middle_two() -> None:
    assert gradient(np.median, [4.0, 1.0, 3.0, 9.0]) == [0.5, 0.0, 0.5, 0.0]
    assert gradient(np.median, [4.0, 1.0, 3.0]) == [0.0, 0.0, 1.0]
    assert sum(gradient(np.median, [1.0, 1.0, 1.0])) == 1.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("method", ["lower", "higher", "nearest", "inverted_cdf", "closest_observation"])
def test_a_quantile_that_is_one_of_the_numbers_moves_with_that_one(method: str, dtype: Any) -> None:
    """Also where q n is a whole number but for rounding."""
    x = np.random.default_rng(1).permutation(11).astype(dtype)
    for q in np.linspace(0, 1, 21).tolist():
        value = np.quantile(x, q, method=method)
        assert gradient(lambda x, q=q: np.quantile(x, q, method=method), x, dtype) == (x == value).tolist()


def test_quantiles_of_a_slice_without_numbers() -> None:
    x = ag.Tensor(np.array([[nan, nan], [1.0, 2.0]]), requires_grad=True)
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        y = np.nanmedian(x, axis=1)
        y.sum().backward()
    assert np.isnan(y.numpy()).tolist() == [True, False]
    assert x.grad is not None and x.grad.tolist() == [[0.0, 0.0], [0.5, 0.5]]


def test_methods() -> None:
    x = np.array([[3.0, 1.0], [2.0, 4.0]])
    t = ag.Tensor(x, requires_grad=True)
    for name in ("argmax", "argmin", "argsort", "all", "any"):
        np.testing.assert_array_equal(getattr(t, name)(axis=0), getattr(x, name)(axis=0))
    assert t.argmax() == 3 and np.array_equal(t.argmax(1, keepdims=True), x.argmax(1, keepdims=True))
    for name in ("std", "prod", "cumsum", "cumprod"):
        np.testing.assert_array_equal(getattr(t, name)(1).numpy(), getattr(x, name)(1))


# Along an axis -------------------------------------------------------------------------------------------------------


def test_differences_until_nothing_is_left() -> None:
    x = ag.Tensor(np.arange(3.0), requires_grad=True)
    y = np.diff(x, 3)
    y.sum().backward()
    assert y.shape == (0,) and x.grad is not None and x.grad.tolist() == [0.0, 0.0, 0.0]
    assert gradient(lambda x: np.diff(x, 2), [0.0, 0.0, 0.0]) == [1.0, -2.0, 1.0]


def test_places_at_equal_distances_are_differentiated_one_by_one() -> None:
    """The slope at the middle of three, f = x²: ∂/∂x of (h₁² f₂ − …) as by finite differences."""
    y, x = np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 2.0])
    ag.gradcheck(lambda x: np.gradient(y, x), x)
    np.testing.assert_allclose(ag.vjp(lambda x: np.gradient(y, x), x)[0], np.gradient(y, x), rtol=1e-15)


def test_interpolation_at_and_beyond_the_points() -> None:
    """At a point the line to the right counts; beyond the last there is none."""
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 0.0])
    assert gradient(lambda x: np.interp(x, xp, fp), [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0]) == [0, 2, 2, -1, -1, 0, 0]
    assert gradient(lambda f: np.interp(np.array([-1.0, 2.0, 9.0]), xp, f), fp) == [1.0, 0.5, 1.5]
    assert gradient(lambda f: np.interp(np.array([-1.0, 9.0]), xp, f, left=0.0, right=0.0), fp) == [0.0, 0.0, 0.0]
    values = np.interp(ag.Tensor(np.array([nan, 1.0])), xp, fp).numpy()
    assert np.isnan(values[0]) and values[1] == 2.0


def test_a_scan_of_a_view_and_of_what_may_not_be_written_to() -> None:
    x = np.arange(1.0, 9.0)[::-2]
    x.flags.writeable = False
    for f in (np.cumprod, np.cumsum, np.sort, np.median, np.prod, np.std):
        np.testing.assert_allclose(ag.vjp(f, x)[0], f(x))
        assert np.isfinite(ag.vjp(f, x)[1](np.ones_like(f(x)))[0]).all()


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: np.sum(t, 0, None, np.zeros(())), TypeError, "sum: out= .* Fix"),
        (lambda t: np.cumsum(t, 0, None, np.zeros(3)), TypeError, "cumsum: out= .* Fix"),
        (lambda t: np.median(t, 0, np.zeros(())), TypeError, "median: out= .* Fix"),
        (lambda t: np.sum(t, initial=t[0]), TypeError, "sum: initial= is a recorded tensor.*Fix"),
        (lambda t: np.sum(t, dtype=int), TypeError, "sum: dtype=int64 has no derivative. Fix"),
        (lambda t: np.quantile(t, t), TypeError, r"quantile: q= is a recorded tensor.*Fix: np.interp"),
        (lambda t: np.var(t, ddof=1, correction=1), ValueError, "var: ddof=1 and correction=1"),
        (lambda t: np.average(t, weights=np.ones(2), axis=0), ValueError, r"weights \(2,\) for axis 0"),
        (lambda t: np.gradient(t, np.ones(2)), ValueError, r"gradient: places \(2,\) for 3 samples"),
        (lambda t: np.gradient(t, 1.0, 1.0), TypeError, "gradient: 2 distances for 1 axes"),
        (lambda t: np.gradient(t[:1]), ValueError, "at least edge_order"),
        (lambda t: np.diff(t, -1), ValueError, "diff: n = -1"),
        (lambda t: np.interp(t, np.ones(2), np.ones(3)), ValueError, "interp: points xp"),
        (lambda t: np.sort(t, order="x"), TypeError, "order= names fields"),
        (lambda t: t.sort(), TypeError, r"t.sort\(\) would write .* Fix: t = np.sort\(t\)"),
        (lambda t: np.median(t, axis=3), np.exceptions.AxisError, "axis 3 is out of bounds"),
    ],
)
def test_what_cannot_be_answered_says_so(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(ag.Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True))
