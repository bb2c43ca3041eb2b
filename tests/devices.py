"""Laws that hold on any array that NumPy reaches through its protocols: on strict ducks, and on a GPU by CuPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_core as ag
import nn
from autograd_core.support.random import use_generator
from duck import Duck
from samples import LIBRARY, SAMPLES, Call, differentiable, numbers_like, of_differentiable
from test_recording_duck import Setting


@dataclass
class Place:
    """Where arrays lie: how they come there, how their numbers come back (of nothing else), and how close those are."""

    there: Callable[[np.ndarray], Any]
    back: Callable[[Any], np.ndarray]
    rtol: float = 1e-14

    def move(self, value: Any) -> Any:
        """Arrays within tuples and lists, copied; all else as it is."""
        if isinstance(value, (tuple, list)):
            return type(value)(map(self.move, value))
        return self.there(value.copy()) if isinstance(value, np.ndarray) else value

    def move_module(self, module: Any) -> None:
        """Parameters and buffers of a module."""
        for tensor in (*module.parameters(), *module.buffers()) if isinstance(module, nn.Module) else ():
            tensor._data = self.move(tensor._data)

    def close(self, found: Any, expected: Any) -> None:
        """Whether they are the same numbers, of which the first lie here, in a tensor or not."""
        found = found.data if isinstance(found, ag.Tensor) else found
        single = np.asarray(expected).dtype in (np.float32, np.complex64, np.float16)
        rtol, atol = (2e-4, 1e-5) if single else (self.rtol, self.rtol)
        np.testing.assert_allclose(self.back(found), expected, rtol=rtol, atol=atol)


def of_duck(x: Any) -> np.ndarray:
    assert type(x) is Duck
    return x._array


DUCKS = Place(Duck, of_duck)


def primitive_law(name: str, data: st.DataObject, rng: np.random.Generator, place: Place) -> None:
    """The same numbers as on NumPy's arrays, backward and forward."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    places = differentiable(op, call)
    leaves: list[Any] = [ag.Tensor(place.there(a), i in places) for i, a in enumerate(call.args)]
    given = {
        k: place.there(v) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for k, v in call.params.items()
    }
    y = op.function(*leaves, **given)
    f, x = of_differentiable(op, call)
    value, pullback = ag.vjp(f, *x)
    place.close(y, value)
    u = numbers_like(rng, value)
    y.backward(place.there(u))
    for i, expected in zip(places, pullback(u), strict=True):
        place.close(leaves[i].grad, expected)
    v = [numbers_like(rng, a) for a in x]
    constants = Call(tuple(map(place.there, call.args)), given)
    g, z = of_differentiable(op, constants)
    _, tangent = ag.jvp(g, z, [place.there(t) for t in v])
    place.close(tangent, ag.jvp(f, x, v)[1])
    last = ag.jvp(lambda a: g(*z[:-1], a), z[-1:], [place.there(v[-1])])[1]
    place.close(last, ag.jvp(lambda a: f(*x[:-1], a), x[-1:], v[-1:])[1])


def steps_law(make: Callable[[], Setting], batches: Any, place: Place, *moved: Any) -> None:
    """Two training steps are those on NumPy's arrays, and all that the library made lies beside its operands.

    moved : modules beside the setting's own that are to be moved
    """
    expected, found = make(), make()
    with use_generator(np.random.default_rng(5)):
        expected.start()
        losses = [expected.step(batch) for batch in batches[:2]]
    for part in (found.module, *moved):
        place.move_module(part)
    for p in found.parameters:
        p._data = place.move(p._data)
    with use_generator(np.random.default_rng(5)):
        found.start()
        for batch, loss in zip(batches[:2], losses, strict=True):
            place.close(found.step(place.move(batch)), loss)
    for a, b in zip(found.tensors(), expected.tensors(), strict=True):
        place.close(a, b._data)
