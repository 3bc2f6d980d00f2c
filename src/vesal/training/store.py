"""Data sets as training wants them: each image and its structures prepared once, kept in a folder.

A case is made anew where its files, its labels' meaning or the preparation have changed, and where
what was kept is damaged. A run that was stopped goes on with what is there.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vesal.arrays import Voxels
from vesal.datasets import Opened, Pair, Target, open_pair
from vesal.datasets.stamp import files_of, stamp_of
from vesal.errors import ConfigError, ResourceError, VesalError
from vesal.geometry import Grid, Patch, resample
from vesal.images import Image
from vesal.images.fingerprint import file_stamp
from vesal.images.intensity import robust_range
from vesal.images.normalisation import moments
from vesal.inference.lattice import lattice_of, read_window
from vesal.labels.write import safe_names
from vesal.progress import Progress, silent
from vesal.training.case import SUFFIX, Case, Held, load_case, save_case
from vesal.workers import done_by_workers

logger = logging.getLogger(__name__)

_FORMAT = 1  # of the files; another one makes all cases anew
_PILOTS = 6  # cases whose size tells what the others will take
_KEPT_FREE = 0.05  # of the free room on the disk, for others
_EXACT = 1e-3  # of an image's range: rounding that is far below any scanner's noise
_STALE_S = 24 * 3600.0
_SMALL_TYPES = (np.int16, np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How images are kept.

    Attributes:
        spacing_mm: of cubic voxels along the nearest axes of RAS; 0 keeps the image's own grid.
            Pictures are kept as they are.
        antialias: blur what becomes coarser. Without it values are read as SAM-Med3D reads them,
            in training and at use: linear, whole numbers cut to whole numbers, 0 outside.
        only: names of the structures that are wanted, with * and ?; all if there are none.
        resample_labels: take labels on another grid than their image's, by the nearest voxel.

    Raises:
        ConfigError: a spacing that is none.
    """

    spacing_mm: float = 0.0
    antialias: bool = True
    only: tuple[str, ...] = ()
    resample_labels: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.spacing_mm < 1000:
            msg = f"spacing_mm must be 0 (as it is) or up to 1000, got {self.spacing_mm}"
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The cases of a data set in the order of its pairs, and what became of the others."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]
    size_bytes: int
    """What the cases take on the disk."""


def prepare(
    pairs: Sequence[Pair],
    folder: Path,
    preparation: Preparation,
    *,
    workers: int = 0,
    limit_bytes: int = 0,
    progress: Progress = silent,
) -> Prepared:
    """The cases of pairs, made where they are not in the folder yet.

    The first few are spread over the pairs and tell what all will take; if that is more than there
    is room for, nothing else is made. What cannot be read is left out with a note.

    Args:
        pairs: from `find_pairs`; several data sets may share a folder, and runs may at once.
        folder: for the cases; made if it is not there.
        preparation: how they are kept.
        workers: processes; 0 for this one alone.
        limit_bytes: most that all cases may take; 0 for nearly all of the free room.
        progress: called with each case that is there, and the size that all are expected to have.

    Raises:
        ConfigError: no pair, or none with a structure that can be used.
        ResourceError: no room on the disk, or processes cannot be started.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}); give a folder for prepared cases"
        raise ResourceError(msg) from error
    _tidy(folder)
    paths = [folder / _file_name(pair, preparation) for pair in pairs]
    found = {path: case for path in paths if (case := load_case(path)) is not None}
    jobs = [(pair, path) for pair, path in zip(pairs, paths, strict=True) if path not in found]
    notes: dict[Path, str] = {}
    pilots = jobs[:: max(1, len(jobs) // _PILOTS)][:_PILOTS]
    rest = [job for job in jobs if job not in pilots]
    expected = ""
    for some in (pilots, rest):
        for path, result in _made(some, preparation, workers):
            if isinstance(result, Case):
                found[path] = result
            else:
                notes[path] = result
            progress(len(found) + len(notes), len(pairs), f"preparing cases{expected}")
        if some is pilots and rest:
            expected = f", about {_check_room(pilots, rest, found, limit_bytes):.1f} GB"
    return _result(pairs, paths, found, notes, preparation.only)


def _tidy(folder: Path) -> None:
    """Remove what runs that were killed left half written, a day after they wrote it."""
    for path in folder.glob(f".vesal-*{SUFFIX}"):
        with suppress(OSError):  # another run has removed it, or renamed it: it was not so old
            if time.time() - path.stat().st_mtime > _STALE_S:
                path.unlink()


def _result(
    pairs: Sequence[Pair],
    paths: Sequence[Path],
    found: dict[Path, Case],
    notes: dict[Path, str],
    only: Sequence[str],
) -> Prepared:
    said = list(notes.values())
    none = f"it has no {' and no '.join(only)}" if only else "it has no structure"
    for path in dict.fromkeys(paths):
        case = found.get(path)
        if case is not None and not case.structures:
            said.append(f"{case.name} is left out: {'; '.join(case.notes) or none}")
        elif case is not None:
            said += [f"{case.name}: {note}" for note in case.notes]
    cases = tuple(found[path] for path in paths if path in found and found[path].structures)
    if not cases:
        why = f", as {said[0]}" if said else ""
        msg = f"training needs an image with a structure, got none in {len(pairs)} pairs{why}"
        raise ConfigError(msg)
    size = sum(case.path.stat().st_size for case in cases)
    logger.info("%d cases take %.2f GB", len(cases), size / 1e9)
    return Prepared(cases=cases, notes=tuple(said), size_bytes=size)


def _made(
    jobs: Sequence[tuple[Pair, Path]], preparation: Preparation, workers: int
) -> Iterator[tuple[Path, Case | str]]:
    """What became of each job, as they end: a case, or why there is none."""
    made = partial(_made_one, preparation)
    for (pair, path), result in done_by_workers(made, jobs, workers if len(jobs) > 1 else 0):
        lost = f"{pair.name} is left out: its process died, usually because memory ran out"
        yield path, result or lost


def _made_one(preparation: Preparation, job: tuple[Pair, Path]) -> Case | str:
    pair, path = job
    try:
        opened = open_pair(pair, resample=preparation.resample_labels, only=preparation.only)
        case, image, patches = _converted(opened, path, preparation)
    except VesalError as error:
        return f"{pair.name} is left out: {error}"
    save_case(case, image, patches)
    return case


def _converted(
    opened: Opened, path: Path, preparation: Preparation
) -> tuple[Case, Voxels, list[Patch]]:
    """The case, its image and its masks on the grid that they are kept on."""
    image, pair = opened.image, opened.pair
    grid, array = _moved_image(image, preparation)
    moved = [(t.name, _moved(t, image.grid, grid)) for t in opened.targets]
    kept = [(name, patch) for name, patch in moved if not patch.is_empty]
    lost = [name for name, patch in moved if patch.is_empty]
    notes = list(opened.notes)
    if lost:
        notes.append(f"{', '.join(lost)} is lost at {preparation.spacing_mm:g} mm")
    case = Case(
        path=path,
        name=pair.name,
        dataset=pair.dataset,
        modality=pair.modality,
        patient=pair.whose,
        grid=grid,
        colour=image.is_colour,
        structures=tuple(
            Held(name=name, start=patch.start, shape=patch.shape, voxels=patch.count)
            for name, patch in kept
        ),
        bounds=robust_range(image.array),
        moments=moments(image.intensities),
        notes=tuple(notes),
    )
    return case, _compact(array), [patch for _, patch in kept]


def _moved_image(image: Image, preparation: Preparation) -> tuple[Grid, Voxels]:
    if not preparation.spacing_mm or image.grid.ndim == 2:
        return image.grid, image.array
    grid = lattice_of(image.grid, preparation.spacing_mm)
    if not preparation.antialias:
        return grid, read_window(image.array, image.grid, grid)
    darkest = float(image.array.min())
    return grid, resample(image.array, image.grid, grid, fill=darkest, antialias=True)


def _moved(target: Target, source: Grid, grid: Grid) -> Patch:
    """A structure on another grid, by the nearest voxel; only the part under it is looked at."""
    if source is grid:
        return target.patch
    start = np.array(target.patch.start)
    local = source.crop(start.tolist(), (start + target.patch.shape).tolist())
    corners = np.indices((2,) * source.ndim).reshape(source.ndim, -1).T * target.patch.shape - 0.5
    index = grid.to_index(local.to_world(corners))
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, np.array(grid.shape) - 1)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, low + 1, grid.shape)
    mask = resample(target.patch.array(), local, grid.crop(low.tolist(), high.tolist()), order=0)
    return Patch.of(mask > 0.5, low.tolist(), grid.shape)


def _compact(values: Voxels) -> Voxels:
    """The values in the smallest type that keeps them: whole numbers in 16 bits, exactly.

    8 bits stay 8 bits, and nothing else becomes it: models are shown pictures of 8 bits as they
    are, all else within its range. Fractions are kept in float16 where its 11 bits are off by less
    than a thousandth of the image's range, so that nothing is lost but noise; else in float32.
    """
    if values.dtype == np.uint8:
        return values
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "biu" or bool(np.array_equal(values, np.rint(values)))
    if whole:
        for small in _SMALL_TYPES:
            if np.iinfo(small).min <= low and high <= np.iinfo(small).max:
                return values.astype(small)
    single = values.astype(np.float32)
    if np.abs(single).max() <= np.finfo(np.float16).max:
        half = single.astype(np.float16)
        first, last = robust_range(single)
        if np.abs(half.astype(np.float32) - single).max() <= _EXACT * (last - first):
            return half
    return single


def _check_room(
    pilots: Iterable[tuple[Pair, Path]],
    rest: Iterable[tuple[Pair, Path]],
    found: dict[Path, Case],
    limit_bytes: int,
) -> float:
    """GB that all cases will take, by what the first ones took for each byte of their files."""
    read = sum(_file_bytes(pair) for pair, path in pilots if path in found)
    written = sum(path.stat().st_size for _, path in pilots if path in found)
    more = sum(_file_bytes(pair) for pair, _ in rest) * written / max(read, 1)
    there = sum(path.stat().st_size for path in found)
    folder = next(iter(rest))[1].parent
    free = (1 - _KEPT_FREE) * shutil.disk_usage(folder).free
    room = min(free, limit_bytes - there) if limit_bytes else free
    if more > room:
        msg = (
            f"the prepared cases will take about {(there + more) / 1e9:.1f} GB, of which "
            f"{there / 1e9:.1f} are there and {max(room, 0) / 1e9:.1f} more have room in {folder}; "
            "choose a larger disk, a coarser spacing or fewer cases"
        )
        raise ResourceError(msg)
    return (there + more) / 1e9


def _file_bytes(pair: Pair) -> int:
    return sum(file_stamp(path)[1] for path in files_of(pair.image))


def _file_name(pair: Pair, preparation: Preparation) -> str:
    """A name that changes with all that the case follows from."""
    facts = {
        "format": _FORMAT,
        "pair": stamp_of(pair),
        "preparation": asdict(preparation),
    }
    digest = hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{safe_names([pair.name])[0]}-{digest[:16]}{SUFFIX}"
