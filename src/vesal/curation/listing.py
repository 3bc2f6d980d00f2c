"""Lists beside a curated set, in JSON."""

import json
from collections.abc import Mapping
from pathlib import Path

from vesal.errors import ResourceError
from vesal.images.write import replacing


def write_listing(path: Path, content: Mapping[str, object], *, always: bool = False) -> None:
    """Write an entry a line: millions of them can be read and compared line by line.

    Args:
        path: of the file.
        content: what is listed; without an entry, the list of an earlier run is removed.
        always: write a list without an entry too.

    Raises:
        ResourceError: the disk refuses.
    """
    if not content and not always:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            msg = f"{path} of an earlier run cannot be removed ({error.strerror}): remove it"
            raise ResourceError(msg) from error
        return
    with replacing(path, ".json") as temporary, temporary.open("w", encoding="utf-8") as file:
        start = "{\n"
        for key, value in content.items():
            file.write(f"{start}{json.dumps(key)}: {json.dumps(value)}")
            start = ",\n"
        file.write("\n}\n" if content else "{}\n")
