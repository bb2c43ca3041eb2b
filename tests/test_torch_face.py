"""PyTorch's face: what methods mean there, what stays NumPy's beside it, and answers to names that are not here."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import autograd_core.torch as torch
import nn as library
import optim
from autograd_core.torch import nn
from autograd_core.torch.nn import functional as F
from autograd_core.torch.utils.data import ConcatDataset, DataLoader, Dataset, TensorDataset

X = np.array([[1.0, 5.0, 3.0], [2.0, 4.0, 6.0]])


def leaf(array: Any = X) -> Any:
    return torch.tensor(array, requires_grad=True)


# The four traps ------------------------------------------------------------------------------------------------------


def test_methods_of_two_meanings_mean_pytorchs_here_and_numpys_there() -> None:
    here, there = torch.tensor(X), ag.Tensor(X)
    assert here.transpose(0, 1).shape == (3, 2) and there.transpose(0, 1).shape == (2, 3)
    assert np.isclose(here.std().item(), X.std(ddof=1)) and np.isclose(there.std().item(), X.std())
    assert np.isclose(here.var(0)[0].item(), X.var(0, ddof=1)[0]) and np.isclose(there.var(0)[0].item(), X.var(0)[0])
    assert here[0].repeat(2).tolist() == [1, 5, 3, 1, 5, 3] and there[0].repeat(2).tolist() == [1, 1, 5, 5, 3, 3]
    values, indices = here.max(1)
    assert (values.tolist(), indices.tolist()) == ([5, 6], [1, 2]) and there.max(1).tolist() == [5, 6]
    assert here.median().item() == 3 and np.median(there).item() == 3.5
    assert [p.shape for p in here.split(2, dim=1)] == [(2, 2), (2, 1)]
    assert here.sort(dim=1, descending=True).indices.tolist() == [[1, 2, 0], [2, 1, 0]]
    assert here.flatten(0).shape == there.flatten(0, -1).shape == (6,)


@pytest.mark.parametrize("name", ["max", "min", "std", "var"])
def test_numpys_face_refuses_what_only_pytorch_could_mean(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name}: dim= is PyTorch's.*Fix"):
        getattr(ag.Tensor(X), name)(dim=1)


def test_results_of_operations_are_of_the_face() -> None:
    x, w = leaf(), nn.Parameter(torch.ones(3))
    results = [
        *(x + 1, 1 - x, x @ x.t(), -x, x**2, x > 2, ~(x > 2), x[0], x[x > 2], x.sum(), x.exp(), x.T, x.float()),
        *(w * 2, w.data, w + x, np.exp(x), np.concatenate([x, x]), F.relu(x), nn.Linear(3, 2).double()(x), x.detach()),
        *(torch.cat([x, x]), torch.zeros(2), torch.where(x > 2, x, 0.0), *x.max(0), *torch.split(x, 1), *x.unbind()),
        *(ag.softmax(x) * x,),
    ]
    assert {type(r) for r in results} == {torch.Tensor}
    x.sum().backward()
    assert type(x.grad) is torch.Tensor and type(ag.Tensor(X) + 1) is ag.Tensor


def test_gradients_are_those_of_the_library() -> None:
    def f(x: Any) -> Any:
        y = x.view(3, 2).transpose(0, 1) if isinstance(x, torch.Tensor) else np.swapaxes(np.reshape(x, (3, 2)), 0, 1)
        return (y * y[0:1] + y.sum() if isinstance(y, torch.Tensor) else y * y[0:1] + np.sum(y)).sum()

    x = leaf()
    f(x).backward()
    assert np.array_equal(x.grad.numpy(), ag.grad(f)(X))


# Dtypes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "dtype"),
    [
        (lambda: torch.tensor([1, 2]), "int64"),
        (lambda: torch.tensor([1.0]), "float32"),
        (lambda: torch.arange(3) / 2, "float32"),
        (lambda: torch.arange(3) * 0.5, "float32"),
        (lambda: torch.arange(3) * torch.ones(3), "float32"),
        (lambda: torch.ones(3) * torch.tensor(2.0, dtype=torch.float64), "float32"),
        (lambda: torch.ones(3) * torch.ones(3, dtype=torch.float64), "float64"),
        (lambda: torch.exp(torch.arange(3)), "float32"),
        (lambda: (torch.ones(3) > 0).sum(), "int64"),
        (lambda: (torch.ones(3) > 0).float().mean(), "float32"),
        (lambda: torch.arange(0, 1, 0.5), "float32"),
        (lambda: torch.full((2,), 3), "int64"),
        (lambda: torch.where(torch.ones(3) > 0, 1.0, 0.0), "float32"),
        (lambda: torch.where(torch.ones(3) > 0, 1, 0), "int64"),
        (lambda: torch.where(torch.ones(3) > 0, torch.arange(3), 0.5), "float32"),
        (lambda: torch.where(torch.ones(3) > 0, torch.tensor(X)[0], 0), "float64"),
        (lambda: torch.tensor(X), "float64"),
    ],
)
def test_dtypes_are_pytorchs(expression: Callable[[], Any], dtype: str) -> None:
    assert expression().dtype == getattr(torch, dtype)


# Writing in place ----------------------------------------------------------------------------------------------------


def test_averages_of_weights_are_written_in_place() -> None:
    model, average = nn.Linear(2, 2), nn.Linear(2, 2)
    start = average.weight.detach().clone()
    for a, p in zip(average.parameters(), model.parameters(), strict=True):
        a.data.mul_(0.75).add_(p.data, alpha=0.25)
    expected = 0.75 * start.numpy() + 0.25 * model.weight.numpy()
    np.testing.assert_allclose(average.weight.numpy(), expected, rtol=1e-6)


def test_writing_to_a_computed_tensor_keeps_what_was_recorded_right() -> None:
    x = leaf()
    y = x.exp()  # whose derivative is its own value
    y.mul_(2).add_(x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(X) + 1)


def test_a_slot_takes_a_recorded_value() -> None:
    x, out = leaf(), torch.zeros(2, 3, dtype=torch.float64)
    out[0] = x[1] * 2
    out[:, 1] = 7.0
    out.sum().backward()
    assert out[0].tolist() == [4, 7, 12] and x.grad.tolist() == [[0, 0, 0], [2, 0, 2]]


def test_a_list_that_is_stored_keeps_its_gradients() -> None:
    w, out = leaf([2.0]), torch.zeros(2)
    out[:] = [w[0] ** 2, w[0]]
    out.sum().backward()
    assert w.grad.tolist() == [5.0]


def test_in_place_is_refused_where_it_would_be_wrong() -> None:
    x = leaf()
    with pytest.raises(RuntimeError, match=r"add_: a leaf that requires gradients.*no_grad"):
        x.add_(1)
    with pytest.raises(RuntimeError, match=r"mul_: this tensor.*is a view.*Fix"):
        (x * 1)[0].mul_(2)
    with pytest.raises(RuntimeError, match="add_: results of shape"):
        torch.zeros(3).add_(torch.ones(2, 3))
    with pytest.raises(RuntimeError, match="results do not fit a tensor of int64"):
        torch.arange(3).mul_(torch.ones(3))
    with torch.no_grad():
        assert x.add_(1) is x and x.requires_grad and x.is_leaf
    assert x.tolist() == (X + 1).tolist()


@pytest.mark.parametrize("name", ["normal_", "uniform_", "bernoulli_", "exponential_", "random_", "zero_"])
def test_random_numbers_are_written_in_place(name: str) -> None:
    torch.manual_seed(3)
    first = getattr(torch.ones(50), name)()
    torch.manual_seed(3)
    again = torch.ones(50)
    assert getattr(again, name)() is again and again.tolist() == first.tolist() and first.dtype == torch.float32


# Hooks, and autograd.grad --------------------------------------------------------------------------------------------


def test_hooks_see_and_change_gradients_of_leaves_and_results() -> None:
    x = leaf()
    y = x * 3
    y.retain_grad()
    seen: list[Any] = []
    y.register_hook(lambda g: g * 2)
    handle = x.register_hook(seen.append)
    (y * y).sum().backward()
    np.testing.assert_allclose(y.grad.numpy(), 4 * 3 * X)
    np.testing.assert_allclose(x.grad.numpy(), 3 * 4 * 3 * X)
    assert seen[0].shape == x.shape
    handle.remove()
    (x * 1).sum().backward()
    assert len(seen) == 1


def test_grad_is_taken_by_results_too_and_differentiated_again() -> None:
    x = leaf()
    y = x**2
    gx, gy = torch.autograd.grad((y**2).sum(), [x, y], create_graph=True)
    np.testing.assert_allclose(gx.detach().numpy(), 4 * X**3)
    np.testing.assert_allclose(gy.detach().numpy(), 2 * X**2)
    np.testing.assert_allclose(torch.autograd.grad(gx.sum(), x)[0].numpy(), 12 * X**2)
    assert x.grad is None
    with pytest.raises(RuntimeError, match=r"do not depend on inputs \[0\].*allow_unused"):
        torch.autograd.grad((x * 1).sum(), leaf())
    assert torch.autograd.grad((x * 1).sum(), leaf(), allow_unused=True) == (None,)


def test_recording_is_switched_in_every_spelling() -> None:
    x = leaf()

    @torch.no_grad
    def bare(x: Any) -> Any:
        return x * 2

    @torch.no_grad()
    def called(x: Any) -> Any:
        return x * 2

    assert not bare(x).requires_grad and not called(x).requires_grad
    with torch.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    with torch.inference_mode():
        assert not (x * 2).requires_grad


# Modules -------------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.scale = nn.Linear(3, 4), nn.Parameter(torch.ones(4))
        self.register_buffer("count", torch.zeros(1, dtype=torch.long))

    def forward(self, x: Any) -> Any:
        assert type(x) is torch.Tensor
        self.count += 1
        values, _ = (self.linear(x) * self.scale).max(dim=1)
        return values


def test_modules_hold_and_give_tensors_of_the_face() -> None:
    net = nn.Sequential(Net())
    out = net(torch.randn(5, 3))
    assert type(out) is torch.Tensor and out.size() == (5,) and net[0].count.item() == 1
    assert {type(p) for p in net.parameters()} == {nn.Parameter} and isinstance(net[0].linear, library.Linear)
    assert {type(v) for v in net.state_dict().values()} == {torch.Tensor}
    inner = nn.TransformerEncoderLayer(4, 2)
    assert isinstance(inner.linear1, nn.Linear) and type(inner.linear1.weight) is nn.Parameter
    state = net.state_dict()
    with torch.no_grad():
        net[0].scale.mul_(3)
    assert state["0.scale"].tolist() == [3, 3, 3, 3]  # it shares the memory, as PyTorch's does


def test_what_a_layer_answers_beside_forward_is_of_the_face() -> None:
    layer, x = nn.AdaptiveLogSoftmaxWithLoss(3, 4, [2], div_value=1.0), torch.tensor(X).float()
    assert type(layer.log_prob(x)) is type(layer.predict(x)) is torch.Tensor


def test_a_plain_model_is_adopted_with_its_weights() -> None:
    plain = library.Sequential(library.Linear(2, 2), library.BatchNorm1d(2))
    weight = plain[0].weight
    net = nn.Module()
    net.body = plain
    assert net.body[0].weight is weight and isinstance(net.body[0], nn.Linear)
    assert type(net.body[1].running_mean) is torch.Tensor


def test_lazy_layers_become_what_they_stand_for_and_keep_their_parameters() -> None:
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = [id(p) for p in model.parameters()]
    model(torch.randn(2, 3, 5, 5)).sum().backward()
    optimizer.step()
    assert [type(m).__name__ for m in model] == ["Conv2d", "BatchNorm2d", "Flatten", "Linear"]
    assert isinstance(model[3], nn.Linear) and before == [id(p) for p in model.parameters()]
    assert model[3].weight.shape == (2, 36)


def test_hooks_of_modules_see_tensors_of_the_face() -> None:
    layer, seen = nn.Linear(3, 2), []
    layer.register_forward_hook(lambda m, args, out: seen.append((type(args[0]), type(out))))
    layer.register_full_backward_hook(lambda m, a, b: seen.append((type(b[0]),)))
    layer(torch.randn(4, 3)).sum().backward()
    assert {kind for kinds in seen for kind in kinds} == {torch.Tensor}


def test_an_optimizer_of_ones_own_keeps_what_it_writes() -> None:
    class Counting(torch.optim.Optimizer):
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["sum"] = state.get("sum", torch.zeros_like(p)) + p.grad
                    state["step"] = state.get("step", 0) + 1
                    p.data.add_(state["sum"], alpha=-group["lr"])

    p, q = leaf(), leaf()
    first, second = Counting([p], {"lr": 0.5}), Counting([q], {"lr": 0.1})
    for _ in range(2):
        first.zero_grad()
        (p * 2).sum().backward()
        first.step()
    np.testing.assert_allclose(p.tolist(), X - 0.5 * (2 + 4))
    second.load_state_dict(first.state_dict())
    assert second.state[q]["step"] == 2 and second.param_groups[0]["lr"] == 0.5
    assert second.state[q]["sum"].tolist() == np.full_like(X, 4).tolist()


def test_names_of_dtypes_do_not_hide_pythons_own_from_the_functions_beside_them() -> None:
    x = torch.tensor([3.7])
    assert (torch.numel(x), torch.is_nonzero(x), torch.can_cast(torch.int32, torch.float64)) == (1, True, True)
    assert (int(x), float(torch.tensor([[2.5]]))) == (3, 2.5)
    torch.set_num_threads(torch.get_num_threads())
    torch.manual_seed(torch.seed())


def test_settings_of_pytorchs_that_change_no_number_are_taken() -> None:
    p = leaf()
    nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 1, enable_nested_tensor=False, mask_check=False)
    optimizer = torch.optim.AdamW(
        [{"params": [p], "note": "kept"}], lr=0.1, foreach=True, fused=False, capturable=False
    )
    assert optimizer.param_groups[0]["note"] == "kept"
    with pytest.raises(ValueError, match=r"differentiable=True.*Fix"):
        torch.optim.SGD([p], lr=0.1, differentiable=True)
    with pytest.raises(ValueError, match="'weigth_decay'; is 'weight_decay' meant"):
        optim.SGD([{"params": [p], "weigth_decay": 1}], lr=0.1)


# Data and files ------------------------------------------------------------------------------------------------------


def test_loaders_give_tensors() -> None:
    class Pairs(Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, i: int) -> Any:
            return torch.ones(2) * i, i

    data = ConcatDataset([Pairs(), Pairs()])
    batches = list(DataLoader(data, batch_size=3, num_workers=2, pin_memory=True))
    assert [type(part) for part in batches[0]] == [torch.Tensor] * 2 and len(batches) == 3
    assert batches[1][1].tolist() == [3, 0, 1]
    x, y = next(iter(DataLoader(TensorDataset(torch.tensor(X), torch.arange(2)), batch_size=2)))
    assert x.tolist() == X.tolist() and y.dtype == torch.long


def test_checkpoints_come_back_as_they_were(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(2, 3)).sum().backward()
    optimizer.step()
    content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": (0.5, None)}
    torch.save(content, tmp_path / "c.safetensors")
    stream = io.BytesIO()
    torch.save(content, stream)
    stream.seek(0)
    for found in (torch.load(tmp_path / "c.safetensors", weights_only=True), torch.load(stream, map_location="cpu")):
        assert found["epoch"] == 3 and found["best"] == (0.5, None)
        nn.Linear(3, 2).load_state_dict(found["model"])
        torch.optim.Adam(nn.Linear(3, 2).parameters()).load_state_dict(found["optimizer"])
        assert found["model"]["weight"].tolist() == model.weight.tolist()
    with pytest.raises(TypeError, match=r"a module \(Linear\).*Fix: torch.save\(model.state_dict"):
        torch.save(model, tmp_path / "m")


# Names that are not here ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("get", "told"),
    [
        (lambda: torch.geqrf, r"torch.linalg.qr"),
        (lambda: torch.bfloat16, "float16"),
        (lambda: torch.vmap, "ag.vmap"),
        (lambda: torch.quantize_per_tensor, "float32"),
        (lambda: torch.tensor(X).to_sparse, "dense"),
        (lambda: torch.tensor(X).as_strided, "unfold"),
        (lambda: ag.Tensor(X).split, r"ag.split"),
        (lambda: ag.Tensor(X).median, r"np.median"),
        (lambda: nn.SyncBatchNorm, "BatchNorm2d"),
        (lambda: library.SyncBatchNorm, "BatchNorm2d"),
        (lambda: F.scaled_mm, "a @ b"),
        (lambda: library.functional.scaled_mm, "a @ b"),
        (lambda: optim.swap_in_optimizer_params_and_state, "load_state_dict"),
        (lambda: torch.autograd.functional, "ag.jacobian"),
    ],
)
def test_a_name_that_is_not_here_is_answered(get: Callable[[], Any], told: str) -> None:
    with pytest.raises(AttributeError, match=f"Fix: .*{told}"):
        get()


def test_a_name_that_nobody_knows_is_only_missing() -> None:
    for owner in (torch, ag.Tensor(X), nn, library, F):
        with pytest.raises(AttributeError, match="no attribute 'blub'"):
            owner.blub  # noqa: B018


def test_devices_are_answered() -> None:
    model, x = nn.Linear(3, 2), torch.tensor(X)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert x.to(device) is x and model.to(device) is model and x.cpu() is x and x.device == torch.device("cpu")
    assert torch.zeros(2, device="cpu").device.type == "cpu" and str(device) == "cpu"
    for refuse in (
        lambda: x.to("cuda"),
        lambda: x.cuda(),
        lambda: model.to("cuda"),
        lambda: library.Linear(2, 2).to("cuda"),
        lambda: ag.Tensor(X).cuda(),
        lambda: torch.zeros(2, device="cuda:0"),
        lambda: torch.device("cuda"),
    ):
        with pytest.raises(RuntimeError, match='"cuda" needs CuPy'):
            refuse()
    with pytest.raises(RuntimeError, match="no device 'mps' here"):
        x.to("mps")
    with pytest.raises(TypeError, match="neither a dtype nor a device"):
        x.to("flaot32")


def test_what_nobody_can_mistake_works_on_every_tensor() -> None:
    t = ag.Tensor(X, requires_grad=True)
    assert t.size == 6 and t.size() == (2, 3) and t.size(1) == 3 and (t.dim(), t.numel()) == (2, 6)
    assert t.view(3, -1).unsqueeze(0).permute(2, 0, 1).shape == (2, 1, 3)
    assert t.sum(dim=1, keepdim=True).shape == (2, 1) and t.mean(dim=(0, 1)).shape == ()
    assert t.masked_fill(t > 3, 0.0).tolist() == np.where(X > 3, 0, X).tolist()
    assert t.gather(1, np.array([[0], [2]])).tolist() == [[1], [6]] and t.topk(1).indices.tolist() == [[1], [2]]
    assert t.index_select(1, np.array([2, 0])).tolist() == X[:, [2, 0]].tolist() and t.half().dtype == np.float16
    added = t.scatter_add(0, np.zeros((2, 3), int), np.ones((2, 3)))
    assert added.tolist() == (X + np.array([[2.0], [0.0]])).tolist() and [len(c) for c in t.chunk(2)] == [1, 1]
    assert type(t.exp().expand(4, 2, 3).contiguous().clone().t) is not None and t.requires_grad_(False) is t
    t.mul_(2.0).zero_()
    assert t.tolist() == np.zeros_like(X).tolist()
    with pytest.raises(TypeError, match="dim= and axis="):
        t.sum(dim=0, axis=0)


def test_inplace_may_be_given_by_its_place_as_in_pytorch() -> None:
    for name, args in [("relu", ()), ("elu", (1.0,)), ("dropout", (0.5, True)), ("rrelu", (0.1, 0.3, False))]:
        x = torch.tensor([[-1.0, 2.0]])
        assert getattr(F, name)(x, *args, True) is x
        assert not np.array_equal(x.numpy(), [[-1.0, 2.0]])
        x = torch.tensor([[-1.0, 2.0]])
        assert getattr(F, name)(x, *args, False) is not x
        assert np.array_equal(x.numpy(), [[-1.0, 2.0]])


# Operations of one's own ---------------------------------------------------------------------------------------------


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, scale: float) -> Any:
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * ctx.scale * x**2 * g, None


class Parts(torch.autograd.Function):
    """sin and cos with one context, told apart from the forward pass."""

    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return torch.sin(x) * y, torch.cos(x), (x > 0)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.mark_non_differentiable(output[2])

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any, _: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * torch.cos(x) * y - h * torch.sin(x), g * torch.sin(x)


def test_a_function_of_ones_own_has_the_gradients_that_its_backward_gives() -> None:
    x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    Cubed.apply(x, 2.0).sum().backward()
    assert np.allclose(x.grad.numpy(), 6 * x.detach().numpy() ** 2)
    (first,) = torch.autograd.grad(Cubed.apply(x, 2.0).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert np.allclose(second.numpy(), 12 * x.detach().numpy())
    assert type(Cubed.apply(x, 2.0)) is torch.Tensor and not Cubed.apply(x.detach(), 2.0).requires_grad
    assert torch.autograd.gradcheck(lambda x: Cubed.apply(x * x, 0.5), x)


def test_a_function_of_several_results_and_of_one_tensor_twice() -> None:
    x = torch.tensor([0.3, -1.1], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([2.0, 0.5], dtype=torch.float64, requires_grad=True)
    s, c, positive = Parts.apply(x, y)
    (s * 2 + c * c).sum().backward()
    a, b = x.detach().numpy(), y.detach().numpy()
    assert np.allclose(x.grad.numpy(), 2 * np.cos(a) * b - 2 * np.cos(a) * np.sin(a))
    assert np.allclose(y.grad.numpy(), 2 * np.sin(a)) and not positive.requires_grad
    x.grad = None
    Parts.apply(x, x)[0].sum().backward()
    assert np.allclose(x.grad.numpy(), np.cos(a) * a + np.sin(a))


def test_what_a_backward_pass_gives_is_checked() -> None:
    class Short(Cubed):
        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    class Wrong(Cubed):
        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.sum(), None

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="1 gradients for 2 arguments"):
        Short.apply(x, 1.0).sum().backward()
    with pytest.raises(RuntimeError, match=r"shape \(\) for an argument of \(2,\)"):
        Wrong.apply(x, 1.0).sum().backward()
    with pytest.raises(NotImplementedError, match="needs jvp"):
        ag.jvp(lambda x: Cubed.apply(x, 1.0), (x,), (x.detach(),))
