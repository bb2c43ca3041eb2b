"""What the table of functions measures: one case a function, made of arrays of about n float32 elements."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.floors import activations, losses, norms


@dataclass(frozen=True)
class Case:
    """`ours(library, *arguments)` and `theirs` give one result; `floor(*arrays)` the value and a pullback, by hand."""

    family: str
    name: str
    arguments: Callable[[np.random.Generator, int], tuple[Any, ...]]
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    floor: Callable[..., Any] | None = None
    tracked: int = 1  # so many of the arguments are differentiated


def numbers(rng, n):
    return (rng.standard_normal(n, dtype=np.float32),)


def pairs(rng, n):
    return rng.standard_normal((2, n), dtype=np.float32)


def positive(rng, n):
    return (rng.random(n, dtype=np.float32) + np.float32(0.1),)


def probabilities(rng, n):
    return rng.uniform(0.05, 0.95, (2, n)).astype(np.float32)


def log_probabilities(rng, n):
    p, q = probabilities(rng, n)
    return np.log(p), q


def with_labels(rng, n):
    return rng.standard_normal(n, dtype=np.float32), (rng.random(n) < 0.5).astype(np.float32)


def labels_of_rows(rng, n):
    return [a.reshape(-1, 10) for a in with_labels(rng, n - n % 10)]


def sides(rng, n):
    return rng.standard_normal(n, dtype=np.float32), np.where(rng.random(n) < 0.5, -1, 1).astype(np.float32)


def rows(width):
    def make(rng, n):
        return (rng.standard_normal((max(1, n // width), min(n, width)), dtype=np.float32),)

    return make


def of_classes(rng, n):
    x = rows(10)(rng, n)[0]
    return x, rng.integers(0, x.shape[1], len(x))


def rows_of_words(rng, n):
    x = rows(1000)(rng, n)[0]
    return x, rng.integers(0, x.shape[1], len(x))


def partly_ignored(rng, n):
    x, target = of_classes(rng, n)
    return x, np.where(rng.random(len(x)) < 0.2, -100, target)


def of_mixtures(rng, n):
    x = rows(10)(rng, n)[0]
    q = rng.random(x.shape, np.float32)
    return x, q / q.sum(1, keepdims=True)


def log_of_classes(rng, n):
    x, target = of_classes(rng, n)
    return np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True)), target


def scaled_rows(rng, n):
    x = rows(256)(rng, n)[0]
    return x, np.ones(x.shape[1], np.float32), np.zeros(x.shape[1], np.float32)


def scaled_batch(rng, n):
    x = np.resize(scaled_rows(rng, n)[0], (max(2, n // 256), min(max(1, n // 2), 256)))
    return x, np.ones(x.shape[1], np.float32), np.zeros(x.shape[1], np.float32)


def image_batch(rng, n):
    """32 channels of 16×16 places, fewer for a small n."""
    side = 16 if n >= 2 * 32 * 256 else 4 if n >= 1024 else 2
    channels = 32 if n >= 1024 else 2
    count = max(2, n // (channels * side * side))
    x = rng.standard_normal((count, channels, side, side), dtype=np.float32)
    return x, np.ones(channels, np.float32), np.zeros(channels, np.float32)


def square_matrix(rng, n):
    side = max(1, round(n**0.5))
    return (rng.standard_normal((side, side), dtype=np.float32) + side * np.eye(side, dtype=np.float32),)


def definite_matrix(rng, n):
    a = square_matrix(rng, n)[0]
    return ((a @ a.T / len(a)).astype(np.float32),)


def two_matrices(rng, n):
    return square_matrix(rng, n)[0], square_matrix(rng, n)[0]


def matrix_and_vector(rng, n):
    a = square_matrix(rng, n)[0]
    return a, rng.standard_normal(len(a), dtype=np.float32)


def with_indices(rng, n):
    return rng.standard_normal(n, dtype=np.float32), rng.integers(0, n, n)


def with_mask(rng, n):
    return rng.standard_normal(n, dtype=np.float32), rng.random(n) < 0.5


def cases(F, TF, torch):
    """Return all cases; the libraries are given, so that they are loaded where they are measured."""

    def same(family, name, arguments, floor=None, tracked=1, label=None, **settings):
        f, g = getattr(F, name), getattr(TF, name)
        return Case(family, label or name, arguments, lambda *a: f(*a, **settings), lambda *a: g(*a, **settings), floor,
                    tracked)  # fmt: skip

    def numpy(family, name, arguments, ours, theirs, tracked=1):
        return Case(family, name, arguments, ours, theirs, None, tracked)

    def normalised(library):
        return lambda x, w, b: library.layer_norm(x, (x.shape[-1],), w, b)

    same_names = (
        "celu",
        "elu",
        "gelu",
        "hardshrink",
        "hardsigmoid",
        "hardswish",
        "leaky_relu",
        "logsigmoid",
        "mish",
        "relu",
        "selu",
        "sigmoid",
        "silu",
        "softplus",
        "softshrink",
        "softsign",
        "tanh",
        "tanhshrink",
    )
    by_hand = {name: getattr(activations, name) for name in same_names} | {
        "hardtanh": activations.clipped(-1, 1),
        "relu6": activations.clipped(0, 6),
    }
    a, o, m = "activation", "loss", "norm"
    r, i, s = "reduction", "indexing", "linalg"
    return [
        *(same(a, name, numbers, floor) for name, floor in by_hand.items()),
        same(a, "gelu", numbers, activations.gelu_tanh, label="gelu (tanh)", approximate="tanh"),
        same(a, "threshold", numbers, activations.threshold, threshold=0.5, value=-1.0),
        Case(a, "prelu", lambda rng, n: (*numbers(rng, n), np.full(1, 0.25, np.float32)), F.prelu, TF.prelu,
             activations.prelu, 2),
        same(a, "rrelu", numbers, activations.rrelu, training=True),
        same(a, "glu", rows(256), activations.glu, dim=-1),
        same(a, "softmax", rows(256), activations.softmax, dim=-1),
        same(a, "softmin", rows(256), activations.softmin, dim=-1),
        same(a, "log_softmax", rows(256), activations.log_softmax, dim=-1),
        same(o, "mse_loss", pairs, losses.mse_loss),
        same(o, "l1_loss", pairs, losses.l1_loss),
        same(o, "smooth_l1_loss", pairs, losses.huber_loss),
        same(o, "huber_loss", pairs, losses.huber_loss),
        same(o, "binary_cross_entropy", probabilities, losses.binary_cross_entropy),
        same(o, "binary_cross_entropy_with_logits", with_labels, losses.binary_cross_entropy_with_logits),
        same(o, "kl_div", log_probabilities, losses.kl_div),
        same(o, "poisson_nll_loss", pairs, losses.poisson_nll_loss),
        Case(o, "gaussian_nll_loss", lambda rng, n: (*pairs(rng, n), *positive(rng, n)), F.gaussian_nll_loss,
             TF.gaussian_nll_loss, losses.gaussian_nll_loss),
        same(o, "soft_margin_loss", sides, losses.soft_margin_loss),
        same(o, "hinge_embedding_loss", sides, losses.hinge_embedding_loss),
        Case(o, "margin_ranking_loss", lambda rng, n: (*pairs(rng, n), sides(rng, n)[1]), F.margin_ranking_loss,
             TF.margin_ranking_loss, losses.margin_ranking_loss, 2),
        Case(o, "cosine_embedding_loss", lambda rng, n: (rows(64)(rng, n)[0], rows(64)(rng, n)[0],
                                                         np.ones(max(1, n // 64), np.float32)),
             F.cosine_embedding_loss, TF.cosine_embedding_loss, losses.cosine_embedding_loss, 2),
        Case(o, "triplet_margin_loss", lambda rng, n: tuple(rows(64)(rng, n)[0] for _ in range(3)),
             F.triplet_margin_loss, TF.triplet_margin_loss, losses.triplet_margin_loss, 3),
        same(o, "cross_entropy", of_classes, losses.cross_entropy),
        same(o, "cross_entropy", of_classes, losses.smoothed, label="cross_entropy (smoothed)", label_smoothing=0.1),
        same(o, "cross_entropy", partly_ignored, losses.cross_entropy_of_some, label="cross_entropy (some ignored)"),
        same(o, "cross_entropy", of_mixtures, losses.cross_entropy_of_mixtures, label="cross_entropy (mixtures)"),
        same(o, "cross_entropy", rows_of_words, losses.cross_entropy, label="cross_entropy (1,000 classes)"),
        same(o, "nll_loss", log_of_classes, losses.nll_loss),
        same(o, "multi_margin_loss", of_classes, losses.multi_margin_loss),
        same(o, "multilabel_soft_margin_loss", labels_of_rows, losses.multilabel_soft_margin_loss),
        Case(m, "layer_norm", scaled_rows, normalised(F), normalised(TF), norms.layer_norm, 3),
        Case(m, "rms_norm", lambda rng, n: scaled_rows(rng, n)[:2], lambda x, w: F.rms_norm(x, w.shape, w),
             lambda x, w: TF.rms_norm(x, w.shape, w), norms.rms_norm, 2),
        *(Case(m, label, arguments, lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
               lambda x, w, b: TF.batch_norm(x, None, None, w, b, True), floor, 3)
          for label, arguments, floor in (("batch_norm", scaled_batch, norms.batch_norm),
                                          ("batch_norm (images)", image_batch, norms.batch_norm_of_images))),
        Case(m, "group_norm", image_batch, lambda x, w, b: F.group_norm(x, 2, w, b),
             lambda x, w, b: TF.group_norm(x, 2, w, b), norms.grouped(2), 3),
        Case(m, "instance_norm", image_batch, lambda x, w, b: F.instance_norm(x, None, None, w, b),
             lambda x, w, b: TF.instance_norm(x, None, None, w, b), norms.grouped(), 3),
        *(numpy(r, name, numbers, getattr(np, name), getattr(torch, name)) for name in ("sum", "mean", "prod", "max")),
        numpy(r, "var", numbers, lambda x: np.var(x, ddof=1), torch.var),
        numpy(r, "std", numbers, lambda x: np.std(x, ddof=1), torch.std),
        numpy(r, "sum of rows", rows(256), lambda x: np.sum(x, axis=1), lambda x: torch.sum(x, dim=1)),
        numpy(r, "max of rows", rows(256), lambda x: np.max(x, axis=1), lambda x: torch.amax(x, dim=1)),
        numpy(r, "sum of columns", rows(256), lambda x: np.sum(x, axis=0), lambda x: torch.sum(x, dim=0)),
        numpy(r, "cumsum", numbers, np.cumsum, lambda x: torch.cumsum(x, 0)),
        numpy(r, "sort", numbers, np.sort, lambda x: torch.sort(x).values),
        numpy(r, "norm", numbers, np.linalg.norm, torch.linalg.norm),
        numpy(i, "x[indices]", with_indices, lambda x, at: x[at], lambda x, at: x[at]),
        numpy(i, "x[mask]", with_mask, lambda x, at: x[at], lambda x, at: x[at]),
        numpy(i, "x[::2]", numbers, lambda x: x[::2], lambda x: x[::2]),
        numpy(i, "where", with_mask, lambda x, at: np.where(at, x, 0), lambda x, at: torch.where(at, x, 0)),
        numpy(i, "maximum", pairs, np.maximum, torch.maximum, 2),
        numpy(i, "concatenate", pairs, lambda x, y: np.concatenate([x, y]), lambda x, y: torch.cat([x, y]), 2),
        numpy(i, "transpose", rows(256), lambda x: np.transpose(x) * 1, lambda x: x.T * 1),
        numpy(s, "matmul", two_matrices, np.matmul, torch.matmul, 2),
        numpy(s, "matvec", matrix_and_vector, np.matmul, torch.matmul, 2),
        numpy(s, "solve", matrix_and_vector, np.linalg.solve, torch.linalg.solve, 2),
        numpy(s, "inv", square_matrix, np.linalg.inv, torch.linalg.inv),
        numpy(s, "det", square_matrix, np.linalg.det, torch.linalg.det),
        numpy(s, "cholesky", definite_matrix, np.linalg.cholesky, torch.linalg.cholesky),
        numpy(s, "eigvalsh", definite_matrix, np.linalg.eigvalsh, torch.linalg.eigvalsh),
        numpy(s, "svdvals", square_matrix, np.linalg.svdvals, torch.linalg.svdvals),
    ]  # fmt: skip
