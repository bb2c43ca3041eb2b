"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from autograd_core import Tensor
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, hosted
from autograd_core.support.vectors import joined, pieces

if TYPE_CHECKING:
    from autograd_core.support.types import TensorLike


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The parameters one after another in a single vector; gradients flow through it.

    parameters : tensors, in this order

    >>> parameters_to_vector([Tensor([[1.0, 2.0]]), Tensor([3.0])])
    Tensor([1., 2., 3.], dtype=float32)
    """
    listed = list(parameters)
    if not listed:
        raise ValueError("parameters_to_vector: no parameters given.")
    return joined(listed)


def vector_to_parameters(vec: TensorLike, parameters: Iterable[Tensor]) -> None:
    """Write a vector into the parameters, the inverse of ``parameters_to_vector``; each keeps its dtype.

    vec : a vector, array or tensor
    parameters : tensors that are written to, in this order

    Raises ValueError, with nothing written, where the vector has not exactly as many elements as the parameters.
    """
    array = hosted(bare(vec))
    listed = list(parameters)
    count = sum(p.size for p in listed)
    if array.shape != (count,):
        raise ValueError(
            f"vector_to_parameters: vector of shape {array.shape} for {count} parameters; expected ({count},)."
        )
    for p, part in zip(listed, pieces(array, [p.shape for p in listed]), strict=True):
        p._data[...] = brought(part, p)
