"""Decompiled code is short, has no Python left in it, and computes the same to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import optim
from test_compile_truth import alike

A, B = np.arange(12.0).reshape(4, 3) / 7, np.arange(4.0)
LARGE = np.random.default_rng(0).normal(size=(40, 3))
X = np.linspace(0.1, 1, 3)
W = ag.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)

PRINTED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "a product": (
        ag.grad(lambda x: np.sum(np.sin(x) * x)),
        (X,),
        "def gradient(x):\n    return np.sin(x) + x * np.cos(x)",
    ),
    "a square": (
        ag.value_and_grad(lambda x: (x**2).sum()),
        (X,),
        "def value_and_gradient(x):\n    return (np.sum(x ** 2), 2 * x)",
    ),
    "softmax": (
        ag.grad(lambda x: ag.softmax(x)[0]),
        (X,),
        "def gradient(x):\n"
        "    v1 = np.exp(x - np.max(x, axis=-1, keepdims=True))\n"
        "    v2 = v1 / np.sum(v1, axis=-1, keepdims=True)\n"
        "    v3 = np.full((3,), 0, np.float64)\n"
        "    v3[0] = 1\n"
        "    return v2 * (v3 - np.sum(v3 * v2, axis=-1, keepdims=True))",
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_text(name: str) -> None:
    f, args, text = PRINTED[name]
    assert ag.decompile(f)(*args) == text


FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{name: (f, args) for name, (f, args, _) in PRINTED.items()},
    "a float": (ag.grad(lambda a: a**3 + 2 * a), (1.5,)),
    "a float beside an array": (lambda x, s: {"a": np.where(x > 0.5, x * s, 0), "b": [x[1:], x[::-1]]}, (X, 2.0)),
    "least squares": (ag.value_and_grad(lambda w: np.mean((A @ w - B) ** 2)), (X,)),
    "logistic": (ag.grad(lambda w: np.log1p(np.exp(-(LARGE @ w))).mean() + 0.1 * (w * w).sum()), (X,)),
    "a hessian": (ag.hessian(lambda x: np.sum(np.exp(x)) * x[0]), (X,)),
    "forward mode": (lambda x: ag.jvp(np.tanh, (x,), (np.ones_like(x),)), (X,)),
    "a tree": (
        ag.grad(lambda p: (np.tanh(A @ p["w"].T + p["b"]) ** 2).sum()),
        ({"w": np.ones((2, 3)), "b": np.zeros(2)},),
    ),
    "an inverse": (ag.grad(lambda x: np.linalg.inv(x).sum()), (np.eye(3) + 0.1,)),
    "sorting": (ag.grad(lambda x: np.sort(x)[1:].sum()), (X,)),
    "a norm": (ag.grad(lambda x: np.linalg.norm(x.reshape(3, 1) * x)), (X,)),
    "a jacobian": (ag.jacobian(lambda x: np.cumsum(x) * x), (X,)),
    "float32": (ag.grad(lambda x: ag.relu(x).sum()), (X.astype(np.float32),)),
    "axes in another order": (
        ag.grad(lambda x: (np.transpose(x, (2, 0, 1)) * x.sum(axis=2)).sum()),
        (A.reshape(2, 2, 3),),
    ),
    "a parameter in reach": (
        ag.no_grad()(lambda x: ag.tanh(W @ x)),
        (X,),
    ),
    "two arguments": (ag.grad(lambda x, y: (x * y).sum(), argnums=(0, 1)), (X, X + 1)),
    "scatter": (ag.grad(lambda x: (x[np.array([0, 0, 2])] * A[0]).sum()), (X,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_computes_the_same(name: str) -> None:
    f, args = FUNCTIONS[name]
    code = ag.decompile(f)(*args)
    expected, found = f(*args), code(*args)
    expected = expected.data if isinstance(expected, ag.Tensor) else expected
    assert alike(_plain(found), _plain(expected)), code
    other = [_moved(a) for a in args]
    expected = f(*other)
    assert alike(_plain(code(*other)), _plain(expected.data if isinstance(expected, ag.Tensor) else expected)), code
    assert "out=" not in code and "args[" not in code


def _moved(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {k: _moved(v) for k, v in tree.items()}
    return tree * 1.25 if isinstance(tree, float) else (tree * np.float32(1.25)).astype(tree.dtype)


def _plain(tree: Any) -> Any:
    """NumPy's scalars as arrays: which of the two a sum is depends on who adds."""
    if isinstance(tree, dict):
        return {k: _plain(v) for k, v in tree.items()}
    return type(tree)(map(_plain, tree)) if isinstance(tree, (list, tuple)) else np.asarray(tree)


def test_large_arrays_are_names() -> None:
    code = ag.decompile(FUNCTIONS["logistic"][0])(X)
    assert "LARGE @ w" in code and code.constants["LARGE"].shape == (40, 3)
    namespace = {"np": np, **code.constants}
    exec(code, namespace)
    assert alike(namespace["gradient"](X), FUNCTIONS["logistic"][0](X))


def test_what_has_no_formula_is_refused() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="cannot be recorded"):
        ag.decompile(lambda x: x * generator.normal())(X)
    with pytest.raises(ValueError, match="has no place in a formula"):
        ag.decompile(lambda x: x * ag.default_generator().normal(size=3))(X)
    optimizer = optim.SGD([w := ag.Tensor(np.ones(3), requires_grad=True)], lr=0.1)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    with pytest.raises(ValueError, match="the function changes"):
        ag.decompile(step)(X)
