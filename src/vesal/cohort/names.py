"""What results are called: as their images, and where several are called alike, by folders too."""

from collections import Counter
from collections.abc import Sequence

from vesal.labels.write import safe_names


def result_names(stems: Sequence[str], folders: Sequence[Sequence[str]]) -> list[str]:
    """A name for each image, a different one; hardly any depends on the order.

    Of `p1/ct.nii.gz` and `p2/ct.nii.gz` the results are `p1_ct` and `p2_ct`. Only what no folder
    tells apart is numbered.

    Args:
        stems: the images' names without their suffixes.
        folders: of each image, the nearest one first.
    """
    names, depth = list(stems), 0
    while True:
        count = Counter(name.casefold() for name in names)
        alike = [n for n, name in enumerate(names) if count[name.casefold()] > 1]
        alike = [n for n in alike if depth < len(folders[n])]
        if not alike:
            return safe_names(names)
        for n in alike:
            names[n] = f"{folders[n][depth]}_{names[n]}"
        depth += 1
