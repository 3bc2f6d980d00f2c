"""Damaged files given to commands: one sentence on the terminal, and the exit code of bad input.

What could crash the process is tried elsewhere, in processes of its own.
"""

from pathlib import Path

import pytest

from tests.damaged.kinds import KINDS
from tests.damaged.mutations import mutated
from vesal.cli.main import main

COMMANDS = {
    "nii": "info FILE",
    "mha of zlib": "info FILE",
    "nrrd of gzip": "info FILE",
    "tiff of LZW": "info FILE",
    "png inside": "info FILE",
    "dicom": "info FILE",
    "dicom series": "info FILE",
    "zip of dicom": "info FILE",
    "pth": "weights info FILE",
    "pth, its pickle": "weights info FILE",
    "safetensors, its head": "weights info FILE",
    "prompts in JSON": "segment --prompts FILE -o OUT",
    "prompts in Parquet": "segment --prompts FILE -o OUT",
    "table of pairs": "curate FILE -o OUT",
    "hdr": "segment FILE --voxel --point 1,1,1 -o OUT.nii",
}
"""The kind of file, and a command that reads it before it does anything that takes time."""
CASES = 12


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_refuses_a_damaged_file_in_one_line(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """And writes nothing. Every case is a cut, of which no format holds half."""
    case = KINDS[kind].make(tmp_path)
    given, out = case.opened or case.path, tmp_path / "result"
    words = COMMANDS[kind].replace("FILE", str(given)).replace("OUT", str(out)).split()
    for index in range(CASES):
        cut = mutated(case.core, kind, 0, index, 4 * CASES + 4)
        case.path.write_bytes(case.wrap(cut))
        code = main(words)
        told, error = capfd.readouterr()
        assert code in (2, 3), (index, told, error)
        assert error.startswith("error: "), (index, error)
        assert error.count("\n") == 1, (index, error)
        assert "Traceback" not in error
    assert not list(tmp_path.glob("result*"))
