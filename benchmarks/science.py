"""The derivative at the heart of each of ``examples/science``, here, by HIPS autograd and by JAX.

``python benchmarks/science.py`` prints for each the first call, in which a compiler compiles, and the least of later
calls, all libraries in one process in turns; results are compared before times are.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "science")]

Ways = dict[str, Callable[[], Any]]
"""Each library's call."""


def gaussian_process(hips: Any, jax: Any) -> Ways:
    """The gradient of the evidence by three hyperparameters, 40 points."""
    import gaussian_process as example

    import autograd_core as ag

    def of(xp: Any) -> Callable[[Any], Any]:
        def evidence(theta: Any) -> Any:
            distance = (example.X[:, None] - example.X[None, :]) / xp.exp(theta[0])
            K = xp.exp(2 * theta[1]) * xp.exp(-0.5 * distance**2) + xp.exp(2 * theta[2]) * np.eye(40)
            return -0.5 * example.Y @ xp.linalg.solve(K, example.Y) - 0.5 * xp.linalg.slogdet(K)[1]

        return evidence

    theta = np.array([0.0, 0.0, -1.0])
    return three(ag.grad(example.evidence), hips.grad(of(hips.numpy)), jax.grad(of(jax.numpy)), jax, theta)


def hidden_markov(hips: Any, jax: Any) -> Ways:
    """The gradient of the log-likelihood of 80 observations by their scores."""
    import hidden_markov as example

    import autograd_core as ag

    def of(xp: Any, logsumexp: Any) -> Callable[[Any], Any]:
        def likelihood(log_e: Any) -> Any:
            alpha = np.log(0.5) + log_e[0]
            for t in range(1, len(log_e)):
                alpha = logsumexp(alpha[:, None] + example.LOG_T, axis=0) + log_e[t]
            return logsumexp(alpha)

        return likelihood

    from autograd.scipy.special import logsumexp

    scores = np.tile(example.LOG_E[:, example.SEEN].T, (10, 1))
    by_jax = jax.grad(of(jax.numpy, jax.scipy.special.logsumexp))
    return three(ag.grad(example.likelihood), hips.grad(of(hips.numpy, logsumexp)), by_jax, jax, scores)


def kalman(hips: Any, jax: Any) -> Ways:
    """The gradient of the likelihood of 50 measurements by two noises."""
    import kalman as example

    import autograd_core as ag
    from benchmarks.kalman import peer

    ys = example.measurements()
    ours = ag.grad(lambda theta: example.likelihood(theta, ys))
    return three(ours, hips.grad(peer(hips.numpy, ys)[1]), jax.grad(peer(jax.numpy, ys)[1]), jax, np.zeros(2))


def stencil(hips: Any, jax: Any) -> Ways:
    """The Jacobian of a stencil of 500 unknowns: sparse here, whole elsewhere."""
    import stencil as example

    import autograd_core as ag

    def of(xp: Any) -> Callable[[Any], Any]:
        def residual(u: Any) -> Any:
            around = xp.concatenate([np.zeros(1), u, np.zeros(1)])
            return (around[2:] - 2 * u + around[:-2]) / example.H**2 - 0.5 * xp.exp(u) + 1

        return residual

    ours = ag.jacobian(lambda u: example.residual(u, 0.5), sparse=True)
    by_hips, by_jax = hips.jacobian(of(hips.numpy)), jax.jacfwd(of(jax.numpy))
    return three(ours, by_hips, by_jax, jax, np.linspace(0, 0.1, 500))


def robot_arm(hips: Any, jax: Any) -> Ways:
    """Thirty steps of Gauss-Newton, a Jacobian in each."""
    import robot_arm as example

    import autograd_core as ag

    def of(xp: Any, jacobian: Any) -> Callable[[Any], Any]:
        def hand(angles: Any) -> Any:
            turns = xp.cumsum(angles)
            cosines, sines = example.LENGTHS * xp.cos(turns), example.LENGTHS * xp.sin(turns)
            return xp.stack([xp.sum(cosines), xp.sum(sines)])

        def reach(target: Any) -> Any:
            angles = np.array([0.3, 0.4, 0.5])
            for _ in range(30):
                angles = angles + xp.linalg.pinv(jacobian(hand)(angles)) @ (target - hand(angles))
            return angles

        return reach

    ours = of(np, ag.jacobian)
    by_hips, by_jax = of(hips.numpy, hips.jacobian), of(jax.numpy, jax.jacfwd)
    return three(ours, by_hips, by_jax, jax, np.array([1.2, 0.9]))


def ode_fit(hips: Any, jax: Any) -> Ways:
    """The gradient of a misfit by four rates, through each library's own integrator."""
    import ode_fit as example
    from autograd.builtins import tuple as boxed
    from autograd.scipy.integrate import odeint as hips_odeint
    from jax.experimental.ode import odeint as jax_odeint

    import autograd_core as ag

    counts = ag.odeint(example.change, example.START, example.TIMES, example.TRUE)

    def of(xp: Any, solve: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
        def change(y: Any, t: Any, p: Any) -> Any:
            growth = p[0] * y[0] - p[1] * y[0] * y[1]
            return xp.stack([growth, p[3] * y[0] * y[1] - p[2] * y[1]])

        return lambda p: xp.sum((solve(change, p) - counts) ** 2)

    close = {"rtol": 1e-6, "atol": 1e-9}
    ours = of(np, lambda f, p: ag.odeint(f, example.START, example.TIMES, p, **close))
    by_hips = of(hips.numpy, lambda f, p: hips_odeint(f, example.START, example.TIMES, boxed((p,)), **close))
    start, times = jax.numpy.array(example.START), jax.numpy.array(example.TIMES)
    by_jax = of(jax.numpy, lambda f, p: jax_odeint(f, start, times, p, **close))
    return three(ag.grad(ours), hips.grad(by_hips), jax.grad(by_jax), jax, np.array([1.0, 0.5, 0.9, 0.5]))


def implicit_layer(hips: Any, jax: Any) -> Ways:
    """The gradient through z = tanh(W z + x): by the equation here and in HIPS autograd, by 60 iterations in JAX."""
    import implicit_layer as example
    from autograd.misc.fixed_points import fixed_point

    import autograd_core as ag

    rng = np.random.default_rng(0)
    W, x, target = 0.2 * rng.normal(size=(5, 5)), rng.normal(size=5), np.linspace(-0.5, 0.5, 5)
    ours = ag.grad(lambda W: np.sum((example.layer(W, x) - target) ** 2))
    far = lambda a, b: np.max(np.abs(a - b))
    layer = lambda W: fixed_point(
        lambda W: lambda z: hips.numpy.tanh(hips.numpy.dot(W, z) + x), W, np.zeros(5), far, 1e-12
    )
    by_hips = hips.grad(lambda W: hips.numpy.sum((layer(W) - target) ** 2))

    def iterated(W: Any) -> Any:
        z = jax.lax.scan(lambda z, _: (jax.numpy.tanh(W @ z + x), None), jax.numpy.zeros(5), None, 60)[0]
        return jax.numpy.sum((z - target) ** 2)

    return three(ours, by_hips, jax.grad(iterated), jax, W)


def constrained(hips: Any, jax: Any) -> Ways:
    """The Hessian of ten constraints, weighted, by 18 coordinates."""
    import constrained as example

    import autograd_core as ag

    weights = np.linspace(0.1, 1, 10)

    def of(xp: Any) -> Callable[[Any], Any]:
        def total(v: Any) -> Any:
            ends = np.array([[0.0, 0.0]]), np.array([[example.SPAN, 0.0]])
            points = xp.concatenate([ends[0], xp.reshape(v, (example.N, 2)), ends[1]])
            return weights @ xp.sum((points[1:] - points[:-1]) ** 2, axis=1)

        return total

    by_hips, by_jax = hips.hessian(of(hips.numpy)), jax.hessian(of(jax.numpy))
    return three(ag.hessian(of(np)), by_hips, by_jax, jax, np.linspace(0, 1, 18))


def three(ours: Any, by_hips: Any, by_jax: Any, jax: Any, x: Any) -> Ways:
    """The calls of all libraries, and of our compiled one, at one point."""
    import autograd_core as ag

    compiled, jitted = ag.compile(ours), jax.jit(by_jax)
    return {
        "ours": lambda: ours(x),
        "ag.compile": lambda: compiled(x),
        "HIPS autograd": lambda: by_hips(x),
        "jax.jit": lambda: jax.block_until_ready(jitted(x)),
    }


PROBLEMS = (
    gaussian_process, hidden_markov, kalman, stencil, robot_arm, ode_fit, implicit_layer, constrained,
)  # fmt: skip


def main(names: list[str]) -> None:
    """Print a row for each problem: first call and least later call, in milliseconds."""
    import autograd as hips
    import autograd.numpy
    import jax
    import jax.scipy.special

    jax.config.update("jax_enable_x64", True)
    for problem in PROBLEMS:
        if names and problem.__name__ not in names:
            continue
        ways = problem(hips, jax)
        expected = ways["ours"]()
        expected = expected.toarray() if hasattr(expected, "toarray") else np.asarray(expected)
        row, times = [], {}
        for name, call in ways.items():
            start = time.perf_counter()
            found = call()
            first = 1e3 * (time.perf_counter() - start)
            found = found.toarray() if hasattr(found, "toarray") else np.asarray(found)
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
            times[name] = [first]
        began = time.perf_counter()
        while time.perf_counter() - began < 5 or len(times["ours"]) < 12:
            for name, call in ways.items():
                start = time.perf_counter()
                call()
                times[name].append(1e3 * (time.perf_counter() - start))
        row = [f"{found[0]:.0f} / {min(found[1:]):.3g}" for found in times.values()]
        print(f"| {problem.__name__} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
