"""Every activation, loss and norm, reductions, indexing and linalg, one row each, beside PyTorch and a floor by hand.

Run `make bench-functions`, or `python -m benchmarks.functions` (`--quick` for fewer sizes and turns) from the root of
the repository; it writes `benchmarks/functions.md`. All three compute in one thread of one process, in turns; a time is
the least of all turns, of processor time where arrays are large (other programs may be running); a ratio is that of
forward and backward together. The slowest beside PyTorch stands first.
"""

import argparse
import gc
import os
import pathlib
import sys
import time

import numpy as np

from benchmarks import environment
from benchmarks.cases import cases
from benchmarks.table import number, times

SIZES = {10: "10 elements", 10**4: "10,000 elements", 10**6: "1,000,000 elements", 1 << 22: "4,194,304 elements"}
LARGE = 1 << 22
OF_LARGE = ("activation", "loss", "norm")
SLOW = {"eigvalsh", "svdvals", "sort", "multi_margin_loss"}  # rows whose time grows faster than their use


def main():
    options = arguments()
    wanted, _ = environment.clean(1)
    if dict(os.environ) != wanted:
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.functions", *sys.argv[1:]], wanted)
    import torch
    import torch.nn.functional as TF

    import nn.functional as F

    torch.set_num_threads(1)
    chosen = [c for c in cases(F, TF, torch) if not options.only or c.name in options.only or c.family in options.only]
    sizes = (10**4, LARGE) if options.quick else tuple(SIZES)
    text = [heading(torch)]
    for n in options.sizes or sizes:
        measured = []
        for case in chosen:
            if n == LARGE and (case.family not in OF_LARGE or case.name in SLOW):
                continue
            measured.append((case, measure(case, n, 0.05 if options.quick else 0.25)))
            print(f"{n:>9}  {case.name:<34}{ratio(measured[-1][1]):>7}", file=sys.stderr)
        text.append(table(SIZES.get(n, f"{n} elements"), measured))
    result = "\n".join(text)
    if options.out:
        options.out.write_text(result)
    else:
        print(result)


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.functions", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two sizes and few turns, in less than two minutes")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names or families, comma-separated")
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], help="elements")
    default = pathlib.Path(__file__).parent / "functions.md"
    parser.add_argument("--out", type=lambda text: pathlib.Path(text) if text else None, default=default,
                        help="where to write the table (default benchmarks/functions.md; '' prints it)")  # fmt: skip
    return parser.parse_args()


def measure(case, n, seconds):
    """Return the least forward and backward times of each side, in seconds."""
    arrays = case.arguments(np.random.default_rng(0), n)
    clock = time.thread_time if n > 1000 else time.perf_counter  # asking for the former takes 0.3 µs
    sides = {"ours": ours(case, arrays, clock), "theirs": theirs(case, arrays, clock)}
    if case.floor:
        sides["floor"] = by_hand(case, arrays, clock)
    best = {name: [float("inf")] * 2 for name in sides}
    gc.disable()
    try:
        with np.errstate(over="ignore"):
            for _ in range(2):
                agree(case, [step()[2] for step in sides.values()])
            start, turns = time.perf_counter(), 0
            while turns < 3 or (time.perf_counter() - start < seconds and turns < 2000):
                turns += 1
                for name, step in sides.items():
                    for phase, took in enumerate(step()[:2]):
                        best[name][phase] = min(best[name][phase], took)
    finally:
        gc.enable()
    return best


def agree(case, values):
    if case.name == "rrelu":  # random
        return
    near = 1e-4 * max(1.0, np.abs(values[0]).max(initial=0))
    for other in values[1:]:
        np.testing.assert_allclose(values[0], other, rtol=1e-3, atol=near, err_msg=case.name)


def ours(case, arrays, clock):
    import autograd_core as ag

    leaves = [ag.Tensor(a, requires_grad=True) for a in arrays[: case.tracked]]
    others = arrays[case.tracked :]

    def step():
        start = clock()
        y = case.ours(*leaves, *others)
        middle = clock()
        g = np.ones(y.shape, y.dtype)
        before = clock()
        y.backward(g)
        end = clock()
        for leaf in leaves:
            leaf.grad = None
        return middle - start, end - before, y.data

    return step


def theirs(case, arrays, clock):
    import torch

    leaves = [torch.tensor(a, requires_grad=True) for a in arrays[: case.tracked]]
    others = [torch.tensor(a) for a in arrays[case.tracked :]]

    def step():
        start = clock()
        y = case.theirs(*leaves, *others)
        middle = clock()
        g = torch.ones_like(y)
        before = clock()
        y.backward(g)
        end = clock()
        for leaf in leaves:
            leaf.grad = None
        return middle - start, end - before, y.detach().numpy()

    return step


def by_hand(case, arrays, clock):
    def step():
        start = clock()
        y, pull = case.floor(*arrays)
        middle = clock()
        g = np.ones_like(y)
        before = clock()
        pull(g)
        return middle - start, clock() - before, y

    return step


def heading(torch):
    machine = environment.machine()
    return (
        "# Functions, forward and backward\n\n"
        f"{machine['processor']}, Python {machine['python']}, NumPy {np.__version__}, PyTorch {torch.__version__}; "
        "float32, one thread. Times in microseconds. Written by `python -m benchmarks.functions`, which says how.\n"
    )


def over(one, other):
    return sum(one) / sum(other)


def ratio(best):
    return times(over(best["ours"], best["theirs"]))


def table(title, measured):
    lines = [
        f"## {title}\n",
        "| family | function | forward | backward | PyTorch forward | backward | ours / PyTorch | by hand forward | "
        "backward | ours / by hand |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for case, best in sorted(measured, key=lambda m: -over(m[1]["ours"], m[1]["theirs"])):
        cells = [number(t * 1e6) for t in (*best["ours"], *best["theirs"])] + [ratio(best)]
        floor = best.get("floor")
        cells += [*(number(t * 1e6) for t in floor), times(over(best["ours"], floor))] if floor else [""] * 3
        lines.append(f"| {case.family} | {case.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
