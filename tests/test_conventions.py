"""The conventions at awkward points are those of docs/conventions.md, in both modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from conventions import CONVENTIONS, PAGE, arguments, function, page, worked_out

ROWS = [(source, at) for rows in CONVENTIONS.values() for source, at, _ in rows]


def test_the_page_is_fresh() -> None:
    """docs/conventions.md is what ``python tests/conventions.py`` writes."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(("source", "at"), ROWS, ids=[f"{source} at {at}" for source, at in ROWS])
def test_forward_mode_agrees(source: str, at: Any) -> None:
    """Along ones the tangent is the sum of the gradients."""
    f, points = function(source), arguments(at)
    backward = sum(float(np.sum(np.real(g))) for g in worked_out(source, at)[1])
    with np.errstate(all="ignore"):
        forward = float(np.sum(ag.jvp(f, points, [np.ones_like(p) for p in points])[1]))
    np.testing.assert_allclose(forward, backward, rtol=1e-12)
