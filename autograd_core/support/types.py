"""Types for annotations: what counts as an array, and what becomes one. Nothing here is needed while a program runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..engine.tensor import Tensor

Array: TypeAlias = np.ndarray[Any, Any]
TensorLike: TypeAlias = Tensor | Array
"""A tensor or an array; what is computed from arrays alone is an array, too."""

ArrayLike: TypeAlias = Tensor | npt.ArrayLike
"""What becomes an array as well: numbers, lists of them, containers of other libraries."""

DTypeLike: TypeAlias = npt.DTypeLike | None
Shape: TypeAlias = tuple[int, ...]
PerAxis: TypeAlias = int | Sequence[int]
"""One number for every axis, or one for each."""
