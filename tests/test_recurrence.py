"""``nn.Recurrence`` runs any cell by ``ag.scan``; the kernels of RNN, LSTM and GRU are the same law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn

X = np.random.default_rng(0).normal(size=(7, 3, 5))
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def pair(kind: str) -> tuple[Any, Any]:
    """A layer of PyTorch's, and its cell with the same weights."""
    layer, cell = getattr(nn, kind)(5, 6).double(), getattr(nn, f"{kind}Cell")(5, 6).double()
    for name in WEIGHTS:
        getattr(cell, name).data = getattr(layer, f"{name}_l0").data.copy()
    return layer, cell


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_recurrence_of_a_cell_is_the_layer_of_that_name_with_its_gradients(kind: str, checkpoint: bool) -> None:
    layer, cell = pair(kind)
    expected, found = layer(X), nn.Recurrence(cell, checkpoint=checkpoint)(X)
    assert_close(found[0].numpy(), expected[0].numpy())
    last = [np.squeeze(h.numpy(), 0) for h in (expected[1] if kind == "LSTM" else (expected[1],))]
    for mine, its in zip(found[1] if kind == "LSTM" else (found[1],), last, strict=True):
        assert_close(mine.numpy(), its)
    for outputs, _ in (expected, found):
        np.sum(outputs**2).backward()
    for name in WEIGHTS:
        of_layer = getattr(layer, f"{name}_l0").grad.numpy()
        np.testing.assert_allclose(getattr(cell, name).grad.numpy(), of_layer, rtol=1e-11, atol=1e-12)


def test_backwards_and_batch_first_turn_the_axes_and_nothing_else() -> None:
    cell = nn.GRUCell(5, 6).double()
    outputs, last = nn.Recurrence(cell)(X[::-1])
    turned, end = nn.Recurrence(cell, batch_first=True, reverse=True)(np.swapaxes(X, 0, 1))
    assert_close(np.swapaxes(turned.numpy(), 0, 1)[::-1], outputs.numpy())
    assert_close(end.numpy(), last.numpy())


def test_a_sequence_may_be_given_in_parts_with_the_state_between_them() -> None:
    layer = nn.Recurrence(nn.LSTMCell(5, 6).double())
    outputs, last = layer(X)
    first, state = layer(X[:3])
    second, state = layer(X[3:], state)
    assert_close(np.concatenate((first.numpy(), second.numpy())), outputs.numpy())
    for mine, its in zip(state, last, strict=True):
        assert_close(mine.numpy(), its.numpy())


def test_a_cell_of_ones_own_is_one_row_and_has_second_derivatives() -> None:
    class Leaky(nn.Module):
        """h′ = (1−λ)h + λ tanh(x + h), a reservoir's neuron with a learned leak."""

        def __init__(self) -> None:
            self.leak = nn.Parameter(np.array(0.3))

        def forward(self, x: Any, h: Any = None) -> Any:
            h = np.zeros_like(x) if h is None else h
            return (1 - self.leak) * h + self.leak * np.tanh(x + h)

    layer = nn.Recurrence(Leaky())

    def total(leak: Any) -> Any:
        return np.sum(nn.functional_call(layer, {"cell.leak": leak}, (X,))[0] ** 2)

    assert ag.gradcheck(total, np.array(0.3), order=2) < 1e-5
    graph = ag.trace(total, np.array(0.3))
    assert sum(row.op is not None and "scan" in row.op.name for row in graph.rows) == 1


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: nn.Recurrence(np.tanh), "cell is a ufunc"),
        (lambda: nn.Recurrence(nn.RNNCell(5, 6), batch_first="no"), "batch_first='no'"),
        (lambda: nn.Recurrence(nn.RNNCell(5, 6))(np.zeros((0, 3, 5), np.float32)), "at least one"),
    ],
)
def test_what_is_no_recurrence_is_refused(make: Any, says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        make()
