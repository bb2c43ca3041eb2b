"""What modules add to their state, hooks of states, and layers made on a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn


class Counting(nn.Module):
    def __init__(self) -> None:
        self.inner = nn.Linear(2, 2, device="cpu")
        self.count = 0

    def get_extra_state(self) -> Any:
        return {"count": self.count}

    def set_extra_state(self, state: Any) -> None:
        self.count = state["count"]


def test_more_than_tensors_is_saved_and_loaded() -> None:
    first, second = nn.Sequential(Counting()), nn.Sequential(Counting())
    first[0].count = 7
    state = first.state_dict()
    assert list(state) == ["0.inner.weight", "0.inner.bias", "0._extra_state"]
    assert not any(second.load_state_dict(state)) and second[0].count == 7
    with pytest.raises(RuntimeError, match=r"missing keys \['0._extra_state'\]"):
        second.load_state_dict({key: value for key, value in state.items() if "extra" not in key})


def test_hooks_change_what_is_taken_and_loaded_and_leave_what_was_given() -> None:
    first, second, told = nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2)), []

    def rename(module: Any, state: Any, prefix: str, *_: Any) -> None:
        for key in [key for key in state if key.startswith(f"{prefix}old_")]:
            state[key.replace("old_", "")] = state.pop(key)

    first[0].register_state_dict_post_hook(
        lambda module, state, prefix, _: state.update({f"{prefix}old_bias": state.pop(f"{prefix}bias")})
    )
    state = first.state_dict()
    assert list(state) == ["0.weight", "0.old_bias"]
    handle = second[0].register_load_state_dict_pre_hook(rename)
    second.register_load_state_dict_post_hook(lambda module, mismatch: told.append(mismatch))
    second.load_state_dict(state)
    assert np.array_equal(second[0].bias.numpy(), first[0].bias.numpy()) and list(state) == ["0.weight", "0.old_bias"]
    assert len(told) == 1 and not any(told[0])
    handle.remove()
    with pytest.raises(RuntimeError, match=r"unexpected keys \['0.old_bias'\]"):
        second.load_state_dict(state)


def test_a_hook_that_finds_a_fault_keeps_everything_as_it_was() -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight.numpy().copy()
    layer.register_load_state_dict_pre_hook(lambda m, state, *rest: rest[-1].append("a version of yesterday"))
    with pytest.raises(RuntimeError, match="a version of yesterday"):
        layer.load_state_dict({"weight": np.zeros((2, 2)), "bias": np.zeros(2)})
    assert np.array_equal(layer.weight.numpy(), before)
    with pytest.raises(TypeError, match="not callable"):
        layer.register_state_dict_pre_hook(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_a_layer_on_another_device_is_refused_by_name(device: str) -> None:
    with pytest.raises(RuntimeError, match=f"Conv2d: .*{device.partition(':')[0]}"):
        nn.Conv2d(1, 2, 3, device=device)
