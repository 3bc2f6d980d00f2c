"""JSON that comes with data sets."""

import json
from pathlib import Path

from vesal.errors import ConfigError


def read_object(path: Path) -> dict[str, object]:
    """The object that a JSON file holds.

    Raises:
        ConfigError: it cannot be read, is not JSON, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror or error}): give a file that exists"
        raise ConfigError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is not JSON in UTF-8 ({error})"
        raise ConfigError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path} must hold a JSON object, got {type(content).__name__}"
        raise ConfigError(msg)
    return content
