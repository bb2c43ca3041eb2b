"""A file is whole whoever writes it at the same time, and nothing is written elsewhere than where it belongs."""

import os
import re
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core.support import files
from faults import count
from nn.training import checkpoint, load_checkpoint, save_checkpoint

SIZE = 20_000  # several pages, so that a torn file would be seen


def written_and_read(path, writers, saves, first=0):
    """Save from several threads while two others read: the errors, and how many reads saw no whole state."""
    errors, torn, reads = [], [], []
    done = threading.Event()

    def write(k):
        try:
            for _ in range(saves):
                nn.save({"w": np.full(SIZE, k, np.float32), "v": np.full(SIZE, -k, np.float32)}, path)
        except BaseException as error:
            errors.append(repr(error))

    def read():
        while not done.is_set():
            try:
                state = nn.load(path)
            except ValueError as error:
                torn.append(repr(error))
                continue
            reads.append(1)
            if np.ptp(state["w"]) or (state["v"] != -state["w"]).any():
                torn.append("two writers' arrays")

    nn.save({"w": np.zeros(SIZE, np.float32), "v": np.zeros(SIZE, np.float32)}, path)
    readers = [threading.Thread(target=read) for _ in range(2)]
    threads = [threading.Thread(target=write, args=(first + k,)) for k in range(writers)]
    for thread in (*readers, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    return errors, torn, len(reads)


def test_threads_that_save_to_one_name_leave_it_whole(tmp_path):
    errors, torn, reads = written_and_read(tmp_path / "model", 4, count(15, 250))
    assert errors == torn == [] and reads
    assert os.listdir(tmp_path) == ["model"]


PROCESS = """
import os, sys
sys.path.insert(0, {tests!r})
os.getpid = lambda: 7                                    # as in two containers
import test_files
errors, torn, reads = test_files.written_and_read(sys.argv[1], 1, int(sys.argv[2]), int(sys.argv[3]))
print(len(errors), len(torn), errors[:1] + torn[:1])
"""


def test_processes_of_one_number_that_save_to_one_name_leave_it_whole(tmp_path):
    script = PROCESS.format(tests=os.path.dirname(__file__))
    command = [sys.executable, "-c", script, str(tmp_path / "model"), str(count(15, 500))]
    running = [subprocess.Popen([*command, str(10 * k)], stdout=subprocess.PIPE, text=True) for k in range(2)]
    assert [process.communicate(timeout=1200)[0] for process in running] == ["0 0 []\n"] * 2
    assert os.listdir(tmp_path) == ["model"]


# Temporaries -------------------------------------------------------------------------------------------------------


def left_over(folder, name="step-000000002.safetensors"):
    path = folder / f".{name}.{os.urandom(8).hex()}.tmp"
    path.write_bytes(b"half")
    return path


def test_only_what_no_living_writer_holds_is_deleted(tmp_path, monkeypatch):
    stale, other = left_over(tmp_path), left_over(tmp_path, "notes.txt")
    seen = []
    original = os.fsync

    def while_writing(descriptor):
        if not seen:  # the temporary is complete and has not got its name
            checkpoint.prepare(tmp_path)
            seen.extend(os.listdir(tmp_path))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", while_writing)
    save_checkpoint(tmp_path / "step-000000004.safetensors", {"n": 1})
    assert stale.name not in seen and other.name in seen and len(seen) == 2
    assert load_checkpoint(tmp_path / "step-000000004.safetensors") == {"n": 1}
    assert sorted(os.listdir(tmp_path)) == sorted([other.name, "step-000000004.safetensors"])


def test_a_writer_whose_temporary_was_taken_for_stale_begins_another(tmp_path, monkeypatch):
    if files.fcntl is None:
        pytest.skip("nobody can delete an open file here")
    original, calls = files.fcntl.flock, []

    def late(descriptor, how):
        if not calls:  # deleted between its creation and its lock
            calls.append([path.unlink() for path in tmp_path.iterdir()])
        return original(descriptor, how)

    monkeypatch.setattr(files.fcntl, "flock", late)
    files.write_atomically(tmp_path / "a", b"all", "test")
    assert len(calls) == 1 and os.listdir(tmp_path) == ["a"]


def test_where_files_cannot_be_locked_nothing_counts_as_stale(tmp_path, monkeypatch):
    if files.fcntl is None:
        pytest.skip("no locks here anyway")

    def refused(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(files.fcntl, "flock", refused)
    stale = left_over(tmp_path)
    save_checkpoint(tmp_path / "step-000000004.safetensors", 1)
    checkpoint.prepare(tmp_path)
    assert stale.exists() and load_checkpoint(tmp_path / "step-000000004.safetensors") == 1


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_no_planted_link_is_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    monkeypatch.setattr(os, "urandom", lambda n: bytes(n))
    for name in (f".a.{os.getpid()}.tmp", f".a.{'0' * 16}.tmp"):
        (tmp_path / name).symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.write_atomically(tmp_path / "a", b"all", "test")
    assert victim.read_bytes() == b"precious" and not (tmp_path / "a").exists()


def test_a_file_keeps_its_permissions_and_a_long_name_its_length(tmp_path):
    path = tmp_path / ("ä" * 120)
    path.write_bytes(b"")
    path.chmod(0o600)
    nn.save({"w": np.ones(1)}, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and nn.load(path)["w"] == 1


def test_a_checkpoint_that_a_running_training_deletes_is_passed_over(tmp_path, monkeypatch):
    for step in (1, 2):
        save_checkpoint(checkpoint.path_of_step(tmp_path, step), step)
    original = checkpoint.load_checkpoint

    def overtaken(path):
        if path == checkpoint.path_of_step(tmp_path, 2) and path.exists():
            save_checkpoint(checkpoint.path_of_step(tmp_path, 3), 3)
            path.unlink()
        return original(path)

    monkeypatch.setattr(checkpoint, "load_checkpoint", overtaken)
    assert checkpoint.read_latest(tmp_path) == (checkpoint.path_of_step(tmp_path, 3), 3)
    checkpoint.path_of_step(tmp_path, 9).symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        checkpoint.read_latest(tmp_path)


# Names that lead elsewhere -----------------------------------------------------------------------------------------


def test_runs_stay_below_their_folder(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    with nn.SummaryWriter(tmp_path / "runs" / "one") as writer:
        for name in ("../../x", "/../../x", "a/../../../x", "..", "x/..", str(tmp_path / "x"), "..\\..\\x", "\0"):
            with pytest.raises(ValueError, match=r"add_hparams: .* is not a folder below"):
                writer.add_hparams({"lr": 1}, {"loss": 1}, run_name=name)
            if name not in ("..", str(tmp_path / "x")):  # main_.. and main_/tmp/… are names as good as any
                with pytest.raises(ValueError, match=r"add_scalars: .* is not a folder below"):
                    writer.add_scalars("main", {"good": 0, name: 1})
        writer.add_scalars("../../main", {"..:x": 1})
        writer.add_hparams({"lr": 1}, {"loss": 1}, run_name="deep/er")
    for bad in ({"comment": "/../../../x"}, {"log_dir": "runs", "filename_suffix": "/../../x"}):
        with pytest.raises(ValueError, match="SummaryWriter"):
            nn.SummaryWriter(**bad)
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 3 and all(path.parts[:2] == ("runs", "one") for path in written)


# Files of other libraries ------------------------------------------------------------------------------------------


def test_a_file_of_another_library_is_named_with_the_way_to_convert_it(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.ones(2))
    np.save(tmp_path / "a.npy", np.ones(2))
    (tmp_path / "a.pt").write_bytes(b"PK\3\4" + bytes(26) + b"archive/data.pkl" + bytes(50))
    (tmp_path / "old.pt").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(90))
    expected = {"a.npz": "np.savez", "a.npy": "np.save", "a.pt": "torch.save", "old.pt": "torch.save", "a.h5": "HDF5"}
    for name, kind in expected.items():
        for load in (nn.load, load_checkpoint):
            with pytest.raises(ValueError, match=rf"{re.escape(name)} .*{kind}.* Fix: "):
                load(tmp_path / name)


def test_the_way_to_convert_a_file_of_torch_works(tmp_path):
    torch = pytest.importorskip("torch")
    convert = pytest.importorskip("safetensors.torch")
    theirs, ours = torch.nn.Linear(3, 2), nn.Linear(3, 2)
    for old in (False, True):
        torch.save(theirs.state_dict(), tmp_path / "model.pt", _use_new_zipfile_serialization=not old)
        with pytest.raises(ValueError, match=r"written by torch\.save.*safetensors\.torch\.save_file\(torch\.load"):
            nn.load(tmp_path / "model.pt", ours)
    convert.save_file(torch.load(tmp_path / "model.pt", weights_only=True), tmp_path / "model.safetensors")
    nn.load(tmp_path / "model.safetensors", ours)
    x = np.ones((1, 3), np.float32)
    assert np.allclose(ours(ag.Tensor(x)).numpy(), theirs(torch.tensor(x)).detach().numpy())
