"""Derivatives at the awkward points, worked out: ``python tests/conventions.py`` writes the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import autograd_core as ag
import nn

PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"

inf, nan = np.inf, np.nan
HALVES = "torch, JAX, autograd: the same; MyGrad: 1, 0 or 0, 0"
NAN = "torch, JAX, autograd, MyGrad: nan"

# Expressions in x (and y), and where they are differentiated; what other libraries do where that was measured.
CONVENTIONS: dict[str, list[tuple[str, Any, str]]] = {
    "Ties share the derivative": [
        ("np.max(x)", [1.0, 1.0], HALVES),
        ("np.min(x)", [1.0, 1.0, 1.0, 2.0], ""),
        ("np.maximum(x, y)", (0.0, 0.0), HALVES),
        ("np.minimum(x, y)", (0.0, 0.0), ""),
        ("np.fmax(x, y)", (0.0, 0.0), ""),
        ("np.ptp(x)", [1.0, 1.0], ""),
        ("np.clip(x, 0, 1)", [-1.0, 0.0, 0.5, 1.0, 2.0], ""),
        ("np.maximum.accumulate(x)[-1]", [1.0, 1.0, 1.0], ""),
        ("np.linalg.norm(x, inf)", [1.0, -1.0], ""),
    ],
    "Sorting goes by position": [
        ("np.sort(x)[0]", [1.0, 1.0], ""),
        ("np.median(x)", [3.0, 1.0, 2.0, 2.0], ""),
        ("np.quantile(x, 0.25)", [0.0, 1.0, 2.0], ""),
    ],
    "A corner has the middle of its slopes, a step the slope 0": [
        ("np.abs(x)", 0.0, "JAX: 1"),
        ("ag.relu(x)", 0.0, ""),
        ("np.sign(x)", 0.0, ""),
        ("np.heaviside(x, 0.5)", 0.0, ""),
        ("np.floor(x)", 1.0, ""),
        ("np.round(x)", 0.5, ""),
        ("np.copysign(x, 1.0)", 0.0, ""),
        ("np.linalg.norm(x, 1)", [0.0, 1.0], ""),
    ],
    "A cone has the slope 0 at its tip": [
        ("np.linalg.norm(x)", [0.0, 0.0], "JAX, autograd, MyGrad: nan"),
        ("np.hypot(x, y)", (0.0, 0.0), ""),
        ("np.abs(x)", 0j, ""),
        ("np.std(x)", [1.0, 1.0], ""),
        ("np.linalg.norm(x, 'nuc')", [[0.0, 0.0], [0.0, 0.0]], ""),
    ],
    "A pole is infinite": [
        ("np.sqrt(x)", 0.0, "autograd raises on a float"),
        ("np.cbrt(x)", 0.0, ""),
        ("np.log(x)", 0.0, ""),
        ("1 / x", 0.0, ""),
        ("np.arcsin(x)", 1.0, ""),
    ],
    "Removable gaps are removed": [
        ("x**0", 0.0, ""),
        ("x**1", 0.0, ""),
        ("x**2", 0.0, ""),
        ("0.0**x", 0.0, ""),
        ("0.0**x", 2.0, ""),
        ("np.power(x, y)", (0.0, 0.0), ""),
        ("np.sinc(x)", 0.0, ""),
        ("np.arctan2(x, y)", (0.0, 0.0), ""),
        ("np.prod(x)", [2.0, 0.0, 3.0], ""),
        ("np.prod(x)", [0.0, 0.0, 3.0], ""),
        ("np.cumprod(x)[-1]", [2.0, 0.0, 3.0], ""),
        ("np.linalg.det(x)", [[0.0, 0.0], [0.0, 3.0]], ""),
        ("np.var(x)", [1.0], ""),
        ("np.logaddexp(x, y)", (-inf, -inf), ""),
        ("np.logaddexp.reduce(x)", [-inf, -inf], ""),
        ("ag.softmax(x)[0]", [1000.0, -1000.0], ""),
    ],
    "What was not chosen meets no arithmetic": [
        ("np.where(x > 0, np.sqrt(x), 0)", 0.0, NAN),
        ("np.sqrt(x) * 0", 0.0, ""),
        ("np.nansum(x)", [nan, 1.0], ""),
        ("np.nanmax(x)", [nan, 1.0], ""),
        ("np.nanmean(x)", [nan, 1.0, 2.0], ""),
        ("np.nan_to_num(x)", [nan, inf, 1.0], ""),
        ("np.fmax(x, y)", (nan, 1.0), ""),
    ],
    "What is taken from the result ends where the result is rounded": [
        ("np.tanh(x)", 20.0, "torch, JAX: the same"),
        ("ag.sigmoid(x)", 40.0, "torch, JAX: the same"),
        ("ag.special.expit(x)", 40.0, ""),
        ("np.expm1(x)", -40.0, "torch, JAX: 0"),
    ],
    "Repeated eigenvalues and singular values": [
        ("np.sum(np.linalg.eigvalsh(x))", [[1.0, 0.0], [0.0, 1.0]], ""),
        ("np.sum(np.linalg.svd(x, compute_uv=False))", [[1.0, 0.0], [0.0, 1.0]], ""),
    ],
    "Empty and 0-d arrays": [
        ("np.sum(x)", [], ""),
        ("np.prod(x)", [], ""),
        ("np.max(x)", 2.0, ""),
        ("np.concatenate([x, x])", [], ""),
    ],
    "Layers and losses are PyTorch's, but where it answers NaN or hides one": [
        ("F.hardswish(x)", inf, "torch: the same"),
        ("F.hardswish(x)", -inf, "torch: the same"),
        ("F.threshold(x, 0, 0)", nan, "torch: the same"),
        ("F.relu(x)", nan, "torch: 1"),
        ("F.huber_loss(x, np.zeros(1))", [inf], "torch: the same"),
        ("F.l1_loss(x, np.zeros(1))", [nan], "torch: 0"),
        ("F.soft_margin_loss(x, np.ones(1))", [-100.0], "torch: nan"),
        ("F.margin_ranking_loss(x, y, np.ones(1))", ([1.0], [1.0]), "torch: the same"),
        ("F.pairwise_distance(x, y, eps=0)", ([1.0, 2.0], [1.0, 2.0]), "torch: the same"),
        ("F.binary_cross_entropy(x, np.ones(1))", [0.0], "torch: the same"),
        ("F.binary_cross_entropy_with_logits(x, np.ones(1))", [-inf], "torch: the value is nan"),
        ("F.cross_entropy(x, np.array([-100]))", [[1.0, 2.0]], "torch: the same"),
        ("F.cross_entropy(x, np.array([0]), np.array([0, 1]))", [[1.0, 2.0]], "torch: nan"),
        ("F.ctc_loss(x, np.ones((1, 2), int), [2], [2])", [[[0.0, 0.0]], [[0.0, 0.0]]], "torch: nan"),
        (
            "F.scaled_dot_product_attention(x, x, x, np.array([[False]]))",
            [[1.0]],
            "torch: the same; its MultiheadAttention: nan",
        ),
    ],
}


AT_THE_BORDER = """\
## What enters the graph

Arrays keep their dtype. Beside a tensor Python numbers and lists are weak: they take its dtype, and never widen it
(floats beside integers are float64, as NumPy has it); a mask, indices and exponents of `ldexp` stay what they are.
`ag.Tensor([1.5])` on its own has the default dtype. A list that holds tensors is `ag.array` of it, wherever NumPy asks
us; `np.array([[c, -s], [s, c]])` it does not, and is refused: `ag.array`, `ag.r_`, `ag.c_`, `ag.select` and `ag.full`
stand for NumPy's.

What other libraries keep numbers in comes in by its values and in its own dtype, wherever data may enter: Series and
DataFrames (labels are not aligned), arrays of xarray and JAX, tensors of PyTorch, Series of Polars, buffers. Refused by
name are masked elements, missing values, text, dates, records, objects, `np.matrix`, and tensors that PyTorch or JAX
differentiates. A matrix of SciPy's sparse kind is a constant of `A @ t` and `t @ A`. A type that answers both of
NumPy's protocols itself (CuPy's, Dask's) flows through as it is.

A setting (`axis`, the slope of `leaky_relu`, the period of `np.unwrap`) has no derivative: a recorded tensor given
there is refused by name, one of integers, or without a graph, is its value.

## What leaves the graph

Inside `ag.grad`, `vjp`, `jvp`, `jacobian`, `hessian`, `optim.minimize`, `gradcheck` and `trace` a tensor that is being
differentiated refuses to become a Python number: `float(t)`, `complex(t)`, `t.tolist()`, and whatever asks for one from
C (`math.exp(t)`, `out[i] = t` on a plain array, `scipy.integrate.quad`), raise a TypeError. Build arrays with
`np.stack` or `x = x.at[i].set(value)`; `ag.stop_gradient(x).item()` is a constant by intent. `int(t)`, rounding,
comparisons and `bool(t)` are free, for their derivative is zero, and so is everything inside `no_grad()`. A tensor
whose gradient only `backward()` would compute answers `float(t)` with a `GraphLostWarning`, once a line; `t.item()` is
quiet.

A result that does not depend on what it is differentiated by has the derivative zero, and a `NoDependenceWarning`
says so in every transform, `vjp` and `jvp` included; a constant gradient (of a linear function) does depend on the
point. Integers and truth values (`np.argmax`, `np.allclose`) have no derivative: a TypeError.

## Writing

`t += v`, and every other operator in place, means `t = t + v` where `t` was computed, is the argument of a transform,
or where `v` is recorded: other names for the old value keep it (JAX does the same). A leaf is written to inside
`no_grad()` only, and keeps its name. A tensor without history and a plain array are written to in place; a plain array
takes (`a += t`, `out=a`) what has no graph, and refuses what has one. `t[i] = v` is refused on every recorded tensor.

A row keeps the arrays that its derivative needs, not copies of them. A buffer that is overwritten after it was used
(`b[:] = row; s = s + (b @ W).sum()` in a loop) makes the gradient wrong: arrays cannot be versioned for free, so
nothing notices it in an ordinary run. `ag.detect_anomaly()` and `ag.gradcheck` compare checksums and name the row, the
array and the line. Give each use an array of its own.
"""


def page() -> str:
    """The table as Markdown."""
    lines = [
        "# Derivatives at the awkward points",
        "",
        "Written by `python tests/conventions.py`, which differentiates each expression at the point beside it in",
        "reverse mode; forward mode agrees. A result that is an array stands for the sum of its elements. *Elsewhere*",
        "is what other libraries were seen to do, where that was looked at.",
    ]
    for heading, rows in CONVENTIONS.items():
        lines += [
            "",
            f"## {heading}",
            "",
            "| expression | at | value | derivative | elsewhere |",
            "|---|---|---|---|---|",
        ]
        for source, at, elsewhere in rows:
            value, derivatives = worked_out(source, at)
            cells = (f"`{source}`", _point(at), _text(value), ", ".join(map(_text, derivatives)), elsewhere)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", AT_THE_BORDER])


def worked_out(source: str, at: Any) -> tuple[Any, tuple[Any, ...]]:
    """Value and derivatives of an expression; NumPy's warnings about poles are expected."""
    f, points = function(source), arguments(at)
    with np.errstate(all="ignore"):
        value, pullback = ag.vjp(f, *points)
        return value, pullback(np.ones_like(value))


def function(source: str) -> Any:
    return eval(f"lambda x, y=None: {source}", {"np": np, "ag": ag, "F": nn.functional, "inf": inf})


def arguments(at: Any) -> list[Any]:
    return [np.array(a, complex if isinstance(a, complex) else float) for a in (at if isinstance(at, tuple) else (at,))]


def _point(at: Any) -> str:
    names = ("x", "y") if isinstance(at, tuple) else ("x",)
    return ", ".join(f"{name} = {_text(a)}" for name, a in zip(names, arguments(at), strict=True))


def _text(x: Any) -> str:
    if np.ndim(x):
        return f"[{', '.join(map(_text, x))}]"
    return f"{x:g}".replace("inf", "∞").replace("-", "−").replace("−0", "0" if x == 0 else "−0")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
