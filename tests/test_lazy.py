"""What is loaded late is there all the same: every table of late names says what its modules export."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import autograd_core as ag
import nn
import optim

PACKAGES = [ag, nn, optim]


def families(package: ModuleType) -> dict[str, tuple[str, ...]]:
    """The table that the package was attached with."""
    closure = dict(zip(package.__getattr__.__code__.co_freevars, package.__getattr__.__closure__, strict=True))
    return closure["families"].cell_contents


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_the_table_of_late_names_agrees_with_the_modules(package: ModuleType) -> None:
    for name, names in families(package).items():
        module = importlib.import_module(f"{package.__name__}.{name}")
        for exported in names:
            assert getattr(package, exported) is getattr(module, exported)
            assert exported in dir(package)
        if names and hasattr(module, "__all__") and name.startswith("ops."):
            assert {*names} == {*module.__all__}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_what_a_package_does_not_have_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


@pytest.mark.parametrize("use", ["np.linalg.det(t)", "np.median(t)", "np.einsum('ij->', t)", "ag.trace", "nn.Conv2d"])
def test_late_families_are_found_from_a_fresh_start(use: str) -> None:
    program = f"import numpy as np, autograd_core as ag, nn; t = ag.Tensor(np.eye(2), requires_grad=True); {use}"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_short_path_is_compiled_when_it_is_first_called() -> None:
    """Neither before, nor a second time; its signature is there from the start."""
    double = ag.elementwise(lambda x: x + x, name="double", x=lambda x: 0 * x + 2)
    other = ag.elementwise(lambda x, y: x + y, name="other", x=1, y=1)
    codes = double.__code__, other.__code__
    assert [str(inspect.signature(f, follow_wrapped=False)) for f in (double, other)] == ["(x)", "(x, y)"]
    assert double(ag.Tensor([1.0])).tolist() == [2.0]
    assert double.__code__ is not codes[0] and other.__code__ is codes[1]
    after = double.__code__
    double(ag.Tensor([1.0]))
    assert double.__code__ is after


def test_a_plain_import_loads_no_heavy_module() -> None:
    heavy = ["inspect", "dataclasses", "pathlib", "threading", "json", "tempfile", "matplotlib", "scipy", "sklearn"]
    program = (
        "import numpy, sys; before = set(sys.modules); import autograd_core, nn, optim\n"
        f"print(*[m for m in {heavy} if m in sys.modules and m not in before])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert loaded == []
