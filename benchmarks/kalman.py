"""The gradient of a Kalman filter's likelihood, here, by HIPS autograd and by JAX: ``python benchmarks/kalman.py``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "science")]


def peer(xp: Any, ys: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """One step, and the likelihood by Python's loop, over another library's NumPy."""
    from kalman import F, H

    def step(carry: Any, y: Any, q: Any, r: Any) -> Any:
        mean, cov, total = carry
        mean, cov = F @ mean, F @ cov @ F.T + q * np.eye(2)
        s = H @ cov @ H.T + r * np.eye(1)
        error = y - H @ mean
        gain = xp.linalg.solve(s, H @ cov).T
        total = total - 0.5 * (error @ xp.linalg.solve(s, error) + xp.log(2 * np.pi * s[0, 0]))
        return (mean + gain @ error, cov - gain @ H @ cov, total), mean

    def likelihood(theta: Any) -> Any:
        carry = np.zeros(2), np.eye(2), 0.0
        for y in ys:
            carry, _ = step(carry, y, xp.exp(theta[0]), xp.exp(theta[1]))
        return carry[2]

    return step, likelihood


def main() -> None:
    """Print the first four calls together, and the least of 15 alternating later ones, in milliseconds."""
    import autograd
    import autograd.numpy as hips
    import jax
    import jax.numpy as jnp
    import kalman

    import autograd_core as ag

    jax.config.update("jax_enable_x64", True)
    ys, theta = kalman.measurements(), np.zeros(2)
    step, of_jax = peer(jnp, ys)

    def scanned(t: Any) -> Any:
        start = jnp.zeros(2), jnp.eye(2), jnp.array(0.0)
        return jax.lax.scan(lambda c, y: step(c, y, jnp.exp(t[0]), jnp.exp(t[1])), start, ys)[0][2]

    loop, scan = ag.grad(lambda t: kalman.likelihood(t, ys)), ag.grad(lambda t: kalman.scanned(t, ys))
    ways = {
        "Python's loop": loop,
        "ag.scan": scan,
        "ag.compile of the loop": ag.compile(loop),
        "ag.compile of the scan": ag.compile(scan),
        "the same as machine code": ag.compile(scan, backend="llvm"),
        "HIPS autograd, loop": autograd.grad(peer(hips, ys)[1]),
        "jax.jit, lax.scan": jax.jit(jax.grad(scanned)),
        "jax.jit, loop": jax.jit(jax.grad(of_jax)),
    }
    expected = loop(theta)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(19):
        for name, f in ways.items():
            start = time.perf_counter()
            found = np.asarray(f(theta))
            times[name].append(1e3 * (time.perf_counter() - start))
            np.testing.assert_allclose(found, expected, rtol=1e-8)
    for name, calls in times.items():
        print(f"| {name} | {sum(calls[:4]):.0f} | {min(calls[4:]):.2f} |")


if __name__ == "__main__":
    main()
