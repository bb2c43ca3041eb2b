"""Searches on joblib's backends give the scores of one process; data in chunks are read once an epoch."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import optim
from nn.data import ChunkedDataset, ChunkSampler, DataLoader
from trainings import T, X, Y

pytest.importorskip("sklearn")


def module() -> Any:
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))


def searches() -> list[Any]:
    """The scores of a grid, of a halving grid, and of a network with dropout, cross-validated."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score

    from nn.estimators import MLPClassifier, NeuralNetClassifier

    grid = {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(4,), (8,)]}
    model = MLPClassifier(solver="lbfgs", max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        plain = GridSearchCV(model, grid, cv=2).fit(X, Y)
        halving = HalvingGridSearchCV(model, grid, cv=2, min_resources=20, random_state=0).fit(X, Y)
        crossed = cross_val_score(NeuralNetClassifier(module, max_iter=5, random_state=0), X, Y, cv=2)
    found = [search.cv_results_["mean_test_score"].tolist() for search in (plain, halving)]
    return [*found, plain.best_params_, crossed.tolist()]


@pytest.mark.filterwarnings("ignore")  # of the cluster's own
@pytest.mark.parametrize("backend", ["threading", "dask"])
def test_a_search_has_the_same_scores_on_every_backend(backend: str) -> None:
    """loky's processes, joblib's default, are tried in test_estimators_in_use."""
    joblib = pytest.importorskip("joblib")
    expected = searches()
    if backend == "threading":
        with joblib.parallel_config(backend, n_jobs=2):
            assert searches() == expected
        return
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    cluster = distributed.LocalCluster(**settings)
    with cluster, distributed.Client(cluster), joblib.parallel_config("dask", scatter=[X, Y]):
        assert searches() == expected


# Data in chunks ----------------------------------------------------------------------------------------------------


class Counted:
    """An array that counts which rows are read, in chunks of 16."""

    chunks, dtype = (16, 3), X.dtype

    def __init__(self) -> None:
        self.shape, self.read = X.shape, []

    def __getitem__(self, rows: slice) -> Any:
        self.read.append((rows.start, rows.stop))
        return X[rows]


def test_every_chunk_is_read_once_an_epoch_and_every_row_comes_once() -> None:
    counted = Counted()
    data = ChunkedDataset(counted, Y)
    loader = DataLoader(data, 10, sampler=ChunkSampler(data), seed=0)
    orders = []
    for _ in range(2):
        counted.read.clear()
        data._chunks.clear()
        batches = list(loader)
        assert sorted(counted.read) == list(itertools.pairwise([*range(0, 70, 16), 70]))
        x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        rows = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in x]
        assert sorted(rows) == list(range(70)) and (Y[rows] == y).all()
        orders.append(rows)
    assert orders[0] != orders[1] and len(data._chunks) <= 2


def test_batches_in_any_order_are_those_of_arrays() -> None:
    data, plain = ChunkedDataset(X, Y, rows=9, held=1), nn.data.TensorDataset(X, Y)
    order = np.random.default_rng(0).permutation(70)
    for rows in (order, order[:0], [3], [-1 + 70, 0, 3, 3]):
        for a, b in zip(data.batch(rows), plain.batch(rows), strict=True):
            np.testing.assert_array_equal(a, b)
    assert data[-1][1] == Y[-1] and len(data) == 70


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["memory map", "dask", "zarr", "parquet"])
def test_a_trainer_takes_arrays_larger_than_memory(kind: str, tmp_path: Path) -> None:
    """The same losses as on arrays that are read in the same order."""
    table = np.hstack([X, T])
    x: Any
    if kind == "memory map":
        np.save(tmp_path / "x.npy", X)
        x, t = ChunkedDataset(np.load(tmp_path / "x.npy", mmap_mode="r"), T, rows=16), None
    elif kind == "zarr":
        zarr = pytest.importorskip("zarr")
        x, t = zarr.array(X, chunks=(16, 3)), T
    else:
        dask = pytest.importorskip("dask.array")
        whole = dask.from_array(table, chunks=(16, 4))
        if kind == "parquet":
            frames, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
            for k in range(0, 70, 16):
                frame = pandas.DataFrame(table[k : k + 16], columns=list("abcd"))
                frame.to_parquet(tmp_path / f"{k:03d}.parquet")
            whole = frames.read_parquet(tmp_path).to_dask_array(lengths=True)
        x, t = whole[:, :3], whole[:, 3:]

    def losses(data: Any) -> Any:
        model = nn.Linear(3, 1)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), seed=1)
        history = trainer.fit(data, data if kind == "dask" else None, epochs=2, batch_size=10)
        return history["loss"]

    if isinstance(x, ChunkedDataset):
        x = DataLoader(x, 10, sampler=ChunkSampler(x))
    plain = ChunkedDataset(X, T, rows=16)
    expected = losses(DataLoader(plain, 10, sampler=ChunkSampler(plain)))
    found = losses((x, t) if t is not None else x)
    assert found == pytest.approx(expected, rel=1e-5)


def test_what_has_no_chunks_or_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ndarray does not say how it is chunked. Fix: give rows="):
        ChunkedDataset(X)
    with pytest.raises(ValueError, match=r"arrays of lengths \[70, 69\]"):
        ChunkedDataset(X, Y[1:], rows=9)
    with pytest.raises(TypeError, match="ChunkSampler: TensorDataset has no chunks"):
        ChunkSampler(nn.data.TensorDataset(X))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="array 0 is int, which has no rows"):
        ChunkedDataset(3)
