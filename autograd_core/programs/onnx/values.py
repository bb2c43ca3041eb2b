"""Memory as values: after every write a memory has a new value, which its refs show in their shapes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..form import Index, Ref
from .building import Builder

if TYPE_CHECKING:
    from ...support.types import DType


class Layout(NamedTuple):
    """How a ref goes through its memory, in elements; an axis on which it does not depend has length 1."""

    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, ref: Ref) -> Layout:
        """That of a ref."""
        size = ref.dtype.itemsize
        axes = [(1, 0) if s == 0 or n == 1 else (n, s // size) for n, s in zip(ref.shape, ref.strides, strict=True)]
        return cls(ref.offset // size, tuple(n for n, _ in axes), tuple(s for _, s in axes))

    @property
    def axes(self) -> list[tuple[int, int]]:
        """Lengths and strides of the axes that are longer than 1."""
        return [(n, s) for n, s in zip(self.shape, self.strides, strict=True) if n != 1]

    def places(self) -> Any:
        """The number of each element in its memory."""
        found = np.asarray(self.first)
        for n, s in zip(self.shape, self.strides, strict=True):
            found = found[..., None] + np.arange(n) * s
        return found.astype(np.int64)


def flat(size: int) -> Layout:
    """All elements one after another."""
    return Layout(0, (size,), (1 if size != 1 else 0,))


class Values:
    """The present value of each memory, under every layout in which it was asked for."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.sizes: dict[int, tuple[int, DType]] = {}
        self.known: dict[int, dict[Layout, str]] = {}

    def begin(self, memory: int, size: int, dtype: DType) -> None:
        """Say how large a memory is."""
        self.sizes.setdefault(memory, (size, dtype))

    def set(self, memory: int, layout: Layout, value: str) -> None:
        """A new value of the whole memory."""
        self.known[memory] = {layout: value}

    def read(self, ref: Ref) -> str:
        """The value of a ref; axes on which it does not depend have length 1."""
        return self.seen(ref.memory, Layout.of(ref))

    def whole(self, ref: Ref) -> str:
        """The value of a ref in its full shape."""
        value = self.read(ref)
        return value if Layout.of(ref).shape == ref.shape else self.spread(value, ref.shape)

    def spread(self, value: str, shape: tuple[int, ...]) -> str:
        """A value repeated along its axes of length 1."""
        return str(self.b.node("Expand", value, self.b.constant(list(shape))))

    def seen(self, memory: int, layout: Layout) -> str:
        """A memory's value under a layout."""
        known = self.known.setdefault(memory, {})
        if not known:
            size, dtype = self.sizes[memory]
            zero = self.b.helper.make_tensor("value", self.b.tensor_type(dtype), [1], [0])
            known[flat(size)] = self.b.node("ConstantOfShape", self.b.constant([size]), value=zero)
        if layout not in known:
            known[layout] = self._derived(memory, known, layout)
        return known[layout]

    def _derived(self, memory: int, known: dict[Layout, str], layout: Layout) -> str:
        for other, value in known.items():
            if other.first == layout.first and sorted(other.axes) == sorted(layout.axes):
                return self._permuted(other, value, layout)
        size = self.sizes[memory][0]
        count = math.prod(layout.shape)
        ordered = sorted(layout.axes, key=lambda axis: -axis[1])
        if _dense(ordered):
            line = self._line(known, size)
            if count != size:
                b = self.b
                line = b.node("Slice", line, b.constant([layout.first]), b.constant([layout.first + count]))
            form = Layout(layout.first, tuple(n for n, _ in ordered), tuple(s for _, s in ordered))
            return self._permuted(form, self.b.reshape(line, form.shape), layout)
        return str(self.b.node("Gather", self._line(known, size), self.b.constant(layout.places()), axis=0))

    def _permuted(self, other: Layout, value: str, layout: Layout) -> str:
        """From one order of axes to another, with axes of length 1 where they belong."""
        axes = other.axes
        if axes != layout.axes:
            if len(axes) != len(other.shape):
                value = self.b.reshape(value, [n for n, _ in axes])
            order, left = [], list(range(len(axes)))
            for axis in layout.axes:
                k = next(k for k in left if axes[k] == axis)
                left.remove(k)
                order.append(k)
            value = self.b.node("Transpose", value, perm=order)
            shape: tuple[int, ...] = tuple(n for n, _ in layout.axes)
        else:
            shape = other.shape
        return value if shape == layout.shape else self.b.reshape(value, layout.shape)

    def _line(self, known: dict[Layout, str], size: int) -> str:
        """All elements one after another."""
        line = flat(size)
        if line not in known:
            for other, value in [*known.items()]:
                if math.prod(other.shape) == size and not other.first and min(other.strides, default=0) >= 0:
                    ordered = sorted(other.axes, key=lambda axis: -axis[1])
                    form = Layout(0, tuple(n for n, _ in ordered), tuple(s for _, s in ordered))
                    known[line] = self.b.reshape(self._permuted(other, value, form), [size])
                    break
        return known[line]

    def write(self, ref: Ref, value: str, shape: tuple[int, ...]) -> None:
        """Store a value of this shape, which broadcasts to the ref's, where the ref says."""
        layout = Layout.of(ref)
        size = self.sizes[ref.memory][0]
        if shape != layout.shape:
            value = self.spread(value, layout.shape)
        if math.prod(layout.shape) == size and _dense(sorted(layout.axes, key=lambda axis: -axis[1])):
            self.set(ref.memory, layout, value)
            return
        line = self.seen(ref.memory, flat(size))
        b = self.b
        values = b.reshape(value, [-1])
        self.set(
            ref.memory,
            flat(size),
            b.node("ScatterElements", line, b.constant(layout.places().ravel()), values, axis=0),
        )

    def moved(self, ref: Ref, indices: tuple[Index, ...]) -> str:
        """The numbers of elements that index arrays lead to, in the ref's shape."""
        b, size = self.b, ref.dtype.itemsize
        base = ref._replace(strides=ref.strides)
        found = b.constant(Layout.of(base).places())
        for index in indices:
            at = self.read(index.ref)
            if index.ref.dtype != np.int64:
                at = b.cast(at, np.dtype(np.int64))
            if index.ref.dtype.kind != "u":
                at = b.node(
                    "Where",
                    b.node("Less", at, b.constant(np.int64(0))),
                    b.node("Add", at, b.constant(np.int64(index.length))),
                    at,
                )
            found = b.node("Add", found, b.node("Mul", at, b.constant(np.int64(index.stride // size))))
        return str(found)

    def gather(self, ref: Ref, indices: tuple[Index, ...]) -> str:
        """What index arrays take out of a memory."""
        line = self.seen(ref.memory, flat(self.sizes[ref.memory][0]))
        return str(self.b.node("Gather", line, self.moved(ref, indices), axis=0))

    def scatter(
        self, ref: Ref, indices: tuple[Index, ...], value: str, shape: tuple[int, ...], op: str = "none"
    ) -> None:
        """Store, or add ("add", "mul", "max", "min"), where index arrays say."""
        b, size = self.b, self.sizes[ref.memory][0]
        value = value if shape == ref.shape else self.spread(value, ref.shape)
        at = self.spread(self.moved(ref, indices), ref.shape)
        line = self.seen(ref.memory, flat(size))
        value, at = b.reshape(value, [-1]), b.reshape(at, [-1])
        self.set(ref.memory, flat(size), b.node("ScatterElements", line, at, value, axis=0, reduction=op))


def _dense(ordered: list[tuple[int, int]]) -> bool:
    step = 1
    for n, s in reversed(ordered):
        if s != step:
            return False
        step *= n
    return True
