"""Module: parameters, buffers and smaller modules under one roof."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import numpy as np

from autograd_core import Tensor


class Parameter(Tensor):
    """A tensor that a module learns: it requires gradients and is found by ``parameters()``.

    >>> Parameter([1.0, 2.0])
    Parameter([1., 2.], dtype=float32, requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None) -> None:
        super().__init__(data, requires_grad, dtype)


class KeyMismatch(NamedTuple):
    """What ``load_state_dict(strict=False)`` did not find, and what it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """Base of all layers and models: define ``forward``, assign parameters and modules as attributes, call it.

    What is an attribute is found: every ``Parameter`` and every ``Module`` assigned to ``self``, under its name.

    >>> import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         self.scale = nn.Parameter([2.0])
    ...     def forward(self, x):
    ...         return self.scale * x
    >>> Twice()([1.0, 3.0])
    Tensor([2., 6.], dtype=float32, from=multiply)
    """

    training = True
    _buffer_names: tuple[str, ...] = ()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, …).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    # What is inside ------------------------------------------------------------------------------------------------

    def register_buffer(self, name: str, value: Any) -> None:
        """Keep an array that is saved with the parameters but not learned (a tensor without gradient)."""
        self._buffer_names = (*self._buffer_names, name)
        setattr(self, name, value if value is None or isinstance(value, Tensor) else Tensor(value))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules assigned to this one, by name."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it with dotted paths, each once."""
        seen: set[int] = set()
        waiting: list[tuple[str, Module]] = [(prefix, self)]
        while waiting:
            path, module = waiting.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            children = [(f"{path}.{name}" if path else name, child) for name, child in module.named_children()]
            waiting.extend(reversed(children))

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def children(self) -> Iterator[Module]:
        return (child for _, child in self.named_children())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted path; one that is shared comes once, under its first path."""
        seen: set[int] = set()
        for path, value in self._named(lambda module, name, value: isinstance(value, Parameter)):
            if id(value) not in seen:
                seen.add(id(value))
                yield path, value  # type: ignore[misc]

    def parameters(self) -> Iterator[Parameter]:
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted path."""
        return self._named(lambda module, name, value: name in module._buffer_names and value is not None)

    def buffers(self) -> Iterator[Tensor]:
        return (buffer for _, buffer in self.named_buffers())

    def _named(self, chosen: Callable[[Module, str, Any], bool]) -> Iterator[tuple[str, Tensor]]:
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                if chosen(module, name, value):
                    yield (f"{path}.{name}" if path else name), value

    # Modes ---------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch to training (dropout drops, batch norm uses the batch); ``eval()`` is the opposite."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if parameter.requires_grad:
                parameter.grad = None

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call ``function`` with every module below this one, and this one."""
        for module in self.modules():
            function(module)
        return self

    def to(self, dtype: Any) -> Self:
        """Convert floating parameters and buffers to another floating dtype; gradients are forgotten."""
        if not np.issubdtype(dtype, np.floating):
            raise TypeError(f"Module.to: {np.dtype(dtype)} is not a floating dtype; parameters need one.")
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind == "f":
                if tensor.requires_grad:
                    tensor.grad = None
                tensor.data = tensor.data.astype(dtype)
        return self

    # State ---------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """A snapshot: path → a copy of the array, for every parameter and buffer, with PyTorch's keys."""
        return {path: tensor.numpy().copy() for path, tensor in self._state()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> KeyMismatch:
        """Copy arrays into the parameters and buffers. Nothing is copied unless everything fits.

        Raises KeyError for missing or unexpected keys (unless ``strict=False``), ValueError for wrong shapes.
        """
        own = dict(self._state())
        missing = [key for key in own if key not in state]
        unexpected = [key for key in state if key not in own]
        if strict and (missing or unexpected):
            raise KeyError(f"load_state_dict: missing keys {missing}, unexpected keys {unexpected}.")
        arrays = {key: np.asarray(state[key]) for key in own if key in state}
        wrong = [f"{k}: {a.shape} for {own[k].shape}" for k, a in arrays.items() if a.shape != own[k].shape]
        if wrong:
            raise ValueError(f"load_state_dict: shapes differ: {'; '.join(wrong)}.")
        for key, array in arrays.items():
            own[key].data[...] = array
        return KeyMismatch(missing, unexpected)

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers in definition order; a shared parameter under each of its paths, as PyTorch has it."""
        return self._named(
            lambda module, name, value: (
                isinstance(value, Parameter) or (name in module._buffer_names and value is not None)
            )
        )

    # Looks ---------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of this module's line in ``repr``."""
        return ""

    def __repr__(self) -> str:
        lines = []
        for name, child in self.named_children():
            head, *rest = repr(child).split("\n")
            lines += [f"  ({name}): {head}", *(f"  {line}" for line in rest)]
        body = "\n" + "\n".join(lines) + "\n" if lines else self.extra_repr()
        return f"{type(self).__name__}({body})"


class Sequential(Module):
    """Modules applied one after another; paths are their numbers, as in PyTorch.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(f"Sequential: item {i} is {type(module).__name__}, not a Module.")
            setattr(self, str(i), module)

    def forward(self, x: Any) -> Any:
        for module in self.children():
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(list(self.children()))

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int | slice) -> Any:
        chosen = list(self.children())[index]
        return Sequential(*chosen) if isinstance(chosen, list) else chosen


def functional_call(module: Module, parameters: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    """``module(*args)`` as a function of its parameters: those named are replaced for this one call.

    This is how the functional transforms see a model:

    >>> import autograd_core as ag, nn, numpy as np
    >>> line = nn.Linear(1, 1)
    >>> f = lambda w: functional_call(line, {"weight": w, "bias": np.zeros(1)}, np.array([[3.0]])).sum()
    >>> ag.grad(f)(np.array([[2.0]]))
    array([[3.]])
    """
    known = dict(module.named_parameters()) | dict(module.named_buffers())
    unknown = [path for path in parameters if path not in known]
    if unknown:
        raise KeyError(f"functional_call: no parameter or buffer named {unknown}; there are {list(known)}.")
    with _replaced(module, {id(known[path]): value for path, value in parameters.items()}):
        return module(*args, **kwargs)


@contextmanager
def _replaced(module: Module, values: Mapping[int, Any]) -> Iterator[None]:
    places = [(m, n, v) for m in module.modules() for n, v in vars(m).items() if id(v) in values]
    try:
        for owner, name, value in places:
            replacement = values[id(value)]
            vars(owner)[name] = replacement if isinstance(replacement, Tensor) else Tensor(replacement)
        yield
    finally:
        for owner, name, value in places:
            vars(owner)[name] = value
