"""What is kept of a sampled step: numbers and small histograms, never the arrays themselves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array

_SAMPLE = 4096  # elements of an array that its histogram is made of
_CHUNKS = 8  # calls of one layer within a step that the histogram is made of


class Spread(NamedTuple):
    """How the finite elements of an array (of several, where a layer ran more than once) are distributed.

    size, nonfinite : how many elements there were, and how many of them were NaN or infinite
    mean, std, min, max : of the finite ones; NaN where there are none
    counts, low, high : histogram with equal bins from ``low`` to ``high``, of at most 4096 elements evenly taken

    >>> spread_of(np.array([1.0, 2.0, np.nan, 3.0]), bins=2)[:6]
    (4, 1, 2.0, 0.816496580927726, 1.0, 3.0)
    """

    size: int
    nonfinite: int
    mean: float
    std: float
    min: float
    max: float
    counts: np.ndarray
    low: float
    high: float

    @property
    def edges(self) -> np.ndarray:
        """The boundaries of the histogram's bins."""
        return np.linspace(self.low, self.high, len(self.counts) + 1)

    @property
    def density(self) -> np.ndarray:
        """The histogram normalised to area 1 (zeros where there was nothing to count)."""
        return self.counts / max(float(self.counts.sum()) * (self.high - self.low) / len(self.counts), 1e-300)

    @property
    def norm(self) -> float:
        """√Σx² of the finite elements."""
        count = self.size - self.nonfinite
        return math.sqrt(count * (self.mean**2 + self.std**2)) if count else 0.0


class LayerRecord(NamedTuple):
    """One layer in one step.

    kind       : the layer's class, or the function that was called
    activation : what it put out;  gradient : d loss / d output, None where none came back
    dead       : of a ReLU, the share of units that were zero for every example of the last steps; else None
    saturated  : of sigmoid and tanh, the share of outputs whose slope is below 7 % of the steepest; else None
    """

    kind: str
    activation: Spread
    gradient: Spread | None
    dead: float | None
    saturated: float | None


class ParameterRecord(NamedTuple):
    """One parameter in one step: its shape, whether it is trained, its norm ‖w‖ before the step, its gradient, and
    ``update``, ‖Δw‖/‖w‖ (None where unknown)."""

    shape: tuple[int, ...]
    trained: bool
    norm: float
    gradient: Spread | None
    update: float | None

    @property
    def matrix(self) -> bool:
        """Whether it is a weight: biases begin at 0, where ‖Δw‖/‖w‖ says little."""
        return len(self.shape) > 1


class StepRecord(NamedTuple):
    """One sampled step: its number, the norm of all parameter gradients together, layers and parameters by name.

    step, grad_norm, layers, parameters : these four
    """

    step: int
    grad_norm: float | None
    layers: dict[str, LayerRecord]
    parameters: dict[str, ParameterRecord]


class Gather:
    """Adds arrays up into one Spread."""

    __slots__ = ("chunks", "high", "low", "m2", "mean", "nonfinite", "size")

    def __init__(self) -> None:
        self.size = self.nonfinite = 0
        self.mean = self.m2 = 0.0
        self.low, self.high = math.inf, -math.inf
        self.chunks: list[np.ndarray] = []

    def add(self, array: Array) -> None:
        """Take one more array into account."""
        x = np.asarray(array).ravel(order="K")
        x = np.abs(x) if x.dtype.kind == "c" else x
        x = x if x.dtype in (np.float32, np.float64) else x.astype(np.float32)
        self.size += x.size
        with np.errstate(all="ignore"):
            total = float(x.sum())
            if not math.isfinite(total):
                finite = x[np.isfinite(x)]
                self.nonfinite += x.size - finite.size
                x = finite.astype(np.float64)
                total = float(x.sum())
            if x.size == 0:
                return
            mean = total / x.size
            centred = x - mean
            m2 = float(np.dot(centred, centred))
        # Chan, Golub & LeVeque 1983: the moments of two sets from those of each.
        both = self.size - self.nonfinite
        apart = mean - self.mean
        self.m2 += m2 + apart**2 * (both - x.size) * x.size / both
        self.mean += apart * x.size / both
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        self.chunks.append(x[:: _stride(x.size)].copy())
        if len(self.chunks) > _CHUNKS:
            self.chunks = self.chunks[::2]

    def spread(self, bins: int) -> Spread:
        """The Spread of all that was added, with a histogram of ``bins`` bins."""
        count = self.size - self.nonfinite
        sample = np.concatenate(self.chunks) if self.chunks else np.zeros(0)
        counts, low, high = _histogram(sample, bins)
        if not count:
            return Spread(self.size, self.nonfinite, math.nan, math.nan, math.nan, math.nan, counts, low, high)
        std = math.sqrt(max(self.m2, 0.0) / count)
        return Spread(self.size, self.nonfinite, self.mean, std, self.low, self.high, counts, low, high)


def spread_of(array: Array, bins: int) -> Spread:
    """The Spread of one array, with a histogram of ``bins`` bins."""
    gather = Gather()
    gather.add(array)
    return gather.spread(bins)


def _stride(size: int) -> int:
    """The step between the elements of a sample: prime to the size, so that every unit of a layer is met equally."""
    stride = -(-size // _SAMPLE)
    while math.gcd(stride, size) > 1:
        stride += 1
    return max(stride, 1)


def _histogram(x: np.ndarray, bins: int) -> tuple[np.ndarray, float, float]:
    """Counts in equal bins over the range of ``x``; several times faster than np.histogram on few elements."""
    if not x.size:
        return np.zeros(bins, np.int32), 0.0, 1.0
    low, high = float(x.min()), float(x.max())
    if not bins / max(high - low, 1e-300) < 1e300 or high - low <= 1e-9 * abs(high):  # one number, in the middle
        low, high = low - (0.5 + abs(low) * 1e-3), high + (0.5 + abs(high) * 1e-3)
    scale = bins / (high - low) if high - low < math.inf else 0.0
    places = ((x.astype(np.float64) - low) * scale).astype(np.intp)
    return np.bincount(np.minimum(places, bins - 1, out=places), minlength=bins).astype(np.int32), low, high


class Units:
    """Which units of a ReLU have been zero for every example, and for how many steps in a row."""

    def __init__(self) -> None:
        self.active: Any = None
        self.silent: Any = None
        self.steps = 0

    def add(self, output: AnyArray, axis: int) -> None:
        """Take the output of one forward pass into account; ``axis`` is that of the units."""
        rest = tuple(i for i in range(output.ndim) if i != axis % output.ndim)
        active = (output.max(axis=rest) if rest else output) != 0  # outputs are ≥ 0; NaN is not silent
        self.active = active if self.active is None or len(self.active) != len(active) else self.active | active

    def share(self, window: int) -> float | None:
        """Close the step: the share of units that were silent in the last ``window`` steps, or all there were."""
        if self.active is None:
            return None
        if self.silent is None or len(self.silent) != len(self.active):
            self.silent, self.steps = np.zeros(len(self.active), np.int64), 0
        self.silent = np.where(self.active, 0, self.silent + 1)
        self.steps, self.active = self.steps + 1, None
        return float(np.mean(self.silent >= min(self.steps, window)))
