"""A compiled step is the step itself, bit for bit, whatever happens between two calls."""

from __future__ import annotations

import copy
import itertools
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
import test_recording_duck as duck
from autograd_core.programs.shown.source import names_of

Batches = list[tuple[Any, ...]]


class Training:
    """A model, its optimizer and the step, as anybody writes them."""

    def __init__(self, model: Callable[[], Any], rule: Callable[..., Any], clip: float | None = None) -> None:
        ag.manual_seed(0)
        self.model = model()
        self.optimizer = rule(self.model.parameters())
        self.schedule = optim.lr_scheduler.CosineAnnealingLR(self.optimizer, 50)
        self.criterion = nn.CrossEntropyLoss()
        model, optimizer, criterion = self.model, self.optimizer, self.criterion

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            return loss

        self.step: Any = step

    def snapshot(self) -> list[Any]:
        state = self.optimizer.state_dict()["state"]
        found = [t.data for t in [*self.model.parameters(), *self.model.buffers()]]
        found += [p.grad.data for p in self.model.parameters() if p.grad is not None]
        found += [np.asarray(v) for i in sorted(state) for v in state[i].values()]
        return [np.array(a) for a in found]


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def follow(
    make: Callable[[], Training], batches: Batches, between: Callable[[Training, int], None] | None = None
) -> Any:
    """The same training twice, eager and compiled, step beside step; gives the compiled one."""
    eager, compiled = make(), make()
    compiled.step = ag.compile(compiled.step)
    generators = [np.random.default_rng(7), np.random.default_rng(7)]
    for k, batch in enumerate(batches):
        losses = []
        for training, generator in zip((eager, compiled), generators, strict=True):
            with ag.support.random.use_generator(generator):
                if between is not None:
                    between(training, k)
                losses.append(training.step(*batch).item())
                training.schedule.step()
        assert losses[0] == losses[1], f"step {k}\n{compiled.step.why()}"
        assert same(eager.snapshot(), compiled.snapshot()), f"step {k}\n{compiled.step.why()}"
    assert generators[0].bit_generator.state == generators[1].bit_generator.state
    return compiled


def batches(shape: tuple[int, ...], classes: int, count: int = 50, numbers: int = 0) -> Batches:
    found = []
    for k in range(count):
        rng = np.random.default_rng(k)
        x = rng.integers(0, numbers, shape) if numbers else rng.normal(size=shape).astype(np.float32)
        found.append((x, rng.integers(0, classes, shape[0])))
    return found


class Last(nn.Module):
    """The output at the last step of a sequence, classified."""

    def __init__(self, layer: Any, head: Any) -> None:
        self.layer, self.head = layer, head

    def forward(self, x: Any) -> Any:
        y = self.layer(x)
        return self.head((y[0] if isinstance(y, tuple) else y)[:, -1])


def mlp() -> Any:
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 4))


def noisy() -> Any:
    return nn.Sequential(
        *(nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5)),
        *(nn.Linear(16, 8), nn.Dropout(0.1), nn.Linear(8, 4)),
    )


def cnn() -> Any:
    first = nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, nn.Conv2d(4, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24, 4))


def adam(parameters: Any) -> Any:
    return optim.Adam(parameters, lr=1e-2)


FLAT = batches((16, 12), 4)
CASES: dict[str, tuple[Callable[[], Training], Batches]] = {
    "MLP, Adam": (lambda: Training(mlp, adam), FLAT),
    "BatchNorm and dropout, AdamW": (lambda: Training(noisy, lambda p: optim.AdamW(p, lr=1e-2)), FLAT),
    "CNN, SGD with momentum": (
        lambda: Training(cnn, lambda p: optim.SGD(p, lr=1e-2, momentum=0.9)),
        batches((4, 1, 12, 12), 4),
    ),
    "LSTM, clipped": (
        lambda: Training(lambda: Last(nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 4)), adam, clip=0.5),
        batches((4, 7, 6), 4),
    ),
    "GRU": (
        lambda: Training(lambda: Last(nn.GRU(6, 8, batch_first=True), nn.Linear(8, 4)), adam),
        batches((4, 7, 6), 4),
    ),
    "attention, clipped": (
        lambda: Training(
            lambda: Last(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), nn.Linear(8, 4)), adam, clip=1.0
        ),
        batches((4, 5, 8), 4),
    ),
    "embedding": (
        lambda: Training(lambda: nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 4)), adam),
        batches((8, 3), 4, numbers=9),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fifty_steps_are_those_of_eager_to_the_bit(name: str) -> None:
    make, given = CASES[name]
    assert follow(make, given).step.replays > 35


# Between two calls ---------------------------------------------------------------------------------------------------


def lr_by_hand(training: Training, k: int) -> None:
    if k % 7 == 6:
        training.optimizer.param_groups[0]["lr"] *= 0.5


def data_written(training: Training, k: int) -> None:
    if k % 7 == 6:
        next(training.model.parameters()).data[...] *= 0.5


def data_replaced(training: Training, k: int) -> None:
    if k % 7 == 6:
        p = next(training.model.parameters())
        p.data = p.data * np.float32(0.5)


def states_loaded(training: Training, k: int) -> None:
    if k == 9:
        training.saved = training.model.state_dict(), training.optimizer.state_dict()  # type: ignore[attr-defined]
    if k in (20, 33):
        model, optimizer = training.saved  # type: ignore[attr-defined]
        training.model.load_state_dict(model)
        training.optimizer.load_state_dict(optimizer)


def eval_and_train(training: Training, k: int) -> None:
    training.model.train(k % 10 < 5)


def frozen_and_thawed(training: Training, k: int) -> None:
    if k % 10 == 5:
        training.model[0].requires_grad_(k % 20 != 5)


def reseeded(training: Training, k: int) -> None:
    if k % 10 == 8:
        ag.manual_seed(k)


def another_option(training: Training, k: int) -> None:
    if k == 15:
        training.optimizer.param_groups[0]["weight_decay"] = 0.2


def gradients_kept(training: Training, k: int) -> None:
    if k % 10 == 4:
        training.optimizer.zero_grad(set_to_none=False)


@pytest.mark.parametrize(
    "between",
    [
        *(lr_by_hand, data_written, data_replaced, states_loaded, eval_and_train, frozen_and_thawed, reseeded),
        *(another_option, gradients_kept),
    ],
)
def test_what_happens_between_two_steps_counts(between: Callable[[Training, int], None]) -> None:
    compiled = follow(lambda: Training(noisy, lambda p: optim.AdamW(p, lr=1e-2)), FLAT, between)
    assert compiled.step.replays > 10


def test_a_smaller_last_batch_has_a_record_of_its_own() -> None:
    given = [(x[:5], y[:5]) if k % 5 == 4 else (x, y) for k, (x, y) in enumerate(FLAT)]
    assert follow(lambda: Training(mlp, adam), given).step.replays > 30


def test_gradients_of_several_batches_add_up() -> None:
    def make() -> Training:
        training = Training(mlp, adam)
        model, criterion, optimizer = training.model, training.criterion, training.optimizer

        def step(x: Any, y: Any) -> Any:
            loss = criterion(model(x), y)
            loss.backward()
            return loss

        def every_third(training: Training, k: int) -> None:
            if k % 3 == 2:
                optimizer.step()
                optimizer.zero_grad()

        training.step, training.every_third = step, every_third  # type: ignore[attr-defined]
        return training

    follow(make, FLAT, lambda training, k: training.every_third(training, k))  # type: ignore[attr-defined]


def test_a_bad_label_raises_as_in_eager_and_leaves_the_same_state() -> None:
    def bad(training: Training, k: int) -> None:
        if k % 9 == 8:
            with pytest.raises(ValueError, match="classes"):
                training.step(FLAT[k][0], np.full(16, 7))

    assert follow(lambda: Training(noisy, adam), FLAT, bad).step.replays > 20


@pytest.mark.parametrize("at", [1, 2, 5, 30])
def test_an_exception_inside_leaves_what_eager_leaves(at: int) -> None:
    class Failing(Training):
        def __init__(self) -> None:
            super().__init__(noisy, adam)
            model, optimizer, criterion, fail = self.model, self.optimizer, self.criterion, {"now": False}
            self.fail = fail

            def step(x: Any, y: Any) -> Any:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                if fail["now"]:
                    raise KeyboardInterrupt
                loss.backward()
                optimizer.step()
                return loss

            self.step = step

    def failing(training: Any, k: int) -> None:
        if k == at:
            training.fail["now"] = True
            with pytest.raises(KeyboardInterrupt):
                training.step(*FLAT[0])
            training.fail["now"] = False

    follow(Failing, FLAT, failing)


# What cannot be recorded ---------------------------------------------------------------------------------------------


def stepping(loss_of: Callable[[Training, Any, Any], Any]) -> Callable[[], Training]:
    """A training whose step computes its loss by ``loss_of``."""

    def make() -> Training:
        training = Training(mlp, adam)
        optimizer = training.optimizer
        model, criterion = training.model, training.criterion
        training.parts = model, criterion  # type: ignore[attr-defined]

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = loss_of(model, criterion, (x, y))
            loss.backward()
            optimizer.step()
            return loss

        training.step = step
        return training

    return make


def test_a_branch_on_the_loss_has_two_records() -> None:
    def loss_of(model: Any, criterion: Any, batch: Any) -> Any:
        loss = criterion(model(batch[0]), batch[1])
        return loss * 2 if loss.item() > 1.35 else loss

    follow(stepping(loss_of), FLAT)


def test_what_numpy_draws_by_itself_stays_eager_and_says_so() -> None:
    def make() -> Training:
        rng = np.random.default_rng(3)

        def loss_of(model: Any, criterion: Any, batch: Any) -> Any:
            return criterion(model(batch[0]) * rng.normal(), batch[1])

        return stepping(loss_of)()

    step = follow(make, FLAT).step
    assert step.replays == 0 and "changed rng" in step.why()


def test_a_constant_that_changes_stays_eager_and_says_so() -> None:
    def make() -> Training:
        counter = itertools.count()

        def loss_of(model: Any, criterion: Any, batch: Any) -> Any:
            return criterion(model(batch[0]) * np.float32(next(counter)), batch[1])

        return stepping(loss_of)()

    step = follow(make, FLAT).step
    assert step.replays == 0 and "constant that changes" in step.why()


def test_a_one_hot_by_numpy_stays_eager_and_says_where() -> None:
    def loss_of(model: Any, criterion: Any, batch: Any) -> Any:
        return criterion(model(batch[0]), np.eye(4, dtype=np.float32)[batch[1]])

    step = follow(stepping(loss_of), FLAT).step
    assert step.replays == 0 and "test_compile.py" in step.why()


def test_a_list_that_grows_stays_eager_and_says_so() -> None:
    history: list[float] = []

    def loss_of(model: Any, criterion: Any, batch: Any) -> Any:
        loss = criterion(model(batch[0]), batch[1])
        history.append(1.0)
        return loss

    step = follow(stepping(loss_of), FLAT).step
    assert step.replays == 0 and len(history) == 100 and "history" in step.why()


def test_a_hidden_state_kept_in_a_module_goes_on() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            self.cell, self.head, self.h = nn.RNNCell(12, 8), nn.Linear(8, 4), ag.Tensor(np.zeros((16, 8), np.float32))

        def forward(self, x: Any) -> Any:
            self.h = self.cell(x, self.h).detach()
            return self.head(self.cell(x, self.h))

    follow(lambda: Training(Recurrent, adam), FLAT)


# Functions -----------------------------------------------------------------------------------------------------------


def test_a_function_of_arrays_and_trees() -> None:
    def f(p: dict[str, Any], x: Any) -> dict[str, Any]:
        y = np.tanh(x @ p["w"] + p["b"])
        return {"y": y, "parts": (y.sum(axis=0), np.maximum(y, 0).max())}

    g = ag.compile(f)
    for k in range(12):
        rng = np.random.default_rng(k)
        p, x = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}, rng.normal(size=(4, 3))
        expected, found = f(p, x), g(p, x)
        np.testing.assert_array_equal(found["y"], expected["y"])
        for a, b in zip(found["parts"], expected["parts"], strict=True):
            assert np.array_equal(a, b)
    assert g.replays > 5


def test_results_are_copies() -> None:
    f = ag.compile(lambda x: x * 2)
    results = [f(np.full(3, float(k))) for k in range(10)]
    assert [r[0] for r in results] == [2.0 * k for k in range(10)]


@pytest.mark.parametrize("transform", ["value_and_grad", "hessian"])
def test_transforms(transform: str) -> None:
    f = getattr(ag, transform)(lambda x: (np.tanh(x) ** 2).sum())
    g = ag.compile(f)
    for k in range(10):
        x = np.random.default_rng(k).normal(size=4)
        assert all(np.array_equal(a, b) for a, b in zip(np.atleast_1d(g(x)[0]), np.atleast_1d(f(x)[0]), strict=True))


def test_as_a_decorator_with_options() -> None:
    @ag.compile(backend="numpy")
    def f(x: Any) -> Any:
        """Twice."""
        return x + x

    assert f.__name__ == "f" and f.__doc__ == "Twice." and f(np.ones(2)).sum() == 4
    with pytest.raises(ValueError, match="backend='cuda'"):
        ag.compile(f, backend="cuda")


def test_numbers_in_reach_belong_to_the_signature() -> None:
    factor = 1.0

    def f(x: Any) -> Any:
        return x * factor

    g = ag.compile(f)
    for k in range(20):
        factor = float(k // 5)
        np.testing.assert_array_equal(g(np.ones(3)), f(np.ones(3)))
    assert g.replays > 4


def test_numbers_of_other_types_are_other_numbers() -> None:
    g = ag.compile(lambda x, n: x * n)
    factor: Any = 1
    h = ag.compile(lambda x: x * factor)
    for k in range(15):
        factor = (1, 1.0, True)[k // 5]
        x = np.ones(2, int)
        assert g(x, factor).dtype == h(x).dtype == (x * factor).dtype


def test_an_object_among_the_results_is_made_anew() -> None:
    g = ag.compile(lambda x: (x * 2, {1, 2}.copy()))
    made = [g(np.ones(2))[1] for _ in range(6)]
    assert len({id(m) for m in made}) == 6 and g.replays == 0


def test_a_method_has_records_of_its_own_for_each_object() -> None:
    class Scale:
        __slots__ = ("__dict__", "bias")

        def __init__(self, k: float) -> None:
            self.w, self.bias = np.full(2, k), np.ones(2)

        @ag.compile
        def apply(self, x: Any) -> Any:
            return x * self.w + self.bias

    one, two = Scale(1.0), Scale(2.0)
    for k in range(8):
        one.w[...] = k
        one.bias[...] = 3 * k
        assert one.apply(np.ones(2))[0] == 4 * k and two.apply(np.ones(2))[0] == 3
    assert one.apply.replays > 3 and two.apply.replays > 3
    third = copy.copy(one)
    third.w = np.full(2, 5.0)
    assert third.apply(np.ones(2))[0] == 5 + one.bias[0] and third.apply.replays == 0
    assert pickle.loads(pickle.dumps(ag.compile(np.tanh)))(0.0) == 0
    for k in range(20):  # another array at each call is not worth a record
        two.w = np.full(2, float(k))
        assert two.apply(np.ones(2))[0] == k + 1
    assert "w is exchanged" in two.apply.why()


def test_two_threads() -> None:
    f = lambda x: np.tanh(x * 3).sum(axis=0) + x[0]
    g, wrong = ag.compile(f), []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(100):
            x = rng.normal(size=(5, 4))
            if not np.array_equal(g(x), f(x)):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(s,)) for s in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong and g.replays > 300


def test_compiled_within_compiled() -> None:
    inner = ag.compile(lambda x: np.exp(x) + 1)
    outer = ag.compile(lambda x: inner(x * 2).sum())
    for k in range(10):
        x = np.full(3, float(k))
        assert outer(x) == (np.exp(x * 2) + 1).sum()
    assert outer.replays > 4


# Seen through --------------------------------------------------------------------------------------------------------


SEEN = ["MLP, Adam", "BatchNorm and dropout, AdamW", "CNN, SGD with momentum", "LSTM, clipped", "embedding"]


@pytest.mark.parametrize("name", SEEN)
def test_the_source_runs_by_itself_and_computes_the_same(name: str) -> None:
    make, given = CASES[name]
    training = make()
    step = training.step = ag.compile(training.step)
    for batch in given[:6]:
        step(*batch)
    space: dict[str, Any] = {}
    exec(step.source("numpy"), space)
    memory, entries = names_of(step.record).roots, step.record.tape.entries
    for variable, array in memory.items():
        space[variable][...] = array
    for k, x in enumerate(given[6]):
        space[f"input_{k}"][...] = x
    ag.manual_seed(5)
    step(*given[6])
    expected = {variable: array.copy() for variable, array in memory.items()}
    numbers = [entry.args[0].item() for entry in entries if entry.kind == "number"]
    draws = iter([entry for entry in entries if entry.kind == "draw"])

    def draw(name: str, array: Any) -> None:
        entry = next(draws)
        assert entry.name == name
        entry.run(*entry.args)
        array[...] = entry.writes[0]

    ag.manual_seed(5)
    space["run"](draw, numbers)
    for variable, array in expected.items():
        assert array.tobytes() == space[variable].tobytes(), variable


def test_the_program_is_a_table_of_calls() -> None:
    f = ag.compile(lambda x: np.tanh(x) @ x.T)
    with pytest.raises(RuntimeError, match="nothing is recorded"):
        print(f.program)
    for _ in range(4):
        f(np.ones((2, 3)))
    rows = str(f.program).splitlines()
    assert [row.split()[1] for row in rows[1:]] == ["tanh", "matmul"] and "(2, 2)" in rows[2]
    assert "np.matmul(v0, input_0.T, out=v1)" in f.source()
    assert [row.flops for row in f.program.rows] == [6, 2 * 2 * 2 * 3]
    assert "<td>matmul</td>" in f.program._repr_html_()


def test_rows_belong_to_phases_and_modules_and_have_times() -> None:
    training = CASES["BatchNorm and dropout, AdamW"][0]()
    step = training.step = ag.compile(training.step)
    for batch in FLAT[:6]:
        step(*batch)
    before = training.snapshot()
    program = step.program.profile(3)
    assert same(before, training.snapshot())
    parts = [part for part, _ in itertools.groupby(row.part for row in program.rows)]
    forward = [p for p in parts if p.startswith("forward model.")]
    assert forward == [f"forward model.{k}" for k in range(7)]
    backward = [p.removeprefix("backward model.") for p in parts if p.startswith("backward model.")]
    assert backward == sorted(backward, reverse=True) and set(backward) == set("0123456")
    assert parts[-1] == "update" and "forward criterion" in parts and "backward criterion" in parts
    assert all(row.microseconds is not None and row.microseconds > 0 for row in program.rows)
    assert "µs" in repr(program).splitlines()[0]
    contractions = [row.flops for row in program.rows if row.call == "matmul" and row.part == "forward model.0"]
    assert contractions == [2 * 16 * 12 * 16]


def test_the_picture_has_a_frame_for_each_part(tmp_path: Path) -> None:
    f = ag.compile(ag.value_and_grad(lambda x: np.tanh(x).sum()))
    for _ in range(4):
        f(np.ones(3))
    source = f.program.dot().source
    assert "0 tanh" in source and "label=backward" in source and "label=forward" in source
    assert f.program.render(tmp_path / "f.dot").read_text() == source


# The same function, whatever it does ---------------------------------------------------------------------------------


def test_a_model_that_changes_its_dtype() -> None:
    model = mlp()
    evaluate = ag.compile(ag.no_grad()(lambda x: model(x)))
    for k in range(12):
        if k == 6:
            model.double()
        x = FLAT[k][0].astype(model[0].weight.dtype)
        expected = model(x).detach()
        np.testing.assert_array_equal(evaluate(x).numpy(), expected.numpy())


def test_an_argument_that_is_written() -> None:
    def f(x: Any) -> Any:
        x += 1
        return x * 2

    g = ag.compile(f)
    for k in range(8):
        x = np.full(3, float(k))
        assert g(x)[0] == 2.0 * (k + 1) and x[0] == k + 1.0
    assert "an argument" in g.why()


def test_a_result_that_is_a_number() -> None:
    g = ag.compile(lambda x: (np.tanh(x).sum().item(), {"max": x.max().item()}))
    for k in range(8):
        x = np.random.default_rng(k).normal(size=5)
        assert g(x) == (np.tanh(x).sum().item(), {"max": x.max()}) and type(g(x)[0]) is float
    assert g.replays > 4


def test_what_is_differentiated_outside_keeps_its_graph() -> None:
    w = ag.Tensor(np.ones(3), requires_grad=True)
    g = ag.compile(lambda x: (w * x).sum())
    for k in range(6):
        w.grad = None
        g(np.full(3, float(k))).backward()
        assert w.grad is not None and w.grad.numpy()[0] == k
    assert "compile the whole step" in g.why()
    h = ag.compile(lambda x: (x * x).sum())
    for _ in range(6):
        x = ag.Tensor(np.ones(3), requires_grad=True)
        h(x).backward()
        assert x.grad is not None and x.grad.numpy()[0] == 2


def test_an_observer_sees_every_operation() -> None:
    f = ag.compile(lambda x: np.log(x).sum())
    for _ in range(6):
        f(np.ones(3))
    with pytest.raises(ag.AnomalyError, match="log"), ag.detect_anomaly():
        f(ag.Tensor(-np.ones(3), requires_grad=True)).backward()


def test_the_anomaly_watch_names_the_same_in_a_compiled_step() -> None:
    class Logarithm(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.log(x)

    messages = []
    for compiled in (False, True):
        ag.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), Logarithm())
        optimizer = optim.SGD(model.parameters(), lr=1e-3)

        def step(x: Any, model: Any = model, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = model(x).sum()
            loss.backward()
            optimizer.step()
            return loss

        run = ag.compile(step) if compiled else step
        for k in range(8):
            run(np.full((2, 3), k / 10, np.float32))
        with pytest.raises(ag.AnomalyError) as raised, ag.detect_anomaly():
            run(np.array([[1e30, 0, 0]], np.float32) * -np.sign(model[0].weight.data[0]))
        messages.append(str(raised.value))
    assert messages[0] == messages[1] and "in Sequential.2 (Logarithm)" in messages[0]


# Every layer, loss and optimizer -------------------------------------------------------------------------------------


def settings() -> dict[str, tuple[Callable[[], duck.Setting], Batches]]:
    def layer(module: Any, loss: Any = lambda m, x: duck.squares(m(x)), rule: Any = duck.sgd) -> Any:
        return lambda: duck.Setting(module, loss, rule)

    def of_classes(module: Any, x: Any, y: Any) -> Any:
        return nn.CrossEntropyLoss()(module(x), y)

    classes = list(zip(duck.normal(8, 6), duck.whole(4, 8), strict=True))
    found = {name: (layer(module), [(x,) for x in xs]) for name, (module, xs) in duck.LAYERS.items()}
    for name, (loss, targets) in duck.LOSSES.items():
        of_loss = layer(lambda: nn.Linear(6, 4), lambda m, x, t, loss=loss: loss(m(x), t))
        found[name] = of_loss, list(zip(duck.normal(8, 6), targets, strict=True))
    for name, rule in duck.RULES.items():
        net = lambda: nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4))
        found[name] = layer(net, of_classes, rule), classes
    return found


SETTINGS = settings()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_layer_loss_and_optimizer(name: str) -> None:
    make, given = SETTINGS[name]
    found = []
    for compiled in (False, True):
        setting = make()
        setting.start()
        optimizer, module, loss, scale = setting.optimizer, setting.module, setting.loss, setting.scale

        def step(x: Any, *rest: Any, of: Any = (optimizer, module, loss, scale)) -> Any:
            optimizer, module, loss, scale = of
            optimizer.zero_grad()
            result = loss(module, x if scale is None else ag.Tensor(x) * scale, *rest)
            result.backward()
            optimizer.step()
            return result.data

        run = ag.compile(step) if compiled else step
        with ag.support.random.use_generator(np.random.default_rng(5)):
            found.append([setting.snapshot(run(*batch)) for batch in (given * 4)[:9]])
    assert duck.same(*found)
    assert run.replays, run.why()
