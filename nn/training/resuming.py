"""Everything that changes while a trainer trains, as one structure of numbers and arrays; and back."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import default_generator
from autograd_core.support import random, states
from autograd_core.support.arrays import brought

from ..modules.module import Module
from ..modules.states import state
from .sums import Sums

if TYPE_CHECKING:
    from autograd_core.support.types import State, StateDict

    from .trainer import Trainer

PROGRESS = ("epoch", "step", "batch", "first_epoch", "should_stop")


def modules(trainer: Trainer) -> list[tuple[str, Module]]:
    """The model, and the loss where it is a module."""
    found: list[tuple[str, Module]] = [("model", trainer.model)]
    return [*found, ("loss", trainer.loss)] if isinstance(trainer.loss, Module) else found


def generators(trainer: Trainer) -> dict[str, np.random.Generator]:
    """Every random generator that a step may draw from: the default one, modules' own, those of optimizer hooks."""
    found = {"default": default_generator()}
    for root, model in modules(trainer):
        for path, module in model.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, np.random.Generator):
                    found[f"{root}.{path}.{name}"] = value
    for i, hook in enumerate(_hooks(trainer)):
        for name, value in vars(hook).items():
            if isinstance(value, np.random.Generator):
                found[f"hook.{i}.{name}"] = value
    return found


def collect(trainer: Trainer) -> StateDict:
    """The state of a trainer: copies."""
    scheduler, loader = trainer.scheduler, trainer.loader
    return {
        "kinds": _kinds(trainer),
        "progress": {name: getattr(trainer, name) for name in PROGRESS},
        "running": None if trainer.running is None else dict(vars(trainer.running)),
        "modules": {name: module.state_dict() for name, module in modules(trainer)},
        "transient": {name: buffer.numpy().copy() for name, buffer in _transient(trainer)},
        "optimizer": trainer.optimizer.state_dict(),
        "hooks": [_numbers(hook) for hook in _hooks(trainer)],
        "scheduler": None if scheduler is None else copy.deepcopy(scheduler.state_dict()),
        "loader": copy.deepcopy(loader.state_dict()) if hasattr(loader, "state_dict") else None,
        "generators": {name: g.bit_generator.state for name, g in generators(trainer).items()},
        "callbacks": {name: own for name, _, own in _stateful(trainer)},
        "history": [dict(record) for record in trainer.history],
    }


def restore(trainer: Trainer, given: State) -> None:
    """Make a trainer what it was when ``given`` was collected.

    ValueError or RuntimeError, and nothing changed, where model, optimizer, data or callbacks are others.
    """
    before = collect(trainer)
    if not isinstance(given, Mapping) or before.keys() - given.keys():
        raise ValueError(f"this is not a state of a Trainer, which has {', '.join(before)}.")
    kinds = states.mapping("kinds", given["kinds"])
    for what, own in before["kinds"].items():
        if kinds.get(what) != own:
            raise ValueError(f"the {what} was {kinds.get(what)}, and here is {own}.")
    for what in ("transient", "generators", "callbacks"):
        theirs = set(states.mapping(what, given[what]))
        if theirs != set(before[what]):
            raise ValueError(f"its {what} are {_listed(theirs)}, and here are {_listed(set(before[what]))}.")
    _check(trainer, before, given)
    try:
        _apply(trainer, given)
    except BaseException as error:
        _apply(trainer, before)
        if isinstance(error, (TypeError, LookupError, AttributeError)):  # a part that does not check what it is given
            raise ValueError(f"a part of it has not the form that it must have: {error!r}") from error
        raise


def _check(trainer: Trainer, before: State, given: State) -> None:
    """ValueError for what the trainer itself takes from a state and could not work with."""
    progress = states.mapping("progress", given["progress"], PROGRESS)
    for name in PROGRESS:
        if name == "should_stop":
            states.truth("progress: should_stop", progress[name])
        else:
            states.whole(f"progress: {name}", progress[name])
    if given["running"] is not None:
        running = states.mapping("running", given["running"], vars(Sums()))
        for name, value in [*states.mapping("running: metrics", running["metrics"]).items(), *running.items()]:
            if name != "metrics":
                states.real(f"running: {name}", value, finite=False)
    for record in states.listed("history", given["history"]):
        for name, value in states.mapping("history", record).items():
            states.real(f"history: {name}", value, finite=False)
    numbers = states.listed("hooks", given["hooks"])
    if len(numbers) != len(before["hooks"]):
        raise ValueError(f"its hooks are {len(numbers)}, and here are {len(before['hooks'])}.")
    for own, new in zip(before["hooks"], numbers, strict=True):
        states.mapping("hooks", new, own)
        states.alike("hooks", own, new)
    for name, buffer in _transient(trainer):
        states.array(f"transient: {name}", given["transient"][name], buffer.shape, buffer.dtype)
    for name, generator in generators(trainer).items():
        random.check_state(f"generators: {name}", generator, given["generators"][name])


def _apply(trainer: Trainer, given: State) -> None:
    for name, module in modules(trainer):
        module.load_state_dict(given["modules"][name])
    for name, buffer in _transient(trainer):
        buffer.data = brought(np.array(given["transient"][name], buffer.dtype), buffer)
    trainer.optimizer.load_state_dict(given["optimizer"])
    for hook, numbers in zip(_hooks(trainer), given["hooks"], strict=True):
        vars(hook).update({name: numbers[name] for name in _numbers(hook)})
    if trainer.scheduler is not None:
        trainer.scheduler.load_state_dict(copy.deepcopy(given["scheduler"]))
    if given["loader"] is not None and hasattr(trainer.loader, "load_state_dict"):
        trainer.loader.load_state_dict(given["loader"])
    for name, generator in generators(trainer).items():
        generator.bit_generator.state = given["generators"][name]
    for name, callback, _ in _stateful(trainer):
        callback.load_state_dict(given["callbacks"][name])
    for name in PROGRESS:
        setattr(trainer, name, given["progress"][name])
    running = given["running"]
    trainer.running = None if running is None else Sums(**{name: running[name] for name in vars(Sums())})
    trainer.history.records[:] = [dict(record) for record in given["history"]]


def _kinds(trainer: Trainer) -> dict[str, str | None]:
    parts = {"model": trainer.model, "optimizer": trainer.optimizer, "scheduler": trainer.scheduler}
    return {what: None if part is None else type(part).__name__ for what, part in parts.items()}


def _listed(names: set[Any]) -> str:
    return ", ".join(sorted(map(str, names))) or "none"


def _transient(trainer: Trainer) -> Iterator[tuple[str, Any]]:
    """Buffers that a state_dict leaves out."""
    for root, model in modules(trainer):
        for path, module in model.named_modules():
            for name, buffer in state.own_buffers(module).items():
                if name in module._transient_names:
                    yield f"{root}.{path}.{name}", buffer


def _hooks(trainer: Trainer) -> list[Any]:
    """The objects among the optimizer's hooks; functions keep nothing that could be saved."""
    return [hook for hook in trainer.optimizer.hooks if hasattr(hook, "__dict__") and not inspect.isroutine(hook)]


def _numbers(hook: Any) -> StateDict:
    return {name: value for name, value in vars(hook).items() if type(value) in (bool, int, float)}


def _stateful(trainer: Trainer) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """(name, callback, its state) of those that have one; the name is the class, from the second of a class on with a
    number."""
    seen: dict[str, int] = {}
    for callback in trainer.callbacks:
        own = callback.state_dict()
        if own:
            name = type(callback).__name__
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name} {seen[name]}"), callback, own
