"""The NaN watch: whom it names, where, and when it keeps quiet."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
import nn.functional as F
import optim
from samples import LIBRARY, REAL, SAMPLES, of_differentiable


def leaf(value: Any, dtype: Any = float) -> ag.Tensor:
    return ag.Tensor(np.array(value, dtype), requires_grad=True)


def found(f: Callable[[], Any], check: str = "nonfinite") -> ag.AnomalyError:
    """What is raised by ``f`` under the watch."""
    with pytest.raises(ag.AnomalyError) as info, ag.detect_anomaly(check):
        f()
    return info.value


def quiet(f: Callable[[], Any], check: str = "nonfinite") -> None:
    with ag.detect_anomaly(check):
        f()


def here() -> int:
    """The line that calls this."""
    return inspect.currentframe().f_back.f_lineno


# Made in the forward pass --------------------------------------------------------------------------------------------


def test_the_logarithm_of_a_negative_number_is_named_before_any_gradient_is_accumulated() -> None:
    x = leaf([2.0, -1.0, -4.0])
    line = here() + 1
    error = found(lambda: (np.log(x) * 2.0).sum().backward())
    assert (error.op, error.phase, error.made, error.formula) == ("log", "forward", "NaN", "log x")
    assert error.origin.line == line and error.origin.file == __file__ and x.grad is None
    (summary,) = error.inputs
    assert summary[:8] == ("x", "leaf", (3,), np.dtype(float), -4.0, -1.0, 2.0, 0)
    for words in (
        "2 NaN in 3 elements",
        "2 of 3: negative argument",
        "first at [1], where x = −1",
        "np.log(x)",
        "Fix:",
    ):
        assert words in str(error)


MADE: dict[str, tuple[Callable[[ag.Tensor], Any], str, str, str]] = {
    "0/0": (lambda x: (x - 1) / (x - 1), "divide", "NaN", "0/0"),
    "1/0": (lambda x: 1 / (x - 1), "divide", "Inf", "division by zero"),
    "log 0": (lambda x: np.log(x - 1), "log", "Inf", "zero as argument"),
    "overflow of exp": (lambda x: np.exp(1000 * x) - np.exp(1000 * x), "exp", "Inf", "overflow: float64 ends at"),
    "√−1": (lambda x: np.sqrt(-x), "sqrt", "NaN", "negative argument"),
    "fractional power": (lambda x: (-x) ** 0.5, "power", "NaN", "negative base with fractional exponent"),
    "arcsin 2": (lambda x: np.arcsin(2 * x), "arcsin", "NaN", "outside of [−1, 1]"),
    "overflow of a product": (lambda x: (1e200 * x) @ np.array([1e200]), "matmul", "Inf", "overflow"),
}


@pytest.mark.parametrize("case", MADE)
def test_the_first_to_make_it_is_named_with_what_is_wrong_with_its_arguments(case: str) -> None:
    f, op, made, words = MADE[case]
    error = found(lambda: f(leaf([1.0])).sum().backward())
    assert (error.op, error.made, error.phase) == (op, made, "forward") and words in str(error)


def test_infinities_pass_where_only_nan_is_watched() -> None:
    """∞ − ∞ is the first NaN; ∞ alone is none."""
    x = leaf(1000.0)
    with np.errstate(over="ignore"):
        error = found(lambda: (np.exp(x) - np.exp(x)).backward(), "nan")
    assert error.op == "subtract" and "∞ − ∞" in str(error) and error.inputs[0].infs == 1
    with np.errstate(over="ignore"):
        quiet(lambda: np.exp(x), "nan")


def test_float16_ends_at_65504() -> None:
    x = leaf([300.0], np.float16)
    error = found(lambda: (x * x).sum().backward())
    assert error.op == "multiply" and "overflow: float16 ends at 6.55e4" in str(error)


def test_what_no_backward_pass_meets_is_told_at_the_end_of_the_block() -> None:
    assert found(lambda: np.log(leaf(-1.0))).op == "log"
    with ag.no_grad():
        assert found(lambda: np.log(leaf(-1.0)) + 1).op == "log"


def test_detach_does_not_hide_who_made_it() -> None:
    x = leaf(1.0)
    assert found(lambda: (x * np.log(-x).detach()).backward()).op == "log"


def test_a_row_that_is_masked_altogether_makes_nan_of_a_given_infinity() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    masked = np.array([[False, True], [True, True]])
    error = found(lambda: F.softmax(np.where(masked, -np.inf, x), 1).sum().backward())
    assert (error.op, error.phase, error.made) == ("softmax", "forward", "NaN")
    assert "2 NaN in 4 elements" in str(error) and "before it: argument x of where, constant, was Inf" in str(error)


def test_two_makers_are_both_named_the_first_first() -> None:
    x = leaf([0.0, 1.0])
    error = found(lambda: (np.log(x) / (x - 1)).sum().backward())
    assert error.op == "log"


# Made in the backward pass -------------------------------------------------------------------------------------------


def test_of_two_stacked_square_roots_the_outer_is_the_first() -> None:
    """√√x at 0: the cotangent of the outer root's argument is 1/(2·0); the inner root only hands it on."""
    x = leaf([4.0, 0.0])

    def loss() -> ag.Tensor:
        y = np.sqrt(x)
        return np.sqrt(y).sum()

    error = found(lambda: loss().backward())
    assert (error.phase, error.made, error.origin.source) == ("backward", "Inf", "return np.sqrt(y).sum()")
    assert x.grad is None
    assert error.formula == "∂sqrt/∂x = 0.5/result" and "first at [1], where g = 1, result = 0" in str(error)

    with np.errstate(divide="ignore"):  # g/(2√y) = 0/0
        error = found(lambda: (loss() * 0.0).backward(), "nan")
    assert (error.origin.source, error.made) == ("return np.sqrt(y).sum()", "NaN")


def test_the_inner_square_root_is_named_where_it_alone_has_no_slope() -> None:
    x = leaf(0.0)

    def loss() -> ag.Tensor:
        y = np.sqrt(x)
        return np.sqrt(y + 1.0)

    assert found(lambda: loss().backward()).origin.source == "y = np.sqrt(x)"


AT_ZERO: dict[str, tuple[Callable[[ag.Tensor], Any], str]] = {
    "power": (lambda x: x**0.5, "power"),
    "root of a square": (lambda x: np.sqrt(x * x), "sqrt"),
    "hand-made norm": (lambda x: np.sqrt((x**2).sum()), "sqrt"),
    "cbrt": (lambda x: np.cbrt(x), "cbrt"),
}


@pytest.mark.parametrize("case", AT_ZERO)
def test_a_slope_that_is_infinite_at_zero(case: str) -> None:
    f, op = AT_ZERO[case]
    error = found(lambda: f(leaf([0.0])).sum().backward())
    assert (error.op, error.phase) == (op, "backward")


def test_an_overflow_that_vanished_in_the_forward_pass_is_named_when_the_backward_pass_meets_it() -> None:
    """1/(1 + exp 1000) = 0 is right; its derivative by this formula is 0·∞."""
    x = leaf(-1000.0)
    quiet(lambda: 1 / (1 + np.exp(-x)))
    error = found(lambda: (1 / (1 + np.exp(-x))).backward())
    assert error.op == "exp" and error.phase == "forward" and "In the backward pass of exp" in str(error)


def test_gradients_that_overflow_when_they_are_added() -> None:
    x = leaf([1.0], np.float16)
    error = found(lambda: (np.broadcast_to(x, (2,)) * np.full(2, 6e4, np.float16)).backward(np.ones(2, np.float16)))
    assert (error.phase, error.made, error.op) == ("backward", "Inf", "broadcast_to")


def test_a_row_from_before_the_watch_has_no_line() -> None:
    y = np.sqrt(leaf(0.0))
    error = found(lambda: y.backward())
    assert error.origin is None and "computed outside of the watch" in str(error)


# Not made here: given ------------------------------------------------------------------------------------------------


def test_nan_in_the_data_is_told_as_such() -> None:
    x, data = leaf([1.0, 1.0, 1.0]), np.array([1.0, np.nan, 3.0])
    error = found(lambda: (np.exp(x) * data).sum().backward())
    assert (error.phase, error.op) == ("input", "multiply") and error.inputs[1].first == (1,)
    assert str(error).startswith("argument y of multiply, constant, was NaN already")


def test_what_is_made_beside_a_given_nan_is_told_all_the_same() -> None:
    """x/y at y = NaN, 0: the first was given and is left out, the second is made here."""
    x, y = leaf([1.0, 1.0]), np.array([np.nan, 0.0])
    error = found(lambda: np.where(np.isnan(y), 0.0, x / y).sum().backward())
    assert (error.op, error.phase, error.made) == ("divide", "forward", "Inf") and "first at [1]" in str(error)


def test_nan_in_a_parameter_names_the_parameter() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    model[2].weight.data[0, 1] = np.nan
    error = found(lambda: model(np.ones((4, 2), np.float32)).sum().backward())
    assert error.phase == "input" and "parameter 2.weight, was NaN already" in str(error)


def test_nan_in_the_cotangent() -> None:
    error = found(lambda: (leaf([1.0, 2.0]) * 2.0).backward(np.array([1.0, np.nan])))
    assert error.phase == "input" and "cotangent given" in str(error)


def test_a_learning_rate_of_nan_shows_in_the_next_step() -> None:
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0]["lr"] = float("nan")

    def step() -> None:
        optimizer.zero_grad()
        model(np.ones((3, 2), np.float32)).sum().backward()
        optimizer.step()

    quiet(step)
    assert "parameter weight, was NaN already" in str(found(step))


# Quiet where nothing is wrong ----------------------------------------------------------------------------------------

QUIET: dict[str, Callable[[], Any]] = {
    "attention with a mask of −∞": lambda: (
        nn.MultiheadAttention(4, 2)(
            *[leaf(np.ones((3, 2, 4)), np.float32)] * 3, attn_mask=np.triu(np.full((3, 3), -np.inf, np.float32), 1)
        )[0]
        .sum()
        .backward()
    ),
    "softmax behind np.where": lambda: F.softmax(
        np.where(np.array([True, False, False]), -np.inf, leaf([1.0, 2.0, 3.0])), 0
    )[1].backward(),
    "a mask alone": lambda: np.where(np.array([True, False]), -np.inf, leaf([1.0, 2.0])) * 2,
    "a maximum that begins at −∞": lambda: np.max(leaf([1.0, 2.0]), initial=-np.inf).backward(),
    "log of what is positive": lambda: _where(np.log, [1.0, 0.0, -1.0]).backward(),
    "√ of what is positive": lambda: _where(np.sqrt, [1.0, 0.0, -1.0]).backward(),
    "the same, in a checkpoint": lambda: _where(ag.checkpoint(np.log), [1.0, -1.0]).backward(),
    "the same, recorded": lambda: _where(np.sqrt, [1.0, 0.0]).backward(create_graph=True),
    "the same, in forward mode": lambda: ag.jvp(
        lambda x: np.where(x.data > 0, np.sqrt(x), 0), (np.zeros(1),), (np.ones(1),)
    ),
    "clipped": lambda: np.clip(np.log(leaf([1.0, 0.0])), -100, None).sum(),
    "cross-entropy of p = 0": lambda: nn.BCELoss()(leaf([0.0, 1.0]), np.array([1.0, 1.0])).backward(),
    "sums without NaN": lambda: np.nansum(leaf([1.0, np.nan]) * 2.0).backward(),
    "a given infinity, forward and backward": lambda: (leaf([1.0, 2.0]) * np.array([np.inf, 1.0])).sum().backward(),
    "an infinity as a setting": lambda: np.sum(leaf([1.0]), initial=np.inf),
    "norm at 0": lambda: np.linalg.norm(leaf([0.0, 0.0])).backward(),
    "integers and truth": lambda: np.where(leaf([1.0]) > 0, leaf([1.0]), 0)[np.array([0])].sum().backward(),
}


def _where(f: Callable[[Any], Any], values: list[float]) -> Any:
    x = leaf(values)
    return np.where(x.data > 0, f(x), 0.0).sum()


@pytest.mark.parametrize("case", QUIET)
def test_what_is_meant_is_not_accused(case: str) -> None:
    quiet(QUIET[case])


def test_a_row_that_np_where_left_out_does_not_hide_another_that_it_took() -> None:
    """At −1 the NaN is left out; at 0 the infinite slope is taken."""
    x = leaf([-1.0, 0.0])
    error = found(lambda: np.where(x.data >= 0, np.sqrt(x), 0).sum().backward())
    assert (error.phase, error.made) == ("backward", "Inf") and "first at [1]" in str(error)


@pytest.mark.parametrize("name", REAL)
@given(data=st.data())
@settings(max_examples=2)
def test_every_primitive_is_quiet_inside_its_domain(name: str, data: st.DataObject) -> None:
    """Forward, backward, recorded, and in forward mode."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))

    def run() -> None:
        y, pullback = ag.vjp(f, *map(leaf, x))
        pullback(ag.Tensor(np.ones_like(y.data)))
        ag.jvp(f, x, [np.ones_like(a) for a in x])

    if x:
        assert ag.find_anomaly(run) is None


@given(st.lists(st.sampled_from(["sin", "tanh", "exp", "square", "softplus", "double"]), max_size=6), st.floats(-2, 2))
def test_programs_whose_values_and_gradients_are_finite_are_quiet(names: list[str], start: float) -> None:
    """Squares and exponentials may overflow on the way: then it is told."""
    x = leaf([start, 0.5])

    def loss() -> Any:
        y: Any = x
        for name in names:
            y = CHAIN[name](y)
        return np.tanh(y).sum()

    with np.errstate(all="ignore"):
        trace = [x]
        for name in names:
            trace.append(CHAIN[name](trace[-1]))
        value = np.tanh(trace[-1]).sum()
        value.backward()
    finite = all(np.isfinite(y.data).all() for y in trace) and np.isfinite(x.grad.data).all()
    x.grad = None
    report = ag.find_anomaly(lambda: loss().backward())
    assert report is None if finite else report is not None or np.isfinite(x.grad.data).all()


CHAIN: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin,
    "tanh": np.tanh,
    "exp": np.exp,
    "square": np.square,
    "softplus": F.softplus,
    "double": lambda x: x + x,
}


@given(st.data())
def test_a_planted_maker_is_the_one_that_is_named(data: st.DataObject) -> None:
    harmless = st.sampled_from([np.sin, np.tanh, np.arctan, lambda x: x + x, lambda x: x * 0.5])
    before, after = (data.draw(st.lists(harmless, max_size=5)) for _ in range(2))
    plant, op, phase = data.draw(
        st.sampled_from(
            [
                (lambda x: np.log(x - 100.0), "log", "forward"),
                (lambda x: np.arccosh(x * 0.0), "arccosh", "forward"),
                (lambda x: np.exp(x + 1e4), "exp", "forward"),
                (lambda x: np.sqrt(x * 0.0), "sqrt", "backward"),
                (lambda x: (x - x) ** 0.25, "power", "backward"),
            ]
        )
    )
    x = leaf([0.3, -1.2])

    def run() -> None:
        y: Any = x
        for f in (*before, plant, *after):
            y = f(y)
        y.sum().backward()

    # arctan and tanh make ∞ finite again, and its derivative is 0·∞ = NaN all the same
    error = ag.find_anomaly(run)
    assert error is not None and (error.op, error.phase) == (op, phase)


# Where it works ------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self) -> None:
        self.encoder = nn.Sequential(nn.Linear(2, 3), Logs())

    def forward(self, x: Any) -> Any:
        return self.encoder(x).sum()


class Logs(nn.Module):
    def forward(self, x: Any) -> Any:
        return np.log(x - 1e3)


def test_the_module_is_named_by_its_path() -> None:
    error = found(lambda: Net()(np.ones((1, 2), np.float32)).backward())
    assert error.origin.module == "Net.encoder.1" and error.origin.source == "return np.log(x - 1e3)"
    assert "Net.encoder.1 (Logs), " in str(error)


def test_transforms_and_higher_orders() -> None:
    at = np.array(0.0)
    assert found(lambda: ag.grad(np.sqrt)(at)).phase == "backward"
    assert found(lambda: ag.grad(ag.grad(lambda x: x**1.5))(at)).op == "power"
    assert found(lambda: np.sqrt(leaf(0.0)).backward(create_graph=True)).op == "sqrt"
    assert found(lambda: ag.jvp(np.sqrt, (at,), (np.ones(()),))).phase == "tangent"
    assert found(lambda: ag.jvp(np.sqrt, (leaf(0.0),), (leaf(1.0),))).phase == "tangent"
    assert found(lambda: ag.vjp(np.sqrt, at)[1](np.ones(()))).phase == "backward"
    assert ag.find_anomaly(ag.grad(np.sqrt), at).op == "sqrt"


def test_inside_checkpoint() -> None:
    assert found(lambda: ag.checkpoint(lambda x: np.log(-x) * 2)(leaf(1.0)).backward()).op == "log"
    error = found(lambda: ag.checkpoint(lambda x: np.sqrt(x) * 2)(leaf(0.0)).backward())
    assert (error.op, error.phase) == ("sqrt", "backward")


def test_as_a_decorator_it_watches_every_call() -> None:
    @ag.detect_anomaly()
    def root(x: float) -> None:
        np.sqrt(leaf(x)).backward()

    root(1.0)
    for _ in range(2):
        with pytest.raises(ag.AnomalyError):
            root(0.0)
    with np.errstate(divide="ignore"):
        np.sqrt(leaf(0.0)).backward()


def test_the_switch_of_a_thread() -> None:
    seen: list[Any] = []

    def other() -> None:
        with np.errstate(divide="ignore"):
            seen.append(np.sqrt(leaf(0.0)).backward())

    with ag.set_detect_anomaly(True):
        with ag.set_detect_anomaly(False), np.errstate(divide="ignore"):
            np.sqrt(leaf(0.0)).backward()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        with pytest.raises(ag.AnomalyError):
            np.sqrt(leaf(0.0)).backward()
    ag.set_detect_anomaly(True)
    ag.set_detect_anomaly(False)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.sqrt(leaf(0.0)).backward()
    assert seen == [None]


def test_numpy_is_silent_about_what_the_watch_tells() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found(lambda: np.log(leaf(0.0)).backward())
        quiet(lambda: _where(np.log, [1.0, -1.0]).backward())


def test_an_exception_that_leaves_the_block_bears_the_finding_as_a_note() -> None:
    def f() -> None:
        np.log(leaf(-1.0))
        raise KeyError("x")

    with pytest.raises(KeyError) as info, ag.detect_anomaly():
        f()
    assert "Before it, log made 1 NaN" in info.value.__notes__[0]


def test_find_anomaly_returns_the_report_and_tells_of_given_infinities_that_reach_the_result() -> None:
    x = leaf(2.0)
    assert ag.find_anomaly(lambda: (x * x).backward()) is None and x.grad.item() == 4.0
    report = ag.find_anomaly(lambda k: x * k, np.array(np.inf))
    assert report.phase == "input" and "argument y of multiply, constant, was Inf already" in str(report)
    with pytest.raises(ZeroDivisionError):
        ag.find_anomaly(lambda: 1 / 0)


def test_a_loop_of_pardoned_values_is_not_remembered() -> None:
    """Whatever np.where has left out is forgotten with the step."""
    x = leaf([1.0, -1.0])
    from autograd_core.watching.anomaly import _Watch

    watch = _Watch("nonfinite")
    with watch.on():
        for _ in range(20):
            np.where(x.data > 0, np.log(x), 0).sum().backward()
    assert not watch.open and not watch.marks and not watch.rows


def test_an_unknown_check() -> None:
    for call in (
        lambda: ag.set_detect_anomaly(True, "zero"),
        lambda: quiet(int, "zero"),
        lambda: ag.find_anomaly(int, check="zero"),
    ):
        with pytest.raises(ValueError, match="'nonfinite' or 'nan', not 'zero'"):
            call()
