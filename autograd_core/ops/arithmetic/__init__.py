"""Arithmetic, element by element: the operators, powers, trigonometry, rounding, complex numbers.

Imports the engine.
"""
