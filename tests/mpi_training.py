"""A training that one process, threads or ``mpiexec -n 2 python mpi_training.py folder kind`` can make."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag
import nn
import optim
from nn import distributed
from trainings import X, Y


def model(comm: Any, dropout: float = 0.0) -> Any:
    """No bias before batch norm: its gradient is nothing but rounding, which Adam would make large."""
    ag.manual_seed(4)
    layers = nn.Linear(3, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 2)
    made = nn.Sequential(*layers)
    return made if comm is None else distributed.SyncBatchNorm.convert_sync_batchnorm(made, comm)


def trainer(comm: Any, dropout: float = 0.0, **options: Any) -> nn.Trainer:
    made = model(comm, dropout)
    return nn.Trainer(made, nn.CrossEntropyLoss(), optim.Adam(made.parameters(), lr=0.01), seed=3, comm=comm, **options)


class Accident(nn.Callback):
    """Rank 1 fails, or is killed, in the third epoch."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def on_batch_end(self, trainer: nn.Trainer, loss: float) -> None:
        if trainer.ranks.rank == 1 and trainer.step == 12:
            if self.kind == "failing":
                raise OSError("lost file")
            if self.kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, kind: str) -> None:
    comm = distributed.world()
    keeper = nn.callbacks.ModelCheckpoint(folder)
    one = trainer(comm, callbacks=[keeper, Accident(kind)])
    one.fit((X, Y), epochs=4, batch_size=16)
    weights: dict[str, Any] = one.model.state_dict()
    np.savez(Path(folder) / f"rank-{comm.Get_rank()}.npz", **weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
