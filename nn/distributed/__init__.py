"""Several processes that train one model: each on its part of every batch, with the gradients of the whole one.

``nn.Trainer(..., comm=comm)`` does all of it; these are the parts, for a loop of one's own. ``comm`` is a communicator
of mpi4py (or what has its methods), and ``mpiexec -n 4 python train.py`` starts four processes, called ranks:

>>> import numpy as np, nn, optim
>>> from nn import distributed
>>> comm = distributed.Alone()                            # distributed.world() under mpiexec
>>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
>>> model, loss_of = nn.Linear(1, 1), nn.MSELoss()
>>> optimizer = optim.SGD(model.parameters(), lr=0.3)
>>> with distributed.together(comm):                      # one rank that fails ends all
...     distributed.broadcast(model, comm)                # the first weights: those of rank 0
...     data = nn.data.TensorDataset(x, 3 * x + 1)
...     loader = nn.data.DataLoader(data, batch_sampler=distributed.DistributedSampler(data, 16, comm, seed=0))
...     for _ in range(20):
...         for inputs, targets in loader:                # this rank's part of a batch of 16
...             optimizer.zero_grad()
...             loss = distributed.backward(loss_of(model(inputs), targets), model.parameters(), comm, len(targets))
...             optimizer.step()
>>> loss < 1e-3                                           # the loss of the whole batch, the same on every rank
True

Imports modules, layers, kernels and data.
"""

from .agreeing import agree, broadcast, from_first
from .communicator import Alone, Communicator, together, world
from .layers import SyncBatchNorm, sum_over_ranks
from .reducing import average, backward, reduce_gradients
from .sampler import DistributedSampler

__all__ = [
    "world", "Alone", "Communicator", "together",
    "broadcast", "agree", "from_first",
    "backward", "reduce_gradients", "average",
    "DistributedSampler", "SyncBatchNorm", "sum_over_ranks",
]  # fmt: skip
