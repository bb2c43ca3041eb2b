"""PyTorch's face: ``import autograd_core.torch as torch`` is the one line that changes in a script.

Tensors made here, and whatever is computed from them, have PyTorch's methods with PyTorch's meaning:
``transpose(0, 1)``, ``std()`` of n − 1, ``values, indices = t.max(1)``, ``size()``. Underneath are the
same engine, layers and optimizers; a tensor of this face is an ``autograd_core.Tensor``.
What is not here answers with what to use instead.

Imports everything; nothing imports it.

>>> import autograd_core.torch as torch
>>> x = torch.tensor([[1.0, 5.0], [2.0, 4.0]], requires_grad=True)
>>> values, indices = x.max(dim=1)
>>> values.sum().backward()
>>> x.grad.tolist(), indices.tolist()
([[0.0, 1.0], [0.0, 1.0]], [1, 1])
"""

from __future__ import annotations

import builtins as _builtins
import importlib
import math as _math
from typing import TYPE_CHECKING, Any

import numpy as _np

from autograd_core import enable_grad, is_grad_enabled, no_grad
from autograd_core import get_default_dtype as get_default_dtype
from autograd_core import set_default_dtype as _set_default_dtype
from autograd_core.border.devices import Device as device
from autograd_core.spellings import methods as _spelled
from autograd_core.spellings.order import ValuesAndIndices
from autograd_core.support import random as _random
from autograd_core.support import threads as _threads
from autograd_core.support.lazy import advice as _advice

from . import making as _making
from .promotion import promoted, result_type
from .saving import load, save
from .tensor import ARITHMETIC as _ARITHMETIC
from .tensor import Size, Tensor, arithmetic, faced

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray
    from nn.modules.module import Module


_FUNCTIONAL = frozenset(
    [
        "adaptive_avg_pool1d",
        "adaptive_max_pool1d",
        "alpha_dropout",
        "avg_pool1d",
        "batch_norm",
        "bilinear",
        "celu",
        "channel_shuffle",
        "conv1d",
        "conv2d",
        "binary_cross_entropy_with_logits",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "cosine_embedding_loss",
        "cosine_similarity",
        "ctc_loss",
        "dropout",
        "embedding_bag",
        "feature_alpha_dropout",
        "group_norm",
        "hardshrink",
        "hinge_embedding_loss",
        "instance_norm",
        "kl_div",
        "layer_norm",
        "margin_ranking_loss",
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "pairwise_distance",
        "pdist",
        "pixel_shuffle",
        "pixel_unshuffle",
        "poisson_nll_loss",
        "prelu",
        "rms_norm",
        "rrelu",
        "selu",
        "threshold",
        "triplet_margin_loss",
    ]
)
"""Functions of layers that PyTorch has here, too."""

_ROOMS = ("nn", "optim", "utils", "autograd", "linalg", "fft", "special", "cuda", "backends")

e, pi, inf, nan, newaxis = _math.e, _math.pi, _math.inf, _math.nan, None

_DTYPES = {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
    "bool": "bool", "cfloat": "complex64", "cdouble": "complex128",
    **{n: n for n in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")},
    **{n: n for n in ("uint64", "complex64", "complex128")},
}  # fmt: skip
for _name, _dtype in _DTYPES.items():
    globals()[_name] = _np.dtype(_dtype)
dtype = _np.dtype

strided, contiguous_format, preserve_format, channels_last, channels_last_3d = (
    *("strided", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d"),
)

for _name in _making.NAMES.split():
    globals()[_name] = getattr(_making, _name)
for _family in _spelled.FAMILIES:
    for _name, _function in list(vars(_family).items()):
        if _name.startswith("_") or not callable(_function) or isinstance(_function, type) or _name in globals():
            continue
        globals()[_name] = arithmetic(_name) if _name in _ARITHMETIC else faced(_function, _name)

_where = globals()["where"]


def manual_seed(seed: int) -> Any:
    """Make what is drawn from now on reproducible, and answer with the generator."""
    return _random.manual_seed(seed)


def seed() -> int:
    """Seed with a number of the system's, and answer with it."""
    drawn = _builtins.int(_np.random.SeedSequence().generate_state(1, _np.uint64)[0])
    _random.manual_seed(drawn)
    return drawn


def get_rng_state() -> Any:
    """The state of the default generator."""
    return _random.default_generator().bit_generator.state


def set_rng_state(new_state: Any) -> None:
    """Go on from a state of the default generator."""
    _random.default_generator().bit_generator.state = new_state


def set_default_dtype(d: AnyArray) -> None:
    """Set the dtype of Python's floats."""
    _set_default_dtype(d)


def is_tensor(obj: object) -> bool:
    """Whether something is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: AnyArray) -> bool:
    """Whether the elements are floating-point numbers."""
    return input.dtype.kind == "f"


def is_complex(input: AnyArray) -> bool:
    """Whether the elements are complex numbers."""
    return input.dtype.kind == "c"


def is_nonzero(input: AnyArray) -> bool:
    """Whether the single element is not zero."""
    return _builtins.bool(input)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where the condition holds, else ``other``, in their common dtype; alone, the indices where it holds.

    condition : booleans
    input, other : tensors or numbers that broadcast against the condition
    """
    if input is None and other is None:
        return _where(condition)
    first, second = promoted(input, other)
    if not hasattr(first, "dtype") and not hasattr(second, "dtype"):
        first = scalar_tensor(first, dtype=result_type(input, other))
    return _where(condition, first, second)


def numel(input: Any) -> int:
    """The number of elements."""
    return input._data.size


def promote_types(type1: Any, type2: Any) -> Any:
    """The dtype of an operation on two tensors of these dtypes."""
    return result_type(_np.ones(1, type1), _np.ones(1, type2))


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a result of one dtype may be written into a tensor of another."""
    return _builtins.bool(_np.can_cast(from_, to, "same_kind"))


finfo, iinfo = _np.finfo, _np.iinfo
broadcast_shapes = _np.broadcast_shapes


class set_grad_enabled:
    """Record from now on, or do not; as a context manager, until the end of the block.

    mode : whether operations are recorded
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._block = enable_grad() if mode else no_grad()
        self._block.__enter__()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        self._block.__exit__(*exc)


inference_mode = no_grad


def compile(model: Module | None = None, **options: object) -> Any:
    """The model itself: compiling changes no number. (``ag.compile`` replays whole steps.)

    model : what would be compiled
    options : accepted
    """
    return (lambda function: function) if model is None else model


def set_printoptions(precision: int | None = None, threshold: int | None = None, **options: Any) -> None:
    """How arrays are printed: NumPy's setting of the same name."""
    names = {"edgeitems": "edgeitems", "linewidth": "linewidth"}
    given = {"precision": precision, "threshold": threshold} | {names[k]: v for k, v in options.items() if k in names}
    _np.set_printoptions(**{key: value for key, value in given.items() if value is not None})


def detach(input: Any) -> Any:
    """The same memory without history."""
    return input.detach()


def scalar_tensor(s: Any, **options: object) -> Any:
    """A number as a tensor without axes."""
    return _making.full((), s, **{"dtype": get_default_dtype(), **options})


def is_same_size(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape."""
    return tuple(input.shape) == tuple(other.shape)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing: the same numbers come from the same numbers here."""


def set_float32_matmul_precision(precision: str) -> None:
    """Nothing: products are computed in the operands' precision."""


def initial_seed() -> int:
    """Refused: NumPy's generators do not tell their seed."""
    raise NotImplementedError(
        "initial_seed: NumPy's generators do not tell their seed. Fix: keep what you seeded with."
    )


def get_num_threads() -> int:
    """How many cores elementwise functions of large arrays run on: 1 unless ``set_num_threads`` says otherwise."""
    return _threads.get_num_threads()


def set_num_threads(num: int) -> None:
    """``autograd_core.set_num_threads``, of no more cores than there are; linear algebra has threads of its own.

    num : how many cores elementwise functions of large arrays run on
    """
    _threads.set_num_threads(_builtins.max(1, _builtins.min(_builtins.int(num), _threads.available())))


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _FUNCTIONAL:
        return getattr(importlib.import_module(".nn.functional", __name__), name)
    if name.endswith("_") and not name.startswith("_") and hasattr(Tensor, name):
        return lambda input, *args, **kwargs: getattr(input, name)(*args, **kwargs)
    raise AttributeError(_advice("torch", name))
