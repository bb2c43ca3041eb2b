"""``python -m autograd_core.hips script.py``: run a script with this face in the place of HIPS autograd."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from .installing import install


def main() -> None:
    """Run the script that the command line names, with its own arguments."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m autograd_core.hips script.py [arguments]")
    install()
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
