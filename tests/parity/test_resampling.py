"""Resampling against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from parity.sides import assert_same  # noqa: E402

RNG = np.random.default_rng(0)
SHAPES = {1: (2, 3, 5), 2: (2, 3, 4, 5), 3: (1, 2, 3, 4, 3)}
SMOOTH = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "how", [{"size": 7}, {"size": 2}, {"scale_factor": 2.0}, {"scale_factor": 1.7}, {"scale_factor": 0.6}]
)
def test_upsample(dims: int, how: dict[str, Any]) -> None:
    x = RNG.normal(size=SHAPES[dims])
    for mode in ("nearest", "nearest-exact", *SMOOTH[dims]):
        for corners in (None,) if mode.startswith("nearest") else (None, True, False):
            options = {**how, "mode": mode, "align_corners": corners}
            assert_same(nn.Upsample(**options), torch.nn.Upsample(**options), x)
    if dims < 3:
        area = {**how, "mode": "area"}
        interpolate = torch.nn.functional.interpolate
        assert_same(lambda x: nn.functional.interpolate(x, **area), lambda x: interpolate(x, **area), x)


@pytest.mark.parametrize("r", [1, 2, 3])
def test_pixel_shuffle(r: int) -> None:
    assert_same(nn.PixelShuffle(r), torch.nn.PixelShuffle(r), RNG.normal(size=(2, 2 * r * r, 3, 4)))
    assert_same(nn.PixelUnshuffle(r), torch.nn.PixelUnshuffle(r), RNG.normal(size=(2, 2, 3 * r, 2 * r)))
