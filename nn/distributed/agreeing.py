"""All ranks begin alike: rank 0's weights, and one and the same model, data and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd_core.support.arrays import brought

from ..modules.module import Module
from .communicator import Communicator, checked, on_every_rank

if TYPE_CHECKING:
    from autograd_core import Tensor

T = TypeVar("T")


def agree(what: str, settings: Mapping[str, object], comm: Communicator) -> None:
    """ValueError on every rank, which names the first difference, where ``settings`` are not the same on all.

    what : what begins the message
    settings : name ↦ what must be equal everywhere, compared as text
    comm : a communicator

    >>> from nn.distributed import Alone
    >>> agree("train", {"batch size": 32}, Alone())
    """
    everywhere = comm.allgather({name: str(value) for name, value in settings.items()})
    first = everywhere[0]
    for rank, given in enumerate(everywhere):
        for name in dict.fromkeys([*first, *given]):
            here, there = given.get(name, "missing"), first.get(name, "missing")
            if here != there:
                raise on_every_rank(
                    ValueError(
                        f"{what}: the ranks differ: {name} is {here} on rank {rank} and {there} on rank 0. "
                        "Fix: run the same program with the same data and settings on all."
                    )
                )


def from_first(function: Callable[[], T], comm: Communicator) -> T:
    """What ``function`` gives on rank 0, where alone it is called; an exception there is raised on every rank.

    function : without arguments
    comm : a communicator

    >>> from nn.distributed import Alone
    >>> from_first(lambda: 3, Alone())
    3
    """
    if comm.Get_size() == 1:
        return function()
    value: Any = None
    error: BaseException | None = None
    if comm.Get_rank() == 0:
        try:
            value = function()
        except Exception as raised:
            error = raised
    error, value = comm.bcast((error, value))
    if error is not None:
        raise on_every_rank(error)
    return value


def broadcast(module: Module, comm: Communicator) -> None:
    """Give every rank the parameters and buffers of rank 0, in place.

    module : a model of the same layers on every rank
    comm : a communicator

    Raises ValueError, on every rank, where names, shapes or dtypes differ; nothing has changed then.
    """
    comm = checked("broadcast", comm)
    agree("broadcast", described(module), comm)
    held = [*module.parameters(), *module.buffers()]
    given = from_first(lambda: [tensor.numpy() for tensor in held], comm)
    if comm.Get_rank():
        for tensor, array in zip(held, given, strict=True):
            tensor._data[...] = brought(array, tensor)


def described(module: Module, path: str = "model") -> dict[str, str]:
    """Name ↦ shape and dtype of every parameter and buffer."""
    held: list[tuple[str, Tensor]] = [*module.named_parameters(), *module.named_buffers()]
    return {f"{path}: {name}": f"{np.dtype(tensor.dtype)} {tensor.shape}" for name, tensor in held}
