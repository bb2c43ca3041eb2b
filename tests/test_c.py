"""Recorded programs as C99: they compile without a warning and compute the same numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from test_compile import SETTINGS

COMPILER = shutil.which("cc")
compiled_c = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
RNG = np.random.default_rng(17)


def recorded(function: Callable[..., Any], *args: Any) -> Any:
    step = ag.compile(function)
    for _ in range(5):
        step(*args)
    assert step.record, step.why()
    return step


def built(folder: Path, *sources: str, flags: tuple[str, ...] = ()) -> Path:
    """An executable; a warning is an error."""
    strict = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-O1", "-ffp-contract=off"]
    target = folder / "program"
    command = [COMPILER or "cc", *strict, *flags, "-o", str(target), *sources, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return target


def numbers(program: Path, *words: str) -> list[float]:
    done = subprocess.run([str(program), *words], capture_output=True, text=True, cwd=program.parent)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return [float(x) for x in done.stdout.split()]


def flat(result: Any) -> list[float]:
    if isinstance(result, dict):
        return flat(list(result.values()))
    if isinstance(result, (tuple, list)):
        return [x for part in result for x in flat(part)]
    return np.ravel(np.asarray(getattr(result, "data", result), float)).tolist()


def agrees(folder: Path, step: Any, *args: Any, runs: int = 1, rtol: float = 1e-12, **flags: Any) -> None:
    """The program, run from the present state, gives what the next calls give."""
    (folder / "step.c").write_text(step.source("c"))
    name = next(word for word in step.source("c").split() if word.endswith("_MAIN")).removeprefix("-D")
    program = built(folder, "step.c", flags=(f"-D{name}", *flags.get("flags", ())))
    found = numbers(program, str(runs))
    wanted = [x for _ in range(runs) for x in flat(step(*args))]
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


FLOATS = [
    *(
        "exp",
        "exp2",
        "expm1",
        "tanh",
        "sinh",
        "cosh",
        "sin",
        "cos",
        "tan",
        "arctan",
        "arcsinh",
        "floor",
        "ceil",
        "rint",
    ),
    *("trunc", "cbrt", "absolute", "fabs", "sign", "square", "negative", "positive", "isnan", "isfinite", "signbit"),
    *("reciprocal", "deg2rad", "rad2deg"),
]
POSITIVE = ["log", "log2", "log10", "log1p", "sqrt", "arccosh"]
OF_TWO = [
    *("add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "power", "remainder", "fmod"),
    *("floor_divide", "arctan2", "hypot", "copysign", "logaddexp", "heaviside", "less", "less_equal", "greater"),
    *("greater_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_xor"),
]
OF_INTEGERS = [
    *("add", "subtract", "multiply", "maximum", "minimum", "remainder", "floor_divide", "bitwise_and", "bitwise_or"),
    *("bitwise_xor", "less", "equal", "not_equal", "power"),
]


@compiled_c
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_functions_of_floats(tmp_path: Path, dtype: str) -> None:
    x = np.array([-2.5, -1.0, -0.3, -0.0, 0.0, 0.5, 1.0, 2.0, 3.7, 5.0], dtype)
    y = np.array([1.0, -2.0, 0.7, 3.0, 1.5, -0.5, 1.0, 2.0, -1.2, 5.0], dtype)

    def f(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            return (
                [getattr(np, name)(x) for name in FLOATS],
                [getattr(np, name)(abs(x) + 1) for name in POSITIVE],
                [getattr(np, name)(x, y) for name in OF_TWO],
                [np.arcsin(x / 6), np.arccos(x / 6), np.arctanh(x / 6), np.clip(x, -1, 2), np.logical_not(x)],
                [np.where(x > y, x, y), x.astype("f8"), x.astype("f4"), (x > 0).astype(dtype), np.isinf(1 / x)],
            )

    agrees(tmp_path, recorded(f, x, y), x, y, rtol=1e-6 if dtype == "f4" else 1e-14)


@compiled_c
@pytest.mark.parametrize("dtype", ["i4", "i8", "u1", "i2"])
def test_functions_of_integers(tmp_path: Path, dtype: str) -> None:
    low = 0 if dtype[0] == "u" else -3
    x, y = np.arange(low, 7).astype(dtype), np.array([2, 3, 1, 4, 2, 3, 5, 2, 1, 3])[: 7 - low].astype(dtype)
    signed = np.where(np.arange(len(y)) % 2, y, -y if low else y).astype(dtype)

    def f(x: Any, y: Any, z: Any) -> Any:
        return (
            [getattr(np, name)(x, y) for name in OF_INTEGERS],
            [np.remainder(x, z), np.floor_divide(x, z), ~x, np.square(x), abs(x), x != 0, x.astype("f4") / 2],
        )

    agrees(tmp_path, recorded(f, x, y, signed), x, y, signed)


@compiled_c
def test_axes_strides_and_sums(tmp_path: Path) -> None:
    x, v = RNG.normal(size=(5, 4, 3)), RNG.normal(size=(4, 1))

    def f(x: Any, v: Any) -> Any:
        return {
            "sums": [x.sum(), x.sum(axis=0), x.sum(axis=(0, 2)), x.sum(axis=1, keepdims=True), (x * v).sum(axis=-1)],
            "extremes": [
                x.max(axis=1),
                np.min(x, initial=-0.1),
                np.sum(x, 1, initial=2.0),
                np.prod(x[0], axis=0),
                (x > 0).all(axis=2),
                (x > 0).any(axis=0),
            ],
            "moments": [x.mean(axis=0), x.var(axis=(1, 2)), x.std()],
            "views": [x[::-1, 1:, ::2] * 2, x.transpose(2, 0, 1) + v.T[0, 0], x[:, None, :, 0] - v[:, 0]],
            "joined": [np.concatenate([x, x * 2], axis=1), np.stack([x[0], x[1]], axis=2), np.pad(x[0], (1, 2))],
            "written": written(x, v),
            "made": [np.reshape(x.T, (6, 10)), np.zeros_like(x), np.tril(x[0], -1), np.triu(x)],
            "more": [np.tile(x, (2, 1, 3)), np.diff(x, axis=1), np.tensordot(x, x, ([0, 1], [0, 1])), np.trace(x[0])],
            "moved": [np.repeat(x, 2, axis=1), np.roll(x, 2, axis=0), np.roll(x[0], -1, axis=1), np.flip(x, 1)],
        }

    def written(x: Any, v: Any) -> Any:
        y = np.zeros_like(x)
        y[1:3] = x[:2]
        y[:, 0] += v[0, 0]
        return y

    agrees(tmp_path, recorded(f, x, v), x, v, rtol=1e-13)


@compiled_c
def test_sums_of_many_floats_lose_no_digits(tmp_path: Path) -> None:
    x = (1 + RNG.random(60_000)).astype("f4")
    agrees(tmp_path, recorded(lambda x: [x.sum(), np.sqrt(np.mean(x * x))], x), x, rtol=1e-6)


@compiled_c
def test_products_orders_and_places(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 5))
    i, j = np.array([0, 3, -1, 3]), np.array([[0, 1], [4, -5]])

    def f(x: Any, y: Any, i: Any, j: Any) -> Any:
        add = np.zeros_like(x)
        np.add.at(add, i, y[:4])
        return (
            [x @ y.T, x.T @ y, np.dot(x[0], y[0]), x @ y[0], np.matmul(x[None], y.T[None]), np.outer(x[0], y[1])],
            [np.einsum("ij,kj->ik", x, y), np.einsum("ij,ik,il->jkl", x, y, x)],
            [np.cumsum(x, axis=0), np.cumprod(x, axis=1), np.sort(x, axis=1), np.argsort(x, axis=0)],
            [np.argmax(x, axis=1), np.argmin(x), np.argmax(x, axis=0)],
            [x[i], x[:, j], np.take(x, i, axis=0), x[i, i[::-1]], np.take_along_axis(x, np.argsort(y, axis=1), axis=1)],
            add,
        )

    agrees(tmp_path, recorded(f, x, y, i, j), x, y, i, j, rtol=1e-12)


@compiled_c
def test_derivatives_loops_and_numbers_among_results(tmp_path: Path) -> None:
    a, x = RNG.normal(size=(4, 4)), RNG.normal(size=4)
    hessian = ag.hessian(lambda x: (np.sin(x) * x @ a @ x).sum())
    slope = ag.value_and_grad(lambda p: np.log1p(np.exp(a @ p["w"] + p["b"])).mean())

    def f(x: Any, rate: float) -> Any:
        running = ag.scan(lambda c, v: (c * 0.5 + v, c), 0.0, x)
        return [rate * 2, x, x[:0], hessian(x), slope({"w": x, "b": rate}), running, a.T, 1 - rate, x[1:]]

    agrees(tmp_path, recorded(f, x, 0.5), x, 0.5)


@compiled_c
def test_random_expressions(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(3, 4)), rng.normal(size=4)
    of_one, of_two = ["tanh", "sin", "square", "absolute", "negative", "arctan"], OF_TWO[:3] + OF_TWO[4:8]
    plans = [[(int(rng.integers(2)), *rng.integers(0, 99, 3).tolist()) for _ in range(8)] for _ in range(40)]

    def f(x: Any, y: Any) -> Any:
        results = []
        for plan in plans:
            values = [x, y, x[0] * 2]
            for two, op, a, b in plan:
                first, second = values[a % len(values)], values[b % len(values)]
                made = getattr(np, of_two[op % 7])(first, second) if two else getattr(np, of_one[op % 6])(first)
                values.append(made.sum(axis=0) if op % 11 == 0 and made.ndim == 2 else made)
            results.append(values[-1])
        return results

    agrees(tmp_path, recorded(f, x, y), x, y, rtol=1e-9)


def training(model: Any, criterion: Any, optimizer: Any) -> Callable[[Any, Any], Any]:
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


class Last(nn.Module):
    """A recurrent layer's last output, and a linear layer."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer, self.out = layer, nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.out(self.layer(x)[0][:, -1])


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 8)
        self.attention = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.out = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.out(self.attention(self.embedding(x)).mean(axis=1))


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "mlp": lambda: (nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.LayerNorm(6), nn.Linear(6, 3)), (16, 8)),
    "cnn": lambda: (
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(36, 3)),
        ),
        (8, 1, 6, 6),
    ),
    "lstm": lambda: (Last(nn.LSTM(4, 8, batch_first=True)), (5, 4, 4)),
    "words": lambda: (Words(), None),
}
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "mlp": lambda p: optim.AdamW(p, lr=0.05),
    "cnn": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "lstm": lambda p: optim.RMSprop(p, lr=0.01),
    "words": lambda p: optim.Adam(p, lr=0.01),
}


@compiled_c
@pytest.mark.parametrize("name", MODELS)
def test_whole_training_steps(tmp_path: Path, name: str) -> None:
    model, shape = MODELS[name]()
    x = RNG.integers(0, 9, (6, 5)) if shape is None else RNG.normal(size=shape).astype("f4")
    y = RNG.integers(0, 3, len(x))
    step = recorded(training(model, nn.CrossEntropyLoss(), OPTIMIZERS[name](model.parameters())), x, y)
    agrees(tmp_path, step, x, y, runs=5, rtol=2e-5)


SOME = [*list(SETTINGS)[::6], "Dropout", "BatchNorm1d, plain averages", "TransformerDecoder", "Rprop"]
SOME += ["Conv2d, reflected", "PairwiseDistance"]


@compiled_c
@pytest.mark.parametrize("name", dict.fromkeys(SOME))
def test_layers_losses_and_optimizers(tmp_path: Path, name: str) -> None:
    make, given = SETTINGS[name]
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

    run, batch = ag.compile(step), given[0]
    for _ in range(9):
        run(*batch)
    run.to_c(tmp_path / "p.c")
    header = (tmp_path / "p.h").read_text()
    names = [n for n, a in zip(run.record.names, run.record.inputs, strict=True) if isinstance(a, np.ndarray)]
    inputs = [re.findall(rf"(\w+)\[\d+\]; /\* {name}, shape", header)[0] for name in names]
    drawing = "p_draw" in header
    filled = "".join(f"read_file({k}, {array}, sizeof {array});" for k, array in enumerate(inputs))
    (tmp_path / "use.c").write_text(_DRIVER.replace("FILL", f"{'p_draw = draw;' if drawing else ''} {filled}"))
    program = built(tmp_path, "p.c", "use.c", flags=("-Wno-unused-function", "-O0"))
    arrays = [a for a in run.record.inputs if isinstance(a, np.ndarray)]
    for k, (_, array) in enumerate(zip(inputs, arrays, strict=True)):
        np.asarray(array.T if array.flags.f_contiguous else array).tofile(tmp_path / f"{k}.bin")
    draws, wanted = [e for e in run.record.tape.entries if e.kind == "draw"], []
    with open(tmp_path / "draws.bin", "wb") as file:
        for _ in range(1 if draws else 3):
            generator = ag.support.random.default_generator()
            state = generator.bit_generator.state
            for entry in draws:
                entry.run()
                file.write(np.array([entry.writes[0].itemsize], "i4").tobytes() + entry.writes[0].tobytes())
            generator.bit_generator.state = state
            wanted += flat(run(*batch))
    np.testing.assert_allclose(numbers(program)[: len(wanted)], wanted, rtol=1e-4, atol=1e-5)


_DRIVER = """
#include <stdio.h>
#include "p.h"
static FILE *random_numbers;
static void draw(const char *name, void *array, size_t count) {
    int size;
    (void)name;
    if (fread(&size, 4, 1, random_numbers) != 1 || fread(array, (size_t)size, count, random_numbers) != count) return;
}
static void read_file(int number, void *array, size_t size) {
    char name[32];
    FILE *file;
    snprintf(name, sizeof name, "%d.bin", number);
    file = fopen(name, "rb");
    if (fread(array, 1, size, file) != size) puts("short");
    fclose(file);
}
int main(void) {
    random_numbers = fopen("draws.bin", "rb");
    FILL
    for (int k = 0; k < 3; k++) {
        const int ended = p_run();
        if (ended) return ended;
        for (size_t i = 0; i < sizeof p_result / sizeof *p_result; i++) printf("%.17g\\n", (double)p_result[i]);
    }
    return 0;
}
"""


@compiled_c
def test_the_learning_rate_is_a_variable(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x, y = RNG.normal(size=(4, 3)).astype("f4"), np.zeros((4, 1), "f4")
    step = recorded(training(model, nn.MSELoss(), optimizer), x, y)
    step.to_c(tmp_path / "fit.c")
    header = (tmp_path / "fit.h").read_text()
    (rate,) = (line.split()[2].rstrip(";") for line in header.splitlines() if "'lr'" in line)
    inputs = {"fit_x": x, "fit_y": y}
    filled = "".join(
        f"{name}[{k}] = {float(v)!r}f; "
        for name, a in inputs.items()
        for k, v in enumerate(a.ravel())
        if "." in repr(v)
    )
    (tmp_path / "use.c").write_text(
        f'#include <stdio.h>\n#include "fit.h"\nint main(void) {{ {filled}{rate} = 0.0;\n'
        "for (int k = 0; k < 2; k++) { if (fit_run()) return 1; "
        'printf("%.17g\\n", (double)fit_result[0]); } return 0; }\n'
    )
    first, second = numbers(built(tmp_path, "fit.c", "use.c"))
    assert first == second == pytest.approx(float(step(x, y).data), rel=1e-5)


@compiled_c
def test_weights_may_stand_by_themselves(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    x = RNG.normal(size=(4, 3)).astype("f4")
    with ag.no_grad():
        step = recorded(lambda x: model(x), x)
        wanted = step(x)
    paths = step.to_c(tmp_path / "net.c", weights="separate")
    assert [p.name for p in paths] == ["net.c", "net.h", "net_weights.c"]
    assert str(float(model.weight.data[0, 0]))[:8] not in paths[0].read_text()
    program = built(tmp_path, "net.c", "net_weights.c", flags=("-DNET_MAIN",))
    np.testing.assert_allclose(numbers(program), flat(wanted.data), rtol=1e-5)


_OWN_CBLAS = """
enum { CblasRowMajor = 101, CblasNoTrans = 111, CblasTrans = 112 };
#define GEMM(NAME, T) static inline void NAME(int order, int ta, int tb, int m, int n, int k, T alpha, \\
    const T *a, int lda, const T *b, int ldb, T beta, T *c, int ldc) { (void)order; (void)beta; \\
    for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) { T s = 0; for (int l = 0; l < k; l++) \\
    s += (ta == CblasTrans ? a[l * lda + i] : a[i * lda + l]) * (tb == CblasTrans ? b[j * ldb + l] : b[l * ldb + j]); \\
    c[i * ldc + j] = alpha * s; } }
GEMM(cblas_sgemm, float)
GEMM(cblas_dgemm, double)
"""


@compiled_c
def test_a_cblas_multiplies_the_same_matrices(tmp_path: Path) -> None:
    (tmp_path / "cblas.h").write_text(_OWN_CBLAS)
    x, y = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 5))

    def f(x: Any, y: Any) -> Any:
        return [x @ y.T, x.T @ y, (x.T @ y).T @ x.T, x[::2] @ y.T[:, :1], x[:, :3] @ y[:3], x[::-1] @ y.T, x @ y[0]]

    agrees(tmp_path, recorded(f, x, y), x, y, flags=("-DF_CBLAS", "-I."), rtol=1e-12)


@compiled_c
def test_a_branch_that_would_go_the_other_way_ends_the_run(tmp_path: Path) -> None:
    def f(x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x

    recorded(f, np.ones(2)).to_c(tmp_path / "f.c")
    (tmp_path / "use.c").write_text(
        '#include "f.h"\nint main(void) { int a; f_x[0] = 1; a = f_run(); f_x[0] = -1; '
        "return !(a == 0 && f_result[0] == 2 && f_run() > 0); }\n"
    )
    numbers(built(tmp_path, "f.c", "use.c"))


@compiled_c
@pytest.mark.parametrize("how", ["taken", "scattered", "along"])
def test_an_index_out_of_range_ends_the_run(tmp_path: Path, how: str) -> None:
    def scattered(x: Any, i: Any) -> Any:
        y = np.zeros_like(x)
        np.add.at(y, i, 1.0)
        return y

    def along(x: Any, i: Any) -> Any:
        return np.take_along_axis(x, i, axis=0)

    f = {"taken": lambda x, i: x[i], "scattered": scattered, "along": along}[how]
    recorded(f, np.arange(3.0), np.array([0, -1])).to_c(tmp_path / "f.c")
    (tmp_path / "use.c").write_text(
        '#include "f.h"\nint main(void) { int bad = f_run(); f_i[0] = -3; bad |= f_run(); '
        "f_i[0] = 3; bad |= !f_run(); f_i[0] = -4; return bad | !f_run(); }\n"
    )
    numbers(built(tmp_path, "f.c", "use.c"))


@compiled_c
def test_random_numbers_come_from_the_user(tmp_path: Path) -> None:
    model = nn.Dropout(0.5)
    step = recorded(lambda x: model(x), np.ones(8, "f4"))
    step.to_c(tmp_path / "f.c")
    (tmp_path / "use.c").write_text(
        '#include "f.h"\nstatic int calls;\n'
        "static void draw(const char *name, void *array, size_t count) {\n"
        "    (void)name; (void)array; calls += count == 8; }\n"
        "int main(void) { int bad = f_run() != -1; f_draw = draw; bad |= f_run(); return bad | (calls != 1); }\n"
    )
    numbers(built(tmp_path, "f.c", "use.c"))


@compiled_c
def test_hostile_names_stay_names(tmp_path: Path) -> None:
    class Holder:
        pass

    holder = Holder()
    holder.parts = {'*/ int bad; /*"\n\\': np.ones(2), "int": np.full(2, 2.0), "é??/": np.full(2, 3.0)}

    def f(x: Any) -> Any:
        return {'"*/\n': x * holder.parts["int"], "while": x + sum(holder.parts.values()), "a b": x, "a_b": -x}

    f.__name__ = 'for"*/\n#include </etc/passwd>'
    x = np.array([1.0, 2.0])
    step = recorded(f, x)
    text = step.source("c")
    assert text.isascii() and "#include </etc" not in text
    agrees(tmp_path, step, x)


@compiled_c
@pytest.mark.parametrize("name", ["SIGN", "sign", "main", "double", "exp"])
def test_names_of_the_file_itself_are_not_given_twice(tmp_path: Path, name: str) -> None:
    def f(run: Any, draw: Any, H: Any, MAIN: Any, int64: Any) -> Any:
        return np.sign(int64), np.exp(run) + draw, H - MAIN

    f.__name__ = name
    given = (np.array([0.5]), np.array([2.0]), np.array([3.0]), np.array([1.5]), np.array([-4, 3]))
    agrees(tmp_path, recorded(f, *given), *given)


def test_arguments_are_called_as_in_the_function(tmp_path: Path) -> None:
    @ag.compile(static=("mode",))
    def f(x: Any, pair: Any, mode: str, *, rate: float = 0.5, **more: Any) -> Any:
        return x * pair[0] + pair[1]["b"] * rate + more["z"]

    one = np.ones(2)
    for _ in range(4):
        f(one, (one, {"b": one}), "a", z=one, rate=0.25)
    header = f.to_c(tmp_path / "f.c")[1].read_text()
    assert all(f" f_{name}" in header for name in ("x[2]", "pair_0[2]", "pair_1_b[2]", "rate;"))

    g = recorded(lambda first, second, rate: first - second * rate, 2 * one, one, 0.5)
    for _ in range(4):
        g(second=one, rate=0.5, first=2 * one)
    (tmp_path / "g.c").write_text(g.source("c"))
    if COMPILER is not None:
        assert numbers(built(tmp_path, "g.c", flags=("-DLAMBDA_MAIN",))) == [1.5, 1.5]


@compiled_c
def test_parameters_are_called_as_in_the_model(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    step = training(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()))
    x, y = RNG.normal(size=(5, 3)).astype("f4"), np.array([0, 1, 1, 0, 1])
    recorded(step, x, y).to_c(tmp_path / "net.c")
    (tmp_path / "use.c").write_text(
        '#include <stdio.h>\n#include "net.h"\nint main(void) { '
        'for (int k = 0; k < 8; k++) printf("%.9g\\n", (double)net_model_1_weight[k]); '
        'for (int k = 0; k < 4; k++) printf("%.9g\\n", (double)net_model_0_bias[k]); return 0; }\n'
    )
    wanted = [*flat(model[1].weight.data), *flat(model[0].bias.data)]
    np.testing.assert_array_equal(numbers(built(tmp_path, "net.c", "use.c")), [float(f"{x:.9g}") for x in wanted])


@pytest.mark.parametrize("name", ["net", "net.cpp", 'a"b.c', "a b.c", "a\n.c", ""])
def test_a_path_that_is_no_source_is_refused(tmp_path: Path, name: str) -> None:
    step = recorded(lambda x: x * 2, np.ones(2))
    with pytest.raises(ValueError, match="Fix: letters"):
        step.to_c(str(tmp_path / "x")[:-1] + name)
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_c_is_named_with_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    step = recorded(lambda x: np.linalg.inv(x) + np.linalg.det(x), np.eye(2))
    with pytest.raises(ValueError, match=r"no C for\n  inv .*test_c\.py:\d+.*\n  det "):
        step.to_c(tmp_path / "f.c")
    step = recorded(lambda x: x[x > 0].sum(), np.ones(3))
    with pytest.raises(ValueError, match="getitem"):
        step.to_c(tmp_path / "f.c")
    assert list(tmp_path.iterdir()) == []


def test_memory_with_gaps_is_refused(tmp_path: Path) -> None:
    held = np.ndarray((3,), float, buffer=bytearray(48), strides=(16,))
    with pytest.raises(ValueError, match="gaps"):
        recorded(lambda x: x * held, np.ones(3)).to_c(tmp_path / "f.c")
    assert list(tmp_path.iterdir()) == []
    if COMPILER is not None:
        turned = np.asfortranarray(RNG.normal(size=(3, 2)))
        agrees(tmp_path, recorded(lambda x: x @ turned.T, turned), turned)


def test_where_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    step = recorded(lambda x: x * 2, np.ones(2))
    (tmp_path / "f.h").mkdir()
    with pytest.raises(OSError, match="to_c"):
        step.to_c(tmp_path / "f.c")
    assert [p.name for p in tmp_path.iterdir()] == ["f.h"]
    with pytest.raises(OSError, match="to_c"):
        step.to_c(tmp_path / "missing" / "f.c")


def test_nothing_is_exported_before_something_is_recorded(tmp_path: Path) -> None:
    step = ag.compile(lambda x: x * 2)
    with pytest.raises(RuntimeError, match="nothing is recorded"):
        step.to_c(tmp_path / "f.c")
    step = recorded(lambda x: x * 2, np.ones(2))
    with pytest.raises(ValueError, match="weights='none'"):
        step.to_c(tmp_path / "f.c", weights="none")
    with pytest.raises(ValueError, match="backend='rust'"):
        step.source("rust")
