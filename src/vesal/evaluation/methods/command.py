"""A program of somebody else that is called anew in each round, and writes a mask."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from vesal.arrays import MaskArray
from vesal.errors import ImageError, ResourceError
from vesal.evaluation.methods.image_file import own_file, write_image
from vesal.evaluation.methods.program import TIMEOUT_S, Program
from vesal.evaluation.methods.prompt_file import write_prompts
from vesal.geometry.grid import Grid
from vesal.images import Image
from vesal.labels import open_labels
from vesal.prompts import Prompt

_APART = 1e-3  # mm in an entry of an affine: NIfTI keeps seven digits of it


class CommandMethod:
    """A program with the places {image}, {prompts} and {output}.

    {image} is a file of the image: its own, where it is a single one; else NIfTI for a volume and
    PNG or TIFF for a raster. {prompts} is a JSON file of all that was said so far, as
    `vesal segment --prompts` reads it, in array indices. {output} is where it must write a mask on
    the image's grid, not 0 inside: a name ending in .nii.gz, or .png for a raster.

    Args:
        command: words of the command line.
        name: how tables call it.
        timeout_s: seconds after which a round is given up.

    Raises:
        ConfigError: a place is missing, or there is no such program.
    """

    def __init__(self, command: str, name: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._program = Program(command, ("image", "prompts", "output"), timeout_s=timeout_s)
        self._name = name
        self._last: tuple[Image, Path | None] | None = None

    @property
    def name(self) -> str:
        """How tables call it."""
        return self._name

    @property
    def identity(self) -> str:
        """Its command line: what the program is cannot be told from outside."""
        return f"command {self._program.command}"

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every kind: what the program makes of them is its own affair."""
        return ("point", "box", "scribble", "lasso", "mask")

    def begin(self, image: Image) -> "CommandTrial":
        """A trial of a new object; the program is not called yet."""
        if self._last is None or self._last[0] is not image:
            self._last = (image, own_file(image))
        return CommandTrial(self._program, self._name, image, self._last[1])


class CommandTrial:
    """One object."""

    def __init__(self, program: Program, name: str, image: Image, file: Path | None) -> None:
        self._program, self._name = program, name
        self._image, self._file = image, file
        self._rounds: tuple[tuple[Prompt, ...], ...] = ()

    @property
    def stability(self) -> float | None:
        """None: a program says nothing of it."""
        return None

    def add(self, prompts: Sequence[Prompt]) -> MaskArray:
        """The mask that the program writes when it is told these prompts too.

        Raises:
            PromptError: prompts of another number of axes than the image.
            ResourceError: the program fails, does not end in time, or writes nothing.
            ImageError: what it writes is no mask on the image's grid.
        """
        self._rounds = (*self._rounds, tuple(prompts))
        grid = self._image.grid
        with tempfile.TemporaryDirectory(prefix="vesal-") as made:
            folder = Path(made)
            file = self._file or write_image(self._image, folder)
            asked = folder / "prompts.json"
            write_prompts(asked, self._image, file, self._rounds)
            output = folder / ("output.png" if grid.ndim == 2 else "output.nii.gz")
            places = {"image": str(file), "prompts": str(asked), "output": str(output)}
            self._program.run(places)
            if not output.exists():
                msg = f"{self._name} ended well, but wrote no mask to {{output}}, {output.name}"
                raise ResourceError(msg)
            return _mask_in(output, grid, self._name)


def _mask_in(path: Path, grid: Grid, name: str) -> MaskArray:
    """The mask in a file; raises ImageError if it is none on this grid."""
    labels = open_labels(path)
    if labels.grid.shape != grid.shape:
        msg = f"{name} must write a mask of {grid.shape} voxels, got {labels.grid.shape}"
        raise ImageError(msg)
    if grid.ndim == 3 and not labels.grid.same_as(grid, _APART):
        got, wanted = labels.grid.affine.tolist(), grid.affine.tolist()
        msg = f"{name} must write a mask with the affine of the image, {wanted}, got {got}"
        raise ImageError(msg)
    mask: MaskArray = labels.array != 0
    return mask
