"""Trainer: the loop over epochs and batches."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.support.caller import warn
from autograd_core.support.modes import modes_of, restoring
from autograd_core.support.states import at_once
from optim import Optimizer
from optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from ..data.checking import whole
from ..data.loader import length_of
from ..modules.module import Module
from . import resuming
from .batches import (
    EVALUATED_AT_ONCE,
    aside,
    beside,
    check_in_order,
    dataset_of,
    is_array,
    loader_of,
    parts,
)
from .callback import Callback
from .callbacks import ModelCheckpoint
from .checking import Metric, check_parts, listed_callbacks, named_metrics
from .checkpoint import read_latest
from .evaluating import evaluated, predicted
from .guard import Guard, NotFinite
from .history import History
from .ranks import Ranks, SharedStep
from .steps import Step
from .sums import Sums

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, State, StateDict, Tree

    from ..data.loader import DataLoader
    from ..distributed import Communicator

log = logging.getLogger("nn.training")


class Trainer:
    """Train, evaluate and apply a model.

    model, loss, optimizer : ``loss(model(*inputs), target)`` is minimised; a batch is (inputs…, target)
    callbacks      : see ``nn.callbacks``; called in this order, checkpoints last
    scheduler      : a schedule of ``optim.lr_scheduler``, stepped after every epoch or, with
        ``scheduler_unit="step"``, after every step (as a warm-up wants it); ``ReduceLROnPlateau`` is told the
        validation loss, or the training loss where nothing is validated
    clip_norm, clip_value : bounds for the norm of all gradients together, or for each element
    metrics        : functions (output, target) ↦ number, or {name: function}: see ``nn.metrics``; of the training data
        the mean over batches, while the model learns, of other data the value of all at once
    seed           : what ``ag.manual_seed`` gets when a training begins; with it (and a model that was made under a
        seed) everything is reproducible to the bit
    compile        : whether steps are replayed as `autograd_core.compile` records them, to the same bits: "auto"
        (after some steps, and not where the model or the loss prints, or does anything else that a replay would not
        repeat, nor where that is slower), True (also there, with a warning), "llvm" (as machine code, within a few
        units of the last place) or False. ``trainer.compiled.why()`` says what became of it.
    on_nonfinite   : where a loss or a gradient is NaN or infinite, nothing of that step is applied; it is replayed
        under the anomaly watch, and the report of the first bad operation goes into a FloatingPointError ("raise") or
        into a warning while the training ends ("stop"). "ignore" does not look.
    comm           : a communicator of mpi4py: as many processes as ``mpiexec`` started train together, each on its part
        of every batch, to the weights of one process with the whole batch; see docs/growing.md. All processes run the
        same program; ``fit`` and ``evaluate`` are called by all, and only rank 0 writes files.

    Raises TypeError or ValueError for what cannot train, such as an optimizer of another model's parameters.

    >>> import nn, optim
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> model = nn.Linear(1, 1)
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.3), seed=0)
    >>> history = trainer.fit((x, 3 * x + 1), epochs=20)
    >>> history["loss"][-1] < 1e-3, model.weight.shape
    (True, (1, 1))
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        optimizer: Optimizer,
        callbacks: Iterable[Callback] = (),
        scheduler: LRScheduler | None = None,
        *,
        scheduler_unit: str = "epoch",
        clip_norm: float | None = None,
        clip_value: float | None = None,
        metrics: Iterable[Metric] | Mapping[str, Metric] = (),
        seed: int | None = None,
        on_nonfinite: str = "raise",
        compile: bool | str = "auto",
        comm: Communicator | None = None,
    ) -> None:
        check_parts(model, loss, optimizer, scheduler, scheduler_unit)
        for name, choice, choices in (
            ("scheduler_unit", scheduler_unit, ("epoch", "step")),
            ("on_nonfinite", on_nonfinite, ("raise", "stop", "ignore")),
            ("compile", compile, ("auto", True, False, "llvm")),
        ):
            if choice not in choices:
                raise ValueError(f"Trainer: {name}={choice!r} is none of {', '.join(map(repr, choices))}.")
        for name, bound in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if bound is not None and not bound > 0:
                raise ValueError(f"Trainer: {name}={bound!r} must be positive.")
        self.model, self.loss, self.optimizer, self.scheduler = model, loss, optimizer, scheduler
        self.callbacks = sorted(listed_callbacks(callbacks), key=lambda callback: isinstance(callback, ModelCheckpoint))
        self.scheduler_unit, self.clip_norm, self.clip_value = scheduler_unit, clip_norm, clip_value
        self.metrics = named_metrics(metrics)
        self.seed, self.on_nonfinite, self.compile = seed, on_nonfinite, compile
        self.ranks = Ranks(comm)
        self.history = History()
        self.epoch = self.step = self.batch = 0
        """How many epochs, steps, and batches of the present epoch are done."""
        self.first_epoch = self.last_epoch = 0
        """How many epochs were done before the present ``fit``, and how many will be after it."""
        self.should_stop = False
        """Set by a callback, it ends the training after the present step."""
        self.resumes_from: str | os.PathLike[str] | None = None
        """The folder or file from which the present ``fit`` goes on."""
        self.loader: Any = None
        self._one: Step | None = None
        self.running: Sums | None = None

    # Training ------------------------------------------------------------------------------------------------------

    def fit(
        self,
        train: Tree,
        validation: Any = None,
        epochs: int = 1,
        *,
        batch_size: int = 32,
        resume: bool | str | os.PathLike[str] | None = None,
    ) -> History:
        """Train for ``epochs`` epochs and return the history.

        train, validation : arrays (x, y), a dataset, a ``DataLoader``, or any iterable of batches (inputs…, target)
            that can be read anew each epoch
        batch_size : for arrays and datasets, which are shuffled anew each epoch
        resume : a folder of ``ModelCheckpoint`` or one checkpoint (True: the folder of the trainer's own one). A
            training that was interrupted goes on from the newest checkpoint that is whole, until its ``epochs`` epochs
            are done, and ends with the weights that it would have had. From an empty or missing folder it begins at the
            start, and the log ("nn.training") says so.

        A second ``fit`` without ``resume`` trains ``epochs`` more. All modules are in training mode meanwhile, and
        afterwards, also after Ctrl-C, in the modes that they had. Ctrl-C may leave a step half done (see
        ``Optimizer.step``); ``resume`` goes on as if it had not been.

        Raises ValueError for data without batches and for a checkpoint of another model, optimizer or loader (nothing
        is loaded then); CorruptCheckpoint where no checkpoint is whole; FileExistsError where a ``ModelCheckpoint``
        would mix this training with another in its folder; FloatingPointError as ``on_nonfinite`` says.
        """
        with self.ranks.together():
            epochs = whole("Trainer.fit: epochs", epochs, 0)
            place = self.resumes_from = self._place(resume)
            self.loader = self.ranks.part(loader_of("Trainer.fit", train, batch_size, shuffle=True))
            held_out = None if validation is None else loader_of("Trainer.fit", validation, EVALUATED_AT_ONCE)
            self._acting = self.ranks.acting(self.callbacks)
            to_close = [*reversed(self._acting)]

            def close() -> None:
                while to_close:
                    try:
                        to_close[-1].close(self)
                    except Exception:
                        to_close.pop()
                        raise
                    to_close.pop()

            restoring(lambda: self._fit(held_out, place, epochs), modes_of(self.model), close)
        return self.history

    def _fit(self, held_out: DataLoader | None, place: str | None, epochs: int) -> None:
        self.ranks.check(self, epochs)
        for callback in self._acting:
            callback.on_fit_start(self)
        self.first_epoch, self.should_stop, self.running, self.batch = self.epoch, False, None, 0
        self._one = None
        if place is not None and not self.ranks.from_first(lambda: self._resume(place)):
            self.resumes_from = None
        self.ranks.begin_alike(self)
        self.last_epoch = self.first_epoch + epochs
        if self.seed is not None and self.step == 0 and self.resumes_from is None:
            ag.manual_seed(self.seed)
        self.model.train()
        for callback in self._acting:
            callback.on_training_start(self)
        while self.epoch < self.last_epoch and not self.should_stop:
            self._epoch(held_out)
        for callback in self._acting:
            callback.on_fit_end(self)

    def _place(self, resume: Any) -> Any:
        if resume is not True:
            return None if resume is None or resume is False else os.fspath(resume)
        folders = [c.folder for c in self.callbacks if isinstance(c, ModelCheckpoint)]
        if len(folders) != 1:
            raise ValueError(
                f"Trainer.fit: resume=True with {len(folders)} ModelCheckpoint callbacks. Fix: resume=folder."
            )
        return folders[0]

    def _resume(self, place: str) -> bool:
        found = read_latest(place)
        if found is None:
            begins = (
                "begins at the start" if self.step == 0 else f"goes on from where this trainer is, step {self.step}"
            )
            log.warning("no checkpoint in %s: the training %s", place, begins)
            return False
        path, state = found
        try:
            resuming.restore(self, state)
        except (ValueError, RuntimeError, TypeError) as error:
            raise ValueError(f"Trainer.fit: {path} belongs to another training: {error} Nothing was loaded.") from error
        return True

    def _epoch(self, held_out: DataLoader | None) -> None:
        """One epoch, or the rest of one."""
        if self.running is None:
            self.running, self.batch = Sums(), 0
            for callback in self._acting:
                callback.on_epoch_start(self)
        sums, began = self.running, time.perf_counter()
        quiet: Any = {} if self.on_nonfinite == "ignore" else {"all": "ignore"}  # a report says more than a warning
        with closing(self._batches()) as batches, np.errstate(**quiet):
            self._steps(self.ranks.in_step(batches), sums)
        sums.seconds += time.perf_counter() - began
        if self.batch == 0 and not self.should_stop:
            raise ValueError(
                f"Trainer.fit: no batches in epoch {self.epoch + 1}. Fix: give data that can be read anew each epoch "
                "and, with drop_last, at least one whole batch."
            )
        self._close_epoch(sums, held_out)

    def _steps(self, batches: Iterable[Any], sums: Sums) -> None:
        """A step for each batch, until somebody wants to stop."""
        after = [c.on_batch_end for c in self._acting if type(c).on_batch_end is not Callback.on_batch_end]
        by_step = self.scheduler if self.scheduler_unit == "step" else None
        guard = None if self.on_nonfinite == "ignore" else self._guard()
        if self._one is None:
            clip = self.clip_norm, self.clip_value
            given = self.model, self.loss, self.optimizer, *clip, guard is not None, self.metrics, self.compile
            self._one = SharedStep(self, *given) if self.ranks.several else Step(*given)
        step = self._one
        for batch in beside(self.model, batches):
            *inputs, target = parts("Trainer.fit", batch, 2)
            if guard is not None:
                guard.mark()
            try:
                value = step(inputs, target, sums)
            except NotFinite as error:
                assert guard is not None
                return self._not_finite(error, guard, inputs, target)
            vars(self).update(step=self.step + 1, batch=self.batch + 1)
            if by_step is not None:
                by_step.step()
            for call in after:
                call(self, value)
            self.should_stop = self.ranks.any(self.should_stop)
            if self.should_stop:
                return

    def _close_epoch(self, sums: Sums, held_out: DataLoader | None) -> None:
        record: dict[str, float] = {"epoch": self.epoch + 1, "step": self.step, **sums.means()}
        if held_out is not None:
            record |= {f"val_{k}": v for k, v in self.evaluate(held_out, model=self.validated_model).items()}
        record["lr"] = float(self.optimizer.param_groups[0]["lr"])
        record["seconds"] = sums.seconds
        record = self.ranks.from_first(lambda: record)
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(record.get("val_loss", record["loss"]))
        elif self.scheduler is not None and self.scheduler_unit == "epoch":
            self.scheduler.step()
        done = {"epoch": self.epoch + 1, "running": None, "batch": 0}
        at_once([partial(vars(self).update, done), partial(self.history.records.append, record)])
        for callback in self._acting:
            callback.on_epoch_end(self, record)
        self.should_stop = self.ranks.any(self.should_stop)

    def _batches(self) -> Generator[Any, None, None]:
        """The batches of this epoch that are still to come."""
        if hasattr(self.loader, "load_state_dict"):
            yield from self.loader
        else:
            yield from islice(iter(self.loader), self.batch, None)

    @property
    def compiled(self) -> Any:
        """What `autograd_core.compile` made of the step of the last ``fit``; None where it made nothing."""
        run = None if self._one is None else self._one.run
        return run if hasattr(run, "why") else None

    @property
    def batches(self) -> int | None:
        """How many batches an epoch has, where that is known."""
        return length_of(self.loader)

    def _guard(self) -> Guard:
        buffers = [buffer for _, module in resuming.modules(self) for buffer in module.buffers()]
        return Guard(buffers, resuming.generators(self))

    def _not_finite(self, reason: NotFinite, guard: Guard, inputs: list[AnyArray], target: AnyArray) -> None:
        """Undo the step, and tell what happened in it."""
        assert self._one is not None
        guard.rewind()
        self.optimizer.zero_grad()
        story = self._one.story(inputs, target)
        guard.rewind()
        self.optimizer.zero_grad()
        where = f"step {self.step + 1} (epoch {self.epoch + 1}, batch {self.batch + 1})"
        message = f"Trainer.fit: {reason} at {where}; nothing of this step was applied. {story}"
        if self.on_nonfinite == "raise":
            raise self.ranks.alike(FloatingPointError(message)) from None
        warn(message, RuntimeWarning)
        self.should_stop = True

    # Evaluation ----------------------------------------------------------------------------------------------------

    @property
    def validated_model(self) -> Module:
        """The model whose validation numbers are in the history: the trainer's, or the one that a callback gives."""
        found = (callback.validation_model(self) for callback in self.callbacks)
        return next((model for model in found if model is not None), self.model)

    def evaluate(self, data: Any, *, batch_size: int | None = None, model: Module | None = None) -> dict[str, float]:
        """The loss and all metrics over the whole of ``data``, in eval mode, unrecorded.

        data : as for ``fit``; a loader is read from its beginning and stays as it is

        The loss is the mean over samples, however they are cut into batches; each metric sees all outputs and targets
        at once.
        """
        model = self.model if model is None else model
        size = EVALUATED_AT_ONCE if batch_size is None else batch_size
        with self.ranks.together():
            loader = self.ranks.part(loader_of("Trainer.evaluate", data, size))
            return restoring(lambda: evaluated(self, aside(loader), model), modes_of(model))

    def predict(self, data: Tree, *, batch_size: int | None = None) -> AnyArray:
        """The model's outputs for all of ``data``, in order, as arrays; in eval mode, unrecorded.

        data : an array x or a tuple (x,), with samples along the first axis (one sample: ``x[None]``); or what ``fit``
            takes, whose targets, the last part, are left out

        Raises ValueError for a loader that shuffles.
        """
        if is_array(data):
            data = dataset_of(data)
        loader = loader_of("Trainer.predict", data, EVALUATED_AT_ONCE if batch_size is None else batch_size)
        check_in_order(loader)
        return restoring(lambda: predicted(self.model, aside(loader)), modes_of(self.model))

    # State ---------------------------------------------------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """Everything that training depends on: what a checkpoint holds."""
        return resuming.collect(self)

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from a ``state_dict``; ValueError or RuntimeError, and nothing changed, where it does not fit."""
        resuming.restore(self, state_dict)
