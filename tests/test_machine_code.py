"""Programs of NumPy calls as machine code, beside NumPy: random ones, and one for everything that a pass may break."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_programs as programs
from autograd_core.programs.form import Program, Ref, Row, overlap
from autograd_core.programs.passes import ALL
from autograd_core.programs.passes.fusion import Kernel, schedule
from autograd_core.programs.passes.memory import arena, touched
from autograd_core.programs.tracing.recorded import Recorded, plain
from autograd_core.programs.tracing.tape import Mismatch, Tape, root

pytest.importorskip("llvmlite")

from autograd_core.programs.llvm.machine import Machine

Array = Any


class Written:
    """A function of arrays, recorded on some; ``tape`` and what it gave."""

    def __init__(self, f: Callable[..., Any], *inputs: Array) -> None:
        self.tape, self.f = Tape(), f
        self.inputs = [a.copy() for a in inputs]
        for k, a in enumerate(self.inputs):
            self.tape.own(a, f"input {k}")
        result = f(*(Recorded(a, self.tape) for a in self.inputs))
        self.tape.close()
        self.results = [np.asarray(plain(r)) for r in (result if isinstance(result, tuple) else (result,))]

    def poison(self) -> None:
        """Nothing that was computed is left."""
        for entry in self.tape.entries:
            for array in entry.writes:
                if id(root(array)) not in self.tape.owners:
                    root(array)[...] = 77

    def native(self, *inputs: Array) -> list[Array]:
        """The results of machine code on other numbers."""
        machine = Machine(self.tape, self.results, lambda name: False)
        assert not any(isinstance(step, Row) and step.kind == "host" for step in machine.steps), "no call of NumPy"
        self.poison()
        for mine, fresh in zip(self.inputs, inputs, strict=True):
            mine[...] = fresh
        for call, *args in machine.plan:
            call(*args)
        return self.results


def agree(f: Callable[..., Any], *inputs: Array, on: tuple[Array, ...] | None = None) -> None:
    """f by machine code equals f by NumPy, to the bit, the signs of zeros included; written inputs, too."""
    fresh = on or inputs
    written = Written(f, *inputs)
    found = written.native(*fresh)
    plain_inputs = [a.copy() for a in fresh]
    expected = f(*plain_inputs)
    wanted = [*(expected if isinstance(expected, tuple) else (expected,)), *plain_inputs]
    for a, b in zip([*found, *written.inputs], wanted, strict=True):
        b = np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), (a, b)
        if a.dtype.kind == "f":
            assert np.array_equal(np.signbit(a[~np.isnan(a)]), np.signbit(b[~np.isnan(b)])), (a, b)


def numbers(*shape: int, seed: int = 0, dtype: str = "f4") -> Array:
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(dtype)


# Random programs -----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_random_programs(data: st.DataObject) -> None:
    """Within 8 units of the last place an operation; 10,000 more by ``python tests/random_programs.py 10000``."""
    difference = programs.difference(lambda n: data.draw(st.integers(0, n - 1)) if n > 1 else 0)
    assert not difference, difference


# What a pass may break -----------------------------------------------------------------------------------------------


def updated(x: Array) -> Any:
    before = x.copy()
    first = np.square(x)
    x += 1
    return before * 2, first, np.square(x)


def test_a_copy_is_not_the_original_once_that_has_changed() -> None:
    agree(updated, numbers(5), on=(numbers(5, seed=1),))


def test_a_copy_of_a_part_is_read_where_the_part_lies() -> None:
    agree(lambda x: np.square(x[1].copy()), numbers(3, 4))
    agree(lambda x: np.square(x[1].copy())[2:], numbers(3, 4))


def test_the_same_call_on_changed_numbers_is_another_call() -> None:
    def f(x: Array) -> Any:
        y = x * 3
        a = np.square(y)
        y[1:] += 1
        return a + 0.5, np.square(y) + 0.5

    agree(f, numbers(6), on=(numbers(6, seed=1),))


def test_an_array_of_one_number_is_that_number_in_its_own_dtype() -> None:
    def f(x: Array, y: Array, i: Array) -> Any:
        two, yes, tenth = np.full_like(x, 2), np.ones_like(x, bool), np.full_like(x, 0.1, float)
        narrow = tenth.astype(np.float32)
        changed = np.full_like(x, 3)
        changed[1:] += 1
        placed = np.zeros_like(x)
        placed[i] = 5
        return two[i] * x[i], two.sum() + x, np.add(yes, yes, dtype=np.int64) + y, narrow * y, changed * x, placed * x

    agree(f, numbers(4), numbers(4, dtype="f8"), np.array([0, 2, 2]))


def test_powers_quotients_and_products_with_small_numbers() -> None:
    x = numbers(9) / 2
    agree(lambda x: (np.power(x, 1), np.power(x, 2), x * 2, 2 * x, x / 2, 1 * x, x / 1, 2 - x, x - 2, 1 - x), x)
    agree(lambda x: (1 / (x + 20), 2 / (x + 20), np.power(x, 3), np.power(1, x), np.power(2, x)), np.abs(x) + 1)
    wide = np.arange(4) + 0.1
    agree(lambda x, y: np.multiply(x, 1, dtype=np.float32, out=y), wide, np.zeros(4))  # in 32 bits, kept in 64


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -1.0, 2.0])
def test_signs_of_zeros(number: float) -> None:
    x = np.array([0.0, -0.0, 1.5, -1.5, np.nan, np.inf, -np.inf], np.float32)
    zero, four = np.float32(number), (np.add, np.subtract, np.multiply, np.divide)
    with np.errstate(all="ignore"):
        agree(lambda x: tuple(f(x, zero) for f in four) + tuple(f(zero, x) for f in four), x)
        agree(lambda x: (x * 0.0, x * -0.0), x)
        agree(lambda x: (np.copysign(zero, x * 0.0), np.copysign(zero, x * -0.0)), x[1:4])
        agree(lambda x: (-x, np.abs(x), np.copysign(zero, x), np.sqrt(np.abs(x)), np.floor(x), np.trunc(x)), x)
        agree(lambda x: x.sum(), x[1:2])


def test_what_is_not_a_number_goes_its_way() -> None:
    x = np.array([0.0, -0.0, 1.5, -1.5, np.nan, np.inf, -np.inf], np.float32)
    with np.errstate(all="ignore"):
        agree(lambda x: (np.maximum(x, 1), np.minimum(1, x), np.maximum(x, x[::-1]), np.minimum(x[::-1], x)), x)
        agree(lambda x: (x.max(), x.min(), x[:4].max(), x.sum(), np.clip(x, -1, 1), np.sign(x)), x)
        agree(lambda x: (np.fmax(x, x[::-1]), np.fmin(x[::-1], x), np.isnan(x), np.isinf(x), np.isfinite(x)), x)
        agree(lambda x: (x < x[::-1], x >= x[::-1], x != x, x == x, np.where(x > 0, x, 1), x.astype(bool)), x)


def test_what_overlaps_itself_is_numpys() -> None:
    written = Written(lambda x: np.add(x[1:], x[:-1], out=x[1:]), numbers(6))
    machine = Machine(written.tape, written.results, lambda name: False)
    assert [step.kind for step in machine.steps if not isinstance(step, Kernel)] == ["host"]


def test_a_view_and_what_it_shows_are_one_memory() -> None:
    def f(x: Array) -> Any:
        y = x * 2
        z = y[::2]
        z *= 10
        y[1] = 3
        return y + z.sum()

    agree(f, numbers(7), on=(numbers(7, seed=1),))


def test_every_second_element_is_apart_from_the_others() -> None:
    def f(x: Array) -> Any:
        y = np.empty_like(x)
        y[:, ::2] = x[:, 1::2] * 2
        y[:, 1::2] = x[:, ::2] + 1
        return y

    agree(f, numbers(3, 6), on=(numbers(3, 6, seed=2),))


@pytest.mark.parametrize("shape", [(3, 37), (37, 3), (2, 3, 5), (130,)])
@pytest.mark.parametrize("dtype", ["f4", "?"])
def test_sums_of_whole_numbers_over_every_axes(shape: tuple[int, ...], dtype: str) -> None:
    x = numbers(*shape, dtype=dtype)
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            agree(lambda x, axes=axes: (x.sum(axis=axes), x.max(axis=axes, keepdims=True), (x * x).any(axis=axes)), x)
            agree(lambda x, axes=axes: x - x.min(axis=axes, keepdims=True) if dtype != "?" else x.all(axis=axes), x)


def test_products_of_matrices_however_they_lie() -> None:
    a, b = numbers(4, 6, 5), numbers(4, 5, 7, seed=1)
    for left, right in itertools.product((a, a.mT.copy().mT), (b, b.mT.copy().mT)):
        f = lambda x, y: np.matmul(x, y)
        written = Written(f, a, b)
        assert np.array_equal(written.native(left, right)[0], f(left, right))
    agree(lambda x, y: (x @ y, x.mT @ x, y[0] @ y[0].T, x[0, 0] @ y[0], x[0] @ y[0, :, 0], x[0, 0] @ y[0, :, 0]), a, b)
    agree(lambda x, y: (x[:, ::2] @ y[..., 1:4], x[:, ::2].mT @ x[:, ::2]), a, b)


def test_indices() -> None:
    x, i, j = numbers(5, 6), np.array([0, -1, 3, 3]), np.array([5, 0, -6, 2])
    agree(lambda x, i, j: (x[i, j], x[i], x[:, j], np.take(x, i, axis=1)), x, i, j)

    def store(x: Array, i: Array, j: Array) -> Any:
        y = x * 2
        y[i, j] = 1
        y[i] = x[0] * 3
        return y, y.sum(axis=0)

    agree(store, x, i, j)

    def store_as_many_rows(x: Array, i: Array) -> Any:
        y = x * 2
        y[i] = 3
        return y + 1

    agree(store_as_many_rows, x, np.array([0, 0, 1, 1, 3]))
    agree(lambda x, i, j: (x[i] * 2, x[j] * 2, (x * 3)[i]), x, i, np.array([4, 1, 1, 0]))
    agree(lambda x: (np.square(x) + 1, np.square(x.T) + 1), numbers(5, 5))


def test_what_is_added_at_one_place_twice_counts_twice() -> None:
    def f(x: Array, i: Array, j: Array, v: Array) -> Any:
        rows, points = x * 2, np.zeros_like(x)
        np.add.at(rows, i, v)
        np.add.at(points, (i, j), 0.5)
        np.add.at(rows, (slice(None), j), v.T[:5, :1])
        return rows, points, rows.sum(axis=0)

    agree(f, numbers(5, 40), np.array([0, -1, 3, 3]), np.array([5, 0, -6, 5]), numbers(4, 40, seed=1))


def test_an_index_out_of_range_ends_the_run_before_anything_is_written() -> None:
    def f(x: Array, i: Array) -> Any:
        x += 1
        return x[i]

    written = Written(f, numbers(5), np.array([0, -5]))
    machine = Machine(written.tape, written.results, lambda name: False)
    for bad in (5, -6, 2**62):
        written.inputs[1][...] = [1, bad]
        before = written.inputs[0].copy()
        with pytest.raises(Mismatch):
            for call, *args in machine.plan:
                call(*args)
        assert np.array_equal(written.inputs[0], before)


def test_a_branch_is_checked_before_anything_is_written() -> None:
    def f(x: Array, y: Array) -> Any:
        x *= 2
        return x + 1 if (y > 0).all() else x - 1

    written = Written(f, numbers(5), np.ones(5))
    machine = Machine(written.tape, written.results, lambda name: False)
    (writes, may_end, _), *others = machine.parts
    assert may_end and not writes and others and not any(ends for _, ends, _ in others)  # nothing to put back
    written.inputs[1][3] = -1
    before = written.inputs[0].copy()
    with pytest.raises(Mismatch):
        for call, *args in machine.plan:
            call(*args)
    assert np.array_equal(written.inputs[0], before)


@pytest.mark.parametrize("dtype", ["f2", "c8", "g", ">f4", "m8[s]"])
def test_dtypes_without_machine_code_are_numpys(dtype: str) -> None:
    x = np.arange(1, 5).astype(dtype)
    written = Written(lambda x: x + x, x)
    machine = Machine(written.tape, written.results, lambda name: False)
    written.poison()
    for call, *args in machine.plan:
        call(*args)
    assert np.array_equal(written.results[0], x + x)


# What the passes do --------------------------------------------------------------------------------------------------


def rows(f: Callable[..., Any], *inputs: Array) -> list[str]:
    written = Written(f, *inputs)
    program = Program(written.tape, written.results)
    for improve in ALL:
        improve(program)
    return [f"{row.kind} {row.op}" for row in program.rows]


def test_common_dead_and_trivial_rows_go() -> None:
    x = numbers(4, 5)
    assert rows(lambda x: np.exp(x) + np.exp(x), x) == ["loop exp", "loop add"]
    assert rows(lambda x: (np.exp(x), x + 1)[1], x) == ["loop add"]
    assert rows(lambda x: np.negative(x * 1.0) / 1 - 0, x)[:1] == ["loop negative"]
    assert rows(lambda x: np.power(x, 2).copy() * np.full_like(x, 2), x) == ["loop multiply", "loop multiply"]
    assert "loop add" in rows(lambda x: x + 0.0, x)
    ones = np.ones(4, np.float32)
    ones.flags.writeable = False
    assert rows(lambda x: ones @ x, x) == ["reduce add"]
    assert rows(lambda x: np.ones(4, np.float32) @ x, x) == ["contract matmul"]
    twos = np.full(4, 2, np.float32)
    twos.flags.writeable = False
    assert rows(lambda x: twos @ x, x) == ["contract matmul"]


def kernels(f: Callable[..., Any], *inputs: Array) -> list[Any]:
    written = Written(f, *inputs)
    program = Program(written.tape, written.results)
    for improve in ALL:
        improve(program)
    return schedule(program)


def test_elementwise_chains_and_the_sums_of_them_are_one_kernel() -> None:
    def softmax(x: Array) -> Any:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    steps = kernels(softmax, numbers(4, 5))
    assert [[row.op for row in step.rows] for step in steps] == [["maximum"], ["subtract", "exp", "add"], ["divide"]]
    (step,) = kernels(
        lambda x, y: (np.tanh(x.reshape(20) * 2).reshape(4, 5) + y).sum(axis=0), numbers(4, 5), numbers(5)
    )
    assert step.stored == [False, False, False, True] and step.space == (4, 5)


@pytest.mark.parametrize("count, expected", [(5, 1), (5000, 2)])
def test_long_loops_are_one_where_they_have_values_in_common(count: int, expected: int) -> None:
    def apart(x: Array, y: Array) -> Any:
        work = np.empty_like(x)
        for z in (x, y):
            z += np.multiply(z, 2, out=work)
        return x, y

    assert len(kernels(apart, numbers(count), numbers(count))) == expected
    assert len(kernels(lambda x: (np.exp(x), np.square(x)), numbers(count))) == 1


def test_what_a_backward_pass_can_compute_from_what_is_stored_is_not_stored() -> None:
    def f(x: Array, w: Array) -> Any:
        h = np.maximum(x, 0)
        return (h @ w) * (h > 0)

    steps = kernels(f, numbers(4, 4), numbers(4, 4))
    assert [[row.op for row in step.rows] if isinstance(step, Kernel) else step.op for step in steps] == [
        ["maximum"],
        "matmul",
        ["greater", "multiply"],
    ]


def test_what_is_not_needed_at_the_same_time_shares_its_memory() -> None:
    def f(x: Array, w: Array) -> Any:
        for _ in range(6):
            x = np.tanh(x @ w)
        return x

    written = Written(f, numbers(4, 4), numbers(4, 4))
    program = Program(written.tape, written.results)
    for improve in ALL:
        improve(program)
    steps = schedule(program)
    offsets, size = arena(program, steps)
    assert size == 2 * 64 and len(offsets) == 11
    spans: dict[int, list[int]] = {}
    for k, step in enumerate(steps):
        for memory in touched(step) & offsets.keys():
            spans.setdefault(memory, []).append(k)
    for a, b in itertools.combinations(offsets, 2):
        apart = spans[a][-1] < spans[b][0] or spans[b][-1] < spans[a][0]
        assert apart or abs(offsets[a] - offsets[b]) >= 64


@given(st.data())
def test_overlap_never_misses_a_shared_byte(data: st.DataObject) -> None:
    memory = np.zeros((4, 6, 8), np.int16)
    found = []
    for _ in range(2):
        parts = []
        for n in memory.shape:
            start, stop = data.draw(st.integers(0, n - 1)), data.draw(st.integers(1, n))
            parts.append(slice(start, max(stop, start + 1), data.draw(st.integers(1, 3))))
        view = memory[tuple(parts)]
        offset = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        found.append((view, Ref(0, offset, view.shape, view.strides, view.dtype)))
    (a, ref), (b, other) = found
    shares = np.shares_memory(a, b)
    assert overlap(ref, other) >= shares
    if ref.strides == other.strides and ref.shape == other.shape and min(ref.shape) > 1 and min(ref.strides) > 0:
        assert overlap(ref, other) == shares
