"""nn.monitor: what it says of a network is true, and the network does not notice it."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from autograd_core.engine import recording
from nn.monitoring.records import Gather, spread_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 4)).astype(np.float32)


def network() -> nn.Sequential:
    ag.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6), nn.Sigmoid(), nn.Linear(6, 1))


def loss_of(model: Any, x: Any = X) -> Any:
    return (model(x) ** 2).mean()


def train(model: Any, optimizer: Any, steps: int, after: Callable[[], Any] = lambda: None) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
        after()


# Numbers of an array -------------------------------------------------------------------------------------------------


@given(
    pieces=st.lists(
        st.lists(st.floats(-1e3, 1e3) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=20),
        min_size=1,
        max_size=5,
    ).filter(lambda pieces: any(math.isfinite(x) for piece in pieces for x in piece))
)
def test_pieces_added_one_by_one_are_the_whole(pieces: list[list[float]]) -> None:
    gather, whole = Gather(), np.array([x for piece in pieces for x in piece])
    for piece in pieces:
        gather.add(np.array(piece))
    spread, finite = gather.spread(bins=7), whole[np.isfinite(whole)]
    assert (spread.size, spread.nonfinite) == (whole.size, whole.size - finite.size)
    assert (spread.min, spread.max, spread.counts.sum()) == (finite.min(), finite.max(), finite.size)
    np.testing.assert_allclose([spread.mean, spread.std], [finite.mean(), finite.std()], rtol=1e-9, atol=1e-9)
    assert spread.norm == pytest.approx(np.linalg.norm(finite), abs=1e-9)


def test_histograms_are_numpys_with_area_1() -> None:
    x = RNG.normal(size=1000)
    spread = spread_of(x, bins=20)
    counts, edges = np.histogram(x, 20)
    np.testing.assert_array_equal(spread.counts, counts)
    np.testing.assert_allclose(spread.edges, edges)
    assert np.sum(spread.density * np.diff(spread.edges)) == pytest.approx(1)


def test_the_sample_of_a_large_array_meets_every_column_equally() -> None:
    columns = np.broadcast_to(np.arange(64.0), (2048, 64))
    counts = spread_of(columns, bins=64).counts
    assert counts.sum() <= 4096
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("x", [np.zeros(0), np.full(3, np.nan), np.float32(2), np.full(5, 1e30), np.arange(3) > 0])
def test_odd_arrays_have_a_spread(x: Any) -> None:
    spread = spread_of(x, bins=5)
    finite = np.asarray(x, float)[np.isfinite(x)]
    assert spread.counts.sum() == finite.size
    assert np.isfinite(spread.edges).all() and np.isfinite(spread.density).all()


# What is seen --------------------------------------------------------------------------------------------------------


def test_activations_and_gradients_are_those_of_the_computation() -> None:
    model = network()
    with nn.monitor(model) as watch:
        loss_of(model).backward()
    hidden = np.maximum(X @ model[0].weight.numpy().T + model[0].bias.numpy(), 0)
    layers = watch.latest.layers
    assert [*layers] == ["0", "1", "2", "3", "4"]
    assert [layer.kind for layer in layers.values()] == ["Linear", "ReLU", "Linear", "Sigmoid", "Linear"]
    assert (layers["1"].activation.mean, layers["1"].activation.std) == pytest.approx((hidden.mean(), hidden.std()))
    out = model(X).numpy()
    assert layers["4"].gradient.norm == pytest.approx(np.linalg.norm(2 * out / out.size), rel=1e-5)
    h = ag.Tensor(hidden, requires_grad=True)
    (model[4](model[3](model[2](h))) ** 2).mean().backward()
    assert layers["1"].gradient.norm == pytest.approx(np.linalg.norm(h.grad.numpy()), rel=1e-5)


def test_parameter_gradients_their_norm_and_the_update_ratio() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    before = model.state_dict()
    with nn.monitor(model, optimizer) as watch:
        train(model, optimizer, 1)
    record = watch.latest
    gradients = {name: p.grad.numpy() for name, p in model.named_parameters()}
    assert record.grad_norm == pytest.approx(math.sqrt(sum(np.sum(g**2) for g in gradients.values())), rel=1e-5)
    for name, p in record.parameters.items():
        assert p.gradient.norm == pytest.approx(np.linalg.norm(gradients[name]), rel=1e-5, abs=1e-9)
        ratio = 0.5 * np.linalg.norm(gradients[name]) / np.linalg.norm(before[name])
        assert p.update == pytest.approx(ratio, rel=1e-3, abs=1e-7)


def dying(dead: int, units: int = 8) -> Any:
    model = network()
    model[0].bias.data[:dead] = -100
    model[0].bias.data[dead:] = 100
    return model


@pytest.mark.parametrize("dead", [0, 3, 8])
def test_units_that_never_fire_are_dead(dead: int) -> None:
    with nn.monitor(model := dying(dead)) as watch:
        loss_of(model).backward()
    assert watch.latest.layers["1"].dead == dead / 8
    assert (f"layer 1: {dead / 8:.0%}".replace("%", " %") + " dead ReLUs" in watch.trouble()) == (dead > 0)


def test_a_unit_that_fires_for_one_example_in_the_window_is_alive_and_dies_after_it() -> None:
    relu = nn.Sequential(nn.ReLU())
    with nn.monitor(relu, window=3) as watch:
        for first in (1.0, 0.0, 0.0, 0.0, 0.0, 2.0):
            relu(ag.Tensor([[-1.0, -1.0], [first, -1.0]]))
            watch.step()
    assert watch["0"]["dead"].tolist() == [0.5, 0.5, 0.5, 1.0, 1.0, 0.5]


def test_the_unit_of_a_convolution_is_its_channel() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    model[0].weight.data[...] = 0
    model[0].bias.data[...] = [-1, 1, 1, 1]
    line = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU())
    line[0].weight.data[...] = 0
    line[0].bias.data[...] = [-1, -1, 1, 1]
    for net, shape, dead in ((model, (2, 1, 6, 6), 0.25), (line, (2, 1, 9), 0.5)):
        with nn.monitor(net) as watch:
            net(np.ones(shape, np.float32))
        assert watch.latest.layers["1"].dead == dead


@pytest.mark.parametrize("module, edge", [(nn.Sigmoid(), 4.0), (nn.Tanh(), 2.0), (nn.Hardtanh(), 1.0)])
def test_outputs_are_saturated_beyond_the_same_slope(module: Any, edge: float) -> None:
    z = ag.Tensor([-1.01, -0.99, 0.0, 0.99, 1.01, 5.0]) * edge
    with nn.monitor(nn.Sequential(module)) as watch:
        watch.model(z)
    assert watch.latest.layers["0"].saturated == 3 / 6


class Functional(nn.Module):
    """Activations as functions, one layer of its own in a list, two outputs."""

    def __init__(self) -> None:
        self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 8)
        self.inner = nn.Sequential(nn.GELU("tanh"), nn.Flatten())

    def forward(self, x: Any) -> Any:
        h = nn.functional.relu(self.fc1(x))
        return {"h": (np.tanh(self.fc2(np.maximum(h - 1, 0))), self.inner(h)), "n": 3}


def test_functions_that_squash_are_layers_in_their_place() -> None:
    model = Functional()
    with nn.monitor(model) as watch:
        (model(X)["h"][0] ** 2).sum().backward()
    layers = watch.latest.layers
    assert [*layers] == ["fc1", "fc1.relu", "relu", "fc2", "inner.0", ""]
    assert layers["fc1.relu"].dead is not None and layers["relu"].dead is not None
    assert layers[""].saturated is not None and layers[""].gradient is not None
    assert layers["inner.0"].gradient is None  # the loss does not depend on it


def test_a_layer_that_runs_twice_is_one_layer_with_all_of_it() -> None:
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    with nn.monitor(model) as watch:
        loss_of(model).backward()
    assert watch.latest.layers["0"].activation.size == watch.latest.layers["0"].gradient.size == 2 * 32 * 4


# Steps ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["optimizer", "step", "neither"])
def test_who_tells_when_a_step_ends_makes_no_difference(told: str) -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model, optimizer if told == "optimizer" else None) as watch:
        train(model, optimizer, 3, watch.step if told == "step" else lambda: None)
    assert [record.step for record in watch.history] == [0, 1, 2]
    assert all(record.layers["4"].gradient.size == 32 for record in watch.history)
    assert all(record.parameters["0.weight"].update > 0 for record in watch.history)
    if told != "neither":
        assert all(record.grad_norm > 0 for record in watch.history)


def test_micro_batches_belong_to_one_step() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model, optimizer) as watch:
        for half in (X[:16], X[16:]):
            loss_of(model, half).backward()
        optimizer.step()
    (record,) = watch.history
    assert record.layers["0"].activation.size == record.layers["0"].gradient.size == 32 * 8


def test_every_third_step_is_looked_at() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model, optimizer, every=3) as watch:
        train(model, optimizer, 8)
    assert [record.step for record in watch.history] == [0, 3, 6]


def test_a_long_history_is_thinned_evenly() -> None:
    relu = nn.ReLU()
    with nn.monitor(relu, history=4) as watch:
        for _ in range(100):
            relu(ag.Tensor(X[:1]))
            watch.step()
    steps = [record.step for record in watch.history]
    assert len(steps) <= 4
    assert steps[0] == 0 and len({b - a for a, b in itertools.pairwise(steps)}) == 1
    assert steps[-1] + watch.every >= 100


def test_evaluation_is_left_out_unless_asked_for() -> None:
    model = network().eval()
    with nn.monitor(model) as watch, nn.monitor(model, evaluation=True) as asked, ag.no_grad():
        model(X)
    assert not watch.history
    assert asked.latest.layers["1"].gradient is None
    with pytest.raises(RuntimeError, match=r"no step was seen\. Fix: .*evaluation=True"):
        watch.summary()


def test_only_the_chosen_layers() -> None:
    model = network()
    with nn.monitor(model, layers=nn.Linear) as linear, nn.monitor(model, layers=["1"]) as one:
        loss_of(model).backward()
    assert [*linear.latest.layers] == ["0", "2", "4"]
    assert [*one.latest.layers] == ["1"]


# The network does not notice -----------------------------------------------------------------------------------------


def hooks(model: Any) -> int:
    kinds = ("forward_pre", "forward", "backward_pre", "backward")
    return sum(len(getattr(m._hooks, kind)) for m in model.modules() if m._hooks for kind in kinds)


def test_training_is_the_same_bit_for_bit() -> None:
    results = []
    for watched in (False, True):
        model = network()
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        watch = nn.monitor(model, optimizer, every=2)
        if watched:
            watch.start()
        train(model, optimizer, 5)
        watch.stop()
        results.append(model.state_dict())
    for name, array in results[0].items():
        np.testing.assert_array_equal(array, results[1][name])


def test_everything_is_removed_after_an_exception() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="shape"), nn.monitor(model, optimizer) as watch:
        train(model, optimizer, 2)
        model(np.ones((3, 5), np.float32))
    assert hooks(model) == 0 and not recording.observed() and not recording.special
    assert not (optimizer._after or optimizer._on_gradients)
    assert len(watch.history) == 2
    train(model, optimizer, 1)
    watch.stop()
    assert len(watch.history) == 2


def test_a_pass_that_fails_does_not_confuse_the_next_one() -> None:
    model = network()
    with nn.monitor(model) as watch:
        with pytest.raises(ValueError, match="shape"):
            model(np.ones((3, 5), np.float32))
        loss_of(model).backward()
    assert [*watch.latest.layers] == ["0", "1", "2", "3", "4"]


def test_no_step_keeps_the_arrays_or_rows_of_an_earlier_one() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model, optimizer):
        outputs = []
        for _ in range(3):
            out = model(X)
            outputs.append(weakref.ref(out))
            optimizer.zero_grad()
            (out**2).mean().backward()
            optimizer.step()
            del out
        assert [ref() for ref in outputs] == [None] * 3
        model(X)  # passes that no backward pass follows
        (out := model(X)).sum()
        row = weakref.ref(out._node)
        del out
        assert row() is None


def test_a_copy_of_the_model_is_not_watched_and_pickling_says_why_not() -> None:
    model = network()
    with nn.monitor(model) as watch:
        other = copy.deepcopy(model)
        loss_of(other).backward()
        assert watch.steps == 0 and watch._open is None
        with pytest.raises(TypeError, match=r"cannot be pickled while it is watched\. Fix: stop"):
            pickle.dumps(model)


# In words and pictures -----------------------------------------------------------------------------------------------


def test_the_summary_is_a_table_with_the_trouble_below() -> None:
    with nn.monitor(model := dying(4)) as watch:
        loss_of(model).backward()
    lines = str(watch.summary()).splitlines()
    assert lines[0].startswith("step 0, gradient norm ")
    assert lines[2].split() == [
        *("layer", "kind", "output", "mean", "std", "gradient", "mean", "std", "dead", "saturated")
    ]
    assert lines[5].split()[:2] == ["1", "ReLU"] and "50 %" in lines[5]
    assert len({len(line) for line in lines[2:4]}) == 1
    assert "! layer 1: 50 % dead ReLUs" in lines
    assert repr(watch.summary()) == "\n".join(lines)


def troubles(model: Any, x: Any = X, **options: Any) -> str:
    with nn.monitor(model, **options) as watch:
        loss_of(model, x).backward()
    return "\n".join(watch.trouble())


def test_trouble_has_a_name() -> None:
    assert troubles(network()) == ""
    deep = nn.Sequential(*[layer for _ in range(9) for layer in (nn.Linear(4, 4), nn.Sigmoid())])
    assert "layer 0: gradients vanish: " in troubles(deep)
    wild = nn.Sequential(*[nn.Linear(4, 4) for _ in range(9)])
    for layer in wild:
        nn.init.normal_(layer.weight, std=5)
    assert "layer 0: gradients explode: " in troubles(wild)
    nan = network()
    nan[2].bias.data[0] = np.nan
    assert "layer 2: 17 % of its outputs are NaN or infinite, since step 0" in troubles(nan)
    saturated = network()
    saturated[2].bias.data[...] = 50
    assert "layer 3: 100 % of its outputs are saturated" in troubles(saturated)
    apart = network()
    apart.spare = nn.Linear(2, 2)
    apart.forward = lambda x: apart[4](apart[3](apart[2](apart[1](apart[0](x)))))
    assert "parameter spare.weight: no gradient comes to it" in troubles(apart)


def test_steps_that_are_too_large_have_a_name() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=1e3)
    with nn.monitor(model, optimizer) as watch:
        train(model, optimizer, 1)
    assert any("the learning rate may be too high" in sentence for sentence in watch.trouble())
    still = optim.SGD(model.parameters(), lr=0)
    with nn.monitor(model, still) as watch:
        train(model, still, 1)
    assert any("it hardly moves (0 of its norm" in sentence for sentence in watch.trouble())


def test_records_are_flat_rows() -> None:
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model, optimizer) as watch:
        train(model, optimizer, 2)
    rows = watch.records()
    assert len(rows) == 2 * (5 + 6)
    assert {len(row) for row in rows if "layer" in row} == {len(rows[0])}
    np.testing.assert_array_equal(watch["0.weight"]["step"], [0, 1])
    np.testing.assert_array_equal(watch["1"]["gradient_std"], [r.layers["1"].gradient.std for r in watch.history])
    with pytest.raises(KeyError, match=r"'nothing' is not a layer or parameter"):
        watch["nothing"]


def glorot_figure(initialise: Callable[[Any], Any]) -> Any:
    """Five hidden tanh layers, watched at their first step (Glorot & Bengio 2010, figure 7)."""
    ag.manual_seed(0)
    hidden = [part for _ in range(5) for part in (nn.Linear(128, 128), nn.Tanh())]
    model = nn.Sequential(*hidden, nn.Linear(128, 10))
    for layer in model[::2]:
        initialise(layer.weight)
        nn.init.zeros_(layer.bias)
    x = RNG.uniform(-0.5, 0.5, (200, 128)).astype(np.float32)
    with nn.monitor(model, layers=["0", "2", "4", "6", "8"]) as watch:
        nn.functional.cross_entropy(model(x), np.arange(200) % 10).backward()
    return watch


def test_gradients_shrink_on_their_way_back_under_standard_and_not_under_normalised_initialisation() -> None:
    def widths(initialise: Callable[[Any], Any]) -> np.ndarray:
        return np.array([layer.gradient.std for layer in glorot_figure(initialise).latest.layers.values()])

    standard = widths(lambda w: nn.init.uniform_(w, -(128**-0.5), 128**-0.5))
    # Var w = 1/(3n), so each layer takes √(n Var w) = 1/√3 of the width, and tanh a little more.
    np.testing.assert_allclose(standard[:-1] / standard[1:], 3**-0.5, rtol=0.12)
    normalised = widths(nn.init.xavier_uniform_)
    np.testing.assert_allclose(normalised[:-1] / normalised[1:], 1, rtol=0.2)


def test_pictures_show_what_was_gathered() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    watch = glorot_figure(nn.init.xavier_uniform_)
    ax = watch.plot_gradients(layers=nn.Linear)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"{2 * i} (Linear)" for i in range(5)]
    for patch in ax.patches:
        counts, edges, _ = patch.get_data()
        assert np.sum(counts * np.diff(edges)) == pytest.approx(1)
    _, given_ax = plt.subplots()
    assert watch.plot_activations(layers=["0"], ax=given_ax) is given_ax and len(given_ax.patches) == 1
    with pytest.raises(ValueError, match=r"plot_gradients: step 0 has no gradient of layers='x'"):
        watch.plot_gradients(layers="x")
    with pytest.raises(ValueError, match=r"step 7 is not kept; there are \[0\]"):
        watch.plot_gradients(step=7)

    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with nn.monitor(model, optimizer) as watch:
        train(model, optimizer, 3)
    figure = watch.plot_history()
    norms, updates, gradients, units = figure.axes
    np.testing.assert_allclose(norms.lines[0].get_ydata(), [r.grad_norm for r in watch.history])
    assert [len(ax.get_legend().get_texts()) for ax in (updates, gradients, units)] == [3, 5, 2]
    plt.close("all")


# Bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: nn.monitor(3), TypeError, "watches an nn.Module, not int"),
        (lambda: nn.monitor(network(), 3), TypeError, "optimizer is int"),
        (lambda: nn.monitor(network(), every=0), ValueError, "every=0 must be a whole number, at least 1"),
        (lambda: nn.monitor(network(), bins=2.5), ValueError, "bins=2.5"),
        (lambda: nn.monitor(network(), history=True), ValueError, "history=True"),
        (
            lambda: nn.monitor(network(), optim.SGD(network().parameters(), lr=1)),
            ValueError,
            "moves no parameter of this model",
        ),
        (lambda: nn.monitor(network(), layers=nn.Conv2d).start(), ValueError, "layers names Conv2d"),
        (lambda: nn.monitor(network(), layers="nowhere.1").start(), ValueError, "layers names 'nowhere.1'"),
        (lambda: nn.monitor(network()).start().start(), RuntimeError, r"Fix: stop\(\) it first"),
        (lambda: nn.monitor(network()).step(), RuntimeError, "not running"),
    ],
)
def test_bad_input_is_refused(make: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_the_optimizer_tells_so_step_is_refused() -> None:
    model = network()
    with (
        nn.monitor(model, optim.SGD(model.parameters(), lr=0.1)) as watch,
        pytest.raises(RuntimeError, match="the optimizer was given"),
    ):
        watch.step()
