"""``torch.special``: SciPy's special functions, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from autograd_core.ops import special as _library
from autograd_core.spellings import methods as _spelled
from autograd_core.support.lazy import advice

from .tensor import faced

_RENAMED = {
    "gammaln": "gammaln",
    "psi": "digamma",
    "expit": "expit",
    "modified_bessel_i0": "i0",
    "log_ndtr": "log_ndtr",
}


def __getattr__(name: str) -> Any:
    found = None
    if not name.startswith("_"):
        found = _spelled.find(name) or getattr(_library, _RENAMED.get(name, name), None)
    if not callable(found):
        raise AttributeError(advice("torch.special", name))
    globals()[name] = face = faced(found, name, floating=True)
    return face
