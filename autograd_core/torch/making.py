"""New tensors, under PyTorch's names."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.border import devices
from autograd_core.engine.tensor import bare
from autograd_core.spellings.arguments import sizes
from autograd_core.support.random import default_generator

from ..engine.errors import class_name
from .tensor import Tensor, make

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, DType, DTypeLike, Function


IGNORED = {"layout", "pin_memory", "memory_format", "names"}
"""Arguments that say how a tensor lies in memory, and change no number."""


class Generator(np.random.Generator):
    """A source of random numbers of its own: ``torch.Generator().manual_seed(0)``.

    device : where it draws; the CPU
    """

    def __init__(self, device: Any = "cpu") -> None:
        devices.check("Generator", device)
        super().__init__(np.random.PCG64())

    def manual_seed(self, seed: int) -> Generator:
        """Begin anew from ``seed``."""
        self.bit_generator.state = np.random.PCG64(seed).state
        return self

    def seed(self) -> int:
        """Begin anew from a seed of the system's, and answer with it."""
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        self.manual_seed(seed)
        return seed

    def get_state(self) -> Any:
        """The state, for ``set_state``."""
        return self.bit_generator.state

    def set_state(self, new_state: Any) -> None:
        """Go on from a state."""
        self.bit_generator.state = new_state


def _maker(function: Function) -> Function:
    """A function that makes an array, as one that makes a tensor: ``device=``, ``requires_grad=`` and the rest."""

    @functools.wraps(function)
    def call(
        *args: object, device: Any = None, requires_grad: bool = False, out: Any = None, **kwargs: object
    ) -> Tensor:
        name = function.__name__
        where = devices.check(name, device)
        if out is not None:
            raise TypeError(f"{name}: out= would write into a tensor's array. Fix: y.copy_(torch.{name}(…)).")
        kwargs = {key: value for key, value in kwargs.items() if key not in IGNORED}
        array = function(*args, **kwargs)
        tensor = make(array if where == "cpu" else devices.move(make(array), where)._data)
        return tensor.requires_grad_() if requires_grad else tensor

    call.__module__ = "autograd_core.torch"
    return call


def _dtype(dtype: Any) -> DType:
    return ag.get_default_dtype() if dtype is None else dtype


def _numbers(data: Any, dtype: DType | None) -> AnyArray:
    """A list, number, array or tensor as an array: floats in the default dtype, integers as int64."""
    if isinstance(data, ag.Tensor) or hasattr(data, "dtype"):
        return np.array(bare(data), dtype)
    array = np.array(_bared(data), dtype)
    if dtype is None and array.dtype.kind in "fc":
        kind = np.result_type(ag.get_default_dtype(), np.complex64) if array.dtype.kind == "c" else _dtype(None)
        array = array.astype(kind)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"tensor: {class_name(data)} of {array.dtype} data; give numbers.")
    return array


def _bared(data: Any) -> Any:
    return [_bared(part) for part in data] if isinstance(data, (list, tuple)) else bare(data)


@_maker
def tensor(data: Any, *, dtype: Any = None) -> Any:
    """A copy of data: Python's floats in the default dtype, its integers as int64; arrays keep their dtype."""
    return _numbers(data, dtype)


def as_tensor(data: Any, dtype: DTypeLike = None, device: Any = None) -> Tensor:
    """Data as a tensor, not copied where it is a tensor or an array of that dtype."""
    if isinstance(data, ag.Tensor):
        found = data.to(device=device, dtype=dtype)
        return found if isinstance(found, Tensor) else make(found._data)
    if isinstance(data, np.ndarray):
        return as_tensor(make(data[...]), dtype, device)
    return tensor(data, dtype=dtype, device=device)


asarray = as_tensor


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares the array's memory."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: {class_name(ndarray)} given; expected a NumPy array. Fix: torch.tensor(x).")
    return make(ndarray[...])


@_maker
def zeros(*shape: object, size: Any = None, dtype: Any = None) -> Any:
    """Zeros."""
    return np.zeros(sizes(shape, size), _dtype(dtype))


@_maker
def ones(*shape: object, size: Any = None, dtype: Any = None) -> Any:
    """Ones."""
    return np.ones(sizes(shape, size), _dtype(dtype))


@_maker
def empty(*shape: object, size: Any = None, dtype: DTypeLike = None) -> Any:
    """Room that holds nothing yet: zeros here."""
    return np.zeros(sizes(shape, size), _dtype(dtype))


@_maker
def full(size: Any, fill_value: Any, *, dtype: DTypeLike = None) -> Any:
    """One value everywhere."""
    value = bare(fill_value)
    kind = dtype
    if kind is None:
        kind = {bool: np.bool_, int: np.int64}.get(type(value), getattr(value, "dtype", _dtype(None)))
    return np.full(tuple(size), value, kind)


@_maker
def arange(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: DTypeLike = None) -> Any:
    """From start to before end in equal steps; integers of integers, else of the default dtype."""
    start, end, step = (v.item() if hasattr(v, "item") else v for v in (start, end, step))
    start, end = (0, start) if end is None else (start, end)
    whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    return np.arange(start, end, step).astype(np.int64 if dtype is None and whole else _dtype(dtype))


@_maker
def range(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: DTypeLike = None) -> Any:
    """From start to end, that one included."""
    return np.arange(start, end + step / 2, step).astype(_dtype(dtype))


@_maker
def linspace(start: Any, end: Any, steps: int, *, dtype: DTypeLike = None) -> Any:
    """Equal steps from start to end."""
    return np.linspace(bare(start), bare(end), steps).astype(_dtype(dtype))


@_maker
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: DTypeLike = None) -> Any:
    """Powers of base in equal steps of the exponent."""
    return np.logspace(bare(start), bare(end), steps, base=base).astype(_dtype(dtype))


@_maker
def eye(n: int, m: int | None = None, *, dtype: DTypeLike = None) -> Any:
    """Ones on the diagonal."""
    return np.eye(n, m, dtype=_dtype(dtype))


def _like(name: str, fill: Function) -> Function:
    def like(input: Any, *args: object, dtype: Any = None, **options: object) -> Any:
        return fill(bare(input), *args, dtype=input.dtype if dtype is None else dtype, **options)

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"``{name.removesuffix('_like')}`` of the shape and dtype of ``input``."
    return _maker(like)


zeros_like, ones_like, empty_like = (
    _like(f"{name}_like", f) for name, f in (("zeros", np.zeros_like), ("ones", np.ones_like), ("empty", np.zeros_like))
)
full_like = _like("full_like", lambda x, fill_value, dtype: np.full_like(x, bare(fill_value), dtype))


def _drawn(values: AnyArray, dtype: DTypeLike) -> AnyArray:
    return np.asarray(values).astype(_dtype(dtype))


@_maker
def rand(*shape: object, size: Any = None, generator: Any = None, dtype: DTypeLike = None) -> Any:
    """Uniform random numbers from [0, 1)."""
    return _drawn((generator or default_generator()).random(sizes(shape, size)), dtype)


@_maker
def randn(*shape: object, size: Any = None, generator: Any = None, dtype: DTypeLike = None) -> AnyArray:
    """Normal random numbers."""
    return _drawn((generator or default_generator()).standard_normal(sizes(shape, size)), dtype)


@_maker
def randint(low: Any, high: Any = None, size: Any = None, *, generator: Any = None, dtype: DTypeLike = None) -> Any:
    """Random integers from low to before high."""
    if size is None:
        low, high, size = 0, low, high
    return (generator or default_generator()).integers(low, high, tuple(size)).astype(dtype or np.int64)


@_maker
def randperm(n: int, *, generator: Any = None, dtype: DTypeLike = None) -> Any:
    """The numbers 0 … n − 1 in random order."""
    return (generator or default_generator()).permutation(n).astype(dtype or np.int64)


rand_like = _like("rand_like", lambda x, dtype, **o: rand(*x.shape, dtype=dtype, **o)._data)
randn_like = _like("randn_like", lambda x, dtype, **o: randn(*x.shape, dtype=dtype, **o)._data)
randint_like = _like("randint_like", lambda x, *a, dtype, **o: randint(*a, x.shape, dtype=dtype, **o)._data)


@_maker
def normal(mean: AnyArray, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: DTypeLike = None) -> Any:
    """Normal random numbers of given means and deviations."""
    mean, std = bare(mean), bare(std)
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std)) if size is None else tuple(size)
    return _drawn((generator or default_generator()).normal(mean, std, shape), dtype or getattr(mean, "dtype", None))


@_maker
def bernoulli(input: AnyArray, p: float | None = None, *, generator: Any = None) -> Any:
    """1 with the probabilities that ``input`` gives, else 0."""
    probabilities = bare(input) if p is None else p
    return ((generator or default_generator()).random(np.shape(bare(input))) < probabilities).astype(input.dtype)


@_maker
def poisson(input: AnyArray, generator: Any = None) -> Any:
    """Poisson random numbers of given rates."""
    return (generator or default_generator()).poisson(bare(input)).astype(input.dtype)


@_maker
def multinomial(input: AnyArray, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Any:
    """Numbers of classes, drawn with the weights that each row gives."""
    weights = np.atleast_2d(bare(input)).astype(np.float64)
    if np.any(weights < 0) or not np.all(np.isfinite(weights)) or not np.all(weights.sum(axis=1) > 0):
        raise RuntimeError("multinomial: the weights must be finite and not negative, with a positive sum in each row.")
    if not replacement and num_samples > weights.shape[1]:
        raise RuntimeError(f"multinomial: {num_samples} of {weights.shape[1]} classes without replacement.")
    source = generator or default_generator()
    p = weights / weights.sum(axis=1, keepdims=True)
    drawn = np.stack([source.choice(p.shape[1], num_samples, replacement, row) for row in p])
    return drawn if np.ndim(bare(input)) > 1 else drawn[0]


@_maker
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: DTypeLike = None) -> Any:
    """Rows and columns of the lower triangle."""
    return np.stack(np.tril_indices(row, offset, col)).astype(dtype or np.int64)


@_maker
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: DTypeLike = None) -> Any:
    """Rows and columns of the upper triangle."""
    return np.stack(np.triu_indices(row, offset, col)).astype(dtype or np.int64)


def _window(name: str, formula: Callable[[Any, int], Any]) -> Function:
    def window(window_length: int, periodic: bool = True, *, dtype: DTypeLike = None) -> Any:
        n = window_length if periodic else window_length - 1
        k = np.arange(window_length)
        return (formula(k, n) if window_length > 1 else np.ones(window_length)).astype(_dtype(dtype))

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"``torch.{name}``: a window function, periodic or symmetric."
    return _maker(window)


hann_window = _window("hann_window", lambda k, n: 0.5 - 0.5 * np.cos(2 * np.pi * k / n))
hamming_window = _window("hamming_window", lambda k, n: 0.54 - 0.46 * np.cos(2 * np.pi * k / n))
bartlett_window = _window("bartlett_window", lambda k, n: 1 - np.abs(2 * k / n - 1))
blackman_window = _window(
    "blackman_window", lambda k, n: 0.42 - 0.5 * np.cos(2 * np.pi * k / n) + 0.08 * np.cos(4 * np.pi * k / n)
)

NAMES = """
    tensor as_tensor asarray from_numpy zeros ones empty full arange range linspace logspace eye zeros_like ones_like
    empty_like full_like rand randn randint randperm rand_like randn_like randint_like normal bernoulli poisson
    multinomial tril_indices triu_indices hann_window hamming_window bartlett_window blackman_window Generator
"""
