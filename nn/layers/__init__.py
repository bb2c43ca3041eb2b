"""Layers and their functions, a family a file.

Imports modules and kernels.
"""
