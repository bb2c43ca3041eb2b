"""``torch.nn.utils``: clipping, vectors of parameters, parametrizations, packed sequences."""

from autograd_core.support.lazy import answering
from nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    parametrizations,
    parametrize,
    vector_to_parameters,
)

from . import rnn

__getattr__ = answering("torch.nn.utils")
