"""Recorded programs as JavaScript: what C computes, JavaScript computes, and hostile names stay names."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
import test_c
from test_c import (  # collected here once more, compared with JavaScript
    flat,
    recorded,
    test_axes_strides_and_sums,
    test_derivatives_loops_and_numbers_among_results,
    test_functions_of_floats,
    test_functions_of_integers,
    test_products_orders_and_places,
    test_random_expressions,
    test_whole_training_steps,
    training,
)

__all__ = [
    "test_axes_strides_and_sums",
    "test_derivatives_loops_and_numbers_among_results",
    "test_functions_of_floats",
    "test_functions_of_integers",
    "test_products_orders_and_places",
    "test_random_expressions",
    "test_whole_training_steps",
]

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="no node on the PATH")

_DRIVER = """
const results = {};
for (let k = 0; k < RUNS; k++) {
    const ended = p.run();
    if (ended) throw new Error(`ended with ${ended}`);
    results[k] = ORDER.map(([name, size]) =>
        name in p.numbers ? [p.numbers[name]] : [...p.arrays[name].slice(0, size)]);
}
console.log(JSON.stringify(results, (_, x) => typeof x !== "number" || Number.isFinite(x) ? x : String(x)));
"""


def run(folder: Path, step: Any, order: list[tuple[str, int]], runs: int = 1, before: str = "") -> list[float]:
    path = step.to_js(folder / "step.mjs")
    driver = _DRIVER.replace("RUNS", str(runs)).replace("ORDER", json.dumps(order))
    (folder / "use.mjs").write_text(f'import {{ step }} from "./{path.name}"; const p = step();{before}{driver}')
    done = subprocess.run([NODE or "node", "use.mjs"], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[:2000]
    return [float(x) for one in json.loads(done.stdout).values() for values in one for x in values]


@pytest.fixture(autouse=True)
def _javascript(monkeypatch: pytest.MonkeyPatch) -> None:
    def agrees(folder: Path, step: Any, *args: Any, runs: int = 1, rtol: float = 1e-12, **_: Any) -> None:
        from autograd_core.programs.js.program import JsProgram

        parts = JsProgram(step.record)
        order = [
            (x, 1) if isinstance(x, str) else (parts.arrays[x].note.rpartition(", shape ")[0], parts.arrays[x].size)
            for x in parts.order
            if isinstance(x, str) or not parts.arrays[x].note.partition(",")[0].endswith(".grad")
        ]
        found = run(folder, step, order, runs)
        wanted = [x for _ in range(runs) for x in flat(step(*args))]
        np.testing.assert_allclose(found, wanted, rtol=max(rtol, 2e-13), atol=rtol)

    monkeypatch.setattr(test_c, "agrees", agrees)


def test_a_step_leaves_its_gradients_and_goes_on(tmp_path: Path) -> None:
    """200 steps of Adam in float32, to the last bits; the gradients are those that Python leaves."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(16, 2)).astype("f4")
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    step = recorded(training(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01)), x, y)
    found = run(tmp_path, step, [("result", 1), ("model.0.weight.grad", 16)], 200)
    wanted = [[*flat(step(x, y)), *flat(model[0].weight.grad)] for _ in range(200)]
    np.testing.assert_allclose(found, np.ravel(wanted), atol=1e-5)


def test_draws_are_asked_for(tmp_path: Path) -> None:
    drop, x = nn.Dropout(0.5), np.ones(6)
    step = recorded(lambda x: drop(ag.Tensor(x)).data, x)
    with pytest.raises(AssertionError, match="ended with -1"):
        run(tmp_path, step, [("result", 6)])
    found = run(
        tmp_path, step, [("result", 6)], before="p.draw = (name, array) => array.forEach((_, i) => array[i] = i % 2);"
    )
    assert set(found) <= {0.0, 2.0} and len(set(found)) == 2


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    """What would end a string, a comment or a script is escaped; ``__proto__`` and ``run`` are names."""
    names = ["</script>", "\u2028", "\u202e", '"];x', "*/ x /*", "__proto__", "run", "${x}"]
    weights = {name: nn.Parameter(np.full(2, k + 1.0)) for k, name in enumerate(names)}

    def step(x: Any) -> Any:
        for w in weights.values():
            w.data += x
        return weights["run"].data * 1

    path = recorded(step, np.zeros(2)).to_js(tmp_path / "await.mjs")
    text = path.read_bytes()
    assert text.isascii() and b"</script" not in text
    (tmp_path / "use.mjs").write_text(
        'import * as m from "./await.mjs"; const p = Object.values(m)[0](); p.run();'
        "console.log(Object.keys(p.arrays).length)"
    )
    done = subprocess.run([NODE or "node", "use.mjs"], capture_output=True, text=True, cwd=tmp_path)
    assert int(done.stdout) >= len(names), done.stderr


def test_what_has_no_javascript_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    step = recorded(lambda x: np.linalg.solve(x, x), np.eye(3))
    with pytest.raises(ValueError, match=r"there is no JavaScript for\n  .*solve.* at test_js\.py:\d+"):
        step.to_js(tmp_path / "a.mjs")
    good = recorded(lambda x: x * 2, np.ones(3))
    with pytest.raises(ValueError, match=r"Fix: \.js or \.mjs"):
        good.to_js(tmp_path / "a.txt")
    with pytest.raises(OSError, match="to_js: cannot write the program"):
        good.to_js(tmp_path / "missing" / "a.js")
    assert list(tmp_path.iterdir()) == []
