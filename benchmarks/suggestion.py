"""Does a click where the session suggests it help? On the declared test set: TS-body CT and TS-mr.

    python benchmarks/suggestion.py

Every structure of at least 1 ml. The first click is in the middle of the structure. The second is
at the suggestion, in the middle of the largest error, or at a random place of the error, and the
truth says whether it is inside.
"""

from importlib import resources

import numpy as np
from quality import SCANS, structures

import vesal
from vesal.evaluation.metrics import dice
from vesal.images import Image
from vesal.models.promptable import Promptable
from vesal.prompts.simulate import error_click


def voxel_of(image: Image, point_mm: tuple[float, ...]) -> tuple[int, ...]:
    """The voxel that a point lies in."""
    index = np.round(image.grid.to_index(np.array([point_mm]))[0]).astype(int)
    return tuple(np.clip(index, 0, np.array(image.grid.shape) - 1).tolist())


def second_clicks(
    image: Image, target: np.ndarray, model: Promptable, rng: np.random.Generator
) -> dict[str, float] | None:
    """Dice after one click, and after a second one of each kind; None without a suggestion."""
    grid = image.grid
    session = vesal.Session(image, model)

    def click(voxel: tuple[int, ...]) -> float:
        point = grid.to_world(np.array([voxel], np.float64))[0]
        mask = session.click(tuple(point.tolist()), positive=bool(target[voxel]))
        return dice(mask.array, target)

    first = error_click(target, np.zeros_like(target), grid.spacing_mm)
    assert first is not None
    scores = {"one click": click(first[0])}
    suggested = session.suggestion()
    mask = session.mask.array
    wrong = np.argwhere(mask != target)
    largest = error_click(target, mask, grid.spacing_mm)
    if suggested is None or largest is None:
        return None
    ways = {
        "suggestion": voxel_of(image, suggested.point_mm),
        "largest error": largest[0],
        "random error": tuple(wrong[rng.integers(len(wrong))].tolist()),
    }
    for name, voxel in ways.items():
        scores[name] = click(voxel)
        session.undo()
    scores["suggestion is an error"] = float(mask[ways["suggestion"]] != target[ways["suggestion"]])
    return scores


def main() -> None:
    """Print a line for each scan."""
    model = vesal.load_model("vesal-mini")
    folder = resources.files("vesal") / "assets" / "scans"
    rng = np.random.default_rng(1)
    for scan, (image_name, label_name) in SCANS.items():
        image = vesal.open_image(str(folder / image_name))
        targets = structures(vesal.open_image(str(folder / label_name)))
        found = [second_clicks(image, target, model, rng) for target in targets.values()]
        rows = [row for row in found if row is not None]
        means = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
        print(f"{scan}: {len(rows)} of {len(found)} structures have a suggestion")
        print("  " + ", ".join(f"{name} {value:.3f}" for name, value in means.items()))


if __name__ == "__main__":
    main()
