"""gradcheck finds wrong derivatives, says where they are, and cannot be fooled by kinks or integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from strategies import generators, real, shapes

X = np.array([0.5, 1.5])

# Deliberately wrong: derivatives of x² --------------------------------------------------------------------------------

wrong_slope = ag.elementwise(lambda x: x * x, name="wrong_slope", x=lambda x: 2.001 * x)
wrong_reverse = ag.primitive(
    lambda x: x * x, name="wrong_reverse", x=lambda g, x: 3.0 * g * x, jvp={"x": lambda t, x: 2.0 * t * x}
)
wrong_forward = ag.primitive(
    lambda x: x * x, name="wrong_forward", x=lambda g, x: 2.0 * g * x, jvp={"x": lambda t, x: 3.0 * t * x}
)
wrong_second = ag.elementwise(lambda x: x * x, name="wrong_second", x=lambda x: 2.0 * detached(x))
wrong_scatter = ag.linear(lambda x: x[::-1], name="wrong_scatter", x=lambda g: g)


def detached(x: Any) -> Any:
    """The same numbers, but constant: a rule written so is right once and wrong when it is differentiated."""
    return x.detach() if isinstance(x, ag.Tensor) else x


def complaint(f: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(ag.GradcheckError) as caught:
        ag.gradcheck(f, *args, **options)
    return str(caught.value)


# What it finds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("f", "modes"), [(wrong_slope, ["reverse", "forward"]), (wrong_reverse, ["reverse"])])
def test_a_wrong_rule_is_found_in_the_mode_that_uses_it(f: Any, modes: list[str]) -> None:
    for mode in modes:
        assert f"{mode} mode" in complaint(f, X, modes=(mode,))
    for mode in {"reverse", "forward"} - set(modes):
        assert ag.gradcheck(f, X, modes=(mode,)) < 1e-6


def test_a_wrong_jvp_is_found_by_forward_mode_only() -> None:
    assert "forward mode" in complaint(wrong_forward, X)
    assert ag.gradcheck(wrong_forward, X, modes=("reverse",)) < 1e-6


def test_a_rule_that_is_wrong_only_when_differentiated_is_found_by_the_second_order() -> None:
    assert ag.gradcheck(wrong_second, X) < 1e-6
    for mode in ("reverse", "forward"):
        assert "gradient of" in complaint(wrong_second, X, order=2, modes=(mode,))


def test_a_wrong_adjoint_that_is_right_at_symmetric_cotangents_is_found() -> None:
    """⟨u, f⟩ is taken with a cotangent u that is not constant."""
    assert "reverse mode" in complaint(wrong_scatter, X)


def test_a_wrong_entry_is_found_wherever_it_is() -> None:
    for place in range(6):
        f = ag.elementwise(lambda x: x * x, name="wrong_entry", x=wrong_at(place))
        assert f"index ({place},)" in complaint(f, np.linspace(1.0, 2.0, 6))


def wrong_at(place: int) -> Any:
    """The derivative of x² but for one entry."""
    factor = np.where(np.arange(6) == place, 2.01, 2.0)
    return lambda x: factor * x


def test_the_second_of_two_arguments_is_checked_too() -> None:
    f = ag.elementwise(lambda x, y: x * y, name="wrong_y", x=lambda y: y, y=lambda x: -x)
    assert "argument 1" in complaint(f, X, X)


# What it says --------------------------------------------------------------------------------------------------------


def test_the_message_names_function_argument_index_numbers_and_tolerance() -> None:
    """x² with slope 2.001 x at 1 and at 3, weighed by u."""
    message = complaint(lambda x, y: wrong_slope(y) + x, 1.0, np.array([[1.0, 3.0]]), name="my loss", rtol=1e-4)
    u = np.random.default_rng(0).uniform(0.5, 1.5, (1, 2))
    for part in ("my loss", "reverse mode", "argument 1", "index (0, 0)", "tolerance", "finite difference"):
        assert part in message
    numbers = [float(word.strip(",:.")) for word in message.split() if word.strip(",:.").replace(".", "").isdigit()]
    assert any(n == pytest.approx(2.001 * u[0, 0], rel=1e-6) for n in numbers)
    assert any(n == pytest.approx(2.0 * u[0, 0], rel=1e-6) for n in numbers)
    assert "kink" not in message


def test_a_function_is_called_by_its_name() -> None:
    def my_function(x: Any) -> Any:
        return wrong_slope(x)

    assert "my_function" in complaint(my_function, X)
    assert "wrong_slope" in complaint(wrong_slope, X)
    assert "gradient of wrong_second" in complaint(wrong_second, X, order=2)


def test_an_error_of_gradcheck_is_a_failed_assertion() -> None:
    assert issubclass(ag.GradcheckError, AssertionError)


KINKS: dict[str, tuple[Any, float]] = {
    "|x| at 0": (np.abs, 0.0),
    "relu at 0": (ag.relu, 0.0),
    "maximum at a tie": (lambda x: np.maximum(x, 1.0), 1.0),
    "a step": (lambda x: np.where(x > 1.0, x, 0.0), 1.0),
}


@pytest.mark.parametrize("case", KINKS)
def test_kinks_and_jumps_are_said_to_be_that(case: str) -> None:
    """Within a step of a kink the finite difference says nothing, and the message says so, with both slopes."""
    f, at = KINKS[case]
    message = complaint(f, np.array(at + 1e-9))
    assert "kink" in message and "on the left" in message and "on the right" in message and "another point" in message


# What it accepts and gives -------------------------------------------------------------------------------------------


@given(shape=shapes(), rng=generators, order=st.integers(1, 3))
def test_right_derivatives_pass_at_every_order(shape: tuple[int, ...], rng: np.random.Generator, order: int) -> None:
    x, y = real(rng, shape)[..., None][..., :1], real(rng, shape[-1:])
    assert ag.gradcheck(lambda x, y: np.sin(x) * np.exp(y), x, y, order=order, samples=2) < 1e-6


def test_the_answer_is_the_largest_error() -> None:
    """Of a linear function next to nothing; of one with an error within a loose tolerance, that error."""
    assert ag.gradcheck(lambda x: 3.0 * x, X) < 1e-8
    u = np.random.default_rng(0).uniform(0.5, 1.5, 2)
    expected = max(0.001 * u * X / np.maximum(1.0, 2.0 * u * X))
    assert ag.gradcheck(wrong_slope, X, rtol=0.01) == pytest.approx(expected, rel=1e-3)


Z = np.array([0.5 + 1j, -1.5 + 0.3j])
unconjugated = ag.primitive(
    lambda z: z * z, name="unconjugated", z=lambda g, z: 2 * g * z, jvp={"z": lambda t, z: 2 * t * z}
)


def test_complex_arguments_are_pairs_of_real_ones() -> None:
    """Both parts of an argument are moved, and both of a result are seen; first and second order."""
    for f in (np.exp, np.abs, np.conjugate, np.real, lambda z: z * z.sum(), lambda z: np.abs(z) ** 2 * z):
        assert ag.gradcheck(f, Z, order=2) < 1e-6
    assert ag.gradcheck(lambda z, x: z * x, Z, X, order=2) < 1e-6
    assert ag.gradcheck(lambda x: np.exp(1j * x), X, order=2) < 1e-6
    assert ag.gradcheck(lambda z, w: z * w, ag.Tensor(Z.astype(np.complex64)), np.array(1 + 2j)) < 1e-6


def test_a_forgotten_conjugate_is_found() -> None:
    """In reverse mode alone; on the real axis nobody would see it."""
    message = complaint(unconjugated, Z)
    assert "reverse mode of unconjugated, argument 0" in message
    assert ag.gradcheck(unconjugated, Z, modes=("forward",)) < 1e-6
    assert ag.gradcheck(unconjugated, X) < 1e-6


def test_the_message_says_along_which_part() -> None:
    blind = ag.primitive(lambda z: z, name="blind", z=lambda g: np.real(g) + 0j, jvp={"z": lambda t: t})
    assert "index (0,), along i" in complaint(blind, Z)


def test_numbers_tensors_and_low_precision_are_checked_in_float64() -> None:
    seen = set()

    def f(*args: Any) -> Any:
        seen.update(a.dtype for a in args)
        return sum(a.sum() for a in args)

    w = ag.Tensor(np.ones(2, np.float16), requires_grad=True)
    ag.gradcheck(f, 1.0, 2, np.ones(2, np.float32), w)
    assert seen == {np.dtype(np.float64)} and w.grad is None and w.dtype == np.float16


@pytest.mark.parametrize("argument", [np.arange(3), np.array([True]), ag.Tensor(np.arange(3)), [1, 2], np.int64(1)])
def test_integer_arguments_are_refused(argument: Any) -> None:
    with pytest.raises(TypeError, match=r"gradcheck: argument 1 of my loss.*(int64|bool).*floating"):
        ag.gradcheck(lambda x, y: x * y, 1.0, argument, name="my loss")


@pytest.mark.parametrize("options", [{"order": 0}, {"modes": ("backwards",)}])
def test_senseless_options_are_refused(options: Any) -> None:
    with pytest.raises(ValueError, match="gradcheck"):
        ag.gradcheck(np.sin, X, **options)
    with pytest.raises(ValueError, match="0 arguments"):
        ag.gradcheck(lambda: 1.0)


def test_samples_bound_the_work() -> None:
    """Two points of a thousand: a handful of evaluations."""
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return (x * x).sum()

    ag.gradcheck(f, np.ones(1000), samples=2, modes=("reverse",))
    assert calls <= 10


def test_arguments_are_left_as_they_were() -> None:
    x = X.copy()
    ag.gradcheck(np.sin, x, order=2)
    assert x.tolist() == X.tolist()


def test_a_gradient_that_is_nan_is_an_error() -> None:
    with np.errstate(invalid="ignore"):
        assert "nan" in complaint(lambda x: x * np.where(x > 0, np.nan, 1.0).sum(), X)
