"""Optimizers: groups, flat buffers, freezing, closures and state_dicts, whatever the rule."""

import copy
import inspect
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from optim.storage import PIECE

RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 2))
GRADIENTS = RNG.normal(size=(5, 3, 2))


def walk(make, gradients=GRADIENTS, start=START):
    """The point after steps along given gradients."""
    p = ag.Tensor(start.copy(), requires_grad=True)
    optimizer = make([p])
    for g in gradients:
        p.grad = g
        optimizer.step()
    return p.numpy().copy()


RULES = ["SGD", "ASGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Rprop", "Lion",
         "Adafactor", "Muon"]  # fmt: skip
OPTIONS = {"SGD": {"momentum": 0.9}, "RMSprop": {"momentum": 0.9, "centered": True}, "Adam": {"amsgrad": True}}


def rule(name, **options):
    """One optimizer with all the state that it can have."""
    return lambda params: getattr(optim, name)(params, **{"lr": 0.1, **OPTIONS.get(name, {}), **options})


class TestFlatBuffers:
    """However parameters are stored, split, replaced, shared or frozen, each follows the rule on its own."""

    def pair(self):
        return [ag.Tensor(START.copy(), requires_grad=True), ag.Tensor(START[0].copy(), requires_grad=True)]

    def step(self, optimizer, params, k):
        for p in params:
            p.grad = GRADIENTS[k][: p.shape[0]] if p.ndim == 2 else GRADIENTS[k][0]
        optimizer.step()

    @pytest.mark.parametrize("name", [name for name in RULES if name not in ("Adafactor", "Muon")])
    @given(shapes=st.lists(st.sampled_from([(2, 3), (1, 1), (40, 50), (300, 100), (1, 7)]), min_size=1, max_size=6))
    def test_several_parameters_move_as_each_would_alone(self, name, shapes):
        rng = np.random.default_rng(len(shapes))
        make, starts = rule(name), [rng.normal(size=shape) for shape in shapes]
        gradients = [rng.normal(size=(2, *shape)) for shape in shapes]
        params = [ag.Tensor(start.copy(), requires_grad=True) for start in starts]
        optimizer = make(params)
        for k in range(2):
            for p, g in zip(params, gradients, strict=True):
                p.grad = g[k]
            optimizer.step()
        for p, g, start in zip(params, gradients, starts, strict=True):
            assert np.array_equal(p.numpy(), walk(make, g, start))

    @pytest.mark.parametrize("name", [name for name in RULES if name not in ("Adafactor", "Muon")])
    def test_more_elements_than_fit_in_one_piece(self, name):
        start, g = RNG.normal(size=100_003), RNG.normal(size=(2, 100_003))
        part = slice(70_000, 70_010)
        assert np.array_equal(walk(rule(name), g, start)[part], walk(rule(name), g[:, part], start[part]))

    def test_parameters_that_just_do_not_fit_into_one_piece_together(self):
        for n in (PIECE - 5, PIECE - 3):  # with seven more: under the limit, over it
            starts, gradients = [RNG.normal(size=k) for k in (n, 7)], [RNG.normal(size=(2, k)) for k in (n, 7)]
            params = [ag.Tensor(start.copy(), requires_grad=True) for start in starts]
            optimizer = optim.Adam(params)
            for k in range(2):
                for p, g in zip(params, gradients, strict=True):
                    p.grad = g[k]
                optimizer.step()
            for p, g, start in zip(params, gradients, starts, strict=True):
                assert np.array_equal(p.numpy(), walk(optim.Adam, g, start))

    def test_parameters_that_rest_at_random_leave_no_plans_behind(self):
        params = [ag.Tensor(np.ones(1), requires_grad=True) for _ in range(14)]
        optimizer = optim.SGD(params, lr=0.1)
        for first, last in itertools.combinations(range(15), 2):
            optimizer.zero_grad()
            for p in params[first:last]:
                p.grad = np.ones(1)
            optimizer.step()
        assert all(len(storage.known) <= 65 for storages in optimizer._storages for storage in storages)

    def test_gradients_may_lie_in_memory_as_they_like(self):
        start, g = RNG.normal(size=(300, 200)), RNG.normal(size=(2, 200, 300)).transpose(0, 2, 1)
        assert np.array_equal(walk(rule("Adam"), g, start), walk(rule("Adam"), np.ascontiguousarray(g), start))

    @pytest.mark.parametrize("name", RULES)
    def test_single_and_double_precision_side_by_side_keep_their_own(self, name):
        double = ag.Tensor(START.copy(), requires_grad=True)
        single = ag.Tensor(START.astype(np.float32), requires_grad=True)
        optimizer = rule(name)([single, double])
        optimizer.param_groups[0]["lr"] = np.float64(0.1)  # as a schedule may leave it
        for g in GRADIENTS:
            double.grad, single.grad = g, g.astype(np.float32)
            optimizer.step()
        assert (double.dtype, single.dtype) == (np.float64, np.float32)
        assert np.array_equal(double.numpy(), walk(rule(name)))
        assert np.allclose(single.numpy(), double.numpy(), atol=3e-3 if name == "Muon" else 1e-4)

    def test_a_parameter_without_gradient_rests_and_so_does_its_step_count(self):
        params = self.pair()
        optimizer = optim.Adam(params, lr=0.1)
        params[1].grad = GRADIENTS[0][0]
        optimizer.step()
        assert np.array_equal(params[0].numpy(), START)
        optimizer.zero_grad()
        for k in range(5):
            params[0].grad = GRADIENTS[k]
            optimizer.step()
        assert np.allclose(params[0].numpy(), walk(lambda p: optim.Adam(p, lr=0.1)))

    @pytest.mark.parametrize("name", RULES)
    @pytest.mark.parametrize("last", [False, True])
    def test_a_thawed_parameter_goes_on_where_it_stopped(self, name, last):
        """And its neighbour, which has come further, goes on from there."""
        frozen, other = (ag.Tensor(START.copy(), requires_grad=True) for _ in range(2))
        optimizer = rule(name)([other, frozen] if last else [frozen, other])
        taken = [*GRADIENTS[:2], *GRADIENTS[:3], *GRADIENTS[2:]]
        for k, g in enumerate(taken):
            frozen.requires_grad = not 2 <= k < 5
            for p in (frozen, other):
                if p.requires_grad:
                    p.grad = g
            optimizer.step()
        assert np.array_equal(frozen.numpy(), walk(rule(name)))
        assert np.array_equal(other.numpy(), walk(rule(name), taken))

    def test_freezing_holds_a_parameter_still(self):
        params = self.pair()
        optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
        self.step(optimizer, params, 0)
        held = params[0].numpy().copy()
        params[0].requires_grad = False
        params[1].grad = GRADIENTS[1][0]
        optimizer.step()
        assert np.array_equal(params[0].numpy(), held)

    def test_replaced_data_is_taken_over(self):
        params = self.pair()
        optimizer = optim.SGD(params, lr=0.1)
        self.step(optimizer, params, 0)
        params[0].data = np.zeros((3, 2))
        self.step(optimizer, params, 1)
        assert np.allclose(params[0].numpy(), -0.1 * GRADIENTS[1])

    def test_replaced_dtype_and_shape_are_taken_over(self):
        params = self.pair()
        optimizer = optim.Adam(params, lr=0.1)
        self.step(optimizer, params, 0)
        before = params[0].numpy().copy()
        params[1].data = np.zeros(2, np.float32)
        params[0].grad, params[1].grad = GRADIENTS[1], np.ones(2, np.float32)
        optimizer.step()
        assert params[1].dtype == np.float32
        assert np.allclose(params[1].numpy(), -0.1, atol=0.02)
        assert np.allclose(params[0].numpy(), walk(lambda p: optim.Adam(p, lr=0.1), GRADIENTS[:2]))
        assert not np.array_equal(params[0].numpy(), before)

    def test_two_optimizers_may_share_a_parameter(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        first, second = optim.SGD([p], lr=0.1), optim.SGD([p], lr=0.2)
        for k, optimizer in enumerate((first, second, first)):
            p.grad = GRADIENTS[k]
            optimizer.step()
        assert np.allclose(p.numpy(), START - 0.1 * GRADIENTS[0] - 0.2 * GRADIENTS[1] - 0.1 * GRADIENTS[2])

    def test_the_gradient_is_not_changed_by_the_step(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = optim.Adam([p], weight_decay=0.1, maximize=True)
        p.grad = GRADIENTS[0]
        before = p.grad.numpy().copy()
        optimizer.step()
        assert np.array_equal(p.grad.numpy(), before)

    def test_groups_have_options_of_their_own(self):
        a, b = self.pair()
        optimizer = optim.SGD([{"params": [a], "lr": 0.1}, {"params": b}], lr=0.5)
        self.step(optimizer, [a, b], 0)
        assert np.allclose(a.numpy(), START - 0.1 * GRADIENTS[0])
        assert np.allclose(b.numpy(), START[0] - 0.5 * GRADIENTS[0][0])

    def test_the_array_that_a_parameter_was_made_from_is_not_written(self):
        for name in RULES:
            mine = START.copy()
            p = ag.Tensor(mine, requires_grad=True)
            p.grad = GRADIENTS[0]
            rule(name)([p]).step()
            assert np.array_equal(mine, START), name

    def test_a_gradient_of_the_former_shape_stops_the_step_before_anything_moves(self):
        params = self.pair()
        optimizer = rule("Adam")([{"params": [params[0]]}, {"params": [params[1]]}])
        self.step(optimizer, params, 0)
        before = params[0].numpy().copy()
        params[1].data = np.zeros(5)
        with pytest.raises(ValueError, match=r"gradient of shape \(2,\) for a parameter of shape \(5,\)"):
            optimizer.step()
        assert np.array_equal(params[0].numpy(), before)
        assert optimizer.state[params[0]]["step"] == 1


class TestState:
    """A state_dict holds all that a run needs to go on."""

    @pytest.mark.parametrize("name", RULES)
    @pytest.mark.parametrize("after", [1, 3])
    def test_resuming_continues_bit_for_bit(self, name, after):
        p = ag.Tensor(START.copy(), requires_grad=True)
        first = rule(name)([p])
        for g in GRADIENTS[:after]:
            p.grad = g
            first.step()
        q = ag.Tensor(p.numpy().copy(), requires_grad=True)
        second = getattr(optim, name)([q])  # its options come with the state
        second.load_state_dict(copy.deepcopy(first.state_dict()))
        for g in GRADIENTS[after:]:
            q.grad = g
            second.step()
        assert np.array_equal(q.numpy(), walk(rule(name)))

    @pytest.mark.parametrize("name", RULES)
    def test_the_state_dict_is_a_snapshot(self, name):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = rule(name)([p])
        p.grad = GRADIENTS[0]
        optimizer.step()
        snapshot = optimizer.state_dict()
        before = copy.deepcopy(snapshot)
        p.grad = GRADIENTS[1]
        optimizer.step()
        for key, value in before["state"][0].items():
            assert np.array_equal(snapshot["state"][0][key], value), key

    @pytest.mark.parametrize("name", RULES)
    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["copy", "pickle"])
    def test_a_copy_goes_its_own_way(self, name, copied):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = rule(name)([p])
        for k, g in enumerate(GRADIENTS):
            if k == 2:
                held = p.numpy().copy()
                optimizer = copied(optimizer)
            q = optimizer.param_groups[0]["params"][0]
            q.grad = g
            optimizer.step()
        assert np.array_equal(p.numpy(), held)
        assert np.array_equal(q.numpy(), walk(rule(name)))

    def test_parameters_are_numbered_through_the_groups_and_options_kept(self):
        params = [ag.Tensor(START.copy(), requires_grad=True) for _ in range(3)]
        optimizer = optim.SGD([{"params": params[:2], "momentum": 0.9}, {"params": params[2:]}], lr=0.1)
        for p in params:
            p.grad = GRADIENTS[0]
        optimizer.step()
        saved = optimizer.state_dict()
        assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2]]
        assert [group["momentum"] for group in saved["param_groups"]] == [0.9, 0.0]
        assert list(saved["state"]) == [0, 1]

    def test_names_of_parameters_travel_with_the_state(self):
        named = [("weight", ag.Tensor(START.copy(), requires_grad=True))]
        assert optim.Adam(named).state_dict()["param_groups"][0]["param_names"] == ["weight"]

    def test_an_option_switched_on_in_mid_run_keeps_the_rest_of_the_state(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = optim.Adam([p], lr=0.1)
        for k, g in enumerate(GRADIENTS):
            optimizer.param_groups[0]["amsgrad"] = k > 1
            p.grad = g
            optimizer.step()
        assert optimizer.state[p]["step"] == 5
        assert np.array_equal(optimizer.state[p]["max_exp_avg_sq"] > 0, np.ones((3, 2), bool))

    @pytest.mark.parametrize("change", ["groups", "shape", "missing", "rule", "numbers"])
    def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(self, change):
        p, other = (ag.Tensor(np.zeros(shape), requires_grad=True) for shape in ((3, 2), (7,)))
        optimizer, stranger = optim.Adam([p]), optim.Adam([other])
        for optimizer_, tensor in ((optimizer, p), (stranger, other)):
            tensor.grad = np.ones(tensor.shape)
            optimizer_.step()
        bad = copy.deepcopy(optimizer.state_dict())
        bad["param_groups"][0]["lr"] = 7.0
        words = {
            "groups": r"groups of \[2\] parameters for \[1\]",
            "shape": r"exp_avg of parameter 0: \(7,\) for \(3, 2\)",
            "missing": "exp_avg_sq of parameter 0: nothing",
            "rule": "betas",
            "numbers": "step of parameter 0",
        }
        if change == "groups":
            bad["param_groups"][0]["params"] = [0, 1]
        elif change == "shape":
            bad["state"] = stranger.state_dict()["state"]
        elif change == "missing":
            del bad["state"][0]["exp_avg_sq"]
        elif change == "rule":
            del bad["param_groups"][0]["betas"]
        else:
            bad["state"][0]["step"] = np.ones(2)
        before = optimizer.state_dict()
        with pytest.raises(ValueError, match=words[change]):
            optimizer.load_state_dict(bad)
        after = optimizer.state_dict()
        assert before["param_groups"] == after["param_groups"]
        assert all(np.array_equal(before["state"][0][k], after["state"][0][k]) for k in before["state"][0])


class TestStep:
    """What surrounds an update."""

    def test_a_closure_gives_the_loss_and_is_recorded_even_where_nothing_is(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = optim.SGD([p], lr=0.1)

        def closure():
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        with ag.no_grad():
            loss = optimizer.step(closure)
        assert np.isclose(loss.item(), (START**2).sum())
        assert np.allclose(p.numpy(), 0.8 * START)

    def test_gradients_are_forgotten_or_filled_with_zeros(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
        p.grad = GRADIENTS[0]
        optimizer.zero_grad(set_to_none=False)
        assert np.array_equal(p.grad.numpy(), np.zeros((3, 2)))
        optimizer.zero_grad()
        assert p.grad is None

    def test_a_group_added_later_starts_from_its_own_first_step(self):
        first, second = (ag.Tensor(START.copy(), requires_grad=True) for _ in range(2))
        optimizer = rule("Adam")([first])
        first.grad = GRADIENTS[0]
        optimizer.step()
        optimizer.add_param_group({"params": second})
        for g in GRADIENTS:
            second.grad = g
            optimizer.step()
        assert np.array_equal(second.numpy(), walk(rule("Adam")))

    def test_a_refused_group_leaves_the_optimizer_as_it_was(self):
        p = ag.Tensor(START.copy(), requires_grad=True)
        optimizer = optim.Adam([p])
        for bad in ({"params": [p]}, {"params": [P()], "betas": (2, 0)}, {"params": [3.0]}, {"lr": 1}, [P()]):
            with pytest.raises(ValueError, match="Adam"):
                optimizer.add_param_group(bad)
        assert len(optimizer.param_groups) == len(optimizer.state_dict()["param_groups"]) == 1

    def test_nan_goes_into_its_own_parameter_and_no_other(self):
        params = [ag.Tensor(START.copy(), requires_grad=True) for _ in range(2)]
        optimizer = rule("Adam")(params)
        params[0].grad, params[1].grad = np.full((3, 2), np.nan), GRADIENTS[0]
        optimizer.step()
        assert np.isnan(params[0].numpy()).all()
        assert np.array_equal(params[1].numpy(), walk(rule("Adam"), GRADIENTS[:1]))


def test_training_a_network_lowers_its_loss():
    ag.manual_seed(0)
    x, y = RNG.normal(size=(64, 2)).astype(np.float32), np.arange(64) % 2
    x[:, 0] += 3 * y
    model, loss_of = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)), nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    before = loss_of(model(x), y).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()
    assert loss_of(model(x), y).item() < 0.3 * before


P = lambda: ag.Tensor(START.copy(), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optim.SGD([]), "no parameters"),
        (lambda: optim.SGD([P()], lr=-1), "lr=-1"),
        (lambda: optim.Adam([P()], betas=(0.9, 1.0)), r"betas=\(0.9, 1.0\)"),
        (lambda: optim.Adam([P()], eps=-1e-8), "eps=-1e-08"),
        (lambda: optim.SGD([P()], nesterov=True), "nesterov needs momentum"),
        (lambda: optim.SGD([P() * 2]), r"parameter 0 \(float64 \(3, 2\)\)"),
        (lambda: optim.SGD([np.ones(2)]), r"parameter 0 \(ndarray\)"),
        (lambda: optim.SGD([ag.Tensor(np.arange(3))]), "int64"),
        (lambda: (lambda p: optim.SGD([p, p]))(P()), "twice"),
        (lambda: optim.SGD([{"params": [P()], "momentun": 1}]), "momentun"),
        (lambda: optim.SGD([{"lr": 1}]), "params"),
        (lambda: optim.SGD([("w", P()), P()]), "named"),
        (lambda: optim.SGD([("w", P() * 2)]), r"parameter 'w' \(float64"),
    ],
)
def test_bad_options_are_refused_by_name_and_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("rule", [*RULES, "LBFGS"])
def test_an_option_of_another_kind_is_refused_by_name(rule):
    """Of every option that is a number or a truth value by default."""
    kind = getattr(optim, rule)
    matrix = lambda: ag.Tensor(np.ones((2, 2)), requires_grad=True)
    for name, option in inspect.signature(kind).parameters.items():
        wrong = {bool: ["False", None, 1j], float: ["0.1", None, True, 1j, (0.1,), [], {}, math.nan]}
        for value in wrong.get(type(option.default), ()):
            with pytest.raises((ValueError, TypeError), match=rf"{rule}: {name}"):
                kind([matrix()], **{"lr": 0.1, name: value})


@pytest.mark.parametrize("params", [P(), {"params": [P()]}, {P()}], ids=["tensor", "group", "set"])
def test_parameters_without_an_order_or_a_list_around_them_are_refused(params):
    with pytest.raises(TypeError, match="Fix"):
        optim.SGD(params)
