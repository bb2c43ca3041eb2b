"""Callbacks for every day: stopping early, checkpoints, averages, logs."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.support import states

from ..data.checking import whole
from . import checkpoint
from .callback import Callback
from .progress import ProgressBar

if TYPE_CHECKING:
    from autograd_core.support.types import State, StateDict

    from .trainer import Trainer

__all__ = ["Callback", "EarlyStopping", "ModelCheckpoint", "EMA", "ProgressBar", "CSVLogger", "TensorBoard"]


class _Best:
    """The best value so far of one number of the records."""

    def __init__(self, owner: str, monitor: str, mode: str | None, min_delta: float = 0.0) -> None:
        if mode is None:
            words = set(monitor.replace("-", "_").split("_"))
            small, large = (
                words & {"loss", "error", "mse", "mae", "rmse"},
                words & {"accuracy", "acc", "auc", "f1", "r2"},
            )
            mode = "min" if small else "max" if large else None
            if mode is None:
                raise ValueError(f"{owner}: is a small or a large {monitor!r} better? Fix: mode='min' or mode='max'.")
        if mode not in ("min", "max"):
            raise ValueError(f"{owner}: mode={mode!r} must be 'min' or 'max'.")
        if not min_delta >= 0:
            raise ValueError(f"{owner}: min_delta={min_delta!r} must not be negative.")
        self.owner, self.monitor, self.mode, self.min_delta = owner, monitor, mode, min_delta
        self.reset()

    def reset(self) -> None:
        self.value = math.inf if self.mode == "min" else -math.inf

    def improves(self, record: Mapping[str, float]) -> bool:
        """Take a record into account; a NaN is never an improvement."""
        if self.monitor not in record:
            raise ValueError(
                f"{self.owner}: the records have no {self.monitor!r}; there are {', '.join(record)}. "
                "Fix: fit(…, validation=…), or another monitor."
            )
        value = record[self.monitor]
        gain = self.value - value if self.mode == "min" else value - self.value
        better = gain > self.min_delta
        if better:
            self.value = value
        return better


class EarlyStopping(Callback):
    """Stop when a number has not improved for ``patience`` epochs, and return to the weights of its best epoch.

    patience : epochs without an improvement before it stops
    monitor      : a name of the records, such as "val_loss" or "val_accuracy"
    min_delta    : what an improvement must exceed
    mode         : "min" or "max"; None reads it off the name
    restore_best : load the best weights when training ends, stopped early or not, but not after an exception; these
        are
        the weights that were validated (an EMA's, where one is)

    ``best`` is the best value, ``best_epoch`` its epoch (1 is the first); each ``fit`` begins anew. Prechelt 1998,
    "Early stopping — but when?".

    Raises ValueError for patience below 1 and a name that does not say what is better; after the first epoch, for a
    number that the records do not have.

    >>> EarlyStopping("val_accuracy", patience=3).mode
    'max'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore_best: bool = True,
    ) -> None:
        self._best = _Best("EarlyStopping", monitor, mode, min_delta)
        self.patience, self.restore_best = whole("EarlyStopping: patience", patience), restore_best
        self._begin()

    def _begin(self) -> None:
        self._best.reset()
        self.best_epoch = self.wait = 0
        self._weights: dict[str, Any] | None = None

    @property
    def best(self) -> float:
        """The best value so far."""
        return self._best.value

    @property
    def mode(self) -> str:
        """Which value is better: "min" or "max"."""
        return self._best.mode

    def on_fit_start(self, trainer: Trainer) -> None:
        self._begin()

    def on_epoch_end(self, trainer: Trainer, record: dict[str, float]) -> None:
        if self._best.improves(record):
            self.best_epoch, self.wait = trainer.epoch, 0
            self._weights = trainer.validated_model.state_dict() if self.restore_best else None
        else:
            self.wait += 1
            if self.wait >= self.patience:
                trainer.should_stop = True

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._weights is not None:
            trainer.model.load_state_dict(self._weights)

    def state_dict(self) -> StateDict:
        weights = None if self._weights is None else {name: array.copy() for name, array in self._weights.items()}
        return {"best": self.best, "best_epoch": self.best_epoch, "wait": self.wait, "weights": weights}

    def load_state_dict(self, state_dict: State) -> None:
        given = states.mapping("EarlyStopping", state_dict, ("best", "best_epoch", "wait", "weights"))
        best = states.real("EarlyStopping: best", given["best"], finite=False)
        epoch, wait = (states.whole(f"EarlyStopping: {name}", given[name]) for name in ("best_epoch", "wait"))
        weights = given["weights"]
        if weights is not None:
            weights = {name: np.array(w) for name, w in states.mapping("EarlyStopping: weights", weights).items()}
        self._best.value, self.best_epoch, self.wait, self._weights = best, epoch, wait, weights


class ModelCheckpoint(Callback):
    """Write everything that training depends on into a folder, so that ``fit(resume=folder)`` can go on from there.

    folder : where the files lie; made where it is missing
    mode : "min" or "max"; None reads it off the name
    every, unit : after every so many epochs ("epoch") or steps ("step"); and once before the first step, so that a
        training that is interrupted early can begin again from the same weights
    keep        : how many checkpoints stay; at least 2, so that there is one before a damaged one
    monitor     : a name of the records: the weights of its best epoch are kept in ``best.safetensors``, which
        ``nn.load(path, model)`` reads; ``mode`` as in ``EarlyStopping``
    best_only   : only that file (there is then nothing to resume from)

    Raises, before training begins, PermissionError where the folder cannot be written, and FileExistsError where it
    holds later checkpoints than the training that begins: those of another one. OSError that names the file where a
    checkpoint cannot be written later; those before it stay. Needs the extra ``io``.

    >>> import tempfile, nn, numpy as np, optim
    >>> folder, model = tempfile.mkdtemp(), nn.Linear(2, 1)
    >>> def trainer():
    ...     return nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters()), [ModelCheckpoint(folder)])
    >>> data = np.zeros((8, 2), np.float32), np.ones((8, 1), np.float32)
    >>> trainer().fit(data, epochs=3)["epoch"]  # and the computer is switched off
    [1, 2, 3]
    >>> trainer().fit(data, epochs=5, resume=folder)["epoch"]
    [1, 2, 3, 4, 5]
    """

    first_rank_only = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every: int = 1,
        unit: str = "epoch",
        keep: int = 2,
        monitor: str | None = None,
        mode: str | None = None,
        best_only: bool = False,
    ) -> None:
        self.every, self.keep = whole("ModelCheckpoint: every", every), whole("ModelCheckpoint: keep", keep, 2)
        if unit not in ("epoch", "step"):
            raise ValueError(f"ModelCheckpoint: unit={unit!r} must be 'epoch' or 'step'.")
        if best_only and monitor is None:
            raise ValueError("ModelCheckpoint: best_only of what? Fix: monitor='val_loss', for instance.")
        self.folder, self.unit, self.best_only = Path(folder), unit, best_only
        self._best = None if monitor is None else _Best("ModelCheckpoint", monitor, mode)

    def on_fit_start(self, trainer: Trainer) -> None:
        checkpoint.prepare(self.folder)
        if not self.best_only:
            checkpoint.refuse_later(self.folder, trainer.step, trainer.resumes_from)
        if self._best is not None:
            self._best.reset()

    def on_training_start(self, trainer: Trainer) -> None:
        of_this_training = trainer.step > 0 or trainer.resumes_from is not None
        is_there = of_this_training and checkpoint.path_of_step(self.folder, trainer.step).exists()
        if trainer.epoch < trainer.last_epoch and not is_there:
            self._write(trainer)

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        if self.unit == "step" and trainer.step % self.every == 0:
            self._write(trainer)

    def on_epoch_end(self, trainer: Trainer, record: dict[str, float]) -> None:
        if self._best is not None and self._best.improves(record):
            from ..modules.states.serialization import save

            path = self.folder / "best.safetensors"
            with checkpoint.named_if_it_fails(path):
                save(trainer.validated_model.state_dict(), path)
        last = trainer.should_stop or trainer.epoch == trainer.last_epoch
        if last or (self.unit == "epoch" and trainer.epoch % self.every == 0):
            self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        if not self.best_only:
            checkpoint.save_checkpoint(checkpoint.path_of_step(self.folder, trainer.step), trainer.state_dict())
            checkpoint.forget_old(self.folder, self.keep)

    def state_dict(self) -> StateDict:
        return {} if self._best is None else {"best": self._best.value}

    def load_state_dict(self, state_dict: State) -> None:
        if self._best is not None:
            given = states.mapping("ModelCheckpoint", state_dict, ("best",))
            self._best.value = states.real("ModelCheckpoint: best", given["best"], finite=False)


class EMA(Callback):
    """Keep an exponential average of the weights over the steps: a ← decay·a + (1 − decay)·w.

    decay : in [0, 1]
    use_buffers : whether buffers are averaged as well, instead of copied
    validate : validate the average instead of the model

    ``average`` is an ``optim.swa_utils.AveragedModel``: call it, or take ``average.module``. Polyak & Juditsky 1992.
    """

    def __init__(self, decay: float = 0.999, validate: bool = True, use_buffers: bool = True) -> None:
        from optim.swa_utils import get_ema_multi_avg_fn

        self._function = get_ema_multi_avg_fn(decay)
        self.decay, self.validate, self.use_buffers = decay, validate, use_buffers
        self.average: Any = None

    def on_fit_start(self, trainer: Trainer) -> None:
        from optim.swa_utils import AveragedModel

        if self.average is None:
            self.average = AveragedModel(trainer.model, multi_avg_fn=self._function, use_buffers=self.use_buffers)

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        self.average.update_parameters(trainer.model)

    def validation_model(self, trainer: Trainer) -> Any:
        return self.average.module if self.validate and self.average is not None else None

    def state_dict(self) -> StateDict:
        return {} if self.average is None else self.average.state_dict()

    def load_state_dict(self, state_dict: State) -> None:
        self.average.load_state_dict(state_dict)


class CSVLogger(Callback):
    """Keep the history in a CSV file with a line an epoch, also across interruptions; it never holds half a line.

    path : of the file
    """

    first_rank_only = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_fit_start(self, trainer: Trainer) -> None:
        with open(self.path, "a"):  # an unwritable place is better known before the training than after
            pass

    def on_epoch_end(self, trainer: Trainer, record: dict[str, float]) -> None:
        with checkpoint.named_if_it_fails(self.path):
            trainer.history.to_csv(self.path)


class TensorBoard(Callback):
    """Write the numbers of every epoch, and histograms of the weights if asked, for TensorBoard.

    log_dir    : where ``nn.SummaryWriter`` writes
    histograms : also the distributions of all parameters after each epoch
    """

    first_rank_only = True

    def __init__(self, log_dir: str | os.PathLike[str], histograms: bool = False) -> None:
        self.log_dir, self.histograms = log_dir, histograms
        self._writer: Any = None

    def on_fit_start(self, trainer: Trainer) -> None:
        import nn

        self._writer = nn.SummaryWriter(os.fspath(self.log_dir))

    def on_epoch_end(self, trainer: Trainer, record: dict[str, float]) -> None:
        epoch = int(record["epoch"])
        for name, value in record.items():
            if name != "epoch":
                self._writer.add_scalar(name, value, epoch)
        if self.histograms:
            for name, parameter in trainer.model.named_parameters():
                self._writer.add_histogram(name, parameter.numpy(), epoch)

    def close(self, trainer: Trainer) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
