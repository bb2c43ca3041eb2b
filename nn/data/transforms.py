"""Augmentation: random changes of a batch that leave its meaning as it was, for a loader's ``transform=``.

A transform is called as ``transform(batch, generator)`` with a tuple of arrays (features, targets, …) and gives the
changed tuple; what it was given is not written to. All of its randomness comes from the generator.

>>> import numpy as np
>>> from nn.data import DataLoader, TensorDataset, transforms
>>> images, labels = np.zeros((8, 1, 28, 28), np.float32), np.arange(8)
>>> vary = transforms.Compose(
...     transforms.RandomAffine(degrees=10, translate=0.1, scale=(0.9, 1.1)),
...     transforms.GaussianNoise(0.05),
...     transforms.MixUp(0.2, num_classes=8),
... )
>>> loader = DataLoader(TensorDataset(images, labels), batch_size=4, shuffle=True, seed=0, transform=vary)
>>> [part.shape for part in next(iter(loader))]
[(4, 1, 28, 28), (4, 8)]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.support.arrays import brought, hosted

if TYPE_CHECKING:
    from autograd_core.support.types import Array

Batch = tuple[Any, ...]
Transform = Callable[[Batch, np.random.Generator], Batch]

__all__ = [
    *("Compose", "GaussianNoise", "LabelNoise", "MixUp"),
    *("RandomAffine", "RandomGain", "RandomHorizontalFlip", "Scaled"),
]


class Compose:
    """One transform after the other.

    transforms : functions (batch, generator) ↦ batch

    >>> Compose(GaussianNoise(0.0))((np.ones(2),), np.random.default_rng(0))
    (array([1., 1.]),)
    """

    def __init__(self, *transforms: Transform) -> None:
        for transform in transforms:
            if not callable(transform):
                raise TypeError(f"Compose: {class_name(transform)} is not callable. Fix: Compose(first, second).")
        self.transforms = transforms

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        for transform in self.transforms:
            batch = transform(batch, generator)
        return batch

    def __repr__(self) -> str:
        return f"Compose({', '.join(map(repr, self.transforms))})"


class _OfOnePart:
    """A transform of one array of the batch: ``part`` 0 is the features, 1 the targets."""

    part = 0

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        """The array, changed."""
        raise NotImplementedError

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        if not isinstance(batch, tuple) or len(batch) <= self.part:
            raise TypeError(
                f"{class_name(self)}: the batch is {_described(batch)}; expected a tuple with part {self.part}. "
                "Fix: a TensorDataset of features and targets gives such batches."
            )
        return *batch[: self.part], self.change(batch[self.part], generator), *batch[self.part + 1 :]


class GaussianNoise(_OfOnePart):
    """x + σ·ε with ε ~ N(0, 1) for each number: of features an augmentation, of targets (``part=1``) a regulariser.

    std : σ ≥ 0
    part : which array of the batch

    Raises ValueError for a negative σ, TypeError for arrays of integers.

    >>> noisy, _ = GaussianNoise(0.1)((np.zeros((2, 3)), np.arange(2)), np.random.default_rng(0))
    >>> noisy[0]
    array([ 0.01257302, -0.01321049,  0.06404227])
    """

    def __init__(self, std: float, part: int = 0) -> None:
        if not std >= 0:
            raise ValueError(f"GaussianNoise: std={std!r} must be at least 0.")
        self.std, self.part = std, part

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        _floating(self, x)
        drawn: Any = np.float32 if x.dtype == np.float32 else np.float64
        return x + brought((self.std * generator.standard_normal(x.shape, drawn)).astype(x.dtype), x)

    def __repr__(self) -> str:
        return f"GaussianNoise({self.std}{f', part={self.part}' if self.part else ''})"


class RandomGain(_OfOnePart):
    """s·x + b with one factor and one offset for each example: signals and spectra that are louder or lifted.

    scale : (low, high) of the factor
    shift : the offset is drawn from U(−shift, shift)

    Raises ValueError for low > high and a negative shift, TypeError for arrays of integers.

    >>> RandomGain((2.0, 2.0))((np.array([[1.0, 3.0]]),), np.random.default_rng(0))[0]
    array([[2., 6.]])
    """

    def __init__(self, scale: tuple[float, float] = (1.0, 1.0), shift: float = 0.0) -> None:
        if not scale[0] <= scale[1]:
            raise ValueError(f"RandomGain: scale={scale!r} must be (low, high) with low ≤ high.")
        if not shift >= 0:
            raise ValueError(f"RandomGain: shift={shift!r} must be at least 0.")
        self.scale, self.shift = scale, shift

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        _floating(self, x)
        each = (len(x), *[1] * (x.ndim - 1))
        factor = brought(generator.uniform(*self.scale, each).astype(x.dtype), x)
        return factor * x + brought(generator.uniform(-self.shift, self.shift, each).astype(x.dtype), x)

    def __repr__(self) -> str:
        return f"RandomGain(scale={self.scale}, shift={self.shift})"


class LabelNoise(_OfOnePart):
    """With probability p a class number is replaced by another one, each of the others with the same probability.

    p : the probability
    num_classes : how many there are
    part : which array of the batch

    Raises ValueError for a probability outside of [0, 1] and for class numbers outside 0 … num_classes − 1.

    >>> LabelNoise(1.0, 2)((np.zeros(3), np.array([0, 1, 0])), np.random.default_rng(0))[1]
    array([1, 0, 1])
    """

    def __init__(self, p: float, num_classes: int, part: int = 1) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"LabelNoise: p={p!r} must lie in [0, 1].")
        if num_classes < 2:
            raise ValueError(f"LabelNoise: num_classes={num_classes}; with fewer than 2 there is no other class.")
        self.p, self.num_classes, self.part = p, num_classes, part

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        _check_classes(self, x, self.num_classes)
        struck = brought(generator.random(x.shape) < self.p, x)
        others = (x + brought(generator.integers(1, self.num_classes, x.shape), x)) % self.num_classes
        return np.where(struck, others, x).astype(x.dtype)

    def __repr__(self) -> str:
        return f"LabelNoise({self.p}, {self.num_classes})"


class MixUp:
    """Each example mixed with another one of the batch, λ ~ Beta(α, α) for each pair (Zhang et al. 2018):

        x̃ = λ·x_i + (1 − λ)·x_j,   ỹ = λ·y_i + (1 − λ)·y_j

    alpha : α > 0; the larger, the nearer λ to ½
    num_classes : targets are class numbers, and become probabilities (N, num_classes); None: targets are numbers

    ``nn.CrossEntropyLoss`` takes such probabilities. Raises ValueError for α ≤ 0 and classes that do not exist.

    >>> x, y = MixUp(1.0, num_classes=2)((np.array([[0.0], [1.0]]), np.array([0, 1])), np.random.default_rng(1))
    >>> bool(np.allclose(x[:, 0], y[:, 1])), y.sum(axis=1)
    (True, array([1., 1.]))
    """

    def __init__(self, alpha: float = 0.2, num_classes: int | None = None) -> None:
        if not alpha > 0:
            raise ValueError(f"MixUp: alpha={alpha!r} must be greater than 0.")
        self.alpha, self.num_classes = alpha, num_classes

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        if not isinstance(batch, tuple) or len(batch) != 2:
            raise TypeError(f"MixUp: the batch is {_described(batch)}; expected (features, targets).")
        x, y = batch
        _floating(self, x)
        if self.num_classes is not None:
            _check_classes(self, y, self.num_classes)
            y = brought(np.eye(self.num_classes, dtype=x.dtype), x)[y]
        _floating(self, y)
        share, partner = generator.beta(self.alpha, self.alpha, len(x)), generator.permutation(len(x))
        return _mixed(x, share, partner), _mixed(y, share, partner)

    def __repr__(self) -> str:
        return f"MixUp({self.alpha}, num_classes={self.num_classes})"


def _mixed(x: Array, share: Array, partner: Array) -> Array:
    share = brought(share.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1)), x)
    return share * x + (1 - share) * x[partner]


class RandomHorizontalFlip(_OfOnePart):
    """Each image (…, W) mirrored from left to right with probability p.

    p : the probability

    >>> RandomHorizontalFlip(1.0)((np.array([[[1, 2, 3]]]),), np.random.default_rng(0))[0]
    array([[[3, 2, 1]]])
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p={p!r} must lie in [0, 1].")
        self.p = p

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        _images(self, x)
        turned = (generator.random(len(x)) < self.p).reshape(-1, *[1] * (x.ndim - 1))
        return np.where(brought(turned, x), x[..., ::-1], x)

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip({self.p})"


class RandomAffine(_OfOnePart):
    """Each image rotated, shifted and scaled at random about its centre, all in one interpolation.

    degrees   : the angle is drawn from U(−degrees, degrees), or from U(low, high)
    translate : the shift is up to this share of the height and of the width, in either direction; or a pair of shares
        (of the width, of the height)
    scale     : (low, high) of the factor; None: 1
    fill      : the value of what comes in from outside
    order     : of the spline: 0 nearest, 1 linear, 3 cubic

    Images are (N, H, W) or (N, C, H, W), floating; all channels of one move alike. An angle turns counter-clockwise,
    as in torchvision's function of this name. Needs SciPy (the extra ``special``).

    >>> turn = RandomAffine(degrees=(90, 90))
    >>> turn((np.array([[[1.0, 2.0], [3.0, 4.0]]]),), np.random.default_rng(0))[0].round(6)
    array([[[2., 4.],
            [1., 3.]]])
    """

    def __init__(
        self,
        degrees: float | tuple[float, float] = 0,
        translate: float | tuple[float, float] = 0,
        scale: tuple[float, float] | None = None,
        fill: float = 0,
        order: int = 1,
    ) -> None:
        number = int, float, np.number
        self.degrees = (-degrees, degrees) if isinstance(degrees, number) else degrees
        self.translate = (translate, translate) if isinstance(translate, number) else translate
        self.scale = (1.0, 1.0) if scale is None else scale
        if any(not 0 <= share <= 1 for share in self.translate):
            raise ValueError(f"RandomAffine: translate={translate!r}; shares of the size lie in [0, 1].")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"RandomAffine: scale={scale!r} must be (low, high) with 0 < low ≤ high.")
        if not self.degrees[0] <= self.degrees[1]:
            raise ValueError(f"RandomAffine: degrees={degrees!r} must be at least 0, or (low, high) with low ≤ high.")
        self.fill, self.order = fill, order

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        try:
            from scipy.ndimage import map_coordinates
        except ImportError as error:
            raise ModuleNotFoundError('RandomAffine needs SciPy: pip install "autograd-core[special]".') from error
        _images(self, x)
        _floating(self, x)
        count, (height, width) = len(x), x.shape[-2:]
        angle = np.deg2rad(generator.uniform(*self.degrees, count))
        factor = generator.uniform(*self.scale, count)
        across = generator.uniform(-1, 1, count) * self.translate[0] * width
        down = generator.uniform(-1, 1, count) * self.translate[1] * height
        # Where each pixel of the result comes from: shifted back, turned back, shrunk back.
        i, j = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width) - (width - 1) / 2
        i, j = i - down[:, None, None], j - across[:, None, None]
        cos, sin = (f(angle)[:, None, None] / factor[:, None, None] for f in (np.cos, np.sin))
        rows, columns = cos * i + sin * j + (height - 1) / 2, cos * j - sin * i + (width - 1) / 2
        planes = hosted(x).reshape(count, -1, height, width)
        places = np.broadcast_to(np.arange(count)[:, None, None], rows.shape), rows, columns
        moved = [
            map_coordinates(planes[:, c], places, order=self.order, mode="grid-constant", cval=self.fill)
            for c in range(planes.shape[1])
        ]
        return brought(np.stack(moved, 1).reshape(x.shape), x)

    def __repr__(self) -> str:
        return f"RandomAffine(degrees={self.degrees}, translate={self.translate}, scale={self.scale})"


class Scaled(_OfOnePart):
    """The features as a fitted scaler of scikit-learn's gives them, in the dtype that they had.

    scaler : what has a ``transform``, fitted

    Raises TypeError for what has no ``transform``; a scaler that was not fitted says so itself.

    >>> from sklearn.preprocessing import StandardScaler
    >>> x = np.array([[0.0], [2.0]])
    >>> Scaled(StandardScaler().fit(x))((x,), np.random.default_rng(0))[0].ravel()
    array([-1.,  1.])
    """

    def __init__(self, scaler: Any) -> None:
        if not hasattr(scaler, "transform"):
            raise TypeError(f"Scaled: {class_name(scaler)} has no transform. Fix: StandardScaler().fit(x_train).")
        self.scaler = scaler

    def change(self, x: Array, generator: np.random.Generator) -> Array:
        flat = self.scaler.transform(hosted(x).reshape(len(x), -1))
        return brought(np.asarray(flat, x.dtype if x.dtype.kind == "f" else None).reshape(x.shape), x)

    def __repr__(self) -> str:
        return f"Scaled({self.scaler!r})"


def _described(batch: object) -> str:
    return f"a tuple of {len(batch)}" if isinstance(batch, tuple) else class_name(batch)


def _floating(transform: object, x: Array) -> None:
    if x.dtype.kind != "f":
        raise TypeError(
            f"{class_name(transform)}: {x.dtype} {x.shape} is not floating. Fix: x.astype(np.float32) beforehand."
        )


def _images(transform: object, x: Array) -> None:
    if x.ndim not in (3, 4):
        raise ValueError(f"{class_name(transform)}: shape {x.shape}; expected images (N, H, W) or (N, C, H, W).")


def _check_classes(transform: object, y: Array, num_classes: int) -> None:
    if y.dtype.kind not in "iu" or (y.size and not 0 <= y.min() <= y.max() < num_classes):
        shown = f"{y.min()} … {y.max()}" if y.size and y.dtype.kind in "iu" else y.dtype
        raise ValueError(f"{class_name(transform)}: targets {shown}; expected class numbers 0 … {num_classes - 1}.")
