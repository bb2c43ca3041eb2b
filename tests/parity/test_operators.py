"""PyTorch's own samples of its operators: values, both modes and second order, in float64 and complex128.

``operators.py`` says how each operator is called here. Of an operator's samples some are taken, spread evenly.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # asked for by PyTorch's database

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

import autograd_core as ag  # noqa: E402
from parity.operators import BEFORE, DIFFERENT, EXCLUDED, HERE, MISSING, THEIRS, WRONG_FORWARD  # noqa: E402

SAMPLES = 5
DTYPES = {torch.float64: np.float64, torch.complex128: np.complex128, torch.float32: np.float32}
pytestmark = pytest.mark.filterwarnings("ignore")


def name_of(op: Any) -> str:
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


OPERATORS = {name_of(op): op for op in op_db if op.supports_autograd}
CASES = [
    (name, dtype)
    for name, op in OPERATORS.items()
    for dtype in (torch.float64, torch.complex128)
    if dtype in op.supported_backward_dtypes("cpu")
]


def samples_of(op: Any, dtype: Any) -> list[Any]:
    """Some of the operator's samples, the same in every run; those with a gradient."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (PyTorch's samples draw from it)
    found = list(op.sample_inputs("cpu", dtype, requires_grad=True))
    return found[:: -(-len(found) // SAMPLES)] if found else []


def array(t: Any) -> Any:
    return t.numpy(force=True).copy()


def floating(t: Any) -> bool:
    return hasattr(t, "dtype") and (t.is_floating_point() or t.is_complex())


def directions(shapes: list[Any], k: int) -> list[Any]:
    """Fixed cotangents or tangents, complex where the array is."""
    made = []
    for shape, complex_ in shapes:
        n = np.arange(int(np.prod(shape)), dtype=float) + k
        k += 3
        made.append((np.cos(n) + (1j * np.sin(1.7 * n) if complex_ else 0)).reshape(shape))
    return made


def near(what: str, ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs), what
    for a, b in zip(ours, theirs, strict=True):
        a, b = np.asarray(a), array(b)
        assert a.shape == b.shape, (what, a.shape, b.shape)
        scale = np.abs(b[np.isfinite(b)]).max(initial=1.0)
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9 * scale, err_msg=what)


class Sample:
    """One sample as two functions of the same arrays, here and in PyTorch; ``xs`` are those to be differentiated."""

    def __init__(self, name: str, op: Any, sample: Any) -> None:
        self.op, self.name = op, name
        leaves, self.spec = pytree.tree_flatten((sample.input, tuple(sample.args), sample.kwargs))
        self.leaves = leaves
        self.places = [i for i, x in enumerate(leaves) if floating(x) and x.requires_grad]
        self.xs = [array(leaves[i]) for i in self.places]

    def theirs(self, *xs: Any) -> list[Any]:
        leaves = list(self.leaves)
        for i, x in zip(self.places, xs, strict=True):
            leaves[i] = x
        x, args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        x = BEFORE[self.name](torch, x, **kwargs) if self.name in BEFORE else x
        result = self.op(x, *args, **kwargs)
        result = THEIRS[self.name](torch, result) if self.name in THEIRS else result
        return [y for y in pytree.tree_leaves(result) if floating(y)]

    def ours(self, *xs: Any) -> list[Any]:
        constants = [array(x) if isinstance(x, torch.Tensor) else x for x in self.leaves]
        leaves = [DTYPES.get(x, x) if isinstance(x, torch.dtype) else x for x in constants]
        for i, x in zip(self.places, xs, strict=True):
            leaves[i] = x
        x, args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        x = BEFORE[self.name](np, x, **kwargs) if self.name in BEFORE else x
        return [
            y for y in flat(HERE[self.name](x, *args, **kwargs)) if np.asarray(ag.stop_gradient(y)).dtype.kind in "fc"
        ]


def flat(result: Any) -> list[Any]:
    return [y for part in result for y in flat(part)] if isinstance(result, (tuple, list)) else [result]


def compare(s: Sample) -> list[str]:
    """Both sides of one sample; answers with what was compared."""
    leaves = [torch.tensor(x, requires_grad=True) for x in s.xs]
    outs = s.theirs(*leaves)
    kept = [k for k, y in enumerate(outs) if y.requires_grad]
    us = directions([(outs[k].shape, outs[k].is_complex()) for k in kept], 1)
    ts = directions([(x.shape, x.dtype.kind == "c") for x in s.xs], 2)
    ws = directions([(x.shape, x.dtype.kind == "c") for x in s.xs], 5)
    near("value", s.ours(*map(ag.Tensor, s.xs)), outs)
    done = ["value"]
    if not kept or not leaves:
        return done
    f: Callable[..., Any] = lambda *xs: [s.ours(*xs)[k] for k in kept]
    zero = lambda grads: [torch.zeros_like(x) if g is None else g for g, x in zip(grads, leaves, strict=True)]
    second = s.op.supports_gradgrad
    outs = [outs[k] for k in kept]
    gs = zero(torch.autograd.grad(outs, leaves, [torch.tensor(u) for u in us], create_graph=second, allow_unused=True))
    found = ag.vjp(f, *s.xs)[1](us)
    near("vjp", list(found), gs)
    done.append("vjp")
    tangents = ag.jvp(f, tuple(s.xs), tuple(ts))[1]
    if s.op.supports_forward_ad and s.name not in WRONG_FORWARD:
        near("jvp", tangents, [y for k, y in enumerate(forward(s, ts)) if k in kept])
    else:  # ⟨u, Jt⟩ = ⟨Jᵀu, t⟩
        left = sum(np.sum(np.conj(u) * y).real for u, y in zip(us, tangents, strict=True))
        right = sum(np.sum(np.conj(array(g)) * t).real for g, t in zip(gs, ts, strict=True))
        np.testing.assert_allclose(left, right, rtol=1e-7, atol=1e-8, err_msg="jvp")
    done.append("jvp")
    if second and any(g.requires_grad for g in gs):
        again = [(g, torch.tensor(w)) for g, w in zip(gs, ws, strict=True) if g.requires_grad]
        theirs = zero(torch.autograd.grad([g for g, _ in again], leaves, [w for _, w in again], allow_unused=True))
        near("second", list(ag.vjp(lambda *xs: list(ag.vjp(f, *xs)[1](us)), *s.xs)[1](ws)), theirs)
        done.append("second")
    return done


def forward(s: Sample, ts: list[Any]) -> list[Any]:
    from torch.autograd import forward_ad

    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(torch.tensor(x), torch.tensor(t)) for x, t in zip(s.xs, ts, strict=True)]
        parts = [forward_ad.unpack_dual(y) for y in s.theirs(*duals)]
        return [torch.zeros_like(p.primal) if p.tangent is None else p.tangent for p in parts]


@pytest.mark.parametrize(("name", "dtype"), CASES, ids=[f"{n}-{str(d)[6:]}" for n, d in CASES])
def test_samples(name: str, dtype: Any, record_property: Any) -> None:
    excluded = [reason for reason, names in EXCLUDED.items() if name in names.split()]
    if name in MISSING.split() or excluded:
        record_property("operators", f"excluded: {excluded[0]}" if excluded else "missing here")
        return
    record_property("operators", "compared")
    torch.set_num_threads(1)
    wrong = []
    for sample in samples_of(OPERATORS[name], dtype):
        s = Sample(name, OPERATORS[name], sample)
        reason = DIFFERENT[name](sample) if name in DIFFERENT else ""
        record_property("samples", f"left out: {reason}" if reason else "compared")
        if reason:
            continue
        try:
            for what in compare(s):
                record_property("comparisons", what)
        except Exception as error:
            shapes = [(x.shape, x.dtype) if hasattr(x, "dtype") else x for x in s.leaves]
            wrong.append(f"{type(error).__name__}: {str(error)[:600]}\n    {shapes} {sample.kwargs}")
    assert not wrong, "\n".join(wrong)


def test_every_operator_stands_in_one_table() -> None:
    listed = [*HERE, *(name for names in EXCLUDED.values() for name in names.split()), *MISSING.split()]
    assert sorted(listed) == sorted(OPERATORS)
