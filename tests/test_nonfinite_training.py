"""A step whose loss or gradients are not finite is undone and explained."""

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from trainings import T, X, Y, state, trainer


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
