"""Take the pictures of our page that the docs show: a real CT, two objects, desk and tablet.

    PYTHONPATH=. python scripts/viewers/page.py SCAN -o docs

The places that are clicked on are those of the packaged CT (src/vesal/assets/scans).
"""

import argparse
import tempfile
from pathlib import Path

from PIL import Image as Pillow
from playwright.sync_api import sync_playwright
from tests.server.serving import served
from tests.server.sight import CHROMIUM, FLAGS, Sight

from vesal.server.app import build_app
from vesal.server.settings import Settings

SIZES = {"viewer": (1500, 900), "viewer_tablet": (820, 1180)}
COLOURS = 256  # of a picture: a third of the bytes
LIVER = ((92, 50, 101), (79, 50, 101))
BLADDER = ((59, 53, 18),)


def main() -> None:
    """Click, and keep the pictures."""
    parser = argparse.ArgumentParser(description="Take pictures of the page.")
    parser.add_argument("scan", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (width, height) in SIZES.items():
            with served(build_app(Settings(root=given.scan, work=Path(work) / name))) as url:
                page = browser.new_page(viewport={"width": width, "height": height})
                seen = Sight(page, url, view=None)
                seen.open()
                for number, clicks in enumerate((LIVER, BLADDER)):
                    if number:
                        page.click("#new-object")
                        seen.settle()
                    for voxel in clicks:
                        seen.click(voxel)
                page.wait_for_timeout(1000)
                path = given.output / f"{name}.png"
                page.screenshot(path=str(path))
                Pillow.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
                print(name, [round(one["volume_ml"]) for one in seen.state()["objects"]], "ml")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
