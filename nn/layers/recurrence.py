"""Any cell over a sequence, as one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name

from ..modules.layer import Layer
from ..modules.module import Module

if TYPE_CHECKING:
    from autograd_core.support.types import TensorLike, Tree

__all__ = ["Recurrence"]


class Recurrence(Layer):
    """A cell over a sequence by ``ag.scan``: hₜ = cell(xₜ, hₜ₋₁), one row of the ξ-table however long it is.

    cell : a module called with (xₜ, state); what it gives is the next state: an array or a tuple of arrays, whose first
        is the output. Without a state it begins with its own: ``nn.RNNCell``, ``nn.LSTMCell``, ``nn.GRUCell``, yours.
    batch_first : whether input and outputs are (N, L, …) instead of (L, N, …)
    reverse : from the last step to the first
    checkpoint : keep every √L-th state only, and compute the rest again in the backward pass

    Gives (outputs, last state). ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU`` compute the same for their own cells by a kernel
    that makes one product of all inputs: of an LSTM of 64 neurons about a tenth of the time. Raises ValueError for a
    sequence without steps.

    >>> import nn
    >>> layer = nn.Recurrence(nn.GRUCell(3, 4))
    >>> outputs, h = layer(np.ones((7, 2, 3), np.float32))
    >>> outputs.shape, h.shape
    ((7, 2, 4), (2, 4))
    """

    def __init__(
        self, cell: Module, batch_first: bool = False, reverse: bool = False, checkpoint: bool = False
    ) -> None:
        for name, value in (("batch_first", batch_first), ("reverse", reverse), ("checkpoint", checkpoint)):
            if not isinstance(value, bool):
                raise TypeError(f"Recurrence: {name}={value!r}; it is True or False.")
        if not isinstance(cell, Module):
            raise TypeError(f"Recurrence: cell is a {class_name(cell)}; it is a module called with (input, state).")
        self.cell, self.batch_first, self.reverse, self.checkpoint = cell, batch_first, reverse, checkpoint

    def forward(self, input: TensorLike, state: Tree = None) -> tuple[Any, Any]:
        axis = int(self.batch_first)
        if np.ndim(input) <= axis or not np.shape(input)[axis]:
            raise ValueError(
                f"Recurrence: input of shape {np.shape(input)}; expected steps along axis {axis}, and at least one."
            )
        x = np.swapaxes(input, 0, 1) if self.batch_first else input
        first = None
        if state is None:  # the cell begins with a state of its own
            at, rest = (-1, slice(None, -1)) if self.reverse else (0, slice(1, None))
            state, x = self.cell(x[at]), x[rest]
            first = _output(state)[None]

        def step(state: Tree, x: TensorLike) -> tuple[Tree, Any]:
            after = self.cell(x, state)
            return after, _output(after)

        if len(x):
            state, outputs = ag.scan(step, state, x, reverse=self.reverse, checkpoint=self.checkpoint)
            if first is not None:
                outputs = np.concatenate((outputs, first) if self.reverse else (first, outputs))
        else:
            outputs = first
        return (np.swapaxes(outputs, 0, 1) if self.batch_first else outputs), state

    def extra_repr(self) -> str:
        return ", ".join(f"{name}=True" for name in ("batch_first", "reverse", "checkpoint") if getattr(self, name))


def _output(state: Any) -> Any:
    return state[0] if isinstance(state, tuple) else state
