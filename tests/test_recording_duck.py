"""State has owners: under recording arrays every layer, loss, optimizer and hook takes the steps of eager, to the bit.

Parameters, buffers, moments, inputs, labels and draws are recording arrays; learning rates and step counts are numbers
that change. A second and a third step must then make the same calls with the same constants: whatever else had changed
between them would have been baked into a compiled step.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from recording import Number, Recording, recording, unwrap, wrap

STEPS = 3
Batches = list[tuple[Any, ...]]


def normal(*shape: int, key: int = 0) -> list[Any]:
    return [np.random.default_rng([key, k]).normal(size=shape).astype(np.float32) for k in range(STEPS)]


def uniform(*shape: int, key: int = 0) -> list[Any]:
    return [np.random.default_rng([key, k]).uniform(0.1, 0.9, shape).astype(np.float32) for k in range(STEPS)]


def whole(below: int, *shape: int, key: int = 0) -> list[Any]:
    return [np.random.default_rng([key, k]).integers(0, below, shape) for k in range(STEPS)]


def signs(*shape: int) -> list[Any]:
    return [np.where(x > 0, 1, -1).astype(np.float32) for x in normal(*shape, key=9)]


def squares(y: Any) -> Any:
    """A number from whatever a layer answers."""
    while isinstance(y, tuple):
        y = y[0]
    return ag.mean(ag.square(y)) + ag.mean(y)


class Setting:
    """A training step as anybody writes it: modules, an optimizer, the loss of a batch."""

    def __init__(self, module: Any, loss: Callable[..., Any], rule: Callable[[Any], Any], inputs: int = 0) -> None:
        ag.manual_seed(0)
        self.module, self.loss = module(), loss
        parameters = list(self.module.parameters())
        self.scale = None if parameters else nn.Parameter(np.ones(inputs or 1, np.float32))
        self.parameters = parameters or [self.scale]
        self.rule = rule

    def start(self) -> None:
        self.optimizer = self.rule(self.parameters)

    def step(self, batch: tuple[Any, ...]) -> Any:
        self.optimizer.zero_grad()
        x, *rest = batch
        x = x if self.scale is None else ag.Tensor(x) * self.scale
        loss = self.loss(self.module, x, *rest)
        loss.backward()
        self.optimizer.step()
        return loss.data

    def tensors(self) -> list[Any]:
        return [*self.parameters, *self.module.buffers()]

    def snapshot(self, loss: Any) -> list[Any]:
        storages = [s for group in self.optimizer._storages for s in group]
        states = [[*s.state(i).values(), *(s.clocks[i] or ())] for s in storages for i in range(len(s.params))]
        gradients = [p.grad.data for p in self.parameters if p.grad is not None]
        arrays = [loss, *(t.data for t in self.tensors()), *gradients]
        return [np.array(unwrap(a)) for a in (*arrays, *itertools.chain(*states))]


def eager(setting: Setting, batches: Batches) -> tuple[list[list[Any]], Any]:
    generator = np.random.default_rng(5)
    setting.start()
    with ag.support.random.use_generator(generator):
        found = [setting.snapshot(setting.step(batch)) for batch in batches]
    return found, generator.bit_generator.state


def on_recording_arrays(setting: Setting, batches: Batches) -> tuple[list[list[Any]], Any, list[Any]]:
    """The same with recording arrays, numbers in the clocks and groups, and what each step noted."""
    generator = np.random.default_rng(5)
    for t in setting.tensors():
        t._data = wrap(t._data)
    found, notes = [], []
    with recording(generator) as noted:
        setting.start()
        live(setting.optimizer)
        for batch in batches:
            noted.clear()
            loss = setting.step(wrap(batch))
            notes.append([*noted])
            assert isinstance(loss, Recording)
            found.append(setting.snapshot(loss))
    return found, generator.bit_generator.state, notes


def live(optimizer: Any) -> None:
    """Learning rates, momenta and step counts become numbers that change."""
    start = optimizer.start
    optimizer.start = lambda options: tuple(map(Number, map(unwrap, start(options))))
    for group in optimizer.param_groups:
        for name in ("lr", "momentum"):
            if group.get(name):
                group[name] = Number(group[name])
    for hook in optimizer.hooks:
        if hasattr(hook, "step"):
            hook.step = Number(hook.step)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (np.ndarray, np.generic)):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a is b or a == b or (a != a and b != b)


def check(make: Callable[[], Setting], batches: Batches) -> None:
    expected, state = eager(make(), batches)
    found, drawn, notes = on_recording_arrays(make(), batches)
    for k, (a, b) in enumerate(zip(expected, found, strict=True)):
        assert same(a, b), f"step {k} differs from eager"
    assert drawn == state
    assert notes[1], "nothing was noted"
    for a, b in itertools.zip_longest(notes[1], notes[2]):
        assert same(a, b), f"the second and the third step differ: {a} and {b}"


# Layers ---------------------------------------------------------------------------------------------------------------

IMAGE, SEQUENCE = normal(3, 4, 8, 8), normal(5, 3, 6)
WITHOUT_SETTINGS = [
    *("CELU", "ELU", "Flatten", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "Identity"),
    *("LeakyReLU", "LogSigmoid", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus"),
    *("Softshrink", "Softsign", "Tanh", "Tanhshrink"),
]
LAYERS: dict[str, tuple[Callable[[], Any], Any]] = {
    **{name: (getattr(nn, name), normal(4, 6)) for name in WITHOUT_SETTINGS},
    "Threshold": (lambda: nn.Threshold(0.1, 0.0), normal(4, 6)),
    **{name: (lambda name=name: getattr(nn, name)(1), normal(4, 6)) for name in ("Softmax", "LogSoftmax", "Softmin")},
    "Softmax2d": (nn.Softmax2d, IMAGE),
    "Linear": (lambda: nn.Linear(6, 3), normal(4, 6)),
    "Bilinear": (lambda: Twice(nn.Bilinear(6, 6, 3)), normal(4, 6)),
    "Embedding": (lambda: nn.Embedding(9, 4), whole(9, 4, 3)),
    "Embedding, a row that is not learned": (lambda: nn.Embedding(9, 4, padding_idx=0), whole(9, 4, 3)),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 3)), normal(4, 6)),
    **{f"BatchNorm{d}d": (lambda d=d: getattr(nn, f"BatchNorm{d}d")(4), normal(3, 4, *[5] * d)) for d in (1, 2, 3)},
    "BatchNorm1d, plain averages": (lambda: nn.BatchNorm1d(6, momentum=None), normal(4, 6)),
    **{
        f"InstanceNorm{d}d": (
            lambda d=d: getattr(nn, f"InstanceNorm{d}d")(4, affine=True, track_running_stats=True),
            normal(3, 4, *[5] * d),
        )
        for d in (1, 2, 3)
    },
    "LayerNorm": (lambda: nn.LayerNorm(6), normal(4, 6)),
    "RMSNorm": (lambda: nn.RMSNorm(6), normal(4, 6)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), IMAGE),
    **{
        name: (lambda name=name: getattr(nn, name)(0.3), shape)
        for name, shape in [
            *[("Dropout", normal(4, 6)), ("Dropout1d", normal(3, 4, 5)), ("Dropout2d", IMAGE)],
            *[("Dropout3d", normal(3, 4, 2, 3, 3)), ("AlphaDropout", normal(4, 6)), ("FeatureAlphaDropout", IMAGE)],
            ("GaussianNoise", normal(4, 6)),
        ]
    },
    **{
        f"{name}{d}d": (
            lambda name=name, d=d: getattr(nn, f"{name}{d}d")(4, 6, 3, stride=2, padding=1),
            normal(2, 4, *[7] * d),
        )
        for name in ("Conv", "ConvTranspose")
        for d in (1, 2, 3)
    },
    "Conv2d, stride 1": (lambda: nn.Conv2d(4, 6, 3, padding=1), IMAGE),
    "Conv2d, groups": (lambda: nn.Conv2d(4, 8, 3, groups=4), IMAGE),
    "Conv2d, reflected": (lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), IMAGE),
    **{
        f"{name}Pool{d}d": (lambda name=name, d=d: getattr(nn, f"{name}Pool{d}d")(2), normal(2, 4, *[6] * d))
        for name in ("Max", "Avg")
        for d in (1, 2, 3)
    },
    "MaxPool2d, overlapping": (lambda: nn.MaxPool2d(3, 2, 1), IMAGE),
    **{
        f"Adaptive{name}Pool{d}d": (
            lambda name=name, d=d: getattr(nn, f"Adaptive{name}Pool{d}d")(3),
            normal(2, 4, *[7] * d),
        )
        for name in ("Max", "Avg")
        for d in (1, 2, 3)
    },
    **{
        f"FractionalMaxPool{d}d": (
            lambda d=d: getattr(nn, f"FractionalMaxPool{d}d")(2, 3),
            normal(2, 4, *[5] * d),
        )
        for d in (2, 3)
    },
    **{f"LPPool{d}d": (lambda d=d: getattr(nn, f"LPPool{d}d")(2, 2), uniform(2, 4, *[4] * d)) for d in (1, 2, 3)},
    **{
        f"{name}Pad{d}d": (
            lambda name=name, d=d: getattr(nn, f"{name}Pad{d}d")(*[1, 0.5][: 1 + (name == "Constant")]),
            normal(2, 4, *[4] * d),
        )
        for name in ("Circular", "Constant", "Reflection", "Replication", "Zero")
        for d in (1, 2, 3)
    },
    "Unfold": (lambda: nn.Unfold(3), IMAGE),
    "Fold": (lambda: nn.Fold((4, 4), 2), normal(2, 8, 9)),
    "ChannelShuffle": (lambda: nn.ChannelShuffle(2), IMAGE),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(2), IMAGE),
    "UpsamplingNearest2d": (lambda: nn.UpsamplingNearest2d(scale_factor=2), IMAGE),
    "UpsamplingBilinear2d": (lambda: nn.UpsamplingBilinear2d(scale_factor=2), IMAGE),
    "EmbeddingBag": (lambda: nn.EmbeddingBag(9, 4), whole(9, 4, 3)),
    "Transformer": (lambda: Twice(nn.Transformer(6, 2, 1, 1, 8)), SEQUENCE),
    "Upsample": (lambda: nn.Upsample(scale_factor=2), IMAGE),
    "Upsample, bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), IMAGE),
    "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), IMAGE),
    **{name: (lambda name=name: getattr(nn, name)(6, 5), SEQUENCE) for name in ("RNN", "GRU", "LSTM")},
    "LSTM, two layers": (lambda: nn.LSTM(6, 5, num_layers=2, bidirectional=True, dropout=0.2), SEQUENCE),
    "GRU, both ways": (lambda: nn.GRU(6, 5, bidirectional=True), SEQUENCE),
    **{name: (lambda name=name: getattr(nn, name)(6, 5), normal(4, 6)) for name in ("RNNCell", "GRUCell", "LSTMCell")},
    "Recurrence": (lambda: nn.Recurrence(nn.LSTMCell(6, 5)), SEQUENCE),
    "MultiheadAttention": (lambda: Thrice(nn.MultiheadAttention(6, 2, dropout=0.1)), SEQUENCE),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(6, 2, 8), SEQUENCE),
    "TransformerEncoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8), 2), SEQUENCE),
    "TransformerDecoderLayer": (lambda: Twice(nn.TransformerDecoderLayer(6, 2, 8)), SEQUENCE),
    "TransformerDecoder": (lambda: Twice(nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 8), 2)), SEQUENCE),
    "CosineSimilarity": (lambda: Twice(nn.CosineSimilarity()), normal(4, 6)),
    "PairwiseDistance": (lambda: Twice(nn.PairwiseDistance()), normal(4, 6)),
    "Sequential": (lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)), normal(4, 6)),
    "weight_norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)), normal(4, 6)),
    "spectral_norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(6, 4)), normal(4, 6)),
    "orthogonal": (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(6, 4)), normal(4, 6)),
}


class Repeated(nn.Module):
    """A layer of several arguments on one."""

    count = 1

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return self.layer(x, *[x * (k + 2) for k in range(self.count - 1)])


class Twice(Repeated):
    count = 2


class Thrice(Repeated):
    count = 3


def sgd(parameters: Any) -> Any:
    return optim.SGD(parameters, lr=0.01)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    module, batches = LAYERS[name]
    check(lambda: Setting(module, lambda m, x: squares(m(x)), sgd), [(x,) for x in batches])


# Losses ---------------------------------------------------------------------------------------------------------------

SHARES = [p / p.sum(axis=1, keepdims=True) for p in uniform(8, 4, key=3)]
LABELS = [np.where(np.arange(4) < 2, np.sort(y, axis=1)[:, ::-1], -1) for y in whole(4, 8, 4)]
WEIGHTS = np.arange(1.0, 5.0, dtype=np.float32)
Loss = Callable[..., Any]
LOSSES: dict[str, tuple[Loss, list[Any]]] = {
    **{name: (getattr(nn, name)(), normal(8, 4, key=1)) for name in ("MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss")},
    "CrossEntropyLoss": (nn.CrossEntropyLoss(), whole(4, 8)),
    "CrossEntropyLoss, weights": (nn.CrossEntropyLoss(WEIGHTS), whole(4, 8)),
    "CrossEntropyLoss, smoothing": (nn.CrossEntropyLoss(label_smoothing=0.1), whole(4, 8)),
    "CrossEntropyLoss, ignored class": (nn.CrossEntropyLoss(ignore_index=0), whole(4, 8)),
    "CrossEntropyLoss, shares": (nn.CrossEntropyLoss(), SHARES),
    "CrossEntropyLoss, sum": (nn.CrossEntropyLoss(reduction="sum"), whole(4, 8)),
    "LinearCrossEntropyLoss": (nn.LinearCrossEntropyLoss(4, 3).requires_grad_(False), whole(3, 8)),
    "NLLLoss": (lambda y, t: nn.NLLLoss()(ag.log_softmax(y, 1), t), whole(4, 8)),
    "BCELoss": (lambda y, t: nn.BCELoss()(ag.sigmoid(y), t), uniform(8, 4)),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(pos_weight=WEIGHTS), uniform(8, 4)),
    "KLDivLoss": (lambda y, t: nn.KLDivLoss(reduction="batchmean")(ag.log_softmax(y, 1), t), SHARES),
    "PoissonNLLLoss": (nn.PoissonNLLLoss(full=True), [k.astype(np.float32) for k in whole(9, 8, 4)]),
    "GaussianNLLLoss": (lambda y, t: nn.GaussianNLLLoss()(y, t, ag.square(y) + 0.1), normal(8, 4, key=1)),
    "SoftMarginLoss": (nn.SoftMarginLoss(), signs(8, 4)),
    "HingeEmbeddingLoss": (nn.HingeEmbeddingLoss(), signs(8, 4)),
    "MultiMarginLoss": (nn.MultiMarginLoss(), whole(4, 8)),
    "MultiLabelMarginLoss": (nn.MultiLabelMarginLoss(), LABELS),
    "MultiLabelSoftMarginLoss": (nn.MultiLabelSoftMarginLoss(), [np.round(p) for p in uniform(8, 4)]),
    "CosineEmbeddingLoss": (lambda y, t: nn.CosineEmbeddingLoss()(y, 0.5 * y + 1, t), signs(8)),
    "MarginRankingLoss": (lambda y, t: nn.MarginRankingLoss()(y[:, 0], y[:, 1], t), signs(8)),
    "TripletMarginLoss": (lambda y, t: nn.TripletMarginLoss()(y, 0.5 * y, t), normal(8, 4, key=1)),
    "TripletMarginWithDistanceLoss": (
        lambda y, t: nn.TripletMarginWithDistanceLoss()(y, 0.5 * y, t),
        normal(8, 4, key=1),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    loss, targets = LOSSES[name]
    batches = list(zip(normal(8, 6), targets, strict=True))
    check(lambda: Setting(lambda: nn.Linear(6, 4), lambda m, x, t: loss(m(x), t), sgd), batches)


# Optimizers and hooks -------------------------------------------------------------------------------------------------

Rule = Callable[[Any], Any]


def hooked(hook: Callable[[], Any]) -> Rule:
    def rule(parameters: Any) -> Any:
        optimizer = sgd(parameters)
        hook().add_to(optimizer)
        return optimizer

    return rule


WITH_DEFAULTS = [
    *("ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "NAdam", "RAdam", "RMSprop"),
    *("Rprop", "SGD", "SparseAdam"),
]
RULES: dict[str, Rule] = {
    **{name: (lambda p, name=name: getattr(optim, name)(p)) for name in WITH_DEFAULTS},
    "Muon": lambda p: optim.Muon([q for q in p if q.ndim == 2]),
    "SGD, momentum": lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam, amsgrad": lambda p: optim.Adam(p, amsgrad=True, weight_decay=0.1, maximize=True),
    "RMSprop, centered": lambda p: optim.RMSprop(p, centered=True, momentum=0.9),
    "ClipGradNorm": hooked(lambda: optim.hooks.ClipGradNorm(0.1)),
    "ClipGradValue": hooked(lambda: optim.hooks.ClipGradValue(0.01)),
    "WeightDecay": hooked(lambda: optim.hooks.WeightDecay(0.1)),
    "GradientNoise": hooked(lambda: optim.hooks.GradientNoise(0.1)),
    "NonFinite": hooked(lambda: optim.hooks.NonFinite()),
    "Lasso": hooked(lambda: optim.hooks.Lasso(0.1)),
}


@pytest.mark.parametrize("name", RULES)
def test_optimizers_and_hooks(name: str) -> None:
    def loss(module: Any, x: Any, y: Any) -> Any:
        return nn.CrossEntropyLoss()(module(x), y)

    batches = list(zip(normal(8, 6), whole(4, 8), strict=True))
    module = lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4))
    check(lambda: Setting(module, loss, RULES[name]), batches)


@pytest.mark.parametrize("limit", [0.01, 1e6])
def test_clipping_by_norm(limit: float) -> None:
    def loss(module: Any, x: Any) -> Any:
        return squares(module(x))

    class Clipped(Setting):
        def step(self, batch: tuple[Any, ...]) -> Any:
            self.optimizer.zero_grad()
            result = self.loss(self.module, *batch)
            result.backward()
            nn.utils.clip_grad_norm_(self.parameters, limit)
            self.optimizer.step()
            return result.data

    check(lambda: Clipped(lambda: nn.Linear(6, 4), loss, sgd), [(x,) for x in normal(8, 6)])


# The walk -------------------------------------------------------------------------------------------------------------

EAGER = {
    "AdaptiveLogSoftmaxWithLoss": "the targets decide which cluster has how many rows",
    "CTCLoss": "the lengths of the labels decide the shapes",
    **dict.fromkeys(("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"), "its indices are checked"),
    "LBFGS": "its line search decides on values how often the closure runs; the closure itself is recorded",
}
CONTAINERS = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Optimizer", "GradientHook"}


def test_every_public_class_has_a_case() -> None:
    places = [(nn, nn.Module), (optim, optim.Optimizer), (optim.hooks, optim.hooks.GradientHook)]
    public = {
        name
        for place, base in places
        for name, value in inspect.getmembers(place, inspect.isclass)
        if issubclass(value, base) and not name.startswith(("_", "Lazy"))  # a lazy layer becomes another
    }
    cases = {name.split(",")[0] for name in (*LAYERS, *LOSSES, *RULES)}
    assert public - cases - CONTAINERS == set(EAGER)


def test_the_recording_array_finds_what_is_baked_in() -> None:
    """The proof can fail: a mask of NumPy's, a number of Python's, a conversion."""
    rng = np.random.default_rng(0)
    counts = itertools.count()

    def baked(factor: Callable[[Any], Any]) -> Callable[[], Setting]:
        return lambda: Setting(lambda: nn.Linear(6, 4), lambda m, x: squares(m(x) * factor(x)), sgd)

    batches = [(x,) for x in normal(8, 6)]
    for factor in (lambda x: np.full(4, next(counts), np.float32), lambda x: 1.0 + next(counts)):
        with pytest.raises(AssertionError, match="differ"):
            check(baked(factor), batches)
    with pytest.raises(AssertionError, match="differ"):
        check(baked(lambda x: rng.normal(size=4).astype(np.float32)), batches)
    for convert in (np.asarray, lambda x: float(x[0, 0])):
        with pytest.raises(TypeError, match="converted"):
            on_recording_arrays(baked(convert)(), batches)
