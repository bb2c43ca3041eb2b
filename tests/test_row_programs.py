"""What a program means stays as it is under every pass, when its loops are fused and when its memory is shared."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from autograd_core.programs.passes import ALL, optimise
from autograd_core.programs.passes.contractions import sum_products_with_ones
from autograd_core.programs.passes.fusion import schedule
from autograd_core.programs.passes.memory import arena
from row_programs import drawn, outcome

PROGRAMS = 80
OF_LOOPS = [improve for improve in ALL if improve is not sum_products_with_ones]  # the programs have no products


def same(a: Any, b: Any) -> bool:
    if a is True or b is True:
        return a is b
    memories = zip(*((np.frombuffer(m) for m in found[0]) for found in (a, b)), strict=True)
    return all(np.array_equal(x, y, equal_nan=True) for x, y in memories) and (
        {k: np.array_equal(v, b[1][k], equal_nan=True) for k, v in a[1].items()} == dict.fromkeys(b[1], True)
    )


def held(change: Any) -> None:
    """``change(program)`` gives the steps, and perhaps the arena, that must compute what the rows do."""
    changed = 0
    for seed in range(PROGRAMS):
        program = drawn(np.random.default_rng(seed))
        expected = outcome(program, program.rows, np.random.default_rng(seed))
        other = copy.deepcopy(program)
        steps, places = change(other)
        changed += str(steps) != str(program.rows)
        found = outcome(other, steps, np.random.default_rng(seed), places)
        assert same(found, expected), f"program {seed}:\n{program}\nbecame\n{other}"
    assert changed, "no program was changed: the law says nothing"


@pytest.mark.parametrize("improve", OF_LOOPS, ids=lambda improve: improve.__name__)
def test_a_pass_keeps_what_a_program_computes(improve: Any) -> None:
    def change(program: Any) -> Any:
        if improve.__name__ in ("share_common", "forward_copies", "drop_dead"):
            ALL[0](program)  # they speak of memory that is written once
        improve(program)
        return program.rows, None

    held(change)


def test_all_passes_together_keep_it() -> None:
    held(lambda program: (optimise(program).rows, None))


@pytest.mark.parametrize("optimised", [False, True])
def test_fused_loops_compute_it_point_by_point(optimised: bool) -> None:
    held(lambda program: (schedule(optimise(program) if optimised else program), None))


def test_intermediates_that_share_memory_do_not_meet() -> None:
    def change(program: Any) -> Any:
        steps = schedule(optimise(program))
        return steps, arena(program, steps)

    held(change)
