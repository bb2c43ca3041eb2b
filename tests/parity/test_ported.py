"""Programs ported by their import lines alone: trained here and in PyTorch from the same weights, on the same data."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_core as ag  # noqa: E402
import autograd_core.torch as face  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "examples" / "ported"
NAMES = [path.stem for path in sorted(EXAMPLES.glob("*.py")) if not path.stem.endswith("_torch")]
TOLERANCE = 1e-9


def loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"ported_{name}", EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def in_doubles() -> Iterator[None]:
    before = torch.get_default_dtype(), ag.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    ag.set_default_dtype(np.float64)
    yield
    torch.set_default_dtype(before[0])
    ag.set_default_dtype(before[1])


def ours_of(x: Any) -> Any:
    if isinstance(x, torch.Tensor):
        return face.tensor(x.numpy())
    return [ours_of(part) for part in x] if isinstance(x, (list, tuple)) else x


def near(a: Any, b: Any, what: str) -> None:
    a, b = np.asarray(a), b.detach().numpy() if isinstance(b, torch.Tensor) else np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, err_msg=what)


def test_there_are_four() -> None:
    assert NAMES == ["gpt", "resnet", "seq2seq", "vae"]


@pytest.mark.parametrize("name", NAMES)
def test_only_import_lines_differ(name: str) -> None:
    theirs, ours = ((EXAMPLES / f"{name}{s}.py").read_text(encoding="utf-8").splitlines() for s in ("_torch", ""))
    changed = [line[2:] for line in difflib.ndiff(theirs, ours) if line[0] in "+-"]
    assert changed and all(line.startswith(("import ", "from ")) for line in changed), changed


@pytest.mark.usefixtures("in_doubles")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_fifteen_steps_lead_to_the_same_state(name: str) -> None:
    """Losses at every step, weights and buffers, averages, predictions; gradients' norms and rates where told."""
    torch.set_num_threads(1)
    right, left = loaded(f"{name}_torch"), loaded(name)
    torch.manual_seed(0)
    theirs, ours = right.build(), left.build()
    data = right.data() if isinstance(right.data(), tuple) else (right.data(),)
    ours.load_state_dict({key: value.numpy().copy() for key, value in theirs.state_dict().items()})
    their_history, their_results = right.train(theirs, *data)
    history, results = left.train(ours, *ours_of(data))
    assert len(history) == len(their_history) == 15
    near(history, their_history, "history")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        near(ours.state_dict()[key].numpy(), value, key)
    assert results.keys() == their_results.keys()
    for key, value in their_results.items():
        assert isinstance(results[key], face.Tensor)
        near(results[key].numpy(), value, key)
