"""The loop does what a loop written by hand does, and its callbacks do what they say."""

import csv
import io

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.data import DataLoader, RandomSampler, TensorDataset

rng = np.random.default_rng(0)
X = rng.normal(size=(70, 3)).astype(np.float32)
Y = (X @ np.array([1.0, -2.0, 0.5]) > 0).astype(int)
T = X @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 1


def classifier():
    ag.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


def trainer(model=None, callbacks=(), lr=0.05, **options):
    model = classifier() if model is None else model
    return nn.Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=lr), callbacks, **options)


def state(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}


class Calls(nn.Callback):
    def __init__(self):
        self.names = []

    def on_fit_start(self, trainer):
        self.names.append("fit")

    def on_epoch_start(self, trainer):
        self.names.append("epoch")

    def on_batch_end(self, trainer, loss):
        self.names.append(trainer.step)

    def on_epoch_end(self, trainer, record):
        self.names.append("end of epoch")

    def on_fit_end(self, trainer):
        self.names.append("end")

    def close(self, trainer):
        self.names.append("closed")


# The loop ----------------------------------------------------------------------------------------------------------


def test_fit_is_the_loop_written_by_hand():
    by_hand, model = classifier(), classifier()
    loss_of, optimizer = nn.CrossEntropyLoss(), optim.SGD(by_hand.parameters(), lr=0.05)
    schedule = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    ag.manual_seed(9)
    for _ in range(3):
        for x, y in DataLoader(TensorDataset(X, Y), 16, shuffle=True):
            optimizer.zero_grad()
            loss = loss_of(by_hand(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(by_hand.parameters(), 0.5)
            optimizer.step()
        schedule.step()
    own = optim.SGD(model.parameters(), lr=0.05)
    schedule = optim.lr_scheduler.StepLR(own, 1, 0.5)
    history = nn.Trainer(model, loss_of, own, scheduler=schedule, clip_norm=0.5, seed=9).fit(
        (X, Y), epochs=3, batch_size=16
    )
    assert state(model) == state(by_hand)
    assert history["lr"] == [0.05, 0.025, 0.0125] and history["step"] == [5, 10, 15]


def test_a_seed_decides_everything():
    results = []
    for seed in (1, 1, 2):
        model = classifier()
        ag.default_generator().random(seed)  # what was drawn before does not matter
        trainer(model, seed=seed).fit((X, Y), epochs=2)
        results.append(state(model))
    assert results[0] == results[1] != results[2]


def test_watching_changes_nothing():
    watched, alone = classifier(), classifier()
    loader = DataLoader(TensorDataset(X, Y), 16, shuffle=True, seed=0)
    trainer(watched, [nn.callbacks.ProgressBar(force=False), Calls()], seed=0, metrics=[nn.metrics.accuracy]).fit(
        loader, validation=loader, epochs=3
    )
    trainer(alone, seed=0, on_nonfinite="ignore").fit(
        DataLoader(TensorDataset(X, Y), 16, shuffle=True, seed=0, prefetch=1), epochs=3
    )
    assert state(watched) == state(alone)


def test_a_second_fit_goes_on_and_modes_come_back():
    model = classifier()
    model[1].eval()
    whole = trainer(model)
    whole.fit((X, Y), epochs=2)
    assert len(whole.fit((X, Y), epochs=3)) == 5 and whole.history["epoch"] == [1, 2, 3, 4, 5]
    assert model.training and not model[1].training
    assert whole.fit((X, Y), epochs=0) is whole.history


def test_callbacks_are_called_in_order_and_closed_after_an_exception():
    calls = Calls()
    trainer(callbacks=[calls]).fit((X, Y), epochs=2, batch_size=40)
    epoch = ["end of epoch"]
    assert calls.names == ["fit", "epoch", 1, 2, *epoch, "epoch", 3, 4, *epoch, "end", "closed"]
    calls.names.clear()
    with pytest.raises(ValueError, match="cross_entropy: target"):
        trainer(callbacks=[calls]).fit((X, Y[:, None]))
    assert calls.names == ["fit", "epoch", "closed"]


def test_a_callback_may_stop_the_training():
    class Stop(nn.Callback):
        def on_batch_end(self, trainer, loss):
            trainer.should_stop = trainer.step == 7

    stopped = trainer(callbacks=[Stop()])
    assert len(stopped.fit((X, Y), epochs=9, batch_size=16)) == 2 and stopped.step == 7


@pytest.mark.parametrize("unit", ["step", "epoch"])
def test_schedules_count_steps_or_epochs(unit):
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    schedule = optim.lr_scheduler.WarmupLR(optimizer, 8)
    history = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=schedule, scheduler_unit=unit).fit(
        (X, Y), epochs=2, batch_size=35
    )
    assert history["lr"] == ([3 / 8, 5 / 8] if unit == "step" else [1 / 8, 2 / 8])


def test_a_plateau_is_told_the_validation_loss():
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=1e-30)
    plateau = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, eps=0)
    nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=plateau).fit((X, Y), (X, Y), epochs=3)
    assert np.isclose(optimizer.param_groups[0]["lr"], 1e-31, rtol=1e-6, atol=0)


def test_lbfgs_gets_the_closure_that_it_needs():
    model = nn.Linear(3, 1).double()
    optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")
    history = nn.Trainer(model, nn.MSELoss(), optimizer).fit(
        (X.astype(float), T.astype(float)), epochs=3, batch_size=70
    )
    assert history["loss"][-1] < 1e-10
    with pytest.raises(FloatingPointError, match="the loss is nan"):
        nn.Trainer(model, nn.MSELoss(), optimizer).fit((X.astype(float), T * np.nan), batch_size=70)


def test_models_of_several_inputs_and_plain_iterables_of_batches():
    class Sum(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(3, 1)

        def forward(self, a, b):
            return self.linear(a + b)

    model = Sum()
    batches = [(X[i : i + 10], X[i : i + 10], T[i : i + 10]) for i in range(0, 70, 10)]
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    fitted = nn.Trainer(model, nn.MSELoss(), optimizer)
    assert fitted.fit(batches, epochs=30)["loss"][-1] < 0.05
    assert fitted.predict((X, X, T)).shape == (70, 1)


# Evaluation --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"weight": np.array([1, 5], np.float32)}, {"ignore_index": 1}])
@pytest.mark.parametrize("size", [1, 32, 69, 70])
def test_numbers_do_not_depend_on_how_data_are_cut(options, size):
    model, loss = classifier(), nn.CrossEntropyLoss(**options)
    numbers = nn.Trainer(
        model, loss, optim.SGD(model.parameters()),
        metrics={"accuracy": nn.metrics.accuracy, "r2": lambda out, y: nn.metrics.r2_score(out[:, 0], y)},
    ).evaluate((X, Y), batch_size=size)  # fmt: skip
    with ag.no_grad():
        out = model.eval()(X)
    assert np.isclose(numbers["loss"], loss(out, Y).item(), rtol=1e-5)
    assert np.isclose(numbers["accuracy"], (out.numpy().argmax(1) == Y).mean())
    assert np.isclose(numbers["r2"], nn.metrics.r2_score(out.numpy()[:, 0], Y))


def test_a_sum_is_divided_by_the_samples():
    model = nn.Linear(3, 1)
    whole = nn.Trainer(model, nn.MSELoss(reduction="sum"), optim.SGD(model.parameters(), lr=1e-9))
    expected = ((model(X).numpy() - T) ** 2).sum() / 70
    assert np.isclose(whole.evaluate((X, T), batch_size=32)["loss"], expected, rtol=1e-5)
    assert np.isclose(whole.fit((X, T))["loss"][0], expected, rtol=1e-4)


def test_predictions_are_in_order_and_leave_everything_as_it_was():
    model = classifier()
    fitted = trainer(model)
    before, drawn = state(model), ag.manual_seed(0).bit_generator.state
    expected = model.eval()(X).numpy()
    model.train()
    for data in (X, (X,), (X, Y), TensorDataset(X, Y), DataLoader(TensorDataset(X, Y), 9), ag.Tensor(X)):
        assert np.allclose(fitted.predict(data), expected, atol=1e-6)
    fitted.evaluate(DataLoader(TensorDataset(X, Y), 9, shuffle=True))
    assert state(model) == before and model.training
    assert ag.default_generator().bit_generator.state == drawn
    with pytest.raises(ValueError, match="another order"):
        fitted.predict(DataLoader(TensorDataset(X, Y), 9, sampler=RandomSampler(X)))


def test_evaluating_the_training_loader_amid_an_epoch_does_not_disturb_it():
    class Evaluate(nn.Callback):
        def on_batch_end(self, trainer, loss):
            trainer.evaluate(trainer.loader)

    results = []
    for callbacks in ([], [Evaluate()]):
        model = classifier()
        trainer(model, callbacks, seed=0).fit(DataLoader(TensorDataset(X, Y), 16, shuffle=True), epochs=2)
        results.append(state(model))
    assert results[0] == results[1]


def test_metrics_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    scores, y = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    assert nn.metrics.accuracy(scores, y) == metrics.accuracy_score(y, scores.argmax(1))
    assert nn.metrics.top_k_accuracy(scores, y, 2) == metrics.top_k_accuracy_score(y, scores, k=2)
    a, b = rng.normal(size=(2, 50, 3))
    assert np.isclose(nn.metrics.r2_score(a, b), metrics.r2_score(b, a))
    assert np.isclose(nn.metrics.mean_squared_error(a, b), metrics.mean_squared_error(b, a))
    assert np.isclose(nn.metrics.mean_absolute_error(a, b), metrics.mean_absolute_error(b, a))
    assert nn.metrics.accuracy(np.array([-1.0, 2.0]), np.array([0, 1])) == 1
    for metric in (nn.metrics.accuracy, nn.metrics.mean_squared_error, nn.metrics.top_k_accuracy):
        with pytest.raises(ValueError, match=r"output of shape \(3, 2\), target of shape \(4,\)"):
            metric(np.zeros((3, 2)), np.zeros(4))


# What is not finite ------------------------------------------------------------------------------------------------


class Root(nn.Module):
    """√ of a normalised, dropped-out line, which is NaN where that is negative and ``on`` is set."""

    def __init__(self):
        self.linear, self.norm, self.drop, self.on = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), False

    def forward(self, x):
        h = self.drop(self.norm(self.linear(x)))
        return np.sqrt(h) if self.on else h


@pytest.mark.parametrize("action", ["raise", "stop"])
def test_a_step_that_is_not_finite_is_undone_and_explained(action):
    class Switch(nn.Callback):
        def on_batch_end(self, trainer, loss):
            if trainer.step == 3:
                trainer.model.on = True
                self.before = state(trainer.model), ag.default_generator().bit_generator.state

    ag.manual_seed(0)
    model, switch = Root(), Switch()
    training = nn.Trainer(model, nn.MSELoss(), optim.Adam(model.parameters()), [switch], seed=0, on_nonfinite=action)
    expected = r"the loss is nan at step 4 \(epoch 1, batch 4\); nothing of this step was applied.*\n.*sqrt made"
    with (
        pytest.raises(FloatingPointError, match=expected)
        if action == "raise"
        else pytest.warns(RuntimeWarning, match=expected)
    ):
        training.fit((X, np.zeros((70, 4), np.float32)), epochs=5, batch_size=10)
    assert (state(model), ag.default_generator().bit_generator.state) == switch.before
    assert training.step == 3 and all(p.grad is None for p in model.parameters())
    assert all(s["step"] == 3 for s in training.optimizer.state.values())


def test_gradients_that_are_not_finite_are_stopped_before_the_weights():
    class Kink(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(np.zeros(1, np.float32))

        def forward(self, x):
            return np.sqrt(self.w * x)

    model = Kink()
    with pytest.raises(FloatingPointError, match=r"a gradient is NaN or infinite at step 1.*\n.*backward"):
        nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1)).fit((X[:, 0], T[:, 0]), batch_size=70)
    assert model.w.item() == 0


def test_large_gradients_are_no_fault():
    model = nn.Linear(1, 1, bias=False)
    x = np.full((4, 1), 1e12, np.float32)
    nn.Trainer(model, lambda out, y: (out * 1e12).mean(), optim.SGD(model.parameters(), lr=1e-24)).fit((x, x))
    assert np.isfinite(model.weight.numpy()).all()


def test_nan_in_the_data_is_named():
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(FloatingPointError, match=r"The batch itself .* part 0 \(float32 \(70, 3\)\) holds 1"):
        trainer().fit((bad, Y), batch_size=70)


# Callbacks ---------------------------------------------------------------------------------------------------------


class Script(nn.Callback):
    """Puts numbers into the records and a count into the weights."""

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, trainer, record):
        record["score"] = self.values[trainer.epoch - 1]
        trainer.model.weight.data[...] = trainer.epoch


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best"),
    [
        ([1, 2, 3, 2, 2, 9], {"patience": 2, "mode": "max"}, 5, 3),
        ([3, 2, 1, 2, 2, 0], {"patience": 2, "mode": "min"}, 5, 3),
        ([3, 2.5, 2.4, 2.3, 0, 0], {"patience": 2, "mode": "min", "min_delta": 0.3}, 4, 2),
        ([3, np.nan, np.nan, 1, 1, 1], {"patience": 2, "mode": "min"}, 3, 1),
        ([1, 2, 3, 4, 5, 6], {"patience": 2, "mode": "max"}, 6, 6),
    ],
)
def test_early_stopping_waits_and_returns_to_the_best(values, options, epochs, best):
    model = nn.Linear(3, 2)
    stopping = nn.callbacks.EarlyStopping("score", **options)
    history = trainer(model, [Script(values), stopping], lr=0.0).fit((X, Y), epochs=6)
    assert (len(history), stopping.best_epoch, stopping.best) == (epochs, best, values[best - 1])
    assert (model.weight.numpy() == best).all()


def test_early_stopping_reads_its_direction_off_the_name():
    for name, mode in (("val_loss", "min"), ("val_accuracy", "max"), ("mean_squared_error", "min"), ("r2", "max")):
        assert nn.callbacks.EarlyStopping(name)._best.mode == mode
    with pytest.raises(ValueError, match="is a small or a large 'score' better"):
        nn.callbacks.EarlyStopping("score")
    with pytest.raises(ValueError, match="no 'val_loss'; there are epoch, step, loss, lr, seconds"):
        trainer(callbacks=[nn.callbacks.EarlyStopping()]).fit((X, Y))


def test_checkpoints_come_every_so_often_and_few_stay(tmp_path):
    model = nn.Linear(3, 2)
    keep = nn.callbacks.ModelCheckpoint(tmp_path, every=2, keep=3, monitor="score", mode="max")
    trainer(model, [keep, Script([1, 5, 2, 3, 4, 1, 1, 1, 1])], lr=0.0).fit((X, Y), epochs=9, batch_size=70)
    names = [f"step-{step:09d}.safetensors" for step in (6, 8, 9)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.safetensors", *names]
    assert (nn.load(tmp_path / "best.safetensors")["weight"] == 2).all()
    with pytest.raises(ValueError, match="keep=1 must be an integer of at least 2"):
        nn.callbacks.ModelCheckpoint(tmp_path, keep=1)
    only = tmp_path / "only"
    trainer(model, [nn.callbacks.ModelCheckpoint(only, monitor="loss", best_only=True)]).fit((X, Y), epochs=2)
    assert [path.name for path in only.iterdir()] == ["best.safetensors"]


def test_an_average_of_the_weights_is_kept_and_validated():
    model = nn.Linear(3, 2)
    average = nn.callbacks.EMA(0.5)
    weights = []

    class Note(nn.Callback):
        def on_batch_end(self, trainer, loss):
            weights.append(model.weight.numpy().copy())

    training = trainer(model, [average, Note()], lr=0.3)
    history = training.fit((X, Y), (X, Y), batch_size=35, epochs=2)
    expected = weights[0]
    for w in weights[1:]:
        expected = 0.5 * expected + 0.5 * w
    assert np.allclose(average.average.module.weight.numpy(), expected, atol=1e-6)
    own = nn.CrossEntropyLoss()(average.average(X), Y).item()
    assert np.isclose(history["val_loss"][-1], own) and not np.isclose(training.evaluate((X, Y))["loss"], own)


def test_a_csv_log_is_the_history(tmp_path):
    path = tmp_path / "log.csv"
    history = trainer(callbacks=[nn.callbacks.CSVLogger(path)]).fit((X, Y), (X, Y), epochs=3)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [{k: float(v) for k, v in row.items()} for row in rows] == list(history)
    with pytest.raises(FileNotFoundError):
        trainer(callbacks=[nn.callbacks.CSVLogger(tmp_path / "none" / "log.csv")]).fit((X, Y))


def test_a_progress_bar_is_silent_where_nobody_looks(capfd):
    trainer(callbacks=[nn.callbacks.ProgressBar()]).fit((X, Y), epochs=2)
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_tells_every_epoch(capfd):
    pytest.importorskip("rich")
    trainer(callbacks=[nn.callbacks.ProgressBar(force=True)]).fit((X, Y), (X, Y), epochs=2)
    text = capfd.readouterr().err
    assert "epoch 2/2  loss 0." in text and "val_loss 0." in text


def test_tensorboard_gets_every_number(tmp_path, monkeypatch):
    written = []

    class Writer:
        def __init__(self, log_dir):
            written.append(log_dir)

        def add_scalar(self, tag, value, step):
            written.append((tag, step))

        def add_histogram(self, tag, values, step):
            written.append((tag, values.shape, step))

        def close(self):
            written.append("closed")

    monkeypatch.setattr(nn, "SummaryWriter", Writer, raising=False)
    model = nn.Linear(3, 2)
    trainer(model, [nn.callbacks.TensorBoard(tmp_path, histograms=True)]).fit((X, Y))
    scalars = [(name, 1) for name in ("step", "loss", "lr", "seconds")]
    assert written == [str(tmp_path), *scalars, ("weight", (2, 3), 1), ("bias", (2,), 1), "closed"]


def test_a_history_is_drawn():
    pytest.importorskip("matplotlib").use("Agg")
    history = trainer(metrics=[nn.metrics.accuracy]).fit((X, Y), (X, Y), epochs=3)
    axes = history.plot()
    assert [ax.get_title() for ax in axes] == ["loss", "accuracy"]
    assert [line.get_ydata().tolist() for line in axes[0].lines] == [history["loss"], history["val_loss"]]
    assert len(history.plot("lr")) == 1
    with pytest.raises(KeyError, match="no 'f1'; there are epoch, step, loss"):
        history.plot("f1")


# Bad input ---------------------------------------------------------------------------------------------------------


def test_what_cannot_train_is_refused():
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    loss, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters())
    schedule = optim.lr_scheduler.StepLR(optim.SGD(model.parameters()), 1)
    for arguments, options, error, message in (
        ((loss, loss, optimizer), {}, ValueError, "holds none of the model's parameters"),
        ((other, loss, optimizer), {}, ValueError, "holds none of the model's parameters"),
        ((abs, loss, optimizer), {}, TypeError, "model is builtin_function"),
        ((model, "mse", optimizer), {}, TypeError, "loss is str"),
        ((model, loss, "sgd"), {}, TypeError, "optimizer is str"),
        ((model, loss, optimizer, [print]), {}, TypeError, "builtin_function_or_method is no Callback"),
        ((model, loss, optimizer), {"scheduler": schedule}, ValueError, "drives another optimizer"),
        ((model, loss, optimizer), {"scheduler_unit": "batch"}, ValueError, "scheduler_unit='batch' is none of"),
        ((model, loss, optimizer), {"clip_norm": 0}, ValueError, "clip_norm=0 must be positive"),
    ):
        with pytest.raises(error, match=message):
            nn.Trainer(*arguments, **options)


def test_data_that_cannot_be_trained_on_are_refused():
    for data, error, message in (
        ((X, Y[:-1]), ValueError, r"different lengths \[70, 69\]"),
        ((X[:0], Y[:0]), ValueError, "is empty"),
        (X, TypeError, r"one array of shape \(70, 3\) has no targets"),
        ([X, Y], TypeError, r"a list of ndarray. Mend: a tuple"),
        (3, TypeError, "int is no data"),
        (DataLoader(TensorDataset(X, Y), 100, drop_last=True), ValueError, "no batches in epoch 1"),
        (iter([(X, Y)]), ValueError, "no batches in epoch 2"),
        (TensorDataset(X), TypeError, r"a batch is tuple of 1; expected a tuple \(inputs…, target\)"),
    ):
        with pytest.raises(error, match=message):
            trainer(nn.Linear(3, 2)).fit(data, epochs=2)
    for epochs in (-1, 1.5, True):
        with pytest.raises(ValueError, match="epochs="):
            trainer().fit((X, Y), epochs=epochs)
    model = nn.Linear(3, 2)
    with pytest.raises(ValueError, match=r"the loss is a tensor of shape \(32,\)"):
        nn.Trainer(model, nn.CrossEntropyLoss(reduction="none"), optim.SGD(model.parameters())).fit((X, Y))
