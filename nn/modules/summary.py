"""A model at a glance: each module's output shape and number of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import autograd_core as ag
from autograd_core import get_default_dtype
from autograd_core.engine.errors import class_name
from autograd_core.support.modes import modes_of, restoring

from .module import Module

if TYPE_CHECKING:
    from autograd_core.support.types import Args, DTypeLike


class Row(NamedTuple):
    """One module: its path, its class, the shape (or shapes) it put out, and what it owns itself."""

    path: str
    kind: str
    output_shape: Any
    parameters: int


class Summary(NamedTuple):
    """What ``summary`` found; ``str`` makes a table of it.

    total_params, trainable_params : numbers, each shared parameter once; total_bytes : their memory
    """

    rows: list[Row]
    total_params: int
    trainable_params: int
    total_bytes: int

    def __str__(self) -> str:
        from autograd_core.support.columns import aligned

        table = [("module", "class", "output shape", "parameters")]
        for row in self.rows:
            shape = "–" if row.output_shape is None else str(row.output_shape)
            table.append((row.path or "(model)", row.kind, shape, f"{row.parameters:,}"))
        lines = aligned(table, (False, False, False, True))
        lines.append(
            f"{self.total_params:,} parameters ({self.trainable_params:,} trainable), {self.total_bytes:,} bytes"
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def summary(model: Module, input_shape: Any = None, dtype: DTypeLike = None, input: Any = None) -> Summary:
    """Run the model once on zeros and list its modules in order, with output shapes and parameter counts.

    input_shape : of the whole input, batch axis included; a list of shapes for several inputs; or an example
    dtype       : of the zeros (default: the first floating parameter's)
    input       : instead of zeros, this input, or tuple of inputs (for class numbers, for example)

    The pass is made in eval mode and without recording; running statistics, modes and hooks are as before at the end.

    >>> import nn
    >>> nn.summary(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)), (8, 4))
    module   class       output shape  parameters
    ───────  ──────────  ────────────  ──────────
    (model)  Sequential  (8, 1)                 0
    0        Linear      (8, 3)                15
    1        ReLU        (8, 3)                 0
    2        Linear      (8, 1)                 4
    19 parameters (19 trainable), 76 bytes
    """
    if hasattr(input_shape, "dtype") and np.ndim(input_shape) and input is None:
        input_shape, input = None, input_shape
    if (input_shape is None) == (input is None):
        raise ValueError("summary: give either input_shape or input.")
    if input is None:
        dtype = dtype or next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), get_default_dtype())
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        inputs = tuple(np.zeros(shape, dtype) for shape in shapes)
    else:
        inputs = input if isinstance(input, tuple) else (input,)
    found: dict[int, Any] = {}

    def note(module: Module, args: Args, output: Any) -> None:
        found[id(module)] = _shape(output)

    def run() -> None:
        for module in model.modules():
            module.register_forward_hook(note)
        model.eval()
        with ag.no_grad():
            model(*inputs)

    def forget() -> None:
        for module in model.modules():
            hooks = module._own_hooks().forward
            for key in [key for key, (hook, *_) in hooks.items() if hook is note]:
                del hooks[key]

    restoring(run, modes_of(model), forget)
    counted: set[int] = set()
    rows = []
    for path, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if id(p) not in counted]
        counted.update(map(id, own))
        rows.append(Row(path, class_name(module), found.get(id(module)), sum(p.size for p in own)))
    parameters = list(model.parameters())
    trainable = sum(p.size for p in parameters if p.requires_grad)
    return Summary(rows, sum(p.size for p in parameters), trainable, sum(p._data.nbytes for p in parameters))


def _shape(output: Any) -> Any:
    if hasattr(output, "shape"):
        return tuple(output.shape)
    if isinstance(output, (tuple, list)):
        return [_shape(item) for item in output]
    return {key: _shape(item) for key, item in output.items()} if isinstance(output, dict) else None
