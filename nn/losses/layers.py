"""Losses as modules: each is its function with the options bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd_core.engine.errors import class_name, describe

from ..modules.checking import POSITIVE, checked
from ..modules.function_module import FunctionModule
from ..modules.layer import Layer
from . import of_classes, of_distributions, of_margins, of_numbers

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import ArrayLike, Function, TensorLike

__all__ = [
    *("BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss"),
    *("HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss"),
    *("MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss"),
    *("TripletMarginLoss", "TripletMarginWithDistanceLoss"),
]

_BUFFERS = ("weight", "pos_weight")


class Loss(FunctionModule):
    """A function of predictions and targets as a module.

    reductions : what ``reduction`` may be

    Weights of classes are buffers, as in PyTorch. Raises ValueError for an unknown reduction.
    """

    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.reduction not in self.reductions:
            known = ", ".join(self.reductions)
            raise ValueError(f"{class_name(self)}: reduction={self.reduction!r}; it is one of {known}.")

    def keep(self, name: str, value: TensorLike) -> None:
        """Hold a setting as an attribute, or weights as a buffer."""
        if name in _BUFFERS:
            array = value if value is None or hasattr(value, "dtype") else np.asarray(value)
            if array is not None and array.dtype.kind not in "fiu":
                raise TypeError(f"{class_name(self)}: {name} must be an array of real numbers, not {describe(array)}.")
            self.register_buffer(name, array)
        else:
            setattr(self, name, value)

    def extra_repr(self) -> str:
        shown = [n for n in self.settings if n not in _BUFFERS and getattr(self, n) != self.defaults.get(n)]
        return ", ".join(f"{n}={getattr(self, n)!r}" for n in shown)


def _module(name: str, function: Function, inputs: int = 2) -> type[Loss]:
    return Loss.of(name, function, inputs)


BCELoss = _module("BCELoss", of_distributions.binary_cross_entropy)
BCEWithLogitsLoss = _module("BCEWithLogitsLoss", of_distributions.binary_cross_entropy_with_logits)
CosineEmbeddingLoss = _module("CosineEmbeddingLoss", of_margins.cosine_embedding_loss, 3)
CrossEntropyLoss = _module("CrossEntropyLoss", of_classes.cross_entropy)
CTCLoss = _module("CTCLoss", of_classes.ctc_loss, 4)
HingeEmbeddingLoss = _module("HingeEmbeddingLoss", of_margins.hinge_embedding_loss)
HuberLoss = _module("HuberLoss", of_numbers.huber_loss)
KLDivLoss = _module("KLDivLoss", of_distributions.kl_div)
KLDivLoss.reductions = (*Loss.reductions, "batchmean")
L1Loss = _module("L1Loss", of_numbers.l1_loss)
MarginRankingLoss = _module("MarginRankingLoss", of_margins.margin_ranking_loss, 3)
MSELoss = _module("MSELoss", of_numbers.mse_loss)
MultiLabelMarginLoss = _module("MultiLabelMarginLoss", of_classes.multilabel_margin_loss)
MultiLabelSoftMarginLoss = _module("MultiLabelSoftMarginLoss", of_classes.multilabel_soft_margin_loss)
MultiMarginLoss = _module("MultiMarginLoss", of_classes.multi_margin_loss)
NLLLoss = _module("NLLLoss", of_classes.nll_loss)
PoissonNLLLoss = _module("PoissonNLLLoss", of_distributions.poisson_nll_loss)
SmoothL1Loss = _module("SmoothL1Loss", of_numbers.smooth_l1_loss)
SoftMarginLoss = _module("SoftMarginLoss", of_margins.soft_margin_loss)
TripletMarginLoss = _module("TripletMarginLoss", of_margins.triplet_margin_loss, 3)
TripletMarginWithDistanceLoss = _module(
    "TripletMarginWithDistanceLoss", of_margins.triplet_margin_with_distance_loss, 3
)


class GaussianNLLLoss(Layer):
    """½(log var + (input − target)²/var), called as ``loss(input, target, var)`` (Nix & Weigend 1994).

    full, eps, reduction : those of ``nn.functional.gaussian_nll_loss``
    """

    @checked(eps=POSITIVE)
    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        self.full, self.eps, self.reduction = full, eps, reduction

    def forward(self, input: TensorLike, target: ArrayLike, var: TensorLike) -> Tensor:
        return of_distributions.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)
