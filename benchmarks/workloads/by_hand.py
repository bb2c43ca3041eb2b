"""Training by hand in NumPy, as one writes it who wants it fast: the floor under the two training workloads."""

import numpy as np

from benchmarks.workloads.training import BETA1, BETA2, BN_EPS, EPS, LEARNING_RATE, MOMENTUM

BLOCK = 16384  # elements: the few float32 arrays of an update stay in the second-level cache


class FlatAdam:
    """Adam (Kingma and Ba 2015, algorithm 1) over one flat buffer; `views` and `gradients` are its pieces."""

    def __init__(self, arrays: list[np.ndarray]):
        self.p = np.concatenate([array.ravel() for array in arrays])
        self.g, self.m, self.v = (np.zeros_like(self.p) for _ in range(3))
        self.t = 0
        ends = np.cumsum([array.size for array in arrays])
        self.views, self.gradients = (
            [flat[end - array.size : end].reshape(array.shape) for array, end in zip(arrays, ends, strict=True)]
            for flat in (self.p, self.g)
        )
        self.work = np.empty(min(BLOCK, self.p.size), self.p.dtype), np.empty(min(BLOCK, self.p.size), self.p.dtype)

    def step(self, gradients=()) -> None:
        """Update from `gradients` where given, else from what was written into `self.gradients`."""
        for view, gradient in zip(self.gradients, gradients, strict=False):
            view[...] = gradient
        self.t += 1
        rate = LEARNING_RATE / (1 - BETA1**self.t)
        root = (1 - BETA2**self.t) ** -0.5
        constants = (BETA1, 1 - BETA1, BETA2, 1 - BETA2, root, EPS, rate)
        beta1, rest1, beta2, rest2, root, eps, rate = (np.array(c, self.p.dtype) for c in constants)
        for start in range(0, self.p.size, BLOCK):
            p, g, m, v = (flat[start : start + BLOCK] for flat in (self.p, self.g, self.m, self.v))
            a, b = (work[: p.size] for work in self.work)
            np.multiply(m, beta1, m)
            np.multiply(g, rest1, a)
            np.add(m, a, m)
            np.multiply(v, beta2, v)
            np.multiply(g, g, a)
            np.multiply(a, rest2, a)
            np.add(v, a, v)
            np.sqrt(v, a)
            np.multiply(a, root, a)
            np.add(a, eps, a)
            np.divide(m, a, b)
            np.multiply(b, rate, b)
            np.subtract(p, b, p)


def softmax_cross_entropy(z, labels):
    """Return the mean loss and its gradient with respect to the logits; NumPy by hand."""
    rows = np.arange(len(z))
    z = z - z.max(1, keepdims=True)
    g = np.exp(z)
    total = g.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - z[rows, labels]).mean()
    g /= total
    g[rows, labels] -= 1
    g *= np.float32(1 / len(z))
    return loss, g


class Block:
    """Linear, BatchNorm, ReLU and Dropout as one layer with its gradient; `values` are W, b, γ and β."""

    def __init__(self, values, gradients, batch, p, rng):
        self.values, self.gradients, self.p, self.rng = values, gradients, p, rng
        self.ones = np.ones(batch, np.float32)  # ones @ g sums the rows faster than g.sum(0)
        width = len(values[1])
        self.mean, self.variance = np.zeros(width, np.float32), np.ones(width, np.float32)

    def forward(self, x):
        w, b, gamma, beta = self.values
        batch = len(x)
        self.x, z = x, x @ w.T
        z += b
        mean = self.ones @ z / batch
        z -= mean
        out = z * z
        variance = self.ones @ out / batch
        self.mean += MOMENTUM * (mean - self.mean)
        self.variance += MOMENTUM * (variance * (batch / (batch - 1)) - self.variance)
        self.rsqrt = 1 / np.sqrt(variance + BN_EPS)
        z *= self.rsqrt
        self.normed = z
        np.multiply(z, gamma, out)
        out += beta
        np.maximum(out, np.float32(0), out)
        if self.p:
            # One byte an element; exact here because p·256 is whole.
            random = np.frombuffer(self.rng.bytes(out.size), np.uint8).reshape(out.shape)
            out *= random >= int(self.p * 256)
            out *= np.float32(1 / (1 - self.p))
        self.out = out
        return out

    def backward(self, g, need_x):
        w, _, gamma, _ = self.values
        gw, gb, ggamma, gbeta = self.gradients
        batch = len(g)
        g *= self.out > 0  # zero where dropped as well as where negative
        if self.p:
            g *= np.float32(1 / (1 - self.p))
        np.matmul(self.ones, g, gbeta)
        work = g * self.normed
        np.matmul(self.ones, work, ggamma)
        np.multiply(self.normed, ggamma / batch, work)
        g -= work
        g -= gbeta / batch
        g *= gamma * self.rsqrt
        np.matmul(g.T, self.x, gw)
        np.matmul(self.ones, g, gb)
        return g @ w if need_x else None
