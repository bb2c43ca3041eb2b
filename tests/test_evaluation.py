"""Numbers over whole data sets, and predictions: they do not depend on batches and leave no trace."""

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.data import DataLoader, RandomSampler, TensorDataset
from trainings import T, X, Y, classifier, state, trainer

rng = np.random.default_rng(1)


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


@pytest.mark.parametrize("options", [{}, {"weight": np.array([1, 5], np.float32)}, {"ignore_index": 1}])
def test_training_reports_the_loss_that_evaluation_gives(options):
    model = nn.Linear(3, 2)
    still = nn.Trainer(model, nn.CrossEntropyLoss(**options), optim.SGD(model.parameters(), lr=0.0))
    assert np.isclose(still.fit((X, Y), batch_size=40)["loss"][0], still.evaluate((X, Y))["loss"], rtol=1e-5)


def test_a_loss_of_ones_own_may_name_what_it_ignores():
    class Own(nn.Module):
        ignore_index = 1

        def forward(self, output, target):
            return nn.functional.cross_entropy(output, target, ignore_index=1)

    model = nn.Linear(3, 2)
    numbers = [
        nn.Trainer(model, loss, optim.SGD(model.parameters())).evaluate((X, Y), batch_size=9)["loss"]
        for loss in (Own(), nn.CrossEntropyLoss(ignore_index=1))
    ]
    assert numbers[0] == numbers[1]


def test_classes_may_be_given_as_probabilities():
    scores, y = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    for targets in (np.eye(4)[y], 0.6 * np.eye(4)[y] + 0.1):  # one-hot, and as MixUp gives them
        assert nn.metrics.accuracy(scores, targets) == nn.metrics.accuracy(scores, y)


def test_what_cannot_be_evaluated_is_refused():
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters())
    for loss, error, message in (
        (nn.CrossEntropyLoss(reduction="none"), ValueError, r"the loss is a tensor of shape \(70,\); .* one number"),
        (lambda output, target: 1.0, ValueError, "the loss is float; it must be one number"),
    ):
        with pytest.raises(error, match=message):
            nn.Trainer(model, loss, optimizer).evaluate((X, Y))
    fitted = trainer(model)
    for call in (fitted.evaluate, fitted.predict, fitted.fit):
        with pytest.raises(ValueError, match="batch_size=0 must be an integer of at least 1"):
            call((X, Y), batch_size=0)
        with pytest.raises(TypeError, match="Sequential is not data"):
            call(nn.Sequential(model))
    with pytest.raises(ValueError, match=r"no batches in the data.*can be read anew"):
        fitted.fit((X, Y), (batch for batch in [(X, Y)]), epochs=2)
    with pytest.raises(TypeError, match="a list of list with single numbers"):
        fitted.predict(X.tolist())


def test_tables_are_arrays():
    pandas = pytest.importorskip("pandas")
    fitted = trainer(nn.Linear(3, 2))
    assert (fitted.predict(pandas.DataFrame(X)) == fitted.predict(X)).all()
    fitted.fit((pandas.DataFrame(X), pandas.Series(Y)))
    with pytest.raises(TypeError, match=r"DataFrame of shape \(70, 3\) has no targets"):
        fitted.fit(pandas.DataFrame(X))
