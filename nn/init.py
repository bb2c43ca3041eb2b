"""Initial values, written into a tensor in place; names and formulas as in ``torch.nn.init``.

For weights of shape (out, in, …) fan_in = in·(kernel size), fan_out = out·(kernel size).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from autograd_core import Tensor, default_generator, get_default_dtype
from autograd_core.engine.errors import class_name

if TYPE_CHECKING:
    from autograd_core.support.types import Array, ArrayLike, DTypeLike, TensorLike

__all__ = [
    *("calculate_gain", "glorot_gain", "uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_"),
    *("dirac_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "lecun_uniform_"),
    *("lecun_normal_", "orthogonal_", "sparse_"),
]

Generator: TypeAlias = "np.random.Generator | None"

_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "sigmoid"), 1.0),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 0.75,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the variance of activations: √2 for ReLU, √(2/(1+a²)) for leaky ReLU, 5/3 for tanh.

    nonlinearity : as PyTorch names it: linear, conv1d …, sigmoid, tanh, relu, leaky_relu (param: its slope), selu

    >>> calculate_gain("relu") ** 2
    2.0000000000000004
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float, np.floating, np.integer)):
            raise ValueError(f"calculate_gain: the slope of leaky_relu is a number, not {slope!r}.")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"calculate_gain: unknown nonlinearity {nonlinearity!r}; one of {[*_GAINS, 'leaky_relu']}.")
    return _GAINS[nonlinearity]


def glorot_gain(nonlinearity: str) -> float:
    """The factor of Glorot's spread before an activation: 4 for sigmoid, 1 for tanh, √2 for ReLU and SiLU.

    nonlinearity : the activation: "sigmoid", "tanh", "relu", "silu" or "linear"

    A sigmoid is not saturated for |z| < 4, a tanh for |z| < 1; ReLU loses half of the variance (He et al. 2015).
    With it, ``xavier_uniform_`` and ``xavier_normal_`` give, for n inputs and m outputs,

    ========== =================== ==================
    activation uniform, ± …        Gaussian, std …
    ========== =================== ==================
    tanh       √(6/(n+m))          √(2/(n+m))
    sigmoid    4 √(6/(n+m))        4 √(2/(n+m))
    relu, silu √2 √(6/(n+m))       √2 √(2/(n+m))
    ========== =================== ==================

    (``calculate_gain`` is PyTorch's other choice: 1, 5/3, √2.)

    >>> w = xavier_uniform_(Tensor(np.zeros((5, 7))), glorot_gain("sigmoid"))
    >>> bool(np.abs(w.numpy()).max() <= 4 * np.sqrt(6 / 12))
    True
    """
    gains = {"linear": 1.0, "tanh": 1.0, "sigmoid": 4.0, "relu": math.sqrt(2), "silu": math.sqrt(2)}
    if nonlinearity not in gains:
        raise ValueError(f"glorot_gain: unknown nonlinearity {nonlinearity!r}; one of {list(gains)}.")
    return gains[nonlinearity]


def _check(name: str, tensor: TensorLike) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name}: {class_name(tensor)} given; expected a Tensor or nn.Parameter to fill.")
    if not tensor.is_leaf:
        raise RuntimeError(f"{name}: this tensor was computed; only a leaf can be filled. Fix: t.detach().")


def _fans(name: str, tensor: Tensor) -> tuple[int, int]:
    _check(name, tensor)
    if tensor.ndim < 2:
        raise ValueError(
            f"{name}: fan-in and fan-out of shape {tensor.shape} do not exist; at least 2 axes are needed."
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _root(value: float, fan: int) -> float:
    """√(value / fan), and 0 for a tensor without elements."""
    return math.sqrt(value / fan) if fan else 0.0


def _filled(tensor: Tensor, values: ArrayLike) -> Tensor:
    tensor._data[...] = values
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator = None) -> Tensor:
    """Fill with U(a, b).

    tensor : what is filled, and returned
    a, b : the ends of the interval
    generator : draws the numbers; ``ag.default_generator()`` by default
    """
    _check("uniform_", tensor)
    if a > b:
        raise ValueError(f"uniform_: from a={a} to b={b}; a must not be above b.")
    return _filled(tensor, (generator or default_generator()).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator = None) -> Tensor:
    """Fill with N(mean, std²).

    tensor, generator : those of ``uniform_``
    mean, std : of the distribution
    """
    _check("normal_", tensor)
    if not std >= 0:
        raise ValueError(f"normal_: std={std!r} must not be negative.")
    return _filled(tensor, (generator or default_generator()).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator = None
) -> Tensor:
    """Fill with N(mean, std²) restricted to [a, b]; a and b are values, not multiples of std.

    tensor, generator : those of ``uniform_``
    mean, std : of the distribution before it is cut off

    Draws that fall outside are drawn again; far from the mean, where nearly all would, uniform draws in [a, b] are
    kept with a probability proportional to the density (Robert 1995).
    """
    _check("trunc_normal_", tensor)
    if not (std > 0 and a < b):
        raise ValueError(f"trunc_normal_: std={std!r}, a={a!r}, b={b!r}; expected std > 0 and a < b.")
    draw = generator or default_generator()
    low, high = (a - mean) / std, (b - mean) / std
    mode = min(max(0.0, low), high)
    reach = math.sqrt(mode**2 + 80)  # beyond, the density is below e⁻⁴⁰ of its largest value in [a, b]
    low, high = max(low, -reach), min(high, reach)
    inside = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    missing = np.arange(tensor.size)
    values = np.empty(tensor.size)
    while len(missing):
        if inside > 0.2:
            z = draw.normal(size=len(missing))
            good = (low <= z) & (z <= high)
        else:
            z = draw.uniform(low, high, len(missing))
            good = draw.uniform(size=len(missing)) < np.exp((mode**2 - z**2) / 2)
        values[missing[good]] = z[good]
        missing = missing[~good]
    return _filled(tensor, np.clip(mean + std * values, a, b).reshape(tensor.shape))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number.

    tensor : what is filled, and returned
    val : the number
    """
    _check("constant_", tensor)
    return _filled(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1.

    tensor : what is filled, and returned
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0.

    tensor : what is filled, and returned
    """
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: a linear layer then passes its inputs on.

    tensor : what is filled, and returned; ValueError where it has not 2 axes
    """
    _check("eye_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"eye_: tensor of shape {tensor.shape}; expected a matrix.")
    return _filled(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill weights (out, in, kernel …) of a convolution so that it passes its channels on, in each group anew.

    tensor : what is filled, and returned

    Raises ValueError where the shape has not 3, 4 or 5 axes, or ``groups`` does not divide the first.
    """
    _check("dirac_", tensor)
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: tensor of shape {tensor.shape}; expected 3, 4 or 5 axes.")
    if groups < 1 or tensor.shape[0] % groups:
        raise ValueError(f"dirac_: groups={groups} does not divide the {tensor.shape[0]} output channels.")
    values = np.zeros(tensor.shape)
    size = tensor.shape[0] // groups
    centre = [n // 2 for n in tensor.shape[2:]]
    for k in range(groups):
        for d in range(min(size, tensor.shape[1])):
            values[(k * size + d, d, *centre)] = 1
    return _filled(tensor, values)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator = None) -> Tensor:
    """Glorot: U(−a, a), a = gain·√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16).

    tensor, generator : those of ``uniform_``
    gain : of the activation: ``calculate_gain`` or ``glorot_gain``
    """
    bound = gain * _root(6, sum(_fans("xavier_uniform_", tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator = None) -> Tensor:
    """Glorot: N(0, gain²·2 / (fan_in + fan_out)).

    tensor, gain, generator : those of ``xavier_uniform_``
    """
    return normal_(tensor, 0.0, gain * _root(2, sum(_fans("xavier_normal_", tensor))), generator)


def _he(name: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{name}: mode is 'fan_in' or 'fan_out', not {mode!r}.")
    fan_in, fan_out = _fans(name, tensor)
    return calculate_gain(nonlinearity, a) * _root(1, fan_in if mode == "fan_in" else fan_out)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator = None
) -> Tensor:
    """He: U(−b, b), b = gain·√(3 / fan) (He et al. 2015, eq. 14).

    tensor, generator : those of ``uniform_``
    a : the slope of a leaky ReLU
    mode : "fan_in" keeps the variance of the values, "fan_out" that of the gradients
    nonlinearity : whose ``calculate_gain`` is taken
    """
    bound = math.sqrt(3) * _he("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator = None
) -> Tensor:
    """He: N(0, gain² / fan).

    tensor, a, mode, nonlinearity, generator : those of ``kaiming_uniform_``
    """
    return normal_(tensor, 0.0, _he("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def lecun_uniform_(tensor: Tensor, generator: Generator = None) -> Tensor:
    """LeCun: U(−b, b), b = √(3 / fan_in): variance 1/n for n inputs (LeCun et al. 1998, section 4.6).

    tensor, generator : those of ``uniform_``
    """
    bound = _root(3, _fans("lecun_uniform_", tensor)[0])
    return uniform_(tensor, -bound, bound, generator)


def lecun_normal_(tensor: Tensor, generator: Generator = None) -> Tensor:
    """LeCun: N(0, 1/n), a Gaussian of spread 1/√n for n inputs, so that sums of n terms have variance 1.

    tensor, generator : those of ``uniform_``
    """
    return normal_(tensor, 0.0, _root(1, _fans("lecun_normal_", tensor)[0]), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator = None) -> Tensor:
    """gain times a random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).

    tensor, generator : those of ``uniform_``
    gain : multiplies the matrix

    A tensor of more than 2 axes is seen as a matrix (first axis, all others).
    """
    _check("orthogonal_", tensor)
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: tensor of shape {tensor.shape}; at least 2 axes are needed.")
    if not tensor.size:
        return tensor
    rows, columns = tensor.shape[0], tensor.size // tensor.shape[0]
    noise = (generator or default_generator()).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(noise)
    q *= np.sign(np.diagonal(r))  # makes the distribution uniform: Mezzadri 2007
    return _filled(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator = None) -> Tensor:
    """Fill a matrix with N(0, std²), then set a share ``sparsity`` of each column to zero (Martens 2010).

    tensor, generator : those of ``uniform_``; ValueError where it has not 2 axes
    sparsity : the share of zeros, in [0, 1]
    std : the spread of the others

    With k non-zero weights a unit of m: ``sparsity = 1 - k / m``.
    """
    _check("sparse_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: tensor of shape {tensor.shape}; expected a matrix.")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: sparsity={sparsity!r} is not a share between 0 and 1.")
    draw = generator or default_generator()
    rows, columns = tensor.shape
    values = draw.normal(0.0, std, (rows, columns))
    order = np.argsort(draw.random((rows, columns)), axis=0)  # a permutation of the rows for each column
    np.put_along_axis(values, order[: math.ceil(sparsity * rows)], 0.0, axis=0)
    return _filled(tensor, values)


def empty(*shape: int, dtype: DTypeLike = None) -> Array:
    """An array to be filled, in the default dtype.

    shape, dtype : those of the array
    """
    return np.zeros(shape, dtype or get_default_dtype())
