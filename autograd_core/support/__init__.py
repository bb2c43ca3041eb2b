"""What every room may use and what knows none of them: columns of text, files, lazy names, random numbers.

Imports the engine's Tensor at most.
"""
