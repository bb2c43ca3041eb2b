"""Functions and their derivatives by hand in NumPy, in place where a value is dead: the floor under the table.

Each takes the arrays and returns the value and a function from its cotangent to that of the first array.
"""

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


def _share(x):
    y = np.negative(x)
    np.exp(y, out=y)
    y += f32(1)
    return np.divide(f32(1), y, out=y)


def sigmoid(x):
    y = _share(x)

    def pull(g):
        d = f32(1) - y
        d *= y
        d *= g
        return d

    return y, pull


def silu(x):
    share = _share(x)

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
        d = _share(x)
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
    share = _share(u)

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
    a, share = x[:, :n], _share(x[:, n:])
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


def mse_loss(x, y):
    d = x - y
    flat = d.reshape(-1)
    return flat @ flat / f32(d.size), lambda g: np.multiply(d, g * f32(2 / d.size))


def l1_loss(x, y):
    d = x - y

    def pull(g):
        s = np.sign(d)
        s *= g / f32(d.size)
        return s

    return np.absolute(d).mean(), pull


def huber_loss(x, y):
    d = x - y
    c = np.clip(d, f32(-1), f32(1))  # the loss is c·(d − c/2)
    h = c * f32(-0.5)
    h += d
    h *= c
    return h.mean(), lambda g: np.multiply(c, g / f32(d.size))


def binary_cross_entropy_with_logits(z, y):
    losses = np.absolute(z)
    np.negative(losses, out=losses)
    np.exp(losses, out=losses)
    np.log1p(losses, out=losses)
    w = (z > 0).astype(f32)
    w -= y
    w *= z
    losses += w

    def pull(g):
        d = _share(z)
        d -= y
        d *= g / f32(d.size)
        return d

    return losses.mean(), pull


def binary_cross_entropy(p, y):
    w = np.log1p(-p)
    losses = np.log(p)
    losses -= w
    losses *= y
    losses += w

    def pull(g):
        d = f32(1) - p
        d *= p
        np.divide(p - y, d, out=d)
        d *= g / f32(d.size)
        return d

    return -losses.mean(), pull


def kl_div(x, q):
    w = np.log(q)
    w -= x
    w *= q
    return w.mean(), lambda g: np.multiply(q, -g / f32(q.size))


def cross_entropy(x, target):
    rows = np.arange(len(x))
    y = x - x.max(1, keepdims=True)
    picked = y[rows, target]
    np.exp(y, out=y)
    total = y.sum(1, keepdims=True)

    def pull(g):
        d = y / total
        d[rows, target] -= f32(1)
        d *= g / f32(len(x))
        return d

    return (np.log(total[:, 0]) - picked).mean(), pull


def poisson_nll_loss(x, y):
    e = np.exp(x)
    w = x * y

    def pull(g):
        d = e - y
        d *= g / f32(d.size)
        return d

    return np.subtract(e, w, out=w).mean(), pull


def gaussian_nll_loss(x, y, var):
    d = x - y
    w = d * d
    w /= var
    w += np.log(var)

    def pull(g):
        c = d / var
        c *= g / f32(c.size)
        return c

    return w.mean() * f32(0.5), pull


def soft_margin_loss(x, y):
    z = x * y
    np.negative(z, out=z)
    losses = softplus(z)[0]

    def pull(g):
        d = _share(z)
        d *= y
        d *= -g / f32(d.size)
        return d

    return losses.mean(), pull


def hinge_embedding_loss(x, y):
    like = y > 0
    far = np.maximum(f32(1) - x, f32(0))
    losses = x * like
    losses += far * ~like

    def pull(g):
        d = (x <= f32(1)) * f32(-1)
        d *= ~like
        d += like
        d *= g / f32(d.size)
        return d

    return losses.mean(), pull


def margin_ranking_loss(x, z, y):
    d = x - z
    d *= y
    np.negative(d, out=d)

    def pull(g):
        c = (d >= 0) * y
        c *= -g / f32(c.size)
        return c, -c

    return np.maximum(d, f32(0)).mean(), pull


def cosine_embedding_loss(x, z, y):
    """Of pairs that are alike."""
    dot, xx, zz = (np.einsum("ij,ij->i", *pair) for pair in ((x, z), (x, x), (z, z)))
    xx += f32(1e-12)
    zz += f32(1e-12)
    norm = 1 / np.sqrt(xx * zz)
    cosine = dot * norm

    def pull(g):
        share = g / f32(len(x))
        d = x * (share * cosine / xx)[:, None]
        d -= z * (share * norm)[:, None]
        e = z * (share * cosine / zz)[:, None]
        e -= x * (share * norm)[:, None]
        return d, e

    return (1 - cosine).mean(), pull


def triplet_margin_loss(a, p, n):
    near, far = a - p, a - n
    near += f32(1e-6)
    far += f32(1e-6)
    of_near, of_far = (np.sqrt(np.einsum("ij,ij->i", d, d)) for d in (near, far))
    gap = of_near - of_far + f32(1)

    def pull(g):
        share = (gap >= 0) * (g / f32(len(a)))
        to_p = near * (share / of_near)[:, None]
        to_n = far * (share / of_far)[:, None]
        return to_p - to_n, np.negative(to_p, out=to_p), to_n

    return np.maximum(gap, f32(0)).mean(), pull


def multi_margin_loss(x, target):
    rows, count = np.arange(len(x)), x.shape[1]
    gaps = x - x[rows, target][:, None]
    gaps += f32(1)
    gaps[rows, target] = 0
    np.maximum(gaps, f32(0), out=gaps)

    def pull(g):
        d = (gaps > 0).astype(f32)
        d[rows, target] = -d.sum(1)
        d *= g / f32(len(x) * count)
        return d

    return gaps.sum() / f32(len(x) * count), pull


def multilabel_soft_margin_loss(x, y):
    return binary_cross_entropy_with_logits(x, y)


def smoothed(x, target):
    rows, count = np.arange(len(x)), x.shape[1]
    y = x - x.max(1, keepdims=True)
    own = y[rows, target] * f32(0.9)
    own += y.mean(1) * f32(0.1)
    np.exp(y, out=y)
    total = y.sum(1, keepdims=True)

    def pull(g):
        d = y / total
        d -= f32(0.1 / count)
        d[rows, target] -= f32(0.9)
        d *= g / f32(len(x))
        return d

    return (np.log(total[:, 0]) - own).mean(), pull


def cross_entropy_of_some(x, target):
    kept = target >= 0
    rows, classes = np.arange(len(x)), np.where(kept, target, 0)
    y = x - x.max(1, keepdims=True)
    picked = y[rows, classes]
    np.exp(y, out=y)
    total = y.sum(1, keepdims=True)
    share = kept / f32(kept.sum())

    def pull(g):
        d = y / total
        d[rows, classes] -= f32(1)
        d *= (g * share)[:, None]
        return d

    return np.dot(np.log(total[:, 0]) - picked, share), pull


def cross_entropy_of_mixtures(x, q):
    y = x - x.max(1, keepdims=True)
    picked = np.einsum("ij,ij->i", y, q)
    weight = q.sum(1)
    np.exp(y, out=y)
    total = y.sum(1, keepdims=True)

    def pull(g):
        d = y / total
        d *= weight[:, None]
        d -= q
        d *= g / f32(len(x))
        return d

    return (np.log(total[:, 0]) * weight - picked).mean(), pull


def nll_loss(x, target):
    rows = np.arange(len(x))

    def pull(g):
        d = np.zeros_like(x)
        d[rows, target] = -g / f32(len(x))
        return d

    return -x[rows, target].mean(), pull


def layer_norm(x, weight, bias):
    y = x - x.mean(-1, keepdims=True)
    scale = np.einsum("ij,ij->i", y, y)[:, None]
    scale = 1 / np.sqrt(scale / x.shape[-1] + f32(1e-5))
    y *= scale
    out = y * weight
    out += bias

    def pull(g):
        d = g * weight
        d -= d.mean(-1, keepdims=True)
        d -= y * (np.einsum("ij,ij->i", d, y)[:, None] / x.shape[-1])
        d *= scale
        return d, np.einsum("ij,ij->j", g, y), np.ones(len(g), f32) @ g

    return out, pull


def batch_norm(x, weight, bias):
    ones = np.ones(len(x), f32)
    y = x - ones @ x / len(x)
    scale = 1 / np.sqrt(np.einsum("ij,ij->j", y, y) / len(x) + f32(1e-5))
    y *= scale
    out = y * weight
    out += bias

    def pull(g):
        of_weight, of_bias = np.einsum("ij,ij->j", g, y), ones @ g
        d = y * (of_weight / len(x))
        np.subtract(g, d, out=d)
        d -= of_bias / len(x)
        d *= weight * scale
        return d, of_weight, of_bias

    return out, pull


def rms_norm(x, weight):
    scale = np.einsum("ij,ij->i", x, x)[:, None]
    scale = 1 / np.sqrt(scale / x.shape[-1] + np.finfo(f32).eps)
    y = x * scale

    def pull(g):
        d = g * weight
        d -= y * (np.einsum("ij,ij->i", d, y)[:, None] / x.shape[-1])
        d *= scale
        return d, np.einsum("ij,ij->j", g, y)

    return y * weight, pull


def grouped(groups=None):
    """Of each sample so many groups of channels, or every channel alone."""

    def function(x, weight, bias):
        n, channels = x.shape[:2]
        shape = n, groups or channels, channels // (groups or channels), -1
        rows = x.reshape(n * shape[1], -1)
        y = rows - rows.mean(1, keepdims=True)
        scale = np.einsum("ij,ij->i", y, y)[:, None]
        scale = 1 / np.sqrt(scale / y.shape[1] + f32(1e-5))
        y *= scale
        w, b = weight.reshape(*shape[1:3], 1), bias.reshape(*shape[1:3], 1)
        out = y.reshape(shape) * w
        out += b

        def pull(g):
            g = g.reshape(shape)
            of_weight = np.einsum("ngkl,ngkl->gk", g, y.reshape(shape))
            of_bias = g.sum(3).sum(0)
            d = (g * w).reshape(y.shape)
            d -= d.mean(1, keepdims=True)
            d -= y * (np.einsum("ij,ij->i", d, y)[:, None] / y.shape[1])
            d *= scale
            return d.reshape(x.shape), of_weight, of_bias

        return out.reshape(x.shape), pull

    return function


def batch_norm_of_images(x, weight, bias):
    places = x.reshape(*x.shape[:2], -1)
    n = places.shape[0] * places.shape[2]
    y = places - (places.sum(2).sum(0) / n)[:, None]
    scale = (1 / np.sqrt(np.einsum("ncl,ncl->c", y, y) / n + f32(1e-5)))[:, None]
    y *= scale
    out = y * weight[:, None]
    out += bias[:, None]

    def pull(g):
        g = g.reshape(places.shape)
        of_weight, of_bias = np.einsum("ncl,ncl->c", g, y), g.sum(2).sum(0)
        d = y * (of_weight / n)[:, None]
        np.subtract(g, d, out=d)
        d -= (of_bias / n)[:, None]
        d *= weight[:, None] * scale
        return d.reshape(x.shape), of_weight, of_bias

    return out.reshape(x.shape), pull
