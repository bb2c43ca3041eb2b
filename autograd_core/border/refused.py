"""What NumPy has and is refused on tensors by intent, and for each its differentiable neighbour.

The third of the three states of a NumPy function; ``protocols.py`` names the other two. Read only when a refusal is
worded.
"""

from __future__ import annotations

_BINS = "count softly, by a sum of kernels such as np.exp(-(((x - centre) / width) ** 2))"
_SETS = "choose elements by index, x[np.unique(x.numpy(), return_index=True)[1]]"
_WRITES = "make a new array, with np.where or t.at[index].set(value)"
_PLAIN = "leave the tensor as it is, NumPy's functions take it"
_BITS = "take the bits of t.numpy()"
_FILES = "save t.numpy()"

REFUSED: dict[str, str] = {
    # Steps and counts whose derivative would be zero almost everywhere, and so mislead
    "histogram": _BINS,
    "histogram2d": _BINS,
    "histogramdd": _BINS,
    "histogram_bin_edges": _BINS,
    "nextafter": "x + np.spacing(x.numpy())",
    "spacing": "np.finfo(x.dtype).eps * np.abs(x)",
    "packbits": _BITS,
    "unpackbits": _BITS,
    # Sets
    "intersect1d": _SETS,
    "setdiff1d": _SETS,
    "setxor1d": _SETS,
    "union1d": _SETS,
    "unique": _SETS,
    "unique_all": _SETS,
    "unique_counts": _SETS,
    "unique_inverse": _SETS,
    "unique_values": _SETS,
    # Writing into an array, or into a file
    "copyto": _WRITES,
    "fill_diagonal": "ag.fill_diagonal(t, value), which gives a new array",
    "place": _WRITES,
    "put": _WRITES,
    "put_along_axis": "ag.put_along_axis(t, indices, values, axis), which gives a new array",
    "putmask": _WRITES,
    "save": _FILES,
    "savetxt": _FILES,
    "savez": _FILES,
    "savez_compressed": _FILES,
    # Becoming a plain array
    "array": _PLAIN,
    "asanyarray": _PLAIN,
    "asarray": _PLAIN,
    "asarray_chkfinite": _PLAIN,
    "ascontiguousarray": _PLAIN,
    "asfortranarray": _PLAIN,
    "require": _PLAIN,
    # Said better otherwise
    "polyfit": "np.linalg.lstsq(np.vander(x, degree + 1), y)",
}
