"""The child process: build one peer of one workload, then measure a round whenever the parent asks.

`python -m benchmarks.worker WORKLOAD PEER` answers in JSON lines: first {"figures": …} or {"missing": …} or
{"failed": …}, then the metrics of one round for every line it reads.
"""

import importlib
import json
import os
import sys
import traceback

import numpy as np

from benchmarks import environment


def main() -> None:
    """Answer on a private copy of stdout, so that a library that prints cannot break the conversation."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    workload, peer = sys.argv[1:]
    module = importlib.import_module(f"benchmarks.workloads.{workload}")
    try:
        trial = getattr(module, peer)()
        figures = trial.figures()
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": f"no module {error.name}"}), file=answers)
        return
    except Exception as error:
        traceback.print_exc()
        first_line = (str(error).strip().splitlines() or [""])[0]
        print(json.dumps({"failed": f"{type(error).__name__}: {first_line[:160]}"}), file=answers)
        return
    ready = {
        "figures": [flat(figure) for figure in figures],
        "dtypes": sorted({str(figure.dtype).removeprefix("torch.") for figure in figures if hasattr(figure, "dtype")}),
        "version": environment.version(peer),
        "libraries": environment.libraries(),
    }
    print(json.dumps(ready), file=answers)
    for _ in sys.stdin:
        print(json.dumps(module.measure(trial)), file=answers)


def flat(figure) -> list[float]:
    """Return a number, or an array of any library, as a list of Python floats."""
    return np.asarray(figure).astype(float).ravel().tolist()


if __name__ == "__main__":
    main()
