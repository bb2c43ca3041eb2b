"""Sums, averages and spreads over axes, as PyTorch spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import bare
from ..ops.places.indexing import getitem
from .arguments import along, axes, axis_of, cast

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis, DTypeLike, Function


def _along(function: Function, meaning: str) -> Function:
    def reduce(input: AnyArray, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> AnyArray:
        return function(cast(input, dtype), axis=axes(dim), keepdims=keepdim)

    reduce.__doc__ = f"The {meaning} over the axes ``dim``, or over all."
    return reduce


sum, mean, prod = _along(np.sum, "sum"), _along(np.mean, "mean"), _along(np.prod, "product")
nansum, nanmean = _along(np.nansum, "sum without NaN"), _along(np.nanmean, "mean without NaN")
amax, amin = _along(np.max, "largest element"), _along(np.min, "smallest element")


def aminmax(input: AnyArray, *, dim: Axis = None, keepdim: bool = False) -> Any:
    """The smallest and the largest element."""
    return amin(input, dim, keepdim), amax(input, dim, keepdim)


def _spread(function: Function, meaning: str) -> Function:
    def spread(
        input: AnyArray, dim: Axis = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
    ) -> AnyArray:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = correction if correction is not None else 1 if unbiased is None else int(unbiased)
        return function(input, axis=axes(dim), keepdims=keepdim, ddof=ddof)

    spread.__doc__ = f"The {meaning} over the axes ``dim``, or over all; of n − 1 where nothing else is said."
    return spread


std, var = _spread(np.std, "standard deviation"), _spread(np.var, "variance")


def std_mean(
    input: AnyArray, dim: Axis = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """The standard deviation and the mean."""
    only = None if isinstance(dim, bool) else dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, only, keepdim)


def var_mean(
    input: AnyArray, dim: Axis = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """The variance and the mean."""
    only = None if isinstance(dim, bool) else dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, only, keepdim)


def _truth(function: Function, meaning: str) -> Function:
    def judge(input: AnyArray, dim: Axis = None, keepdim: bool = False) -> AnyArray:
        return function(bare(input), axis=axes(dim), keepdims=keepdim)

    judge.__doc__ = f"Whether {meaning} along the axes ``dim``, or at all."
    return judge


all, any = _truth(np.all, "everything is true"), _truth(np.any, "something is true")


def count_nonzero(input: AnyArray, dim: Axis = None) -> AnyArray:
    """How many elements are not zero."""
    return np.count_nonzero(bare(input), axis=axes(dim))


def _place(function: Function, meaning: str) -> Function:
    def find(input: AnyArray, dim: int | None = None, keepdim: bool = False) -> AnyArray:
        return function(bare(input), axis=axis_of(input, dim), keepdims=keepdim)

    find.__doc__ = f"Where the {meaning} element is, the first of several; without ``dim`` of the flat tensor."
    return find


argmax, argmin = _place(np.argmax, "largest"), _place(np.argmin, "smallest")


def logsumexp(input: AnyArray, dim: Axis, keepdim: bool = False) -> AnyArray:
    """log Σ eˣ over the axes ``dim``."""
    from ..ops.sums.exponentials import logsumexp as function

    return function(input, axis=axis_of(input, dim), keepdims=keepdim)


def softmax(input: AnyArray, dim: Axis = None, dtype: DTypeLike = None, *, _stacklevel: int = 3) -> AnyArray:
    """eˣ / Σ eˣ along ``dim``."""
    from ..ops.sums.exponentials import softmax as function

    return function(cast(input, dtype), implicit_dim(input) if dim is None else dim)


def log_softmax(input: AnyArray, dim: Axis = None, dtype: DTypeLike = None, *, _stacklevel: int = 3) -> AnyArray:
    """log of ``softmax``."""
    from ..ops.sums.exponentials import log_softmax as function

    return function(cast(input, dtype), implicit_dim(input) if dim is None else dim)


def implicit_dim(input: AnyArray) -> int:
    """What PyTorch takes where no axis is given: 0 of no, one or three axes, else 1."""
    return 0 if np.ndim(input) in (0, 1, 3) else 1


def _scan(function: Function, meaning: str) -> Function:
    def scan(input: AnyArray, dim: int, *, dtype: DTypeLike = None) -> AnyArray:
        return np.reshape(function(cast(input, dtype), axis=axis_of(input, dim)), np.shape(input))

    scan.__doc__ = f"The {meaning} of the elements so far along ``dim``."
    return scan


cumsum, cumprod = _scan(np.cumsum, "sum"), _scan(np.cumprod, "product")
logcumsumexp = _scan(lambda x, axis: np.logaddexp.accumulate(x, axis=axis or 0) if np.ndim(x) else x, "log Σ eˣ")


def diff(input: AnyArray, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> AnyArray:
    """The n-th differences along ``dim``."""
    given = {key: value for key, value in (("prepend", prepend), ("append", append)) if value is not None}
    return np.diff(input, n, dim, **given)


def trapezoid(y: AnyArray, x: AnyArray | None = None, *, dx: Any = 1.0, dim: int = -1) -> AnyArray:
    """∫ y by trapezoids."""
    return np.trapezoid(y, x, dx, axis=dim)


trapz = trapezoid


def cumulative_trapezoid(y: AnyArray, x: AnyArray | None = None, *, dx: Any = 1.0, dim: int = -1) -> AnyArray:
    """∫ y so far, by trapezoids."""
    left, right = getitem(y, along(y, dim, slice(None, -1))), getitem(y, along(y, dim, slice(1, None)))
    widths = dx if x is None else np.diff(x, axis=dim if np.ndim(x) > 1 else -1)
    if x is not None and np.ndim(x) == 1:
        widths = np.reshape(widths, tuple(-1 if k == dim % np.ndim(y) else 1 for k in range(np.ndim(y))))
    return np.cumsum((left + right) / 2 * widths, axis=dim)


def norm(
    input: AnyArray,
    p: Any = "fro",
    dim: Axis = None,
    keepdim: bool = False,
    out: AnyArray | None = None,
    dtype: DTypeLike = None,
) -> AnyArray:
    """The p-norm of vectors, or of all elements; ``"nuc"``: the sum of a matrix's singular values."""
    from ..ops import linalg

    x, dim = cast(input, dtype), axes(dim)
    if p == "nuc":
        matrix = np.moveaxis(x, dim, (-2, -1)) if dim else x  # type: ignore[type-var]
        y = np.sum(linalg.svdvals(matrix), axis=-1)
        return np.reshape(y, (*np.shape(y), 1, 1)) if keepdim else y
    order = 2 if p in ("fro", None) else p
    return linalg.vector_norm(x, axis=dim if np.ndim(x) else None, keepdims=keepdim, ord=order)


def renorm(input: AnyArray, p: AnyArray, dim: int, maxnorm: Any) -> AnyArray:
    """Each slice of axis ``dim`` scaled down to a p-norm of ``maxnorm`` where it is longer."""
    others = tuple(k for k in range(np.ndim(input)) if k != dim % np.ndim(input))
    lengths = norm(input, p, others, keepdim=True)
    return np.where(bare(lengths) > maxnorm, input * (maxnorm / (lengths + 1e-7)), input)


def cov(input: AnyArray, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> AnyArray:
    """Covariances of the rows."""
    return cast(np.cov(input, ddof=correction, fweights=bare(fweights), aweights=bare(aweights)), input.dtype)


def corrcoef(input: AnyArray) -> AnyArray:
    """Correlations of the rows."""
    return cast(np.corrcoef(input), input.dtype)


def bincount(input: AnyArray, weights: AnyArray | None = None, minlength: int = 0) -> AnyArray:
    """How often each number occurs, or the sum of its weights."""
    return np.bincount(bare(input), weights, minlength)


def histc(input: AnyArray, bins: int = 100, min: Any = 0, max: Any = 0) -> AnyArray:
    """How many elements fall into each of equal intervals."""
    values = bare(input)
    low, high = (values.min(), values.max()) if min == max else (min, max)
    return np.histogram(values, bins, (low, high))[0].astype(values.dtype)


def gradient(input: AnyArray, *, spacing: Any = None, dim: Axis = None, edge_order: int = 1) -> Any:
    """Slopes by central differences, one tensor an axis."""
    spaces = () if spacing is None else spacing if isinstance(spacing, (list, tuple)) else (spacing,)
    slopes: Any = np.gradient
    found = slopes(input, *spaces, axis=axes(dim), edge_order=edge_order)
    return tuple(found) if isinstance(found, (list, tuple)) else (found,)
