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
