"""Shaping, joining, padding, choosing and updating: the special cases, with numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from strategies import even, generators, indices, real, shapes

NUMPY = np.lib.NumpyVersion(np.__version__)


def leaf(values: Any) -> ag.Tensor:
    return ag.Tensor(np.asarray(values, float), requires_grad=True)


def gradient(f: Callable[..., Any], *x: Any) -> Any:
    """Of the sum of f's elements, weighted by 1, 10, 100, …."""

    def weighed(*x: Any) -> Any:
        y = f(*x)
        return (np.reshape(y, (-1,)) * 10.0 ** np.arange(y.size)).sum()

    found = ag.grad(weighed, tuple(range(len(x))))(*[np.asarray(a, float) for a in x])
    return found[0].tolist() if len(x) == 1 else [g.tolist() for g in found]


# Orders in memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
@pytest.mark.parametrize("layout", ["C", "F"])
def test_an_order_reads_the_memory_that_is_there(order: Any, layout: Any) -> None:
    """The gradient of ⟨u, ravel x⟩ lies where ravel read."""
    x = np.array(np.arange(6.0).reshape(2, 3), order=layout)
    t = ag.Tensor(x, requires_grad=True)
    for read in (lambda a: np.ravel(a, order), lambda a: a.flatten(order)):
        assert read(t).tolist() == read(x).tolist()
        t.grad = None
        (read(t) * np.arange(6.0)).sum().backward()
        assert read(np.array(t.grad.numpy(), order=layout)).tolist() == list(range(6))
    if order != "K":
        assert np.reshape(t, (3, 2), order).tolist() == np.reshape(x, (3, 2), order).tolist()
        assert t.reshape(3, -1, order=order).tolist() == x.reshape(3, -1, order=order).tolist()


def test_an_order_that_the_memory_does_not_say_is_refused() -> None:
    scattered = ag.Tensor(np.ones((2, 3, 4)).transpose(1, 0, 2)[:, :, ::2], requires_grad=True)
    with pytest.raises(ValueError, match=r"ravel: order='K'.*Fix: give order='C'"):
        np.ravel(scattered, "K")
    with pytest.raises(ValueError, match=r"reshape: order='Z'"):
        np.reshape(scattered, -1, "Z")


@pytest.mark.skipif(NUMPY < "2.1.0", reason="np.reshape has no copy= there")
def test_a_reshape_without_a_copy_where_one_is_needed() -> None:
    x = leaf(np.ones((2, 3)))
    assert np.shares_memory(np.reshape(x, (3, 2), copy=False).numpy(), x.numpy())
    assert not np.shares_memory(np.reshape(x, (3, 2), copy=True).numpy(), x.numpy())
    with pytest.raises(ValueError, match=r"reshape: .*copy=False"):
        np.reshape(x.T, -1, copy=False)


def test_a_copy_has_memory_of_its_own_and_the_whole_gradient() -> None:
    x = leaf([1.0, -0.0])
    for copy in (np.copy(x), x.copy(), ag.copy(x), x.astype(float)):
        assert copy.tolist() == [1.0, 0.0] and np.signbit(copy.numpy())[1] and copy.requires_grad
        assert not np.shares_memory(copy.numpy(), x.numpy())
    assert x.astype(float, copy=False) is x


def test_a_complex_cotangent_is_converted_to_its_real_part() -> None:
    """y = (1 + i)·x of a real x: the cotangent of x is Re((1 − i)·g)."""
    x = leaf([1.0, 2.0])
    np.imag(x.astype(complex) * (1 + 1j)).sum().backward()
    assert x.grad.dtype == np.float64 and x.grad.tolist() == [1.0, 1.0]


def test_a_cast_that_loses_numbers_is_refused_where_that_is_asked() -> None:
    with pytest.raises(TypeError, match="astype: float64 does not become float32"):
        leaf([1.0]).astype(np.float32, casting="safe")


# Joining, filling and repeating --------------------------------------------------------------------------------------


def test_arrays_beside_tensors_in_lists() -> None:
    x = leaf([1.0, 2.0])
    for join in (np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block):
        y = join([np.zeros(2), x, [5.0, 6.0]] if join is not np.block else [np.zeros(2), x])
        assert y.requires_grad and y.sum().item() == pytest.approx(14.0 if join is not np.block else 3.0)


def test_blocks_of_unequal_depth_are_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        np.block([[leaf([1.0])], leaf([1.0])])


def test_a_filling_number_gets_the_sum_of_the_cotangents() -> None:
    a = np.zeros((2, 3), np.float32)
    assert ag.grad(lambda w: (ag.full((2, 3), w) * 2).sum())(1.0) == 12.0
    w = leaf(2.0)
    for y in (ag.full_like(a, w), np.full_like(ag.Tensor(a), w), ag.full_like(a, w, shape=3)):
        assert y.dtype == np.float32 and y.requires_grad and y.numpy().min() == 2.0
    assert ag.full_like(ag.Tensor(a), 1.5).tolist() == np.full_like(a, 1.5).tolist()
    assert np.full_like(w, 3.0).tolist() == 3.0


def test_repetition_counts() -> None:
    assert gradient(lambda x: np.repeat(x, [2, 0, 1]), [1.0, 2.0, 3.0]) == [11.0, 0.0, 100.0]
    assert gradient(lambda x: np.tile(x, 2), [1.0, 2.0]) == [101.0, 1010.0]
    assert gradient(lambda x: np.resize(x, 3), [1.0, 2.0]) == [101.0, 10.0]
    assert gradient(lambda x: np.broadcast_to(x, (2, 1)), 1.0) == 11.0
    assert gradient(lambda x: np.repeat(x, ag.Tensor(np.array([1, 2]))), [1.0, 2.0]) == [1.0, 110.0]


def test_nothing_repeated_is_zeros_as_in_numpy() -> None:
    empty = leaf(np.zeros(0))
    assert np.resize(empty, 2).tolist() == [0.0, 0.0]
    assert np.tile(empty, 3).shape == np.repeat(empty, 3).shape == (0,)
    with pytest.raises(ValueError, match="resize"):
        np.resize(empty, -1)


def test_a_trimmed_zero_has_no_derivative() -> None:
    x = [0.0, 1.0, 0.0, 2.0, 0.0]
    assert gradient(np.trim_zeros, x) == [0.0, 1.0, 10.0, 100.0, 0.0]
    assert gradient(lambda x: np.trim_zeros(x, "f"), x) == [0.0, 1.0, 10.0, 100.0, 1000.0]
    assert np.trim_zeros(leaf([0.0, 0.0])).shape == (0,) and np.trim_zeros(leaf([0.0]), "f").shape == (0,)
    with pytest.raises(ValueError, match="trim_zeros"):
        np.trim_zeros(leaf([0.0]), "x")


@pytest.mark.skipif(NUMPY < "2.2.0", reason="np.trim_zeros has no axis= there")
def test_zeros_are_trimmed_along_the_axes_that_are_named() -> None:
    matrix = np.pad(np.ones((2, 2)), ((1, 0), (0, 2)))
    for trim, axis in (("fb", None), ("b", None), ("fb", 1), ("f", 0), ("fb", ())):
        expected = np.trim_zeros(matrix, trim, axis=axis)
        np.testing.assert_array_equal(np.trim_zeros(leaf(matrix), trim, axis=axis).numpy(), expected, strict=True)


# Padding -------------------------------------------------------------------------------------------------------------


def test_each_mode_of_padding_hands_the_cotangents_back() -> None:
    """Of x = [1, 2, 3] padded by two in front."""
    for mode, settings, expected in [
        ("constant", {}, [100.0, 1000.0, 10000.0]),
        ("edge", {}, [111.0, 1000.0, 10000.0]),
        ("wrap", {}, [100.0, 1001.0, 10010.0]),
        ("reflect", {}, [100.0, 1010.0, 10001.0]),
        ("reflect", {"reflect_type": "odd"}, [122.0, 990.0, 9999.0]),
        ("symmetric", {}, [110.0, 1001.0, 10000.0]),
        ("linear_ramp", {"end_values": 7.0}, [105.0, 1000.0, 10000.0]),
        ("mean", {"stat_length": 2}, [105.5, 1005.5, 10000.0]),
        ("median", {}, [100.0, 1011.0, 10000.0]),
        ("maximum", {}, [100.0, 1000.0, 10011.0]),
        ("minimum", {}, [111.0, 1000.0, 10000.0]),
        ("empty", {}, [100.0, 1000.0, 10000.0]),
    ]:
        found = gradient(lambda x, m=mode, s=settings: np.pad(x, (2, 0), mode=m, **s), [1.0, 2.0, 3.0])
        assert found == pytest.approx(expected), mode


def test_what_stands_in_the_padding_can_be_differentiated() -> None:
    x = np.array([1.0, 2.0])
    assert ag.grad(lambda c: ag.pad(ag.Tensor(x), 1, constant_values=c).sum())(3.0) == 2.0
    ends = ag.grad(lambda e: ag.pad(ag.Tensor(x), 2, mode="linear_ramp", end_values=e).sum())(np.array([3.0, 5.0]))
    assert ends.tolist() == [1.5, 1.5]


@given(rng=generators, widths=st.tuples(st.integers(0, 9), st.integers(0, 9)), n=st.integers(1, 3))
def test_padding_far_beyond_the_array_is_numpys(rng: np.random.Generator, widths: Any, n: int) -> None:
    x = even(rng, (2, n))
    for mode in ("reflect", "symmetric"):
        for kind in ("even", "odd"):
            padded = [np.pad(a, ((0, 0), widths), mode=mode, reflect_type=kind) for a in (x, ag.Tensor(x))]
            np.testing.assert_array_equal(padded[1].numpy(), padded[0], strict=True)
    np.testing.assert_array_equal(np.pad(ag.Tensor(x), widths, mode="wrap").numpy(), np.pad(x, widths, mode="wrap"))


def test_empty_axes_are_padded_by_constants_only() -> None:
    empty = leaf(np.zeros((0, 2)))
    assert np.pad(empty, 1).shape == (2, 4)
    assert np.pad(empty, ((0, 0), (1, 1)), mode="edge").shape == (0, 4)
    with pytest.raises(ValueError, match=r"pad: axis 0 of \(0, 2\) is empty"):
        np.pad(empty, 1, mode="edge")


def test_padding_that_is_refused() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match=r"pad: a function as mode.*Fix"):
        np.pad(x, 1, mode=lambda *args: None)
    with pytest.raises(ValueError, match="pad: mode 'circular'"):
        np.pad(x, 1, mode="circular")
    with pytest.raises(ValueError, match="pad: mode 'edge' has no stat_length"):
        np.pad(x, 1, mode="edge", stat_length=1)
    with pytest.raises(ValueError, match="negative"):
        np.pad(x, -1)
    with pytest.raises(TypeError, match="integral"):
        np.pad(x, 1.5)
    with pytest.raises(ValueError, match="stat_length"):
        np.pad(x, 1, mode="maximum", stat_length=0)


def test_integer_tensors_are_padded_like_integers() -> None:
    x = np.array([1, 2, 2])
    for mode in ("constant", "mean", "maximum", "reflect", "linear_ramp"):
        np.testing.assert_array_equal(np.pad(ag.Tensor(x), 2, mode=mode).numpy(), np.pad(x, 2, mode=mode), strict=True)


# Reading -------------------------------------------------------------------------------------------------------------


@given(data=st.data(), rng=generators)
def test_indices_may_be_tensors(data: st.DataObject, rng: np.random.Generator) -> None:
    shape = data.draw(shapes(min_dims=1))
    x, i = real(rng, shape), rng.integers(0, shape[0], 3)
    assert ag.Tensor(x)[ag.Tensor(i)].tolist() == x[i].tolist()
    assert ag.Tensor(x)[ag.Tensor(i), ...].tolist() == ag.Tensor(x)[(ag.Tensor(i),)].tolist() == x[i, ...].tolist()
    assert np.take(ag.Tensor(x), ag.Tensor(i), axis=0).tolist() == x[i].tolist()


@pytest.mark.parametrize("counts", [(3,), (200,), (20, 20)])
@pytest.mark.parametrize("shape", [(5, 7), (5, 3, 3)])
def test_rows_read_at_an_index_are_added_up(shape: tuple[int, ...], counts: tuple[int, ...]) -> None:
    """By the quick way over many rows, too."""
    rng = np.random.default_rng(0)
    index = rng.integers(-shape[0], shape[0], counts)
    u = real(rng, (*index.shape, *shape[1:]))
    expected = np.zeros(shape)
    np.add.at(expected, index, u)
    found = ag.grad(lambda x: (x[index] * u).sum())(np.zeros(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_choices_that_are_refused() -> None:
    x = leaf([1.0, 2.0, 3.0])
    for action, kind, words in [
        (lambda: np.take(x, [3]), IndexError, "out of bounds"),
        (lambda: np.take(x, [0.5]), TypeError, "take: float64 indices"),
        (lambda: np.take(x, [0], mode="around"), ValueError, "take: mode='around'"),
        (lambda: np.take(x, [0], None, np.zeros(1)), TypeError, "take: out="),
        (lambda: np.choose([0, 2], [x[:2], x[:2]]), ValueError, "choose: a number outside of 0 … 1"),
        (lambda: np.select([np.array([1, 0, 1])], [x]), TypeError, "select: condition 0 is int64"),
        (lambda: np.select([], []), ValueError, "select"),
        (lambda: np.where(x > 1, x), ValueError, "where: one of x and y is missing"),
        (lambda: np.take_along_axis(x, np.array([[0]]), 0), ValueError, "take_along_axis: indices int64"),
        (lambda: np.take_along_axis(x, np.array([0.0]), 0), IndexError, "take_along_axis: indices float64"),
        (lambda: np.compress([0, 0, 0, 1], x), IndexError, "out of bounds"),
        (lambda: np.diag(leaf(np.ones((1, 1, 1)))), ValueError, "diag"),
        (lambda: np.split(x, 2), ValueError, "split: 3 elements"),
        (lambda: np.split(x, 3, axis=1), np.exceptions.AxisError, "split: axis 1 is out of bounds"),
        (lambda: np.take(x, 0, axis=-2), np.exceptions.AxisError, "take: axis -2 is out of bounds"),
        (lambda: np.delete(x, 0, axis=1), np.exceptions.AxisError, "delete: axis 1 is out of bounds"),
        (lambda: np.array_split(x, 0), ValueError, "array_split"),
        (lambda: np.piecewise(x, [x > 1], []), ValueError, "piecewise: 0 functions for 1 conditions"),
        (lambda: x.flat, AttributeError, r"flat: .*Fix: t.ravel\(\)"),
        (lambda: np.fill_diagonal(leaf(np.eye(2)), 1.0), TypeError, r"fill_diagonal.*Fix: ag.fill_diagonal"),
        (lambda: np.put_along_axis(x, np.array([0]), 1.0, 0), TypeError, r"put_along_axis.*Fix: ag.put_along_axis"),
        (lambda: np.place(x, x > 1, [1.0]), TypeError, "Fix"),
        (lambda: np.putmask(x, x > 1, 1.0), TypeError, "Fix"),
        (lambda: np.unique_values(x), TypeError, "Fix"),
        (lambda: np.union1d(x, x), TypeError, "Fix"),
        (lambda: np.lib.stride_tricks.as_strided(x, (2,), (8,)), TypeError, "Fix"),
    ]:
        with pytest.raises(kind, match=words):
            action()


def test_a_condition_alone_says_where_it_holds() -> None:
    x = leaf([[0.0, 1.0], [2.0, 0.0]])
    assert [i.tolist() for i in np.where(x)] == [i.tolist() for i in np.where(x > 0)] == [[0, 1], [1, 0]]


def test_what_a_mask_hides_meets_no_arithmetic() -> None:
    """select and piecewise of √x at x < 0 and at 0, where its slope is infinite."""
    x = [-1.0, 0.0, 4.0]
    with np.errstate(all="ignore"):
        assert gradient(lambda x: np.select([x > 0], [np.sqrt(x)], 0.0), x) == [0.0, 0.0, 25.0]
    assert gradient(lambda x: np.piecewise(x, [x > 0], [np.sqrt, 0.0]), x) == [0.0, 0.0, 25.0]


def test_every_choice_gets_the_cotangents_of_its_places() -> None:
    x, y = [1.0, 2.0], [3.0, 4.0]
    assert gradient(lambda x, y: np.choose([0, 1], [x, y]), x, y) == [[1.0, 0.0], [0.0, 10.0]]
    assert gradient(lambda x, y: np.select([np.array([True, False])], [x], y), x, y) == [[1.0, 0.0], [0.0, 10.0]]


def test_the_windows_of_a_line() -> None:
    windows = np.lib.stride_tricks.sliding_window_view
    x = leaf([1.0, 2.0, 3.0, 4.0])
    assert windows(x, 3).tolist() == ag.sliding_window_view(x, 3).tolist() == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
    assert gradient(lambda x: windows(x, 2), [1.0, 2.0, 3.0]) == [1.0, 110.0, 1000.0]


# Updating ------------------------------------------------------------------------------------------------------------


@given(data=st.data(), rng=generators)
def test_an_update_is_numpys_write_into_a_copy(data: st.DataObject, rng: np.random.Generator) -> None:
    """At every kind of index, for the whole array of values and for one."""
    shape = data.draw(shapes(max_dims=2))
    index = data.draw(indices(shape))
    x = np.asarray(np.abs(real(rng, shape)))
    for values in (np.abs(real(rng, x[index].shape)), 1.5, np.array(1.5)):
        for name, ufunc in [
            ("add", np.add),
            ("subtract", np.subtract),
            ("multiply", np.multiply),
            ("divide", np.divide),
            ("power", np.power),
            ("min", np.minimum),
            ("max", np.maximum),
        ]:
            expected = x.copy()
            ufunc.at(expected, index, values)
            found = getattr(ag.Tensor(x, requires_grad=True).at[index], name)(values)
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14, atol=1e-15)
        written = x.copy()
        written[index] = values
        found = ag.Tensor(x, requires_grad=True).at[index].set(values)
        np.testing.assert_array_equal(found.numpy(), written, strict=True)


@pytest.mark.parametrize("name", ["set", "add", "subtract", "multiply", "divide", "power", "min", "max"])
@pytest.mark.parametrize("index", [np.array([0, 2, 0]), slice(0, 3), np.array([True, True, False, True])])
def test_derivatives_of_updates(name: str, index: Any) -> None:
    """Also where a place is named twice."""
    x, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.1, 2.5, 0.3])
    for order in (1, 2):
        ag.gradcheck(lambda x, v: getattr(x.at[index], name)(v), x, values, order=order)


def test_of_values_set_at_one_place_the_last_stays() -> None:
    assert gradient(lambda x, v: x.at[np.array([1, 1])].set(v), [1.0, 2.0], [3.0, 4.0]) == [[1.0, 0.0], [0.0, 10.0]]
    assert gradient(lambda x, v: x.at[[1, 1]].add(v), [1.0, 2.0], [3.0, 4.0]) == [[1.0, 10.0], [10.0, 10.0]]


def test_an_update_leaves_the_old_tensor_as_it_was() -> None:
    x = leaf([1.0, 2.0])
    y = x.at[0].set(5.0).at[1].multiply(3.0)
    assert (x.tolist(), y.tolist()) == ([1.0, 2.0], [5.0, 6.0]) and x.at[1].get().item() == 2.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 3.0]


def test_an_update_keeps_the_dtype_or_is_refused() -> None:
    single, whole = ag.Tensor(np.ones(2, np.float32), True), ag.Tensor(np.ones(2, int))
    assert single.at[0].set(np.array(2.0)).dtype == single.at[0].add([1]).dtype == np.float32
    assert whole.at[0].set(3).dtype == whole.dtype
    for action in (lambda: whole.at[0].set(0.5), lambda: whole.at[0].add(leaf(1.0)), lambda: single.at[0].set(1j)):
        with pytest.raises(TypeError, match=r"at\[...\]..*: .* values do not go into .* Fix: x.astype"):
            action()


@given(rng=generators, n=st.integers(1, 3))
def test_a_write_along_an_axis(rng: np.random.Generator, n: int) -> None:
    x, values = real(rng, (2, 3)), real(rng, (2, n))
    index = np.argsort(rng.random((2, 3)), axis=1)[:, :n]
    expected = x.copy()
    np.put_along_axis(expected, index, values, axis=1)
    np.testing.assert_array_equal(ag.put_along_axis(x, index, values, axis=1), expected)
    ag.gradcheck(lambda x, v: ag.put_along_axis(x, index, v, axis=-1), x, values)
    flat = x.copy()
    np.put_along_axis(flat, index.ravel()[:1], 7.0, axis=None)
    np.testing.assert_array_equal(ag.put_along_axis(ag.Tensor(x), index.ravel()[:1], 7.0, axis=None).numpy(), flat)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 2), (7, 2), (2, 2, 2), (0, 0)])
@pytest.mark.parametrize("wrap", [False, True])
def test_a_filled_diagonal(shape: tuple[int, ...], wrap: bool) -> None:
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    for values in (np.array(9.0), np.array([7.0, 8.0])):
        expected = x.copy()
        np.fill_diagonal(expected, values, wrap)
        found = ag.fill_diagonal(ag.Tensor(x, requires_grad=True), values, wrap)
        np.testing.assert_array_equal(found.numpy(), expected, strict=True)
        if x.size:
            ag.gradcheck(lambda x, v: ag.fill_diagonal(x, v, wrap), x, values)
    with pytest.raises(ValueError, match="fill_diagonal"):
        ag.fill_diagonal(leaf([1.0]), 1.0)


def test_plain_arrays_stay_plain() -> None:
    x = np.arange(4.0).reshape(2, 2)
    for y in (ag.fill_diagonal(x, 1.0), ag.put_along_axis(x, np.array([[0]]), 1.0, 1), ag.pad(x, 1), ag.full(2, 1.0)):
        assert type(y) is np.ndarray
