"""Averages of weights: SWA and EMA, ensembles, and the schedule that goes with them, as in torch.optim.swa_utils.

>>> import nn, optim
>>> model = nn.Linear(2, 1)
>>> optimizer = optim.SGD(model.parameters(), lr=0.1)
>>> average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.995))
>>> for batch in range(3):
...     optimizer.step()
...     average.update_parameters(model)
>>> int(average.n_averaged.item())
3
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare
from autograd_core.support import states
from autograd_core.support.arrays import brought, hosted, on_device
from autograd_core.support.modes import modes_of, restoring

from .lr_scheduler.annealing import half_cosine
from .lr_scheduler.base import LRScheduler, at_least, each_group, one_of
from .optimizer import Optimizer

if TYPE_CHECKING:
    from autograd_core.support.types import Array, State, StateDict

    from .options import Options

__all__ = [
    "AveragedModel",
    "SWALR",
    "update_bn",
    "get_ema_avg_fn",
    "get_swa_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_multi_avg_fn",
    "average_checkpoints",
    "Ensemble",
]


class SWALR(LRScheduler):
    """From the present rate to ``swa_lr`` within ``anneal_epochs``, where it stays (Izmailov et al. 2018).

    η ← α·swa_lr + (1 − α)·η', with η' the rate that is being left and α going from 0 to 1 by ``anneal_strategy``,
    "cos"
    or "linear". Chainable: what another schedule does to η' stays.
    optimizer, last_epoch : those of ``LRScheduler``
    anneal_epochs, anneal_strategy : how long it takes, and along "cos" or "linear"
    swa_lr : a number, or one for each group
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = each_group("SWALR", "swa_lr", swa_lr, self._checked(optimizer))
        self.optimizer, self._anneal_strategy, self.anneal_epochs = optimizer, anneal_strategy, anneal_epochs
        self.check(vars(self))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least("SWALR", 0, anneal_epochs=own["anneal_epochs"])
        one_of("SWALR", "anneal_strategy", own["_anneal_strategy"], ("cos", "linear"))

    def get_lr(self) -> list[float]:
        groups = self.optimizer.param_groups
        if self._is_initial and self.last_epoch > 0:  # going on: the rate was loaded with the optimizer
            return [group["lr"] for group in groups]
        now, before = self._part(self.last_epoch), self._part(self.last_epoch - 1)
        if before == 1:
            return [group["swa_lr"] for group in groups]
        left = [(group["lr"] - before * group["swa_lr"]) / (1 - before) for group in groups]
        return [now * group["swa_lr"] + (1 - now) * lr for group, lr in zip(groups, left, strict=True)]

    def _part(self, t: int) -> float:
        """α: which part of the way is done at epoch t."""
        if self.anneal_epochs == 0:
            return float(t >= 0)
        x = min(max(t / self.anneal_epochs, 0.0), 1.0)
        return 1 - half_cosine(x) if self._anneal_strategy == "cos" else x


Average: TypeAlias = "Callable[[Array, Array, int], Array]"
"""(average, current, number averaged so far) ↦ new average, on NumPy arrays."""

MultiAverage: TypeAlias = "Callable[[Sequence[Array], Sequence[Array], int], None]"
"""The same for lists of arrays, changing those of the averages in place."""


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """a ← decay·a + (1 − decay)·p; the lecture's ``x_test = 0.995*x_test + 0.005*x`` is decay = 0.995.

    decay : in [0, 1]
    """
    _check_decay(decay)
    return lambda average, current, n: decay * average + (1 - decay) * current


def get_swa_avg_fn() -> Average:
    """a ← a + (p − a)/(n + 1): the mean of all."""
    return lambda average, current, n: average + (current - average) / (n + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """``get_ema_avg_fn`` for lists of arrays, in place.

    decay : in [0, 1]
    """
    _check_decay(decay)

    def ema(averages: Sequence[Array], currents: Sequence[Array], n: int) -> None:
        for average, current in zip(averages, currents, strict=True):
            average += (1 - decay) * (current - average)

    return ema


def get_swa_multi_avg_fn() -> MultiAverage:
    """``get_swa_avg_fn`` for lists of arrays, in place."""

    def swa(averages: Sequence[Array], currents: Sequence[Array], n: int) -> None:
        for average, current in zip(averages, currents, strict=True):
            average += (current - average) / (n + 1)

    return swa


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"get_ema_avg_fn: decay={decay!r} must lie in [0, 1].")


class AveragedModel:
    """A copy of a model whose weights are the average of the model's at every ``update_parameters``.

    model : what is copied, and averaged
    avg_fn : (a, p, n) ↦ the next average of one array, n the updates before
    multi_avg_fn : (list of a, list of p, n), which writes the averages in place
    use_buffers : whether buffers are averaged as well

    Equal weights (SWA, Izmailov et al. 2018) unless ``avg_fn`` or ``multi_avg_fn`` says otherwise; the first update
    copies. Buffers are copied from the model at each update, or averaged like the weights with ``use_buffers`` (counts
    are copied); where they are only copied, ``update_bn`` computes batch norm's statistics anew for the average.

    The copy is ``module``; calling this calls it. ``state_dict`` has PyTorch's keys: ``n_averaged`` and ``module.…``.

    Raises ValueError for both averaging functions, or for a model with other parameters.

    >>> import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     model.weight.data = np.full((1, 1), weight, np.float32)
    ...     average.update_parameters(model)
    >>> average(np.ones((1, 1), np.float32)).item()
    3.0
    """

    def __init__(
        self,
        model: Any,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: give avg_fn or multi_avg_fn, not both.")
        missing = [name for name in ("parameters", "buffers", "__call__") if not callable(getattr(model, name, None))]
        if missing:
            raise TypeError(f"AveragedModel: {class_name(model)} is not a module; it has no {', '.join(missing)}.")
        self.module = copy.deepcopy(model)
        self.n_averaged = Tensor(np.zeros((), np.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def __call__(self, *args: object, **kwargs: object) -> Tensor:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Any) -> None:
        """Take the model's present weights into the average."""
        pairs = [*_pairs("parameter", self.module.parameters(), model.parameters())]
        buffers = [*_pairs("buffer", self.module.buffers(), model.buffers())]
        n = int(self.n_averaged.item())
        averaged = [(a, c) for a, c in pairs + (buffers if self.use_buffers else []) if a.dtype.kind == "f"]
        arrays = [a._data for a, _ in averaged], [c._data for _, c in averaged]
        if n == 0:
            new = arrays[1]
        elif self.avg_fn is not None:
            new = [self.avg_fn(a, c, n) for a, c in zip(*arrays, strict=True)]
        else:
            new = [a.copy() for a in arrays[0]]
            (self.multi_avg_fn or get_swa_multi_avg_fn())(new, arrays[1], n)
        done = {id(a) for a, _ in averaged}
        rest = [(a, c._data) for a, c in pairs + buffers if id(a) not in done]
        arrays_of = [*zip((a for a, _ in averaged), new, strict=True), *rest]
        changes = [partial(setattr, target, "_data", _as(target, value)) for target, value in arrays_of]
        states.at_once([*changes, partial(setattr, self, "n_averaged", Tensor(np.array(n + 1, np.int64)))])

    def parameters(self) -> Iterable[Tensor]:
        """Those of the average."""
        return self.module.parameters()

    def buffers(self) -> Iterable[Tensor]:
        """Those of the average."""
        return self.module.buffers()

    def modules(self) -> Iterable[Any]:
        """Those of the average."""
        return self.module.modules()

    @property
    def training(self) -> bool:
        """Whether the average is in training mode."""
        return self.module.training

    def train(self, mode: bool = True) -> AveragedModel:
        """Put the average in training mode; returns self."""
        self.module.train(mode)
        return self

    def eval(self) -> AveragedModel:
        """Put the average in eval mode; returns self."""
        return self.train(False)

    def state_dict(self) -> StateDict:
        """``n_averaged`` and the copy's own state under ``module.``."""
        below = {f"module.{key}": value for key, value in self.module.state_dict().items()}
        return {"n_averaged": self.n_averaged.numpy().copy(), **below}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from a ``state_dict``; errors are the module's, and leave all as it was."""
        what = "AveragedModel.load_state_dict"
        if "n_averaged" not in states.mapping(what, state_dict):
            raise ValueError(f"{what}: no n_averaged; is this a model's own state?")
        n = Tensor(np.array(states.whole(f"{what}: n_averaged", state_dict["n_averaged"]), np.int64))
        below = {str(key).removeprefix("module."): v for key, v in state_dict.items() if key != "n_averaged"}
        before = self.module.state_dict(), self.n_averaged
        try:
            self.module.load_state_dict(below)
            self.n_averaged = n
        except BaseException:  # an interrupt may come between the two
            self.module.load_state_dict(before[0])
            self.n_averaged = before[1]
            raise

    def __repr__(self) -> str:
        return f"AveragedModel(of {int(self.n_averaged.item())}: {self.module!r})"


def _as(target: Tensor, value: Array) -> Array:
    """A copy of ``value`` with the dtype and shape of ``target``."""
    array = bare(value)
    copied = array.astype(target.dtype) if on_device(array) else brought(np.array(array, target.dtype), target)
    return copied.reshape(target.shape)


def _pairs(kind: str, ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> Iterable[tuple[Tensor, Tensor]]:
    mine, given = list(ours), list(theirs)
    shapes, others = [p.shape for p in mine], [p.shape for p in given]
    if shapes != others:
        raise ValueError(f"AveragedModel.update_parameters: {kind}s of shapes {others} for {shapes}.")
    return zip(mine, given, strict=True)


def update_bn(loader: Iterable[Any], model: Any) -> None:
    """Compute the running statistics of all batch norms in ``model`` anew, by one pass over the data.

    model : whose statistics they are
    loader : batches, or tuples and lists whose first entry is the batch
    Every batch counts the same. The model's modes are afterwards as they were.
    """
    norms = [m for m in model.modules() if _is_batch_norm(m)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]

    def put_back() -> None:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

    def pass_over() -> None:
        for norm in norms:  # fresh statistics, averaged with equal weights (momentum None)
            norm.running_mean.data = np.zeros_like(norm.running_mean._data)
            norm.running_var.data = np.ones_like(norm.running_var._data)
            norm.num_batches_tracked.data = np.zeros_like(norm.num_batches_tracked._data)
            norm.momentum = None
        model.train()
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, (tuple, list)) else batch)

    restoring(pass_over, modes_of(model), put_back)


def _is_batch_norm(module: Any) -> bool:
    return getattr(module, "of_batches", False) and getattr(module, "running_mean", None) is not None


class Ensemble:
    """Several models that answer together, by the mean of what each says.

    models : functions of one input; ValueError for none
    transform : applied to each answer before the mean, such as a softmax, so that probabilities are averaged

    >>> together = Ensemble([lambda x: x + 1, lambda x: x + 3])
    >>> together(np.zeros(2))
    array([2., 2.])
    """

    def __init__(self, models: Iterable[Callable[..., Any]], transform: Callable[[Any], Any] | None = None) -> None:
        self.models, self.transform = list(models), transform
        if not self.models:
            raise ValueError("Ensemble: no models.")

    def __call__(self, *args: object, **kwargs: object) -> Array:
        answers = [model(*args, **kwargs) for model in self.models]
        if self.transform is not None:
            answers = [self.transform(answer) for answer in answers]
        return sum(answers[1:], answers[0]) / len(answers)


def average_checkpoints(state_dicts: Iterable[State]) -> StateDict:
    """The mean of several state_dicts of one model, to be loaded as one; counts are those of the last.

    state_dicts : mappings of names to arrays

    Raises ValueError for none, or for different keys or shapes.

    >>> average_checkpoints([{"w": np.array([1.0])}, {"w": np.array([4.0])}])
    {'w': array([2.5])}
    """
    given = [dict(state) for state in state_dicts]
    if not given:
        raise ValueError("average_checkpoints: no checkpoints.")
    for i, state in enumerate(given):
        if state.keys() != given[0].keys():
            different = sorted(state.keys() ^ given[0].keys())
            raise ValueError(f"average_checkpoints: checkpoint {i} has not the keys of the first: {different}.")
        for key, value in state.items():
            if np.shape(value) != np.shape(given[0][key]):
                shapes = f"{np.shape(value)} for {np.shape(given[0][key])}"
                raise ValueError(f"average_checkpoints: {key} of checkpoint {i} has shape {shapes}.")
    mean = {}
    for key in given[0]:
        arrays = [hosted(bare(state[key])) for state in given]
        floating = arrays[0].dtype.kind == "f"
        mean[key] = np.mean(arrays, axis=0, dtype=np.float64).astype(arrays[0].dtype) if floating else arrays[-1].copy()
    return mean
