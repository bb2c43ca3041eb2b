"""Pages that train: in a real browser 200 steps are Python's, everything is within reach of the keyboard."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import browser
import nn
import optim
from nn import playground


def network(*sizes: int) -> Any:
    ag.manual_seed(0)
    layers = [x for n, m in itertools.pairwise(sizes) for x in (nn.Linear(n, m), nn.Tanh())]
    return nn.Sequential(*layers[:-1])


@pytest.fixture(scope="module")
def window() -> Iterator[browser.Window]:
    with browser.started() as started:
        yield browser.Window(started)


@browser.needed
def test_200_steps_in_the_page_are_200_steps_in_python(tmp_path: Path, window: browser.Window) -> None:
    x, y = nn.data.datasets.moons(100)
    model = network(2, 4, 2)
    before = {name: np.array(value) for name, value in model.state_dict().items()}
    path = playground.write(model, x, y, tmp_path / "play.html", "</title><script>alert(1)</script>")
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    optimizer, wanted = optim.SGD(model.parameters(), lr=0.3), []
    for k in range(200):
        rows = np.arange(10 * k, 10 * k + 10) % 80  # the last fifth is for validation
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(x[rows]), y[rows])
        penalty = sum((layer.weight**2).sum() * 0.005 for layer in (model[0], model[2]))
        (loss + penalty).backward()
        optimizer.step()
        wanted.append(loss.item())
    with window.showing(path) as page:
        page.select_option("#l2", "0.01")
        found = page.evaluate("Array.from({length: 200}, () => { train(); return step.arrays.result_0[0]; })")
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        weights = page.evaluate("weightsOf(step).map((w) => [...w])")
        np.testing.assert_allclose(weights[0], model[0].weight.data.ravel(), atol=1e-5)


@browser.needed
def test_the_very_step_trains_in_the_page(tmp_path: Path, window: browser.Window) -> None:
    """200 steps of the user's own loss and optimizer."""
    x, y = nn.data.datasets.moons(100)
    model = network(2, 4, 2)
    optimizer, loss_of = optim.Adam(model.parameters(), lr=0.02), nn.CrossEntropyLoss(label_smoothing=0.1)

    @ag.compile
    def train(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    batches = [np.arange(16 * k, 16 * k + 16) % 80 for k in range(200)]
    for rows in batches[:4]:
        train(x[rows], y[rows])
    a, b = tmp_path / "a.html", tmp_path / "b.html"
    path, same = playground.write(model, x, y, a, step=train), train.to_html(b, model, x, y)
    assert same.read_text() == path.read_text()
    wanted = [train(x[rows], y[rows]).item() for rows in batches]
    with window.showing(path) as page:
        found = page.evaluate("Array.from({length: 200}, () => { train(); return own.arrays.result[0]; })")
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        assert not page.is_visible("#batch") and page.input_value("#rate") == "0.02"
    with pytest.raises(ValueError, match="does not train this model"):
        playground.write(network(2, 4, 2), x, y, tmp_path / "c.html", step=train)


@browser.needed
def test_the_keyboard_trains_and_opens_rows(tmp_path: Path, window: browser.Window) -> None:
    """The sum of a neuron's row is its value: z = Σ w ξ + b, and its gradients are those of the batch of one."""
    x = nn.data.datasets.xor(60)[0]
    path = playground.write(network(2, 3, 3), x, np.arange(60) % 3, tmp_path / "play.html")
    with window.showing(path) as page:
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#state").startswith("step 1:")
        page.focus("#batch")
        page.keyboard.press("Home")
        page.keyboard.press("Tab")
        neuron = page.get_by_role("button", name="tanh, neuron 2")
        neuron.focus()
        page.keyboard.press("Enter")
        page.locator("#one").focus()
        page.keyboard.press("Enter")
        rows = [[cell.replace("−", "-") for cell in row.split("\t")] for row in page.inner_text("tbody").split("\n")]
        value = {row[0].strip(): row[1] for row in rows}
        total = float(value["b"]) + sum(float(value[f"w{i}"]) * float(value[f"x{i}"]) for i in (1, 2))
        assert float(value["z1,2 = Σ w·ξ + b"]) == pytest.approx(total, abs=2e-3)
        assert float(value["ξ1,2 = tanh(z1,2)"]) == pytest.approx(np.tanh(total), abs=2e-3)
        assert [row[3] for row in rows if row[0].strip() == "w1"] == [row[4] for row in rows if row[0].strip() == "w1"]
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(" ")
        for _ in range(500):
            if page.evaluate("steps") > 4:
                break
            page.wait_for_timeout(20)
        assert page.evaluate("steps") > 4
        page.keyboard.press(" ")
        assert page.get_attribute("#play", "aria-pressed") == "false"
        for control in page.locator("select, input, button, canvas[role=img]").all():
            assert control.evaluate("e => e.labels?.length || e.ariaLabel || e.innerText || e.closest('figure')")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@browser.needed
def test_a_drawn_image_has_a_gradient(tmp_path: Path, window: browser.Window) -> None:
    """The gradient of the class's score with respect to the pixels is what ag.grad finds."""
    rng = np.random.default_rng(0)
    x, y = rng.random((40, 16)).astype("f4"), np.arange(40) % 3
    model = network(16, 5, 3)
    path = playground.write(model, x, y, tmp_path / "play.html")
    with window.showing(path) as page:
        page.click("#clear")
        box = page.locator("#pad").bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6)
        image = np.array(page.evaluate("[...look.arrays.x.slice(0, 16)]"), "f4")
        assert image[10] == 1 and (image > 0).sum() == 5
        found = page.evaluate("[...explain.arrays.result]")
        chosen = int(model(image[None]).data.argmax())
        wanted = ag.grad(lambda x: model(x)[0, chosen])(image[None])
        np.testing.assert_allclose(found, np.ravel(wanted.detach()), atol=1e-6)


def test_what_no_page_can_show_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    x, y = nn.data.datasets.moons(20)
    deep = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    for model in (deep, nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2, bias=False))):
        with pytest.raises(TypeError, match=r"playground: .*Fix: "):
            playground.write(model, x, y, tmp_path / "a.html")
    for data in ((x, y[:5]), (x * np.nan, y), (x, y + 1), (np.ones((20, 3)), y)):
        with pytest.raises(ValueError, match="playground: "):
            playground.write(network(data[0].shape[1], 2), *data, tmp_path / "a.html")
    with pytest.raises(ValueError, match="two at least"):
        playground.write(network(2, 1), x, y * 0, tmp_path / "a.html")
    with pytest.raises(OSError, match="playground: cannot write the page"):
        playground.write(network(2, 2), x, y, tmp_path / "missing" / "a.html")
    assert list(tmp_path.iterdir()) == []
