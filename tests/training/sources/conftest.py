"""Real scans, prepared once for all tests of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vesal.training.case import Case

    Cases = dict[str, Case]


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """CT, MR and brain on their own grids, and CT and MR as SAM-Med3D sees them at 3 mm."""
    from tests.training.pairs import brain_pair, ct_pair, mr_pair, picture_pairs, prepared

    folder = tmp_path_factory.mktemp("cases")
    pairs = (ct_pair(), mr_pair(), brain_pair())
    own = prepared(folder, *pairs)
    coarse = prepared(folder, *pairs, spacing_mm=3.0, antialias=False)
    pictures = prepared(folder, *picture_pairs(folder / "raw"))
    found = {case.name: case for case in own}
    found |= {f"{case.name} 3 mm": case for case in coarse}
    return found | {f"picture {number}": case for number, case in enumerate(pictures)}
