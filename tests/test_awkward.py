"""The numerically awkward points: extreme arguments, ties, corners, 0⁰, division by zero."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag

FLOATS = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
inf, nan = np.inf, np.nan


def gradient(f: Any, *x: Any, dtype: Any = np.float64) -> list[Any]:
    """∂(Σ f)/∂x as a list, for one argument or for each; warnings are errors here."""
    leaves = [ag.Tensor(np.array(a, dtype), requires_grad=True) for a in x]
    f(*leaves).sum().backward()
    found = [leaf.grad.tolist() for leaf in leaves]
    return found[0] if len(found) == 1 else found


# Without overflow ----------------------------------------------------------------------------------------------------

FAR = [-1000.0, 0.0, 1000.0]


@FLOATS
def test_sigmoid_far_out(dtype: Any) -> None:
    assert ag.sigmoid(ag.Tensor(np.array(FAR, dtype))).tolist() == [0.0, 0.5, 1.0]
    assert gradient(ag.sigmoid, FAR, dtype=dtype) == [0.0, 0.25, 0.0]


@FLOATS
def test_softplus_far_out(dtype: Any) -> None:
    value = ag.softplus(ag.Tensor(np.array(FAR, dtype)))
    assert value.tolist() == [0.0, np.log1p(dtype(1)), 1000.0] and value.dtype == dtype
    assert gradient(ag.softplus, FAR, dtype=dtype) == [0.0, 0.5, 1.0]


def test_softplus_keeps_its_small_values() -> None:
    """log(1 + eˣ) → eˣ for x → −∞, where 1 + eˣ would round to 1."""
    np.testing.assert_allclose(ag.softplus(np.array([-50.0])), np.exp([-50.0]), rtol=1e-15)
    np.testing.assert_allclose(gradient(ag.softplus, [-50.0]), np.exp([-50.0]), rtol=1e-15)
    np.testing.assert_allclose(gradient(ag.sigmoid, [-50.0]), np.exp([-50.0]), rtol=1e-15)


@FLOATS
def test_log_softmax_far_out(dtype: Any) -> None:
    """Where the largest is far ahead, log-softmax is x − max and its gradient eᵢ − e_max."""
    value = ag.log_softmax(ag.Tensor(np.array([1000.0, -1000.0, 0.0], dtype)))
    assert value.tolist() == [0.0, -2000.0, -1000.0] and value.dtype == dtype
    assert gradient(lambda x: ag.log_softmax(x)[1], [1000.0, -1000.0, 0.0], dtype=dtype) == [-1.0, 1.0, 0.0]
    assert gradient(lambda x: ag.softmax(x)[0], [1000.0, -1000.0, 0.0], dtype=dtype) == [0.0, 0.0, 0.0]


@FLOATS
def test_logsumexp_far_out(dtype: Any) -> None:
    """Its gradient is the softmax, as exact far out as anywhere."""
    ulp = float(np.finfo(dtype).eps)
    assert gradient(ag.logsumexp, [1000.0, 1000.0, -1000.0], dtype=dtype) == pytest.approx([0.5, 0.5, 0.0], rel=ulp)
    assert gradient(ag.logsumexp, [-1000.0, -1000.0], dtype=dtype) == pytest.approx([0.5, 0.5], rel=ulp)
    assert gradient(ag.logsumexp, [-inf, 0.0], dtype=dtype) == [0.0, 1.0]


@FLOATS
def test_log_softmax_depends_on_differences_alone(dtype: Any) -> None:
    """log-softmax(x + c) = log-softmax(x), also where x + c is large: for two equal numbers it is −log 2."""
    ulp = float(np.finfo(dtype).eps)
    for c in (0.0, 1000.0, -1000.0):
        at = np.array([c, c], dtype)
        np.testing.assert_allclose(ag.log_softmax(at), -np.log(2.0), rtol=ulp)
        np.testing.assert_allclose(ag.softmax(at), 0.5, rtol=2 * ulp)
        assert gradient(lambda x: ag.log_softmax(x)[0], at, dtype=dtype) == pytest.approx([0.5, -0.5], rel=2 * ulp)


def test_tanh_saturates() -> None:
    assert gradient(np.tanh, FAR) == [0.0, 1.0, 0.0]


@given(st.floats(-700, 700))
def test_sigmoid_is_symmetric_and_softplus_its_integral(x: float) -> None:
    """σ(−x) = 1 − σ(x) and softplus(x) − softplus(−x) = x."""
    at = np.array(x)
    np.testing.assert_allclose(ag.sigmoid(-at), 1 - ag.sigmoid(at), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ag.softplus(at) - ag.softplus(-at), at, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradient(ag.softplus, x), ag.sigmoid(at), rtol=1e-12)


# Ties and corners ----------------------------------------------------------------------------------------------------


def test_a_tie_shares_the_derivative() -> None:
    """maximum and minimum: ½ each; max and min over n equal elements: 1/n each."""
    assert gradient(np.maximum, [1.0, 2.0, 0.0], [1.0, 0.0, 2.0]) == [[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]]
    assert gradient(np.minimum, [1.0, 2.0, 0.0], [1.0, 0.0, 2.0]) == [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0]]
    assert gradient(lambda x: np.maximum(x, 0.0), [0.0, -1.0]) == [0.5, 0.0]
    for extreme in (np.max, np.min):
        assert gradient(extreme, [1.0, 1.0, 1.0, 1.0]) == [0.25] * 4
    rows = [[3.0, 1.0, 3.0], [0.0, 0.0, 5.0]]
    assert gradient(lambda x: x.max(axis=1), rows) == [[0.5, 0.0, 0.5], [0.0, 0.0, 1.0]]
    assert gradient(lambda x: x.min(axis=1), rows) == [[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=8), st.sampled_from(["max", "min"]))
def test_the_shares_of_an_extreme_sum_to_one(values: list[int], name: str) -> None:
    """An extreme moves by 1 when all elements do."""
    found = gradient(getattr(np, name), [float(v) for v in values])
    assert sum(found) == pytest.approx(1.0)
    assert {g for g, v in zip(found, values, strict=True) if v != getattr(np, name)(values)} <= {0.0}


def test_corners_have_the_middle_slope_and_relu_the_left_one() -> None:
    assert gradient(np.abs, [-2.0, 0.0, 2.0]) == [-1.0, 0.0, 1.0]
    assert gradient(ag.relu, [-2.0, 0.0, 2.0]) == [0.0, 0.0, 1.0]
    assert gradient(np.sign, [-2.0, 0.0, 2.0]) == [0.0, 0.0, 0.0]


def test_forward_mode_has_the_same_conventions() -> None:
    """At every tie and corner: jvp along ones equals the sum of the gradient."""
    zero, one = np.zeros(2), np.ones(2)
    for f in (np.abs, ag.relu, np.sign, lambda x: np.maximum(x, 0.0), lambda x: np.minimum(x, x[::-1]), np.max):
        along = np.sum(ag.jvp(f, (zero,), (one,))[1])
        assert along == sum(gradient(f, zero))


# Powers --------------------------------------------------------------------------------------------------------------


def test_powers_at_zero() -> None:
    """d/dx x⁰ = 0, d/dx x¹ = 1, d/dx x² = 0 at 0; d/dy 0ʸ = 0 for y ≥ 0 — neither warns nor gives nan."""
    assert gradient(np.power, [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]) == [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    for exponent, slope in ((0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0), (0.0, 0.0), (1.5, 0.0)):
        assert gradient(lambda x, e=exponent: x**e, [0.0]) == [slope]
    assert gradient(lambda y: 0.0**y, [0.0, 2.0]) == [0.0, 0.0]
    assert (ag.Tensor(np.zeros(1)) ** 0).tolist() == [1.0]


def test_powers_of_negative_numbers() -> None:
    """Integer exponents: d/dx x³ = 3x², x⁻¹ ↦ −x⁻²; a constant exponent asks for no logarithm."""
    assert gradient(lambda x: x**3, [-2.0]) == [12.0]
    assert gradient(lambda x: x**-1, [-2.0]) == [-0.25]
    assert gradient(lambda x: x ** np.array([2, 3]), [-2.0, -2.0]) == [-4.0, 12.0]
    assert gradient(lambda x: np.power(x, 2), [-3.0]) == gradient(lambda x: x**2, [-3.0]) == [-6.0]


def test_second_derivatives_of_powers_at_zero() -> None:
    """x² has 2, x³ and x¹ and x⁰ have 0."""
    for exponent, second in ((0, 0.0), (1, 0.0), (2, 2.0), (3, 0.0)):
        assert ag.grad(ag.grad(lambda x, e=exponent: np.power(x, e)))(np.array(0.0)) == second


# NumPy's own warnings ------------------------------------------------------------------------------------------------


def warned(message: str, f: Any, *args: Any) -> Any:
    with pytest.warns(RuntimeWarning, match=message):
        return f(*args)


def test_division_by_zero_warns_as_numpy_does_and_gives_its_infinity() -> None:
    """1/0 = ∞ with NumPy's warning, −1/0 = −∞, 0/0 = nan; ∂(x/y)/∂x = 1/y = ∞ there, too."""
    zero = ag.Tensor(np.zeros(2), requires_grad=True)
    assert warned("divide by zero", lambda: np.array([1.0, -1.0]) / zero).tolist() == [inf, -inf]
    assert np.isnan(warned("invalid value", lambda: zero / np.zeros(2)).numpy()).all()
    x = ag.Tensor(np.ones(2), requires_grad=True)
    y = warned("divide by zero", lambda: x / np.zeros(2))
    warned("divide by zero", y.sum().backward)
    assert x.grad.tolist() == [inf, inf]
    q = warned("divide by zero", lambda: 1.0 / zero)
    warned("divide by zero", q.sum().backward)
    assert zero.grad.tolist() == [-inf, -inf]


def test_poles_of_functions() -> None:
    """log, 1/x and √x at 0: the value's and the slope's infinities, each with NumPy's warning."""
    for f, value, slope in ((np.log, -inf, inf), (lambda x: x**-1, inf, -inf)):
        x = ag.Tensor(np.zeros(1), requires_grad=True)
        y = warned("divide by zero", f, x)
        assert y.tolist() == [value]
        warned("divide by zero", y.sum().backward)
        assert x.grad.tolist() == [slope]
    x = ag.Tensor(np.zeros(1), requires_grad=True)
    y = np.sqrt(x)
    warned("divide by zero", y.sum().backward)
    assert x.grad.tolist() == [inf]
    assert np.isnan(warned("invalid value", np.log, ag.Tensor(np.array([-1.0]))).numpy()).all()


@pytest.mark.parametrize("f, x", [(np.exp, 1000.0), (np.square, 1e300), (np.multiply.reduce, 1e300), (np.log, -1.0)])
def test_what_numpy_warns_of_on_this_processor_a_tensor_warns_of(f: Any, x: float) -> None:
    """Whether exp(1000) warns depends on the loops that NumPy has for the processor."""

    def messages(x: Any) -> list[str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            f(x)
        return [str(w.message) for w in caught]

    expected = messages(np.full(2, x))
    assert len(messages(ag.Tensor(np.full(2, x)))) == len(expected)


def test_numpys_errstate_is_obeyed() -> None:
    zero = ag.Tensor(np.zeros(1))
    with np.errstate(divide="ignore"):
        assert (1.0 / zero).tolist() == [inf]
    with np.errstate(divide="raise"), pytest.raises(Exception, match=r"divide.*divide by zero"):
        _ = 1.0 / zero


# A branch not taken --------------------------------------------------------------------------------------------------


def test_a_branch_not_taken_passes_no_gradient() -> None:
    x = [-1.0, 2.0]
    assert gradient(lambda x: np.where(x > 0, x, 0.0), x) == [0.0, 1.0]
    assert gradient(lambda x: np.where(x > 0, x * 3, -x), x) == [-1.0, 3.0]
    assert gradient(lambda x: np.where(x > 0, 1.0, x * 2), x) == [2.0, 0.0]


def test_a_safe_argument_keeps_a_pole_out_of_the_gradient() -> None:
    """The double where: √ of a safe argument, chosen before it is taken."""
    safe = gradient(lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0), [0.0, 4.0])
    assert safe == [0.0, 0.25]


@pytest.mark.parametrize(
    "f", [np.sqrt, np.log, lambda x: 1 / x, lambda x: np.sqrt(2 * x) * x], ids=["sqrt", "log", "reciprocal", "product"]
)
def test_a_pole_in_a_branch_not_taken_is_not_seen(f: Any) -> None:
    """No 0·∞ for any order or depth, and no warning: what np.where does not choose meets no arithmetic."""
    guarded = lambda x: np.where(x > 0, f(np.where(x < 0, x * 0, x)), x * x)
    with np.errstate(divide="ignore"):
        for order in range(3):
            g = guarded
            for _ in range(order):
                g = lambda x, g=g: ag.grad(lambda x: g(x).sum())(x)
            at = np.array([-1.0, 0.0, 4.0])
            plain = lambda x, order=order: [x * x, 2 * x, 2.0 + 0 * x][order]
            np.testing.assert_array_equal(g(at)[:2], plain(at[:2]))
            assert np.isfinite(g(at)).all()


def test_a_genuine_pole_stays_nan_or_infinite() -> None:
    """A zero that was computed is not a choice, and neither is a value that is used outside the choice, too."""
    with np.errstate(all="ignore"):
        assert np.isnan(gradient(lambda x: np.sqrt(x) * 0.0, [0.0])[0])
        assert np.isnan(gradient(lambda x: (lambda r: np.where(x > 0, r, 0.0) + 0.0 * r)(np.sqrt(x)), [0.0])[0])
        assert gradient(lambda x: np.where(x >= 0, np.sqrt(x), 0.0), [0.0]) == [np.inf]


def test_what_is_chosen_twice_counts_twice_and_what_once_counts_once() -> None:
    """Two choices of one row: its derivative is wanted wherever either of them chose it."""
    first, second = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    both = lambda x: (lambda r: np.where(first, r, 0.0) + np.where(second, r, 0.0))(np.sqrt(x))
    assert gradient(both, [4.0, 4.0, 4.0, 0.0]) == [0.5, 0.25, 0.25, 0.0]


def test_nan_stays_where_it_is() -> None:
    """It neither spreads to its neighbours nor disappears."""
    values = np.sin(ag.Tensor(np.array([nan, 0.0])))
    assert np.isnan(values.numpy()).tolist() == [True, False]
    found = gradient(lambda x: np.exp(x) * np.array([1.0, 2.0]), [nan, 0.0])
    assert np.isnan(found[0]) and found[1] == 2.0
