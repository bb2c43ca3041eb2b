"""States that are loaded: everything is looked at before anything changes, and what changes does so at once.

Every function raises ValueError that begins with ``what``, the name of what is looked at.
"""

from __future__ import annotations

import math
import operator
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import class_name
from ..engine.tensor import Tensor, bare

if TYPE_CHECKING:
    from ..support.types import Array, Shape


def at_once(changes: Iterable[Callable[[], object]]) -> None:
    """Make all changes: calls of functions in C that cannot fail (``partial(dict.update, …)``).

    The loop is in C as well, so that no signal is handled, and no KeyboardInterrupt raised, between two of them.
    """
    deque(map(operator.call, changes), 0)


def mapping(what: str, value: object, keys: Iterable[str] = ()) -> Mapping[Any, Any]:
    """``value``, a mapping with at least these keys."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{what}: expected a mapping, not {_given(value)}.")
    missing = [key for key in keys if key not in value]
    if missing:
        raise ValueError(f"{what}: no {', '.join(map(repr, missing))}.")
    return value


def listed(what: str, value: object, length: int | None = None) -> list[Any]:
    """``value`` as a list, of ``length`` entries if that is given."""
    if not isinstance(value, (list, tuple, deque)):
        raise ValueError(f"{what}: expected a list, not {_given(value)}.")
    if length is not None and len(value) != length:
        raise ValueError(f"{what}: {len(value)} entries for {length}.")
    return list(value)


def real(what: str, value: Any, least: float = -math.inf, whole: bool = False, finite: bool = True) -> float:
    """``value`` as a float: one real number, at least ``least``; whole and finite where that is asked for."""
    if _kind(value) != "a number":
        raise ValueError(f"{what}: expected a number, not {_given(value)}.")
    try:
        number = float(value.numpy() if isinstance(value, Tensor) else value)
    except OverflowError as error:  # an integer beyond all floats
        raise ValueError(f"{what}: {error}.") from error
    if math.isnan(number) and finite:
        raise ValueError(f"{what}: NaN is not a number.")
    if (finite and not math.isfinite(number)) or (whole and number % 1) or number < least:
        lowest = "" if least == -math.inf else f" of at least {least}"
        raise ValueError(f"{what}: {number!r} must be a {'whole' if whole else 'finite'} number{lowest}.")
    return number


def whole(what: str, value: Any, least: float = 0) -> int:
    """``value`` as an int of at least ``least``."""
    real(what, value, least, whole=True)
    return int(value.numpy() if isinstance(value, Tensor) else value)


def truth(what: str, value: object) -> bool:
    """``value`` as a bool; ValueError for anything else."""
    if _kind(value) != "a truth value":
        raise ValueError(f"{what}: expected True or False, not {_given(value)}.")
    return bool(value)


def array(what: str, value: Any, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """A copy of ``value`` with this shape and dtype; no imaginary part and no fraction is dropped for it."""
    try:
        given = np.asarray(bare(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: {class_name(value)} is not an array of numbers: {error}") from error
    if given.shape != shape:
        raise ValueError(f"{what}: {given.shape} for {shape}.")
    if given.dtype.kind not in "iufc" or not np.can_cast(given.dtype, dtype, "same_kind"):
        raise ValueError(f"{what}: {given.dtype} for {np.dtype(dtype)}.")
    return np.array(given, dtype, copy=True)


def alike(what: str, own: Any, given: Any) -> None:
    """``given`` is of the kind of ``own``: a number for a number, a list for a list of the same; None goes with all."""
    mine, theirs = _kind(own), _kind(given)
    if mine is None or theirs is None:
        return
    if mine != theirs:
        raise ValueError(f"{what}: {_given(given)} for {mine}.")
    if mine == "a list":
        for i, pair in enumerate(zip(own, given, strict=False)):
            alike(f"{what}[{i}]", *pair)
    if mine == "a mapping":
        for key in own:
            if key in given:
                alike(f"{what}[{key!r}]", own[key], given[key])


def _kind(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)):
        return "a truth value"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple, deque)):
        return "a list"
    dtype = getattr(value, "dtype", None)
    if isinstance(value, Number) or (dtype is not None and np.shape(value) == ()):
        kind = getattr(dtype, "kind", None) or ("c" if isinstance(value, complex) else "f")
        return {"b": "a truth value", "c": "a complex number"}.get(kind, "a number")
    if dtype is not None:
        return "an array"
    return "a string" if isinstance(value, str) else class_name(value)


def _given(value: object) -> str:
    kind = _kind(value)
    short = repr(value) if kind in ("a string", "a truth value", "a number", None) else ""
    return f"{kind or 'nothing'} ({short})" if 0 < len(short) < 60 else f"{kind or 'nothing'}"
