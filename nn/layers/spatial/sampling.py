"""Sampling an image at any places: ``grid_sample``, and the grid of an affine map."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought

from ...modules.checking import checked

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, TensorLike

__all__ = ["affine_grid", "grid_sample"]


@checked()
def affine_grid(theta: TensorLike, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places θ·(x, y[, z], 1) of a grid over [−1, 1], for ``grid_sample``.

    theta : (N, 2, 3) for images, (N, 3, 4) for volumes
    size : of the result: (N, C, H, W) or (N, C, D, H, W)
    align_corners : whether ±1 are the middles of the outermost places, or (by default) their outer edges

    >>> affine_grid(np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2))
    array([[[[-0.5,  0. ],
             [ 0.5,  0. ]]]])
    """
    places = tuple(size)[2:]
    dims = len(places)
    if dims not in (2, 3) or np.shape(theta)[1:] != (dims, dims + 1) or np.shape(theta)[0] != size[0]:
        raise ValueError(f"affine_grid: theta of shape {np.shape(theta)} for size={tuple(size)}.")
    axes = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in places]
    if not align_corners:
        axes = [a * (n - 1) / n for a, n in zip(axes, places, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")[::-1]  # x first, the last axis
    points = np.stack([*grid, np.ones(places)], axis=-1).reshape(-1, dims + 1).astype(theta.dtype)
    points = brought(points, theta)
    return np.reshape(points @ np.swapaxes(theta, -1, -2), (size[0], *places, dims))  # type: ignore[return-value]


_PADDINGS = ("zeros", "border", "reflection")


@checked()
def grid_sample(
    input: TensorLike,
    grid: TensorLike,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The image at the places of a grid (Jaderberg et al. 2015).

    input : (N, C, H, W) or (N, C, D, H, W)
    grid : (N, H′, W′, 2) or (N, D′, H′, W′, 3): x, y[, z] from −1 to 1
    mode : "bilinear" (of volumes trilinear), "nearest" or, of images, "bicubic" (a = −¾)
    padding_mode : what is outside: "zeros", "border" (the edge) or "reflection" (the mirror image)
    align_corners : that of ``nn.functional.affine_grid``

    Raises ValueError for shapes that do not fit, and for unknown modes.

    >>> grid_sample(np.array([[[[1.0, 3.0]]]]), np.zeros((1, 1, 1, 2)))
    array([[[[2.]]]])
    """
    dims = np.ndim(input) - 2
    if dims not in (2, 3) or np.shape(grid)[-1:] != (dims,) or np.ndim(grid) != dims + 2 or len(grid) != len(input):
        raise ValueError(f"grid_sample: a grid of shape {np.shape(grid)} for an input of shape {np.shape(input)}.")
    if mode not in ("bilinear", "nearest", "bicubic") or (mode == "bicubic" and dims == 3):
        raise ValueError(f'grid_sample: mode={mode!r}; one of "bilinear", "nearest" or, of images, "bicubic".')
    if padding_mode not in _PADDINGS:
        raise ValueError(f"grid_sample: padding_mode={padding_mode!r}; one of {', '.join(_PADDINGS)}.")
    corners, places = bool(align_corners), input.shape[2:]
    points = [_unscaled(grid[..., dims - 1 - k], n, corners) for k, n in enumerate(places)]  # in the order of the axes
    if mode != "bicubic":
        points = [_bent(p, n, padding_mode, corners) for p, n in zip(points, places, strict=True)]
    if mode == "nearest":
        return _taken(input, [np.rint(bare(p)) for p in points], padding_mode, corners)
    first = [np.floor(bare(p)) for p in points]
    fractions = [p - f for p, f in zip(points, first, strict=True)]
    weights = [_cubic(t) if mode == "bicubic" else [(0, 1 - t), (1, t)] for t in fractions]
    total: Any = 0
    for choice in itertools.product(*weights):
        numbers = _taken(input, [f + o for f, (o, _) in zip(first, choice, strict=True)], padding_mode, corners)
        total = total + numbers * math.prod((w for _, w in choice), start=1)[:, None]  # type: ignore[index]
    return total


def _cubic(t: AnyArray) -> list[tuple[int, Any]]:
    a = -0.75
    near = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1  # 0 ≤ x ≤ 1
    far = lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a  # 1 ≤ x ≤ 2
    return [(-1, far(t + 1)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t))]


def _unscaled(x: AnyArray, n: int, corners: bool) -> AnyArray:
    return (x + 1) * ((n - 1) / 2) if corners else ((x + 1) * n - 1) / 2


def _bent(x: AnyArray, n: int, padding: str, corners: bool) -> Any:
    """A coordinate outside at the edge, or mirrored back."""
    if padding == "zeros":
        return x
    if padding == "reflection":
        low, span = (0.0, n - 1.0) if corners else (-0.5, float(n))
        if span == 0:
            return x * 0
        away = np.abs(x - low)
        turns = np.floor(bare(away) / span)
        inside = away - turns * span
        x = np.where(turns % 2 == 0, inside, span - inside) + low
    return np.where(bare(x) < 0, 0.0, np.where(bare(x) > n - 1, float(n - 1), x))


def _taken(input: Any, points: list[AnyArray], padding: str, corners: bool) -> Any:
    """The numbers (N, C, …) at whole places of every axis."""
    places = input.shape[2:]
    if padding != "zeros":
        points = [_bent(p, n, padding, corners) for p, n in zip(points, places, strict=True)]
    inside = np.ones_like(points[0], bool)
    index = []
    for p, n in zip(points, places, strict=True):
        known = np.isfinite(p) & (p >= 0) & (p <= n - 1)
        inside &= known
        index.append(np.where(known, p, 0).astype(np.intp))
    batch = np.arange(len(input)).reshape(-1, *[1] * (len(places)))
    numbers = np.moveaxis(np.moveaxis(input, 1, -1)[(batch, *index)], -1, 1)
    return numbers if inside.all() else numbers * inside[:, None].astype(input.dtype)
