"""Click in the real OHIF, by hand: Orthanc holds a series, vesal serves OHIF and answers.

    PYTHONPATH=. python scripts/viewers/ohif.py SERIES_FOLDER -o ohif.png --at 0.5,0.55

OHIF, built with the MONAI Label extension, lies in the wheel of monailabel (`make setup`); Orthanc
and Chromium come from Debian (`scripts/install_for_tests.sh`).
"""

import argparse
import importlib.util
import json
import re
import tempfile
from email.parser import BytesParser
from pathlib import Path

import numpy as np
import pydicom
from dicomweb_client.api import DICOMwebClient
from playwright.sync_api import Locator, Page, Response, sync_playwright
from tests.server.orthanc import orthanc
from tests.server.serving import served

from vesal.server.app import build_app
from vesal.server.settings import Settings

FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
ORGAN = "vertebra"
LONGEST_MS = 120_000
DRAWN_MS = 4_000  # until the mask is on the screen


def main() -> None:
    """Run it, print what was asked, keep a picture."""
    parser = argparse.ArgumentParser(description="Click in OHIF, and keep a picture.")
    parser.add_argument("series", type=Path, help="folder of a DICOM series")
    parser.add_argument("-o", "--output", type=Path, default=Path("ohif.png"))
    parser.add_argument("--at", default="0.5,0.5", help="where in the first view, as shares of it")
    given = parser.parse_args()
    across, down = (float(part) for part in given.at.split(","))
    files = [pydicom.dcmread(path) for path in sorted(given.series.iterdir())]
    study = identify(files)
    with tempfile.TemporaryDirectory() as folder, orthanc(Path(folder)) as root:
        DICOMwebClient(url=root).store_instances(files)
        app = build_app(Settings(dicomweb=root, ohif=built_ohif()))
        with served(app) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1500, "height": 900})
            page.set_default_timeout(LONGEST_MS)
            connect(page, url, study)
            report(clicked(page, across, down))
            page.screenshot(path=str(given.output))
            browser.close()


def identify(files: list[pydicom.FileDataset]) -> str:
    """Fill in what anonymisers blank and Orthanc needs; return the study."""
    study, series = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    for file in files:
        file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID
        file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID
        file.StudyInstanceUID, file.SeriesInstanceUID = study, series
        file.PatientID = file.StudyID = "vesal"
    return str(study)


def built_ohif() -> Path:
    """The folder of OHIF in the wheel of monailabel."""
    found = importlib.util.find_spec("monailabel")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("monailabel is not installed; run make setup")
    return Path(found.submodule_search_locations[0]) / "endpoints" / "static" / "ohif"


def connect(page: Page, url: str, study: str) -> None:
    """Open the study, and connect the panel to the server."""
    page.goto(f"{url}/ohif/monai-label?StudyInstanceUIDs={study}")
    page.get_by_text("Confirm and Hide").click()
    field = page.locator("#monailabelServerURL")
    field.fill(f"{url}/")
    field.locator("xpath=ancestor::tr").locator("button").click()


def clicked(page: Page, across: float, down: float) -> Response:
    """The answer to a point in the first view."""
    page.get_by_text("Point Prompts").click()
    page.get_by_text(ORGAN).first.click()
    page.mouse.click(*place(page.locator("canvas").first, across, down))
    page.wait_for_timeout(1000)  # until the point is there
    with page.expect_response(re.compile("/infer/")) as answer:
        page.get_by_role("button", name="Run").last.click()
    page.wait_for_timeout(DRAWN_MS)
    return answer.value


def place(view: Locator, across: float, down: float) -> tuple[float, float]:
    """A point of a view on the page, px."""
    box = view.bounding_box()
    if box is None:
        raise SystemExit("OHIF shows no view")
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


def report(answer: Response) -> None:
    """Print what was asked and answered."""
    request = answer.request
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser().parsebytes(head + (request.post_data_buffer or b""))
    params = next(part for part in form.walk() if not part.is_multipart())
    print(request.method, request.url)
    print(json.loads(str(params.get_payload())))
    about, _, voxels = answer.body().partition(b"\n\n")
    print(answer.status, *re.findall(rb"sizes: .*", about))
    print(np.count_nonzero(np.frombuffer(voxels, np.uint8)), "voxels of the object")


if __name__ == "__main__":
    main()
