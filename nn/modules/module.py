"""Module: parameters, buffers and smaller modules under one roof."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from autograd_core import Tensor
from autograd_core.engine import recording
from autograd_core.engine.errors import class_name, printable
from autograd_core.watching import observer

from .dtypes import convert_, move_, read_to
from .hooks import Hooks, RemovableHandle
from .locating import locate, name_within
from .parameter import Buffer, Parameter
from .states import state
from .states.hooks import StateHooks
from .states.state import KeyMismatch

if TYPE_CHECKING:
    from autograd_core.support.types import Args, ArrayLike, DTypeLike, Hook, Settings, State

_bool: TypeAlias = builtins.bool


class Module(StateHooks):
    """Base of all layers and models: define ``forward``, assign parameters and modules as attributes, call it.

    What is an attribute is found: every ``Parameter`` and every ``Module`` assigned to ``self``, under its name.

    An exception raised inside ``forward`` begins with the path of the module that raised it (``encoder.0.linear: …``).

    >>> import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         self.scale = nn.Parameter([2.0])
    ...     def forward(self, x):
    ...         return self.scale * x
    >>> Twice()([1.0, 3.0])
    Tensor([2., 6.], dtype=float32, from=multiply)
    """

    training: _bool = True
    _buffer_names: tuple[str, ...] = ()
    _transient_names: tuple[str, ...] = ()
    _hooks: Hooks | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass defines it."""
        raise NotImplementedError(f"{self._get_name()} must define forward(self, …).")

    def __call__(self, *args: object, **kwargs: object) -> Any:
        try:
            if recording.special and recording.observed():
                around = observer.scope()
                with observer.inside(self, name_within(around[2], self) if around else ""):
                    return self._run(args, kwargs)
            return self._run(args, kwargs)
        except Exception as error:
            locate(error, self)
            raise

    def _run(self, args: Args, kwargs: Settings) -> Any:
        return self.forward(*args, **kwargs) if self._hooks is None else self._hooks.call(self, args, kwargs)

    # Attributes ----------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> None:
        own = self.__dict__
        old = own.get(name)
        if isinstance(old, Parameter):
            if value is not None and not isinstance(value, Parameter):
                raise TypeError(
                    f"{self._get_name()}.{name} is a parameter; {class_name(value)} cannot take its place. "
                    f"Fix: nn.Parameter(value), or write into it: module.{name}.data[...] = value."
                )
        elif name in self._buffer_names and name in own and not isinstance(value, Parameter):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"{self._get_name()}.{name} is a buffer; {class_name(value)} cannot take its place. "
                    f"Fix: give a Tensor, or write into it: module.{name}.data[...] = value."
                )
        elif isinstance(value, Buffer):
            return self.register_buffer(name, value, value.persistent)
        elif "parametrizations" in own and name in own["parametrizations"]:
            return own["parametrizations"][name].assign(value)
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # Only reached by names that are no attributes: a parametrized tensor is computed when it is asked for.
        parametrizations = self.__dict__.get("parametrizations")
        if parametrizations is not None and name in parametrizations:
            return parametrizations[name].value()
        if hasattr(type(self), name):  # a property that failed: its own error says more
            return object.__getattribute__(self, name)
        raise AttributeError(f"{self._get_name()!r} object has no attribute {name!r}")

    def register_buffer(self, name: str, tensor: ArrayLike | None, persistent: _bool = True) -> None:
        """Keep an array that is not learned (a tensor without gradient); saved where ``persistent``."""
        state.check_name(self, "register_buffer", name)
        self._buffer_names = (*(n for n in self._buffer_names if n != name), name)
        others = (n for n in self._transient_names if n != name)
        self._transient_names = (*others,) if persistent else (*others, name)
        vars(self)[name] = tensor if tensor is None or isinstance(tensor, Tensor) else Tensor(tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """The same as assigning the parameter (or None) as an attribute, for names that are computed."""
        state.check_name(self, "register_parameter", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"register_parameter: {name!r} is {class_name(param)}. Fix: nn.Parameter(value).")
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """The same as assigning the module as an attribute, for names that are computed."""
        state.check_name(self, "add_module", name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"add_module: {name!r} is {class_name(module)}, not a Module.")
        object.__setattr__(self, name, module)

    register_module = add_module

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path; AttributeError says where the path leaves the model."""
        module: Any = self
        for i, name in enumerate(path := target.split(".") if target else []):
            module = vars(module).get(name)
            if not isinstance(module, Module):
                parent = ".".join(path[:i]) or "the model"
                raise AttributeError(f"get_submodule({target!r}): {parent} has no module {name!r}.")
        return module

    def set_submodule(self, target: str, module: Module, strict: _bool = False) -> None:
        """Put a module at a dotted path; with ``strict`` only in the place of another (or AttributeError)."""
        if strict:
            self.get_submodule(target)
        parent, _, name = target.rpartition(".")
        self.get_submodule(parent).add_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path, or AttributeError."""
        return self._get_member(target, "parameter", lambda owner, name, value: isinstance(value, Parameter))

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path, or AttributeError."""
        return self._get_member(target, "buffer", lambda owner, name, value: name in owner._buffer_names)

    def _get_member(self, target: str, kind: str, fits: Callable[[Module, str, Any], _bool]) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        value = vars(owner).get(name)
        if not fits(owner, name, value):
            raise AttributeError(f"get_{kind}({target!r}): {owner._get_name()} has no {kind} {name!r}.")
        return value

    # What is inside ------------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules assigned to this one, by name, each once."""
        seen = set()
        for name, value in vars(self).items():
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Module]:
        """The modules that are attributes."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, memo: set[int] | None = None, prefix: str = "", remove_duplicate: _bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with dotted paths; one that is shared comes once, unless told otherwise.

        A child that points back at a module around it leads nowhere.
        """
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        memo.add(id(self))
        yield prefix, self
        for name, child in list(vars(self).items()):
            if isinstance(child, Module):
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)
        if not remove_duplicate:  # then the memo holds only the modules around
            memo.remove(id(self))

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: _bool = True, remove_duplicate: _bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted path; one that is shared comes once, under its first path."""
        return self._named(state.own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: _bool = True) -> Iterator[Parameter]:
        """All parameters, each once; of this module alone without ``recurse``."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: _bool = True, remove_duplicate: _bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted path."""
        return self._named(state.own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: _bool = True) -> Iterator[Tensor]:
        """All buffers, each once; of this module alone without ``recurse``."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(
        self, own: Callable[[Module], dict[str, Any]], prefix: str, recurse: _bool, remove_duplicate: _bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        inside = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in inside:
            for name, value in own(module).items():
                if not (remove_duplicate and id(value) in seen):
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    # Modes ---------------------------------------------------------------------------------------------------------

    def train(self, mode: _bool = True) -> Self:
        """Switch to training (dropout drops, batch norm uses the batch); ``eval()`` is the opposite."""
        if not isinstance(mode, builtins.bool):
            raise ValueError(f"train: mode is True or False, not {mode!r}.")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set this module and all below it to eval mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: _bool = True) -> Self:
        """Freeze (False) or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: _bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        for p in self.parameters():
            if p.grad is not None:
                p.grad = None if set_to_none else Tensor(np.zeros_like(p._data))

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call ``fn`` with every module below this one, and then with this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self, *args: DTypeLike | Tensor, **kwargs: object) -> Self:
        """Convert floating parameters, their gradients and floating buffers to another floating dtype, in place.

        args, kwargs : ``to(dtype)``, ``to(tensor)`` (its dtype), ``to(device)`` or both, ``device=`` and ``dtype=``

        Raises TypeError for any other dtype, RuntimeError for a device that is not here: "cuda" needs CuPy.

        >>> import nn
        >>> nn.Linear(2, 2).to(np.float64).weight.dtype
        dtype('float64')
        """
        device, dtype = read_to(args, kwargs)
        for tensor in (*self.parameters(), *self.buffers()):
            if dtype is not None and tensor.dtype.kind == "f" and tensor.dtype != dtype:
                convert_(tensor, dtype)
            if device is not None:
                move_(tensor, device)
        return self

    def cpu(self) -> Self:
        """Move all parameters and buffers to the CPU's memory, where NumPy's arrays are."""
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> Self:
        """Move all parameters and buffers to a GPU: RuntimeError without CuPy."""
        return self.to(f"cuda:{device or 0}")

    # Hooks ---------------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: _bool = False, with_kwargs: _bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before ``forward``; what it returns, if anything, takes the place of ``args``.

        With ``with_kwargs``: ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``.
        """
        return Hooks.add(self._own_hooks().forward_pre, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Hook,
        *,
        prepend: _bool = False,
        with_kwargs: _bool = False,
        always_call: _bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after ``forward``; what it returns takes the place of the output.

        With ``with_kwargs``: ``hook(module, args, kwargs, output)``. With ``always_call`` also after an error.

        >>> import nn
        >>> model, shapes = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), []
        >>> with model[0].register_forward_hook(lambda module, args, output: shapes.append(output.shape)):
        ...     y = model(np.ones((1, 2), np.float32))
        >>> shapes
        [(1, 3)]
        """
        return Hooks.add(self._own_hooks().forward, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: _bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before gradients pass this module; it may return others."""
        return Hooks.add(self._own_hooks().backward_pre, hook, prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: _bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of all inputs are known.

        Both are tuples with a tensor or None for each positional input and each output. What the hook returns, if
        anything, takes the place of ``grad_input``.
        """
        return Hooks.add(self._own_hooks().backward, hook, prepend)

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    # State ---------------------------------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: _bool = False
    ) -> dict[str, Any]:
        """A snapshot: path → a copy of the array, for every parameter and persistent buffer, with PyTorch's keys.

        keep_vars : give the tensors themselves instead of copies of their arrays
        """
        return state.take(self, {} if destination is None else destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: State, strict: _bool = True, assign: _bool = False) -> KeyMismatch:
        """Copy arrays into the parameters and buffers. Nothing is copied unless everything fits.

        strict : refuse missing and unexpected keys; otherwise they are only returned
        assign : take the arrays themselves, with their dtypes, instead of copying their values

        Raises RuntimeError that lists the missing, the unexpected and the mis-shaped keys, TypeError for what is no
        mapping of arrays of numbers.
        """
        return state.load(self, state_dict, strict, assign)

    # Looks ---------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of this module's line in ``repr``."""
        return ""

    def _get_name(self) -> str:
        return ("Parametrized" if "parametrizations" in vars(self) else "") + class_name(self)

    @recursive_repr("…")
    def __repr__(self) -> str:
        own = [line for line in self.extra_repr().split("\n") if line]
        below = [
            f"({printable(name)}): {_indented(child)}"
            for name, child in vars(self).items()
            if isinstance(child, Module)
        ]
        if not below and len(own) < 2:
            return f"{self._get_name()}({''.join(own)})"
        return "\n  ".join([f"{self._get_name()}(", *own, *below]) + "\n)"

    # Last, for inside the class these names now mean the methods.

    def float(self) -> Self:
        """Convert to float32."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert to float64."""
        return self.to(np.float64)

    def half(self) -> Self:
        """Convert to float16."""
        return self.to(np.float16)


def _indented(child: Module) -> str:
    return repr(child).replace("\n", "\n  ")
