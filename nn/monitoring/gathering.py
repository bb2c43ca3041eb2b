"""Monitor: hooks on every module and one observer gather a few numbers a layer from the steps that are sampled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name
from autograd_core.engine.node import WatchedNode
from autograd_core.engine.tensor import bare

from ..layers.linear import Flatten, Unflatten
from ..modules.hooks import first_tensor
from ..modules.module import Module
from .records import Gather, LayerRecord, ParameterRecord, StepRecord, Units, spread_of
from .step import SQUASHING, Layer, Layers, Step, check_layers, chosen, norm, saturated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd_core.engine.node import Node
    from autograd_core.engine.primitive import Primitive
    from autograd_core.support.types import Args, Fields, Settings, TensorLike
    from autograd_core.watching.observer import Pulled

    from .report import Report


class Monitor:
    """Watch a network train: activations, gradients, dead and saturated units, the size of updates, by layer.

    model     : the module; every module in it that computes something is a layer, and so is each relu, sigmoid or
        tanh that a ``forward`` calls as a function (``fc1.relu``: the relu of what the layer ``fc1`` put out)
    optimizer : ends a step, and shows the parameters' gradients as the update uses them. Without one call ``step()``
        after the parameters have moved and before gradients are cleared; without either, the first forward pass after
        a backward pass begins a new step, and parameter gradients are only those found at the end.
    every     : gather in one of so many steps; the others cost next to nothing
    layers    : only these: names, or classes such as ``nn.Linear``
    bins      : of histograms
    window    : a unit is dead when it was zero for every example of so many sampled steps
    history   : at most so many records are kept; beyond, every second one is dropped and half as many steps sampled
    evaluation : watch passes in eval mode, too

    A context manager; or ``start()`` and ``stop()``. Everything is taken off the model at the end, also after an
    exception; what was gathered stays. The computation itself is not touched.

    ``history``   : the ``StepRecord`` of every sampled step;  ``watch["0"]`` : one layer's columns
    ``records()`` : flat rows, for pandas;  ``summary()``, ``trouble()`` : in words;  ``plot_…()`` : pictures

    Raises TypeError for what is no Module or Optimizer, ValueError for settings out of range.

    >>> import nn, optim
    >>> _ = ag.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> model[0].bias.data[:2] = -9                       # two units that never fire
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    >>> with nn.monitor(model, optimizer) as watch:
    ...     for _ in range(3):
    ...         optimizer.zero_grad()
    ...         (model(x) ** 2).mean().backward()
    ...         optimizer.step()
    >>> watch.trouble()
    ['layer 1: 25 % dead ReLUs']
    >>> watch.latest.layers["1"].dead, watch["1"]["step"]
    (0.25, array([0, 1, 2]))
    """

    def __init__(
        self,
        model: Module,
        optimizer: Any = None,
        *,
        every: int = 1,
        layers: Layers = None,
        bins: int = 50,
        window: int = 10,
        history: int = 256,
        evaluation: bool = False,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"monitor: watches an nn.Module, not {class_name(model)}.")
        if optimizer is not None and not hasattr(optimizer, "register_gradient_hook"):
            raise TypeError(f"monitor: optimizer is {class_name(optimizer)}. Fix: an optimizer of optim, or None.")
        for name, value, least in (
            ("every", every, 1),
            ("bins", bins, 1),
            ("window", window, 1),
            ("history", history, 2),
        ):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"monitor: {name}={value!r} must be a whole number, at least {least}.")
        if optimizer is not None and not {*map(id, optimizer.parameters())} & {*map(id, model.parameters())}:
            raise ValueError("monitor: the optimizer moves no parameter of this model. Fix: give the one that does.")
        self.model, self.optimizer, self.every = model, optimizer, int(every)
        self.bins, self.window, self.capacity, self.evaluation = int(bins), int(window), int(history), evaluation
        self.layers = layers
        self.history: list[StepRecord] = []
        self.steps = 0
        self._handles: list[Any] = []
        self._units: dict[str, Units] = {}
        self._names: dict[int, str] = {}
        self._simple: set[int] = set()  # layers of nn itself, whose inner workings are no layers
        self._open: Step | None = None
        self._stack: list[tuple[Module, list[Any]]] = []
        self._last: Any = None  # what the innermost module put out most recently
        self._result: Any = None  # the row of the last pass's result, where nobody tells when a step ends
        self._told = optimizer is not None

    # Beginning and end ---------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin to watch. RuntimeError where that was begun before."""
        if self._handles:
            raise RuntimeError("monitor: start() of a monitor that is running. Fix: stop() it first.")
        named = list(self.model.named_modules())
        check_layers(self.layers, named)
        self._names = {id(module): name for name, module in named}
        ours = Module.__module__.partition(".")[0] + "."
        self._simple = {id(m) for _, m in named if type(m).__module__.startswith(ours) and not any(m.children())}
        for _, module in named:
            self._handles.append(module.register_forward_pre_hook(self._entered, prepend=True))
            self._handles.append(module.register_forward_hook(self._left, always_call=True))
        if self.optimizer is not None:
            self._handles.append(self.optimizer.register_gradient_hook(lambda _: self._read_gradients()))
            self._handles.append(self.optimizer.register_step_post_hook(lambda *_: self._end(moved=True)))
        return self

    def stop(self) -> None:
        """Take everything off the model; a step that has begun is closed as it is. Again: nothing happens."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._end(moved=False, read=True)
        self._stack.clear()
        self._last = self._result = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __deepcopy__(self, memo: object) -> Self:
        return self  # a copy of the model is not watched: its modules are unknown here

    def __reduce__(self) -> NoReturn:
        raise TypeError("monitor: a model cannot be pickled while it is watched. Fix: stop() the monitor first.")

    def step(self) -> None:
        """The parameters have moved: the next forward pass belongs to a new step.

        RuntimeError where the optimizer was given (it tells), or the monitor is not running.
        """
        if self.optimizer is not None or not self._handles:
            reason = "the optimizer was given and tells itself" if self._handles else "the monitor is not running"
            raise RuntimeError(f"monitor: step() is not needed: {reason}.")
        self._told = True
        self._end(moved=True, read=True)

    def _begin(self) -> Step:
        self._open = step = Step(self.steps % self.every == 0)
        if step.sampled:
            step.live = dict(self.model.named_parameters())
            step.weights = {name: p._data.copy() for name, p in step.live.items()}
            step.observer = ag.observe(self._executed, self._pulled)
            step.observer.__enter__()
        return step

    def _end(self, moved: bool, read: bool = False) -> None:
        """Close the step.

        moved : parameters that are as they were have not moved; otherwise that says nothing about updates
        read  : gradients that no optimizer has shown are those that the parameters hold now
        """
        if self._open is None:
            return
        if self._open.observer is not None:
            self._open.observer.__exit__(None, None, None)
        if read and self._open.gradients is None:
            self._read_gradients()
        step, self._open = self._open, None
        if step.sampled and step.layers:
            self.history.append(self._record(step, moved))
            if len(self.history) > self.capacity:
                del self.history[1::2]
                self.every *= 2
        self.steps += 1

    # While the step runs -------------------------------------------------------------------------------------------

    def _entered(self, module: Module, args: Args) -> None:
        if id(module) not in self._names or not (self.model.training or self.evaluation):
            return
        step = self._open
        if step is not None and not self._told and not self._stack and getattr(self._result, "parents", ()) is None:
            self._end(moved=True)
            step = None
        if step is None:
            step = self._begin()
        self._stack.append((module, []))

    def _left(self, module: Module, args: Args, output: Any) -> None:
        if not self._stack or self._stack[-1][0] is not module:
            return
        step, (_, called) = self._open, self._stack.pop()
        tensor = first_tensor(output)
        if step is not None and step.sampled:
            name, kind, squashed = self._names[id(module)], class_name(module), None
            for op, how, source, result, order in called:
                if result is tensor:
                    squashed = how, source
                elif id(module) not in self._simple:
                    path = name if source is None else source.name
                    self._note(step, f"{path}.{op}".lstrip("."), op, result, order, (how, source))
            if tensor is not None and tensor is not self._last:
                if not isinstance(module, (Flatten, Unflatten)):  # these put out what the layer before them did
                    self._note(step, name, kind, tensor, step.tick(), squashed, module)
                self._last = tensor
        if not self._stack:
            self._last = None
            if not self._told:
                self._result = getattr(tensor, "_node", None)

    def _executed(self, op: Primitive, args: Args, params: Settings, result: TensorLike) -> None:
        """A primitive ran: a squashing one is noted, to be read when its module is done."""
        name, how_of = SQUASHING.get(op, ("", None))
        if self._stack and how_of is not None and (how := how_of(args, params)):
            source = self._layer_of(getattr(args[0], "_node", None))
            self._stack[-1][1].append((name, how, source, result, self._open.tick() if self._open else 0))

    def _note(
        self, step: Step, name: str, kind: str, output: Any, order: int, squashed: Any, module: Module | None = None
    ) -> None:
        if self.layers is not None and not chosen(self.layers, name, type(module)):
            return
        layer = step.layers.get(name)
        if layer is None:
            layer = step.layers[name] = Layer(name, kind, order, getattr(module, "channels_first", False))
        data = output._data
        layer.activation.add(data)
        if isinstance(output._node, WatchedNode):
            step.nodes[output._node] = layer
        if squashed is not None and data.size:
            how, source = squashed
            if how == "relu":
                if data.ndim:
                    channels = data.ndim == 3 and source is not None and source.channels_first
                    self._units.setdefault(name, Units()).add(data, 1 if data.ndim > 3 or channels else -1)
                    layer.rectifies = True
            else:
                layer.saturated = (layer.saturated or 0) + saturated(data, how)

    def _pulled(self, row: Pulled) -> None:
        layer = self._layer_of(row.node)
        if layer is not None:
            layer.gradient = layer.gradient or Gather()
            layer.gradient.add(bare(row.cotangent))

    def _layer_of(self, node: Node | None) -> Layer | None:
        """The layer whose output a row computed; None for any other row."""
        return self._open.nodes.get(node) if self._open is not None and isinstance(node, WatchedNode) else None

    def _read_gradients(self) -> None:
        step = self._open
        if step is not None and step.sampled:
            given = {name: p.grad for name, p in step.live.items() if p.grad is not None}
            step.gradients = {name: spread_of(g._data, self.bins) for name, g in given.items()}

    # What is kept of it --------------------------------------------------------------------------------------------

    def _record(self, step: Step, moved: bool) -> StepRecord:
        gradients = step.gradients or {}
        moves = {n: norm(p._data - step.weights[n]) for n, p in step.live.items() if p.shape == step.weights[n].shape}
        known = moved or any(moves.values())
        parameters = {}
        for name, p in step.live.items():
            before = step.weights[name]
            size = norm(before)
            update = moves[name] / size if known and size and name in moves else None
            parameters[name] = ParameterRecord(before.shape, p.requires_grad, size, gradients.get(name), update)
        squares = [math.nan if g.nonfinite else g.norm**2 for g in gradients.values()]
        layers = {}
        for name, layer in sorted(step.layers.items(), key=lambda item: item[1].order):
            activation, dead, saturated = layer.activation.spread(self.bins), None, None
            if layer.rectifies:
                dead = self._units[name].share(self.window)
            if layer.saturated is not None:
                saturated = layer.saturated / activation.size
            gradient = layer.gradient.spread(self.bins) if layer.gradient else None
            layers[name] = LayerRecord(layer.kind, activation, gradient, dead, saturated)
        return StepRecord(self.steps, math.sqrt(sum(squares)) if squares else None, layers, parameters)

    @property
    def latest(self) -> StepRecord:
        """The last sampled step that is complete; RuntimeError before the first."""
        return self._at(-1)

    def _at(self, step: int) -> StepRecord:
        """The record of a step by its number (from the end where negative)."""
        if not self.history:
            raise RuntimeError(
                "monitor: no step was seen. Fix: run the model while it is watched, in training mode or with "
                "evaluation=True."
            )
        if step < 0 and -step <= len(self.history):
            return self.history[step]
        found = next((record for record in self.history if record.step == step), None)
        if found is None:
            raise ValueError(f"monitor: step {step} is not kept; there are {[r.step for r in self.history]}.")
        return found

    def records(self) -> list[Fields]:
        """One flat dict for each layer and each parameter of each step, as ``pandas.DataFrame`` takes them."""
        from .report import rows

        return [row for record in self.history for row in rows(record)]

    def __getitem__(self, name: str) -> Fields:
        """The columns of one layer or parameter over the steps, as arrays; KeyError for an unknown name."""
        found = [row for row in self.records() if name in (row.get("layer"), row.get("parameter"))]
        if not found:
            known = [*self.latest.layers, *self.latest.parameters]
            raise KeyError(f"monitor: {name!r} is not a layer or parameter that was seen; there are {known}.")
        columns: Mapping[str, Sequence[Any]] = {key: [row[key] for row in found] for key in found[0]}
        return {k: np.array([np.nan if v is None else v for v in column]) for k, column in columns.items()}

    def summary(self, step: int = -1) -> Report:
        """A step's numbers as a table, with what is wrong in words; the last one unless told otherwise."""
        from .report import report

        return report(self._at(step), self.trouble(step))

    def trouble(self, step: int = -1) -> list[str]:
        """What is wrong with a network in that step, a sentence for each finding; none is good news."""
        from .report import trouble

        return trouble(self._at(step), self.history)

    def plot_activations(self, step: int = -1, layers: Layers = None, ax: Axes | None = None) -> Axes:
        """Histograms of what the layers put out, laid over each other; returns matplotlib's Axes."""
        from .plots import plot_spreads

        return plot_spreads(self, "activation", step, layers, ax)

    def plot_gradients(self, step: int = -1, layers: Layers = None, ax: Axes | None = None) -> Axes:
        """Histograms of the gradients d loss / d output that come back to each layer; returns matplotlib's Axes.

        step : the number of a step, or −1 for the last;  layers : names, or classes such as ``nn.Linear``

        Figure 7 of Glorot & Bengio 2010 (width 256 here): with weights from U(−1/√n, 1/√n) the gradients shrink from
        layer to layer on their way back; with normalised initialisation they keep their width.

        >>> import nn
        >>> def watched(initialise):
        ...     _ = ag.manual_seed(0)
        ...     hidden = [part for _ in range(5) for part in (nn.Linear(256, 256), nn.Tanh())]
        ...     model = nn.Sequential(*hidden, nn.Linear(256, 10))
        ...     for layer in model[::2]:
        ...         _ = initialise(layer.weight), nn.init.zeros_(layer.bias)
        ...     x = np.random.default_rng(0).uniform(-1, 1, (300, 256)).astype(np.float32)
        ...     with nn.monitor(model, layers=["0", "2", "4", "6", "8"]) as watch:
        ...         nn.functional.cross_entropy(model(x), np.arange(300) % 10).backward()
        ...     return watch
        >>> def widths(watch):
        ...     return np.array([layer.gradient.std for layer in watch.latest.layers.values()])
        >>> standard = watched(lambda w: nn.init.uniform_(w, -(256**-0.5), 256**-0.5))
        >>> np.round(widths(standard) / widths(standard)[-1], 2)
        array([0.1 , 0.18, 0.33, 0.58, 1.  ])
        >>> glorot = watched(nn.init.xavier_uniform_)
        >>> np.round(widths(glorot) / widths(glorot)[-1], 1)
        array([0.6, 0.7, 0.8, 0.9, 1. ])
        >>> axes = standard.plot_gradients()
        """
        from .plots import plot_spreads

        return plot_spreads(self, "gradient", step, layers, ax)

    def plot_history(self) -> Any:
        """Gradient norm, gradients by layer, update-to-weight ratios, dead and saturated shares over the steps."""
        from .plots import plot_history

        return plot_history(self)
