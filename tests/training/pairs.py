"""Real scans as pairs, and made ones, for everything that learns from prepared cases."""

from pathlib import Path

import numpy as np
from PIL import Image as Picture

from tests.datasets.trees import nifti, write_json
from vesal.datasets import LabelFile, Pair, Structure, find_pairs
from vesal.training.case import Case
from vesal.training.store import Preparation, prepare

SCANS = Path(__file__).parents[2] / "src" / "vesal" / "assets" / "scans"
DATA = Path(__file__).parents[1] / "data"

ORGANS = {"spleen": (1,), "kidney right": (2,), "liver": (5,), "kidneys": (2, 3)}


def ct_pair(**structures: tuple[int, ...]) -> Pair:
    """The CT that vesal ships, with some of its organs."""
    meant = structures or ORGANS
    label = LabelFile(
        path=SCANS / "example_seg_fast_force_split.nii.gz",
        structures=tuple(Structure(name=n, values=v) for n, v in meant.items()),
    )
    return Pair(
        name="ct", image=SCANS / "example_ct.nii.gz", labels=(label,), modality="CT", dataset="big"
    )


def mr_pair() -> Pair:
    """The MR that vesal ships, with its liver."""
    label = LabelFile(
        path=SCANS / "example_seg_mr.nii.gz", structures=(Structure(name="liver", values=(5,)),)
    )
    return Pair(
        name="mr", image=SCANS / "example_mr_sm.nii.gz", labels=(label,), modality="MR",
        dataset="small",
    )  # fmt: skip


def brain_pair() -> Pair:
    """A brain MR with a tumour, in thick slices."""
    label = LabelFile(path=DATA / "brain1_label.nrrd")
    return Pair(name="brain", image=DATA / "brain1_image.nrrd", labels=(label,), modality="MR")


def picture_pairs(folder: Path) -> tuple[Pair, ...]:
    """Colour pictures with masks, as SAM-Med2D's curated sets are laid out."""
    rng = np.random.default_rng(3)
    listed: dict[str, list[str]] = {}
    for number, shape in enumerate([(90, 120), (300, 200), (256, 256)]):
        rows, columns = np.indices(shape)
        left = (rows - 40) ** 2 + (columns - 50) ** 2 < 30**2
        right = (rows > 50) & (rows < 80) & (columns > 80) & (columns < 110)
        picture = rng.integers(0, 60, (*shape, 3)).astype(np.uint8)
        picture[left] += 150
        name = f"fundus_photography--SET--{number:03d}--2d_none"
        image, *masks = (
            (f"images/{name}.png", picture),
            (f"masks/{name}--0001_000.png", 255 * left.astype(np.uint8)),
            (f"masks/{name}--0002_000.png", 255 * right.astype(np.uint8)),
        )
        listed[image[0]] = [where for where, _ in masks]
        for where, array in (image, *masks):
            path = folder / where
            path.parent.mkdir(parents=True, exist_ok=True)
            Picture.fromarray(array).save(path)
    write_json(folder / "SAMed2D_v1.json", listed)
    return find_pairs(folder).pairs


def blob_pair(
    folder: Path, name: str, affine: object, shape: tuple[int, ...], *, flat: bool = False
) -> Pair:
    """A small volume with one structure, on any grid; of one value if it is flat."""
    index = np.indices(shape)
    middle = [n / 2 for n in shape]
    reach = sum(((i - c) / max(c, 1)) ** 2 for i, c in zip(index, middle, strict=True))
    mask = (reach < 0.5).astype(np.uint8)
    mask[tuple(n // 2 for n in shape)] = 1
    image = np.random.default_rng(5).integers(-900, 900, shape).astype(np.int16)
    image = np.zeros_like(image) if flat else image
    return Pair(
        name=name,
        image=nifti(folder / f"{name}.nii.gz", image, affine),  # type: ignore[arg-type]
        labels=(
            LabelFile(
                path=nifti(folder / f"{name}_label.nii.gz", mask, affine),  # type: ignore[arg-type]
                structures=(Structure(name="blob", values=(1,)),),
            ),
        ),
    )


def prepared(
    folder: Path, *pairs: Pair, spacing_mm: float = 0.0, antialias: bool = True
) -> tuple[Case, ...]:
    """Cases of pairs."""
    return prepare(pairs, folder, Preparation(spacing_mm=spacing_mm, antialias=antialias)).cases
