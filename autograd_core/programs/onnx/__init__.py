"""A recorded run as an ONNX model: the rows of its form as standard operators.

Imports the rooms that programs does, and the package onnx where a model is written.
"""
