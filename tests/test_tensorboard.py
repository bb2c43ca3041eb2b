"""SummaryWriter: what it writes, TensorBoard's own reader reads back."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tensorboard")

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import autograd_core as ag
import nn

EVERYTHING = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0, "compressedHistograms": 0}


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), EVERYTHING).Reload()


def test_scalars_come_back_with_their_steps_and_times(tmp_path: Path) -> None:
    values = [ag.Tensor(0.5), 3, np.float64(-1e-3), np.array([[2.0]]), True, ag.Tensor([7.0], requires_grad=True)]
    with nn.SummaryWriter(tmp_path) as writer:
        for step, value in enumerate(values):
            writer.add_scalar("loss/train", value, 10 * step, walltime=100.0 + step)
    events = read(tmp_path).Scalars("loss/train")
    assert [e.step for e in events] == [0, 10, 20, 30, 40, 50]
    assert [e.wall_time for e in events] == [100, 101, 102, 103, 104, 105]
    assert [e.value for e in events] == pytest.approx([0.5, 3, -1e-3, 2, 1, 7])


def test_nan_and_infinity_are_numbers_too(tmp_path: Path) -> None:
    with nn.SummaryWriter(tmp_path) as writer:
        for step, value in enumerate([math.nan, math.inf, -math.inf, 1e300]):
            writer.add_scalar("x", value, step)
        writer.add_scalar("exact", 1e300, 0, double_precision=True)
        writer.add_scalar("new", 0.5, 0, new_style=True)
    events = read(tmp_path)
    first, *others = [e.value for e in events.Scalars("x")]
    assert math.isnan(first)
    assert others == [math.inf, -math.inf, math.inf]  # single precision holds no 1e300
    assert events.Tensors("exact")[0].tensor_proto.double_val[0] == 1e300
    assert events.Tensors("new")[0].tensor_proto.float_val[0] == 0.5


def test_several_scalars_of_one_chart_are_runs_of_their_own(tmp_path: Path) -> None:
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_scalars("loss/all", {"train": 1.0, "test": 2.0}, 4)
    assert read(tmp_path / "loss_all_train").Scalars("loss/all")[0].value == 1
    (event,) = read(tmp_path / "loss_all_test").Scalars("loss/all")
    assert (event.step, event.value) == (4, 2)


def histogram(folder: Path, values: Any, **options: Any) -> Any:
    with nn.SummaryWriter(folder) as writer:
        writer.add_histogram("w", values, 3, **options)
    (event,) = read(folder).Histograms("w")
    assert event.step == 3
    return event.histogram_value


@given(values=st.lists(st.floats(-1e25, 1e25) | st.integers(-9, 9).map(float), min_size=1, max_size=40))
def test_every_element_is_in_one_bin_whose_limits_hold_it(tmp_path_factory: Any, values: list[float]) -> None:
    x = np.array(values)
    found = histogram(tmp_path_factory.mktemp("h"), x)
    assert sum(found.bucket) == found.num == x.size
    assert (found.min, found.max) == (x.min(), x.max())
    assert found.sum == pytest.approx(x.sum(), abs=1e-9 * np.abs(x).sum())
    assert found.sum_squares == pytest.approx(np.sum(x * x))
    assert found.bucket[0] == 0
    below = [np.count_nonzero(x < limit) for limit in found.bucket_limit[:-1]]
    np.testing.assert_array_equal(np.cumsum(found.bucket)[:-1], below)


def test_bins_are_those_of_numpy_or_joined(tmp_path: Path) -> None:
    x = np.arange(100)
    equal = histogram(tmp_path / "a", x, bins=10)
    assert list(equal.bucket) == [0, *[10] * 10]
    assert list(equal.bucket_limit) == pytest.approx(np.linspace(0, 99, 11))
    assert list(histogram(tmp_path / "b", x, bins=10, max_bins=5).bucket) == [0, *[20] * 5]
    assert sum(histogram(tmp_path / "c", x, max_bins=7).bucket) == 100
    assert histogram(tmp_path / "d", np.array(2.5)).num == 1  # without dimensions


def test_histograms_leave_out_what_is_not_finite_and_refuse_nothing_at_all(tmp_path: Path) -> None:
    found = histogram(tmp_path, np.array([1.0, np.nan, np.inf, 3.0]))
    assert (found.num, found.min, found.max, sum(found.bucket)) == (2, 1, 3, 2)
    with nn.SummaryWriter(tmp_path) as writer:
        for nothing in ([], [math.nan]):
            with pytest.raises(ValueError, match=r"add_histogram: 'w' .* no finite element"):
                writer.add_histogram("w", np.array(nothing))


def image(folder: Path, name: str = "picture") -> tuple[Any, np.ndarray]:
    (event,) = read(folder).Images(name)
    assert event.encoded_image_string.startswith(b"\x89PNG")
    return event, np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))


@pytest.mark.parametrize(
    "axes, shape", [("CHW", (3, 4, 5)), ("HWC", (4, 5, 3)), ("WCH", (5, 3, 4)), ("HW", (4, 5)), ("CHW", (4, 4, 5))]
)
def test_images_in_any_order_of_axes(tmp_path: Path, axes: str, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_image("picture", pixels, 2, dataformats=axes)
    event, decoded = image(tmp_path)
    assert (event.step, event.height, event.width) == (2, 4, 5)
    np.testing.assert_array_equal(decoded, np.einsum(f"{axes.lower()}->hw{'c' if 'C' in axes else ''}", pixels))


def test_floats_from_0_to_1_and_what_is_beyond(tmp_path: Path) -> None:
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_image("picture", ag.Tensor([[0.0, 0.5, 1.0, 2.0, -1.0, math.nan]]), dataformats="HW")
        writer.add_image("mask", np.array([[True, False]]), dataformats="HW")
        writer.add_image("whole", np.array([[255, 300, -7]]), dataformats="HW")
    assert image(tmp_path)[1].tolist() == [[0, 127, 255, 255, 0, 0]]
    assert image(tmp_path, "mask")[1].tolist() == [[255, 0]]
    assert image(tmp_path, "whole")[1].tolist() == [[255, 255, 0]]


def test_several_images_fill_a_grid_row_by_row(tmp_path: Path) -> None:
    pixels = np.arange(11 * 2 * 3, dtype=np.uint8).reshape(11, 1, 2, 3)
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_images("picture", pixels)
    sheet = image(tmp_path)[1]
    assert sheet.shape == (2 * 2, 8 * 3)
    for i in range(11):
        row, column = 2 * (i // 8), 3 * (i % 8)
        np.testing.assert_array_equal(sheet[row : row + 2, column : column + 3], pixels[i, 0])


def test_figures_and_texts(tmp_path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(3, 2), dpi=50)
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_figure("picture", figure, 1)
        writer.add_text("note", "**bold** ξ", 5)
    assert not plt.fignum_exists(figure.number)
    assert image(tmp_path)[1].shape == (100, 150, 4)
    (event,) = read(tmp_path).Tensors("note/text_summary")
    assert (event.step, event.tensor_proto.string_val[0].decode()) == (5, "**bold** ξ")


class Net(nn.Module):
    def __init__(self) -> None:
        self.encoder = nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.BatchNorm1d(3))
        self.head = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        return self.head(np.tanh(self.encoder(x)) + 1)


def test_the_graph_has_modules_as_scopes_and_the_edges_of_the_computation(tmp_path: Path) -> None:
    model, x = Net(), np.ones((5, 4), np.float32)
    before = {name: tensor.copy() for name, tensor in model.state_dict().items()}
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, x)
    nodes = {node.name: node for node in read(tmp_path).Graph().node}
    assert [node.op for node in nodes.values() if node.name in ("Net/tanh", "Net/add", "Net/head/linear")] == [
        *("tanh", "add", "linear")
    ]
    assert [*nodes["Net/encoder/0/linear"].input] == ["x1", "Net/encoder/0/weight", "Net/encoder/0/bias"]
    assert [*nodes["Net/head/linear"].input] == ["Net/add", "Net/head/weight", "Net/head/bias"]
    assert {source for node in nodes.values() for source in node.input} <= nodes.keys()
    (shape,) = nodes["Net/encoder/0/linear"].attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [5, 3]
    assert model.training and model.encoder[1].training
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(tensor, before[name])


def test_a_traced_graph_and_a_function_are_graphs_too(tmp_path: Path) -> None:
    graph = ag.trace(lambda x, w: np.exp(-x * w), 3.0, 1.0)
    for name, arguments in (("graph", (graph,)), ("function", (lambda x, w: np.exp(-x * w), (3.0, 1.0)))):
        with nn.SummaryWriter(tmp_path / name) as writer:
            writer.add_graph(*arguments)
        nodes = read(tmp_path / name).Graph().node
        assert len(nodes) == len(graph.rows) + len(graph.sources)
        assert [node.op for node in nodes if node.input] == [row.op.name for row in graph.rows]
        assert sum(len(node.input) for node in nodes) == sum(len(row.inputs) for row in graph.rows)


def test_hyperparameters_are_a_run_with_its_metrics(tmp_path: Path) -> None:
    with nn.SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"lr": 0.1, "bias": True, "name": "a"}, {"loss": 0.25}, run_name="first")
    events = read(tmp_path / "first")
    assert events.Scalars("loss")[0].value == 0.25
    data = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert b"lr" in data and b"name" in data


def test_a_purge_step_makes_the_reader_forget_what_came_after_it(tmp_path: Path) -> None:
    with nn.SummaryWriter(tmp_path, filename_suffix=".a") as writer:
        for step in range(10):
            writer.add_scalar("x", step, step)
    with nn.SummaryWriter(tmp_path, purge_step=4, filename_suffix=".b") as writer:
        writer.add_scalar("x", 40, 4)
    assert [e.value for e in read(tmp_path).Scalars("x")] == [0, 1, 2, 3, 40]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".a", ".b"]


def test_flushed_is_on_disk_and_a_closed_writer_opens_a_new_file(tmp_path: Path) -> None:
    writer = nn.SummaryWriter(tmp_path, filename_suffix=".a")
    writer.add_scalar("x", 1, 1)
    writer.flush()
    assert len(read(tmp_path).Scalars("x")) == 1
    writer.close()
    writer.close()
    writer.add_scalar("x", 2, 2)
    writer.close()
    assert len(read(tmp_path).Scalars("x")) == 2


def test_the_default_folder_is_named_by_time_host_and_comment(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with nn.SummaryWriter(comment="_lr0.1") as writer:
        assert writer.get_logdir().startswith("runs/")
        assert writer.get_logdir().endswith("_lr0.1")
        assert Path(writer.get_logdir()).is_dir()


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda w: w.add_scalar("x", [1.0, 2.0]), ValueError, r"add_scalar: 'x' has shape \(2,\); give one number"),
        (lambda w: w.add_scalar("x", "1"), TypeError, "add_scalar: 'x' is str"),
        (lambda w: w.add_scalar("x", None), TypeError, "add_scalar: 'x' is NoneType"),
        (lambda w: w.add_scalars("x", {"a": 1, "b": "2"}), TypeError, "add_scalars: 'b'"),
        (lambda w: w.add_histogram("x", ["a"]), TypeError, "add_histogram: 'x' is list"),
        (lambda w: w.add_image("x", np.ones((4, 5))), ValueError, r"add_image: 'x' of shape \(4, 5\).*'CHW'"),
        (lambda w: w.add_image("x", np.ones((2, 4, 5))), ValueError, "2 channels; it needs 1, 3 or 4"),
        (lambda w: w.add_image("x", np.ones((3, 4, 5)), dataformats="CCW"), ValueError, "dataformats='CCW'"),
        (lambda w: w.add_figure("x", 3), TypeError, "matplotlib's Figure, not int"),
        (lambda w: w.add_text("x", 3), TypeError, "add_text: 'x' is int"),
        (lambda w: w.add_graph(nn.Linear(1, 1)), ValueError, "traced with an input. Fix: add_graph"),
        (lambda w: w.add_graph(3), TypeError, "add_graph: needs a module, a function or a Graph"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(tmp_path: Path, call: Any, error: Any, words: str) -> None:
    with nn.SummaryWriter(tmp_path) as writer, pytest.raises(error, match=words):
        call(writer)
    tags = read(tmp_path).Tags()
    assert not any(tags.values())
    assert len([*tmp_path.iterdir()]) == 1


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        nn.SummaryWriter(tmp_path / "file" / "run")
