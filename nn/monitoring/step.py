"""What is gathered while one step runs, and how the outputs of squashing functions are read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.errors import printable

from ..layers.activations import hardtanh
from .records import Gather

if TYPE_CHECKING:
    from autograd_core.support.types import Args, Array, Settings

    from ..modules.module import Module

_SIGMOID = 1 / (1 + math.exp(-4)) - 0.5  # σ(±4) lies that far from ½; the slope there is 7 % of that at 0
_TANH = math.tanh(2)  # tanh z = 2σ(2z) − 1: the same place on the curve


Layers: TypeAlias = str | type | Iterable[str | type] | None
"""Which layers: a name, a class, or several of them; None: all."""


class Layer:
    """What is gathered of one layer during a step."""

    def __init__(self, name: str, kind: str, order: int, channels_first: bool) -> None:
        self.name, self.kind, self.order, self.channels_first = name, kind, order, channels_first
        self.activation = Gather()
        self.gradient: Gather | None = None
        self.saturated: int | None = None
        self.rectifies = False


class Step:
    """The step that runs now; a row that nobody else needs is not kept for its sake."""

    def __init__(self, sampled: bool) -> None:
        self.sampled = sampled
        self.layers: dict[str, Layer] = {}
        self.nodes: WeakKeyDictionary[Any, Layer] = WeakKeyDictionary()
        self.weights: dict[str, Any] = {}  # copies of the parameters' arrays
        self.live: dict[str, Any] = {}  # the parameters themselves
        self.gradients: dict[str, Any] | None = None
        self.observer: Any = None
        self.ticks = 0

    def tick(self) -> int:
        """Counts up: functions are noted when their module is done, but listed where they were called."""
        self.ticks += 1
        return self.ticks


def _relu(args: Args, params: Settings) -> Any:
    """maximum(x, 0)."""
    return "relu" if not isinstance(args[1], Tensor) and np.ndim(args[1]) == 0 and args[1] == 0 else None


def _hardtanh(args: Args, params: Settings) -> Any:
    return "relu" if params["min_val"] == 0 else (params["min_val"], params["max_val"])


SQUASHING: dict[Any, tuple[str, Any]] = {
    ag.relu.primitive: ("relu", lambda args, params: "relu"),
    ag.maximum.primitive: ("relu", _relu),
    ag.sigmoid.primitive: ("sigmoid", lambda args, params: "sigmoid"),
    ag.tanh.primitive: ("tanh", lambda args, params: "tanh"),
    hardtanh.primitive: ("hardtanh", _hardtanh),
}
"""By primitive: how the layer is called, and what it does to its argument: "relu", or what ``saturated`` needs; None
where it is neither."""


def saturated(data: Array, how: Any) -> int:
    """How many elements have a slope below 7 % of the steepest; ``how``: the function, or where it is cut off."""
    if isinstance(how, tuple):
        return int(np.count_nonzero((data <= how[0]) | (data >= how[1])))
    return int(np.count_nonzero(np.abs(data - 0.5) > _SIGMOID if how == "sigmoid" else np.abs(data) > _TANH))


def norm(array: Array) -> float:
    """√Σ|x|² of an array."""
    flat = np.asarray(array).ravel(order="K")
    with np.errstate(all="ignore"):
        return math.sqrt(abs(np.vdot(flat, flat)))


def check_layers(layers: Layers, named: list[tuple[str, Module]]) -> None:
    """ValueError where a model of these modules has none of what ``layers`` asks for."""
    for wanted in _listed(layers):
        if isinstance(wanted, type):
            known = any(isinstance(module, wanted) for _, module in named)
        else:
            known = isinstance(wanted, str) and wanted.rpartition(".")[0] in {"", *(n for n, _ in named)}
        if not known:
            shown = printable(wanted.__name__) if isinstance(wanted, type) else repr(wanted)
            raise ValueError(f"monitor: layers names {shown}, which the model does not have.")


def chosen(layers: Layers, name: str, kind: type) -> bool:
    """Whether a layer is among those asked for."""
    return any(issubclass(kind, w) if isinstance(w, type) else w == name for w in _listed(layers))


def _listed(layers: Layers) -> Sequence[str | type]:
    return (layers,) if isinstance(layers, (str, type)) else tuple(layers or ())
