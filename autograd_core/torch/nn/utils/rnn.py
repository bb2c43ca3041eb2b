"""``torch.nn.utils.rnn``: sequences of different lengths, padded and packed."""

from __future__ import annotations

from autograd_core.support.lazy import answering
from nn.utils import rnn as _library

from ...tensor import faced as _faced

pad_sequence = _faced(_library.pad_sequence)
unpad_sequence = _faced(_library.unpad_sequence)
invert_permutation = _faced(_library.invert_permutation)
pack_padded_sequence = _faced(_library.pack_padded_sequence)
pad_packed_sequence = _faced(_library.pad_packed_sequence)
pack_sequence = _faced(_library.pack_sequence)
unpack_sequence = _faced(_library.unpack_sequence)

__getattr__ = answering("torch.nn.utils.rnn")
