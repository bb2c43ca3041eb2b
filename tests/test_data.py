"""Datasets, samplers and loaders: every item once, orders that a seed decides, and an epoch that can be resumed."""

import gc
import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from nn.data import (
    BalancedSampler,
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    datasets,
    random_split,
)

numbers = TensorDataset(np.arange(10))


def epoch(loader):
    return [batch[0].tolist() for batch in loader]


def flat(batches):
    return [i for batch in batches for i in batch]


# Datasets ----------------------------------------------------------------------------------------------------------


def test_items_and_batches_are_rows():
    x, y = np.arange(12.0).reshape(4, 3), [0, 1, 0, 1]
    data = TensorDataset(x, y, ag.Tensor(np.ones(4, np.float32)))
    assert len(data) == 4 and data[2][1] == 0
    rows = data.batch([3, 0])
    assert (rows[0] == x[[3, 0]]).all() and rows[1].tolist() == [1, 0] and rows[2].dtype == np.float32
    rows[0][:] = 7
    assert x[3, 0] == 9  # a batch is a copy


square = np.arange(25.0).reshape(5, 5)


@pytest.mark.parametrize("array", [square, np.asfortranarray(square), square[:, ::2], square.astype(">i4"), square.T])
def test_arrays_of_any_layout_are_cut_alike(array):
    assert (TensorDataset(array).batch([4, 1])[0] == array[[4, 1]]).all()


def test_what_is_no_dataset_is_refused():
    with pytest.raises(ValueError, match=r"different lengths \[3, 4\]; the shapes are \(3, 2\), \(4,\)"):
        TensorDataset(np.zeros((3, 2)), np.zeros(4))
    with pytest.raises(TypeError, match="no rows"):
        TensorDataset(np.float64(3))
    with pytest.raises(TypeError, match="no arrays"):
        TensorDataset()
    with pytest.raises(ValueError, match="empty"):
        DataLoader(TensorDataset(np.zeros((0, 3))))
    with pytest.raises(IndexError, match="index 12 is out of range for a dataset of 10"):
        Subset(numbers, [1, 12])


@given(st.integers(1, 40), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_random_split_is_a_partition(size, shares):
    data = TensorDataset(np.arange(size))
    parts = random_split(data, [share / sum(shares) for share in shares], np.random.default_rng(0))
    assert sorted(int(part[i][0]) for part in parts for i in range(len(part))) == list(range(size))
    assert all(abs(len(part) - size * share / sum(shares)) <= 1 for part, share in zip(parts, shares, strict=True))


def test_a_split_that_does_not_add_up_is_refused():
    assert [len(part) for part in random_split(numbers, [3, 7])] == [3, 7]
    with pytest.raises(ValueError, match=r"\[3, 8\] do not add up to the dataset's 10"):
        random_split(numbers, [3, 8])


# Orders ------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 30), st.integers(1, 12), st.booleans(), st.booleans(), st.integers(0, 3))
def test_an_epoch_has_every_item_once(size, batch_size, shuffle, drop_last, prefetch):
    loader = DataLoader(
        TensorDataset(np.arange(size)), batch_size, shuffle, drop_last=drop_last, prefetch=prefetch, seed=0
    )
    batches = epoch(loader)
    assert len(batches) == len(loader)
    assert all(len(batch) == batch_size for batch in batches[:-1])
    items = flat(batches)
    assert len(set(items)) == len(items) == (size // batch_size * batch_size if drop_last else size)
    assert shuffle or items == sorted(items)


def test_every_epoch_is_shuffled_anew_and_a_seed_decides_how():
    loader, twin = (DataLoader(numbers, 3, shuffle=True, seed=5) for _ in range(2))
    epochs = [epoch(loader) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs == [epoch(twin) for _ in range(3)]
    ag.manual_seed(1)
    first = epoch(DataLoader(numbers, 3, shuffle=True))
    ag.manual_seed(1)
    assert first == epoch(DataLoader(numbers, 3, shuffle=True))


def test_weights_are_probabilities():
    w = np.array([1.0, 0.0, 3.0, 4.0])
    drawn = np.bincount(list(WeightedRandomSampler(w, 8000, generator=np.random.default_rng(0))), minlength=4)
    expected = 8000 * w / w.sum()
    assert drawn[1] == 0 and (np.abs(drawn - expected) < 4 * np.sqrt(expected + 1)).all()
    assert sorted(WeightedRandomSampler(w, 3, replacement=False)) == [0, 2, 3]
    for bad in ([-1.0, 2.0], [0.0, 0.0], [np.nan, 1.0], [[1.0]]):
        with pytest.raises(ValueError, match="weights of shape"):
            WeightedRandomSampler(bad, 2)
    with pytest.raises(ValueError, match="4 draws without replacement from 3 items"):
        WeightedRandomSampler(w, 4, replacement=False)


@given(st.lists(st.sampled_from("aabc"), min_size=1, max_size=30), st.integers(1, 50))
def test_a_balanced_sampler_gives_every_class_equally_often(labels, count):
    sampler = BalancedSampler(labels, count, np.random.default_rng(0))
    drawn = list(sampler)
    classes = (
        np.unique([labels[i] for i in drawn] + labels, return_counts=True)[1] - np.unique(labels, return_counts=True)[1]
    )
    assert len(drawn) == len(sampler) == count and classes.max() - classes.min() <= 1
    times = np.bincount(drawn, minlength=len(labels))
    for label in set(labels):  # within a class no item is drawn twice before all were
        own = times[[other == label for other in labels]]
        assert own.max() - own.min() <= 1


def test_a_random_sampler_draws_what_it_is_told():
    assert sorted(RandomSampler(range(4), num_samples=8)) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(list(RandomSampler(range(4), replacement=True, num_samples=9))) == 9
    assert list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=True)) == [[0, 1], [2, 3]]


def test_settings_that_exclude_each_other_are_refused():
    sampler = RandomSampler(range(10), generator=np.random.default_rng(0))
    for options, message in (
        ({"sampler": [1], "shuffle": True}, "sampler and shuffle"),
        ({"batch_sampler": [[1]], "batch_size": 2}, "batch_sampler excludes"),
        ({"sampler": sampler, "seed": 1}, "one of seed, generator"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"prefetch": -1}, "prefetch=-1"),
    ):
        with pytest.raises(ValueError, match=message):
            DataLoader(numbers, **options)
    with pytest.raises(TypeError, match="has no length or no items"):
        DataLoader(3)


# Batches -----------------------------------------------------------------------------------------------------------


class Dicts(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return {"x": np.full(2, i), "y": (i, i / 2)}


def test_items_are_stacked_within_their_structure():
    batch = next(iter(DataLoader(Dicts(), 3)))
    assert batch["x"].shape == (3, 2) and batch["y"][0].tolist() == [0, 1, 2]
    assert batch["y"][0].dtype.kind == "i" and batch["y"][1].dtype == np.float32
    assert [b["x"][0, 0] for b in DataLoader(Subset(Dicts(), [3, 1]), 1)] == [3, 1]
    with pytest.raises(ValueError, match=r"shapes \[\(1,\), \(2,\)\]"):
        next(iter(DataLoader([np.zeros(1), np.zeros(2)], 2)))
    with pytest.raises(TypeError, match="collate_fn"):
        next(iter(DataLoader([object()])))
    assert next(iter(DataLoader([1, 2, 3], 2, collate_fn=sum))) == 3


def test_a_transform_depends_on_seed_epoch_and_position_alone():
    def noise(batch, generator):
        return (batch[0] + generator.normal(size=len(batch[0])),)

    loaders = [DataLoader(numbers, 4, shuffle=True, seed=2, transform=noise, prefetch=n) for n in (0, 3)]
    first, second = ([epoch(loader) for _ in range(2)] for loader in loaders)
    assert first == second and first[0] != first[1]


# Resuming ----------------------------------------------------------------------------------------------------------

own = np.random.default_rng
SOURCES = {
    "seed": lambda: DataLoader(numbers, 3, shuffle=True, seed=4, prefetch=2),
    "own generator": lambda: DataLoader(numbers, 3, sampler=BalancedSampler([0] * 7 + [1] * 3, generator=own(1))),
    "any iterable": lambda: DataLoader(numbers, 3, sampler=own(8).permutation(10).tolist()),
    "lists of numbers": lambda: DataLoader(numbers, batch_sampler=[[1, 2], [3], [4, 5, 6]]),
}  # fmt: skip


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("read", range(5))
def test_a_loader_goes_on_in_the_middle_of_an_epoch(make, read):
    loader = make()
    epoch(loader)
    batches = iter(loader)
    for _ in range(min(read, len(loader))):
        next(batches)
    state = loader.state_dict()
    expected = [epoch(batches), epoch(loader)]
    other = make()
    other.load_state_dict(state)
    assert [epoch(other), epoch(other)] == expected
    assert other.epoch == loader.epoch


def test_the_default_generator_may_have_moved_on_in_between():
    ag.manual_seed(0)
    loader = DataLoader(numbers, 2, shuffle=True)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    ag.default_generator().random(100)
    rest = epoch(batches)
    loader.load_state_dict(state)
    assert epoch(loader) == rest


def test_a_state_of_another_loader_is_refused():
    loader = DataLoader(numbers, 2, seed=0)
    for other, message in (
        (DataLoader(TensorDataset(np.arange(9)), 2, seed=0), "items 9 for 10"),
        (DataLoader(numbers, 5, seed=0), "batches 2 for 5"),
        (DataLoader(numbers, 2), "of its own, and one has none"),
    ):
        before = loader.state_dict()
        with pytest.raises(ValueError, match=message):
            loader.load_state_dict(other.state_dict())
        assert loader.state_dict() == before
    with pytest.raises(ValueError, match="mapping with items"):
        loader.load_state_dict({})


# The background thread ---------------------------------------------------------------------------------------------


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "DataLoader"]


class Failing(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, i):
        if i == 4:
            raise OSError("item 4 is unreadable")
        return i


def test_an_exception_of_the_thread_reaches_the_consumer():
    seen = []
    with pytest.raises(OSError, match="item 4 is unreadable"):
        for batch in DataLoader(Failing(), 2, prefetch=3):
            seen.append(batch.tolist())
    assert seen == [[0, 1], [2, 3]]
    assert not threads()


def test_no_thread_is_left_behind():
    loader = DataLoader(numbers, 1, prefetch=2)
    for _ in loader:
        assert len(threads()) == 1
        break
    gc.collect()
    assert not threads()
    assert flat(epoch(loader)) == list(range(10)) and not threads()
    batches = iter(loader)
    next(batches)
    batches.close()
    assert not threads()


def test_the_thread_reads_ahead_but_no_further_than_asked():
    read, third = [], threading.Event()

    class Noted(Dataset):
        def __len__(self):
            return 10

        def __getitem__(self, i):
            read.append(i)
            if i == 2:
                third.set()
            return i

    batches = iter(DataLoader(Noted(), 1, prefetch=2))
    next(batches)
    assert third.wait(120)  # one delivered, two ahead
    threading.Event().wait(0.05)
    assert read == [0, 1, 2]
    batches.close()


# Larger than memory ------------------------------------------------------------------------------------------------


def resident():
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system does not tell what is in memory")
def test_a_file_larger_than_memory_is_read_by_the_batch(tmp_path):
    rows, columns = 2**24, 1024  # 64 GiB, of which the disk holds what was written: three rows
    path = tmp_path / "large.dat"
    with open(path, "wb") as file:
        file.truncate(rows * columns * 4)
    marks = [5, rows // 2, rows - 1]
    large = np.memmap(path, np.float32, "r+", shape=(rows, columns))
    for row in marks:
        large[row, -1] = row
    large = np.memmap(path, np.float32, "r", shape=(rows, columns))
    labels = np.lib.stride_tricks.as_strided(np.zeros(1, np.int64), (rows,), (0,))
    before = resident()
    data = TensorDataset(large, labels)
    loader = DataLoader(data, 64, sampler=[*marks, *range(1000, 1000 + 61 + 64 * 3)], prefetch=2)
    batches = list(loader)
    assert batches[0][0][:3, -1].tolist() == marks and batches[1][0].shape == (64, 1024)
    grown = resident() - before
    assert grown < 64e6, f"{grown / 1e6:.0f} MB for {len(batches)} batches of 0.26 MB"


def test_end_of_iteration_in_a_dataset_is_no_end_of_the_data():
    class Ends(Dataset):
        def __len__(self):
            return 4

        def batch(self, indices):
            raise StopIteration

    for prefetch in (0, 1):
        with pytest.raises(RuntimeError, match="StopIteration"):
            list(DataLoader(Ends(), 2, prefetch=prefetch))


def test_a_batch_sampler_draws_from_its_own_generator():
    def drawn():
        sampler = RandomSampler(range(10), generator=own(1))
        loader = DataLoader(numbers, batch_sampler=BatchSampler(sampler, 3, False))
        return [epoch(loader) for _ in range(2)]

    first = drawn()
    ag.default_generator().random(5)
    assert drawn() == first and first[0] != first[1]


def test_a_subset_is_cut_by_a_mask_as_an_array_is():
    mask = np.arange(10) % 3 == 0
    assert flat(epoch(DataLoader(Subset(numbers, mask), 3))) == [0, 3, 6, 9]
    for bad, error in ((mask[1:], IndexError), ([1.5], TypeError), ([[1, 2]], IndexError)):
        with pytest.raises(error, match="Subset: "):
            Subset(numbers, bad)


def test_a_sampler_without_a_length_can_be_saved_and_resumed():
    class Numbers:
        def __iter__(self):
            return iter(range(10))

    loader = DataLoader(numbers, 4, sampler=Numbers())
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    rest = epoch(batches)
    loader.load_state_dict(state)
    assert epoch(loader) == rest == [[4, 5, 6, 7], [8, 9]]


def test_what_cannot_be_batched_is_named():
    with pytest.raises(TypeError, match=r"dict.*TensorDataset\(x, y\)"):
        DataLoader({"x": np.zeros(3), "y": np.zeros(3)})
    with pytest.raises(ValueError, match="default_collate: no items"):
        next(iter(DataLoader(Failing(), batch_sampler=[[]])))
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"sparse.*toarray\(\)"):
        TensorDataset(sparse.csr_array(np.eye(3)), np.arange(3))


# Data of one call --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["circles", "gauss", "moons", "spirals", "xor"])
@given(n=st.integers(2, 50), seed=st.integers(0, 5))
def test_two_classes_in_the_plane_are_halves_and_a_seed_repeats_them(name, n, seed):
    make = getattr(datasets, name)
    x, y = make(n, 0.1, seed)
    assert (
        x.shape == (n, 2)
        and x.dtype == ag.get_default_dtype()
        and np.array_equal(np.bincount(y, minlength=2), [n - n // 2, n // 2])
    )
    assert np.array_equal(x, make(n, 0.1, seed)[0])
    with pytest.raises(ValueError, match="n=1"):
        make(1)
    with pytest.raises(ValueError, match="noise=-1"):
        make(10, -1)


def test_points_without_noise_lie_on_their_curves():
    (moon, m), (spiral, s) = datasets.moons(noise=0), datasets.spirals(noise=0, turns=2)
    assert np.allclose(np.hypot(*moon[m == 0].T), 1) and np.allclose(np.hypot(*(moon[m == 1] - [1, 0.5]).T), 1)
    for arm in (spiral[s == 0], -spiral[s == 1]):
        r = np.sort(np.hypot(*arm.T))
        assert np.allclose(r, np.linspace(0.05, 1, 100), atol=1e-6)
    assert np.allclose(np.sort(spiral[s == 0], axis=0), np.sort(-spiral[s == 1], axis=0), atol=1e-6)


def test_a_text_has_the_information_of_its_choices():
    text, bits = datasets.text(20_000, seed=3)
    assert len(text) >= 20_000 and text.endswith(".\n")
    counts = np.unique(list(text), return_counts=True)[1] / len(text)
    assert 0 < bits < -np.sum(counts * np.log2(counts))  # single letters know less
    assert datasets.text(20_000, seed=3) == (text, bits)
