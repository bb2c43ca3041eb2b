"""Sample calls of every primitive: adding a primitive means adding one row here, and every law is tested on it."""

from __future__ import annotations

import importlib
import math
import pkgutil
from typing import Any

import numpy as np

import autograd_core.border.ufunc_methods  # these register their primitives when first imported
import autograd_core.fft
import autograd_core.special
import nn
from autograd_core.border.protocols import LATER
from autograd_core.engine.primitive import Primitive
from autograd_core.engine.registry import primitives
from samples import (
    complex,
    elementwise,
    fft,
    indexing,
    layers,
    linalg,
    ranges,
    reductions,
    scans,
    shaping,
    special,
    ufunc_methods,
)
from samples.call import Call, Calls
from strategies import Array

__all__ = [
    "COMPOSITES",
    "LIBRARY",
    "SAMPLED",
    "SAMPLES",
    "NUMPYS",
    "Call",
    "Calls",
    "differentiable",
    "inner",
    "numbers_like",
    "REAL",
    "of_differentiable",
]

FAMILIES: tuple[Any, ...] = (
    elementwise,
    complex,
    reductions,
    scans,
    linalg,
    shaping,
    indexing,
    fft,
    special,
    ufunc_methods,
    ranges,
    layers,
)
SAMPLES: dict[str, Calls] = {name: calls for family in FAMILIES for name, calls in family.SAMPLES.items()}
COMPOSITES: dict[str, Calls] = {
    name: calls for family in FAMILIES for name, calls in getattr(family, "COMPOSITES", {}).items()
}

# What is walked: the library's own primitives, not those that doctests, tests or users declare -----------------------


def _is_ours(op: Primitive) -> bool:
    ours = op.declared.module.split(".")[0] in ("autograd_core", "nn")
    return ours and not op.declared.file.startswith("<doctest")


for name in (
    *(f"autograd_core.{family}" for family in LATER),
    "autograd_core.spellings.watching",
    *(m.name for m in pkgutil.walk_packages(nn.__path__, "nn.")),
):
    importlib.import_module(name)

LIBRARY: dict[str, Primitive] = {op.name: op for op in primitives.values() if _is_ours(op)}
COMPLEX = {*complex.SAMPLES, *(name for family in FAMILIES for name in getattr(family, "COMPLEX", ()))}
for family in FAMILIES:
    for name, calls in getattr(family, "OF_COMPLEX", {}).items():
        SAMPLES[of_complex := f"{name} of complex numbers"] = calls
        LIBRARY[of_complex] = LIBRARY[name]
        COMPLEX.add(of_complex)
SAMPLED = [
    name
    for name in SAMPLES
    if name in LIBRARY and (not special.by_differences(LIBRARY[name]) or name in special.WALKED)
]
REAL = [name for name in SAMPLED if name not in COMPLEX]
NUMPYS = [name for name in REAL if name not in layers.SAMPLES]


def differentiable(op: Primitive, call: Call) -> list[int]:
    """Positions of the arguments that derivatives exist for."""
    rules = op.rules * len(call.args) if op.variadic else op.rules
    return [i for i, rule in enumerate(rules) if rule is not None]


def of_differentiable(op: Primitive, call: Call) -> tuple[Any, list[Array]]:
    """The call as a real function of its differentiable arguments alone, and those arguments.

    A complex number is a pair of real ones: a complex argument becomes two, a complex result is stacked.
    """
    places = differentiable(op, call)

    def f(*given: Any) -> Any:
        rest = iter(given)
        args: list[Any] = list(call.args)
        for place in places:
            args[place] = next(rest) + 1j * next(rest) if is_complex(call.args[place]) else next(rest)
        y = op.function(*args, **call.params)
        return np.stack([np.real(y), np.imag(y)]) if is_complex(y) else y

    f.__name__ = op.name
    parts = [[np.real(a), np.imag(a)] if is_complex(a) else [a] for a in (call.args[i] for i in places)]
    return f, [part for pair in parts for part in pair]


def is_complex(array: Any) -> bool:
    return array.dtype.kind == "c"


def numbers_like(rng: np.random.Generator, array: Any) -> Array:
    """A random tangent or cotangent."""
    return np.asarray(rng.normal(size=np.shape(array)), dtype=np.result_type(array))


def inner(a: Any, b: Any) -> float:
    """⟨a, b⟩ of arrays, or of tuples of them."""
    pairs = zip(a, b, strict=True) if isinstance(a, (tuple, list)) else [(a, b)]
    return math.fsum(float(np.sum(np.multiply(x, y, dtype=np.float64))) for x, y in pairs)
