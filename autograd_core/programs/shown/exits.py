"""What a compiled function shows of itself, and the languages that it leaves Python in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..backends import check_backend

if TYPE_CHECKING:
    from ...support.types import Array, Function
    from ..record import Record
    from .program import Program


class Shown:
    """The recorded run as code, as files and as a table; of a compiled function with ``function`` and ``record``."""

    function: Function

    @property
    def record(self) -> Record:
        """The record that ran last."""
        raise NotImplementedError

    def source(self, backend: str = "numpy") -> str:
        """The recorded run as code that runs by itself.

        backend : "numpy", NumPy's calls in sections named by module; "c" for C99, which shows the loops, and what the
            memory begins with; "js" for the same in JavaScript; "llvm" for LLVM's assembly of this processor, after its
            passes, with the calls and lines that each function stands for
        """
        if backend == "numpy":
            from .source import source

            return source(self.record)
        if backend == "c":
            from ..c.text import Files

            return Files(self.record, self.function).whole
        if backend == "js":
            from ..js.text import Text

            return Text(self.record, self.function).module
        if backend == "llvm":
            check_backend(backend)
            text: str = (self.record.machine or self.record.native()).text
            return text
        raise ValueError(f'source: backend={backend!r}; there are "numpy", "c", "js" and "llvm".')

    def to_c(self, path: str | os.PathLike[str], *, weights: str = "included") -> list[Path]:
        """Write the recorded run, inference or a whole training step, as C99 with its header; gives the files' paths.

        path : of the source, "net.c" say, whose stem is the prefix of all public names; the header lies beside it
        weights : "included" in the source, or "separate" in a third file, "net_weights.c"

        ``net_run()`` reads and changes the arrays that the header names and describes: arguments, parameters, what the
        optimizer remembers, results, and as ``double`` the numbers that change (learning rates, step counts). It
        allocates nothing, needs no library but C's mathematical one, and returns 0, or a positive number where the
        recorded run would have gone another way (a branch on a value, an index out of range). Random numbers come from
        a function that the user gives. ``cc -std=c99 -DNET_MAIN net.c -lm`` makes a program that runs it on the
        arguments that were recorded; with ``-DNET_CBLAS`` matrices are multiplied by a CBLAS.

        Raises RuntimeError where nothing is recorded yet, ValueError where a call has no C (it names them and their
        lines) and for a path that ends otherwise, OSError where the files cannot be written. Then nothing is written.

        >>> import numpy as np, tempfile
        >>> import autograd_core as ag
        >>> f = ag.compile(lambda x: np.tanh(x).sum())
        >>> for _ in range(3):
        ...     y = f(np.ones(3))
        >>> [path.name for path in f.to_c(tempfile.mkdtemp() + "/net.c")]
        ['net.c', 'net.h']
        """
        from ..c.export import export

        return export(self.record, self.function, path, weights)

    def to_js(self, path: str | os.PathLike[str]) -> Path:
        """Write the recorded run, inference or a whole training step, as a module of JavaScript; gives its path.

        path : of the module, "step.js" or "step.mjs"; its stem is the name of the function that it exports

        ``import { step } from "./step.mjs"; const s = step();`` makes the program with memory of its own.
        ``s.run()`` is one run; it returns 0, or a positive number where the recorded run would have gone another way.
        ``s.arrays`` has the typed arrays by their names in Python: arguments, parameters, what the optimizer remembers,
        "result" (of several, "result_0"), and the gradients that a run leaves, "model.0.weight.grad". ``s.shapes`` are
        theirs, ``s.numbers`` the numbers that change, such as learning rates. float32 is rounded as in NumPy; whole
        numbers of 64 bits are doubles, exact up to 2^53. Where a run draws random numbers, ``s.draw`` must be set to a
        function of the draw's name and the array to fill; without one the run returns -1.

        Raises RuntimeError where nothing is recorded yet, ValueError where a call has no JavaScript (it names them,
        their modules and lines) and for a path that ends otherwise, OSError where the file cannot be written. Then
        nothing is written.

        >>> import numpy as np, tempfile
        >>> import autograd_core as ag
        >>> f = ag.compile(lambda x: np.tanh(x).sum())
        >>> for _ in range(3):
        ...     y = f(np.ones(3))
        >>> f.to_js(tempfile.mkdtemp() + "/net.js").name
        'net.js'
        """
        from ..js.text import export

        return export(self.record, self.function, path)

    def to_html(
        self, path: str | os.PathLike[str], model: object, x: Array, y: Array, title: str = "A network that trains"
    ) -> Path:
        """Write a page that goes on with this training step in a browser, every derivative visible; gives its path.

        path : of the page, one file that needs no network
        model : of nn, which the step trains
        x, y, title : examples, their classes and the page's title, as ``nn.playground.write`` takes them

        Raises what ``nn.playground.write`` raises: TypeError for other models, ValueError for a step that trains
        another model, OSError where the file cannot be written.
        """
        layers = sys.modules.get("nn")  # who has a model has loaded it
        if layers is None:
            raise TypeError("to_html: needs a model of nn. Fix: to_js, which takes any recorded run.")
        return layers.playground.write(model, x, y, path, title, step=self)  # type: ignore[no-any-return]

    def to_onnx(self, path: str | os.PathLike[str]) -> Path:
        """Write the recorded run, inference or a whole training step, as one ONNX model; gives its path.

        path : of the model, "step.onnx" say

        Inputs and outputs have the names and the shapes of the recorded run. What a run changes (parameters, moments,
        buffers; step counts and learning rates as double numbers) is an input, which begins as it is now where nothing
        is given, and an output with ``.next`` behind its name; the metadata "state" maps the one to the other.
        Gradients that a run leaves are outputs, "weight.grad". Where a recorded run depends on a value (a branch, an
        index in its range), the output ``valid`` says whether it would have gone the same way. Random numbers are
        inputs, in the order of their draws, "model.2/keep_mask" of a dropout; the metadata "draws" names what each was
        drawn by. Only operators of ONNX's standard, opset 21.

        Raises RuntimeError where nothing is recorded yet, ValueError where a call has no operator (it names them, their
        modules and lines) and for a path that ends otherwise, ImportError without the package onnx, OSError where the
        file cannot be written. Then nothing is written.

        >>> import numpy as np, tempfile
        >>> import autograd_core as ag
        >>> f = ag.compile(lambda x: np.tanh(x).sum())
        >>> for _ in range(3):
        ...     y = f(np.ones(3))
        >>> f.to_onnx(tempfile.mkdtemp() + "/net.onnx").name
        'net.onnx'
        """
        from ..onnx.export import export

        return export(self.record, self.function, path)

    @property
    def program(self) -> Program:
        """The calls of the recorded run: a table, and a picture."""
        from .program import Program

        return Program(self.record)
