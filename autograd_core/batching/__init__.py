"""Batching: an array type that hides a leading axis, and what NumPy's functions do on it.

Imports the engine's Tensor, and of the support room the types: whatever reaches arrays through NumPy's protocols runs on it unchanged.
"""
