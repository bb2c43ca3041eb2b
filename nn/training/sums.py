"""Numbers of many batches put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.support.arrays import hosted

from .batches import collected

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, TensorLike


class Sums:
    """Loss and metrics of an epoch so far, each batch weighted by its samples."""

    def __init__(
        self,
        loss: float = 0.0,
        weight: float = 0.0,
        metrics: Mapping[str, float] | None = None,
        samples: int = 0,
        seconds: float = 0.0,
    ) -> None:
        self.loss, self.weight, self.samples, self.seconds = loss, weight, samples, seconds
        self.metrics = dict(metrics or {})

    def add_metrics(
        self, metrics: Mapping[str, Callable[[Any, Any], float]], output: TensorLike, target: AnyArray
    ) -> None:
        """Take the metrics of one batch into account."""
        self.add_totals(samples(target), metrics_of(metrics, output, target))

    def add_totals(self, n: int, totals: Mapping[str, float]) -> None:
        """Take metrics, each times ``n``, of ``n`` samples into account."""
        self.samples += n
        for name, total in totals.items():
            self.metrics[name] = self.metrics.get(name, 0.0) + total

    def add_loss(self, total: float, weight: float) -> None:
        """Take the loss of one batch, ``total``, into account, which counts ``weight`` times."""
        self.loss += total
        self.weight += weight

    def means(self) -> dict[str, float]:
        """The loss and the metrics, averaged."""
        metrics = {name: total / max(self.samples, 1) for name, total in self.metrics.items()}
        return {"loss": self.loss / self.weight if self.weight else float("nan"), **metrics}


def metrics_of(
    metrics: Mapping[str, Callable[[Any, Any], float]], output: TensorLike, target: AnyArray
) -> dict[str, float]:
    """The metrics of one batch, each times the number of samples."""
    n = samples(target)
    output, target = collected(output), collected(target)
    return {name: n * float(metric(output, target)) if n else 0.0 for name, metric in metrics.items()}


def weighed(loss: Any, value: float, target: Any) -> tuple[float, float]:
    """A batch's loss as (sum, what to divide by), so that sums of batches give the loss of all at once.

    A mean over samples counts as often as there are samples; one over classes with weights, or with targets to be
    ignored, as much as they weigh; a sum is divided by the number of samples.
    """
    weight = weight_of(loss, target)
    if is_sum(loss):
        return value, weight
    return (value * weight, weight) if weight else (0.0, 0.0)


def is_sum(loss: Any) -> bool:
    """Whether a loss adds its samples up, instead of taking their mean."""
    return getattr(loss, "reduction", "mean") == "sum"


def weight_of(loss: Any, target: Any) -> float:
    """How much a batch of these targets counts beside others."""
    ignored = getattr(loss, "ignore_index", None)
    if is_sum(loss) or ignored is None or getattr(target, "dtype", np.dtype(float)).kind not in "iu":
        return samples(target)
    classes = hosted(target)
    class_weights = getattr(loss, "weight", None)
    if class_weights is None:
        return classes.size - int(np.count_nonzero(classes == ignored))
    return float(class_weights.numpy()[classes[classes != ignored]].sum())


def samples(target: AnyArray) -> int:
    """How many samples a batch has."""
    while isinstance(target, (tuple, list, Mapping)):
        target = next(iter(target.values())) if isinstance(target, Mapping) else target[0]
    return target.shape[0] if getattr(target, "shape", ()) else 1
