"""Several processes that train together: how they stay alike, and the step that they make as one."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd_core import Tensor, default_generator
from autograd_core.support.random import use_generator

from ..data import BatchSampler, DataLoader, Sampler
from ..data.loader import length_of
from ..distributed import Alone, DistributedSampler, SyncBatchNorm, agree, from_first, together
from ..distributed.agreeing import described
from ..distributed.communicator import checked, on_every_rank
from ..distributed.reducing import summed, sums_of
from . import resuming
from .callback import Callback
from .guard import NotFinite
from .steps import Step, value_of
from .sums import Sums, is_sum, metrics_of, samples, weight_of

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Tree

    from .trainer import Trainer

T = TypeVar("T")


class Ranks:
    """The processes of one training. Where there is one, every method does what a trainer does alone."""

    def __init__(self, comm: Any) -> None:
        self.comm = checked("Trainer", comm)
        self.rank, self.count = self.comm.Get_rank(), self.comm.Get_size()
        self.several = self.count > 1

    def together(self) -> AbstractContextManager[None]:
        """A block in which an exception on one rank ends all."""
        return together(self.comm) if self.several else nullcontext()

    def alike(self, error: Exception) -> Exception:
        """An exception that every rank raises."""
        return on_every_rank(error) if self.several else error  # type: ignore[return-value]

    def from_first(self, function: Callable[[], T]) -> T:
        """What ``function`` gives on rank 0."""
        return from_first(function, self.comm)

    def any(self, flag: bool) -> bool:
        """Whether it holds on any rank."""
        return summed([flag], self.comm)[0] > 0 if self.several else flag

    def sums(self, *numbers: float) -> list[float]:
        """Each number's sum over the ranks."""
        return summed(numbers, self.comm) if self.several else list(numbers)

    def acting(self, callbacks: Iterable[Callback]) -> list[Callback]:
        """The callbacks that are called on this rank."""
        return [c for c in callbacks if self.rank == 0 or not c.first_rank_only]

    # Beginning alike -----------------------------------------------------------------------------------------------

    def check(self, trainer: Trainer, epochs: int) -> None:
        """ValueError on every rank where model, data or settings differ."""
        if not self.several:
            return
        settings: dict[str, object] = {}
        for name, module in resuming.modules(trainer):
            settings |= described(module, name)
        parts = {"model": trainer.model, "optimizer": trainer.optimizer, "scheduler": trainer.scheduler}
        settings |= {name: type(part).__name__ for name, part in parts.items()}
        settings |= {
            "number of the optimizer's parameters": sum(1 for _ in trainer.optimizer.parameters()),
            "number of epochs": epochs,
            "batches of an epoch": length_of(trainer.loader),
            "clip_norm": trainer.clip_norm,
            "clip_value": trainer.clip_value,
            "metrics": list(trainer.metrics),
            "callbacks": [type(callback).__name__ for callback in trainer.callbacks],
            "on_nonfinite": trainer.on_nonfinite,
            "scheduler_unit": trainer.scheduler_unit,
            "seed": trainer.seed,
        }
        agree("Trainer.fit", settings, self.comm)

    def begin_alike(self, trainer: Trainer) -> None:
        """Make every trainer what that of rank 0 is."""
        if self.several:
            state = self.from_first(lambda: resuming.collect(trainer))
            if self.rank:
                resuming.restore(trainer, state)

    # Data ----------------------------------------------------------------------------------------------------------

    def part(self, loader: Tree) -> Any:
        """A loader of this rank's part of each batch; other iterables of batches are each rank's own."""
        if not self.several or not isinstance(loader, DataLoader):
            return loader
        batches = loader.batch_sampler
        if isinstance(batches, DistributedSampler):
            return loader
        if not (isinstance(batches, BatchSampler) and isinstance(batches.sampler, Sampler)):
            raise self.alike(
                TypeError(
                    "Trainer: this DataLoader's batches come from an iterable of one's own, which may give other items "
                    "on each rank. Fix: a sampler of nn.data, or an iterable of each rank's own batches."
                )
            )
        mine = copy.copy(loader)
        size = batches.batch_size
        try:
            mine.batch_sampler = DistributedSampler(batches.sampler, size, self.comm, drop_last=batches.drop_last)
        except ValueError as error:
            raise self.alike(ValueError(f"Trainer: {error}")) from None
        return mine

    def in_step(self, batches: Iterable[Any]) -> Generator[Any, None, None]:
        """The batches, as long as all ranks have one; ValueError on every rank where only some have."""
        if not self.several:
            yield from batches
            return
        given: Iterator[Any] = iter(batches)
        for k in range(2**62):
            batch = next(given, self)
            having = self.sums(batch is not self)[0]
            if not having:
                return
            if having < self.count:
                raise self.alike(
                    ValueError(
                        f"Trainer.fit: after {k} batches {self.count - having:.0f} of {self.count} ranks have no more. "
                        "Fix: as many batches on each; a DataLoader cuts batches into parts by itself."
                    )
                )
            yield batch

    def in_order(self, batches: list[AnyArray]) -> list[AnyArray]:
        """The parts that all ranks have of each batch."""
        if not self.several:
            return batches
        everywhere = self.comm.allgather(batches)
        longest = max(map(len, everywhere))
        return [own[k] for k in range(longest) for own in everywhere if k < len(own)]


class SharedStep(Step):
    """The step of a batch of which each rank has a part: with the gradients, the loss and the metrics of the whole.

    Random numbers of forward and backward come from a stream that is a function of the default generator's state,
    which all ranks share, the step and the rank: so dropout differs from rank to rank, and a training that is resumed,
    also by another number of ranks, needs no more than what rank 0 saved.

    Floating buffers become the mean over the ranks: running statistics of plain batch norm, which sees only a part.
    """

    def __init__(self, trainer: Trainer, *given: Any) -> None:
        super().__init__(*given)
        self.trainer, self.comm, self.ranks = trainer, trainer.ranks.comm, trainer.ranks
        self.run = self.evaluation  # what is summed over ranks cannot be replayed: only this may be compiled
        if any(isinstance(module, SyncBatchNorm) for _, m in resuming.modules(trainer) for module in m.modules()):
            self.eager = -1
        held = [buffer for _, module in resuming.modules(trainer) for buffer in module.buffers()]
        self.buffers = [buffer for buffer in held if buffer.dtype.kind == "f"]
        self.bad = False
        """Whether what was not finite came from this rank."""

    def __call__(self, inputs: list[Any], target: Any, sums: Sums) -> float:
        self._compile()
        self.evaluations = 0
        if self.several:
            self._with_closure(inputs, target)
        else:
            self.evaluate(inputs, target, True)
            self.optimizer.step()
        value, total, weight, n, metrics = self.of_first
        sums.add_loss(total, weight)
        if self.metrics:
            sums.add_totals(n, metrics)
        return value

    def evaluate(self, inputs: list[Any], target: Any, first: bool) -> tuple[Any, Tensor]:
        """Loss and gradients of the whole batch; the output is that of this rank's part."""
        loss = self.evaluation.loss
        weight = weight_of(loss, target)
        whole = self.ranks.sums(weight)[0]
        share = 1.0 if is_sum(loss) else weight / whole if whole else 0.0
        self._draw_apart()
        with use_generator(self._stream(0)):
            if weight:
                output, own = self.run(inputs, target, False, share)
                mine = value_of(own)
            else:
                output, mine = self._without_samples(inputs), 0.0
        n = samples(target)
        metrics = metrics_of(self.metrics, output, target) if first else {}
        total, n_all, *totals = self.ranks.sums(mine if is_sum(loss) else mine * weight, n, *metrics.values())
        value = total if is_sum(loss) else total / whole if whole else math.nan
        own_gradients = self._reduce()
        if first:
            self.of_first = value, total, whole, int(n_all), dict(zip(metrics, totals, strict=True))
            try:
                if self.finite and not math.isfinite(value):
                    raise NotFinite(f"the loss is {value}")
                self.evaluation.hold()
            except NotFinite:
                self.bad = not math.isfinite(mine) or not all(np.isfinite(g).all() for g in own_gradients)
                raise
        self.evaluations += 1
        return output, Tensor(np.array(value))

    def story(self, inputs: list[Any], target: AnyArray) -> str:
        """That of the first rank where it went wrong."""
        own = ""
        if self.bad:
            apart = [m for _, model in resuming.modules(self.trainer) for m in model.modules()]
            comms = {m: m.comm for m in apart if isinstance(m, SyncBatchNorm)}
            try:
                for module in comms:
                    module.comm = Alone()  # other ranks do not watch
                with use_generator(self._stream(0)):
                    own = super().story(inputs, target)
            finally:
                for module, comm in comms.items():
                    module.comm = comm
        told = [(rank, text) for rank, text in enumerate(self.comm.allgather(own)) if text]
        return f"On rank {told[0][0]}: {told[0][1]}" if told else "Fix: a smaller learning rate, or clip_norm=1.0."

    def _without_samples(self, inputs: list[Any]) -> Any:
        """The output for a part that counts nothing; it takes part in what the ranks do together, with gradients 0."""
        for p in self.parameters:
            if p.requires_grad:
                p.grad = None
        output = self.evaluation.model(*inputs)
        tensors = [t for t in _tensors(output) if t.requires_grad]
        if tensors:
            sum((t * 0).sum() for t in tensors).backward()  # type: ignore[union-attr]
        return output

    def _reduce(self) -> list[Any]:
        """One sum over the ranks for all gradients and buffers; gives the gradients that this rank had."""
        moving = [p for p in self.parameters if p.requires_grad]
        grads = [None if p.grad is None else p.grad._data for p in moving]
        shares = [b._data / self.ranks.count for b in self.buffers]
        like = [*(p._data for p in moving), *shares]
        found = sums_of([*grads, *shares], like, self.comm)
        for p, grad in zip(moving, found, strict=False):
            p.grad = None if grad is None else Tensor(grad)
        for buffer, mean in zip(self.buffers, found[len(moving) :], strict=True):
            buffer._data[...] = mean
        return [grad for grad in grads if grad is not None]

    # Random numbers ------------------------------------------------------------------------------------------------

    def _seeds(self, k: int) -> np.random.SeedSequence:
        state = hashlib.blake2b(repr(default_generator().bit_generator.state).encode(), digest_size=16)
        words = int.from_bytes(state.digest(), "little")
        return np.random.SeedSequence([words, self.trainer.step, self.evaluations, k, self.ranks.rank])

    def _stream(self, k: int) -> np.random.Generator:
        return np.random.default_rng(self._seeds(k))

    def _draw_apart(self) -> None:
        """Give the generators that modules have of their own this rank's numbers of this step."""
        own = [g for name, g in resuming.generators(self.trainer).items() if name.startswith(("model.", "loss."))]
        for k, generator in enumerate(own, 1):
            generator.bit_generator.state = type(generator.bit_generator)(self._seeds(k)).state


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
