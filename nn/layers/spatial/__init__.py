"""Layers over places (a line, an image, a volume): convolution and its adjoint, pooling, resampling.

Imports modules and kernels.
"""
