"""What the documentation says is what happens: its code runs, its links lead somewhere."""

import re
from pathlib import Path

import pytest

import vesal
from vesal.session import Session

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_the_python_page_runs_from_top_to_bottom(scans: Path, tmp_path: Path) -> None:
    """All blocks share their names, as in a notebook."""
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    names: dict[str, object] = {"SCAN": scans / "example_ct.nii.gz", "WORK": tmp_path}
    blocks = _BLOCK.findall(text)
    assert len(blocks) > 5
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102
    assert (tmp_path / "labels.seg.nrrd").exists()
    assert (tmp_path / "patient7.vesal").exists()


def test_the_python_page_names_all_that_is_public() -> None:
    """Each public name of the package, and each public method of a session."""
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    names = [*vesal.__all__, *(name for name in dir(Session) if not name.startswith("_"))]
    missing = [name for name in names if name not in text]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    """A file that was moved is noticed."""
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    lost = [link for link in local if not (page.parent / link).exists()]
    assert lost == []
