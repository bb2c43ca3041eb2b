"""What goes wrong in a process on purpose: interrupts at any instant, and how often it is tried."""

from hypothesis import settings


def count(few, many):
    """``few`` rounds, or ``many`` with ``--hypothesis-profile=search``."""
    return many if settings().max_examples > 100 else few
