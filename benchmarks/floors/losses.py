"""Floors of losses."""

import numpy as np

from .activations import share_of, softplus

f32 = np.float32


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
        d = share_of(z)
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
        d = share_of(z)
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
