"""How many floating-point operations a row of the table takes, forward and backward.

The convention, the same in both directions:

- an addition, subtraction, multiplication, division, comparison or choice of the larger is one; so is one value of an
  elementary function (exp, log, tanh, √, σ, …), whatever the processor makes of it
- a contraction counts a multiplication and an addition for every product: a matrix product 2·m·n·k
- a sum, product or maximum of n numbers is n − 1, a mean n
- what only moves numbers (reshape, transpose, indexing, padding, choosing by a mask, changing the dtype) is nothing
- complex arithmetic is counted like real, padding like what it pads

Backward, an elementwise rule is run on symbols and the operations in its formula are counted, and one more for the
product with the cotangent; a contraction costs as much for each argument as it does forward. Adding up the cotangents
of a row that is used twice is not counted. Gradients of arguments that nobody differentiates are not computed, and
not counted.

A primitive of another kind says it itself, ``flops=(forward, backward)``: functions of a ``Call``.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.forms import Elementwise, Reduction
from ..expressions.meaning import meaning, method, said_of
from ..expressions.symbol import Symbol, fold
from ..ops import fft  # noqa: F401 (np.fft's functions then stand for its primitives)
from ..ops.arithmetic import complex, rounding
from ..ops.linalg import determinants, factors, norms, parts, solving  # noqa: F401
from ..ops.places import indexing, updating
from ..ops.products import contractions, einsum, polynomials
from ..ops.shapes import diagonals, joining, repeating, shaping  # noqa: F401
from ..ops.sums import exponentials, order, reductions, sampled, scans, spread

if TYPE_CHECKING:
    from ..engine.primitive import Primitive
    from ..support.types import Function, Settings

__all__ = ["Call", "backward", "forward"]

Shape = tuple[int, ...]


class Call(NamedTuple):
    """One execution of a primitive.

    shapes  : of the arguments; None where it is not known (any more)
    out     : the shape of the result
    params  : the settings
    tracked : for each argument whether it is differentiated
    """

    shapes: tuple[Any, ...]
    out: Shape
    params: Settings
    tracked: tuple[bool, ...]


def forward(op: Primitive, call: Call) -> int | None:
    """Operations of the primitive ``op`` itself; None where nobody has counted them.

    >>> import autograd_core as ag
    >>> forward(ag.matmul.primitive, Call(((2, 3), (3, 4)), (2, 4), {}, (True, True)))
    48
    """
    return _counted(op, 0, call)


def backward(op: Primitive, call: Call) -> int | None:
    """Operations of the rules for all arguments that are tracked; None where nobody has counted them."""
    return _counted(op, 1, call)


def _counted(op: Primitive, direction: int, call: Call) -> int | None:
    count = (op.flops or _counts(op))[direction]
    try:
        return None if count is None else int(count(call._replace(shapes=_Shapes(call.shapes))))
    except _Unknown:
        return None


class _Unknown(Exception):
    """A shape that the count depends on is not known."""


class _Shapes(tuple[Any, ...]):
    """Shapes, of which those that are not known raise when they are asked for."""

    def __getitem__(self, i: Any) -> Any:
        shape = super().__getitem__(i)
        if shape is None:
            raise _Unknown
        return shape


@functools.cache
def _counts(op: Primitive) -> tuple[Any, Any]:
    """(forward, backward) of a primitive; None for what is not known."""
    known = meaning(op.function)
    if known in _MOVES:
        return _nothing, _copies if known in _COPYING else _nothing
    if known in _COUNTS:
        return _COUNTS[known]
    if isinstance(op, Elementwise):
        return _result, lambda call: _elementwise_backward(op, call)
    if isinstance(op, Reduction):
        return _reduction, lambda call: _reduction_backward(op, call)
    return None, None


# Sizes ---------------------------------------------------------------------------------------------------------------


def _argument(call: Call) -> int:
    return math.prod(call.shapes[0])


def _result(call: Call) -> int:
    return math.prod(call.out)


def _nothing(call: Call) -> int:
    return 0


def _groups(call: Call) -> int:
    """How many groups the elements of the first argument form along ``axis``."""
    shape, axis = call.shapes[0], call.params.get("axis", -1)
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(shape) // max(1, math.prod(shape[a] for a in axes))


# Elementwise and reductions ------------------------------------------------------------------------------------------


def _sums_of_broadcasting(call: Call) -> int:
    """Adding up the cotangents of what was stretched."""
    size = _result(call)
    sides = [math.prod(call.shapes[i]) for i, on in enumerate(call.tracked) if on]
    return sum(size - n for n in sides if n < size)


def _copies(call: Call) -> int:
    """The sum of the cotangents of all copies of an element."""
    return max(0, _result(call) - _argument(call))


def _elementwise_backward(op: Primitive, call: Call) -> int:
    tracked = [i for i, on in enumerate(call.tracked) if on]
    return _result(call) * sum(_of_rule(op, i, call.params) for i in tracked) + _sums_of_broadcasting(call)


def _reduction(call: Call) -> int:
    return max(0, _argument(call) - _result(call))


def _reduction_backward(op: Primitive, call: Call) -> int:
    return _argument(call) * _of_rule(op, 0, call.params)


_known: dict[tuple[Any, int], int] = {}


def _of_rule(op: Primitive, i: int, params: Settings) -> int:
    """Operations for each element: those in the formula of the derivative, and the product with the cotangent."""
    if (op, i) not in _known:
        _known[op, i] = _read(op, i, params)
    return _known[op, i]


def _read(op: Primitive, i: int, params: Settings) -> int:
    rule = op.rules[i]
    if not callable(rule):
        return int(rule == -1)
    found = 0

    def operation(symbol: Any, parts: Any) -> None:
        nonlocal found
        known = meaning(symbol.function)
        found += known not in _MOVES and known is not meaning(np.where)

    try:
        kept = (*(Symbol(a, (2,)) for a in op.arguments), Symbol("ans", (2,)))
        fold(op.local[i](kept, params), lambda x: None, operation)
    except Exception:  # a rule may do what symbols cannot: then its slope counts as one function
        found = 1
    return found + 1


# Contractions --------------------------------------------------------------------------------------------------------


def _contraction(summed: Callable[[Call], int]) -> tuple[Any, Any]:
    """2·(elements of the result)·(terms of each sum); for the adjoint in each argument the same."""

    def count(call: Call) -> int:
        return 2 * _result(call) * summed(call)

    return count, lambda call: count(call) * sum(call.tracked)


def _last(i: int) -> Callable[[Call], int]:
    """The sum runs over the last axis of argument ``i``."""
    return lambda call: call.shapes[i][-1]


def _matmul_backward(call: Call) -> int:
    """Both adjoints, and the sums over what was broadcast."""
    total = 2 * _result(call) * call.shapes[0][-1] * sum(call.tracked)
    batch = call.out[: max(0, max(len(call.shapes[i]) for i in (0, 1)) - 2)]
    for i, on in enumerate(call.tracked):
        shape = call.shapes[i]
        if on and len(shape) > 1:
            total += max(0, math.prod(batch) * math.prod(shape[-2:]) - math.prod(shape))
    return total


def _sliding(call: Call) -> int:
    """Every product of a convolution of two vectors, and its addition."""
    n, m = call.shapes[0][0], call.shapes[1][0]
    return 2 * n * m if call.params["mode"] == "full" else 2 * call.out[0] * min(n, m)


def _einsum(call: Call) -> int:
    inputs, _, output = call.params["subscripts"].partition("->")
    return _of_einsum(inputs.split(","), output, [call.shapes[i] for i in range(len(call.shapes))], call.params)


def _einsum_backward(call: Call) -> int:
    """In each operand: the sum of the cotangent's products with all other operands."""
    inputs, _, output = call.params["subscripts"].partition("->")
    terms, shapes = inputs.split(","), [call.shapes[i] for i in range(len(call.shapes))]
    params = call.params if isinstance(call.params["optimize"], (bool, str)) else {**call.params, "optimize": True}
    total = 0
    for i, on in enumerate(call.tracked):
        if on:
            others = [output, *terms[:i], *terms[i + 1 :]]
            found = "".join(c for c in dict.fromkeys(terms[i]) if any(c in t for t in others))
            total += _of_einsum(others, found, [call.out, *shapes[:i], *shapes[i + 1 :]], params)
    return total


def _of_einsum(terms: Sequence[str], output: str, shapes: Sequence[Shape], params: Settings) -> int:
    """One multiplication for each operand but the first, and one addition where something is summed, for every
    combination of the indices; with ``optimize`` in the order of the path that NumPy finds (its own count, too)."""
    sides: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, side in zip(term, shape, strict=True):
            sides[letter] = max(side, sides.get(letter, 1))
    waiting = list(terms)
    total = 0
    for chosen in _path(terms, output, shapes, params["optimize"]):
        taken = [waiting.pop(i) for i in sorted(chosen, reverse=True)]
        letters = set("".join(taken))
        kept = letters & set("".join([output, *waiting]))
        total += math.prod(sides[c] for c in letters) * (len(taken) - 1 + (kept != letters))
        waiting.append("".join(kept))
    return total


def _path(terms: Sequence[str], output: str, shapes: Sequence[Shape], optimize: bool | str) -> list[tuple[int, ...]]:
    if optimize is False or len(terms) < 3:
        return [tuple(range(len(terms)))]
    operands = [np.broadcast_to(np.float32(0), shape) for shape in shapes]
    return np.einsum_path(f"{','.join(terms)}->{output}", *operands, optimize=optimize)[0][1:]


# The rest, one by one ---------------------------------------------------------------------------------------------


def _square(count: Callable[[int], float]) -> Function:
    """A count for each n×n matrix in a stack."""
    return lambda call: math.prod(call.shapes[0][:-2]) * count(call.shapes[0][-1])


def _solve(call: Call) -> float:
    """LU, and two triangular systems for each column of the right side."""
    *stack, n, _ = call.shapes[0]
    return math.prod(stack) * (2 * n**3 / 3) + 2 * n * _result(call)


def _fourier(share: float) -> Callable[[Call], float]:
    """5·n·log₂ n for a transform of n complex numbers, and half of it where one side is real."""

    def count(call: Call) -> float:
        axis = call.params.get("axis", -1)
        size, n = max((math.prod(s), s[axis]) for s in (call.shapes[0], call.out))
        return share * 5 * size * math.log2(max(1, n))

    return count


_COPYING = said_of(dict.fromkeys((np.broadcast_to, repeating._broadcast_to, np.repeat, joining._repeat), True))
_COPYING |= said_of({indexing.sliding_window_view: True})
_MOVES = _COPYING | said_of(
    dict.fromkeys(
        (
            *(np.real, np.imag, np.conjugate, complex._real, complex._imag, complex._conjugate, np.positive),
            *(np.reshape, shaping._reshape, np.expand_dims, np.squeeze, np.transpose, np.swapaxes, np.moveaxis),
            *(np.flip, np.rot90, np.roll, np.diagonal, np.tril, np.triu, np.concatenate, joining._concatenate),
            *(operator.getitem, indexing._getitem, indexing._scatter, updating._put, order._permute),
            *(method("astype"), shaping._astype, np.fft.fftshift, np.fft.ifftshift, parts.mirrored),
        ),
        True,
    )
)

_matrix_vector = {}
if hasattr(np, "matvec"):  # NumPy ≥ 2.2
    _matrix_vector = {contractions.matvec: _contraction(_last(1)), contractions.vecmat: _contraction(_last(0))}
_scale = _result, _result
_each = _argument, _argument

_COUNTS: dict[Any, tuple[Any, Any]] = said_of(
    {
        np.where: (_nothing, _sums_of_broadcasting),
        np.sum: (_reduction, _nothing),
        np.mean: (_argument, _result),
        **dict.fromkeys((spread._var, spread._nanvar), (lambda c: 4 * _argument(c), lambda c: 4 * _argument(c))),
        **dict.fromkeys(
            (spread._std, spread._nanstd), (lambda c: 4 * _argument(c) + _result(c), lambda c: 4 * _argument(c))
        ),
        exponentials.logsumexp: (lambda c: 4 * _argument(c), lambda c: 6 * _argument(c) - 2 * _result(c)),
        exponentials.softmax: (
            lambda c: 5 * _argument(c) - 2 * _groups(c),
            lambda c: 4 * _argument(c) - _groups(c),
        ),
        exponentials.log_softmax: (
            lambda c: 5 * _argument(c) - _groups(c),
            lambda c: 4 * _argument(c) - _groups(c),
        ),
        scans._cumsum: _each,
        scans._cumprod: (_argument, None),
        sampled._diff: _scale,
        reductions._bincount: (_argument, _nothing),
        indexing._overlap_add: (_argument, _nothing),
        complex._modulus: (_result, lambda c: 2 * _result(c)),
        **dict.fromkeys((np.deg2rad, np.radians, np.rad2deg, np.degrees, rounding._ldexp), _scale),
        np.matmul: (_contraction(_last(0))[0], _matmul_backward),
        contractions._vecdot: _contraction(_last(0)),
        **_matrix_vector,
        np.vdot: _contraction(_argument),
        contractions._dot: _contraction(_last(0)),
        contractions._inner: _contraction(_last(0)),
        contractions._tensordot: _contraction(lambda c: math.prod(c.shapes[0][i] for i in c.params["axes"][0])),
        einsum._einsum: (_einsum, _einsum_backward),
        contractions._cross: (lambda c: 3 * _result(c), lambda c: 3 * _result(c) * sum(c.tracked)),
        np.convolve: (_sliding, lambda c: _sliding(c) * sum(c.tracked)),
        np.correlate: (_sliding, lambda c: _sliding(c) * sum(c.tracked)),
        polynomials._polyval: (lambda c: 2 * _result(c) * (c.shapes[0][0] - 1), None),
        **dict.fromkeys((np.fft.fft, np.fft.ifft), (_fourier(1), _fourier(1))),
        **dict.fromkeys((np.fft.rfft, np.fft.irfft), (_fourier(0.5), _fourier(0.5))),
        **dict.fromkeys((np.linalg.det, determinants._slogdet), (_square(lambda n: 2 * n**3 / 3), None)),
        np.linalg.inv: (_square(lambda n: 2 * n**3), _square(lambda n: 4 * n**3)),
        np.linalg.cholesky: (_square(lambda n: n**3 / 3), None),
        solving._solve: (_solve, None),
        norms._euclidean: (lambda c: 2 * _argument(c), lambda c: 2 * _argument(c)),
        rounding._nan_to_num: _scale,
    }
)
