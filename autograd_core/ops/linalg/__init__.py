"""``numpy.linalg`` on tensors: solving, determinants, factorisations, eigenvalues, norms.

Names, arguments and values are NumPy's own, stacks of matrices and complex numbers included; every function has both
modes and derivatives of any order. Where NumPy reads one triangle only of a symmetric matrix (``cholesky``, ``eigh``,
``eigvalsh``, ``hermitian=True``), so does the derivative: the gradient has zeros in the other triangle, and off the
diagonal it is twice that of a convention which shares it between both. Along symmetric directions they agree.

Eigenvectors and singular vectors are unique but for a sign, or a phase where they are complex. The phase that LAPACK
chose is kept: the component that it made real stays real. What does not depend on the phase is right in any case.
Vectors of a repeated value may be turned among themselves at will, so they have no derivative: NaN. What no such turn
changes has one, in reverse mode: the values' sums, a projector on all vectors of a value, a function of the matrix
(V f(w) Vᴴ). By its cotangent alone that cannot be told from a sum of several functions, or from vectors whose cotangent
is Hermitian by chance. Forward mode does not know what becomes of the vectors, and says NaN. Where vectors merely
complete a basis (``full_matrices=True``, ``mode="complete"``), they move as little as they can.

From ``scipy.linalg``, with its values: ``expm``, ``logm``, ``sqrtm``, ``solve_triangular``, ``cho_solve``, ``lu``,
``lu_factor``, ``lu_solve``, ``solve_sylvester``, ``block_diag``, ``toeplitz``; of ``scipy.sparse``: ``spsolve``,
``spmatmul``.

>>> import autograd_core as ag
>>> ag.grad(ag.linalg.det)(np.array([[1.0, 2.0], [3.0, 4.0]]))
array([[ 4., -3.],
       [-2.,  1.]])
"""

import numpy as np
from numpy.linalg import LinAlgError

from ..products.contractions import linalg_cross as cross
from ..products.contractions import matmul, tensordot, vecdot
from .determinants import det, slogdet
from .eigen import eig, eigh, eigvals, eigvalsh
from .factors import cholesky, qr
from .functions import *
from .functions import __all__ as _scipys
from .norms import cond, matrix_norm, norm, vector_norm
from .pivoting import lu, lu_factor, lu_solve
from .shapes import diagonal, matrix_transpose, outer, trace
from .solving import inv, lstsq, matrix_power, matrix_rank, multi_dot, pinv, solve, tensorinv, tensorsolve
from .sparse import spmatmul, spsolve
from .svd import svd, svdvals

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq",
    "lu", "lu_factor", "lu_solve", "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose",
    "multi_dot", "norm", "outer", "pinv", "qr", "slogdet", "solve", "spmatmul", "spsolve", "svd", "svdvals",
    "tensordot", "tensorinv", "tensorsolve", "trace", "vecdot", "vector_norm", "LinAlgError", *_scipys,
]  # fmt: skip
