"""Programs: what a function computes as a list of NumPy calls on real memory, run again without its Python.

Imports engine and support.
"""
