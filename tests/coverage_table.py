"""What becomes of every public function of NumPy on tensors: ``python tests/coverage_table.py`` writes the page.

Differentiable is what has an implementation; passing and refused are tables of the library. What is not a function of
arrays of numbers is listed here, with the reason.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.border.protocols import PASSING, implementation_of
from autograd_core.border.refused import REFUSED

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"
NAMESPACES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}

_CREATING = """
    arange bartlett blackman diag_indices empty eye frombuffer fromfunction fromiter fromstring from_dlpack full hamming
    hanning identity indices kaiser mask_indices ones tri tril_indices triu_indices zeros fft.fftfreq fft.rfftfreq
"""
CREATING = set(_CREATING.split())
"""They take no array and so meet no tensor: what they make is a constant."""

EXCLUDED = {
    reason: names.split()
    for reason, names in {
        "reads files": "fromfile fromregex genfromtxt load loadtxt",
        "settings": """get_printoptions getbufsize geterr geterrcall printoptions set_printoptions setbufsize seterr
            seterrcall""",
        "about NumPy itself": "get_include info show_config show_runtime test linalg.test fft.test",
        "about dtypes and shapes alone": "broadcast_shapes isdtype issubdtype mintypecode promote_types typename",
        "about any Python object": "isfortran isscalar iterable",
        "numbers as text": "base_repr binary_repr format_float_positional format_float_scientific",
        "dates": "busday_count busday_offset datetime_as_string datetime_data is_busday",
        "makes a function or an iterator": "frompyfunc nested_iters",
        "deprecated": "asmatrix bmat in1d row_stack trapz",
    }.items()
}


def functions() -> list[str]:
    """Every public function, named as under ``np``."""
    return [
        f"{space}.{name}".removeprefix("np.")
        for space, module in NAMESPACES.items()
        for name in sorted(dir(module))
        if not name.startswith("_") and _is_function(getattr(module, name))
    ]


def _is_function(x: Any) -> bool:
    return callable(x) and not isinstance(x, (type, types.ModuleType))


def theirs(name: str) -> Callable[..., Any]:
    return attrgetter(name)(np)


def states(name: str) -> list[str]:
    """Where a function is listed; once, if all is well. An alias has the state of the function that it is."""
    function = theirs(name)
    tables = {
        "differentiable": implementation_of(function) is not None,
        "passing": function in PASSING,
        "creating": name in CREATING,
        "refused": name in REFUSED,
        "excluded": any(name in names for names in EXCLUDED.values()),
    }
    return [state for state, listed in tables.items() if listed]


def page() -> str:
    """The table as Markdown."""
    every = {name: states(name)[0] for name in functions()}
    heads = ["differentiable", "passing", "creating", "refused", "excluded"]
    lines = [
        "# NumPy's functions on tensors",
        "",
        f"Every public function of NumPy {_version()}, counted by `python tests/coverage_table.py`.",
        "*Differentiable*: recorded, with derivatives of any order in both modes. *Passing*: the result is an integer,",
        "a truth value, a shape or a text, and is computed on the bare arrays. *Creating*: takes no array, so it makes",
        "a constant. *Refused*: raises a TypeError that names a way out. *Excluded*: no function of arrays of numbers.",
        "",
        f"| | {' | '.join(heads)} | all |",
        f"|---|{'---:|' * (len(heads) + 1)}",
    ]
    for space in NAMESPACES:
        here = [every[name] for name in every if _space(name) == space]
        lines.append(f"| `{space}` | {' | '.join(str(here.count(h)) for h in heads)} | {len(here)} |")
    for state in heads[:3]:
        lines += ["", f"## {state.capitalize()}"]
        for space in NAMESPACES:
            names = [f"`{name}`" for name in every if every[name] == state and _space(name) == space]
            lines += ["", f"`{space}`: {', '.join(names)}"] if names else []
    lines += ["", "## Refused", "", "| function | instead |", "|---|---|"]
    lines += [
        f"| `np.{name}` | {REFUSED[name].replace('|', chr(92) + '|')} |" for name in every if every[name] == "refused"
    ]
    lines += ["", "## Excluded", "", "| reason | functions |", "|---|---|"]
    for reason, names in EXCLUDED.items():
        lines.append(f"| {reason} | {', '.join(f'`{name}`' for name in names if name in every)} |")
    lines += [
        "",
        "## Methods of ufuncs",
        "",
        "`add`, `multiply`, `maximum`, `minimum` and `logaddexp` have `reduce`; every differentiable ufunc of two",
        "arguments has `accumulate` and `outer`; `at` and `reduceat` are refused.",
    ]
    return "\n".join(lines) + "\n"


def _space(name: str) -> str:
    return f"np.{name.split('.')[0]}" if "." in name else "np"


def _version() -> str:
    return ".".join(np.__version__.split(".")[:2])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
