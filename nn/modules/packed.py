"""Sequences of different lengths, packed: step by step, the steps of the longest ones first."""

from __future__ import annotations

from typing import Any, NamedTuple


class PackedSequence(NamedTuple):
    """What ``nn.utils.rnn.pack_padded_sequence`` gives, and recurrent layers take and give.

    data : (Σ lengths, …), step by step, without the places after the end of a sequence
    batch_sizes : how many sequences each step has
    sorted_indices : the order of the sequences, the longest first; None where they were given in it
    unsorted_indices : the way back
    """

    data: Any
    batch_sizes: Any
    sorted_indices: Any = None
    unsorted_indices: Any = None
