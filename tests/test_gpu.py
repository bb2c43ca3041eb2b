"""On a GPU by CuPy: the laws of every primitive, the steps of every layer, loss and rule, and the demo.

Skipped where CuPy is not installed or finds no device; `make gpu` runs them and prints step times beside the CPU's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from devices import Place, primitive_law, steps_law
from samples import REAL
from strategies import generators
from test_duck import SCIPYS
from test_duck_training import FUNCTIONS
from test_recording_duck import LAYERS, LOSSES, RULES, Setting, normal, sgd, squares, whole

try:
    import cupy

    cupy.cuda.runtime.getDeviceCount()
except Exception as error:  # not installed, no driver, no device
    pytest.skip(f"no GPU: {type(error).__name__}: {error}", allow_module_level=True)

pytestmark = pytest.mark.gpu


def numbers(x: Any) -> np.ndarray:
    assert type(x) is cupy.ndarray
    return cupy.asnumpy(x)


GPU = Place(cupy.asarray, numbers, rtol=1e-9)
LACKING = {"matvec", "vecmat", "geomspace", "logaddexp.reduce", "linalg.cholesky", "linalg.lstsq"}
"""What takes functions, or arguments of theirs, that CuPy 14 has not."""


@pytest.mark.parametrize("name", [name for name in REAL if name not in SCIPYS | LACKING])
@settings(max_examples=5, deadline=None)
@given(data=st.data(), rng=generators)
def test_every_primitive(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    primitive_law(name, data, rng, GPU)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    module, batches = LAYERS[name]
    steps_law(lambda: Setting(module, lambda m, x: squares(m(x)), sgd), [(x,) for x in batches], GPU)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    f, batches = FUNCTIONS[name]
    steps_law(lambda: Setting(nn.Identity, lambda m, x: squares(f(m(x))), sgd), [(x,) for x in batches], GPU)


@pytest.mark.parametrize("name", [name for name in LOSSES if not isinstance(LOSSES[name][0], nn.Module)])
def test_losses(name: str) -> None:
    loss, targets = LOSSES[name]
    make = lambda: Setting(lambda: nn.Linear(6, 4), lambda m, x, t: loss(m(x), t), sgd)
    steps_law(make, list(zip(normal(8, 6), targets, strict=True)), GPU)


@pytest.mark.parametrize("name", RULES)
def test_optimizers_and_hooks(name: str) -> None:
    def loss(module: Any, x: Any, y: Any) -> Any:
        return nn.CrossEntropyLoss()(module(x), y)

    module = lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4))
    steps_law(lambda: Setting(module, loss, RULES[name]), list(zip(normal(8, 6), whole(4, 8), strict=True)), GPU)


def test_the_demo_trains_on_a_gpu() -> None:
    """Its network, by a trainer, on data that lie on the CPU."""
    from examples.digits import digits, network

    ag.manual_seed(0)
    data, model = digits(), network().to("cuda")
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, metrics=[nn.metrics.accuracy], seed=0)
    trainer.fit(data["train"], data["validation"], epochs=5)
    assert trainer.evaluate(data["test"])["accuracy"] > 0.95
    assert type(trainer.predict(data["test"][0][:4])) is np.ndarray
