"""PyTorch's own samples of its modules and optimizers: outputs, gradients, buffers, paths."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # asked for by PyTorch's databases

from torch.testing._internal.common_modules import module_db  # noqa: E402
from torch.testing._internal.common_optimizers import optim_db  # noqa: E402

import autograd_core as ag  # noqa: E402
import nn  # noqa: E402
import optim  # noqa: E402
from parity.operators import MISSING_ARGUMENTS, MODULES_DIFFERENT  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def array(t: Any) -> Any:
    return t.numpy(force=True).copy()


def ours_of(x: Any, known: dict[int, Any] | None = None) -> Any:
    """Tensors, also in lists and dicts, as ours; the same one twice as the same one twice."""
    known = {} if known is None else known
    if isinstance(x, torch.Tensor):
        return known.setdefault(id(x), ag.Tensor(array(x), requires_grad=True) if x.requires_grad else array(x))
    if isinstance(x, (tuple, list)):
        return type(x)(ours_of(part, known) for part in x)
    if isinstance(x, dict):
        return {k: ours_of(v, known) for k, v in x.items()}
    if isinstance(x, torch.nn.TransformerEncoderLayer):
        sizes = x.self_attn.embed_dim, x.self_attn.num_heads, x.linear1.out_features, x.dropout.p, ours_of(x.activation)
        options = {
            "batch_first": x.self_attn.batch_first,
            "norm_first": x.norm_first,
            "bias": x.linear1.bias is not None,
        }
        return nn.TransformerEncoderLayer(*sizes, **options)
    name = getattr(x, "__name__", "")
    return getattr(nn.functional, name) if x is getattr(torch.nn.functional, name, None) is not None else x


def leaves(x: Any, kind: type) -> list[Any]:
    if isinstance(x, (tuple, list, dict)):
        return [y for part in (x.values() if isinstance(x, dict) else x) for y in leaves(part, kind)]
    return [x] if isinstance(x, kind) and x.requires_grad else []


def near(a: Any, b: Any, what: str) -> None:
    b = np.zeros(np.shape(a)) if b is None else array(b)
    a = np.zeros(b.shape) if a is None else np.asarray(ag.stop_gradient(a))
    assert a.shape == b.shape, (what, a.shape, b.shape)
    np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9 * np.abs(b).max(initial=1.0), err_msg=what)


def compare(ours: Any, theirs: Any, sample: Any) -> None:
    args, kwargs = sample.forward_input.args, sample.forward_input.kwargs
    my_args, my_kwargs = ours_of(args), ours_of(kwargs)
    for x in leaves((args, kwargs), torch.Tensor):
        x.retain_grad()
    if type(theirs).__name__.startswith("Lazy"):  # they get their weights now
        theirs(*args, **kwargs), ours(*my_args, **my_kwargs)
    if isinstance(theirs, torch.nn.Module) and dict(theirs.state_dict()):
        ours.load_state_dict({k: array(v) for k, v in theirs.state_dict().items()})
    right = theirs(*args, **kwargs)
    left = ours(*my_args, **my_kwargs)
    parts = [(y, z) for y, z in zip(flat(left), flat(right), strict=True) if z is not None]
    total: Any = 0.0
    total_right: Any = 0.0
    for k, (y, z) in enumerate(parts):
        near(y, z, "output")
        if z.requires_grad:
            u = np.cos(np.arange(z.numel()) + k).reshape(tuple(z.shape))
            total, total_right = total + (y * u).sum(), total_right + (z * torch.tensor(u)).sum()
    if isinstance(total, float):
        return
    total.backward()
    total_right.backward()
    for a, b in zip(leaves((my_args, my_kwargs), ag.Tensor), leaves((args, kwargs), torch.Tensor), strict=True):
        near(a.grad, b.grad, "gradient of an input")
    mine, their = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert list(mine) == list(their)
    for name, p in their.items():
        near(mine[name].grad, p.grad, f"gradient of {name}")
    for (name, a), (_, b) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        near(a, b, f"buffer {name}")


def flat(x: Any) -> list[Any]:
    return [y for part in x for y in flat(part)] if isinstance(x, (tuple, list)) else [x]


CASES = [
    (info, training) for info in module_db for training in ((True, False) if info.train_and_eval_differ else (True,))
]


@pytest.mark.parametrize(
    ("info", "training"), CASES, ids=[f"{info.name}{'' if training else '-eval'}" for info, training in CASES]
)
def test_modules(info: Any, training: bool, record_property: Any) -> None:
    name = info.name.removeprefix("nn.")
    if "Fractional" in name:
        record_property("modules", "excluded: random")
        return
    if not hasattr(nn, name):
        record_property("modules", "missing here")
        return
    record_property("modules", "compared")
    torch.manual_seed(0)
    wrong = []
    for sample in info.module_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=True, training=training
    ):
        args, kwargs = sample.constructor_input.args, dict(sample.constructor_input.kwargs)
        reason = next((f"missing here: {k}=" for k in MISSING_ARGUMENTS.get(name, "").split() if kwargs.get(k)), "")
        reason = reason or MODULES_DIFFERENT.get(name, "")
        if any(np.isnan(array(x)).any() for x in leaves(sample.forward_input.args, torch.Tensor)):
            reason = "NaN among the data"
        record_property("module samples", f"left out: {reason}" if reason else "compared")
        if reason:
            continue
        mine = {k: v for k, v in kwargs.items() if k not in ("device", "dtype")}
        for k in MISSING_ARGUMENTS.get(name, "").split():
            mine.pop(k, None)
        try:
            theirs = info.module_cls(*args, **kwargs).double().train(training)
            ours = getattr(nn, name)(*ours_of(args), **ours_of(mine)).double().train(training)
            compare(ours, theirs, sample)
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {str(error)[:500]}\n    {args} {kwargs} {sample.desc}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("in_double_precision")
@pytest.mark.parametrize("info", optim_db, ids=[info.optim_cls.__name__ for info in optim_db])
def test_optimizers(info: Any, record_property: Any) -> None:
    """Ten steps along given gradients of three parameters, for every set of options; L-BFGS on a quadratic."""
    name = info.optim_cls.__name__
    if not hasattr(optim, name):
        record_property("optimizers", "missing here")
        return
    record_property("optimizers", "compared")
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (5, 2)] if name in ("Muon", "SparseAdam") else [(3, 4), (7,), ()]
    starts = [rng.normal(size=s) for s in shapes]
    slopes = [[rng.normal(size=s) for s in shapes] for _ in range(10)]
    if name == "SparseAdam":
        slopes = [[g * (rng.random((len(g), 1)) < 0.6) for g in step] for step in slopes]
    for sample in info.optim_inputs_func(device="cpu"):
        record_property("optimizer samples", "compared")
        options = {k: float(v) if isinstance(v, torch.Tensor) else v for k, v in sample.kwargs.items()}
        right = [torch.tensor(x, requires_grad=True) for x in starts]
        left = [ag.Tensor(x.copy(), requires_grad=True) for x in starts]
        theirs, ours = info.optim_cls(right, **options), getattr(optim, name)(left, **options)
        for step in slopes:
            for p, q, g in zip(left, right, step, strict=True):
                p.grad, q.grad = g, torch.tensor(g).to_sparse(1) if name == "SparseAdam" else torch.tensor(g)
            if info.step_requires_closure:
                ours.step(functools.partial(quadratic, ours, left, slopes[0], np))
                theirs.step(functools.partial(quadratic, theirs, right, slopes[0], torch))
            else:
                ours.step()
                theirs.step()
        for p, q in zip(left, right, strict=True):
            near(p, q, f"{options}")


def quadratic(optimizer: Any, params: Any, centres: Any, m: Any) -> Any:
    optimizer.zero_grad()
    total: Any = 0.0
    for k, (p, c) in enumerate(zip(params, centres, strict=True)):
        d = p - (torch.tensor(c) if m is torch else c)
        total = total + (k + 1) * (d * d * d * d + d * d).sum()
    total.backward()
    return total
