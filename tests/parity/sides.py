"""The same computation here and in PyTorch: outputs and all gradients, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd_core as ag

TOLERANCE = 1e-9


def flat(result: Any) -> list[Any]:
    return [y for part in result for y in flat(part)] if isinstance(result, (tuple, list)) else [result]


def assert_same(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    *inputs: Any,
    parameters: Sequence[tuple[Any, Any]] = (),
    tolerance: float = TOLERANCE,
) -> None:
    """Equal results, and equal gradients of a fixed combination of them, for inputs and (ours, theirs) parameters.

    Floating arrays among the inputs are differentiated; everything else is handed on as it is.
    """
    import torch

    floating = [isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in inputs]
    left = [ag.Tensor(x.copy(), requires_grad=True) if f else x for x, f in zip(inputs, floating, strict=True)]
    right = [
        torch.tensor(x, requires_grad=f) if isinstance(x, np.ndarray) else x
        for x, f in zip(inputs, floating, strict=True)
    ]
    results = flat(ours(*left)), flat(theirs(*right))
    total: Any = 0.0
    total_right: Any = 0.0
    for k, (y, z) in enumerate(zip(*results, strict=True)):
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=tolerance, atol=tolerance)
        assert y.shape == tuple(z.shape)
        if z.requires_grad:
            u = np.cos(np.arange(y.size) + k).reshape(y.shape)
            total = total + (y * u).sum()
            total_right = total_right + (z * torch.tensor(u)).sum()
    if not isinstance(total, float):
        total.backward()
        total_right.backward()
    pairs = [(a, b) for a, b, f in zip(left, right, floating, strict=True) if f] + list(parameters)
    for a, b in pairs:
        expected = np.zeros(a.shape) if b.grad is None else b.grad.numpy()
        found = np.zeros(a.shape) if a.grad is None else a.grad.numpy()
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
