"""Many scans: a prompt file in, a folder of results with a report out."""

from pathlib import Path

import typer

from vesal.cli.console import bar, print_facts
from vesal.cli.segment_one import How, Said
from vesal.errors import ConfigError, ResourceError

FAILED_EXIT_CODE = 6
"""At least one case failed; the others are done, and the report says why."""


def check_alone(
    scan: Path | None, said: Said, picture: Path | None, save: Path | None, series: str | None
) -> None:
    """Refuse what is said of one scan beside a prompt file.

    Raises:
        ConfigError: if there is any.
    """
    if scan is not None or not said.is_empty or said.voxel or picture or save or series:
        raise ConfigError(
            "with --prompts the file says which scans and what in them: leave SCAN and the options "
            "of one scan out"
        )


def run_many(
    prompts: Path, folder: Path, how: How, *, suffix: str, each: bool, again: bool
) -> None:
    """Run a prompt file, print how it went, and end with exit code 6 if a case failed.

    Raises:
        VesalError: the file is wrong, before anything is done; or the disk refuses.
    """
    from vesal.cohort.prompt_file import read_cases
    from vesal.labels.write import check_suffix

    cases = read_cases(prompts)
    check_suffix(Path(f"result{suffix}"))
    if not folder.parent.is_dir():
        msg = f"the folder {folder.parent} of {folder.name} does not exist; make it first"
        raise ResourceError(msg)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}); give a folder for the results"
        raise ResourceError(msg) from error
    with bar("loading the model", left=True) as progress:
        from vesal.checkpoints.identity import identity
        from vesal.checkpoints.load import load_model
        from vesal.cohort.run import Settings, run

        model = load_model(how.model)
        settings = Settings(
            model=model,
            identity=identity(model),
            full_history=how.full_history,
            suffix=suffix,
            each=each,
            cache=how.cache,
        )
        outcome = run(cases, folder, settings, again=again, progress=progress)
    print_facts(
        [
            ("done", str(outcome.done)),
            ("skipped", f"{outcome.skipped} (done before; --again repeats them)"),
            ("failed", str(outcome.failed)),
            ("report", str(outcome.report)),
        ]
    )
    if outcome.failed:
        raise typer.Exit(FAILED_EXIT_CODE)
