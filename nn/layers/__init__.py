"""Layers and their functions, a family a file; those over places (convolution, pooling) in ``spatial/``.

Imports modules and kernels.
"""
