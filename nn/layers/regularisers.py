"""Penalties to be added to a loss, Ω in L + α Ω, and a constraint to be kept after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.errors import class_name

from ..modules.hooks import RemovableHandle
from ..modules.module import Module
from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Args

Chosen = Module | Iterable[Tensor]
Where = Callable[[str, Parameter], bool]


def weights(model: Module, where: Where | None = None) -> Iterator[Tensor]:
    """The parameters of a model that are penalised: all but the biases, or those for which ``where(path, p)``.

    A bias is a parameter whose own name begins with "bias"; a frozen parameter is not a weight either.
    """
    for path, parameter in model.named_parameters():
        chosen = where(path, parameter) if where else not path.rpartition(".")[2].startswith("bias")
        if chosen and parameter.requires_grad:
            yield parameter


def _terms(name: str, parameters: Chosen, where: Where | None) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        terms = [parameters]
    else:
        terms = list(weights(parameters, where) if isinstance(parameters, Module) else parameters)
    if not terms:
        raise ValueError(f"{name}: no parameters chosen. Fix: choose with where=lambda path, parameter: …")
    return terms


def _sum(terms: Iterable[Any]) -> Tensor:
    first, *others = terms
    for term in others:
        first = first + term
    return first


def l1_penalty(parameters: Chosen, where: Where | None = None) -> Tensor:
    """‖W‖₁ = Σ |w|: drives weights to exactly zero; the negative log of a Laplace prior (Tibshirani 1996).

    where : which parameters of a model count
    parameters : a model (its weights without biases, or those that ``where(path, parameter)`` chooses), or tensors

    >>> l1_penalty([Tensor([[1.0, -2.0]], requires_grad=True)]).item()
    3.0
    """
    return _sum(np.sum(np.abs(w)) for w in _terms("l1_penalty", parameters, where))


def l2_penalty(parameters: Chosen, where: Where | None = None) -> Tensor:
    """½‖W‖₂² = ½ Σ w²: its gradient is W (weight decay); the negative log of a Gaussian prior (Hoerl & Kennard 1970).

    where : which parameters of a model count
    parameters : a model (its weights without biases, or those that ``where(path, parameter)`` chooses), or tensors

    >>> l2_penalty([Tensor([[3.0, 4.0]], requires_grad=True)]).item()
    12.5
    """
    return _sum(0.5 * np.sum(np.square(w)) for w in _terms("l2_penalty", parameters, where))


def orthogonal_penalty(parameters: Chosen, where: Where | None = None) -> Tensor:
    """‖W Wᵀ − I‖² (Frobenius), or ‖Wᵀ W − I‖² where W has fewer columns than rows (Brock et al. 2017).

    parameters, where : those of ``l1_penalty``

    A weight of more than 2 axes is seen as a matrix (first axis, all others); vectors and numbers are left out.

    >>> import nn
    >>> orthogonal_penalty([nn.Parameter(2 * np.eye(2))]).item()
    18.0
    """
    matrices = [w for w in _terms("orthogonal_penalty", parameters, where) if w.ndim > 1]
    if not matrices:
        raise ValueError("orthogonal_penalty: none of the chosen parameters is a matrix.")
    return _sum(_from_orthogonal(np.reshape(w, (w.shape[0], -1))) for w in matrices)


def _from_orthogonal(w: AnyArray) -> AnyArray:
    gram = w @ np.swapaxes(w, 0, 1) if w.shape[0] <= w.shape[1] else np.swapaxes(w, 0, 1) @ w
    return np.sum(np.square(gram - np.eye(gram.shape[0], dtype=w.dtype)))


class ActivityPenalty:
    """Ω(h) of what modules put out: Σ |h| (a sparse representation) or ½ Σ h², averaged over the batch.

    modules : a module or several; each forward pass in which something is recorded adds its output
    norm    : 1 or 2

    Called, it gives the sum since it was last called. ``remove()``, or the end of a ``with`` block, stops it.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
    >>> with ActivityPenalty(model[1]) as penalty:
    ...     loss = model(np.ones((4, 3), np.float32)).sum() + 0.1 * penalty()
    >>> loss.backward()
    """

    def __init__(self, modules: Module | Iterable[Module], norm: int = 1) -> None:
        if norm not in (1, 2):
            raise ValueError(f"ActivityPenalty: norm is 1 or 2, not {norm!r}.")
        self.norm = norm
        self._found: list[Any] = []
        listed = [modules] if isinstance(modules, Module) else list(modules)
        self._handles: list[RemovableHandle] = [m.register_forward_hook(self._add) for m in listed]

    def _add(self, module: Module, args: Args, output: object) -> None:
        if not isinstance(output, Tensor):
            raise TypeError(f"ActivityPenalty: the output is {class_name(output)}, not a tensor.")
        if ag.is_grad_enabled():
            total = np.sum(np.abs(output)) if self.norm == 1 else 0.5 * np.sum(np.square(output))
            self._found.append(total * (1 / max(1, output.shape[0] if output.ndim > 1 else 1)))

    def __call__(self) -> Tensor:
        if not self._found:
            raise RuntimeError("ActivityPenalty: no forward pass since the last call. Fix: call the model first.")
        found, self._found = self._found, []
        return _sum(found)

    def remove(self) -> None:
        """Stop adding outputs up."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> ActivityPenalty:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def max_norm_(parameters: Chosen, max_norm: float = 3.0, where: Where | None = None) -> None:
    """Shorten, in place, the weights of each unit to a length of at most ``max_norm``; for after ``optimizer.step()``.

    parameters, where : those of ``nn.l1_penalty``
    max_norm : the greatest length, > 0

    A unit is a slice along the first axis: the incoming weights of an output. Vectors and numbers are left alone.
    Hinton et al. 2012; Srivastava et al. 2014, section 5.1.

    >>> w = Tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> max_norm_([w], 1.0)
    >>> w
    Tensor([[0.6, 0.8],
            [0.3, 0.4]], dtype=float32)
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm_: max_norm={max_norm!r} must be positive.")
    for w in _terms("max_norm_", parameters, where):
        if w.ndim > 1:
            rows = w._data.reshape(w.shape[0], -1)
            lengths = np.linalg.norm(rows, axis=1)
            factors = np.minimum(1, max_norm / np.maximum(lengths, max_norm * 1e-7))
            w._data[...] *= factors.astype(w.dtype).reshape(-1, *[1] * (w.ndim - 1))
