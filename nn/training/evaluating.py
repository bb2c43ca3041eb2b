"""A model's numbers and outputs over a whole loader."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

import autograd_core as ag

from .batches import beside, collected, each, joined, parts
from .steps import value_of
from .sums import Sums, samples, weighed

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

    from ..data.loader import DataLoader
    from ..modules.module import Module
    from .trainer import Trainer


def evaluated(trainer: Trainer, loader: DataLoader, model: Module) -> dict[str, float]:
    """The loss and all metrics of a trainer over a loader."""
    sums, outputs, targets = Sums(), [], []
    model.eval()
    # A NaN is a result, not a warning.
    with closing(each(loader)) as batches, ag.no_grad(), np.errstate(invalid="ignore"):
        for batch in beside(model, batches):
            *inputs, target = parts("Trainer.evaluate", batch, 2)
            output = model(*inputs)
            if samples(target):
                sums.add_loss(*weighed(trainer.loss, value_of(trainer.loss(output, target)), target))
            if trainer.metrics:
                outputs.append(collected(output))
                targets.append(collected(target))
    total, weight = trainer.ranks.sums(sums.loss, sums.weight)
    if not weight:
        raise ValueError("Trainer.evaluate: there are no batches in the data. Fix: data that can be read anew.")
    numbers = {"loss": total / weight}
    if trainer.metrics:
        output, target = joined(trainer.ranks.in_order(outputs)), joined(trainer.ranks.in_order(targets))
        numbers |= {name: float(metric(output, target)) for name, metric in trainer.metrics.items()}
    return numbers


def predicted(model: Module, loader: DataLoader) -> AnyArray:
    """The outputs of a model for a loader's inputs, in order."""
    outputs = []
    model.eval()
    with closing(each(loader)) as batches, ag.no_grad():
        for batch in beside(model, batches):
            inputs = parts("Trainer.predict", batch, 1)
            outputs.append(collected(model(*(inputs[:-1] if len(inputs) > 1 else inputs))))
    if not outputs:
        raise ValueError("Trainer.predict: there are no batches in the data. Fix: data that can be read anew.")
    return joined(outputs)
