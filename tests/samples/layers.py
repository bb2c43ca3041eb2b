"""Samples of the primitives of layers and losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array

from nn.distributed import Alone
from samples.call import Call, Calls, elementwise
from samples.special import probability
from strategies import Array, Numbers, axis, complexes, even, generators, odd, positive, real, shapes


@st.composite
def with_settings(draw: st.DrawFn, calls: Calls, **settings: Any) -> Call:
    """Calls whose settings are drawn from those listed."""
    call = draw(calls)
    return Call(call.args, call.params | {name: draw(st.sampled_from(values)) for name, values in settings.items()})


def wide(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Odd multiples of 0.3, which meet neither 0 nor 3, in random order."""
    return np.asarray(3 * odd(rng, shape))


@st.composite
def together(draw: st.DrawFn, *numbers: Numbers) -> Call:
    """Operands of one shape."""
    rng, shape = draw(generators), draw(shapes())
    return Call(tuple(n(rng, shape) for n in numbers), {})


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """−1 and 1."""
    return np.asarray(rng.choice([-1.0, 1.0], shape))


# Layers --------------------------------------------------------------------------------------------------------------

sides = st.integers(1, 3)


@st.composite
def affine(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """x (…, n), weight (m, n), bias (m,)."""
    rng, (m, n) = draw(generators), (draw(sides), draw(sides))
    return Call((numbers(rng, (*draw(shapes(max_dims=2)), n)), numbers(rng, (m, n)), numbers(rng, (m,))), {})


@st.composite
def multiplied(draw: st.DrawFn) -> Call:
    """A dense matrix, and the sparse one that stands before it."""
    rng, (k, m, n) = draw(generators), (draw(sides), draw(sides), draw(sides))
    return Call((real(rng, (n, m)),), {"x": csr_array(real(rng, (k, n)) * (rng.random((k, n)) < 0.7))})


@st.composite
def windows(draw: st.DrawFn, padded: bool = True) -> dict[str, Any]:
    """Size, kernel, stride, dilation and pads along one or two axes, with at least one window along each."""
    axes = []
    for _ in range(draw(st.integers(1, 2))):
        kernel, dilation = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        pads = (draw(st.integers(0, 1)), draw(st.integers(0, 1))) if padded else (0, 0)
        size = dilation * (kernel - 1) + draw(st.integers(1, 3))
        axes.append((size, kernel, draw(st.integers(1, 2)), dilation, pads))
    return dict(zip(("size", "kernel", "stride", "dilation", "pads"), zip(*axes, strict=True), strict=True))


@st.composite
def unfolded(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    place = draw(windows())
    x = numbers(draw(generators), (draw(sides), draw(st.integers(1, 2)), *place.pop("size")))
    return Call((x,), place)


@st.composite
def folded(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    place = draw(windows())
    along = zip(*(place[k] for k in ("size", "kernel", "stride", "dilation", "pads")), strict=True)
    count = np.prod([(n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, d, p in along])
    return Call((numbers(draw(generators), (draw(sides), 2, int(np.prod(place["kernel"])), int(count))),), place)


@st.composite
def convolved(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    rng, place, groups = draw(generators), draw(windows()), draw(st.integers(1, 2))
    filters, channels = groups * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    x = numbers(rng, (draw(st.integers(1, 2)), channels * groups, *place["size"]))
    weight, bias = numbers(rng, (filters, channels, *place["kernel"])), numbers(rng, (filters,))
    return Call((x, weight, bias), {**place, "groups": groups})


@st.composite
def pooled(draw: st.DrawFn) -> Call:
    place = draw(windows(padded=False))
    place.pop("pads")
    return Call((even(draw(generators), (1, 2, *place.pop("size"))),), place)


@st.composite
def standardised(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    x = numbers(draw(generators), draw(shapes(min_dims=1, min_side=2)))
    axes = (draw(axis(x.ndim)),) if draw(st.booleans()) else tuple(range(x.ndim))
    return Call((x,), {"axes": axes, "eps": draw(st.sampled_from([1e-5, 0.5])), "center": draw(st.booleans())})


@st.composite
def normalised(draw: st.DrawFn) -> Call:
    """Rows x (…, n, m) with weights of their shape, or groups of the channels of x (N, C, …) with weights (C,)."""
    rng, groups = draw(generators), draw(st.sampled_from([None, 1, 2]))
    if groups is None:
        own = (draw(sides), draw(st.integers(2, 3)))[draw(st.integers(0, 1)) :]
        shape = (*draw(shapes(max_dims=2)), *own)
    else:
        own = (2 * draw(st.integers(1, 2)),)
        shape = (draw(sides), *own, *draw(shapes(min_dims=1, max_dims=2, min_side=2)))
    settings = {"eps": draw(st.sampled_from([1e-5, 0.5])), "groups": groups, "center": draw(st.booleans())}
    return Call((real(rng, shape), real(rng, own), real(rng, own)), settings)


@st.composite
def batches(draw: st.DrawFn) -> Call:
    """x (N, C, …), weights (C,)."""
    rng, c = draw(generators), draw(sides)
    shape = (draw(st.integers(2, 3)), c, *draw(shapes(max_dims=2)))
    return Call((real(rng, shape), real(rng, (c,)), real(rng, (c,))), {"eps": draw(st.sampled_from([1e-5, 0.5]))})


@st.composite
def steps(draw: st.DrawFn, gates: int, biased: bool, states: int, numbers: Numbers = real, **settings: Any) -> Call:
    """gates (T, N, kH), weight (kH, H), a bias (kH,) or none, and one or two states (N, H)."""
    rng, (t, n, h) = draw(generators), (draw(sides), draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    width = gates * h
    sizes = ((t, n, width), (width, h), *[(width,)] * biased, *[(n, h)] * states)
    chosen = {name: draw(st.sampled_from(values)) for name, values in settings.items()}
    return Call(tuple(0.5 * numbers(rng, size) for size in sizes), chosen)


@st.composite
def attended(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """Queries (…, L, E), keys (…, S, E), values (…, S, D), and no bias or one that hides keys, from some all."""
    rng, lead = draw(generators), draw(shapes(max_dims=2))
    length, keys, width, depth = (draw(sides) for _ in range(4))
    sizes = (length, width), (keys, width), (keys, depth)
    bias = np.where(rng.random((length, keys)) < 0.7, real(rng, (length, keys)), -np.inf)
    params = {"bias": bias if draw(st.booleans()) else None, "scale": draw(st.sampled_from([1.0, 0.5]))}
    return Call(tuple(0.5 * numbers(rng, (*lead, *size)) for size in sizes), params)


# Losses --------------------------------------------------------------------------------------------------------------


@st.composite
def of_classes(draw: st.DrawFn, **settings: Any) -> Call:
    """Logits (N, C), and a class number for each row."""
    rng, (n, c) = draw(generators), (draw(sides), draw(sides))
    return Call((real(rng, (n, c)),), {"target": rng.integers(0, c, n), **settings})


@st.composite
def of_rows(draw: st.DrawFn, targets: Numbers, classes: bool = False) -> Call:
    """Outputs (N, C), targets, and the share that each row has in the loss."""
    rng, (n, c) = draw(generators), (draw(sides), draw(sides))
    target = rng.integers(0, c, n) if classes else targets(rng, (n, c))
    return Call((real(rng, (n, c)),), {"target": target, "share": draw(st.sampled_from([0.5, positive(rng, (n,))]))})


SAMPLES: dict[str, Calls] = {
    # Layers
    "linear":          affine(),
    "sparse_product":  multiplied(),
    "normalised":       normalised(),
    "normalised_batch": batches(),
    "convolution":     convolved(),
    "unfold":          unfolded(),
    "fold":            folded(),
    "max_of_windows":  pooled(),
    "standardised":    standardised(),
    "lstm":            steps(4, False, 2, keep=[True, False]),
    "gru":             steps(3, True, 1, keep=[True, False]),
    "rnn":             steps(1, False, 1, nonlinearity=["tanh"]),
    "attention":       attended(),
    "module_boundary": with_settings(elementwise(real), hook=[lambda g: g]),
    "watched":         with_settings(elementwise(real), watch=[lambda g: g]),
    "scaled_slope":    with_settings(elementwise(real), factor=[1.0]),
    # Activations
    "leaky_relu":      with_settings(elementwise(real), negative_slope=[0.01, 1.5]),
    "prelu":           elementwise(real, real),
    "beyond":          with_settings(elementwise(even), threshold=[0.5]),
    "threshold":       with_settings(elementwise(even), threshold=[0.5], value=[-1.0]),
    "hardtanh":        with_settings(elementwise(even), min_val=[-0.5], max_val=[0.5]),
    "hardswish":       elementwise(wide),
    "hardshrink":      with_settings(elementwise(even), lambd=[0.5]),
    "softshrink":      with_settings(elementwise(even), lambd=[0.5]),
    "elu":             with_settings(elementwise(real), alpha=[1.0, 0.5]),
    "celu":            with_settings(elementwise(real), alpha=[1.0, 0.5]),
    "selu":            elementwise(real),
    "nn.softplus":     with_settings(elementwise(real), beta=[1.0, 2.0], threshold=[20.0, 0.9]),
    "logsigmoid":      elementwise(real),
    "hardsigmoid":     elementwise(wide),
    "silu":            elementwise(real),
    "mish":            elementwise(real),
    "normal_share":    elementwise(real),
    "gelu":            elementwise(real),
    "gelu_tanh":       elementwise(real),
    "softsign":        elementwise(real),
    "tanhshrink":      elementwise(real),
    # Losses
    "sum_of_squares":  together(real, real),
    "hinge":           elementwise(odd),
    "squared_error":   elementwise(real, real),
    "absolute_error":  elementwise(odd, even),
    "huber":           with_settings(elementwise(even), delta=[0.5, 1.1]),
    "smooth_l1":       with_settings(elementwise(even), beta=[0.5, 1.1]),
    "logistic":        elementwise(real, probability),
    "bernoulli":       elementwise(probability, probability),
    "divergence":      elementwise(real, positive),
    "poisson":         elementwise(real, real),
    "gaussian":        with_settings(elementwise(real, real, positive), eps=[1e-6]),
    "soft_margin":     elementwise(real, real),
    "hinge_embedding": with_settings(elementwise(even, signs), margin=[0.5, 1.1]),
    "ranking":         with_settings(elementwise(odd, signs), margin=[0.0, 0.4]),
    "class_cross_entropy":      with_settings(of_classes(), smoothing=[0.0, 0.2]),
    "mean_class_cross_entropy": with_settings(of_classes(), smoothing=[0.0, 0.2]),
    "margins_between_classes":  with_settings(of_classes(), margin=[1.0, 0.3], p=[1, 2]),
    "of_target":                of_classes(),
    "class_log_loss":           of_rows(real, classes=True),
    "binary_log_loss":          of_rows(probability),
    "half_squared_error":       of_rows(real),
    "half_poisson_deviance":    of_rows(positive),
    "sum_over_ranks":           with_settings(elementwise(real), comm=[Alone()]),
}  # fmt: skip

OF_COMPLEX: dict[str, Calls] = {
    "linear":          affine(complexes),
    "convolution":     convolved(complexes),
    "unfold":          unfolded(complexes),
    "fold":            folded(complexes),
    "standardised":    standardised(complexes),
    "lstm":            steps(4, False, 2, complexes, keep=[True, False]),
    "gru":             steps(3, True, 1, complexes, keep=[True, False]),
    "rnn":             steps(1, False, 1, complexes),
    "module_boundary": with_settings(elementwise(complexes), hook=[lambda g: g]),
    "watched":         with_settings(elementwise(complexes), watch=[lambda g: g]),
    "silu":            elementwise(complexes),
    "sum_over_ranks":  with_settings(elementwise(complexes), comm=[Alone()]),
}  # fmt: skip
