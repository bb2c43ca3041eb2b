"""Recurrent layers: RNN, LSTM, GRU and their cells. The input's part of all steps is one matrix product."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import is_grad_enabled
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

from .. import init
from ..kernels import fused
from ..kernels.recurrence import gru, gru_step, lstm, lstm_step, rnn, rnn_step
from ..modules.checking import COUNT, PROBABILITY, checked
from ..modules.dtypes import same_dtype
from ..modules.layer import Layer
from ..modules.module import Module
from ..modules.parameter import Parameter
from .dropout import dropout

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNCell"]

# One step, from the input's part of the gates and the state before; the state is a tuple, its first entry the output.


def _rnn_step(
    gates: AnyArray, state: tuple[AnyArray, ...], w: AnyArray, b: AnyArray | None, nonlinearity: str
) -> tuple[AnyArray, ...]:
    """h′ = tanh(W x + b + U h + c)."""
    return (rnn_step(gates + _times(state[0], w, b), nonlinearity),)


def _lstm_step(
    gates: AnyArray, state: tuple[AnyArray, ...], w: AnyArray, b: AnyArray | None, _: str
) -> tuple[AnyArray, ...]:
    """Gates i, f, g, o = W x + b + U h + c, and then ``lstm_step``."""
    return lstm_step(gates + _times(state[0], w, b), *state)[:2]


def _gru_step(
    gates: AnyArray, state: tuple[AnyArray, ...], w: AnyArray, b: AnyArray | None, _: str
) -> tuple[AnyArray, ...]:
    """W x + b and U h + c, and then ``gru_step``."""
    return gru_step(gates, _times(state[0], w, b), state[0])[:1]


def _times(x: AnyArray, w: AnyArray, b: AnyArray | None) -> AnyArray:
    return x @ w.T if b is None else fused.linear(x, w, b)


class _Cell(Layer):
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
        _draw(self, hidden_size)

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
        gates = _times(x, self.weight_ih, self.bias_ih)
        state = type(self).step(gates, state, self.weight_hh, self.bias_hh, self.nonlinearity)
        state = tuple(h[0] for h in state) if single else state
        return state if self.states > 1 else state[0]

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + (", bias=False" if self.bias_ih is None else "")


_NONLINEARITIES = ("tanh", "relu")


def _draw(module: Module, hidden_size: int) -> None:
    bound = 1 / math.sqrt(hidden_size)
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class RNNCell(_Cell):
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
        if nonlinearity not in _NONLINEARITIES:
            raise ValueError(f"RNNCell: nonlinearity={nonlinearity!r}; it is 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        self._set_up(input_size, hidden_size, bias, dtype)


class LSTMCell(_Cell):
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


class GRUCell(_Cell):
    """One step of a GRU; gates in the order r, z, n (Cho et al. 2014).

    input_size, hidden_size, bias, dtype : those of ``RNNCell``

    >>> GRUCell(3, 4)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    gates, states, step = 3, 1, staticmethod(_gru_step)

    @checked(input_size=COUNT, hidden_size=COUNT)
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: DTypeLike = None) -> None:
        self._set_up(input_size, hidden_size, bias, dtype)


class _Recurrent(Layer):
    """Layers of a cell over time; parameters weight_ih_l0, weight_hh_l0, …, with _reverse for the way back."""

    cell: type[_Cell]

    @checked(input_size=COUNT, hidden_size=COUNT, num_layers=COUNT, dropout=PROBABILITY)
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: DTypeLike = None,
    ) -> None:
        if hidden_size < 1 or num_layers < 1:
            raise ValueError(f"{class_name(self)}: {hidden_size=} and {num_layers=} must be at least 1.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        self.nonlinearity = "tanh"
        rows = self.cell.gates * hidden_size
        ways = ("", "_reverse") if bidirectional else ("",)
        for k in range(num_layers):
            width = input_size if k == 0 else hidden_size * len(ways)
            for way in ways:
                setattr(self, f"weight_ih_l{k}{way}", Parameter(init.empty(rows, width, dtype=dtype)))
                setattr(self, f"weight_hh_l{k}{way}", Parameter(init.empty(rows, hidden_size, dtype=dtype)))
                if bias:
                    setattr(self, f"bias_ih_l{k}{way}", Parameter(init.empty(rows, dtype=dtype)))
                    setattr(self, f"bias_hh_l{k}{way}", Parameter(init.empty(rows, dtype=dtype)))
        _draw(self, hidden_size)

    def forward(self, input: TensorLike, hx: Any = None) -> tuple[Tensor, Any]:
        """(output, state): the top layer's h of every step, and the last state of every layer and direction."""
        x, single = self._time_first(input)
        ways = 2 if self.bidirectional else 1
        given = self._given(hx, x, ways, single)
        for what, array in (("input", x), *(("the state", h) for h in given)):
            same_dtype(f"{class_name(self)}({self.extra_repr()})", what, array, self.weight_ih_l0)
        last: list[tuple[AnyArray, ...]] = []
        for k in range(self.num_layers):
            outputs = []
            for way in range(ways):
                start = tuple(h[k * ways + way] for h in given)
                steps, state = self._over_time(x, start, k, backwards=bool(way))
                outputs.append(steps)
                last.append(state)
            x = outputs[0] if ways == 1 else np.concatenate(outputs, axis=-1)
            if self.dropout and k < self.num_layers - 1:
                x = dropout(x, self.dropout, self.training)
        states = tuple(np.stack(parts) for parts in zip(*last, strict=True))
        if single:
            x, states = x[:, 0], tuple(h[:, 0] for h in states)
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        return x, states if self.cell.states > 1 else states[0]

    def _over_time(
        self, x: AnyArray, state: tuple[AnyArray, ...], k: int, backwards: bool
    ) -> tuple[Any, tuple[AnyArray, ...]]:
        way = "_reverse" if backwards else ""
        w_ih, w_hh = getattr(self, f"weight_ih_l{k}{way}"), getattr(self, f"weight_hh_l{k}{way}")
        b_ih, b_hh = (getattr(self, f"bias_{p}_l{k}{way}") if self.bias else None for p in ("ih", "hh"))
        steps, state = self._steps(x[::-1] if backwards else x, state, w_ih, w_hh, b_ih, b_hh)
        return (steps[::-1] if backwards else steps), state

    def _steps(
        self,
        x: AnyArray,
        state: tuple[AnyArray, ...],
        w_ih: AnyArray,
        w_hh: AnyArray,
        b_ih: AnyArray | None,
        b_hh: AnyArray | None,
    ) -> tuple[AnyArray, tuple[AnyArray, ...]]:
        """The output of every step (T, N, H), and the last state."""
        raise NotImplementedError

    def _time_first(self, input: AnyArray) -> tuple[Any, bool]:
        shape = np.shape(input)
        time = 1 if self.batch_first and len(shape) == 3 else 0
        if len(shape) not in (2, 3) or shape[-1] != self.input_size or shape[time] == 0:
            axes = "(N, T, {0}) or (T, {0})" if self.batch_first else "(T, N, {0}) or (T, {0})"
            raise ValueError(
                f"{class_name(self)}({self.extra_repr()}): input of shape {shape}; "
                f"expected {axes.format(self.input_size)}."
            )
        if np.ndim(input) == 2:
            return np.reshape(input, (input.shape[0], 1, input.shape[1])), True
        return (np.swapaxes(input, 0, 1) if self.batch_first else input), False

    def _given(self, hx: Any, x: AnyArray, ways: int, single: bool) -> tuple[AnyArray, ...]:
        shape = (self.num_layers * ways, x.shape[1], self.hidden_size)
        if hx is None:
            return (np.zeros_like(bare(x), shape=shape),) * self.cell.states
        states = hx if self.cell.states > 1 else (hx,)
        expected = (shape[0], shape[2]) if single else shape
        if len(states) != self.cell.states or any(np.shape(h) != expected for h in states):
            found = [np.shape(h) for h in states]
            raise ValueError(f"{class_name(self)}: initial state of shapes {found}; expected {expected} each.")
        return tuple(np.reshape(h, shape) for h in states)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        return text + "".join(f", {k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v)


class RNN(_Recurrent):
    """An Elman network over sequences (T, N, input_size), or (N, T, …) with batch_first; parameters as in PyTorch.

    input_size, hidden_size : the lengths of x and h at each step
    num_layers : how many are stacked; each takes the output of the one below
    bias : whether the gates have biases
    batch_first : whether input and output are (N, T, …) instead of (T, N, …)
    dropout : the probability of a zero between two layers in training
    bidirectional : whether a second one runs backwards; the outputs stand side by side
    dtype : of the parameters; the default dtype by default
    nonlinearity : "tanh" or "relu"

    Called as ``layer(input, state)`` with a state (layers · directions, N, hidden_size), zeros by default. Raises
    ValueError for shapes that do not fit, TypeError where a dtype is not the weights'.

    >>> output, h = RNN(3, 4, num_layers=2)(np.ones((5, 2, 3), np.float32))
    >>> output.shape, h.shape
    ((5, 2, 4), (2, 2, 4))
    """

    cell = RNNCell

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any) -> None:
        if len(args) > 3 and isinstance(args[3], str):  # PyTorch's order has the nonlinearity in the fourth place
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        if nonlinearity not in _NONLINEARITIES:
            raise ValueError(f"RNN: nonlinearity={nonlinearity!r}; it is 'tanh' or 'relu'.")
        super().__init__(*args, **kwargs)
        self.nonlinearity = nonlinearity

    def _steps(
        self,
        x: AnyArray,
        state: tuple[AnyArray, ...],
        w_ih: AnyArray,
        w_hh: AnyArray,
        b_ih: AnyArray | None,
        b_hh: AnyArray | None,
    ) -> tuple[AnyArray, tuple[AnyArray, ...]]:
        steps = rnn(_times(x, w_ih, None if b_ih is None else b_ih + b_hh), w_hh, *state, self.nonlinearity)
        return steps, (steps[-1],)


class LSTM(_Recurrent):
    """Long short-term memory over sequences; returns (output, (h, c)) (Hochreiter & Schmidhuber 1997).

    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype : those of ``RNN``

    >>> output, (h, c) = LSTM(3, 4, bidirectional=True)(np.ones((5, 2, 3), np.float32))
    >>> output.shape, c.shape
    ((5, 2, 8), (2, 2, 4))
    """

    cell = LSTMCell

    def _steps(
        self,
        x: AnyArray,
        state: tuple[AnyArray, ...],
        w_ih: AnyArray,
        w_hh: AnyArray,
        b_ih: AnyArray | None,
        b_hh: AnyArray | None,
    ) -> tuple[AnyArray, tuple[AnyArray, ...]]:
        gates = _times(x, w_ih, None if b_ih is None else b_ih + b_hh)
        states = lstm(gates, w_hh, *state, keep=is_grad_enabled())
        return states[0], (states[0, -1], states[1, -1])


class GRU(_Recurrent):
    """Gated recurrent units over sequences; returns (output, h) (Cho et al. 2014).

    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype : those of ``RNN``

    >>> output, h = GRU(3, 4, batch_first=True)(np.ones((2, 5, 3), np.float32))
    >>> output.shape, h.shape
    ((2, 5, 4), (1, 2, 4))
    """

    cell = GRUCell

    def _steps(
        self,
        x: AnyArray,
        state: tuple[AnyArray, ...],
        w_ih: AnyArray,
        w_hh: AnyArray,
        b_ih: AnyArray | None,
        b_hh: AnyArray | None,
    ) -> tuple[AnyArray, tuple[AnyArray, ...]]:
        b_hh = np.zeros_like(bare(w_hh), shape=w_hh.shape[:1]) if b_hh is None else b_hh
        steps = gru(_times(x, w_ih, b_ih), w_hh, b_hh, *state, keep=is_grad_enabled())[0]
        return steps, (steps[-1],)
