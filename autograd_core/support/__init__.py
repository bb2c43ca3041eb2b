"""What every room may use and what knows none of them: types for annotations, states that are checked and restored,
arrays as one vector, columns of text, files, handles, lazy names, random numbers.

Imports the engine's Tensor at most.
"""
