"""What a graph costs: counts equal closed forms and naive loops, memory what is freed, and every sum adds up."""

from __future__ import annotations

import gc
import itertools
import math
import re
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
from autograd_core.engine.forms import Elementwise
from autograd_core.graph.cost import Cost
from autograd_core.watching import flops
from samples import LIBRARY, REAL, SAMPLES, differentiable

SIDE = st.integers(1, 6)


def counted(f: Any, *args: Any) -> tuple[int, int]:
    """Operations of all rows of f, forward and backward."""
    total = ag.trace(f, *args).cost(repeat=0).total
    assert not total.flops.missing and not total.backward_flops.missing
    return total.flops.value, total.backward_flops.value


def network() -> nn.Sequential:
    ag.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 4)
    )


def network_cost(repeat: int = 1) -> Cost:
    model, x = network(), np.random.default_rng(0).normal(size=(5, 1, 6, 6)).astype(np.float32)
    return ag.trace(lambda x: nn.functional.cross_entropy(model(x), np.arange(5) % 4), x).cost(repeat)


# Operations ----------------------------------------------------------------------------------------------------------


@given(SIDE, SIDE, SIDE, SIDE)
def test_a_matrix_product_takes_two_m_n_k_and_its_adjoints_as_much_each(b: int, m: int, n: int, k: int) -> None:
    assert counted(lambda x, y: x @ y, np.ones((m, k)), np.ones((k, n))) == (2 * m * n * k, 4 * m * n * k)
    shared = b * m * k * n * 4 + (b - 1) * k * n  # the cotangent of what all b products share is a sum
    assert counted(lambda x, y: x @ y, np.ones((b, m, k)), np.ones((k, n))) == (2 * b * m * n * k, shared)


@given(SIDE, SIDE, SIDE)
def test_a_linear_layer_takes_a_product_and_a_bias(n: int, i: int, o: int) -> None:
    layer = nn.Linear(i, o)
    forward, backward = counted(lambda x: layer(x), np.ones((n, i), np.float32))
    assert forward == 2 * n * i * o + n * o
    assert backward == 4 * n * i * o + (n - 1) * o


def multiplications(size: int, c: int, f: int, kernel: int, stride: int, pad: int, dilation: int, groups: int) -> int:
    """Those that naive loops over one image make, padding included."""
    out = range(0, size + 2 * pad - dilation * (kernel - 1), stride)
    count = 0
    for _filter, _y, _x in itertools.product(range(f), out, out):
        for _channel, _j, _i in itertools.product(range(c // groups), range(kernel), range(kernel)):
            count += 1
    return count


@settings(max_examples=12)
@given(
    *(st.integers(3, 6), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2)),
    *(st.integers(1, 2), st.integers(0, 1), st.integers(1, 2)),
)
def test_a_convolution_takes_as_many_multiplications_as_naive_loops(
    size: int, groups: int, channels: int, kernel: int, stride: int, pad: int, dilation: int
) -> None:
    c, f = groups * channels, groups * 2
    layer = nn.Conv2d(c, f, kernel, stride=stride, padding=pad, dilation=dilation, groups=groups)
    x = np.ones((3, c, size, size), np.float32)
    forward, backward = counted(lambda x: layer(x), x)
    products = 3 * multiplications(size, c, f, kernel, stride, pad, dilation, groups)
    out = layer(x).size
    assert forward == 2 * products + out
    assert backward == 4 * products + out - f


@pytest.mark.parametrize("text", ["ij,jk->ik", "ij,ij->", "i,j->ij", "ii,i->", "ijk,kl,lm->im", "ab,bc,cd,de->ae"])
@pytest.mark.parametrize("optimize", [False, True])
def test_einsum_is_counted_as_numpy_counts_it(text: str, optimize: bool) -> None:
    sides = dict(zip("abcdeijklm", (2, 7, 3, 8, 4, 5, 6, 3, 9, 2), strict=True))
    operands = [np.ones([sides[c] for c in term]) for term in text.split("->")[0].split(",")]
    _, report = np.einsum_path(text, *operands, optimize="greedy")
    line = "Optimized FLOP" if optimize else "Naive FLOP"
    theirs = float(re.search(rf"{line} count: *([\d.e+]+)", report)[1])  # type: ignore[index]
    ours, _ = counted(lambda *x: ag.einsum(text, *x, optimize=optimize), *operands)
    assert ours == pytest.approx(theirs - optimize, rel=1e-3)  # NumPy adds one to the count of a path


@given(SIDE, SIDE, SIDE)
def test_all_ways_to_write_a_product_cost_the_same(m: int, n: int, k: int) -> None:
    x, y = np.ones((m, k)), np.ones((k, n))
    ways = [
        lambda x, y: x @ y,
        lambda x, y: np.dot(x, y),
        lambda x, y: np.inner(x, y.T),
        lambda x, y: np.tensordot(x, y, 1),
        lambda x, y: ag.einsum("ij,jk->ik", x, y),
    ]
    assert {counted(f, x, y) for f in ways} == {(2 * m * n * k, 4 * m * n * k)}


@given(SIDE, SIDE, SIDE)
def test_the_steps_of_an_lstm_take_their_products_and_thirteen_operations_a_unit(t: int, n: int, h: int) -> None:
    layer = nn.LSTM(2, h)
    cost = ag.trace(lambda x: layer(x)[0], np.ones((t, n, 2), np.float32)).cost(repeat=0)
    steps = next(item for item in cost.items if item.op == "lstm")
    assert steps.flops == t * n * (8 * h * h + 13 * h)


def test_attention_takes_two_products_of_all_queries_with_all_keys() -> None:
    q, k, v = np.ones((2, 4, 3)), np.ones((2, 5, 3)), np.ones((2, 5, 6))
    cost = ag.trace(nn.functional.scaled_dot_product_attention, q, k, v).cost(repeat=0)
    products = {t.name: t.flops.value for t in cost.by_op()}["matmul"]
    assert products == 2 * 2 * 4 * 5 * (3 + 6)


def test_elementwise_operations_by_hand() -> None:
    """One for each element; backward those of the slope and one for the product with the cotangent."""
    x = np.linspace(0.1, 1, 6).reshape(2, 3)
    assert counted(np.exp, x) == (6, 6)
    assert counted(np.tanh, x) == (6, 18)  # 1 − ans²
    assert counted(lambda x: x * x, x) == (6, 12)
    assert counted(lambda x, y: x + y, x, x) == (6, 0)
    assert counted(lambda x, y: x + y, x, np.ones(3)) == (6, 3)  # the cotangent of what was stretched is a sum
    assert counted(lambda x: x.T.reshape(-1)[2:], x) == (0, 0)
    assert counted(lambda x: x.sum(), x) == (5, 0)
    assert counted(lambda x: x.mean(axis=0), x) == (6, 3)


@pytest.mark.parametrize("name", REAL)
@settings(max_examples=5)
@given(data=st.data())
def test_every_primitive_is_counted_or_says_that_it_is_not(name: str, data: st.DataObject) -> None:
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    tracked = differentiable(op, call)
    out = np.shape(op.forward(*call.args, **{**op.defaults, **call.params}))
    shapes = tuple(map(np.shape, call.args))
    made = flops.Call(shapes, out, {**op.defaults, **call.params}, tuple(i in tracked for i in range(len(shapes))))
    forward, backward = flops.forward(op, made), flops.backward(op, made)
    assert forward is None or forward >= 0
    assert backward is None or backward >= 0
    if isinstance(op, Elementwise) and name != "positive":
        assert forward == math.prod(out) and backward is not None


def test_what_nobody_has_counted_is_unknown_and_not_zero() -> None:
    twice = ag.linear(lambda x: x + x, name="twice_uncounted", x=lambda g: g + g)
    cost = ag.trace(lambda x: twice(x).sum(), np.ones(3)).cost(repeat=0)
    assert cost.items[0].flops is None and "not counted: twice_uncounted" in str(cost) and "≥ 2 FLOP" in str(cost)
    assert cost.graph.rows[0] not in cost.flops
    counts = (lambda call: 3, lambda call: 3)
    own = ag.linear(lambda x: x + x, name="twice_counted", x=lambda g: g + g, flops=counts)
    assert counted(lambda x: own(x).sum(), np.ones(3)) == (5, 3)


# Memory --------------------------------------------------------------------------------------------------------------


def test_an_array_that_several_rows_keep_counts_once() -> None:
    x = np.ones((100, 10))
    kept = ag.trace(lambda x: (h := np.exp(x)) * np.sin(h), x).cost(repeat=0).total.kept.value
    assert kept == 2 * x.nbytes  # exp x and sin(exp x)


def test_parameters_and_inputs_are_not_memory_for_the_backward_pass() -> None:
    x, w = np.ones((30, 20)), np.ones((20, 10))
    assert ag.trace(lambda x, w: x @ w, x, w).cost(repeat=0).total.kept.value == 0
    layer = nn.Linear(20, 10)  # keeps a view of its weight
    assert ag.trace(lambda x: x @ layer.weight.T, x.astype(np.float32)).cost(repeat=0).total.kept.value == 0


def test_bytes_kept_are_what_is_freed_with_the_graph() -> None:
    model = nn.Sequential(nn.Linear(40, 300), nn.BatchNorm1d(300), nn.ReLU(), nn.Linear(300, 200), nn.Tanh())
    x = ag.Tensor(np.random.default_rng(0).normal(size=(500, 40)).astype(np.float32), requires_grad=True)
    kept = ag.trace(lambda x: model(x).sum(), x).cost(repeat=0).total.kept.value
    tracemalloc.start()
    try:
        loss = model(x).sum()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        del loss
        gc.collect()
        freed = before - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept == pytest.approx(freed, rel=0.03)


# Time and sums -------------------------------------------------------------------------------------------------------


def test_operations_and_modules_add_up_to_the_whole() -> None:
    cost = network_cost()
    for parts in (cost.by_op(), cost.by_module()):
        for field in ("flops", "backward_flops", "kept", "seconds", "backward_seconds"):
            values = [getattr(part, field).value for part in parts]
            assert sum(values) == pytest.approx(getattr(cost.total, field).value), field
        assert sum(part.calls for part in parts) == len(cost.graph.rows)
        assert sum(part.record(cost.total.time)["share"] for part in parts) == pytest.approx(1)
    layers = [f"Sequential.{i}" for i in range(6)]
    names = [part.name for part in cost.by_module()]
    assert [name.split(".")[-1] for name in names] == [*(layer[-1] for layer in layers), "(no module)"]


def test_a_row_is_measured_by_executing_it_again() -> None:
    calls = []

    def forward(x: Any) -> Any:
        calls.append(x)
        return x * 2

    def rule(g: Any) -> Any:
        calls.append(g)
        return g * 2

    slow = ag.linear(forward, name="observed_twice", x=rule)
    graph = ag.trace(lambda x: slow(np.exp(x)).sum(), np.ones(3))
    calls.clear()
    cost = graph.cost(repeat=4)
    assert len(calls) == 8
    np.testing.assert_array_equal(calls[0], np.exp(np.ones(3)))
    assert all(item.seconds > 0 and item.backward_seconds > 0 for item in cost.items)  # type: ignore[operator]
    assert set(cost.seconds) == set(graph.rows)


def test_the_time_of_what_was_not_kept_is_unknown() -> None:
    w = ag.Tensor(np.ones(3), requires_grad=True)
    cost = ag.trace((np.exp(w) + 1).sum()).cost(repeat=1)
    exp, _, total = cost.items
    assert exp.seconds is None and total.seconds is None and total.backward_seconds is not None
    assert "not measured: 3 of 3 rows" in str(cost)
    unmeasured = ag.trace(np.exp, np.ones(3)).cost(repeat=0)
    assert unmeasured.seconds == {} and unmeasured.total.seconds.value is None


def test_hooks_of_the_program_are_not_called_again() -> None:
    model, seen = nn.Sequential(nn.Linear(2, 2)), []
    model[0].register_full_backward_hook(lambda *args: seen.append(args))
    cost = ag.trace(lambda x: model(x).sum(), np.ones((1, 2), np.float32)).cost()
    assert not seen and next(i for i in cost.items if i.op == "linear").backward_seconds is not None


def test_cost_leaves_gradients_and_the_graph_alone() -> None:
    w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    loss = (w * w).sum()
    ag.trace(loss).cost()
    assert w.grad is None
    loss.backward()
    np.testing.assert_array_equal(w.grad.data, [2, 4])


def test_the_picture_takes_the_cost_as_colour() -> None:
    cost = network_cost()
    assert "seconds" in cost.graph.dot(colour=cost.seconds, legend="seconds").source


def test_text_records_and_html_say_the_same() -> None:
    cost = network_cost()
    records = cost.records()
    assert [r["variable"] for r in records] == [row.name for row in cost.graph.rows]
    assert sum(r["flops"] for r in records) == cost.total.flops.value
    text, html = str(cost), cost._repr_html_()
    for part in (*cost.by_op(), *cost.by_module()):
        assert part.name in text and part.name in html


def test_names_in_the_html_are_escaped() -> None:
    op = ag.linear(lambda x: x * 1, name="<script>", x=lambda g: g)
    html = ag.trace(lambda x: op(x), np.ones(2)).cost()._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


@pytest.mark.parametrize("repeat", [-1, 1.5, True])
def test_a_wrong_repeat_is_refused(repeat: Any) -> None:
    with pytest.raises(ValueError, match="cost: repeat="):
        ag.trace(np.exp, 1.0).cost(repeat=repeat)
