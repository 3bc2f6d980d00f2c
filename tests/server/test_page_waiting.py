"""The page while answers are on their way, and while others are at work."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.server.serving import blocks, bright_app, save_nifti, served
from tests.server.sight import Sight

INSIDE = (5, 7, 5)
"""A voxel of the first block."""
OTHER = (14, 16, 9)
"""A voxel of the second block."""


def test_what_is_done_before_an_answer_goes_where_it_was_meant(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """A click after New is about the new object; Delete takes the last click back, not an older."""
    seen = sight(bright)
    seen.open()
    seen.click(INSIDE)
    release = seen.hold("**/objects")
    seen.page.click("#new-object")
    seen.page.mouse.click(*seen.place(OTHER))
    release()
    seen.settle()
    before = [one["prompts"] for one in seen.state()["objects"]]
    assert [len(prompts) for prompts in before] == [1, 1]
    release = seen.hold("**/prompts")
    seen.page.mouse.click(*seen.place((13, 15, 7)))
    seen.page.keyboard.press("Delete")
    release()
    seen.settle()
    assert [one["prompts"] for one in seen.state()["objects"]] == before


def test_a_scan_dropped_while_an_answer_is_on_its_way_is_sent(
    sight: Callable[..., Sight], tmp_path: Path
) -> None:
    """What is dropped is known only while the event lasts."""
    (tmp_path / "served").mkdir()
    save_nifti(tmp_path / "served" / "blocks.nii.gz", blocks())
    with served(bright_app(tmp_path / "served")) as address:
        seen = sight(address)
        seen.open()
        release = seen.hold("**/prompts")
        seen.page.mouse.click(*seen.place(INSIDE))
        seen.drop(save_nifti(tmp_path / "mine.nii.gz", blocks()))
        release()
        seen.until("vesal.state.scan.name === 'mine.nii.gz' && vesal.ready && !vesal.busy")


def test_a_name_is_whole_though_answers_come_while_it_is_typed(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """Of an object that is not in hand: it is, from then on; deleted, the next one is told."""
    seen = sight(bright)
    seen.open()
    seen.page.click("#new-object")
    seen.settle()
    answer, select = seen.hold("**/prompts"), seen.hold("**/objects/1")
    seen.page.mouse.click(*seen.place(INSIDE))
    seen.page.get_by_label("Name of object 1").focus()
    seen.page.keyboard.press("Control+a")
    seen.page.keyboard.type("spl")
    answer()
    seen.until("vesal.state.objects[1].prompts.length === 1")
    seen.page.keyboard.type("e")
    select()
    seen.settle()
    seen.page.keyboard.type("en")
    seen.page.keyboard.press("Enter")
    seen.settle()
    state = seen.state()
    assert state["current"] == 1
    assert [(one["name"], len(one["prompts"])) for one in state["objects"]] == [
        ("spleen", 0),
        ("object 2", 1),
    ]
    assert seen.page.get_by_label("Name of object 1").input_value() == "spleen"
    seen.page.get_by_label("Delete spleen").click()
    seen.settle()
    assert seen.page.inner_text("#status") == "object 2 is in hand now"
    assert seen.page.locator("#objects li.current .name").input_value() == "object 2"


@pytest.mark.parametrize("revision", [0, 10**12])
def test_what_others_did_is_read_anew_whatever_the_revision_is(
    revision: int, sight: Callable[..., Sight], tmp_path: Path
) -> None:
    """When the events come again after a break, and when an own step does not follow."""
    save_nifti(tmp_path / "blocks.nii.gz", blocks())
    app = bright_app(tmp_path)
    with served(app) as address:
        seen = sight(address)
        seen.page.route("**/events", lambda route: route.abort())
        seen.open()
        seen.click(INSIDE)
        session = seen.state()["id"]
        desk = app.state.office.desks.of(session)
        seen.wire.post(f"/api/sessions/{session}/undo")
        desk.revision = revision  # as of a server that began anew
        seen.page.unroute("**/events")
        seen.until(f"vesal.state.revision === {revision} && !vesal.busy")
        assert not seen.shown().any()
        seen.wire.post(f"/api/sessions/{session}/redo")
        desk.revision = revision + 7
        seen.page.click("#new-object")
        seen.settle()
        assert seen.shown().any()
        assert np.array_equal(seen.shown(), seen.labels())
        seen.problems = [p for p in seen.problems if "ERR_FAILED" not in p]


def test_a_session_that_was_given_up_elsewhere_is_told(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """A sentence, and the list of scans."""
    seen = sight(bright)
    seen.page.route("**/events", lambda route: route.abort())
    seen.open()
    seen.wire.delete(f"/api/sessions/{seen.state()['id']}")
    seen.page.unroute("**/events")
    seen.page.wait_for_selector("#scans[open]")
    assert "not there any more" in seen.page.inner_text("#problem")
    assert "session=" not in seen.page.url
    seen.problems = [p for p in seen.problems if "ERR_FAILED" not in p and "404" not in p]


def test_a_session_in_which_nothing_was_done_is_given_up_when_it_is_left(
    sight: Callable[..., Sight], tmp_path: Path
) -> None:
    """Only one that the page itself opened."""
    for name in "ab":
        save_nifti(tmp_path / f"{name}.nii.gz", blocks())

    def choose(seen: Sight, name: str) -> str:
        seen.page.get_by_label(f"Open {name}.nii.gz").click()
        seen.until(f"vesal.state?.scan.name === '{name}.nii.gz' && vesal.ready && !vesal.busy")
        return str(seen.page.evaluate("vesal.state.id"))

    with served(bright_app(tmp_path)) as address:
        seen = sight(address)
        seen.page.goto(address)
        empty = choose(seen, "a")
        seen.page.click("#open-scan")
        clicked = choose(seen, "b")
        seen.click(INSIDE)
        seen.page.click("#open-scan")
        sent = choose(seen, "a")
        guest = sight(address)
        guest.open(f"/#session={sent}")
        guest.page.click("#open-scan")
        choose(guest, "b")
        assert [seen.status(one) for one in (empty, clicked, sent)] == [404, 200, 200]


def test_the_header_is_one_line_and_formats_tell_what_they_lose(
    bright: str, sight: Callable[..., Sight]
) -> None:
    """At 1280 pixels; two on a tablet."""
    seen = sight(bright, viewport={"width": 1280, "height": 800})
    seen.open()
    assert seen.page.locator("header").bounding_box()["height"] < 60
    seen.page.set_viewport_size({"width": 820, "height": 1180})
    assert seen.page.locator("header").bounding_box()["height"] < 100
    options = seen.page.locator("#format option").all_inner_texts()
    nameless = [one for one in options if one.endswith("without names")]
    assert [one.split(" (")[0] for one in nameless] == ["NRRD", "MetaImage", "surfaces", "PNG"]
