"""Averaged models have PyTorch's weights and state_dict keys."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
import optim  # noqa: E402
from optim import swa_utils as ours  # noqa: E402

theirs = torch.optim.swa_utils
X = np.random.default_rng(0).normal(size=(16, 3))


def pair():
    torch.manual_seed(0)
    their_model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    our_model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    our_model.load_state_dict({k: v.detach().numpy().copy() for k, v in their_model.state_dict().items()})
    return our_model, their_model


AVERAGES = {
    "default": lambda lib: {},
    "swa_avg_fn": lambda lib: {"avg_fn": lib.get_swa_avg_fn()},
    "swa_multi": lambda lib: {"multi_avg_fn": lib.get_swa_multi_avg_fn()},
    "own": lambda lib: {"avg_fn": lambda a, p, n: 0.3 * a + 0.7 * p / (n + 1)},
    **{f"ema_avg_fn {d}": lambda lib, d=d: {"avg_fn": lib.get_ema_avg_fn(d)} for d in (0.5, 0.995)},
    **{f"ema_multi {d}": lambda lib, d=d: {"multi_avg_fn": lib.get_ema_multi_avg_fn(d)} for d in (0.5, 0.995, 0.999)},
}


@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages_along_a_training(name, use_buffers):
    our_model, their_model = pair()
    our_average = ours.AveragedModel(our_model, use_buffers=use_buffers, **AVERAGES[name](ours))
    their_average = theirs.AveragedModel(their_model, use_buffers=use_buffers, **AVERAGES[name](theirs))
    our_opt = optim.SGD(our_model.parameters(), lr=0.1, momentum=0.9)
    their_opt = torch.optim.SGD(their_model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(20):
        for opt, model, x in ((our_opt, our_model, X), (their_opt, their_model, torch.tensor(X))):
            opt.zero_grad()
            (model(x) ** 2).mean().backward()
            opt.step()
        our_average.update_parameters(our_model)
        their_average.update_parameters(their_model)
        mine, their = our_average.state_dict(), their_average.state_dict()
        assert set(mine) == set(their)
        for key, value in mine.items():
            # PyTorch's swa_multi computes 1/(n + 1) in single precision.
            rtol = 1e-7 if name == "swa_multi" else 1e-9
            np.testing.assert_allclose(value, their[key].numpy(), rtol=rtol, atol=rtol * 0.1)
    our_average.load_state_dict({k: v.numpy() for k, v in their_average.state_dict().items()})
    np.testing.assert_allclose(
        our_average(X).detach().numpy(), their_average(torch.tensor(X)).detach().numpy(), rtol=1e-9, atol=1e-12
    )


@pytest.mark.skipif(not hasattr(nn, "BatchNorm1d"), reason="no batch norm yet")
def test_update_bn():
    their_model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).double()
    our_model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).double()
    our_model.load_state_dict({k: v.detach().numpy().copy() for k, v in their_model.state_dict().items()})
    ours.update_bn([X[:8], (X[8:], 1)], our_model)
    theirs.update_bn([torch.tensor(X[:8]), (torch.tensor(X[8:]), 1)], their_model)
    for key, value in our_model.state_dict().items():
        np.testing.assert_allclose(value, their_model.state_dict()[key].numpy(), rtol=1e-9, atol=1e-12)
