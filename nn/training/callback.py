"""What happens around the steps of a training: a trainer calls every callback at fixed moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_core.support.types import State, StateDict

    from .trainer import Trainer


class Callback:
    """Base of callbacks; every method may be left out.

    Inside a method the trainer shows where it is (``epoch`` and ``step``: how many are done; ``history``), and
    ``trainer.should_stop = True`` ends the training after the present step.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, trainer, record):
    ...         print(f"epoch {record['epoch']} is over")
    """

    first_rank_only = False
    """Whether rank 0 alone calls it where several processes train together, as what writes files wants it."""

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before anything is trained or loaded; an exception here prevents the training."""

    def on_training_start(self, trainer: Trainer) -> None:
        """Before the first step, when all is as it will be then: loaded from a checkpoint, or seeded."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Before the first batch of an epoch."""

    def on_batch_end(self, trainer: Trainer, loss: float) -> None:
        """After a step; ``loss`` is that of its batch, before the step."""

    def on_epoch_end(self, trainer: Trainer, record: dict[str, float]) -> None:
        """After validation; ``record`` is the new last one of the history."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """When the training has come to its end without an exception."""

    def close(self, trainer: Trainer) -> None:
        """At the very end, also after an exception; once more where Ctrl-C broke it off."""

    def validation_model(self, trainer: Trainer) -> Any:
        """The model to validate instead of the trainer's, or None."""

    def state_dict(self) -> StateDict:
        """What a checkpoint must hold so that training goes on as if it had not been interrupted: copies."""
        return {}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what ``state_dict`` gave."""
