"""Errors and answers about the life of a graph: the rule, the place, the fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn


def leaf(*values: float) -> ag.Tensor:
    return ag.Tensor(np.array(values), requires_grad=True)


W, V = leaf(1.3, 2.0), leaf(1.0, 2.0)

# backward() ----------------------------------------------------------------------------------------------------------


def test_a_second_backward_names_the_row_and_under_a_watch_its_line() -> None:
    loss = (W * 2.0).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"went through sum \(\)\. A graph is walked once.*Fix: .*retain_graph=True"):
        loss.backward()
    with ag.detect_anomaly():
        loss = np.exp(W).sum()  # this line
        loss.backward()
    with pytest.raises(RuntimeError, match=r"test_lifecycle\.py:\d+: loss = np\.exp\(W\)\.sum\(\)  # this line"):
        (loss * 2).backward()


def test_a_hidden_state_carried_over_is_mended_by_detach() -> None:
    """Two steps of a recurrence: the second reaches into the released graph of the first, unless it is detached."""
    h = np.tanh(W * V)
    h.sum().backward()
    with pytest.raises(RuntimeError, match=r"released.*multiply|released.*tanh.*h\.detach\(\)"):
        np.tanh(h * W).sum().backward()
    np.tanh(h.detach() * W).sum().backward()


def test_a_detached_loss_tells_the_rule() -> None:
    rule = r"A tensor is recorded when .* detach\(\), \.data, numpy\(\).* Fix: set requires_grad=True.*why_no_grad"
    with pytest.raises(RuntimeError, match=rule):
        (W.detach() * 2).sum().backward()


# why_no_grad ---------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self) -> None:
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 1)

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x).numpy()).sum()


def under_no_grad() -> Any:
    with ag.no_grad():
        h = np.exp(W)
    return (np.sin(h) * V).sum()


ENDS: dict[str, tuple[Callable[[], Any], str]] = {
    "detach": (lambda: (np.exp(W).detach() * V).sum(), "ends at multiply: the result of exp came in as a constant"),
    "detach, later": (lambda: (np.exp(W.detach() * 2) * V).sum(), "ends at multiply: w came in as a constant"),
    "data": (lambda: V @ W.data, "ends at matmul: w came in as a constant, by detach(), .data or numpy()"),
    "numpy": (lambda: V * np.sin(W).numpy(), "the result of sin came in as a constant"),
    "detach at the end": (lambda: np.sin(W).detach(), "ends at the result of the function"),
    "no_grad": (under_no_grad, "ends at exp: it was computed inside no_grad(), in"),
    "item": (lambda: V * np.sin(W).sum().item(), "came in as the number 1.87286, by item() or float()"),
    "int": (lambda: V * (W * 2).astype(int), "ends at astype: int64 has no derivative"),
    "argmax": (lambda: V * np.argmax(W * 2), "ends after multiply"),
    "comparison": (lambda: np.where(W > 0, V, 0.0), "None of the 1 operations of the function used w"),
    "another tensor": (lambda: V.sum(), "None of the 1 operations of the function used w"),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_place_where_the_way_ends_is_shown_with_its_line(case: str) -> None:
    f, words = ENDS[case]
    answer = ag.why_no_grad(W, f)
    assert words in answer
    assert ("test_lifecycle.py:" in answer) == ("at the result" not in words and "None of" not in words)


def test_the_place_is_shown_with_its_module() -> None:
    net, x = Net(), np.ones((1, 2), np.float32)
    answer = ag.why_no_grad(net.first.weight, lambda: net(x))
    assert "ends at linear: the result of linear came in as a constant" in answer
    assert "in Net.second (Linear), " in answer and "return self.second(self.first(x).numpy()).sum()" in answer


def test_the_states_of_a_leaf() -> None:
    w = leaf(1.0, 2.0)
    loss = (w * V).sum()
    assert "no backward() was called on it yet" in ag.why_no_grad(w, loss)
    assert "no backward() was called on it yet" in ag.why_no_grad(w, lambda: (w * V).sum())
    assert "no backward() has reached it since its gradient was last cleared" in ag.why_no_grad(w)
    assert "does not depend on w, but on float64 (2,)" in ag.why_no_grad(w, V.sum())
    assert "carries no graph" in ag.why_no_grad(w, loss.detach())
    loss.backward()
    assert ag.why_no_grad(w) == "w has a gradient."
    assert "was released" in ag.why_no_grad(w, loss)


def test_what_is_no_leaf_has_no_gradient() -> None:
    assert "w does not require gradients" in ag.why_no_grad(ag.Tensor(1.0))
    assert "int64 (3,), and only floating tensors" in ag.why_no_grad(ag.Tensor(np.arange(3)))
    assert "was computed (multiply)" in ag.why_no_grad(W * 2)
    with pytest.raises(TypeError, match="w is list, not a tensor"):
        ag.why_no_grad([1.0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"loss is float64 \(\), neither a tensor nor a function"):
        ag.why_no_grad(W, np.float64(3))


# Looking at gradients before and after backward() --------------------------------------------------------------------


def test_a_table_before_backward_computes_the_derivatives_on_the_side() -> None:
    """L = Σ w²: dL/dw = 2w in the table, w.grad untouched; the same from a trace that is looked at after backward()."""
    w = leaf(3.0, 5.0)
    loss = (w * w).sum()
    graph = ag.trace(loss)
    assert [g.tolist() for g in graph.table().gradients.values()] == [[6.0, 10.0]] and w.grad is None
    loss.backward()
    assert [g.tolist() for g in graph.table().gradients.values()] == [[6.0, 10.0]]


def test_a_table_or_picture_of_a_released_graph_is_refused_with_the_mend() -> None:
    loss = (leaf(1.0) * 2).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"released by a backward pass.*Fix: trace before backward\(\)"):
        ag.trace(loss)
