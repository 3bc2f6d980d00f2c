"""The page about automatic models runs."""

import re
from pathlib import Path

from vesal.labels import open_labels

PAGE = Path(__file__).resolve().parents[2] / "docs" / "automatic.md"


def test_the_code_of_the_page_runs_and_writes_what_it_says(scans: Path, tmp_path: Path) -> None:
    """From a config to a label map of a real scan, with the names of the classes."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    names: dict[str, object] = {"SCAN": scans / "example_mr_sm.nii.gz", "WORK": tmp_path}
    exec(compile(code, "docs/automatic.md", "exec"), names)  # noqa: S102
    labels = open_labels(tmp_path / "labels.nii.gz")
    assert [segment.name for segment in labels.segments] == ["liver", "spleen", "stomach"]
