"""Floors of normalisations."""

import numpy as np

f32 = np.float32


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
