"""From an operator on functions of one argument to one that is told which argument, or arguments, to vary."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..support.types import Function, Tree


_PARAMETERS = """
    fun : a function of arrays, or of trees of them
    argnum : which argument to differentiate by; of a tuple or a list of them the answer is a tuple
    more, options : what the operator itself is told beside
"""


def unary_to_nary(operator: Function) -> Function:
    """``operator(f, x)`` as ``operator(f, argnum=0)(*args, **kwargs)``.

    operator : of a function of one argument and that argument; where argnum is a tuple or a list, of a tuple of them
    """

    @wraps(operator)
    def nary(fun: Function, argnum: Any = 0, *more: object, **options: object) -> Function:
        if not isinstance(argnum, (int, tuple, list)):
            raise TypeError(f"{operator.__name__}: argnum={argnum!r}; give an int, or a tuple or list of them.")

        def of_all(*args: object, **kwargs: object) -> Any:
            def of_chosen(x: Tree) -> Tree:
                call = list(args)
                for i, value in [(argnum, x)] if isinstance(argnum, int) else zip(argnum, x, strict=True):
                    call[i] = value
                return fun(*call, **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in argnum)
            return operator(of_chosen, x, *more, **options)

        name = getattr(fun, "__name__", "[unknown name]")
        of_all.__name__ = f"{operator.__name__}_of_{name}_wrt_argnum_{argnum}"
        return of_all

    nary.__dict__.pop("__wrapped__", None)  # its parameters are others
    nary.__doc__ = f"{operator.__doc__}\n{_PARAMETERS}"
    return nary
