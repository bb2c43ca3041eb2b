"""What runs a record: NumPy's calls, or machine code."""

from __future__ import annotations

import importlib.util

BACKENDS = ("auto", "numpy", "llvm")


def check_backend(backend: str) -> None:
    """ValueError for a name that is none, ImportError for "llvm" where llvmlite is missing."""
    if backend not in BACKENDS:
        raise ValueError(f'compile: backend={backend!r}; there are "auto", "numpy" and "llvm".')
    if backend == "llvm" and not _has_llvm():
        raise ImportError(
            'compile: backend="llvm" needs llvmlite. Fix: pip install autograd-core[compile], or backend="numpy".'
        )


def pays(backend: str) -> bool:
    """Whether to make machine code."""
    return backend == "llvm"


def _has_llvm() -> bool:
    return importlib.util.find_spec("llvmlite") is not None
