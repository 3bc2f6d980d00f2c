"""The page in a real browser, on a real CT: what a user does, what is seen, what the server has."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.server.serving import blocks, bright_app, save_nifti, served
from tests.server.sight import Sight, unzipped
from vesal.geometry.grid import Grid
from vesal.server.app import build_app
from vesal.server.settings import Settings

LIVER = (37, 33, 33)
"""A voxel of the liver in the part of the CT that is shown."""
KIDNEY = (44, 10, 18)
INSIDE = (5, 7, 5)
"""A voxel of the first block."""
OTHER = (14, 16, 9)
"""A voxel of the second block."""

COUNTING = """(() => {
  const { canvas } = vesal;
  const { draw } = canvas;
  const send = canvas.nv.refreshLayers.bind(canvas.nv);
  vesal.sent = vesal.draws = 0;
  canvas.nv.refreshLayers = (...all) => { vesal.sent += 1; return send(...all); };
  canvas.draw = () => { vesal.draws += 1; return draw(); };
})()"""
"""Counts how often NiiVue sends the image to the graphics card, and how often it draws."""


@pytest.fixture(scope="module")
def ct(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a part of the real CT and vesal-mini."""
    folder = tmp_path_factory.mktemp("ct")
    whole: Any = nib.load(scans / "example_ct.nii.gz")
    whole.slicer[38:90, 30:82, 66:106].to_filename(folder / "abdomen.nii.gz")
    with served(build_app(Settings(root=folder))) as address:
        yield address


def test_a_click_on_a_real_ct_is_outlined_refined_undone_and_kept(
    ct: str, sight: Callable[..., Sight]
) -> None:
    """The user's whole way: load, click, see, refine, undo, redo, second object, reload."""
    seen = sight(ct, view=None)
    seen.open()
    assert len({one["plane"] for one in seen.page.evaluate("vesal.canvas.places([9, 9, 9])")}) == 3
    before = seen.colour(LIVER)
    seen.click(LIVER)
    state = seen.state()
    assert state["objects"][0]["voxels"] > 500
    assert np.array_equal(seen.shown(), seen.labels())
    after = seen.colour(LIVER)
    assert after[0] - after[1] > before[0] - before[1] + 15  # the first colour is a red
    seen.page.click("[data-view=axial]")  # what follows is the same in all views, and faster here

    seen.click((32, 14, 30), button="right")
    prompts = seen.state()["objects"][0]["prompts"]
    assert [one["positive"] for one in prompts] == [True, False]
    seen.page.keyboard.press("Control+z")
    seen.settle()
    assert len(seen.state()["objects"][0]["prompts"]) == 1
    seen.page.click("#redo")
    seen.settle()
    assert len(seen.state()["objects"][0]["prompts"]) == 2
    assert np.array_equal(seen.shown(), seen.labels())

    seen.page.click("#new-object")
    seen.settle()
    seen.click(KIDNEY)
    assert [one["voxels"] > 0 for one in seen.state()["objects"]] == [True, True]
    assert np.array_equal(seen.shown(), seen.labels())

    with seen.page.expect_download() as waiting:
        seen.page.click("#download")
    data = Path(waiting.value.path()).read_bytes()
    told = nib.Nifti1Image.from_stream(unzipped(io.BytesIO(data)))
    assert waiting.value.suggested_filename == "abdomen-labels.nii.gz"
    assert np.array_equal(np.asarray(told.dataobj), seen.labels())

    labels = seen.labels()
    seen.page.reload()
    seen.until("!!(window.vesal && window.vesal.ready)")
    assert np.array_equal(seen.shown(), labels)
    assert seen.page.locator("#objects li").count() == 2


def test_a_click_lands_on_the_voxel_under_the_pointer_of_a_flipped_oblique_volume(
    bright: str, sight: Callable[..., Sight], tmp_path: Path
) -> None:
    """On each of three planes: the world point that the server gets is that voxel's."""
    seen = sight(bright, view="multi")
    seen.open()
    grid = Grid(shape=(20, 24, 16), affine=np.array(seen.state()["image"]["affine"]))
    for plane, voxel in ((0, (5, 7, 5)), (1, (14, 16, 9)), (2, (4, 9, 6))):
        seen.click(voxel, plane=plane)
        point = seen.state()["objects"][0]["prompts"][-1]["point"]
        assert np.allclose(grid.to_index(np.array([point]))[0], voxel, atol=1e-3)
    assert np.array_equal(seen.shown(), seen.labels())
    inside = blocks() > 400
    assert np.array_equal(seen.shown() > 0, inside)


def test_boxes_scribbles_and_lassos_are_drawn_on_a_slice(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """Each tool sends its kind of prompt; a prompt can be taken back from the list."""
    seen = sight(bright)
    seen.open()
    for key, corners in (
        ("2", [(3, 4, 5), (8, 11, 5)]),
        ("3", [(4, 5, 5), (5, 8, 5), (7, 10, 5)]),
        ("4", [(3, 4, 5), (8, 4, 5), (8, 11, 5), (3, 11, 5)]),
    ):
        seen.page.keyboard.press(key)
        seen.drag(corners)
    prompts = seen.state()["objects"][0]["prompts"]
    assert [next(k for k in one if k not in ("positive", "axes")) for one in prompts] == [
        "box",
        "scribble",
        "lasso",
    ]
    low, high = prompts[0]["box"]
    assert sum(abs(b - a) < 1e-9 for a, b in zip(low, high, strict=True)) == 1  # on a slice
    seen.page.locator("#prompts li").nth(1).locator("button").nth(1).click()
    seen.settle()
    assert len(seen.state()["objects"][0]["prompts"]) == 2
    seen.page.keyboard.press("Delete")
    seen.settle()
    assert len(seen.state()["objects"][0]["prompts"]) == 1


def test_objects_are_named_coloured_hidden_locked_and_deleted(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """All in the list; a locked object refuses a click with a sentence and stays as it is."""
    seen = sight(bright)
    seen.open()
    seen.click((5, 7, 5))
    name = seen.page.locator("#objects .name").first
    name.fill("spleen")
    name.press("Enter")
    seen.settle()
    assert seen.state()["objects"][0]["name"] == "spleen"
    seen.page.locator("#objects input[type=color]").first.fill("#00ff00")
    seen.settle()
    assert seen.state()["objects"][0]["colour"] == [0, 255, 0]
    green = seen.colour((5, 7, 5))
    assert green[1] > green[0] + 15
    seen.page.get_by_label("Hide spleen").click()
    hidden = seen.colour((5, 7, 5))
    assert abs(hidden[1] - hidden[0]) < 6
    seen.page.get_by_label("Lock spleen").click()
    seen.settle()
    seen.click((14, 16, 9))
    assert "locked" in seen.page.inner_text("#problem")
    assert len(seen.state()["objects"][0]["prompts"]) == 1
    seen.page.click("#problem-close")
    seen.page.get_by_label("Delete spleen").click()
    seen.settle()
    assert seen.state()["objects"] == []
    assert not seen.shown().any()
    assert "No object is left" in seen.page.inner_text("#status")
    seen.problems = [p for p in seen.problems if "409" not in p]  # Chromium's own remark


def test_a_scan_is_sent_and_what_is_no_scan_is_told_in_words(
    sight: Callable[..., Sight], tmp_path: Path
) -> None:
    """Without a served folder: choose a file; a text file is refused with a sentence."""
    path = save_nifti(tmp_path / "mine.nii.gz", blocks())
    text = tmp_path / "letter.txt"
    text.write_text("Dear colleague")
    with served(bright_app()) as address:
        seen = sight(address)
        seen.page.goto(address)
        chooser = seen.page.locator("#scans input[type=file]").first
        chooser.set_input_files(text)
        seen.page.wait_for_selector("#problem:not([hidden])")
        assert "no image that vesal reads" in seen.page.inner_text("#problem")
        chooser.set_input_files(path)
        seen.until("!!(window.vesal && window.vesal.ready)")
        assert seen.page.inner_text("#scan-name") == "mine.nii.gz"
        seen.click((5, 7, 5))
        assert seen.state()["objects"][0]["voxels"] == int((blocks()[:10] > 400).sum())
        seen.problems = [p for p in seen.problems if "415" not in p]


def test_a_picture_is_shown_upright_and_clicked(
    sight: Callable[..., Sight], tmp_path: Path
) -> None:
    """A PNG: the top row is at the top, and a click lands in its pixel."""
    pixels = np.full((40, 60), 20, np.uint8)
    pixels[4:12, 8:24] = 220
    Pillow.fromarray(pixels).save(tmp_path / "cells.png")
    with served(bright_app(tmp_path)) as address:
        seen = sight(address)
        seen.open()
        assert seen.place((4, 30, 0))[1] < seen.place((30, 30, 0))[1]
        assert seen.place((20, 10, 0))[0] < seen.place((20, 50, 0))[0]
        seen.click((8, 16, 0))
        point = seen.state()["objects"][0]["prompts"][0]["point"]
        assert np.allclose(point, (16, 8), atol=0.51)  # x right, y down
        assert np.array_equal(seen.shown()[:, :, 0] > 0, pixels > 100)


def test_marks_stay_on_the_planes_when_these_move(bright: str, sight: Callable[..., Sight]) -> None:
    """On a tablet the list of objects grows with the first click, and the planes shrink."""
    seen = sight(bright, viewport={"width": 820, "height": 1180}, has_touch=True)
    seen.open()
    height = seen.page.locator("#overlay").bounding_box()["height"]
    seen.click(INSIDE)
    seen.until(f"document.getElementById('overlay').clientHeight < {height}")
    seen.settle()
    places = seen.page.evaluate("(v) => vesal.canvas.places(v)", list(INSIDE))
    for place in places:  # green within the ring of the mark, and not a little beside it
        assert seen.greens(place["x"], place["y"]) > 10
        assert seen.greens(place["x"] + 30, place["y"]) == 0


def test_the_key_is_asked_for_once(sight: Callable[..., Sight], tmp_path: Path) -> None:
    """A server with a key: a dialog, then everything works; the key is not in the address."""
    save_nifti(tmp_path / "blocks.nii.gz", blocks())
    key = "0123456789abcdef0123"
    with served(bright_app(tmp_path, key=key)) as address:
        seen = sight(address)
        seen.page.goto(address)
        seen.page.wait_for_selector("#key[open]")
        seen.page.fill("#key-text", key)
        seen.page.keyboard.press("Enter")
        seen.until("!!(window.vesal && window.vesal.ready)")
        assert key not in seen.page.url
        seen.problems = [p for p in seen.problems if "401" not in p]


def test_the_page_can_be_used_without_a_mouse_and_has_names_for_everything(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """The crosshair moves by keys, Enter clicks; every control has a name; help opens with ?."""
    seen = sight(bright)
    seen.open()
    seen.page.locator("#overlay").focus()
    seen.page.evaluate("vesal.canvas.lookAt([5, 7, 4])")
    seen.page.keyboard.press("PageUp")
    seen.page.keyboard.press("Enter")
    seen.settle()
    assert len(seen.state()["objects"][0]["prompts"]) == 1
    nameless = seen.page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter((one) =>"
        " !(one.labels?.length || one.ariaLabel || one.textContent.trim())).map((one) => one.id)"
    )
    assert nameless == []
    seen.page.keyboard.press("?")
    assert seen.page.locator("#keys[open]").count() == 1


def test_the_view_that_was_chosen_is_there_again(bright: str, sight: Callable[..., Sight]) -> None:
    """After the page was loaded anew, and its button is the one that is pressed."""
    seen = sight(bright)
    seen.open()
    seen.page.click("[data-view=coronal]")
    seen.page.reload()
    seen.until("!!(window.vesal && window.vesal.ready)")
    assert [one["plane"] for one in seen.page.evaluate("vesal.canvas.places([9, 9, 9])")] == [1]
    pressed = seen.page.locator("[data-view][aria-pressed=true]")
    assert pressed.get_attribute("data-view") == "coronal"


def test_the_shown_scan_is_the_scan_and_is_sent_to_the_screen_once(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """Voxel values are those of the file; what is done after that sends and draws no more of it.

    A laptop without a graphics card would take seconds for a large scan, at each click.
    """
    seen = sight(bright)
    seen.open()
    shape, values = seen.page.evaluate(
        "[vesal.canvas.volume.hdr.dims.slice(1, 4), Array.from(vesal.canvas.volume.img)]"
    )
    assert np.array_equal(np.array(values).reshape(shape, order="F"), blocks())
    seen.page.evaluate(COUNTING)
    seen.click(INSIDE)
    seen.page.locator("#objects input[type=color]").first.fill("#00ff00")
    seen.settle()
    sent, draws = seen.page.evaluate("[vesal.sent, vesal.draws]")
    assert sent == 0
    assert draws > 1
    looks = "[3, 4, 5, 6].forEach((n) => vesal.canvas.lookAt([5, n, 5]))"
    seen.page.evaluate(looks)
    seen.settle()
    assert seen.page.evaluate("vesal.draws") == draws + 1
    seen.page.evaluate("vesal.canvas.window(0, 500)")
    assert seen.page.evaluate("vesal.sent") == 1  # the count is one of that
