"""Optimizers that others write: a ``step`` of their own, and whatever they keep in ``self.state[p]``.

They keep it as PyTorch's do, in a dict for each parameter; the rules of this package keep flat arrays instead.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name
from autograd_core.support import states

from .options import TORCH_ONLY

if TYPE_CHECKING:
    from autograd_core.support.types import ArrayLike, State, StateDict

    from .optimizer import Optimizer


def state_dict(optimizer: Optimizer, own: Mapping[Tensor, StateDict]) -> StateDict:
    """The state of an optimizer with a ``step`` of its own, parameters numbered through."""
    groups, numbers = [], {id(p): i for i, p in enumerate(optimizer.parameters())}
    for group in optimizer.param_groups:
        options = {key: value for key, value in group.items() if key != "params"}
        groups.append({**options, "params": [numbers[id(p)] for p in group["params"]]})
    return {"state": {numbers[id(p)]: content for p, content in own.items() if content}, "param_groups": groups}


def load_state_dict(optimizer: Optimizer, own: dict[Tensor, StateDict], state_dict: State) -> None:
    """Take such a state over: copies, and nothing where the groups do not fit (ValueError)."""
    what = f"{class_name(optimizer)}.load_state_dict"
    content = states.mapping(what, state_dict, ("state", "param_groups"))
    saved = states.listed(what, content["param_groups"], len(optimizer.param_groups))
    for group, new in zip(optimizer.param_groups, saved, strict=True):
        if len(new["params"]) != len(group["params"]):
            raise ValueError(f"{what}: a group of {len(new['params'])} parameters for {len(group['params'])}.")
    of_number: dict[int, Tensor] = {}
    for group, new in zip(optimizer.param_groups, saved, strict=True):
        of_number.update(zip(new["params"], group["params"], strict=True))
        group.update({key: value for key, value in new.items() if key != "params"})
    own.clear()
    for number, entry in content["state"].items():
        own[of_number[number]] = {name: _copied(value, of_number[number]) for name, value in entry.items()}


def _copied(value: ArrayLike, parameter: Tensor) -> Any:
    """An array of the parameter's shape comes in as a tensor of its dtype; anything else as a copy."""
    if isinstance(value, (Tensor, np.ndarray)) and np.shape(value) == parameter.shape and parameter.ndim:
        array = value._data if isinstance(value, Tensor) else value
        tensor = parameter.detach()
        tensor._data = array.astype(parameter.dtype, copy=True)
        return tensor
    return copy.deepcopy(value)


def accepting_torch_only(constructor: Callable[..., None]) -> Callable[..., None]:
    """A rule's constructor that takes PyTorch's settings of how a step is computed: they change no number.

    ``differentiable=True`` would, and is refused.
    """

    @functools.wraps(constructor)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if TORCH_ONLY.isdisjoint(kwargs):
            return constructor(self, *args, **kwargs)
        if kwargs.get("differentiable"):
            raise ValueError(
                f"{class_name(self)}: differentiable=True: a step is not recorded here. "
                "Fix: write the update as a formula of tensors, w = w - lr * g."
            )
        return constructor(self, *args, **{key: value for key, value in kwargs.items() if key not in TORCH_ONLY})

    return __init__
