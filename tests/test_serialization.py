"""Files of weights: what is written is read, and what is damaged or strange is refused with nothing half-loaded."""

import json
import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag
import nn

pytest.importorskip("safetensors")

RNG = np.random.default_rng(0)
KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "c8", ">f4", ">i8"]
ARRAYS = st.sampled_from(KINDS).flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0)))


def model():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


@settings(max_examples=40)
@given(st.dictionaries(st.text(min_size=1, max_size=5).filter(lambda s: s != "__metadata__"), ARRAYS, max_size=4))
def test_what_is_saved_is_loaded(tmp_path_factory, arrays):
    path = tmp_path_factory.mktemp("files") / "arrays"
    nn.save(arrays, path)
    loaded = nn.load(path)
    assert loaded.keys() == arrays.keys()
    for name, a in arrays.items():
        assert loaded[name].shape == a.shape and loaded[name].dtype == a.dtype.newbyteorder("=")
        np.testing.assert_array_equal(loaded[name], a)


def test_arrays_of_any_layout_keep_their_values(tmp_path):
    a = RNG.normal(size=(4, 6))
    views = {"transposed": a.T, "strided": a[::2, 1::3], "broadcast": np.broadcast_to(a[0], (3, 6)), "number": a[0, 0]}
    nn.save({**views, "tensor": ag.Tensor(a)}, tmp_path / "views")
    loaded = nn.load(tmp_path / "views")
    assert same(loaded, {**views, "tensor": a}) and all(x.flags.writeable for x in loaded.values())


def test_a_model_is_saved_under_its_keys_and_loaded_into_another(tmp_path):
    one, other = model(), model()
    one(RNG.normal(size=(8, 4)).astype(np.float32))
    nn.save(one, tmp_path / "model.safetensors")
    assert same(nn.load(tmp_path / "model.safetensors", other), one.state_dict())
    assert same(one.state_dict(), other.state_dict())


def test_the_file_is_safetensors(tmp_path):
    """Eight bytes of header size, a JSON header, and the arrays' bytes, as the format's specification says."""
    nn.save({"w": np.arange(6, dtype=np.float32).reshape(2, 3)}, tmp_path / "w")
    content = (tmp_path / "w").read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    assert header["w"] == {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    assert np.array_equal(np.frombuffer(content[8 + size :], "<f4"), np.arange(6))


def test_bfloat16_is_the_upper_half_of_a_float(tmp_path):
    values = np.array([1.0, -2.5, 3.140625], np.float32)
    upper = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    header = json.dumps({"w": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}).encode()
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header + upper)
    assert np.array_equal(nn.load(tmp_path / "w")["w"], values)


def damaged(content):
    size = int.from_bytes(content[:8], "little")
    return {
        "empty": b"",
        "no header": content[:5],
        "half a header": content[:20],
        "truncated": content[:-1],
        "half of it": content[: 8 + size + 10],
        "trailing garbage": content + b"\0",
        "another file": b"PK\x03\x04" + content,
        "a pickle": b"\x80\x04\x95" + bytes(100),
        "a header size beyond the file": (2**40).to_bytes(8, "little") + content[8:],
        "a shape that is not the data's": content.replace(b"[3,4]", b"[3,5]"),
        "a dtype that is none": content.replace(b'"F32"', b'"F99"'),
        "no JSON": content[:8] + b"x" * size + content[8 + size :],
    }


@pytest.mark.parametrize("damage", damaged(b"\0" * 40))
def test_a_damaged_file_is_refused_and_nothing_loaded(tmp_path, damage):
    one, other = model(), model()
    nn.save(one, tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    assert damaged(content)[damage] != content
    (tmp_path / "bad").write_bytes(damaged(content)[damage])
    before = other.state_dict()
    with pytest.raises(ValueError, match=r"bad.*Fix|F99"):
        nn.load(tmp_path / "bad", other)
    assert same(before, other.state_dict())


@pytest.mark.parametrize("cut", range(0, 400, 37))
def test_no_beginning_of_a_file_is_a_file(tmp_path, cut):
    nn.save(model(), tmp_path / "good")
    (tmp_path / "bad").write_bytes((tmp_path / "good").read_bytes()[:cut])
    with pytest.raises(ValueError, match="bad"):
        nn.load(tmp_path / "bad")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("2.bias"), r"file.*missing.*2\.bias"),
        (lambda s: s.update(extra=np.ones(1)), "file.*unexpected.*extra"),
        (lambda s: s.update({"0.weight": np.ones((4, 3))}), r"file.*0\.weight.*\(4, 3\) for float32 \(3, 4\)"),
    ],
)
def test_a_file_of_another_model_is_refused_and_nothing_loaded(tmp_path, change, words):
    state, other = model().state_dict(), model()
    change(state)
    nn.save(state, tmp_path / "file")
    before = other.state_dict()
    with pytest.raises(RuntimeError, match=words):
        nn.load(tmp_path / "file", other)
    assert same(before, other.state_dict())


def test_a_file_can_be_loaded_loosely(tmp_path):
    one, other = nn.Linear(4, 3), nn.Sequential(nn.Linear(4, 3))
    nn.save({f"0.{k}": v for k, v in one.state_dict().items() if k != "bias"}, tmp_path / "file")
    nn.load(tmp_path / "file", other, strict=False)
    assert np.array_equal(other[0].weight.numpy(), one.weight.numpy())


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch, moment):
    path = tmp_path / "model"
    nn.save({"w": np.ones(3)}, path)

    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(KeyboardInterrupt):
        nn.save({"w": np.zeros(3)}, path)
    assert os.listdir(tmp_path) == ["model"] and nn.load(path)["w"].all()


def test_a_link_stays_a_link_and_an_old_file_is_replaced(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "model")
    nn.save({"w": np.ones(3)}, tmp_path / "model")
    nn.save({"w": np.zeros(3)}, str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink() and not nn.load(tmp_path / "model")["w"].any()


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ([np.ones(3)], TypeError, "list given.*mapping"),
        ({"w": "text"}, TypeError, "'w' is <U4.*str"),
        ({"w": np.array([1j])}, TypeError, "complex128"),
        ({"w": None}, TypeError, "NoneType"),
        ({3: np.ones(1)}, TypeError, "3 cannot be a name"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_before_anything_is_written(tmp_path, state, error, words):
    with pytest.raises(error, match=words):
        nn.save(state, tmp_path / "file")
    assert not os.listdir(tmp_path)


def test_without_the_package_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (lambda: nn.save({}, tmp_path / "file"), lambda: nn.load(tmp_path / "file")):
        with pytest.raises(ImportError, match=r"autograd-core\[io\]"):
            call()


def test_a_model_in_the_files_place_is_told_so():
    with pytest.raises(TypeError, match=r"nn\.load\(path, model\)"):
        nn.load(model(), "file")
    with pytest.raises(TypeError, match="str given"):
        nn.save("file", model())
