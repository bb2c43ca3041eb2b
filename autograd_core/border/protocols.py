"""NumPy's own functions on tensors: ``np.exp(t)`` and ``np.concatenate([t, u])`` record like any operation.

A NumPy function is in one of three states: *differentiable* (a primitive or a composite implements it), *passing*
(its result is an integer, a truth value or a shape, so it is computed on the bare arrays), or refused with a
TypeError that names its neighbour (``refused.py``). None drops the graph in silence. docs/coverage.md lists them all.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.registry import implementations
from ..engine.tensor import Tensor, bare
from . import writing
from .arrays import admitted

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, DTypeLike, Function, Mask, Settings

PASSING: set[Function] = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.signbit, np.isnan, np.isinf, np.isfinite),
    *(np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.nonzero, np.argwhere, np.count_nonzero),
    *(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.searchsorted, np.iscomplexobj, np.isrealobj),
    *(np.result_type, np.shares_memory, np.may_share_memory, np.array_repr, np.array_str, np.array2string),
    *(np.zeros_like, np.ones_like, np.empty_like, np.can_cast, np.common_type, np.min_scalar_type),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert, np.left_shift, np.right_shift),
    *(np.gcd, np.lcm, np.isneginf, np.isposinf, np.isreal, np.iscomplex, np.isnat, np.isin, np.array_equiv),
    *(np.nanargmax, np.nanargmin, np.argpartition, np.lexsort, np.digitize, np.flatnonzero, np.einsum_path),
    *(np.ravel_multi_index, np.unravel_index, np.diag_indices_from, np.tril_indices_from, np.triu_indices_from),
    np.linalg.matrix_rank,
}


def call_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> AnyArray:
    """``__array_ufunc__`` of Tensor."""
    if method == "__call__" and not kwargs and ufunc in implementations:  # the usual case
        return implementations[ufunc](*inputs)
    name = f"np.{ufunc.__name__}" if method == "__call__" else f"np.{ufunc.__name__}.{method}"
    out = kwargs.pop("out", None)
    if out is not None:
        return writing.into(name, getattr(ufunc, method), out, inputs, kwargs)
    if ufunc in PASSING or (method == "at" and writing.is_free(inputs, kwargs)):
        return _on_arrays(getattr(ufunc, method), name, inputs, kwargs)
    if method != "__call__":
        from . import ufunc_methods

        return ufunc_methods.call(ufunc, method, inputs, kwargs)
    implementation = implementation_of(ufunc)
    if implementation is None:
        raise TypeError(refusal(name))
    if kwargs and (ufunc.signature or "").endswith("->()"):  # which take axis= and keepdims=, like vecdot
        return implementation(*inputs, **kwargs)
    if kwargs:
        inputs = _in_dtype(name, ufunc, inputs, **kwargs)
    return implementation(*inputs)


def _on_arrays(function: Function, name: str, args: Any, kwargs: Settings) -> Any:
    args = [bare(admitted(a, name, of_lists=True)) for a in args]
    return function(*args, **{k: bare(admitted(v, name, of_lists=True)) for k, v in kwargs.items()})


def _in_dtype(
    name: str, ufunc: np.ufunc, inputs: Any, dtype: DTypeLike = None, where: Mask = True, **others: Any
) -> Any:
    """The operands converted to what the ufunc computes in where its result shall have ``dtype``."""
    if where is not True:
        raise TypeError(f"{name}: where= leaves holes in the result. Fix: np.where(mask, {name}(...), other).")
    if others:
        raise TypeError(f"{name}: {', '.join(others)}= is not answered on tensors. Fix: leave it out, or use astype.")
    if dtype is None:
        return inputs
    inputs = [x if hasattr(x, "dtype") or isinstance(x, (int, float, complex)) else np.asarray(x) for x in inputs]
    given = [getattr(x, "dtype", type(x)) for x in inputs]
    signature = (*[None] * ufunc.nin, *[np.dtype(dtype)] * ufunc.nout)
    wanted = ufunc.resolve_dtypes((*given, *[None] * ufunc.nout), signature=signature)  # type: ignore[arg-type]
    return [x.astype(d) if hasattr(x, "dtype") else x for x, d in zip(inputs, wanted, strict=False)]


def call_numpy_function(self: Any, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
    """``__array_function__`` of Tensor."""
    out = kwargs.pop("out", None)
    if out is not None:
        return writing.into(f"{function.__module__}.{function.__name__}", function, out, args, kwargs)
    if function in PASSING or (function in writing.WRITERS and writing.is_free(args, kwargs)):
        return _on_arrays(function, function.__name__, args, kwargs)
    implementation = implementation_of(function)
    if implementation is not None:
        return implementation(*args, **kwargs)
    raise TypeError(refusal(f"{function.__module__}.{function.__name__}"))


LATER: dict[str, tuple[str, ...]] = {
    "linalg": (),
    "ops.applying": ("apply_along_axis", "apply_over_axes"),
    "ops.products.einsum": ("einsum",),
    "ops.arithmetic.entire": ("i0", "sinc"),
    "ops.shapes.padding": ("pad",),
    "ops.products.polynomials": (
        *("poly", "polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval", "roots", "vander"),
    ),
    "ops.shapes.ranges": ("geomspace", "linspace", "logspace"),
    "ops.sums.sampled": ("diff", "ediff1d", "gradient", "interp", "trapezoid", "unwrap"),
    "ops.sums.order": (
        *("median", "nanmedian", "nanpercentile", "nanquantile", "partition", "percentile", "quantile", "sort"),
        "sort_complex",
    ),
}
"""Families of NumPy's functions that are loaded with the first of them, and the names that they export."""


def implementation_of(function: Function) -> Function | None:
    """What records a NumPy function, loading its family when first asked for; None if nothing does."""
    found = implementations.get(function)
    if found is None:
        import importlib

        later = (
            ["fft"]
            if getattr(function, "__module__", "") == "numpy.fft"
            else ["special"]
            if "scipy.special" in sys.modules
            else []
        )
        for family in (*LATER, *later):
            importlib.import_module(f"autograd_core.{family}")
        found = implementations.get(function)
    return found


def refusal(name: str, neighbour: str = "") -> str:
    """Why ``numpy.f`` is refused and what to do instead: its differentiable neighbour, where there is one."""
    from .refused import REFUSED

    neighbour = neighbour or REFUSED.get(name.split(".", 1)[1], "")
    return (
        f"{name} is not differentiable here, and dropping the graph in silence would make gradients wrong. "
        f"Fix: {neighbour or 'declare a primitive (help(ag.primitive))'}; "
        "or give it t.detach().numpy() if no gradient is needed."
    )


Tensor.__array_ufunc__, Tensor.__array_function__ = call_ufunc, call_numpy_function  # type: ignore[attr-defined]
