"""One step: forward, backward, update."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from optim import LBFGS, Optimizer

from ..modules.module import Module
from ..utils.clip_grad import clip_grad_norm_, clip_grad_value_
from .guard import NotFinite, check_gradients


def value_of(loss: Any) -> float:
    """The number that a loss is; ValueError where it is none."""
    if not isinstance(loss, Tensor) or loss.size != 1:
        what = f"a tensor of shape {loss.shape}" if isinstance(loss, Tensor) else class_name(loss)
        raise ValueError(f"Trainer: the loss is {what}; it must be one number, a tensor. Fix: reduction='mean'.")
    return float(loss.item())


class Step:
    """``step(inputs, target)`` updates the parameters by one batch and gives its output, and its loss before that.

    finite : raise NotFinite, before anything is updated, for a loss or a gradient that is not
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        optimizer: Optimizer,
        clip_norm: float | None,
        clip_value: float | None,
        finite: bool,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.clip_norm, self.clip_value, self.finite = clip_norm, clip_value, finite
        self.parameters = list(optimizer.parameters())
        self.several = isinstance(optimizer, LBFGS)

    def __call__(self, inputs: list[Any], target: Any) -> tuple[Any, float]:
        if self.several:
            return self._with_closure(inputs, target)
        output, loss, value = self._forward(inputs, target)
        self.optimizer.zero_grad()
        loss.backward()
        self._hold()
        self.optimizer.step()
        return output, value

    def _forward(self, inputs: list[Any], target: Any) -> tuple[Any, Any, float]:
        output = self.model(*inputs)
        loss = self.loss(output, target)
        value = value_of(loss)
        if self.finite and not math.isfinite(value):
            raise NotFinite(f"the loss is {value}")
        return output, loss, value

    def _hold(self) -> None:
        """Look at the gradients, and clip them."""
        if self.finite:
            check_gradients(self.parameters)
        if self.clip_norm is not None:
            clip_grad_norm_(self.parameters, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value_(self.parameters, self.clip_value)

    def _with_closure(self, inputs: list[Any], target: Any) -> tuple[Any, float]:
        """A step of L-BFGS, which evaluates the loss as often as it likes; only the first must be finite."""
        first: list[tuple[Any, float]] = []
        before = [p._data.copy() for p in self.parameters]

        def closure() -> Any:
            self.optimizer.zero_grad()
            if first:
                loss = self.loss(self.model(*inputs), target)
                loss.backward()
            else:
                output, loss, value = self._forward(inputs, target)
                loss.backward()
                self._hold()
                first.append((output, value))
            return loss

        self.optimizer.step(closure)
        if self.finite and not all(np.isfinite(p._data).all() for p in self.parameters):
            for p, array in zip(self.parameters, before, strict=True):
                p.data = array
            raise NotFinite("the step leads to weights that are not finite")
        return first[0]
