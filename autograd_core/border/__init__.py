"""The border: what may come in (arrays, lists, foreign containers), how NumPy's functions reach the operations, and
what goes out (numbers, gradients).

Imports the engine; the operations only where it attaches them as methods.
"""
