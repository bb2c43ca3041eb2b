"""What a newcomer types first: ``python -m autograd_core``, and files that bear the names of our packages."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import autograd_core as ag
from autograd_core.__main__ import FORMULA, main, traced
from autograd_core.support import hidden


def test_without_a_command_it_says_what_is_here_and_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    said = capsys.readouterr().out
    assert f"autograd-core {ag.__version__}" in said or "not installed" in said
    assert "BLAS" in said and f'table "{FORMULA}" x=3 w=3' in said


def test_a_formula_is_differentiated_as_its_function_is(capsys: pytest.CaptureFixture[str]) -> None:
    main(["table", FORMULA, "x=3", "w=3"])
    printed = capsys.readouterr().out
    assert printed == str(traced(FORMULA, ["x=3", "w=3"], None).table()) + "\n"
    assert "dL/dw = 0.00037018373" in printed
    main(["table", "sum(tanh(v)**2) + v[0]", "v=[1,2]", "--wrt", "v"])
    assert "[0.41997, 0.070651]" in capsys.readouterr().out


def test_a_page_is_written_where_one_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["page", "exp(x)", "x=2", "--out", str(tmp_path / "p.html")])
    assert (tmp_path / "p.html").read_text().startswith("<!DOCTYPE html>")
    assert "open it in a browser" in capsys.readouterr().out


def test_the_demo_learns_two_moons_and_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--out", str(tmp_path / "d.html")])
    last = next(line for line in capsys.readouterr().out.splitlines() if "step 300" in line)
    assert float(last.split()[4].rstrip("%")) > 95
    assert (tmp_path / "d.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x^2", "x=3"], r"x\*\*2, not x\^2"),
        (["lg(x)", "x=3"], "'lg' has no value and is no function"),
        (["exp(x)"], "give x="),
        (["log(x", "x=1"], "is no formula"),
        (["exp(x)", "x"], "given as x=3"),
        (["exp(x)", "x=three"], "neither a number nor a list"),
        (["().__class__", "x=1"], "Attribute is no part of a formula"),
        (["(lambda: x)()", "x=1"], "Lambda is no part"),
        (["__import__('os')", "x=1"], "'__import__' has no value"),
        (["Tensor(x)", "x=1"], "'Tensor' has no value"),
        (["exp(x)", "x=1", "--wrt", "y"], "'y' is not a variable"),
    ],
)
def test_what_is_no_formula_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["table", *arguments])
    error = capsys.readouterr().err
    assert re.search(said, error)


# Files with our packages' names ---------------------------------------------------------------------------------------


def as_file(folder: Path, package: str) -> Path:
    (folder / f"{package}.py").write_text("")
    return folder / f"{package}.py"


def as_folder(folder: Path, package: str) -> Path:
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text("")
    return folder / package / "__init__.py"


@pytest.mark.parametrize("package", ["nn", "optim"])
@pytest.mark.parametrize("make", [as_file, as_folder])
def test_a_file_of_ones_own_that_hides_a_package_is_named(
    make: Callable[[Path, str], Path], package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    hidden.tell_of_files()
    hidden.refuse(package)
    path = make(tmp_path, package)
    said = f"{path} hides this library's package {package}"
    with pytest.warns(UserWarning, match=said.replace("\\", r"\\")):
        hidden.tell_of_files()
    monkeypatch.delitem(sys.modules, package)
    with pytest.raises(ImportError, match=said.replace("\\", r"\\")):
        hidden.refuse(package)


def test_our_own_folder_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [hidden.HERE, *sys.path])
    hidden.tell_of_files()
