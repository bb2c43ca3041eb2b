"""Samples of the Fourier transforms."""

from __future__ import annotations

from hypothesis import strategies as st

from samples.call import Call, Calls
from strategies import Numbers, axes, axis, complexes, generators, real, shapes

norms = st.sampled_from([None, "backward", "ortho", "forward"])


@st.composite
def transformed(draw: st.DrawFn, numbers: Numbers, half: bool = False) -> Call:
    """Along one axis, cut, filled with zeros or as it is; ``half`` of the frequencies need two at least."""
    x = numbers(draw(generators), draw(shapes(min_dims=1, max_dims=2, min_side=2 if half else 1, max_side=4)))
    return Call((x,), {"n": draw(st.none() | st.integers(1, 6)), "axis": draw(axis(x.ndim)), "norm": draw(norms)})


@st.composite
def shifted(draw: st.DrawFn, numbers: Numbers = real) -> Call:
    """One axis, several or all of them; NumPy cannot shift along none."""
    x = numbers(draw(generators), draw(shapes(min_dims=1, max_side=4)))
    return Call((x,), {"axes": draw(axes(x.ndim).filter(lambda chosen: chosen != ()))})


SAMPLES: dict[str, Calls] = {
    "fft.fft":        transformed(real) | transformed(complexes),
    "fft.ifft":       transformed(real) | transformed(complexes),
    "fft.rfft":       transformed(real),
    "fft.irfft":      transformed(complexes, half=True) | transformed(real, half=True),
    "fft.fftshift":   shifted(),
    "fft.ifftshift":  shifted(),
}  # fmt: skip

COMPLEX = ["fft.fft", "fft.ifft", "fft.rfft", "fft.irfft"]
