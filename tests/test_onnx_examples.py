"""The models of examples/ as ONNX: what they compute, for batches of any length."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn.export
from test_onnx_models import Computed, agrees

for package in ("onnx", "onnxruntime", "sklearn", "rich", "matplotlib"):
    pytest.importorskip(package)

RNG = np.random.default_rng(0)


def example(name: str) -> Any:
    path = Path(__file__).parent.parent / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def codes(below: int, *shape: int) -> Any:
    return RNG.integers(0, below, shape)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def step_of_decoder() -> tuple[Any, list[Any]]:
    decoder = example("ported/seq2seq").build().decoder

    def step(token: Any, h: Any, c: Any, outputs: Any, mask: Any, decoder: Any) -> Any:
        return decoder(token, (h, c), outputs, mask)

    return Computed(step, decoder), [codes(17, 3), normal(3, 10), normal(3, 10), normal(3, 5, 20), codes(2, 3, 5) > 0]


MODELS: dict[str, Callable[[], tuple[Any, list[Any]]]] = {
    "digits": lambda: (example("digits").network(), [normal(3, 64)]),
    "cnn": lambda: (example("cnn").Net(), [normal(3, 1, 8, 8)]),
    "characters": lambda: (example("characters").Characters(20, 16), [codes(20, 3, 2)]),
    "gpt": lambda: (example("ported/gpt").build(), [codes(17, 3, 6)]),
    "resnet": lambda: (example("ported/resnet").build(), [normal(3, 3, 8, 8)]),
    "vae": lambda: (example("ported/vae").build(), [normal(3, 1, 6, 6), normal(3, 4)]),
    "seq2seq, a step of its decoder": step_of_decoder,
}


@pytest.mark.parametrize("name", MODELS)
def test_models_at_three_lengths_of_the_batch(tmp_path: Path, name: str) -> None:
    agrees(tmp_path, MODELS[name])


def test_packed_sequences_are_refused_for_their_lengths_make_the_shapes(tmp_path: Path) -> None:
    model = example("ported/seq2seq").build().eval()
    with pytest.raises(ValueError, match=r"export\.onnx: encoder: .*a value depends on the input, and at seq2seq\.py"):
        nn.export.onnx(model, (codes(17, 3, 5), np.array([5, 4, 2]), codes(17, 3, 4)), tmp_path / "net.onnx")
    assert [*tmp_path.iterdir()] == []
