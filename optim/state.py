"""What a state_dict must be to fit an optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .options import TORCH_ONLY

if TYPE_CHECKING:
    from .optimizer import Optimizer

NEWER = {"maximize", "decoupled_weight_decay"}
"""Options that state_dicts of older releases lack."""


def checked_state(
    optimizer: Optimizer, state_dict: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[int, dict[str, Any]]]]:
    """New parameter groups, and for each group {position: state}; ValueError where they do not fit."""
    what = f"{type(optimizer).__name__}.load_state_dict"
    if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
        raise ValueError(f'{what}: a dict with "state" and "param_groups" is expected.')
    old, saved, state = optimizer.param_groups, state_dict["param_groups"], state_dict["state"]
    sizes, given = [len(g["params"]) for g in old], [len(g["params"]) for g in saved]
    if given != sizes:
        raise ValueError(f"{what}: groups of {given} parameters for {sizes}.")
    groups: list[dict[str, Any]] = []
    states: list[dict[int, dict[str, Any]]] = []
    for group, new in zip(old, saved, strict=True):
        missing = set(optimizer.defaults) - set(new) - NEWER
        if missing:
            raise ValueError(f"{what}: options {sorted(missing)} are missing; is it the state of another rule?")
        kept = {key: value for key, value in new.items() if key not in TORCH_ONLY}
        merged = {**group, **kept, "params": group["params"]}
        groups.append(merged)
        entries = {i: {k: v for k, v in state.get(n, {}).items() if v is not None} for i, n in enumerate(new["params"])}
        states.append({i: entry for i, entry in entries.items() if entry})
        for i, entry in states[-1].items():
            check_entry(what, new["params"][i], entry, optimizer, merged, group["params"][i])
    return groups, states


def check_entry(
    what: str, n: int, entry: Mapping[str, Any], optimizer: Optimizer, group: Mapping[str, Any], p: Any
) -> None:
    """ValueError where the state of parameter number ``n`` lacks something or has another shape."""
    for name in optimizer.numbers:
        if name not in entry or np.shape(entry[name]) != ():
            found = np.shape(entry[name]) if name in entry else "nothing"
            raise ValueError(f"{what}: {name} of parameter {n}: {found} for one number.")
    for name, shape in optimizer.shapes(p, group).items():
        if name not in entry or np.shape(entry[name]) != shape:
            found = np.shape(entry[name]) if name in entry else "nothing"
            raise ValueError(f"{what}: {name} of parameter {n}: {found} for {shape}.")
