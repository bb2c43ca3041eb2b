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
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    vector_to_parameters,
    weight_norm,
)

from . import rnn

__getattr__ = answering("torch.nn.utils")
