"""The module system, utilities, initialisers and simple layers beside PyTorch's."""

import collections

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_core as ag  # noqa: E402
import nn  # noqa: E402

T = torch.nn
RNG = np.random.default_rng(0)
SUB = "nn.utils.parametrizations"


def both(make):
    """The same model here and there, in float64, with PyTorch's weights loaded here by the same keys."""
    ours, theirs = make(nn), make(T).double()
    ours.double()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def compare(ours, theirs, *inputs, tolerance=1e-9):
    """Outputs, gradients of inputs and parameters, and buffers afterwards."""
    xs = [ag.Tensor(x, requires_grad=True) for x in inputs]
    ys = [torch.tensor(x, requires_grad=True) for x in inputs]
    out, ref = ours(*xs), theirs(*ys)
    assert out.shape == tuple(ref.shape)
    g = RNG.normal(size=out.shape)
    out.backward(g)
    ref.backward(torch.tensor(g))
    near(out.numpy(), ref, tolerance)
    for x, y in zip(xs, ys, strict=True):
        near(x.grad.numpy(), y.grad, tolerance)
    theirs_by_name = dict(theirs.named_parameters())
    assert list(dict(ours.named_parameters())) == list(theirs_by_name)
    for name, p in ours.named_parameters():
        near(p.grad.numpy(), theirs_by_name[name].grad, tolerance)
    for (name, b), (other, c) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        assert name == other
        near(b.numpy(), c, tolerance)


def near(a, b, tolerance=1e-9):
    np.testing.assert_allclose(a, b.detach().numpy(), rtol=tolerance, atol=tolerance)


LAYERS = {
    **{
        f"Linear {shape} bias={bias}": (lambda m, bias=bias: m.Linear(4, 3, bias), [shape])
        for shape in [(4,), (1, 4), (5, 4), (2, 3, 4), (2, 1, 3, 4), (0, 4)]
        for bias in (True, False)
    },
    **{
        f"Bilinear {lead} bias={bias}": (lambda m, bias=bias: m.Bilinear(4, 3, 5, bias), [(*lead, 4), (*lead, 3)])
        for lead in [(1,), (6,), (2, 3)]
        for bias in (True, False)
    },
    **{f"Identity {a}": (lambda m, a=a: m.Identity(*a), [(2, 3)]) for a in [(), (1, "x")]},
    **{
        f"Flatten {a}": (lambda m, a=a: m.Flatten(*a), [(2, 3, 4, 5)])
        for a in [(), (0,), (2,), (1, 2), (-2,), (-3, -2), (0, -1), (3, 3)]
    },
    **{
        f"Unflatten {a} {s}": (lambda m, a=a: m.Unflatten(*a), [s])
        for a, s in [((1, (3, 4)), (2, 12)), ((-1, (-1, 2)), (2, 12)), ((0, (2, 1, 3)), (6, 2)), ((1, (12,)), (2, 12))]
    },
    **{
        f"{name} {p} eval": (lambda m, name=name, p=p: getattr(m, name)(p).eval(), [(2, 3, 4, 5)[: 5 - cut]])
        for name, cut in [
            *[("Dropout", 1), ("Dropout1d", 2), ("Dropout2d", 1), ("Dropout3d", 1)],
            *[("AlphaDropout", 1), ("FeatureAlphaDropout", 1)],
        ]
        for p in (0.0, 0.3, 1.0)
    },
    **{
        f"{name} {p} train": (lambda m, name=name, p=p: getattr(m, name)(p), [(2, 3, 4, 5)[: 5 - cut]])
        for name, cut in [
            *[("Dropout", 1), ("Dropout1d", 2), ("Dropout2d", 1), ("Dropout3d", 1)],
            *[("AlphaDropout", 1), ("FeatureAlphaDropout", 1)],
        ]
        for p in (0.0, 1.0)
    },
    "Sequential": (lambda m: m.Sequential(m.Linear(4, 6), m.Tanh(), m.Linear(6, 2)), [(5, 4)]),
    "Sequential by name": (
        lambda m: m.Sequential(collections.OrderedDict(hidden=m.Linear(4, 6), act=m.Sigmoid(), out=m.Linear(6, 2))),
        [(5, 4)],
    ),
    "Sequential sliced": (
        lambda m: m.Sequential(m.Linear(9, 4), m.Linear(4, 6), m.Tanh(), m.Linear(6, 2))[1:],
        [(5, 4)],
    ),
    "Sequential edited": (
        lambda m: m.Sequential(m.Linear(4, 4), m.Tanh()).append(m.Linear(4, 3)).insert(1, m.Linear(4, 4)),
        [(5, 4)],
    ),
    "Sequential sum": (lambda m: m.Sequential(m.Linear(4, 6)) + m.Sequential(m.Tanh(), m.Linear(6, 2)), [(5, 4)]),
    "Sequential times": (lambda m: m.Sequential(m.Linear(4, 4), m.Tanh()) * 3, [(5, 4)]),
    "normalised": (lambda m: m.Sequential(m.Linear(4, 6), m.BatchNorm1d(6), m.Linear(6, 2)), [(5, 4)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    make, shapes = LAYERS[name]
    compare(*both(make), *[RNG.normal(size=s) for s in shapes])


@pytest.mark.parametrize("name", LAYERS)
def test_representations_and_state_keys(name):
    make, _ = LAYERS[name]
    ours, theirs = make(nn), make(T)
    assert repr(ours) == repr(theirs).replace("affine=True, bias=True", "affine=True")  # new in PyTorch 2.13
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.state_dict(prefix="a.")) == list(theirs.state_dict(prefix="a."))
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert [n for n, _ in ours.named_parameters(prefix="m")] == [n for n, _ in theirs.named_parameters(prefix="m")]
    every = [n for n, _ in theirs.named_parameters(remove_duplicate=False)]
    assert [n for n, _ in ours.named_parameters(remove_duplicate=False)] == every


def test_the_weights_move_back():
    ours = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2)).double()
    theirs = T.Sequential(T.Linear(4, 6), T.BatchNorm1d(6), T.Linear(6, 2)).double()
    theirs.load_state_dict({k: torch.as_tensor(v) for k, v in ours.state_dict().items()})
    compare(ours, theirs, RNG.normal(size=(5, 4)))


def containers(m):
    class Model(m.Module):
        def __init__(self):
            super().__init__()
            self.blocks = m.ModuleList([m.Linear(4, 4) for _ in range(2)])
            self.blocks.append(m.Linear(4, 4))
            self.blocks.insert(0, m.Linear(4, 4, bias=False))
            self.blocks.extend([m.Linear(4, 4)])
            del self.blocks[1]
            self.heads = m.ModuleDict({"b": m.Linear(4, 2), "a": m.Linear(4, 2)})
            self.heads["c"] = m.Linear(4, 2)
            self.scales = m.ParameterList([m.Parameter(self.new((2,))) for _ in range(2)])
            self.shifts = m.ParameterDict({"x": m.Parameter(self.new((2,)))})
            self.shifts["y"] = m.Parameter(self.new((2,)))
            self.tied = m.Linear(4, 4)
            self.tied.weight = self.blocks[0].weight

        def new(self, shape):
            a = RNG.normal(size=shape)
            return a if m is nn else torch.tensor(a)

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            x = self.tied(x)
            y = sum(head(x) for head in self.heads.values())
            for scale, shift in zip(self.scales, self.shifts.values(), strict=True):
                y = y * scale + shift
            return y

    return Model()


def test_containers_and_tied_weights():
    ours, theirs = both(containers)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    compare(ours, theirs, RNG.normal(size=(5, 4)))


PARAMETRIZATIONS = {
    **{
        f"weight_norm {kind} dim={dim}": (kind, "weight_norm", {"dim": dim})
        for kind, dims in {"Linear": (0, 1, None, -1), "Bilinear": (0, 1, 2, None)}.items()
        for dim in dims
    },
    **{
        f"spectral_norm {kind} {options}": (kind, "spectral_norm", options)
        for kind, dims in {"Linear": (None, 0, 1), "Bilinear": (None, 1, 2)}.items()
        for options in [{"dim": d, "n_power_iterations": n} for d in dims for n in (1, 4)]
    },
    **{
        f"orthogonal {kind} {options}": (kind, "orthogonal", options)
        for kind in ("Linear", "wide", "square")
        for options in [
            {"orthogonal_map": which, "use_trivialization": trivial}
            for which in (None, "matrix_exp", "cayley", "householder")
            for trivial in (True, False)
        ]
    },
}
KINDS = {
    "Linear": (lambda m: m.Linear(4, 6), [(5, 4)]),
    "wide": (lambda m: m.Linear(6, 4), [(5, 6)]),
    "square": (lambda m: m.Linear(4, 4), [(5, 4)]),
    "Bilinear": (lambda m: m.Bilinear(4, 3, 5), [(5, 4), (5, 3)]),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_parametrizations(name, training):
    kind, function, options = PARAMETRIZATIONS[name]
    make, shapes = KINDS[kind]
    ours, theirs = make(nn).double(), make(T).double()
    ours.load_state_dict(theirs.state_dict())
    getattr(nn.utils.parametrizations, function)(ours, **options)
    getattr(T.utils.parametrizations, function)(theirs, **options)
    ours.train(training)
    theirs.train(training)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    random = function == "spectral_norm" or (function == "orthogonal" and options["use_trivialization"])
    if random:
        ours.load_state_dict(theirs.state_dict())
    else:
        near(ours.weight.numpy(), theirs.weight)
    with torch.no_grad():
        for p in theirs.parameters():
            if function == "orthogonal" and p.ndim == 2 and "householder" in (options["orthogonal_map"],):
                p += torch.tril(torch.randn_like(p), -1)
            else:
                p += 0.1 * torch.tril(torch.randn_like(p), -1) if p.ndim == 2 else 0.1 * torch.randn_like(p)
    ours.load_state_dict(theirs.state_dict())
    xs = [RNG.normal(size=s) for s in shapes]
    compare(ours, theirs, *xs)
    value = theirs.weight.detach()
    if function != "orthogonal" or options["use_trivialization"] or options["orthogonal_map"] == "householder":
        ours.weight = value.numpy()
        theirs.weight = value
        if function == "weight_norm":
            near(ours.weight.numpy(), theirs.weight)
    nn.utils.parametrize.remove_parametrizations(ours, "weight")
    T.utils.parametrize.remove_parametrizations(theirs, "weight")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    if not random:
        near(ours.weight.numpy(), theirs.weight)


def grads(shapes):
    arrays = [RNG.normal(size=s) for s in shapes]
    ours = [ag.Tensor(np.zeros(s), requires_grad=True) for s in shapes]
    theirs = [torch.zeros(s, dtype=torch.float64, requires_grad=True) for s in shapes]
    for p, q, a in zip(ours, theirs, arrays, strict=True):
        p.grad, q.grad = ag.Tensor(a.copy()), torch.tensor(a)
    return ours, theirs


@pytest.mark.parametrize("norm_type", [0.5, 1, 2, 2.0, 3, float("inf")])
@pytest.mark.parametrize("max_norm", [0.0, 0.1, 1.0, 100.0])
def test_clipping_the_norm(max_norm, norm_type):
    ours, theirs = grads([(3, 4), (5,), ()])
    a = nn.utils.clip_grad_norm_(ours, max_norm, norm_type)
    b = T.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    near(a.numpy(), b)
    for p, q in zip(ours, theirs, strict=True):
        near(p.grad.numpy(), q.grad)


@pytest.mark.parametrize("value", [0.0, 0.5, 10.0])
def test_clipping_values(value):
    ours, theirs = grads([(3, 4), (5,), ()])
    nn.utils.clip_grad_value_(ours, value)
    T.utils.clip_grad_value_(theirs, value)
    for p, q in zip(ours, theirs, strict=True):
        near(p.grad.numpy(), q.grad)


def test_parameters_as_a_vector():
    ours, theirs = both(lambda m: m.Sequential(m.Linear(4, 3), m.Linear(3, 2)))
    v = T.utils.parameters_to_vector(theirs.parameters())
    near(nn.utils.parameters_to_vector(ours.parameters()).numpy(), v)
    new = RNG.normal(size=v.shape)
    nn.utils.vector_to_parameters(new, ours.parameters())
    T.utils.vector_to_parameters(torch.tensor(new), theirs.parameters())
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        near(p.numpy(), q)


@pytest.mark.parametrize(
    "arguments",
    [
        *[(n,) for n in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d")],
        *[(n,) for n in ("conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")],
        *[("leaky_relu", a) for a in (0, 0.2, 1.0)],
    ],
)
def test_gains(arguments):
    assert nn.init.calculate_gain(*arguments) == pytest.approx(T.init.calculate_gain(*arguments), abs=1e-15)


FILLS = {
    **{f"constant_ {v}": ("constant_", (3, 4), {"val": v}) for v in (0.3, -2)},
    "ones_": ("ones_", (3, 4), {}),
    "zeros_": ("zeros_", (3, 4), {}),
    **{f"eye_ {s}": ("eye_", s, {}) for s in [(3, 3), (3, 5), (5, 3)]},
    **{
        f"dirac_ {s} {g}": ("dirac_", s, {"groups": g})
        for s in [(4, 2, 3), (4, 4, 3, 4), (6, 2, 3, 2, 1), (2, 5, 1)]
        for g in (1, 2)
    },
}


@pytest.mark.parametrize("name", FILLS)
def test_fixed_initial_values(name):
    function, shape, options = FILLS[name]
    ours = getattr(nn.init, function)(ag.Tensor(np.full(shape, 7.0)), **options)
    theirs = getattr(T.init, function)(torch.full(shape, 7.0, dtype=torch.float64), **options)
    near(ours.numpy(), theirs)


RANDOM = {
    "uniform_": {"a": -1.0, "b": 3.0},
    "normal_": {"mean": 2.0, "std": 3.0},
    "trunc_normal_": {"mean": 1.0, "std": 2.0, "a": 0.0, "b": 2.5},
    "xavier_uniform_": {"gain": 2.0},
    "xavier_normal_": {"gain": 2.0},
    "kaiming_uniform_": {"a": 0.3, "mode": "fan_out"},
    "kaiming_normal_": {"mode": "fan_in", "nonlinearity": "relu"},
    "sparse_": {"sparsity": 0.3, "std": 2.0},
    "orthogonal_": {"gain": 1.5},
}


@pytest.mark.parametrize("shape", [(300, 200), (40, 50, 5, 6)], ids=str)
@pytest.mark.parametrize("function", RANDOM)
def test_random_initial_values_have_the_same_distribution(function, shape):
    if function == "sparse_" and len(shape) > 2:
        pytest.skip("sparse_ is for matrices")
    torch.manual_seed(0)
    ag.manual_seed(0)
    ours = getattr(nn.init, function)(ag.Tensor(np.zeros(shape)), **RANDOM[function]).numpy().ravel()
    theirs = getattr(T.init, function)(torch.zeros(shape, dtype=torch.float64), **RANDOM[function]).numpy().ravel()
    steps = np.linspace(0.02, 0.98, 49)
    distance = np.abs(np.quantile(ours, steps) - np.quantile(theirs, steps)).max()  # 60,000 numbers
    assert distance < 0.05 * theirs.std()


@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("change", [False, True])
def test_backward_hooks_see_and_change_the_same_gradients(inputs, outputs, change):
    def make(m):
        class Layer(m.Module):
            def __init__(self):
                super().__init__()
                self.inner = m.Linear(3, 4)

            def forward(self, *xs):
                y = self.inner(sum((i + 1) * x for i, x in enumerate(xs)))
                return y if outputs == 1 else (y, y * y)

        return Layer()

    xs = [RNG.normal(size=(2, 3)) for _ in range(inputs)]
    seen = []
    results = []
    ours, theirs = both(make)
    for model, leaf in (
        (ours, lambda x: ag.Tensor(x, requires_grad=True)),
        (theirs, lambda x: torch.tensor(x, requires_grad=True)),
    ):
        found = []

        def before(module, grad_output, found=found):
            found.append(grad_output)
            return tuple(2 * g for g in grad_output) if change else None

        def after(module, grad_input, grad_output, found=found):
            found.extend([grad_input, grad_output])
            return tuple(g * 3 for g in grad_input) if change else None

        model.register_full_backward_pre_hook(before)
        model.register_full_backward_hook(after)
        leaves = [leaf(x) for x in xs]
        out = model(*leaves)
        total = out.sum() if outputs == 1 else out[0].sum() + 2 * out[1].sum()
        total.backward()
        seen.append([np.array(g.detach().numpy()) for grads in found for g in grads])
        results.append([np.array(x.grad.numpy()) for x in leaves] + [p.grad.numpy() for p in model.parameters()])
    for a, b in zip(*seen, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3, 2)])
@pytest.mark.parametrize("bound", [0.5, 2.0, 100.0])
def test_max_norm_is_renorm(shape, bound):
    a = RNG.normal(size=shape)
    w = nn.Parameter(a.copy())
    nn.max_norm_([w], bound)
    near(w.numpy(), torch.renorm(torch.tensor(a), 2, 0, bound), 1e-6)  # PyTorch divides by norm + 1e-7


def test_files_are_read_and_written_by_both(tmp_path):
    """What safetensors.torch does, without that package: the bytes are those of the arrays under PyTorch's keys."""
    safetensors = pytest.importorskip("safetensors.torch")
    ours, theirs = both(lambda m: m.Sequential(m.Linear(4, 6), m.BatchNorm1d(6)))
    nn.save(ours, tmp_path / "ours")
    theirs.load_state_dict(safetensors.load_file(tmp_path / "ours"))
    with torch.no_grad():
        theirs[0].weight += 1
    safetensors.save_file(theirs.state_dict(), tmp_path / "theirs")
    nn.load(tmp_path / "theirs", ours)
    compare(ours, theirs, RNG.normal(size=(5, 4)))
    half = {"w": torch.randn(3, 4, dtype=torch.bfloat16), "h": torch.randn(2, dtype=torch.float16)}
    safetensors.save_file(half, tmp_path / "half")
    loaded = nn.load(tmp_path / "half")
    assert np.array_equal(loaded["w"], half["w"].float().numpy())
    assert np.array_equal(loaded["h"], half["h"].numpy())
