"""PyTorch's operators by their own names, as they are called here, and those that are not: why.

Every operator with a derivative in PyTorch's database stands in exactly one of the tables: ``HERE`` (a function of
PyTorch's signature over ours), ``EXCLUDED`` (by reason) or ``MISSING``. ``DIFFERENT`` names, for some operators of
``HERE``, the samples that are left out, and why. A name is that of the database, with its variant after a dot.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
import nn.functional as F
from autograd_core.spellings import factors, fourier, order, places, sums
from autograd_core.torch import linalg as face_linalg


def words(text: str) -> list[str]:
    return text.split()


# Arguments -----------------------------------------------------------------------------------------------------------


def axes(dim: Any) -> Any:
    """PyTorch's dim as NumPy's axis; an empty list means all."""
    return None if dim is None or dim == [] or dim == () else tuple(dim) if isinstance(dim, (list, tuple)) else dim


def cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None else ag.astype(x, dtype)


def along(f: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction."""
    return lambda x, dim=None, keepdim=False, dtype=None: f(cast(x, dtype), axis=axes(dim), keepdims=keepdim)


def scanned(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, dim, dtype=None: np.reshape(f(cast(x, dtype), axis=dim), np.shape(x))


def spread(f: Callable[..., Any]) -> Callable[..., Any]:
    """Variance and standard deviation."""

    def g(x: Any, dim: Any = None, unbiased: Any = True, keepdim: bool = False, correction: Any = None) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = int(unbiased) if correction is None else correction
        return f(x, axis=axes(dim), keepdims=keepdim, ddof=ddof)

    return g


def scaled(f: Callable[..., Any], reverse: bool = False) -> Callable[..., Any]:
    """x ± alpha·y."""
    return lambda x, y, alpha=1: f(y, x * alpha) if reverse else f(x, y * alpha if alpha != 1 else y)


def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    x = x if min is None else ag.maximum(x, min)
    return x if max is None else ag.minimum(x, max)


def at(x: Any, dim: int, index: Any) -> Any:
    """The index that takes ``index`` along one axis."""
    return (*(slice(None),) * (dim % max(np.ndim(x), 1)), index)


def filled_at(x: Any, dim: int, index: Any, value: Any) -> Any:
    return x.at[at(x, dim, index)].set(value) if np.ndim(x) else value + 0 * x


def along_axis(index: Any, dim: int) -> Any:
    """What scatter and gather mean by an index array: all its places, the one along ``dim`` replaced."""
    grid: list[Any] = list(np.indices(index.shape))
    if grid:
        grid[dim] = index
    return tuple(grid)


def scattered(how: str) -> Callable[..., Any]:
    def f(x: Any, dim: int, index: Any, src: Any, reduce: Any = None) -> Any:
        if np.ndim(index) and np.ndim(src):
            src = src[tuple(map(slice, index.shape))]
        if not np.ndim(x):
            index, x, src = np.reshape(index, (-1,)), np.reshape(x, (1,)), np.reshape(src, (-1,))
            return np.reshape(getattr(x.at[along_axis(index, 0)], how)(src), ())
        return getattr(x.at[along_axis(index, dim)], how)(src)

    return f


def gather(x: Any, dim: int, index: Any) -> Any:
    if not np.ndim(x):
        return np.broadcast_to(x, np.shape(index))
    return x[along_axis(index, dim)] if np.ndim(index) else x[index]


def put(x: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    flat = np.reshape(x, -1).at[np.reshape(index, -1)]
    return np.reshape((flat.add if accumulate else flat.set)(np.reshape(source, -1)), np.shape(x))


def index_put(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    written = x.at[tuple(slice(None) if i is None else i for i in indices)]
    return (written.add if accumulate else written.set)(values)


def index_add(x: Any, dim: int, index: Any, source: Any, alpha: Any = 1) -> Any:
    return x.at[at(x, dim, index)].add(source * alpha) if np.ndim(x) else x + np.sum(source * alpha)


def repeated(x: Any, *sizes: Any) -> Any:
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    return np.tile(x, tuple(sizes))


def reshaped(x: Any, *shape: Any) -> Any:
    return np.reshape(x, tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)


def expanded(x: Any, *shape: Any) -> Any:
    shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    own = (None,) * (len(shape) - np.ndim(x)) + np.shape(x)
    return np.broadcast_to(x, tuple(o if n == -1 else n for n, o in zip(shape, own, strict=True)))


def flattened(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    n = max(np.ndim(x), 1)
    a, b = start_dim % n, end_dim % n
    shape = np.shape(x) or (1,)
    return np.reshape(x, (*shape[:a], math.prod(shape[a : b + 1]), *shape[b + 1 :]))


def unflattened(x: Any, dim: int, sizes: Any) -> Any:
    shape, dim = np.shape(x), dim % np.ndim(x)
    return np.reshape(x, (*shape[:dim], *sizes, *shape[dim + 1 :]))


def unsqueezed(x: Any, dim: int) -> Any:
    return np.expand_dims(x, dim)


def squeezed(x: Any, dim: Any = None) -> Any:
    if dim is None:
        return np.squeeze(x)
    dims = [d % max(np.ndim(x), 1) for d in (dim if isinstance(dim, (tuple, list)) else [dim])]
    return np.squeeze(x, tuple(d for d in dims if np.ndim(x) and np.shape(x)[d] == 1))


def swapped(x: Any, a: int, b: int) -> Any:
    return np.swapaxes(x, a, b) if np.ndim(x) else x


def pieces(x: Any, sizes: Any, dim: int = 0) -> Any:
    if isinstance(sizes, int):
        n = np.shape(x)[dim]
        return np.split(x, range(sizes, n, sizes), axis=dim)
    return np.split(x, list(itertools.accumulate(sizes))[:-1], axis=dim)


def chunks(x: Any, n: int, dim: int = 0) -> Any:
    return pieces(x, -(-np.shape(x)[dim] // n), dim)


def tensor_split(x: Any, cuts: Any, dim: int = 0) -> Any:
    cuts = cuts if isinstance(cuts, int) else [int(c) for c in cuts] if np.ndim(cuts) else int(cuts)
    return np.array_split(x, cuts, axis=dim)


def narrow(x: Any, dim: int, start: Any, length: int) -> Any:
    start = int(start)
    start += np.shape(x)[dim] if start < 0 else 0
    return x[at(x, dim, slice(start, start + length))]


def sliced(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x[at(x, dim, slice(start, end, step))]


def slice_scatter(x: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x.at[at(x, dim, slice(start, end, step))].set(src)


def diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


def triangle(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, diagonal=0: f(x, diagonal)


def rolled(x: Any, shifts: Any, dims: Any = None) -> Any:
    return np.roll(x, shifts, axis=axes(dims))


def combination(beta: Any, x: Any, alpha: Any, y: Any) -> Any:
    y = alpha * y if alpha != 1 else y
    return y + (0 * x if beta == 0 else beta * x if beta != 1 else x)


def added(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, a, b, beta=1, alpha=1: combination(beta, x, alpha, f(a, b))


def sorted_values(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    if not np.ndim(x):
        return x
    return np.flip(np.sort(x, axis=dim), dim) if descending else np.sort(x, axis=dim)


def kth(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    if not np.ndim(x):
        return x
    y = np.sort(x, axis=dim)[at(x, dim, slice(k - 1, k))]
    return y if keepdim else np.squeeze(y, dim)


def topk(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    return sorted_values(x, dim, largest)[at(x, dim, slice(0, k))] if np.ndim(x) else x


def lower_median(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """PyTorch's median: of an even number the lower of the two in the middle."""
    x, dim = (np.reshape(x, -1), 0) if dim is None else (x, dim)
    return kth(x, (np.shape(x)[dim] + 1) // 2 if np.ndim(x) else 1, dim, keepdim)


def quantile(f: Callable[..., Any]) -> Callable[..., Any]:
    def g(x: Any, q: Any, dim: Any = None, keepdim: bool = False, interpolation: str = "linear") -> Any:
        return f(x, q, axis=dim if np.ndim(x) else None, keepdims=keepdim, method=interpolation)

    return g


def rounded(x: Any, decimals: int = 0) -> Any:
    return np.round(x, decimals)


def divided(x: Any, y: Any, rounding_mode: Any = None) -> Any:
    q = x / y
    return q if rounding_mode is None else np.trunc(q) if rounding_mode == "trunc" else np.floor(q)


def normed(x: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """torch.norm: of vectors, unless the norm is nuclear."""
    x, dim = cast(x, dtype), axes(dim)
    if p == "nuc":
        a = np.moveaxis(x, dim, (-2, -1)) if dim else x
        y = np.sum(ag.linalg.svdvals(a), axis=-1)
        return np.reshape(y, (*np.shape(y), 1, 1)) if keepdim else y
    dim = dim if np.ndim(x) else None
    return ag.linalg.vector_norm(x, axis=dim, keepdims=keepdim, ord=2 if p in ("fro", None) else p)


def linalg_norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    x = cast(x, dtype)
    if ord is None and dim is None:
        y = ag.linalg.norm(np.reshape(x, -1))
        return np.reshape(y, (1,) * np.ndim(x)) if keepdim else y
    return ag.linalg.norm(x, ord=ord, axis=axes(dim), keepdims=keepdim)


def matrix_norm(x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, dtype: Any = None) -> Any:
    return ag.linalg.norm(cast(x, dtype), ord=ord, axis=axes(dim), keepdims=keepdim)


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    return ag.linalg.vector_norm(cast(x, dtype), ord=ord, axis=axes(dim), keepdims=keepdim)


def transform(f: Callable[..., Any], several: bool) -> Callable[..., Any]:
    """A Fourier transform of one axis or of several."""
    if several:
        usual = (-2, -1) if f.__name__.endswith("2") else None
        return lambda x, s=None, dim=usual, norm=None: f(x, **_sizes(x, s, dim), norm=norm or "backward")
    return lambda x, n=None, dim=-1, norm=None: f(x, n=n, axis=dim, norm=norm or "backward")


def _sizes(x: Any, s: Any, dim: Any) -> dict[str, Any]:
    s = [s] if isinstance(s, int) else s
    if dim is None and s is not None:
        dim = tuple(range(-len(s), 0))
    return {"s": s, "axes": axes([dim] if isinstance(dim, int) else dim)}


def shifted(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, dim=None: f(x, axes=axes(dim))


def softened(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, dim, dtype=None: f(cast(x, dtype), dim)


def dotted(x: Any, y: Any, dims: Any = 2) -> Any:
    return np.tensordot(x, y, dims)


def cartesian(*xs: Any) -> Any:
    if len(xs) == 1:
        return xs[0]
    return np.stack([np.reshape(g, -1) for g in np.meshgrid(*xs, indexing="ij")], axis=-1)


def combined(x: Any, r: int = 2, with_replacement: bool = False) -> Any:
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = np.array(list(choose(range(len(x)), r)), int).reshape(-1, r)
    return x[index]


def block_diagonal(*xs: Any) -> Any:
    xs = tuple(np.reshape(x, (1, -1)) if np.ndim(x) < 2 else x for x in xs)
    shapes = [x.shape for x in xs]
    return np.block(
        [[x if i == j else np.zeros((shapes[i][0], shapes[j][1])) for j in range(len(xs))] for i, x in enumerate(xs)]
    )


def embedded(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    n = np.shape(x)[-1] + abs(offset)
    y = np.zeros((*np.shape(x)[:-1], n, n), x.dtype)
    i = np.arange(np.shape(x)[-1])
    y = ag.Tensor(y).at[..., i + max(-offset, 0), i + max(offset, 0)].set(x)
    return np.moveaxis(y, (-2, -1), (dim1, dim2))


def cdist(x: Any, y: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    return ag.linalg.vector_norm(x[..., :, None, :] - y[..., None, :, :], axis=-1, ord=p)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, dim: int = -1) -> Any:
    return np.trapezoid(y, x, dx, axis=dim)


def lu_solved(a: Any, b: Any, left: bool = True) -> Any:
    vector = np.ndim(b) == 1 or (np.ndim(a) - 1 == np.ndim(b) and np.shape(b) == np.shape(a)[:-1])
    if not left:
        return np.swapaxes(lu_solved(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)), -1, -2)
    return np.linalg.solve(a, b[..., None])[..., 0] if vector else np.linalg.solve(a, b)


def triangular(a: Any, upper: bool, unit: bool) -> Any:
    if unit:
        return (np.triu(a, 1) if upper else np.tril(a, -1)) + np.eye(np.shape(a)[-1])
    return np.triu(a) if upper else np.tril(a)


def slopes(x: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    spaces = () if spacing is None else spacing if isinstance(spacing, (list, tuple)) else (spacing,)
    result = np.gradient(x, *spaces, axis=axes(dim), edge_order=edge_order)
    return result if isinstance(result, (list, tuple)) else [result]


def covariance(x: Any, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def interpolated(x: Any, *size: Any, **options: Any) -> Any:
    return F.interpolate(x, *size, **options)


def multi_gamma(x: Any, p: int) -> Any:
    terms = [ag.special.gammaln(x - j / 2) for j in range(p)]
    return sum(terms[1:], terms[0]) + p * (p - 1) / 4 * math.log(math.pi)


def moments(f: Callable[..., Any]) -> Callable[..., Any]:
    g = spread(f)

    def both(x: Any, *args: Any, **kwargs: Any) -> Any:
        dim = kwargs.get("dim", None if not args or isinstance(args[0], bool) else args[0])
        return g(x, *args, **kwargs), np.mean(x, axis=axes(dim), keepdims=kwargs.get("keepdim", False))

    return both


def indexed(x: Any, *index: Any) -> Any:
    return x[index[0] if len(index) == 1 else index]


def padded(x: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """PyTorch counts the axes from the last; a negative width cuts."""
    widths = [(0, 0)] * (np.ndim(x) - len(pad) // 2) + list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    options = {"constant_values": value or 0} if mode == "constant" else {}
    mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    x = np.pad(x, [(max(a, 0), max(b, 0)) for a, b in widths], mode, **options)
    return x[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(widths, np.shape(x), strict=True))]


def masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    shape = np.broadcast_shapes(np.shape(x), np.shape(mask))
    mask = np.broadcast_to(mask, shape)
    return np.broadcast_to(x, shape).at[mask].set(np.reshape(source, -1)[: int(mask.sum())])


def pooled(f: Callable[..., Any]) -> Callable[..., Any]:
    """Maxima without their places, which are no numbers to be differentiated."""
    adaptive = f.__name__.startswith("adaptive")

    def g(x: Any, *args: Any, return_indices: bool = False, **options: Any) -> Any:
        return f(x, *args[:1] if adaptive else args, **options)

    return g


def with_distance(*xs: Any, distance_function: Any = None, **options: Any) -> Any:
    """PyTorch's module of distances in the samples is replaced by ours."""
    if distance_function is not None and type(distance_function).__name__ == "PairwiseDistance":
        distance_function = F.pairwise_distance
    return F.triplet_margin_with_distance_loss(*xs, distance_function=distance_function, **options)


def lerp(x: Any, y: Any, weight: Any) -> Any:
    return x + weight * (y - x)


s, L = ag.special, ag.linalg

HERE: dict[str, Callable[..., Any]] = {
    # elementwise: the same name
    **{
        name: getattr(ag, name)
        for name in words("""abs acos acosh asin asinh atan atan2 atanh angle ceil conj copysign cos cosh deg2rad
        exp exp2 expm1 float_power floor fmax fmin hypot i0 imag log log10 log1p log2 logaddexp logaddexp2 maximum
        minimum positive rad2deg real reciprocal remainder sign sin sinc sinh sqrt square tan tanh trunc sigmoid
        nan_to_num fmod""")
    },
    "ldexp": lambda x, y: x * 2.0**y,
    "conj_physical": ag.conj,
    "resolve_conj": operator.pos,
    "resolve_neg": operator.pos,
    "neg": operator.neg,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "frac": lambda x: x - np.trunc(x),
    "sgn": lambda x: ag.sign(x),
    "frexp": lambda x: np.frexp(x)[0],
    **{f"round{v}": rounded for v in ("", ".decimals_0", ".decimals_3", ".decimals_neg_3")},
    "add": scaled(operator.add),
    "sub": scaled(operator.sub),
    "rsub": scaled(operator.sub, reverse=True),
    "mul": operator.mul,
    "true_divide": operator.truediv,
    **{f"div.{m}": divided for m in ("no_rounding_mode", "trunc_rounding", "floor_rounding")},
    "pow": operator.pow,
    **{
        f"__r{name}__": lambda x, y, f=f: f(y, x)
        for name, f in {
            "add": operator.add,
            "sub": operator.sub,
            "mul": operator.mul,
            "div": operator.truediv,
            "mod": operator.mod,
            "pow": operator.pow,
            "matmul": operator.matmul,
        }.items()
    },
    "addcmul": lambda x, a, b, value=1: x + value * a * b,
    "addcdiv": lambda x, a, b, value=1: x + value * a / b,
    "lerp": lerp,
    "clamp": clamp,
    "clamp_min": lambda x, y: ag.maximum(x, y),
    "clamp_max": lambda x, y: ag.minimum(x, y),
    "where": lambda x, condition, y: np.where(condition, x, y),
    "complex": lambda x, y: x + 1j * y,
    "polar": lambda r, angle: r * np.cos(angle) + 1j * (r * np.sin(angle)),
    "view_as_complex": lambda x: x[..., 0] + 1j * x[..., 1],
    "view_as_real": lambda x: np.stack([np.real(x), np.imag(x)], axis=-1),
    **{f"polygamma.polygamma_n_{n}": lambda x, n: s.polygamma(n, x) for n in range(5)},
    "special.polygamma.special_polygamma_n_0": lambda x, n: s.polygamma(n, x),
    **{f"special.{name}": getattr(s, name) for name in words("entr erfcx i0e i1 i1e log_ndtr ndtr ndtri xlog1py")},
    **{name: getattr(s, name) for name in words("digamma erf erfc erfinv xlogy")},
    "lgamma": s.gammaln,
    "logit": lambda x, eps=None: s.logit(x if eps is None else ag.clip(x, eps, 1 - eps)),
    **{f"mvlgamma.mvlgamma_p_{p}": multi_gamma for p in (1, 3, 5)},
    # sums
    **{name: along(getattr(ag, name)) for name in words("amax amin mean nanmean nansum prod sum")},
    "max.reduction_no_dim": ag.max,
    "min.reduction_no_dim": ag.min,
    "max.reduction_with_dim": along(ag.max),
    "min.reduction_with_dim": along(ag.min),
    "max.binary": ag.maximum,
    "min.binary": ag.minimum,
    "aminmax": lambda x, *, dim=None, keepdim=False: [f(x, axis=dim, keepdims=keepdim) for f in (ag.min, ag.max)],
    **{f"std{v}": spread(ag.std) for v in ("", ".unbiased")},
    **{f"var{v}": spread(ag.var) for v in ("", ".unbiased")},
    **{f"std_mean{v}": moments(ag.std) for v in ("", ".unbiased")},
    **{f"var_mean{v}": moments(ag.var) for v in ("", ".unbiased")},
    "logsumexp": lambda x, dim, keepdim=False: ag.logsumexp(
        x, axis=axes(dim) if np.ndim(x) else None, keepdims=keepdim
    ),
    "cumsum": scanned(ag.cumsum),
    "cumprod": scanned(ag.cumprod),
    "diff": lambda x, n=1, dim=-1, prepend=None, append=None: np.diff(
        x, n, dim, **{k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    ),
    "trapz": trapezoid,
    "trapezoid": trapezoid,
    "gradient": slopes,
    "cov": covariance,
    "corrcoef": np.corrcoef,
    "quantile": quantile(ag.quantile),
    "nanquantile": quantile(ag.nanquantile),
    "median": lower_median,
    "sort": sorted_values,
    "msort": lambda x: sorted_values(x, 0),
    "kthvalue": kth,
    "topk": topk,
    "trace": np.trace,
    "softmax": softened(ag.softmax),
    "softmax.with_dtype": softened(ag.softmax),
    "log_softmax": softened(ag.log_softmax),
    "log_softmax.with_dtype": softened(ag.log_softmax),
    "nn.functional.softmin": softened(F.softmin),
    "nn.functional.softmin.with_dtype": softened(F.softmin),
    # shapes
    "broadcast_to": expanded,
    "expand": expanded,
    "expand_copy": expanded,
    "expand_as": lambda x, y: np.broadcast_to(x, y.shape),
    "broadcast_tensors": lambda *xs: np.broadcast_arrays(*xs),
    **dict.fromkeys(("reshape", "view", "view_copy"), reshaped),
    **{name: lambda x, y: np.reshape(x, y.shape) for name in ("reshape_as", "view_as")},
    "ravel": np.ravel,
    "flatten": flattened,
    "unflatten": unflattened,
    "unsqueeze": unsqueezed,
    "unsqueeze_copy": unsqueezed,
    **dict.fromkeys(("squeeze", "squeeze.multiple", "squeeze_copy"), squeezed),
    **{name: lambda x, *dims: np.transpose(x, *dims) for name in ("permute", "permute_copy")},
    **dict.fromkeys(("transpose", "transpose_copy"), swapped),
    **dict.fromkeys(("t", "t_copy", "T"), np.transpose),
    "H": lambda x: np.conj(np.transpose(x)),
    "mT": lambda x: np.swapaxes(x, -1, -2),
    "mH": lambda x: np.conj(np.swapaxes(x, -1, -2)),
    "movedim": lambda x, a, b: np.moveaxis(x, a, b),
    **dict.fromkeys(("clone", "contiguous", "alias_copy"), operator.pos),
    "flip": lambda x, dims: np.flip(x, axes(dims) if dims else ()),
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "roll": rolled,
    "rot90": lambda x, k=1, dims=(0, 1): np.rot90(x, k, dims),
    "tile": repeated,
    "repeat": repeated,
    "repeat_interleave": lambda x, repeats, dim=None, output_size=None: np.repeat(x, repeats, axis=dim),
    "cat": lambda xs, dim=0: np.concatenate(xs, axis=dim),
    "stack": lambda xs, dim=0: np.stack(xs, axis=dim),
    "hstack": np.hstack,
    "vstack": np.vstack,
    "dstack": np.dstack,
    "column_stack": np.column_stack,
    "block_diag": block_diagonal,
    "cartesian_prod": cartesian,
    "combinations": combined,
    "meshgrid.variadic_tensors": lambda *xs, indexing="ij": np.meshgrid(*xs, indexing=indexing),
    "meshgrid.list_of_tensors": lambda xs, indexing="ij": np.meshgrid(*xs, indexing=indexing),
    **dict.fromkeys(("chunk", "unsafe_chunk"), chunks),
    **dict.fromkeys(("split", "unsafe_split", "split.list_args", "split_with_sizes"), pieces),
    "split_with_sizes_copy": pieces,
    "tensor_split": tensor_split,
    "hsplit": lambda x, n: np.hsplit(x, n),
    "vsplit": lambda x, n: np.vsplit(x, n),
    "dsplit": lambda x, n: np.dsplit(x, n),
    **{name: lambda x, dim=0: list(np.moveaxis(x, dim, 0)) for name in ("unbind", "unbind_copy")},
    **{f"atleast_{n}d": getattr(np, f"atleast_{n}d") for n in (1, 2, 3)},
    "diag": lambda x, diagonal=0: np.diag(x, diagonal),
    "diag_embed": embedded,
    "diagflat": lambda x, offset=0: np.diagflat(x, offset),
    "diagonal": diagonal,
    "diagonal_copy": diagonal,
    "linalg.diagonal": lambda x, *, offset=0, dim1=-2, dim2=-1: np.diagonal(x, offset, dim1, dim2),
    "tril": triangle(np.tril),
    "triu": triangle(np.triu),
    **{name: lambda x, n, size, step: _unfold(x, n, size, step) for name in ("unfold", "unfold_copy")},
    "sum_to_size": lambda x, *size: _sum_to_size(x, size),
    "constant_pad_nd": lambda x, pad, value=0: padded(x, pad, "constant", value),
    **{
        f"nn.functional.pad.{variant}": lambda x, pad, mode="constant", value=None: padded(x, pad, mode, value)
        for variant in words("constant reflect replicate replicate_negative circular")
    },
    "double": lambda x, **_: ag.astype(x, np.float64),
    "cdouble": lambda x, **_: ag.astype(x, np.complex128),
    # places
    "__getitem__": indexed,
    "select": lambda x, dim, i: x[at(x, dim, i)],
    "select_scatter": lambda x, src, dim, index: x.at[at(x, dim, index)].set(src),
    "slice": sliced,
    "slice_scatter": slice_scatter,
    "narrow": narrow,
    "narrow_copy": narrow,
    "take": lambda x, i: np.reshape(x, -1)[i],
    "take_along_dim": lambda x, i, dim=None: np.take_along_axis(x, np.ravel(i) if dim is None else i, dim),
    "gather": gather,
    "index_select": lambda x, dim, i: x[at(x, dim, i)] if np.ndim(x) else x,
    "index_fill": filled_at,
    "index_copy": lambda x, dim, i, src: filled_at(x, dim, i, src),
    "index_add": index_add,
    "index_put": index_put,
    "put": put,
    "scatter": scattered("set"),
    "scatter_add": scattered("add"),
    "masked_fill": lambda x, mask, value: np.where(mask, value, x),
    "masked_select": lambda x, mask: (lambda b: b[0][b[1]])(np.broadcast_arrays(x, mask)),
    "masked_scatter": masked_scatter,
    "fill": lambda x, value: 0 * x + value,
    "diagonal_scatter": lambda x, src, offset=0, dim1=0, dim2=1: _diagonal_scatter(x, src, offset, dim1, dim2),
    # products
    **dict.fromkeys(("matmul", "bmm", "mm", "mv", "dot"), operator.matmul),
    **{name: added(operator.matmul) for name in ("addmm", "addmm.decomposed", "addmv", "baddbmm")},
    "addbmm": added(lambda a, b: np.sum(a @ b, axis=0)),
    "addr": added(np.outer),
    "vdot": np.vdot,
    "inner": np.inner,
    "outer": np.outer,
    "kron": np.kron,
    "tensordot": dotted,
    "einsum": lambda xs, equation: np.einsum(equation.replace(" ", ""), *xs),
    "cross": lambda x, y, dim=None: np.cross(x, y, axis=-1 if dim is None else dim),
    "linalg.cross": lambda x, y, dim=-1: np.cross(x, y, axis=dim),
    "linalg.vecdot": lambda x, y, dim=-1: L.vecdot(x, y, axis=dim),
    "cdist": cdist,
    "dist": lambda x, y, p=2: L.vector_norm(x - y, ord=p),
    # linalg
    **{f"linalg.{name}": getattr(L, name) for name in words("det inv slogdet svdvals eigvals pinv")},
    "linalg.inv_ex": lambda x, check_errors=False: L.inv(x),
    "linalg.cholesky": lambda x, upper=False: _cholesky(x, upper),
    "linalg.cholesky_ex": lambda x, upper=False, check_errors=False: _cholesky(x, upper),
    "cholesky": lambda x, upper=False: _cholesky(x, upper),
    "cholesky_inverse": lambda x, upper=False: L.inv(_gram(x, upper)),
    "linalg.eigvalsh": lambda x, UPLO="L": L.eigvalsh(x, UPLO),
    "linalg.eigh": lambda x, UPLO="L": (lambda w, v: (w, np.abs(v)))(*L.eigh(x, UPLO)),
    "linalg.eig": lambda x: (lambda w, v: (w, np.abs(v)))(*L.eig(x)),
    "linalg.svd": lambda x, full_matrices=True, driver=None: _absolute_svd(x, full_matrices),
    "svd": lambda x, some=True, compute_uv=True: _absolute_svd(x, not some) if compute_uv else L.svdvals(x),
    "linalg.qr": lambda x, mode="reduced": _absolute_qr(x, mode),
    "qr": lambda x, some=True: _absolute_qr(x, "reduced" if some else "complete"),
    "linalg.matrix_power": L.matrix_power,
    "linalg.multi_dot": L.multi_dot,
    "linalg.norm": linalg_norm,
    "linalg.norm.subgradients_at_zero": linalg_norm,
    "linalg.matrix_norm": matrix_norm,
    "linalg.vector_norm": vector_norm,
    **{f"norm{v}": normed for v in ("", ".nuc", ".fro", ".inf")},
    "linalg.cond": lambda x, p=None: L.cond(x, p),
    "linalg.solve": lu_solved,
    "linalg.solve_ex": lambda a, b, left=True, check_errors=False: lu_solved(a, b, left),
    "linalg.solve_triangular": lambda a, b, *, upper, left=True, unitriangular=False: lu_solved(
        triangular(a, upper, unitriangular), b, left
    ),
    "linalg.tensorinv": lambda x, ind=2: L.tensorinv(x, ind),
    "linalg.tensorsolve": lambda a, b, dims=None: L.tensorsolve(a, b, axes(dims)),
    "linalg.pinv.hermitian": lambda x, hermitian=True: L.pinv(x, hermitian=hermitian),
    "linalg.pinv.singular": lambda a, b: L.pinv(a @ np.swapaxes(b, -1, -2)),
    "linalg.lstsq": lambda a, b, driver=None: L.pinv(a) @ b,
    "linalg.vander": lambda x, N=None: _vander(x, N),
    "logdet": lambda x: (lambda sign, log: np.log(sign) + log if sign.dtype.kind == "c" else log)(*L.slogdet(x)),
    "pinverse": lambda x, rcond=1e-15: L.pinv(x, rcond),
    # fft
    **{f"fft.{name}": transform(getattr(ag.fft, name), False) for name in words("fft ifft rfft irfft hfft ihfft")},
    **{
        f"fft.{name}": transform(getattr(ag.fft, name), True)
        for name in words("fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn")
    },
    "fft.fftshift": shifted(ag.fft.fftshift),
    "fft.ifftshift": shifted(ag.fft.ifftshift),
    # layers and losses, by PyTorch's own names and arguments
    **{
        f"nn.functional.{name}": getattr(F, name)
        for name in words("""adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d avg_pool1d
        avg_pool2d avg_pool3d batch_norm bilinear binary_cross_entropy binary_cross_entropy_with_logits celu conv1d
        conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity
        cross_entropy ctc_loss elu embedding gaussian_nll_loss gelu glu group_norm hardshrink hardsigmoid hardswish
        hardtanh hinge_embedding_loss huber_loss instance_norm kl_div l1_loss layer_norm leaky_relu linear logsigmoid
        margin_ranking_loss max_pool1d max_pool2d max_pool3d mish mse_loss multi_margin_loss multilabel_margin_loss
        multilabel_soft_margin_loss nll_loss pairwise_distance pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu
        relu6 rms_norm scaled_dot_product_attention selu silu smooth_l1_loss soft_margin_loss softplus softshrink
        softsign tanhshrink threshold triplet_margin_loss triplet_margin_with_distance_loss""")
    },
    **{
        f"nn.functional.{name}": getattr(F, name)
        for name in words("""adaptive_avg_pool3d channel_shuffle grid_sample local_response_norm
        max_unpool1d max_unpool2d max_unpool3d normalize pdist unfold""")
    },
    **{f"nn.functional.max_unpool{n}d.grad": getattr(F, f"max_unpool{n}d") for n in (1, 2, 3)},
    "nn.functional.adaptive_max_pool3d": lambda x, *args, return_indices=False, **options: F.adaptive_max_pool3d(
        x, *args[:1], **options
    ),
    "nn.functional.embedding_bag": lambda weight, i, **options: F.embedding_bag(i, weight, **options),
    "nn.functional.feature_alpha_dropout.without_train": F.feature_alpha_dropout,
    "nn.functional.embedding": lambda weight, i, **options: F.embedding(i, weight, **options),
    **{
        f"nn.functional.{name}": pooled(getattr(F, name))
        for name in words("max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d")
    },
    "nn.functional.triplet_margin_with_distance_loss": with_distance,
    "nn.functional.batch_norm.without_cudnn": F.batch_norm,
    **{
        f"nn.functional.interpolate.{mode}": interpolated
        for mode in words("nearest nearest-exact linear bilinear bicubic trilinear area")
    },
    "nn.functional.upsample_nearest": interpolated,
    "nn.functional.upsample_bilinear": lambda x, *size, **options: F.interpolate(
        x, *size, **options, mode="bilinear", align_corners=True
    ),
}


def _values(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **options: f(*args, **options)[0]


HERE |= {
    "istft": fourier.istft,
    "lu_unpack": factors.lu_unpack,
    "lu": factors.lu,
    "lu_solve": factors.lu_solve,
    "linalg.lu_factor": face_linalg.lu_factor,
    "linalg.lu_factor_ex": face_linalg.lu_factor_ex,
    "linalg.lu": face_linalg.lu,
    "linalg.lu_solve": face_linalg.lu_solve,
    "matrix_exp": factors.matrix_exp,
    "ormqr": factors.ormqr,
    "linalg.householder_product": factors.orgqr,
    "linalg.lstsq.grad_oriented": lambda a, b, driver=None: L.pinv(a) @ b,
    **{f"nn.functional.linear_cross_entropy{how}": F.linear_cross_entropy for how in ("", ".chunked", ".chunked_none")},
    **{f"scatter_reduce.{how}": places.scatter_reduce for how in words("sum prod mean amin amax")},
    **{f"index_reduce.{how}": places.index_reduce for how in words("prod mean amin amax")},
    **{name: _values(getattr(order, name)) for name in words("cummax cummin mode")},
    "nanmedian": lambda *args, **options: (lambda r: r[0] if isinstance(r, tuple) else r)(
        order.nanmedian(*args, **options)
    ),
    **{name: getattr(sums, name) for name in words("renorm cumulative_trapezoid logcumsumexp")},
    **{f"fft.{name}": getattr(fourier, name) for name in words("hfft2 hfftn ihfft2 ihfftn")},
    "stft": fourier.stft,
}
"""As PyTorch spells them, also here."""


def _unfold(x: Any, dim: int, size: int, step: int) -> Any:
    if not np.ndim(x):
        return np.reshape(x, (1,))[:size]
    windows = ag.sliding_window_view(x, size, axis=dim)
    return windows[at(windows, dim % np.ndim(x), slice(None, None, step))]


def _sum_to_size(x: Any, size: Any) -> Any:
    size = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    lead = np.ndim(x) - len(size)
    ones = tuple(i + lead for i, n in enumerate(size) if n == 1)
    return np.reshape(np.sum(x, axis=(*range(lead), *ones)), tuple(size))


def _diagonal_scatter(x: Any, src: Any, offset: int, dim1: int, dim2: int) -> Any:
    places = np.diagonal(np.arange(np.size(x)).reshape(np.shape(x)), offset, dim1, dim2)
    return np.reshape(np.reshape(x, -1).at[places].set(src), np.shape(x))


def _cholesky(x: Any, upper: bool) -> Any:
    factor = L.cholesky(x)
    return np.conj(np.swapaxes(factor, -1, -2)) if upper else factor


def _gram(x: Any, upper: bool) -> Any:
    x = np.triu(x) if upper else np.tril(x)
    adjoint = np.conj(np.swapaxes(x, -1, -2))
    return adjoint @ x if upper else x @ adjoint


def _absolute_svd(x: Any, full: bool) -> Any:
    u, sigma, vh = L.svd(x, full_matrices=full)
    k = np.shape(sigma)[-1]
    return np.abs(u[..., :k]), sigma, np.abs(vh[..., :k, :])


def _absolute_qr(x: Any, mode: str) -> Any:
    if mode == "r":
        return np.abs(L.qr(x, "r"))
    q, r = L.qr(x, mode)
    return np.abs(q), np.abs(r)


def _vander(x: Any, n: Any) -> Any:
    n = (np.shape(x) or (1,))[-1] if n is None else n
    return ag.atleast_1d(x)[..., None] ** np.arange(n)


EXCLUDED: dict[str, str] = {
    "random: nothing to compare": """normal normal.number_mean bernoulli nn.functional.dropout nn.functional.dropout2d
        nn.functional.dropout3d nn.functional.alpha_dropout nn.functional.feature_alpha_dropout.with_train
        nn.functional.multi_head_attention_forward
        nn.functional.rrelu nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d svd_lowrank
        pca_lowrank""",
    "private to PyTorch": """_softmax_backward_data native_group_norm native_layer_norm native_batch_norm
        _native_batch_norm_legit _batch_norm_with_update _upsample_bilinear2d_aa max_pool2d_with_indices_backward
        torch.ops.aten._safe_softmax.default torch.ops.aten._flash_attention_forward
        torch.ops.aten._efficient_attention_forward _unsafe_masked_index _unsafe_masked_index_put_accumulate
        native_dropout_backward _segment_reduce.lengths _segment_reduce.offsets grid_sampler_2d grid_sampler_3d""",
    "strides of memory": "as_strided as_strided.partial_views as_strided_copy as_strided_scatter",
    "sparse": "sparse.sampled_addmm sparse.mm.reduce to_sparse",
    "precision or device alone": "bfloat16 float half cfloat chalf to",
    "in place": "zero_",
    "deprecated in PyTorch": "triangular_solve",
    "of one triangle here, of both in PyTorch's derivative": "cholesky_solve",
    "no derivative": "nextafter nn.functional.one_hot",
    "a prototype in PyTorch (torch.masked)": """masked.sum masked.prod masked.cumsum masked.cumprod masked.amax
        masked.amin masked.mean masked.median masked.norm masked.var masked.std masked.softmax masked.log_softmax
        masked.softmin masked.normalize masked.logaddexp masked.logsumexp""",
}

MISSING = ""
"""Of PyTorch's operators that have a derivative, those for which there is no function here."""


def hermitian(m: Any, x: Any, **_: Any) -> Any:
    return (x + x.swapaxes(-1, -2).conj()) / 2


def triangle_of(m: Any, x: Any, upper: bool = False, **_: Any) -> Any:
    return (m.triu if upper else m.tril)(x)


BEFORE: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(words("cholesky linalg.cholesky linalg.cholesky_ex"), hermitian),
    **dict.fromkeys(words("linalg.eigh linalg.eigvalsh linalg.pinv.hermitian"), hermitian),
    "cholesky_inverse": triangle_of,
}
"""What is done to the first argument on both sides (told ``torch`` or ``np``): derivatives of functions of Hermitian or
triangular matrices are ours by the triangle that NumPy reads, PyTorch's by the mean of both."""

WRONG_FORWARD = {"cholesky_inverse", "logcumsumexp"}
"""Their forward derivative is not the function's in PyTorch (finite differences say so), or rounds to six digits: ours
is held to their vjp."""

THEIRS: dict[str, Callable[..., Any]] = {
    **{name: lambda torch, r: r[0] for name in ("linalg.lstsq", "linalg.lstsq.grad_oriented")},
    **{name: lambda torch, r: (r[0], r[1].abs()) for name in ("linalg.eigh", "linalg.eig")},
    **{name: lambda torch, r: tuple(part.abs() for part in r) for name in ("linalg.qr", "qr")},
    "linalg.svd": lambda torch, r: _their_svd(r.U, r.S, r.Vh),
    "svd": lambda torch, r: _their_svd(r[0], r[1], r[2].mH),
}
"""Vectors that are known up to a factor of modulus one are compared by their absolute values."""


def _their_svd(u: Any, sigma: Any, vh: Any) -> Any:
    k = sigma.shape[-1]
    return u[..., :k].abs(), sigma, vh[..., :k, :].abs()


def given(*names: str) -> Callable[..., str]:
    """Samples in which one of these arguments is given."""
    return lambda s: next((f"missing here: {n}=" for n in names if s.kwargs.get(n) is not None), "")


def when(reason: str, condition: Callable[..., bool]) -> Callable[..., str]:
    return lambda s: reason if condition(s) else ""


def twice(indices: Any) -> bool:
    """Whether a plane names a place twice."""
    rows = indices.reshape(-1, math.prod(indices.shape[-2:]))
    return any(len(set(row.tolist())) < row.numel() for row in rows)


NOT_NUMPY = "not in NumPy, whose function this is"
REFUSED = "refused here by name"
ASSUMED = "PyTorch's derivative is none of the function's"

DIFFERENT: dict[str, Callable[..., str]] = {
    "cov": when("rounding of float32 weights", lambda s: getattr(s.kwargs.get("aweights"), "dtype", None) is not None),
    "logcumsumexp": when(NOT_NUMPY + ": complex numbers", lambda s: s.input.is_complex()),
    "logaddexp": when(NOT_NUMPY + ": complex numbers", lambda s: s.input.is_complex()),
    "tensordot": when(NOT_NUMPY + ": broadcast axes", lambda s: s.kwargs.get("dims") == ([0, 1], [2, 0])),
    "gather": when(NOT_NUMPY + ": an empty index of another rank", lambda s: s.args[1].numel() == 0),
    **{
        name: when(REFUSED + ": a derivative with respect to q", lambda s: getattr(s.args[0], "requires_grad", False))
        for name in ("quantile", "nanquantile")
    },
    "nn.functional.group_norm": when(REFUSED + ": eps < 0", lambda s: s.kwargs.get("eps", 1) < 0),
    "nn.functional.gaussian_nll_loss": when(
        REFUSED + ": an input and a target of different shapes", lambda s: s.input.shape != s.args[0].shape
    ),
    "nn.functional.l1_loss": when(
        REFUSED + ": a complex target of a real input", lambda s: s.args[0].is_complex() and not s.input.is_complex()
    ),
    "nn.functional.multilabel_margin_loss": when(REFUSED + ": a single number", lambda s: s.input.ndim == 0),
    "nn.functional.feature_alpha_dropout.without_train": when(
        REFUSED + ": fewer than two axes", lambda s: s.input.ndim < 2
    ),
    **dict.fromkeys(
        ("nn.functional.max_unpool1d", "nn.functional.max_unpool2d", "nn.functional.max_unpool3d"),
        when(ASSUMED + " (it differentiates what was written over)", lambda s: twice(s.args[0])),
    ),
    "nn.functional.ctc_loss": when(ASSUMED + " (it assumes a log_softmax before)", lambda s: True),
    "nn.functional.scaled_dot_product_attention": when("random", lambda s: s.kwargs.get("dropout_p", 0) > 0),
    "nn.functional.rms_norm": when("PyTorch's mean of complex squares is complex", lambda s: s.input.is_complex()),
    "nn.functional.batch_norm": when(REFUSED + ": fewer than two axes", lambda s: s.input.ndim < 2),
    "linalg.norm.subgradients_at_zero": when("the second derivative of a norm at 0: NaN in PyTorch", lambda s: True),
}
"""For some operators: why a sample is left out (\"\": it is not)."""

MISSING_ARGUMENTS: dict[str, str] = {
    "Embedding": "sparse",
}
"""Of modules: arguments that are not there here."""

MODULES_DIFFERENT = {
    "CTCLoss": ASSUMED + " (it assumes a log_softmax before)",
}
"""Of modules that are left out: why."""
