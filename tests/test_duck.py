"""Any array that implements NumPy's protocols flows through unchanged: values, gradients and tangents are ducks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
from devices import DUCKS, primitive_law
from duck import Duck
from samples import COMPOSITES, REAL
from strategies import generators

few = settings(max_examples=10)


def array(x: Any) -> Any:
    """The numbers of a duck, or of a tensor around one, and of nothing else."""
    x = x.data if isinstance(x, ag.Tensor) else x
    assert type(x) is Duck
    return x._array


def test_the_duck_is_strict() -> None:
    """It refuses what an array on a GPU refuses, so that the tests below can fail."""
    d = Duck(np.ones(2))
    for mix in (lambda: np.asarray(d), lambda: d + np.ones(2), lambda: np.concatenate([d, np.ones(2)])):
        with pytest.raises(TypeError):
            mix()
    assert type(np.exp(d) * 2.0) is type(np.sum(d)) is type(d[0]) is Duck


SCIPYS = {"sparse_product", *(f"linalg.{f}" for f in ("expm", "logm", "sqrtm", "lu_factors"))}
SCIPYS |= {"linalg.solve_sylvester", "linalg.solve_triangular", "linalg.spsolve"}
"""C code of SciPy's takes NumPy's own arrays."""


@pytest.mark.parametrize("name", [name for name in REAL if name not in SCIPYS])
@few
@given(data=st.data(), rng=generators)
def test_every_primitive_on_ducks(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """The same numbers as on NumPy's arrays, backward and forward."""
    primitive_law(name, data, rng, DUCKS)


@pytest.mark.parametrize("name", COMPOSITES)
@few
@given(data=st.data())
def test_composites_on_ducks(name: str, data: st.DataObject) -> None:
    args, params = data.draw(COMPOSITES[name])
    x = ag.Tensor(Duck(args[0]), requires_grad=True)
    y = getattr(ag, name)(x, **params)
    np.testing.assert_allclose(array(y), getattr(ag, name)(*args, **params), rtol=1e-14)
    (y * y).sum().backward()
    assert array(x.grad).shape == args[0].shape


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "operators and numbers": lambda x, w: ((2.0 * x - 1) / (w**2 + 3) + x**3 - (-w)).sum(),
    "a layer": lambda x, w: np.mean(np.maximum(x @ w.T, 0.0) ** 2),
    "normalised": lambda x, w: ((x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1)).max(),
    "cross entropy": lambda x, w: -ag.log_softmax(x * w, axis=1)[:, 0].mean(),
    "shapes": lambda x, w: (np.concatenate([x.T, w.T], axis=1).reshape(-1)[1::2] * 3).sum() + np.stack([x, w])[1, 0, 0],
    "branches": lambda x, w: np.where(x > 0, x * w, 0.5 * w).sum(),
    "unused": lambda x, w: (x * x).sum(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_on_ducks(name: str) -> None:
    """backward() without a cotangent, twice differentiated, and every transform."""
    f = PROGRAMS[name]
    plain = [np.random.default_rng(k).normal(size=(2, 3)) for k in range(2)]
    expected = ag.grad(f, (0, 1))(*plain)
    leaves = [ag.Tensor(Duck(a), requires_grad=True) for a in plain]
    f(*leaves).backward()
    for leaf, g in zip(leaves, expected, strict=True):
        if leaf.grad is not None:
            np.testing.assert_allclose(array(leaf.grad), g, rtol=1e-13, atol=1e-14)
    ducks = [Duck(a) for a in plain]
    value, gradients = ag.value_and_grad(f, (0, 1))(*ducks)
    np.testing.assert_allclose(array(value), f(*plain), rtol=1e-13)
    for found, g in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(array(found), g, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_on_ducks(name: str) -> None:
    """Hessian-vector products, reverse over reverse and forward over reverse."""
    f = PROGRAMS[name]
    plain, v = (np.random.default_rng(k).normal(size=(2, 3)) for k in range(2))
    w = np.ones((2, 3))
    expected = ag.jvp(ag.grad(lambda x: f(x, w)), (plain,), (v,))[1]
    dw, dv = Duck(w), Duck(v)
    forward = ag.jvp(ag.grad(lambda x: f(x, dw)), (Duck(plain),), (dv,))[1]
    reverse = ag.grad(lambda x: (ag.grad(lambda x: f(x, dw))(x) * dv).sum())(Duck(plain))
    for found in (forward, reverse):
        np.testing.assert_allclose(array(found), expected, rtol=1e-12, atol=1e-13)


def test_gradients_accumulate_as_ducks() -> None:
    x = ag.Tensor(Duck(np.ones(2)), requires_grad=True)
    for _ in range(2):
        (x * 3.0).sum().backward()
    np.testing.assert_array_equal(array(x.grad), [6.0, 6.0])


def test_a_leaf_of_ducks_is_updated_in_place_under_no_grad() -> None:
    x = ag.Tensor(Duck(np.ones(2)), requires_grad=True)
    (x * 3.0).sum().backward()
    with ag.no_grad():
        x -= 0.5 * x.grad
    np.testing.assert_array_equal(array(x), [-0.5, -0.5])
