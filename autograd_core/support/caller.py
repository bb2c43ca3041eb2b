"""The line of the user's program that is running now, and warnings that point at it."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

LIBRARIES = {
    *("autograd_core", "nn", "optim", "contextlib", "functools"),
    *("numpy", "scipy", "sklearn", "joblib", "pandas", "matplotlib"),
}
"""Packages whose lines are nobody's own: what they do is done on behalf of the line that called them."""


def frame() -> FrameType:
    """The innermost frame outside of the libraries."""
    found = sys._getframe(1)
    while found.f_back is not None and found.f_globals.get("__name__", "").partition(".")[0] in LIBRARIES:
        found = found.f_back
    return found


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line; by Python's default filters once for each line and message."""
    here = frame()
    module = here.f_globals.get("__name__", "<unknown>")
    registry = here.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, here.f_code.co_filename, here.f_lineno, module, registry)
