"""Cells: one step of an RNN, an LSTM or a GRU."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

from .. import init
from ..kernels import fused
from ..kernels.recurrence import gru_step, lstm_step, rnn_step
from ..modules.checking import COUNT, checked
from ..modules.dtypes import same_dtype
from ..modules.layer import Layer
from ..modules.module import Module
from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

# One step, from the input's part of the gates and the state before; the state is a tuple, its first entry the output.


def _rnn_step(
    gates: AnyArray, state: tuple[AnyArray, ...], w: AnyArray, b: AnyArray | None, nonlinearity: str
) -> tuple[AnyArray, ...]:
    """h′ = tanh(W x + b + U h + c)."""
    return (rnn_step(gates + times(state[0], w, b), nonlinearity),)


def _lstm_step(
    gates: AnyArray, state: tuple[AnyArray, ...], w: AnyArray, b: AnyArray | None, _: str
) -> tuple[AnyArray, ...]:
    """Gates i, f, g, o = W x + b + U h + c, and then ``lstm_step``."""
    return lstm_step(gates + times(state[0], w, b), *state)[:2]


def _gru_step(
    gates: AnyArray, state: tuple[AnyArray, ...], w: AnyArray, b: AnyArray | None, _: str
) -> tuple[AnyArray, ...]:
    """W x + b and U h + c, and then ``gru_step``."""
    return gru_step(gates, times(state[0], w, b), state[0])[:1]


def times(x: AnyArray, w: AnyArray, b: AnyArray | None) -> AnyArray:
    """x Wᵀ + b."""
    return x @ w.T if b is None else fused.linear(x, w, b)


class Cell(Layer):
    """Weights of one step: weight_ih (gates·hidden, input), weight_hh (gates·hidden, hidden), bias_ih, bias_hh."""

    gates: int
    states: int
    step: Callable[..., tuple[AnyArray, ...]]
    nonlinearity = "tanh"

    def _set_up(self, input_size: int, hidden_size: int, bias: bool, dtype: DTypeLike) -> None:
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = self.gates * hidden_size
        self.weight_ih = Parameter(init.empty(rows, input_size, dtype=dtype))
        self.weight_hh = Parameter(init.empty(rows, hidden_size, dtype=dtype))
        self.bias_ih = Parameter(init.empty(rows, dtype=dtype)) if bias else None
        self.bias_hh = Parameter(init.empty(rows, dtype=dtype)) if bias else None
        draw(self, hidden_size)

    def forward(self, input: TensorLike, hx: Any = None) -> Any:
        name = class_name(self)
        if np.ndim(input) not in (1, 2) or input.shape[-1] != self.input_size:
            raise ValueError(f"{name}: input of shape {np.shape(input)}; expected (N, {self.input_size}).")
        single = np.ndim(input) == 1
        x = np.reshape(input, (1, -1)) if single else input
        if hx is None:
            state: tuple[AnyArray, ...] = (np.zeros_like(bare(x), shape=(len(x), self.hidden_size)),) * self.states
        else:
            state = tuple(np.reshape(h, (len(x), self.hidden_size)) for h in (hx if self.states > 1 else (hx,)))
        for what, array in (("input", x), *(("the state", h) for h in state)):
            same_dtype(name, what, array, self.weight_ih)
        gates = times(x, self.weight_ih, self.bias_ih)
        state = type(self).step(gates, state, self.weight_hh, self.bias_hh, self.nonlinearity)
        state = tuple(h[0] for h in state) if single else state
        return state if self.states > 1 else state[0]

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + (", bias=False" if self.bias_ih is None else "")


NONLINEARITIES = ("tanh", "relu")


def draw(module: Module, hidden_size: int) -> None:
    """All parameters from U(−1/√hidden, 1/√hidden)."""
    bound = 1 / math.sqrt(hidden_size)
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class RNNCell(Cell):
    """h′ = tanh(W x + b + U h + c) for x (N, input_size), h (N, hidden_size), zeros by default (Elman 1990).

    input_size, hidden_size : the lengths of x and h
    bias : whether b and c are added
    nonlinearity : "tanh", or "relu" in its place
    dtype : of the parameters; the default dtype by default

    >>> RNNCell(3, 4)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    gates, states, step = 1, 1, staticmethod(_rnn_step)

    @checked(input_size=COUNT, hidden_size=COUNT)
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", dtype: DTypeLike = None
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(f"RNNCell: nonlinearity={nonlinearity!r}; it is 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        self._set_up(input_size, hidden_size, bias, dtype)


class LSTMCell(Cell):
    """One step of an LSTM: (h, c) ↦ (h′, c′); gates in the order i, f, g, o (Hochreiter & Schmidhuber 1997).

    input_size, hidden_size, bias, dtype : those of ``RNNCell``

    >>> h, c = LSTMCell(3, 4)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates, states, step = 4, 2, staticmethod(_lstm_step)

    @checked(input_size=COUNT, hidden_size=COUNT)
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: DTypeLike = None) -> None:
        self._set_up(input_size, hidden_size, bias, dtype)


class GRUCell(Cell):
    """One step of a GRU; gates in the order r, z, n (Cho et al. 2014).

    input_size, hidden_size, bias, dtype : those of ``RNNCell``

    >>> GRUCell(3, 4)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    gates, states, step = 3, 1, staticmethod(_gru_step)

    @checked(input_size=COUNT, hidden_size=COUNT)
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: DTypeLike = None) -> None:
        self._set_up(input_size, hidden_size, bias, dtype)
