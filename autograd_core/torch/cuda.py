"""``torch.cuda``: whether arrays can lie on a GPU, which takes CuPy."""

from __future__ import annotations

import importlib.util

from autograd_core.support.lazy import answering


def is_available() -> bool:
    """Whether CuPy is installed and sees a GPU."""
    if importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    return bool(cupy.cuda.is_available())


def device_count() -> int:
    """How many GPUs CuPy sees."""
    if not is_available():
        return 0
    import cupy

    return int(cupy.cuda.runtime.getDeviceCount())


def manual_seed(seed: int) -> None:
    """Nothing: ``torch.manual_seed`` seeds every random number here."""


manual_seed_all = manual_seed


def synchronize() -> None:
    """Wait until a GPU has done what was asked of it."""
    if is_available():
        import cupy

        cupy.cuda.Device().synchronize()


def empty_cache() -> None:
    """Nothing: memory is NumPy's."""


__getattr__ = answering("torch.cuda")
