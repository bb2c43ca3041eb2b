"""Spread and correlation: var, std, cov, corrcoef, weighted averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.arithmetic import conjugate, expanded, summed
from ...engine.forms import primitive
from ...engine.tensor import Tensor, bare
from ...support.caller import warn
from ..composites import composite, refuse_out
from ..precision import in_single
from ..shapes.making import as_array
from .reductions import cast, counted, given, masked, numbers, sum

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Axis, DTypeLike, Function, Mask

__all__ = ["average", "corrcoef", "cov", "nanstd", "nanvar", "std", "var"]

# Variances: the mean's own variation drops out, for the deviations from it add up to 0 --------------------------------


@in_single
def _deviation(a: AnyArray, axis: Axis, where: Mask, ddof: float) -> AnyArray:
    """(a − mean) / (n − ddof), and 0 where ``a`` was not chosen."""
    count = counted(a, axis, where)
    if where is True:
        return (a - np.mean(a, axis=axis, keepdims=True)) / max(count - ddof, 0)
    mean = np.sum(masked(a, where), axis=axis, keepdims=True) / np.maximum(count, 1)
    return masked(a - mean, where) / np.maximum(count - ddof, 0)


def _along(g: AnyArray, a: AnyArray, axis: Axis, keepdims: bool) -> AnyArray:
    """A cotangent of the real result beside ``a``."""
    return expanded(np.real(g) if g.dtype.kind == "c" else g, axis if a.ndim else None, keepdims)


def _inner(d: AnyArray, t: AnyArray, axis: Axis, keepdims: bool) -> AnyArray:
    """⟨d, t⟩ of real numbers, or of complex ones as pairs of real ones."""
    product = conjugate(d) * t
    return summed(np.real(product) if product.dtype.kind == "c" else product, axis, keepdims)


def _variance(forward: Function, chosen: Function) -> Function:
    def slope(a: AnyArray, axis: Axis, where: Mask, ddof: float) -> AnyArray:
        return 2 * _deviation(a, axis, chosen(a, where), ddof)

    return primitive(
        forward,
        name=forward.__name__.strip("_"),
        a=lambda g, a, axis, ddof, keepdims, where: cast(_along(g, a, axis, keepdims) * slope(a, axis, where, ddof), a),
        jvp={"a": lambda t, a, axis, ddof, keepdims, where: _inner(slope(a, axis, where, ddof), t, axis, keepdims)},
    )


def _deviation_root(forward: Function, chosen: Function) -> Function:
    """σ = √v has dσ = dv / 2σ, and 0 where all numbers are equal."""

    def slope(a: AnyArray, ans: AnyArray, axis: Axis, where: Mask, ddof: float, keepdims: bool) -> AnyArray:
        return _deviation(a, axis, chosen(a, where), ddof) / expanded(
            ans + np.equal(ans, 0), axis if a.ndim else None, keepdims
        )

    return primitive(
        forward,
        name=forward.__name__.strip("_"),
        a=lambda g, a, ans, axis, ddof, keepdims, where: cast(
            _along(g, a, axis, keepdims) * slope(a, ans, axis, where, ddof, keepdims), a
        ),
        jvp={
            "a": lambda t, a, ans, axis, ddof, keepdims, where: _inner(
                slope(a, ans, axis, where, ddof, keepdims), t, axis, keepdims
            )
        },
    )


def _all(a: AnyArray, where: Mask) -> Mask:
    return where


@in_single
def _var(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True):
    return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims, **given("var", a, dtype, None, where=where))


@in_single
def _std(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True):
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims, **given("std", a, dtype, None, where=where))


@in_single
def _nanvar(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True):
    return np.nanvar(a, axis=axis, ddof=ddof, keepdims=keepdims, **given("nanvar", a, dtype, None, where=where))


@in_single
def _nanstd(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True):
    return np.nanstd(a, axis=axis, ddof=ddof, keepdims=keepdims, **given("nanstd", a, dtype, None, where=where))


_var    = _variance(_var, _all)
_nanvar = _variance(_nanvar, numbers)
_std    = _deviation_root(_std, _all)
_nanstd = _deviation_root(_nanstd, numbers)


@composite(np.var)
def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None):
    """Variance over ``axis``: Σ |a − mean|² / (n − ddof), n the number of summands; ``correction`` is ``ddof``.

    mean : deviations from this, with the reduced axes kept, instead of from the arithmetic mean

    Arguments are those of ``np.var``.

    >>> var(np.array([1.0, 2.0, 3.0]), ddof=1)
    np.float64(1.0)
    """
    ddof = _ddof("var", out, ddof, correction)
    if mean is None:
        return _var(a, axis, dtype, ddof, keepdims, where)
    return _about(a, mean, axis, dtype, ddof, keepdims, where, where)


@composite(np.std)
def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None):
    """Standard deviation, √var; its derivative is 0 where all numbers are equal.

    Arguments are those of ``np.std``.

    >>> std(np.array([1.0, 2.0, 3.0]), ddof=1)
    np.float64(1.0)
    """
    ddof = _ddof("std", out, ddof, correction)
    if mean is None:
        return _std(a, axis, dtype, ddof, keepdims, where)
    return _root(_about(a, mean, axis, dtype, ddof, keepdims, where, where))


@composite(np.nanvar)
def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None):
    """Variance over ``axis`` of what is not NaN.

    Arguments are those of ``np.nanvar``.

    >>> nanvar(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    ddof = _ddof("nanvar", out, ddof, correction)
    if mean is None:
        return _nanvar(a, axis, dtype, ddof, keepdims, where)
    return _about(a, mean, axis, dtype, ddof, keepdims, where, numbers(a, where))


@composite(np.nanstd)
def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None):
    """Standard deviation over ``axis`` of what is not NaN.

    Arguments are those of ``np.nanstd``.

    >>> nanstd(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    ddof = _ddof("nanstd", out, ddof, correction)
    if mean is None:
        return _nanstd(a, axis, dtype, ddof, keepdims, where)
    return _root(_about(a, mean, axis, dtype, ddof, keepdims, where, numbers(a, where)))


def _root(v: AnyArray) -> AnyArray:
    """√v with derivative 0 at 0."""
    nothing = np.equal(v, 0)
    return np.where(nothing, 0, np.sqrt(np.where(nothing, 1, v)))


def _ddof(name: str, out: AnyArray, ddof: float, correction: ArrayLike | None) -> Any:
    refuse_out(name, out)
    if correction is not None and ddof != 0:
        raise ValueError(f"{name}: ddof={ddof} and correction={correction} are one setting. Fix: give one of them.")
    return ddof if correction is None else correction


def _about(
    a: AnyArray, mean: AnyArray, axis: Axis, dtype: DTypeLike, ddof: float, keepdims: bool, where: Mask,
    chosen: Mask,
) -> AnyArray:
    """The mean square of the deviations from a given mean; of what was ``chosen``, and 0 in place of NaN."""
    deviation = a - mean
    if chosen is not where:
        deviation = np.where(np.isnan(a), 0, deviation)
    if deviation.dtype.kind == "c":
        squares = np.square(np.real(deviation)) + np.square(np.imag(deviation))
    else:
        squares = deviation * deviation
    total = sum(squares, axis, dtype, None, keepdims, where=where)
    count = counted(deviation, axis, chosen)
    if isinstance(count, int):
        return total / max(count - ddof, 0)
    return total / np.reshape(np.maximum(count - ddof, 0), total.shape)


# Weighted means, covariances -----------------------------------------------------------------------------------------


@composite(np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    """Mean over ``axis`` with weights: Σ w a / Σ w; with ``returned`` also Σ w, of the result's shape.

    weights : of a's shape, or of the shape of the reduced axes

    Arguments are those of ``np.average``.

    >>> average(np.array([1.0, 2.0]), weights=np.array([3.0, 1.0]))
    np.float64(1.25)
    """
    a = as_array(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        return (mean, Tensor(np.full_like(bare(mean), a.size / max(1, mean.size)))) if returned else mean
    weights = as_array(weights)
    dtype = np.result_type(a.dtype, weights.dtype, *(["f8"] if a.dtype.kind in "biu" else []))
    weights = _beside(weights, a.shape, axis)
    total = np.sum(weights, axis=axis, dtype=dtype, keepdims=keepdims)
    if np.any(np.equal(total, 0)):
        raise ZeroDivisionError("average: weights sum to zero, so there is no mean. Fix: np.sum(weights * a).")
    mean = np.sum(a.astype(dtype) * weights.astype(dtype), axis=axis, keepdims=keepdims) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


def _beside(weights: AnyArray, shape: tuple[int, ...], axis: Axis) -> AnyArray:
    """Weights for the reduced axes as weights for the whole array."""
    if weights.shape == shape:
        return weights
    if axis is None:
        raise TypeError(f"average: weights {weights.shape} for an array {shape}. Fix: say which axis= they belong to.")
    axes = [k % len(shape) for k in (axis if isinstance(axis, tuple) else (axis,))]
    if weights.shape != tuple(shape[k] for k in axes):
        raise ValueError(f"average: weights {weights.shape} for axis {axis} of an array {shape}; they must agree.")
    ordered = np.transpose(weights, tuple(np.argsort(axes)))
    return np.reshape(ordered, tuple(n if k in axes else 1 for k, n in enumerate(shape)))


@composite(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """Covariances of the rows of ``m`` (with ``rowvar=False``, of its columns) and of ``y``.

    Σ w (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)* / n, with weights w = fweights · aweights and n = Σ w − ddof Σ w aweights / Σ w; ddof is 0
    with ``bias``, else 1.

    Arguments are those of ``np.cov``.

    >>> cov(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    ddof = (0 if bias else 1) if ddof is None else entry.setting(ddof, "cov", "ddof")
    if dtype is None:
        dtype = np.result_type(np.float64, *[as_array(x) for x in (m, y) if x is not None])
    x = _rows("m", m, dtype, rowvar)
    if y is not None:
        x = np.concatenate([x, _rows("y", y, dtype, rowvar)], axis=0)
    weights = _case_weights(fweights, aweights, x.shape[1])
    if weights is None:
        mean, total = np.mean(x, axis=1), x.shape[1]
    else:
        mean, totals = average(x, 1, weights, returned=True)
        total = totals[0]
    freedom = total - (ddof if aweights is None or ddof == 0 else ddof * np.sum(weights * aweights) / total)
    if freedom <= 0:
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
        freedom = 0.0
    centred = x - mean[:, None]
    weighted = centred if weights is None else centred * weights
    return np.squeeze(np.dot(centred, np.conjugate(np.transpose(weighted))) * np.true_divide(1, freedom))


def _rows(name: str, m: AnyArray, dtype: DTypeLike, rowvar: bool) -> AnyArray:
    """Variables in rows, observations in columns."""
    m = as_array(m)
    if m.ndim > 2:
        raise ValueError(f"cov: {name} has shape {m.shape}; variables and observations are two axes. Fix: reshape.")
    rows = np.reshape(m, (1, -1)) if m.ndim < 2 else m
    rows = rows if rows.dtype == dtype else rows.astype(dtype)
    turned = not rowvar and (m.ndim == 2 if name == "m" else rows.shape[0] != 1)
    return np.transpose(rows) if turned else rows


def _case_weights(fweights: AnyArray | None, aweights: AnyArray | None, count: int) -> AnyArray | None:
    """The weight of each observation: how often it was seen, times how much it counts."""
    weights = None
    for name, w in (("fweights", fweights), ("aweights", aweights)):
        if w is None:
            continue
        w = as_array(w)
        w = w if w.dtype == np.float64 else w.astype(np.float64)
        if w.shape != (count,) or np.any(w < 0) or (name == "fweights" and not np.array_equal(w, np.around(bare(w)))):
            raise ValueError(f"cov: {name} are {count} numbers ≥ 0, one an observation (fweights: integers).")
        weights = w if weights is None else weights * w
    return weights


@composite(np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """Correlations of the rows: cov / (σᵢ σⱼ), between −1 and 1.

    Arguments are those of ``np.corrcoef``.

    >>> corrcoef(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    each = np.arange(c.shape[0])
    deviation = np.sqrt(np.real(c[each, each]))
    r = c / deviation[:, None] / deviation[None, :]
    if r.dtype.kind == "c":
        return np.clip(np.real(r), -1, 1) + 1j * np.clip(np.imag(r), -1, 1)
    return np.clip(r, -1, 1)
