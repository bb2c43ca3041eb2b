"""Training: the loop, what hangs on it, and checkpoints that survive a crash.

Imports modules, data, utils and optim.

>>> import numpy as np, autograd_core as ag, nn, optim
>>> _ = ag.manual_seed(0)
>>> x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
>>> y = (x[:, 0] * x[:, 1] > 0).astype(int)
>>> model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
>>> trainer = nn.Trainer(
...     model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.03), metrics=[nn.metrics.accuracy], seed=0,
...     callbacks=[nn.callbacks.EarlyStopping("val_accuracy", patience=10), nn.callbacks.ProgressBar()],
... )
>>> history = trainer.fit((x[:150], y[:150]), validation=(x[150:], y[150:]), epochs=30)
>>> trainer.evaluate((x[150:], y[150:]))["accuracy"] > 0.9
True
>>> trainer.predict(x[150:]).shape
(50, 2)
"""

from autograd_core.support.hidden import refuse as _refuse

_refuse("optim")

from . import callbacks, metrics
from .callback import Callback
from .checkpoint import CorruptCheckpoint, load_checkpoint, save_checkpoint
from .history import History
from .trainer import Trainer

__all__ = [
    "Trainer", "History", "Callback", "callbacks", "metrics",
    "save_checkpoint", "load_checkpoint", "CorruptCheckpoint",
]  # fmt: skip
