"""``scipy.special`` on tensors: SciPy's values, differentiable, under its names; what has a formula has a derivative.

SciPy is needed (``pip install autograd-core[special]``) and imported with this room, when it is first asked for. Its
own ufuncs then record, too. Orders, degrees of freedom and other parameters without a formula are refused where they
are recorded tensors, never taken for constants in silence.
"""

try:
    import scipy.special
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "ag.special takes its values from SciPy, which is not installed. Fix: pip install autograd-core[special]",
        name="scipy",
    ) from error

from .bessel import *
from .bessel import __all__ as _bessel
from .common import *
from .common import __all__ as _common
from .gammas import *
from .gammas import __all__ as _gammas
from .integrals import *
from .integrals import __all__ as _integrals
from .polynomials import *
from .polynomials import __all__ as _polynomials

__all__ = sorted([*_bessel, *_common, *_gammas, *_integrals, *_polynomials])
