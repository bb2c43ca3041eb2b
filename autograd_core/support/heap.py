"""Memory that arrays free stays with the process, for the next step's arrays of the same sizes.

The GNU C library gives every large block back to the system when it is freed, and fetches it again page by page: 0.6 µs
a kilobyte where this was measured, a third of a training step of a small convolutional network. It stops doing so for
blocks up to the size of the largest that was ever freed, if that is below 32 MB, and then keeps up to twice that size.
So free one, which nothing was written to, once. Other C libraries, and one that was told otherwise
(``MALLOC_TRIM_THRESHOLD_`` and the like), are not affected.
"""

from __future__ import annotations

import numpy as np

np.empty(31 << 20, np.uint8)
