"""Losses, as functions and as layers.

Imports modules, kernels and the layers' functions.
"""
