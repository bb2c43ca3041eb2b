"""SummaryWriter: event files for TensorBoard, written with the ``tensorboard`` package's own messages."""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

if TYPE_CHECKING:
    from autograd_core.support.types import ArrayLike

    from ..modules.module import Module

try:
    from tensorboard.compat.proto.config_pb2 import RunMetadata
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog, TaggedRunMetadata
    from tensorboard.compat.proto.step_stats_pb2 import DeviceStepStats, StepStats
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError as error:
    raise ModuleNotFoundError(
        'SummaryWriter: needs the package tensorboard. Fix: pip install "autograd-core[tensorboard]".', name=error.name
    ) from error

__all__ = ["SummaryWriter"]

_FLOAT, _DOUBLE, _STRING = 1, 2, 7  # numbers of TensorFlow's dtypes


class SummaryWriter:
    """Write scalars, histograms, images, texts and graphs for TensorBoard; arguments as ``torch.utils.tensorboard``'s.

    log_dir         : the folder of this run; default ``runs/<date and time>_<host><comment>``
    comment         : end of the default folder's name
    purge_step      : TensorBoard forgets what an earlier run wrote at this step and later (after a crash)
    max_queue, flush_secs : events are on disk after so many of them or so many seconds
    filename_suffix : end of the event files' names

    Values may be tensors, arrays or numbers. ``global_step`` and ``walltime`` (seconds since 1970; now) of every
    ``add_…`` say where a value belongs. A context manager, which closes at the end.

    Raises OSError where the folder cannot be made, ValueError for names of runs that lead out of it,
    ModuleNotFoundError without the package ``tensorboard``.

    >>> import nn, tempfile, os
    >>> folder = tempfile.mkdtemp()
    >>> with nn.SummaryWriter(folder) as writer:
    ...     for step in range(3):
    ...         writer.add_scalar("loss", 1 / (1 + step), step)
    >>> [name.split(".")[0] for name in os.listdir(folder)]
    ['events']

    Then ``tensorboard --logdir runs`` shows the pages.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if log_dir is None or str(log_dir) == "":
            import socket

            name = f"{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}"
            log_dir = os.path.join("runs", _below("SummaryWriter", name))
        if set(filename_suffix) & set("/\\\0"):
            raise ValueError(
                f"SummaryWriter: filename_suffix={filename_suffix!r} is part of a file's name. Fix: no '/'."
            )
        self.log_dir = os.fspath(log_dir)
        self._settings = {"max_queue_size": max_queue, "flush_secs": flush_secs, "filename_suffix": filename_suffix}
        self._writers: dict[str, EventFileWriter] = {}
        self._file()
        if purge_step is not None:
            self._write(purge_step, None, file_version="brain.Event:2")
            self._write(purge_step, None, session_log=SessionLog(status=SessionLog.START))

    def get_logdir(self) -> str:
        """The folder of this run."""
        return self.log_dir

    def flush(self) -> None:
        """Return when everything is on disk."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Flush and close the files; what is added later goes into new ones."""
        while self._writers:
            self._writers.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _file(self, part: str = "") -> EventFileWriter:
        if part not in self._writers:
            self._writers[part] = EventFileWriter(os.path.join(self.log_dir, part), **self._settings)
        return self._writers[part]

    def _write(self, step: int | None, walltime: float | None, part: str = "", **content: object) -> None:
        event = Event(wall_time=time.time() if walltime is None else float(walltime), **content)
        if step is not None:
            event.step = int(step)
        self._file(part).add_event(event)

    def _value(self, step: int | None, walltime: float | None, part: str = "", **content: object) -> None:
        self._write(step, walltime, part, summary=Summary(value=[Summary.Value(**content)]))

    # Numbers -------------------------------------------------------------------------------------------------------

    def add_scalar(
        self,
        tag: str,
        scalar_value: ArrayLike,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """One number (NaN and infinities, too), stored in single precision unless told otherwise.

        Raises TypeError or ValueError for what is not a single real number.
        """
        number = _number("add_scalar", tag, scalar_value)
        if not (new_style or double_precision):
            return self._value(global_step, walltime, tag=tag, simple_value=_single(number))
        tensor = (
            TensorProto(dtype=_DOUBLE, double_val=[number])
            if double_precision
            else TensorProto(dtype=_FLOAT, float_val=[_single(number)])
        )
        self._value(global_step, walltime, tag=tag, tensor=tensor, metadata=_plugin("scalars"))

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, ArrayLike],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Several numbers in one chart: each is a run of its own, in a folder below this one's."""
        numbers = {name: _number("add_scalars", name, value) for name, value in tag_scalar_dict.items()}
        parts = {name: _below("add_scalars", f"{main_tag.replace('/', '_')}_{name}") for name in numbers}
        for name, number in numbers.items():
            self._value(global_step, walltime, parts[name], tag=main_tag, simple_value=_single(number))

    def add_histogram(
        self,
        tag: str,
        values: ArrayLike,
        global_step: int | None = None,
        bins: str | Sequence[float] = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How the elements of an array are distributed; NaN and infinite ones are left out.

        bins     : "tensorflow" (each bin 10 % wider than the one nearer to zero), or what ``np.histogram`` takes
        max_bins : neighbouring bins are joined until there are no more

        Raises ValueError where there is no finite element, TypeError for what is not a real array.
        """
        x = _array("add_histogram", tag, values).astype(np.float64).ravel()
        x = x[np.isfinite(x)]
        if not x.size:
            raise ValueError(f"add_histogram: {tag!r} of shape {np.shape(values)} has no finite element.")
        counts, limits = np.histogram(x, _exponential(x) if isinstance(bins, str) and bins == "tensorflow" else bins)
        if max_bins is not None and len(counts) > max_bins:
            starts = np.arange(0, len(counts), -(-len(counts) // max_bins))
            counts, limits = np.add.reduceat(counts, starts), np.append(limits[starts], limits[-1])
        (filled,) = counts.nonzero()
        first, last = (filled[0], filled[-1]) if filled.size else (0, 0)
        histogram = HistogramProto(
            min=x.min(), max=x.max(), num=x.size, sum=x.sum(), sum_squares=np.dot(x, x),
            bucket_limit=limits[first : last + 2],  # the first is the left end of the second
            bucket=[0, *counts[first : last + 1]],
        )  # fmt: skip
        self._value(global_step, walltime, tag=tag, histo=histogram)

    # Pictures ------------------------------------------------------------------------------------------------------

    def add_image(
        self,
        tag: str,
        img_tensor: ArrayLike,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """A picture with 1 (grey), 3 (RGB) or 4 (RGBA) channels.

        img_tensor  : integers from 0 to 255, or floats from 0 to 1; what is beyond is cut off
        dataformats : what the axes are: any order of H, W and C, or "HW"
        """
        pixels = _channels_last("add_image", tag, _array("add_image", tag, img_tensor), dataformats)
        self._image(tag, pixels, global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: ArrayLike,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Several pictures of one size in a grid, eight in a row."""
        pixels = _channels_last("add_images", tag, _array("add_images", tag, img_tensor), dataformats)
        n, h, w, c = pixels.shape
        columns = min(n, 8)
        lines = -(-n // columns)
        sheet = np.zeros((lines * columns, h, w, c), np.uint8)
        sheet[:n] = pixels
        sheet = sheet.reshape(lines, columns, h, w, c).swapaxes(1, 2).reshape(lines * h, columns * w, c)
        self._image(tag, sheet, global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """A matplotlib figure, or several of one size; they are closed unless told otherwise."""
        figures = list(figure) if isinstance(figure, (list, tuple)) else [figure]
        if not figures or not all(hasattr(f, "canvas") for f in figures):
            raise TypeError(f"add_figure: {tag!r} needs matplotlib's Figure, not {class_name(figure)}.")
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        drawn = []
        for f in figures:
            canvas = FigureCanvasAgg(f)
            canvas.draw()
            drawn.append(np.asarray(canvas.buffer_rgba()))
        self.add_images(tag, np.stack(drawn), global_step, walltime, "NHWC")
        if close:
            import matplotlib.pyplot as plt

            for f in figures:
                plt.close(f)

    def _image(self, tag: str, pixels: np.ndarray, step: int | None, walltime: float | None) -> None:
        from PIL import Image  # tensorboard depends on it

        h, w, c = pixels.shape
        if c not in (1, 3, 4) or not h * w:
            raise ValueError(f"image {tag!r}: {h}×{w} pixels with {c} channels; it needs 1, 3 or 4 and some pixels.")
        coded = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels[..., 0] if c == 1 else pixels)).save(coded, format="PNG")
        image = Summary.Image(height=h, width=w, colorspace=c, encoded_image_string=coded.getvalue())
        self._value(step, walltime, tag=tag, image=image)

    # Words, graphs, settings ---------------------------------------------------------------------------------------

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A text, shown as Markdown."""
        if not isinstance(text_string, str):
            raise TypeError(f"add_text: {tag!r} is {class_name(text_string)}, not a string.")
        tensor = _strings([text_string.encode()])
        self._value(global_step, walltime, tag=f"{tag}/text_summary", tensor=tensor, metadata=_plugin("text"))

    def add_graph(
        self, model: Module, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """The computation as nested boxes: modules, and in them operations, parameters and constants.

        model          : a module, or any function (it is traced), or a Graph that ``ag.trace`` made
        input_to_model : what the model is called with: an array or tensor, or a tuple of them
        verbose        : print the graph's nodes, too

        Raises ValueError for a model without input, TypeError and RuntimeError as ``ag.trace`` does.
        """
        from .graph_def import graph_def

        definition = graph_def(model, input_to_model)
        if verbose:
            print(definition)
        device = StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")])
        run = TaggedRunMetadata(tag="step1", run_metadata=RunMetadata(step_stats=device).SerializeToString())
        self._write(None, None, graph_def=definition.SerializeToString())
        self._write(None, None, tagged_run_metadata=run)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, bool | str | float],
        metric_dict: Mapping[str, ArrayLike],
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """The settings of a run and how well it did, as one line of TensorBoard's table of runs.

        hparam_dict : name → number, bool or string;  metric_dict : name → number
        hparam_domain_discrete : name → the values that were tried
        run_name    : folder below this run's; default: the time
        """
        from tensorboard.plugins.hparams.summary_v2 import Discrete, HParam, Metric, hparams_config_pb, hparams_pb

        settings = {name: _setting(name, value) for name, value in hparam_dict.items()}
        metrics = {name: _number("add_hparams", name, value) for name, value in metric_dict.items()}
        domains = {n: Discrete(values) for n, values in (hparam_domain_discrete or {}).items()}
        part = _below("add_hparams", run_name or str(time.time()))
        hparams = [HParam(name, domains.get(name)) for name in settings]
        shown = [Metric(name) for name in metrics]
        self._write(global_step, None, part, summary=hparams_config_pb(hparams, shown))
        self._write(global_step, None, part, summary=hparams_pb(settings, trial_id=part))
        for name, number in metrics.items():
            self._value(global_step, None, part, tag=name, simple_value=_single(number))


def _plugin(name: str) -> SummaryMetadata:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name))


def _strings(values: list[bytes]) -> TensorProto:
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(values))])
    return TensorProto(dtype=_STRING, string_val=values, tensor_shape=shape)


def _setting(name: str, value: Any) -> Any:
    """A hyperparameter as TensorBoard stores it."""
    if isinstance(value, (bool, str)):
        return value
    return str(value) if value is None else _number("add_hparams", name, value)


def _array(what: str, tag: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(bare(values))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what}: {tag!r} is {class_name(values)} of {array.dtype}; give real numbers.")
    return array


def _number(what: str, tag: str, value: ArrayLike) -> float:
    array = _array(what, tag, value)
    if array.size != 1:
        raise ValueError(f"{what}: {tag!r} has shape {array.shape}; give one number, such as its mean().")
    return float(array.item())


def _below(what: str, part: str) -> str:
    """``part``, the name of a folder; ValueError where it would lie outside of the run's."""
    pieces = part.replace("\\", "/").split("/")
    if ".." in pieces or "\0" in part or os.path.isabs(part) or os.path.splitdrive(part)[0]:
        raise ValueError(f"{what}: {part!r} is not a folder below that of the run. Fix: a name without '..'.")
    return part


def _single(number: float) -> float:
    """The number in single precision: what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        return float(np.float32(number))


def _exponential(x: np.ndarray) -> np.ndarray:
    """TensorFlow's bins: 0, ±10⁻¹²·1.1ᵏ up to 10²⁰, and from there to the ends of ``x``."""
    positive = 1e-12 * 1.1 ** np.arange(math.ceil(math.log(1e32, 1.1)))
    ends = min(x.min(), -positive[-1]), max(x.max(), positive[-1])
    return np.concatenate([ends[:1], -positive[::-1], [0.0], positive, ends[1:]])


def _channels_last(what: str, tag: str, x: np.ndarray, axes: str) -> np.ndarray:
    """Pixels as bytes, with the axes (N)HWC."""
    given, wanted = axes.upper(), "NHWC" if what == "add_images" else "HWC"
    letters = wanted if "C" in given else wanted.replace("C", "")
    if sorted(given) != sorted(letters) or x.ndim != len(given):
        raise ValueError(f"{what}: {tag!r} of shape {x.shape} with dataformats={axes!r}; axes are those of {wanted!r}.")
    x = x.transpose([given.index(letter) for letter in letters])
    x = x if "C" in given else x[..., None]
    x = np.nan_to_num(x) * 255 if x.dtype.kind == "f" else x * np.uint8(255) if x.dtype.kind == "b" else x
    return np.clip(x, 0, 255).astype(np.uint8)
