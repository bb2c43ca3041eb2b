"""Recursive filters, and filters forward and backward.

y = lfilter(b, a, x) solves a * y = b * x. Its adjoint in x is the filter run from the end to the start; that in a and b
correlates what it gives with y and x (Forgione & Piga, dynoNet, 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...batching.batched import one_by_one
from ...engine.forms import multilinear, primitive
from ...support.arrays import anyarray

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["filtfilt", "lfilter", "lfilter_zi", "sosfilt", "sosfilt_zi", "sosfiltfilt"]


def _backwards(x: AnyArray) -> AnyArray:
    return x[..., ::-1]


def _lagged(g: AnyArray, x: AnyArray, lags: range) -> AnyArray:
    """Σ over everything of g[…, n + k] conj(x[…, n]), for every lag k."""
    x = np.conjugate(x)
    n = x.shape[-1]
    found = []
    for k in lags:
        m = max(min(n, g.shape[-1] - k), 0)
        found.append(np.sum(g[..., k : k + m] * x[..., :m]))
    return np.stack(found)


def _as(found: AnyArray, x: AnyArray) -> AnyArray:
    return found if x.dtype.kind == "c" else np.real(found)


@multilinear(
    name="signal.fir",
    b=lambda g, b, x: _as(_lagged(g, x, range(b.shape[0])), b),
    x=lambda g, b, x: _as(_backwards(_fir(np.conjugate(b), _backwards(g)))[..., b.shape[0] - 1 : g.shape[-1]], x),
)
@one_by_one
def _fir(b, x):
    """b * x along the last axis: all sums."""
    import scipy.signal

    longer = np.concatenate([x, np.zeros((*x.shape[:-1], b.shape[0] - 1), x.dtype)], axis=-1)
    return scipy.signal.lfilter(b, np.ones(1, b.dtype), longer) if longer.size else longer


def _poles_back(g: AnyArray, a: AnyArray, u: AnyArray, ans: AnyArray) -> tuple[AnyArray, AnyArray]:
    s = _backwards(_poles(np.conjugate(a), _backwards(g)))
    return _as(-_lagged(s, ans, range(a.shape[0])), a), _as(s, u)


@primitive(name="signal.poles", together=_poles_back)
@one_by_one
def _poles(a, u):
    """y with a * y = u along the last axis."""
    import scipy.signal

    return scipy.signal.lfilter(np.ones(1, a.dtype), a, u) if u.size else u * np.ones((), a.dtype)


def _coefficients(name: str, b: Any, a: Any) -> tuple[AnyArray, AnyArray]:
    b, a = (np.atleast_1d(anyarray(c)) for c in (b, a))
    if b.ndim != 1 or a.ndim != 1 or not b.size or not a.size:
        raise ValueError(f"{name}: coefficients of shapes {tuple(b.shape)} and {tuple(a.shape)}. Fix: two vectors.")
    if np.any(np.equal(a[0], 0)):
        raise ValueError(f"{name}: a[0] is 0, by which everything is divided. Fix: leave leading zeros of a out.")
    dtype = np.result_type(a, b, np.float32) if "f" in a.dtype.kind + b.dtype.kind else np.result_type(a, b, float)
    return b.astype(dtype) / a[0], a.astype(dtype) / a[0]


def _values(x: Any) -> Any:
    """An array, of a column or a frame of pandas its values."""
    return x.to_numpy() if hasattr(x, "to_numpy") else anyarray(x)


def _axis(name: str, x: AnyArray, axis: int) -> int:
    if not x.ndim:
        raise ValueError(f"{name}: x has no axis to filter along. Fix: np.atleast_1d(x).")
    return int(normalize_axis_index(axis, x.ndim, f"{name}: x of shape {tuple(x.shape)}"))


def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """a₀y[n] = Σₖ bₖ x[n − k] − Σₖ₌₁ aₖ y[n − k], along an axis.

    b, a : vectors of coefficients; a[0] is not 0
    x : the signals
    axis : of time
    zi : the state before (see ``lfilter_zi``), of x's shape but for max(len(a), len(b)) − 1 along ``axis``

    Returns y, and with ``zi`` also the state behind.

    >>> import autograd_core as ag
    >>> impulse = np.array([1.0, 0.0, 0.0])
    >>> lfilter([1.0], [1.0, -0.5], impulse)
    array([1.  , 0.5 , 0.25])
    >>> ag.jacobian(lambda p: lfilter(np.ones(1), ag.array([1.0, -p]), impulse))(np.array(0.5))
    array([0., 1., 1.])
    """
    b, a = _coefficients("lfilter", b, a)
    x = _values(x)
    axis = _axis("lfilter", x, axis)
    x = np.moveaxis(x, axis, -1)
    n, order = x.shape[-1], max(a.shape[0], b.shape[0]) - 1
    all_sums = _fir(b, x)
    u = all_sums[..., :n]
    if zi is None:
        return np.moveaxis(_poles(a, u), -1, axis)
    state = anyarray(zi)
    wanted = (*x.shape[:-1], order)
    if state.ndim != x.ndim or np.moveaxis(state, axis, -1).shape[-1] != order:
        wanted = tuple(np.moveaxis(np.empty(wanted), -1, axis).shape)
        raise ValueError(f"lfilter: zi of shape {tuple(state.shape)} does not fit. Fix: the shape {wanted}.")
    state = np.broadcast_to(np.moveaxis(state, axis, -1), wanted)
    # The state is what the past adds to the next `order` sums.
    total = _longer(all_sums, n + order) + _longer(state, n + order)
    y = _poles(a, total[..., :n])
    after = total[..., n:] - _longer(_fir(a, y), n + order)[..., n:]
    return np.moveaxis(y, -1, axis), np.moveaxis(after, -1, axis)


def _longer(x: AnyArray, n: int) -> AnyArray:
    """With zeros behind, to length n."""
    more = n - x.shape[-1]
    return x if not more else np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, more)])


def lfilter_zi(b: Any, a: Any) -> AnyArray:
    """The state of ``lfilter`` in the long run of a signal that is 1.

    >>> lfilter_zi([1.0, 1.0], [1.0, -0.5])
    array([3.])
    """
    b, a = _coefficients("lfilter_zi", b, a)
    n = max(a.shape[0], b.shape[0])
    b, a = _longer(b, n), _longer(a, n)
    # z[k] = b[k+1] − a[k+1] y + z[k+1], with y = b[0] + z[0]
    system = np.eye(n - 1) - np.eye(n - 1, k=1) + a[1:, None] * np.eye(1, n - 1)
    return np.linalg.solve(system, b[1:] - a[1:] * b[0])


def _sections(name: str, sos: Any) -> AnyArray:
    sos = anyarray(sos)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError(f"{name}: sos of shape {tuple(sos.shape)}. Fix: a row of 6, b and a, for every section.")
    return sos  # type: ignore[no-any-return]


def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """``lfilter`` of second order, one after the other.

    sos : of shape (sections, 6): b and a of each
    x, axis : the signals, and the axis of time
    zi : the states before, of shape (sections, …), each of x's shape but for 2 along ``axis``

    Returns y, and with ``zi`` also the states behind.

    >>> sosfilt([[1.0, 0, 0, 1.0, -0.5, 0]], np.array([1.0, 0.0, 0.0]))
    array([1.  , 0.5 , 0.25])
    """
    sos = _sections("sosfilt", sos)
    if zi is not None and (zi := anyarray(zi)).shape[0] != sos.shape[0]:  # type: ignore[union-attr]
        raise ValueError(f"sosfilt: zi of shape {tuple(zi.shape)} for {sos.shape[0]} sections.")  # type: ignore[union-attr]
    after = []
    for k in range(sos.shape[0]):
        if zi is None:
            x = lfilter(sos[k, :3], sos[k, 3:], x, axis)
        else:
            x, z = lfilter(sos[k, :3], sos[k, 3:], x, axis, zi[k])  # type: ignore[index,call-overload]
            after.append(z)
    return x if zi is None else (x, np.stack(after))


def sosfilt_zi(sos: Any) -> AnyArray:
    """The states of ``sosfilt`` in the long run of a signal that is 1, of shape (sections, 2).

    >>> sosfilt_zi([[1.0, 1.0, 0.0, 1.0, -0.5, 0.0]])
    array([[3., 0.]])
    """
    sos = _sections("sosfilt_zi", sos)
    found, scale = [], 1.0
    for k in range(sos.shape[0]):
        b, a = sos[k, :3], sos[k, 3:]
        found.append(scale * lfilter_zi(b, a))
        scale = scale * np.sum(b) / np.sum(a)
    return np.stack(found)


def _both_ways(name: str, x: Any, axis: int, padtype: str | None, padlen: int, run: Any) -> AnyArray:
    """Forward, then backward, over a signal that is continued at its ends."""
    x = _values(x)
    axis = _axis(name, x, axis)
    x = np.moveaxis(x, axis, -1)
    if padtype not in ("odd", "even", "constant", None):
        raise ValueError(f"{name}: padtype={padtype!r}. Fix: give 'odd', 'even', 'constant' or None.")
    n, e = x.shape[-1], 0 if padtype is None else padlen
    if n <= e:
        raise ValueError(f"{name}: x of {n} values is not longer than padlen, {e}. Fix: a longer x, or a padlen below.")
    if e:
        left, right = x[..., e:0:-1], x[..., -2 : -(e + 2) : -1]
        first, last = x[..., :1], x[..., -1:]
        if padtype == "odd":
            left, right = 2 * first - left, 2 * last - right
        elif padtype == "constant":
            left, right = first + np.zeros_like(left), last + np.zeros_like(right)
        x = np.concatenate([left, x, right], axis=-1)
    y = _backwards(run(_backwards(run(x))))
    return np.moveaxis(y[..., e : e + n], -1, axis)


def filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: str | None = "odd",
    padlen: int | None = None,
) -> AnyArray:
    """``lfilter`` forward and then backward: no phase.

    b, a, x, axis : those of ``lfilter``
    padtype : how the signal is continued: "odd", "even", "constant", or None
    padlen : by how much; default 3 · max(len(a), len(b))

    >>> filtfilt([0.5, 0.5], [1.0], np.arange(8.0)).round(9)
    array([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    b, a = _coefficients("filtfilt", b, a)
    zi = lfilter_zi(b, a)
    run = lambda x: lfilter(b, a, x, -1, zi * x[..., :1])[0]
    length = 3 * max(a.shape[0], b.shape[0]) if padlen is None else padlen
    return _both_ways("filtfilt", x, axis, padtype, length, run)


def sosfiltfilt(
    sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: int | None = None
) -> AnyArray:
    """``sosfilt`` forward and then backward: no phase.

    Arguments are those of ``filtfilt``, with sections for b and a.

    >>> sosfiltfilt([[0.5, 0.5, 0, 1.0, 0, 0]], np.arange(8.0)).round(9)
    array([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    sos = _sections("sosfiltfilt", sos)
    zi = sosfilt_zi(sos)

    def run(x: AnyArray) -> Any:
        states = np.reshape(zi, (zi.shape[0], *(1,) * (x.ndim - 1), 2)) * x[..., :1]
        return sosfilt(sos, x, -1, states)[0]

    if padlen is None:
        zeros = [int(np.sum(np.equal(np.asarray(_plain(sos[:, k])), 0))) for k in (2, 5)]
        padlen = 3 * (2 * sos.shape[0] + 1 - min(zeros))
    return _both_ways("sosfiltfilt", x, axis, padtype, padlen, run)


def _plain(x: AnyArray) -> AnyArray:
    from ...engine.tensor import bare

    return bare(x)  # type: ignore[no-any-return]
