"""Products of matrices in C: loops, or a CBLAS where the compiler is told of one."""

from __future__ import annotations

import numpy as np

from .expressions import TYPES

_MATMUL = """\
/* c = a b for an m by k matrix a and a k by n matrix b, each with its steps from row to row and column to column */
static void matmul_NAME(int m, int n, int k, const TYPE *a, int ar, int ac, const TYPE *b, int br, int bc, TYPE *c,
                        int cr, int cc) {CBLAS
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) c[i * cr + j * cc] = 0;
        for (int l = 0; l < k; l++) {
            const TYPE x = a[i * ar + l * ac];
            for (int j = 0; j < n; j++) c[i * cr + j * cc] += x * b[l * br + j * bc];
        }
    }
}"""

_CBLAS = """
#ifdef MACRO_CBLAS
    if ((ac == 1 || ar == 1) && (bc == 1 || br == 1) && cc == 1 && k > 0) {
        const int at = ac != 1, bt = bc != 1;
        const int lda = at ? ac : ar, ldb = bt ? bc : br;
        if (lda >= (at ? m : k) && ldb >= (bt ? k : n) && cr >= n) {
            cblas_LETTERgemm(CblasRowMajor, at ? CblasTrans : CblasNoTrans, bt ? CblasTrans : CblasNoTrans, m, n, k, 1,
                        a, lda, b, ldb, 0, c, cr);
            return;
        }
    }
#endif"""


def matmul(dtype: np.dtype[np.generic], macro: str) -> str:
    """The function that multiplies matrices of a dtype."""
    letter = {"f": "s", "d": "d"}.get(dtype.char)
    cblas = _CBLAS.replace("MACRO", macro).replace("LETTER", letter) if letter else ""
    text = _MATMUL.replace("CBLAS", cblas, 1).replace("NAME", name_of(dtype))
    return text.replace("TYPE", TYPES[dtype.char])


def name_of(dtype: np.dtype[np.generic]) -> str:
    """How functions of a dtype are called."""
    return TYPES[dtype.char].replace(" ", "_").removesuffix("_t")
