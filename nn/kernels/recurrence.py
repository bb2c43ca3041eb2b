"""The steps of LSTM, GRU and RNN over time as one primitive each, for a benchmark shows that it pays: rows by the
sequence, not by the step.

A primitive's result holds the states of all steps and, where a derivative may follow, the gates as well, so that the
way back computes no product twice. Each part is one block (T, N, H): the loops run over contiguous arrays, and all that
need not wait for the next step is done for all steps at once. Wherever something is not a plain array (forward mode,
higher orders), or not of one real dtype, the equations themselves are computed and differentiated:
``steps_of_lstm``, ``steps_of_gru`` and ``steps_of_rnn``, to which the tests hold the fused forms.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.node import PLAIN

from .fused import column_sums

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array

__all__ = ["gru", "gru_step", "lstm", "lstm_step", "rnn", "rnn_step", "steps_of_gru", "steps_of_lstm", "steps_of_rnn"]


# The equations of one step -------------------------------------------------------------------------------------------


def lstm_step(gates: AnyArray, h: AnyArray, c: AnyArray) -> tuple[AnyArray, ...]:
    """i, f, o = σ(…), g = tanh(…); c′ = f c + i g, h′ = o tanh c′ (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    (h′, c′, i, f, g, o) from the gates' arguments (N, 4H), and h and c (N, H).
    """
    n = h.shape[-1]
    squashed = ag.sigmoid(gates)
    i, f, o = squashed[:, :n], squashed[:, n : 2 * n], squashed[:, 3 * n :]
    new = ag.tanh(gates[:, 2 * n : 3 * n])
    c = f * c + i * new
    return o * ag.tanh(c), c, i, f, new, o


def gru_step(gates: AnyArray, own: AnyArray, h: AnyArray) -> tuple[AnyArray, ...]:
    """r, z = σ(x + u), n = tanh(x + r u); h′ = (1 − z) n + z h (Cho et al. 2014).

    (h′, r, z, n, u's part of n) from the input's part x of the gates' arguments (N, 3H), the state's part u and h.
    """
    n = h.shape[-1]
    both = ag.sigmoid(gates[:, : 2 * n] + own[:, : 2 * n])
    r, z, of_new = both[:, :n], both[:, n:], own[:, 2 * n :]
    new = ag.tanh(gates[:, 2 * n :] + r * of_new)
    return new + z * (h - new), r, z, new, of_new


def rnn_step(gates: AnyArray, nonlinearity: str) -> AnyArray:
    """h′ = tanh(…), or relu(…), of the argument (N, H) (Elman 1990)."""
    return ag.tanh(gates) if nonlinearity == "tanh" else ag.relu(gates)


def steps_of_lstm(gates: AnyArray, weight: AnyArray, h: AnyArray, c: AnyArray, keep: bool = True) -> AnyArray:
    """``lstm``, one row after the other."""
    rows = []
    for t in range(gates.shape[0]):
        step = lstm_step(gates[t] + h @ np.swapaxes(weight, 0, 1), h, c)
        h, c = step[:2]
        rows.append(np.stack(step if keep else step[:2]))
    return np.stack(rows, axis=1)


def steps_of_gru(gates: AnyArray, weight: AnyArray, bias: AnyArray | None, h: AnyArray, keep: bool = True) -> AnyArray:
    """``gru``, one row after the other."""
    rows = []
    for t in range(gates.shape[0]):
        step = gru_step(gates[t], h @ np.swapaxes(weight, 0, 1) + bias, h)
        h = step[0]
        rows.append(np.stack(step if keep else step[:1]))
    return np.stack(rows, axis=1)


def steps_of_rnn(gates: AnyArray, weight: AnyArray, h: AnyArray, nonlinearity: str = "tanh") -> AnyArray:
    """``rnn``, one row after the other."""
    rows = []
    for t in range(gates.shape[0]):
        h = rnn_step(gates[t] + h @ np.swapaxes(weight, 0, 1), nonlinearity)
        rows.append(h)
    return np.stack(rows)


# What the fused forms share ------------------------------------------------------------------------------------------


def _plain(*arrays: AnyArray) -> bool:
    """Plain arrays of one dtype of real numbers."""
    dtype = arrays[0].dtype
    return dtype.kind == "f" and all(type(a) in PLAIN and a.dtype == dtype for a in arrays)


def _by_gate(gates: Array, n: int) -> Array:
    """(T, N, kH) as (T, k, N, H): a view."""
    steps, count, width = gates.shape
    return gates.reshape(steps, count, width // n, n).swapaxes(1, 2)


def _matrices(weight: Array) -> Array:
    """(kH, H) as k matrices (H, H): a view."""
    n = weight.shape[1]
    return weight.reshape(-1, n, n)


def _sigmoid(z: Array, half: Array) -> None:
    """σ(z) = ½ + ½ tanh(z/2) in place."""
    np.multiply(z, half, z)
    np.tanh(z, z)
    np.multiply(z, half, z)
    np.add(z, half, z)


def _before(first: Array, states: Array) -> Array:
    """The state before every step."""
    before = np.empty_like(states, order="C")
    before[0] = first
    before[1:] = states[:-1]
    return before


def _slope_of_sigmoid(a: Array, out: Array) -> Array:
    """a (1 − a)."""
    np.multiply(a, a, out)
    return np.subtract(a, out, out)


def _slope_of_tanh(a: Array, out: Array) -> Array:
    """1 − a²."""
    np.multiply(a, a, out)
    return np.subtract(1, out, out)


def _by_step(local: Array) -> Array:
    """(k, T, N, H) as (T, N, kH): the cotangents of the gates' arguments, all gates of a sequence side by side."""
    gates, steps, count, n = local.shape
    return np.transpose(local, (1, 2, 0, 3)).copy().reshape(steps, count, gates * n)


def _of_weight(local: Array, h_before: Array) -> Array:
    """Σ over steps and sequences of cotangent ⊗ state: local (T, N, kH), h_before (T, N, H)."""
    return np.matmul(local.reshape(-1, local.shape[2]).T, h_before.reshape(-1, h_before.shape[2]))


def _operations(call: Any, gates: int, products: int, others: int) -> int:
    """For each step and sequence: products of a vector with the matrix, and operations on each of the n units."""
    steps, count, width = call.shapes[0]
    n = width // gates
    return steps * count * (products * 2 * n * width + others * n)


# LSTM ----------------------------------------------------------------------------------------------------------------


def _of_lstm(g: Any, gates: AnyArray, weight: Any, h: Any, c: Any, ans: Any, keep: bool) -> tuple[AnyArray, ...]:
    if keep and _plain(g, gates, weight, h, c, ans):
        return _lstm_back(g, weight, h, c, ans)
    return ag.vjp(functools.partial(steps_of_lstm, keep=keep), gates, weight, h, c)[1](g)


@ag.primitive(
    contract="gates.shape[-1] == 4 * weight.shape[-1]",
    together=_of_lstm,
    flops=(lambda call: _operations(call, 4, 1, 13), lambda call: _operations(call, 4, 2, 28)),
)
def lstm(gates, weight, h, c, keep=True):
    """h and c after every step, (2, T, N, H), and with ``keep`` the gates i, f, g, o as well, (6, T, N, H).

    gates (T, N, 4H) are the input's part of the gates' arguments, weight (4H, H), h and c (N, H).
    """
    if not _plain(gates, weight, h, c):
        return steps_of_lstm(gates, weight, h, c, keep)
    steps, count, width = gates.shape
    n = width // 4
    half = np.array(0.5, gates.dtype)
    turned = np.swapaxes(_matrices(weight), 1, 2).copy()
    states = np.empty_like(gates, order="C", shape=(6 if keep else 2, steps, count, n))
    z = np.empty_like(gates, order="C", shape=(4, count, n))  # written and read while in the cache, then kept
    term = np.empty_like(gates, order="C", shape=(count, n))
    i_and_f, (i, f, new, o) = z[:2], z
    for t, (x, h_after, c_after) in enumerate(zip(_by_gate(gates, n), states[0], states[1], strict=True)):
        np.matmul(h, turned, z)
        np.add(z, x, z)
        _sigmoid(i_and_f, half)
        np.tanh(new, new)
        _sigmoid(o, half)
        if keep:
            states[2:, t] = z
        np.multiply(f, c, c_after)
        np.multiply(i, new, term)
        np.add(c_after, term, c_after)
        np.tanh(c_after, term)
        np.multiply(o, term, h_after)
        h, c = h_after, c_after
    return states


def _lstm_back(g: Array, weight: Array, h: Array, c: Array, ans: Array) -> tuple[AnyArray, ...]:
    (hs, cs), a, (i, f, new, o) = ans[:2], ans[2:], ans[2:]
    steps, count, n = hs.shape
    h_before, squashed = _before(h, hs), np.tanh(cs)
    # ∂gate/∂z, and then times ∂c′/∂gate, of o times ∂h′/∂gate
    local = _slope_of_sigmoid(a, np.empty_like(a, order="C"))
    _slope_of_tanh(new, local[2])
    from_gates = g[2:] * local if g[2:].any() else None  # what reached the gates themselves
    np.multiply(local[0], new, local[0])
    np.multiply(local[1], _before(c, cs), local[1])
    np.multiply(local[2], i, local[2])
    np.multiply(local[3], squashed, local[3])
    kept = _slope_of_tanh(squashed, squashed)
    np.multiply(kept, o, kept)  # ∂h′/∂c′
    g_h, g_c = (np.zeros_like(weight, order="C", shape=(count, n)) for _ in range(2))
    term, parts = np.empty_like(g_h), np.empty_like(local[:, 0], order="C")
    matrices = _matrices(weight)
    for t in range(steps - 1, -1, -1):
        np.add(g_h, g[0, t], g_h)
        np.add(g_c, g[1, t], g_c)
        np.multiply(g_h, kept[t], term)
        np.add(g_c, term, g_c)
        d = local[:, t]
        np.multiply(d[:3], g_c, d[:3])
        np.multiply(d[3], g_h, d[3])
        if from_gates is not None:
            np.add(d, from_gates[:, t], d)
        np.matmul(d, matrices, parts)
        np.add.reduce(parts, axis=0, out=g_h)
        np.multiply(g_c, f[t], g_c)
    of_gates = _by_step(local)
    return of_gates, _of_weight(of_gates, h_before), g_h, g_c


# GRU -----------------------------------------------------------------------------------------------------------------


def _of_gru(g: Any, gates: AnyArray, weight: Any, bias: AnyArray, h: Any, ans: Any, keep: bool) -> tuple[AnyArray, ...]:
    if keep and _plain(g, gates, weight, bias, h, ans):
        return _gru_back(g, weight, h, ans)
    return ag.vjp(functools.partial(steps_of_gru, keep=keep), gates, weight, bias, h)[1](g)


@ag.primitive(
    contract="gates.shape[-1] == 3 * weight.shape[-1]",
    together=_of_gru,
    flops=(lambda call: _operations(call, 3, 1, 13), lambda call: _operations(call, 3, 2, 25)),
)
def gru(gates, weight, bias, h, keep=True):
    """h after every step, (1, T, N, H), and with ``keep`` what the way back needs, (5, T, N, H): see ``gru_step``.

    gates (T, N, 3H) are the input's part of the gates' arguments, weight (3H, H), bias (3H,), h (N, H).
    """
    if not _plain(gates, weight, bias, h):
        return steps_of_gru(gates, weight, bias, h, keep)
    steps, count, width = gates.shape
    n = width // 3
    half = np.array(0.5, gates.dtype)
    turned = np.swapaxes(_matrices(weight), 1, 2).copy()
    biases = bias.reshape(3, 1, n)
    states = np.empty_like(gates, order="C", shape=(5 if keep else 1, steps, count, n))
    own = np.empty_like(gates, order="C", shape=(3, count, n))
    new = np.empty_like(gates, order="C", shape=(count, n))
    both, of_new = own[:2], own[2]
    r, z = both
    for t, (x, h_after) in enumerate(zip(_by_gate(gates, n), states[0], strict=True)):
        np.matmul(h, turned, own)
        np.add(own, biases, own)
        np.add(both, x[:2], both)
        _sigmoid(both, half)
        np.multiply(r, of_new, new)
        np.add(new, x[2], new)
        np.tanh(new, new)
        if keep:
            states[1:3, t], states[3, t], states[4, t] = both, new, of_new
        np.subtract(h, new, h_after)
        np.multiply(h_after, z, h_after)
        np.add(h_after, new, h_after)
        h = h_after
    return states


def _gru_back(g: Array, weight: Array, h: Array, ans: Array) -> tuple[AnyArray, ...]:
    hs, r, z, new, of_new = ans
    steps, count, n = hs.shape
    h_before = _before(h, hs)
    # ∂h′ over the arguments of r and z, the state's part of n's argument, and that argument
    local = np.empty_like(ans[1:], order="C")
    of_r, of_z, of_own, of_n = local
    slope = _slope_of_tanh(new, np.empty_like(new, order="C"))
    through_r = _slope_of_sigmoid(r, of_r)  # ∂r, and then the argument of n over that of r
    slope_of_z = _slope_of_sigmoid(z, of_z)
    from_gates = None
    if g[1:].any():  # what reached r, z, n and the state's part of n themselves
        of_argument = g[3] * slope
        from_gates = np.stack(
            [
                g[1] * through_r + of_argument * of_new * through_r,
                g[2] * slope_of_z,
                of_argument * r + g[4],
                of_argument,
            ]
        )
    np.subtract(1, z, of_n)
    np.multiply(of_n, slope, of_n)
    np.multiply(of_n, r, of_own)
    np.multiply(through_r, of_new, through_r)
    np.multiply(through_r, of_n, of_r)
    np.multiply(slope_of_z, h_before - new, of_z)
    g_h, parts = np.zeros_like(weight, order="C", shape=(count, n)), np.empty_like(local[:3, 0], order="C")
    matrices = _matrices(weight)
    for t in range(steps - 1, -1, -1):
        np.add(g_h, g[0, t], g_h)
        d = local[:, t]
        np.multiply(d, g_h, d)
        if from_gates is not None:
            np.add(d, from_gates[:, t], d)
        np.multiply(g_h, z[t], g_h)
        np.matmul(d[:3], matrices, parts)
        for part in parts:
            np.add(g_h, part, g_h)
    of_gates = _by_step(local[:3])
    of_weight, of_bias = _of_weight(of_gates, h_before), column_sums(of_gates)
    of_gates[..., 2 * n :] = of_n  # the input's part of n's argument is not multiplied by r
    return of_gates, of_weight, of_bias, g_h


# RNN -----------------------------------------------------------------------------------------------------------------


def _of_rnn(g: Any, gates: AnyArray, weight: Any, h: Any, ans: Any, nonlinearity: str) -> tuple[AnyArray, ...]:
    if _plain(g, gates, weight, h, ans):
        return _rnn_back(g, weight, h, ans, nonlinearity)
    return ag.vjp(functools.partial(steps_of_rnn, nonlinearity=nonlinearity), gates, weight, h)[1](g)


@ag.primitive(
    contract="gates.shape[-1] == weight.shape[-1]",
    together=_of_rnn,
    flops=(lambda call: _operations(call, 1, 1, 2), lambda call: _operations(call, 1, 2, 4)),
)
def rnn(gates, weight, h, nonlinearity="tanh"):
    """h after every step, (T, N, H): gates (T, N, H) are the input's part, weight (H, H), h (N, H)."""
    if not _plain(gates, weight, h):
        return steps_of_rnn(gates, weight, h, nonlinearity)
    turned = weight.T.copy()
    states = np.empty_like(gates, order="C")
    for x, after in zip(gates, states, strict=True):
        np.matmul(h, turned, after)
        np.add(after, x, after)
        if nonlinearity == "tanh":
            np.tanh(after, after)
        else:
            np.maximum(after, 0, out=after)
        h = after
    return states


def _rnn_back(g: Array, weight: Array, h: Array, ans: Array, nonlinearity: str) -> tuple[AnyArray, ...]:
    steps, count, n = ans.shape
    local = _slope_of_tanh(ans, np.empty_like(ans, order="C")) if nonlinearity == "tanh" else (ans > 0).astype(g.dtype)
    g_h = np.zeros_like(weight, order="C", shape=(count, n))
    for t in range(steps - 1, -1, -1):
        np.add(g_h, g[t], g_h)
        np.multiply(local[t], g_h, local[t])
        np.matmul(local[t], weight, g_h)
    return local, _of_weight(local, _before(h, ans)), g_h
