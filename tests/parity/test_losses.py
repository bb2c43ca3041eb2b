"""Losses against PyTorch's: every reduction, weights, ignored classes, smoothing, margins."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from parity.sides import assert_same  # noqa: E402

RNG = np.random.default_rng(0)
N, C = 5, 4
Z, Y = RNG.normal(size=(N, C)), RNG.normal(size=(N, C))
P, Q = RNG.uniform(0.05, 0.95, (N, C)), RNG.uniform(0, 1, (N, C))
LABELS = RNG.integers(0, C, N)
SIGNS = RNG.choice([-1.0, 1.0], N)
W = RNG.uniform(0.5, 2, C)
DIST = RNG.dirichlet(np.ones(C), N)
REDUCTIONS = ("mean", "sum", "none")


def product(**choices: Any) -> list[dict[str, Any]]:
    return [dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())]


def check(name: str, options: dict[str, Any], *inputs: Any, constants: Any = ()) -> None:
    theirs = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    rest = [torch.tensor(c) if isinstance(c, np.ndarray) else c for c in constants]
    ours_module, their_module = getattr(nn, name)(**options), getattr(torch.nn, name)(**theirs)
    assert_same(lambda *x: ours_module(*x, *constants), lambda *x: their_module(*x, *rest), *inputs)


NUMBERS = [
    *(("MSELoss", o) for o in product(reduction=REDUCTIONS)),
    *(("L1Loss", o) for o in product(reduction=REDUCTIONS)),
    *(("HuberLoss", o) for o in product(reduction=REDUCTIONS, delta=[0.3, 1.0, 5.0])),
    *(("SmoothL1Loss", o) for o in product(reduction=REDUCTIONS, beta=[0.0, 0.3, 1.0])),
    *(("KLDivLoss", {"log_target": True, **o}) for o in product(reduction=[*REDUCTIONS, "batchmean"])),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), NUMBERS)
def test_of_two_arrays_of_numbers(name: str, options: dict[str, Any]) -> None:
    check(name, options, Z, Y)
    check(name, options, Z, constants=(Y,))


DISTRIBUTIONS = [
    *(("BCELoss", P, Q, o) for o in product(reduction=REDUCTIONS, weight=[None, W])),
    *(("BCEWithLogitsLoss", Z, Q, o) for o in product(reduction=REDUCTIONS, weight=[None, W], pos_weight=[None, W])),
    *(("KLDivLoss", Z, DIST, o) for o in product(reduction=[*REDUCTIONS, "batchmean"])),
    *(("PoissonNLLLoss", Z, 3 * Q, o) for o in product(reduction=REDUCTIONS, full=[False, True])),
    *(("PoissonNLLLoss", P, 3 * Q, {"log_input": False, **o}) for o in product(reduction=REDUCTIONS, eps=[1e-8, 0.1])),
    *(("MultiLabelSoftMarginLoss", Z, np.round(Q), o) for o in product(reduction=REDUCTIONS, weight=[None, W])),
    *(("SoftMarginLoss", Z, np.sign(Y), o) for o in product(reduction=REDUCTIONS)),
    *(("HingeEmbeddingLoss", P, np.sign(Y), o) for o in product(reduction=REDUCTIONS, margin=[0.3, 1.0])),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "x", "target", "options"), DISTRIBUTIONS)
def test_of_distributions_and_margins(name: str, x: Any, target: Any, options: dict[str, Any]) -> None:
    check(name, options, x, constants=(target,))


@pytest.mark.parametrize("options", product(reduction=REDUCTIONS, full=[False, True], eps=[1e-6, 0.5]))
@pytest.mark.parametrize("shape", [(N, C), (N, 1), (N,)])
def test_gaussian_nll(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    check("GaussianNLLLoss", options, Z, Y, RNG.uniform(0.1, 2, shape))


CLASSES = product(reduction=REDUCTIONS, weight=[None, W], ignore_index=[-100, 2], label_smoothing=[0.0, 0.2])


@pytest.mark.parametrize("options", CLASSES)
@pytest.mark.parametrize("extra", [(), (3,), (2, 3)])
def test_cross_entropy_and_nll(options: dict[str, Any], extra: tuple[int, ...]) -> None:
    z, y = RNG.normal(size=(N, C, *extra)), RNG.integers(0, C, (N, *extra))
    check("CrossEntropyLoss", options, z, constants=(y,))
    if not options["label_smoothing"]:
        check("NLLLoss", {k: v for k, v in options.items() if k != "label_smoothing"}, z, constants=(y,))


@pytest.mark.parametrize("options", product(reduction=REDUCTIONS, weight=[None, W], label_smoothing=[0.0, 0.2]))
@pytest.mark.parametrize("extra", [(), (3,)])
def test_cross_entropy_of_probabilities(options: dict[str, Any], extra: tuple[int, ...]) -> None:
    z = RNG.normal(size=(N, C, *extra))
    q = np.moveaxis(RNG.dirichlet(np.ones(C), (N, *extra)), -1, 1)
    check("CrossEntropyLoss", options, z, q)


def test_cross_entropy_of_one_sample() -> None:
    check("CrossEntropyLoss", {}, Z[0], constants=(np.array(2),))


@pytest.mark.parametrize("options", product(reduction=REDUCTIONS, p=[1, 2], margin=[0.5, 1.0], weight=[None, W]))
def test_multi_margin(options: dict[str, Any]) -> None:
    check("MultiMarginLoss", options, Z, constants=(LABELS,))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_multilabel_margin(reduction: str) -> None:
    labels = np.array([[1, 3, -1, 0], [-1, 2, 1, 0], [0, 1, 2, 3], [2, -1, 2, -1], [3, 0, -1, -1]])
    check("MultiLabelMarginLoss", {"reduction": reduction}, Z, constants=(labels,))
    check("MultiLabelMarginLoss", {"reduction": reduction}, Z[0], constants=(labels[0],))


@pytest.mark.parametrize("options", product(reduction=REDUCTIONS, margin=[0.0, 0.4]))
def test_ranking_and_cosine(options: dict[str, Any]) -> None:
    check("MarginRankingLoss", options, Z[:, 0], Y[:, 0], constants=(SIGNS,))
    check("CosineEmbeddingLoss", options, Z, Y, constants=(SIGNS,))


@pytest.mark.parametrize(
    "options", product(reduction=REDUCTIONS, margin=[0.5, 2.0], p=[1.0, 2.0, 3.0], swap=[False, True])
)
def test_triplets(options: dict[str, Any]) -> None:
    check("TripletMarginLoss", options, Z, Y, P)


@pytest.mark.parametrize("options", product(reduction=REDUCTIONS, swap=[False, True]))
def test_triplets_with_distance(options: dict[str, Any]) -> None:
    ours, theirs = nn.TripletMarginWithDistanceLoss(**options), torch.nn.TripletMarginWithDistanceLoss(**options)
    assert_same(ours, theirs, Z, Y, P)


@pytest.mark.parametrize("options", product(reduction=REDUCTIONS, blank=[0, 2], zero_infinity=[False, True]))
def test_ctc(options: dict[str, Any]) -> None:
    x = RNG.normal(size=(7, 3, 5))
    labels = np.array([[1, 1, 3], [3, 4, 0], [4, 1, 1]])
    labels[labels == options["blank"]] = 1
    lengths_in, lengths = np.array([7, 5, 6]), np.array([3, 2, 1])
    log_softmax = nn.functional.log_softmax
    for targets in (labels, np.concatenate([row[:n] for row, n in zip(labels, lengths, strict=True)])):
        assert_same(
            lambda z, t=targets: nn.CTCLoss(**options)(log_softmax(z, 2), t, lengths_in, lengths),
            lambda z, t=targets: torch.nn.CTCLoss(**options)(
                z.log_softmax(2), torch.tensor(t), torch.tensor(lengths_in), torch.tensor(lengths)
            ),
            x,
        )


@pytest.mark.parametrize("options", product(p=[1.0, 2.0, 3.0, float("inf")], keepdim=[False, True]))
def test_distances(options: dict[str, Any]) -> None:
    check("PairwiseDistance", options, Z, Y)


@pytest.mark.parametrize("dim", [0, 1])
def test_cosine_similarity(dim: int) -> None:
    check("CosineSimilarity", {"dim": dim}, Z, Y)
