"""Losses over classes, as functions: cross-entropy, margins between classes, connectionist temporal classification.

Names, arguments and defaults are those of ``torch.nn.functional``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import relu
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, highest, hosted

from ..kernels.accuracy import accurate, like
from ..kernels.classes import class_cross_entropy, margins_between_classes, mean_class_cross_entropy, of_target
from ..modules.checking import PROBABILITY, checked
from ..modules.dtypes import real_only
from . import pointwise
from .reducing import beside, constant, reduced, reduced_loss

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, ArrayLike, TensorLike

__all__ = [
    *("cross_entropy", "ctc_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss"),
    "nll_loss",
]


@checked(label_smoothing=PROBABILITY)
def cross_entropy(
    input: TensorLike,
    target: ArrayLike,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """−w_y·log softmax(input)[y] for class numbers y, or −Σ w_c q_c log softmax(input)[c] for probabilities q.

    reduction : "mean", "sum", or "none" for one loss a place
    input : logits of shape (N, C), (N, C, d₁, …) or (C,)
    target : integers of shape (N,), (N, d₁, …) or (), or probabilities of input's shape
    weight : one for each class; the mean is then Σ loss / Σ w_y
    ignore_index : class numbers that count for nothing
    label_smoothing : ε mixes the target with the uniform distribution, (1 − ε)·target + ε/C (Szegedy et al. 2016)

    Raises ValueError for shapes that do not fit and classes outside 0 … C−1, TypeError for fractional class numbers.

    >>> cross_entropy(ag.Tensor([[0.0, 0.0]]), [1]).item()
    0.6931471824645996
    """
    labels, shape = constant(target), getattr(input, "shape", ())
    if not shape:
        raise ValueError("cross_entropy: logits of shape (); expected (N, C), (N, C, …) or (C,).")
    logits = accurate(input)
    if labels.dtype.kind == "f" and np.shape(labels) == shape:
        losses = _of_probabilities(logits, beside(logits, labels), weight, label_smoothing)
        return reduced(losses, reduction, "cross_entropy", input)
    z, y = _rows_of_classes("cross_entropy", logits, labels)
    kept = _checked_classes("cross_entropy", y, z.shape[1], ignore_index)
    w = _class_weights("cross_entropy", weight, z.shape[1], z)
    if w is None and kept is None and reduction == "mean" and len(y):
        return like(input, mean_class_cross_entropy(z, y, label_smoothing))
    classes = y if kept is None else np.where(kept, y, 0)
    if w is None or not label_smoothing:
        losses = class_cross_entropy(z, classes, label_smoothing)
        losses = losses if w is None else losses * w[classes]
    else:
        logs = ag.log_softmax(z, 1)
        uniform = -np.sum(logs * w, axis=1)
        own = -of_target(logs, classes) * w[classes]
        losses = (1 - label_smoothing) * own + label_smoothing / z.shape[1] * uniform
    of_row = None if w is None else w[classes]
    return like(input, _of_rows("cross_entropy", losses, of_row, kept, labels, reduction))


@checked()
def nll_loss(
    input: TensorLike,
    target: ArrayLike,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """−w_y·input[y] for logarithms of probabilities (N, C), (N, C, d₁, …) or (C,) and class numbers y.

    input, target : logarithms of probabilities and class numbers, of the shapes of ``cross_entropy``
    weight, ignore_index, reduction : those of ``cross_entropy``

    >>> nll_loss(np.log(ag.Tensor([[0.25, 0.75]])), np.array([0])).item()
    1.3862943649291992
    """
    of_rows: AnyArray = constant(target)
    logs, y = _rows_of_classes("nll_loss", accurate(input), of_rows)
    kept = _checked_classes("nll_loss", y, logs.shape[1], ignore_index)
    w = _class_weights("nll_loss", weight, logs.shape[1], logs)
    classes = y if kept is None else np.where(kept, y, 0)
    losses = -of_target(logs, classes)
    of_row = None if w is None else w[classes]
    losses = losses if of_row is None else losses * of_row
    return like(input, _of_rows("nll_loss", losses, of_row, kept, of_rows, reduction))


def _rows_of_classes(name: str, input: AnyArray, target: AnyArray) -> tuple[AnyArray, AnyArray]:
    """(N, C, …) as rows of C numbers, and the class numbers beside them in one line."""
    shape = input.shape
    expected = () if len(shape) == 1 else (shape[0], *shape[2:])
    if np.shape(target) != expected:
        raise ValueError(
            f"{name}: target of shape {np.shape(target)} for logits {input.shape}; expected {expected} class numbers"
            + (f", or probabilities of shape {input.shape}." if name == "cross_entropy" else ".")
        )
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: {target.dtype} class numbers; give integers, e.g. target.astype(int).")
    if len(shape) == 2:
        return input, target
    if len(shape) == 1:
        return np.reshape(input, (1, -1)), np.reshape(target, (1,))
    last = np.transpose(input, (0, *range(2, len(shape)), 1))
    return np.reshape(last, (-1, shape[1])), np.reshape(target, (-1,))


def _checked_classes(name: str, y: AnyArray, classes: int, ignore_index: int) -> AnyArray | None:
    """Which rows count; None where all do."""
    if not y.size or highest(y.astype(np.uint64), axis=None) < classes:  # a negative class is huge there
        return None if not y.size or ignore_index < 0 or not np.any(y == ignore_index) else y != ignore_index
    kept = y != ignore_index
    counted = y[kept]
    if counted.size and (counted.min() < 0 or counted.max() >= classes):
        raise ValueError(f"{name}: classes {y.min()} … {y.max()} but the logits have 0 … {classes - 1}.")
    return kept


def _of_rows(
    name: str, losses: AnyArray, weights: AnyArray | None, kept: AnyArray | None, target: AnyArray, reduction: str
) -> Tensor:
    """Losses of rows, which have weights and of which some do not count, reduced."""
    if kept is not None:
        losses = np.where(kept, losses, 0)
    if reduction != "mean" or (weights is None and kept is None and len(losses)):
        return reduced(losses if reduction == "mean" else np.reshape(losses, np.shape(target)), reduction, name, losses)
    of_row = np.ones_like(bare(losses)) if weights is None else weights
    total = np.sum(of_row if kept is None else np.where(kept, of_row, 0))
    none = total == 0
    # Of nothing the mean is NaN, but its derivative is 0: a batch without targets leaves the weights as they are.
    return np.sum(losses) / np.where(none, np.inf, total) + np.where(none, np.nan, 0).astype(losses.dtype)


def _of_probabilities(input: AnyArray, target: AnyArray, weight: AnyArray | None, smoothing: float) -> AnyArray:
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    w = _class_weights("cross_entropy", weight, classes, input)
    q = target if not smoothing else (1 - smoothing) * target + smoothing / classes
    if w is not None:
        q = q * np.reshape(w, (-1, *[1] * (input.ndim - 1 - axis)))
    return -np.sum(q * ag.log_softmax(input, axis), axis=axis)


def _class_weights(name: str, weight: AnyArray | None, classes: int, x: AnyArray) -> AnyArray | None:
    """The weights beside the logits."""
    if weight is None:
        return None
    weight = constant(weight)
    if np.shape(weight) != (classes,):
        raise ValueError(f"{name}: weight of shape {np.shape(weight)} for {classes} classes; expected ({classes},).")
    return np.ones_like(bare(x), shape=(classes,)) * weight.astype(x.dtype)


# Margins between classes ---------------------------------------------------------------------------------------------


@checked()
def multi_margin_loss(
    input: TensorLike,
    target: ArrayLike,
    p: int = 1,
    margin: float = 1.0,
    weight: TensorLike | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ_{j≠y} w_y·max(0, margin − x_y + x_j)ᵖ / C: the multi-class hinge loss of a linear SVM (Crammer & Singer 2001).

    input : scores x of shape (N, C) or (C,)
    target : class numbers y of shape (N,) or ()
    p : the power, 1 or 2
    margin : how much the right class should be ahead
    weight : one number a class; None: 1
    reduction : "mean", "sum", or "none" for one loss a sample

    >>> multi_margin_loss(ag.Tensor([[0.0, 0.5, 2.0]]), np.array([2])).item()
    0.0
    """
    name = "multi_margin_loss"
    if p not in (1, 2):
        raise ValueError(f"{name}: p={p!r}; it is 1 or 2.")
    x = accurate(input)
    x, y = _rows_of_classes(name, np.reshape(x, (1, -1)) if x.ndim < 2 else x, np.atleast_1d(constant(target)))
    _checked_classes(name, y, x.shape[1], -100)
    losses = margins_between_classes(x, y, margin=margin, p=p)
    w = _class_weights(name, weight, x.shape[1], x)
    losses = losses if w is None else losses * w[y]
    return reduced(losses if input.ndim > 1 else losses[0], reduction, name, input)


def multilabel_margin_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """Σ_j Σ_{i no label} max(0, 1 − (x_j − x_i)) / C over the labels j, which stand in ``target`` before the first −1.

    input : scores x of shape (N, C) or (C,)
    target : class numbers of input's shape
    reduction : "mean", "sum", or "none" for one loss a sample

    A label that stands there twice counts twice.

    >>> multilabel_margin_loss(ag.Tensor([[0.5, 0.0, 0.0]]), np.array([[0, -1, -1]])).item()
    0.3333333432674408
    """
    name = "multilabel_margin_loss"
    target = constant(target)
    if np.shape(target) != input.shape or input.ndim not in (1, 2):
        raise ValueError(f"{name}: target of shape {np.shape(target)} for an input of shape {input.shape}.")
    classes = input.shape[-1]
    rows = 1 if input.ndim == 1 else len(input)
    x, labels = np.reshape(accurate(input), (rows, classes)), np.reshape(target, (rows, classes))
    listed = np.cumprod(labels >= 0, axis=1).astype(bool)
    if np.any(np.logical_and(listed, labels >= classes)):
        raise ValueError(f"{name}: a label of {labels.max()}, but the input has classes 0 … {classes - 1}.")
    at = np.logical_and(listed[:, :, None], labels[:, :, None] == brought(np.arange(classes), labels))
    times = np.sum(at, axis=1, dtype=x.dtype)
    pairs = np.logical_and((times > 0)[:, :, None], (times == 0)[:, None, :])
    gaps = relu(1 - (np.reshape(x, (rows, classes, 1)) - np.reshape(x, (rows, 1, classes))))
    losses = np.sum(np.where(pairs, times[:, :, None] * gaps, 0), axis=(1, 2)) / classes
    return reduced(losses if input.ndim > 1 else losses[0], reduction, name, input)


def multilabel_soft_margin_loss(
    input: TensorLike,
    target: ArrayLike,
    weight: TensorLike | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−Σ_c w_c(y_c log σ(x_c) + (1 − y_c) log σ(−x_c)) / C for 0/1 labels y of input's shape (…, C).

    input, target : x and y
    weight : w, one number a class; None: 1
    reduction : "mean", "sum", or "none" for one loss a sample

    >>> multilabel_soft_margin_loss(ag.Tensor([[0.0, 0.0]]), np.array([[1.0, 0.0]])).item()
    0.6931471824645996
    """
    name = "multilabel_soft_margin_loss"
    real_only(name, input)
    x = accurate(input)
    y = beside(x, target)
    if np.shape(y) != input.shape:
        raise ValueError(f"{name}: target of shape {np.shape(y)} for an input of shape {input.shape}.")
    if weight is None and reduction == "mean":
        return reduced_loss(pointwise.logistic, (x, y), reduction, name, input)
    losses = pointwise.logistic(x, y)
    losses = losses if weight is None else losses * beside(x, weight)
    return reduced(np.mean(losses, axis=-1), reduction, name, input)


# Sequences -----------------------------------------------------------------------------------------------------------

_IMPOSSIBLE = -1e30  # log 0 as a finite number, so that no ∞ − ∞ arises


@checked()
def ctc_loss(
    log_probs: TensorLike,
    targets: ArrayLike,
    input_lengths: ArrayLike,
    target_lengths: ArrayLike,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """−log of the probability of all alignments of a label sequence with a longer input (Graves et al. 2006).

    input_lengths, target_lengths : (N,), how many steps and labels of each count
    blank : the class that stands for no label
    log_probs : (T, N, C) or (T, C), logarithms of probabilities
    targets : (N, S) padded, or all sequences one after another
    reduction : "mean" divides each loss by the length of its target first
    zero_infinity : an impossible target counts 0 instead of ∞

    >>> p = np.log(np.full((2, 1, 2), 0.5))
    >>> float(np.exp(-ctc_loss(p, np.array([[1]]), [2], [1], reduction="sum")))  # of bb, ba, ab, aa all but bb
    0.75
    """
    given = log_probs
    log_probs = accurate(given)
    single = log_probs.ndim == 2
    if single:
        log_probs = np.reshape(log_probs, (log_probs.shape[0], 1, log_probs.shape[1]))
    steps, count, classes = log_probs.shape
    lengths_in, lengths = (np.reshape(hosted(constant(n)), (-1,)) for n in (input_lengths, target_lengths))
    labels = _padded(hosted(constant(targets)), lengths, count)
    if len(lengths_in) != count or lengths_in.max(initial=0) > steps:
        raise ValueError(f"ctc_loss: input_lengths {lengths_in.tolist()} for {count} sequences of {steps} steps.")
    if not 0 <= blank < classes or labels.max(initial=0) >= classes or labels.min(initial=0) < 0:
        raise ValueError(f"ctc_loss: labels and blank={blank} must lie in 0 … {classes - 1}.")
    extended = np.full((count, 2 * labels.shape[1] + 1), blank)
    extended[:, 1::2] = labels
    skips = np.zeros(
        extended.shape, bool
    )  # a label may follow another one without a blank between, unless it is the same
    skips[:, 2:] = (extended[:, 2:] != blank) & (extended[:, 2:] != extended[:, :-2])
    ends = 2 * lengths
    rows = np.arange(count)
    dtype = log_probs.dtype
    there = lambda values: brought(values, log_probs)
    impossible = np.full_like(bare(log_probs), _IMPOSSIBLE, shape=extended.shape)
    states, skips = np.arange(extended.shape[1]), there(skips)
    first = np.where(there(states < 2), log_probs[0][rows[:, None], extended], impossible)
    nothing = np.where(there(states < 1), 0, impossible)
    alpha = np.where(there((lengths_in > 0)[:, None]), first, nothing)  # of no input: nothing yet
    for t in range(1, steps):
        one, two = (np.concatenate([impossible[:, :k], alpha[:, : alpha.shape[1] - k]], axis=1) for k in (1, 2))
        ways = np.stack([alpha, one, np.where(skips, two, impossible)])
        following = ag.logsumexp(ways, axis=0) + log_probs[t][rows[:, None], extended]
        alpha = np.where(there((t < lengths_in)[:, None]), following, alpha)
    before = np.where(there(lengths > 0), alpha[rows, np.maximum(ends - 1, 0)], impossible[:, 0])
    last = np.stack([alpha[rows, ends], before])
    losses = -ag.logsumexp(last, axis=0)
    hopeless = bare(losses) > -_IMPOSSIBLE / 2
    losses = np.where(hopeless, there(np.asarray(0.0 if zero_infinity else np.inf, dtype)), losses)
    if reduction == "mean":
        return like(given, np.mean(losses / there(np.maximum(lengths, 1).astype(dtype))))
    return reduced(losses[0] if single else losses, reduction, "ctc_loss", given)


def _padded(targets: Any, lengths: Any, count: int) -> Any:
    if len(lengths) != count:
        raise ValueError(f"ctc_loss: {len(lengths)} target_lengths for {count} sequences.")
    if targets.ndim == 2:
        if targets.shape[0] != count or lengths.max(initial=0) > targets.shape[1]:
            raise ValueError(f"ctc_loss: targets of shape {targets.shape} for target_lengths {lengths.tolist()}.")
        return targets[:, : lengths.max(initial=0)]
    if targets.size != lengths.sum():
        raise ValueError(f"ctc_loss: {targets.size} labels for target_lengths that add up to {lengths.sum()}.")
    padded = np.zeros((count, lengths.max(initial=0)), targets.dtype)
    for row, part in zip(padded, np.split(targets, np.cumsum(lengths)[:-1]), strict=True):
        row[: len(part)] = part
    return padded
