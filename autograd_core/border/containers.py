"""What other libraries keep numbers in: converted exactly by their values, or refused by name.

An array type of its own standing (CuPy's, Dask's) implements both of NumPy's protocols, ``__array_function__`` and
``__array_ufunc__``, and flows through the engine as it is: a *duck array*. Everything else that holds numbers comes in
as an array, by value: labels, masks, units and devices mean nothing to a derivative, and where dropping them could give
a wrong number in silence (a masked element, a missing value, a foreign graph) the container is refused.

No library is imported for this: of a library that nobody has loaded there are no objects.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np

from ..engine.errors import class_name
from ..engine.tensor import Tensor, bare
from .sparse import SparseConstant

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array, ArrayLike

_NUMERIC = "biufc"
_NUMBERS = (float, int, complex, np.number, np.bool)


def is_duck(value: object) -> bool:
    """True of an array type that answers both of NumPy's protocols itself."""
    kind = type(value)
    ufunc, function = getattr(kind, "__array_ufunc__", None), getattr(kind, "__array_function__", None)
    if ufunc is None or function is None or not hasattr(value, "dtype"):
        return False
    own = ufunc is not np.ndarray.__array_ufunc__ and function is not np.ndarray.__array_function__
    return own or kind is np.ndarray


def values_of(x: ArrayLike) -> Any:
    """The values of a tensor, an array type of its own as it is, anything else as NumPy reads it."""
    values = bare(x)
    return values if is_duck(values) else np.asarray(values)


def is_plain(value: Any) -> bool:
    """True of what needs no conversion: numbers, numeric arrays, duck arrays and tensors."""
    if type(value) is np.ndarray:
        return value.dtype.kind in _NUMERIC
    return isinstance(value, (Tensor, *_NUMBERS)) or (is_duck(value) and value.dtype.kind in _NUMERIC)


def is_container(value: object) -> bool:
    """True of a foreign container of numbers: something that NumPy reads as an array, and no list."""
    if isinstance(value, (Tensor, list, tuple, str, bytes, type, *_NUMBERS)) or is_duck(value):
        return False
    return any(hasattr(value, name) for name in ("__array__", "__array_interface__", "__array_struct__")) or (
        _converter(value) is not None or _is_buffer(value)
    )


def as_numbers(value: Any, operation: str) -> Any:
    """``value`` (anything but a list) as a number, an array or a duck array.

    Raises TypeError, with what to do instead, where its numbers cannot be had exactly.
    """
    if is_plain(value):
        return value
    convert = _converter(value)
    if convert is not None:
        value = convert(value, operation)
    elif is_container(value):
        try:
            value = np.asarray(value)
        except (TypeError, ValueError) as error:
            refuse(operation, value, str(error), "convert it to an array of numbers first")
    elif not hasattr(value, "dtype"):
        fix = "float(x)" if hasattr(value, "__float__") and not isinstance(value, str) else "a tensor, array or number"
        raise TypeError(f"{operation}: cannot combine a tensor with {class_name(value)}. Fix: give {fix}.")
    check_numeric(value, operation)
    return value


def in_list(values: Any, operation: str) -> None:
    """Look through a nested list for containers that NumPy would read in silence, but not exactly."""
    for kind in set(map(type, values)):
        if kind in (float, int, bool):
            continue
        for value in values:
            if type(value) is kind:
                if isinstance(value, (list, tuple)):
                    in_list(value, operation)
                elif (convert := _converter(value)) is not None:
                    convert(value, operation)


def check_numeric(array: AnyArray | np.generic, operation: str) -> None:
    """Raise TypeError where an array does not hold numbers."""
    if array.dtype.kind in _NUMERIC:
        return
    kind = array.dtype.kind
    fix = _FIXES.get(kind, "give an array of numbers")
    if kind == "V" and array.dtype.names is None:  # bfloat16 and its like
        fix = "x.astype(np.float32)"
    raise TypeError(f"{operation}: cannot hold {array.dtype} data {array.shape}; give an array of numbers. Fix: {fix}.")


_FIXES = {
    "O": "x.astype(float) where the objects are numbers, ag.array(x.tolist()) where there are tensors among them",
    "M": "count from a day on, (x - x[0]) / np.timedelta64(1, 'D')",
    "m": "divide by a unit, x / np.timedelta64(1, 's')",
    "V": "take a field, x['name'], or all of them, numpy.lib.recfunctions.structured_to_unstructured(x)",
}


def refuse(operation: str, value: object, why: str, fix: str) -> NoReturn:
    """TypeError that names the container, why it is refused, and what to give instead."""
    library = type(value).__module__.partition(".")[0]
    raise TypeError(f"{operation}: {library}'s {class_name(value)}: {why}. Fix: {fix}.")


# The libraries -------------------------------------------------------------------------------------------------------


def _of_masked(value: Any, operation: str) -> Array:
    if np.any(value.mask):
        refuse(
            operation,
            value,
            f"{np.count_nonzero(value.mask)} of {value.size} elements are masked, and an operation on tensors would "
            "use what stands behind the mask",
            "x.filled(number), or np.where(~x.mask, t, 0) to leave them out",
        )
    return np.asarray(value.data)


def _of_matrix(value: object, operation: str) -> Array:
    if operation == "Tensor":
        return np.asarray(value)
    return refuse(operation, value, "its * is a product of matrices, a tensor's is not", "np.asarray(m), and @ or *")


def _of_pandas(value: Any, operation: str) -> Array:
    array = np.asarray(value.to_numpy())
    if array.dtype.kind not in _NUMERIC:
        held = ", ".join(map(str, dict.fromkeys(value.dtypes))) if hasattr(value, "columns") else str(value.dtype)
        refuse(
            operation,
            value,
            f"its {held} data {array.shape} have no common numeric dtype",
            "choose the columns of numbers, fill what is missing (fillna), or x.astype(float)",
        )
    return array


def _of_torch(value: Any, operation: str) -> Array:
    if value.requires_grad:
        refuse(
            operation,
            value,
            "it belongs to PyTorch's graph, which ends here",
            "compute with one library; ag.Tensor(x.detach().numpy(), requires_grad=True) begins a graph of this one",
        )
    try:
        return value.detach().cpu().resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError) as error:
        return refuse(operation, value, str(error).splitlines()[0], "x.float(), or x.to_dense() if it is sparse")


def _of_jax(value: object, operation: str) -> Array:
    if isinstance(value, sys.modules["jax"].core.Tracer):
        refuse(
            operation,
            value,
            "JAX traces it, and has no numbers yet",
            "compute with one library; outside of jax.jit and jax.grad its arrays are taken by their values",
        )
    return np.asarray(value)


def _of_xarray(value: Any, operation: str) -> Any:
    """It adopts a tensor as its data, and gives it back with its graph."""
    return value.data if isinstance(value.data, Tensor) else np.asarray(value.values)


def _of_polars(value: Any, operation: str) -> Array:
    missing = value.null_count()
    if (missing if isinstance(missing, int) else missing.to_numpy().sum()) > 0:
        refuse(operation, value, "values are missing", "x.fill_null(number), or x.drop_nulls()")
    return value.to_numpy()


def _of_sparse(value: object, operation: str) -> SparseConstant:
    return SparseConstant(value)


Converter: TypeAlias = Callable[[Any, str], Any]

_LIBRARIES: dict[str, tuple[tuple[str, ...], Converter]] = {
    "numpy.ma": (("MaskedArray",), _of_masked),
    "numpy": (("matrix",), _of_matrix),
    "pandas": (("Series", "DataFrame", "Index", "api.extensions.ExtensionArray"), _of_pandas),
    "scipy.sparse": (("sparray", "spmatrix"), _of_sparse),
    "torch": (("Tensor",), _of_torch),
    "jax": (("Array",), _of_jax),
    "xarray": (("DataArray", "Variable"), _of_xarray),
    "polars": (("Series", "DataFrame"), _of_polars),
}
"""Of each library its containers, and how their numbers are had."""


def _converter(value: object) -> Converter | None:
    kind = type(value)
    if kind.__module__ == "builtins":
        return None
    if kind not in _known:
        _known[kind] = next((convert for name, classes, convert in _loaded() if isinstance(value, classes)), None)
    return _known[kind]


_known: weakref.WeakKeyDictionary[type, Converter | None] = weakref.WeakKeyDictionary()
"""Whose converter was looked up before; the types of a library are loaded before their first object is."""


def _loaded() -> Any:
    for name, (classes, convert) in _LIBRARIES.items():
        library = sys.modules.get(name)
        if library is not None:
            yield name, tuple(found for path in classes if (found := _find(library, path)) is not None), convert


def _find(library: Any, path: str) -> Any:
    for name in path.split("."):
        library = getattr(library, name, None)
    return library


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return not isinstance(value, (bytes, bytearray))
