"""How far the training is, on the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import printable

from .callback import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

REFRESH = 0.1
"""Seconds between two updates: a bar must not cost what it measures."""


class ProgressBar(Callback):
    """A bar for the present epoch and a line for each finished one; silent where stderr is not a terminal.

    force : True or False to decide by other means than whether it is a terminal

    Raises ImportError where a bar should be shown and rich is missing.
    """

    first_rank_only = True

    def __init__(self, force: bool | None = None) -> None:
        self.force = force
        self._bar: Any = None
        self._drawn = 0.0

    def on_fit_start(self, trainer: Trainer) -> None:
        shown = sys.stderr.isatty() if self.force is None else self.force
        if not shown:
            return
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError as error:
            raise ImportError('ProgressBar needs rich. Fix: pip install "autograd-core[viz]"') from error
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        console = Console(file=sys.stderr, force_terminal=True if self.force else None)
        self._bar = Progress(*columns, TextColumn("{task.fields[numbers]}"), console=console, transient=True)
        self._task = self._bar.add_task("training", total=None, numbers="")
        self._bar.start()

    def on_epoch_start(self, trainer: Trainer) -> None:
        if self._bar is not None:
            name = f"epoch {trainer.epoch + 1}/{trainer.last_epoch}"
            self._bar.reset(self._task, description=name, total=trainer.batches)

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        if self._bar is not None and time.perf_counter() - self._drawn > REFRESH:
            self._drawn = time.perf_counter()
            name = f"epoch {trainer.epoch + 1}/{trainer.last_epoch}"
            self._bar.update(
                self._task,
                description=name,
                total=trainer.batches,
                completed=trainer.batch,
                numbers=f"loss {loss:.4g}",
            )

    def on_epoch_end(self, trainer: Trainer, record: dict[str, float]) -> None:
        if self._bar is not None:
            numbers = [f"{printable(k)} {v:.4g}" for k, v in record.items() if k not in ("epoch", "step", "seconds")]
            name = f"epoch {trainer.epoch}/{trainer.last_epoch}"
            self._bar.console.print(
                "  ".join([name, *numbers, f"{record['seconds']:.1f} s"]), highlight=False, soft_wrap=True
            )

    def close(self, trainer: Trainer) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
