"""Sums over the ranks: of gradients, which lie side by side in one array for it, and of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd_core import Tensor
from autograd_core.support.arrays import brought, hosted
from autograd_core.support.vectors import joined, pieces

from .communicator import Communicator, checked

if TYPE_CHECKING:
    from autograd_core.support.types import Array

Numbers = TypeVar("Numbers", float, Mapping[str, float])


def summed(numbers: Sequence[float], comm: Communicator) -> list[float]:
    """Each number's sum over the ranks: in float64, with the same bits everywhere."""
    sent = np.array(numbers, np.float64)
    received = np.empty_like(sent)
    comm.Allreduce(sent, received)
    return received.tolist()


def average(value: Numbers, comm: Communicator, weight: float = 1.0) -> Numbers:
    """The mean over the ranks, Σ wᵣ·valueᵣ / Σ wᵣ, the same on every rank.

    value : a number, or a dict of numbers of the same names everywhere
    comm : a communicator
    weight : wᵣ, such as how many samples this rank has; its value does not count where that is 0

    >>> from nn.distributed import Alone
    >>> average({"loss": 0.5, "accuracy": 1.0}, Alone(), weight=32)
    {'loss': 0.5, 'accuracy': 1.0}
    """
    comm = checked("average", comm)
    names = list(value) if isinstance(value, Mapping) else []
    mine = list(value.values()) if isinstance(value, Mapping) else [value]
    *sums, total = summed([weight * float(v) if weight else 0.0 for v in mine] + [weight], comm)
    means = [s / total if total else math.nan for s in sums]
    return dict(zip(names, means, strict=True)) if isinstance(value, Mapping) else means[0]  # type: ignore[return-value]


def backward(loss: Tensor, parameters: Iterable[Tensor], comm: Communicator, samples: float = 1.0) -> float:
    """Add the gradients of the loss of all ranks, Σ nᵣ·lossᵣ / Σ nᵣ, to the parameters of each, and return that loss.

    loss : the mean over this rank's samples, one number
    parameters : those of the model, in the same order everywhere
    comm : a communicator
    samples : nᵣ, over how many samples this rank's mean is; with it ranks may have parts of different sizes

    Every rank ends with the same bits: those of one process with the whole batch, but for rounding.

    >>> from nn.distributed import Alone
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> backward((w * w).mean(), [w], Alone(), samples=2), w.grad.tolist()
    (2.5, [1.0, 2.0])
    """
    comm, listed = checked("backward", comm), list(parameters)
    before = [p.grad for p in listed]
    for p in listed:
        if p.requires_grad:
            p.grad = None
    total, everybody = summed([samples * loss.item() if samples else 0.0, samples], comm)
    (loss * (samples / everybody)).backward()
    reduce_gradients(listed, comm)
    for p, old in zip(listed, before, strict=True):
        if old is not None:
            p.grad = old if p.grad is None else old + p.grad
    return total / everybody


def reduce_gradients(parameters: Iterable[Tensor], comm: Communicator) -> None:
    """Replace every gradient by its sum over the ranks; one that a rank does not have counts as zero there.

    parameters : in the same order everywhere
    comm : a communicator
    """
    chosen = [p for p in parameters if p.requires_grad]
    grads = [None if p.grad is None else p.grad._data for p in chosen]
    for p, grad in zip(chosen, sums_of(grads, [p._data for p in chosen], comm), strict=True):
        p.grad = None if grad is None else Tensor(grad)


def sums_of(arrays: Sequence[Any], like: Sequence[Array], comm: Communicator) -> list[Any]:
    """Each array's sum over the ranks, by one call for all; None for what no rank has.

    like : arrays of the same shapes and dtypes, which every rank has

    Narrow floats are summed as float32.
    """
    there = np.array([array is not None for array in arrays], np.float32)
    pairs = list(zip(arrays, like, strict=True))
    given = [np.zeros(a.shape, a.dtype) if array is None else hosted(array) for array, a in pairs]
    sent = joined([*given, there], np.result_type(np.float32, *[a.dtype for a in like]))
    received = np.empty_like(sent)
    comm.Allreduce(sent, received)
    *found, anywhere = pieces(received, [*(a.shape for a in like), there.shape])
    wanted = zip(found, like, anywhere, strict=True)
    return [brought(array.astype(a.dtype, copy=False), a) if n else None for array, a, n in wanted]
