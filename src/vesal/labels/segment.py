"""What is known of one object beside its voxels: number, name, colour."""

from dataclasses import dataclass

from vesal.errors import ConfigError

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

_LONGEST_NAME = 64  # characters: what DICOM allows for a segment's label


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One object of a label map.

    Attributes:
        number: its value in the map, 1 to 65535.
        name: as the user calls it, one line of 1 to 64 characters.
        colour: red, green and blue, 0 to 255.

    Raises:
        ConfigError: if one of them is out of range.
    """

    number: int
    name: str
    colour: Colour

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 65535:
            msg = f"a segment's number must lie between 1 and 65535, got {self.number}"
            raise ConfigError(msg)
        check_name(self.name)
        if [v for v in self.colour if 0 <= v <= 255] != [*self.colour]:
            msg = f"a colour needs red, green and blue between 0 and 255, got {self.colour}"
            raise ConfigError(msg)


def check_name(name: str) -> None:
    """Refuse a name that a file format could not hold.

    Raises:
        ConfigError: if it is empty, longer than 64 characters, or holds a character that does not
            print.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        msg = f"a name needs one line of 1 to {_LONGEST_NAME} characters, got {name!r}"
        raise ConfigError(msg)
