"""The face ``autograd_core.torch`` on PyTorch's own samples, by PyTorch's own names and arguments, and names not there.

Each operator of PyTorch's database is called as PyTorch calls it: the function of the same path, and the tensor's
method of the same name. Dtypes of results are compared, too.
"""

from __future__ import annotations

import functools
import random
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # asked for by PyTorch's database

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402
from torch.utils import _pytree as pytree  # noqa: E402

import autograd_core as ag  # noqa: E402
import autograd_core.torch as face  # noqa: E402
import nn  # noqa: E402
import optim  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
SAMPLES = 6


def found(root: Any, path: str) -> Any:
    for part in path.split("."):
        root = getattr(root, part, None)
    return root


def name_of(op: Any) -> str:
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


OPERATORS = {
    name_of(op): op for op in op_db if callable(found(face, op.name)) and not isinstance(found(face, op.name), np.dtype)
}

RANDOM = [
    "normal",
    "normal.number_mean",
    "bernoulli",
    "multinomial",
    "randn",
    "rand",
    "randint",
    "rand_like",
    "randn_like",
    "randint_like",
    "empty",
    "empty_like",
    "new_empty",
    "nn.functional.dropout",
    "nn.functional.dropout2d",
    "nn.functional.dropout3d",
    "nn.functional.alpha_dropout",
    "nn.functional.feature_alpha_dropout.with_train",
    "nn.functional.rrelu",
    "uniform",
    "randperm",
    "poisson",
    "nn.functional.dropout1d",
    "nn.functional.fractional_max_pool2d",
    "nn.functional.fractional_max_pool3d",
    "nn.functional.feature_alpha_dropout.without_train",
    "empty_permuted",
    "empty_strided",
    "new_empty_strided",
    "nn.functional.scaled_dot_product_attention",
]
"""Of these only shape and dtype are compared."""


CALLED = {
    "einsum": lambda xs, equation: face.einsum(equation, *xs),
    "polygamma": lambda x, n: face.polygamma(n, x),
    "special.polygamma": lambda x, n: face.special.polygamma(n, x),
    "where": lambda x, condition, other: face.where(condition, x, other),
    "nn.functional.embedding": lambda weight, i, **options: face.nn.functional.embedding(i, weight, **options),
}
"""Of these the database calls a function of its own, with the arguments in another order."""


DIFFERENT = {
    **dict.fromkeys(
        ("nn.functional.group_norm", "nn.functional.layer_norm", "nn.functional.rms_norm"), "eps < 0 is refused by name"
    ),
    "nn.functional.multilabel_margin_loss": "a single number is refused by name",
    "nn.functional.batch_norm": "fewer than two axes are refused by name",
    "nn.functional.feature_alpha_dropout.without_train": "fewer than two axes are refused by name",
    "nn.functional.gaussian_nll_loss": "an input and a target of different shapes are refused by name",
    "nn.functional.triplet_margin_with_distance_loss": "the samples give a module of PyTorch's",
    **dict.fromkeys(("nn.functional.embedding", "nn.functional.embedding_bag"), "sparse=True is refused by name"),
    "nextafter": "the samples require gradients, which it has not",
    "unique_consecutive": "dim= is refused by name",
    "tensordot": "broadcasts axes, as NumPy does not",
    "linalg.norm": "of empty matrices",
    "linalg.matrix_norm": "of empty matrices",
    "linalg.pinv.singular": "the samples' wrapper multiplies two tensors",
    **dict.fromkeys(
        ("linalg.eig", "linalg.eigh", "linalg.eigvals", "linalg.lstsq", "linalg.lstsq.grad_oriented"),
        "known up to a factor",
    ),
    **dict.fromkeys(("kthvalue", "topk", "mode"), "which of equal elements has the index is not said in PyTorch"),
    **dict.fromkeys(("linspace", "logspace.tensor_overload", "arange"), "rounding of integers, in single precision"),
    **dict.fromkeys(("addmv", "addbmm", "baddbmm"), "fractions of integers"),
    "normal.in_place": "the sample calls t.normal_, where the first argument is a shape",
}
"""Of these some samples differ, or are refused: why."""


def ours_of(x: Any) -> Any:
    if isinstance(x, torch.Tensor):
        made = face.tensor(x.detach().resolve_conj().resolve_neg().numpy())
        return made.requires_grad_() if x.requires_grad else made
    if isinstance(x, torch.dtype):
        return getattr(face, str(x).removeprefix("torch."), x)
    if isinstance(x, torch.Size):
        return tuple(x)
    return x


def samples_of(op: Any, dtype: Any) -> list[Any]:
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (PyTorch's samples draw from it)
    samples = list(op.sample_inputs("cpu", dtype))
    return samples[:: -(-len(samples) // SAMPLES)] if samples else []


def flat(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [y for part in result for y in flat(part)]
    return [result]


def compare(name: str, what: str, ours: Any, theirs: Any) -> None:
    ours, theirs = flat(ours), flat(theirs)
    assert len(ours) == len(theirs), f"{what}: {len(ours)} results for {len(theirs)}"
    for a, b in zip(ours, theirs, strict=True):
        if not isinstance(b, torch.Tensor):
            assert a == b or (a != a and b != b), f"{what}: {a} for {b}"
            continue
        assert isinstance(a, face.Tensor), f"{what}: {type(a).__name__} is not of the face"
        assert tuple(a.shape) == tuple(b.shape), f"{what}: {a.shape} for {tuple(b.shape)}"
        assert str(a.dtype) == str(b.dtype).removeprefix("torch."), f"{what}: {a.dtype} for {b.dtype}"
        if name not in RANDOM:
            b = b.detach().resolve_conj().resolve_neg().numpy()
            scale = np.abs(b[np.isfinite(b)]).max(initial=1.0) if b.dtype.kind in "fc" else 1
            rtol = 1e-4 if b.dtype in (np.float32, np.complex64) else 1e-9
            np.testing.assert_allclose(a.numpy(), b, rtol=rtol, atol=rtol * scale, err_msg=what)


def tried(op: Any, name: str, dtype: Any) -> list[str]:
    """What went wrong."""
    wrong = []
    for sample in samples_of(op, dtype):
        args, kwargs = pytree.tree_map(ours_of, (tuple(sample.args), sample.kwargs))
        x = pytree.tree_map(ours_of, sample.input)
        theirs = op(sample.input, *sample.args, **sample.kwargs)
        calls = {"function": functools.partial(CALLED.get(op.name, found(face, op.name)), x)}
        if op.method_variant and isinstance(x, face.Tensor):
            calls["method"] = getattr(x, op.name)
        for what, call in calls.items():
            try:
                compare(name, what, call(*args, **kwargs), theirs)
            except Exception as error:
                if name in DIFFERENT:
                    continue
                shapes = pytree.tree_map(lambda v: tuple(v.shape) if hasattr(v, "shape") else v, (x, args, kwargs))
                wrong.append(f"{what}: {type(error).__name__}: {str(error)[:300]}\n    {str(shapes)[:300]}")
    return wrong


CASES = [
    (name, dtype)
    for name, op in OPERATORS.items()
    for dtype in (torch.float32, torch.int64)
    if op.supports_dtype(dtype, "cpu") and not (dtype == torch.int64 and name.startswith("nn."))
]


@pytest.mark.parametrize(("name", "dtype"), CASES, ids=[f"{n}-{str(d)[6:]}" for n, d in CASES])
def test_operators_by_their_own_names(name: str, dtype: Any) -> None:
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = tried(OPERATORS[name], name, dtype)
    assert not wrong, "\n".join(wrong[:3])


# Names ---------------------------------------------------------------------------------------------------------------

PLACES = {
    "torch": (torch, face),
    "torch.Tensor": (torch.Tensor, face.tensor([[1.0]])),
    "torch.nn": (torch.nn, face.nn),
    "torch.nn.functional": (torch.nn.functional, face.nn.functional),
    "torch.optim": (torch.optim, face.optim),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_public_name_is_here_or_answered(place: str, record_property: Any) -> None:
    """What is missing says what to use: an AttributeError with a fix."""
    theirs, ours = PLACES[place]
    silent = []
    for name in dir(theirs):
        if name.startswith("_"):
            continue
        try:
            getattr(ours, name)
            record_property("names", "here")
        except AttributeError as error:
            record_property("names", "answered")
            if "Fix: " not in str(error):
                silent.append(name)
        except (RuntimeError, NotImplementedError):  # a property that needs a graph
            record_property("names", "here")
    assert silent == []


@pytest.mark.parametrize("place", ["torch.nn", "torch.nn.functional", "torch.optim", "torch.Tensor"])
def test_numpys_face_answers_too(place: str) -> None:
    plain = {
        "torch.nn": nn,
        "torch.nn.functional": nn.functional,
        "torch.optim": optim,
        "torch.Tensor": ag.Tensor([[1.0]]),
    }
    silent = []
    for name in dir(PLACES[place][0]):
        if not name.startswith("_"):
            try:
                getattr(plain[place], name)
            except AttributeError as error:
                if "Fix: " not in str(error):
                    silent.append(name)
            except (RuntimeError, NotImplementedError):
                pass
    assert silent == []
