"""What a state_dict must be to fit an optimizer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name
from autograd_core.support import states

from .options import TORCH_ONLY, Group, Options

if TYPE_CHECKING:
    from autograd_core.engine.tensor import Tensor
    from autograd_core.support.types import State, StateDict

    from .optimizer import Optimizer

NEWER = {"maximize", "decoupled_weight_decay"}
"""Options that state_dicts of older releases lack."""


def checked_groups(optimizer: Optimizer, state_dict: State) -> tuple[list[Group], list[dict[int, State]]]:
    """New parameter groups, and for each group {position: what is given as state}; ValueError where they do not fit."""
    what = f"{class_name(optimizer)}.load_state_dict"
    content = states.mapping(what, state_dict, ("state", "param_groups"))
    saved = [states.mapping(f"{what}: a group", g, ("params",)) for g in states.listed(what, content["param_groups"])]
    numbers = [states.listed(f"{what}: params of a group", g["params"]) for g in saved]
    own, sizes = [len(g["params"]) for g in optimizer.param_groups], [len(n) for n in numbers]
    if sizes != own:
        raise ValueError(f"{what}: groups of {sizes} parameters for {own}.")
    all_numbers = [states.whole(f"{what}: the number of a parameter", n) for group in numbers for n in group]
    state = states.mapping(f"{what}: state", content["state"])
    strange = [key for key in state if key not in all_numbers]
    if strange or len(set(all_numbers)) < len(all_numbers):
        raise ValueError(f"{what}: the state of parameters {list(state)}, but parameters are numbered {all_numbers}.")
    groups: list[Group] = []
    entries: list[dict[int, State]] = []
    for group, new, positions in zip(optimizer.param_groups, saved, numbers, strict=True):
        groups.append(_merged(what, optimizer, group, new))
        parts = {
            i: states.mapping(f"{what}: state of parameter {n}", state.get(n, {})) for i, n in enumerate(positions)
        }
        found = {i: {name: v for name, v in part.items() if v is not None} for i, part in parts.items()}
        entries.append({i: part for i, part in found.items() if part})
    return groups, entries


def _merged(what: str, optimizer: Optimizer, group: Options, new: Options) -> dict[str, Any]:
    """``group`` with the options of ``new``, all of which make sense."""
    missing = set(optimizer.defaults) - set(new) - NEWER
    if missing:
        raise ValueError(f"{what}: options {sorted(missing)} are missing; is it the state of another rule?")
    kept = {key: value for key, value in new.items() if key not in TORCH_ONLY}
    for name, value in kept.items():
        if name in optimizer.defaults:
            states.alike(f"{what}: {name}", optimizer.defaults[name], value)
    if "param_names" in kept:
        names = states.listed(f"{what}: param_names", kept["param_names"], len(group["params"]))
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"{what}: param_names must be strings.")
    merged = {**group, **kept, "params": group["params"]}
    optimizer.check(merged)
    return merged


def checked_state(optimizer: Optimizer, state_dict: State) -> tuple[list[Group], list[dict[int, StateDict]]]:
    """New parameter groups, and for each group {position: state}, copies; ValueError where they do not fit."""
    what = f"{class_name(optimizer)}.load_state_dict"
    groups, entries = checked_groups(optimizer, state_dict)
    checked = []
    for group, parts, saved in zip(groups, entries, state_dict["param_groups"], strict=True):
        named = {i: f"of parameter {saved['params'][i]}" for i in parts}
        checked.append({i: _entry(what, named[i], e, optimizer, group, group["params"][i]) for i, e in parts.items()})
    return groups, checked


def _entry(what: str, whose: str, entry: State, optimizer: Optimizer, group: Options, p: Tensor) -> dict[str, Any]:
    """What the rule keeps of parameter ``p``, taken from ``entry``."""
    shapes = optimizer.shapes(p, group)
    for name, shape in [*((name, "one number") for name in optimizer.numbers), *shapes.items()]:
        if name not in entry:
            raise ValueError(f"{what}: {name} {whose}: nothing for {shape}.")
    counted = {
        name: states.real(f"{what}: {name} {whose}", entry[name], 0 if name == "step" else -math.inf, name == "step")
        for name in optimizer.numbers
    }
    return counted | {n: states.array(f"{what}: {n} {whose}", entry[n], shape, p.dtype) for n, shape in shapes.items()}
