"""What happened, epoch by epoch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from autograd_core.engine.errors import printable


class History:
    """One record an epoch: a dict of numbers such as ``epoch``, ``loss``, ``val_loss``, ``lr`` and ``seconds``.

    ``history["loss"]`` is a column (None where an epoch has no such number), ``history[-1]`` a record,
    ``history[-3:]`` a list of records.

    >>> history = History()
    >>> history.append({"epoch": 1, "loss": 0.5})
    >>> history.append({"epoch": 2, "loss": 0.25})
    >>> history["loss"], history[-1]
    ([0.5, 0.25], {'epoch': 2, 'loss': 0.25})
    """

    def __init__(self) -> None:
        self.records: list[dict[str, float]] = []

    def append(self, record: dict[str, float]) -> None:
        """Add the record of one epoch."""
        self.records.append(record)

    @property
    def columns(self) -> list[str]:
        """The names of all numbers, in the order in which they first came."""
        return list(dict.fromkeys(name for record in self.records for name in record))

    def __getitem__(self, key: str | int | slice) -> Any:
        if not isinstance(key, str):
            return self.records[key]
        if key not in self.columns:
            raise KeyError(f"history: no {key!r}; there are {printable(', '.join(self.columns)) or 'no records'}.")
        return [record.get(key) for record in self.records]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.records)

    def __repr__(self) -> str:
        last = (
            ", ".join(f"{printable(name)}={value:.4g}" for name, value in self.records[-1].items())
            if self.records
            else ""
        )
        return f"History({len(self)} epochs{'; ' + last if last else ''})"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all records as a table with a line an epoch; numbers are written so that they can be read back exactly.

        The file is replaced as a whole: it never holds half a line.
        """
        import csv
        import io

        from autograd_core.support.files import write_atomically

        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.records)
        write_atomically(path, text.getvalue().encode(), "to_csv: cannot write the history")

    def plot(self, *names: str, axes: Any = None) -> Any:
        """Draw numbers over the epochs, each beside its ``val_`` counterpart, and return the axes, one for each name.

        names : by default the loss and every metric
        axes  : matplotlib axes to draw on, as many as names; a new figure by default

        Raises KeyError for an unknown name, ImportError where matplotlib is missing.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError('plot needs matplotlib. Fix: pip install "autograd-core[viz]"') from error
        if not self.records:
            raise ValueError("history.plot: there are no records yet. Fix: fit first.")
        chosen = names or tuple(
            name for name in self.columns if name not in ("epoch", "step", "lr", "seconds") and name[:4] != "val_"
        )
        for name in chosen:
            self[name]
        if axes is None:
            axes = plt.subplots(1, len(chosen), figsize=(5 * len(chosen), 3.6), squeeze=False, layout="constrained")[1]
            axes = list(axes[0])
        axes = list(axes) if hasattr(axes, "__len__") else [axes]
        if len(axes) != len(chosen):
            raise ValueError(f"history.plot: {len(axes)} axes for {len(chosen)} names.")
        epochs = self["epoch"]
        for ax, name in zip(axes, chosen, strict=True):
            mark = "o" if len(epochs) == 1 else None
            ax.plot(epochs, _numbers(self[name]), marker=mark, label="training")
            if f"val_{name}" in self.columns:
                ax.plot(epochs, _numbers(self[f"val_{name}"]), marker=mark, label="validation")
                ax.legend()
            ax.set(xlabel="epoch", title=name.replace("_", " "))
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.grid(alpha=0.3)
        return axes


def _numbers(column: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in column]
