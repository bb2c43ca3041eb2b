"""grad, jacobian, hessian and their kin, by HIPS autograd's names and conventions.

Where a parameter is called ``argnum`` it says which argument to differentiate by; a tuple or a list of them makes the
answer a tuple.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import Tensor
from ..transforms import jacobians
from .core import _conjugate as conjugate
from .core import _floating, _scalar, mapped
from .core import make_jvp as _make_jvp
from .core import make_vjp as _make_vjp
from .extend import defvjp_argnum, primitive
from .vspaces import vspace
from .wrap_util import unary_to_nary

if TYPE_CHECKING:
    from ..support.types import AnyArray, ArrayLike, Function, Tree


__all__ = [
    *("checkpoint", "deriv", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian"),
    *("hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "jacobian", "make_ggnvp", "make_hvp"),
    *("make_jvp", "make_jvp_reversemode", "make_vjp", "multigrad_dict", "tensor_jacobian_product", "value_and_grad"),
    *("vector_jacobian_product",),
]

make_vjp = unary_to_nary(_make_vjp)
make_jvp = unary_to_nary(_make_jvp)


def _ones(operator: str, y: AnyArray) -> AnyArray:
    """The cotangent 1 of a result that is one real number."""
    single = isinstance(y, (Tensor, np.ndarray, np.generic, float)) and np.size(y) == 1
    if not single or np.iscomplexobj(getattr(y, "_data", y)):
        raise TypeError(
            f"{operator} only applies to real scalar-output functions. "
            "Try jacobian, elementwise_grad or holomorphic_grad."
        )
    return np.ones(np.shape(y))


@unary_to_nary
def grad(fun: Function, x: Any) -> Any:
    """The gradient of a scalar function, of the type of the argument: of complex ones ∂f/∂Re − i ∂f/∂Im.

    Raises TypeError where the result is not one real number.
    """
    vjp, y = _make_vjp(fun, x)
    return vjp(_ones("Grad", y))


@unary_to_nary
def value_and_grad(fun: Function, x: ArrayLike) -> Any:
    """The value and the gradient of a scalar function."""
    vjp, y = _make_vjp(fun, x)
    return y, vjp(_ones("value_and_grad", y))


@unary_to_nary
def grad_and_aux(fun: Function, x: ArrayLike) -> Any:
    """Of a function with two results the gradient of the first one, and the second one."""
    vjp, (y, aux) = _make_vjp(fun, x)
    return vjp((_ones("grad_and_aux", y), vspace(aux).zeros())), aux


@unary_to_nary
def elementwise_grad(fun: Function, x: AnyArray) -> AnyArray:
    """The sum over each column of the Jacobian: its diagonal where it is diagonal."""
    vjp, y = _make_vjp(fun, x)
    if vspace(y).iscomplex:
        raise TypeError("Elementwise_grad only applies to real-output functions.")
    return vjp(vspace(y).ones())


@unary_to_nary
def deriv(fun: Function, x: AnyArray) -> AnyArray:
    """The derivative along ones, by forward mode."""
    return _make_jvp(fun, x)(vspace(mapped(_floating, x)).ones())[1]


@unary_to_nary
def jacobian(fun: Function, x: AnyArray) -> Any:
    """∂f/∂x of shape (*out.shape, *x.shape)."""
    rows = jacobians.jacobian(fun, mode="reverse")(mapped(_floating, x))
    return mapped(lambda leaf: _scalar(conjugate(leaf)), rows)


@unary_to_nary
def holomorphic_grad(fun: Function, x: AnyArray) -> AnyArray:
    """f′(z) of a holomorphic function."""
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=3)
    return grad(lambda z: np.real(fun(z)))(x)


def grad_named(fun: Function, argname: str) -> Function:
    """The gradient by a named argument.

    fun : a scalar function
    argname : the name of one of its parameters
    """
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


@unary_to_nary
def hessian(fun: Function, x: AnyArray) -> AnyArray:
    """The matrix of second derivatives, of shape (*out.shape, *x.shape, *x.shape)."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def make_hvp(fun: Function, x: AnyArray) -> Any:
    """The function v ↦ H v at a point, and the gradient there."""
    return _make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """The function (*args, v) ↦ H v.

    fun : a scalar function
    argnum : the argument to differentiate by
    """
    gradient = grad(fun, argnum)

    def along(*args: Any, **kwargs: Any) -> Any:
        *arguments, v = args
        return np.tensordot(gradient(*arguments, **kwargs), v, np.ndim(v))

    return grad(along, argnum)


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """The function (*args, v) ↦ vᵀ ∂f/∂x, where v has the leading axes of f.

    fun : a function of arrays
    argnum : the argument to differentiate by
    """

    def along(*args: Any, **kwargs: Any) -> Any:
        *arguments, v = args
        return np.tensordot(v, fun(*arguments, **kwargs), axes=np.ndim(v))

    return jacobian(along, argnum)


vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Function, x: ArrayLike) -> Any:
    """The function v ↦ ∂f/∂x v at a point, by forward mode as ``make_jvp``'s is."""
    jvp = _make_jvp(fun, x)
    return lambda v: jvp(v)[1]


def make_ggnvp(
    f: Function,
    g: Function = lambda x: 0.5 * np.sum(x**2, axis=-1),
    f_argnum: Any = 0,
) -> Function:
    """The function that at a point gives v ↦ Jᵀ H J v, with f's Jacobian J and g's Hessian H: generalized Gauss–Newton.

    f : a function of arrays
    g : a scalar function of f's result
    f_argnum : the argument of f to differentiate by
    """

    @unary_to_nary
    def product(f: Function, x: AnyArray) -> Function:
        f_vjp, y = _make_vjp(f, x)
        g_hvp, _ = _make_vjp(grad(g), y)
        f_jvp = _make_jvp(f, x)
        return lambda v: f_vjp(g_hvp(f_jvp(v)[1]))

    return product(f, f_argnum)


def multigrad_dict(fun: Function) -> Function:
    """The gradients by all arguments at once, as a dict by their names.

    fun : a scalar function
    """
    signature = inspect.signature(fun)
    kinds = {name: p.kind for name, p in signature.parameters.items()}

    def gradients(*args: object, **kwargs: object) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_all(values: dict[str, Any]) -> Tree:
            positional: list[Any] = []
            named: dict[str, Any] = {}
            for name, value in values.items():
                if kinds[name] is inspect.Parameter.VAR_POSITIONAL:
                    positional += value
                elif kinds[name] is inspect.Parameter.VAR_KEYWORD:
                    named |= value
                elif kinds[name] is inspect.Parameter.KEYWORD_ONLY:
                    named[name] = value
                else:
                    positional.append(value)
            return fun(*positional, **named)

        return grad(of_all)(dict(bound.arguments))  # type: ignore[no-any-return]

    return gradients


def checkpoint(fun: Callable[..., Any]) -> Function:
    """The same function, which keeps no intermediate values: a backward pass computes them again.

    fun : a function of arrays, whose result is one array
    """
    wrapped = primitive(fun)
    defvjp_argnum(wrapped, lambda argnum, ans, args, kwargs: make_vjp(fun, argnum)(*args, **kwargs)[0])
    return wrapped
