"""Recurrent layers: RNN, LSTM and GRU. The input's part of all steps is one matrix product."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import is_grad_enabled
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import hosted

from .. import init
from ..kernels.recurrence import gru, lstm, lstm_step, rnn
from ..modules.checking import COUNT, PROBABILITY, checked
from ..modules.dtypes import same_dtype
from ..modules.layer import Layer
from ..modules.packed import PackedSequence
from ..modules.parameter import Parameter
from .dropout import dropout
from .recurrent_cells import NONLINEARITIES, Cell, GRUCell, LSTMCell, RNNCell, draw, times

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, TensorLike

__all__ = ["GRU", "LSTM", "RNN"]


class _Recurrent(Layer):
    """Layers of a cell over time; parameters weight_ih_l0, weight_hh_l0, …, with _reverse for the way back."""

    cell: type[Cell]

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
        proj_size: int = 0,
        dtype: DTypeLike = None,
    ) -> None:
        if hidden_size < 1 or num_layers < 1:
            raise ValueError(f"{class_name(self)}: {hidden_size=} and {num_layers=} must be at least 1.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        if proj_size and (self.cell is not LSTMCell or not 0 < proj_size < hidden_size):
            raise ValueError(f"{class_name(self)}: {proj_size=}: of an LSTM, and smaller than {hidden_size=}.")
        self.nonlinearity, self.proj_size = "tanh", proj_size
        shown = proj_size or hidden_size
        rows = self.cell.gates * hidden_size
        ways = ("", "_reverse") if bidirectional else ("",)
        for k in range(num_layers):
            width = input_size if k == 0 else shown * len(ways)
            for way in ways:
                setattr(self, f"weight_ih_l{k}{way}", Parameter(init.empty(rows, width, dtype=dtype)))
                setattr(self, f"weight_hh_l{k}{way}", Parameter(init.empty(rows, shown, dtype=dtype)))
                if bias:
                    setattr(self, f"bias_ih_l{k}{way}", Parameter(init.empty(rows, dtype=dtype)))
                    setattr(self, f"bias_hh_l{k}{way}", Parameter(init.empty(rows, dtype=dtype)))
                if proj_size:
                    setattr(self, f"weight_hr_l{k}{way}", Parameter(init.empty(proj_size, hidden_size, dtype=dtype)))
        draw(self, hidden_size)

    def forward(self, input: TensorLike, hx: Any = None) -> tuple[Tensor, Any]:
        """(output, state): the top layer's h of every step, and the last state of every layer and direction.

        input : sequences, or a ``PackedSequence`` of sequences of different lengths: then so is the output
        hx : the state before
        """
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
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

    def _packed(self, packed: PackedSequence, hx: AnyArray) -> tuple[PackedSequence, Any]:
        """The same of packed sequences: as many steps at once as have one number of sequences."""
        data, sizes = packed.data, hosted(bare(packed.batch_sizes))
        if np.ndim(data) != 2 or data.shape[-1] != self.input_size:
            raise ValueError(
                f"{class_name(self)}: packed data of shape {np.shape(data)}; expected (Σ L, {self.input_size})."
            )
        cuts = [0, *(np.flatnonzero(np.diff(sizes)) + 1), len(sizes)]
        runs = [(int(b - a), int(sizes[a])) for a, b in itertools.pairwise(cuts)]  # so many steps of so many sequences
        ways, order = 2 if self.bidirectional else 1, packed.sorted_indices
        given = self._given(hx, np.zeros_like(bare(data), shape=(1, int(sizes[0]), 1)), ways, False)
        if hx is not None and order is not None:
            given = tuple(h[:, hosted(bare(order))] for h in given)
        for what, array in (("input", data), *(("the state", h) for h in given)):
            same_dtype(f"{class_name(self)}({self.extra_repr()})", what, array, self.weight_ih_l0)
        last: list[tuple[AnyArray, ...]] = []
        for k in range(self.num_layers):
            outputs = []
            for way in range(ways):
                steps, state = self._over_runs(data, runs, tuple(h[k * ways + way] for h in given), k, bool(way))
                outputs.append(steps)
                last.append(state)
            data = outputs[0] if ways == 1 else np.concatenate(outputs, axis=-1)
            if self.dropout and k < self.num_layers - 1:
                data = dropout(data, self.dropout, self.training)
        states = tuple(np.stack(parts) for parts in zip(*last, strict=True))
        if packed.unsorted_indices is not None:
            states = tuple(h[:, hosted(bare(packed.unsorted_indices))] for h in states)
        return packed._replace(data=data), states if self.cell.states > 1 else states[0]

    def _over_runs(
        self, data: AnyArray, runs: list[tuple[int, int]], start: tuple[AnyArray, ...], k: int, backwards: bool
    ) -> tuple[Any, tuple[AnyArray, ...]]:
        """One layer in one direction: forwards sequences end from run to run, backwards they join in."""
        ends = [0, *itertools.accumulate(steps * count for steps, count in runs)]
        numbers = range(len(runs))
        state = tuple(h[: runs[-1][1]] for h in start) if backwards else start
        outputs: dict[int, Any] = {}
        ended: list[tuple[AnyArray, ...]] = []
        for i in reversed(numbers) if backwards else numbers:
            steps, count = runs[i]
            before = state[0].shape[0]
            if count > before:
                state = tuple(np.concatenate([h, h0[before:count]]) for h, h0 in zip(state, start, strict=True))
            elif count < before:
                ended.append(tuple(h[count:] for h in state))
                state = tuple(h[:count] for h in state)
            x = np.reshape(data[ends[i] : ends[i + 1]], (steps, count, data.shape[-1]))
            y, state = self._over_time(x, state, k, backwards)
            outputs[i] = np.reshape(y, (steps * count, y.shape[-1]))
        whole = np.concatenate([outputs[i] for i in numbers]) if len(runs) > 1 else outputs[0]
        if ended:
            state = tuple(np.concatenate(parts) for parts in zip(state, *reversed(ended), strict=True))
        return whole, state

    def _over_time(
        self, x: AnyArray, state: tuple[AnyArray, ...], k: int, backwards: bool
    ) -> tuple[Any, tuple[AnyArray, ...]]:
        way = "_reverse" if backwards else ""
        w_ih, w_hh = getattr(self, f"weight_ih_l{k}{way}"), getattr(self, f"weight_hh_l{k}{way}")
        b_ih, b_hh = (getattr(self, f"bias_{p}_l{k}{way}") if self.bias else None for p in ("ih", "hh"))
        x = x[::-1] if backwards else x
        if self.proj_size:
            gates = times(x, w_ih, None if b_ih is None else b_ih + b_hh)
            steps, state = _projected(gates, state, w_hh, getattr(self, f"weight_hr_l{k}{way}"))
        else:
            steps, state = self._steps(x, state, w_ih, w_hh, b_ih, b_hh)
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
        widths = (self.proj_size or self.hidden_size, self.hidden_size)[: self.cell.states]
        shapes = [(self.num_layers * ways, x.shape[1], width) for width in widths]
        if hx is None:
            return tuple(np.zeros_like(bare(x), shape=shape) for shape in shapes)
        states = hx if self.cell.states > 1 else (hx,)
        expected = [(s[0], s[2]) if single else s for s in shapes]
        found = [tuple(np.shape(h)) for h in states]
        if found != expected:
            raise ValueError(f"{class_name(self)}: initial state of shapes {found}; expected {expected}.")
        return tuple(np.reshape(h, shape) for h, shape in zip(states, shapes, strict=True))

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        usual: dict[str, Any] = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        usual |= {"bidirectional": False, "proj_size": 0}
        return text + "".join(f", {k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v)


def _projected(
    gates: AnyArray, state: tuple[AnyArray, ...], w_hh: AnyArray, w_hr: AnyArray
) -> tuple[AnyArray, tuple[AnyArray, ...]]:
    """Steps of an LSTM whose output is W_hr times that of ``lstm_step`` (Sak et al. 2014)."""
    h, c = state
    outputs = []
    for t in range(gates.shape[0]):
        hidden, c = lstm_step(gates[t] + times(h, w_hh, None), c, c)[:2]  # which reads the width alone from its h
        h = times(hidden, w_hr, None)
        outputs.append(h)
    return np.stack(outputs), (h, c)


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
        if nonlinearity not in NONLINEARITIES:
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
        steps = rnn(times(x, w_ih, None if b_ih is None else b_ih + b_hh), w_hh, *state, self.nonlinearity)
        return steps, (steps[-1],)


class LSTM(_Recurrent):
    """Long short-term memory over sequences; returns (output, (h, c)) (Hochreiter & Schmidhuber 1997).

    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype : those of ``RNN``
    proj_size : the width to which the output is reduced by one more matrix; 0 for none

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
        gates = times(x, w_ih, None if b_ih is None else b_ih + b_hh)
        states = lstm(gates, w_hh, *state, keep=is_grad_enabled())
        return states[0], (states[0, -1], states[1, -1])


class GRU(_Recurrent):
    """Gated recurrent units over sequences; returns (output, h) (Cho et al. 2014).

    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype : those of ``RNN``
    proj_size : 0; only an LSTM has one

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
        steps = gru(times(x, w_ih, b_ih), w_hh, b_hh, *state, keep=is_grad_enabled())[0]
        return steps, (steps[-1],)
