"""The counts of PyTorch's databases, at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

COUNTED = (
    "operators",
    "samples",
    "comparisons",
    "modules",
    "module samples",
    "optimizers",
    "optimizer samples",
    "names",
)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in COUNTED}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for kind, what in report.user_properties:
                    if kind in counts:
                        counts[kind][what] += 1
    for kind, counted in counts.items():
        if counted:
            terminalreporter.write_sep("-", f"PyTorch's database: {kind}")
            for what, n in counted.most_common():
                terminalreporter.write_line(f"{n:6} {what}")


@pytest.fixture
def in_double_precision(monkeypatch: Any) -> Iterator[None]:
    """PyTorch counts steps and products in its default dtype, and Muon orthogonalises in bfloat16 unless hindered."""
    import torch

    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
