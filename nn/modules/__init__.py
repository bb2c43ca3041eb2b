"""Modules: what owns parameters, buffers and smaller modules; their state, hooks, containers and files.

Imports autograd_core alone.
"""
