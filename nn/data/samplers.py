"""In which order items are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import TYPE_CHECKING

import numpy as np

from autograd_core import default_generator
from autograd_core.engine.errors import class_name

from .checking import whole

if TYPE_CHECKING:
    from autograd_core.support.types import Array, ArrayLike

Generator = np.random.Generator


class Sampler:
    """Base of samplers: ``indices(generator)`` gives the item numbers of one epoch.

    A loader passes a generator that it can make again, so that an epoch can be resumed. Any other iterable of item
    numbers can stand in for a sampler, too.
    """

    generator: Generator | None = None

    def indices(self, generator: Generator) -> Array:
        """The item numbers of one epoch, drawn with ``generator``."""
        raise NotImplementedError(f"{class_name(self)} must define indices(self, generator).")

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices(self.generator or default_generator()).tolist())

    def __len__(self) -> int:
        raise NotImplementedError(f"{class_name(self)} must define __len__(self).")


class SequentialSampler(Sampler):
    """0, 1, …, n − 1.

    data_source : what has n items

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def indices(self, generator: Generator) -> Array:
        return np.arange(len(self))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """Every item once, in random order; or ``num_samples`` draws.

    data_source : what has n items
    generator : draws the order; ``ag.default_generator()`` by default
    replacement : draw each item independently, instead of all in turn
    num_samples : how many, n by default; without replacement, more than n are several orders one after another
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.num_samples = None if num_samples is None else whole("RandomSampler: num_samples", num_samples)
        self.data_source, self.replacement = data_source, replacement
        self.generator = generator

    def indices(self, generator: Generator) -> Array:
        n, count = len(self.data_source), len(self)
        if self.replacement:
            return generator.integers(0, n, count)
        orders = [generator.permutation(n) for _ in range(-(-count // n) if n else 0)]
        return np.concatenate(orders)[:count] if orders else np.arange(0)

    def __len__(self) -> int:
        return len(self.data_source) if self.num_samples is None else self.num_samples


class WeightedRandomSampler(Sampler):
    """``num_samples`` draws, each item with a probability in proportion to its weight.

    weights : one for each item, ≥ 0
    num_samples : how many are drawn
    replacement : whether an item may come twice
    generator : draws them; ``ag.default_generator()`` by default

    Raises ValueError for weights that are negative, not finite or all zero, and for more draws without replacement
    than there are items of weight above 0.

    >>> sampler = WeightedRandomSampler([0.0, 1.0, 3.0], 1000, generator=np.random.default_rng(0))
    >>> np.bincount(list(sampler))
    array([  0, 231, 769])
    """

    def __init__(
        self, weights: ArrayLike, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        count = whole("WeightedRandomSampler: num_samples", num_samples)
        w = np.asarray(weights, np.float64)
        if w.ndim != 1 or not np.isfinite(w).all() or (w < 0).any() or not w.any():
            raise ValueError(
                f"WeightedRandomSampler: weights of shape {w.shape} must be one finite number ≥ 0 for each item, and "
                "not all 0."
            )
        if not replacement and num_samples > np.count_nonzero(w):
            raise ValueError(
                f"WeightedRandomSampler: {num_samples} draws without replacement from {np.count_nonzero(w)} items."
            )
        self.weights, self.num_samples, self.replacement, self.generator = w, count, replacement, generator

    def indices(self, generator: Generator) -> Array:
        p = self.weights / self.weights.sum()
        return generator.choice(len(p), len(self), self.replacement, p)

    def __len__(self) -> int:
        return self.num_samples


class BalancedSampler(Sampler):
    """Every class equally often (their counts differ by at most 1), whatever its share of the data.

    Within a class all items come before one comes again. An epoch has as many items as the data by default.

    num_samples : how many an epoch has
    generator : draws the order; ``ag.default_generator()`` by default
    labels : one for each item

    >>> labels = np.array([0] * 90 + [1] * 10)
    >>> np.bincount(labels[list(BalancedSampler(labels))])
    array([50, 50])
    """

    def __init__(self, labels: ArrayLike, num_samples: int | None = None, generator: Generator | None = None) -> None:
        given = np.asarray(labels)
        if given.ndim != 1 or not given.size:
            raise ValueError(f"BalancedSampler: labels of shape {given.shape}; expected one for each item, (N,).")
        classes = np.unique(given, return_inverse=True)[1]
        self.members = [np.flatnonzero(classes == k) for k in range(classes.max() + 1)]
        self.num_samples = given.size if num_samples is None else whole("BalancedSampler: num_samples", num_samples)
        self.generator = generator

    def indices(self, generator: Generator) -> Array:
        each, over = divmod(len(self), len(self.members))
        lucky = set(generator.permutation(len(self.members))[:over].tolist())
        drawn = []
        for k, members in enumerate(self.members):
            count = each + (k in lucky)
            orders = [generator.permutation(members) for _ in range(-(-count // len(members)))]
            drawn.append(np.concatenate([*orders, members[:0]])[:count])
        return generator.permutation(np.concatenate(drawn))

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler:
    """The item numbers of a sampler, ``batch_size`` at a time.

    sampler : item numbers
    batch_size : how many each batch has
    drop_last : leave out a last batch that is smaller

    >>> list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        self.sampler, self.batch_size, self.drop_last = (
            sampler,
            whole("BatchSampler: batch_size", batch_size),
            drop_last,
        )

    def cut(self, indices: Array) -> list[Array]:
        """The batches of one epoch whose item numbers are these."""
        stop = len(indices) // self.batch_size * self.batch_size if self.drop_last else len(indices)
        return [indices[i : i + self.batch_size] for i in range(0, stop, self.batch_size)]

    def __iter__(self) -> Iterator[list[int]]:
        return iter([batch.tolist() for batch in self.cut(np.fromiter(self.sampler, np.intp))])

    def __len__(self) -> int:
        items = len(self.sampler)  # type: ignore[arg-type]
        return items // self.batch_size if self.drop_last else -(-items // self.batch_size)
