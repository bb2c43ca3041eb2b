"""Batches, epoch after epoch."""

from __future__ import annotations

import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import default_generator
from autograd_core.engine.errors import class_name
from autograd_core.support import random, states

from .checking import whole
from .collating import Items, batch_of
from .samplers import BatchSampler, RandomSampler, Sampler, SequentialSampler

if TYPE_CHECKING:
    from autograd_core.support.types import Array, State, StateDict, Tree


class DataLoader:
    """Batches of a dataset; iterating over it is one epoch.

    batch_size : items a batch
    dataset       : anything with ``len`` and ``[i]``; a ``TensorDataset`` is cut by one index operation an array
    shuffle       : read in an order that is drawn anew for each epoch
    sampler       : item numbers in another order, instead of ``shuffle`` (``nn.data.BalancedSampler(labels)``)
    batch_sampler : lists of item numbers, instead of batch_size, shuffle, sampler and drop_last
    drop_last     : leave out a last batch that is smaller
    collate_fn    : makes a batch of a list of items (``default_collate``)
    transform     : ``transform(batch, generator)`` gives the batch that is delivered; its random numbers depend on the
        seed, the epoch and the position of the batch alone, not on who read what before
    prefetch      : how many batches a background thread reads ahead; 0: none, and no thread
    seed, generator : where the orders come from; by default from ``ag.default_generator()``

    ``state_dict`` says where in which epoch the loader is; after ``load_state_dict`` the next iteration goes on there
    with the very batches that were still to come. An exception from the background thread is raised by the iteration.

    Raises ValueError for an empty dataset and for settings that exclude each other.

    >>> from nn.data import TensorDataset
    >>> loader = DataLoader(TensorDataset(np.arange(6)), batch_size=2, shuffle=True, seed=3)
    >>> batches = iter(loader)
    >>> first, state = next(batches), loader.state_dict()
    >>> rest = [batch[0].tolist() for batch in batches]
    >>> loader.load_state_dict(state)
    >>> rest == [batch[0].tolist() for batch in loader]
    True
    """

    def __init__(
        self,
        dataset: Items,
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        *,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        transform: Callable[[Any, np.random.Generator], Any] | None = None,
        prefetch: int = 0,
        seed: int | None = None,
        generator: np.random.Generator | None = None,
    ) -> None:
        if isinstance(dataset, Mapping) or not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
            raise TypeError(
                f"DataLoader: {class_name(dataset)} has no length or no items 0, 1, …. Fix: TensorDataset(x, y)."
            )
        if len(dataset) == 0:
            raise ValueError(f"DataLoader: the dataset ({class_name(dataset)}) is empty.")
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: sampler and shuffle=True exclude each other; the sampler gives the order.")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("DataLoader: batch_sampler excludes batch_size, shuffle, sampler and drop_last.")
        if sampler is None:
            sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
        if batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        inner = batch_sampler.sampler if isinstance(batch_sampler, BatchSampler) else None
        sources = [g for g in (generator, getattr(inner, "generator", None)) if g is not None]
        if len(sources) + (seed is not None) > 1:
            raise ValueError("DataLoader: give one of seed, generator and the sampler's own generator.")
        self.dataset, self.batch_sampler = dataset, batch_sampler
        self.collate_fn, self.transform = collate_fn, transform
        self.prefetch = whole("DataLoader: prefetch", prefetch, 0)
        self.generator = np.random.default_rng(seed) if seed is not None else sources[0] if sources else None
        self.rewind()

    def rewind(self) -> None:
        """Be before the first epoch again; the generator stays where it is."""
        self.epoch = 0
        """How many epochs were begun."""
        self.position = 0
        """How many batches of the present epoch were delivered."""
        self._seed: int | None = None  # of the present epoch; None between two
        self._given: list[Array] | None = None  # the present epoch's batches where they cannot be drawn again
        self._resuming = False

    def __len__(self) -> int:
        return len(self.batch_sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        if self._resuming:
            self._resuming = False
            assert self._seed is not None
        else:
            generator = default_generator() if self.generator is None else self.generator
            self._seed, self._given = int(generator.integers(2**63)), None
            self.epoch += 1
            self.position = 0
        batches = self._order()
        return self._deliver(self._seed, batches)

    def _deliver(self, seed: int, batches: list[Array]) -> Iterator[Any]:
        load: Any
        if self.collate_fn is None and self.transform is None and hasattr(self.dataset, "batch"):
            load = (self.dataset.batch(indices) for indices in batches[self.position :])
        else:
            load = (self._load(batches[k], seed, k) for k in range(self.position, len(batches)))
        ahead = ahead_of(load, self.prefetch) if self.prefetch else load
        epoch = self.epoch
        try:
            for batch in ahead:
                if self.epoch == epoch:  # another iteration has not begun in the meantime
                    self.position += 1
                yield batch
        finally:
            if self.prefetch:
                ahead.close()
        if self.epoch == epoch:
            self.position, self._seed, self._given = 0, None, None

    def _order(self) -> list[Array]:
        """The item numbers of each batch of the present epoch."""
        sampler = self.batch_sampler
        if self._given is not None:
            return self._given
        if isinstance(sampler, BatchSampler) and isinstance(sampler.sampler, Sampler):
            return sampler.cut(sampler.sampler.indices(np.random.default_rng(self._seed)))
        self._given = [np.asarray(batch, np.intp) for batch in sampler]
        return self._given

    def _load(self, indices: Array, seed: int, k: int) -> Tree:
        if self.collate_fn is None:
            batch = batch_of(self.dataset, indices)
        else:
            batch = self.collate_fn([self.dataset[i] for i in indices.tolist()])
        if self.transform is not None:
            batch = self.transform(batch, np.random.default_rng((seed, k, *getattr(self.batch_sampler, "stream", ()))))
        return batch

    def state_dict(self) -> StateDict:
        """Epoch, position, and all that the present and the following orders depend on: numbers, arrays, strings."""
        return {
            "items": len(self.dataset),
            "batches": length_of(self),
            "batch_size": getattr(self.batch_sampler, "batch_size", None),
            "epoch": self.epoch,
            "position": self.position,
            "seed": self._seed,
            "given": None if self._given is None else list(self._given),
            "generator": None if self.generator is None else self.generator.bit_generator.state,
        }

    def load_state_dict(self, state_dict: State) -> None:
        """Go on at the next iteration where ``state_dict`` was taken.

        ValueError, and nothing changed, for the state of a loader of another length, batch size or kind of generator,
        and for a position where this loader cannot be.
        """
        what, own = "DataLoader.load_state_dict", self.state_dict()
        if not isinstance(state_dict, Mapping) or own.keys() - state_dict.keys():
            raise ValueError(f"{what}: expected a mapping with {', '.join(own)}.")
        for name in ("items", "batches", "batch_size"):
            states.alike(f"{what}: {name}", own[name], state_dict[name])
            if state_dict[name] != own[name]:
                raise ValueError(f"{what}: a state of {name} {state_dict[name]} for {own[name]}.")
        if (state_dict["generator"] is None) != (self.generator is None):
            raise ValueError(f"{what}: one of the loaders has a seed or generator of its own, and one has none.")
        epoch, position = (states.whole(f"{what}: {name}", state_dict[name]) for name in ("epoch", "position"))
        seed, given = state_dict["seed"], state_dict["given"]
        seed = None if seed is None else states.whole(f"{what}: seed", seed)
        if given is not None:
            given = [_item_numbers(what, batch, own["items"]) for batch in states.listed(what, given)]
        most = len(given) if given is not None else own["batches"] if own["batches"] is not None else position
        if position > most or (seed is None and (position or given)):
            raise ValueError(f"{what}: position {position} in an epoch of {most} batches and seed {seed}.")
        changes = {"epoch": epoch, "position": position, "_seed": seed, "_given": given, "_resuming": seed is not None}
        after = [partial(vars(self).update, changes)]
        if self.generator is not None:
            random.check_state(what, self.generator, state_dict["generator"])
            after.append(partial(setattr, self.generator.bit_generator, "state", state_dict["generator"]))
        states.at_once(after)


def _item_numbers(what: str, batch: Any, items: int) -> Array:
    """The item numbers of a batch from a state_dict."""
    numbers = np.asarray(batch)
    there = numbers.size == 0 or (numbers.dtype.kind in "iu" and -items <= numbers.min() and numbers.max() < items)
    if numbers.ndim != 1 or not there:
        raise ValueError(f"{what}: given holds a batch that is not a list of item numbers below {items}.")
    return numbers.astype(np.intp)


def length_of(loader: Any) -> int | None:
    """How many batches an epoch has, where that is known: a sampler or an iterable may have no length."""
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return None


def ahead_of(source: Iterator[Any], count: int) -> Any:
    """What ``source`` gives, computed by a thread that is up to ``count`` items ahead; it ends when this is closed."""
    # Queues and not a semaphore, whose Python code Ctrl-C could break off while it holds a lock.
    ready: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    room: SimpleQueue[None] = SimpleQueue()
    for _ in range(count):
        room.put(None)
    over: SimpleQueue[None] = SimpleQueue()
    stop = begun = False

    def work() -> None:
        try:
            while room.get() is None and not stop:
                ready.put(("item", next(source)))
        except StopIteration:
            ready.put(("end", None))
        except BaseException as error:
            ready.put(("error", error))
        for _ in range(3):  # as often as it may be asked for below
            over.put(None)

    def end() -> None:
        nonlocal stop
        stop = True
        room.put(None)
        with suppress(Empty):  # broken off before it was begun, or just after
            over.get(timeout=None if begun else 0.5)
            thread.join()

    thread = threading.Thread(target=work, name="DataLoader", daemon=True)
    try:
        try:
            start_new_thread(thread.start, ())  # Ctrl-C, which would break off start(), reaches the main thread only
            begun = True
            while True:
                kind, value = ready.get()
                if kind == "end":
                    return
                if kind == "error":
                    raise value
                room.put(None)
                yield value
        finally:
            end()
    except BaseException:  # also where an interrupt broke off the end
        end()
        raise
