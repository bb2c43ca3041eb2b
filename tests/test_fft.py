"""The Fourier transforms: what their derivatives mean, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from samples.fft import norms
from strategies import generators, real

lengths = st.integers(1, 9)


@given(rng=generators, n=lengths, norm=norms)
def test_parseval(rng: np.random.Generator, n: int, norm: str | None) -> None:
    """Σ |x̂|² = c² n Σ x², so its gradient is 2 c² n x, whatever the transform."""
    x = real(rng, (n,))
    c2n = {None: n, "backward": n, "ortho": 1.0, "forward": 1 / n}[norm]
    energy = ag.grad(lambda x: np.sum(np.abs(np.fft.fft(x, norm=norm)) ** 2))
    np.testing.assert_allclose(energy(x), 2 * c2n * x, rtol=1e-12)


@given(rng=generators, n=lengths)
def test_there_and_back_is_the_identity(rng: np.random.Generator, n: int) -> None:
    """Value, tangent and cotangent, through the half spectrum, too."""
    x, t, g = (real(rng, (n,)) for _ in range(3))
    for there_and_back in (
        lambda x: np.fft.irfft(np.fft.rfft(x), n),
        lambda x: np.fft.hfft(np.fft.ihfft(x), n),
        lambda x: np.real(np.fft.ifftn(np.fft.fftn(x))),
        lambda x: np.fft.ifftshift(np.fft.fftshift(x)),
    ):
        value, tangent = ag.jvp(there_and_back, (x,), (t,))
        np.testing.assert_allclose(value, x, atol=1e-14)
        np.testing.assert_allclose(tangent, t, atol=1e-14)
        np.testing.assert_allclose(ag.vjp(there_and_back, x)[1](g)[0], g, atol=1e-14)


def test_a_product_of_spectra_has_the_gradient_of_the_convolution() -> None:
    x, y, g = (real(np.random.default_rng(k), shape) for k, shape in enumerate([(5,), (3,), (7,)]))
    _, pullback = ag.vjp(lambda x, y: np.fft.irfft(np.fft.rfft(x, 7) * np.fft.rfft(y, 7), 7), x, y)
    for found, expected in zip(pullback(g), (np.correlate(g, y), np.correlate(g, x)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_frequencies_without_a_partner_have_no_phase() -> None:
    """irfft reads only the real part of frequency 0, and of n/2: their gradient is real."""
    z = np.array([1 + 1j, 2 + 2j, 3 + 3j])
    gradient = ag.grad(lambda z: np.sum(np.fft.irfft(z) ** 2))(z)
    assert gradient.imag[[0, 2]].tolist() == [0.0, 0.0] and gradient.imag[1] != 0.0


def test_a_gradient_of_real_numbers_is_real_and_single_precision_stays_single() -> None:
    x = ag.Tensor(np.ones(4, np.float32), requires_grad=True)
    y = np.fft.fft(x)
    assert y.dtype == np.complex64
    np.abs(y).sum().backward()
    assert x.grad.dtype == np.float32


def test_what_is_refused() -> None:
    """Named with the operation; nothing is answered in half."""
    x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    for error, message, call in (
        (ValueError, "fft.fft: Invalid number", lambda: np.fft.fft(x, n=0)),
        (ValueError, "norm", lambda: np.fft.hfft(x, norm="other")),
        (ValueError, "fftn: s=.*Fix", lambda: np.fft.fftn(x, s=(2,))),
        (ValueError, "rfftn: 1 lengths.*Fix", lambda: np.fft.rfftn(x, s=(2,), axes=(0, 1))),
        (TypeError, "fft.rfft", lambda: np.fft.rfft(x * 1j)),
        (TypeError, "out=.*Fix", lambda: np.fft.fft(x, out=np.zeros((2, 3), complex))),
    ):
        with pytest.raises(error, match=message):
            call()


def test_importing_the_library_does_not_load_numpys_transforms() -> None:
    """They are implemented when first asked for, through NumPy or here."""
    program = (
        "import sys, numpy as np, autograd_core as ag; assert 'numpy.fft' not in sys.modules;"
        "x = ag.Tensor(np.ones(2), requires_grad=True); assert np.fft.fft(x).requires_grad; ag.fft.ifft"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
