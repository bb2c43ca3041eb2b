"""Event files for TensorBoard, written with the ``tensorboard`` package's own messages.

Imports modules and autograd_core.
"""

from .writer import SummaryWriter as SummaryWriter
