"""What the passes of a program may not confuse: one statement for each condition in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import autograd_core as ag
from autograd_core.programs.llvm.machine import Machine
from autograd_core.programs.tracing.tape import Mismatch
from test_machine_code import Array, Written, agree, numbers, rows

TENTHS = np.arange(12).reshape(3, 4) / 10 + 0.05


# Two calls are one only where all is the same -------------------------------------------------------------------------


def out(x: Array, dtype: Any = None, shape: Any = None) -> Any:
    return np.empty_like(x, dtype=dtype, shape=shape)


def test_the_dtype_in_which_it_is_computed_belongs_to_a_call() -> None:
    agree(lambda x: (np.multiply(x, 3, dtype=np.float32, out=out(x)) + x, np.multiply(x, 3) + x), TENTHS)


def test_the_dtype_of_the_result_belongs_to_a_call() -> None:
    agree(lambda x: (np.multiply(x, 3) + 1, np.multiply(x, 3, out=out(x, "f8")) + 1), TENTHS[0, :1].astype("f4"))


def test_the_layout_of_the_result_belongs_to_a_call() -> None:
    agree(lambda x: (np.multiply(x, 3) + 1, np.multiply(x, 3, out=out(x, shape=(4, 3)).T)[1:] + 1), TENTHS)


def test_the_memory_stride_and_length_behind_an_index_belong_to_a_call() -> None:
    i = np.array([0, -1, 1])
    agree(lambda x, i: (x[i] * 2, x[::2][i] * 2, x[:4][i] * 2, x[::-1][i] * 2), numbers(6), i)

    def moved(x: Array, i: Array) -> Any:
        first = x[i] * 2
        i += 1
        return first, x[i] * 2

    agree(moved, numbers(6), i)


def test_the_sign_of_a_zero_and_the_dtype_of_a_number_belong_to_a_call() -> None:
    agree(lambda x: (np.copysign(x, 0.0) + 1, np.copysign(x, -0.0) + 1), TENTHS)
    agree(lambda x: (np.multiply(x, 3, dtype="f4") + x, np.multiply(x, 3, dtype="f8") + x), TENTHS.astype("f4"))


# A copy, and what is overwritten --------------------------------------------------------------------------------------


def test_a_copy_that_its_original_is_written_from_is_needed() -> None:
    def turned(x: Array) -> Any:
        y = x.copy()
        x[...] = y[::-1]
        return x + 1

    agree(turned, numbers(5))


def test_a_copy_of_another_layout_or_dtype_is_another_array() -> None:
    x = numbers(4, 4)
    agree(lambda x: (x.T.copy() @ x, x[:, ::2].copy()[1] * 2, x[::-1].copy()[0] + 1), x)
    agree(lambda x: (x.astype("f8")[1] * 0.1, x.astype("i4")[1] * 3), numbers(4, 4, dtype="i2"))
    agree(lambda x: np.copyto(y := out(x, shape=(4, 4)).T, x) or y[1] * 2, x)


def test_a_copy_that_is_changed_in_part_is_no_copy() -> None:
    def changed(x: Array) -> Any:
        y = x.copy()
        y[1:3] *= 2
        return y[::-1] * 1.5, x * 1.5

    agree(changed, numbers(5))


def test_what_is_stored_at_indices_leaves_the_rest() -> None:
    def stored(x: Array, i: Array, z: Array) -> Any:
        y = x * 2
        y[i] = 7
        return y[0] + z  # seen as the same rows as those that are written

    agree(stored, numbers(3, 5), np.array([1, 2, 1, 2]), numbers(4, 5, seed=1))

    def filled(x: Array, i: Array) -> Any:
        y = np.zeros_like(x)
        y[...] = x
        y[i] = 3
        return y * y

    agree(filled, numbers(5, 2), np.array([0, 3]))


def test_a_part_that_is_overwritten_unread_is_not_computed() -> None:
    def twice(x: Array) -> Any:
        y = x * 3
        np.add(x[1:], 1, out=y[1:])
        np.subtract(x[1:], 1, out=y[1:])
        return y[1:] * 2

    assert rows(twice, numbers(4)) == ["loop subtract", "loop multiply"]


# Checks come first, then draws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["truth", "item", "float", "int", "nonzero"])
def test_nothing_is_written_before_the_last_call_that_may_end_the_run(way: str) -> None:
    def f(x: Array, y: Array) -> Any:
        x *= 2
        s = np.sort(x)  # NumPy's: what comes before it does not wait for what comes after
        total = y.sum()
        if way == "nonzero":
            return x + s, np.nonzero(y)[0] * 2
        if way in ("float", "int"):
            return x + s * {"float": float, "int": int}[way](total)
        return x + s if (total if way == "truth" else total.item()) > 3 else x - s

    written = Written(f, numbers(5), np.ones(5))
    machine = Machine(written.tape, written.results, lambda name: False)
    last = max(k for k, (_, ends, _) in enumerate(machine.parts) if ends)
    assert not any(writes for writes, _, _ in machine.parts[: last + 1])
    written.inputs[1][...] = [0, 0, 2, 0, 0]
    before = written.inputs[0].copy()
    with pytest.raises(Mismatch):
        for call, *args in machine.plan:
            call(*args)
    assert np.array_equal(written.inputs[0], before)


def test_a_call_that_may_raise_may_end_the_run() -> None:
    written = Written(lambda x: np.linalg.inv(x) * 2, np.eye(3))
    assert [ends for _, ends, _ in Machine(written.tape, written.results, lambda name: False).parts] == [True, False]


def test_all_draws_come_together() -> None:
    def f(x: Array) -> Any:
        for _ in range(3):
            x = np.sort(np.tanh(x)) * ag.default_generator().random(5)
        return x

    g = ag.compile(f, backend="llvm")
    for _ in range(4):
        g(np.ones(5))
    draws = [drawn for _, _, drawn in g.record.machine.parts]
    assert sum(draws) == 3 and draws == sorted(draws, reverse=True)


@pytest.mark.parametrize("of", [int, float, lambda a: a.tolist(), lambda a: range(9)[a.astype(int)]])
@pytest.mark.parametrize("dtype", ["i8", "f8", "u1"])
def test_a_number_that_python_went_on_from_is_compared_not_its_truth(of: Callable[[Any], Any], dtype: str) -> None:
    f = ag.compile(lambda x, k: x * of(k.sum()), backend="llvm")
    x = np.arange(3.0)
    for v in (3, 3, 3, 3, 4, 5, 0, 3):
        assert np.array_equal(f(x, np.array([v, 0], dtype)), x * v), f.why()


# What LLVM may not forget ---------------------------------------------------------------------------------------------

SMALLER: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": np.minimum,
    "fmin": np.fmin,
    "where, NaN stays": lambda x, c: np.where(x > c, c, x),
    "where, NaN goes": lambda x, c: np.where(x < c, x, c),
}


@pytest.mark.parametrize("first, then", [*itertools.product(SMALLER, repeat=2)])
def test_the_smaller_of_a_number_twice_keeps_to_what_each_says_of_nan(first: str, then: str) -> None:
    x = np.array([np.nan, 0.5, 3, np.inf, -np.inf])
    agree(lambda x: SMALLER[then](SMALLER[first](x, 1.0), 1.0), x)
    agree(lambda x: -SMALLER[then](SMALLER[first](-x, -1.0), -1.0), x)
    agree(lambda x: np.fmax(np.maximum(np.clip(x, -1, 1), -1.0), -1.0), x)
