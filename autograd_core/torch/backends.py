"""``torch.backends``: settings of PyTorch's own libraries, which may be set and change nothing here."""

from __future__ import annotations

from types import SimpleNamespace

cudnn = SimpleNamespace(
    deterministic=True, benchmark=False, enabled=False, allow_tf32=False, is_available=lambda: False
)
mps = SimpleNamespace(is_available=lambda: False, is_built=lambda: False)
cuda = SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False), is_built=lambda: False)
mkldnn = SimpleNamespace(is_available=lambda: False)
mkl = SimpleNamespace(is_available=lambda: False)
openmp = SimpleNamespace(is_available=lambda: False)
