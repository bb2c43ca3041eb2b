"""Gradients held within bounds before an optimizer's step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

from ..kernels.accuracy import accurate

if TYPE_CHECKING:
    from autograd_core.support.types import Function, TensorLike

Tensors = Tensor | Iterable[Tensor]


def _with_gradients(name: str, parameters: Tensors) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for i, p in enumerate(listed):
        if not isinstance(p, Tensor):
            raise TypeError(f"{name}: parameter {i} is {class_name(p)}, not a Tensor.")
    return list({id(p): p for p in listed if p.grad is not None}.values())


def _set(parameter: Tensor, operation: Function, *operands: Any) -> None:
    """Apply a ufunc to a gradient: in place, but never to a gradient that is itself recorded."""
    g: Any = parameter.grad
    if g.requires_grad:
        parameter.grad = Tensor(operation(g._data, *operands))
    else:
        operation(g._data, *operands, out=g._data)


def get_total_norm(tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Tensor:
    """The norm of all tensors as one vector: (Σ |x|^p)^(1/p), or max |x| for p = ∞; of float16 in float32.

    tensors : an iterable of tensors, or one
    norm_type : p, > 0 or ``inf``
    error_if_nonfinite : raise RuntimeError where the norm is NaN or ∞

    Raises RuntimeError for a norm that is not finite where ``error_if_nonfinite``.

    >>> get_total_norm([Tensor([3.0]), Tensor([4.0])]).item()
    5.0
    """
    listed: list[Tensor] = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    arrays = [t._data for t in listed]
    p = float(norm_type)
    norms = [np.linalg.norm(np.ravel(accurate(a)), p) for a in arrays if a.size]
    total = np.linalg.norm(np.stack(norms), p) if norms else np.float32(0)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"get_total_norm: the norm of order {p} of the gradients is {total}, so they cannot be clipped. "
            "Fix: find where they overflow, or error_if_nonfinite=False to go on."
        )
    return Tensor(total)


def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: TensorLike | float) -> None:
    """Multiply all gradients by min(1, max_norm / (total_norm + 1e-6)), in place; a factor of 1 changes no bit.

    parameters : tensors with gradients, or one
    max_norm : the greatest norm
    total_norm : what ``get_total_norm`` gave
    """
    total = bare(total_norm) if hasattr(total_norm, "dtype") else np.float64(total_norm)
    factor = np.minimum(float(max_norm) / (total.astype(np.float64) + 1e-6), 1.0)
    for p in _with_gradients("clip_grads_with_norm_", parameters):
        _set(p, np.multiply, factor.astype(p.dtype))


def clip_grad_norm_(
    parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients together so that their norm is at most ``max_norm``; returns the norm before.

    parameters : tensors with gradients, or one
    max_norm : the greatest norm
    norm_type, error_if_nonfinite : those of ``get_total_norm``

    The factor is min(1, max_norm / (norm + 1e-6)), as in PyTorch; a shared parameter counts once. Pascanu et al. 2013,
    algorithm 1. With a norm that is not finite the gradients become NaN or zero, unless ``error_if_nonfinite`` raises
    RuntimeError and leaves them alone.

    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_([w], 1.0).item(), w.grad
    (5.0, Tensor([0.59..., 0.79...], dtype=float32))
    """
    if math.isnan(max_norm) or max_norm < 0:
        raise ValueError(f"clip_grad_norm_: max_norm={max_norm!r} must not be negative.")
    chosen = _with_gradients("clip_grad_norm_", parameters)
    total = get_total_norm([p.grad for p in chosen if p.grad is not None], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(chosen, max_norm, total)
    return total


def clip_grad_value_(parameters: Tensors, clip_value: float) -> None:
    """Clip each element of each gradient to [−clip_value, clip_value], in place.

    parameters : tensors with gradients, or one
    clip_value : the greatest size of an element
    """
    bound = float(clip_value)
    if math.isnan(bound) or bound < 0:
        raise ValueError(f"clip_grad_value_: clip_value={clip_value!r} must not be negative.")
    for p in _with_gradients("clip_grad_value_", parameters):
        _set(p, np.clip, -bound, bound)
