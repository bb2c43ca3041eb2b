"""The parent process: one fresh worker per (workload, peer), rounds interleaved over the workers."""

import importlib
import json
import math
import pathlib
import selectors
import subprocess
import sys
import tempfile
import time
from statistics import median

from benchmarks.workloads import PEERS, REFERENCES, TOLERANCE, builder

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATIENCE = 300.0  # seconds that one answer may take: a compiler's first run is the slowest


class WorkerError(Exception):
    """A worker died or did not answer; the message says which."""


class Worker:
    """One process that holds one peer of one workload."""

    def __init__(self, workload: str, peer: str, environ: dict[str, str]):
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lives as long as the worker
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", workload, peer],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, cwd=ROOT, env=environ,
        )  # fmt: skip

    def answer(self) -> dict:
        """Wait for the next JSON line."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                raise WorkerError(f"no answer in {PATIENCE:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(f"exit status {self.process.wait()}: {self.last_error()}")
        return json.loads(line)

    def round(self) -> dict[str, float | None]:
        """Ask for one round and wait for its metrics."""
        try:
            self.process.stdin.write("round\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(f"exit status {self.process.wait()}: {self.last_error()}") from None
        return self.answer()

    def last_error(self) -> str:
        """Return the last line the worker wrote to stderr, cut to fit a table's footnote."""
        self.errors.seek(0)
        lines = [line for line in self.errors.read().splitlines() if line.strip()]
        return lines[-1].strip()[:160] if lines else "nothing on stderr"

    def close(self) -> None:
        """End the process; a healthy one ends by itself when its stdin closes."""
        try:
            self.process.communicate(timeout=5)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.wait()
        self.errors.close()


def run(workload: str, peers: list[str], rounds: int, environ: dict[str, str]) -> dict:
    """Measure one workload: {"metrics": units, "seconds": …, "peers": {peer: result or reason}}."""
    began = time.perf_counter()
    module = importlib.import_module(f"benchmarks.workloads.{workload}")
    results: dict[str, dict] = {}
    workers: dict[str, Worker] = {}
    try:
        for peer in [name for name in PEERS if name in peers]:
            if builder(module, peer) is not None:
                workers[peer] = Worker(workload, peer, environ)
            else:
                results[peer] = {"missing": module.ABSENT.get(peer, "does not apply")}
        for peer, worker in list(workers.items()):
            results[peer] = _guarded(worker.answer)
            if "figures" not in results[peer]:
                workers.pop(peer).close()
        _agree(results, module.DTYPE)
        taken: dict[str, list[dict]] = {peer: [] for peer in workers}
        for _ in range(min(rounds, getattr(module, "ROUNDS", rounds))):
            for peer, worker in list(workers.items()):
                metrics = _guarded(worker.round)
                if "failed" in metrics:
                    results[peer] |= metrics
                    workers.pop(peer).close()
                else:
                    taken[peer].append(metrics)
    finally:
        for worker in workers.values():
            worker.close()
    for peer, measured in taken.items():
        if "failed" not in results[peer]:
            _summarise(results[peer], measured, module.METRICS)
    _ratios(results, [name for name in module.METRICS if name not in getattr(module, "ABSOLUTE", ())])
    ordered = {peer: results[peer] for peer in PEERS if peer in results}
    return {"metrics": module.METRICS, "dtype": module.DTYPE, "seconds": time.perf_counter() - began, "peers": ordered}


def _guarded(ask) -> dict:
    try:
        return ask()
    except WorkerError as reason:
        return {"failed": str(reason)}


def _agree(results: dict[str, dict], dtype: str | None) -> None:
    """Mark every peer whose losses or gradients, or their dtype, are not the reference's."""
    reference = next((results[peer]["figures"] for peer in REFERENCES if "figures" in results.get(peer, {})), None)
    for result in results.values():
        figures = result.pop("figures", None)
        if figures is None or reference is None or dtype is None:
            continue
        if any(found != dtype for found in result["dtypes"]):
            result["disagrees"] = f"computes in {', '.join(result['dtypes'])}, not {dtype}"
        worst = _distance(figures, reference)
        result["distance"] = worst
        if not worst <= TOLERANCE[dtype]:
            result["disagrees"] = f"losses or gradients off by {worst:.1e} relative, allowed {TOLERANCE[dtype]:.0e}"


def _distance(figures: list[list[float]], reference: list[list[float]]) -> float:
    """Return the largest difference, relative to the largest entry of its figure; inf where shapes or NaNs differ."""
    if [len(figure) for figure in figures] != [len(figure) for figure in reference]:
        return math.inf
    worst = 0.0
    for ours, theirs in zip(figures, reference, strict=True):
        scale = max(map(abs, theirs)) or 1.0
        differences = [abs(a - b) / scale for a, b in zip(ours, theirs, strict=True)]
        worst = max([worst, *(difference if difference == difference else math.inf for difference in differences)])
    return worst


def _summarise(result: dict, measured: list[dict], metrics: dict[str, str]) -> None:
    result["rounds"] = {name: [metrics.get(name) for metrics in measured] for name in metrics}
    kept = {name: [value for value in values if value is not None] for name, values in result["rounds"].items()}
    result["median"] = {name: median(values) if values else None for name, values in kept.items()}


def _ratios(results: dict[str, dict], metrics: list[str]) -> None:
    """Divide by PyTorch eager, round by round, so that a drift of the machine cancels; then take the median."""
    base = results.get("torch_eager", {}).get("rounds")
    for result in results.values():
        if base is None or "rounds" not in result:
            continue
        result["ratio"] = {}
        for name in metrics:
            pairs = zip(result["rounds"][name], base[name], strict=False)
            quotients = [value / unit for value, unit in pairs if value is not None and unit]
            result["ratio"][name] = median(quotients) if quotients else None
