"""The oldest releases that pyproject.toml says will do, as constraints for pip: what tests need, at its lower bound."""

import itertools
import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = {name: bounds for name, bounds in project["optional-dependencies"].items() if name not in ("docs", "peers")}
for bound in itertools.chain(project["dependencies"], *extras.values()):
    if found := re.match(r"([\w-]+)(?:\[.*\])?>=([\w.]+)", bound):
        print(f"{found[1]}=={found[2]}")
