"""Optimizers over flat buffers; names, arguments and update rules as in ``torch.optim``."""

from typing import TYPE_CHECKING

from autograd_core.support.lazy import attach

from .adam import Adam, AdamW
from .adaptive import Adadelta, Adagrad, RMSprop
from .moments import Adamax, NAdam, RAdam
from .optimizer import Optimizer
from .sgd import ASGD, SGD
from .sign import Lion, Rprop

if TYPE_CHECKING:
    from . import hooks, lr_scheduler, swa_utils
    from .curvature.lbfgs import LBFGS
    from .landscapes import loss_plane, plot_landscape
    from .matrices import Adafactor, Muon, SparseAdam
    from .minimizing import Minimum, minimize
    from .trajectories import BEALE, ROSENBROCK, STEEP_VALLEY, Landscape, plot_trajectories, trajectory

# Modules that are loaded with the first of their names; no names: the module itself.
__getattr__, __dir__ = attach(
    __name__,
    {
        "hooks": (),
        "lr_scheduler": (),
        "swa_utils": (),
        "curvature.lbfgs": ("LBFGS",),
        "landscapes": ("loss_plane", "plot_landscape"),
        "matrices": ("Adafactor", "Muon", "SparseAdam"),
        "minimizing": ("Minimum", "minimize"),
        "trajectories": ("BEALE", "ROSENBROCK", "STEEP_VALLEY", "Landscape", "plot_trajectories", "trajectory"),
    },
)

__all__ = [
    "Optimizer",
    "SGD", "ASGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Rprop", "Lion",
    "Adafactor", "Muon", "SparseAdam", "LBFGS",
    "minimize", "Minimum", "trajectory", "plot_trajectories", "Landscape", "ROSENBROCK", "BEALE", "STEEP_VALLEY",
    "plot_landscape", "loss_plane",
    "hooks", "lr_scheduler", "swa_utils",
]  # fmt: skip
