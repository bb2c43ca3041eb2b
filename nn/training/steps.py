"""One step: forward, backward, update."""

from __future__ import annotations

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
    return loss.item()  # type: ignore[no-any-return]


class Evaluation:
    """Loss and gradients of one batch, looked at and clipped.

    finite : raise NotFinite, before any gradient is touched or applied, for a loss or a gradient that is not
    outputs : whether the output is given, too; else None
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        parameters: list[Tensor],
        clip_norm: float | None,
        clip_value: float | None,
        finite: bool,
        outputs: bool,
    ) -> None:
        self.model, self.loss, self.parameters = model, loss, parameters
        self.clip_norm, self.clip_value, self.finite, self.outputs = clip_norm, clip_value, finite, outputs

    def __call__(self, inputs: list[Any], target: Any, first: bool = True) -> tuple[Any, Any]:
        """The output and the loss. What comes after the first evaluation of a step is taken as it is."""
        output = self.model(*inputs)
        loss = self.loss(output, target)
        value = value_of(loss)
        if first and self.finite and not value - value == 0:  # compared, not converted, for a recorder's sake
            raise NotFinite(f"the loss is {value}")
        for p in self.parameters:
            if p.requires_grad:
                p.grad = None
        loss.backward()
        if first:
            self._hold()
        return output if self.outputs else None, loss

    def _hold(self) -> None:
        """Look at the gradients, and clip them."""
        if self.finite:
            check_gradients(self.parameters)
        if self.clip_norm is not None:
            clip_grad_norm_(self.parameters, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value_(self.parameters, self.clip_value)


class Update:
    """What one evaluation and one update of the optimizer do: the output, and the loss as a number."""

    def __init__(self, evaluation: Evaluation, optimizer: Optimizer) -> None:
        self.evaluation, self.optimizer = evaluation, optimizer

    def __call__(self, inputs: list[Any], target: Any) -> tuple[Any, float]:
        output, loss = self.evaluation(inputs, target)
        self.optimizer.step()
        return output, value_of(loss)


class Step:
    """``step(inputs, target)`` updates the parameters by one batch and gives its output, and its loss before that.

    compiled : True, "llvm", "auto" or False: whether what `ag.compile` records of it is replayed: the whole step, of
        L-BFGS its evaluations; "auto" begins after ``EAGER`` steps, and leaves a step alone in which Python does
        something beside computing

    All others as for `Evaluation`.
    """

    EAGER = 8

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        optimizer: Optimizer,
        clip_norm: float | None,
        clip_value: float | None,
        finite: bool,
        outputs: bool = True,
        compiled: bool | str = False,
    ) -> None:
        self.optimizer, self.finite, self.compiled = optimizer, finite, compiled
        self.parameters = list(optimizer.parameters())
        evaluation = Evaluation(model, loss, self.parameters, clip_norm, clip_value, finite, outputs)
        self.several = isinstance(optimizer, LBFGS)
        self.eager = {"auto": self.EAGER, True: 0, "llvm": 0}.get(compiled, -1)
        self.run: Any = evaluation if self.several else Update(evaluation, optimizer)

    def __call__(self, inputs: list[Any], target: Any) -> tuple[Any, float]:
        if self.eager == 0:
            from autograd_core.programs.compiled import Compiled

            backend = "llvm" if self.compiled == "llvm" else "numpy"
            self.run = Compiled(self.run, backend=backend, careful=self.compiled == "auto")
        if self.eager >= 0:
            self.eager -= 1
        if self.several:
            return self._with_closure(inputs, target)
        return self.run(inputs, target)  # type: ignore[no-any-return]

    def _with_closure(self, inputs: list[Any], target: Any) -> tuple[Any, float]:
        """A step of L-BFGS, which evaluates the loss as often as it likes; only the first must be finite."""
        first: list[tuple[Any, float]] = []
        before = [p._data.copy() for p in self.parameters]

        def closure() -> Any:
            output, loss = self.run(inputs, target, not first)
            if not first:
                first.append((output, value_of(loss)))
            return loss

        self.optimizer.step(closure)
        if self.finite and not all(np.isfinite(p._data).all() for p in self.parameters):
            for p, array in zip(self.parameters, before, strict=True):
                p.data = array
            raise NotFinite("the step leads to weights that are not finite")
        return first[0]
