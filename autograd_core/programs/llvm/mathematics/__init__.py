"""Elementary functions as LLVM's code: of an ``IRBuilder`` and its values, float or double, scalars or vectors.

Names are NumPy's. Largest distances from the true value, in units of the last place
(``tests/test_llvm_mathematics.py`` bounds them by mpmath):

=========  =====  ======
function   float  double
=========  =====  ======
exp        1.1    1.0
exp2       1.0    1.0
expm1      1.7    1.9
log        1.0    1.0
log2       1.5    1.5
log10      1.5    1.5
log1p      1.6    1.5
tanh       2.5    2.6
sinh       2.3    2.4
cosh       1.5    1.5
sigmoid    2.3    2.3
softplus   2.0    2.0
arcsinh    2.0    2.0
arccosh    2.2    2.2
arctanh    2.2    2.2
erf        1.5    1.5
sin        1.6    1.6
cos        1.6    1.6
tan        3.2    3.3
arctan     1.9    1.5
arctan2    1.7    1.7
arcsin     2.1    2.1
arccos     1.3    1.4
power      0.6    1.2
=========  =====  ======

``logaddexp`` is as far as ``softplus``, counted from the larger of its result and its arguments. ``sqrt``, ``floor``,
``ceil``, ``trunc``, ``rint``, ``absolute``, ``sign``, ``copysign``, ``maximum``, ``minimum``, ``fmax``, ``fmin``,
``fmod``, ``remainder``, ``floor_divide`` and comparisons are NumPy's to the bit.

All are free of branches, and give the same bits at every width, but for sin, cos and tan beyond 2¹⁷ (float) and 2³⁰
(double) and for remainders of quotients beyond 2²³ and 2⁵², which one lane after another are C's behind a branch. A
loop of scalars around such a branch stays one of scalars: give those functions vectors.
"""

from .exact import absolute, ceil, copysign, floor, floor_divide, fmax, fmin, fmod, maximum, minimum, remainder, rint
from .exact import equal, greater, greater_equal, less, less_equal, not_equal, sign, sqrt, trunc, where
from .exponential import arccosh, arcsinh, arctanh, cosh, erf, exp, exp2, expm1, log, log1p, log2, log10, logaddexp
from .exponential import power, sigmoid, sinh, softplus, tanh
from .trigonometric import arccos, arcsin, arctan, arctan2, cos, sin, tan
