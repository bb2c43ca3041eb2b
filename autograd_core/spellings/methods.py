"""PyTorch's methods on tensors: those that nobody can take for NumPy's, and answers to the names of the others.

They are attached when a tensor is first asked for a name that it does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..border import devices
from ..engine.node import Leaf, Node
from ..engine.tensor import Tensor
from ..ops.shapes.shaping import astype
from ..support.handles import RemovableHandle
from . import elementwise, factors, fourier, in_place, joining, order, places, products, shapes, sums
from .watching import hooked, retained

if TYPE_CHECKING:
    from ..support.types import AnyArray, DTypeLike, Function

FAMILIES = (shapes, joining, places, sums, order, elementwise, products, factors, fourier)

METHODS = """
    view reshape reshape_as view_as flatten unflatten unsqueeze squeeze permute transpose swapaxes swapdims t adjoint
    movedim moveaxis expand broadcast_to expand_as repeat tile repeat_interleave flip fliplr flipud roll rot90 narrow
    select unfold diag diagflat diagonal diag_embed tril triu sum_to_size ravel split
    split_with_sizes chunk tensor_split unbind hsplit vsplit dsplit
    gather scatter scatter_add scatter_reduce index_reduce index_select index_fill index_copy index_add index_put put
    take take_along_dim masked_fill masked_select masked_scatter nonzero argwhere select_scatter slice_scatter
    diagonal_scatter
    sum mean prod nansum nanmean amax amin aminmax std var all any count_nonzero argmax argmin logsumexp softmax
    log_softmax cumsum cumprod logcumsumexp diff norm renorm cov corrcoef bincount histc
    max min argsort sort msort topk kthvalue median nanmedian mode cummax cummin quantile nanquantile unique
    unique_consecutive
    abs absolute ceil copysign cos cosh deg2rad exp exp2 expm1 floor fmax fmin hypot log log10 log1p log2 logaddexp
    logaddexp2 maximum minimum positive rad2deg reciprocal remainder sign sin sinc sinh sqrt square tan tanh trunc fmod
    conj angle heaviside float_power nan_to_num signbit isnan isinf isfinite isneginf isposinf isreal logical_and
    logical_or logical_xor logical_not gcd lcm nextafter acos acosh asin asinh atan atan2 atanh arccos arccosh arcsin
    arcsinh arctan arctan2 arctanh neg negative fix multiply conj_physical resolve_conj resolve_neg bitwise_and
    bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift eq ne not_equal lt less le less_equal gt
    greater ge greater_equal floor_divide i0 mul digamma erf erfc erfinv xlogy lgamma sigmoid relu add sub subtract div
    divide true_divide pow clamp clip clamp_min clamp_max lerp addcmul addcdiv rsqrt frac sgn round ldexp frexp logit
    mvlgamma stft isclose allclose equal type_as clone dist
    matmul mm bmm mv dot vdot inner outer ger kron cross addmm addmv addr baddbmm addbmm trace logdet det slogdet
    inverse pinverse matrix_power cholesky qr lu lu_solve matrix_exp orgqr ormqr istft
"""
"""Functions of PyTorch's that are also its tensors' methods."""

OTHERWISE_IN_NUMPY = frozenset(["split", "median", "nanmedian", "cross", "clip", "tile", "hsplit", "vsplit", "dsplit"])
"""Functions (not methods) of NumPy's that mean something else under the same name, or are taken for PyTorch's."""


def find(name: str) -> Function | None:
    """The function of PyTorch's that is called ``name``."""
    return next((vars(family)[name] for family in FAMILIES if name in vars(family)), None)


# What is no function of PyTorch's, only a method ---------------------------------------------------------------------


def dim(self: Tensor) -> int:
    """The number of axes."""
    return self._data.ndim


def numel(self: Tensor) -> int:
    """The number of elements."""
    return int(self._data.size)


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: how its elements lie in memory is NumPy's business."""
    return self


def to(self: Tensor, *args: object, **kwargs: object) -> Tensor:
    """In another dtype, or on another device: ``to(dtype)``, ``to(device)``, ``to(other)``."""
    device, dtype, copy = devices.read_to("Tensor.to", args, kwargs)
    out: Any = self if dtype is None or dtype == self.dtype else astype(self, dtype)
    out = devices.move(out, device)
    if copy and out is self:
        out = np.copy(out)
    return out


def _converter(name: str, dtype: DTypeLike) -> Function:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return self if self._data.dtype == dtype else astype(self, dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"In {np.dtype(dtype)}."
    return convert


CONVERSIONS = {
    "float": np.float32, "double": np.float64, "half": np.float16, "long": np.int64, "int": np.int32,
    "short": np.int16, "char": np.int8, "byte": np.uint8, "bool": np.bool_, "cfloat": np.complex64,
    "cdouble": np.complex128,
}  # fmt: skip


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """In the memory of the CPU, where NumPy's arrays are."""
    return devices.move(self, "cpu")


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """On a GPU, where CuPy is installed."""
    return devices.move(self, "cuda" if device is None else device)


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Switch gradients on or off."""
    self.requires_grad = requires_grad
    return self


def detach_(self: Tensor) -> Tensor:
    """Forget how the tensor was computed."""
    self._node = None
    return self


def retain_grad(self: Tensor) -> None:
    """Keep the gradient of a computed tensor in its ``grad``, too."""
    if self._node is None:
        raise RuntimeError("retain_grad: this tensor does not require gradients. Fix: t.requires_grad_() on a leaf.")
    if not isinstance(self._node, Leaf):
        retained(self._node)


def register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> RemovableHandle:
    """Call ``hook(gradient)`` in every backward pass; what it returns, if anything, takes the gradient's place."""
    if self._node is None:
        raise RuntimeError("register_hook: this tensor does not require gradients. Fix: t.requires_grad_() on a leaf.")
    return hooked(self._node, hook)


def where(self: Tensor, condition: AnyArray, other: Any) -> AnyArray:
    """The elements where the condition holds, and ``other`` elsewhere."""
    return places.where(condition, self, other)


def polygamma(self: Tensor, n: int) -> Any:
    """The n-th derivative of ``digamma``."""
    return elementwise.polygamma(n, self)


def element_size(self: Tensor) -> int:
    """The bytes of an element."""
    return self._data.dtype.itemsize


def is_floating_point(self: Tensor) -> bool:
    """Whether the elements are floating-point numbers."""
    return self._data.dtype.kind == "f"


def is_complex(self: Tensor) -> bool:
    """Whether the elements are complex numbers."""
    return self._data.dtype.kind == "c"


def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether the elements lie in rows, one after the other."""
    return bool(self._data.flags.c_contiguous)


def data_ptr(self: Tensor) -> int:
    """Where the first element lies in memory."""
    return int(self._data.ctypes.data)


def new_tensor(
    self: Tensor, data: Any, *, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A new tensor of this one's dtype."""
    devices.check("new_tensor", device)
    return Tensor(np.array(data, dtype or self.dtype), requires_grad)


def _new(name: str, value: object) -> Function:
    def make(
        self: Tensor, *size: object, dtype: DTypeLike = None, device: Any = None, requires_grad: bool = False
    ) -> Tensor:
        devices.check(name, device)
        array = np.full_like(self._data, value, dtype or self.dtype, shape=shapes.sizes(size))
        return Tensor(array, requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A new tensor of this one's dtype, full of {value}."
    return make


def new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: DTypeLike = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A new tensor of this one's dtype, full of one value."""
    devices.check("new_full", device)
    return Tensor(np.full_like(self._data, fill_value, dtype or self.dtype, shape=tuple(size)), requires_grad)


def grad_fn(self: Tensor) -> Node | None:
    """The row that computed the tensor; None for leaves."""
    return None if self._node is None or isinstance(self._node, Leaf) else self._node


OWN: dict[str, Any] = {
    **{f.__name__: f for f in (dim, numel, contiguous, to, cpu, cuda, requires_grad_, detach_, retain_grad)},
    **{f.__name__: f for f in (register_hook, element_size, is_floating_point, is_complex, is_contiguous, data_ptr)},
    **{name: _converter(name, dtype) for name, dtype in CONVERSIONS.items()},
    "ndimension": dim,
    "nelement": numel,
    "new_tensor": new_tensor,
    "where": where,
    "polygamma": polygamma,
    "new_full": new_full,
    "new_zeros": _new("new_zeros", 0),
    "new_ones": _new("new_ones", 1),
    "new_empty": _new("new_empty", 0),
    "pin_memory": contiguous,
    "grad_fn": property(grad_fn),
    "is_cuda": property(lambda self: not isinstance(self._data, np.ndarray)),
    "device": property(lambda self: devices.of(self._data)),
    "mH": property(shapes.adjoint),
    "H": property(shapes.adjoint),
    "itemsize": property(element_size),
    "nbytes": property(lambda self: int(self._data.nbytes)),
}
"""What only tensors have, and no function of PyTorch's is called."""


def in_place_methods() -> dict[str, Any]:
    """``add_`` and its kin."""
    made = {f"{name}_": in_place.variant(f"{name}_", find(name)) for name in in_place.VARIANTS.split()}  # type: ignore[arg-type]
    shaped = {f"{name}_": in_place.reshaped(f"{name}_", find(name)) for name in in_place.RESHAPED.split()}  # type: ignore[arg-type]
    return {**made, **shaped, **in_place.WRITERS}


def _mistakable(name: str) -> bool:
    return (
        hasattr(np.ndarray, name) and name not in ("view", "device", "nbytes", "itemsize")
    ) or name in OTHERWISE_IN_NUMPY


def attach() -> None:
    """Give ``Tensor`` the methods that nobody can take for NumPy's."""
    functions = {name: find(name) for name in METHODS.split()}
    for name, function in {**functions, **in_place_methods(), **OWN}.items():
        if not _mistakable(name) and name not in vars(Tensor):
            setattr(Tensor, name, _bound(function))


def _bound(function: Function) -> Function:
    """As a method: functions that are no Python functions would not be given the tensor."""
    if isinstance(function, property) or hasattr(type(function), "__get__"):
        return function
    return lambda self, *args, **kwargs: function(self, *args, **kwargs)


def missing(self: Tensor, name: str) -> Any:
    """``Tensor.__getattr__``: a name that no tensor has, and what to use instead."""
    from .advice import answer

    raise AttributeError(answer("Tensor", name))
