"""One run of a model as a graph of values: primitives, layers that one operator stands for, NumPy's calls elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import Tensor
from autograd_core.watching.observer import observe

from ..modules.module import Module
from .following import Followed, Made, Refused, Run, plain, value_of
from .operators import has_operators
from .whole import as_one


class Trace(NamedTuple):
    """One run: what went in, and what came out with tensors as values."""

    inputs: list[Made]
    result: Any


def trace(model: Module, arrays: list[Any]) -> Trace:
    """Run a model once on arrays that know how they were computed.

    Raises ValueError where a value goes where nothing follows it.
    """
    run = Run()
    inputs = [run.begin(x, "input", depends=True) for x in arrays]
    with _watched(model, run):
        try:
            result = model(*(_tensor(x) for x in inputs))
        except Refused as why:
            raise ValueError(f"export.onnx: {run.path() or 'the model itself'}: {why}") from None
    return Trace([x.made for x in inputs], _results(result))


def _tensor(array: Any) -> Tensor:
    tensor = ag.Tensor(0.0)
    tensor._data = array
    return tensor


def _dtype(x: Any) -> Any:
    return getattr(x, "dtype", np.dtype(np.float32))


def _without_past(x: Any) -> Any:
    """A plain tensor in the place of a followed one."""
    return _tensor(plain(x._data)) if isinstance(x, Tensor) else plain(x)


def _results(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _results(v) for name, v in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(map(_results, value))
    return value_of(value)


@contextmanager
def _watched(model: Module, run: Run) -> Iterator[None]:
    """The model's weights are followed, and primitives with operators are values of the run by their names."""
    whole: list[tuple[Any, Any, Any]] = []  # a layer that stands for all that it calls, on plain arrays, and its input

    def called(op: Any, args: Any, params: Any, result: Any) -> None:
        array = result._data
        given_back = any(getattr(a, "_data", a) is array for a in args)
        if isinstance(array, Followed) and not given_back and has_operators(op.name, array.dtype):
            array.made = run.made(op.name, args, params, array.array)

    def begin(module: Any, args: Any, kwargs: Any) -> Any:
        run.modules.append(paths[id(module)])
        differentiated = any(isinstance(a, Tensor) and a._node is not None for a in args)
        found = [] if whole or differentiated else as_one(module, args, kwargs)
        if not found or not all(has_operators(name, _dtype(args[0])) for name, _ in found):
            return None
        whole.append((module, found, value_of(args)))
        return tuple(map(_without_past, args)), kwargs

    def end(module: Any, args: Any, result: Any) -> Any:
        try:
            if not whole or whole[-1][0] is not module:
                return None
            _, rules, values = whole.pop()
            many = result if isinstance(result, tuple) else (result,)
            arrays = [plain(getattr(r, "_data", r)) for r in many]
            found = [
                _tensor(Followed(array, run.made(name, values, params, array), run))
                for (name, params), array in zip(rules, arrays, strict=True)
            ]
            return tuple(found) if isinstance(result, tuple) else found[0]
        finally:
            run.modules.pop()

    paths = {id(module): name for name, module in model.named_modules()}
    with ExitStack() as stack:
        for name, t in (*model.named_parameters(), *model.named_buffers()):
            stack.callback(setattr, t, "_data", t._data)
            t._data = run.begin(t._data.copy(), "constant", {"name": name})  # type: ignore[assignment]
        for module in model.modules():
            stack.callback(module.register_forward_pre_hook(begin, prepend=True, with_kwargs=True).remove)
            stack.callback(module.register_forward_hook(end).remove)
        stack.enter_context(observe(called))
        yield
