"""Optimizers over flat buffers; names, arguments and update rules as in ``torch.optim``."""

from . import hooks, lr_scheduler, swa_utils
from .adam import Adam, AdamW
from .adaptive import Adadelta, Adagrad, RMSprop
from .lbfgs import LBFGS
from .matrices import Adafactor, Muon
from .minimize import Minimum, minimize
from .moments import Adamax, NAdam, RAdam
from .optimizer import Optimizer
from .sgd import ASGD, SGD
from .sign import Lion, Rprop
from .trajectory import BEALE, ROSENBROCK, STEEP_VALLEY, Landscape, plot_trajectories, trajectory

__all__ = [
    "Optimizer",
    "SGD", "ASGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Rprop", "Lion",
    "Adafactor", "Muon", "LBFGS",
    "minimize", "Minimum", "trajectory", "plot_trajectories", "Landscape", "ROSENBROCK", "BEALE", "STEEP_VALLEY",
    "hooks", "lr_scheduler", "swa_utils",
]  # fmt: skip
