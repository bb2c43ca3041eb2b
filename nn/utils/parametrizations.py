"""Weights of a given norm, of spectral norm 1, or orthogonal; as ``torch.nn.utils.parametrizations``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor, default_generator
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, highest

from ..modules.module import Module
from .parametrize import register_parametrization

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _tensor(operation: str, module: Module, name: str) -> Tensor:
    tensor = getattr(module, name, None)
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{operation}: {class_name(module)} has no parameter or buffer {name!r}.")
    return tensor


# Weight normalisation ----------------------------------------------------------------------------------------------


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """w = g · v / ‖v‖: length g and direction v of a weight are learned apart (Salimans & Kingma 2016, eq. 2).

    module, name : whose tensor, by which name
    dim : the axis along which each slice has a length of its own; None, one length for the whole tensor

    The parameters are ``parametrizations.weight.original0`` (g) and ``original1`` (v). Returns the module.

    >>> import nn
    >>> layer = weight_norm(nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape, layer.parametrizations.weight.original1.shape
    ((40, 1), (40, 20))
    """
    _tensor("weight_norm", module, name)
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        self.dim = -1 if dim is None else dim

    def _norm(self, v: AnyArray) -> AnyArray:
        """‖v‖ over all axes but ``dim``, which keep length 1; over all, and without axes, where it is −1."""
        if self.dim == -1:
            return np.sqrt(np.sum(np.square(v)))
        axes = tuple(i for i in range(v.ndim) if i != self.dim)
        return np.sqrt(np.sum(np.square(v), axis=axes, keepdims=True))

    def forward(self, weight_g: AnyArray, weight_v: AnyArray) -> AnyArray:
        return weight_v * (weight_g / self._norm(weight_v))

    def right_inverse(self, weight: AnyArray) -> tuple[AnyArray, AnyArray]:
        return self._norm(weight), weight


# Spectral normalisation --------------------------------------------------------------------------------------------


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """W / σ(W), σ the largest singular value, which power iteration follows (Miyato et al. 2018, algorithm 1).

    module, name : whose tensor, by which name
    n_power_iterations : steps at each use in training
    eps : the least length that is divided by
    dim : the axis of the outputs (the module's ``axis_of_outputs``, 1 for transposed convolutions; 0 where it has
        none); the others are flattened together

    The singular vectors are buffers; they move whenever the weight is asked for in training. Returns the module.

    >>> import nn
    >>> layer = spectral_norm(nn.Linear(20, 40), n_power_iterations=50).eval()
    >>> bool(abs(np.linalg.norm(layer.weight.numpy(), 2) - 1) < 0.05)
    True
    """
    weight = _tensor("spectral_norm", module, name)
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: n_power_iterations={n_power_iterations} must be at least 1.")
    if dim is None:
        dim = getattr(module, "axis_of_outputs", 0)
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


def _normalized(x: AnyArray, eps: float) -> AnyArray:
    return x / np.maximum(np.linalg.norm(x), x.dtype.type(eps))


class _SpectralNorm(Module):
    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        if not -weight.ndim <= dim < weight.ndim:
            raise ValueError(f"spectral_norm: dim={dim} is not an axis of a weight of shape {weight.shape}.")
        self.dim, self.eps = dim % weight.ndim, eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight._data)
            draw = default_generator()
            for vector, size in (("_u", matrix.shape[0]), ("_v", matrix.shape[1])):
                self.register_buffer(vector, _normalized(draw.normal(size=size).astype(weight.dtype), eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: AnyArray) -> AnyArray:
        if self.dim:
            weight = np.transpose(weight, (self.dim, *(i for i in range(weight.ndim) if i != self.dim)))
        return np.reshape(weight, (weight.shape[0], -1))

    def _iterate(self, matrix: AnyArray, times: int) -> None:
        u, v = self._u._data, self._v._data
        for _ in range(times):
            u[...] = _normalized(matrix @ v, self.eps)
            v[...] = _normalized(matrix.T @ u, self.eps)

    def forward(self, weight: AnyArray) -> AnyArray:
        if weight.ndim == 1:
            return weight / np.maximum(np.sqrt(np.sum(np.square(weight))), self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(bare(matrix), self.n_power_iterations)
        u, v = self._u._data.copy(), self._v._data.copy()  # a later iteration must not move what was recorded
        return weight / (u @ (matrix @ v))

    def right_inverse(self, value: Tensor) -> AnyArray:
        return value


# Orthogonal matrices -----------------------------------------------------------------------------------------------

_MAPS = ("matrix_exp", "cayley", "householder")


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """A weight with orthonormal columns (rows, where there are fewer of them); returns the module.

    module, name : whose tensor, by which name
    orthogonal_map : how it is computed from an unconstrained matrix X, of which only the lower triangle L counts:
        matrix_exp   exp(A), A = L − Lᵀ (default for square matrices)
        cayley       (I + A/2)(I − A/2)⁻¹
        householder  a product of reflections I − τ v vᵀ, v the columns of L (default otherwise)
    use_trivialization : multiply from the left by a fixed orthogonal matrix, the buffer ``base``, so that the search
        starts at X ~ 0 (Lezcano-Casado 2019)

    The present weight is kept where it is orthogonal, else replaced by the Q of its QR decomposition (with the maps
    matrix_exp and cayley only with ``use_trivialization``). Real weights only.

    >>> import nn
    >>> Q = orthogonal(nn.Linear(20, 40)).weight.numpy()
    >>> bool(np.allclose(Q.T @ Q, np.eye(20), atol=1e-5))
    True
    """
    weight = _tensor("orthogonal", module, name)
    if weight.ndim < 2:
        raise ValueError(f"orthogonal: {name} of shape {weight.shape}; expected a matrix, or a stack of them.")
    if weight.dtype.kind != "f":
        raise TypeError(f"orthogonal: {name} is {weight.dtype}; only real floating weights are supported.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(f"orthogonal: orthogonal_map={orthogonal_map!r}; one of {_MAPS}.")
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


class _Orthogonal(Module):
    base: Any

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        self.shape, self.orthogonal_map, self.trivialized = weight.shape, orthogonal_map, use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: AnyArray) -> AnyArray:
        wide = x.shape[-2] < x.shape[-1]
        x = np.swapaxes(x, -1, -2) if wide else x
        q = _reflections(x) if self.orthogonal_map == "householder" else _rotation(x, self.orthogonal_map)
        if self.trivialized:
            q = self.base @ q
        return np.swapaxes(q, -1, -2) if wide else q

    def right_inverse(self, value: Tensor) -> AnyArray:
        if value.shape != self.shape:
            raise ValueError(f"orthogonal: {value.shape} assigned to a weight of shape {self.shape}.")
        q: AnyArray = value.numpy()
        wide = q.shape[-2] < q.shape[-1]
        q = np.swapaxes(q, -1, -2) if wide else q
        n, k = q.shape[-2:]
        if self.trivialized:
            if n > k:
                noise = default_generator().normal(size=(*q.shape[:-2], n, n - k)).astype(q.dtype)
                q = _orthogonalized(np.concatenate([q, noise], axis=-1))
            elif not _is_orthogonal(q):
                q = _orthogonalized(q)
            self.base = Tensor(q.copy())
            # −I, for with it the reflections (whose diagonal holds signs) give I
            return Tensor(np.broadcast_to(-np.eye(*self.shape[-2:], dtype=q.dtype), self.shape).copy())
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                f"orthogonal: {self.orthogonal_map} without use_trivialization cannot be assigned to: the map has no "
                "inverse here. Fix: use_trivialization=True, or householder."
            )
        h, tau = np.linalg.qr(q, mode="raw")
        x = np.swapaxes(h, -1, -2).copy()
        i = np.arange(k)
        x[..., i, i] = np.where(tau == 0, -1, 1) * np.sign(x[..., i, i])  # the signs that make R's diagonal positive
        return Tensor(np.swapaxes(x, -1, -2).copy() if wide else x)

    def extra_repr(self) -> str:
        return f"orthogonal_map={self.orthogonal_map!r}"


def _rotation(x: AnyArray, orthogonal_map: str) -> AnyArray:
    """The first columns of exp(A), or of its Cayley approximation, for A = L − Lᵀ."""
    n, k = x.shape[-2:]
    lower = x * np.tril(np.ones_like(bare(x), shape=(n, k)))
    if n > k:
        lower = np.concatenate([lower, np.zeros_like(bare(x), shape=(*x.shape[:-2], n, n - k))], axis=-1)
    a = lower - np.swapaxes(lower, -1, -2)
    eye = brought(np.eye(n, dtype=x.dtype), x)
    q = _matrix_exp(a, eye) if orthogonal_map == "matrix_exp" else np.linalg.solve(eye - 0.5 * a, eye + 0.5 * a)
    return q[..., :k] if n > k else q


def _matrix_exp(a: AnyArray, eye: AnyArray) -> AnyArray:
    """exp(A) by scaling and squaring: (Σ (A/2ˢ)ⁱ/i!)^(2ˢ), the sum cut where its terms vanish (Higham 2005)."""
    size = float(highest(np.abs(bare(a)).sum(axis=-1), initial=0.0))
    squarings = max(0, int(np.ceil(np.log2(size * 4)))) if size > 0 else 0
    a = a * (0.5**squarings)
    q = eye
    for i in range(13, 0, -1):  # ‖A‖ ≤ 1/4: the next term is below 1e-19
        q = eye + (a @ q) * (1 / i)
    for _ in range(squarings):
        q = q @ q
    return q


def _reflections(x: AnyArray) -> AnyArray:
    """(I − τ₁ v₁v₁ᵀ) … (I − τ_k v_k v_kᵀ), first k columns, each with the sign that stands on X's diagonal.

    v_i has a 1 at place i and X's column below it; τ = 2/‖v‖². Golub & Van Loan 2013, section 5.1.
    """
    n, k = x.shape[-2:]
    below = x * np.tril(np.ones_like(bare(x), shape=(n, k)), -1)
    tau = 2 / (1 + np.sum(np.square(below), axis=-2, keepdims=True))
    q: Any = brought(np.eye(n, k, dtype=x.dtype), x)
    v = below + q
    for i in range(k - 1, -1, -1):
        column = v[..., i : i + 1]
        q = q - (tau[..., i : i + 1] * column) @ (np.swapaxes(column, -1, -2) @ q)
    diagonal = np.diagonal(bare(x), axis1=-2, axis2=-1)
    return q * np.trunc(diagonal)[..., None, :]


def _is_orthogonal(q: AnyArray) -> bool:
    product = np.swapaxes(q, -1, -2) @ q
    return bool(np.allclose(product, np.eye(q.shape[-1]), rtol=1e-5, atol=10 * q.shape[-2] * np.finfo(q.dtype).eps))


def _orthogonalized(a: AnyArray) -> AnyArray:
    """The Q of A = QR with a positive diagonal of R."""
    q, r = np.linalg.qr(a)
    return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
