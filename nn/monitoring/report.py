"""A sampled step in words: flat rows, a table, and sentences that name what is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import printable
from autograd_core.support.columns import aligned

from .records import LayerRecord, ParameterRecord, Spread, StepRecord

if TYPE_CHECKING:
    from autograd_core.support.types import Fields

DEAD = 0.1  # a share of dead units from which on it is named
SATURATED = 0.5  # and of saturated outputs
FAR = 1e3  # how many times a gradient may shrink or grow on its way back from the last layer
LARGE, SMALL = 0.1, 1e-7  # ‖Δw‖/‖w‖ of a matrix in one step; around 10⁻³ is usual


class Report(str):
    """Text that a prompt shows as it stands."""

    __slots__ = ()
    __repr__ = str.__str__


def rows(record: StepRecord) -> list[Fields]:
    """Flat rows, all with the same keys for layers, and for parameters."""
    found: list[dict[str, Any]] = []
    for name, layer in record.layers.items():
        row = {"step": record.step, "layer": name, "kind": layer.kind}
        row |= _flat("activation", layer.activation) | _flat("gradient", layer.gradient)
        found.append(row | {"dead": layer.dead, "saturated": layer.saturated})
    for name, p in record.parameters.items():
        row = {"step": record.step, "parameter": name, "norm": p.norm} | _flat("gradient", p.gradient)
        found.append(row | {"update": p.update, "grad_norm": record.grad_norm})
    return found


def _flat(what: str, spread: Spread | None) -> Fields:
    names = ("mean", "std", "min", "max", "norm", "nonfinite")
    return {f"{what}_{name}": None if spread is None else getattr(spread, name) for name in names}


def trouble(record: StepRecord, history: Sequence[StepRecord]) -> list[str]:
    """Sentences about a step; ``history`` tells since when there are NaNs."""
    found: list[str] = []
    norms = [layer.gradient.norm for layer in record.layers.values() if layer.gradient]
    last = norms[-1] if norms else 0.0
    for name, layer in record.layers.items():
        found += [
            f"layer {printable(name) or '(model)'}: {text}" for text in _of_layer(name, layer, last, record, history)
        ]
    trained = any(p.gradient for p in record.parameters.values())
    for name, p in record.parameters.items():
        found += [f"parameter {printable(name)}: {text}" for text in _of_parameter(p, trained)]
    return found


def _of_layer(
    name: str, layer: LayerRecord, last: float, record: StepRecord, history: Sequence[StepRecord]
) -> list[str]:
    found = []
    for what, spread in (("outputs", layer.activation), ("gradients", layer.gradient)):
        if spread is not None and spread.nonfinite:
            first = next((r.step for r in history if _nonfinite(r, name, what)), record.step)
            found.append(
                f"{_share(spread.nonfinite / spread.size)} of its {what} are NaN or infinite, since step {first}"
            )
    if layer.dead is not None and layer.dead >= DEAD:
        found.append(f"{_share(layer.dead)} dead ReLUs")
    if layer.saturated is not None and layer.saturated >= SATURATED:
        found.append(f"{_share(layer.saturated)} of its outputs are saturated")
    if layer.activation.std == 0 and layer.activation.size > 1 and layer.dead != 1:
        found.append(f"all its outputs are {number(layer.activation.mean)}")
    if layer.gradient is not None and last > 0:
        size = layer.gradient.norm
        if size == 0:
            found.append("the gradient that comes back is zero everywhere")
        elif size * FAR < last:
            found.append(f"gradients vanish: {_times(last / size)} times smaller than at the last layer")
        elif size > last * FAR:
            found.append(f"gradients explode: {_times(size / last)} times larger than at the last layer")
    return found


def _nonfinite(record: StepRecord, name: str, what: str) -> bool:
    layer = record.layers.get(name)
    spread = None if layer is None else layer.activation if what == "outputs" else layer.gradient
    return spread is not None and spread.nonfinite > 0


def _of_parameter(p: ParameterRecord, trained: bool) -> list[str]:
    found = []
    if p.gradient is None:
        found += ["no gradient comes to it"] if trained and p.trained else []
    elif p.gradient.nonfinite:
        found.append(f"{_share(p.gradient.nonfinite / p.gradient.size)} of its gradient is NaN or infinite")
    if p.update is not None and p.matrix and p.gradient is not None:
        if p.update > LARGE:
            found.append(f"one step changes it by {_share(p.update)}; the learning rate may be too high")
        elif p.update < SMALL:
            found.append(f"it hardly moves ({number(p.update)} of its norm in a step)")
    return found


def report(record: StepRecord, sentences: list[str]) -> Report:
    """The table of a step."""
    norm = "" if record.grad_norm is None else f", gradient norm {number(record.grad_norm)}"
    lines = [f"step {record.step}{norm}", ""]
    table: list[tuple[str, ...]] = [
        ("layer", "kind", "output mean", "std", "gradient mean", "std", "dead", "saturated"),
    ]
    for name, layer in record.layers.items():
        shares = _share(layer.dead), _share(layer.saturated)
        table.append((name or "(model)", layer.kind, *_two(layer.activation), *_two(layer.gradient), *shares))
    lines += aligned(table, [False] * 2 + [True] * 6)
    if record.parameters:
        table = [("parameter", "norm", "gradient mean", "std", "norm", "update/norm")]
        for name, p in record.parameters.items():
            norms = number(p.gradient and p.gradient.norm), number(p.update)
            table.append((name, number(p.norm), *_two(p.gradient), *norms))
        lines += ["", *aligned(table, [False] + [True] * 5)]
    lines += ["", *(f"! {sentence}" for sentence in sentences)] if sentences else []
    return Report("\n".join(lines))


def _two(spread: Spread | None) -> tuple[str, str]:
    return (number(None), number(None)) if spread is None else (number(spread.mean), number(spread.std))


def number(value: float | None) -> str:
    """Three significant digits; – where nothing is known."""
    return "–" if value is None else f"{value:.3g}".replace("-", "−")


def _times(ratio: float) -> str:
    """A large ratio with two significant digits."""
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio < 1e9 else number(ratio)


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 1 %" if 0 < value < 0.005 else f"{value:.0%}".replace("%", " %") if math.isfinite(value) else "–"
