"""A submission to the CVPR 2025 challenge: a program that reads a folder of npz files."""

import tempfile
from pathlib import Path

from vesal.arrays import LabelArray
from vesal.datasets.challenge import ChallengeCase, read_numbered, write_case
from vesal.errors import ConfigError, ResourceError
from vesal.evaluation.method import Trial
from vesal.evaluation.methods.program import Program
from vesal.images import Image

_CASE = "case.npz"


class SubmissionMethod:
    """A program with the places {inputs} and {outputs}, as `predict.sh` of the challenge has.

    Args:
        command: words of the command line.
        name: how tables call it.

    Raises:
        ConfigError: a place is missing, or there is no such program.
    """

    def __init__(self, command: str, name: str) -> None:
        self._program = Program(command, ("inputs", "outputs"))
        self._name = name

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """Its command line: what the program is cannot be told from outside."""
        return f"submission {self._program.command}"

    @property
    def prompts(self) -> tuple[str, ...]:
        """Those of the challenge."""
        return ("point", "box")

    def begin(self, image: Image) -> Trial:
        """Nothing: it answers whole cases; raises ConfigError."""
        msg = f"{self._name} answers whole cases, not {image.source.name}: --protocol cvpr-2025"
        raise ConfigError(msg)

    def answer(self, case: ChallengeCase) -> LabelArray:
        """The label map that the program writes.

        Raises:
            ResourceError: it fails, or writes nothing.
            ImageError: what it writes is no label map of the case.
        """
        with tempfile.TemporaryDirectory(prefix="vesal-") as folder:
            inputs, outputs = Path(folder) / "inputs", Path(folder) / "outputs"
            inputs.mkdir()
            outputs.mkdir()
            write_case(inputs / _CASE, case)
            self._program.run({"inputs": str(inputs), "outputs": str(outputs)})
            written = outputs / _CASE
            if not written.exists():
                msg = f"{self._name} ended well, but wrote no {_CASE} into its output folder"
                raise ResourceError(msg)
            return read_numbered(written, "segs", case.image.grid.shape)
