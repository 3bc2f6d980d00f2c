"""Text on its way to a terminal or a log, where what a file is called must do nothing."""


def one_line(text: str) -> str:
    """The text on one line; what a terminal would obey is spelled out.

    Names of files and of DICOM series may hold line ends, colours, and turns of direction.
    """
    plain = " ".join(text.split())
    return plain if plain.isprintable() else "".join(map(_spelled, plain))


def _spelled(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
