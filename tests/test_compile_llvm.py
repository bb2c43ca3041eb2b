"""Machine code computes what NumPy does: draws to the bit, arithmetic within a few units of the last place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import test_compile as exact

pytest.importorskip("llvmlite")


def close(a: Any, b: Any, places: float = 64) -> bool:
    """Equal to so many units of the last place of the largest number; NaN where NaN is."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    assert a.shape == b.shape and a.dtype == b.dtype
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(np.where(finite, 0, a), np.where(finite, 0, b), equal_nan=True):
        return False
    scale = np.max(np.abs(b[finite]), initial=1)
    return bool(np.all(np.abs(a[finite] - b[finite]) <= places * np.finfo(a.dtype).eps * scale))


def compiled(f: Any) -> Any:
    return ag.compile(f, backend="llvm")


# Every layer, loss and optimizer -------------------------------------------------------------------------------------

NOISE = {"BatchNorm1d": 1e4}  # sums that cancel


@pytest.mark.parametrize("name", exact.SETTINGS)
def test_every_layer_loss_and_optimizer(name: str) -> None:
    make, given = exact.SETTINGS[name]
    found = []
    for backend in ("numpy", "llvm"):
        setting = make()
        setting.start()
        optimizer, module, loss, scale = setting.optimizer, setting.module, setting.loss, setting.scale

        def step(x: Any, *rest: Any, of: Any = (optimizer, module, loss, scale)) -> Any:
            optimizer, module, loss, scale = of
            optimizer.zero_grad()
            result = loss(module, x if scale is None else ag.Tensor(x) * scale, *rest)
            result.backward()
            optimizer.step()
            return result.data

        run = ag.compile(step, backend=backend)
        with ag.support.random.use_generator(np.random.default_rng(5)):
            found.append([setting.snapshot(run(*batch)) for batch in (given * 4)[:9]])
    for a, b in zip(*found, strict=True):
        for x, y in zip(a, b, strict=True):
            assert close(x, y, 256), (name, x, y)


# Truth ---------------------------------------------------------------------------------------------------------------


def test_machine_code_that_gives_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.programs.llvm import operations

    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", "off")
    monkeypatch.setitem(operations.TABLE, "add", operations.TABLE["subtract"])
    f = compiled(lambda x: x + x)
    for k in range(6):
        assert f(np.full(3, float(k)))[0] == 2 * k
    assert "machine code is not used: its result is another one" in f.why()


def test_machine_code_is_held_beside_numpy_again() -> None:
    f = compiled(lambda x: x + x)
    for k in range(20):
        if k == 5:  # as if it had gone wrong for numbers that did not come up before
            f.record.course.plan[:] = [(f.record.result.fill, 99.0)]
        found = f(np.full(3, float(k)))[0]
        assert found == (99 if 5 <= k < 10 else 2 * k)
    assert "machine code is not used: its result is another one" in f.why()


@pytest.mark.parametrize("backend, native", [("auto", True), ("numpy", False)])
def test_auto_is_numpy_until_machine_code_pays(backend: str, native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.programs import backends

    monkeypatch.setattr(backends, "FEWEST", 10)
    monkeypatch.setattr(backends, "COMPILING", 1e-6)
    f, first = ag.compile(lambda x: np.exp(x) * x, backend=backend), None
    for k in range(30):
        f(np.full(3, float(k)))
        if first is None and f.recorded and f.record.machine is not None:
            first = f.replays
    assert first == (9 if native else None)  # the comparison with eager was the first run of ten
    many = [type("Call", (), {"name": "exp", "writes": [np.ones(n)]}) for n in (3, 3_000_000)]
    assert backends.native_from("auto", many[1:]) <= backends.native_from("auto", many[:1])  # type: ignore[arg-type]


def test_memory_that_numpy_does_not_know_to_be_shared_stays_numpys() -> None:
    buffer = bytearray(16)
    a, b = np.frombuffer(buffer), np.frombuffer(buffer)
    f = compiled(lambda x: (a + x, b + x))
    for k in range(6):
        a[0] = k
        assert f(np.ones(2))[1][0] == k + 1
    assert "share memory" in f.why()


def test_numbers_across_their_bounds_stay_numpys() -> None:
    odd = np.frombuffer(bytearray(41), offset=1)
    f = compiled(lambda x: x + odd)
    assert [f(np.ones(5))[0] for _ in range(6)] == [1.0] * 6
    assert "not aligned" in f.why()


def test_fifty_steps_stay_near_those_of_eager() -> None:
    """Losses of a training, whatever happens between two steps: other learning rates, other batches, other draws."""
    losses: list[list[float]] = []
    for backend in ("numpy", "llvm"):
        training = exact.Training(exact.noisy, exact.adam)
        step = ag.compile(training.step, backend=backend)
        with ag.support.random.use_generator(np.random.default_rng(7)):
            losses.append([])
            for k, batch in enumerate(exact.FLAT):
                losses[-1].append(step(*batch).item())
                training.schedule.step()
                if k % 10 == 8:
                    ag.manual_seed(k)
        assert step.replays > 35
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-3)


def test_a_bad_label_raises_as_in_eager() -> None:
    training = exact.Training(exact.mlp, exact.adam)
    step = compiled(training.step)
    for k, (x, y) in enumerate(exact.FLAT[:20]):
        if k % 5 == 4:
            before = training.snapshot()
            with pytest.raises(ValueError, match="classes"):
                step(x, np.full(16, 7))
            assert exact.same(before[:4], training.snapshot()[:4])
        step(x, y)
    assert step.replays > 10


def test_learning_rates_that_change_are_read_at_every_step() -> None:
    found = []
    for backend in ("numpy", "llvm"):
        training = exact.Training(exact.mlp, exact.adam)
        step = ag.compile(training.step, backend=backend)
        for k, batch in enumerate(exact.FLAT[:12]):
            training.optimizer.param_groups[0]["lr"] = 0.01 * (k % 3)
            step(*batch)
        found.append(training.snapshot())
    assert all(close(a, b) for a, b in zip(*found, strict=True))
