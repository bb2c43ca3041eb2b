"""A training that is killed at any instant goes on, and ends with the very weights that it would have had."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.data import DataLoader, TensorDataset
from nn.training import CorruptCheckpoint, checkpoint, load_checkpoint, save_checkpoint

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


class Mark(nn.callbacks.Callback):
    """Calls a function after every step."""

    def __init__(self, call):
        self.call = call

    def on_batch_end(self, trainer, loss):
        self.call(trainer)


def trainer_in(folder, *others, every=2, width=6, make=None):
    """A model with all that changes beside its weights: running statistics, dropout, momentum, schedule, averages."""
    ag.manual_seed(7)
    drop = nn.Dropout(0.3, generator=np.random.default_rng(5))
    model = nn.Sequential(
        nn.Linear(4, width), nn.BatchNorm1d(width), nn.Tanh(), nn.Dropout(0.2), nn.Linear(width, 2), drop
    )
    optimizer = make(model) if make else optim.Adam(model.parameters(), lr=0.02)
    optim.hooks.GradientNoise(0.01, generator=np.random.default_rng(6)).add_to(optimizer)
    callbacks = [
        *others,
        nn.callbacks.ModelCheckpoint(folder, every=every, unit="step", monitor="val_loss"),
        nn.callbacks.EarlyStopping("val_loss", patience=3),
        nn.callbacks.EMA(0.9),
    ]
    schedule = optim.lr_scheduler.WarmupLR(optimizer, 10)
    return nn.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, callbacks, schedule, scheduler_unit="step", seed=1, clip_norm=1.0,
        metrics=[nn.metrics.accuracy],
    )  # fmt: skip


def run(folder, *others, **options):
    """The weights and the history at the end of a training that begins or goes on in a folder."""
    trainer = trainer_in(folder, *others, **options)
    loader = DataLoader(TensorDataset(X[:60], Y[:60]), 8, shuffle=True, seed=3, prefetch=2)
    history = trainer.fit(loader, (X[60:], Y[60:]), epochs=6, resume=folder)
    records = [{k: v for k, v in record.items() if k != "seconds"} for record in history]
    return {k: v.tobytes().hex() for k, v in trainer.model.state_dict().items()}, records


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole"))


def broken_off(folder, steps):
    """Train for so many steps, and then be thrown out."""

    def stop(trainer):
        if trainer.step == steps:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, Mark(stop))


# Killed ------------------------------------------------------------------------------------------------------------

KILLS = """
import json, os, random, signal, sys, time
sys.path.insert(0, {tests!r})
import test_resume
from nn.training import checkpoint

place, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(seed)
folder = None

def killed_in(function, module, calls, after):
    original = getattr(module, function)
    def wrapped(*args, **kwargs):
        nonlocal calls
        calls -= 1
        if calls == 0 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(module, function, wrapped)

def train():
    weights, records = test_resume.run(folder)
    with open(folder + ".json", "w") as file:
        json.dump([weights, records], file)

def attempt(before):
    pid = os.fork()
    if pid == 0:
        try:
            before()
            train()
        finally:
            os._exit(0)
    return pid

killed = in_writer = runs = 0
results = []
while killed < kills or in_writer < kills // 3 or folder is not None:
    if folder is None:
        runs += 1
        folder = os.path.join(place, str(runs))
    enough = killed >= kills and in_writer >= kills // 3
    where = None if enough else draw.choice(["anywhere", "anywhere", "replace", "fsync", "unlink"])
    if where is None:
        pid = attempt(lambda: None)
    elif where == "anywhere":
        pid = attempt(lambda: None)
        time.sleep(draw.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
    else:
        calls, after = draw.randint(1, 8), draw.random() < 0.5
        pid = attempt(lambda: killed_in(where, os, calls, after))
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        killed += 1
        in_writer += where != "anywhere"
    elif where is None or os.path.exists(folder + ".json"):
        with open(folder + ".json") as file:
            results.append([*json.load(file), sorted(os.listdir(folder))])
        folder = None
print(json.dumps([killed, in_writer, results]))
"""


def kill_and_resume(place, kills, seed):
    """How often trainings were killed, and in the writer, and the weights, records and files that each ended with."""
    script = KILLS.format(tests=os.path.dirname(__file__))
    environment = {**os.environ, "PYTHONWARNINGS": "error", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script, str(place), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed by SIGKILL")
def test_kills_at_random_moments_change_nothing(tmp_path, uninterrupted):
    killed, in_writer, results = kill_and_resume(tmp_path, kills=25, seed=0)
    assert killed >= 25 and in_writer >= 8
    for weights, records, files in results:
        assert weights == uninterrupted[0]
        assert records == uninterrupted[1]
        assert sorted(files)[0] == "best.safetensors" and len(files) == 3  # and nothing half-written


def test_a_training_thrown_out_in_the_middle_of_an_epoch_goes_on(tmp_path, uninterrupted):
    for steps in (11, 16, 31):  # within an epoch, at the end of one, and after a checkpoint that is not the last step
        broken_off(tmp_path, steps)
    assert run(tmp_path) == uninterrupted


def test_a_training_that_came_to_its_end_stays_there(tmp_path, uninterrupted):
    assert run(tmp_path) == uninterrupted
    assert run(tmp_path) == uninterrupted


def test_early_stopping_is_remembered(tmp_path):
    def fit(folder, stop_at=None):
        def stop(trainer):
            if trainer.step == stop_at:
                raise KeyboardInterrupt

        ag.manual_seed(3)
        model = nn.Linear(4, 2)
        stopping = nn.callbacks.EarlyStopping("val_loss", patience=2)
        callbacks = [nn.callbacks.ModelCheckpoint(folder), stopping, Mark(stop)]
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=5.0), callbacks, seed=0)
        trainer.fit((X[:60], Y[:60]), (X[60:], Y[60:]), epochs=50, resume=True)
        return model.weight.tolist(), trainer.epoch, stopping.best_epoch

    expected = fit(tmp_path / "whole")
    assert 3 <= expected[1] < 50
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "broken", stop_at=2 * expected[1] - 1)  # in the middle of the last epoch
    assert fit(tmp_path / "broken") == expected
    assert fit(tmp_path / "broken") == expected


# Torn and corrupt --------------------------------------------------------------------------------------------------


def torn(path):
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage", [torn, flipped, lambda path: path.write_bytes(b"")], ids=["torn", "flipped", "empty"]
)
def test_the_checkpoint_before_a_damaged_one_is_used_with_a_warning(tmp_path, uninterrupted, damage):
    broken_off(tmp_path, 21)
    newest, _ = checkpoint.checkpoints(tmp_path)
    damage(newest)
    with pytest.warns(UserWarning, match=f"{newest.name}.* The checkpoint before it is used"):
        assert run(tmp_path) == uninterrupted


def test_a_missing_checkpoint_is_no_matter(tmp_path, uninterrupted):
    broken_off(tmp_path, 21)
    checkpoint.checkpoints(tmp_path)[0].unlink()
    assert run(tmp_path) == uninterrupted


def test_no_whole_checkpoint_is_an_error_and_not_a_new_beginning(tmp_path):
    broken_off(tmp_path, 21)
    for path in checkpoint.checkpoints(tmp_path):
        torn(path)
    with pytest.warns(UserWarning), pytest.raises(CorruptCheckpoint, match="none of the 2 checkpoints is whole"):
        run(tmp_path)


def test_a_training_interrupted_before_its_first_step_begins_again_from_the_weights_that_it_had(tmp_path):
    def fit(folder, stop_at=None, again=False):
        def stop(trainer):
            if trainer.step == stop_at and not stopped:
                stopped.append(True)
                raise KeyboardInterrupt

        stopped = []
        ag.manual_seed(3)
        model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5), nn.Linear(3, 2))
        callbacks = [nn.callbacks.ModelCheckpoint(folder, every=100), Mark(stop)]
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()), callbacks)
        if again:
            with pytest.raises(KeyboardInterrupt):
                trainer.fit((X, Y), epochs=2)
            assert trainer.step == stop_at
            ag.default_generator().random(5)
        trainer.fit((X, Y), epochs=2, resume=folder if again else None)
        return [p.tolist() for p in model.parameters()], len(trainer.history)

    expected = fit(tmp_path / "whole")
    for step in (1, 2, 5):
        assert fit(tmp_path / str(step), step, again=True) == expected


def test_the_log_does_not_say_from_the_start_where_the_weights_have_moved(tmp_path, caplog):
    model = nn.Linear(4, 2)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters()))
    trainer.fit((X, Y))
    trainer.fit((X, Y), resume=tmp_path / "nothing")
    assert "the training goes on from where this trainer is, step 3" in caplog.text


def test_an_empty_folder_is_a_beginning_and_the_log_says_so(tmp_path, uninterrupted, caplog):
    assert run(tmp_path / "new") == uninterrupted
    assert f"no checkpoint in {tmp_path / 'new'}: the training begins at the start" in caplog.text


# Disks and folders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "call", "file", "former"),
    [("fsync", 1, "step-000000000", []), ("fsync", 11, "best", [8, 6]), ("replace", 10, "step-000000016", [14, 12])],
)
def test_a_full_disk_leaves_the_former_checkpoints(tmp_path, uninterrupted, monkeypatch, function, call, file, former):
    original, calls = getattr(os, function), []

    def full(*args):
        calls.append(args)
        if len(calls) >= call:
            raise OSError(28, "No space left on device")
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, function, full)
        with pytest.raises(OSError, match=rf"could not be written.*{file}\.safetensors") as caught:
            run(tmp_path)
    assert caught.value.errno == 28 and "Fix" in str(caught.value)
    left = checkpoint.checkpoints(tmp_path)
    assert [load_checkpoint(path)["progress"]["step"] for path in left] == former
    assert not {*os.listdir(tmp_path)} - {"best.safetensors", *(path.name for path in left)}
    assert run(tmp_path) == uninterrupted


def test_an_unwritable_folder_is_known_before_training_begins(tmp_path, monkeypatch):
    steps = []
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="cannot be written there"):
        run(tmp_path / "file" / "folder", Mark(steps.append))

    def denied(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoint.tempfile, "TemporaryFile", denied)
    with pytest.raises(PermissionError, match=f"training has not begun.*{tmp_path.name}"):
        run(tmp_path, Mark(steps.append))
    assert steps == []


# Another training --------------------------------------------------------------------------------------------------

OTHERS = {
    "width": ({"width": 7}, r"0\.weight: float32 \(6, 4\) for float32 \(7, 4\)"),
    "rule": ({"make": lambda m: optim.SGD(m.parameters(), lr=0.1)}, "the optimizer was Adam, and here is SGD"),
    "groups": ({"make": lambda m: optim.Adam([{"params": [p]} for p in m.parameters()])}, r"groups of \[6\]"),
}


@pytest.mark.parametrize(("options", "message"), OTHERS.values(), ids=OTHERS)
def test_a_checkpoint_of_another_training_is_refused_and_nothing_is_loaded(tmp_path, options, message):
    broken_off(tmp_path, 12)
    trainer = trainer_in(tmp_path, **options)
    before = trainer.model.state_dict()
    with pytest.raises(ValueError, match=f"belongs to another training: .*{message}.*Nothing was loaded"):
        trainer.fit(DataLoader(TensorDataset(X[:60], Y[:60]), 8, seed=3), (X, Y), resume=True)
    assert all((array == before[name]).all() for name, array in trainer.model.state_dict().items())
    assert trainer.step == 0 and not trainer.optimizer.state_dict()["state"]


def test_other_data_and_other_callbacks_are_refused(tmp_path):
    broken_off(tmp_path, 12)
    trainer = trainer_in(tmp_path)
    with pytest.raises(ValueError, match="items 60 for 50"):
        trainer.fit(DataLoader(TensorDataset(X[:50], Y[:50]), 8, seed=3), (X, Y), resume=True)
    assert trainer.step == 0
    trainer.callbacks = trainer.callbacks[-1:]
    with pytest.raises(ValueError, match="its callbacks are EMA, EarlyStopping, ModelCheckpoint, and here are Model"):
        trainer.fit(DataLoader(TensorDataset(X[:60], Y[:60]), 8, seed=3), (X, Y), resume=True)
    with pytest.raises(ValueError, match="resume=True with 0 ModelCheckpoint"):
        nn.Trainer(trainer.model, nn.CrossEntropyLoss(), trainer.optimizer).fit((X, Y), resume=True)


def test_another_batch_size_is_refused_though_the_number_of_batches_is_the_same(tmp_path):
    def fit(batch_size, **options):
        model = nn.Linear(4, 2)
        training = nn.Trainer(
            model, nn.CrossEntropyLoss(), optim.SGD(model.parameters()), [nn.callbacks.ModelCheckpoint(tmp_path)]
        )
        training.fit((X[:60], Y[:60]), batch_size=batch_size, **options)

    fit(50)
    with pytest.raises(ValueError, match=r"batch_size 50 for 40.*Nothing was loaded"):
        fit(40, resume=True)


def test_a_new_training_does_not_mix_with_the_checkpoints_of_another(tmp_path):
    def training(folder=tmp_path):
        model = nn.Linear(4, 2)
        return nn.Trainer(
            model, nn.CrossEntropyLoss(), optim.SGD(model.parameters()), [nn.callbacks.ModelCheckpoint(folder)]
        )

    first = training()
    first.fit((X, Y), epochs=3)
    first.fit((X, Y), epochs=1)  # its own are no obstacle
    kept = {path: path.read_bytes() for path in checkpoint.checkpoints(tmp_path)}
    for options in ({}, {"resume": min(kept)}):
        with pytest.raises(FileExistsError, match=r"another training.*resume=True.*step-000000012"):
            training().fit((X, Y), **options)
    assert {path: path.read_bytes() for path in checkpoint.checkpoints(tmp_path)} == kept
    branch = training(tmp_path / "branch")
    branch.fit((X, Y), epochs=4, resume=min(kept))  # elsewhere one may go on from any of them
    assert branch.history["step"] == [3, 6, 9, 12]


def test_a_checkpoint_that_is_named_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"step-000000003\.safetensors"):
        trainer_in(tmp_path).fit((X, Y), resume=tmp_path / "step-000000003.safetensors")


def test_what_is_no_state_of_a_trainer_is_refused(tmp_path):
    training = trainer_in(tmp_path / "checkpoints")
    for given in ({}, {"kinds": {}}, [1]):
        with pytest.raises(ValueError, match="not a state of a Trainer"):
            training.load_state_dict(given)
    save_checkpoint(tmp_path / "mine.safetensors", {"epoch": 1})
    with pytest.raises(ValueError, match=r"mine\.safetensors belongs to another training: .*not a state of a Trainer"):
        training.fit((X, Y), resume=tmp_path / "mine.safetensors")
    nn.save(training.model, tmp_path / "weights.safetensors")
    with pytest.raises(CorruptCheckpoint, match=r"Fix: nn\.load reads weights"):
        training.fit((X, Y), resume=tmp_path / "weights.safetensors")
