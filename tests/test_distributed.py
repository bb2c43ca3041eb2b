"""Several processes train the model that one would train; threads play them here, and MPI itself at the end."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import mpi_training
import nn
import optim
from devices import DUCKS
from duck import Duck
from mpi_training import X, Y, model, trainer
from nn import distributed
from ranks import on_ranks
from trainings import T, state


def results(count: int, work: Any) -> list[Any]:
    """What each rank gives, none of which failed."""
    found = on_ranks(count, work)
    for value in found:
        if isinstance(value, BaseException):
            raise value
    return found


def close(a: Any, b: Any) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=2e-5, atol=2e-6, err_msg=name)


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "LBFGS": lambda p: optim.LBFGS(p, max_iter=3, line_search_fn="strong_wolfe"),
}


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("count", [2, 3])
def test_ranks_train_the_model_that_one_process_trains(rule: str, count: int) -> None:
    """Batch norm, clipping, weighted classes, ignored targets, and a last batch that is smaller than the ranks."""

    convex = rule == "LBFGS"  # whose line search branches: both take the same steps where rounding is far away
    x, size, ignored = (X.astype(np.float64), 66, 2) if convex else (X, 16, 9)

    def work(comm: Any = None) -> Any:
        ag.manual_seed(0)
        net = nn.Linear(3, 2, dtype=np.float64) if convex else model(comm)
        loss = nn.CrossEntropyLoss(np.array([1.0, 2.0], x.dtype), ignore_index=-1)
        optimizer, metrics = OPTIMIZERS[rule](net.parameters()), [nn.metrics.accuracy]
        one = nn.Trainer(net, loss, optimizer, metrics=metrics, seed=3, clip_norm=1.0, comm=comm)
        history = one.fit(
            (x[:66], np.where(np.arange(66) % ignored, Y[:66], -1)), (x[66:], Y[66:]), epochs=4, batch_size=size
        )
        return net.state_dict(), [{k: v for k, v in record.items() if k != "seconds"} for record in history]

    weights, history = work()
    found = results(count, work)
    assert len({json.dumps(records) for _, records in found}) == 1
    for own, _ in found:
        assert {k: v.tobytes() for k, v in own.items()} == {k: v.tobytes() for k, v in found[0][0].items()}
    close(found[0][0], weights)
    for mine, whole in zip(found[0][1], history, strict=True):
        assert mine == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize("count", [2, 3])
def test_a_loop_of_ones_own_adds_up_gradients_and_losses(count: int) -> None:
    def work(comm: Any) -> Any:
        net = nn.Linear(3, 1)  # every rank draws other weights
        data, loss_of = nn.data.TensorDataset(X, T), nn.MSELoss()
        distributed.broadcast(net, comm)
        first = state(net)
        loader = nn.data.DataLoader(data, batch_sampler=distributed.DistributedSampler(data, 70, comm, shuffle=False))
        for x, t in loader:
            for _ in range(2):  # gradients accumulate
                value = distributed.backward(loss_of(net(x), t), net.parameters(), comm, len(t))
            mean = distributed.average({"samples": float(len(t))}, comm)
        whole = loss_of(net(X), T)
        gradients = [p.grad.numpy() for p in net.parameters()]
        net.zero_grad()
        (2 * loss_of(net(X), T)).backward()
        for g, p in zip(gradients, net.parameters(), strict=True):
            np.testing.assert_allclose(g, p.grad.numpy(), rtol=1e-5)
        assert value == pytest.approx(whole.item(), rel=1e-6) and mean["samples"] == 70 / count
        return first

    first = results(count, work)
    assert all(weights == first[0] for weights in first)


def test_a_gradient_that_only_one_rank_has_counts_and_one_that_none_has_stays_away() -> None:
    def work(comm: Any) -> Any:
        a, b = (ag.Tensor(np.ones(2), requires_grad=True) for _ in range(2))
        c = ag.Tensor(np.ones(2), requires_grad=True)
        distributed.backward((a * 2 + (b * 3 if comm.Get_rank() else 0)).sum(), [a, b, c], comm)
        assert a.grad is not None and b.grad is not None
        return a.grad.tolist(), b.grad.tolist(), c.grad

    assert results(2, work) == [([2, 2], [1.5, 1.5], None)] * 2


@settings(max_examples=25)
@given(items=st.integers(1, 40), batch=st.integers(4, 12), count=st.integers(1, 4), drop=st.booleans())
def test_the_parts_of_a_batch_are_that_batch(items: int, batch: int, count: int, drop: bool) -> None:
    """Every item comes once an epoch, parts differ in size by one at most, and the next epoch has another order."""

    class Rank(distributed.Alone):
        def __init__(self, rank: int) -> None:
            self.rank = rank

        def Get_rank(self) -> int:
            return self.rank

        def Get_size(self) -> int:
            return count

        def bcast(self, obj: Any, root: int = 0) -> Any:
            return (None, 5)

    data = nn.data.TensorDataset(np.arange(items))

    def epochs(comm: Any) -> list[list[np.ndarray]]:
        sampler = distributed.DistributedSampler(data, batch, comm, drop_last=drop, seed=5)
        loader = nn.data.DataLoader(data, batch_sampler=sampler)
        return [[rows for (rows,) in loader] for _ in range(2)]

    whole, parts = epochs(distributed.Alone()), [epochs(Rank(r)) for r in range(count)]
    for epoch in range(2):
        for k, rows in enumerate(whole[epoch]):
            mine = [part[epoch][k] for part in parts]
            np.testing.assert_array_equal(np.concatenate(mine), rows)
            assert max(map(len, mine)) - min(map(len, mine)) <= 1
    if not drop:
        assert sorted(np.concatenate(whole[0])) == list(range(items))
    if items > 9 and not drop:
        assert not np.array_equal(np.concatenate(whole[0]), np.concatenate(whole[1]))


@pytest.mark.parametrize("places", [(), (4,), (2, 3)])
def test_batch_norm_over_ranks_is_batch_norm_of_the_whole_batch(places: tuple[int, ...]) -> None:
    """Values, running statistics, and gradients, also where the ranks weigh differently and one has no samples."""
    x = np.random.default_rng(0).normal(size=(7, 2, *places)) + 3
    cuts = [slice(0, 4), slice(4, 4), slice(4, 7)]
    norm: Any = [nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d][len(places)](2, dtype=np.float64)
    whole = ag.Tensor(x, requires_grad=True)
    y = norm(whole)
    (y**3).sum().backward()

    def work(comm: Any) -> Any:
        layer = distributed.SyncBatchNorm(2, comm=comm, dtype=np.float64)
        mine = ag.Tensor(x[cuts[comm.Get_rank()]], requires_grad=True)
        out = layer(mine)
        (out**3).sum().backward()
        distributed.reduce_gradients(layer.parameters(), comm)
        layer.eval()
        return out.numpy(), mine.grad.numpy(), layer.state_dict(), layer.weight.grad.numpy(), layer(mine).numpy()

    outs, grads, states, weights, evaluated = zip(*results(3, work), strict=True)
    np.testing.assert_allclose(np.concatenate(outs), y.numpy(), rtol=1e-10)
    np.testing.assert_allclose(np.concatenate(grads), whole.grad.numpy(), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weights[0], norm.weight.grad.numpy(), rtol=1e-10)
    for own in states:
        for name, array in norm.state_dict().items():
            np.testing.assert_allclose(own[name], array, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate(evaluated), norm.eval()(x).numpy(), rtol=1e-10)


def test_running_statistics_of_plain_batch_norm_are_the_means_over_the_ranks() -> None:
    """The mean of two halves' means is that of the whole batch; no rank keeps statistics of its own."""

    def work(comm: Any = None) -> Any:
        net = model(None)
        one = nn.Trainer(net, nn.CrossEntropyLoss(), optim.SGD(net.parameters(), lr=0.1), seed=0, comm=comm)
        one.fit((X, Y), batch_size=70)
        return net.state_dict()

    first, second = results(2, work)
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    np.testing.assert_allclose(first["1.running_mean"], work()["1.running_mean"], rtol=1e-4, atol=1e-6)


def test_ranks_whose_models_lie_on_a_device() -> None:
    """Strict ducks, as on a GPU: sums are taken in the memory of the CPU, and lie beside the parameters again."""

    def work(comm: Any, moved: bool) -> Any:
        one = trainer(comm)
        if moved:
            DUCKS.move_module(one.model)
        one.fit((X, Y), (X, Y), epochs=2, batch_size=16)
        assert all((type(p.data) is Duck) is moved for p in one.model.parameters())
        return one.model.state_dict()

    on_cpu, on_device = (results(2, lambda comm, moved=moved: work(comm, moved)) for moved in (False, True))
    close(on_device[0], on_cpu[0])


# Random numbers, checkpoints, stopping -----------------------------------------------------------------------------


class Seen(nn.Module):
    """Keeps what dropout made of ones."""

    def __init__(self, generator: Any) -> None:
        self.layer, self.own, self.seen = nn.Linear(3, 2), generator, []

    def forward(self, x: Any) -> Any:
        drawn = nn.functional.dropout(np.ones(8, np.float32), 0.5, generator=self.own)
        self.seen = [*self.seen, drawn.tolist()]
        return self.layer(x)


@pytest.mark.parametrize("own", [False, True], ids=["default generator", "the module's own"])
def test_every_rank_and_every_step_drops_other_units_and_all_move_alike(own: bool) -> None:
    """But the noise that an optimizer's hook adds to the gradients is the same everywhere."""

    def work(comm: Any) -> Any:
        ag.manual_seed(1)
        seen = Seen(np.random.default_rng(7) if own else None)
        optimizer = optim.SGD(seen.parameters())
        optim.hooks.GradientNoise(0.1).add_to(optimizer)
        one = nn.Trainer(seen, nn.CrossEntropyLoss(), optimizer, seed=0, compile=False, comm=comm)
        one.fit((X, Y), epochs=1, batch_size=35)
        return seen.seen, state(seen)

    first, second = results(2, work)
    assert len({str(mask) for masks in (first[0], second[0]) for mask in masks}) == 4
    assert first[1] == second[1]
    assert [first, second] == results(2, work)


@pytest.mark.parametrize("stops", [3, 7], ids=["in the first epoch", "in the second"])
def test_a_training_that_was_broken_off_goes_on_to_the_same_bits(tmp_path: Path, stops: int) -> None:
    """With dropout; and by another number of ranks it goes on as well."""

    class Break(nn.Callback):
        def on_batch_end(self, trainer: Any, loss: float) -> None:
            if trainer.step == stops:
                raise ValueError("the power fails")

    def work(comm: Any, folder: str, callbacks: Any = (), **options: Any) -> Any:
        keeper = nn.callbacks.ModelCheckpoint(tmp_path / folder, unit="step")
        one = trainer(comm, dropout=0.3, callbacks=[keeper, *callbacks])
        one.fit((X, Y), epochs=3, batch_size=16, **options)
        return state(one.model), one.step

    whole = results(2, lambda comm: work(comm, "whole"))
    broken = on_ranks(2, lambda comm: work(comm, "broken", [Break()]))
    assert all(isinstance(value, BaseException) for value in broken)
    shutil.copytree(tmp_path / "broken", tmp_path / "others")
    assert results(2, lambda comm: work(comm, "broken", resume=True)) == whole
    others = results(3, lambda comm: work(comm, "others", resume=True))
    assert others[0] == others[2] and others[0][1] == whole[0][1] and others[0] != whole[0]


def test_early_stopping_is_one_decision_and_rank_0_alone_writes(tmp_path: Path) -> None:
    def work(comm: Any) -> Any:
        stop = nn.callbacks.EarlyStopping(patience=1, min_delta=0.05)
        files = [
            nn.callbacks.CSVLogger(tmp_path / "log.csv"),
            nn.callbacks.ModelCheckpoint(tmp_path, monitor="val_loss"),
        ]
        one = trainer(comm, callbacks=[stop, *files])
        history = one.fit((X[:60], Y[:60]), (X[60:], Y[60:]), epochs=50, batch_size=16)
        return len(history), stop.best_epoch, history[-1], state(one.model)

    first, second = results(2, work)
    assert first == second and first[0] < 50
    assert len((tmp_path / "log.csv").read_text().splitlines()) == first[0] + 1


def test_who_wants_to_stop_stops_all() -> None:
    class Tired(nn.Callback):
        def on_batch_end(self, one: Any, loss: float) -> None:
            one.should_stop = one.ranks.rank == 1 and one.step == 2

    def work(comm: Any) -> Any:
        one = trainer(comm, callbacks=[Tired()])
        one.fit((X, Y), batch_size=16)
        return one.step

    assert results(3, work) == [2, 2, 2]


# What goes wrong ---------------------------------------------------------------------------------------------------


def raised(count: int, work: Any) -> list[str]:
    """The message that each rank raises."""
    found = on_ranks(count, work)
    assert all(isinstance(value, Exception) for value in found), found
    return [f"{type(value).__name__}: {value}" for value in found]


def test_a_number_that_is_not_finite_on_one_rank_is_known_to_all() -> None:
    def work(comm: Any) -> Any:
        x = X.copy()
        x[40] = np.inf
        one = trainer(comm)
        one.fit((x, Y), batch_size=70)

    for message in raised(2, work):
        assert message.startswith("FloatingPointError: Trainer.fit: the loss is nan at step 1")
        assert "On rank 0: The batch itself" in message or "On rank 1: The batch itself" in message


def other_width(comm: Any) -> Any:
    net = nn.Linear(3, 2 + comm.Get_rank())
    return nn.Trainer(net, nn.CrossEntropyLoss(), optim.SGD(net.parameters()), comm=comm).fit((X, Y))


def other_rows(comm: Any) -> Any:
    return trainer(comm).fit((X[: 70 - 40 * comm.Get_rank()], Y[: 70 - 40 * comm.Get_rank()]), batch_size=10)


def fewer_batches(comm: Any) -> Any:
    return trainer(comm).fit(iter([(X, Y)] * (2 - comm.Get_rank())))


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (other_width, r"the ranks differ: model: weight is float32 \(3, 3\) on rank 1 and float32 \(2, 3\) on rank 0"),
        (other_rows, "the ranks differ: batches of an epoch is 3 on rank 1 and 7 on rank 0"),
        (fewer_batches, "after 1 batches 1 of 2 ranks have no more"),
        (lambda comm: trainer(comm).fit((X, Y), batch_size=1), "a batch of 1 for 2 ranks leaves some without samples"),
        (lambda comm: distributed.broadcast(nn.Linear(1 + comm.Get_rank(), 1), comm), "broadcast: the ranks differ"),
    ],
)
def test_ranks_that_differ_are_named_on_all(work: Any, told: str) -> None:
    for message in raised(2, work):
        assert message.startswith(("ValueError", "TypeError")) and re.search(told, message), message


def test_a_rank_that_fails_ends_all(capsys: Any) -> None:
    def work(comm: Any) -> Any:
        with distributed.together(comm):
            if comm.Get_rank():
                raise KeyError("lost file")
            comm.allgather("waiting")

    found = on_ranks(2, work)
    assert isinstance(found[1], KeyError) and isinstance(found[0], BaseException)
    assert "rank 1 of 2 failed, and with it all:" in (told := capsys.readouterr().err) and "lost file" in told


def test_without_mpi_and_with_what_is_no_communicator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match=r'Fix: pip install "autograd-core\[mpi\]"'):
        distributed.world()
    net = nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"comm is 4 \(int\), not a communicator. Fix: comm=nn.distributed.world"):
        nn.Trainer(net, nn.MSELoss(), optim.SGD(net.parameters()), comm=4)  # type: ignore[arg-type]


# MPI ---------------------------------------------------------------------------------------------------------------


def mpiexec(*arguments: object) -> tuple[str, str, int]:
    """Output, errors and exit code of two ranks of ``mpi_training.py``."""
    command = [shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec", "--oversubscribe", "-n", "2"]
    settings = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OPENBLAS_NUM_THREADS": "1"}
    path = os.pathsep.join([str(Path(nn.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*command, sys.executable, mpi_training.__file__, *map(str, arguments)],
        env={**os.environ, **settings, "OMPI_MCA_mpi_yield_when_idle": "1", "PYTHONPATH": path},
        capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    return done.stdout, done.stderr, done.returncode


def test_two_processes_of_mpi(tmp_path: Path) -> None:
    """They train one model; one that fails or is killed ends both; and the last checkpoint goes on in one process."""
    pytest.importorskip("mpi4py", reason="the extra mpi is not installed")
    whole, failing, killed = (mpiexec(tmp_path / kind, kind) for kind in ("whole", "failing", "killed"))
    assert whole[2] == 0, whole
    assert failing[2] != 0 and "rank 1 of 2 failed, and with it all:" in failing[1] and "lost file" in failing[1]
    assert killed[2] != 0
    first, second = (dict(np.load(tmp_path / "whole" / f"rank-{r}.npz")) for r in range(2))
    assert {k: v.tobytes() for k, v in first.items()} == {k: v.tobytes() for k, v in second.items()}
    alone, resumed = trainer(None), trainer(None)
    alone.fit((X, Y), epochs=4, batch_size=16)
    resumed.fit((X, Y), epochs=4, batch_size=16, resume=tmp_path / "killed")
    assert resumed.step == 20
    close(first, alone.model.state_dict())
    close(resumed.model.state_dict(), alone.model.state_dict())
