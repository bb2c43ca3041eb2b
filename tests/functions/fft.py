"""Sample calls of ``np.fft``."""

from __future__ import annotations

from hypothesis import strategies as st

from samples.call import Call, Calls
from samples.fft import norms, shifted, transformed
from strategies import Numbers, axis, complexes, either_sign, generators, real, shapes


@st.composite
def along_two(draw: st.DrawFn, numbers: Numbers, half: bool = False) -> Call:
    """The last two axes or two others, cut, filled with zeros or as they are."""
    x = numbers(draw(generators), draw(shapes(min_dims=2, max_dims=3, min_side=2 if half else 1, max_side=3)))
    params = {"norm": draw(norms)}
    if draw(st.booleans()):
        chosen = draw(st.permutations(range(x.ndim)))[:2]
        params["axes"] = tuple(draw(either_sign(a, x.ndim)) for a in chosen)
    if draw(st.booleans()):
        params["s"] = draw(st.tuples(*[st.sampled_from([-1, 1, 2, 3]) if not half else st.integers(1, 3)] * 2))
    return Call((x,), params)


@st.composite
def along_several(draw: st.DrawFn, numbers: Numbers, half: bool = False) -> Call:
    """All axes, or any number of them, also one twice."""
    x = numbers(draw(generators), draw(shapes(min_dims=1, max_dims=3, min_side=2 if half else 1, max_side=3)))
    axes = draw(st.none() | st.lists(axis(x.ndim), min_size=1, max_size=1 if half else 3))
    lengths = st.lists(st.integers(1, 3), min_size=len(axes or ()), max_size=len(axes or ()))
    return Call((x,), {"s": draw(st.none() | lengths) if axes else None, "axes": axes, "norm": draw(norms)})


FUNCTIONS: dict[str, Calls] = {
    "fft.fft":        transformed(real) | transformed(complexes),
    "fft.ifft":       transformed(real) | transformed(complexes),
    "fft.rfft":       transformed(real),
    "fft.irfft":      transformed(real, half=True) | transformed(complexes, half=True),
    "fft.hfft":       transformed(real, half=True) | transformed(complexes, half=True),
    "fft.ihfft":      transformed(real),
    "fft.fft2":       along_two(real) | along_two(complexes),
    "fft.ifft2":      along_two(real) | along_two(complexes),
    "fft.rfft2":      along_two(real),
    "fft.irfft2":     along_two(real, half=True) | along_two(complexes, half=True),
    "fft.fftn":       along_several(real) | along_several(complexes),
    "fft.ifftn":      along_several(real) | along_several(complexes),
    "fft.rfftn":      along_several(real),
    "fft.irfftn":     along_several(real, half=True) | along_several(complexes, half=True),
    "fft.fftshift":   shifted(real) | shifted(complexes),
    "fft.ifftshift":  shifted(real) | shifted(complexes),
}  # fmt: skip
