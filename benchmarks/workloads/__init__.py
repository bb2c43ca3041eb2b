"""The workloads, one a file, and what every file holds.

A workload is a module with

- one small function per peer, bearing the peer's name, that builds the peer's side and returns a `Trial`;
- `ABSENT`: why a peer has no function here (the table's footnote);
- `DTYPE`: what everything is computed in, which also sets the tolerance for agreement;
- `METRICS`: {name: unit}, and `measure(trial)` that returns one round's values (None or left out: not taken
  in this round). Where needed, `ROUNDS`: at most so many; `ABSOLUTE`: metrics that are no ratio to PyTorch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

WORKLOADS = (
    "scalar_chain",
    "small_chain",
    "logistic_nll",
    "mlp_small",
    "mlp_middle",
    "conv_small",
    "lstm",
    "attention",
    "gpt",
    "optimizer_step",
    "estimators",
    "deep_chain",
    "memory",
    "natural_chain",
    "import_time",
)
PEERS = (
    "torch_eager",
    "ours",
    "ours_replayed",
    "ours_llvm",
    "numpy",
    "torch_fused",
    "torch_compile",
    "jax_jit",
    "autograd",
    "mygrad",
    "micrograd",
    "sklearn",
)
BACKENDS = {"ours_replayed": "numpy", "ours_llvm": "llvm"}
"""Ours again, its step through `ag.compile`, in workloads that say ``COMPILED = True``."""

REFERENCES = ("numpy", "torch_eager", "ours")  # the first that runs says what the losses should be
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}

ONLY_SCALARS = "differentiates Python scalars only"
ONLY_ESTIMATORS = "an estimator, not an autodiff engine"
NO_OPTIMIZER = "no optimizer in this workload"


_backend: list[str] = []


def compiled(step: Callable[..., Any]) -> Callable[..., Any]:
    """``step``, compiled where a compiled peer is built."""
    if not _backend:
        return step
    import autograd_core as ag

    return ag.compile(step, backend=_backend[-1])


def builder(module: Any, peer: str) -> Callable[[], "Trial"] | None:
    """What builds a peer's side of a workload; None where nothing does."""
    if peer not in BACKENDS:
        return getattr(module, peer, None)
    if not getattr(module, "COMPILED", False):
        return None

    def build() -> Trial:
        _backend.append(BACKENDS[peer])
        return module.ours()

    return build


@dataclass
class Trial:
    """One peer, built and ready: `step()` is what is timed, `figures()` the losses and gradients to be compared."""

    step: Callable[..., Any]
    figures: Callable[[], Sequence[Any]]
    state: dict[str, Any] = field(default_factory=dict)  # what `measure` remembers from round to round


def seconds_per_step(step: Callable[[], Any], repeat: int) -> float:
    """Return the mean time of `repeat` steps; the mean, because a collector's pauses belong to the price."""
    for _ in range(max(1, repeat // 10)):  # the other peers' rounds have just emptied the caches
        step()
    start = perf_counter()
    for _ in range(repeat):
        step()
    return (perf_counter() - start) / repeat
