"""From the results of an evaluation to the report folder."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vesal import __version__
from vesal.datasets import Found, Signature, alike, find_twins, signature
from vesal.datasets.open import image_at
from vesal.errors import ConfigError, VesalError
from vesal.evaluation.evaluate import Evaluated
from vesal.evaluation.gallery import Gallery
from vesal.evaluation.job import Settings
from vesal.evaluation.report.about import About, ModelFacts
from vesal.evaluation.report.challenge_csv import CaseScores, write_challenge
from vesal.evaluation.report.write import write_report
from vesal.evaluation.results import FOLDER
from vesal.labels.write import safe_names
from vesal.lock import alone
from vesal.progress import Progress, silent

_HERE = Path(__file__).resolve().parent
_CHALLENGE = "-cvpr-2025"
_MOST_NAMED = 20  # warnings of one kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report.

    Attributes:
        page: the HTML file.
        table: in Markdown.
        warnings: what makes its numbers doubtful.
    """

    page: Path
    table: str
    warnings: tuple[str, ...]


def report(
    evaluated: Evaluated,
    folder: Path,
    settings: Settings,
    data: Path,
    command: str,
    against: Mapping[Path, Found] | None = None,
    progress: Progress = silent,
) -> Made:
    """Write the report of an evaluation into its folder.

    Args:
        evaluated: what was found.
        folder: of the evaluation.
        settings: under which.
        data: where the data set was found.
        command: what to type to make it again.
        against: data sets that a model was trained on, by their paths; images of theirs are looked
            for.
        progress: told of what is read.

    Raises:
        InputError: nothing was measured at all, or another run is at work there.
        ResourceError: the disk refuses, or what draws the page is not installed.
    """
    if not evaluated.rows:
        why = next(
            iter(evaluated.problems.items()),
            ("", "no structure was found in the labels: see --structures and --least-ml"),
        )
        msg = f"nothing could be measured: {': '.join(word for word in why if word)}"
        raise ConfigError(msg)
    warnings = (*_same_images(evaluated), *_trained_on(evaluated, against or {}, progress))
    progress(0, 1, "writing the report")
    about = _about(evaluated, settings, str(data), command, warnings)
    with alone(folder / FOLDER):
        page = write_report(folder, evaluated.rows, about, Gallery(evaluated, settings).scene)
        for stale in folder.glob(f"*{_CHALLENGE}*.csv"):
            stale.unlink()
        if settings.chosen().together:
            _write_challenge(evaluated, folder)
        table = (folder / "table.md").read_text(encoding="utf-8")
    return Made(page=page, table=table, warnings=warnings)


def _about(
    evaluated: Evaluated,
    settings: Settings,
    data: str,
    command: str,
    warnings: tuple[str, ...],
) -> About:
    protocol = settings.chosen()
    models = tuple(
        ModelFacts(
            name=one.name,
            spec=one.spec,
            identity=one.identity,
            training_sets=one.card.training_sets or None,
            note=one.card.note,
        )
        for one in evaluated.contestants
    )
    return About(
        title=f"{', '.join(one.name for one in models)} on {Path(data).name}",
        protocol=protocol.name,
        source=protocol.source,
        reported=protocol.reported,
        tolerance_mm=protocol.tolerance_mm,
        date=datetime.now(UTC).date().isoformat(),
        version=__version__,
        commit=commit_here(),
        machine=machine_words(),
        models=models,
        data=data,
        layout=evaluated.data.layout,
        command=command,
        seed="from the names of protocol, variant, case and structure",
        notes=(*warnings, *evaluated.notes),
        problems=tuple(evaluated.problems.items()),
        best_of_clicks=protocol.name == "sam-med3d",
    )


def _write_challenge(evaluated: Evaluated, folder: Path) -> None:
    """The challenge's own table for each model, with the axes right and as stored."""
    names = safe_names([one.name for one in evaluated.contestants])
    for one, readable in zip(evaluated.contestants, names, strict=True):
        cases: dict[str, list[CaseScores]] = {"": [], "-as-stored": []}
        for (model, case), result in evaluated.results.items():
            if model != one.name or result.tables is None:
                continue
            tables = result.tables
            for ending, nsd in (("", "nsd"), ("-as-stored", "nsd as stored")):
                cases[ending].append(
                    CaseScores(
                        name=case,
                        seconds=tuple(tables["seconds"]),
                        dsc=tuple(tables["dice"]),
                        nsd=tuple(tables[nsd]),
                        classes=len(result.found),
                    )
                )
        for ending, listed in cases.items():
            write_challenge(folder / f"{readable}{_CHALLENGE}{ending}.csv", listed)


def _same_images(evaluated: Evaluated) -> tuple[str, ...]:
    """Images of the data set that seem to be one scan under several names."""
    groups = find_twins(_signatures(evaluated))
    patients = {pair.name: pair.patient for pair in evaluated.data.pairs}
    found = []
    for group in groups:
        several = len({patients[name] for name in group}) > 1
        counted = ", counted as several patients" if several else ""
        found.append(f"seem to be one image under several names{counted}: {', '.join(group)}")
    return _few(found)


def _trained_on(
    evaluated: Evaluated, against: Mapping[Path, Found], progress: Progress
) -> tuple[str, ...]:
    """Images of the data set that seem to be in data that a model was trained on."""
    here = _signatures(evaluated)
    found = []
    for data, known in against.items():
        for number, pair in enumerate(known.pairs):
            progress(number, len(known.pairs), f"looking for images of {data.name}")
            try:
                theirs = signature(image_at(pair.image))
            except (VesalError, OSError) as error:
                found.append(f"{pair.name} of {data} cannot be compared: {error}")
                continue
            found += [
                f"{name} seems to be {pair.name} of {data}: a model trained there has seen it"
                for name, ours in here.items()
                if alike(ours, theirs)
            ]
    return _few(found)


def _signatures(evaluated: Evaluated) -> dict[str, Signature]:
    return {
        case: one.signature
        for (_, case), one in evaluated.results.items()
        if one.signature is not None
    }


def _few(warnings: Sequence[str]) -> tuple[str, ...]:
    if len(warnings) <= _MOST_NAMED:
        return tuple(warnings)
    more = f"and {len(warnings) - _MOST_NAMED} more of this kind"
    return (*warnings[:_MOST_NAMED], more)


def commit_here() -> str:
    """The commit of the sources, with a plus where they were changed since; "" if installed."""
    if not (_HERE.parents[2] / "src" / "vesal").is_dir():
        return ""  # installed, perhaps inside somebody else's repository
    try:
        words = ["git", "-C", str(_HERE), "describe", "--always", "--dirty=+", "--exclude=*"]
        done = subprocess.run(words, capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def machine_words() -> str:
    """Processor, cores and system of this machine."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = named[0] if named else model
    except OSError:  # not Linux
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"
