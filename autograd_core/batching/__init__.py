"""Batching: an array type that hides a leading axis, and what NumPy's functions do on it.

Imports nothing but the engine's Tensor: whatever reaches arrays through NumPy's protocols runs on it unchanged.
"""
