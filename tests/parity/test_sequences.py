"""Embedding, recurrent layers, attention and transformers against PyTorch's, with its weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
from parity.sides import assert_same  # noqa: E402

RNG = np.random.default_rng(0)


def product(**choices: Any) -> list[dict[str, Any]]:
    return [dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())]


def pair(name: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    theirs = getattr(torch.nn, name)(*args, **options).double()
    ours = getattr(nn, name)(*args, **options).to(np.float64)
    return loaded(ours, theirs)


def loaded(ours: Any, theirs: Any) -> tuple[Any, Any]:
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.tensor(RNG.normal(0, 0.5, p.shape)))
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def check(ours: Any, theirs: Any, *inputs: Any, call: Any = lambda module, *x: module(*x)) -> None:
    right = dict(theirs.named_parameters())
    pairs = [(p, right[name]) for name, p in ours.named_parameters()]
    assert len(pairs) == len(right)
    assert_same(lambda *x: call(ours, *x), lambda *x: call(theirs, *x), *inputs, parameters=pairs)


@pytest.mark.parametrize("padding", [None, 0, -1])
def test_embedding(padding: int | None) -> None:
    ours, theirs = pair("Embedding", 7, 3, padding_idx=padding)
    check(ours, theirs, RNG.integers(0, 7, (4, 5)))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells(name: str, bias: bool) -> None:
    ours, theirs = pair(name, 3, 4, bias=bias)
    x, h, c = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 4)), RNG.normal(size=(2, 4))
    check(ours, theirs, x)
    if name == "LSTMCell":
        check(ours, theirs, x, h, c, call=lambda m, x, h, c: m(x, (h, c)))
    else:
        check(ours, theirs, x, h)


LAYERS = product(num_layers=[1, 3], bias=[True, False], batch_first=[True, False], bidirectional=[True, False])


@pytest.mark.parametrize("options", LAYERS)
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_layers_over_time(name: str, options: dict[str, Any]) -> None:
    ours, theirs = pair(name, 3, 4, **options)
    x = RNG.normal(size=(5, 2, 3))
    check(ours, theirs, x)
    check(ours, theirs, x[:, 0])
    count = options["num_layers"] * (2 if options["bidirectional"] else 1)
    h, c = (RNG.normal(size=(count, 5 if options["batch_first"] else 2, 4)) for _ in range(2))
    if name == "LSTM":
        check(ours, theirs, x, h, c, call=lambda m, x, h, c: m(x, (h, c)))
    else:
        check(ours, theirs, x, h)


def test_rnn_with_relu() -> None:
    check(*pair("RNN", 3, 4, 2, nonlinearity="relu"), RNG.normal(size=(5, 2, 3)))


@pytest.mark.parametrize("shape", [(2, 5, 4), (2, 3, 5, 4), (5, 4)])
@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}])
def test_scaled_dot_product_attention(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    q, k, v = (RNG.normal(size=shape) for _ in range(3))
    ours, theirs = nn.functional.scaled_dot_product_attention, torch.nn.functional.scaled_dot_product_attention
    assert_same(lambda *x: ours(*x, **options), lambda *x: theirs(*x, **options), q, k, v)
    if not options:
        allowed = np.tri(5, dtype=bool)
        assert_same(lambda *x: ours(*x, allowed), lambda *x: theirs(*x, torch.tensor(allowed)), q, k, v)
        assert_same(ours, theirs, q, k, v, RNG.normal(size=(5, 5)))


def look(module: Any, *x: Any, **options: Any) -> Any:
    if isinstance(module, torch.nn.Module):
        options = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    return [y for y in module(*x, **options) if y is not None]


MASKS: list[dict[str, Any]] = [
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"attn_mask": ~np.tri(5, 6, 1, dtype=bool)},
    {"attn_mask": RNG.normal(size=(5, 6))},
    {"attn_mask": RNG.normal(size=(6, 5, 6))},
    {"key_padding_mask": np.arange(6) >= np.array([[6], [4], [3]])},
    {"key_padding_mask": np.arange(6) >= np.array([[6], [4], [3]]), "attn_mask": ~np.tri(5, 6, 2, dtype=bool)},
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize(
    "options",
    [*product(bias=[True, False], batch_first=[True, False]), {"kdim": 3, "vdim": 5}, {"vdim": 5, "bias": False}],
)
def test_multihead_attention(options: dict[str, Any], masks: dict[str, Any]) -> None:
    ours, theirs = pair("MultiheadAttention", 4, 2, **options)
    q, k, v = (
        RNG.normal(size=(3, 5, 4)),
        RNG.normal(size=(3, 6, options.get("kdim", 4))),
        RNG.normal(size=(3, 6, options.get("vdim", 4))),
    )
    if not options.get("batch_first"):
        q, k, v = (np.swapaxes(x, 0, 1).copy() for x in (q, k, v))
    check(ours, theirs, q, k, v, call=lambda m, *x: look(m, *x, **masks))


def test_self_attention_without_a_batch() -> None:
    ours, theirs = pair("MultiheadAttention", 4, 2)
    check(ours, theirs, RNG.normal(size=(5, 4)), call=lambda m, x: look(m, x, x, x))


ORDERS = product(batch_first=[True, False], norm_first=[True, False], activation=["relu", "gelu"], bias=[True, False])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", ORDERS)
def test_transformer_layers(options: dict[str, Any]) -> None:
    x, memory = RNG.normal(size=(3, 3, 4)), RNG.normal(size=(3, 3, 4))
    mask = ~np.tri(3, dtype=bool)
    for name in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        ours, theirs = pair(name, 4, 2, dim_feedforward=6, dropout=0.0, **options)
        inputs = (x,) if "Encoder" in name else (x, memory)
        key = "src_mask" if "Encoder" in name else "tgt_mask"
        check(ours, theirs, *inputs)
        check(ours, theirs, *inputs, call=lambda m, *x, key=key: look_one(m, *x, **{key: mask}))


def look_one(module: Any, *x: Any, **options: Any) -> Any:
    if isinstance(module, torch.nn.Module):
        options = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    return module(*x, **options)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["Encoder", "Decoder"])
def test_stacks(kind: str) -> None:
    sides = []
    for side, dtype in ((nn, np.float64), (torch.nn, None)):
        layer = getattr(side, f"Transformer{kind}Layer")(4, 2, dim_feedforward=6, dropout=0.0, batch_first=True)
        stack = getattr(side, f"Transformer{kind}")(layer, 3, side.LayerNorm(4))
        sides.append(stack.to(dtype) if dtype else stack.double())
    ours, theirs = loaded(*sides)
    x, memory = RNG.normal(size=(2, 5, 4)), RNG.normal(size=(2, 3, 4))
    check(ours, theirs, *((x,) if kind == "Encoder" else (x, memory)))
