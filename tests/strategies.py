"""Hypothesis strategies for statements about arrays: shapes, axes, indices, and numbers away from kinks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

Array = np.ndarray[Any, Any]
Numbers = Callable[[np.random.Generator, tuple[int, ...]], Array]

# Numbers: Hypothesis draws the seed, so that values are spread evenly and never sit on a kink ------------------------


def real(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.3 ≤ |x| ≤ 2, either sign."""
    return np.asarray(rng.uniform(0.3, 2.0, shape) * rng.choice([-1.0, 1.0], shape))


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.3 ≤ x ≤ 2."""
    return np.asarray(rng.uniform(0.3, 2.0, shape))


def complexes(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.3 ≤ |z| ≤ 2, off the negative real axis, where angles and logarithms jump."""
    return np.asarray(rng.uniform(0.3, 2.0, shape) * np.exp(1j * rng.uniform(-3.0, 3.0, shape)))


def even(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Multiples of 0.2 in random order: no two are equal."""
    size = math.prod(shape)
    return np.asarray(0.2 * (rng.permutation(size) - size // 2)).reshape(shape)


def odd(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """``even`` moved by 0.1: no element equals one of an ``even`` array."""
    return np.asarray(even(rng, shape) + 0.1)


def mask(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """True and false."""
    return np.asarray(rng.random(shape) < 0.5)


generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)

# Shapes and axes -----------------------------------------------------------------------------------------------------


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> st.SearchStrategy[Any]:
    """Small shapes, 0-d included."""
    return npst.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def broadcastable(count: int) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    """``count`` shapes that broadcast together."""
    together = npst.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=3)
    return together.map(lambda drawn: drawn.input_shapes)


def either_sign(axis: int, ndim: int) -> st.SearchStrategy[int]:
    """The axis counted from the front or from the back."""
    return st.sampled_from([axis, axis - ndim])


@st.composite
def axis(draw: st.DrawFn, ndim: int) -> int:
    """One axis of ``ndim`` ≥ 1."""
    return draw(st.integers(-ndim, ndim - 1))


@st.composite
def axes(draw: st.DrawFn, ndim: int) -> int | tuple[int, ...] | None:
    """What ``axis=`` of a reduction takes: None, an int, or a tuple (the empty one, too)."""
    several = st.lists(st.integers(0, max(ndim - 1, 0)), unique=True, max_size=ndim)
    kinds: list[st.SearchStrategy[Any]] = [st.none(), several]
    chosen = draw(st.one_of(*kinds, axis(ndim)) if ndim else st.one_of(*kinds))
    return tuple(draw(either_sign(a, ndim)) for a in chosen) if isinstance(chosen, list) else chosen


@st.composite
def orders(draw: st.DrawFn, ndim: int) -> tuple[int, ...] | None:
    """What ``axes=`` of a transposition takes: None or a permutation, counted from the front or from the back."""
    permuted = draw(st.none() | st.permutations(range(ndim)))
    return None if permuted is None else tuple(draw(either_sign(a, ndim)) for a in permuted)


@st.composite
def same_size(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Another shape of as many elements, sometimes with a −1."""
    size = math.prod(shape)
    sides = [*draw(st.permutations(shape)), *draw(st.lists(st.just(1), max_size=1))]
    target = draw(st.sampled_from([tuple(sides), (size,), (1, size)]))
    hidden = draw(st.none() | st.integers(0, len(target) - 1)) if target else None
    return target if hidden is None else (*target[:hidden], -1, *target[hidden + 1 :])


# Indices -------------------------------------------------------------------------------------------------------------


def indices(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """What an array of this shape can be read at: numbers, slices, …, None; integer arrays; masks; mixtures."""
    basic = npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    boolean = npst.arrays(np.bool_, shape)
    if not shape:
        return basic
    repeated = npst.integer_array_indices(shape, result_shape=shapes(max_dims=2))
    first = npst.integer_array_indices(shape[:1], result_shape=shapes(max_dims=2))
    listed = st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=4)
    mixed = st.tuples(st.just(Ellipsis), npst.arrays(np.bool_, shape[-1:]))
    return st.one_of(basic, boolean, repeated, first, listed, mixed)
