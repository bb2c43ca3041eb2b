"""From data to batches, and from batches of outputs to one output."""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterable, Mapping
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor, default_generator
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, hosted

from ..data import BatchSampler, ChunkedDataset, ChunkSampler, DataLoader, SequentialSampler, TensorDataset
from ..data.chunks import in_chunks
from ..modules.module import Module

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Tree


EVALUATED_AT_ONCE = 256
"""Samples in a batch where nothing is learned from them."""


def loader_of(what: str, data: Tree, batch_size: int, shuffle: bool = False) -> Tree:
    """Something to iterate over batches of: loaders as they are, a loader of arrays and datasets."""
    if is_array(data):
        raise TypeError(
            f"{what}: {class_name(data)} of shape {getattr(data, 'shape', ())} has no targets. Fix: give (x, y)."
        )
    if isinstance(data, tuple):
        data = dataset_of(*data)
    if isinstance(data, list):
        _check_batches(what, data)
    if isinstance(data, (Module, str)) or not (hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
        raise TypeError(f"{what}: {class_name(data)} is not data. Fix: (x, y), a dataset or a DataLoader.")
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, list):
        if shuffle and isinstance(data, ChunkedDataset):
            return DataLoader(data, batch_size, sampler=ChunkSampler(data))
        return DataLoader(data, batch_size, shuffle)
    return data


def dataset_of(*arrays: Any) -> TensorDataset | ChunkedDataset:
    """The rows of arrays, chunk by chunk where they lie in chunks."""
    return ChunkedDataset(*arrays) if in_chunks(arrays) else TensorDataset(*arrays)


def is_array(data: object) -> bool:
    """Whether this is one array: NumPy's, a tensor, a table of pandas'."""
    return isinstance(data, Tensor) or hasattr(data, "__array__")


def _check_batches(what: str, data: list[Any]) -> None:
    """TypeError for a list that holds arrays or samples instead of batches."""
    first = data[0] if data else None
    if not isinstance(first, (tuple, list)):
        kind = "nothing" if first is None else class_name(first)
        raise TypeError(f"{what}: a list of {kind}. Fix: a tuple (x, y), or a list of batches.")
    if any(isinstance(part, Number) for part in first):
        raise TypeError(
            f"{what}: a list of {class_name(first)} with single numbers, which are no batches. "
            "Fix: arrays, e.g. np.asarray(x), or DataLoader(samples, batch_size) for a list of samples."
        )


def aside(loader: Any) -> Any:
    """The loader to read without leaving a trace: neither its position nor any random generator moves on."""
    if not isinstance(loader, DataLoader):
        return loader
    twin = copy.copy(loader)
    twin.generator = copy.deepcopy(loader.generator or default_generator())
    twin.rewind()
    return twin


def each(loader: Any) -> Generator[Any, None, None]:
    """The batches; closing this closes the loader's iterator, and with it a thread that reads ahead."""
    yield from loader


def beside(model: Module, batches: Iterable[Any]) -> Iterable[Any]:
    """The batches where the model's parameters lie: copied to its device where that is not the CPU."""
    lies = next((p._data for p in model.parameters()), None)
    return batches if lies is None or type(lies) is np.ndarray else (_moved(batch, lies) for batch in batches)


def _moved(value: Any, lies: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(_moved(item, lies) for item in value)
    if isinstance(value, Mapping):
        return {key: _moved(item, lies) for key, item in value.items()}
    return brought(bare(value), lies)


def check_in_order(loader: Any) -> None:
    """ValueError for a loader that gives its items in another order than its dataset."""
    if isinstance(loader, DataLoader):
        batches = loader.batch_sampler
        if not (isinstance(batches, BatchSampler) and isinstance(batches.sampler, SequentialSampler)):
            raise ValueError(
                "Trainer.predict: this DataLoader gives its items in another order than the dataset, so that outputs "
                "could not be told apart. Fix: predict(loader.dataset)."
            )


def parts(what: str, batch: Any, least: int) -> Any:
    """A batch as a tuple or list of its parts."""
    if isinstance(batch, (tuple, list)) and len(batch) >= least:
        return batch
    if least == 1 and hasattr(batch, "shape"):
        return (batch,)
    given = f"{class_name(batch)} of {len(batch)}" if hasattr(batch, "__len__") else class_name(batch)
    raise TypeError(f"{what}: a batch is {given}; expected a tuple (inputs…, target). Fix: give a collate_fn.")


def collected(value: AnyArray) -> Any:
    """The arrays of an output: of a tensor, or of tensors within tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, (tuple, list)):
        return tuple(collected(item) for item in value)
    if isinstance(value, Mapping):
        return {key: collected(item) for key, item in value.items()}
    return hosted(value)


def joined(batches: list[AnyArray]) -> Any:
    """Outputs of several batches as those of one."""
    first = batches[0]
    if isinstance(first, tuple):
        return tuple(joined([batch[i] for batch in batches]) for i in range(len(first)))
    if isinstance(first, dict):
        return {key: joined([batch[key] for batch in batches]) for key in first}
    return np.concatenate(batches) if first.ndim else np.stack(batches)
