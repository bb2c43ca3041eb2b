"""Floors of activations."""

import numpy as np

f32 = np.float32


def relu(x):
    y = np.maximum(x, f32(0))
    return y, lambda g: np.multiply(g, y > 0)


def leaky_relu(x):
    y = x * f32(0.01)
    np.maximum(x, y, out=y)

    def pull(g):
        d = (x > 0) * f32(0.99)
        d += f32(0.01)
        d *= g
        return d

    return y, pull


def clipped(low, high):
    def function(x):
        return np.clip(x, f32(low), f32(high)), lambda g: np.multiply(g, (x > low) & (x < high))

    return function


def tanh(x):
    y = np.tanh(x)

    def pull(g):
        d = y * y
        np.subtract(f32(1), d, out=d)
        d *= g
        return d

    return y, pull


def share_of(x):
    """σ(x)."""
    y = np.negative(x)
    np.exp(y, out=y)
    y += f32(1)
    return np.divide(f32(1), y, out=y)


def sigmoid(x):
    y = share_of(x)

    def pull(g):
        d = f32(1) - y
        d *= y
        d *= g
        return d

    return y, pull


def silu(x):
    share = share_of(x)

    def pull(g):
        d = f32(1) - share
        d *= x
        d += f32(1)
        d *= share
        d *= g
        return d

    return x * share, pull


def softplus(x):
    y = np.absolute(x)
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    y += np.maximum(x, f32(0))

    def pull(g):
        d = share_of(x)
        d *= g
        return d

    return y, pull


def logsigmoid(x):
    y, pull = softplus(np.negative(x))
    return np.negative(y, out=y), pull


K1 = f32(2 * np.sqrt(2 / np.pi))
K3 = K1 * f32(0.044715)


def gelu_tanh(x):
    u = x * x
    u *= K3
    u += K1
    u *= x
    share = share_of(u)

    def pull(g):
        d = f32(1) - share
        d *= x
        w = x * x
        w *= 3 * K3
        w += K1
        d *= w
        d += f32(1)
        d *= share
        d *= g
        return d

    return np.multiply(x, share, out=u), pull


def elu(x):
    y = np.minimum(x, f32(0))
    np.expm1(y, out=y)
    y += np.maximum(x, f32(0))

    def pull(g):
        d = np.minimum(y, f32(0))
        d += f32(1)
        d *= g
        return d

    return y, pull


def mish(x):
    e = np.exp(x)
    n = e + f32(2)
    n *= e
    w = n + f32(2)
    np.divide(n, w, out=w)

    def pull(g):
        d = w * w
        np.subtract(f32(1), d, out=d)
        d *= x
        d *= e
        np.add(e, f32(1), out=n)
        d /= n
        d += w
        d *= g
        return d

    return x * w, pull


def softsign(x):
    d = np.absolute(x)
    d += f32(1)

    def pull(g):
        c = np.divide(g, d)
        c /= d
        return c

    return x / d, pull


def celu(x):
    return elu(x)


def selu(x):
    scale, alpha = f32(1.0507009873554805), f32(1.6732632423543772)
    y = np.minimum(x, f32(0))
    np.expm1(y, out=y)
    y *= alpha
    y += np.maximum(x, f32(0))
    y *= scale

    def pull(g):
        d = np.minimum(x, f32(0))
        np.exp(d, out=d)
        c = (x > 0).astype(f32)
        c *= scale - scale * alpha
        c += scale * alpha
        d *= c
        d *= g
        return d

    return y, pull


NUMERATOR = [0.5000000031, 0.4392763083, 0.1839622848, 0.0408783331, 0.004152657139]
DENOMINATOR = [1.0, 1.676437615, 1.205523259, 0.4713901125, 0.1024728999, 0.01040905619]


def _polynomial(a, coefficients):
    total = a * f32(coefficients[-1])
    for c in coefficients[-2:0:-1]:
        total += f32(c)
        total *= a
    total += f32(coefficients[0])
    return total


def gelu(x):
    a = np.absolute(x)
    np.minimum(a, f32(15), out=a)
    y = _polynomial(a, NUMERATOR)
    y /= _polynomial(a, DENOMINATOR)
    bell = a * a
    bell *= f32(-0.5)
    np.exp(bell, out=bell)
    y *= bell
    y *= a
    np.maximum(x, f32(0), out=a)
    np.subtract(a, y, out=y)

    def pull(g):
        d = bell * x
        d *= f32(1 / np.sqrt(2 * np.pi))
        d += y / x  # Φ(x)
        d *= g
        return d

    return y, pull


def hardshrink(x):
    return x * (np.absolute(x) > f32(0.5)), lambda g: g * (np.absolute(x) > f32(0.5))


def softshrink(x):
    y = np.clip(x, f32(-0.5), f32(0.5))
    return np.subtract(x, y, out=y), lambda g: g * (np.absolute(x) > f32(0.5))


def hardsigmoid(x):
    y = x + f32(3)
    np.clip(y, f32(0), f32(6), out=y)
    y /= f32(6)

    def pull(g):
        d = g * (np.absolute(x) < f32(3))
        d /= f32(6)
        return d

    return y, pull


def hardswish(x):
    y = x + f32(3)
    np.clip(y, f32(0), f32(6), out=y)
    y *= x
    y /= f32(6)

    def pull(g):
        d = x + f32(3)
        np.clip(d, f32(0), f32(6), out=d)
        d += x * (np.absolute(x) < f32(3))
        d /= f32(6)
        d *= g
        return d

    return y, pull


def tanhshrink(x):
    t = np.tanh(x)

    def pull(g):
        d = t * t
        d *= g
        return d

    return x - t, pull


def threshold(x):
    above = x > f32(0.5)
    y = x * above
    y -= ~above

    return y, lambda g: g * above


def prelu(x, weight):
    below = np.minimum(x, f32(0))
    y = below * weight
    y += np.maximum(x, f32(0))

    def pull(g):
        d = (x > 0).astype(f32)
        d *= f32(1) - weight
        d += weight
        d *= g
        return d, np.dot(g, below)

    return y, pull


def rrelu(x):
    slopes = np.random.default_rng().random(len(x), f32)
    slopes *= f32(1 / 3 - 1 / 8)
    slopes += f32(1 / 8)
    np.maximum(slopes, x > 0, out=slopes)
    return x * slopes, lambda g: g * slopes


def glu(x):
    n = x.shape[1] // 2
    a, share = x[:, :n], share_of(x[:, n:])
    y = a * share

    def pull(g):
        d = np.empty_like(x)
        np.multiply(g, share, out=d[:, :n])
        np.subtract(f32(1), share, out=d[:, n:])
        d[:, n:] *= y
        d[:, n:] *= g
        return d

    return y, pull


def softmin(x):
    y = x.min(-1, keepdims=True) - x
    np.exp(y, out=y)
    y /= y.sum(-1, keepdims=True)

    def pull(g):
        d = g * y
        total = d.sum(-1, keepdims=True)
        np.subtract(total, g, out=d)
        d *= y
        return d

    return y, pull


def softmax(x):
    y = x - x.max(-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(-1, keepdims=True)

    def pull(g):
        d = g * y
        total = d.sum(-1, keepdims=True)
        np.subtract(g, total, out=d)
        d *= y
        return d

    return y, pull


def log_softmax(x):
    y = x - x.max(-1, keepdims=True)
    y -= np.log(np.exp(y).sum(-1, keepdims=True))

    def pull(g):
        d = np.exp(y)
        d *= g.sum(-1, keepdims=True)
        np.subtract(g, d, out=d)
        return d

    return y, pull
