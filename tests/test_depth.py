"""Hundreds of thousands of rows: nothing recurses, whether they are built, walked in either mode, or freed."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np

import autograd_core as ag

ROWS = 200_000
SLOPE = 1.0000001


def chain(x: Any) -> Any:
    for _ in range(ROWS):
        x = x * SLOPE
    return x


EXPECTED = SLOPE**ROWS


def test_rows_without_end_backward() -> None:
    x = ag.Tensor(np.array(1.0), requires_grad=True)
    y = chain(x)
    y.backward()
    np.testing.assert_allclose(x.grad.item(), EXPECTED, rtol=1e-9)


def test_rows_without_end_forward() -> None:
    value, slope = ag.jvp(chain, (np.array(1.0),), (np.array(1.0),))
    np.testing.assert_allclose([value, slope], EXPECTED, rtol=1e-9)


def test_rows_without_end_dropped_unused_are_freed() -> None:
    x = ag.Tensor(np.zeros(3), requires_grad=True)
    first = np.exp(x)
    result = weakref.ref(first.data)
    y = first
    del first
    y = chain(y)
    assert result() is not None
    del y
    gc.collect()
    assert result() is None


def test_a_deep_graph_that_forks_and_joins() -> None:
    """x ← x/2 + x/2 a hundred thousand times is x."""
    x = ag.Tensor(np.array(3.0), requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad.item() == 1.0


def test_a_deep_graph_differentiated_twice() -> None:
    """x·cᴺ·x has second derivative 2cᴺ."""
    depth = 20_000
    x = ag.Tensor(np.array(1.0), requires_grad=True)
    y = x * x
    for _ in range(depth):
        y = y * SLOPE
    y.backward(create_graph=True)
    g = x.grad
    x.grad = None
    g.backward()
    np.testing.assert_allclose(x.grad.item(), 2 * SLOPE**depth, rtol=1e-9)
