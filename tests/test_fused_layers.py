"""Primitives that stand for several others agree with those, in value and in both modes of differentiation."""

from __future__ import annotations

import tracemalloc
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
from autograd_core.ops import blockwise
from nn.kernels import attention as attending
from nn.kernels import correlation, fused
from nn.kernels.attention import attention, attention_by_steps
from nn.kernels.correlation import composed, correlate
from nn.kernels.normalising import normalised, normalised_batch, standardised, standardised_by_steps
from nn.kernels.pooling import max_of_windows, windowed_max
from nn.kernels.recurrence import gru, lstm, rnn, steps_of_gru, steps_of_lstm, steps_of_rnn
from strategies import generators


def assert_alike(rng: Any, fused: Any, plain: Any, *args: Any) -> None:
    value, pull = ag.vjp(fused, *args)
    expected, pull_plain = ag.vjp(plain, *args)
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-10)
    g, tangents = rng.normal(size=value.shape), tuple(rng.normal(size=a.shape) for a in args)
    for one, other in zip(pull(g), pull_plain(g), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)
    forward = [ag.jvp(f, args, tangents)[1] for f in (fused, plain)]
    np.testing.assert_allclose(*forward, rtol=1e-9, atol=1e-10)


RECURRENCES = {
    "lstm": (lstm, steps_of_lstm, 4, 0, 2, {}),
    "lstm, states alone": (lstm, steps_of_lstm, 4, 0, 2, {"keep": False}),
    "gru": (gru, steps_of_gru, 3, 1, 1, {}),
    "gru, states alone": (gru, steps_of_gru, 3, 1, 1, {"keep": False}),
    "tanh": (rnn, steps_of_rnn, 1, 0, 1, {"nonlinearity": "tanh"}),
    "relu": (rnn, steps_of_rnn, 1, 0, 1, {"nonlinearity": "relu"}),
}


@pytest.mark.parametrize("name", RECURRENCES)
@settings(max_examples=15)
@given(rng=generators, steps=st.integers(1, 4), count=st.integers(0, 3), hidden=st.integers(1, 3))
def test_a_fused_recurrence_is_its_equations(name: str, rng: Any, steps: int, count: int, hidden: int) -> None:
    """Also where the kept gates themselves have a cotangent."""
    fused, plain, gates, biased, states, params = RECURRENCES[name]
    width = gates * hidden
    sizes = (steps, count, width), (width, hidden), *[(width,)] * biased, *[(count, hidden)] * states
    args = [rng.normal(size=size) for size in sizes]
    assert_alike(rng, lambda *x: fused(*x, **params), lambda *x: plain(*x, **params), *args)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_way_back_of_a_recurrence_does_not_need_the_gates(name: str) -> None:
    """Of a loss of the states alone: their derivatives are the same whether the gates were kept or not."""
    rng = np.random.default_rng(0)
    fused, _, gates, biased, states, _ = RECURRENCES[name]
    sizes = (5, 3, gates * 4), (gates * 4, 4), *[(gates * 4,)] * biased, *[(3, 4)] * states
    args = [rng.normal(size=size) for size in sizes]
    loss = lambda keep: lambda *x: (fused(*x, keep=keep)[:states] ** 2).sum()
    places = tuple(range(len(args)))
    for one, other in zip(*(ag.grad(loss(keep), places)(*args) for keep in (True, False)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("layer", "parts"), [(nn.LSTM, (6, 2)), (nn.GRU, (5, 1))])
def test_what_no_derivative_needs_is_not_kept(layer: Any, parts: tuple[int, int]) -> None:
    model, x = layer(2, 4), np.ones((3, 2, 2), np.float32)
    recorded = model(x)[0].data.base
    with ag.no_grad():
        alone = model(x)[0].data.base
    assert (recorded.shape[0], alone.shape[0]) == parts
    np.testing.assert_array_equal(recorded[0], alone[0])


def test_two_lstms_that_share_a_cotangent_do_not_share_their_derivatives() -> None:
    rng = np.random.default_rng(0)
    arrays = [(rng.normal(size=(3, 2, 8)), rng.normal(size=(8, 2)), *rng.normal(size=(2, 2, 2))) for _ in range(2)]

    def total(f: Any) -> Any:
        return lambda *args: (f(*args[:4]) + f(*args[4:])) ** 2

    assert_alike(rng, total(lstm), total(steps_of_lstm), *arrays[0], *arrays[1])


def test_extreme_gates_saturate_without_overflow() -> None:
    gates = np.full((2, 1, 4), 1e4)
    states = lstm(gates, np.ones((4, 1)), np.zeros((1, 1)), np.zeros((1, 1)))
    np.testing.assert_allclose(states[:2, :, 0, 0], [[np.tanh(1), np.tanh(2)], [1, 2]], rtol=1e-12)


@settings(max_examples=40)
@given(
    rng=generators,
    lead=st.sampled_from([(), (3,), (2, 3)]),
    sides=st.tuples(*[st.integers(1, 4)] * 4),
    block=st.sampled_from([1, 20, 2**18]),
    hidden=st.sampled_from([None, 0.0, 0.3, 1.0]),
)
def test_the_fused_attention_is_its_steps(rng: Any, lead: Any, sides: Any, block: int, hidden: float | None) -> None:
    """However many heads fit in the cache; also for queries from which all keys are hidden."""
    length, keys, width, depth = sides
    arrays = [rng.normal(size=(*lead, *size)) for size in ((length, width), (keys, width), (keys, depth))]
    bias = None if hidden is None else np.where(rng.random((length, keys)) < hidden, -np.inf, 0.5)
    params = {"bias": bias, "scale": 0.7}
    with mock.patch.object(attending, "_BLOCK", block):
        assert_alike(rng, lambda *x: attention(*x, **params), lambda *x: attention_by_steps(*x, **params), *arrays)


@pytest.mark.parametrize("causal", [False, True])
def test_many_scores_are_never_all_in_memory(causal: bool) -> None:
    """The way by blocks agrees with the way that gives the weights, and keeps less than the weights alone."""
    rng, length = np.random.default_rng(0), 512
    q, k, v = (ag.Tensor(rng.normal(size=(2, 4, length, 8)), requires_grad=True) for _ in range(3))
    attend = nn.functional.scaled_dot_product_attention
    tracemalloc.start()
    y = attend(q, k, v, is_causal=causal)
    (y * y).sum().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 8 * length * length
    found = [t.grad.numpy() for t in (q, k, v)]
    for t in (q, k, v):
        t.grad = None
    bias = np.where(np.tri(length, dtype=bool), 0, -np.inf) if causal else None
    z = attention_by_steps(q, k, v, bias, 8**-0.5)
    (z * z).sum().backward()
    np.testing.assert_allclose(y.numpy(), z.numpy(), rtol=1e-10, atol=1e-12)
    for one, t in zip(found, (q, k, v), strict=True):
        np.testing.assert_allclose(one, t.grad.numpy(), rtol=1e-9, atol=1e-12)


SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=40)
@given(
    rng=generators,
    kernel=SMALL,
    stride=st.sampled_from([(1, 1), (1, 1), (2, 1), (2, 3)]),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2),
    groups=st.sampled_from([1, 2]),
    filters=st.sampled_from([2, 4]),
    count=st.integers(0, 3),
    block=st.sampled_from([1, 2000, 2**20]),
)
def test_the_fused_convolution_is_unfold_and_product(
    rng: Any, kernel: Any, stride: Any, dilation: Any, pads: Any, groups: int, filters: int, count: int, block: int
) -> None:
    """However many samples fit in the cache; two groups of two channels with two filters are a depthwise one."""
    x, w, b = (
        rng.normal(size=(count, 2, 6, 5)),
        rng.normal(size=(filters, 2 // groups, *kernel)),
        rng.normal(size=filters),
    )
    geometry = stride, pads, dilation, groups
    fused = lambda x, w, b: correlate(x, w, b, (6, 5), kernel, *geometry)
    with mock.patch.object(correlation, "_BLOCK", block):
        assert_alike(rng, fused, lambda x, w, b: composed(x, w, b, *geometry), x, w, b)


@settings(max_examples=20)
@given(rng=generators, stride=SMALL, pads=st.tuples(*[st.tuples(st.integers(0, 1), st.integers(0, 1))] * 2))
def test_a_fused_convolution_with_kernels_of_one_place(rng: Any, stride: Any, pads: Any) -> None:
    x, w, b = rng.normal(size=(2, 2, 2, 1)), rng.normal(size=(3, 2, 1, 1)), rng.normal(size=3)
    fused = lambda x, w, b: correlate(x, w, b, (2, 1), (1, 1), stride, pads, (1, 1), 1)
    assert_alike(rng, fused, lambda x, w, b: composed(x, w, b, stride, pads, (1, 1), 1), x, w, b)


@pytest.mark.parametrize("dims", [1, 3])
def test_the_fused_convolution_in_one_and_three_dimensions(dims: int) -> None:
    rng = np.random.default_rng(0)
    size, kernel = (5, 4, 3)[:dims], (3, 2, 2)[:dims]
    x, w, b = rng.normal(size=(2, 3, *size)), rng.normal(size=(2, 3, *kernel)), rng.normal(size=2)
    geometry = (1,) * dims, ((1, 0),) * dims, (1,) * dims, 1
    fused = lambda x, w, b: correlate(x, w, b, size, kernel, *geometry)
    assert_alike(rng, fused, lambda x, w, b: composed(x, w, b, *geometry), x, w, b)


@settings(max_examples=40)
@given(rng=generators, kernel=SMALL, stride=SMALL, ties=st.booleans())
def test_the_fused_pooling_is_the_largest_of_the_unfolded(rng: Any, kernel: Any, stride: Any, ties: bool) -> None:
    """Also where several are the largest, and where windows overlap or leave gaps."""
    x = rng.integers(0, 3, (2, 2, 6, 5)).astype(float) if ties else rng.normal(size=(2, 2, 6, 5))
    geometry = kernel, stride, (1, 1)
    assert_alike(rng, lambda x: max_of_windows(x, *geometry), lambda x: windowed_max(x, *geometry), x)


@settings(max_examples=25)
@given(rng=generators, axes=st.sampled_from([(2,), (-1,), (1, 2), (-2, -1)]), eps=st.sampled_from([0.0, 1e-5, 0.5]))
def test_the_fused_standardisation_is_its_six_steps(rng: Any, axes: Any, eps: float) -> None:
    x = rng.normal(3, 2, size=(2, 3, 4))
    args = axes, eps
    assert_alike(rng, lambda x: standardised(x, *args), lambda x: standardised_by_steps(x, *args), x)


def scaled_by_steps(x: Any, w: Any, b: Any, axes: Any, lying: Any) -> Any:
    return standardised_by_steps(x, axes, 1e-3) * np.reshape(w, lying) + np.reshape(b, lying)


BY_STEPS: dict[str, tuple[Any, Any, Any]] = {  # shape of the weights, the primitive, the steps for x (10, 4, 3, 5)
    "rows": (
        (5,),
        lambda x, w, b: normalised(x, w, b, 1e-3),
        lambda x, w, b: scaled_by_steps(x, w, b, (3,), (5,)),
    ),
    "matrices": (
        (3, 5),
        lambda x, w, b: normalised(x, w, b, 1e-3),
        lambda x, w, b: scaled_by_steps(x, w, b, (2, 3), (3, 5)),
    ),
    "groups": (
        (4,),
        lambda x, w, b: normalised(x, w, b, 1e-3, 2),
        lambda x, w, b: scaled_by_steps(x.reshape(10, 2, 2, 3, 5), w, b, (2, 3, 4), (2, 2, 1, 1)).reshape(x.shape),
    ),
    "instances": (
        (4,),
        lambda x, w, b: normalised(x, w, b, 1e-3, 4),
        lambda x, w, b: scaled_by_steps(x, w, b, (2, 3), (4, 1, 1)),
    ),
    "batch": (
        (4,),
        lambda x, w, b: normalised_batch(x, w, b, eps=1e-3),
        lambda x, w, b: scaled_by_steps(x, w, b, (0, 2, 3), (4, 1, 1)),
    ),
    "vectors": (
        (4,),
        lambda x, w, b: normalised_batch(x[:, :, 0, 0], w, b, eps=1e-3),
        lambda x, w, b: scaled_by_steps(x[:, :, 0, 0], w, b, (0,), (4,)),
    ),
}


@pytest.mark.parametrize("block", [1 << 7, 1 << 19])
@pytest.mark.parametrize("kind", BY_STEPS)
def test_a_normalisation_in_one_row_is_its_steps(kind: str, block: int, monkeypatch: Any) -> None:
    """In blocks of some samples, and of all."""
    monkeypatch.setattr(blockwise, "BLOCK", block)
    rng = np.random.default_rng(0)
    own, one, steps = BY_STEPS[kind]
    x, w, b = rng.normal(3, 2, size=(10, 4, 3, 5)), rng.normal(size=own), rng.normal(size=own)
    assert_alike(rng, one, steps, x, w, b)


def test_the_mean_square_in_one_row_is_its_steps() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(3, 2, size=(4, 6)), rng.normal(size=6)
    steps = lambda x, w: x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-3) * w
    assert_alike(rng, lambda x, w: normalised(x, w, np.zeros(6), 1e-3, center=False), steps, x, w)


def test_fused_forms_differentiate_twice() -> None:
    rng = np.random.default_rng(0)
    ag.gradcheck(lambda x: standardised(x, (1,), 1e-5), rng.normal(size=(2, 3)), order=2)
    for primitive, _, gates, biased, states, params in RECURRENCES.values():
        sizes = (2, 1, gates), (gates, 1), *[(gates,)] * biased, *[(1, 1)] * states
        given = [rng.normal(size=size) for size in sizes]
        ag.gradcheck(lambda *x, f=primitive, p=params: f(*x, **p), *given, order=2, samples=3)


@pytest.mark.parametrize("moving", ["x", "weight", "bias"])
def test_the_tangent_of_linear_has_the_results_shape_whatever_moves(moving: str) -> None:
    rng = np.random.default_rng(0)
    at = {"x": rng.normal(size=(3, 2, 4)), "weight": rng.normal(size=(5, 4)), "bias": rng.normal(size=5)}
    t = rng.normal(size=at[moving].shape)
    y, tangent = ag.jvp(lambda v: fused.linear(**{**at, moving: v}), (at[moving],), (t,))
    assert tangent.shape == y.shape == (3, 2, 5)
    moved = fused.linear(**{**at, moving: at[moving] + t})
    np.testing.assert_allclose(tangent, moved - y, atol=1e-12)  # linear in each


@pytest.mark.parametrize("stride", [(1, 1), (2, 1)])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_a_convolution_of_each_channel_by_itself(kind: str, stride: Any) -> None:
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> Any:
        return rng.normal(size=shape) + (1j * rng.normal(size=shape) if kind == "complex" else 0)

    x, w, b = numbers(2, 3, 5, 4), numbers(3, 1, 3, 2), numbers(3)
    geometry = stride, ((1, 0), (1, 1)), (1, 1), 3
    fused = lambda x, w, b: correlate(x, w, b, (5, 4), (3, 2), *geometry)
    g = numbers(*fused(x, w, b).shape)
    (value, pull), (expected, slow) = (ag.vjp(f, x, w, b) for f in (fused, lambda *a: composed(*a, *geometry)))
    for found, wanted in zip((value, *pull(g)), (expected, *slow(g)), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)
