"""Numbers of many batches put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .batches import collected


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

    def add_metrics(self, metrics: Mapping[str, Callable[[Any, Any], float]], output: Any, target: Any) -> None:
        """Take the metrics of one batch into account."""
        n = samples(target)
        self.samples += n
        output, target = collected(output), collected(target)
        for name, metric in metrics.items():
            self.metrics[name] = self.metrics.get(name, 0.0) + n * float(metric(output, target))

    def add_loss(self, total: float, weight: float) -> None:
        """Take the loss of one batch, ``total``, into account, which counts ``weight`` times."""
        self.loss += total
        self.weight += weight

    def means(self) -> dict[str, float]:
        """The loss and the metrics, averaged."""
        metrics = {name: total / max(self.samples, 1) for name, total in self.metrics.items()}
        return {"loss": self.loss / self.weight if self.weight else float("nan"), **metrics}


def weighed(loss: Any, value: float, target: Any) -> tuple[float, float]:
    """A batch's loss as (sum, what to divide by), so that sums of batches give the loss of all at once.

    A mean over samples counts as often as there are samples; one over classes with weights, or with targets to be
    ignored, as much as they weigh; a sum is divided by the number of samples.
    """
    if getattr(loss, "reduction", "mean") == "sum":
        return value, samples(target)
    ignored = getattr(loss, "ignore_index", None)
    if ignored is None or getattr(target, "dtype", np.dtype(float)).kind not in "iu":
        weight: float = samples(target)
    else:
        classes = np.asarray(target)
        class_weights = getattr(loss, "weight", None)
        if class_weights is None:
            weight = classes.size - int(np.count_nonzero(classes == ignored))
        else:
            weight = float(class_weights.numpy()[classes[classes != ignored]].sum())
    return (value * weight, weight) if weight else (0.0, 0.0)


def samples(target: Any) -> int:
    """How many samples a batch has."""
    while isinstance(target, (tuple, list, Mapping)):
        target = next(iter(target.values())) if isinstance(target, Mapping) else target[0]
    return target.shape[0] if getattr(target, "shape", ()) else 1
