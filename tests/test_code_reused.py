"""A program that was compiled once is taken from the disk, and only the very same one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import autograd_core as ag
import nn
import optim
from autograd_core.programs.llvm import engine


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "codes"
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", str(path))
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that LLVM was given."""
    texts: list[str] = []
    compile_text = engine.object_code

    def noted(text: str) -> bytes:
        texts.append(text)
        return compile_text(text)

    monkeypatch.setattr(engine, "object_code", noted)
    return texts


def losses(width: int = 5, lr: float = 0.1, calls: int = 8) -> list[float]:
    """Of a new model that is trained by a step that is compiled anew."""
    ag.manual_seed(0)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(8, 4)).astype("f4"), rng.integers(0, 3, 8)
    model = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Dropout(0.2), nn.Linear(width, 3))
    criterion, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=lr)

    @ag.compile(backend="llvm")
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    found = [float(step(x, y).data) for _ in range(calls)]
    assert step.record.machine is not None
    return found


def test_the_same_program_is_compiled_once(folder: Path, made: list[str]) -> None:
    first = losses()
    count = len(made)
    assert count == len(list(folder.iterdir())) > 0
    assert losses() == first and len(made) == count
    assert losses(lr=0.2) != first and len(made) == count  # a learning rate is no part of it
    losses(width=6)
    assert len(made) > count


def test_numbers_in_the_program_are_part_of_it(made: list[str]) -> None:
    for factor in (2.0, 3.0, -0.0, 0.0):
        f = ag.compile(lambda x, factor=factor: np.exp(x) * factor, backend="llvm")
        results = [f(np.arange(4.0)) for _ in range(6)]
        np.testing.assert_allclose(results[-1], results[0], rtol=1e-14)
        assert (np.signbit(results[-1]) == np.signbit(results[0])).all()
    assert len(made) == 4


def test_programs_that_differ_in_one_thing_are_two(made: list[str]) -> None:
    functions = [
        *(lambda x: np.exp(x) * 2, lambda x: np.tanh(x) * 2, lambda x: np.tanh(x) * x, lambda x: np.tanh(x[::-1]) * x),
        *(lambda x: x.sum(axis=0), lambda x: x.max(axis=0), lambda x: x.sum(axis=1), lambda x: (x > 0).sum(axis=1)),
        *(lambda x: x.astype("f4") + 1, lambda x: x[np.array([0, 2])], lambda x: x[np.array([0, 2, 1])]),
    ]
    x = np.random.default_rng(2).normal(size=(3, 3))
    for count, function in enumerate(functions, 1):
        f = ag.compile(function, backend="llvm")
        results = [f(x) for _ in range(6)]
        np.testing.assert_allclose(results[-1], results[0], rtol=1e-14)
        assert len(made) == count and f.record.machine is not None


def test_branches_that_were_taken_are_part_of_it(made: list[str]) -> None:
    def doubled(x: Any) -> Any:
        _ = bool(x.sum() > 0)
        return x * 2

    for sign in (1, -1):
        f = ag.compile(doubled, backend="llvm")
        for _ in range(8):
            np.testing.assert_array_equal(f(sign * np.ones(3)), sign * np.full(3, 2.0))
        assert f.replays > 3
    assert len(made) == 2


def test_damaged_files_are_compiled_again(folder: Path, made: list[str]) -> None:
    first = losses()
    count = len(made)
    for file in folder.iterdir():
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(bytes(content))
    assert losses() == first and len(made) == 2 * count


def test_without_the_cache_nothing_is_written(folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", "off")
    first = losses()
    count = len(made)
    assert losses() == first and len(made) == 2 * count and not folder.exists()


def test_what_prints_the_code_is_part_of_the_key(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.programs.llvm import prepared

    losses()
    count = len(made)
    monkeypatch.setattr(prepared, "_about_here", lambda: "another processor")
    losses()
    assert len(made) == 2 * count


def test_the_assembly_is_whole_and_says_where_it_comes_from() -> None:
    import llvmlite.binding as binding

    for backend in ("numpy", "llvm"):
        f = ag.compile(lambda x: np.tanh(x * 2.0).sum(), backend=backend)
        results = [f(np.arange(5.0)) for _ in range(6)]
        text = f.source("llvm")
        binding.parse_assembly(text).verify()
        assert "multiply, tanh, add" in text and "test_code_reused.py:" in text and "; 1 input 0" in text
        assert (f.record.machine is not None) == (backend == "llvm")
        assert f(np.arange(5.0)) == results[-1]
