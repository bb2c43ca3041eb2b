"""Models as files that other programs run.

Imports modules, layers and their kernels; the package onnx is imported where a model is written.
"""

from .models import onnx as onnx
