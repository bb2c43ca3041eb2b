"""Callbacks and the history do what they say."""

import csv
import io

import numpy as np
import pytest

import nn
from nn.data import DataLoader, TensorDataset
from trainings import X, Y, trainer


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
        assert nn.callbacks.EarlyStopping(name).mode == mode
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


def test_a_progress_bar_needs_no_length(capfd):
    pytest.importorskip("rich")

    class Unknown:
        def __iter__(self):
            return iter([(X, Y)] * 3)

    class Numbers:
        def __iter__(self):
            return iter(range(70))

    for data in (Unknown(), DataLoader(TensorDataset(X, Y), 8, sampler=Numbers())):
        trainer(callbacks=[nn.callbacks.ProgressBar(force=True)]).fit(data)
        text = capfd.readouterr().err
        assert "epoch 1/1  loss 0." in text and "/100" not in text


def test_whole_numbers_may_be_numpys():
    assert nn.callbacks.EarlyStopping("loss", patience=np.int64(3)).patience == 3
    for patience in (0, 1.5, True):
        with pytest.raises(ValueError, match=f"EarlyStopping: patience={patience} must be an integer of at least 1"):
            nn.callbacks.EarlyStopping("loss", patience=patience)


def test_callbacks_and_metrics_can_be_imported_by_name():
    from nn.callbacks import EarlyStopping
    from nn.metrics import accuracy

    assert EarlyStopping is nn.training.callbacks.EarlyStopping and accuracy is nn.metrics.accuracy


def test_a_history_is_a_sequence_of_records():
    history = trainer().fit((X, Y), epochs=3)
    assert history[1:] == [history[1], history[-1]] and history[np.int64(0)] == history[0]
