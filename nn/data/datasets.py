"""Data to begin with, which need no network: one call each.

>>> from nn.data import datasets
>>> x, y = datasets.moons()
>>> x.shape, y.shape
((200, 2), (200,))
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from autograd_core import get_default_dtype

from .checking import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd_core.support.types import Array

__all__ = ["circles", "digits", "gauss", "moons", "spirals", "text", "xor"]


def digits() -> tuple[Array, Array]:
    """1,797 handwritten digits of 8×8 pixels, each in [0, 1], and which they are: (1797, 8, 8) and (1797,).

    They come with scikit-learn (Alpaydin & Kaynak 1998); ImportError says how to get it.

    >>> x, y = digits()
    >>> x.shape, y[:5]
    ((1797, 8, 8), array([0, 1, 2, 3, 4]))
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "nn.data.datasets.digits: they come with scikit-learn, which is not installed. Fix: pip install "
            "'autograd-core[sklearn]'."
        ) from error
    found = load_digits()
    return (found.images / 16).astype(get_default_dtype()), found.target


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[Array, Array]:
    """Two half circles that reach into each other: points (n, 2) and classes 0 and 1.

    n : how many points
    noise : standard deviation of what is added to each number
    seed : of points and noise

    >>> np.sort(moons(4, noise=0)[1])
    array([0, 0, 1, 1])
    """

    def half(kind: int, t: Array, rng: np.random.Generator) -> Array:
        x, y = np.cos(np.pi * t), np.sin(np.pi * t)
        return np.stack([1 - x, 0.5 - y] if kind else [x, y], axis=1)

    return _two("moons", half, n, noise, seed)


def circles(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[Array, Array]:
    """A circle of radius ½ (class 1) within one of radius 1 (class 0).

    n, noise, seed : those of ``nn.data.datasets.moons``

    >>> x, y = circles(noise=0)
    >>> np.unique(np.hypot(*x.T).round(6))
    array([0.5, 1. ], dtype=float32)
    """

    def circle(kind: int, t: Array, rng: np.random.Generator) -> Array:
        return (0.5 if kind else 1.0) * np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)

    return _two("circles", circle, n, noise, seed)


def spirals(n: int = 200, noise: float = 0.05, seed: int = 0, turns: float = 1.5) -> tuple[Array, Array]:
    """Two arms that wind around each other (Lang & Witbrock 1988).

    n, noise, seed : those of ``nn.data.datasets.moons``
    turns : how often each winds around

    >>> x, y = spirals(noise=0)
    >>> float(np.hypot(*x.T).max().round(2))
    1.0
    """

    def arm(kind: int, t: Array, rng: np.random.Generator) -> Array:
        r = 0.05 + 0.95 * t
        angle = 2 * np.pi * turns * t + np.pi * kind
        return r[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    return _two("spirals", arm, n, noise, seed)


def xor(n: int = 200, noise: float = 0.0, seed: int = 0) -> tuple[Array, Array]:
    """Points of a square: class 1 where the signs of both coordinates differ.

    n, noise, seed : those of ``nn.data.datasets.moons``

    >>> x, y = xor()
    >>> bool(np.all((x[:, 0] * x[:, 1] < 0) == y))
    True
    """

    def quarters(kind: int, t: Array, rng: np.random.Generator) -> Array:
        size = rng.uniform(0.05, 1, (len(t), 2))
        sign = np.where(t < 0.5, -1.0, 1.0)
        return size * np.stack([sign, -sign if kind else sign], axis=1)

    return _two("xor", quarters, n, noise, seed)


def gauss(n: int = 200, noise: float = 0.5, seed: int = 0) -> tuple[Array, Array]:
    """Two clouds, around (1, 1) and (−1, −1), of standard deviation ``noise``.

    n, noise, seed : those of ``nn.data.datasets.moons``

    >>> np.sort(gauss(4, noise=0)[0][:, 0])
    array([-1., -1.,  1.,  1.], dtype=float32)
    """
    return _two("gauss", lambda kind, t, rng: np.full((len(t), 2), -1.0 if kind else 1.0), n, noise, seed)


def _two(
    name: str, shape: Callable[[int, Array, np.random.Generator], Array], n: int, noise: float, seed: int
) -> tuple[Array, Array]:
    """n/2 points of each class, at even places t of [0, 1] along its shape, in random order."""
    n = whole(f"{name}: n", n, 2)
    if not (isinstance(noise, (int, float)) and 0 <= noise < math.inf):
        raise ValueError(f"{name}: noise={noise!r} must be a number, not negative.")
    rng = np.random.default_rng(seed)
    counts = (n - n // 2, n // 2)
    x = np.concatenate([shape(kind, np.linspace(0, 1, count), rng) for kind, count in enumerate(counts)])
    x += noise * rng.normal(size=x.shape)
    order = rng.permutation(n)
    return x.astype(get_default_dtype())[order], np.repeat([0, 1], counts)[order]


# Text ----------------------------------------------------------------------------------------------------------------

_NOUNS = ("cat", "dog", "bird", "child", "river", "house", "sailor", "tree")
_PLURALS = ("cats", "dogs", "birds", "children", "rivers", "houses", "sailors", "trees")
_ADJECTIVES = ("old", "small", "green", "quiet")
_VERBS = ("see", "hear", "follow", "remember")
_PLACES = ("near the sea", "in the garden", "at night", "under the bridge")


class _Grammar:
    """Random sentences, and the information in them: Σ −log₂ p over all choices made."""

    def __init__(self, seed: int) -> None:
        self.rng, self.bits = np.random.default_rng(seed), 0.0

    def one_of(self, words: tuple[str, ...]) -> str:
        self.bits += math.log2(len(words))
        return words[self.rng.integers(len(words))]

    def happens(self, p: float) -> bool:
        yes = self.rng.random() < p
        self.bits -= math.log2(p if yes else 1 - p)
        return yes

    def nouns(self) -> tuple[str, bool]:
        """A noun phrase, and whether it is plural."""
        adjective = f"{self.one_of(_ADJECTIVES)} " if self.happens(0.4) else ""
        plural = self.happens(0.5)
        return f"the {adjective}{self.one_of(_PLURALS if plural else _NOUNS)}", plural

    def sentence(self) -> str:
        subject, plural = self.nouns()
        aside = f" ({self.one_of(_PLACES)})" if self.happens(0.3) else ""
        verb = self.one_of(_VERBS) + ("" if plural else "s")
        ending = f" {self.one_of(_PLACES)}" if self.happens(0.3) else ""
        return f"{subject}{aside} {verb} {self.nouns()[0]}{ending}.\n"


def text(characters: int = 80_000, seed: int = 0) -> tuple[str, float]:
    """Sentences of a small grammar, and how many bits of information a character has: no model can do better.

    characters : at least so many, up to the end of a sentence
    seed : of the choices

    To predict it one must find words, that the verb agrees with a noun far before it, and that brackets close.

    >>> sentences, bits = text(40)
    >>> sentences
    'the birds (near the sea) see the sailor.\\n'
    """
    grammar, sentences = _Grammar(seed), ""
    characters = whole("text: characters", characters)
    while len(sentences) < characters:
        sentences += grammar.sentence()
    return sentences, grammar.bits / len(sentences)
