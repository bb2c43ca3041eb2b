"""Pictures of what a Monitor gathered, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .report import rows

if TYPE_CHECKING:
    from types import ModuleType

    from matplotlib.axes import Axes

    from autograd_core.support.types import Array

    from .gathering import Monitor
    from .step import Layers


def _pyplot() -> ModuleType:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ModuleNotFoundError(
            'monitor: pictures need matplotlib. Fix: pip install "autograd-core[viz]".', name=error.name
        ) from error
    return plt


def plot_spreads(watch: Monitor, what: str, step: int, layers: Layers, ax: Axes | None) -> Axes:
    """Histograms of a step's layers, each of area 1, over a common axis."""
    record = watch._at(step)
    spreads = {}
    for name, layer in record.layers.items():
        spread = getattr(layer, what)
        if spread is not None and spread.counts.any() and _wanted(layers, name, layer.kind):
            spreads[f"{name or '(model)'} ({layer.kind})"] = spread
    if not spreads:
        seen = [(name, layer.kind) for name, layer in record.layers.items()]
        raise ValueError(
            f"plot_{what}s: step {record.step} has no {what} of layers={layers!r}; layers seen: {seen}."
            + (" Fix: call backward() while the model is watched." if what == "gradient" else "")
        )
    plt = _pyplot()
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    reach = 4 * max(max(abs(s.mean) + s.std for s in spreads.values()), 1e-300)
    low, high = max(min(s.low for s in spreads.values()), -reach), min(max(s.high for s in spreads.values()), reach)
    for colour, (label, spread) in zip(_colours(len(spreads)), spreads.items(), strict=True):
        ax.stairs(spread.density, spread.edges, label=label, color=colour, linewidth=1.4)
    if low < high:
        ax.set_xlim(low, high)
    ax.set_yscale("symlog", linthresh=_threshold(spreads.values())) if _uneven(spreads.values()) else None
    ax.set_xlabel("output" if what == "activation" else "∂loss/∂output")
    ax.set_ylabel("density")
    ax.set_title(f"{'Outputs' if what == 'activation' else 'Back-propagated gradients'} at step {record.step}")
    ax.legend(fontsize="small", title="layer")
    return ax


def _uneven(spreads: Any) -> bool:
    """True where one peak would flatten all the others."""
    peaks = [s.density.max() for s in spreads]
    return max(peaks) > 100 * min(peaks)


def _threshold(spreads: Any) -> float:
    return float(min(s.density.max() for s in spreads)) / 10


def _wanted(layers: Layers, name: str, kind: str) -> bool:
    if layers is None:
        return True
    listed = (layers,) if isinstance(layers, (str, type)) else layers
    return any(kind == w.__name__ if isinstance(w, type) else name == w for w in listed)


def _colours(count: int) -> Array:
    """From dark (the first layer) to light (the last)."""
    plt = _pyplot()
    return plt.get_cmap("viridis")(np.linspace(0, 0.9, count))


def plot_history(watch: Monitor) -> Any:
    """Four panels over the steps; returns matplotlib's Figure."""
    found = [row for record in watch.history for row in rows(record)]
    layers = _columns([row for row in found if "layer" in row], "layer")
    parameters = _columns([row for row in found if "parameter" in row], "parameter")
    matrices = {name: c for name, c in parameters.items() if watch.history[-1].parameters[name].matrix}
    watch._at(-1)
    plt = _pyplot()
    figure, axes = plt.subplots(2, 2, figsize=(11, 7), layout="constrained", sharex=True)
    (norm, updates), (gradients, units) = axes
    steps = [record.step for record in watch.history]
    norm.plot(
        steps, [np.nan if r.grad_norm is None else r.grad_norm for r in watch.history], color="#2563eb", marker="."
    )
    norm.set_title("Norm of all parameter gradients")
    _lines(updates, matrices, "update")
    updates.axhline(1e-3, color="#94a3b8", linestyle="--", linewidth=1)
    updates.set_title("Updates: ‖Δw‖/‖w‖ in a step (dashed: 10⁻³, a usual size)")
    _lines(gradients, layers, "gradient_std")
    gradients.set_title("Back-propagated gradients: standard deviation by layer")
    shares: dict[str, dict[str, Any]] = {}
    for what in ("dead", "saturated"):
        shares |= {
            f"{name} {what}": {**c, "share": c[what]} for name, c in layers.items() if np.isfinite(c[what]).any()
        }
    _lines(units, shares, "share")
    units.set_ylim(-0.02, 1.02)
    units.set_title("Share of dead ReLUs and of saturated outputs")
    for ax in (norm, updates, gradients):
        if any(np.any(np.asarray(line.get_ydata(), float) > 0) for line in ax.lines):
            ax.set_yscale("log")
    for ax in (gradients, units):
        ax.set_xlabel("step")
    return figure


def _columns(found: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(row[key] for row in found)
    chosen = {name: [row for row in found if row[key] == name] for name in names}
    return {
        name: {k: np.array([np.nan if r[k] is None else r[k] for r in own]) for k in own[0] if k not in (key, "kind")}
        for name, own in chosen.items()
    }


def _lines(ax: Axes, columns: dict[str, dict[str, Any]], key: str) -> None:
    shown: Sequence[str] = [name for name, c in columns.items() if np.isfinite(c[key]).any()]
    for colour, name in zip(_colours(len(shown)), shown, strict=True):
        ax.plot(
            columns[name]["step"], columns[name][key], label=name or "(model)", color=colour, marker=".", linewidth=1.2
        )
    if shown:
        ax.legend(fontsize="x-small", ncols=1 + len(shown) // 9)
    else:
        ax.text(0.5, 0.5, "nothing seen", ha="center", va="center", transform=ax.transAxes, color="#64748b")
