"""A module as a function of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import Tensor
from autograd_core.engine.errors import printable
from autograd_core.support.again import within
from autograd_core.support.modes import restoring

from ..module import Module

if TYPE_CHECKING:
    from autograd_core.support.types import Args, TensorLike


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, TensorLike],
    args: Args = (),
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with the named parameters and buffers replaced for this one call.

    module : what is called
    parameter_and_buffer_dicts : tensors or arrays by name
    kwargs : named arguments
    args        : a tuple of arguments, or a single argument
    tie_weights : replace a shared parameter under all its names
    strict      : refuse where a parameter or buffer is not named

    Raises KeyError for names that the module does not have, ValueError for shapes that differ.

    This is how the functional transforms see a model:

    >>> import autograd_core as ag, nn, numpy as np
    >>> line = nn.Linear(1, 1)
    >>> f = lambda w: functional_call(line, {"weight": w, "bias": np.zeros(1)}, np.array([[3.0]])).sum()
    >>> ag.grad(f)(np.array([[2.0]]))
    array([[3.]])
    """
    given = parameter_and_buffer_dicts
    known = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    unknown = [path for path in given if path not in known]
    missing = [path for path in known if path not in given] if strict else []
    if unknown or missing:
        problem = f"no parameter or buffer named {unknown}" if unknown else f"nothing given for {missing}"
        raise KeyError(f"functional_call: {problem}; {module._get_name()} has {list(known)}.")
    wrong = [
        f"{printable(p)}: {np.shape(v)} for {known[p].shape}" for p, v in given.items() if np.shape(v) != known[p].shape
    ]
    if wrong:
        raise ValueError(f"functional_call: shapes differ: {'; '.join(wrong)}.")
    args = args if isinstance(args, tuple) else (args,)
    values = {path: v if isinstance(v, Tensor) else Tensor(v) for path, v in given.items()}
    tied = {id(known[path]): v for path, v in values.items()} if tie_weights else {}
    places = []
    for path, owner in module.named_modules(remove_duplicate=False):
        for name, value in vars(owner).items():
            full = f"{path}.{name}" if path else name
            if isinstance(value, Tensor) and (full in values or id(value) in tied):
                places.append((vars(owner), name, values[full] if full in values else tied[id(value)]))

    def replaced(body: Callable[[], Any]) -> Any:
        before = [own[name] for own, name, _ in places]

        def call() -> Any:
            for own, name, new in places:
                own[name] = new
            return body()

        def put_back() -> None:
            for (own, name, _), old in zip(places, before, strict=True):
                own[name] = old

        return restoring(call, put_back)

    return within(replaced, lambda: module(*args, **(kwargs or {})))
