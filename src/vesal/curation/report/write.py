"""The door: from a curated set to its catalogue and its report."""

from pathlib import Path

from vesal.curation.checks import CHECKS
from vesal.curation.curate import Curated
from vesal.curation.named import REASONS
from vesal.curation.output import CATALOGUE, REPORT
from vesal.curation.report.about import About
from vesal.curation.report.markdown import as_json, as_markdown
from vesal.curation.report.summary import Summary, summary
from vesal.curation.report.thumbnails import examples
from vesal.curation.settings import Settings
from vesal.extras import needing
from vesal.images.write import make_folder, write_text

PAGE, TABLE, NUMBERS = "index.html", "report.md", "summary.json"


def check_installed() -> None:
    """Refuse to begin without what catalogue and report need at the end.

    Raises:
        ResourceError: jinja2 or pyarrow is missing.
    """
    with needing("curate", "curation"):
        import jinja2  # noqa: F401
        import pyarrow as pa  # noqa: F401


def write_report(curated: Curated, settings: Settings, source: Path, command: str) -> Summary:
    """Write catalogue, page, Markdown and JSON, each in one step, and return the counts.

    Args:
        curated: the set.
        settings: it was made by.
        source: where the data came from.
        command: what to type to make it again.

    Raises:
        ResourceError: the disk refuses, or an extra is missing.
    """
    check_installed()
    from vesal.curation.catalogue import write_catalogue
    from vesal.curation.report.page import page

    output = curated.output
    words = CHECKS | REASONS.get(settings.rules.name, {})
    about = About(
        source=source.name or str(source),
        layout=curated.data.layout,
        command=command,
        settings=settings.record(),
        reasons=words,
        notes=curated.notes,
        twins=curated.division.twins,
    )
    counts = summary(curated.rows, words)
    pairs = {pair.name: pair for pair in curated.data.pairs}
    shown = examples(curated.rows, pairs, output, resample=settings.resample)
    write_catalogue(output / CATALOGUE, curated.rows, settings)
    make_folder(output / REPORT)
    for name, text in (
        (TABLE, as_markdown(counts, about)),
        (NUMBERS, as_json(counts, about)),
        (PAGE, page(counts, about, shown)),
    ):
        write_text(output / REPORT / name, text)
    return counts
