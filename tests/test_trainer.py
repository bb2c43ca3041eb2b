"""The loop does what a loop written by hand does, and refuses what cannot train."""

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.data import DataLoader, TensorDataset
from trainings import T, X, Y, classifier, state, trainer


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
    assert history["loss"][-1] < 1e-8
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
        (X, TypeError, r"ndarray of shape \(70, 3\) has no targets"),
        ([X, Y], TypeError, r"a list of ndarray. Fix: a tuple"),
        (3, TypeError, "int is not data"),
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


def test_settings_of_another_shape_say_what_is_expected():
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters())
    plateau = optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    accuracy, stopping = nn.metrics.accuracy, nn.callbacks.EarlyStopping("loss")
    for loss, options, error, message in (
        (nn.CrossEntropyLoss, {}, TypeError, r"loss is a class. Fix: CrossEntropyLoss\(\)"),
        (abs, {"metrics": accuracy}, TypeError, r"metrics is function.*metrics=\[nn.metrics.accuracy\]"),
        (abs, {"metrics": ["accuracy"]}, TypeError, "metric 'accuracy' is not a function"),
        (abs, {"metrics": "accuracy"}, TypeError, "metrics is str"),
        (abs, {"metrics": [lambda a, b: 1, lambda a, b: 2]}, ValueError, "two metrics of the name '<lambda>'"),
        (abs, {"metrics": {"loss": accuracy}}, ValueError, "'loss' is a number of every record"),
        (abs, {"metrics": {"val_f1": accuracy}}, ValueError, "'val_f1' is "),
        (abs, {"callbacks": stopping}, TypeError, r"callbacks is EarlyStopping. Fix: a list"),
        (abs, {"callbacks": [type(stopping)]}, TypeError, r"EarlyStopping is a class. Fix: EarlyStopping\(…\)"),
        (abs, {"scheduler": plateau, "scheduler_unit": "step"}, ValueError, "ReduceLROnPlateau .* every epoch"),
    ):
        with pytest.raises(error, match=message):
            nn.Trainer(model, loss, optimizer, **options)


def test_every_callback_is_closed_though_one_fails():
    class Fails(nn.Callback):
        def close(self, trainer):
            raise OSError("the log is lost")

    calls = Calls()
    with pytest.raises(OSError, match="the log is lost"):
        trainer(callbacks=[Fails(), calls]).fit((X, Y))
    assert calls.names[-1] == "closed"


def test_after_an_interrupt_the_next_fit_begins_the_epoch_anew():
    class Interrupt(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 9:
                raise KeyboardInterrupt
            return x

    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), Interrupt())
    training = trainer(model)
    with pytest.raises(KeyboardInterrupt):
        training.fit((X, Y), epochs=3, batch_size=10)
    assert (training.epoch, training.step, len(training.history)) == (1, 8, 1)
    assert training.fit((X, Y), epochs=1, batch_size=10)["step"] == [7, 15]
