"""The model card's table by structure and its picture of successes and failures.

    python benchmarks/card.py [--model vesal-mini] [-o runs/bench] [--picture docs/vesal-mini.png]

Of the declared test set (see `quality.py`, whose results are used where they are there).
"""

import argparse
from dataclasses import replace
from pathlib import Path

from quality import DECLARED

from vesal.evaluation.evaluate import evaluate
from vesal.evaluation.gallery import Gallery
from vesal.evaluation.job import Settings
from vesal.evaluation.report.course import Course, courses_of
from vesal.images.picture import contact_sheet

_SHOWN = (0, 0.25, 0.5, 0.75, 0.9, 1)
"""Ranks of the structures in the picture, from the worst to the best of each scan."""
_CLICKS = (1, 3, 5, 10)
_LETTERS = 18  # of a structure's name that fit beside the planes


def main() -> None:
    """Print the table, and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vesal-mini")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/bench"))
    parser.add_argument("--picture", type=Path, default=Path("docs/vesal-mini.png"))
    options = parser.parse_args()
    settings = Settings(protocol="clicks", least_ml=1.0)
    evaluated = evaluate(DECLARED, [options.model], options.output, settings)
    gallery = Gallery(evaluated, settings)
    rows = []
    for pair in DECLARED.pairs:
        courses = [c for c in courses_of(evaluated.rows) if c.last.case == pair.name]
        courses.sort(key=lambda course: course.after(5).dice)
        print(_table(pair.modality, courses))
        ranks = [round(share * (len(courses) - 1)) for share in _SHOWN]
        rows += [(courses[rank].last, gallery.scene(courses[rank].last)) for rank in ranks]
    shown = [
        replace(scene, title=row.object[:_LETTERS], details=(row.modality, scene.details[0]))
        for row, scene in rows
        if scene is not None
    ]
    notes = ["ten clicks in the middle of the largest error; from the worst to the best"]
    sheet = contact_sheet(shown, title=options.model, notes=notes)
    sheet = sheet.resize((sheet.width * 3 // 5, sheet.height * 3 // 5))
    sheet.quantize(256).save(options.picture, optimize=True)


def _table(modality: str, courses: list[Course]) -> str:
    """Dice of each structure in Markdown, the worst first."""
    heads = [f"{modality} structure", "ml", *(str(n) for n in _CLICKS)]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for course in courses:
        dice = [f"{course.after(n).dice:.2f}" for n in _CLICKS]
        cells = [course.last.object, f"{course.last.truth_ml:.0f}", *dice]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
