"""A kept array that is overwritten before the backward pass: noticed, with the row, the array and the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim

ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
W = np.array([[0.5, -1.0], [2.0, 0.3]])


def refilled(w: Any) -> Any:
    """The same buffer for every row."""
    buffer, s = np.empty(2), 0.0
    for row in ROWS:
        buffer[:] = row
        s = s + (buffer @ w).sum()  # this line keeps the buffer
    return s


def renewed(w: Any) -> Any:
    return sum((row.copy() @ w).sum() for row in ROWS)


def overwritten(w: Any, make: Callable[[Any, Any], Any], change: Callable[[Any], None]) -> Any:
    b = np.array([0.5, 2.0])
    y = make(w, b)
    change(b)
    return y.sum()


def fill(b: Any) -> None:
    b[:] = 7.0


KEPT: dict[str, Callable[[Any, Any], Any]] = {
    "a factor": lambda w, b: w * b,
    "a view": lambda w, b: w * b[::-1],
    "a stretched view": lambda w, b: w * np.broadcast_to(b[:1], (2, 2)),
    "a tensor's memory": lambda w, b: w * ag.Tensor(b),
    "an exponent": lambda w, b: np.abs(w) ** b,
    "indices": lambda w, b: w[np.asarray(b, int) * 0 + 1] * b,
    "a condition": lambda w, b: np.where(w > 0, w * b, b),
    "a checkpoint's argument": lambda w, b: ag.checkpoint(lambda w, b: w * b)(w, b),
}


@pytest.mark.parametrize("name", KEPT)
def test_every_array_of_the_programs_own_is_noticed(name: str) -> None:
    def f(w: Any) -> Any:
        return overwritten(w, KEPT[name], fill)

    with ag.detect_anomaly(), pytest.raises(ag.OverwrittenError, match=r"(?s)overwritten before.*Fix"):
        ag.grad(f)(W)
    leaf = ag.Tensor(W, requires_grad=True)
    with ag.detect_anomaly():
        loss = f(leaf)
        with pytest.raises(ag.OverwrittenError):
            loss.backward()
    assert leaf.grad is None
    with pytest.raises(ag.GradcheckError, match="overwritten"):
        ag.gradcheck(f, W)


def test_the_report_names_the_row_the_array_and_the_line() -> None:
    with ag.detect_anomaly(), pytest.raises(ag.OverwrittenError) as caught:
        ag.grad(refilled)(W)
    report = str(caught.value)
    assert "matmul kept x (float64 (2,), a constant)" in report
    assert __file__ in report and "this line keeps the buffer" in report and "row.copy()" in report
    assert caught.value.op == "matmul" and caught.value.phase == "overwritten"
    assert caught.value.origin is not None and caught.value.origin.file == __file__
    found = ag.find_anomaly(ag.grad(refilled), W)
    assert isinstance(found, ag.OverwrittenError)
    with pytest.raises(ag.GradcheckError, match=r"(?s)refilled.*matmul kept x.*this line keeps"):
        ag.gradcheck(refilled, W)


def test_indices_within_a_setting() -> None:
    index = np.array([0, 1])
    w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    with ag.detect_anomaly():
        y = w[index, ...].sum()
        index[:] = 0
        with pytest.raises(ag.OverwrittenError, match=r"getitem kept index .*a setting"):
            y.backward()


def test_a_parameter_written_to_between_forward_and_backward() -> None:
    p = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    with ag.detect_anomaly():
        y = (p * p).sum()
        p.data[...] = 5.0
        with pytest.raises(ag.OverwrittenError, match="a leaf"):
            y.backward()


def test_forward_mode_and_results() -> None:
    def f(x: Any) -> Any:
        y = np.exp(x)
        y.data[...] = 0.0
        return y.sum()

    for derivative in (lambda: ag.jvp(f, (W,), (W,)), lambda: ag.grad(f)(W)):
        with ag.detect_anomaly(), pytest.raises(ag.OverwrittenError, match="exp kept its result"):
            derivative()


def test_what_is_not_needed_any_more_may_be_overwritten() -> None:
    """The sum needs no values; after the backward pass nothing does; a new array each time is right."""
    b = np.ones(2)
    with ag.detect_anomaly():
        w = ag.Tensor(np.ones(2), requires_grad=True)
        y = (w + b).sum()
        fill(b)
        y.backward()
        for _ in range(3):
            loss = (w * b).sum()
            loss.backward()
            b += 1.0
        assert np.array_equal(ag.grad(renewed)(W), np.tile(ROWS.sum(0)[:, None], 2))
    assert ag.gradcheck(renewed, W, order=2) < 1e-6


def test_training_is_not_accused() -> None:
    """Dropout, batch norm's statistics, recurrent caches, views of parameters, optimizers that write in place."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        *(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.ReLU(), nn.LayerNorm(6), nn.Linear(6, 3))
    )
    lstm, conv = nn.LSTM(3, 5, batch_first=True), nn.Conv1d(5, 2, 2)
    params = [*model.parameters(), *lstm.parameters(), *conv.parameters()]
    for optimizer in (optim.Adam(params), optim.SGD(params, lr=0.1, momentum=0.9)):
        for _ in range(2):
            x = rng.normal(size=(8, 5, 4)).astype(np.float32)
            with ag.detect_anomaly():
                y = model(np.reshape(x, (40, 4)))
                h, _ = lstm(np.reshape(y, (8, 5, 3)))
                loss = (conv(np.swapaxes(h, 1, 2)) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
