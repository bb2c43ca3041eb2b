"""A tape whose loops are native loops: machines that run one after another."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from ..form import refuse_sharing
from ..rolling import Piece, carried, pieces
from ..tracing.tape import Tape, root
from .machine import Machine


def machine_of(tape: Tape, kept: Iterable[Any], scratch: Callable[[str], bool]) -> Machine | Rolled:
    """The native form of a tape."""
    found = pieces(tape.entries)
    return (
        Machine(tape, kept, scratch) if not any(piece.rounds for piece in found) else Rolled(tape, found, kept, scratch)
    )


class Rolled:
    """One machine for each piece of a tape; ``plan`` and ``parts`` are those of `Machine`.

    What a piece or a round reads as another has left it has its memory; the rest shares the machine's arena.
    """

    def __init__(self, tape: Tape, found: list[Piece], kept: Iterable[Any], scratch: Callable[[str], bool]) -> None:
        refuse_sharing(tape)
        outside = carried(found) | {id(root(array)) for array in kept}
        outside |= {key for key, (name, _) in tape.owners.items() if not scratch(name)}
        self.machines = []
        for piece in found:
            part = copy.copy(tape)
            part.entries = piece.body
            own = [root(a) for entry in piece.body for a in (*entry.reads, *entry.writes)]
            seen = [a for a in own if not outside.isdisjoint(_everywhere(a, piece))]
            self.machines.append(Machine(part, seen, scratch, piece if piece.rounds else None))
        self.plan = [call for machine in self.machines for call in machine.plan]
        self.parts = [part for machine in self.machines for part in machine.parts]

    @property
    def text(self) -> str:
        """The code of each piece as LLVM's assembly."""
        heads = [
            f"; {len(m.loop.rounds)} times, each with a table of its own:\n" if m.loop is not None else ""
            for m in self.machines
        ]
        return "\n".join(head + machine.text for head, machine in zip(heads, self.machines, strict=True))


def _everywhere(array: Any, piece: Piece) -> set[int]:
    """The ids of an array's root and of those that stand in its place in other rounds."""
    return {id(array)} | {id(memory[id(array)][0]) for memory in piece.memory}
