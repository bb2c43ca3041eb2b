"""Layers, losses, optimizers and the trainer on a strict duck array: what holds there holds on a GPU by CuPy."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from devices import DUCKS, steps_law
from duck import Duck
from test_recording_duck import LAYERS, LOSSES, RULES, Setting, normal, sgd, squares, whole
from trainings import X, Y

array = DUCKS.back
"""The numbers of a duck, and of nothing else."""


@pytest.fixture(autouse=True)
def as_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy 14 has no such functions."""
    newer = {getattr(np, name) for name in ("matvec", "vecmat") if hasattr(np, name)}  # NumPy ≥ 2.2
    monkeypatch.setattr(Duck, "lacking", {np.vecdot, np.block, np.insert, np.geomspace} | newer)


def check(make: Callable[[], Setting], batches: Any, *moved: Any) -> None:
    steps_law(make, batches, DUCKS, *moved)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    module, batches = LAYERS[name]
    check(lambda: Setting(module, lambda m, x: squares(m(x)), sgd), [(x,) for x in batches])


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    loss, targets = LOSSES[name][0], LOSSES[name][1]
    there = copy.deepcopy(loss) if isinstance(loss, nn.Module) else loss
    losses = iter([loss, there])
    batches = list(zip(normal(8, 6), targets, strict=True))

    def make() -> Setting:
        own = next(losses)
        return Setting(lambda: nn.Linear(6, 4), lambda m, x, t: own(m(x), t), sgd)

    check(make, batches, there)


@pytest.mark.parametrize("name", RULES)
def test_optimizers_and_hooks(name: str) -> None:
    def loss(module: Any, x: Any, y: Any) -> Any:
        return nn.CrossEntropyLoss()(module(x), y)

    module = lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4))
    check(lambda: Setting(module, loss, RULES[name]), list(zip(normal(8, 6), whole(4, 8), strict=True)))


def test_lbfgs() -> None:
    def run(place: Callable[[Any], Any]) -> Any:
        ag.manual_seed(0)
        model = nn.Linear(3, 2)
        for p in model.parameters():
            p._data = place(p._data)
        optimizer = optim.LBFGS(model.parameters(), max_iter=4, line_search_fn="strong_wolfe")

        def closure() -> Any:
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(model(place(X)), place(Y))
            loss.backward()
            return loss

        optimizer.step(closure)
        return model.weight

    DUCKS.close(run(Duck), run(np.copy).numpy())


F = nn.functional
IMAGES = normal(2, 3, 6, 6)
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "causal attention": (lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), normal(2, 5, 4)),
    "large attention": (lambda x: F.scaled_dot_product_attention(x, x, x), normal(2, 80, 16)),
    "grid_sample": (lambda x: F.grid_sample(x, F.affine_grid(x[:, 0, :2, :3], (2, 3, 4, 4))), IMAGES),
    "reflected grid_sample": (
        lambda x: F.grid_sample(x, 2 * ag.tanh(x[:, 0, :4, :2])[:, None], padding_mode="reflection"),
        IMAGES,
    ),
    "bicubic": (lambda x: F.interpolate(x, scale_factor=1.5, mode="bicubic"), IMAGES),
    "averages without padding": (lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), IMAGES),
    "adaptive places": (lambda x: F.adaptive_max_pool2d(x, 4, return_indices=True), IMAGES),
    "unpooled": (lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2), IMAGES),
    "one hot": (lambda x: x * F.one_hot((x.data > 0).astype(int)[:, 0], 6), normal(4, 6)),
    "connectionist": (
        lambda x: F.ctc_loss(ag.log_softmax(x, -1), np.array([[1, 2], [2, 2]]), np.array([6, 6]), np.array([2, 2])),
        normal(6, 2, 4),
    ),
    "packed": (lambda x: nn.utils.rnn.pack_padded_sequence(x, np.array([5, 3])).data, normal(5, 2, 3)),
    "gumbel": (lambda x: F.gumbel_softmax(x, hard=True), normal(4, 3)),
    "masked": (lambda x: np.where(x > 0, x, 0.0) + ag.cumsum(x, axis=1) + np.sort(x, axis=1), normal(4, 3)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    f, batches = FUNCTIONS[name]
    check(lambda: Setting(nn.Identity, lambda m, x: squares(f(m(x))), sgd), [(x,) for x in batches])


def cubes(w: Any) -> Any:
    return np.sum(np.tanh(w) ** 3)


def through(w: Any) -> Any:
    return np.tanh(w) * w[0]


TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "value_and_grad": lambda w, x: ag.value_and_grad(cubes)(w),
    "jacobian": lambda w, x: ag.jacobian(through)(w),
    "jacobian, forward": lambda w, x: ag.jacobian(through, mode="forward")(w),
    "hessian": lambda w, x: ag.hessian(cubes)(w),
    "vjp": lambda w, x: ag.vjp(through, w)[1](w),
    "jvp": lambda w, x: ag.jvp(through, (w,), (w,)),
    "vmap": lambda w, x: ag.vmap(ag.grad(cubes))(x),
    "checkpoint": lambda w, x: ag.grad(lambda w: ag.checkpoint(through)(w).sum())(w),
    "scan": lambda w, x: ag.grad(lambda w: ag.scan(lambda c, row: (c * 0.5 + row, c.sum()), w, x)[0].sum())(w),
    "fori_loop": lambda w, x: ag.fori_loop(0, 3, lambda i, c: c * 0.5, w),
    "cond": lambda w, x: ag.cond(True, lambda w: w * 2, lambda w: w, w),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_functions(name: str) -> None:
    w, x = (np.random.default_rng(0).normal(size=shape) for shape in ((4,), (3, 4)))
    expected, found = TRANSFORMS[name](w, x), TRANSFORMS[name](Duck(w), Duck(x))
    for a, b in zip(*(v if isinstance(v, (tuple, list)) else (v,) for v in (found, expected)), strict=True):
        DUCKS.close(a, np.asarray(b))


def test_transforms_of_data() -> None:
    from sklearn.preprocessing import StandardScaler

    from nn.data import transforms as t

    images, labels = np.random.default_rng(0).normal(size=(6, 1, 4, 4)), np.arange(6) % 3
    scaler = StandardScaler().fit(images.reshape(6, -1))
    noise = t.GaussianNoise(0.1), t.RandomGain((0.5, 2.0), 0.1), t.LabelNoise(0.5, 3), t.Scaled(scaler)
    moves = t.RandomHorizontalFlip(), t.RandomAffine(10, 0.1), t.MixUp(0.2, 3)
    change = t.Compose(*noise, *moves)
    expected = change((images, labels), np.random.default_rng(1))
    for a, b in zip(change((Duck(images), Duck(labels)), np.random.default_rng(1)), expected, strict=True):
        np.testing.assert_allclose(array(a), b, rtol=1e-10)


# A device ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that stands in CuPy's place, whose arrays are ducks."""
    runtime = SimpleNamespace(getDeviceCount=lambda: 1, CUDARuntimeError=OSError)
    cuda = SimpleNamespace(Device=lambda index=0: contextlib.nullcontext(), runtime=runtime, is_available=lambda: True)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(asarray=DUCKS.move, cuda=cuda))
    monkeypatch.setattr(Duck, "__module__", "cupy")
    monkeypatch.setattr(Duck, "device", SimpleNamespace(id=0), raising=False)
    Duck.transfers.clear()
    yield runtime


def net() -> Any:
    ag.manual_seed(4)
    layers = nn.Linear(3, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2)
    return nn.Sequential(*layers)


def test_tensors_and_models_move_and_come_back(gpu: Any) -> None:
    t = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    moved = t.to("cuda")
    assert type(moved.data) is Duck and moved.requires_grad and moved.to("cuda:0") is moved and t.to("cpu") is t
    assert str(moved.device) == "cuda:0" and str(t.device) == "cpu"
    (moved * moved).sum().backward()
    assert moved.grad is not None and moved.grad.numpy().tolist() == [2, 2, 2]
    assert moved.cpu().numpy().tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError, match="a recorded tensor stays on its device"):
        (moved * 2).to("cpu")
    model = net()
    before = model.state_dict()
    y = model.eval()(X)
    model.to("cuda")
    assert all(type(x) is np.ndarray for x in model.state_dict().values())
    np.testing.assert_allclose(model(Duck(X)).numpy(), y.numpy(), rtol=1e-5)
    model.load_state_dict(before)
    model.to("cpu")
    assert all(before[name].tobytes() == value.tobytes() for name, value in model.state_dict().items())


def test_the_state_of_an_optimizer_follows(gpu: Any) -> None:
    def steps(places: list[str]) -> Any:
        model = net()
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        for place in places:
            model.to(place)
            optimizer.zero_grad()
            x, y = (Duck(X), Duck(Y)) if place == "cuda" else (X, Y)
            nn.CrossEntropyLoss()(model(x), y).backward()
            optimizer.step()
        return model.state_dict(), optimizer.state_dict()["state"]

    (weights, state), (expected, moments) = steps(["cpu", "cuda", "cuda", "cpu"]), steps(["cpu"] * 4)
    for name, value in expected.items():
        np.testing.assert_allclose(weights[name], value, rtol=1e-4, atol=1e-6)
    for own, other in zip(state.values(), moments.values(), strict=True):
        for name in other:
            assert type(own[name]) is np.ndarray
            np.testing.assert_allclose(own[name], other[name], rtol=1e-4, atol=1e-7)


def test_a_trainer_trains_where_the_model_is(gpu: Any, tmp_path: Path) -> None:
    """The same records, checkpoints and predictions, from data on the CPU or on the device; few numbers cross over."""

    def train(place: str, data: Any, folder: str, epochs: int = 3) -> Any:
        model = net().to(place)
        keeper = nn.callbacks.ModelCheckpoint(tmp_path / folder)
        callbacks = [nn.callbacks.EarlyStopping(), nn.callbacks.EMA(0.9), keeper]
        trainer = nn.Trainer(
            model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01), callbacks, seed=0, clip_norm=1.0,
            metrics=[nn.metrics.accuracy], compile="auto" if place == "cuda" else False,
        )  # fmt: skip
        history = trainer.fit(data, (X[:20], Y[:20]), epochs=epochs, batch_size=10, resume=True)
        return history, trainer.predict(X), trainer

    history, predicted, _ = train("cpu", (X, Y), "cpu")
    for data in ((X, Y), (Duck(X), Duck(Y))):
        Duck.transfers.clear()
        train("cuda", data, f"cuda {type(data[0])}", epochs=2)
        crossed = Duck.transfers.total()
        assert crossed < 14 * 20, Duck.transfers  # for 14 steps
        found, there, trainer = train("cuda", data, f"cuda {type(data[0])}")  # it goes on
        assert found["loss"] == pytest.approx(history["loss"], rel=1e-4)
        assert found["val_accuracy"] == history["val_accuracy"]
        np.testing.assert_allclose(there, predicted, rtol=1e-3, atol=1e-4)
        assert trainer.compiled is None and all(type(p.data) is Duck for p in trainer.model.parameters())


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, gpu: Any) -> None:
    def none() -> int:
        raise OSError("no CUDA-capable device is detected")

    monkeypatch.setattr(gpu, "getDeviceCount", none)
    with pytest.raises(RuntimeError, match=r'CuPy finds no GPU here for "cuda" \(no CUDA-capable device'):
        nn.Linear(1, 1).to("cuda")
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError, match=r'"cuda" needs CuPy, .* pip install "autograd-core\[cuda\]"'):
        ag.Tensor([1.0]).to("cuda")


def test_the_models_of_the_examples() -> None:
    from examples import characters, cnn, digits

    cases: list[tuple[Callable[[], Any], Any]] = [
        (digits.network, normal(8, 64)),
        (cnn.Net, normal(4, 1, 8, 8)),
        (lambda: Last(characters.Characters(12)), whole(12, 4, 5)),
    ]
    for make, batches in cases:
        check(lambda make=make: Setting(make, lambda m, x: squares(m(x)), sgd), [(batch,) for batch in batches])


class Last(nn.Module):
    """The first of several answers."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def forward(self, x: Any) -> Any:
        answer = self.model(x)
        return answer[0] if isinstance(answer, tuple) else answer
