"""What runs a record: NumPy's calls, or machine code."""

from __future__ import annotations

import functools
import importlib.util
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tracing.tape import Entry

BACKENDS = ("auto", "numpy", "llvm")
AUTO = True
"""Whether "auto" may choose machine code."""

COMPILING = 1.5e-3
"""Seconds that a call costs the compiler."""
A_CALL, BANDWIDTH = 1e-6, 3e10
"""What machine code saves of a call, in seconds, and of its result, in bytes a second."""
FEWEST = 100
_BLAS = {"matmul", "dot", "vecdot", "einsum", "tensordot"}


def check_backend(backend: str) -> None:
    """ValueError for a name that is none, ImportError for "llvm" where llvmlite is missing."""
    if backend not in BACKENDS:
        raise ValueError(f'compile: backend={backend!r}; there are "auto", "numpy" and "llvm".')
    if backend == "llvm" and not _has_llvm():
        raise ImportError(
            'compile: backend="llvm" needs llvmlite. Fix: pip install autograd-core[compile], or backend="numpy".'
        )


def native_from(backend: str, entries: list[Entry]) -> int | None:
    """After how many replays a record's calls become machine code; None: never.

    "auto" waits until the replays have cost what compiling will: so nothing costs more than twice the better way. Both
    are estimated from the calls alone, never timed, for two runs of one program must give the same bits.
    """
    if backend == "numpy" or (backend == "auto" and not (AUTO and _has_llvm())):
        return None
    if backend == "llvm":
        return 0
    written = sum(array.nbytes for entry in entries if entry.name not in _BLAS for array in entry.writes)
    gain = len(entries) * A_CALL + written / BANDWIDTH
    return max(FEWEST, math.ceil(len(entries) * COMPILING / gain)) if gain else None


@functools.cache
def _has_llvm() -> bool:
    return importlib.util.find_spec("llvmlite") is not None
