"""The steps of an LSTM over time as one primitive, for a benchmark shows that it pays: 3 nodes instead of 15 a step.

Forward and backward are loops over plain arrays; everything that need not wait for the step before is done for all
steps at once. Wherever something is not a plain array (forward mode, higher orders), or not of the same real dtype, the
equations themselves are computed and differentiated: ``steps_of_lstm``, to which the tests hold the fused form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag

__all__ = ["lstm", "lstm_step", "steps_of_lstm"]


def lstm_step(gates: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """i, f, o = σ(…), g = tanh(…); c′ = f c + i g, h′ = o tanh c′ (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
    n = h.shape[-1]
    squashed = ag.sigmoid(gates)
    i, f, o = squashed[:, :n], squashed[:, n : 2 * n], squashed[:, 3 * n :]
    c = f * c + i * ag.tanh(gates[:, 2 * n : 3 * n])
    return o * ag.tanh(c), c


def steps_of_lstm(gates: Any, weight: Any, h: Any, c: Any) -> Any:
    """(T, N, 2H): h and c after every step; gates (T, N, 4H) are the input's part, weight (4H, H), h and c (N, H)."""
    states = []
    for t in range(gates.shape[0]):
        h, c = lstm_step(gates[t] + h @ np.swapaxes(weight, 0, 1), h, c)
        states.append(np.concatenate([h, c], axis=-1))
    return np.stack(states)


def _plain(*arrays: Any) -> bool:
    """Arrays of NumPy's, of one dtype of real numbers."""
    dtype = arrays[0].dtype
    return dtype.kind == "f" and all(type(a) is np.ndarray and a.dtype == dtype for a in arrays)


def _squashing(n: int, dtype: Any) -> tuple[Any, Any]:
    """σ(z) = ½ + ½ tanh(z/2), so one tanh does all gates: a = scale · tanh(scale · z) + shift."""
    scale, shift = np.full(4 * n, 0.5, dtype), np.full(4 * n, 0.5, dtype)
    scale[2 * n : 3 * n], shift[2 * n : 3 * n] = 1, 0
    return scale, shift


def _cotangents(g: Any, gates: Any, weight: Any, h: Any, c: Any, ans: Any) -> tuple[Any, ...]:
    if _plain(g, gates, weight, h, c, ans):
        return _back_through_time(g, gates, weight, h, c, ans)
    return ag.vjp(steps_of_lstm, gates, weight, h, c)[1](g)


def _operations(call: Any, products: int, others: int) -> int:
    """For each step and sequence: products of a vector with the matrix, and operations on each of the n units."""
    steps, count, width = call.shapes[0]
    n = width // 4
    return steps * count * (products * 2 * n * width + others * n)


@ag.primitive(
    contract="gates.shape[-1] == 4 * weight.shape[-1]",
    together=_cotangents,
    # Backward: the gates once more, ∂h, ∂weight; whichever of them is asked for.
    flops=(lambda call: _operations(call, 1, 13), lambda call: _operations(call, 3, 35)),
)
def lstm(gates, weight, h, c):
    """``steps_of_lstm`` in one row of the table."""
    if not _plain(gates, weight, h, c):
        return steps_of_lstm(gates, weight, h, c)
    steps, count, width = gates.shape
    n = width // 4
    scale, shift = _squashing(n, gates.dtype)
    turned = np.multiply(weight.T, scale)  # (H, 4H), the halves of the sigmoids' arguments included
    scaled = gates * scale
    states = np.empty_like(gates, shape=(steps, count, 2 * n))
    z = np.empty_like(gates, shape=(count, width))
    product = np.empty_like(c)
    for z_input, state in zip(scaled, states, strict=True):
        np.matmul(h, turned, z)
        np.add(z, z_input, z)
        np.tanh(z, z)
        np.multiply(z, scale, z)
        np.add(z, shift, z)
        h, after = state[:, :n], state[:, n:]
        np.multiply(z[:, n : 2 * n], c, after)
        np.multiply(z[:, :n], z[:, 2 * n : 3 * n], product)
        np.add(after, product, after)
        np.tanh(after, product)
        np.multiply(z[:, 3 * n :], product, h)
        c = after
    return states


def _back_through_time(g: Any, gates: Any, weight: Any, h: Any, c: Any, ans: Any) -> tuple[Any, ...]:
    steps, count, width = gates.shape
    n = width // 4
    scale, shift = _squashing(n, gates.dtype)
    before = np.concatenate([np.concatenate([h, c], axis=1)[None], ans[:-1]])  # h and c before every step
    h_before = np.ascontiguousarray(before[..., :n])
    # The gates once more, of all steps in one product: less memory than keeping them from the forward pass.
    a = np.matmul(h_before.reshape(-1, n), weight.T).reshape(gates.shape)
    a += gates
    a *= scale
    np.tanh(a, a)
    a *= scale
    a += shift
    i, f, new, o = (a[..., k * n : (k + 1) * n] for k in range(4))
    squashed = np.tanh(ans[..., n:])
    local = a * (1 - a)  # ∂gate/∂z of the sigmoids; each is then multiplied with ∂c′ or ∂h′ over ∂gate
    local[..., :n] *= new
    local[..., n : 2 * n] *= before[..., n:]
    local[..., 2 * n : 3 * n] = i * (1 - new * new)
    local[..., 3 * n :] *= squashed
    kept = o * (1 - squashed * squashed)  # ∂h′/∂c′
    g_h, g_c = (np.zeros((count, n), gates.dtype) for _ in range(2))
    term = np.empty((count, n), gates.dtype)
    for t in range(steps - 1, -1, -1):
        np.add(g_h, g[t, :, :n], g_h)
        np.add(g_c, g[t, :, n:], g_c)
        np.multiply(g_h, kept[t], term)
        np.add(g_c, term, g_c)
        d = local[t]
        by_gate = d.reshape(count, 4, n)  # a view
        np.multiply(by_gate[:, :3], g_c[:, None], by_gate[:, :3])
        np.multiply(by_gate[:, 3], g_h, by_gate[:, 3])
        np.matmul(d, weight, g_h)
        np.multiply(g_c, f[t], g_c)
    of_weight = np.matmul(local.reshape(-1, width).T, h_before.reshape(-1, n))
    return local, of_weight, g_h, g_c
