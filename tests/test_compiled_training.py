"""Trainer, estimators and minimize are the same, to the bit, whether they replay their steps or not."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.callbacks import EarlyStopping, ModelCheckpoint

ROWS = np.random.default_rng(0).normal(size=(83, 6)).astype(np.float32)
CLASSES = np.random.default_rng(1).integers(0, 3, 83)
HELD_OUT = ROWS[:20], CLASSES[:20]


def network() -> Any:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))


def trainer(
    compile: Any, rule: Callable[[Any], Any] | None = None, model: Callable[[], Any] = network, **options: Any
) -> Any:
    ag.manual_seed(0)
    made = model()
    optimizer = (rule or (lambda p: optim.Adam(p, lr=0.01)))(made.parameters())
    if "schedule" in options:
        options["scheduler"] = options.pop("schedule")(optimizer)
    loss = options.pop("loss", None) or nn.CrossEntropyLoss()
    return nn.Trainer(made, loss, optimizer, seed=3, compile=compile, **options)


def numbers(history: Any) -> Any:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history.records]


def weights(of: Any) -> list[bytes]:
    return [t.data.tobytes() for t in [*of.model.parameters(), *of.model.buffers()]]


def accuracy(output: Any, target: Any) -> float:
    return float((np.asarray(output).argmax(1) == np.asarray(target)).mean())


SETTINGS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "clipped by norm": {"clip_norm": 0.5},
    "clipped by value": {"clip_value": 0.05},
    "a schedule of epochs": {"schedule": lambda o: optim.lr_scheduler.StepLR(o, 1, 0.5)},
    "a schedule of steps": {
        "schedule": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 30),
        "scheduler_unit": "step",
    },
    "on a plateau": {"schedule": lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0)},
    "metrics": {"metrics": {"accuracy": accuracy}},
    "early stopping": {"callbacks": lambda: [EarlyStopping(patience=1)]},
    "no look at gradients": {"on_nonfinite": "ignore"},
    "momentum": {"rule": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True)},
    "L-BFGS": {"rule": lambda p: optim.LBFGS(p, lr=0.5, max_iter=3)},
    "two groups": {"rule": lambda p: optim.AdamW([{"params": [q], "lr": 0.01 / (i + 1)} for i, q in enumerate(p)])},
    "a loss of one's own": {"loss": lambda y, t: nn.functional.cross_entropy(y, t) + 0.01 * (y * y).mean()},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("compile", ["auto", True])
def test_a_training_is_the_same_compiled(name: str, compile: Any) -> None:
    found = []
    for mode in (False, compile):
        options = {k: v() if k == "callbacks" else v for k, v in SETTINGS[name].items()}
        made = trainer(mode, **options)
        history = made.fit((ROWS, CLASSES), HELD_OUT, epochs=6, batch_size=8)  # the last batch has three rows
        found.append((numbers(history), weights(made), made.predict(ROWS).tobytes(), made.evaluate(HELD_OUT)))
    assert found[0] == found[1]
    assert made.compiled.replays > 20, made.compiled.why()


@pytest.mark.parametrize("name", ["as it is", "a schedule of steps"])
def test_a_training_goes_on_from_a_checkpoint_compiled(name: str, tmp_path: pathlib.Path) -> None:
    whole = trainer(False, **SETTINGS[name])
    expected = numbers(whole.fit((ROWS, CLASSES), epochs=6, batch_size=8))
    first = trainer(True, callbacks=[ModelCheckpoint(tmp_path)], **SETTINGS[name])
    first.fit((ROWS, CLASSES), epochs=3, batch_size=8)
    second = trainer(True, callbacks=[ModelCheckpoint(tmp_path)], **SETTINGS[name])
    second.fit((ROWS, CLASSES), epochs=6, batch_size=8, resume=tmp_path)
    assert numbers(second.history) == expected and weights(second) == weights(whole)
    assert second.compiled.replays > 10


def test_what_is_not_finite_is_reported_as_in_eager() -> None:
    rows = ROWS.copy()
    rows[70] = np.inf
    messages = []
    for mode in (False, True):
        made = trainer(mode)
        with pytest.raises(FloatingPointError) as raised:
            made.fit((rows, CLASSES), epochs=1, batch_size=4)
        messages.append((str(raised.value), weights(made)))
    assert messages[0] == messages[1] and "nothing of this step was applied" in messages[0][0]


# minimize -------------------------------------------------------------------------------------------------------------


def rosenbrock(p: Any, scale: float = 100.0) -> Any:
    return (1 - p["x"]) ** 2 + scale * (p["y"] - p["x"] ** 2) ** 2


def logistic(w: Any) -> Any:
    z = ROWS @ w
    return np.log1p(np.exp(-z * np.where(CLASSES > 0, 1, -1))).mean() + 0.01 * (w * w).sum()


@pytest.mark.parametrize("method", ["lbfgs", "newton", "newton-cg", "BFGS", "L-BFGS-B", "trust-exact"])
@pytest.mark.parametrize(
    ("f", "start", "args"), [(rosenbrock, {"x": -1.2, "y": 1.0}, (7.0,)), (logistic, np.zeros(6), ())]
)
def test_a_minimum_is_the_same_compiled(method: str, f: Any, start: Any, args: Any) -> None:
    eager, compiled = (optim.minimize(f, start, args, method, compile=mode) for mode in (False, True))
    assert repr(eager[:8]) == repr(compiled[:8])
    assert eager.success


# Estimators -----------------------------------------------------------------------------------------------------------


def net(in_features: int, out_features: int) -> Any:
    return nn.Sequential(nn.Linear(in_features, 7), nn.BatchNorm1d(7), nn.Dropout(0.2), nn.Linear(7, out_features))


ESTIMATORS: dict[str, Callable[[Any], Any]] = {
    "a perceptron": lambda e: e.MLPClassifier((5,), activation="gelu", max_iter=9, random_state=0),
    "momentum that adapts": lambda e: e.MLPClassifier(
        (5,), activation="silu", solver="sgd", learning_rate="adaptive", max_iter=30, random_state=0, tol=0.1
    ),
    "early stopping": lambda e: e.MLPClassifier(
        (5,), activation="elu", early_stopping=True, max_iter=12, random_state=0, batch_size=9
    ),
    "a regressor": lambda e: e.MLPRegressor(hidden_layer_sizes=(5,), dropout=0.3, max_iter=9, random_state=0),
    "any module": lambda e: e.NeuralNetClassifier(net, max_iter=9, random_state=0, batch_size=20),
    "a given loss and optimizer": lambda e: e.NeuralNetClassifier(
        net, nn.CrossEntropyLoss(label_smoothing=0.1), optimizer="AdamW", optimizer__weight_decay=0.1, max_iter=9,
        random_state=0, batch_size=20,
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_the_same_compiled(name: str, weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    from autograd_core.programs.compiled import Compiled
    from nn import estimators
    from nn.estimators import base

    weights = np.random.default_rng(2).uniform(0, 2, len(ROWS)) * (np.arange(len(ROWS)) % 5 > 0) if weighted else None
    weights = None if name == "a given loss and optimizer" else weights
    given = {} if weights is None else {"sample_weight": weights}
    replays: list[int] = []
    made: list[Any] = []
    monkeypatch.setattr(
        Compiled, "__init__", lambda self, *a, _of=Compiled.__init__, **k: (made.append(self), _of(self, *a, **k))[1]
    )
    found = []
    for steps in (10**9, 0):
        monkeypatch.setattr(base, "COMPILED_FROM", steps)
        model = ESTIMATORS[name](estimators).fit(ROWS, CLASSES, **given)
        found.append((model.loss_curve_, [p.data.tobytes() for p in model.module_.parameters()], model.n_iter_))
        replays.append(sum(c.replays for c in made))
    assert found[0] == found[1]
    assert replays[0] == 0 < replays[1], made[-1].why()


# What is left alone ---------------------------------------------------------------------------------------------------


class Talking(nn.Module):
    """Says when it is called."""

    def __init__(self) -> None:
        self.layer = nn.Linear(6, 3)

    def forward(self, x: Any) -> Any:
        print("forward")
        return self.layer(x)


def test_a_model_that_prints_goes_on_printing(capsys: pytest.CaptureFixture[str]) -> None:
    made = trainer("auto", model=Talking)
    made.fit((ROWS, CLASSES), epochs=4, batch_size=8)
    assert capsys.readouterr().out.count("forward") == 44
    assert made.compiled.replays == 0 and "would not repeat print()" in made.compiled.why()
    made = trainer(True, model=Talking)
    with pytest.warns(RuntimeWarning, match=r"print\(\) at test_compiled_training.py"):
        made.fit((ROWS, CLASSES), epochs=4, batch_size=8)
    assert capsys.readouterr().out.count("forward") == 44 - made.compiled.replays < 20


def test_a_training_as_machine_code() -> None:
    pytest.importorskip("llvmlite")
    losses = []
    for mode in (False, "llvm"):
        made = trainer(mode, model=lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)))
        losses.append(made.fit((ROWS, CLASSES), HELD_OUT, epochs=3, batch_size=8)["val_loss"])
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert made.compiled.replays > 10 and made.compiled.record.machine is not None


def test_replays_that_are_slower_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.programs import compiled

    monkeypatch.setattr(compiled, "_TIMED", 2)
    f = compiled.Compiled(lambda x: np.exp(x).sum(), backend="numpy", careful=True)
    for k in range(40):
        f(ROWS)
        if k == 6:  # before the comparisons at replays 8 and 16
            f.record.exact.plan[:0] = [(time.sleep, 0.01)]
            next(iter(f.signatures.known.values())).times.clear()
    assert "a replay takes" in f.why() and f.replays < 20


def test_short_trainings_and_other_words() -> None:
    made = trainer("auto")
    made.fit((ROWS[:40], CLASSES[:40]), epochs=1, batch_size=8)
    assert made.compiled is None
    with pytest.raises(ValueError, match="compile='yes' is none of 'auto', True, False, 'llvm'"):
        trainer("yes")
