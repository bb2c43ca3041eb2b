"""Ranks that are threads of one process: a communicator that needs no MPI and fails instead of hanging."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.support.random import use_generator


class Ended(BaseException):
    """Raised on every rank that waits when one has called Abort."""


class Threads:
    """The communicator of rank ``rank``; all ranks share ``table``."""

    def __init__(self, rank: int, table: Table) -> None:
        self.rank, self.table = rank, table

    def Get_rank(self) -> int:
        return self.rank

    def Get_size(self) -> int:
        return len(self.table.places)

    def Allreduce(self, sendbuf: Any, recvbuf: Any) -> None:
        given = self.allgather(("Allreduce", sendbuf.copy()))
        assert {a.shape for _, a in given} == {recvbuf.shape}, "arrays of different sizes met"
        np.copyto(recvbuf, sum(a for _, a in given))

    def allgather(self, sendobj: Any) -> list[Any]:
        given = self.table.exchange(self.rank, sendobj)
        kinds = {x[0] if isinstance(x, tuple) and x and isinstance(x[0], str) else "object" for x in given}
        assert len(kinds) == 1 or "Allreduce" not in kinds, f"the ranks met in different calls: {kinds}"
        return given

    def bcast(self, obj: Any, root: int = 0) -> Any:
        return self.allgather(obj)[root]

    def Abort(self, errorcode: int = 0) -> None:
        self.table.barrier.abort()


class Table:
    """Where the ranks lay down what they exchange."""

    def __init__(self, count: int) -> None:
        self.places: list[Any] = [None] * count
        self.barrier = threading.Barrier(count, timeout=600)

    def exchange(self, rank: int, value: Any) -> list[Any]:
        try:
            self.places[rank] = value
            self.barrier.wait()
            found = list(self.places)
            self.barrier.wait()
        except threading.BrokenBarrierError:
            raise Ended("another rank ended all") from None
        return found


def on_ranks(count: int, work: Callable[[Any], Any]) -> list[Any]:
    """What ``work(comm)`` gives on each rank; an exception takes the place of a result."""
    table, results = Table(count), [None] * count

    def run(rank: int) -> None:
        try:
            with use_generator(np.random.default_rng(100 + rank)):  # ranks begin with different random numbers
                results[rank] = work(Threads(rank, table))
        except BaseException as error:
            results[rank] = error
            if not getattr(error, "on_every_rank", False):
                table.barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
