"""Optimizer: parameter groups, and updates over one flat buffer.

All parameters of a group live in one contiguous array, of which each parameter's array is a view; so do their
gradients (copied in at each step) and their state. An update rule is then a handful of array operations on long
slices, whatever the number of parameters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.tensor import Leaf

SLICE = 32_768
"""Elements updated at a time: the few arrays that a rule reads and writes stay in the second-level cache."""


class Flat:
    """Parameters of one dtype side by side: ``data``, ``grad`` and each state of the rule are arrays of one length."""

    def __init__(self, params: list[Tensor], state_names: Iterable[str]) -> None:
        self.params = params
        sizes = [p.size for p in params]
        self.bounds = list(itertools.pairwise([0, *itertools.accumulate(sizes)]))
        self.shapes = [p.shape for p in params]
        self.data = np.concatenate([np.ravel(p.data) for p in params])
        self.grad = np.zeros_like(self.data)
        self.state = {name: np.zeros_like(self.data) for name in state_names}
        self.steps = [0] * len(params)
        self.views = [self.view(self.data, i) for i in range(len(params))]
        self.grad_views = [self.view(self.grad, i) for i in range(len(params))]
        for p, view in zip(params, self.views, strict=True):
            p._data = view

    def view(self, flat: Any, i: int) -> Any:
        """The part of a flat array that belongs to parameter ``i``, in its shape."""
        start, stop = self.bounds[i]
        return flat[start:stop].reshape(self.shapes[i])

    def fits(self) -> bool:
        """Whether every parameter still has the shape and dtype it had."""
        return all(
            p._data is view or (p.shape == view.shape and p.dtype == view.dtype)
            for p, view in zip(self.params, self.views, strict=True)
        )

    def gather(self) -> Iterator[tuple[int, int, int]]:
        """Copy the gradients in; yield (start, stop, step) for each longest run of parameters to be updated alike.

        A parameter without a gradient is left alone and its step count stands still. An array that somebody put in
        a parameter's place is taken over.
        """
        runs: list[tuple[int, int, int]] = []
        for i, p in enumerate(self.params):
            if p._data is not self.views[i]:
                self.views[i][...] = p._data
                p._data = self.views[i]
            node = p._node
            g = node.grad if isinstance(node, Leaf) else None
            if g is None:
                continue
            self.grad_views[i][...] = g._data
            self.steps[i] += 1
            start, stop = self.bounds[i]
            if runs and runs[-1][1] == start and runs[-1][2] == self.steps[i]:
                runs[-1] = (runs[-1][0], stop, self.steps[i])
            else:
                runs.append((start, stop, self.steps[i]))
        return iter(runs)


class Optimizer:
    """Base of all optimizers: subclasses give ``state_names`` and ``update``.

    params : an iterable of tensors that require gradients, or of dicts ``{"params": …, option: value}``
    Raises ValueError for no parameters, for the same parameter twice, and for what is no leaf with gradients.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self._flats: list[list[Flat]] = []
        self._scratch: list[Any] = []
        given = list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: no parameters to optimize.")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with options of their own."""
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        name = type(self).__name__
        unknown = set(group) - {"params"} - set(self.defaults)
        if unknown:
            raise ValueError(f"{name}: unknown options {sorted(unknown)}; there are {sorted(self.defaults)}.")
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor) or not p.is_leaf or p.dtype.kind != "f":
                what = f"{p.dtype} {p.shape}" if isinstance(p, Tensor) else type(p).__name__
                raise ValueError(f"{name}: parameter {i} ({what}) is not a floating leaf tensor.")
            if id(p) in known:
                raise ValueError(f"{name}: parameter {i} ({p.dtype} {p.shape}) is given twice.")
            known.add(id(p))
        new = {**self.defaults, **group, "params": params}
        self.check(new)
        self.param_groups.append(new)
        self._flats.append([])

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ValueError for options that make no sense."""
        for name in ("lr", "eps", "weight_decay", "momentum"):
            value = options.get(name, 0)
            if not np.all(np.asarray(value) >= 0):
                raise ValueError(f"{type(self).__name__}: {name}={value!r} must not be negative.")
        for beta in options.get("betas", ()):
            if not 0 <= beta < 1:
                raise ValueError(f"{type(self).__name__}: betas={options['betas']!r} must lie in [0, 1).")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients (or fill them with zeros)."""
        for group in self.param_groups:
            for p in group["params"]:
                if isinstance(p._node, Leaf):
                    p._node.grad = None if set_to_none or p.grad is None else Tensor(np.zeros(p.shape, p.dtype))

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for k, group in enumerate(self.param_groups):
            for flat in self._flat(k):
                for start, stop, step in flat.gather():
                    for a in range(start, stop, SLICE):
                        part = slice(a, min(a + SLICE, stop))
                        state = [s[part] for s in flat.state.values()]
                        self.update(flat.data[part], flat.grad[part], *state, step=step, group=group)

    def update(self, p: Any, g: Any, *state: Any, step: int, group: dict[str, Any]) -> None:
        """Change ``p`` and the states in place; ``g`` may be overwritten. ``step`` counts from 1."""
        raise NotImplementedError

    def scratch(self, p: Any) -> list[Any]:
        """Two arrays like ``p`` to compute in, the same ones at every step."""
        if not self._scratch or self._scratch[0].dtype != p.dtype or self._scratch[0].size < p.size:
            self._scratch = [np.empty_like(p) for _ in range(2)]
        return [s[: p.size] for s in self._scratch]

    def _flat(self, k: int) -> list[Flat]:
        """The flat buffers of group ``k``, one for each dtype, made anew where a shape or dtype has changed."""
        flats = self._flats[k]
        if not flats or not all(flat.fits() for flat in flats):
            old = self._group_state(k) if flats else {}
            by_dtype: dict[Any, list[Tensor]] = {}
            for p in self.param_groups[k]["params"]:
                by_dtype.setdefault(p.dtype, []).append(p)
            self._flats[k] = flats = [Flat(params, self.state_names) for params in by_dtype.values()]
            self._restore(k, old)
        return flats

    # State ---------------------------------------------------------------------------------------------------------

    def _group_state(self, k: int) -> dict[int, dict[str, Any]]:
        """Position in the group → the state of that parameter, for parameters that were ever updated."""
        position = {id(p): i for i, p in enumerate(self.param_groups[k]["params"])}
        return {
            position[id(p)]: {"step": flat.steps[i]} | {n: flat.view(s, i).copy() for n, s in flat.state.items()}
            for flat in self._flats[k]
            for i, p in enumerate(flat.params)
            if flat.steps[i]
        }

    def _restore(self, k: int, states: Mapping[int, Mapping[str, Any]]) -> None:
        position = {id(p): i for i, p in enumerate(self.param_groups[k]["params"])}
        for flat in self._flats[k]:
            for i, p in enumerate(flat.params):
                state = states.get(position[id(p)])
                if state and all(np.shape(state[n]) == p.shape for n in self.state_names):
                    flat.steps[i] = int(state["step"])
                    for name in self.state_names:
                        flat.view(flat.state[name], i)[...] = state[name]

    def state_dict(self) -> dict[str, Any]:
        """``{"state": {number: {"step", …}}, "param_groups": […]}`` with parameters numbered through, as in PyTorch."""
        state, groups, offset = {}, [], 0
        for k, group in enumerate(self.param_groups):
            state.update({offset + i: s for i, s in self._group_state(k).items()})
            numbers = list(range(offset, offset + len(group["params"])))
            groups.append({**group, "params": numbers})
            offset += len(numbers)
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a ``state_dict``. ValueError, and nothing changed, where groups or shapes differ."""
        groups, state = state_dict["param_groups"], state_dict["state"]
        sizes = [len(g["params"]) for g in self.param_groups]
        name = type(self).__name__
        if [len(g["params"]) for g in groups] != sizes:
            raise ValueError(
                f"{name}.load_state_dict: groups of {[len(g['params']) for g in groups]} parameters for {sizes}."
            )
        params = [p for g in self.param_groups for p in g["params"]]
        for number, s in state.items():
            for n in self.state_names:
                if n not in s or np.shape(s[n]) != params[number].shape:
                    given = np.shape(s[n]) if n in s else "nothing"
                    raise ValueError(
                        f"{name}.load_state_dict: {n} of parameter {number}: {given} for {params[number].shape}."
                    )
        offset = 0
        for k, group in enumerate(groups):
            self.check({**self.param_groups[k], **group})
            self.param_groups[k].update({key: value for key, value in group.items() if key != "params"})
            self._flats[k] = []
            self._flat(k)
            self._restore(k, {i: state[offset + i] for i in range(sizes[k]) if offset + i in state})
            offset += sizes[k]

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in self.param_groups[0].items() if k != "params")
        return f"{type(self).__name__}({options}, groups={len(self.param_groups)})"
