"""Recurrent layers: the input's part of the gates was computed by a linear row, which the operator takes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..following import Refused
from .layers import laid_out

if TYPE_CHECKING:
    from ..writing import Writer


def _recurrent(w: Writer, op: str, gates: Any, weight: Any, own: Any, states: Any, order: Any, **settings: Any) -> Any:
    made, parts = gates.made_by
    if made not in ("linear", "matmul"):
        raise Refused("the gates are not those of a linear map of the input")
    x, of_input, bias = parts if made == "linear" else (*parts, None)
    n = weight.shape[-1]

    def by_gate(matrix: Any) -> Any:
        return np.concatenate([matrix[k * n : (k + 1) * n] for k in order])[None]

    rows = by_gate if made == "linear" else lambda matrix: by_gate(matrix.T)
    inputs = [w.name(x), laid_out(w, of_input, rows), laid_out(w, weight, by_gate)]
    none = np.zeros(len(order) * n, weight.dtype)
    both = [none if part is None else part.array for part in (bias, own)]
    if any(part is None for part in both):
        raise Refused("its bias is computed from the input")
    inputs.append(w.b.constant(np.concatenate([by_gate(part) for part in both], axis=1)))
    starts = ["" if h.zero else w.b.node("Unsqueeze", w.name(h), w.b.constant([0])) for h in states]
    if any(starts):
        zero = w.b.node("Mul", next(filter(None, starts)), w.b.constant(gates.dtype.type(0)))
        inputs += ["", *(s or zero for s in starts)]
    names = w.b.node(op, *inputs, outputs=1 + len(states), hidden_size=n, **settings)
    every = w.b.node("Squeeze", names[0], w.b.constant([1]))
    return every, [w.b.node("Squeeze", name, w.b.constant([0])) for name in names[1:]]


def _lstm(w: Writer, gates: Any, weight: Any, h: Any, c: Any, keep: bool = True) -> dict[str, str]:
    every, last = _recurrent(w, "LSTM", gates, weight, None, (h, c), (0, 3, 1, 2))
    return {"0": every, "(0, -1)": last[0], "(1, -1)": last[1]}


def _gru(w: Writer, gates: Any, weight: Any, bias: Any, h: Any, keep: bool = True) -> dict[str, str]:
    every, last = _recurrent(w, "GRU", gates, weight, bias, (h,), (1, 0, 2), linear_before_reset=1)
    return {"0": every, "(0, -1)": last[0]}


def _rnn(w: Writer, gates: Any, weight: Any, h: Any, nonlinearity: str = "tanh") -> Any:
    kind = "Tanh" if nonlinearity == "tanh" else "Relu"
    return _recurrent(w, "RNN", gates, weight, None, (h,), (0,), activations=[kind])[0]


RULES = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
