"""Every example runs as a new user runs it, with the smallest settings; the scores they state are for full ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / name), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)


def test_the_convolutional_network_learns_digits() -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("rich")
    done = run("cnn.py", "--epochs", "2", "--seed", "1")
    assert done.returncode == 0, done.stderr
    found = re.search(r"test accuracy (0\.\d+)", done.stdout)
    assert found and float(found[1]) > 0.8  # a tenth by chance


def test_the_character_model_writes() -> None:
    pytest.importorskip("rich")
    done = run("characters.py", "--epochs", "1", "--characters", "12000", "--length", "20")
    assert done.returncode == 0, done.stderr
    found = re.search(r"([\d.]+) bits per\s+character on unseen text \(the grammar's\s+own: ([\d.]+)\)", done.stdout)
    assert found and float(found[2]) < float(found[1]) < 5  # a uniform guess among 30 characters takes 4.9


@pytest.mark.parametrize("name", ["cnn.py", "characters.py"])
def test_settings_without_sense_are_refused(name: str) -> None:
    done = run(name, "--epochs", "0")
    assert done.returncode == 2 and "--epochs must be at least 1" in done.stderr


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "examples" / "science").glob("*.py")))
def test_science(name: str) -> None:
    """Each asserts what it claims, in at most 80 lines."""
    done = run(f"science/{name}")
    assert done.returncode == 0, done.stderr
    assert len((ROOT / "examples" / "science" / name).read_text(encoding="utf-8").splitlines()) <= 80
