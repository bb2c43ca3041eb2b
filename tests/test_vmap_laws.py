"""vmap of every primitive is the stacked loop: its values, both modes of differentiation, and the second order."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
from samples import LIBRARY, SAMPLED, SAMPLES, numbers_like, of_differentiable
from strategies import Array, generators

every_primitive = pytest.mark.parametrize("name", SAMPLED)
EXAMPLES = 3


def varied(x: Array) -> Array:
    """Examples near ``x``, each a little different."""
    return np.stack([x * (1 + 1e-3 * k) for k in range(EXAMPLES)])


def looped(f: Any, *batches: Array) -> Any:
    found = [f(*example) for example in zip(*batches, strict=True)]
    return [np.stack(parts) for parts in zip(*found, strict=True)] if isinstance(found[0], tuple) else np.stack(found)


def agree(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True) if isinstance(expected, list) else [(found, expected)]:
        scale = 1 + np.max(np.abs(b), initial=0.0)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * scale)


@every_primitive
@settings(max_examples=6)
@given(data=st.data(), rng=generators)
def test_vmap_is_the_stacked_loop(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """Of the values, of both modes inside, and of both modes outside."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    batches = [varied(a) for a in x]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = looped(f, *batches)
        agree(ag.vmap(f)(*batches), y)
        u, t = numbers_like(rng, y), tuple(numbers_like(rng, b) for b in batches)

        def pulled(u: Any, *x: Any) -> Any:
            return ag.vjp(f, *x)[1](u)

        def pushed(*both: Any) -> Any:
            half = len(both) // 2
            return ag.jvp(f, both[:half], both[half:])[1]

        gradients, tangents = looped(pulled, u, *batches), looped(pushed, *batches, *t)
        agree(ag.vmap(pulled)(u, *batches), gradients)
        agree(ag.vmap(pushed)(*batches, *t), tangents)
        agree(list(ag.vjp(ag.vmap(f), *batches)[1](u)), gradients)
        agree(ag.jvp(ag.vmap(f), tuple(batches), t)[1], tangents)


@pytest.mark.parametrize("name", SAMPLED)
@settings(max_examples=2)
@given(data=st.data(), rng=generators)
def test_second_order(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """The derivative of ⟨u, J v⟩ along v: inside, and outside of vmap."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    batches = [varied(a) for a in x]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        def curved(u: Any, *x: Any) -> Any:
            return ag.vjp(lambda *x: np.sum(u * f(*x) ** 2), *x)[1](1.0)

        u = numbers_like(rng, looped(f, *batches))
        v = tuple(numbers_like(rng, b) for b in batches)

        def second(u: Any, *both: Any) -> Any:
            half = len(both) // 2
            return ag.jvp(lambda *x: curved(u, *x), both[:half], both[half:])[1]

        expected = looped(second, u, *batches, *v)
        agree(list(ag.vmap(second)(u, *batches, *v)), expected)
        outside = lambda *x: ag.vjp(lambda *x: np.sum(u * ag.vmap(f)(*x) ** 2), *x)[1](1.0)
        agree(list(ag.jvp(outside, tuple(batches), v)[1]), expected)
