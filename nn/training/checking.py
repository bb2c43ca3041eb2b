"""What a trainer is made of, looked at before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name, printable
from optim import Optimizer
from optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from ..modules.module import Module
from .callback import Callback

if TYPE_CHECKING:
    from autograd_core.support.types import Tree


Metric = Callable[[Any, Any], float]

RECORDED = ("epoch", "step", "loss", "lr", "seconds")
"""The numbers of every record, beside metrics and what is validated (val_…)."""


def check_parts(model: object, loss: object, optimizer: object, scheduler: object, scheduler_unit: str) -> None:
    """TypeError or ValueError for parts that cannot train together."""
    if not isinstance(model, Module):
        raise TypeError(f"Trainer: model is {class_name(model)}, not a Module.")
    if isinstance(loss, type):
        raise TypeError(f"Trainer: loss is a class. Fix: {printable(loss.__name__)}().")
    if not callable(loss):
        raise TypeError(f"Trainer: loss is {class_name(loss)}; give a function of (output, target).")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"Trainer: optimizer is {class_name(optimizer)}, not an Optimizer.")
    if scheduler is not None and not isinstance(scheduler, LRScheduler):
        raise TypeError(f"Trainer: scheduler is {class_name(scheduler)}, not an LRScheduler.")
    if scheduler is not None and scheduler.optimizer is not optimizer:
        raise ValueError("Trainer: the scheduler drives another optimizer.")
    if isinstance(scheduler, ReduceLROnPlateau) and scheduler_unit != "epoch":
        raise ValueError(
            f"Trainer: ReduceLROnPlateau is told a loss after every epoch, not by scheduler_unit={scheduler_unit!r}."
        )
    own = {id(p) for p in [*model.parameters(), *(loss.parameters() if isinstance(loss, Module) else ())]}
    if not any(id(p) in own for p in optimizer.parameters()):
        raise ValueError(
            "Trainer: the optimizer holds none of the model's parameters, so the model would not learn. "
            "Fix: make it from model.parameters()."
        )


def listed_callbacks(callbacks: Tree) -> list[Callback]:
    """The callbacks as a list; TypeError for anything else among them."""
    if not isinstance(callbacks, Iterable):
        raise TypeError(f"Trainer: callbacks is {class_name(callbacks)}. Fix: a list of callbacks.")
    given = list(callbacks)
    for callback in given:
        if isinstance(callback, type):
            name = printable(callback.__name__)
            raise TypeError(f"Trainer: callback {name} is a class. Fix: {name}(…).")
        if not isinstance(callback, Callback):
            raise TypeError(f"Trainer: {class_name(callback)} is no Callback. Fix: inherit from nn.Callback.")
    return given


def named_metrics(metrics: Any) -> dict[str, Metric]:
    """Metrics by name; TypeError for what is not a function, ValueError for a name that is taken."""
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"Trainer: metrics is {class_name(metrics)}. Fix: a list, metrics=[nn.metrics.accuracy].")
    named: dict[str, Metric] = {}
    pairs = metrics.items() if isinstance(metrics, Mapping) else ((getattr(m, "__name__", None), m) for m in metrics)
    for name, metric in pairs:
        if not callable(metric) or not isinstance(name, str):
            raise TypeError(
                f"Trainer: metric {metric!r} is not a function with a name. Fix: [nn.metrics.accuracy], or "
                "{name: function of (output, target)}."
            )
        if name in named:
            raise ValueError(f"Trainer: two metrics of the name {name!r}. Fix: {{name: function}}.")
        if name in RECORDED or name.startswith("val_"):
            raise ValueError(f"Trainer: {name!r} is a number of every record. Fix: another name for the metric.")
        named[name] = metric
    return named
