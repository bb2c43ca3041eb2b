"""Data for training: datasets, the order in which they are read, and batches; names as in ``torch.utils.data``.

Imports autograd_core alone.

>>> import numpy as np
>>> from nn.data import DataLoader, TensorDataset
>>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
>>> for features, labels in DataLoader(TensorDataset(x, y), batch_size=2, shuffle=True, seed=0):
...     print(features.shape, labels)
(2, 2) [3 2]
(2, 2) [0 4]
(1, 2) [1]
"""

from . import datasets, transforms
from .chunks import ChunkedDataset, ChunkSampler
from .collating import default_collate
from .dataset import Dataset, Subset, TensorDataset, random_split
from .loader import DataLoader
from .samplers import BalancedSampler, BatchSampler, RandomSampler, Sampler, SequentialSampler, WeightedRandomSampler

__all__ = [
    "Dataset", "TensorDataset", "Subset", "random_split", "DataLoader", "default_collate",
    "ChunkedDataset", "ChunkSampler", "datasets", "transforms",
    "Sampler", "SequentialSampler", "RandomSampler", "WeightedRandomSampler", "BalancedSampler", "BatchSampler",
]  # fmt: skip
