"""What an operation on arrays does, and what its derivative does, in one sentence each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..support.types import Settings

Sentence = str | Callable[[Settings], str]


def _by(sizes: Any) -> str:
    """``3×3``."""
    return "×".join(map(str, sizes))


def _one(sizes: Any) -> str:
    """``2``, or ``2×1`` where the axes differ."""
    return str(sizes[0]) if len(set(sizes)) == 1 else _by(sizes)


def _windows(s: Settings, what: str) -> str:
    """``3×3 correlation, stride 1, pad 1``."""
    pads = [pad[0] if len(set(pad)) == 1 else "–".join(map(str, pad)) for pad in s.get("pads", ())]
    said = [f"{_by(s['kernel'])} {what}", f"stride {_one(s['stride'])}"]
    said += [f"pad {_one(pads)}"] if pads else []
    said += [f"dilation {_one(s['dilation'])}"] if set(s.get("dilation", (1,))) != {1} else []
    said += [f"{s['groups']} groups"] if s.get("groups", 1) != 1 else []
    return ", ".join(said)


_VALUES: dict[str, Sentence] = {
    "convolution": lambda s: f"{_windows(s, 'correlation')}: each output is Σ kernel · window",
    "max_of_windows": lambda s: f"{_windows(s, 'windows')}: each output is the largest element of its window",
    "unfold": lambda s: f"{_windows(s, 'windows')}: the elements of each window become one column",
    "fold": lambda s: f"{_windows(s, 'windows')}: columns are put back as windows, which add up where they overlap",
    "linear": "each output is Σ weight · input + bias",
    "matmul": "each element is Σ row · column",
    "normalised": "(input − mean) / standard deviation over the last axes, then · weight + bias",
    "normalised_batch": "(input − mean) / standard deviation of each channel over the batch, then · weight + bias",
    "relu": "what is negative becomes 0",
    "softmax": "exp of each element over the sum of all exp: positive, and the sum is 1",
    "mean_class_cross_entropy": "the mean over the examples of −log softmax at the right class",
    "class_cross_entropy": "−log softmax at the right class, of each example",
    "squared_error": "(prediction − target)²",
    "lstm": "for each step of time: gates of sigmoids decide what the cell forgets, takes up and shows",
    "gru": "for each step of time: gates of sigmoids mix the old state with a new one",
    "reshape": "the same numbers in another shape",
    "swapaxes": "the same numbers, two axes exchanged",
    "transpose": "the same numbers, axes exchanged",
    "getitem": "a part of the numbers",
}

# By operation and argument. g is the derivative of the result by the row's own value.
_DERIVATIVES: dict[str, dict[str, str]] = {
    "convolution": {
        "x": "each input gets Σ kernel · g over all windows that it was in",
        "weight": "each element of a kernel gets Σ g · the input that it met",
        "bias": "the sum of g over all places",
    },
    "max_of_windows": {"x": "g goes to the largest element of each window, the others get 0"},
    "unfold": {"x": "g is put back as windows, which add up where they overlap"},
    "fold": {"x": "the windows of g, each as a column"},
    "linear": {
        "x": "each input gets Σ weight · g over the outputs that it fed",
        "weight": "each weight gets Σ g · the input that it met",
        "bias": "the sum of g over the examples",
    },
    "normalised": {
        "x": "g · weight, less its mean and its share along the result, over the standard deviation",
        "weight": "the sum of g · the normalised input",
        "bias": "the sum of g",
    },
    "softmax": {"x": "softmax · (g − Σ g · softmax)"},
    "mean_class_cross_entropy": {"x": "(softmax − 1 at the right class) / number of examples"},
    "class_cross_entropy": {"x": "(softmax − 1 at the right class) · g"},
    "relu": {"x": "g where the input is positive, 0 elsewhere"},
    "reshape": {"x": "g in the old shape"},
    "swapaxes": {"x": "g with the axes exchanged back"},
    "transpose": {"x": "g with the axes exchanged back"},
    "getitem": {"x": "g at the places that were taken, 0 elsewhere"},
}
_DERIVATIVES["normalised_batch"] = _DERIVATIVES["normalised"]


def value(op: str, settings: Settings) -> str:
    """What an operation computes, by its name; empty where its formula says it all.

    >>> value("unfold", {"kernel": (3, 3), "stride": (1, 1), "pads": ((1, 1), (1, 1))})
    '3×3 windows, stride 1, pad 1: the elements of each window become one column'
    """
    sentence = _VALUES.get(op, "")
    return sentence if isinstance(sentence, str) else sentence(settings)


def derivative(op: str, argument: str, first: bool) -> str:
    """What its derivative by an argument (``x`` stands for the first) makes of g; empty where the formula says it all.

    >>> derivative("softmax", "x", True)
    'softmax · (g − Σ g · softmax)'
    """
    known = _DERIVATIVES.get(op, {})
    return known.get(argument, known.get("x", "") if first else "")
