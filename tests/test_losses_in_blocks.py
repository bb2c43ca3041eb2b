"""The sum of an elementwise loss in one row is the sum of the losses: values, both directions, any order, any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn.functional as F
from autograd_core.ops import blockwise
from nn.losses import pointwise
from nn.losses.reducing import total

LOSSES: dict[str, dict[str, float]] = {
    "squared_error": {},
    "absolute_error": {},
    "huber": {"delta": 0.7},
    "smooth_l1": {"beta": 0.7},
    "logistic": {},
    "bernoulli": {},
    "divergence": {},
    "poisson": {},
    "gaussian": {},
    "soft_margin": {},
    "hinge_embedding": {"margin": 0.8},
    "ranking": {"margin": 0.8},
}


def operands(name: str, shape: tuple[int, ...], dtype: Any = np.float64) -> tuple[Any, ...]:
    """Numbers in the domain of a loss, off its corners."""
    count = len(getattr(pointwise, name).primitive.arguments)
    return tuple(np.random.default_rng(3).uniform(0.1, 0.9, (count, *shape)).astype(dtype))


@pytest.fixture(params=[1 << 7, 1 << 19])
def blocks(request: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(blockwise, "BLOCK", request.param)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_a_sum_in_one_row_is_the_sum_of_the_losses(name: str, dtype: Any) -> None:
    loss, settings = getattr(pointwise, name), LOSSES[name]
    args = operands(name, (30, 20), dtype)
    near = {"rtol": 200 * np.finfo(dtype).eps}
    one, each = (lambda *a: total(loss)(*a, **settings)), (lambda *a: np.sum(loss(*a, **settings)))
    (value, pull), (expected, slow) = ag.vjp(one, *args), ag.vjp(each, *args)
    np.testing.assert_allclose(value, expected, **near)
    assert value.dtype == dtype
    g = np.asarray(0.7, dtype)
    for found, wanted in zip(pull(g), slow(g), strict=True):
        np.testing.assert_allclose(found, wanted, **near)
        assert found.dtype == dtype
    tangents = args[::-1]
    np.testing.assert_allclose(ag.jvp(one, args, tangents)[1], ag.jvp(each, args, tangents)[1], **near)


@pytest.mark.parametrize("name", LOSSES)
def test_its_second_derivatives_are_those_of_the_losses(name: str) -> None:
    loss, settings = getattr(pointwise, name), LOSSES[name]
    x, *rest = operands(name, (4,))
    one, each = (lambda x: total(loss)(x, *rest, **settings)), (lambda x: np.sum(loss(x, *rest, **settings)))
    np.testing.assert_allclose(ag.hessian(one)(x), ag.hessian(each)(x), rtol=1e-12)


@pytest.mark.usefixtures("blocks")
def test_squares_are_added_up_as_they_are() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 40, 30))
    found, pull = ag.vjp(pointwise.sum_of_squares, x, y)
    assert found == pytest.approx(np.sum((x - y) ** 2))
    np.testing.assert_allclose(pull(np.asarray(3.0)), [6 * (x - y), 6 * (y - x)])


def test_a_mean_makes_no_array_of_losses() -> None:
    """Neither forward nor, but for the cotangent, backward: the peak is below that of one more array."""
    import tracemalloc

    x, y = (np.random.default_rng(k).uniform(0.1, 0.9, 1 << 20) for k in range(2))
    for loss in (F.mse_loss, F.l1_loss, F.binary_cross_entropy, F.kl_div, F.poisson_nll_loss):
        t = ag.Tensor(x, requires_grad=True)
        tracemalloc.start()
        value = loss(t, y)
        forward = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        value.backward()
        backward = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert forward < 0.6 * x.nbytes and backward < 1.6 * x.nbytes, loss.__name__
