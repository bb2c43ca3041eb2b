"""Optimizer: parameter groups, the step, hooks and state, for every update rule."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.engine.errors import class_name
from autograd_core.engine.node import Leaf
from autograd_core.support.arrays import brought, hosted
from autograd_core.support.handles import RemovableHandle
from autograd_core.support.modes import restoring

from . import own
from .options import Closure, Group, Options, check_group, check_options, in_order, named_parameters, plain
from .state import checked_state
from .storage import Clock, Flat, Part, Run, Storage

if TYPE_CHECKING:
    from autograd_core.support.types import Array, Hook, State, StateDict

    from . import own
from .options import Params


class Optimizer:
    """Base of all optimizers.

    params : an iterable of tensors that require gradients, of ``(name, tensor)`` pairs, or of dicts
        ``{"params": …, option: value}``, one a group, with options of their own
    defaults : the options of groups that do not give them; ``maximize``, which most rules have, goes up instead of down

    A rule is written as ``update``; the base negates the gradient for ``maximize`` and adds ``weight_decay``·p to it
    (or shrinks p by 1 − lr·weight_decay beforehand, where the decay is ``decoupled``):

    >>> from autograd_core import Tensor
    >>> class SignDescent(Optimizer):
    ...     def update(self, p, g, *, clock, options):
    ...         p -= options["lr"] * np.sign(g)
    >>> w = Tensor([3.0, -1.0], requires_grad=True)
    >>> optimizer = SignDescent([w], {"lr": 0.5})
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [2.5, -0.5]

    A parameter without a gradient is left alone, and its step count stands still. NaN in a gradient goes into the
    parameter, as in PyTorch; ``optim.hooks.NonFinite`` raises or skips the step instead.

    Raises ValueError for no parameters, for the same parameter twice, for what is not a floating leaf tensor, and for
    options out of range; the optimizer is then as it was.
    """

    numbers: tuple[str, ...] = ("step",)
    """What is counted for each parameter, by the names that it bears in the state_dict."""

    decoupled: bool | None = False
    """Whether weight decay shrinks the parameter and stays out of the gradient (a group may say so for itself); None:
    ``update`` sees to it."""

    def __init__(self, params: Params, defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self._storages: list[list[Storage]] = []
        self._work: tuple[Any, ...] = ()
        self._own: dict[Tensor, StateDict] = defaultdict(dict)  # what a step of somebody else's keeps
        self._before: dict[int, Hook] = {}
        self._after: dict[int, Hook] = {}
        self._on_gradients: dict[int, Hook] = {}
        given = in_order(class_name(self), params)
        if not given:
            raise ValueError(f"{class_name(self)}: no parameters to optimize.")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] == __package__ and "__init__" in vars(cls):
            cls.__init__ = own.accepting_torch_only(cls.__init__)  # type: ignore[method-assign]

    @property
    def _has_own_step(self) -> bool:
        """Whether the rule is a ``step`` of somebody else's, which keeps its state in ``state[p]``."""
        return type(self).update is Optimizer.update and type(self)._step is Optimizer._step

    def add_param_group(self, group: Options) -> None:
        """Add parameters with options of their own.

        group : ``{"params": …, option: value}``; ValueError, and nothing changed, where it makes no sense
        """
        name = class_name(self)
        options = check_group(name, group, self.defaults)
        params, names = named_parameters(name, group["params"])
        known = {id(p) for p in self.parameters()}
        for i, p in enumerate(params):
            label = f"parameter {names[i]!r}" if names else f"parameter {i}"
            if not isinstance(p, Tensor) or not p.is_leaf or p.dtype.kind != "f":
                what = f"{p.dtype} {p.shape}" if isinstance(p, Tensor) else class_name(p)
                raise ValueError(f"{name}: {label} ({what}) is not a floating leaf tensor.")
            if id(p) in known:
                raise ValueError(f"{name}: {label} ({p.dtype} {p.shape}) is given twice.")
            known.add(id(p))
        if self.param_groups and bool(names) != ("param_names" in self.param_groups[0]):
            raise ValueError(f"{name}: all groups must name their parameters, or none.")
        new = {**self.defaults, **options, "params": params} | ({"param_names": names} if names else {})
        self.check(new)
        self.param_groups.append(new)
        self._storages.append([])

    def check(self, options: Options) -> None:
        """Raise ValueError for options that make no sense."""
        check_options(class_name(self), options)

    def parameters(self) -> Iterator[Tensor]:
        """All parameters, group after group."""
        return itertools.chain.from_iterable(group["params"] for group in self.param_groups)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients (or fill them with zeros)."""
        for p in self.parameters():
            if type(p._node) is Leaf:
                p._node.grad = None if set_to_none or p.grad is None else Tensor(np.zeros_like(p._data))

    # The step ------------------------------------------------------------------------------------------------------

    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient.

        closure : optional; clears the gradients, computes the loss, calls backward and returns the loss, which
            ``step`` then returns

        All gradients are looked at before anything moves: an exception of the closure, of a hook before the step, or
        for a gradient of another shape leaves parameters and state as they were. An interrupt (Ctrl-C) that comes
        later leaves some of them updated and others not, a moment ahead of its parameter among them, for all are
        changed in place, piece by piece: a second copy to be swapped in would take twice the memory, and 13 % (2,000
        parameters) to 47 % (10 million) longer for Adam. The optimizer can be used further; to go on as if nothing had
        happened, load the last checkpoint, as ``nn.Trainer.fit(resume=…)`` does. (`LBFGS` makes its step at once, or
        not at all.)
        """
        args: tuple[Any, ...] = () if closure is None else (closure,)
        kwargs: dict[str, Any] = {}
        for hook in [*self._before.values()]:
            changed = hook(self, args, kwargs)
            if changed is not None:
                args, kwargs = changed
        loss = self._step(*args, **kwargs)
        for hook in [*self._after.values()]:
            hook(self, args, kwargs)
        return loss

    def _step(self, closure: Closure | None = None) -> Tensor | None:
        """What a step is between its hooks."""
        loss = None
        if closure is None:
            self._gradients_are_there()
        else:
            loss = self.evaluate(closure)
        # All gradients are looked at before anything moves: a bad one leaves every parameter as it was.
        work = [(group, s, *s.gradients()) for k, group in enumerate(self.param_groups) for s in self._storage(k)]
        for group, storage, gradients, runs in work:
            options = plain(group)
            for run in runs:
                clock = run.clock
                if clock is None:
                    storage.begin(run, self.arrays(options))
                    clock = self.start(options)
                clock = self.tick(clock, options)
                storage.clocks[run.first : run.last] = [clock] * (run.last - run.first)
                self._move(storage.parts(run, gradients), clock, options)
        return loss

    def evaluate(self, closure: Closure) -> Any:
        """The loss that ``closure`` computes, recorded even within ``no_grad``; gradient hooks have then run."""
        loss = restoring(enable_grad()(closure))
        self._gradients_are_there()
        return loss

    def _gradients_are_there(self) -> None:
        for hook in [*self._on_gradients.values()]:
            hook(self)

    def _move(self, parts: Iterator[Part], clock: Clock, options: Group) -> None:
        negative, decay = options.get("maximize", False), options.get("weight_decay", 0)
        decoupled = options.get("decoupled_weight_decay", self.decoupled)
        if decoupled is None:
            decay = 0
        for p, g, state, work in parts:
            self._work = work
            if negative:
                g = np.negative(g, out=work[2])
            if decay and decoupled:
                p *= 1 - options["lr"] * decay
            elif decay:
                g = np.add(g, np.multiply(p, decay, out=work[0]), out=work[2])
            self.update(p, g, *state, clock=clock, options=options)
        self._work = ()  # no state: it may be another array at the next step

    def update(self, *args: Any, **kwargs: Any) -> None:
        """``update(p, g, *arrays, clock, options)``: change ``p`` and its state in place, and leave ``g`` as it is."""
        raise NotImplementedError(f"{class_name(self)} must define update(self, p, g, *arrays, clock, options).")

    def scratch(self, p: Array) -> tuple[Array, Array]:
        """Two arrays like ``p``, the parameter of the current update, to compute in."""
        return self._work[0], self._work[1]

    # What a rule says of its state ---------------------------------------------------------------------------------

    def arrays(self, options: Options) -> dict[str, float]:
        """The arrays that the rule keeps beside each parameter: name → first value."""
        return {}

    def start(self, options: Options) -> Clock:
        """``numbers`` before the first step (further entries are allowed and stay out of the state_dict)."""
        return (0,) * len(self.numbers)

    def tick(self, clock: Clock, options: Options) -> Clock:
        """``numbers`` at the next step."""
        return (clock[0] + 1, *clock[1:]) if clock else clock

    def resume(self, numbers: Clock, options: Options) -> Clock:
        """The clock that belongs to ``numbers`` from a state_dict."""
        return numbers

    def shapes(self, p: Tensor, options: Options) -> dict[str, tuple[int, ...]]:
        """The shapes of ``arrays`` for one parameter."""
        return dict.fromkeys(self.arrays(options), p.shape)

    def store(self, params: list[Tensor], options: Options) -> Storage:
        """Where parameters of one dtype are kept."""
        return Flat(params, self.arrays(options))

    def _storage(self, k: int) -> list[Storage]:
        """The storage of group ``k``, one for each dtype, made anew where shapes, dtypes or kinds of state changed."""
        group, storages = self.param_groups[k], self._storages[k]
        names = tuple(self.arrays(group))
        if not storages or not all(storage.names == names and storage.fits() for storage in storages):
            self._storages[k] = self._stored(group, self._group_state(k))
        return self._storages[k]

    def _stored(self, group: Group, states: Mapping[int, State]) -> list[Storage]:
        """New storage for the parameters of a group, with the state of each by its position.

        A parameter whose shape has changed begins anew. Kinds of state that are not there (an option was switched on)
        begin with their first values.
        """
        options = plain(group)
        by_dtype: dict[Any, list[Tensor]] = {}
        for p in group["params"]:
            by_dtype.setdefault(p.dtype, []).append(p)
        position = {id(p): i for i, p in enumerate(group["params"])}
        storages = [self.store(params, group) for params in by_dtype.values()]
        for storage in storages:
            for i, p in enumerate(storage.params):
                given, arrays = states.get(position[id(p)]), storage.state(i)
                if given and all(np.shape(given[n]) == a.shape for n, a in arrays.items() if n in given):
                    storage.begin(Run(i, i + 1, None), self.arrays(options))
                    storage.clocks[i] = self.resume(tuple(float(np.asarray(given[n])) for n in self.numbers), options)
                    for name in arrays.keys() & given.keys():
                        arrays[name][...] = brought(hosted(given[name]), arrays[name])
        return storages

    # State ---------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[Tensor, StateDict]:
        """Parameter → its state as it is now (arrays share memory, numbers are copies).

        Of an optimizer that defines ``step`` itself what it keeps here: ``state[p]["momentum"] = …``.
        """
        if self._has_own_step:
            return self._own
        return {
            p: self._state_of(storage, i)
            for storages in self._storages
            for storage in storages
            for i, p in enumerate(storage.params)
            if storage.clocks[i] is not None
        }

    def _state_of(self, storage: Storage, i: int) -> StateDict:
        numbers = zip(self.numbers, storage.clocks[i] or (), strict=False)
        return {name: np.array(number, np.float64) for name, number in numbers} | storage.state(i)

    def _group_state(self, k: int) -> dict[int, StateDict]:
        """Position in the group → the state of that parameter, for parameters that were ever updated."""
        position = {id(p): i for i, p in enumerate(self.param_groups[k]["params"])}
        found = {
            position[id(p)]: {name: np.array(hosted(value)) for name, value in self._state_of(storage, i).items()}
            for storage in self._storages[k]
            for i, p in enumerate(storage.params)
            if storage.clocks[i] is not None
        }
        return {i: found[i] for i in sorted(found)}

    def state_dict(self) -> StateDict:
        """``{"state": {number: {…}}, "param_groups": […]}`` with parameters numbered through, as in PyTorch.

        Arrays are NumPy's, and so are counts (without dimensions); all are copies.
        """
        if self._has_own_step:
            return own.state_dict(self, self._own)
        state: dict[int, StateDict] = {}
        groups, offset = [], 0
        for k, group in enumerate(self.param_groups):
            state.update({offset + i: s for i, s in self._group_state(k).items() if s})
            numbers = list(range(offset, offset + len(group["params"])))
            groups.append({key: value for key, value in group.items() if key != "params"} | {"params": numbers})
            offset += len(numbers)
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from a ``state_dict``, also one from PyTorch, bit for bit.

        ValueError, and nothing changed, where it belongs to another rule, other groups or other shapes, or where a
        count or an option makes no sense.
        """
        if self._has_own_step:
            return own.load_state_dict(self, self._own, state_dict)
        groups, states = checked_state(self, state_dict)
        storages = [self._stored(group, state) for group, state in zip(groups, states, strict=True)]
        vars(self).update(param_groups=groups, _storages=storages)

    def __getstate__(self) -> StateDict:
        # The flat arrays and their views would come apart in a copy: they are made anew around the copied parameters.
        states = [self._group_state(k) for k in range(len(self.param_groups))]
        return {**self.__dict__, "_storages": [[] for _ in states], "_work": (), "_states": states}

    def __setstate__(self, content: StateDict) -> None:
        states = content.pop("_states")
        self.__dict__.update(content)
        for k, state in enumerate(states):
            if state:
                self._storages[k] = self._stored(self.param_groups[k], state)

    # Hooks ---------------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return changed (args, kwargs)."""
        return RemovableHandle(self._before, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._after, hook)

    def register_gradient_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer)`` when the gradients are there (after the closure) and no parameter has moved."""
        return RemovableHandle(self._on_gradients, hook)

    @property
    def hooks(self) -> list[Hook]:
        """All registered hooks, in the order in which a step calls them."""
        return [*self._before.values(), *self._on_gradients.values(), *self._after.values()]

    def __repr__(self) -> str:
        lines = [f"{class_name(self)} ("]
        for k, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {k}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key not in ("params", "param_names")]
        return "\n".join([*lines, ")"])
