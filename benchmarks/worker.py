"""The child process: build one peer of one workload, then measure a round whenever the parent asks.

`python -m benchmarks.worker WORKLOAD PEER` answers in JSON lines: first {"figures": …} or {"missing": …} or
{"failed": …}, then the metrics of one round for every line it reads.
"""

import importlib
import json
import os
import sys
import time
import traceback

import numpy as np

from benchmarks import environment, workloads

CHECKED = 36
"""Calls in which a compiled step is recorded and held beside the eager one (at replays 8, 16, 32): none is timed."""


def main() -> None:
    """Answer on a private copy of stdout, so that a library that prints cannot break the conversation."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    workload, peer = sys.argv[1:]
    module = importlib.import_module(f"benchmarks.workloads.{workload}")
    build = workloads.builder(module, peer)
    assert build is not None
    start = time.perf_counter()
    try:
        trial = build()
        figures = trial.figures()
    except Exception as error:
        traceback.print_exc()
        print(json.dumps(reason(peer, error)), file=answers)
        return
    ready = {
        "figures": [flat(figure) for figure in figures],
        "dtypes": sorted({str(figure.dtype).removeprefix("torch.") for figure in figures if hasattr(figure, "dtype")}),
        "version": environment.version(peer),
        "libraries": environment.libraries(),
        "first": time.perf_counter() - start,
    }
    print(json.dumps(ready), file=answers)
    if peer in workloads.BACKENDS:
        for _ in range(CHECKED):
            trial.step()
    for _ in sys.stdin:
        print(json.dumps(module.measure(trial)), file=answers)


def reason(peer: str, error: Exception) -> dict[str, str]:
    """Tell a peer that is not installed from one that is and does not work."""
    if isinstance(error, ModuleNotFoundError) and (
        not peer.startswith("ours") or error.name in ("autograd_core", "nn", "optim")
    ):
        return {"missing": f"no module {error.name}"}
    first_line = (str(error).strip().splitlines() or [""])[0]
    return {"failed": f"{type(error).__name__}: {first_line[:160]}"}


def flat(figure) -> list[float]:
    """Return a number, or an array of any library, as a list of Python floats."""
    return np.asarray(figure).astype(float).ravel().tolist()


if __name__ == "__main__":
    main()
