"""Penalties, constraints and noise: closed forms, gradients, means and variances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4))


def model():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).double()


class TestPenalties:
    def test_closed_forms_over_all_weights_but_no_biases(self):
        m = model()
        w = np.concatenate([m[0].weight.numpy().ravel(), m[2].weight.numpy().ravel()])
        assert np.isclose(nn.l1_penalty(m).item(), np.abs(w).sum())
        assert np.isclose(nn.l2_penalty(m).item(), (w**2).sum() / 2)
        chosen = nn.l2_penalty(m, where=lambda path, p: path == "2.bias").item()
        assert np.isclose(chosen, (m[2].bias.numpy() ** 2).sum() / 2)
        assert np.isclose(nn.l1_penalty([m[2].bias]).item(), np.abs(m[2].bias.numpy()).sum())

    def test_the_gradient_of_l2_is_the_weight_so_a_step_is_weight_decay(self):
        one, other = model(), model()
        other.load_state_dict(one.state_dict())
        decay = [{"params": [p], "weight_decay": 0.1 * (p.ndim > 1)} for p in other.parameters()]
        for m, optimizer, penalty in (
            (one, optim.SGD(one.parameters(), lr=0.1), lambda: 0.1 * nn.l2_penalty(one)),
            (other, optim.SGD(decay, lr=0.1), lambda: 0.0),
        ):
            ((m(X) ** 2).sum() + penalty()).backward()
            optimizer.step()
        for p, q in zip(one.parameters(), other.parameters(), strict=True):
            assert np.allclose(p.numpy(), q.numpy())

    def test_a_frozen_weight_and_a_tied_one(self):
        m = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)).double()
        m[1].weight = m[0].weight
        assert np.isclose(nn.l2_penalty(m).item(), (m[0].weight.numpy() ** 2).sum() / 2)
        m[0].weight.requires_grad = False
        with pytest.raises(ValueError, match="no parameters chosen"):
            nn.l2_penalty(m)

    @pytest.mark.parametrize("penalty", [nn.l1_penalty, nn.l2_penalty, nn.orthogonal_penalty])
    @pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 3, 2)])
    def test_derivatives(self, penalty, shape):
        ag.gradcheck(lambda w, v: penalty([w, v]), *RNG.normal(size=(2, *shape)), order=2, rtol=1e-4)

    @given(st.integers(1, 5), st.integers(1, 5), st.floats(0.5, 2))
    def test_only_orthogonal_weights_go_unpunished(self, rows, columns, scale):
        w = nn.init.orthogonal_(nn.Parameter(np.zeros((rows, columns))))
        assert nn.orthogonal_penalty([w]).item() < 1e-20
        w.data[...] *= scale
        assert np.isclose(nn.orthogonal_penalty([w]).item(), min(rows, columns) * (scale**2 - 1) ** 2)

    @pytest.mark.parametrize(("norm", "omega"), [(1, np.abs), (2, lambda h: h**2 / 2)])
    def test_an_activity_penalty_is_the_mean_over_the_batch_of_what_modules_put_out(self, norm, omega):
        m = model()
        h = m[0](X).numpy()
        with nn.ActivityPenalty([m[0], m[1]], norm) as penalty:
            m(X)
            assert np.isclose(penalty().item(), (omega(h) + omega(np.maximum(h, 0))).sum() / len(X))
            with pytest.raises(RuntimeError, match="no forward pass"):
                penalty()
            with ag.no_grad():
                m(X)
            m(X[:1])
            assert penalty().requires_grad
        m(X)
        with pytest.raises(RuntimeError, match="no forward pass"):
            penalty()

    def test_an_activity_penalty_makes_activities_sparse(self):
        ag.manual_seed(0)
        m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4)).double()
        penalty, optimizer = nn.ActivityPenalty(m[1]), optim.Adam(m.parameters(), lr=0.01)
        before = m[1](m[0](X)).numpy().mean()
        for _ in range(100):
            optimizer.zero_grad()
            (((m(X) - X) ** 2).mean() + 1.0 * penalty()).backward()
            optimizer.step()
        assert m[1](m[0](X)).numpy().mean() < before / 4

    @given(st.floats(0.1, 3))
    def test_max_norm_shortens_units_that_are_too_long_and_no_others(self, bound):
        m, other = model(), model()
        other.load_state_dict(m.state_dict())
        nn.max_norm_(m, bound)
        for p, q in zip(m.parameters(), other.parameters(), strict=True):
            if p.ndim == 1:
                assert np.array_equal(p.numpy(), q.numpy())
                continue
            lengths = np.linalg.norm(q.numpy(), axis=1, keepdims=True)
            assert np.allclose(p.numpy(), q.numpy() * np.minimum(1, bound / lengths))

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: nn.l1_penalty(nn.ReLU()), "no parameters chosen"),
            (lambda: nn.l2_penalty([]), "no parameters chosen"),
            (lambda: nn.orthogonal_penalty([ag.Tensor([1.0])]), "none.*matrix"),
            (lambda: nn.max_norm_(model(), 0), "max_norm=0"),
            (lambda: nn.ActivityPenalty(nn.ReLU(), 3), "norm is 1 or 2"),
        ],
    )
    def test_bad_input_is_refused(self, call, words):
        with pytest.raises(ValueError, match=words):
            call()


SHAPES = {
    nn.Dropout: (40, 20, 10),
    nn.Dropout1d: (400, 20, 5),
    nn.Dropout2d: (400, 20, 2, 3),
    nn.Dropout3d: (400, 20, 2, 2, 2),
    nn.AlphaDropout: (40, 20, 10),
    nn.FeatureAlphaDropout: (400, 20, 5),
}


@pytest.mark.parametrize("kind", SHAPES, ids=lambda k: k.__name__)
class TestDropout:
    def test_the_mean_stays_and_the_stated_share_is_dropped(self, kind):
        ag.manual_seed(1)
        x = np.ones(SHAPES[kind]) if "Alpha" not in kind.__name__ else RNG.normal(size=SHAPES[kind])
        y = kind(0.3)(x)
        drawn = 8000
        if "Alpha" in kind.__name__:
            assert abs(y.mean()) < 5 / np.sqrt(drawn) and abs(y.var() - 1) < 0.1
            low = np.unique(y)[np.argmax(np.unique(y, return_counts=True)[1])]
            assert abs((y == low).mean() - 0.3) < 5 * np.sqrt(0.21 / drawn)
        else:
            assert abs((y == 0).mean() - 0.3) < 5 * np.sqrt(0.21 / drawn)
            assert np.allclose(y[y != 0], 1 / 0.7)

    def test_gradients_pass_through_the_same_mask(self, kind):
        x = RNG.normal(size=SHAPES[kind][:1] + SHAPES[kind][1:])
        layer = kind(0.5)

        def f(x):
            ag.manual_seed(3)
            return layer(x)

        y, pullback = ag.vjp(f, x)
        (slope,) = pullback(np.ones_like(x))
        shift = f(np.zeros_like(x))
        assert np.allclose(y, slope * x + shift) and len(np.unique(slope.round(12))) == 2

    def test_channels_are_dropped_as_a_whole(self, kind):
        y = kind(0.5)(np.ones(SHAPES[kind]))
        whole = (y.reshape(*y.shape[:2], -1) == y.reshape(*y.shape[:2], -1)[..., :1]).all()
        assert whole == (kind not in (nn.Dropout, nn.AlphaDropout))

    def test_its_ends_and_eval_mode(self, kind):
        x = RNG.normal(size=SHAPES[kind])
        assert kind(0.0)(x) is x and kind(0.7).eval()(x) is x
        assert not kind(1.0)(x).any()

    def test_a_generator_of_its_own(self, kind):
        x = RNG.normal(size=SHAPES[kind])
        ys = [kind(0.5, generator=np.random.default_rng(5))(x) for _ in range(2)]
        assert np.array_equal(*ys)

    def test_what_is_no_probability_or_no_float_is_refused(self, kind):
        for p in (1.5, -0.1, float("nan")):
            with pytest.raises(ValueError, match=f"{kind.__name__}.*(not a probability|between 0 and 1)"):
                kind(p)
        with pytest.raises(TypeError, match="int64"):
            kind()(np.ones(SHAPES[kind], int))


def test_alpha_dropout_is_its_affine_map():
    """a·(x or α′) + b with a = ((1−p)(1 + p α′²))^(−1/2), b = −a p α′ (Klambauer et al. 2017)."""
    p, floor = 0.3, -1.0507009873554805 * 1.6732632423543772
    a = ((1 - p) * (1 + p * floor**2)) ** -0.5
    x = RNG.normal(size=1000)
    y = F.alpha_dropout(x, p, training=True)
    kept, dropped = a * x - a * p * floor, a * floor - a * p * floor
    assert np.all(np.isclose(y, kept) | np.isclose(y, dropped)) and not np.allclose(y, kept)


@pytest.mark.parametrize(
    ("function", "shape"),
    [(F.dropout1d, (3,)), (F.dropout1d, (1, 2, 3, 4)), (F.dropout2d, (1, 2)), (F.dropout3d, (1, 2, 3))],
)
def test_dropout_of_channels_needs_channels(function, shape):
    with pytest.raises(ValueError, match=r"expected \(N, C"):
        function(np.ones(shape))


def test_unbatched_channels():
    y = F.dropout1d(np.ones((500, 4)), 0.5)
    assert (y == y[:, :1]).all() and 0.3 < (y == 0).mean() < 0.7
    y = F.dropout3d(np.ones((500, 2, 2, 2)), 0.5).reshape(500, -1)
    assert (y == y[:, :1]).all() and 0.3 < (y == 0).mean() < 0.7


def test_gaussian_noise_has_the_stated_spread_and_derivative_one():
    ag.manual_seed(0)
    x = ag.Tensor(np.full(40_000, 3.0), requires_grad=True)
    y = nn.GaussianNoise(0.5)(x)
    noise = y.numpy() - 3
    assert abs(noise.mean()) < 5 * 0.5 / 200 and abs(noise.std() - 0.5) < 0.01
    y.sum().backward()
    assert (x.grad.numpy() == 1).all()
    assert nn.GaussianNoise(0.5).eval()(x) is x and nn.GaussianNoise(0)(x) is x
    with pytest.raises(ValueError, match="std=-1"):
        nn.GaussianNoise(-1)


def test_noise_on_the_inputs_of_a_linear_model_is_an_l2_penalty():
    """E (w·(x+ε) − t)² = (w·x − t)² + σ² ‖w‖² (Bishop 1995)."""
    ag.manual_seed(0)
    w, x, t, std = RNG.normal(size=5), RNG.normal(size=5), 0.3, 0.4
    noisy = nn.GaussianNoise(std)(np.tile(x, (200_000, 1)))
    assert np.isclose(((noisy @ w - t) ** 2).mean(), (w @ x - t) ** 2 + std**2 * (w @ w), rtol=0.02)


class TestMonteCarloDropout:
    def test_mean_and_spread_of_a_linear_model_have_closed_forms(self):
        """y = Σ w x m/(1−p): mean Σ w x, variance Σ (w x)² p/(1−p)."""
        ag.manual_seed(0)
        p, samples = 0.2, 3000
        m = nn.Sequential(nn.Dropout(p), nn.Linear(4, 3, bias=False, dtype=np.float64)).eval()
        w = m[1].weight.numpy()
        mean, spread = nn.mc_dropout(m, X, samples)
        exact = np.sqrt((X**2) @ (w**2).T * p / (1 - p))
        assert (np.abs(mean.numpy() - X @ w.T) < 5 * exact / np.sqrt(samples)).all()
        assert np.allclose(spread.numpy(), exact, rtol=0.15)

    def test_only_dropout_is_random_and_everything_is_as_before(self):
        m = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.GaussianNoise(9.0)).double()
        m[1].eval()
        before, modes = m.state_dict(), [x.training for x in m.modules()]
        mean, spread = nn.mc_dropout(m, X, 20)
        assert mean.shape == spread.shape == (6, 5) and not mean.requires_grad
        assert spread.numpy().max() < 5
        assert [x.training for x in m.modules()] == modes
        assert all(np.array_equal(before[k], v) for k, v in m.state_dict().items())

    def test_it_is_the_mean_and_deviation_of_single_passes(self):
        m = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5, generator=np.random.default_rng(1))).double()
        mean, spread = nn.mc_dropout(m, X, 7)
        m[1].generator = np.random.default_rng(1)
        passes = np.stack([m(X).numpy() for _ in range(7)])
        assert np.allclose(mean.numpy(), passes.mean(axis=0))
        assert np.allclose(spread.numpy(), passes.std(axis=0, ddof=1))

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: nn.mc_dropout(model(), X), "no dropout"),
            (lambda: nn.mc_dropout(nn.Dropout(0.0), X), "no dropout"),
            (lambda: nn.mc_dropout(nn.Dropout(), X, 1), "at least 2"),
        ],
    )
    def test_what_has_no_spread_is_refused(self, call, words):
        with pytest.raises(ValueError, match=words):
            call()
