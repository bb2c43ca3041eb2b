"""The border: what may come in (arrays, lists, foreign containers) and how NumPy's functions reach the operations.

Imports the engine; the operations only where it attaches them as methods.
"""
