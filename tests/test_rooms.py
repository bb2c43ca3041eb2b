"""The house: imports between rooms run one way, lazily or not, and no room is crowded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "autograd_core.engine": set(),
    "autograd_core.support": {"engine"},
    "autograd_core.expressions": {"engine", "ops", "support"},
    "autograd_core.ops": {"engine", "support", "batching"},
    "autograd_core.border": {"engine", "ops", "support"},
    "autograd_core.watching": {"engine", "expressions", "ops", "support", "border"},
    "autograd_core.batching": {"engine", "support"},
    "autograd_core.transforms": {"engine", "ops", "border", "support", "watching", "batching"},
    "autograd_core.spellings": {"engine", "ops", "support", "border"},
    "autograd_core.torch": {"engine", "ops", "support", "border", "spellings", "transforms"},
    "autograd_core.hips": {"engine", "transforms", "support"},
    "autograd_core.programs": {"engine", "support", "graph"},
    "autograd_core.graph": {"engine", "expressions", "ops", "support", "watching", "transforms", "border"},
    "nn.modules": set(),
    "nn.kernels": set(),
    "nn.layers": {"modules", "kernels", "init"},
    "nn.losses": {"modules", "kernels", "layers"},
    "nn.utils": {"modules", "kernels"},
    "nn.data": set(),
    "nn.monitoring": {"modules", "layers"},
    "nn.tensorboard": {"modules"},
    "nn.export": {"modules", "layers", "kernels", "estimators"},
    "nn.playground": {"modules", "layers", "data", "functional"},
    "nn.distributed": {"modules", "kernels", "layers", "data"},
    "nn.training": {"modules", "data", "utils", "distributed"},
    "nn.estimators": {"modules", "kernels", "layers", "losses", "training"},
}
PACKAGES = {"autograd_core": set[str](), "optim": {"autograd_core"}, "nn": {"autograd_core", "optim"}}
ROOF = {"autograd_core.torch", "autograd_core.__main__.py"}
"""What stands on everything, and nothing imports."""
OPTIM_IN_NN = {"nn.training", "nn.estimators", "nn.playground"}


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((HOUSE / package).rglob("*.py"))]


def imports(path: Path) -> Iterator[tuple[list[str], int]]:
    """Every module that the file imports at any depth, as the parts of its absolute name, and the line."""
    package = list(path.relative_to(HOUSE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split("."), node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = base + (node.module or "").split(".") * bool(node.module)
            for alias in node.names:
                yield [*module, alias.name], node.lineno


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_between_rooms_run_one_way(room: str) -> None:
    package, name = room.split(".")
    wrong = []
    for path in sorted((HOUSE / package / name).rglob("*.py")):
        for module, line in imports(path):
            inside = module[0] == package and len(module) > 1 and (HOUSE / package / module[1]).is_dir()
            if inside and module[1] not in MAY_IMPORT[room] | {name}:
                wrong.append(f"{path.relative_to(HOUSE)}:{line} imports {'.'.join(module)}")
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_between_packages_run_one_way(package: str) -> None:
    wrong = []
    for path in sorted((HOUSE / package).rglob("*.py")):
        room = ".".join(path.relative_to(HOUSE).parts[:2])
        for module, line in imports(path):
            if ".".join(module[:2]) in ROOF and room not in ROOF:
                wrong.append(f"{path.relative_to(HOUSE)}:{line} imports the roof")
            allowed = PACKAGES[package] - ({"optim"} if package == "nn" and room not in OPTIM_IN_NN else set())
            if room not in ROOF and module[0] in PACKAGES and module[0] not in allowed | {package}:
                wrong.append(f"{path.relative_to(HOUSE)}:{line} imports {'.'.join(module)}")
    assert wrong == []


def test_every_room_is_known_and_says_what_it_is() -> None:
    rooms = {
        f"{package}.{folder.name}": folder
        for package in ("autograd_core", "nn")
        for folder in (HOUSE / package).iterdir()
        if (folder / "__init__.py").exists()
    }
    assert set(rooms) == set(MAY_IMPORT)
    for name, folder in rooms.items():
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert text and "mports" in text, f"{name}: say in three lines what the room is and whom it may import"


def test_no_folder_is_crowded() -> None:
    """About 15 files beside the rooms of a folder are as many as a reader searches gladly."""
    folders = {path.parent for path in sources()}
    counts = {str(f.relative_to(HOUSE)): len([*f.glob("*.py")]) - (f / "__init__.py").exists() for f in folders}
    assert {name: count for name, count in counts.items() if count > 17} == {}


def test_the_engine_is_read_in_one_evening() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (HOUSE / "autograd_core/engine").glob("*.py")]
    assert sum(bool(line.strip()) for text in texts for line in text.splitlines()) <= 1500
