"""Batching: an array type that hides a leading axis, and what NumPy's functions do on it.

Whatever reaches arrays through NumPy's protocols runs on it unchanged. Imports the engine's Tensor and the support
room.
"""
