"""Train a small network on real handwritten digits, and look at everything on the way.

    python examples/digits.py [--seed 0] [--epochs 40] [--out out] [--ranks 1]

Writes into out/: the network's computation graph, the ξ-table of the lecture's example, learning curves, a sheet of
misread digits, a page that walks through the trained network (network.html), and one that trains (play.html). With
--ranks 2 two processes train together (MPI), each on half of every batch.
"""

from __future__ import annotations

import argparse
import copy
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autograd_core as ag
import nn
import optim
from nn import distributed, playground

matplotlib.use("Agg")
import matplotlib.pyplot as plt

console = Console()


def digits() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """1,797 scans of 8×8 pixels in [0, 1], always split alike: 1,257 to train on, 270 to watch, 270 to test."""
    pixels, labels = load_digits(return_X_y=True)
    pixels = (pixels / 16).astype(np.float32)
    train_x, rest_x, train_y, rest_y = train_test_split(pixels, labels, test_size=540, stratify=labels, random_state=0)
    val_x, test_x, val_y, test_y = train_test_split(rest_x, rest_y, test_size=270, stratify=rest_y, random_state=0)
    return {"train": (train_x, train_y), "validation": (val_x, val_y), "test": (test_x, test_y)}


def network() -> nn.Sequential:
    """64 pixels → 128 → 64 → 10 digits."""
    return nn.Sequential(
        *(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.3)),
        *(nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3)),
        nn.Linear(64, 10),
    )


def check_gradients(model: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """Compare the whole network's loss, dropout and batch norm included, with finite differences in float64."""
    model = copy.deepcopy(model).to(np.float64)
    loss_of = nn.CrossEntropyLoss()
    names = [name for name, _ in model.named_parameters()]

    def loss(*parameters: Any) -> Any:
        ag.manual_seed(0)  # the same units are dropped every time
        return loss_of(nn.functional_call(model, dict(zip(names, parameters, strict=True)), x.astype(np.float64)), y)

    return ag.gradcheck(loss, *model.parameters(), samples=12, name="the network's loss")


def accuracy(model: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    return float((predict(model, x) == y).mean())


def predict(model: nn.Module, x: np.ndarray) -> np.ndarray:
    model.eval()
    with ag.no_grad():
        answer = model(x).argmax(axis=1)
    model.train()
    return answer


def train(
    model: nn.Module, data: dict[str, Any], epochs: int, seed: int, comm: distributed.Communicator, batch: int = 32
) -> dict[str, list[float]]:
    """Adam with a falling learning rate; the weights of the best validation accuracy are kept.

    Each process of ``comm`` computes a part of every batch, and all make the same step.
    """
    rank, ranks = comm.Get_rank(), comm.Get_size()
    (x, y), (val_x, val_y) = data["train"], data["validation"]
    loss_of, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=3e-3)
    shuffle = np.random.default_rng(seed)
    history: dict[str, list[float]] = {"loss": [], "validation loss": [], "validation accuracy": []}
    best, best_state = (-1.0, 0.0), model.state_dict()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with distributed.together(comm), Progress(*columns, console=console, disable=rank > 0) as progress:
        bar = progress.add_task("training", total=epochs)
        for epoch in range(epochs):
            optimizer.param_groups[0]["lr"] = 3e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
            order, total = shuffle.permutation(len(x)), 0.0
            for start in range(0, len(x) - batch + 1, batch):
                rows = np.array_split(order[start : start + batch], ranks)[rank]
                optimizer.zero_grad()
                loss = loss_of(model(x[rows]), y[rows])
                total += distributed.backward(loss, model.parameters(), comm, len(rows))
                optimizer.step()
            model.eval()
            with ag.no_grad():
                val_loss = loss_of(model(val_x), val_y).item()
            model.train()
            val_accuracy = accuracy(model, val_x, val_y)
            history["loss"].append(total / (len(x) // batch))
            history["validation loss"].append(val_loss)
            history["validation accuracy"].append(val_accuracy)
            if (val_accuracy, -val_loss) > best:
                best, best_state = (val_accuracy, -val_loss), model.state_dict()
            text = f"loss {history['loss'][-1]:.4f}  validation accuracy {val_accuracy:.3f}"
            progress.update(bar, advance=1, description=text)
    model.load_state_dict(best_state)
    return history


def draw_graph(model: nn.Module, data: dict[str, Any], path: Path) -> None:
    """The rows that one training step records."""
    pixels, labels = (a[:32] for a in data["train"])

    def loss(pixels: Any) -> Any:
        return nn.CrossEntropyLoss()(model(pixels), labels)

    ag.trace(loss, pixels).render(path)


def write_xi_table(text: Path, page: Path) -> None:
    """The lecture's worked example: the loss −y log σ(x·w) at x = 3, y = 1, w = 3."""

    def loss(x: Any, y: Any, w: Any) -> Any:
        return -y * np.log(1 / (1 + np.exp(-x * w)))

    graph = ag.trace(loss, 3.0, 1.0, 3.0, wrt="w")
    tables = [graph.table(mode=mode) for mode in ("reverse", "forward")]
    text.write_text("\n\n".join(map(str, tables)) + "\n", encoding="utf-8")
    page.write_text("\n".join(table.to_html() for table in tables), encoding="utf-8")


def write_walk(model: nn.Module, data: dict[str, Any], path: Path) -> None:
    """A page of what the trained network makes of eight digits, step by step, forward and back."""
    pixels, labels = (a[:8] for a in data["test"])
    loss_of = nn.CrossEntropyLoss()
    model.eval()
    graph = ag.trace(lambda images: loss_of(model(images.reshape(8, 64)), labels), pixels.reshape(8, 8, 8))
    graph.to_html(path, rounding=True)


def write_playground(data: dict[str, Any], path: Path) -> None:
    """A page that trains a small network in the browser; digits can be drawn into it."""
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    playground.write(model, *data["train"], path, "Digits: a network that trains")


def draw_curves(history: dict[str, list[float]], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    left.plot(history["loss"], label="training (with dropout)")
    left.plot(history["validation loss"], label="validation")
    left.set(title="Cross-entropy", xlabel="epoch", yscale="log")
    left.legend()
    right.plot(history["validation accuracy"], color="C1")
    right.set(title="Validation accuracy", xlabel="epoch")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_misread(x: np.ndarray, y: np.ndarray, guess: np.ndarray, path: Path) -> int:
    """A sheet of the test digits that were misread, with what they are and what was read."""
    wrong = np.flatnonzero(guess != y)
    columns = min(6, max(2, len(wrong)))
    lines = max(1, -(-len(wrong) // columns))
    figure, grid = plt.subplots(
        lines, columns, figsize=(1.5 * columns, 1.9 * lines), squeeze=False, layout="constrained"
    )
    for cell in grid.flat:
        cell.axis("off")
    for cell, i in zip(grid.flat, wrong, strict=False):
        cell.imshow(x[i].reshape(8, 8), cmap="gray_r")
        cell.set_title(f"is {y[i]}, read {guess[i]}", fontsize=9)
    figure.suptitle(f"{len(wrong)} of {len(y)} test digits misread")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return len(wrong)


def start_ranks(count: int) -> None:
    """Begin again as ``count`` processes, which share the cores; in one of them: nothing."""
    if count == 1 or "OMPI_COMM_WORLD_RANK" in os.environ or "PMI_RANK" in os.environ:
        return
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    mpiexec = shutil.which("mpiexec", path=folders)
    if mpiexec is None:
        sys.exit('--ranks needs mpiexec. Fix: pip install "autograd-core[mpi]"')
    threads = str(max(1, (os.cpu_count() or 1) // count))
    settings = {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "OMPI_MCA_mpi_yield_when_idle": "1"}
    if not sys.stdout.isatty():
        settings["TERM"] = "dumb"  # mpiexec makes a terminal for each process, whatever it writes to itself
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # Open MPI asks twice
        settings |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    sys.stdout.flush()
    os.execve(mpiexec, [mpiexec, "--oversubscribe", "-n", str(count), sys.executable, *sys.argv], os.environ | settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of initial weights, dropout and shuffling (default 0)")
    parser.add_argument("--epochs", type=int, default=40, help="passes over the training data (default 40)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the pictures (default out)")
    parser.add_argument("--ranks", type=int, default=1, help="processes that train together by MPI (default 1)")
    options = parser.parse_args()
    if options.epochs < 1 or not 1 <= options.ranks <= 32:
        parser.error("--epochs must be at least 1, --ranks between 1 and 32, the size of a batch")
    start_ranks(options.ranks)
    comm = distributed.world() if options.ranks > 1 else distributed.Alone()
    console.quiet = comm.Get_rank() > 0
    began = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)

    data = digits()
    ag.manual_seed(options.seed)
    model = network()
    count = sum(p.size for p in model.parameters())
    error = check_gradients(model, *(a[:16] for a in data["train"]))
    console.print(f"gradient check of all {count:,} parameters' loss, both modes: error {error:.1e}")
    draw_graph(model, data, options.out / "graph.svg")
    write_xi_table(options.out / "xi_table.txt", options.out / "xi_table.html")

    if comm.Get_size() > 1:
        model = distributed.SyncBatchNorm.convert_sync_batchnorm(model, comm)
    ag.manual_seed(options.seed + comm.Get_rank())  # other units are dropped on each rank
    history = train(model, data, options.epochs, options.seed, comm)
    if comm.Get_rank():
        return

    x, y = data["test"]
    guess = predict(model, x)
    draw_curves(history, options.out / "curves.png")
    write_walk(model, data, options.out / "network.html")
    write_playground(data, options.out / "play.html")
    wrong = draw_misread(x, y, guess, options.out / "misread.png")
    console.print(
        f"test accuracy {1 - wrong / len(y):.4f} ({wrong} of {len(y)} misread), {count:,} parameters, "
        f"gradcheck error {error:.1e}, {comm.Get_size()} process{'es' * (comm.Get_size() > 1)}, "
        f"{time.perf_counter() - began:.1f} s; pictures and pages in {options.out}/"
    )


if __name__ == "__main__":
    main()
