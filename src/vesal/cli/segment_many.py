"""Many scans: a prompt file in, a folder of results with a report out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vesal.cli.console import FAILED_EXIT_CODE, bar, print_facts
from vesal.cli.options import check_suffix
from vesal.cli.segment_one import How, Said, history_note
from vesal.errors import ConfigError

if TYPE_CHECKING:
    from vesal.cohort.run import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """What can be said of a run over many scans.

    Attributes:
        suffix: of the results; None for .nii.gz.
        each: a file for each object.
        again: do again what is done.
    """

    suffix: str | None
    each: bool
    again: bool

    @property
    def is_said(self) -> bool:
        """True if any of it was said."""
        return self.suffix is not None or self.each or self.again


def check_no_scan(said: Said, others: Sequence[object]) -> None:
    """Refuse what is said of one scan beside a prompt file.

    Args:
        said: its prompts.
        others: all else that was said of it, None where it was not.

    Raises:
        ConfigError: if there is any.
    """
    if not said.is_empty or said.voxel or any(other is not None for other in others):
        raise ConfigError(
            "with --prompts the file says which scans and what in them: leave SCAN and the options "
            "of one scan out"
        )


def the_scan(scans: Sequence[Path], many: Many) -> Path:
    """The one scan, where there is no prompt file.

    Raises:
        ConfigError: if there is none or more than one, or something was said that only many need.
    """
    if len(scans) > 1 and not many.is_said:
        msg = f"prompts are about one SCAN, got {len(scans)}; for many: --prompts, or --auto"
        raise ConfigError(msg)
    if not scans or many.is_said:
        raise ConfigError(
            "give a SCAN with prompts; or a prompt file with --prompts, which --each, --format and "
            "--again are for"
        )
    return scans[0]


def run_many(prompts: Path, folder: Path, how: How, many: Many) -> None:
    """Run a prompt file, print how it went, and end with exit code 6 if a case failed.

    Raises:
        VesalError: the file is wrong, before anything is done; or the disk refuses.
    """
    from vesal.cohort.prompt_file import read_cases
    from vesal.images.write import make_folder

    suffix = many.suffix or ".nii.gz"
    cases = read_cases(prompts)
    check_suffix(suffix)
    make_folder(folder)
    with bar("loading the model", left=True) as progress:
        from vesal.cohort.run import run
        from vesal.cohort.settings import Settings, load_named

        model, identity = load_named(how.model, without_prompts=False)
        settings = Settings(
            model=model,
            identity=identity,
            full_history=how.full_history,
            suffix=suffix,
            each=many.each,
            cache=how.cache,
        )
        outcome = run(cases, folder, settings, again=many.again, keep=(prompts,), progress=progress)
    print_outcome(outcome, history_note(how))


def print_outcome(outcome: "Outcome", facts: Iterable[tuple[str, str]] = ()) -> None:
    """Print how a run went.

    Args:
        outcome: of the run.
        facts: further ones.

    Raises:
        typer.Exit: with code 6 if a case failed.
    """
    twice = f"{outcome.quarantined} (failed twice; --again does all anew)"
    print_facts(
        [
            ("done", str(outcome.done)),
            ("skipped", f"{outcome.skipped} (done before; --again repeats them)"),
            ("failed", str(outcome.failed)),
            *([("quarantined", twice)] if outcome.quarantined else []),
            *facts,
            ("report", str(outcome.report)),
        ]
    )
    if outcome.failed or outcome.quarantined:
        raise typer.Exit(FAILED_EXIT_CODE)
