"""Arrays of every kind: half precision, empty, 0-d, strided, read-only, beside numbers and lists."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from samples import LIBRARY, REAL, SAMPLES, numbers_like, of_differentiable
from strategies import generators

FLOATS = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


# Dtypes --------------------------------------------------------------------------------------------------------------

BESIDE_NUMBERS: dict[str, Any] = {
    "x + c": lambda x, c: x + c,
    "c - x": lambda x, c: c - x,
    "x * c": lambda x, c: x * c,
    "x / c": lambda x, c: x / c,
    "c / x": lambda x, c: c / x,
    "x ** c": lambda x, c: x**c,
    "c ** x": lambda x, c: c**x,
    "maximum(x, c)": lambda x, c: np.maximum(x, c),
    "minimum(c, x)": lambda x, c: np.minimum(c, x),
    "where(x > 1, x, c)": lambda x, c: np.where(x > 1, x, c),
    "where(x > 1, c, x)": lambda x, c: np.where(x > 1, c, x),
    "mean and var": lambda x, c: x.mean() + x.var(ddof=int(c > 2)),
    "softmax": lambda x, c: ag.softmax(x) * c,
    "corners": lambda x, c: ag.relu(x) + np.abs(x) + ag.softplus(x) + ag.sigmoid(x) + x.max(),
}


@FLOATS
@pytest.mark.parametrize("operation", BESIDE_NUMBERS)
@pytest.mark.parametrize("c", [2, 2.5, True])
def test_python_numbers_never_widen(operation: str, c: Any, dtype: Any) -> None:
    """Not the values, not the derivatives of either mode, and nothing computed on the way to them.

    Sums of float16 are taken in float32.
    """
    x, t = (ag.Tensor(np.array([1.0, 2.0], dtype), requires_grad=True) for _ in range(2))
    met = set()
    with ag.observe(lambda op, args, params, result: met.add(result.dtype)):
        y = BESIDE_NUMBERS[operation](x, c)
        y.sum().backward(create_graph=True)
        _, tangent = ag.jvp(lambda x: BESIDE_NUMBERS[operation](x, c), (x,), (t,))
    assert {y.dtype} == {x.grad.dtype} == {tangent.dtype} == {np.dtype(dtype)}
    assert met - ({np.dtype(np.float32)} if dtype == np.float16 else set()) == {np.dtype(dtype)}
    assert ag.grad(lambda x: BESIDE_NUMBERS[operation](x, c).sum())(x.detach().numpy()).dtype == dtype


@FLOATS
@pytest.mark.parametrize("zeros", [(0.0, -0.0), (-0.0, 0.0), (-0.0, 0, False)])
def test_zero_keeps_its_sign(dtype: Any, zeros: Any) -> None:
    """−0.0 == 0.0, but 1/−0.0 is −∞: whichever of them has been met before."""
    x = ag.Tensor(np.array([1.0, 2.0], dtype), requires_grad=True)
    for zero in zeros:
        for y in (x * zero, zero * x, np.copysign(x, zero)):
            assert (np.signbit(y.numpy()) == (math.copysign(1, zero) < 0)).all()


def test_numbers_and_lists_become_the_default_dtype_and_arrays_keep_theirs() -> None:
    assert ag.Tensor(1).dtype == ag.Tensor([1, 2]).dtype == ag.Tensor([[1.5]]).dtype == np.float32
    for array in (np.arange(2), np.ones(2), np.ones(2, np.float16), np.array([True])):
        assert ag.Tensor(array).dtype == array.dtype and ag.Tensor(array).data is array
    assert ag.Tensor(np.float64(1)).dtype == np.float64
    assert ag.Tensor([1, 2], dtype=np.float64).dtype == np.float64


def test_the_default_dtype_can_be_set() -> None:
    try:
        ag.set_default_dtype(np.float64)
        assert ag.Tensor([1]).dtype == ag.get_default_dtype() == np.float64
    finally:
        ag.set_default_dtype(np.float32)
    with pytest.raises(TypeError, match="int64"):
        ag.set_default_dtype(int)
    assert ag.get_default_dtype() == np.float32


def test_a_list_beside_a_tensor_takes_its_dtype() -> None:
    """It is weak, like a Python number: nothing is rounded on the way, and nothing widened."""
    x = ag.Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    for y in (x * [3, 4], [3, 4] * x, np.multiply(x, [3.0, 4.0]), x @ [3.0, 4.0], np.concatenate([x, [1.0]])):
        assert y.dtype == np.float32
        y.sum().backward()
        x.grad = None
    for dtype in (np.float16, np.float32, np.float64):
        t = ag.Tensor(np.ones(3, dtype), requires_grad=True)
        for y in (t * [0.1, 0.2, 0.3], np.stack([t, [0.1, 0.2, 0.3]])[1] * t):
            np.testing.assert_array_equal(y.numpy(), np.array([0.1, 0.2, 0.3], dtype), strict=True)
    counts = ag.Tensor(np.array([1, 2]))
    assert (counts * [1.5, 2.5]).tolist() == [1.5, 5.0] and (counts * [1.5, 2.5]).dtype == np.float64
    assert (counts * [3, 4]).dtype == counts.dtype and (x * [1j, 2j]).dtype == np.complex64


def test_a_list_that_is_no_operand_of_the_arithmetic_keeps_its_dtype() -> None:
    """Masks, indices and exponents."""
    t = ag.Tensor(np.array([1.0, 2.0, 3.0], np.float32), requires_grad=True)
    assert np.bincount([0, 2, 2], weights=t).tolist() == [1.0, 0.0, 5.0]
    assert np.ldexp(t, [1, 2, 3]).tolist() == [2.0, 8.0, 24.0]
    assert np.where([True, False, True], t, 0.0).tolist() == [1.0, 0.0, 3.0]
    assert np.where([1, 0, 1], t, [9, 9, 9]).dtype == np.float32


@given(st.permutations([np.float16, np.float32, np.float64]))
def test_along_a_chain_of_dtypes_every_leaf_gets_its_own(dtypes: list[Any]) -> None:
    leaves = [ag.Tensor(np.ones(2, d), requires_grad=True) for d in dtypes]
    a, b, c = leaves
    y = np.exp(a * b) @ c + (a * c).sum()
    y.backward(create_graph=True)
    assert y.dtype == np.float64
    assert [leaf.grad.dtype for leaf in leaves] == dtypes


def test_astype_converts_the_cotangent_back() -> None:
    x = ag.Tensor(np.ones(2, np.float32), requires_grad=True)
    y = x.astype(np.float64) * 0.1
    y.sum().backward()
    assert y.dtype == np.float64 and x.grad.dtype == np.float32
    assert x.grad.tolist() == [float(np.float32(0.1))] * 2


def test_a_conversion_to_integers_pretends_no_derivative() -> None:
    """Rounding has slope 0: the result is a constant, or the conversion is refused."""
    x = ag.Tensor(np.array([1.5]), requires_grad=True)
    try:
        y = x.astype(int)
    except TypeError:
        return
    assert not y.requires_grad


def test_integer_constants_are_fine() -> None:
    x = ag.Tensor(np.array([1.5, 2.5]), requires_grad=True)
    (x * np.arange(2) + np.array([True, False])).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0] and x.grad.dtype == np.float64


# Shapes and layouts --------------------------------------------------------------------------------------------------

EMPTY: dict[str, Any] = {
    "elementwise": lambda x: np.exp(x) * x + 1,
    "sum": lambda x: x.sum(axis=0),
    "sum of all": lambda x: x.sum(),
    "reshape": lambda x: x.reshape(3, 0),
    "matmul": lambda x: x @ np.ones((3, 2)),
    "inner matmul": lambda x: x.T @ np.ones((0, 2)),
    "concatenate": lambda x: np.concatenate([x, np.ones((1, 3))]),
    "getitem": lambda x: x[:, 1],
    "index of nothing": lambda x: x[np.array([], int)],
    "where": lambda x: np.where(x > 0, x, 0.0),
    "max along what is there": lambda x: x.max(axis=1),
    "softmax": lambda x: ag.softmax(x),
    "broadcast": lambda x: x + np.ones((2, 1, 1)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty_arrays_have_empty_gradients(name: str) -> None:
    x = ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    y = EMPTY[name](x)
    y.backward(np.ones(y.shape))
    assert x.grad.shape == (0, 3)
    value, tangent = ag.jvp(EMPTY[name], (x.numpy(),), (x.numpy(),))
    assert value.shape == tangent.shape == y.shape and not tangent.any()


def test_the_mean_of_nothing_warns_as_numpy_does() -> None:
    x = ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    with pytest.warns(RuntimeWarning):
        y = x.mean()
    assert np.isnan(y.item())


def test_the_maximum_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"max: .*float64 \(0, 3\)"):
        ag.Tensor(np.zeros((0, 3))).max()


def test_numbers_without_axes() -> None:
    """0-d arrays go through reductions, indexing, matmul's neighbours and reshaping, and come back 0-d."""
    x = ag.Tensor(np.array(2.0), requires_grad=True)
    for f in (
        lambda x: x.sum(),
        lambda x: x.mean() * x.max() / x.min(),
        lambda x: x[...],
        lambda x: x[None][0],
        lambda x: x.reshape(1).squeeze(),
        lambda x: x.T,
        lambda x: ag.logsumexp(x),
        lambda x: np.stack([x, x])[1],
        lambda x: np.broadcast_to(x, (2, 2)).mean(),
    ):
        y = f(x)
        y.backward()
        assert y.shape == x.grad.shape == () and x.grad.item() == 1.0
        x.grad = None


def layouts(array: Any) -> list[Any]:
    """The same numbers in Fortran order, strided, backwards in memory, and read-only."""
    wide = np.empty((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    flipped = np.array(np.flip(array))
    frozen = np.array(array)
    frozen.flags.writeable = False
    return [np.array(array, order="F"), wide[..., 0], np.flip(flipped), frozen]


@pytest.mark.parametrize("name", REAL)
@given(data=st.data(), rng=generators)
def test_memory_layout_changes_nothing_and_inputs_are_not_written_to(
    name: str, data: st.DataObject, rng: np.random.Generator
) -> None:
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    originals = [a.copy() for a in x]
    value, pullback = ag.vjp(f, *x)
    u = numbers_like(rng, value)
    expected = pullback(u)
    for variant in zip(*map(layouts, x), strict=True):
        again, back = ag.vjp(f, *variant)
        np.testing.assert_allclose(again, value, rtol=1e-13, atol=1e-13)
        for layout in layouts(u):
            for a, b in zip(back(layout), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
    for a, original in zip(x, originals, strict=True):
        np.testing.assert_array_equal(a, original)


@given(rng=generators)
def test_places_read_often_get_every_cotangent(rng: np.random.Generator) -> None:
    """The gradient of ⟨u, x[i]⟩ counts: x̄[k] = Σ u[j] over the j with i[j] = k."""
    index, u = rng.integers(-4, 4, 12), rng.normal(size=12)
    x = ag.Tensor(np.zeros(4), requires_grad=True)
    (x[index] * u).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.bincount(index % 4, u, 4), rtol=1e-14, atol=1e-14)
