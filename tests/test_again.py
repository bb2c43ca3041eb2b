"""What a derivative runs a second time runs as it ran first: random numbers and replaced parameters are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn

X = np.random.default_rng(0).normal(size=(5, 3))


class Slope(nn.Module):
    """x ↦ a·tanh(a·x)."""

    def __init__(self) -> None:
        self.a = nn.Parameter(np.array(0.3))

    def forward(self, x: Any) -> Any:
        return self.a * np.tanh(self.a * x)


def plainly(m: Any) -> Any:
    return m(X)


def checkpointed(m: Any) -> Any:
    return ag.checkpoint(m)(X)


def by_scan(m: Any) -> Any:
    return ag.scan(lambda h, x: (m(h + x),) * 2, np.zeros(3), X)[1]


def by_python(m: Any) -> Any:
    h, states = np.zeros(3), []
    for x in X:
        h = m(h + x)
        states.append(h)
    return np.stack(states)


def by_checkpointed_scan(m: Any) -> Any:
    return ag.scan(lambda h, x: (m(h + x),) * 2, np.zeros(3), X, checkpoint=True)[1]


def by_root(m: Any) -> Any:
    return ag.root(lambda z: z - 0.5 * m(z + X[0]), np.zeros(3))


def by_odeint(m: Any) -> Any:
    return ag.odeint(lambda z, t: m(z + 1.0), np.zeros(1), np.array([0.0, 1.0]), rtol=1e-11, atol=1e-11)[-1]


def by_quad(m: Any) -> Any:
    return ag.quad(m, 0.0, 1.0, epsabs=1e-12)


class Around(nn.Module):
    def __init__(self, computes: Any) -> None:
        self.inner, self.computes = Slope(), computes

    def forward(self) -> Any:
        return self.computes(self.inner)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    "computes", [plainly, checkpointed, by_scan, by_python, by_checkpointed_scan, by_root, by_odeint, by_quad]
)
def test_parameters_that_functional_call_replaces_keep_their_derivatives(computes: Any, order: int) -> None:
    if computes in (by_root, by_odeint, by_quad):
        pytest.importorskip("scipy")
    model = Around(computes)
    total = lambda a: np.sum(nn.functional_call(model, {"inner.a": a}, ()) ** 2)
    assert ag.gradcheck(total, np.array(0.8), order=order) < 1e-5
    assert model.inner.a.item() == 0.3


@pytest.mark.parametrize(
    "found, expected", [(checkpointed, plainly), (by_scan, by_python), (by_checkpointed_scan, by_python)]
)
def test_random_numbers_are_the_same_to_any_order(found: Any, expected: Any) -> None:
    def derivatives(computes: Any) -> list[float]:
        def total(a: Any) -> Any:
            ag.manual_seed(3)
            return np.sum(computes(lambda x: nn.functional.dropout(a * np.tanh(a * x), 0.5, True)) ** 2)

        derivative, values = total, []
        for _ in range(3):
            values.append(float(derivative(np.array(0.7))))
            derivative = ag.grad(derivative)
        return [*values, float(ag.jvp(ag.grad(total), (np.array(0.7),), (np.array(1.0),))[1])]

    np.testing.assert_allclose(derivatives(found), derivatives(expected), rtol=1e-12)


def test_a_second_run_leaves_the_generator_where_it_was() -> None:
    x = ag.Tensor(X, requires_grad=True)
    y = ag.checkpoint(lambda x: nn.functional.dropout(x, 0.5, True))(x)
    ag.manual_seed(7)
    expected = ag.default_generator().random()
    ag.manual_seed(7)
    y.sum().backward()
    assert ag.default_generator().random() == expected


@pytest.mark.parametrize("draws", [False, True])
def test_a_checkpoint_in_a_compiled_step_computes_what_it_computes_outside(draws: bool) -> None:
    def f(x: Any) -> Any:
        block = ag.checkpoint(lambda x: np.tanh(nn.functional.dropout(x, 0.5, draws) * x))
        return np.sum(block(x))

    gradient = ag.grad(f)
    compiled, found, expected = ag.compile(gradient), [], []
    for g, values in ((gradient, expected), (compiled, found)):
        ag.manual_seed(1)
        values += [g(X + k) for k in range(5)]
    np.testing.assert_array_equal(found, expected)
    assert compiled.recorded == (not draws), compiled.why()
