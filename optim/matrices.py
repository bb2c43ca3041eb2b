"""Rules that see a parameter's rows and columns, and so update each for itself: Adafactor, Muon, SparseAdam."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from autograd_core import Tensor

from .optimizer import Optimizer
from .options import Group, Options, number, require
from .storage import Apart, Clock, Storage

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array

    from .options import Params


class _EachForItself(Optimizer):
    """An optimizer whose parameters keep their shapes."""

    def store(self, params: list[Tensor], options: Options) -> Storage:
        return Apart(params, [self.shapes(p, options) for p in params], self.arrays(options))


class Adafactor(_EachForItself):
    """Adafactor (Shazeer & Stern 2018, algorithms 4 and 5), as in PyTorch: second moments of a matrix from its row
    and column means.

    params, maximize : those of ``Optimizer``
    lr, eps, d, weight_decay : η, (ε₁, ε₂), d, λ
    beta2_decay : how β comes near 1, < 0

        β = 1 − t^beta2_decay         ρ = min(η, 1/√t)         α = max(ε₂, rms p)·ρ
        p ← (1 − ηλ)p
        R ← βR + (1 − β)·mean of g² over columns,  C ← … over rows,  V = R·C / max(mean R, ε₁)      for matrices
        V ← βV + (1 − β)g²                                                                           for vectors
        U = g / max(√V, ε₁)
        p ← p − α·U / max(1, rms U / d)

    eps (ε₁, ε₂): ε₁ is a floor of √V and of the mean of R, not added to anything (the paper adds ε₁ to g²); None is
    the dtype's machine epsilon. ε₂ is the least scale of a parameter. d clips the update; lr η bounds the paper's
    relative step; weight_decay λ is decoupled. Dimensions before the last two count as many matrices.

    Each parameter is updated for itself, so a step takes longer the more parameters there are.

    >>> from autograd_core import Tensor
    >>> w = Tensor([[1.0, 1.0]], requires_grad=True)
    >>> opt = Adafactor([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([[0.9, 0.9]], dtype=float32, requires_grad=True)
    """

    decoupled = None  # the scale of a parameter is measured before it decays

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d}
        super().__init__(params, {**options, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, options: Options) -> None:
        super().check({name: value for name, value in options.items() if name != "eps"})
        eps, d, decay = options["eps"], options["d"], options["beta2_decay"]
        require("Adafactor", "eps", eps, isinstance(eps, (tuple, list)) and len(eps) == 2, "be a pair (ε₁, ε₂)")
        floor = 0 if eps[0] is None else number("Adafactor", "eps", eps[0])
        require("Adafactor", "eps", eps, floor >= 0 and number("Adafactor", "eps", eps[1]) >= 0, "not be negative")
        require("Adafactor", "d", d, number("Adafactor", "d", d) >= 1, "be at least 1")
        decay = number("Adafactor", "beta2_decay", decay)
        require("Adafactor", "beta2_decay", decay, decay <= 0, "not be positive")

    def arrays(self, options: Options) -> dict[str, float]:
        return {"row_var": 0.0, "col_var": 0.0, "variance": 0.0}

    def shapes(self, p: Tensor, options: Options) -> dict[str, tuple[int, ...]]:
        if p.ndim < 2:
            return {"variance": p.shape}
        return {"row_var": (*p.shape[:-1], 1), "col_var": (*p.shape[:-2], 1, p.shape[-1])}

    def update(self, p: Array, g: Array, *moments: Array, clock: Clock, options: Group) -> None:
        t, eps = clock[0], options["eps"]
        floor = np.finfo(p.dtype).eps.item() if eps[0] is None else eps[0]
        rest = t ** options["beta2_decay"]  # 1 − β
        alpha = np.maximum(rms(p), eps[1]) * min(options["lr"], t**-0.5)
        p *= 1 - options["lr"] * options["weight_decay"]
        a, u = self.scratch(p)
        np.multiply(g, g, out=a)
        if len(moments) == 2:
            r, c = moments
            r += rest * (a.mean(axis=-1, keepdims=True) - r)
            c += rest * (a.mean(axis=-2, keepdims=True) - c)
            v = np.multiply(r / np.maximum(r.mean(axis=-2, keepdims=True), floor), c, out=a)
        else:
            (v,) = moments
            a -= v
            a *= rest
            v += a
        root = np.sqrt(v, out=a)
        np.maximum(root, floor, out=root)
        np.divide(g, root, out=u)
        u *= alpha / np.maximum(rms(u) / options["d"], 1.0)
        p -= u


def rms(x: Array) -> AnyArray:
    """The root of the mean square, beside ``x``."""
    flat = x.reshape(-1)
    return np.sqrt(flat @ flat / max(1, x.size))


class Muon(_EachForItself):
    """Muon (Jordan et al. 2024): momentum made orthogonal, for the matrices between the first and the last layer.

    params : those of ``Optimizer``, all of them matrices
    lr, weight_decay, momentum, eps : η, λ, μ, ε
    nesterov : whether the gradient looks ahead
    ns_coefficients, ns_steps : (a, b, c) and how often they are applied
    adjust_lr_fn : what η' is made of

        b ← μb + (1 − μ)g
        u = (1 − μ)g + μb  with Nesterov, else b
        p ← (1 − ηλ)p
        p ← p − η'·NS(u)

    NS(u) ≈ WV^⊤ for u = WSV^⊤: X ← u / max(‖u‖, ε), then ns_steps times X ← aX + (bA + cA²)X with A = XX^⊤ and
    ns_coefficients (a, b, c), a Newton-Schulz iteration that takes all singular values to about 1 (0.7 to 1.2). η'
    is lr η times √max(1, rows/columns) for adjust_lr_fn None or "original", or 0.2·√max(rows, columns) for
    "match_rms_adamw" (Liu et al. 2025). ε keeps the norm from being 0. weight_decay λ is decoupled.

    NS is computed in the parameter's dtype; PyTorch computes it in bfloat16. Raises ValueError for parameters that
    are no matrices (give biases, gains, embeddings and the last layer to `AdamW`). Each parameter is updated for
    itself.

    >>> from autograd_core import Tensor
    >>> w = Tensor([[1.0, 0.0], [0.0, 3.0]], requires_grad=True)
    >>> opt = Muon([w], lr=0.5, weight_decay=0, ns_coefficients=(1.5, -0.5, 0), ns_steps=20)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w                                      # both singular values have moved by lr
    Tensor([[0.5, 0. ],
            [0. , 2.5]], dtype=float32, requires_grad=True)
    """

    numbers = ()
    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        options = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        newton = {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn}
        super().__init__(params, options | newton)

    def check(self, options: Options) -> None:
        super().check(options)
        for i, p in enumerate(options["params"]):
            if p.ndim != 2:
                raise ValueError(
                    f"Muon: parameter {i} of shape {p.shape} is not a matrix. "
                    "Fix: give it to AdamW, as is usual for biases, gains and embeddings."
                )
        coefficients, steps, adjust = (options[name] for name in ("ns_coefficients", "ns_steps", "adjust_lr_fn"))
        triple = isinstance(coefficients, (tuple, list)) and len(coefficients) == 3
        require("Muon", "ns_coefficients", coefficients, triple, "be three numbers")
        for coefficient in coefficients:
            number("Muon", "ns_coefficients", coefficient)
        require("Muon", "ns_steps", steps, isinstance(steps, int) and 0 <= steps < 100, "be a whole number below 100")
        known = (None, "original", "match_rms_adamw")
        require("Muon", "adjust_lr_fn", adjust, adjust in known, 'be "original", "match_rms_adamw" or None')

    def arrays(self, options: Options) -> dict[str, float]:
        return {"momentum_buffer": 0.0}

    def update(self, p: Array, g: Array, b: Array, *, clock: Clock, options: Group) -> None:
        mu, (rows, columns) = options["momentum"], p.shape
        a, u = self.scratch(p)
        b += np.multiply(np.subtract(g, b, out=a), 1 - mu, out=a)
        np.copyto(u, b)
        if options["nesterov"]:
            u += np.multiply(np.subtract(g, u, out=a), 1 - mu, out=a)
        if options["adjust_lr_fn"] == "match_rms_adamw":
            rate = 0.2 * math.sqrt(max(rows, columns))
        else:
            rate = math.sqrt(max(1, rows / columns))
        p -= (options["lr"] * rate) * orthogonal(u, options["ns_coefficients"], options["ns_steps"], options["eps"])


class SparseAdam(_EachForItself):
    """Adam on the rows that have a gradient, for embeddings: the other rows and their moments stand still.

        m ← m + (1 − β₁)(g − m),  v ← v + (1 − β₂)(g² − v),  p ← p − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)

    params, lr, betas, eps, maximize : those of ``Adam``

    As PyTorch's, whose gradients name the rows; here they are those in which some number is not 0. A row is an index of
    the first axis. ε is not divided by √(1 − β₂ᵗ), as it is in ``Adam``.

    >>> from autograd_core import Tensor
    >>> table = Tensor([[1.0], [2.0]], requires_grad=True)
    >>> opt = SparseAdam([table], lr=0.1)
    >>> table[[1]].sum().backward()
    >>> opt.step()
    >>> table
    Tensor([[1. ],
            [1.9]], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def arrays(self, options: Options) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def update(self, p: Array, g: Array, m: Array, v: Array, *, clock: Clock, options: Group) -> None:
        t, (beta1, beta2) = clock[0], options["betas"]
        rest = tuple(range(1, g.ndim))
        moved = np.any(np.not_equal(g, 0), axis=rest, keepdims=True).astype(g.dtype)
        m += (g - m) * ((1 - beta1) * moved)
        v += (g * g - v) * ((1 - beta2) * moved)
        rate = options["lr"] * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        p -= moved * (rate * m / (np.sqrt(v) + options["eps"]))


def orthogonal(u: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """Newton-Schulz iterations on the singular values of ``u``, on the side that makes the smaller products."""
    a, b, c = coefficients
    tall = u.shape[0] > u.shape[1]
    x = u.T if tall else u
    x = x / np.maximum(np.sqrt((x * x).sum()), x.dtype.type(eps))
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.T if tall else x
