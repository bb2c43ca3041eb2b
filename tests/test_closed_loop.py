"""The estimators' closed loop computes what the engine computes: it is the same back-propagation, written twice."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import autograd_core as ag
import nn
from nn.estimators import MLPClassifier, closed_loop
from nn.estimators.closed_loop import IN_PLACE, ClosedLoop
from nn.estimators.objectives import LOSSES
from nn.estimators.solvers import Objective


def network(activation: type, sizes: tuple[int, ...]) -> nn.Sequential:
    layers: list[Any] = []
    for inward, outward in itertools.pairwise(sizes):
        layers += [nn.Linear(inward, outward), activation()]
    return nn.Sequential(*layers[:-1])


def targets(link: str, rng: np.random.Generator, rows: int, columns: int, dtype: Any) -> Any:
    if link == "softmax":
        return rng.integers(0, columns, rows)
    if link == "logistic":
        return rng.integers(0, 2, (rows, columns)).astype(dtype)
    return rng.poisson(2, (rows, columns)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(5, 3), (5, 4, 3), (5, 4, 1, 3), (5, 6, 4, 1)])
@pytest.mark.parametrize("link", LOSSES)
@pytest.mark.parametrize("activation", IN_PLACE)
def test_the_closed_loop_agrees_with_the_engine(
    activation: type, link: str, sizes: tuple[int, ...], weighted: bool, dtype: Any
) -> None:
    ag.manual_seed(0)
    rng = np.random.default_rng(0)
    net = network(activation, sizes)
    for p in net.parameters():
        p.data = p.data.astype(dtype)
    X = rng.normal(size=(7, sizes[0])).astype(dtype)
    y = targets(link, rng, 7, sizes[-1], dtype)
    weights = rng.uniform(0.5, 2, 7).astype(dtype) if weighted else None
    value = Objective(net, LOSSES[link], 0.1).evaluate(X, y, weights)
    gradients = [p.grad.numpy().copy() for p in net.parameters()]
    loop = ClosedLoop(net, LOSSES[link], 0.1, link)
    assert ClosedLoop.fits(net, False, X)
    again = loop.evaluate(X, y, weights)
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(again, value, rtol=tolerance)
    for p, expected in zip(net.parameters(), gradients, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_one_switch_sends_the_estimators_through_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)

    def fitted() -> Any:
        return MLPClassifier((6,), max_iter=3, random_state=0, tol=0.0).fit(X, y)

    fast = fitted()
    monkeypatch.setattr(closed_loop, "ENABLED", False)
    monkeypatch.setattr(ClosedLoop, "evaluate", None)
    for a, b in zip(fast.coefs_, fitted().coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
