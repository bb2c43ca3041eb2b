"""The programs of one network that a page runs: a training step, a look at every layer, a gradient of the input."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import autograd_core as ag
import optim
from autograd_core.programs.js.text import Text

from ..functional import cross_entropy
from ..layers.linear import Linear
from ..modules.containers import Sequential

if TYPE_CHECKING:
    from autograd_core.support.types import Array

GRID = 40
"""Points of the plane in each direction, at which neurons are shown."""


class Printed(NamedTuple):
    """A network's programs as functions of JavaScript, and what the page must know of it."""

    sizes: list[int]
    kinds: list[str]
    parameters: dict[str, list[float]]
    functions: dict[str, str]
    own: dict[str, Any] | None = None


def with_step(found: Printed, step: Any, model: Any) -> Printed:
    """The same, trained by the user's own recorded step of examples and their classes."""
    record = step.record
    text = Text(record, step)
    shapes: list[tuple[int, ...]] = [np.shape(a) for a in record.inputs]
    if text.parts.draws or len(shapes) != 2 or shapes[0][1:] != (found.sizes[0],) or shapes[1] != shapes[0][:1]:
        drawn = f" and draws random numbers by {text.parts.draws[0]}" if text.parts.draws else ""
        raise ValueError(
            f"playground: the step takes arrays of {shapes}{drawn}. "
            f"Fix: a step of x (batch, {found.sizes[0]}) and y (batch,) alone, without dropout."
        )
    names = {id(tensor): name for name, tensor in record.owners.tensors}
    known = {name for name, _, _ in text.tensors()}
    dense = [layer for layer in model if isinstance(layer, Linear)]
    keys = [[names.get(id(p), "") for p in (layer.weight, layer.bias)] for layer in dense]
    if not all(key in known for pair in keys for key in pair):
        raise ValueError("playground: the step does not train this model. Fix: give the model that the step trains.")
    rates = [number for number in text.numbers() if number.endswith("['lr']")]
    own = {
        "x": record.names[0],
        "y": record.names[1],
        "batch": shapes[0][0],
        "weights": [key for key, _ in keys],
        "biases": [key for _, key in keys],
        "rate": text.numbers()[rates[0]] if rates else None,
    }
    return found._replace(functions={**found.functions, "own": text.function}, own=own)


def printed(model: Any, batch: int, validation: int, rate: float = 0.03) -> Printed:
    """The programs of a Sequential of linear layers and activations, of two inputs or of the pixels of an image.

    batch : the most examples of a step; each has a share of the loss, 0 where the page takes fewer
    validation : how many examples a look sees, beside the points of the plane or the drawn image
    """
    layers = list(model) if isinstance(model, Sequential) else []
    linear = [isinstance(layer, Linear) for layer in layers]
    paired = any(not a and not b for a, b in itertools.pairwise(linear))
    others = [layer for layer in layers if not isinstance(layer, Linear)]
    if not layers or not linear[0] or not linear[-1] or paired or any(list(layer.parameters()) for layer in others):
        raise TypeError(
            "playground: the model must be an nn.Sequential of nn.Linear, with at most one activation without "
            "parameters between two. Fix: bring it into that form, or write its step by to_js."
        )
    if any(layer.bias is None for layer in layers if isinstance(layer, Linear)):
        raise TypeError("playground: each nn.Linear needs its bias. Fix: bias=True.")
    model = copy.deepcopy(model).eval()  # what is recorded is run, and that changes weights and gradients
    layers = list(model)
    dense = [layer for layer in layers if isinstance(layer, Linear)]
    inputs = dense[0].in_features
    state = {name: np.array(value) for name, value in model.state_dict().items()}
    rows = (GRID * GRID if inputs == 2 else 1) + validation
    functions = _functions(model, layers, dense, (batch, rows), rate)
    parameters = {f"model.{name}": value.ravel().tolist() for name, value in state.items()}
    kinds = [type(layer).__name__.lower() for layer in layers]
    return Printed([inputs, *(layer.out_features for layer in dense)], kinds, parameters, functions)


def _functions(model: Any, layers: list[Any], dense: list[Any], sizes: tuple[int, int], rate: float) -> dict[str, str]:
    optimizer = optim.SGD(model.parameters(), lr=rate)
    batch, rows = sizes
    inputs, classes = dense[0].in_features, dense[-1].out_features
    dtype = dense[0].weight.dtype
    x, y = np.zeros((batch, inputs), dtype), np.arange(batch) % classes
    share = np.full(batch, 1 / batch, dtype)

    def step(x: Array, y: Array, share: Array, l1: float, l2: float) -> Any:
        optimizer.zero_grad()
        values, value = [], ag.Tensor(x)
        for layer in layers:
            value = layer(value)
            value.retain_grad()
            values.append(value)
        error = (cross_entropy(value, y, reduction="none") * share).sum()
        size = sum((abs(layer.weight).sum() * l1 + (layer.weight * layer.weight).sum() * (l2 / 2)) for layer in dense)
        (error + size).backward()
        optimizer.step()
        return error.data, [v.data for v in values], [v.grad for v in values]

    def look(x: Array) -> Any:
        with ag.no_grad():
            values, value = [], x
            for layer in layers:
                value = layer(value)
                values.append(value.data)
            return values

    def explain(x: Array, chosen: Array) -> Any:
        return ag.grad(lambda x: (model(x) * chosen).sum())(x).data

    found = {}
    given: dict[Any, tuple[Any, ...]] = {step: (x, y, share, 0.001, 0.001), look: (np.zeros((rows, inputs), dtype),)}
    if inputs != 2:
        given[explain] = np.zeros((1, inputs), dtype), np.zeros((1, classes), dtype)
    for function, arguments in given.items():
        compiled = ag.compile(function)
        for _ in range(4):
            compiled(*arguments)
        found[function.__name__] = Text(compiled.record, function, values=False).function
    return found
