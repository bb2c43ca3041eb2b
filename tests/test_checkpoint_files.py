"""A checkpoint file gives back what it was given, bit for bit, or says that it is damaged."""

import numpy as np
import pytest

from nn.training import CorruptCheckpoint, load_checkpoint, save_checkpoint


def test_what_is_saved_comes_back_bit_for_bit(tmp_path):
    state = {
        "numbers": [1, 2**100, -0.1, float("inf"), float("-inf"), True, None, 'ä"blake2b":"', (1, [2.5])],
        3: {"$array": "not one", 4: np.float32(0.1)},
        "arrays": {"f": np.array([[np.nan, -0.0]]), "i": np.array(7), "none": np.zeros((0, 3), np.float32)},
        "complex": np.array([1 + 2j], np.complex64),
    }
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, state)
    back = load_checkpoint(path)
    assert repr(back) == repr(state)
    assert back["arrays"]["f"].tobytes() == state["arrays"]["f"].tobytes() and type(back[3][4]) is np.float32
    assert np.isnan(save_and_load(path, float("nan")))
    for bad in (object(), {1.5: 2}, np.array(["a"]), {"f": len}):
        with pytest.raises(TypeError, match="save_checkpoint: "):
            save_checkpoint(path, bad)
    assert np.isnan(load_checkpoint(path))


def save_and_load(path, state):
    save_checkpoint(path, state)
    return load_checkpoint(path)


def test_every_changed_bit_and_every_missing_byte_is_seen(tmp_path):
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, {"w": np.arange(3.0), "n": 1})
    content = path.read_bytes()
    for i in range(len(content)):
        path.write_bytes(content[:i] + bytes([content[i] ^ (1 << i % 8)]) + content[i + 1 :])
        with pytest.raises(CorruptCheckpoint, match=r"state\.safetensors"):
            load_checkpoint(path)
    for wrong in (*(content[:i] for i in range(0, len(content), 7)), content + b"\0", b"", b"PK" * 500):
        path.write_bytes(wrong)
        with pytest.raises(CorruptCheckpoint):
            load_checkpoint(path)
