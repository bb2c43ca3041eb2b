"""Schedules of the learning rate; names, arguments and sequences as in ``torch.optim.lr_scheduler``.

>>> import autograd_core as ag, optim
>>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=0.1)
>>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
>>> for epoch in range(4):
...     print(epoch, schedule.get_last_lr())
...     optimizer.step()  # train for an epoch
...     schedule.step()
0 [0.1]
1 [0.1]
2 [0.05]
3 [0.05]
"""

from .annealing import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .base import FactorLR, LRScheduler
from .composite import ChainedScheduler, SequentialLR
from .cyclic import CyclicLR, OneCycleLR
from .factors import (
    ConstantLR,
    ExponentialLR,
    InverseTimeLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
    WarmupLR,
)
from .plateau import ReduceLROnPlateau

__all__ = [
    "LRScheduler",
    "FactorLR",
    "LambdaLR",
    "MultiplicativeLR",
    "StepLR",
    "MultiStepLR",
    "ExponentialLR",
    "InverseTimeLR",
    "PolynomialLR",
    "ConstantLR",
    "LinearLR",
    "WarmupLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "OneCycleLR",
    "CyclicLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "ChainedScheduler",
]
