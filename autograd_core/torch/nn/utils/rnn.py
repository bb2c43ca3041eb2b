"""``torch.nn.utils.rnn``: sequences of different lengths, padded and packed."""

from __future__ import annotations

from autograd_core.support.lazy import answering
from nn.utils import rnn as _library

from ...tensor import faced

pad_sequence, unpad_sequence, invert_permutation, pack_padded_sequence, pack_sequence, pad_packed_sequence = map(
    faced,
    (
        _library.pad_sequence,
        _library.unpad_sequence,
        _library.invert_permutation,
        _library.pack_padded_sequence,
        _library.pack_sequence,
        _library.pad_packed_sequence,
    ),
)
unpack_sequence = faced(_library.unpack_sequence)

__getattr__ = answering("torch.nn.utils.rnn")
