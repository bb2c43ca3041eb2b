"""Sequences of different lengths for recurrent layers: padded to the longest, or packed; names as in PyTorch.

>>> import numpy as np, nn
>>> from nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
>>> x = pad_sequence([np.ones((3, 2), np.float32), np.ones((1, 2), np.float32)], batch_first=True)
>>> output, h = nn.GRU(2, 4, batch_first=True)(pack_padded_sequence(x, [3, 1], batch_first=True))
>>> padded, lengths = pad_packed_sequence(output, batch_first=True)
>>> padded.shape, lengths.tolist()
((2, 3, 4), [3, 1])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.tensor import Tensor, bare
from autograd_core.support.arrays import hosted

from ..modules.packed import PackedSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_core.support.types import TensorLike

__all__ = [
    *("PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence"),
    *("pad_sequence", "unpack_sequence", "unpad_sequence"),
]


def pad_sequence(
    sequences: Sequence[TensorLike],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Sequences (Lᵢ, …) side by side, filled up to the longest.

    sequences : tensors or arrays that differ in their first axes at most
    batch_first : whether the result is (N, L, …) instead of (L, N, …)
    padding_value : what fills them up
    padding_side : "right" or "left"

    Raises ValueError for no sequences, and for an unknown side.
    """
    sequences = list(sequences)
    if not sequences or padding_side not in ("right", "left"):
        raise ValueError(f"pad_sequence: {len(sequences)} sequences, padding_side={padding_side!r}.")
    longest = max(np.shape(x)[0] for x in sequences)
    rows = []
    for x in sequences:
        more = (0, longest - np.shape(x)[0]) if padding_side == "right" else (longest - np.shape(x)[0], 0)
        rows.append(np.pad(x, [more, *[(0, 0)] * (np.ndim(x) - 1)], constant_values=padding_value) if any(more) else x)
    return np.stack(rows, axis=0 if batch_first else 1)


def unpad_sequence(padded_sequences: TensorLike, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of ``pad_sequence`` one by one.

    padded_sequences : (L, N, …), or (N, L, …) with batch_first
    lengths : the length of each
    batch_first : whether the batch is the first axis
    """
    rows = padded_sequences if batch_first else np.swapaxes(padded_sequences, 0, 1)
    return [rows[i, : int(n)] for i, n in enumerate(hosted(bare(lengths)))]  # type: ignore[call-overload, index]


def invert_permutation(permutation: Any) -> Any:
    """The way back from an order; None of None.

    permutation : the order, as indices
    """
    return None if permutation is None else np.argsort(hosted(bare(permutation)), kind="stable")


def pack_padded_sequence(
    input: TensorLike, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Padded sequences without what is behind their ends.

    input : (L, N, …), or (N, L, …) with batch_first
    lengths : the length of each, from 1 to L
    batch_first : whether the batch is the first axis
    enforce_sorted : whether they must come the longest first; otherwise they are put into that order

    Raises ValueError for lengths that do not fit or, where that is asked for, are not in order.
    """
    x: Any = np.swapaxes(input, 0, 1) if batch_first else input
    sizes = hosted(bare(lengths))
    if sizes.shape != (x.shape[1],) or sizes.dtype.kind not in "iu" or sizes.min() < 1 or sizes.max() > x.shape[0]:
        raise ValueError(
            f"pack_padded_sequence: lengths {sizes.tolist()} for {x.shape[1]} sequences of at most {x.shape[0]} steps."
        )
    order = None
    if enforce_sorted:
        if np.any(np.diff(sizes) > 0):
            raise ValueError(
                f"pack_padded_sequence: lengths {sizes.tolist()} are not in order, the longest first. "
                "Fix: enforce_sorted=False."
            )
    else:
        order = np.argsort(-sizes, kind="stable")
        x, sizes = x[:, order], sizes[order]
    steps = np.arange(sizes[0])
    batch_sizes = np.sum(sizes[None, :] > steps[:, None], axis=1)
    time, row = np.nonzero(np.arange(len(sizes))[None, :] < batch_sizes[:, None])
    return PackedSequence(x[time, row], batch_sizes, order, invert_permutation(order))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:
    """The padded sequences and their lengths, in the order in which they were packed.

    sequence : what ``pack_padded_sequence`` or a recurrent layer gave
    batch_first : whether the result is (N, L, …) instead of (L, N, …)
    padding_value : what is behind the ends
    total_length : L; the longest length by default

    Raises ValueError for a total_length below the longest.
    """
    data, sizes = sequence.data, hosted(bare(sequence.batch_sizes))
    longest = len(sizes) if total_length is None else total_length
    if longest < len(sizes):
        raise ValueError(f"pad_packed_sequence: total_length={total_length} for sequences of {len(sizes)} steps.")
    count = int(sizes[0])
    time, row = np.nonzero(np.arange(count)[None, :] < sizes[:, None])
    shape = (longest, count, *np.shape(data)[1:])
    empty = np.full_like(bare(data), padding_value, shape=shape)
    if isinstance(data, Tensor):
        padded: Any = Tensor(empty).at[time, row].set(data)
    else:
        padded = empty
        padded[time, row] = data
    lengths = np.sum(np.arange(count)[:, None] < sizes[None, :], axis=1)
    if sequence.unsorted_indices is not None:
        back = hosted(bare(sequence.unsorted_indices))
        padded, lengths = padded[:, back], lengths[back]
    return (np.swapaxes(padded, 0, 1) if batch_first else padded), lengths


def pack_sequence(sequences: Sequence[TensorLike], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (Lᵢ, …) packed.

    sequences : tensors or arrays
    enforce_sorted : that of ``pack_padded_sequence``
    """
    lengths = np.array([np.shape(x)[0] for x in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences of ``pack_sequence`` one by one.

    packed_sequences : what was packed
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences))
