"""``scipy.signal`` on tensors: convolutions, recursive filters, spectra, and the linear maps along an axis."""

from .convolving import *
from .convolving import __all__ as _convolving
from .filtering import *
from .filtering import __all__ as _filtering
from .spectra import *
from .spectra import __all__ as _spectra

__all__ = sorted([*_convolving, *_filtering, *_spectra])
