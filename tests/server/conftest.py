"""Fixtures of pages in a browser; it imports no vesal, as conftest files are loaded early."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.server.sight import Sight


VIEWPORT = {"width": 1000, "height": 480}
"""In CSS pixels."""


@pytest.fixture(scope="module", autouse=True)
def _no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let httpx trust nobody: reading all authorities takes longer than most requests here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("authorities")))
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium without a window; skips where it is not, or playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make test")
    from tests.server.sight import CHROMIUM, FLAGS

    if CHROMIUM is None:
        pytest.skip("needs Debian's Chromium: apt-get install chromium")
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def known(browser: Any) -> Any:
    """A page that tests use one after the other: a new one compiles all scripts anew."""
    return browser.new_page(viewport=VIEWPORT)


@pytest.fixture
def sight(browser: Any, known: Any) -> Iterator[Callable[..., Sight]]:
    """Opens pages that remember nothing; at the end nothing may have gone wrong in any of them.

    The first one of a test is the known one, if it has no options.
    """
    from tests.server.sight import Sight

    opened: list[Sight] = []

    def see(address: str, view: str | None = "axial", **options: Any) -> Sight:
        fresh = bool(opened or options)
        page = browser.new_page(**{"viewport": VIEWPORT, **options}) if fresh else known
        opened.append(Sight(page, address, view=view))
        return opened[-1]

    yield see
    for one in opened:
        one.leave()
        if one.page is not known:
            one.page.close()
    assert [problem for one in opened for problem in one.problems] == []


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with one small volume, flipped and oblique, and a fast model."""
    from tests.grids import rotation
    from tests.server.serving import blocks, bright_app, save_nifti, served

    folder = tmp_path_factory.mktemp("bright")
    affine = np.eye(4)
    affine[:3, :3] = rotation(8, -11, 14) @ np.diag([-2.0, -1.5, 3.0])[:, [1, 0, 2]]
    affine[:3, 3] = (30, -20, 100)
    save_nifti(folder / "blocks.nii.gz", blocks(), affine)
    with served(bright_app(folder)) as address:
        yield address
