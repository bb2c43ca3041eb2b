"""Primitives that stand for several operations where a benchmark shows that it pays; tests hold each to those.

Convolution with its cotangents is ``correlation.py``, on ``windows.py``; LSTM and GRU are ``recurrence.py``, the
linear layer ``fused.py``, norms ``normalising.py``, cross-entropy ``classes.py``.

Imports autograd_core alone.
"""
