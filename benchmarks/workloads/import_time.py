"""Importing a library in a fresh interpreter that has imported NumPy; for numpy itself, importing NumPy."""

import importlib.util
import subprocess
import sys

from benchmarks.workloads import Trial

DTYPE = None
METRICS = {"time": "ms above numpy"}
ABSENT = {"torch_fused": "the same package as torch_eager", "torch_compile": "the same package as torch_eager"}
PROGRAM = "{before}\nfrom time import perf_counter\nstart = perf_counter()\n{statement}\nprint(perf_counter() - start)"


def measure(trial):
    return {"time": trial.step() * 1e3}


def importing(*modules, before="import numpy"):
    """Return the trial that imports `modules` in a new interpreter; the first time, not counted, fills the caches."""
    for module in modules:
        if importlib.util.find_spec(module.split(".")[0]) is None:
            raise ModuleNotFoundError(name=module)
    program = PROGRAM.format(before=before, statement=f"import {', '.join(modules)}")

    def step():
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return float(done.stdout)

    def figures():
        step()
        return []

    return Trial(step, figures)


def numpy():
    return importing("numpy", before="")


def ours():
    return importing("autograd_core", "nn", "optim")


def torch_eager():
    return importing("torch")


def jax_jit():
    return importing("jax")


def autograd():
    return importing("autograd.numpy")


def mygrad():
    return importing("mygrad")


def micrograd():
    return importing("micrograd.engine")


def sklearn():
    return importing("sklearn.neural_network")
