"""Signals: SciPy's numbers, and the derivatives that follow from them, in both modes and of second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal

import autograd_core as ag

RNG = np.random.default_rng(3)
X, V, B, A = RNG.normal(size=12), RNG.normal(size=4), np.array([0.7, 0.2, -0.3]), np.array([1.3, -0.4, 0.2])
M, K, PAIR = RNG.normal(size=(5, 6)), RNG.normal(size=(2, 3)), RNG.normal(size=(2, 12))
SOS = np.array([[0.7, 0.2, -0.3, 1.1, -0.4, 0.2], [1.0, 0.5, 0.1, 1.0, 0.3, -0.1]])
Z = RNG.normal(size=(2, 2))

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{
        f"{name} {mode} {n}>{m}": (lambda s, a, v, name=name, mode=mode: getattr(s, name)(a, v, mode), (X[:n], X[-m:]))
        for name in ("convolve", "correlate", "fftconvolve", "oaconvolve")
        for mode in ("full", "same", "valid")
        for n, m in ((7, 4), (4, 7))
        if not name.startswith("oa") or mode == "same"
        if not (name == "correlate" and mode == "valid" and n < m)
    },
    **{
        f"{name} {mode} {boundary}": (
            lambda s, a, v, name=name, mode=mode, b=boundary: getattr(s, name)(
                a, v, mode, b, *([0.5] if b == "fill" else [])
            ),
            (M, K),
        )
        for name in ("convolve2d", "correlate2d")
        for mode in ("full", "same", "valid")
        for boundary in ("fill", "wrap", "symm")
    },
    "fftconvolve along an axis": (lambda s, a, v: s.fftconvolve(a, v, "same", 1), (M, K[:1])),
    "lfilter": (lambda s, b, a, x: s.lfilter(b, a, x), (B, A, PAIR)),
    "lfilter, long b, axis 0": (lambda s, b, a, x: s.lfilter(b, a, x, 0), (V, A[:2], M)),
    "lfilter, zi": (lambda s, b, a, x, z: s.lfilter(b, a, x, -1, z)[0], (B, A, PAIR, Z)),
    "lfilter, state": (lambda s, b, a, x, z: s.lfilter(b, a, x, -1, z)[1], (B, A, PAIR, Z)),
    "lfilter_zi": (lambda s, b, a: s.lfilter_zi(b, a), (B, A)),
    "sosfilt": (lambda s, q, x: s.sosfilt(q, x), (SOS / SOS[:, 3:4], PAIR)),
    "sosfilt_zi": (lambda s, q: s.sosfilt_zi(q), (SOS / SOS[:, 3:4],)),
    "filtfilt": (lambda s, b, a, x: s.filtfilt(b, a, x), (B, A, PAIR)),
    "sosfiltfilt": (lambda s, q, x: s.sosfiltfilt(q, x, padlen=5), (SOS / SOS[:, 3:4], PAIR)),
    "filtfilt even": (lambda s, b, a, x: s.filtfilt(b, a, x, padtype="even", padlen=4), (B, A, PAIR)),
    "detrend": (lambda s, x: s.detrend(x, 0, bp=[3]), (M,)),
    "hilbert": (lambda s, x: s.hilbert(x, 11), (PAIR,)),
    "resample": (lambda s, x: s.resample(x, 7), (X,)),
    "resample_poly": (lambda s, x: s.resample_poly(x, 2, 3, 1), (PAIR,)),
    "decimate": (lambda s, x: s.decimate(x, 2, 2), (np.tile(X, 3),)),
    "savgol_filter": (lambda s, x: s.savgol_filter(x, 5, 2), (PAIR,)),
    "upfirdn": (lambda s, x: s.upfirdn([1.0, 0.5, 2.0], x, 3, 2), (PAIR,)),
    "stft": (lambda s, x: s.stft(x, 2.0, nperseg=5)[2], (PAIR,)),
    "istft": (lambda s, z: s.istft(z, nperseg=5)[1], (M[:3] + 1j * M[2:],)),
    "csd": (lambda s, x, y: s.csd(x, y, 2.0, nperseg=4)[1], (X, X[::-1] ** 2)),
    "welch": (lambda s, x: s.welch(x, 2.0, nperseg=6, scaling="spectrum")[1], (PAIR,)),
    "periodogram": (lambda s, x: s.periodogram(x, 2.0, detrend="linear")[1], (PAIR,)),
}


@pytest.mark.parametrize("name", CASES)
def test_scipys_numbers_and_their_derivatives(name: str) -> None:
    f, given = CASES[name]
    expected = f(scipy.signal, *given)
    for arrays in (given, [ag.Tensor(x) for x in given]):
        found = np.asarray(f(ag.signal, *arrays))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    def real(*args: Any) -> Any:
        y = f(ag.signal, *args)
        return np.concatenate([y.real, y.imag]) if y.dtype.kind == "c" else y

    order = 1 if "2d" in name else 2
    assert ag.gradcheck(real, *given, order=order, samples=2) < 1e-4


@pytest.mark.parametrize("name", ["convolve full 7>4", "lfilter, zi", "filtfilt", "stft", "resample"])
def test_examples_side_by_side(name: str) -> None:
    f, given = CASES[name]
    scaled = np.array([0.9, 1.0, 1.1])
    many = ag.vmap(lambda c: f(ag.signal, given[0] * c, *given[1:]))(scaled)
    np.testing.assert_allclose(many, np.stack([f(ag.signal, given[0] * c, *given[1:]) for c in scaled]), atol=1e-12)


def test_complex_signals_filter_and_real_coefficients_keep_real_gradients() -> None:
    x = PAIR[0] + 1j * PAIR[1]
    np.testing.assert_allclose(ag.signal.lfilter(B, A, x), scipy.signal.lfilter(B, A, x), atol=1e-13)
    of = lambda b, a, v: np.abs(ag.signal.convolve(ag.signal.lfilter(b, a, x), v)) ** 2
    assert ag.gradcheck(of, B, A, V) < 1e-5


def test_columns_of_pandas_are_signals() -> None:
    pandas = pytest.importorskip("pandas")
    for f in (lambda x: ag.signal.lfilter(B, A, x), lambda x: ag.signal.detrend(x), lambda x: ag.signal.welch(x)[1]):
        np.testing.assert_array_equal(f(pandas.Series(X)), f(X))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda s: s.convolve(X, M), r"shapes \(12,\) and \(5, 6\).*Fix"),
        (lambda s: s.convolve(M, M.T, "valid"), "neither of"),
        (lambda s: s.convolve(X, V, "some"), "mode='some'.*Fix"),
        (lambda s: s.convolve2d(X, V), "Fix: two arrays of two axes"),
        (lambda s: s.lfilter(B, [0.0, 1.0], X), r"a\[0\] is 0"),
        (lambda s: s.lfilter(B, A, 1.0), "no axis"),
        (lambda s: s.lfilter(B, A, X, 3), "lfilter.*axis 3"),
        (lambda s: s.lfilter(B, A, X, -1, Z), r"Fix: the shape \(2,\)"),
        (lambda s: s.lfilter(M, A, X), "two vectors"),
        (lambda s: s.sosfilt(M[:, :5], X), "a row of 6"),
        (lambda s: s.filtfilt(B, A, X[:3]), "not longer than padlen"),
        (lambda s: s.csd(X, V), "one shape for both"),
        (lambda s: s.stft(X, nperseg=4, noverlap=4), "overlap below"),
        (lambda s: s.hilbert(X + 1j), "Fix: x.real"),
    ],
)
def test_bad_input_is_named(f: Callable[..., Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        f(ag.signal)
