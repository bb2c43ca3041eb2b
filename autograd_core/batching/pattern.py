"""Arrays that know which inputs each of their elements depends on: what finds the pattern of a sparse Jacobian.

Beside the values stands a matrix of truth values, a row for each element and a column for each input. What moves
elements (indexing, reshaping, joining, padding) moves rows; what combines them adds rows up. Where nothing finer is
known, every element of a result depends on all that its arguments depend on: more than the truth, never less.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..engine.tensor import Tensor
from ..support.arrays import method_of

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, Axis, DTypeLike, Function, Index, Settings


_MOVES = {np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.flip, np.roll}
_MOVES |= {np.broadcast_to, np.repeat, np.tile, np.diagonal, np.rot90, np.atleast_1d, np.atleast_2d, np.atleast_3d}
_MOVES |= {np.take, np.fliplr, np.flipud, np.matrix_transpose, operator.getitem, np.copy}
_JOINS = {np.concatenate, np.stack, np.hstack, np.vstack, np.dstack, np.column_stack}
_FILLS = {np.zeros_like, np.ones_like, np.full_like, np.empty_like}
_EACH = {np.where, np.clip, np.real, np.imag, np.nan_to_num, np.round, np.sinc, np.i0, np.angle, np.isclose}
_ALONG = {np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all, np.std, np.var, np.cumsum, np.cumprod, np.sort}
_ALONG |= {np.argsort, np.argmax, np.argmin, np.median, np.nansum, np.nanmean}
_ASKING = {np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast, np.may_share_memory}
_ASKING |= {np.allclose, np.array_equal}
_PRODUCTS = {np.dot: np.matmul, np.matmul: np.matmul}
_METHODS = {"sum", "mean", "reshape", "transpose", "ravel", "max", "min", "prod", "dot", "take", "repeat", "squeeze"}
_METHODS |= {"swapaxes", "diagonal", "clip", "cumsum", "std", "var", "all", "any", "round", "conj"}


class Pattern(NDArrayOperatorsMixin):
    """``array``, and in ``depends``, of shape (elements, inputs), what each element depends on."""

    __slots__ = ("array", "depends")

    def __init__(self, array: Any, depends: Any) -> None:
        self.array, self.depends = np.asarray(array), depends

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)
    ndim = property(lambda self: self.array.ndim)
    size = property(lambda self: self.array.size)
    itemsize = property(lambda self: self.array.itemsize)
    nbytes = property(lambda self: self.array.nbytes)
    T = property(np.transpose)
    mT = property(lambda self: np.swapaxes(self, -1, -2))
    real, imag = property(lambda self: np.real(self)), property(lambda self: np.imag(self))

    def __array__(self, dtype: DTypeLike = None, copy: Any = None) -> Any:
        raise TypeError(
            "sparsity: an array of the function was converted to a plain one, so that what depends on it is not known. "
            "Fix: compute with NumPy's and ag's functions."
        )

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: object, out: AnyArray | None = None, **kwargs: object
    ) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        result = _of_ufunc(ufunc, method, inputs, kwargs)
        return result if out is None else _stored(result, out)

    def __array_function__(self, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        out = kwargs.pop("out", None)
        result = _of_function(function, args, kwargs)
        return result if out is None else _stored(result, (out,))

    def __getitem__(self, index: Index) -> Any:
        return _of_function(operator.getitem, (self, _bare(index)), {})

    def __setitem__(self, index: Index, value: AnyArray) -> None:
        places = np.arange(self.size).reshape(self.shape)[_bare(index)]
        self.array[_bare(index)] = _bare(value)
        rows, places = _broadcast(value, np.shape(places), self.depends), np.ravel(places)
        from scipy.sparse import csr_array, dia_array

        n = self.size
        kept = np.ones(n, bool)
        kept[places] = False
        put = csr_array((np.ones(len(places), bool), (places, np.arange(len(places)))), shape=(n, len(places)))
        left = dia_array((kept[None], [0]), shape=(n, n)).tocsr()
        self.depends = (left @ self.depends + put @ rows).astype(bool)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __int__(self) -> int:
        return int(self.array)

    __index__ = __int__

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        return method_of(self, name)

    def item(self, *place: int) -> Any:
        """The number itself: from here on a constant."""
        return self.array.item(*place)

    def astype(self, dtype: DTypeLike, *args: Any, **kwargs: Any) -> Any:
        """As of an array."""
        return Pattern(self.array.astype(dtype, *args, **kwargs), self.depends)

    def copy(self, order: Any = "C") -> Any:
        """As of an array."""
        return Pattern(self.array.copy(), self.depends)

    def fill(self, value: Any) -> None:
        """As of an array."""
        self[...] = value


def inputs(x: Any) -> Pattern:
    """An array each of whose elements depends on itself."""
    from scipy.sparse import eye_array  # an extra

    return Pattern(x, eye_array(np.size(x), dtype=bool, format="csr"))


def _bare(x: object) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(map(_bare, x)) if type(x) in (tuple, list) else x
    return x.array if type(x) is Pattern else x


def _some(values: Any) -> Pattern | None:
    for x in values:
        if type(x) is Pattern:
            return x
        if isinstance(x, (tuple, list)) and (found := _some(x)) is not None:
            return found
    return None


def _all(values: Any) -> list[Pattern]:
    found = []
    for x in values:
        if type(x) is Pattern:
            found.append(x)
        elif isinstance(x, (tuple, list)):
            found += _all(x)
    return found


def _empty(count: int, like: AnyArray) -> Any:
    from scipy.sparse import csr_array

    return csr_array((count, like.shape[1]), dtype=bool)


def _broadcast(x: AnyArray, shape: tuple[int, ...], like: AnyArray) -> Any:
    """The rows of ``x`` as it is broadcast to a shape."""
    count = int(np.prod(shape, dtype=int))
    if type(x) is not Pattern or not x.depends.nnz:
        return _empty(count, like)
    if x.shape == shape:
        return x.depends
    places = np.broadcast_to(np.arange(x.size).reshape(x.shape), shape)
    return x.depends[places.ravel()]


def _stored(result: Any, out: Any) -> Any:
    for o, r in zip(out, result if isinstance(result, tuple) else (result,), strict=True):
        if type(o) is not Pattern:
            raise TypeError("sparsity: a result is stored into a plain array. Fix: np.zeros_like(x, shape=...).")
        o[...] = r
    return out[0] if len(out) == 1 else out


def _of_ufunc(ufunc: np.ufunc, method: str, args: Args, kwargs: Settings) -> AnyArray:
    value = getattr(ufunc, method)(*map(_bare, args), **{k: _bare(v) for k, v in kwargs.items()})
    if method == "__call__" and ufunc.signature is None:
        return _each(value, args)
    if method in ("reduce", "accumulate"):
        return _reduced(value, args[0], args[1] if len(args) > 1 else kwargs.get("axis", 0), method == "reduce")
    if ufunc is np.matmul:
        return _product(value, *args)
    return _mixed(value, args)


def _of_function(function: Function, args: Args, kwargs: Settings) -> Any:
    value = function(*_bare(tuple(args)), **{k: _bare(v) for k, v in kwargs.items()})
    like = _some((*args, *kwargs.values()))
    assert like is not None
    if function in _ASKING:
        return value
    if function in _FILLS:
        return Pattern(value, _empty(np.size(value), like.depends))
    if function in _MOVES and type(args[0]) is Pattern:
        places = function(np.arange(args[0].size).reshape(args[0].shape), *_bare(tuple(args[1:])), **kwargs)
        return Pattern(value, args[0].depends[np.ravel(places)])
    if function in _JOINS:
        return _joined(function, value, args, kwargs, like)
    if function is np.pad and kwargs.get("mode", args[2] if len(args) > 2 else "constant") == "constant":
        places = np.pad(np.arange(1, args[0].size + 1).reshape(args[0].shape), args[1]).ravel()
        from scipy.sparse import vstack

        return Pattern(value, vstack([_empty(1, like.depends), args[0].depends], format="csr")[places])
    if function in _EACH:
        return _each(value, args)
    if function in _ALONG and type(args[0]) is Pattern:
        axis = args[1] if len(args) > 1 else kwargs.get("axis", -1 if function in (np.sort, np.argsort) else None)
        return _reduced(value, args[0], axis, np.shape(value) != args[0].shape)
    if function in _PRODUCTS and max(map(np.ndim, args[:2])) <= 2:
        return _product(value, *args[:2])
    return _mixed(value, (*args, *kwargs.values()))


def _each(value: AnyArray, args: Args) -> Any:
    values = value if isinstance(value, tuple) else (value,)
    like = _some(args)
    assert like is not None
    if values[0].dtype.kind not in "fc":  # comparisons, signs of whole numbers: no derivative goes through them
        found = [Pattern(v, _empty(np.size(v), like.depends)) for v in values]
    else:
        total: Any = None
        for x in _all(args):
            rows = _broadcast(x, np.shape(values[0]), like.depends)
            total = rows if total is None else total + rows
        found = [Pattern(v, total) for v in values]
    return tuple(found) if isinstance(value, tuple) else found[0]


def _joined(function: Function, value: AnyArray, args: Args, kwargs: Settings, like: Pattern) -> AnyArray:
    from scipy.sparse import vstack

    numbers, rows, start = [], [], 0
    for x in args[0]:
        count = int(np.size(_bare(x)))
        numbers.append(np.arange(start, start + count).reshape(np.shape(_bare(x))))
        rows.append(x.depends if type(x) is Pattern else _empty(count, like.depends))
        start += count
    places = function(numbers, *_bare(tuple(args[1:])), **kwargs)
    return Pattern(value, vstack(rows, format="csr")[np.ravel(places)])


def _reduced(value: AnyArray, x: Pattern, axis: Axis, smaller: bool) -> AnyArray:
    """Every element of a line depends on all of the line."""
    from scipy.sparse import csr_array

    if np.size(value) and np.asarray(value).dtype.kind not in "fc":
        return Pattern(value, _empty(np.size(value), x.depends))
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a % x.ndim for a in axes) if x.ndim else ()
    shape = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    count = int(np.prod(shape, dtype=int))
    lines = np.broadcast_to(np.arange(count).reshape(shape), x.shape).ravel()
    adding = csr_array((np.ones(x.size, bool), (lines, np.arange(x.size))), shape=(count, x.size))
    rows = (adding @ x.depends).astype(bool)
    if not smaller:
        rows = rows[lines]
    return Pattern(value, rows)


def _product(value: Any, a: Any, b: AnyArray) -> Any:
    """a @ b: of a constant its zeros count; of two that are not each row and column as a whole."""
    from scipy.sparse import csr_array, eye_array, kron

    if (type(a) is Pattern and type(b) is Pattern) or max(np.ndim(a), np.ndim(b)) > 2:
        return _lines(value, a, b)
    if type(b) is Pattern:
        n = b.shape[1] if b.ndim == 2 else 1
        by = kron(csr_array(np.atleast_2d(a) != 0), eye_array(n, dtype=bool), format="csr")
        return Pattern(value, (by @ b.depends).astype(bool))
    n = a.shape[0] if a.ndim == 2 else 1
    matrix = b if np.ndim(b) == 2 else b[:, None]
    by = kron(eye_array(n, dtype=bool), csr_array(np.transpose(matrix) != 0), format="csr")
    return Pattern(value, (by @ a.depends).astype(bool))


def _lines(value: AnyArray, a: AnyArray, b: AnyArray) -> AnyArray:
    if max(np.ndim(a), np.ndim(b)) > 2:
        return _mixed(value, (a, b))
    rows = np.sum(a, axis=-1)[..., None] if np.ndim(a) == 2 else np.sum(a)
    columns = np.sum(b, axis=-2) if np.ndim(b) == 2 else np.sum(b)
    both: Any = np.reshape(rows + columns, np.shape(value))
    return Pattern(value, both.depends)


def _mixed(value: AnyArray, args: Args) -> AnyArray:
    """Every element of the results depends on all that the arguments depend on."""
    from scipy.sparse import csr_array

    if isinstance(value, (tuple, list)):
        parts = [_mixed(v, args) for v in value]
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)  # type: ignore[union-attr]
    found = _all(args)
    columns = sorted({int(c) for p in found for c in np.unique(p.depends.indices)})
    count = np.size(value)
    indices = np.tile(np.array(columns, int), count)
    indptr = np.arange(count + 1) * len(columns)
    rows = csr_array((np.ones(len(indices), bool), indices, indptr), shape=(count, found[0].depends.shape[1]))
    return Pattern(value, rows)
