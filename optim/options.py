"""The options of a parameter group: which there are, and in what range they make sense."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import class_name

Group: TypeAlias = dict[str, Any]
"""A group of parameters: the tensors under "params", and each option of the rule by its name."""

Options: TypeAlias = Mapping[str, Any]
"""The options of a rule by name; the values are numbers, truth values, pairs of numbers, strings or None."""

Closure: TypeAlias = Callable[[], Any]
"""Works out the loss again, with its gradients; what it returns, a step returns."""

Params: TypeAlias = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Group]
"""What an optimizer takes: tensors, (name, tensor) pairs, or groups of options."""

FROM_OTHERS = {"initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr", "name", "param_names"}
"""What schedulers and their users keep in a group beside the rule's own options."""

TORCH_ONLY = {"foreach", "fused", "capturable", "differentiable"}
"""What PyTorch keeps in a group and has no meaning here."""

FLAGS = ("maximize", "nesterov", "amsgrad", "centered", "decoupled_weight_decay")

NUMBERS_OF_OTHERS = ("initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr")

NOT_NEGATIVE = (
    "lr", "eps", "weight_decay", "momentum", "lr_decay", "initial_accumulator_value", "alpha", "momentum_decay"
)  # fmt: skip


def check_group(rule: str, group: Any, defaults: Options) -> Group:
    """The options that ``group`` gives, without its parameters."""
    if not isinstance(group, Mapping) or "params" not in group:
        given = sorted(group) if isinstance(group, Mapping) else class_name(group)
        raise ValueError(f'{rule}: a parameter group must be a dict with "params", not {given}.')
    left_out = {"params", "param_names", *TORCH_ONLY}
    options = {key: value for key, value in group.items() if key not in left_out or key in defaults}
    for key in options.keys() - set(defaults) - FROM_OTHERS:
        meant = difflib.get_close_matches(str(key), defaults, 1, 0.75)
        if meant:  # any other key is kept for its owner, as in PyTorch
            raise ValueError(f"{rule}: unknown option {key!r}; is {meant[0]!r} meant? There are {sorted(defaults)}.")
    return options


def in_order(rule: str, params: Any) -> list[Any]:
    """``params`` as a list; TypeError for what is not an iterable, or one without an order."""
    if isinstance(params, (Tensor, Mapping)) or not isinstance(params, Iterable):
        what = class_name(params)
        raise TypeError(f"{rule}: params must be an iterable of tensors or groups, not one {what}. Fix: [params].")
    if isinstance(params, (set, frozenset)):
        raise TypeError(f"{rule}: parameters must be in an order that is the same tomorrow. Fix: give a list.")
    return list(params)


def named_parameters(rule: str, params: Any) -> tuple[list[Any], list[str]]:
    """The parameters, and their names where they were given as ``(name, tensor)`` pairs."""
    params = in_order(rule, [params] if isinstance(params, Tensor) else params)
    pairs = [isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in params]
    if any(pairs) and not all(pairs):
        raise ValueError(f"{rule}: all parameters of a group must be named, or none.")
    return ([p for _, p in params], [name for name, _ in params]) if any(pairs) else (params, [])


def value_of(measure: Any) -> float:
    """A loss, or another measure of one element, as a number."""
    return float(measure.item() if isinstance(measure, Tensor) else measure)


def number(rule: str, name: str, value: Any) -> float:
    """``value`` as a float; ValueError where it is no number (a text of digits, a truth value and NaN are none)."""
    try:
        if not isinstance(value, (str, bytes, bool, np.bool_)) and not math.isnan(number := float(value)):
            return number
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{rule}: {name}={value!r} is not a number.") from error
    raise ValueError(f"{rule}: {name}={value!r} is not a number.")


def require(rule: str, name: str, value: object, condition: bool, range_: str) -> None:
    """ValueError naming the option where ``condition`` does not hold."""
    if not condition:
        raise ValueError(f"{rule}: {name}={value!r} must {range_}.")


def check_options(rule: str, options: Options) -> None:
    """ValueError for negative rates, decay rates of averages outside [0, 1), and flags that are no truth values."""
    for name in FLAGS:
        if name in options:
            value = options[name]
            require(rule, name, value, isinstance(value, (bool, np.bool_, int)), "be True or False")
    for name in NUMBERS_OF_OTHERS:
        if name in options:
            number(rule, name, options[name])
    for name in NOT_NEGATIVE:
        if name in options:
            require(rule, name, options[name], number(rule, name, options[name]) >= 0, "not be negative")
    if "betas" in options:
        betas = options["betas"]
        pair = isinstance(betas, (tuple, list)) and len(betas) == 2
        require(rule, "betas", betas, pair, "be a pair (β₁, β₂)")
        require(rule, "betas", betas, all(0 <= number(rule, "betas", b) < 1 for b in betas), "lie in [0, 1)")


PLAIN = {float, int, bool, str, tuple, list, type(None)}


def plain(group: Group) -> Group:
    """The options as Python numbers: a NumPy scalar would widen float32 arrays."""
    if PLAIN.issuperset(map(type, group.values())):
        return group
    return {name: value.item() if hasattr(value, "item") else value for name, value in group.items()}
