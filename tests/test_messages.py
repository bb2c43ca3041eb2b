"""Messages tell the truth: what is understood is explained, all else passes; a wrong declaration says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag


class Interrupted(Exception):
    """A signal handler's own."""


class Rejected(ValueError):
    """A subclass of a kind that is understood; its class says more than our words."""


def failing(error: BaseException) -> Any:
    def fails(x: Any) -> Any:
        raise error

    return fails


def calls(forward: Callable[..., Any]) -> list[Callable[[], Any]]:
    """Every path by which a forward is called: one argument, with a setting, two, several, a constant beside it."""
    x = ag.Tensor(np.ones(3), requires_grad=True)
    plain = ag.Tensor(np.ones(3))
    one = ag.elementwise(lambda x: forward(x), name="made_of_one", x=1)
    two = ag.elementwise(lambda x, y: forward(x), name="made_of_two", x=1, y=1)
    three = ag.elementwise(lambda x, y, z: forward(x), name="made_of_three", x=1, y=1, z=1)
    setting = ag.linear(lambda x, axis: forward(x), name="made_with_a_setting", x=lambda g: g)
    return [
        lambda: one(x),
        lambda: one(plain),
        lambda: setting(x, 0),
        lambda: setting(plain, axis=0),
        lambda: two(x, x),
        lambda: two(x, 1.0),
        lambda: two(plain, plain),
        lambda: three(x, 1.0, x),
        lambda: three(plain, plain, plain),
    ]


FOREIGN = [
    MemoryError("no room"),
    Interrupted("stop"),
    Rejected("no"),
    RuntimeError("r"),
    KeyError("k"),
    OSError("disk"),
]


@pytest.mark.parametrize("error", [*FOREIGN, AttributeError("a"), np.exceptions.ComplexWarning("c")], ids=repr)
def test_what_is_not_about_the_arguments_passes_unchanged(error: Exception) -> None:
    for call in calls(failing(error)):
        with pytest.raises(type(error)) as caught:
            call()
        assert caught.value is error


@pytest.mark.parametrize("kind", [ValueError, TypeError, IndexError, ZeroDivisionError, np.linalg.LinAlgError])
def test_what_is_understood_names_operation_and_arguments(kind: type[Exception]) -> None:
    for call in calls(failing(kind("mine"))):
        with pytest.raises(kind, match=r"made\w+: mine \[x: float64 \(3,\)") as caught:
            call()
        assert type(caught.value) is kind and str(caught.value.__cause__) == "mine"


def test_advice_about_shapes_is_given_where_shapes_are_wrong() -> None:
    x = ag.Tensor(np.ones(3))
    with pytest.raises(ValueError, match="broadcast: aligned from the right"):
        x + np.ones(4)
    (call, *_) = calls(failing(ValueError("too dark")))
    with pytest.raises(ValueError) as caught:
        call()
    assert "broadcast" not in str(caught.value)


@pytest.mark.parametrize("result", [(1.0, 2.0), [1.0], 1.0, None, {}], ids=repr)
def test_a_forward_returns_one_array(result: Any) -> None:
    for call in calls(lambda x: result):
        with pytest.raises(TypeError, match=r"made\w+: its forward returned .*computes one array\. Fix"):
            call()


def test_a_contract_is_a_comparison_of_arguments() -> None:
    def reverse(x: Any) -> Any:
        if x.ndim < 2:
            raise ValueError("no second axis")
        return x[:, ::-1]

    flipped = ag.linear(reverse, name="flipped", contract="x.ndim > 1", x=lambda g: g[:, ::-1])
    with pytest.raises(ValueError, match=r"flipped: needs x\.ndim > 1 \(1 <= 1\)"):
        flipped(ag.Tensor(np.ones(3)))
    assert np.array_equal(ag.grad(lambda x: flipped(x)[0, 0])(np.ones((1, 2))), [[0.0, 1.0]])
    for contract in ("x.ndim", "x.ndim == 1 == 2", "1 < x.ndim < 3", "x.ndim>1"):
        with pytest.raises(ValueError, match=r"is not a comparison of two terms\. Fix"):
            ag.linear(reverse, name="flipped", contract=contract, x=lambda g: g)
    with pytest.raises(ValueError, match=r"speaks of z.*arguments are x"):
        ag.linear(reverse, name="flipped", contract="x.ndim > z.ndim", x=lambda g: g)


def test_a_declaration_lacks_nothing_and_has_nothing_too_much() -> None:
    f = lambda x: x
    with pytest.raises(
        TypeError, match=r"jvp is function; it must be a rule for each of \['x'\].*Fix: jvp=\{'x': lambda"
    ):
        ag.primitive(f, name="mine", x=lambda g: g, jvp=lambda t: t[0])
    with pytest.raises(TypeError, match=r"jvp is rules for \['y'\]; it must be a rule for each of \['x'\]"):
        ag.primitive(f, name="mine", x=lambda g: g, jvp={"y": lambda t: t})
    with pytest.raises(TypeError, match=r"has no name\. Fix: give name="):
        ag.primitive(f, x=lambda g: g)
    for form in (ag.elementwise, ag.reduction, ag.linear, ag.multilinear):
        with pytest.raises(TypeError, match=r"'mine' is given jvp=, unknown to its form.*ag\.primitive"):
            form(f, name="mine", x=lambda g: g, jvp={"x": lambda t: t})
        with pytest.raises(TypeError, match=r"mine: no rule is given.*Fix"):
            form(f, name="mine")
