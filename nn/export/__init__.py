"""Models as files that other programs run.

Imports modules, layers, their kernels and estimators; the package onnx is imported where a model is written.
"""

from .models import onnx as onnx
from .pipelines import register_converters as register_converters
