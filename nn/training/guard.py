"""A step whose loss or gradients are not finite is undone, and seen again under watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor, default_generator
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import hosted
from autograd_core.watching.anomaly import find_anomaly

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray


class NotFinite(Exception):
    """The step was given up before anything was updated."""


class Guard:
    """What a forward pass changes beside its result: buffers (running statistics) and random generators."""

    def __init__(self, buffers: Iterable[Tensor], generators: Mapping[str, np.random.Generator]) -> None:
        self.buffers = list(buffers)
        self.generators = list({id(g): g for name, g in generators.items() if name != "default"}.values())
        self.mark()

    def mark(self) -> None:
        """Remember how things are before the step."""
        self._values = [buffer._data.copy() for buffer in self.buffers]
        self._states = [(g, g.bit_generator.state) for g in (default_generator(), *self.generators)]

    def rewind(self) -> None:
        """Make things as they were at the mark."""
        for buffer, value in zip(self.buffers, self._values, strict=True):
            buffer._data[...] = value
        for generator, state in self._states:
            generator.bit_generator.state = state


def check_gradients(parameters: Iterable[Tensor]) -> None:
    """Raise NotFinite where a gradient holds NaN or infinity.

    The sum of all squares is finite only if every element is, and costs a quarter of asking each; where it is not (it
    may have overflowed), each is asked.
    """
    total, found = 0.0, []
    for p in parameters:
        grad = p.grad
        if grad is not None:
            flat = grad._data.ravel("K")
            total += flat.dot(flat)
            found.append(flat)
    if not np.isfinite(total) and not all(np.isfinite(flat).all() for flat in found):
        raise NotFinite("a gradient is NaN or infinite")


def what_is_not_finite(batch: Iterable[AnyArray]) -> str:
    """A sentence on NaN and infinity in the batch itself; empty where there are none."""
    found = []
    for i, array in enumerate(batch):
        values = hosted(bare(array))
        if values.dtype.kind in "fc" and (bad := int((~np.isfinite(values)).sum())):
            found.append(f"part {i} ({values.dtype} {values.shape}) holds {bad}")
    return f"The batch itself has values that are not finite: {'; '.join(found)}." if found else ""


def watched(step: Callable[[], Any]) -> str:
    """What the anomaly watch says of a step that is run again."""
    try:
        report = find_anomaly(step)
    except Exception as error:
        return f"(The step could not be seen again: {class_name(error)}: {error})"
    return "(Seen again, every operation was finite.)" if report is None else str(report)
