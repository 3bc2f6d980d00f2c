"""What a report says of the curation itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """How a set was made.

    Attributes:
        source: where the data came from.
        layout: how they were laid out.
        command: what to type to make the set again.
        settings: the record of all settings.
        reasons: what each reason means.
        notes: what deserves a warning.
        twins: groups of cases that show one scan.
    """

    source: str
    layout: str
    command: str
    settings: dict[str, object]
    reasons: dict[str, str]
    notes: tuple[str, ...] = ()
    twins: tuple[tuple[str, ...], ...] = ()
