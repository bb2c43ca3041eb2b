"""One step: forward, backward, update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from optim import LBFGS, Optimizer

from ..modules.module import Module
from ..utils.clip_grad import clip_grad_norm_, clip_grad_value_
from .checking import Metric
from .guard import NotFinite, check_gradients, watched, what_is_not_finite
from .sums import Sums, weighed

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray


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

    def __call__(
        self, inputs: list[Any], target: Any, first: bool = True, share: float | None = None
    ) -> tuple[Any, Any]:
        """The output and the loss. What comes after the first evaluation of a step is taken as it is.

        share : what the loss counts in that of several processes, whose gradients are held when they are summed
        """
        output = self.model(*inputs)
        loss = self.loss(output, target)
        value = value_of(loss)
        if first and self.finite and not value - value == 0:  # compared, not converted, for a recorder's sake
            raise NotFinite(f"the loss is {value}")
        for p in self.parameters:
            if p.requires_grad:
                p.grad = None
        (loss if share is None else loss * share).backward()
        if first:
            self.hold()
        return output if self.outputs else None, loss

    def hold(self) -> None:
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
    """``step(inputs, target, sums)`` updates the parameters by one batch and gives its loss before that.

    metrics : functions of output and target, whose numbers go with the loss into ``sums``
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
        metrics: Mapping[str, Metric],
        compiled: bool | str = False,
    ) -> None:
        self.optimizer, self.finite, self.metrics, self.compiled = optimizer, finite, metrics, compiled
        self.parameters = list(optimizer.parameters())
        self.evaluation = Evaluation(model, loss, self.parameters, clip_norm, clip_value, finite, bool(metrics))
        self.several = isinstance(optimizer, LBFGS)
        self.eager = {"auto": self.EAGER, True: 0, "llvm": 0}.get(compiled, -1)
        if any(type(p._data) is not np.ndarray for p in self.parameters):
            self.eager = -1  # what is recorded is replayed by NumPy
        self.run: Any = self.evaluation if self.several else Update(self.evaluation, optimizer)

    def __call__(self, inputs: list[Any], target: Any, sums: Sums) -> float:
        self._compile()
        output, value = self._with_closure(inputs, target) if self.several else self.run(inputs, target)
        sums.add_loss(*weighed(self.evaluation.loss, value, target))
        if self.metrics:
            sums.add_metrics(self.metrics, output, target)
        return value

    def story(self, inputs: list[AnyArray], target: AnyArray) -> str:
        """What is to be said of a step that went wrong: of its batch, and what the anomaly watch saw in it."""
        report = watched(lambda: self.evaluation.loss(self.evaluation.model(*inputs), target).backward())
        advice = what_is_not_finite([*inputs, target]) or (
            "Fix: a smaller learning rate, clip_norm=1.0, or the operation named below."
        )
        return f"{advice}\n{report}"

    def evaluate(self, inputs: list[Any], target: Any, first: bool) -> tuple[Any, Tensor]:
        """The output and the loss, with gradients left in the parameters; of the first of a step they are held."""
        return self.run(inputs, target, first)  # type: ignore[no-any-return]

    def _compile(self) -> None:
        if self.eager == 0:
            from autograd_core.programs.compiled import Compiled

            backend = "llvm" if self.compiled == "llvm" else "numpy"
            self.run = Compiled(self.run, backend=backend, careful=self.compiled == "auto")
        if self.eager >= 0:
            self.eager -= 1

    def _with_closure(self, inputs: list[AnyArray], target: AnyArray) -> tuple[Any, float]:
        """A step of L-BFGS, which evaluates the loss as often as it likes; only the first must be finite."""
        first: list[tuple[Any, float]] = []
        before = [p._data.copy() for p in self.parameters]

        def closure() -> Tensor:
            output, loss = self.evaluate(inputs, target, not first)
            if not first:
                first.append((output, value_of(loss)))
            return loss

        self.optimizer.step(closure)
        if self.finite and not all(np.isfinite(p._data).all() for p in self.parameters):
            for p, array in zip(self.parameters, before, strict=True):
                p.data = array
            raise NotFinite("the step leads to weights that are not finite")
        return first[0]
