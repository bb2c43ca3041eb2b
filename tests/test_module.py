"""The module system: what is found, saved, loaded, hooked and named."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from nn.utils import parametrize

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype(np.float32)


def mixed():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


class Gate(nn.Module):
    """Two inputs, two outputs."""

    def __init__(self):
        self.mix = nn.Linear(3, 3, dtype=np.float64)

    def forward(self, x, y):
        return self.mix(x) * y, x + y


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


class TestWhatIsInside:
    def test_parameters_then_buffers_then_what_is_below(self):
        assert list(mixed().state_dict()) == [
            *("0.weight", "0.bias"),
            *("1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"),
            *("2.weight", "2.bias"),
        ]

    def test_a_tied_parameter_counts_once_moves_once_and_is_saved_under_both_names(self):
        model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
        model[1].weight = model[0].weight
        assert [n for n, _ in model.named_parameters()] == ["0.weight"]
        assert [n for n, _ in model.named_parameters(remove_duplicate=False)] == ["0.weight", "1.weight"]
        assert list(model.state_dict()) == ["0.weight", "1.weight"]
        before = model[0].weight.numpy().copy()
        model(X[:, :3]).sum().backward()
        gradient = model[0].weight.grad.numpy()
        optim.SGD(model.parameters(), lr=0.5).step()
        assert np.allclose(model[1].weight.numpy(), before - 0.5 * gradient)

    def test_a_module_used_twice_is_listed_once_and_saved_twice(self):
        layer = nn.Linear(3, 3)
        model = nn.Sequential(layer, layer)
        assert [n for n, _ in model.named_modules()] == ["", "0"]
        assert [n for n, _ in model.named_modules(remove_duplicate=False)] == ["", "0", "1"]
        assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]

    def test_without_recursion_only_what_is_its_own(self):
        model = mixed()
        assert list(model.parameters(recurse=False)) == []
        assert next(n for n, _ in model[1].named_buffers(prefix="norm", recurse=False)) == "norm.running_mean"

    def test_buffers_are_saved_where_persistent_and_never_learned(self):
        module = nn.Module()
        module.register_buffer("kept", np.ones(2))
        module.register_buffer("passing", np.ones(2), persistent=False)
        module.steps = nn.Buffer(np.zeros(1), persistent=False)
        assert [n for n, _ in module.named_buffers()] == ["kept", "passing", "steps"]
        assert list(module.state_dict()) == ["kept"] and not list(module.parameters())
        module.passing = ag.Tensor(np.zeros(3))
        assert dict(module.named_buffers())["passing"].shape == (3,)

    def test_paths_lead_to_modules_parameters_and_buffers(self):
        model = nn.Sequential(mixed())
        assert model.get_submodule("0.1") is model[0][1] and model.get_submodule("") is model
        assert model.get_parameter("0.2.bias") is model[0][2].bias
        assert model.get_buffer("0.1.running_var") is model[0][1].running_var
        model.set_submodule("0.1", nn.Identity())
        assert isinstance(model[0][1], nn.Identity)
        with pytest.raises(AttributeError, match="no module '9'"):
            model.set_submodule("0.9", nn.Identity(), strict=True)

    @pytest.mark.parametrize(
        ("ask", "words"),
        [
            (lambda m: m.get_submodule("1.x.y"), "1 has no module 'x'"),
            (lambda m: m.get_parameter("0.weigth"), "Linear has no parameter 'weigth'"),
            (lambda m: m.get_buffer("0.weight"), "Linear has no buffer 'weight'"),
            (lambda m: m.wieght, "'Sequential' object has no attribute 'wieght'"),
        ],
    )
    def test_a_wrong_path_says_where_it_leaves_the_model(self, ask, words):
        with pytest.raises(AttributeError, match=words):
            ask(mixed())

    @pytest.mark.parametrize(
        ("assign", "error", "words"),
        [
            (lambda m: setattr(m, "weight", m.weight * 2), TypeError, r"Linear\.weight is a parameter.*nn\.Parameter"),
            (lambda m: setattr(m, "count", 3), TypeError, r"Linear\.count is a buffer"),
            (lambda m: m.register_parameter("scale", ag.Tensor([1.0])), TypeError, r"nn\.Parameter"),
            (lambda m: m.register_buffer("a.b", np.ones(1)), KeyError, "dot"),
            (lambda m: m.add_module("forward", nn.ReLU()), KeyError, "method"),
            (lambda m: m.add_module("in_features", nn.ReLU()), KeyError, "another kind"),
            (lambda m: m.add_module("act", np.tanh), TypeError, "not a Module"),
            (lambda m: m.train("yes"), ValueError, "yes"),
            (lambda m: m.to(int), TypeError, "int64"),
        ],
    )
    def test_what_would_lose_a_parameter_is_refused(self, assign, error, words):
        layer = nn.Linear(2, 2)
        layer.register_buffer("count", np.zeros(()))
        before = layer.state_dict()
        with pytest.raises(error, match=words):
            assign(layer)
        assert same(before, layer.state_dict()) and layer.training

    def test_a_property_that_fails_says_why(self):
        class Broken(nn.Module):
            @property
            def size(self):
                return self.missing

        with pytest.raises(AttributeError, match="'missing'"):
            _ = Broken().size

    def test_apply_goes_from_the_leaves_to_the_root(self):
        seen = []
        model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
        model.apply(lambda m: seen.append(type(m).__name__))
        assert seen == ["Linear", "ReLU", "Sequential", "Sequential"]


class TestModes:
    def test_train_and_eval_reach_every_module(self):
        model = mixed().eval()
        assert not any(m.training for m in model.modules())
        assert all(m.training for m in model.train().modules())

    def test_freezing_and_forgetting_gradients(self):
        model = mixed()
        model(X).sum().backward()
        assert all(p.grad is not None for p in model.parameters())
        model.zero_grad(set_to_none=False)
        assert all(not p.grad.numpy().any() for p in model.parameters())
        model.zero_grad()
        assert all(p.grad is None for p in model.parameters())
        model.requires_grad_(False)
        assert not model(X).requires_grad

    def test_conversion_reaches_parameters_gradients_and_buffers_but_not_counters(self):
        model = mixed()
        model(X).sum().backward()
        for convert, dtype in ((model.double, np.float64), (model.half, np.float16), (model.float, np.float32)):
            convert()
            kinds = {k: v.dtype for k, v in model.state_dict().items()}
            assert kinds.pop("1.num_batches_tracked") == np.int64
            assert set(kinds.values()) == {np.dtype(dtype)} == {p.grad.dtype for p in model.parameters()}

    def test_a_deep_copy_and_a_pickle_are_the_same_model_and_independent(self):
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Dropout(0.2)).eval()
        model[1].weight = model[0].weight
        nn.utils.parametrizations.weight_norm(model[1], "bias", dim=None)
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert np.array_equal(model(X).numpy(), twin(X).numpy())
            assert twin[1].weight is twin[0].weight and twin[0].weight.requires_grad and not twin.training
            twin[0].weight.data[...] = 0
            assert model[0].weight.numpy().any()


class TestState:
    def test_a_state_is_a_snapshot_that_can_be_loaded(self):
        model = mixed()
        saved = model.state_dict()
        for p in model.parameters():
            p.data[...] += 1
        assert not np.array_equal(saved["0.bias"], model[0].bias.numpy())
        other = mixed()
        assert repr(other.load_state_dict(saved)) == "<All keys matched successfully>"
        assert same(other.state_dict(), saved)

    def test_a_prefix_a_destination_and_the_tensors_themselves(self):
        layer, state = nn.Linear(2, 2), {"other": 1}
        assert layer.state_dict(destination=state, prefix="a.", keep_vars=True) is state
        assert list(state) == ["other", "a.weight", "a.bias"] and state["a.weight"] is layer.weight

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            (lambda s: s.pop("2.bias"), RuntimeError, r"missing keys \['2.bias'\]"),
            (lambda s: s.update(extra=np.zeros(1)), RuntimeError, r"unexpected keys \['extra'\]"),
            (lambda s: s.update({"2.bias": np.zeros(5)}), RuntimeError, r"2\.bias: float64 \(5,\) for float32 \(2,\)"),
            (lambda s: s.update({"2.bias": "zeros"}), TypeError, "'2.bias' is str"),
        ],
    )
    @pytest.mark.parametrize("assign", [False, True])
    def test_a_state_that_does_not_fit_changes_nothing(self, change, error, words, assign):
        model, state = mixed(), {k: v + 1 for k, v in mixed().state_dict().items()}
        before = model.state_dict()
        change(state)
        with pytest.raises(error, match=words):
            model.load_state_dict(state, assign=assign)
        assert same(before, model.state_dict())

    @pytest.mark.parametrize(
        ("key", "value"), [("0.bias", np.zeros(3, complex)), ("1.num_batches_tracked", np.array(0.5))]
    )
    def test_no_imaginary_part_and_no_fraction_is_dropped(self, key, value):
        model = mixed()
        with pytest.raises(RuntimeError, match=f"{key}: {value.dtype}"):
            model.load_state_dict({**model.state_dict(), key: value})

    def test_one_message_lists_everything_that_is_wrong(self):
        model, state = mixed(), mixed().state_dict()
        del state["0.bias"]
        state |= {"head": np.ones(1), "2.bias": np.ones(7), "2.weight": np.ones(1)}
        with pytest.raises(RuntimeError, match=r"(?s)0\.bias.*head.*2\.weight.*\(1,\).*2\.bias.*\(7,\).*Fix"):
            model.load_state_dict(state)
        with pytest.raises(RuntimeError, match=r"shapes.*2\.weight"):
            model.load_state_dict(state, strict=False)

    def test_loading_loosely_reports_what_differs(self):
        model = mixed()
        state = model.state_dict()
        del state["0.bias"]
        answer = model.load_state_dict({**state, "extra": np.zeros(1)}, strict=False)
        assert answer.missing_keys == ["0.bias"] and answer.unexpected_keys == ["extra"]

    def test_loading_keeps_an_optimizers_hold_on_the_parameters(self):
        for assign in (False, True):
            model = nn.Linear(4, 2)
            optimizer = optim.SGD(model.parameters(), lr=1.0)
            model(X).sum().backward()
            optimizer.step()
            new = {k: np.ones_like(v) for k, v in model.state_dict().items()}
            model.load_state_dict(new, assign=assign)
            model.zero_grad()
            model(X).sum().backward()
            optimizer.step()
            assert np.allclose(model.bias.numpy(), 1 - len(X))


class TestContainers:
    @given(st.lists(st.sampled_from(["append", "insert", "delete", "extend", "pop", "set"]), max_size=8), st.data())
    def test_a_list_of_modules_behaves_like_a_list(self, steps, data):
        for kind in (nn.ModuleList, nn.Sequential):
            ours = kind() if kind is nn.Sequential else kind([])
            plain = []
            for step in steps:
                new, n = nn.Identity(), len(plain)
                i = data.draw(st.integers(-n, n - 1)) if n else 0
                if step == "append":
                    ours.append(new), plain.append(new)
                elif step == "extend":
                    ours.extend([new, new]), plain.extend([new, new])
                elif step == "insert":
                    ours.insert(i, new), plain.insert(i, new)
                elif n and step == "delete":
                    del ours[i], plain[i]
                elif n and step == "pop":
                    assert ours.pop(i) is plain.pop(i)
                elif n:
                    ours[i], plain[i] = new, new
            assert list(ours) == plain and len(ours) == len(plain)
            assert list(vars(ours)) == [str(i) for i in range(len(plain))]
            assert list(ours[1:]) == plain[1:]

    def test_a_sequential_model_is_the_composition_of_its_modules(self):
        a, b, c = nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)
        y = c(b(a(X))).numpy()
        for model in (
            nn.Sequential(a, b, c),
            nn.Sequential(OrderedDict(first=a, act=b, last=c)),
            nn.Sequential(a, b) + nn.Sequential(c),
            nn.Sequential(nn.ReLU(), a, b, c)[1:],
            nn.Sequential(a).append(c).insert(1, b),
        ):
            assert np.array_equal(model(X).numpy(), y)

    def test_dictionaries_of_modules_and_parameters(self):
        heads = nn.ModuleDict({"a": nn.Linear(2, 1)})
        heads.update({"b": nn.Linear(2, 1), "a": nn.Linear(2, 3)})
        assert list(heads) == ["a", "b"] and heads["a"].out_features == 3 and "b" in heads
        assert heads.pop("a").out_features == 3 and len(heads) == 1
        table = nn.ParameterDict({"x": nn.Parameter([1.0]), "y": ag.Tensor([2.0])})
        assert isinstance(table["y"], nn.Parameter) and len(list(table.parameters())) == 2
        assert table.get("z", 5) == 5 and (table | nn.ParameterDict({"z": nn.Parameter([3.0])})).keys() >= {"x", "z"}
        assert table.popitem()[0] == "y" and list(table) == ["x"]

    @given(st.integers(0, 4))
    def test_a_list_of_parameters_behaves_like_a_list(self, n):
        plain = [nn.Parameter([float(i)]) for i in range(n)]
        ours = nn.ParameterList(plain)
        assert list(ours) == plain and list(ours.parameters()) == plain and list(ours[1:]) == plain[1:]
        ours.append(ag.Tensor([9.0]))
        last = ours[-1]
        assert isinstance(last, nn.Parameter) and len(ours) == n + 1
        assert ours.pop(0) is [*plain, last][0] and list(ours) == [*plain, last][1:]

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda: nn.Sequential(np.tanh), TypeError, "item 0 is ufunc"),
            (lambda: nn.Sequential(nn.ReLU())[1], IndexError, "index 1 is out of range for 1"),
            (lambda: nn.Sequential(nn.ReLU()) * 0, ValueError, "0 times"),
            (lambda: nn.ModuleList([nn.ReLU()]).insert(3, nn.ReLU()), IndexError, "index 3"),
            (lambda: nn.ModuleList([nn.ReLU()])(X), NotImplementedError, "forward"),
            (lambda: nn.ModuleDict({"keys": nn.ReLU()}), KeyError, "method"),
            (lambda: nn.ModuleDict([("a", 1)]), TypeError, "item 0"),
            (lambda: nn.ModuleDict()["a"], KeyError, "a"),
            (lambda: nn.ParameterList(ag.Tensor([1.0])), TypeError, "list of parameters"),
            (lambda: nn.ParameterDict()["a"], KeyError, "a"),
        ],
    )
    def test_what_does_not_belong_is_refused(self, call, error, words):
        with pytest.raises(error, match=words):
            call()


class TestHooks:
    def test_hooks_see_and_replace_inputs_and_outputs_in_order(self):
        layer, seen = nn.Identity(), []
        layer.register_forward_pre_hook(lambda m, args: seen.append("pre") or (args[0] + 1,))
        layer.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
        layer.register_forward_hook(lambda m, args, y: seen.append("post") or y * 10)
        with layer.register_forward_hook(lambda m, args, y: y + args[0]):
            assert layer(2) == 33
        assert layer(2) == 30 and seen == ["first", "pre", "post"] * 2

    def test_hooks_with_keyword_arguments(self):
        class Scale(nn.Module):
            def forward(self, x, by=1):
                return x * by

        layer, seen = Scale(), []
        layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": 5}), with_kwargs=True)
        layer.register_forward_hook(lambda m, args, kwargs, y: seen.append(kwargs), with_kwargs=True)
        assert layer(2, by=3) == 10 and seen == [{"by": 5}]

    def test_a_hook_that_is_always_called_runs_after_an_error_and_does_not_hide_it(self):
        layer, seen = nn.Linear(2, 2), []
        layer.register_forward_hook(lambda m, args, y: seen.append(y), always_call=True)
        with pytest.raises(ValueError, match="last axis"):
            layer(np.ones((1, 3), np.float32))
        assert seen == [None]

    def test_backward_hooks_are_told_the_vector_jacobian_product(self):
        gate, found = Gate(), []
        gate.register_full_backward_hook(lambda m, grad_input, grad_output: found.append((grad_input, grad_output)))
        x, y = (ag.Tensor(RNG.normal(size=(2, 3)), requires_grad=True) for _ in range(2))
        u, v = RNG.normal(size=(2, 2, 3))
        a, b = gate(x, y)
        ((u * a).sum() + (v * b).sum()).backward()
        (grad_input, grad_output), expected = found[0], ag.vjp(lambda x, y: Gate.forward(gate, x, y), x, y)[1]((u, v))
        assert all(np.allclose(g.numpy(), e.numpy()) for g, e in zip(grad_input, expected, strict=True))
        assert np.allclose(grad_output[0].numpy(), u) and np.allclose(grad_output[1].numpy(), v)
        assert np.allclose(x.grad.numpy(), expected[0].numpy()) and np.allclose(y.grad.numpy(), expected[1].numpy())

    def test_a_backward_hook_replaces_the_gradient_that_goes_on_but_not_that_of_the_parameters(self):
        layer = nn.Linear(4, 3)
        plain = ag.Tensor(X, requires_grad=True)
        layer(plain).sum().backward()
        weight, layer.weight.grad = layer.weight.grad, None
        hooked = ag.Tensor(X, requires_grad=True)
        layer.register_full_backward_hook(lambda m, grad_input, grad_output: (-grad_input[0],))
        layer(hooked).sum().backward()
        assert np.allclose(hooked.grad.numpy(), -plain.grad.numpy())
        assert np.allclose(layer.weight.grad.numpy(), weight.numpy())

    def test_a_backward_pre_hook_scales_everything_behind_it(self):
        layer = nn.Linear(4, 3)
        twin = copy.deepcopy(layer)
        layer.register_full_backward_pre_hook(lambda m, grad_output: tuple(g * 3 for g in grad_output))
        layer(X).sum().backward()
        twin(X).sum().backward()
        assert np.allclose(layer.weight.grad.numpy(), 3 * twin.weight.grad.numpy())

    def test_backward_hooks_fire_without_gradients_of_the_input_and_not_without_recording(self):
        layer, found = nn.Linear(4, 3), []
        layer.register_full_backward_hook(lambda m, grad_input, grad_output: found.append(grad_input))
        layer(X).sum().backward()
        with ag.no_grad():
            layer(X)
        assert found == [(None,)]

    def test_hooked_modules_have_every_derivative(self):
        gate = Gate()
        gate.register_full_backward_hook(lambda m, grad_input, grad_output: None)
        xs = RNG.normal(size=(2, 2, 3))
        assert ag.gradcheck(lambda x, y: sum(t.sum() for t in gate(x, y * y)), *xs, order=2) < 1e-6

    def test_a_hook_that_returns_other_shapes_is_refused(self):
        layer = nn.Linear(4, 3)
        layer.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_output[0],))
        with pytest.raises(RuntimeError, match=r"\(6, 3\).*\(6, 4\)"):
            layer(ag.Tensor(X, requires_grad=True)).sum().backward()
        with pytest.raises(TypeError, match="not callable"):
            layer.register_forward_hook(3)


class Encoder(nn.Module):
    def __init__(self):
        self.encoder = nn.ModuleList([nn.Sequential(OrderedDict(linear=nn.Linear(4, 4)))])
        self.by = 1

    def forward(self, x, fail=None):
        if fail:
            raise fail
        return self.encoder[0](x)


class TestPaths:
    """Errors begin with the path of the module that raised them."""

    @pytest.mark.parametrize(
        ("x", "error", "words"),
        [
            (X[:, :3], ValueError, r"^encoder\.0\.linear: Linear.*\(6, 3\)"),
            (X.astype(np.float64), TypeError, r"^encoder\.0\.linear: Linear.*float64.*float32.*Fix"),
        ],
    )
    def test_the_path_stands_first(self, x, error, words):
        with pytest.raises(error, match=words):
            Encoder()(x)
        with pytest.raises(error, match=words.replace("^", r"^0\.")):
            nn.Sequential(Encoder())(x)

    def test_an_error_of_the_model_itself_is_left_alone(self):
        error = ValueError("mine")
        with pytest.raises(ValueError, match=r"^mine$"):
            Encoder()(X, fail=error)

    def test_errors_without_a_plain_message_get_a_note(self):
        class Broken(nn.Module):
            def forward(self, x):
                return {}["key"]

        with pytest.raises(KeyError) as caught:
            nn.Sequential(nn.Sequential(Broken()))(X)
        assert caught.value.args == ("key",) and caught.value.__notes__ == ["raised in 0.0"]

    def test_a_module_kept_in_a_plain_list_is_named_by_its_class(self):
        class Careless(nn.Module):
            def __init__(self):
                self.layers = [nn.Linear(2, 2)]

            def forward(self, x):
                return self.layers[0](x)

        with pytest.raises(ValueError, match=r"^<Linear>: Linear"):
            Careless()(X)


class TestFunctionalCall:
    def test_derivatives_with_respect_to_parameters_that_stay_as_they_are(self):
        layer = nn.Linear(4, 3, dtype=np.float64)
        weight, x = layer.weight, X.astype(float)
        f = lambda w, b: (nn.functional_call(layer, {"weight": w, "bias": b}, x) ** 2).sum()
        ag.gradcheck(f, RNG.normal(size=(3, 4)), RNG.normal(size=3), order=2)
        assert layer.weight is weight and weight.grad is None

    def test_a_tied_weight_is_replaced_under_both_names_or_one(self):
        model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
        model[1].weight = model[0].weight
        zero = {"0.weight": np.zeros((4, 4), np.float32)}
        own = model[1].weight.numpy()
        assert not nn.functional_call(model, zero, X).numpy().any()
        replaced = {"0.weight": np.eye(4, dtype=np.float32)}
        assert np.allclose(nn.functional_call(model, replaced, X, tie_weights=False).numpy(), X @ own.T, atol=1e-6)

    @pytest.mark.parametrize(
        ("values", "options", "error", "words"),
        [
            ({"wieght": np.ones((1, 2))}, {}, KeyError, "wieght.*weight.*bias"),
            ({"weight": np.ones((2, 2))}, {}, ValueError, r"weight: \(2, 2\) for \(1, 2\)"),
            ({"weight": np.ones((1, 2))}, {"strict": True}, KeyError, "bias"),
            ({"weight": np.ones((1, 2), np.float32)}, {}, ValueError, "last axis must be 2"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_the_module_left_alone(self, values, options, error, words):
        layer = nn.Linear(2, 1)
        weight = layer.weight
        with pytest.raises(error, match=words):
            nn.functional_call(layer, values, np.ones((3, 3), np.float32), **options)
        assert layer.weight is weight


class TestLooks:
    def test_a_child_that_points_back_at_its_parent(self):
        """A cycle is walked once: it prints, and each tensor is saved under the one path that makes no round."""
        model = nn.Sequential(nn.Linear(2, 1), nn.ModuleList([nn.ReLU()]))
        model[0].parent = model[1].owner = model
        assert repr(model).count("Linear") == 1 and "(parent): …" in repr(model)
        assert list(model.state_dict()) == ["0.weight", "0.bias"]
        assert model.load_state_dict(model.state_dict()) == ([], [])
        assert [type(m).__name__ for m in model.modules()] == ["Sequential", "Linear", "ModuleList", "ReLU"]
        shared = nn.Sequential(model[1], model[1])
        assert [path for path, _ in shared.named_modules(remove_duplicate=False)].count("1.0") == 1

    def test_repr_is_a_tree(self):
        assert repr(nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU()))) == (
            "Sequential(\n"
            "  (0): Linear(in_features=4, out_features=3, bias=True)\n"
            "  (1): Sequential(\n"
            "    (0): ReLU()\n"
            "  )\n"
            ")"
        )

    def test_a_summary_counts_what_is_there_and_changes_nothing(self):
        tied = nn.Linear(3, 3)
        model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(), tied, nn.Linear(3, 3))
        model[4].weight = tied.weight
        model[0].bias.requires_grad = False
        before = model.state_dict()
        found = nn.summary(model, (7, 4))
        assert [row.output_shape for row in found.rows] == [(7, 3)] * 6
        assert [row.parameters for row in found.rows] == [0, 15, 6, 0, 12, 3]
        assert (found.total_params, found.trainable_params, found.total_bytes) == (36, 33, 36 * 4)
        assert same(before, model.state_dict()) and model.training and model[2].training
        assert str(found).count("\n") == 8 and "36 parameters (33 trainable)" in str(found)

    def test_a_summary_of_several_inputs_and_of_given_ones(self):
        assert nn.summary(Gate(), [(2, 3), (2, 3)]).rows[0].output_shape == [(2, 3), (2, 3)]
        assert nn.summary(nn.Linear(4, 2), input=X).rows[0].output_shape == (6, 2)
        with pytest.raises(ValueError, match="either"):
            nn.summary(nn.Linear(4, 2))


class TestLayers:
    def test_bilinear_is_its_sum(self):
        layer = nn.Bilinear(3, 4, 2, dtype=np.float64)
        a, b = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 4))
        direct = np.einsum("ni,oij,nj->no", a, layer.weight.numpy(), b) + layer.bias.numpy()
        assert np.allclose(layer(a, b).numpy(), direct)
        f = lambda a, b, w: (nn.functional_call(layer, {"weight": w}, (a, b)) ** 2).sum()
        ag.gradcheck(f, a, b, RNG.normal(size=(2, 3, 4)), order=2, rtol=1e-4)

    @given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.data())
    def test_unflatten_undoes_flatten(self, shape, data):
        start = data.draw(st.integers(0, len(shape) - 1))
        end = data.draw(st.integers(start, len(shape) - 1))
        x = np.arange(np.prod(shape)).reshape(shape)
        y = nn.Flatten(start, end - len(shape))(x)
        assert y.ndim == len(shape) - (end - start)
        assert np.array_equal(nn.Unflatten(start, tuple(shape[start : end + 1]))(y), x)

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda: nn.Bilinear(2, 3, 1)(X[:, :2], X), ValueError, r"\(6, 2\) and \(6, 4\).*3"),
            (lambda: nn.Bilinear(2, 0, 1), ValueError, "in2_features=0"),
            (lambda: nn.Bilinear(4, 4, 1)(X, X.astype(float)), TypeError, "input2 is float64"),
            (lambda: nn.Flatten(2)(X), ValueError, r"\(6, 4\)"),
            (lambda: nn.Flatten(1, 0)(X), ValueError, "no such range"),
            (lambda: nn.Unflatten(1, (3, 2))(X), ValueError, r"\(6, 4\).*\(3, 2\).*must be 4"),
            (lambda: nn.Unflatten(1, (-1, -1))(X), ValueError, "cannot become"),
            (lambda: nn.Unflatten(4, (2, 2))(X), ValueError, "no axis 4"),
            (lambda: nn.Unflatten("a", (2, 2)), TypeError, "'a'"),
        ],
    )
    def test_bad_input_is_refused(self, call, error, words):
        with pytest.raises(error, match=words):
            call()


class Symmetric(nn.Module):
    def forward(self, x):
        return (x + np.swapaxes(x, 0, 1)) * 0.5

    def right_inverse(self, x):
        return x


class Doubled(nn.Module):
    def forward(self, x):
        return x * 2


class TestParametrizations:
    def make(self, n=4, m=4):
        return nn.Linear(n, m, dtype=np.float64)

    def test_the_value_is_computed_and_the_original_learned(self):
        layer = self.make()
        own = layer.weight
        parametrize.register_parametrization(layer, "weight", Symmetric())
        parametrize.register_parametrization(layer, "weight", Doubled())
        assert layer.parametrizations.weight.original is own
        assert np.allclose(layer.weight.numpy(), own.numpy() + own.numpy().T)
        layer(X.astype(float)).sum().backward()
        g = X.astype(float).sum(axis=0) * np.ones((4, 1))
        assert np.allclose(own.grad.numpy(), g + g.T)

    def test_assignment_goes_through_the_inverse(self):
        layer = parametrize.register_parametrization(self.make(), "weight", Symmetric())
        value = RNG.normal(size=(4, 4))
        layer.weight = value + value.T
        assert np.allclose(layer.weight.numpy(), value + value.T)
        parametrize.register_parametrization(layer, "weight", Doubled())
        with pytest.raises(RuntimeError, match="Doubled has no right_inverse"):
            layer.weight = value

    @pytest.mark.parametrize("leave", [True, False])
    def test_removal_leaves_the_value_or_the_original(self, leave):
        layer = self.make()
        own = layer.weight.numpy().copy()
        parametrize.register_parametrization(layer, "weight", Doubled())
        assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave)
        assert np.allclose(layer.weight.numpy(), 2 * own if leave else own)
        assert list(layer.state_dict()) == ["bias", "weight"] and not parametrize.is_parametrized(layer)

    def test_cached_values_are_computed_once(self):
        layer = parametrize.register_parametrization(self.make(), "weight", Doubled())
        with parametrize.cached():
            assert layer.weight is layer.weight
        assert layer.weight is not layer.weight

    def test_noise_on_weights(self):
        layer = parametrize.register_parametrization(self.make(), "weight", nn.GaussianNoise(0.1))
        assert not np.array_equal(layer.weight.numpy(), layer.weight.numpy())
        assert np.array_equal(layer.eval().weight.numpy(), layer.weight.numpy())

    @pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6)])
    @pytest.mark.parametrize("which", ["matrix_exp", "cayley", "householder"])
    def test_an_orthogonal_weight_stays_orthogonal_wherever_the_original_goes(self, shape, which):
        layer = nn.utils.parametrizations.orthogonal(self.make(shape[1], shape[0]), orthogonal_map=which)
        own = layer.parametrizations.weight.original
        noise = RNG.normal(size=own.shape)
        own.data[...] += np.tril(noise, -1) if shape[0] >= shape[1] else np.triu(noise, 1)
        w = layer.weight.numpy()
        gram = w @ w.T if shape[0] <= shape[1] else w.T @ w
        assert np.allclose(gram, np.eye(min(shape)), atol=1e-12)

    def test_weight_norm_has_the_given_lengths(self):
        layer = nn.utils.parametrizations.weight_norm(self.make(5, 3))
        layer.parametrizations.weight.original0.data[...] = [[1.0], [2.0], [3.0]]
        assert np.allclose(np.linalg.norm(layer.weight.numpy(), axis=1), [1, 2, 3])

    def test_spectral_norm_converges_to_the_largest_singular_value(self):
        layer = nn.utils.parametrizations.spectral_norm(self.make(5, 3), n_power_iterations=2000)
        assert np.isclose(np.linalg.norm(layer.weight.numpy(), 2), 1)

    @pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
    def test_hooks_and_parametrizations_compute_the_same_weight(self, kind):
        layer = self.make(5, 3)
        plain, x = copy.deepcopy(layer), ag.Tensor(RNG.normal(size=(2, 5)))
        hooked = getattr(nn.utils, kind)(copy.deepcopy(layer))
        other = getattr(nn.utils.parametrizations, kind)(copy.deepcopy(layer))
        if kind == "spectral_norm":
            for module in (hooked, other):
                for _ in range(500):
                    module(x)
        assert np.allclose(hooked(x), other(x))
        hooked(x).sum().backward()
        gradient = hooked.weight_v.grad if kind == "weight_norm" else hooked.weight_orig.grad
        other(x).sum().backward()
        same = other.parametrizations.weight
        assert np.allclose(gradient, same.original1.grad if kind == "weight_norm" else same.original.grad)
        removed = getattr(nn.utils, f"remove_{kind}")(
            copy.deepcopy(getattr(nn.utils, kind)(copy.deepcopy(layer))).eval()
        )
        assert list(dict(removed.named_parameters())) == ["bias", "weight"]
        if kind == "weight_norm":
            assert np.allclose(removed(x), plain(x))
        with pytest.raises(RuntimeError, match="already"):
            getattr(nn.utils, kind)(hooked)
        with pytest.raises(ValueError, match="is not normalised"):
            getattr(nn.utils, f"remove_{kind}")(plain)

    def test_derivatives_of_parametrized_layers(self):
        for make in (
            nn.utils.parametrizations.weight_norm,
            nn.utils.parametrizations.spectral_norm,
            nn.utils.parametrizations.orthogonal,
        ):
            layer = make(self.make(3, 3)).eval()
            names = [n for n, _ in layer.named_parameters()]
            values = [p.numpy() + 0.1 * RNG.normal(size=p.shape) for p in layer.parameters()]
            f = lambda *ps, layer=layer, names=names: nn.functional_call(
                layer, dict(zip(names, ps, strict=True)), np.ones((2, 3))
            )
            ag.gradcheck(f, *values, rtol=1e-4)

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda m: parametrize.register_parametrization(m, "wieght", Doubled()), ValueError, "wieght.*weight"),
            (lambda m: parametrize.register_parametrization(m, "weight", np.exp), TypeError, "ufunc"),
            (
                lambda m: parametrize.register_parametrization(m, "weight", nn.Flatten(0)),
                ValueError,
                r"\(16,\).*unsafe",
            ),
            (lambda m: parametrize.remove_parametrizations(m, "weight"), ValueError, "not parametrized"),
            (lambda m: nn.utils.parametrizations.orthogonal(m, "bias"), ValueError, r"\(4,\)"),
            (lambda m: nn.utils.parametrizations.orthogonal(m, orthogonal_map="qr"), ValueError, "'qr'"),
            (lambda m: nn.utils.parametrizations.spectral_norm(m, dim=5), ValueError, "dim=5"),
        ],
    )
    def test_what_cannot_be_done_leaves_the_module_as_it_was(self, call, error, words):
        layer = self.make()
        weight, value = layer.weight, layer.weight.numpy().copy()
        with pytest.raises(error, match=words):
            call(layer)
        assert layer.weight is weight and np.array_equal(weight.numpy(), value)


class TestUtils:
    def gradients(self, *arrays):
        ps = [nn.Parameter(np.zeros_like(a)) for a in arrays]
        for p, a in zip(ps, arrays, strict=True):
            p.grad = ag.Tensor(a.copy())
        return ps

    @given(st.floats(0.01, 10), st.sampled_from([1.0, 2.0, np.inf]))
    def test_clipped_gradients_have_at_most_the_norm_and_keep_their_direction(self, bound, order):
        arrays = [RNG.normal(size=(3, 2)), RNG.normal(size=4)]
        ps = self.gradients(*arrays)
        before = np.linalg.norm(np.concatenate([a.ravel() for a in arrays]), order)
        assert np.isclose(nn.utils.clip_grad_norm_(ps, bound, order).item(), before)
        after = np.concatenate([p.grad.numpy().ravel() for p in ps])
        assert np.linalg.norm(after, order) <= bound * (1 + 1e-9) or before <= bound
        assert np.allclose(after * before, np.concatenate([a.ravel() for a in arrays]) * np.linalg.norm(after, order))

    def test_a_shared_parameter_is_scaled_once(self):
        (p,) = self.gradients(np.array([3.0, 4.0]))
        assert nn.utils.clip_grad_norm_([p, p], 1.0).item() == 5.0
        assert np.allclose(p.grad.numpy(), [0.6, 0.8])

    def test_recorded_gradients_are_not_written_to(self):
        x = ag.Tensor(np.array([2.0]), requires_grad=True)
        (x**3).sum().backward(create_graph=True)
        recorded = x.grad
        nn.utils.clip_grad_norm_(x, 1.0)
        assert recorded.item() == 12 and np.isclose(x.grad.item(), 1) and not x.grad.requires_grad

    def test_a_norm_that_is_not_finite_is_refused_where_asked_for(self):
        ps = self.gradients(np.array([1.0, np.inf]), np.array([2.0]))
        with pytest.raises(RuntimeError, match="inf"):
            nn.utils.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True)
        assert ps[1].grad.item() == 2

    @given(st.lists(st.lists(st.integers(0, 3), max_size=3), min_size=1, max_size=4))
    def test_vectors_and_parameters_are_inverse(self, shapes):
        ps = [nn.Parameter(np.zeros(s)) for s in shapes]
        v = RNG.normal(size=sum(p.size for p in ps))
        nn.utils.vector_to_parameters(v, ps)
        assert np.array_equal(nn.utils.parameters_to_vector(ps).numpy(), v)
        for wrong in (np.ones(len(v) + 1), v[None]):
            with pytest.raises(ValueError, match="vector of shape"):
                nn.utils.vector_to_parameters(wrong, ps)
        assert np.array_equal(nn.utils.parameters_to_vector(ps).numpy(), v)
