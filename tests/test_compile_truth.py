"""A compiled function is never wrong in silence: what a replay cannot do stays as it is, or is told with its line."""

from __future__ import annotations

import functools
import math
import threading
import types
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim

rows = lambda k: np.full(3, 1.0 + k, np.float32)
number = lambda k: 0.5 + 0.125 * k


def alike(a: Any, b: Any) -> bool:
    """One type, one structure, and equal in every bit."""
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(alike, a.values(), b.values()))
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, ag.Tensor):
        a, b = a.data, b.data
    if isinstance(a, (np.ndarray, np.generic)):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


class Small:
    """A model with its step, and everything that the step changes."""

    def __init__(self, loss_of: Callable[[Any, Any], Any] | None = None, clear: bool = True) -> None:
        ag.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 2))
        self.optimizer = optim.Adam(self.model.parameters(), lr=0.01)
        model, optimizer, generator = self.model, self.optimizer, np.random.default_rng(1)
        self.generator = generator
        loss_of = loss_of or (lambda y, x: (y * y).mean())

        def step(x: Any) -> Any:
            if clear:
                optimizer.zero_grad()
            loss = loss_of(model(x), x)
            loss.backward()
            optimizer.step()
            return loss

        self.step: Any = step

    def __call__(self, k: int) -> Any:
        x = np.random.default_rng(k).normal(size=(6, 4)).astype(np.float32)
        with ag.support.random.use_generator(self.generator):
            return self.step(x)

    def compiled(self) -> Small:
        self.step = ag.compile(self.step)
        return self

    def state(self, gradients: bool = True) -> list[Any]:
        moments = self.optimizer.state_dict()["state"]
        found = [t.data for t in [*self.model.parameters(), *self.model.buffers()]]
        found += [np.asarray(v) for i in sorted(moments) for v in moments[i].values()]
        if gradients:
            found += [np.array(0) if p.grad is None else p.grad.data for p in self.model.parameters()]
        return [np.array(a) for a in found]


# Functions ------------------------------------------------------------------------------------------------------------

W = ag.Tensor(np.arange(3, dtype=np.float32), requires_grad=True)
PLAIN = np.arange(3.0)
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Callable[[int], Any]]]] = {
    "an array and a float": (lambda x, a: x * a, [rows, number]),
    "a float alone": (lambda a: (a * 2 + 1, abs(a), round(a, 1), -a, +a, a // 2, a % 2, 2**a), [number]),
    "NumPy of a float": (lambda a: np.sin(a) + PLAIN * a, [number]),
    "a tensor and a float": (ag.no_grad()(lambda a: W * a + W**a), [number]),
    "the derivative by a float": (ag.grad(lambda a: a * a * a), [number]),
    "by a float and an array": (
        ag.value_and_grad(lambda a, x: (a * np.sin(x)).sum(), argnums=(0, 1)),
        [number, rows],
    ),
    "a hessian": (ag.hessian(lambda x: (np.sin(x) * x).sum()), [rows]),
    "a hessian by a float": (ag.hessian(lambda a: a**3), [number]),
    "forward mode": (lambda x: ag.jvp(np.sin, (x,), (np.ones_like(x),)), [rows]),
    "a float among NumPy's arguments": (
        lambda x, a: (np.clip(x, 0, a), np.where(x > 2, a, x), np.full_like(x, a), np.maximum(x, a)),
        [rows, number],
    ),
    "NumPy's scalars": (lambda a, b: a * 2 + b, [lambda k: np.float32(k), lambda k: np.float64(k)]),
    "no axes": (lambda x: x * 2, [lambda k: np.array(float(k))]),
    "a tree": (lambda d: {"a": d["b"][0] * 2, "c": (d["b"][1],)}, [lambda k: {"b": [rows(k), number(k)]}]),
    "a partial function": (functools.partial(lambda s, x: x * s, 3.0), [rows]),
    "a ufunc": (np.sin, [rows]),
    "complex numbers": (lambda x: x * 1j, [rows]),
    "linear algebra": (lambda x: np.linalg.inv(x), [lambda k: np.eye(3) * (k + 1)]),
    "nothing": (lambda x: None, [rows]),
    "the argument itself": (lambda x: x, [rows]),
    "Fortran's order": (lambda x: (x @ x.T, x.T), [lambda k: np.asfortranarray(np.full((3, 2), k + 1.0))]),
    "strides": (lambda x: x * 2, [lambda k: np.full((4, 3), k + 1.0)[::2]]),
    "a tensor": (lambda t: t * 2, [lambda k: ag.Tensor(rows(k))]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_replayed_with_types_and_layouts(name: str) -> None:
    f, makers = FUNCTIONS[name]
    g = ag.compile(f)
    for k in range(12):
        args = [make(k) for make in makers]
        expected, found = f(*args), g(*args)
        assert alike(found, expected), (k, found, expected)
        if isinstance(expected, np.ndarray):
            assert found.strides == expected.strides
    assert g.replays == 8, g.why()
    assert len(g.signatures.known) == 1


RARE: dict[str, tuple[Callable[..., Any], list[Callable[[int], Any]]]] = {
    "a float in an array": (lambda a: np.array([a, 2 * a]), [number]),
    "a float that fills": (lambda a: np.full(3, a), [number]),
    "a float in Python's mathematics": (lambda a: math.sin(a), [number]),
    "what is not an operator": (lambda a: divmod(a, 0.25), [number]),
    "its type": (lambda x, a: x * 2 if isinstance(a, float) else x, [rows, number]),
    "a number out of an array": (lambda x: float(x[0]) * x, [rows]),
    "a conversion": (lambda x: np.asarray(x) * 2, [rows]),
    "shapes that depend on values": (lambda x: np.unique(x), [lambda k: np.arange(4) // (1 + k % 2)]),
    "a loop": (lambda x: sum(x * i for i in range(int(x[0]))), [lambda k: np.full(3, 1.0 + k % 2)]),
    "a branch": (lambda x, a: x * a if a > 1 else x, [rows, number]),
    "masked arrays": (lambda x: x * 2, [lambda k: np.ma.masked_array(rows(k), [True, False, False])]),
    "byte orders": (lambda x: x * 2, [lambda k: np.full(3, 2.0).astype((">f8", "<f8")[k % 2])]),
    "dtypes of one size": (lambda x: x * 2, [lambda k: np.arange(3) if k % 2 else np.arange(3.0)]),
    "whole numbers, strings, truths": (
        lambda x, n, s, b: getattr(np, s)(x) * n if b else x,
        [rows, lambda k: k // 5, lambda k: ("sin", "cos")[k % 2], lambda k: k % 3 > 0],
    ),
}


@pytest.mark.parametrize("name", RARE)
def test_what_is_hard_to_record_is_right_at_every_call(name: str) -> None:
    f, makers = RARE[name]
    g = ag.compile(f)
    for k in range(30):
        args = [make(k) for make in makers]
        assert alike(g(*args), f(*args)), (k, g.why())


# Effects of Python's --------------------------------------------------------------------------------------------------


def test_printing_is_told_once_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    @ag.compile
    def f(x: Any) -> Any:
        print("called")
        return x * 2

    with pytest.warns(RuntimeWarning, match=r"print\(\) at test_compile_truth.py:\d+, will not be repeated") as told:
        for _ in range(8):
            f(rows(1))
    assert len(told) == 1 and "print() at test_compile_truth.py" in f.why()
    assert capsys.readouterr().out.count("called") == 8 - f.replays


def test_the_text_of_a_number_is_told() -> None:
    texts: list[str] = [""]

    @ag.compile
    def f(x: Any) -> Any:
        loss = (x * 2).sum()
        texts[0] = f"{loss.item():.2f}"
        return loss

    with pytest.warns(RuntimeWarning, match="the text of a number at test_compile_truth.py"):
        for k in range(8):
            f(rows(k // 7))


def test_a_list_that_grows_keeps_growing() -> None:
    history: list[float] = []

    @ag.compile
    def f(x: Any) -> Any:
        loss = (x * 2).sum()
        history.append(loss.item())
        return loss

    for k in range(12):
        f(rows(k))
    assert history == [6.0 * (k + 1) for k in range(12)] and f.replays == 0
    assert "history is exchanged, or grows" in f.why()


@pytest.mark.parametrize("kind", ["attribute", "deque", "set", "slot", "array", "nonlocal"])
def test_counters_keep_counting(kind: str) -> None:
    class Counts:
        __slots__ = ("items", "number", "seen")

        def __init__(self) -> None:
            self.number, self.items, self.seen = 0, deque([0] * 3, maxlen=3), set()

    counts, outside, array = Counts(), 0, np.zeros(1)
    holder = types.SimpleNamespace(number=0)

    @ag.compile
    def f(x: Any) -> Any:
        nonlocal outside
        if kind == "attribute":
            holder.number += 1
        elif kind == "deque":
            counts.items.append(counts.items[-1] + 1)
        elif kind == "set":
            counts.seen.add(len(counts.seen))
        elif kind == "slot":
            counts.number += 1
        elif kind == "array":
            array[0] += 1
        else:
            outside += 1
        return x * 2

    for k in range(20):
        assert f(rows(k))[0] == 2 * (k + 1)
    reached = holder.number, counts.items[-1], len(counts.seen), counts.number, array[0], outside
    assert max(reached) == 20, f.why()
    assert (f.replays > 5) == (kind in ("attribute", "deque", "slot")), f.why()  # these are computed again


def test_a_counter_that_decides_is_a_guard() -> None:
    holder = types.SimpleNamespace(number=0, seen={})

    @ag.compile
    def f(x: Any) -> Any:
        holder.number += 1
        factor = 3 if holder.number % 4 == 0 else holder.number
        return x * factor, {k: k for k in (0, 1, 2, 50)}.get(holder.number, -1)

    for k in range(1, 60):
        y, found = f(np.ones(2))
        assert y[0] == (3 if k % 4 == 0 else k) and found == (k if k in (0, 1, 2, 50) else -1), (k, f.why())
    assert holder.number == 59


@pytest.mark.parametrize("kind", ["class", "module", "global", "slot", "default", "property", "transform"])
def test_numbers_anywhere_in_reach_count(kind: str) -> None:
    class Settings:
        __slots__ = ("own",)
        factor = 1.0

        @property
        def read(self) -> float:
            return self.factor

    settings, module = Settings(), types.ModuleType("a_module_of_the_users")
    settings.own, module.factor = 1.0, 1.0  # type: ignore[attr-defined]
    space: dict[str, Any] = {"module": module, "factor": 1.0, "Settings": Settings, "settings": settings}
    body = {
        "class": "x * Settings.factor",
        "module": "x * module.factor",
        "global": "x * factor",
        "slot": "x * settings.own",
        "default": "inner(x)",
        "property": "x * settings.read",
        "transform": "x * factor",
    }[kind]
    exec(f"def inner(x, holder=settings):\n    return x * holder.own\ndef f(x):\n    return {body}", space)
    g = ag.compile(ag.grad(lambda x: space["f"](x).sum()) if kind == "transform" else space["f"])
    for k in range(24):
        Settings.factor = module.factor = space["factor"] = settings.own = float(k // 6)  # type: ignore[attr-defined]
        assert g(np.ones(2))[0] == k // 6, g.why()
    assert g.replays > 6


def test_errors_of_the_function_are_its_own() -> None:
    """A singular matrix, an index out of range: raised by eager code, from the state before the call."""
    table = np.arange(12.0).reshape(4, 3)
    held = types.SimpleNamespace(table=table)

    @ag.compile
    def f(x: Any, i: Any) -> Any:
        held.table[0] += 1
        return np.linalg.inv(x), held.table[i]

    for k in range(14):
        if k % 4 == 3:
            before = table.copy()
            with pytest.raises(np.linalg.LinAlgError):
                f(np.zeros((2, 2)), np.array([1]))
            with pytest.raises(IndexError):
                f(np.eye(2), np.array([9]))
            table[...] = before
        inverse, row = f(np.eye(2) * (k + 1), np.array([k % 4]))
        assert inverse[0, 0] == 1 / (k + 1) and table[0, 0] == k + 1 and (row[0] == table[k % 4]).all()
    assert f.replays > 4, f.why()


def test_errstate_inside_the_function_holds_in_replays() -> None:
    @ag.compile
    def f(x: Any) -> Any:
        with np.errstate(divide="ignore"):
            y = np.log(x)
        return y + 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(10):
            assert f(np.zeros(2))[0] == -np.inf
    assert f.replays == 7


# Arguments ------------------------------------------------------------------------------------------------------------


def test_layouts_and_recording_belong_to_the_signature() -> None:
    f = ag.compile(lambda x: x * 2)
    for k in range(16):
        x = np.full((3, 2), k + 1.0, order="CF"[k % 2])
        assert f(x).strides == (x * 2).strides
    assert f.replays > 6
    g = ag.compile(lambda x: (W * x).sum())
    with ag.no_grad():
        for k in range(8):
            g(rows(k))
    assert g.replays > 3
    W.grad = None
    g(rows(2)).backward()
    assert W.grad is not None and W.grad.data[0] == 3
    W.grad = None


def test_a_model_may_be_a_static_argument() -> None:
    models = [nn.Linear(3, 2), nn.Linear(3, 2)]
    apply = ag.compile(ag.no_grad()(lambda model, x, scale=1.0: model(x) * scale), static=("model",))
    for k in range(16):
        for model in models:
            if k % 5 == 4:
                model.weight.data[...] *= 2
            assert alike(apply(model, rows(k)[None], scale=2.0), model(rows(k)[None]).detach() * 2.0)
    assert apply.replays > 20 and apply.program and apply.why().count("signature 0: replayed") == 2


def test_static_says_what_it_cannot_do() -> None:
    f = lambda x, mode="a", **rest: x
    with pytest.raises(ValueError, match=r"static=\['modes'\]: no such argument; there are \['x', 'mode', 'rest'\]"):
        ag.compile(f, static=("modes",))
    with pytest.raises(TypeError, match="static argument must be hashable; mode is a list"):
        ag.compile(f, static="mode")(1.0, mode=[])
    assert "static=(name,)" in _opaque(ag.compile(f)).why()
    with pytest.raises(TypeError, match="generator or coroutine"):

        @ag.compile
        def values(x: Any) -> Any:
            yield x

    with pytest.raises(TypeError, match="a float cannot be called"):
        ag.compile(3.0)  # type: ignore[arg-type]


def _opaque(f: Any) -> Any:
    for _ in range(5):
        f(object())
    return f


def test_static_values_have_records_of_their_own() -> None:
    f = ag.compile(lambda x, *, power: x**power, static=("power",))
    for k in range(20):
        power = (2, 2.0, 3)[k % 3]
        assert alike(f(np.arange(3), power=power), np.arange(3) ** power)
    assert f.replays > 6


def test_a_storm_of_signatures_is_told_with_what_changes() -> None:
    f = ag.compile(lambda x, n: x * n)
    with pytest.warns(RuntimeWarning, match="calls were all of other signatures, for the arguments: .*31.*32") as told:
        for k in range(100):
            assert f(rows(1), k)[0] == 2 * k
    assert len(told) == 1 and len(f.signatures.known) <= 64


def test_a_storm_of_recordings_ends() -> None:
    f = ag.compile(lambda x: x * 2)
    with pytest.warns(RuntimeWarning, match="recorded 16 times, replayed 0, and not recorded again") as told:
        for k in range(90):
            assert f(np.ones(k // 2)).shape == (k // 2,)
    assert len(told) == 1


# Gradients that a user keeps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["tensor", "array", "view", "not at all"])
@pytest.mark.parametrize("clear", [True, False])
def test_a_kept_gradient_is_never_written_into(what: str, clear: bool) -> None:
    of = {
        "tensor": lambda g: g,
        "array": lambda g: g.data,
        "view": lambda g: g.numpy()[:1],
        "not at all": lambda g: np.array(g.data),
    }[what]
    eager, compiled = Small(clear=clear), Small(clear=clear).compiled()
    kept: list[list[Any]] = [[], []]
    for k in range(20):
        for small, mine in zip((eager, compiled), kept, strict=True):
            small(k)
            if k > 5:
                mine += [of(p.grad) for p in small.model.parameters()]
        assert alike(eager.state(), compiled.state()), compiled.step.why()
    assert alike(*[[np.array(g.data if isinstance(g, ag.Tensor) else g) for g in mine] for mine in kept])
    assert compiled.step.replays > 8
    assert ("a gradient was kept" in compiled.step.why()) == (what != "not at all")


# Interrupts -----------------------------------------------------------------------------------------------------------


def interrupting(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("clear", [True, False])
def test_an_interrupt_at_any_call_of_a_replay_leaves_what_eager_may_leave(clear: bool) -> None:
    """Before the update parameters, moments and step counts are as before, and gradients are those of before, none or
    all new; after it begins, step counts have gone on. From what is left, eager and compiled go on alike."""
    small, twin = Small(clear=clear).compiled(), Small(clear=clear)
    for k in range(5):
        small(k), twin(k)
    record = small.step.record
    plan = record.course.plan
    update = next(i for i, e in enumerate(record.tape.entries) if "adam.py" in e.where)
    for at in range(len(plan)):
        before = small.state()
        record.exact = record.course = record.course._replace(plan=[*plan[:at], (interrupting,), *plan[at:]])
        with pytest.raises(KeyboardInterrupt):
            small(at)
        record.exact = record.course = record.course._replace(plan=plan)
        parameters = len(list(small.model.parameters()))
        if at < update:
            assert alike(small.state(gradients=False)[:parameters], before[:parameters]), at
            clocks = [v["step"] for v in small.optimizer.state_dict()["state"].values()]
            assert len(set(map(float, clocks))) == 1
        assert len({p.grad is None for p in small.model.parameters()}) == 1
        begins, ends = record.course.backward
        if begins <= at <= ends:  # some are written: what is left is what was there, which a step that clears forgets
            left = [p.grad for p in small.model.parameters()]
            assert left == [None] * parameters if clear else alike(small.state()[-parameters:], before[-parameters:])
        twin.model.load_state_dict(small.model.state_dict())
        twin.optimizer.load_state_dict(small.optimizer.state_dict())
        for p, q in zip(twin.model.parameters(), small.model.parameters(), strict=True):
            p.grad = None if q.grad is None else q.grad.data.copy()
        twin.generator.bit_generator.state = small.generator.bit_generator.state
        assert alike(small(at), twin(at)), at
        assert alike(small.state(), twin.state()), at


@pytest.mark.parametrize("at", [1, 2, 3, 9, 10])
def test_an_interrupt_in_the_first_run_the_recording_or_a_check(at: int) -> None:
    raising = {"now": False}

    def loss_of(y: Any, x: Any) -> Any:
        if raising["now"]:
            raise KeyboardInterrupt
        return (y * y).mean()

    eager, compiled = Small(loss_of), Small(loss_of).compiled()
    for k in range(20):
        if k == at:
            raising["now"] = True
            for small in (eager, compiled):
                with pytest.raises(KeyboardInterrupt):
                    small(k)
            raising["now"] = False
        assert alike(eager(k), compiled(k)) and alike(eager.state(), compiled.state()), compiled.step.why()
    assert compiled.step.replays > 5


def test_two_trainings_in_two_threads_share_a_frozen_model() -> None:
    """While one thread records, what it reaches holds recording arrays: the other one computes as it is."""
    shared = nn.Linear(4, 4)
    shared.requires_grad_(False)
    wrong = []

    def work(seed: int) -> None:
        def make() -> Any:
            weight = ag.Tensor(np.full(4, 1.0 + seed, np.float32), requires_grad=True)
            optimizer = optim.SGD([weight], lr=0.01, momentum=0.9)

            def step(x: Any) -> Any:
                optimizer.zero_grad()
                loss = (ag.tanh(shared(x)) * weight).sum()
                loss.backward()
                optimizer.step()
                return loss

            return step

        for turn in range(4):
            eager, compiled = make(), ag.compile(make())
            for k in range(12):
                x = np.random.default_rng([seed, turn, k]).normal(size=(3, 4)).astype(np.float32)
                if eager(x).data.tobytes() != compiled(x).data.tobytes():
                    wrong.append((seed, turn, k))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_function_that_calls_itself() -> None:
    @ag.compile
    def total(x: Any) -> Any:
        return x[0] if len(x) == 1 else x[0] + total(x[1:])

    for k in range(12):
        assert total(np.full(4, float(k))) == 4 * k
    assert total.replays > 4
